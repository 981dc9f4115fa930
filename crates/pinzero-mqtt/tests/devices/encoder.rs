//! A rotary encoder as a number.

use pinzero::mock;
use pinzero::time::{ms, secs};
use serde_json::json;

use crate::house::House;

const KNOB: &str = "[rotary_encoder.knob]\na = 20\nb = 21\n";

#[test]
fn turns_are_told_and_a_command_sets_the_position() {
    let gpio = mock::gpio();
    let knob = gpio.encoder(20, 21);
    let house = House::on(gpio, KNOB);
    house.expect_state("knob", &json!({ "position": 0, "missed": 0 }));
    knob.turn(3, ms(50));
    house.gpio.advance(secs(1));
    house.expect_state("knob", &json!({ "position": 3, "missed": 0 }));
    house.set("knob", "40");
    house.expect_state("knob", &json!({ "position": 40, "missed": 0 }));
    knob.turn(-2, ms(50));
    house.gpio.advance(secs(1));
    house.expect_state("knob", &json!({ "position": 38, "missed": 0 }));
    house.set("knob", r#"{"position":-5}"#);
    house.expect_state("knob", &json!({ "position": -5, "missed": 0 }));
}

#[test]
fn a_wrong_position_is_refused() {
    let gpio = mock::gpio();
    let _knob = gpio.encoder(20, 21);
    let house = House::on(gpio, KNOB);
    house.expect_state("knob", &json!({ "position": 0, "missed": 0 }));
    for wrong in ["2.5", "1e9", "left", r#"{"position":"7"}"#, r#"{"speed":1}"#] {
        house.set("knob", wrong);
        house.expect_state("knob", &json!({ "position": 0, "missed": 0 }));
    }
}

#[test]
fn a_knob_is_a_number_or_a_sensor() {
    let gpio = mock::gpio();
    let _knob = gpio.encoder(20, 21);
    let house = House::on(gpio, KNOB);
    let components = house.components("knob");
    let component = components.values().next().unwrap();
    assert_eq!(
        (&component["platform"], &component["min"], &component["step"]),
        (&json!("number"), &json!(-10000), &json!(1))
    );

    let gpio = mock::gpio();
    let _knob = gpio.encoder(20, 21);
    let house =
        House::on(gpio, "[rotary_encoder.knob]\na = 20\nb = 21\n[mqtt.device.knob]\nas = \"sensor\"\n");
    let components = house.components("knob");
    let component = components.values().next().unwrap();
    assert_eq!(
        (&component["platform"], &component["state_class"]),
        (&json!("sensor"), &json!("measurement"))
    );
}
