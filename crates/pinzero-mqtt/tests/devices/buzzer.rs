//! A buzzer as a siren.

use pinzero::Level;
use pinzero::time::ms;
use serde_json::json;

use crate::house::House;
use crate::led::entity;

const ALARM: &str = "[buzzer.alarm]\npin = 22\n";

#[test]
fn a_siren_has_tones_and_a_duration() {
    let house = House::new(ALARM);
    house.expect_state("alarm", &json!({ "state": "OFF" }));
    house.set("alarm", r#"{"state":"ON","tone":"beep","duration":2}"#);
    house.expect_state("alarm", &json!({ "state": "ON", "tone": "beep" }));
    assert_eq!(house.gpio.line(22).level(), Level::High);
    house.gpio.advance(ms(300));
    assert_eq!(house.gpio.line(22).level(), Level::Low);
    house.gpio.advance(ms(1800));
    house.expect_state("alarm", &json!({ "state": "OFF" }));
    house.gpio.advance(ms(300));
    assert_eq!(house.gpio.line(22).level(), Level::Low);
    assert_eq!(entity(&house, "alarm")["available_tones"], json!(["steady", "beep"]));
}

#[test]
fn a_newer_command_ends_the_beeps_and_their_end() {
    let house = House::new(ALARM);
    house.set("alarm", r#"{"state":"ON","tone":"beep","duration":1}"#);
    house.expect_state("alarm", &json!({ "state": "ON", "tone": "beep" }));
    house.set("alarm", "ON");
    house.expect_state("alarm", &json!({ "state": "ON", "tone": "steady" }));
    house.gpio.advance(ms(1400));
    assert_eq!(house.gpio.line(22).level(), Level::High);
    for wrong in [
        r#"{"state":"OFF","tone":"opera"}"#,
        r#"{"state":"OFF","volume_level":0.5}"#,
        r#"{"state":"ON","duration":1,"for":1}"#,
        r#"{"state":"ON","duration":"long"}"#,
        r#"{"duration":1}"#,
        "3",
    ] {
        house.set("alarm", wrong);
        house.expect_state("alarm", &json!({ "state": "ON", "tone": "steady" }));
    }
    assert_eq!(house.gpio.line(22).level(), Level::High);
}
