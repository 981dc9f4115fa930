//! The states of outputs without a command: at the start, after the end, and without a broker.

use pinzero::mock::{self, MockGpio};
use pinzero::time::secs;
use pinzero::{Capabilities, Level, LineFunction, OnClose, Support};
use pinzero_circuit::Circuit;
use serde_json::json;

use crate::house::House;

const RELAYS: &str = "[relay.pump]\npin = 17\n[relay.boiler]\npin = 27\nactive_high = false\n";

fn on() -> serde_json::Value {
    json!({ "state": "ON" })
}

fn off() -> serde_json::Value {
    json!({ "state": "OFF" })
}

/// Drives a pin and leaves it driven, as a run before this one.
fn leave(gpio: &MockGpio, pin: u32, level: Level) {
    drop(gpio.output(pin).initial(level).on_close(OnClose::Keep).open().unwrap());
    gpio.line(pin).clear();
}

/// mqtt-io#23, #12: outputs are driven low at the start, and a boiler fires after a power cut. mqtt-io#131: inverted relays are on after
/// a restart of the computer.
#[test]
fn relays_are_off_after_a_power_cut_and_do_not_click() {
    let gpio = mock::gpio();
    // As after the start of the computer: an input with a pull. That of pin 27 would switch an inverted relay on.
    assert_eq!(gpio.line(27).level(), Level::Low);
    let house = House::on(gpio, RELAYS);
    house.expect_state("boiler", &off());
    house.expect_state("pump", &off());
    assert_eq!(house.gpio.line(27).level(), Level::High);
    assert_eq!(house.gpio.line(27).history().len(), 1);
    assert!(house.gpio.line(17).history().is_empty());
}

/// mqtt-io#73: relays chatter at the end. mqtt-io#283, #125: the state at the start is never told.
#[test]
fn relays_keep_what_is_on_the_pin_over_a_restart() {
    let gpio = mock::gpio();
    let house = House::on(gpio.clone(), RELAYS);
    house.set("pump", "ON");
    house.expect_state("pump", &on());
    house.set("boiler", "ON");
    house.expect_state("boiler", &on());
    house.set("boiler", "OFF");
    house.expect_state("boiler", &off());
    [17, 27].iter().for_each(|pin| gpio.line(*pin).clear());
    drop(house);
    assert_eq!(gpio.line(17).function(), LineFunction::Output);

    let house = House::on(gpio.clone(), RELAYS);
    house.expect_state("boiler", &off());
    house.expect_state("pump", &on());
    assert!(gpio.line(17).history().is_empty() && gpio.line(27).history().is_empty());
    house.set("boiler", "ON");
    house.expect_state("boiler", &on());
    drop(house);
    let house = House::on(gpio.clone(), RELAYS);
    house.expect_state("boiler", &on());
    assert_eq!((gpio.line(17).level(), gpio.line(27).level()), (Level::High, Level::Low));
}

#[test]
fn a_relay_whose_table_changes_does_not_click() {
    let house = House::new(RELAYS);
    house.set("boiler", "ON");
    house.expect_state("boiler", &on());
    house.gpio.line(27).clear();
    let circuit = Circuit::parse(&format!("{RELAYS}[mqtt.device.boiler]\nsafe = \"off\"\n")).unwrap();
    assert_eq!(house.node.reload(&circuit).opened, ["boiler"]);
    house.broker.send("pinzero/attic/boiler/get", "");
    house.expect_state("boiler", &on());
    assert!(house.gpio.line(27).history().is_empty());
}

#[test]
fn the_file_says_what_an_output_is_at_first_and_at_the_end() {
    let gpio = mock::gpio();
    leave(&gpio, 17, Level::High);
    leave(&gpio, 27, Level::High);
    let circuit = format!(
        "{RELAYS}[mqtt.device.pump]\ninitial = \"off\"\non_exit = \"on\"\n\
         [mqtt.device.boiler]\ninitial = \"on\"\non_exit = \"off\"\n"
    );
    let house = House::on(gpio.clone(), &circuit);
    house.expect_state("boiler", &on());
    house.expect_state("pump", &off());
    assert_eq!((gpio.line(17).level(), gpio.line(27).level()), (Level::Low, Level::Low));
    drop(house);
    assert_eq!((gpio.line(17).level(), gpio.line(27).level()), (Level::High, Level::High));
}

#[test]
fn a_timed_command_ends_with_the_node() {
    let gpio = mock::gpio();
    let house = House::on(gpio.clone(), RELAYS);
    house.set("pump", r#"{"state":"ON","for":5}"#);
    house.expect_state("pump", &on());
    house.set("boiler", r#"{"state":"ON","for":5}"#);
    house.expect_state("boiler", &on());
    house.set("boiler", "ON");
    house.broker.send("pinzero/attic/boiler/get", "");
    house.expect_state("boiler", &on());
    drop(house);
    assert_eq!((gpio.line(17).level(), gpio.line(27).level()), (Level::Low, Level::Low));
    let house = House::on(gpio.clone(), RELAYS);
    house.expect_state("boiler", &on());
    house.expect_state("pump", &off());
    gpio.advance(secs(10));
    assert_eq!((gpio.line(17).level(), gpio.line(27).level()), (Level::Low, Level::Low));
}

#[test]
fn the_state_after_the_end_is_told_before_the_node_is_offline() {
    let circuit = "[relay.pump]\npin = 17\n[relay.fire]\npin = 27\n[led.lamp]\npin = 5\n[relay.kept]\npin = 6\n\
                   [buzzer.bell]\npin = 12\n[motor.fan]\nforward = 23\nbackward = 24\n[servo.arm]\npin = 18\n\
                   [mqtt.device.fire]\non_exit = \"on\"\n";
    let house = House::new(circuit);
    house.set("pump", r#"{"state":"ON","for":600}"#);
    for device in ["lamp", "kept", "bell", "fan"] {
        house.set(device, "ON");
    }
    house.set("arm", "10");
    house.expect_state("arm", &json!({ "state": "ON", "angle": 10.0 }));
    house.node.stop();
    let kept = house.broker.kept();
    let state = |device: &str| -> serde_json::Value {
        let state: serde_json::Value =
            serde_json::from_str(&kept[&format!("pinzero/attic/{device}/state")]).unwrap();
        state["state"].clone()
    };
    let states = ["pump", "lamp", "bell", "fan", "arm", "fire", "kept"].map(state);
    assert_eq!(states, ["OFF", "OFF", "OFF", "OFF", "OFF", "ON", "ON"]);
    let levels = [17, 5, 12, 23, 18, 27, 6].map(|pin| house.gpio.line(pin).level() == Level::High);
    assert_eq!(levels, [false, false, false, false, false, true, true]);
    assert_eq!(house.broker.messages().last().unwrap().topic, "pinzero/attic/status");
}

#[test]
fn a_led_is_taken_over_lit_and_left_dark_unless_the_file_says_otherwise() {
    let software = Capabilities { pwm: Support::None, ..mock::gpio().capabilities() };
    for (active_high, is_software) in [(true, false), (false, false), (true, true), (false, true)] {
        let gpio = if is_software { mock::builder().capabilities(software).open() } else { mock::gpio() };
        let (lit, dark) = (Level::from(active_high), Level::from(!active_high));
        leave(&gpio, 17, lit);
        let circuit = format!("[led.lamp]\npin = 17\nactive_high = {active_high}\n");
        let state = json!({ "state": "ON", "brightness": 255, "color_mode": "brightness", "effect": "none" });
        let kept = format!("{circuit}[mqtt.device.lamp]\non_exit = \"keep\"\n");
        let house = House::on(gpio.clone(), &kept);
        house.expect_state("lamp", &state);
        assert!(gpio.line(17).history().is_empty(), "{:?}", gpio.line(17).history());
        drop(house);
        assert_eq!(gpio.line(17).level(), lit);
        let house = House::on(gpio.clone(), &circuit);
        house.expect_state("lamp", &state);
        drop(house);
        assert_eq!((gpio.line(17).level(), gpio.line(17).function()), (dark, LineFunction::Output));
    }
}

/// As on kernels that make an input of a closed output.
#[test]
fn where_the_system_does_not_keep_levels_only_a_keep_in_the_file_is_an_error() {
    let capabilities = Capabilities { keep: Support::None, ..mock::gpio().capabilities() };
    let gpio = mock::builder().capabilities(capabilities).open();
    let house = House::on(gpio.clone(), &format!("{RELAYS}[mqtt.device.pump]\non_exit = \"keep\"\n"));
    house.expect_state("boiler", &off());
    house.broker.expect("pinzero/attic/pump/availability", |payload| payload == "offline");
    drop(house);
    assert_eq!(gpio.line(27).function(), LineFunction::Input);
}

#[test]
fn a_led_without_pwm_is_kept() {
    let gpio = mock::gpio();
    let circuit = "[led.lamp]\npin = 17\n[mqtt.device.lamp]\ndimmable = false\n";
    let house = House::on(gpio.clone(), circuit);
    let state = json!({ "state": "ON", "color_mode": "onoff", "effect": "none" });
    house.set("lamp", "ON");
    house.expect_state("lamp", &state);
    drop(house);
    assert_eq!(gpio.line(17).level(), Level::High);
    let house = House::on(gpio, circuit);
    house.expect_state("lamp", &state);
}

#[test]
fn what_sounds_and_turns_is_off_at_the_end() {
    let gpio = mock::gpio();
    let circuit = "[buzzer.alarm]\npin = 22\nactive_high = false\n[motor.fan]\nforward = 23\nbackward = 24\n";
    let house = House::on(gpio.clone(), circuit);
    house.set("alarm", "ON");
    house.expect_state("alarm", &json!({ "state": "ON", "tone": "steady" }));
    house.set("fan", "ON");
    house.expect_state("fan", &json!({ "state": "ON", "percentage": 100, "direction": "forward" }));
    drop(house);
    assert_eq!([22, 23, 24].map(|pin| gpio.line(pin).level()), [Level::High, Level::Low, Level::Low]);
}

#[test]
fn a_motor_that_turns_is_taken_over() {
    let gpio = mock::gpio();
    let circuit = "[motor.fan]\nforward = 23\nbackward = 24\n[mqtt.device.fan]\non_exit = \"keep\"\n";
    let reverse = json!({ "state": "ON", "percentage": 100, "direction": "reverse" });
    let house = House::on(gpio.clone(), circuit);
    house.set("fan", r#"{"state":"ON","direction":"reverse"}"#);
    house.expect_state("fan", &reverse);
    drop(house);
    assert_eq!([23, 24].map(|pin| gpio.line(pin).level()), [Level::Low, Level::High]);
    let house = House::on(gpio, circuit);
    house.expect_state("fan", &reverse);
}

#[test]
fn outputs_take_their_safe_state_while_the_broker_is_away() {
    let circuit = format!(
        "{RELAYS}[led.lamp]\npin = 18\n\
         [mqtt.device.pump]\nsafe = \"off\"\nsafe_after = 10\n\
         [mqtt.device.boiler]\nsafe = \"on\"\nsafe_after = 20\n\
         [mqtt.device.lamp]\nsafe = \"off\"\nsafe_after = 10\n"
    );
    let house = House::new(&circuit);
    house.set("pump", r#"{"state":"OFF","for":10000}"#);
    house.set("lamp", r#"{"effect":"pulse"}"#);
    let lit = json!({ "state": "ON", "brightness": 255, "color_mode": "brightness", "effect": "pulse" });
    house.expect_state("lamp", &lit);
    house.broker.go_away();
    // The node counts from when it knows that the broker is away.
    let mut seconds = 0;
    while house.gpio.line(27).level() == Level::High {
        assert!(seconds < 5000, "no safe state");
        seconds += 1;
        house.gpio.advance(secs(1));
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    assert!(seconds >= 20, "{seconds}");
    assert_eq!((house.gpio.line(17).level(), house.gpio.line(18).level()), (Level::Low, Level::Low));
    // The end of the command before is called off, and so is the effect.
    house.gpio.advance(secs(20_000));
    assert_eq!((house.gpio.line(17).level(), house.gpio.line(18).level()), (Level::Low, Level::Low));
    house.broker.come_back();
    house.expect_state("boiler", &on());
}
