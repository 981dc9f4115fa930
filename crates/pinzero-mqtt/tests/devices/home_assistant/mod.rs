//! Home Assistant's part of the game: each message of the discovery is checked against the documented keys, each state is read, each event is
//! received, and each command that Home Assistant would send is carried out.

mod reader;
mod remote;
mod templates;
mod validator;

use std::any::Any;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use pinzero::mock::{self, MockGpio};
use pinzero::time::{ms, secs};
use pinzero_parts::LcdBackpack;
use serde_json::{Value, json};

use crate::house::House;
use reader::Effect;
use validator::Components;

/// Circuits that have all kinds of parts between them, in all the forms in which a part can appear.
const CIRCUITS: [&str; 4] = [
    r##"
[relay.pump]
pin = 17
[relay."wärme"]
pin = 26
[relay.socket]
pin = 27
[led.desk]
pin = 18
[led.lamp]
pin = 22
[led.sign]
pin = 23
[rgb_led.mood]
red = 5
green = 6
blue = 13
[buzzer.bell]
pin = 24
[servo.arm]
pin = 12
[servo.blind]
pin = 19
[motor.blower]
forward = 20
backward = 21
[motor.mill]
forward = 7
backward = 8

[mqtt.device.socket]
class = "outlet"
name = "Socket"
area = "Kitchen"
icon = "mdi:power-socket-eu"
[mqtt.device.lamp]
dimmable = false
[mqtt.device.sign]
as = "switch"
[mqtt.device.blind]
as = "cover"
class = "blind"
[mqtt.device.mill]
as = "switch"
"##,
    r##"
[button.door]
pin = 2
[button.hall]
pin = 3
[switch.gate]
pin = 22
[motion_sensor.stairs]
pin = 23
[line_sensor.belt]
pin = 24
[rotary_encoder.knob]
a = 27
b = 17
[rotary_encoder.dial]
a = 19
b = 26
[keypad.code]
rows = [5, 6]
columns = [12, 13]
keys = ["12", "3#"]
[distance_sensor.tank]
trigger = 25
echo = 16
[light_sensor.window]
pin = 18
[dht11.cellar]
pin = 20
[dht22.room]
pin = 21
[potentiometer.level]
channel = 0
[tmp36.shed]
channel = 1

[mqtt.device.door]
class = "doorbell"
[mqtt.device.gate]
class = "door"
name = "Garden gate"
[mqtt.device.dial]
as = "sensor"
[mqtt.device.tank]
unit = "cm"
digits = 0
"##,
    r##"
[character_display.panel]
[seven_segment_display.clock]
segments = [4, 17, 27, 22, 5, 6, 13, 19]
digits = [16, 20, 21, 26]
"##,
    r##"
[pulse_counter.clicks]
pin = 4
[pulse_counter.water]
pin = 5
[pulse_counter.well]
pin = 6
[pulse_counter.energy]
pin = 7
[pulse_counter.rain]
pin = 8
[pulse_counter.way]
pin = 9
[pulse_counter.gas]
pin = 10

[mqtt.device.water]
unit = "L"
pulses_per_unit = 450
[mqtt.device.well]
unit = "gal"
[mqtt.device.energy]
unit = "kWh"
pulses_per_unit = 1000
[mqtt.device.rain]
unit = "mm"
[mqtt.device.way]
unit = "km"
[mqtt.device.gas]
unit = "m³"
class = "gas"
"##,
];

/// The kinds of parts that need more than pins: files of the kernel.
const ELSEWHERE: [&str; 1] = ["ds18b20"];

/// Returns pins with all that is to be connected with them.
fn pins() -> (MockGpio, Vec<Box<dyn Any>>) {
    let gpio = mock::gpio();
    let room = gpio.dht22(21);
    room.set(21.3, 55.0);
    let cellar = gpio.dht11(20);
    cellar.set(11.0, 70.0);
    let tank = gpio.echo(25, 16);
    tank.set_distance(0.8);
    let converter = gpio.mcp3008([11, 10, 9, 8]);
    converter.set(0, 512);
    converter.set(1, 233);
    let parts: Vec<Box<dyn Any>> = vec![
        Box::new((room, cellar, tank, converter)),
        Box::new(gpio.capacitor(18, ms(2))),
        Box::new(gpio.i2c_chip(1, 0x27, LcdBackpack::new())),
    ];
    (gpio, parts)
}

/// Opens a house with all that may be connected.
fn open(circuit: &str) -> (House, BTreeMap<String, Components>, Vec<Box<dyn Any>>) {
    let (gpio, parts) = pins();
    let (house, devices) = open_on(gpio, circuit);
    (house, devices, parts)
}

/// Opens a house, and returns its devices as Home Assistant knows them: the components, by the topic of the discovery.
fn open_on(gpio: MockGpio, circuit: &str) -> (House, BTreeMap<String, Components>) {
    let house = House::on(gpio, circuit);
    // The status is told last.
    house.broker.expect("pinzero/attic/status", |status| status == "online");
    let kept = house.broker.kept();
    let told = kept.iter().filter(|(topic, _)| topic.starts_with("homeassistant/"));
    let check = |(topic, payload): (&String, &String)| {
        let (problems, components) = validator::check(topic, payload);
        assert_eq!(problems, [""; 0], "{topic}: {payload}");
        (topic.clone(), components)
    };
    (house, told.map(check).collect())
}

/// Returns the entities that read from a topic.
fn readers(devices: &BTreeMap<String, Components>, topic: &str) -> Vec<serde_json::Map<String, Value>> {
    let all = devices.values().flat_map(BTreeMap::values);
    all.filter(|component| component.values().any(|value| value == topic)).cloned().collect()
}

#[test]
fn home_assistant_understands_each_device_and_each_state() {
    for circuit in CIRCUITS {
        let (house, devices, _parts) = open(circuit);
        assert_eq!(validator::check_together(devices.values()), [""; 0]);
        for entity in devices.values().flat_map(BTreeMap::values) {
            for (_, topic) in entity.iter().filter(|(key, _)| key.ends_with("state_topic")) {
                let topic = topic.as_str().unwrap();
                // Events are not kept.
                if topic.ends_with("/event") {
                    continue;
                }
                let state = house.broker.expect_kept(topic);
                assert_eq!(reader::faults(entity, &state), [""; 0], "{topic}: {state} for {entity:?}");
            }
        }
        let kept = house.broker.kept();
        for topic in kept.keys().filter(|topic| topic.ends_with("/state")) {
            assert!(!readers(&devices, topic).is_empty(), "nobody reads {topic}");
        }
    }
}

#[test]
fn there_is_a_device_of_each_kind_of_part() {
    let schema: Value =
        serde_json::from_str(include_str!("../../../../pinzero-circuit/circuit.schema.json")).unwrap();
    let all = schema["properties"].as_object().unwrap().iter();
    // A kind of part is a table of tables.
    let kinds = all.filter(|(_, kind)| kind.get("additionalProperties").is_some_and(Value::is_object));
    let mut kinds: BTreeSet<String> = kinds.map(|(name, _)| name.clone()).collect();
    assert!(kinds.len() > 20, "{kinds:?}");
    for circuit in CIRCUITS {
        let (house, devices, _parts) = open(circuit);
        let info: Value = serde_json::from_str(&house.broker.kept()["pinzero/attic/info"]).unwrap();
        for device in info["devices"].as_array().unwrap() {
            assert!(devices.contains_key(device["discovery"].as_str().unwrap()), "{device} is not told of");
            kinds.remove(device["kind"].as_str().unwrap());
        }
    }
    assert_eq!(kinds, BTreeSet::from(ELSEWHERE.map(str::to_owned)));
}

#[test]
fn all_commands_of_home_assistant_are_carried_out_and_seen_there() {
    for circuit in CIRCUITS {
        let (house, devices, _parts) = open(circuit);
        for entity in devices.values().flat_map(BTreeMap::values) {
            let Some(set) = entity.get("command_topic").and_then(Value::as_str) else { continue };
            let device = set.strip_suffix("/set").unwrap();
            let wishes = remote::wishes(entity);
            assert!(!wishes.is_empty(), "no command for {entity:?}");
            for wish in wishes {
                house.broker.send(set, &wish.command);
                // What takes time may take ten seconds.
                let is_granted = (0..100).any(|_| {
                    house.broker.send(&format!("{device}/get"), "");
                    let state = house.broker.expect(&format!("{device}/state"), |_| true);
                    assert_eq!(reader::faults(entity, &state), [""; 0], "{device}: {state}");
                    house.gpio.advance(ms(100));
                    (wish.is_granted)(&state)
                });
                assert!(is_granted, "{device} does not do {}", wish.command);
            }
        }
    }
}

/// Waits for an event that satisfies the test, and returns all up to this one.
fn events(house: &House, topic: &str, is_last: impl Fn(&Value) -> bool) -> BTreeSet<String> {
    let seen = RefCell::new(BTreeSet::new());
    house.broker.expect(topic, |payload| {
        seen.borrow_mut().insert(payload.to_owned());
        is_last(&serde_json::from_str(payload).unwrap())
    });
    seen.into_inner()
}

#[test]
fn events_are_shown_and_run_automations() {
    let gpio = mock::gpio();
    let keys = gpio.keypad([5, 6], [12, 13]);
    let (house, devices) = open_on(
        gpio,
        "[button.door]\npin = 2\n[keypad.code]\nrows = [5, 6]\ncolumns = [12, 13]\nkeys = [\"12\", \"3#\"]\n",
    );
    let effects = |topic: &str, events: &BTreeSet<String>| -> Vec<Effect> {
        let readers = readers(&devices, topic);
        let all = events
            .iter()
            .flat_map(|event| readers.iter().map(move |entity| reader::event(entity, event).unwrap()));
        all.filter(|effect| *effect != Effect::Nothing).collect()
    };
    house.gpio.line(2).press(ms(80));
    house.gpio.advance(secs(1));
    let door = "pinzero/attic/door/event";
    let found = effects(door, &events(&house, door, |event| event["event_type"] == "click"));
    let shown = |kind: &str| Effect::Event(kind.to_owned());
    assert_eq!(found.len(), 4, "{found:?}");
    for effect in [shown("press"), shown("release"), shown("click"), Effect::Trigger] {
        assert!(found.contains(&effect), "{found:?}");
    }
    keys.press(1, 1);
    house.gpio.advance(ms(200));
    keys.release(1, 1);
    house.gpio.advance(ms(200));
    let code = "pinzero/attic/code/event";
    let found = effects(code, &events(&house, code, |event| event["event_type"] == "release"));
    assert_eq!(found, [shown("#")]);
}

/// A message that is right, to be made wrong.
fn right() -> Value {
    json!({
        "device": { "identifiers": ["pinzero_1_room"], "name": "Room" },
        "origin": { "name": "pinzero" },
        "availability": [{ "topic": "pinzero/attic/status" }],
        "availability_mode": "all",
        "components": {
            "sensor.temperature": {
                "platform": "sensor", "unique_id": "1.t", "default_entity_id": "sensor.room_temperature", "name": "Temperature",
                "device_class": "temperature", "state_class": "measurement", "unit_of_measurement": "°C",
                "state_topic": "pinzero/attic/room/state", "value_template": "{{ value_json.temperature }}",
            },
            "light": {
                "platform": "light", "unique_id": "1.l", "default_entity_id": "light.room", "name": null, "schema": "json",
                "supported_color_modes": ["rgb"], "brightness": true,
                "state_topic": "pinzero/attic/room/state", "command_topic": "pinzero/attic/room/set",
            },
            "device_automation.click": {
                "platform": "device_automation", "automation_type": "trigger", "type": "button_short_press", "subtype": "button_1",
                "topic": "pinzero/attic/room/event",
            },
            "switch": { "platform": "switch" },
        },
    })
}

const TOPIC: &str = "homeassistant/device/pinzero_1_room/config";

#[test]
fn the_validator_accepts_what_is_right_and_nothing_else() {
    assert_eq!(validator::check(TOPIC, &right().to_string()).0, [""; 0]);
    let wrong = [
        ("/model", json!("room")),
        ("/device/model_name", json!("room")),
        ("/device/identifiers", json!([])),
        ("/device/name", json!(5)),
        ("/origin/name", Value::Null),
        ("/origin", json!({})),
        ("/availability_mode", json!("both")),
        ("/availability/0/payload", json!("online")),
        ("/qos", json!(3)),
        ("/components", json!({})),
        ("/components/sensor.temperature/platform", json!("thermometer")),
        ("/components/sensor.temperature/unique_id", Value::Null),
        ("/components/sensor.temperature/default_entity_id", json!("room_temperature")),
        ("/components/sensor.temperature/default_entity_id", json!("sensor.Room")),
        ("/components/sensor.temperature/object_id", json!("room_temperature")),
        ("/components/sensor.temperature/device_class", json!("warmth")),
        ("/components/sensor.temperature/state_class", json!("total")),
        ("/components/sensor.temperature/unit_of_measurement", json!("C")),
        ("/components/sensor.temperature/value_template", json!("{{ value_json.temperature }")),
        ("/components/sensor.temperature/state_topic", json!("pinzero/+/state")),
        ("/components/sensor.temperature/payload_on", json!("ON")),
        ("/components/sensor.temperature/icon", json!("thermometer")),
        ("/components/light/schema", json!("basic")),
        ("/components/light/supported_color_modes", json!(["rgb", "onoff"])),
        ("/components/light/supported_color_modes", json!(["red"])),
        ("/components/light/effect", json!(true)),
        ("/components/light/brightness_value_template", json!("{{ value_json.brightness }}")),
        ("/components/light/name", json!("")),
        ("/components/device_automation.click/unique_id", json!("1.c")),
        ("/components/device_automation.click/automation_type", json!("click")),
        ("/components/switch/name", json!("A switch that is to go")),
    ];
    for (place, value) in wrong {
        let mut message = right();
        let (parent, key) = place.rsplit_once('/').unwrap();
        message.pointer_mut(parent).unwrap()[key] = value.clone();
        let problems = validator::check(TOPIC, &message.to_string()).0;
        assert!(!problems.is_empty(), "{place} = {value} is accepted");
    }
    for missing in [
        "/device",
        "/origin",
        "/components",
        "/components/light/command_topic",
        "/components/device_automation.click/topic",
    ] {
        let mut message = right();
        let (parent, key) = missing.rsplit_once('/').unwrap();
        message.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key);
        assert!(
            !validator::check(TOPIC, &message.to_string()).0.is_empty(),
            "a message without {missing} is accepted"
        );
    }
    for topic in [
        "homeassistant/device/pump 1/config",
        "homeassistant/switch/pump/config",
        "device/pump/config",
        "homeassistant/device/pump",
    ] {
        assert!(!validator::check(topic, &right().to_string()).0.is_empty(), "{topic} is accepted");
    }
    assert!(!validator::check(TOPIC, "[]").0.is_empty());
    let twice = validator::check(TOPIC, &right().to_string()).1;
    assert_eq!(validator::check_together([&twice, &twice].into_iter()).len(), 4);
}

#[test]
fn the_reader_accepts_no_state_that_home_assistant_would_drop() {
    let (_, components) = validator::check(TOPIC, &right().to_string());
    let faults = |key: &str, payload: &str| reader::faults(&components[key], payload).len();
    assert_eq!(faults("sensor.temperature", r#"{"temperature":21.5}"#), 0);
    assert_eq!(faults("sensor.temperature", r#"{"temperature":null}"#), 0);
    assert_eq!(faults("sensor.temperature", r#"{"temperature":"warm"}"#), 1);
    let light = r#"{"state":"ON","brightness":200,"color_mode":"rgb","color":{"r":1,"g":2,"b":3}}"#;
    assert_eq!(faults("light", light), 0);
    assert_eq!(faults("light", r#"{"state":"OFF"}"#), 0);
    for wrong in [
        r#"{"state":"on","brightness":200,"color_mode":"rgb","color":{"r":1,"g":2,"b":3}}"#,
        r#"{"state":"ON","brightness":300,"color_mode":"rgb","color":{"r":1,"g":2,"b":3}}"#,
        r#"{"state":"ON","brightness":200,"color_mode":"hs","color":{"h":1,"s":2}}"#,
        r#"{"state":"ON","brightness":200,"color_mode":"rgb"}"#,
        r#"{"state":"ON","brightness":200,"color":{"r":1,"g":2,"b":3}}"#,
        r#"{"state":"ON","brightness":200,"color_mode":"rgb","color":{"r":1,"g":2,"b":3},"effect":"rain"}"#,
        "ON",
    ] {
        assert_ne!(faults("light", wrong), 0, "{wrong}");
    }
    let event = json!({ "platform": "event", "event_types": ["click"] });
    let event = |payload: &str| reader::event(event.as_object().unwrap(), payload);
    assert_eq!(event(r#"{"event_type":"click","at":1}"#), Ok(Effect::Event("click".to_owned())));
    assert!(event(r#"{"event_type":"hop"}"#).is_err() && event("click").is_err() && event("{}").is_err());
}
