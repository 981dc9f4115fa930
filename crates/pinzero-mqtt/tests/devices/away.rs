//! A broker that goes, hangs, and comes back: nothing is lost, and nothing is invented.

use std::collections::BTreeSet;
use std::sync::Barrier;

use pinzero::Level;
use pinzero::mock;
use pinzero::time::{ms, secs};
use pinzero_circuit::Circuit;
use pinzero_mqtt::{Changes, LinkError, Message, Node, Settings};
use serde_json::{Value, json};

use crate::house::{House, MIDNIGHT};
use crate::log;

const HOUSE: &str = "[relay.pump]\npin = 17\n[button.bell]\npin = 2\n";

/// A node whose virtual time moves only when a test says so.
fn house(circuit: &str) -> House {
    House::on(mock::builder().time_by_hand().open(), circuit)
}

fn press(house: &House) {
    house.gpio.line(2).press(ms(80));
    house.gpio.advance(secs(1));
}

/// Returns the numbers of the events of the bell.
fn numbers(messages: &[Message]) -> Vec<u64> {
    let events = messages.iter().filter(|message| message.topic == "pinzero/attic/bell/event");
    let number =
        |message: &Message| serde_json::from_slice::<Value>(&message.payload).unwrap()["number"].as_u64();
    events.map(|message| number(message).unwrap()).collect()
}

#[test]
fn events_wait_for_the_broker_with_their_stamps() {
    let house = house(HOUSE);
    house.expect_state("bell", &json!({ "state": "OFF" }));
    house.broker.go_away();
    press(&house);
    press(&house);
    house.gpio.advance(secs(100));
    house.broker.come_back();
    let (first, second) = (house.expect_event("bell", "click"), house.expect_event("bell", "click"));
    assert_eq!((&first["number"], &second["number"]), (&json!(3), &json!(6)));
    assert_eq!(first["at"], second["at"].as_u64().unwrap() - 1000);
    assert!(second["at"].as_u64().unwrap() < MIDNIGHT + 3000, "{second}");
}

#[test]
fn events_beyond_the_bound_are_lost_and_counted() {
    let house = house(&format!("[mqtt]\nqueue = 5\n{HOUSE}"));
    house.broker.go_away();
    house.broker.expect_refusal();
    for _ in 0..10 {
        press(&house);
    }
    house.broker.come_back();
    // Each press makes three events.
    let seen = house.broker.collect(|messages| numbers(messages).contains(&30));
    assert_eq!(numbers(&seen), [26, 27, 28, 29, 30]);
    let facts: Value = serde_json::from_str(&house.broker.expect_kept("pinzero/attic/info")).unwrap();
    assert_eq!(facts["lost"], 25);
}

#[test]
fn of_many_states_the_newest_is_told_when_the_broker_returns() {
    let house = house(HOUSE);
    house.expect_state("bell", &json!({ "state": "OFF" }));
    house.broker.go_away();
    house.broker.expect_refusal();
    for _ in 0..10 {
        press(&house);
    }
    house.gpio.line(2).drive(Level::Low);
    house.gpio.advance(ms(100));
    house.broker.come_back();
    house.expect_state("bell", &json!({ "state": "ON" }));
    house.broker.expect("pinzero/attic/status", |status| status == "online");
}

#[test]
fn a_broker_that_hangs_is_given_no_more_than_it_takes_and_pins_go_on() {
    let house = house(HOUSE);
    house.broker.expect("pinzero/attic/status", |status| status == "online");
    house.broker.get_stuck();
    for _ in 0..100 {
        press(&house);
    }
    // All that was to be told at the start had come before `online`.
    assert_eq!(house.broker.messages().len(), 32);
    // Commands still arrive, and are carried out.
    house.set("pump", "ON");
    while house.gpio.line(17).level() == Level::Low {
        std::thread::yield_now();
    }
    house.broker.go_away();
    house.broker.come_back();
    house.expect_state("pump", &json!({ "state": "ON" }));
    while house.expect_event("bell", "click")["number"] != 300 {}
}

#[test]
fn a_device_takes_its_safe_state_when_the_broker_has_been_away_for_long() {
    let house = house(&format!("{HOUSE}[mqtt.device.pump]\nsafe = \"off\"\nsafe_after = 30.0\n"));
    house.set("pump", "ON");
    house.expect_state("pump", &json!({ "state": "ON" }));
    house.gpio.advance(secs(100));
    assert_eq!(house.gpio.line(17).level(), Level::High, "while the broker is there");
    house.broker.go_away();
    house.broker.expect_refusal();
    house.gpio.advance(secs(29));
    assert_eq!(house.gpio.line(17).level(), Level::High);
    house.broker.come_back();
    house.broker.expect_connections(2);
    house.broker.expect("pinzero/attic/status", |status| status == "online");
    house.gpio.advance(secs(100));
    assert_eq!(house.gpio.line(17).level(), Level::High, "the broker came back in time");
    house.broker.go_away();
    house.broker.expect_refusal();
    house.gpio.advance(secs(31));
    assert_eq!(house.gpio.line(17).level(), Level::Low);
    house.broker.come_back();
    house.expect_state("pump", &json!({ "state": "OFF" }));
}

// A relay that was on before the node started does not go off only because the first connection takes a second.
#[test]
fn a_safe_state_waits_for_the_first_connection() {
    let pump =
        "[relay.pump]\npin = 17\n[mqtt.device.pump]\ninitial = \"on\"\nsafe = \"off\"\nsafe_after = 0\n";
    let circuit = Circuit::parse(pump).unwrap();
    let settings = Settings::new(circuit.mqtt(), "attic", "0123456789abcdef").unwrap();
    let gpio = mock::builder().time_by_hand().open();
    let _node = Node::open(&gpio, &circuit, settings);
    gpio.advance(secs(9));
    assert_eq!(gpio.line(17).level(), Level::High);
    gpio.advance(secs(2));
    assert_eq!(gpio.line(17).level(), Level::Low);
}

#[test]
fn a_device_that_is_added_listens_at_once_and_one_that_is_gone_says_nothing_more() {
    let house = house(HOUSE);
    house.broker.expect("pinzero/attic/status", |status| status == "online");
    let changes =
        house.node.reload(&Circuit::parse("[relay.fan]\npin = 18\n[button.bell]\npin = 2\n").unwrap());
    assert_eq!((changes.opened, changes.removed), (vec!["fan".to_owned()], vec!["pump".to_owned()]));
    assert_eq!(changes.kept, ["bell"]);
    assert!(house.broker.filters().contains(&"pinzero/attic/fan/set".to_owned()));
    house.set("pump", "ON");
    house.set("fan", "ON");
    house.expect_state("fan", &json!({ "state": "ON" }));
    assert!(!house.broker.kept().keys().any(|topic| topic.contains("pump")), "{:?}", house.broker.kept());
}

#[test]
fn what_a_message_that_is_too_long_may_be_kept_on_is_cleared_in_the_bounds_of_the_connection() {
    log::keep();
    let pins = [4, 5, 6, 12, 13, 16, 17, 18, 19, 20];
    let house = House::named("long", &pins.map(|pin| format!("[relay.r{pin}]\npin = {pin}\n")).concat());
    log::count_events("pinzero/long/", &house.node);
    for _ in 0..2 {
        house.broker.expect("pinzero/long/status", |status| status == "online");
        house.broker.break_off(LinkError::overlong("a message that is too long"));
    }
    house.broker.expect("pinzero/long/status", |status| status == "online");
    let commands = pins.iter().flat_map(|pin| {
        ["set", "get", "set_on_ms", "set_off_ms"].map(|verb| format!("pinzero/long/r{pin}/{verb}"))
    });
    let own: BTreeSet<String> = commands.chain(["pinzero/long/info".to_owned()]).collect();
    assert_eq!(BTreeSet::from_iter(house.broker.cleared()), own);
    assert_eq!(BTreeSet::from_iter(house.broker.filters()), own, "the start of Home Assistant");
    assert!(house.broker.kept().contains_key("pinzero/long/info"));
    assert_eq!(log::lines("pinzero/long/").len(), 2);
}

#[test]
fn a_node_that_stops_is_offline_before_it_leaves() {
    let house = house(HOUSE);
    house.broker.expect("pinzero/attic/status", |status| status == "online");
    house.node.stop();
    let messages = house.broker.messages();
    let last = messages.last().unwrap();
    assert_eq!((&*last.topic, &*last.payload), ("pinzero/attic/status", &b"offline"[..]));
    assert!(house.broker.said_farewell());
}

#[test]
fn a_node_that_stops_while_the_broker_hangs_leaves_the_rest_to_the_will() {
    let house = house(HOUSE);
    house.broker.expect("pinzero/attic/status", |status| status == "online");
    house.broker.get_stuck();
    house.node.stop();
    assert_eq!(house.broker.kept()["pinzero/attic/status"], "offline");
    assert!(!house.broker.said_farewell());
}

#[test]
fn a_node_that_stops_leaves_the_facts_about_its_devices() {
    let house = house(HOUSE);
    house.broker.expect("pinzero/attic/status", |status| status == "online");
    house.broker.get_stuck();
    press(&house);
    std::thread::scope(|scope| {
        scope.spawn(|| house.node.stop());
        house.broker.expect("pinzero/attic/status", |status| status == "offline");
        // The node waits for the broker, and the facts are due because of the press.
        house.gpio.advance(secs(10));
    });
    let info: Value = serde_json::from_str(&house.broker.kept()["pinzero/attic/info"]).unwrap();
    assert_eq!(info["last_event"]["device"], "bell", "{info}");
    assert_eq!(info["devices"].as_array().unwrap().len(), 2, "{info}");
}

#[test]
fn a_node_that_has_stopped_opens_no_more_pins() {
    let house = house(HOUSE);
    house.node.stop();
    assert_eq!(house.node.reload(&Circuit::parse("[relay.pump]\npin = 18\n").unwrap()), Changes::default());
    drop(house.gpio.output(18).open().unwrap());
}

#[test]
fn of_two_changes_at_once_one_waits_for_the_other() {
    let house = house("");
    for pin in [17, 18, 22, 23, 24, 25, 27, 4, 5, 6] {
        let circuit = Circuit::parse(&format!("[relay.pump]\npin = {pin}\n")).unwrap();
        let both = Barrier::new(2);
        let change = || {
            both.wait();
            house.node.reload(&circuit)
        };
        let (one, other) = std::thread::scope(|scope| {
            let other = scope.spawn(change);
            (change(), other.join().unwrap())
        });
        assert_eq!([one.opened.len(), other.opened.len()].iter().sum::<usize>(), 1, "{one:?} {other:?}");
        assert_eq!(house.broker.expect_kept("pinzero/attic/pump/availability"), "online");
    }
}

#[test]
fn of_two_commands_that_overtake_each_other_the_newer_counts() {
    let house = house(HOUSE);
    house.set("pump", r#"{"state":"ON","at":1000.5}"#);
    house.expect_state("pump", &json!({ "state": "ON" }));
    house.set("pump", r#"{"state":"OFF","at":1000.4}"#);
    // The refusal tells the state again.
    house.expect_state("pump", &json!({ "state": "ON" }));
    assert_eq!(house.gpio.line(17).level(), Level::High);
    house.set("pump", r#"{"state":"OFF","at":1000.6}"#);
    house.expect_state("pump", &json!({ "state": "OFF" }));
}

// Two automations at the same moment, or a program that rounds to seconds.
#[test]
fn of_two_commands_with_the_same_stamp_the_later_counts_and_a_repeat_does_nothing() {
    let house = house(HOUSE);
    for (state, is_on) in [("ON", true), ("OFF", false), ("TOGGLE", true), ("TOGGLE", true)] {
        house.set("pump", &json!({ "state": state, "at": 1000 }).to_string());
        house.expect_state("pump", &json!({ "state": if is_on { "ON" } else { "OFF" } }));
    }
}

#[test]
fn of_a_thousand_commands_at_once_the_last_one_decides() {
    let house = house(HOUSE);
    house.broker.expect("pinzero/attic/status", |status| status == "online");
    for _ in 0..500 {
        house.set("pump", "OFF");
        house.set("pump", "ON");
    }
    house.set("pump", "not a command");
    house.broker.expect("pinzero/attic/pump/refused", |_| true);
    house.expect_state("pump", &json!({ "state": "ON" }));
    assert_eq!(house.gpio.line(17).level(), Level::High);
    assert_eq!(house.broker.kept()["pinzero/attic/pump/state"], r#"{"state":"ON"}"#);
}

#[test]
fn a_refused_command_holds_up_no_later_one_and_a_stamp_from_the_future_is_refused() {
    let house = house(HOUSE);
    let now = house.gpio.wall_time().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64;
    let refused = |command: &str, word: &str| {
        house.set("pump", command);
        house.broker.expect("pinzero/attic/pump/refused", |refusal| refusal.contains(word));
    };
    refused(r#"{"state":"ON","at":9e15,"nonsense":1}"#, "ahead of");
    refused(&format!(r#"{{"state":"ON","at":{}}}"#, now + 11_000), "ahead of");
    refused(&format!(r#"{{"state":"ON","at":{},"nonsense":1}}"#, now + 9000), "nonsense");
    house.set("pump", &format!(r#"{{"state":"ON","at":{now}}}"#));
    house.expect_state("pump", &json!({ "state": "ON" }));
    refused(&format!(r#"{{"state":"OFF","at":{}}}"#, now - 1), "older");
}

#[test]
fn refusals_are_no_events() {
    let house = house(HOUSE);
    house.set("pump", "perhaps");
    house.broker.expect("pinzero/attic/pump/refused", |_| true);
    // The broker has the refusal once it has this.
    house.set("pump", "ON");
    house.expect_state("pump", &json!({ "state": "ON" }));
    assert_eq!(house.node.events().made, 0);
    assert_eq!(house.node.events().told, 0);
}

#[test]
fn without_room_for_events_those_are_told_that_the_broker_takes_at_once() {
    let house = house(&format!("{HOUSE}[mqtt]\nqueue = 0\n"));
    house.broker.expect("pinzero/attic/status", |status| status == "online");
    house.gpio.line(2).press(ms(100));
    house.gpio.advance(secs(1));
    house.expect_event("bell", "press");
}
