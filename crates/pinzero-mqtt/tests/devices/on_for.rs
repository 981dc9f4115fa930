//! Outputs that go off by themselves: `on_for`.

use pinzero::Level;
use pinzero::mock;
use pinzero::time::ms;
use serde_json::{Value, json};

use crate::house::House;

/// Opens a part that is on for half a second at most, with these keys besides.
fn house(part: &str, keys: &str) -> House {
    House::new(&format!("{part}[mqtt.device.a]\non_for = 0.5\n{keys}"))
}

fn relay(keys: &str) -> House {
    house("[relay.a]\npin = 17\n", keys)
}

fn on() -> Value {
    json!({ "state": "ON" })
}

fn off() -> Value {
    json!({ "state": "OFF" })
}

#[test]
fn an_output_goes_off_by_itself_and_tells_so() {
    let house = relay("");
    for command in ["ON", "TOGGLE", r#"{"state":"ON"}"#] {
        house.set("a", command);
        house.expect_state("a", &on());
        house.gpio.advance(ms(499));
        assert_eq!(house.gpio.line(17).level(), Level::High, "{command}");
        house.gpio.advance(ms(2));
        house.expect_state("a", &off());
        assert_eq!(house.gpio.line(17).level(), Level::Low, "{command}");
    }
    house.set("a", "OFF");
    house.broker.send("pinzero/attic/a/get", "");
    house.expect_state("a", &off());
    house.gpio.advance(ms(2000));
    assert_eq!(house.gpio.line(17).level(), Level::Low);
}

#[test]
fn each_command_that_leaves_the_output_on_begins_the_time_anew() {
    let house = relay("");
    house.set("a", "ON");
    house.expect_state("a", &on());
    house.gpio.advance(ms(400));
    house.set("a", "ON");
    house.broker.send("pinzero/attic/a/get", "");
    house.expect_state("a", &on());
    house.gpio.advance(ms(400));
    assert_eq!(house.gpio.line(17).level(), Level::High);
    house.gpio.advance(ms(101));
    house.expect_state("a", &off());
}

#[test]
fn a_command_with_a_time_has_its_own() {
    let house = relay("");
    house.set("a", r#"{"state":"ON","for":2}"#);
    house.expect_state("a", &on());
    house.gpio.advance(ms(1999));
    assert_eq!(house.gpio.line(17).level(), Level::High);
    house.gpio.advance(ms(2));
    house.expect_state("a", &off());

    // No time at all: off at once.
    house.set("a", r#"{"state":"ON","for":0}"#);
    house.expect_state("a", &off());
    assert_eq!(house.gpio.line(17).level(), Level::Low);
    drop(house);

    // What follows an OFF with a time is ON, and that has an end as well.
    let house = relay("");
    house.expect_state("a", &off());
    house.set("a", r#"{"state":"OFF","for":1}"#);
    house.expect_state("a", &off());
    house.gpio.advance(ms(1001));
    house.expect_state("a", &on());
    house.gpio.advance(ms(501));
    house.expect_state("a", &off());
}

#[test]
fn an_output_that_is_on_at_first_goes_off_too() {
    let house = relay("initial = \"on\"\n");
    house.expect_state("a", &on());
    house.gpio.advance(ms(501));
    house.expect_state("a", &off());
}

/// After a crash, the pin may still be on.
#[test]
fn an_output_that_was_left_on_goes_off_too() {
    let gpio = mock::gpio();
    let left = pinzero::DigitalOutputDevice::builder(17)
        .initial_value(true)
        .on_close(pinzero::OnClose::Keep)
        .gpio(&gpio)
        .open()
        .unwrap();
    left.close().unwrap();
    let house = House::on(gpio, "[relay.a]\npin = 17\n[mqtt.device.a]\non_for = 0.5\n");
    house.expect_state("a", &on());
    house.gpio.advance(ms(501));
    house.expect_state("a", &off());
}

#[test]
fn the_end_of_the_node_is_the_end_of_the_time() {
    let house = relay("");
    house.set("a", "ON");
    house.expect_state("a", &on());
    house.node.stop();
    assert_eq!(house.gpio.line(17).level(), Level::Low);
    // An OFF with a time does not end ON, for nobody would switch that off.
    let house = relay("");
    house.set("a", r#"{"state":"OFF","for":1}"#);
    house.broker.send("pinzero/attic/a/get", "");
    house.expect_state("a", &off());
    house.node.stop();
    assert_eq!(house.gpio.line(17).level(), Level::Low);
}

#[test]
fn a_safe_state_that_is_on_ends_as_well() {
    let house = relay("safe = \"on\"\nsafe_after = 1\n");
    house.expect_state("a", &off());
    house.broker.go_away();
    house.broker.expect_refusal();
    house.gpio.advance(ms(1001));
    assert_eq!(house.gpio.line(17).level(), Level::High);
    house.gpio.advance(ms(501));
    assert_eq!(house.gpio.line(17).level(), Level::Low);
}

#[test]
fn an_effect_ends_and_a_flash_does_not_leave_the_lamp_on() {
    let house = house("[led.a]\npin = 18\n", "dimmable = false\n");
    let state =
        |state: &str, effect: &str| json!({ "state": state, "color_mode": "onoff", "effect": effect });
    house.set("a", r#"{"effect":"blink"}"#);
    house.expect_state("a", &state("ON", "blink"));
    house.gpio.advance(ms(501));
    house.expect_state("a", &state("OFF", "none"));
    house.gpio.advance(ms(2000));
    assert_eq!(house.gpio.line(18).level(), Level::Low);

    house.set("a", "ON");
    house.set("a", r#"{"flash":2}"#);
    house.expect_state("a", &state("ON", "blink"));
    house.gpio.advance(ms(2001));
    // The time was over in the middle of the flash.
    house.expect_state("a", &state("OFF", "none"));
    assert_eq!(house.gpio.line(18).level(), Level::Low);
}

#[test]
fn all_outputs_have_an_end() {
    for (part, command, state) in [
        ("[buzzer.a]\npin = 5\n", r#"{"tone":"beep"}"#, json!({ "state": "OFF" })),
        (
            "[motor.a]\nforward = 5\nbackward = 6\n",
            "40",
            json!({ "state": "OFF", "percentage": 0, "direction": "forward" }),
        ),
        ("[servo.a]\npin = 5\n", "20", json!({ "state": "OFF", "angle": null })),
        (
            "[rgb_led.a]\nred = 5\ngreen = 6\nblue = 7\n",
            "128",
            json!({ "state": "OFF", "color_mode": "rgb", "effect": "none", "brightness": 128, "color": { "r": 255, "g": 255, "b": 255 } }),
        ),
    ] {
        let house = house(part, "");
        house.set("a", command);
        house.broker.expect("pinzero/attic/a/state", |payload| payload.contains("\"ON\""));
        house.gpio.advance(ms(501));
        house.expect_state("a", &state);
    }
}

#[test]
fn a_cover_closes_by_itself_also_one_that_stopped_on_its_way() {
    let house = house("[servo.a]\npin = 5\n", "as = \"cover\"\n");
    let closed = json!({ "state": "closed", "position": 0 });
    house.set("a", "40");
    house.expect_state("a", &json!({ "state": "open", "position": 40 }));
    house.gpio.advance(ms(501));
    house.expect_state("a", &closed);
    house.set("a", "OPEN");
    house.expect_state("a", &json!({ "state": "open", "position": 100 }));
    house.set("a", "STOP");
    house.expect_state("a", &json!({ "state": "stopped", "position": null }));
    house.gpio.advance(ms(501));
    house.expect_state("a", &closed);
}
