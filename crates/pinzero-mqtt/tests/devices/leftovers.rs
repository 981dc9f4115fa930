//! What a node does with the facts that its broker has kept, which anybody may have written.

use pinzero_mqtt::Message;
use serde_json::{Value, json};

use crate::house::House;
use crate::log;

const PUMP: &str = "[relay.pump]\npin = 17\n";
const INFO: &str = "pinzero/attic/info";
const IDENTITY: &str = "0123456789abcdef";

/// Gives a node these facts about itself, and returns the topics that the node cleared, and the components of the pump.
fn cleared(info: &Value) -> (Vec<String>, Vec<String>) {
    let house = House::new(PUMP);
    house.broker.expect("pinzero/attic/status", |status| status == "online");
    house.broker.deliver(Message::new(INFO, info.to_string()).retained());
    // What came before has been taken when this is carried out.
    house.set("pump", "ON");
    house.broker.collect(|messages| messages.iter().any(|message| message.payload == br#"{"state":"ON"}"#));
    let former = house.components("pump").keys().cloned().collect();
    (house.broker.cleared(), former)
}

#[test]
fn only_own_topics_are_cleared() {
    let device = |name: &str, topic: &str, discovery: &str| json!({ "name": name, "topic": topic, "discovery": discovery });
    let devices = [
        device("fan", "pinzero/attic/fan", &format!("ha/device/pinzero_{IDENTITY}_fan/config")),
        device("x", "zigbee2mqtt/bridge", "homeassistant/device/victim/config"),
        device("x", "pinzero/cellar/x", "homeassistant/device/pinzero_1_x/config"),
        device("x", "pinzero/attic/+", &format!("homeassistant/device/pinzero_{IDENTITY}0/config")),
        device("x", "pinzero/attic", &format!("homeassistant/pinzero_{IDENTITY}_x/config")),
        device("x", "pinzero/attic/", &format!("+/device/pinzero_{IDENTITY}_x/config")),
    ];
    let info = json!({ "identity": IDENTITY, "discovery": "homeassistant/device/victim/config", "devices": devices });
    let own = [
        format!("ha/device/pinzero_{IDENTITY}_fan/config"),
        "pinzero/attic/fan/availability".to_owned(),
        "pinzero/attic/fan/state".to_owned(),
    ];
    assert_eq!(cleared(&info).0, own);
}

#[test]
fn only_platforms_that_there_are_are_taken_back() {
    let mut entities =
        vec!["light".to_owned(), "rubbish".to_owned(), "sensor.a b".to_owned(), "sensor.".to_owned()];
    entities.extend((0..1000).map(|number| format!("sensor.s{number}")));
    let info = json!({
        "identity": IDENTITY,
        "devices": [{ "name": "pump", "topic": "pinzero/attic/pump", "entities": entities }],
    });
    let components = cleared(&info).1;
    assert!(components.iter().any(|id| id == "light"), "{components:?}");
    assert!(components.len() < 100, "{}", components.len());
    let is_known = |id: &String| ["light", "switch"].contains(&&**id) || id.starts_with("sensor.s");
    assert!(components.iter().all(is_known), "{components:?}");
}

#[test]
fn another_computer_with_the_name_of_the_node_keeps_its_devices_and_the_log_says_so() {
    log::keep();
    let house = House::named("twin", PUMP);
    house.broker.expect("pinzero/twin/status", |status| status == "online");
    let info: Value = serde_json::from_str(&house.broker.expect_kept("pinzero/twin/info")).unwrap();
    assert_eq!(info["identity"], IDENTITY);
    let other = json!({
        "identity": "fedcba9876543210",
        "devices": [{ "name": "fan", "topic": "pinzero/twin/fan" }],
    });
    for message in [
        Message::new("pinzero/twin/info", other.to_string()).retained(),
        Message::new("pinzero/twin/info", other.to_string()),
        // The own facts come back as they are told.
        Message::new("pinzero/twin/info", info.to_string()),
    ] {
        house.broker.deliver(message);
    }
    house.broker.send("pinzero/twin/pump/set", "ON");
    house.broker.expect("pinzero/twin/pump/state", |state| state.contains("ON"));
    assert_eq!(house.broker.cleared(), [""; 0]);
    let lines = log::lines("twin");
    assert_eq!(lines.iter().filter(|line| line.contains("another computer")).count(), 2, "{lines:?}");
}
