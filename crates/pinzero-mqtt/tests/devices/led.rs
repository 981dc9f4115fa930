//! A LED as a light or a switch.

use pinzero::Level;
use pinzero::mock;
use pinzero::time::ms;
use serde_json::{Value, json};

use crate::house::House;

const LAMP: &str = "[led.lamp]\npin = 17\n";
const PLAIN: &str = "[led.lamp]\npin = 17\n[mqtt.device.lamp]\ndimmable = false\n";

/// Returns what Home Assistant is told of the only entity of a device.
pub(crate) fn entity(house: &House, device: &str) -> Value {
    house.components(device).into_iter().next().unwrap().1
}

fn duty(house: &House) -> f64 {
    house.gpio.line(17).pulse().unwrap().duty()
}

fn is_near(duty: f64, brightness: f64) -> bool {
    (duty - brightness / 255.0).abs() < 0.001
}

fn dimmed(state: &str, brightness: u8, effect: &str) -> Value {
    json!({ "state": state, "brightness": brightness, "color_mode": "brightness", "effect": effect })
}

/// mqtt-io#4: PWM.
#[test]
fn a_led_is_dimmed_and_keeps_its_brightness_while_off() {
    let house = House::new(LAMP);
    house.expect_state("lamp", &dimmed("OFF", 255, "none"));
    house.set("lamp", "51");
    house.expect_state("lamp", &dimmed("ON", 51, "none"));
    assert!(is_near(duty(&house), 51.0));
    house.set("lamp", "OFF");
    house.expect_state("lamp", &dimmed("OFF", 51, "none"));
    assert!(is_near(duty(&house), 0.0));
    house.set("lamp", "ON");
    house.expect_state("lamp", &dimmed("ON", 51, "none"));
    house.set("lamp", r#"{"brightness":0}"#);
    house.expect_state("lamp", &dimmed("OFF", 51, "none"));
    house.set("lamp", "TOGGLE");
    house.expect_state("lamp", &dimmed("ON", 51, "none"));
    assert!(is_near(duty(&house), 51.0));

    let told = entity(&house, "lamp");
    assert_eq!((&told["platform"], &told["schema"]), (&json!("light"), &json!("json")));
    assert_eq!(told["supported_color_modes"], json!(["brightness"]));
    assert_eq!(told["effect_list"], json!(["none", "blink", "pulse"]));
}

#[test]
fn a_transition_fades_and_a_newer_command_ends_it() {
    let house = House::new(LAMP);
    house.set("lamp", r#"{"state":"ON","brightness":200,"transition":2}"#);
    house.expect_state("lamp", &dimmed("ON", 200, "none"));
    house.gpio.advance(ms(1000));
    assert!((0.3..0.5).contains(&duty(&house)), "{}", duty(&house));
    house.set("lamp", r#"{"brightness":10}"#);
    house.expect_state("lamp", &dimmed("ON", 10, "none"));
    house.gpio.advance(ms(5000));
    assert!(is_near(duty(&house), 10.0));
    for odd in ["0.00000001", "2073600"] {
        house.set("lamp", &format!(r#"{{"state":"OFF","transition":{odd}}}"#));
        house.expect_state("lamp", &dimmed("OFF", 10, "none"));
        house.set("lamp", "ON");
        house.expect_state("lamp", &dimmed("ON", 10, "none"));
    }
}

#[test]
fn an_effect_runs_until_a_newer_command_and_the_state_tells_so() {
    let house = House::new(LAMP);
    house.set("lamp", r#"{"effect":"blink","brightness":102}"#);
    house.expect_state("lamp", &dimmed("ON", 102, "blink"));
    assert!(is_near(duty(&house), 102.0));
    house.gpio.advance(ms(600));
    assert!(is_near(duty(&house), 0.0));
    house.set("lamp", r#"{"effect":"pulse"}"#);
    house.expect_state("lamp", &dimmed("ON", 102, "pulse"));
    house.gpio.advance(ms(500));
    assert!((0.1..0.3).contains(&duty(&house)), "{}", duty(&house));
    house.set("lamp", r#"{"effect":"none"}"#);
    house.expect_state("lamp", &dimmed("ON", 102, "none"));
    house.gpio.advance(ms(1700));
    assert!(is_near(duty(&house), 102.0));
    house.set("lamp", r#"{"effect":"blink","for":1.2}"#);
    house.expect_state("lamp", &dimmed("ON", 102, "blink"));
    house.gpio.advance(ms(5000));
    house.expect_state("lamp", &dimmed("OFF", 102, "none"));
    assert!(is_near(duty(&house), 0.0));
}

#[test]
fn a_flash_returns_to_what_was_before() {
    let house = House::new(LAMP);
    house.set("lamp", "40");
    house.expect_state("lamp", &dimmed("ON", 40, "none"));
    house.set("lamp", r#"{"state":"ON","flash":2}"#);
    house.expect_state("lamp", &dimmed("ON", 40, "blink"));
    house.gpio.advance(ms(2100));
    house.expect_state("lamp", &dimmed("ON", 40, "none"));
    house.gpio.advance(ms(700));
    assert!(is_near(duty(&house), 40.0));
}

#[test]
fn a_flash_after_a_flash_returns_to_what_was_before_both() {
    let house = House::on(mock::builder().time_by_hand().open(), LAMP);
    house.set("lamp", r#"{"flash":10,"brightness":51}"#);
    house.expect_state("lamp", &dimmed("ON", 51, "blink"));
    house.gpio.advance(ms(700));
    house.set("lamp", r#"{"state":"ON","flash":2}"#);
    house.expect_state("lamp", &dimmed("ON", 255, "blink"));
    house.gpio.advance(ms(2100));
    house.expect_state("lamp", &dimmed("OFF", 255, "none"));
    house.gpio.line(17).clear();
    house.gpio.advance(ms(20_000));
    assert!(house.gpio.line(17).history().is_empty(), "{:?}", house.gpio.line(17).history());
    assert_eq!(house.gpio.line(17).level(), Level::Low);
}

#[test]
fn a_flash_leaves_a_command_its_end() {
    let house = House::on(mock::builder().time_by_hand().open(), LAMP);
    for (flash, rest) in [(1, 2000), (5, 0)] {
        house.set("lamp", r#"{"state":"ON","for":3}"#);
        house.expect_state("lamp", &dimmed("ON", 255, "none"));
        house.gpio.advance(ms(500));
        house.set("lamp", &format!(r#"{{"flash":{flash}}}"#));
        house.expect_state("lamp", &dimmed("ON", 255, "blink"));
        house.gpio.advance(ms(flash * 1000));
        if rest > 0 {
            house.expect_state("lamp", &dimmed("ON", 255, "none"));
            assert!(is_near(duty(&house), 255.0));
        }
        house.gpio.advance(ms(rest));
        house.expect_state("lamp", &dimmed("OFF", 255, "none"));
        assert!(is_near(duty(&house), 0.0));
    }
}

#[test]
fn a_wrong_command_is_refused_and_the_pin_is_as_before() {
    let house = House::new(LAMP);
    house.set("lamp", "77");
    house.expect_state("lamp", &dimmed("ON", 77, "none"));
    let writes = house.gpio.line(17).writes();
    for wrong in [
        "256",
        "-1",
        "NaN",
        "dim",
        "{}",
        "[1]",
        "{\"brightness\":\"50\"}",
        "{\"brightness\":null}",
        "{\"brightness\":1e999}",
        "{\"effect\":\"strobe\"}",
        "{\"effect\":1}",
        "{\"state\":1}",
        "{\"state\":\"ON\",\"transition\":-1}",
        "{\"state\":\"ON\",\"for\":1e300}",
        "{\"state\":\"ON\",\"color\":{\"r\":1,\"g\":1,\"b\":1}}",
        "{\"transition\":3}",
        "{\"flash\":2,\"for\":2}",
        "{\"state\":\"OFF\",\"brightness\":10,\"unknown\":true}",
    ] {
        house.set("lamp", wrong);
        house.expect_state("lamp", &dimmed("ON", 77, "none"));
    }
    assert_eq!(house.gpio.line(17).writes(), writes);
}

#[test]
fn a_led_that_is_not_dimmed_is_on_off_and_blinks() {
    let house = House::new(PLAIN);
    let state = |state, effect| json!({ "state": state, "color_mode": "onoff", "effect": effect });
    house.expect_state("lamp", &state("OFF", "none"));
    house.set("lamp", r#"{"effect":"blink"}"#);
    house.expect_state("lamp", &state("ON", "blink"));
    house.gpio.advance(ms(600));
    assert_eq!(house.gpio.line(17).level(), Level::Low);
    house.set("lamp", "ON");
    house.expect_state("lamp", &state("ON", "none"));
    for wrong in ["100", r#"{"brightness":3}"#, r#"{"effect":"pulse"}"#, r#"{"state":"OFF","transition":1}"#]
    {
        house.set("lamp", wrong);
        house.expect_state("lamp", &state("ON", "none"));
    }
    house.gpio.advance(ms(600));
    assert_eq!(house.gpio.line(17).level(), Level::High);
    assert_eq!(entity(&house, "lamp")["supported_color_modes"], json!(["onoff"]));
}

#[test]
fn a_led_can_be_a_switch() {
    let house =
        House::new("[led.lamp]\npin = 17\nactive_high = false\n[mqtt.device.lamp]\nas = \"switch\"\n");
    house.expect_state("lamp", &json!({ "state": "OFF" }));
    house.set("lamp", "ON");
    house.expect_state("lamp", &json!({ "state": "ON" }));
    assert_eq!(house.gpio.line(17).level(), Level::Low);
    assert_eq!(entity(&house, "lamp")["platform"], "switch");
}

#[test]
fn a_thousand_commands_end_in_the_last_one() {
    let house = House::new(LAMP);
    house.expect_state("lamp", &dimmed("OFF", 255, "none"));
    for number in 0..1000 {
        let command = match number % 4 {
            0 => r#"{"effect":"pulse"}"#.to_owned(),
            1 => format!(r#"{{"state":"ON","brightness":{},"transition":1}}"#, number % 200 + 1),
            2 => r#"{"state":"ON","for":0.001}"#.to_owned(),
            _ => r#"{"state":"ON","flash":1}"#.to_owned(),
        };
        house.set("lamp", &command);
    }
    house.set("lamp", "242");
    house.expect_state("lamp", &dimmed("ON", 242, "none"));
    house.gpio.advance(ms(10_000));
    assert!(is_near(duty(&house), 242.0));
}

#[test]
fn a_refusal_names_what_was_sent() {
    let house = House::new(&format!("{LAMP}[buzzer.horn]\npin = 18\n"));
    for (device, command, word) in
        [("lamp", r#"{"effect":"strobe"}"#, "strobe"), ("horn", r#"{"tone":"moo"}"#, "moo")]
    {
        house.set(device, command);
        let topic = format!("pinzero/attic/{device}/refused");
        house.broker.expect(&topic, |refusal| refusal.contains(word) && refusal.contains("possible are"));
    }
}
