//! A servo as a number or a cover.

use pinzero::time::{ms, us};
use serde_json::{Value, json};

use crate::house::House;
use crate::led::entity;

const ARM: &str = "[servo.arm]\npin = 18\nmin_angle = 0\nmax_angle = 180\n";
const BLIND: &str =
    "[servo.arm]\npin = 18\nmin_angle = 0\nmax_angle = 180\n[mqtt.device.arm]\nas = \"cover\"\n";

fn state(state: &str, angle: impl Into<Value>) -> Value {
    json!({ "state": state, "angle": angle.into() })
}

fn cover(state: impl Into<Value>, position: impl Into<Value>) -> Value {
    json!({ "state": state.into(), "position": position.into() })
}

#[test]
fn a_servo_turns_to_an_angle_and_lets_go() {
    let house = House::new(ARM);
    house.expect_state("arm", &state("OFF", Value::Null));
    // There is no angle to return to.
    house.set("arm", "ON");
    house.expect_state("arm", &state("OFF", Value::Null));
    house.set("arm", "90");
    house.expect_state("arm", &state("ON", 90.0));
    assert_eq!(house.gpio.line(18).pulse().unwrap().pulse, us(1500));
    house.set("arm", "OFF");
    house.expect_state("arm", &state("OFF", Value::Null));
    assert_eq!(house.gpio.line(18).pulse().unwrap().pulse, us(0));
    house.set("arm", r#"{"angle":180,"for":1}"#);
    house.expect_state("arm", &state("ON", 180.0));
    house.gpio.advance(ms(1100));
    house.expect_state("arm", &state("OFF", Value::Null));
    house.broker.send("pinzero/attic/arm/set_on_ms", "500");
    house.expect_state("arm", &state("ON", 180.0));
    house.gpio.advance(ms(600));
    house.expect_state("arm", &state("OFF", Value::Null));
    for wrong in ["181", "-1", r#"{"angle":"90"}"#, r#"{"position":3}"#, r#"{"for":1}"#] {
        house.set("arm", wrong);
        house.expect_state("arm", &state("OFF", Value::Null));
    }
    let told = entity(&house, "arm");
    assert_eq!((&told["min"], &told["max"]), (&json!(0.0), &json!(180.0)));
}

#[test]
fn a_servo_can_be_a_cover() {
    let house = House::new(BLIND);
    house.expect_state("arm", &cover(Value::Null, Value::Null));
    house.set("arm", "OPEN");
    house.expect_state("arm", &cover("open", 100));
    assert_eq!(house.gpio.line(18).pulse().unwrap().pulse, ms(2));
    house.set("arm", r#"{"position":25}"#);
    house.expect_state("arm", &cover("open", 25));
    assert_eq!(house.gpio.line(18).pulse().unwrap().pulse, us(1250));
    house.set("arm", "STOP");
    house.expect_state("arm", &cover("stopped", Value::Null));
    house.set("arm", r#"{"state":"OPEN","for":10}"#);
    house.expect_state("arm", &cover("open", 100));
    house.gpio.advance(ms(10_100));
    house.expect_state("arm", &cover("closed", 0));
    assert_eq!(house.gpio.line(18).pulse().unwrap().pulse, ms(1));
    for wrong in ["101", "UP", r#"{"state":"OPEN","position":3}"#, r#"{"state":"STOP","for":3}"#, "{}"] {
        house.set("arm", wrong);
        house.expect_state("arm", &cover("closed", 0));
    }
    assert_eq!(entity(&house, "arm")["platform"], "cover");
}

#[test]
fn a_cover_is_closed_without_a_broker_where_the_file_says_so() {
    let house = House::new(&format!("{BLIND}initial = \"on\"\nsafe = \"off\"\nsafe_after = 10\n"));
    house.expect_state("arm", &cover("open", 100));
    house.broker.go_away();
    let mut seconds = 0;
    while house.gpio.line(18).pulse().unwrap().pulse != ms(1) {
        assert!(seconds < 5000, "no safe state");
        seconds += 1;
        house.gpio.advance(ms(1000));
        std::thread::sleep(ms(1));
    }
}
