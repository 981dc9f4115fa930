//! Brokers that end, hang, and come back.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use pinzero::Level;
use pinzero::time::{ms, secs};
use pinzero_mqtt::Message;
use serde_json::Value;

use crate::attic::Attic;
use crate::leftovers::kept;
use crate::observer::{Observer, text};
use crate::server::Mosquitto;

const PUMP: &str = "[relay.pump]\npin = 17\n";
const BELL: &str = "[button.bell]\npin = 2\n";

/// Restarts of a broker one after another, each with all that a node has to do.
const RESTARTS: usize = 20;

// mqtt-io#332 and #333: a client that crashed after some reconnections, and one that forgot its subscriptions.
#[test]
#[ignore = "no broker: run `cargo xtask broker`"]
fn a_node_survives_many_restarts_of_the_broker_and_listens_after_each() {
    let mut mosquitto = Mosquitto::start();
    let attic = Attic::run(&mosquitto, PUMP);
    Observer::connect(mosquitto.port()).expect_status("online");
    for round in 0..RESTARTS {
        mosquitto.kill();
        mosquitto.come_back();
        let observer = Observer::connect(mosquitto.port());
        observer.expect_status("online");
        // After a connection that is hardly longer than the pause before, the node would wait longer before the next.
        let start = Instant::now();
        let mut commands = 0;
        while start.elapsed() < Duration::from_millis(1100) {
            for (word, level) in [("ON", Level::High), ("OFF", Level::Low)] {
                observer.send("pinzero/attic/pump/set", word);
                observer.expect_state("pump", word);
                assert_eq!(attic.gpio.line(17).level(), level);
                commands += 1;
            }
        }
        println!("restart {round}: {commands} commands");
    }
}

// mqtt-io#282 and #187: a dead broker was noticed at the next change only, which was then lost.
#[test]
#[ignore = "no broker: run `cargo xtask broker`"]
fn a_broker_that_hangs_is_noticed_and_the_newest_state_is_told_when_it_goes_on() {
    let mosquitto = Mosquitto::start();
    let observer = Observer::connect(mosquitto.port());
    let attic = Attic::run_with(&mosquitto, &format!("{PUMP}{BELL}"), |mqtt| mqtt.keep_alive = Some(1));
    observer.expect_status("online");
    observer.send("pinzero/attic/pump/set_on_ms", "5000");
    observer.expect_state("pump", "ON");
    mosquitto.hold();
    attic.gpio.advance(secs(6));
    assert_eq!(attic.gpio.line(17).level(), Level::Low);
    for _ in 0..50 {
        attic.gpio.line(2).press(ms(80));
        attic.gpio.advance(secs(1));
    }
    // Two signs of life have to stay without an answer.
    std::thread::sleep(Duration::from_secs(4));
    mosquitto.go_on();
    // Each press has made three events.
    let seen = observer.collect(|messages| numbers(messages).iter().collect::<BTreeSet<_>>().len() == 150);
    // The node had given the connection up, and made a new one: hence the will.
    let statuses: Vec<String> =
        seen.iter().filter(|message| message.topic == "pinzero/attic/status").map(text).collect();
    assert_eq!(statuses, ["offline", "online"]);
    // Nothing is lost; an event whose acknowledgement was lost comes twice.
    let mut first_times = numbers(&seen);
    let mut known = BTreeSet::new();
    first_times.retain(|number| known.insert(*number));
    assert!(first_times.into_iter().eq(1..=150));
    assert!(!seen.iter().any(|message| message.retain), "an event is kept");
    assert_eq!(kept(&mosquitto, "/event"), [""; 0]);
    Observer::connect(mosquitto.port()).expect_state("pump", "OFF");
}

#[test]
#[ignore = "no broker: run `cargo xtask broker`"]
fn devices_take_their_safe_state_while_the_broker_is_away() {
    let mut mosquitto = Mosquitto::start();
    let circuit = format!("{PUMP}[mqtt.device.pump]\nsafe = \"off\"\nsafe_after = 5.0\n");
    let attic = Attic::run(&mosquitto, &circuit);
    let observer = Observer::connect(mosquitto.port());
    observer.expect_status("online");
    observer.send("pinzero/attic/pump/set", "ON");
    observer.expect_state("pump", "ON");
    // Nothing happens while the broker is there.
    attic.gpio.advance(secs(60));
    assert_eq!(attic.gpio.line(17).level(), Level::High);
    mosquitto.kill();
    // Until the node has noticed, virtual time must not count.
    let end = Instant::now() + crate::server::PATIENCE;
    while attic.gpio.line(17).level() == Level::High {
        assert!(Instant::now() < end, "no safe state");
        attic.gpio.advance(ms(100));
        std::thread::sleep(Duration::from_millis(5));
    }
    mosquitto.come_back();
    let observer = Observer::connect(mosquitto.port());
    observer.expect_status("online");
    assert!(attic.gpio.line(17).level() == Level::Low);
    Observer::connect(mosquitto.port()).expect_state("pump", "OFF");
}

#[test]
#[ignore = "no broker: run `cargo xtask broker`"]
fn a_node_stops_soon_whatever_the_broker_does() {
    // While there is a connection to a broker that hangs.
    let mosquitto = Mosquitto::start();
    let mut attic = Attic::run(&mosquitto, PUMP);
    Observer::connect(mosquitto.port()).expect_status("online");
    mosquitto.hold();
    stops_soon(&mut attic);
    mosquitto.go_on();
    Observer::connect(mosquitto.port()).expect_status("offline");
    // While the node connects.
    mosquitto.hold();
    let mut attic = Attic::run(&mosquitto, PUMP);
    std::thread::sleep(Duration::from_millis(300));
    stops_soon(&mut attic);
    mosquitto.go_on();
    // While the node waits for the next attempt.
    let mut gone = Mosquitto::start();
    gone.kill();
    let mut attic = Attic::run(&gone, PUMP);
    std::thread::sleep(Duration::from_millis(300));
    stops_soon(&mut attic);
}

fn stops_soon(attic: &mut Attic) {
    let start = Instant::now();
    attic.stop();
    // The farewell takes 1 s at most.
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
}

/// Returns the numbers of the events among these messages.
fn numbers(messages: &[Message]) -> Vec<u64> {
    let events = messages.iter().filter(|message| message.topic == "pinzero/attic/bell/event");
    let number =
        |message: &Message| serde_json::from_slice::<Value>(&message.payload).unwrap()["number"].as_u64();
    events.map(|message| number(message).unwrap()).collect()
}
