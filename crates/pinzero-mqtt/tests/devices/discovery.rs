//! What Home Assistant is told, when, and how all this is taken back.

use pinzero::Level;
use pinzero::mock;
use pinzero::time::{ms, secs};
use pinzero_circuit::Circuit;
use pinzero_mqtt::Message;
use serde_json::{Value, json};

use crate::house::House;

const PUMP: &str = "[relay.pump]\npin = 17\n[relay.lamp]\npin = 22\n[mqtt.device.pump]\nname = \"Pond pump\"\narea = \"Garden\"\nicon = \"mdi:pump\"\n";
const INFO: &str = "pinzero/attic/info";
const NODE: &str = "homeassistant/device/pinzero_0123456789abcdef/config";
const PUMP_TOPIC: &str = "homeassistant/device/pinzero_0123456789abcdef_pump/config";

/// Waits until a device is told of in a message that satisfies the test, and returns the message.
fn expect(house: &House, topic: &str, is_it: impl Fn(&Value) -> bool) -> Value {
    let parse = |payload: &str| serde_json::from_str(payload).unwrap_or(Value::Null);
    parse(&house.broker.expect(topic, |payload| is_it(&parse(payload))))
}

#[test]
fn a_device_is_told_with_its_names_its_area_its_topics_and_its_node() {
    let house = House::new(PUMP);
    let pump = expect(&house, PUMP_TOPIC, |_| true);
    let version = env!("CARGO_PKG_VERSION");
    let expected = json!({
        "device": {
            "identifiers": ["pinzero_0123456789abcdef_pump"],
            "name": "Pond pump",
            "manufacturer": "pinzero",
            "model": "relay",
            "suggested_area": "Garden",
            "via_device": "pinzero_0123456789abcdef",
        },
        "origin": { "name": "pinzero", "sw_version": version, "support_url": "https://github.com/pinzero/pinzero" },
        "availability": [{ "topic": "pinzero/attic/status" }, { "topic": "pinzero/attic/pump/availability" }],
        "availability_mode": "all",
        "qos": 1,
        "components": {
            "switch": {
                "platform": "switch",
                "unique_id": "pinzero_0123456789abcdef_pump",
                "default_entity_id": "switch.attic_pump",
                "name": null,
                "icon": "mdi:pump",
                "state_topic": "pinzero/attic/pump/state",
                "value_template": "{{ value_json.state }}",
                "command_topic": "pinzero/attic/pump/set",
                "retain": false,
            },
        },
    });
    assert_eq!(pump, expected, "\n{pump:#}\n{expected:#}");
}

#[test]
fn the_node_is_a_device_that_stays_visible_while_it_is_away() {
    let house = House::new(PUMP);
    let node = expect(&house, NODE, |_| true);
    assert_eq!(node["device"]["name"], "attic");
    let status = &node["components"]["binary_sensor"];
    assert_eq!(status["state_topic"], "pinzero/attic/status");
    assert_eq!(status.get("availability"), None);
    assert_eq!(node.get("availability"), None);
    assert_eq!(node["components"]["sensor.lost"]["state_topic"], INFO);
}

#[test]
fn a_device_that_leaves_the_file_is_taken_back() {
    let house = House::new(PUMP);
    house.expect_state("pump", &json!({ "state": "OFF" }));
    let changes = house.node.reload(&Circuit::parse("[relay.lamp]\npin = 22\n").unwrap());
    assert_eq!(changes.removed, ["pump"]);
    house.broker.expect(PUMP_TOPIC, str::is_empty);
    let left: Vec<String> = house.broker.kept().into_keys().filter(|topic| topic.contains("pump")).collect();
    assert_eq!(left, [""; 0]);
}

#[test]
fn a_device_that_left_the_file_while_the_node_was_down_is_taken_back() {
    let house = House::new(PUMP);
    let former = json!({
        "version": "0.1.0",
        "identity": "0123456789abcdef",
        "discovery": "hass/device/pinzero_0123456789abcdef/config",
        "devices": [
            { "name": "fan", "kind": "motor", "topic": "pinzero/attic/fan", "discovery": "homeassistant/device/pinzero_0123456789abcdef_fan/config" },
            { "name": "lamp", "kind": "relay", "topic": "pinzero/attic/lamp", "discovery": "hass/device/pinzero_0123456789abcdef_lamp/config" },
        ],
    });
    house.broker.deliver(Message::new(INFO, former.to_string()).retained());
    for topic in [
        "pinzero/attic/fan/state",
        "pinzero/attic/fan/availability",
        "homeassistant/device/pinzero_0123456789abcdef_fan/config",
    ] {
        house.broker.expect(topic, str::is_empty);
    }
    // The prefix of the discovery was another.
    house.broker.expect("hass/device/pinzero_0123456789abcdef_lamp/config", str::is_empty);
    house.broker.expect("hass/device/pinzero_0123456789abcdef/config", str::is_empty);
    assert!(house.broker.kept().contains_key("pinzero/attic/lamp/state"));
}

#[test]
fn an_entity_that_a_device_no_longer_has_is_taken_back_and_the_device_stays() {
    let house = House::new(PUMP);
    expect(&house, PUMP_TOPIC, |_| true);
    let former = json!({ "identity": "0123456789abcdef", "devices": [{ "name": "pump", "topic": "pinzero/attic/pump", "entities": ["light", "sensor.power", "switch"] }] });
    house.broker.deliver(Message::new(INFO, former.to_string()).retained());
    let pump = expect(&house, PUMP_TOPIC, |pump| pump["components"].get("light").is_some());
    assert_eq!(pump["components"]["light"], json!({ "platform": "light" }));
    assert_eq!(pump["components"]["sensor.power"], json!({ "platform": "sensor" }));
    assert_eq!(pump["components"]["switch"]["unique_id"], "pinzero_0123456789abcdef_pump");
}

#[test]
fn facts_that_are_none_and_own_facts_take_nothing_back() {
    let house = House::new(PUMP);
    house.broker.expect("pinzero/attic/status", |status| status == "online");
    let before = house.broker.kept();
    let own = before[INFO].clone();
    let hostile =
        json!({ "identity": "0123456789abcdef", "devices": [{ "name": "x", "topic": "pinzero/#", "discovery": "$SYS/x" }] }).to_string();
    for rubbish in ["", "{", "[]", "7", r#"{"devices":7}"#, r#"{"devices":[{}]}"#, &own, &hostile] {
        house.broker.deliver(Message::new(INFO, rubbish).retained());
    }
    // Commands are taken in turn, so all that came before has been taken.
    house.set("pump", "ON");
    house.expect_state("pump", &json!({ "state": "ON" }));
    let after = house.broker.kept();
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    assert_eq!(house.broker.cleared(), [""; 0]);
}

#[test]
fn all_is_told_again_within_two_seconds_after_home_assistant_has_started() {
    let house = House::on(mock::builder().time_by_hand().open(), PUMP);
    house.broker.expect("pinzero/attic/status", |status| status == "online");
    house.broker.send("homeassistant/status", "online");
    // A second start before the answer asks for no second answer.
    house.broker.send("homeassistant/status", "online");
    house.broker.send("pinzero/attic/pump/get", "");
    house.expect_state("pump", &json!({ "state": "OFF" }));
    assert_eq!(house.broker.messages(), [], "an answer at once");
    house.gpio.advance(ms(2000));
    let told = expect(&house, PUMP_TOPIC, |_| true);
    assert_eq!(told["device"]["name"], "Pond pump");
    house.expect_state("pump", &json!({ "state": "OFF" }));
    house.gpio.advance(ms(2000));
    house.broker.send("pinzero/attic/pump/get", "");
    let told =
        house.broker.collect(|told| told.iter().any(|message| message.topic == "pinzero/attic/pump/state"));
    assert!(told.iter().all(|message| message.topic != PUMP_TOPIC), "a second answer");
}

// The topic of the birth message has a setting of its own in Home Assistant.
#[test]
fn home_assistant_may_tell_its_start_below_its_usual_prefix_and_below_that_of_the_discovery() {
    let house =
        House::on(mock::builder().time_by_hand().open(), &format!("[mqtt]\ndiscovery = \"hass\"\n{PUMP}"));
    house.broker.expect("pinzero/attic/status", |status| status == "online");
    for topic in ["homeassistant/status", "hass/status"] {
        assert!(house.broker.filters().iter().any(|filter| filter == topic), "{:?}", house.broker.filters());
        house.broker.send(topic, "online");
        house.set("pump", "OFF");
        house.expect_state("pump", &json!({ "state": "OFF" }));
        house.gpio.advance(ms(2000));
        house.broker.expect("hass/device/pinzero_0123456789abcdef_pump/config", |_| true);
        house.broker.expect("pinzero/attic/status", |status| status == "online");
    }
}

#[test]
fn a_part_that_appears_as_another_kind_of_entity_takes_the_former_one_back() {
    let house = House::new("[led.lamp]\npin = 17\n");
    let topic = "homeassistant/device/pinzero_0123456789abcdef_lamp/config";
    expect(&house, topic, |lamp| lamp["components"].get("light").is_some());
    let changed = Circuit::parse("[led.lamp]\npin = 17\n[mqtt.device.lamp]\nas = \"switch\"\n").unwrap();
    assert_eq!(house.node.reload(&changed).opened, ["lamp"]);
    let lamp = expect(&house, topic, |lamp| lamp["components"].get("switch").is_some());
    assert_eq!(lamp["components"]["light"], json!({ "platform": "light" }));
    house.node.reload(&Circuit::parse("[led.lamp]\npin = 17\n").unwrap());
    let lamp = expect(&house, topic, |lamp| lamp["components"]["switch"] == json!({ "platform": "switch" }));
    assert_eq!(lamp["components"]["light"]["schema"], "json");
}

// A lamp does not go off because it has got another name.
#[test]
fn what_only_people_see_changes_without_a_touch_of_the_device() {
    let parts = "[relay.pump]\npin = 17\n[button.bell]\npin = 2\n";
    let house = House::new(parts);
    house.set("pump", r#"{"state":"ON","for":600}"#);
    house.expect_state("pump", &json!({ "state": "ON" }));
    let looks = "name = \"Pond pump\"\nicon = \"mdi:pump\"\narea = \"Garden\"\nclass = \"outlet\"\n";
    let text = format!("{parts}[mqtt.device.pump]\n{looks}[mqtt.device.bell]\nname = \"Bell\"\n");
    let changes = house.node.reload(&Circuit::parse(&text).unwrap());
    assert_eq!((changes.opened.len(), changes.kept), (0, vec!["bell".to_owned(), "pump".to_owned()]));
    let told = expect(&house, PUMP_TOPIC, |told| told["device"]["name"] == "Pond pump");
    assert_eq!(told["device"]["suggested_area"], "Garden");
    let switch = &told["components"]["switch"];
    assert_eq!((&switch["icon"], &switch["device_class"]), (&json!("mdi:pump"), &json!("outlet")));
    assert_eq!(house.components("bell")["device_automation.click"]["subtype"], "Bell");
    assert!(house.gpio.line(17).level() == Level::High, "the pump goes on");
    house.gpio.advance(secs(600));
    house.expect_state("pump", &json!({ "state": "OFF" }));
}

#[test]
fn a_part_that_becomes_one_without_a_state_leaves_none() {
    let house = House::new("[button.door]\npin = 2\n");
    house.expect_state("door", &json!({ "state": "OFF" }));
    let keypad = "[keypad.door]\nrows = [5, 6]\ncolumns = [13, 19]\nkeys = [\"12\", \"34\"]\n";
    assert_eq!(house.node.reload(&Circuit::parse(keypad).unwrap()).opened, ["door"]);
    house.broker.expect("pinzero/attic/door/state", str::is_empty);
    assert!(house.broker.kept().contains_key("pinzero/attic/door/availability"));
}
