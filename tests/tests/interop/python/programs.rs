//! pigpio: what runs in the daemon by itself, which is waves and scripts.

use pinzero::Level;
use serde_json::{Value, json};

use crate::bench::{Bench, until};

/// The times of the last changes of a line, in milliseconds since `start`.
fn times(bench: &Bench, gpio: u32, start: u32, count: usize) -> Vec<u32> {
    let changes = bench.changes(gpio);
    changes[changes.len() - count..].iter().map(|(at, _)| at.wrapping_sub(start) / 1000).collect()
}

/// How late something is depends on the machine. It is never early.
#[track_caller]
fn assert_on_time(times: &[u32], planned: &[u32]) {
    let late: Vec<bool> = times.iter().zip(planned).map(|(time, planned)| time >= planned).collect();
    assert!(late == vec![true; planned.len()] && times.is_sorted(), "{times:?}, not {planned:?}");
}

#[test]
#[ignore = "no clients in Python: run `cargo xtask interop`"]
fn waves_of_pigpio_are_sent() {
    let bench = Bench::new();
    let mut client = bench.python("pigpio_waves.py");
    client.sees("empty", [0, 0, -69]);
    client.sees("idle", [0, 9999]);
    client.sees("added", 3);
    client.sees("created", 0);
    client.sees("sizes", [60_000, 3]);
    client.sees("limits", [1_800_000_000, 12_000, 25_016]);
    let blocks = client.at("blocks").as_u64().unwrap();
    let start = bench.ticks();
    client.sees("sent once", json!([blocks + 1, [1, 0], 9999]));
    assert_eq!((bench.levels(22), bench.levels(23)), (vec![1, 0], vec![1, 0]));
    assert_on_time(&times(&bench, 22, start, 2), &[0, 10]);
    assert_on_time(&times(&bench, 23, start, 2), &[10, 30]);

    client.sees("repeating", json!([blocks + 1, 1, 0]));
    until("it repeats", || bench.levels(22).len() >= 8);
    client.sees("stopped", [0, 0, 9999]);
    client.sees("second", 1);
    let before = bench.changes(22).len();
    client.at("one after the other");
    assert_eq!(bench.levels(22)[before..], [1, 0, 1, 0]);

    let before = [22, 23].map(|gpio| bench.changes(gpio).len());
    client.sees("chain", 0);
    assert_eq!(bench.levels(22)[before[0]..], [1, 0, 1, 0, 1, 0, 1, 0]);
    assert_eq!(bench.levels(23)[before[1]..], [1, 0]);
    client.sees("chain mistakes", [-116, -114, -124, -66]);
    client.sees("deleted", [0, -66, -66, -66]);

    // A start bit, 0x41 with the lowest bit first, a stop bit.
    client.at("serial");
    client.sees("padded", 0);
    client.at("serial begins");
    bench.line(22).clear();
    let start = bench.ticks();
    client.at("serial sent");
    assert_eq!(bench.levels(22), [0, 1, 0, 1, 0, 1]);
    assert_on_time(&times(&bench, 22, start, 6), &[0, 20, 40, 140, 160, 180]);
    client.sees("serial mistakes", [-35, -101]);
    client.sees("forbidden", -42);
    client.sees("deprecated", [-120, -120]);
    client.sees("cleared", [0, -66]);
    client.ends();
}

#[test]
#[ignore = "no clients in Python: run `cargo xtask interop`"]
fn scripts_of_pigpio_run() {
    let bench = Bench::new();
    let mut client = bench.python("pigpio_scripts.py");
    client.sees("stored", 0);
    assert_eq!(client.at("stored state")[0], json!(1));
    client.sees("running", 0);
    client.sees("ended", json!([1, [0, 43, 0, 0, 0, 0, 0, 0, 0, 0]]));
    assert_eq!(bench.levels(17), [1, 0, 1, 0, 1, 0]);
    let blinks = bench.changes(17);
    assert!(blinks.last().unwrap().0.wrapping_sub(blinks[0].0) >= 10_000, "{blinks:?}");

    assert_eq!(client.at("waits")[0], json!(0));
    client.at("waiting");
    bench.line(4).drive(Level::Low);
    client.sees("went on", 1);
    client.sees("event", [7]);

    let state = client.at("for ever");
    assert!(state == json!(2) || state == json!(3), "{state}");
    client.sees("updated", 0);
    client.sees("let go", 1);
    client.sees("stopped", [0, 1]);
    client.sees("deleted", [0, -48, -48, -48]);
    client.sees("mistakes", [-55, -63, -53, -48, -48, -61]);
    client.ends();
}

#[test]
#[ignore = "no clients in Python: run `cargo xtask interop`"]
fn a_client_that_is_killed_leaves_pins_and_waves_as_they_are() {
    let bench = Bench::new();
    let mut client = bench.python("pigpio_waves.py");
    client.skip_to("repeating");
    client.kill();
    let before = bench.changes(22).len();
    until("it goes on", || bench.changes(22).len() >= before + 8);
    // Another client finds the daemon in good health.
    let mut client = bench.python("pigpio_pins.py");
    assert_eq!(client.at("connected")[0], Value::Bool(true));
}
