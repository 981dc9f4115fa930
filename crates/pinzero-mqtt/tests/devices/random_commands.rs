//! Any commands at all, to all outputs.

use pinzero::Level;
use pinzero::time::{ms, secs};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::house::House;

const OUTPUTS: &str = "
[relay.relay]
pin = 4
[led.lamp]
pin = 17
[led.plain]
pin = 27
[rgb_led.mood]
red = 9
green = 10
blue = 11
[buzzer.alarm]
pin = 22
[motor.fan]
forward = 23
backward = 24
[servo.arm]
pin = 18
[servo.blind]
pin = 19
[mqtt.device.plain]
dimmable = false
[mqtt.device.blind]
as = \"cover\"
";

const DEVICES: [&str; 8] = ["relay", "lamp", "plain", "mood", "alarm", "fan", "arm", "blind"];

fn value() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        (-2..300).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(0.05.into()),
        Just(0.into())
    ];
    let words =
        ["ON", "OFF", "TOGGLE", "OPEN", "STOP", "blink", "pulse", "none", "beep", "steady", "reverse", ""];
    let color = number.clone().prop_map(|part| json!({ "r": part, "g": 9, "b": 200 }));
    prop_oneof![
        4 => number,
        4 => proptest::sample::select(words.to_vec()).prop_map(Value::from),
        1 => color,
        1 => Just(Value::Null),
        1 => Just(true.into()),
        1 => Just(Value::Array(Vec::new())),
    ]
}

fn payload() -> impl Strategy<Value = String> {
    let keys = [
        "state",
        "brightness",
        "color",
        "effect",
        "transition",
        "flash",
        "for",
        "tone",
        "duration",
        "percentage",
        "direction",
        "angle",
        "position",
        "at",
    ];
    let key = proptest::sample::select(keys.to_vec()).prop_map(str::to_owned);
    prop_oneof![
        6 => proptest::collection::btree_map(key, value(), 0..4).prop_map(|map| json!(map).to_string()),
        1 => value().prop_map(|value| value.to_string()),
        1 => "\\PC{0,20}",
    ]
}

/// Waits until all commands so far are carried out: those of each device are so in order. `word` is one that was not sent before.
fn settle(house: &House, word: &str) {
    for device in DEVICES {
        house.set(device, &json!({ "at": word }).to_string());
        house.broker.expect(&format!("pinzero/attic/{device}/refused"), |refusal| refusal.contains(word));
    }
}

#[test]
fn no_command_stops_the_node() {
    let house = House::new(OUTPUTS);
    let mut runner = TestRunner::deterministic();
    let command = (proptest::sample::select(DEVICES.to_vec()), payload());
    for number in 1..=2000 {
        let (device, payload) = command.new_tree(&mut runner).unwrap().current();
        house.set(device, &payload);
        if number % 50 == 0 {
            settle(&house, &format!("settle{number}"));
            house.gpio.advance(ms(20));
        }
    }
    for device in DEVICES {
        house.set(device, "OFF");
    }
    settle(&house, "end");
    house.gpio.advance(secs(400));
    for pin in [4, 17, 27, 9, 10, 11, 22, 23, 24] {
        assert_eq!(house.gpio.line(pin).level(), Level::Low, "GPIO{pin}");
    }
}
