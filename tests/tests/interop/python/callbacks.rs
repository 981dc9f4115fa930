//! pigpio: what it is told, and when.

use pinzero::Level;
use serde_json::{Value, json};

use crate::bench::Bench;

/// What a callback is told: GPIO, level, tick. A level of 2 is a watchdog's.
type Told = Vec<(u32, u8, u32)>;

fn told(value: Value) -> Told {
    serde_json::from_value(value).unwrap()
}

/// What a callback should be told of the changes of a line.
fn changes(bench: &Bench, gpio: u32) -> Told {
    bench.changes(gpio).into_iter().map(|(at, level)| (gpio, level, at)).collect()
}

fn levels(told: &Told) -> Vec<u8> {
    told.iter().map(|(_, level, _)| *level).collect()
}

/// What the daemon drives itself bears the time when it was about to do so: before the change, after the one before.
fn assert_soon_before(told: &Told, changes: &Told) {
    assert_eq!(levels(told), levels(changes));
    let times = told.iter().zip(changes).flat_map(|(told, change)| [told.2, change.2]);
    assert!(times.is_sorted(), "{told:?} {changes:?}");
}

#[test]
#[ignore = "no clients in Python: run `cargo xtask interop`"]
fn pigpio_hears_of_every_edge_at_its_time() {
    let bench = Bench::new();
    let mut client = bench.python("pigpio_callbacks.py");
    client.at("listening");
    bench.drive(4, &[0, 1, 0, 1]);
    let edges = told(client.at("edges"));
    assert_eq!(edges, changes(&bench, 4));
    assert_eq!(edges.len(), 4);

    client.at("counting");
    bench.drive(5, &[0, 1, 0, 1, 0]);
    client.sees("counted", [2, 3]);
    client.at("count again");
    bench.drive(5, &[1, 0]);
    client.sees("counted again", [1, 4]);

    client.at("cancelled");
    bench.drive(4, &[0]);
    bench.drive(5, &[1, 0]);
    client.sees("after cancelling", json!([]));

    let own = told(client.at("own edges"));
    assert_eq!(levels(&own), [1, 0]);
    assert_soon_before(&own, &changes(&bench, 16));

    client.sees("no edge", false);
    client.at("wait for edge");
    let mut level = Level::High;
    let edge = client.at_while("an edge", || {
        level = !level;
        bench.line(7).drive(level);
    });
    assert_eq!(edge, json!(true));

    let barks = told(client.at("watchdog"));
    assert!(barks.iter().all(|(gpio, level, _)| (*gpio, *level) == (8, 2)), "{barks:?}");
    let gaps = barks.windows(2).map(|pair| pair[1].2.wrapping_sub(pair[0].2));
    assert!(gaps.clone().all(|gap| gap >= 30_000), "{barks:?}");

    client.at("glitches");
    let before = bench.level(9);
    assert_eq!(before, 0);
    for level in [Level::High, Level::Low, Level::High] {
        bench.line(9).drive(level);
    }
    let steady = told(client.at("no glitches"));
    let last = *bench.changes(9).last().unwrap();
    assert_eq!(steady, [(9, 1, last.0.wrapping_add(200_000))]);

    client.at("noise");
    for level in [Level::High, Level::Low, Level::High, Level::Low] {
        bench.line(10).drive(level);
    }
    let noise = changes(&bench, 10);
    let rest = (10, 0, noise[3].2.wrapping_add(200_000));
    assert_eq!(told(client.at("little noise")), [noise[0], rest]);
    client.at("noise for a while");
    bench.drive(10, &[1, 0, 1, 0]);
    assert_eq!(told(client.at("all noise")), changes(&bench, 10)[4..]);

    client.sees("mistakes", [-15, -125, -125, -125, -2]);
    client.ends();
}

#[test]
#[ignore = "no clients in Python: run `cargo xtask interop`"]
fn pigpio_clients_share_pins_and_events() {
    let bench = Bench::new();
    let mut client = bench.python("pigpio_clients.py");
    client.sees("triggered", 0);
    let event = client.at("event");
    assert_eq!((&event[0][0][0], &event[1]), (&json!(3), &json!(1)));
    assert!(bench.ticks().wrapping_sub(event[0][0][1].as_u64().unwrap() as u32) < 20_000_000, "{event}");
    client.sees("cancelled event", json!([4, [], 1]));
    client.sees("no event", false);
    client.sees("came", true);
    client.sees("event mistakes", -143);

    let both = client.at("both hear");
    assert_eq!(both[0], both[1]);
    assert_soon_before(&told(both[0].clone()), &changes(&bench, 17));
    client.sees("paused", 0);
    client.sees("while paused", json!([0, 0, []]));
    client.sees("resumed", 0);
    client.sees("what was missed, and what is new", [0, 1]);
    client.sees("closed", [0, -25]);
    client.sees("handle mistakes", [-25, -25, -25]);
    client.sees("no files", -24);
    client.sees("alone", json!([false, 0, 0, 1]));
    assert_eq!(bench.level(17), 1);
    client.sees("many", json!([true, 40]));
    client.ends();
}
