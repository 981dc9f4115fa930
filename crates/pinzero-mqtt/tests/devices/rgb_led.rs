//! A LED of three colors as a light.

use pinzero::time::ms;
use serde_json::{Value, json};

use crate::house::House;
use crate::led::entity;

const MOOD: &str = "[rgb_led.mood]\nred = 9\ngreen = 10\nblue = 11\n";

fn duties(house: &House) -> [f64; 3] {
    [9, 10, 11].map(|pin| (house.gpio.line(pin).pulse().unwrap().duty() * 255.0).round())
}

fn state(state: &str, brightness: u8, [r, g, b]: [u8; 3], effect: &str) -> Value {
    json!({
        "state": state, "brightness": brightness, "color": { "r": r, "g": g, "b": b }, "color_mode": "rgb",
        "effect": effect,
    })
}

#[test]
fn a_color_is_scaled_by_the_brightness() {
    let house = House::new(MOOD);
    house.expect_state("mood", &state("OFF", 255, [255, 255, 255], "none"));
    house.set("mood", r#"{"state":"ON","color":{"r":200,"g":100,"b":0}}"#);
    house.expect_state("mood", &state("ON", 255, [200, 100, 0], "none"));
    assert_eq!(duties(&house), [200.0, 100.0, 0.0]);
    house.set("mood", "51");
    house.expect_state("mood", &state("ON", 51, [200, 100, 0], "none"));
    assert_eq!(duties(&house), [40.0, 20.0, 0.0]);
    house.set("mood", "OFF");
    house.expect_state("mood", &state("OFF", 51, [200, 100, 0], "none"));
    assert_eq!(duties(&house), [0.0; 3]);
    house.set("mood", "ON");
    house.expect_state("mood", &state("ON", 51, [200, 100, 0], "none"));
    house.set("mood", r#"{"color":{"r":0,"g":0,"b":0}}"#);
    house.expect_state("mood", &state("OFF", 51, [200, 100, 0], "none"));
    assert_eq!(entity(&house, "mood")["supported_color_modes"], json!(["rgb"]));
}

#[test]
fn a_color_fades_and_has_effects() {
    let house = House::new(MOOD);
    house.set("mood", r#"{"color":{"r":0,"g":0,"b":200},"transition":1}"#);
    house.expect_state("mood", &state("ON", 255, [0, 0, 200], "none"));
    house.gpio.advance(ms(500));
    assert!((90.0..110.0).contains(&duties(&house)[2]), "{:?}", duties(&house));
    house.set("mood", r#"{"effect":"blink"}"#);
    house.expect_state("mood", &state("ON", 255, [0, 0, 200], "blink"));
    assert_eq!(duties(&house), [0.0, 0.0, 200.0]);
    house.gpio.advance(ms(600));
    assert_eq!(duties(&house), [0.0; 3]);
    house.set("mood", r#"{"state":"OFF","for":1}"#);
    house.expect_state("mood", &state("OFF", 255, [0, 0, 200], "none"));
    house.gpio.advance(ms(1100));
    house.expect_state("mood", &state("ON", 255, [0, 0, 200], "none"));
    assert_eq!(duties(&house), [0.0, 0.0, 200.0]);
}

#[test]
fn a_wrong_color_is_refused() {
    let house = House::new(MOOD);
    house.set("mood", r#"{"color":{"r":1,"g":2,"b":3}}"#);
    house.expect_state("mood", &state("ON", 255, [1, 2, 3], "none"));
    for wrong in [
        r#"{"color":{"r":1,"g":2}}"#,
        r#"{"color":{"r":1,"g":2,"b":256}}"#,
        r#"{"color":{"r":1,"g":2,"b":"3"}}"#,
        r#"{"color":{"r":1,"g":2,"b":3,"w":4}}"#,
        r#"{"color":"red"}"#,
        r#"{"color":[1,2,3]}"#,
        r#"{"color":{"h":1,"s":2}}"#,
    ] {
        house.set("mood", wrong);
        house.expect_state("mood", &state("ON", 255, [1, 2, 3], "none"));
    }
    assert_eq!(duties(&house), [1.0, 2.0, 3.0]);
}
