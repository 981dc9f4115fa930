//! Devices with topics of their own: `topic`.

use pinzero::Level;
use pinzero::time::ms;
use pinzero_circuit::Circuit;
use serde_json::{Value, json};

use crate::house::House;

const DOOR: &str = "[switch.door]\npin = 5\n";
const PUMP: &str = "[relay.pump]\npin = 17\n";

fn keys(device: &str, topic: &str) -> String {
    format!("[mqtt.device.{device}]\ntopic = \"{topic}\"\n")
}

#[test]
fn a_device_with_a_topic_of_its_own_tells_listens_and_is_found_there() {
    let own = keys("pump", "{prefix}/{node}/output/{device}");
    let house = House::new(&format!("{DOOR}{PUMP}{own}"));
    house.expect_state("output/pump", &json!({ "state": "OFF" }));
    house.set("output/pump", "ON");
    house.expect_state("output/pump", &json!({ "state": "ON" }));
    assert_eq!(house.gpio.line(17).level(), Level::High);
    house.broker.send("pinzero/attic/output/pump/set_off_ms", "100");
    house.expect_state("output/pump", &json!({ "state": "OFF" }));
    house.gpio.advance(ms(101));
    house.expect_state("output/pump", &json!({ "state": "ON" }));
    house.set("output/pump", "perhaps");
    house.broker.expect("pinzero/attic/output/pump/refused", |_| true);
    let component = house.components("pump").values().next().unwrap().clone();
    assert_eq!(component["state_topic"], "pinzero/attic/output/pump/state");
    assert_eq!(component["command_topic"], "pinzero/attic/output/pump/set");
    let kept = house.broker.kept();
    let config: Value =
        serde_json::from_str(&kept["homeassistant/device/pinzero_0123456789abcdef_pump/config"]).unwrap();
    assert_eq!(config["availability"][1]["topic"], "pinzero/attic/output/pump/availability");
    let info: Value = serde_json::from_str(&kept["pinzero/attic/info"]).unwrap();
    assert_eq!(info["devices"][1]["topic"], "pinzero/attic/output/pump");
    assert!(kept.contains_key("pinzero/attic/door/state"), "{kept:?}");
    assert!(!kept.contains_key("pinzero/attic/pump/state"), "{kept:?}");
}

#[test]
fn a_device_whose_topic_changes_leaves_nothing_at_the_old_one() {
    let house = House::new(&format!("{DOOR}{PUMP}"));
    house.expect_state("pump", &json!({ "state": "OFF" }));
    let changes =
        house.node.reload(&Circuit::parse(&format!("{DOOR}{PUMP}{}", keys("pump", "water"))).unwrap());
    assert_eq!((changes.opened, changes.kept), (vec!["pump".to_owned()], vec!["door".to_owned()]));
    house.broker.send("water/set", "ON");
    house.broker.expect("water/state", |state| state == r#"{"state":"ON"}"#);
    let kept = house.broker.kept();
    assert!(!kept.keys().any(|topic| topic.starts_with("pinzero/attic/pump/")), "{kept:?}");
    assert_eq!(kept["water/availability"], "online");
    // Home Assistant keeps the device, and follows.
    assert_eq!(house.components("pump").values().next().unwrap()["state_topic"], "water/state");
}

#[test]
fn devices_can_change_places() {
    let two = |one: &str, other: &str| {
        let keys = [keys("door", one), keys("pump", other)].concat();
        format!("{DOOR}{PUMP}{keys}")
    };
    let house = House::new(&two("a", "b"));
    house.broker.send("b/set", "ON");
    house.broker.expect("b/state", |state| state == r#"{"state":"ON"}"#);
    house.node.reload(&Circuit::parse(&two("b", "a")).unwrap());
    house.broker.expect("b/state", |state| state == r#"{"state":"OFF"}"#);
    house.broker.send("a/set", "OFF");
    house.broker.send("a/set", "ON");
    house.broker.expect("a/state", |state| state == r#"{"state":"ON"}"#);
    let kept = house.broker.kept();
    assert_eq!((&*kept["a/availability"], &*kept["b/availability"]), ("online", "online"));
}

/// Only the running node knows the name of the computer.
#[test]
fn a_topic_that_the_name_of_the_computer_makes_the_same_has_one_device() {
    let house = House::new(&format!("{DOOR}{PUMP}{}", keys("pump", "pinzero/attic/door")));
    house.expect_state("door", &json!({ "state": "OFF" }));
    let info: Value = serde_json::from_str(&house.broker.expect_kept("pinzero/attic/info")).unwrap();
    assert_eq!(info["devices"].as_array().unwrap().len(), 1, "{info}");
    house.set("door", "ON");
    house.broker.expect("pinzero/attic/door/refused", |_| true);
    assert_eq!(house.broker.expect_kept("pinzero/attic/door/availability"), "online");
}
