//! What a node tells, and what it listens to.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pinzero::Level;
use pinzero_circuit::{Circuit, Mqtt};
use pinzero_mqtt::{Broker, Incoming, Message};

use crate::attic::{Attic, rumqtt};
use crate::leftovers::kept;
use crate::observer::{Observer, text};
use crate::server::Mosquitto;

const PUMP: &str = "[relay.pump]\npin = 17\n";

#[test]
#[ignore = "no broker: run `cargo xtask broker`"]
fn a_node_is_online_until_it_stops() {
    let mosquitto = Mosquitto::start();
    let observer = Observer::connect(mosquitto.port());
    let mut attic = Attic::run(&mosquitto, PUMP);
    observer.expect_state("pump", "OFF");
    observer.expect_status("online");
    attic.stop();
    observer.expect_status("offline");
    // Kept for those who come later.
    assert!(Observer::connect(mosquitto.port()).expect_status("offline").retain);
}

#[test]
#[ignore = "no broker: run `cargo xtask broker`"]
fn the_will_tells_of_a_node_that_ends_without_a_word() {
    let mosquitto = Mosquitto::start();
    let observer = Observer::connect(mosquitto.port());
    let will = Message::new("pinzero/attic/status", "offline").retained();
    let mut broker = rumqtt(&mosquitto.address(), &Mqtt::default());
    let (sender, mut receiver) = broker.connect(Some(&will)).unwrap();
    assert_eq!(receiver.next().unwrap(), Incoming::Connected);
    assert!(sender.publish(7, &Message::new("pinzero/attic/status", "online").retained()));
    assert_eq!(receiver.next().unwrap(), Incoming::Told(7));
    observer.expect_status("online");
    // The end of a process closes its sockets, as this does.
    drop((sender, receiver));
    observer.expect_status("offline");
}

#[test]
#[ignore = "no broker: run `cargo xtask broker`"]
fn an_attempt_to_connect_can_be_abandoned() {
    let mosquitto = Mosquitto::start();
    mosquitto.hold();
    let (sender, mut receiver) = rumqtt(&mosquitto.address(), &Mqtt::default()).connect(None).unwrap();
    let start = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| sender.abandon());
        assert!(receiver.next().is_err());
    });
    // Connecting would take 10 s.
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
}

#[test]
#[ignore = "no broker: run `cargo xtask broker`"]
fn a_retained_command_is_refused_and_a_new_one_is_carried_out() {
    let mosquitto = Mosquitto::start();
    let observer = Observer::connect(mosquitto.port());
    observer.keep("pinzero/attic/pump/set", "ON");
    observer.expect("pinzero/attic/pump/set", |text| text == "ON");
    let attic = Attic::run(&mosquitto, &format!("{PUMP}[relay.fan]\npin = 18\n"));
    observer.expect_status("online");
    // The broker delivers what it keeps before this.
    observer.send("pinzero/attic/fan/set", "ON");
    observer.expect_state("fan", "ON");
    assert_eq!(attic.gpio.line(17).level(), Level::Low);
    observer.send("pinzero/attic/pump/set", "ON");
    observer.expect_state("pump", "ON");
    assert_eq!(attic.gpio.line(17).level(), Level::High);
}

#[test]
#[ignore = "no broker: run `cargo xtask broker`"]
fn discovery_and_state_are_kept_and_taken_back() {
    let mosquitto = Mosquitto::start();
    let attic = Attic::run(&mosquitto, PUMP);
    Observer::connect(mosquitto.port()).expect_status("online");
    let late = Observer::connect(mosquitto.port());
    let discovery = late.expect("homeassistant/device/pinzero_0123456789abcdef_pump/config", |_| true);
    assert!(discovery.retain);
    assert!(text(&discovery).contains("pinzero/attic/pump/state"));
    assert!(late.expect_state("pump", "OFF").retain);
    attic.node.reload(&Circuit::parse("[relay.fan]\npin = 17\n").unwrap());
    late.expect("homeassistant/device/pinzero_0123456789abcdef_pump/config", str::is_empty);
    late.expect_state("fan", "OFF");
    // The new device listens, without a new connection.
    late.send("pinzero/attic/fan/set", "ON");
    late.expect_state("fan", "ON");
    assert_eq!(kept(&mosquitto, "pump"), [""; 0]);
}

#[test]
#[ignore = "no broker: run `cargo xtask broker`"]
fn huge_payloads_do_not_end_a_node() {
    let mosquitto = Mosquitto::start();
    let observer = Observer::connect(mosquitto.port());
    let attic = Attic::run(&mosquitto, PUMP);
    observer.expect_status("online");
    for _ in 0..20 {
        observer.send("pinzero/attic/pump/set", vec![b'1'; 1 << 20]);
    }
    observer.send("pinzero/attic/pump/set", "ON");
    let is_on = |message: &Message| text(message) == r#"{"state":"ON"}"#;
    let seen = observer.collect(|seen| seen.iter().any(is_on));
    assert!(!seen.iter().any(|message| text(message) == "offline"), "the connection ended");
    // More than the client takes ends the connection, once.
    observer.send("pinzero/attic/pump/set", vec![b'1'; 17 << 20]);
    observer.expect_status("offline");
    observer.expect_status("online");
    observer.send("pinzero/attic/pump/set", "OFF");
    observer.expect_state("pump", "OFF");
    assert_eq!(Arc::strong_count(&attic.node), 2, "the node runs");
}

#[test]
#[ignore = "no broker: run `cargo xtask broker`"]
fn a_huge_message_that_the_broker_keeps_does_not_keep_a_node_away() {
    let mosquitto = Mosquitto::start();
    let observer = Observer::connect(mosquitto.port());
    for topic in ["pinzero/attic/pump/set", "homeassistant/status"] {
        observer.keep(topic, vec![b'1'; 17 << 20]);
        observer.expect(topic, |text| text.len() == 17 << 20);
    }
    let attic = Attic::run(&mosquitto, PUMP);
    // One connection after another ends, until the node has cleared its own topics and listens no more to the other one.
    for _ in 0..2 {
        observer.expect("pinzero/attic/pump/set", str::is_empty);
    }
    observer.expect_status("online");
    observer.send("pinzero/attic/pump/get", "");
    let seen = observer.expect("pinzero/attic/pump/state", |text| text.contains("OFF"));
    assert!(!seen.retain);
    for state in ["ON", "OFF"] {
        observer.send("pinzero/attic/pump/set", state);
        observer.expect_state("pump", state);
    }
    assert_eq!(Arc::strong_count(&attic.node), 2, "the node runs");
}
