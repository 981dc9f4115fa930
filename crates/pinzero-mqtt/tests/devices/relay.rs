//! A relay as a switch.

use pinzero::Level;
use pinzero::time::ms;
use pinzero_mqtt::Message;
use serde_json::json;

use crate::house::House;
use crate::led::entity;
use crate::log;

const PUMP: &str = "[relay.pump]\npin = 17\n";

#[test]
fn a_relay_is_switched_and_tells_so() {
    let house = House::new(PUMP);
    house.expect_state("pump", &json!({ "state": "OFF" }));
    house.set("pump", "ON");
    house.expect_state("pump", &json!({ "state": "ON" }));
    assert_eq!(house.gpio.line(17).level(), Level::High);
    house.set("pump", r#"{"state":"toggle"}"#);
    house.expect_state("pump", &json!({ "state": "OFF" }));
}

#[test]
fn a_newer_command_calls_the_end_of_an_older_one_off() {
    let house = House::new(PUMP);
    house.broker.send("pinzero/attic/pump/set_on_ms", "500");
    house.expect_state("pump", &json!({ "state": "ON" }));
    house.gpio.advance(ms(600));
    house.expect_state("pump", &json!({ "state": "OFF" }));

    house.set("pump", r#"{"state":"ON","for":0.5}"#);
    house.expect_state("pump", &json!({ "state": "ON" }));
    house.set("pump", "ON");
    house.broker.send("pinzero/attic/pump/get", "");
    house.expect_state("pump", &json!({ "state": "ON" }));
    house.gpio.advance(ms(600));
    assert_eq!(house.gpio.line(17).level(), Level::High);
}

#[test]
fn an_off_for_a_time_ends_on_and_a_toggle_toggles_back() {
    let house = House::new(PUMP);
    house.broker.send("pinzero/attic/pump/set_off_ms", "500");
    house.expect_state("pump", &json!({ "state": "OFF" }));
    house.broker.send("pinzero/attic/pump/get", "");
    house.expect_state("pump", &json!({ "state": "OFF" }));
    house.gpio.advance(ms(600));
    house.expect_state("pump", &json!({ "state": "ON" }));
    house.set("pump", r#"{"state":"TOGGLE","for":1}"#);
    house.expect_state("pump", &json!({ "state": "OFF" }));
    house.gpio.advance(ms(1100));
    house.expect_state("pump", &json!({ "state": "ON" }));
    for wrong in ["1", r#"{"for":1}"#, r#"{"state":"OFF","for":"1"}"#, r#"{"state":"OFF","brightness":3}"#] {
        house.set("pump", wrong);
        house.expect_state("pump", &json!({ "state": "ON" }));
    }
    house.broker.send("pinzero/attic/pump/set_off_ms", "soon");
    house.expect_state("pump", &json!({ "state": "ON" }));
    assert_eq!(house.gpio.line(17).level(), Level::High);
}

#[test]
fn a_relay_can_be_an_outlet() {
    let house = House::new(&format!("{PUMP}[mqtt.device.pump]\nclass = \"outlet\"\n"));
    assert_eq!(entity(&house, "pump")["device_class"], "outlet");
}

#[test]
fn a_retained_command_is_refused_with_a_warning_and_the_state_is_told_again() {
    log::keep();
    let house = House::named("keeper", PUMP);
    let topic = "pinzero/keeper/pump/state";
    house.broker.expect(topic, |state| state == r#"{"state":"OFF"}"#);
    house.broker.deliver(Message::new("pinzero/keeper/pump/set", "ON").retained());
    house.broker.expect(topic, |state| state == r#"{"state":"OFF"}"#);
    assert_eq!(house.gpio.line(17).level(), Level::Low);
    let lines = log::lines("keeper");
    assert!(
        lines.iter().any(|line| line.contains("a retained command on \"pinzero/keeper/pump/set\"")),
        "{lines:?}"
    );
}

#[test]
fn a_wrong_command_is_refused_and_the_state_is_told_again() {
    let house = House::new(PUMP);
    house.expect_state("pump", &json!({ "state": "OFF" }));
    house.set("pump", "perhaps");
    house.expect_state("pump", &json!({ "state": "OFF" }));
    assert_eq!(house.gpio.line(17).level(), Level::Low);
}

/// `mosquitto_pub -r -n` clears a retained command; the broker tells so those who listen.
#[test]
fn a_command_that_is_cleared_is_none() {
    log::keep();
    let house = House::named("cleaner", "[relay.sluice]\npin = 17\n");
    house.broker.expect("pinzero/cleaner/status", |status| status == "online");
    for verb in ["set", "set_on_ms", "set_off_ms"] {
        house.broker.send(&format!("pinzero/cleaner/sluice/{verb}"), "");
    }
    house.broker.send("pinzero/cleaner/sluice/set", "ON");
    let told =
        house.broker.collect(|told| told.iter().any(|message| message.payload == br#"{"state":"ON"}"#));
    assert_eq!(log::lines("sluice"), [""; 0]);
    assert!(told.iter().all(|message| !message.topic.ends_with("/refused")));
}

#[test]
fn each_command_is_answered_by_a_state_and_one_that_comes_twice_is_carried_out_once() {
    let house = House::new(PUMP);
    house.expect_state("pump", &json!({ "state": "OFF" }));
    for _ in 0..2 {
        house.set("pump", "OFF");
        house.expect_state("pump", &json!({ "state": "OFF" }));
    }
    for _ in 0..2 {
        house.set("pump", r#"{"state":"TOGGLE","at":0}"#);
        house.expect_state("pump", &json!({ "state": "ON" }));
    }
    house.set("pump", r#"{"state":"TOGGLE","at":6}"#);
    house.expect_state("pump", &json!({ "state": "OFF" }));
}
