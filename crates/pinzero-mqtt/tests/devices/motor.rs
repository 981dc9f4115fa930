//! A motor as a fan or a switch.

use pinzero::time::ms;
use serde_json::{Value, json};

use crate::house::House;
use crate::led::entity;

const FAN: &str = "[motor.fan]\nforward = 23\nbackward = 24\n";

fn state(percentage: u8, direction: &str) -> Value {
    let state = if percentage > 0 { "ON" } else { "OFF" };
    json!({ "state": state, "percentage": percentage, "direction": direction })
}

fn duties(house: &House) -> [f64; 2] {
    [23, 24].map(|pin| house.gpio.line(pin).pulse().unwrap().duty())
}

#[test]
fn a_fan_has_a_speed_and_a_direction() {
    let house = House::new(FAN);
    house.expect_state("fan", &state(0, "forward"));
    house.set("fan", "40");
    house.expect_state("fan", &state(40, "forward"));
    assert_eq!(duties(&house), [0.4, 0.0]);
    house.set("fan", r#"{"direction":"reverse"}"#);
    house.expect_state("fan", &state(40, "reverse"));
    assert_eq!(duties(&house), [0.0, 0.4]);
    house.set("fan", "OFF");
    house.expect_state("fan", &state(0, "reverse"));
    house.set("fan", r#"{"direction":"forward"}"#);
    house.expect_state("fan", &state(0, "forward"));
    assert_eq!(duties(&house), [0.0, 0.0]);
    house.set("fan", r#"{"state":"ON","for":3}"#);
    house.expect_state("fan", &state(40, "forward"));
    house.gpio.advance(ms(3100));
    house.expect_state("fan", &state(0, "forward"));
    assert_eq!(duties(&house), [0.0, 0.0]);
    let told = entity(&house, "fan");
    assert_eq!(told["platform"], "fan");
    assert_eq!(told["percentage_command_template"], r#"{"percentage": {{ value }}}"#);
}

#[test]
fn a_wrong_speed_or_direction_is_refused() {
    let house = House::new(FAN);
    house.set("fan", "100");
    house.expect_state("fan", &state(100, "forward"));
    for wrong in ["101", "-40", r#"{"direction":"left"}"#, r#"{"percentage":"50"}"#, r#"{"for":1}"#, "{}"] {
        house.set("fan", wrong);
        house.expect_state("fan", &state(100, "forward"));
    }
    assert_eq!(duties(&house), [1.0, 0.0]);
}

#[test]
fn a_motor_can_be_a_switch() {
    let house = House::new(&format!("{FAN}[mqtt.device.fan]\nas = \"switch\"\nclass = \"outlet\"\n"));
    house.set("fan", "ON");
    house.expect_state("fan", &state(100, "forward"));
    let told = entity(&house, "fan");
    assert_eq!((&told["platform"], &told["device_class"]), (&json!("switch"), &json!("outlet")));
}
