//! What users of mqtt-io complain of: each test names the threads at github.com/flyte/mqtt-io. docs/mqtt-io.md lists them all.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use pinzero::time::{ms, secs};
use pinzero::{Level, mock};
use pinzero_circuit::Circuit;
use pinzero_mqtt::{Broker, LinkError, Message, Node, Receiver, Sender, Settings};
use pinzero_parts::LcdBackpack;
use serde_json::{Value, json};

use crate::broker::TestBroker;
use crate::house::House;

const PUMP: &str = "[relay.pump]\npin = 17\n";

/// Eight relays on a board that pulls them when their pins are low.
const BOARD: [u32; 8] = [5, 6, 13, 16, 19, 20, 21, 26];

fn board(on_exit: &str) -> String {
    let relay = |pin: &u32| {
        format!(
            "[relay.r{pin}]\npin = {pin}\nactive_high = false\n[mqtt.device.r{pin}]\non_exit = \"{on_exit}\"\n"
        )
    };
    BOARD.iter().map(relay).collect()
}

/// mqtt-io#73: at Ctrl-C and at a restart, all relays switch on and off.
#[test]
fn relays_do_not_chatter_when_the_node_ends() {
    for (on_exit, edges, level) in [("keep", 0, Level::Low), ("off", 1, Level::High)] {
        let gpio = mock::gpio();
        let house = House::on(gpio.clone(), &board(on_exit));
        for pin in BOARD {
            house.set(&format!("r{pin}"), "ON");
            house.expect_state(&format!("r{pin}"), &json!({ "state": "ON" }));
            gpio.line(pin).clear();
        }
        drop(house);
        gpio.advance(secs(60));
        for pin in BOARD {
            assert_eq!(gpio.line(pin).history().len(), edges, "{on_exit} {pin}");
            assert_eq!(gpio.line(pin).level(), level, "{on_exit} {pin}");
        }
    }
}

/// mqtt-io#73: the same at a start after an end.
#[test]
fn relays_do_not_chatter_when_the_node_starts_again() {
    let gpio = mock::gpio();
    let house = House::on(gpio.clone(), &board("keep"));
    house.set("r5", "ON");
    house.expect_state("r5", &json!({ "state": "ON" }));
    drop(house);
    BOARD.iter().for_each(|pin| gpio.line(*pin).clear());
    let house = House::on(gpio.clone(), &board("keep"));
    house.expect_state("r5", &json!({ "state": "ON" }));
    house.expect_state("r6", &json!({ "state": "OFF" }));
    for pin in BOARD {
        assert!(gpio.line(pin).history().is_empty(), "{pin}");
    }
}

/// Returns all values of these keys, at any depth.
fn values(value: &Value, keys: &[&str], found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match keys.contains(&&**key) {
                    true => found.extend([value.to_string()]),
                    false => values(value, keys, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| values(value, keys, found)),
        _ => {}
    }
}

/// mqtt-io#224, mqtt-io#344, mqtt-io#345: two computers become one device in Home Assistant.
#[test]
fn two_computers_are_two_devices_in_home_assistant() {
    let circuit = Circuit::parse(PUMP).unwrap();
    let discovery = |identity: &str| {
        let settings = Settings::new(circuit.mqtt(), "raspberrypi", identity).unwrap();
        let node = Arc::new(Node::open(&mock::gpio(), &circuit, settings));
        let broker = TestBroker::default();
        let runner = std::thread::spawn({
            let (node, mut broker) = (node.clone(), broker.clone());
            move || node.run(&mut broker).unwrap()
        });
        broker.expect("pinzero/raspberrypi/pump/state", |_| true);
        let kept = broker.kept().into_iter().filter(|(topic, _)| topic.starts_with("homeassistant/"));
        let mut found = BTreeSet::new();
        for (topic, payload) in kept {
            let payload: Value = serde_json::from_str(&payload).unwrap();
            values(&payload, &["identifiers", "ids", "unique_id", "uniq_id"], &mut found);
            found.insert(topic);
        }
        node.stop();
        runner.join().unwrap();
        found
    };
    let (one, other) = (discovery("0123456789abcdef"), discovery("0123456789abcdee"));
    assert!(one.len() >= 3, "{one:?}");
    assert!(one.is_disjoint(&other), "{one:?} {other:?}");
}

/// mqtt-io#76, mqtt-io#116, mqtt-io#265: after a restart of Home Assistant, nobody knows the states.
#[test]
fn those_who_come_later_find_all_states() {
    let house = House::new(&format!("{PUMP}[relay.fan]\npin = 27\n"));
    house.expect_state("fan", &json!({ "state": "OFF" }));
    house.set("pump", "ON");
    house.expect_state("pump", &json!({ "state": "ON" }));
    let kept = house.broker.kept();
    assert_eq!(kept["pinzero/attic/pump/state"], r#"{"state":"ON"}"#);
    assert_eq!(kept["pinzero/attic/fan/state"], r#"{"state":"OFF"}"#);
    assert_eq!(kept["pinzero/attic/fan/availability"], "online");
    assert_eq!(kept["pinzero/attic/status"], "online");
}

/// mqtt-io#282, mqtt-io#187: the change that comes while the broker is away is lost.
#[test]
fn a_timed_command_ends_without_the_broker_and_the_end_is_told_on_return() {
    let house = House::new(PUMP);
    house.broker.send("pinzero/attic/pump/set_on_ms", "500");
    house.expect_state("pump", &json!({ "state": "ON" }));
    house.broker.go_away();
    house.gpio.advance(ms(600));
    assert_eq!(house.gpio.line(17).level(), Level::Low);
    house.broker.come_back();
    house.expect_state("pump", &json!({ "state": "OFF" }));
}

/// mqtt-io#333: after a reconnection, subscriptions are gone.
#[test]
fn a_node_subscribes_at_each_connection() {
    let house = House::new(PUMP);
    house.expect_state("pump", &json!({ "state": "OFF" }));
    house.broker.go_away();
    house.node.reload(&Circuit::parse("[relay.fan]\npin = 27\n").unwrap());
    house.broker.come_back();
    house.expect_state("fan", &json!({ "state": "OFF" }));
    let filters = house.broker.filters();
    assert!(filters.iter().any(|filter| filter == "pinzero/attic/fan/set"), "{filters:?}");
    assert!(!filters.iter().any(|filter| filter.contains("pump")), "{filters:?}");
    house.set("fan", "ON");
    house.expect_state("fan", &json!({ "state": "ON" }));
}

/// A broker whose client panics when it is to tell that something is on.
#[derive(Debug, Clone)]
struct Trap(TestBroker);

impl Broker for Trap {
    fn connect(&mut self, will: Option<&Message>) -> Result<(Arc<dyn Sender>, Box<dyn Receiver>), LinkError> {
        let (_, receiver) = self.0.connect(will)?;
        Ok((Arc::new(self.clone()), receiver))
    }
}

impl Sender for Trap {
    fn publish(&self, ticket: u64, message: &Message) -> bool {
        assert!(message.payload != br#"{"state":"ON"}"#, "the trap of a test");
        self.0.publish(ticket, message)
    }

    fn subscribe(&self, filters: &[String]) -> bool {
        self.0.subscribe(filters)
    }

    fn disconnect(&self) {
        self.0.disconnect();
    }

    fn abandon(&self) {
        self.0.abandon();
    }
}

/// mqtt-io#231: messages arrive, but nothing is done any more until a restart.
#[test]
fn a_node_ends_with_an_error_and_its_will_when_a_command_panics() {
    let circuit = Circuit::parse(PUMP).unwrap();
    let settings = Settings::new(circuit.mqtt(), "attic", "0123456789abcdef").unwrap();
    let node = Arc::new(Node::open(&mock::gpio(), &circuit, settings));
    let broker = TestBroker::default();
    let runner = std::thread::spawn({
        let mut trap = Trap(broker.clone());
        move || node.run(&mut trap)
    });
    broker.expect("pinzero/attic/status", |status| status == "online");
    broker.send("pinzero/attic/pump/set", "ON");
    broker.expect("pinzero/attic/status", |status| status == "offline");
    let error = runner.join().unwrap().unwrap_err();
    assert!(error.is_final && error.to_string().contains("panicked"), "{error}");
}

/// mqtt-io#231: the same, of a device that hangs. No other command need come.
#[test]
fn a_node_ends_with_an_error_when_a_device_hangs() {
    let gpio = mock::builder().time_by_hand().open();
    let chip = gpio.i2c_chip(1, 0x27, LcdBackpack::new());
    let circuit = Circuit::parse("[character_display.lcd]\n").unwrap();
    let settings = Settings::new(circuit.mqtt(), "attic", "0123456789abcdef").unwrap();
    let node = Arc::new(Node::open(&gpio, &circuit, settings));
    let broker = TestBroker::default();
    let runner = std::thread::spawn({
        let mut broker = broker.clone();
        move || node.run(&mut broker)
    });
    broker.expect("pinzero/attic/status", |status| status == "online");
    let error = chip.with(|_| {
        broker.send("pinzero/attic/lcd/set", "Hello");
        let end = Instant::now() + secs(20);
        while !runner.is_finished() {
            assert!(Instant::now() < end, "the node goes on");
            gpio.advance(secs(1));
            std::thread::yield_now();
        }
        runner.join().unwrap().unwrap_err()
    });
    assert!(error.is_final && error.to_string().contains("lcd hangs"), "{error}");
}
