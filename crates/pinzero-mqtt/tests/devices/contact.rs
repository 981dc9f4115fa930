//! Switches, motion sensors and line sensors.

use pinzero::time::ms;
use pinzero::{Level, mock};
use serde_json::json;

use crate::house::House;

/// mqtt-io#283, #125: the state at the start was never published.
#[test]
fn the_state_at_the_start_is_told_and_kept() {
    let gpio = mock::gpio();
    gpio.line(4).drive(Level::Low);
    let house = House::on(gpio, "[switch.window]\npin = 4\n[switch.door]\npin = 5\n");
    house.expect_state("window", &json!({ "state": "ON" }));
    assert_eq!(house.broker.expect_kept("pinzero/attic/door/state"), r#"{"state":"OFF"}"#);
    assert_eq!(house.broker.expect_kept("pinzero/attic/window/availability"), "online");
}

#[test]
fn a_change_is_told_once() {
    let house = House::new("[switch.door]\npin = 5\npull_up = false\n");
    house.expect_state("door", &json!({ "state": "OFF" }));
    house.gpio.line(5).script([(ms(0), Level::High), (ms(3), Level::Low), (ms(6), Level::High)]);
    house.gpio.advance(ms(1000));
    house.expect_state("door", &json!({ "state": "ON" }));
    house.gpio.line(5).drive(Level::Low);
    house.gpio.advance(ms(1000));
    house.expect_state("door", &json!({ "state": "OFF" }));
    let left: Vec<_> =
        house.broker.messages().into_iter().filter(|message| message.topic.ends_with("door/state")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn motion_is_of_its_class_and_a_line_is_dark() {
    let house = House::new("[motion_sensor.hall]\npin = 6\n[line_sensor.floor]\npin = 7\n");
    house.gpio.line(6).drive(Level::High);
    house.gpio.advance(ms(100));
    house.expect_state("hall", &json!({ "state": "ON" }));
    house.gpio.line(7).drive(Level::Low);
    house.gpio.advance(ms(100));
    house.expect_state("floor", &json!({ "state": "ON" }));
    house.gpio.line(7).drive(Level::High);
    house.gpio.advance(ms(100));
    house.expect_state("floor", &json!({ "state": "OFF" }));
    let class = |device: &str| house.components(device).values().next().unwrap()["device_class"].clone();
    assert_eq!(class("hall"), "motion");
    assert_eq!(class("floor"), json!(null));
}

#[test]
fn the_file_gives_the_class() {
    let house = House::new("[switch.door]\npin = 5\n[mqtt.device.door]\nclass = \"garage_door\"\n");
    let components = house.components("door");
    let component = components.values().next().unwrap();
    assert_eq!(
        (&component["platform"], &component["device_class"]),
        (&json!("binary_sensor"), &json!("garage_door"))
    );
}

/// mqtt-io#76, #116, #265: what is the state now?
#[test]
fn who_asks_is_told_the_state_once_more() {
    let house = House::new("[switch.door]\npin = 5\n");
    house.expect_state("door", &json!({ "state": "OFF" }));
    house.broker.send("pinzero/attic/door/get", "");
    house.expect_state("door", &json!({ "state": "OFF" }));
    house.set("door", "ON");
    house.expect_state("door", &json!({ "state": "OFF" }));
}

/// mqtt-io#282, #187: the newest state is told when the broker is back.
#[test]
fn a_change_while_the_broker_is_away_is_told_on_return() {
    let house = House::new("[switch.door]\npin = 5\n");
    house.expect_state("door", &json!({ "state": "OFF" }));
    house.broker.go_away();
    house.gpio.line(5).drive(Level::Low);
    house.gpio.advance(ms(100));
    house.broker.come_back();
    house.expect_state("door", &json!({ "state": "ON" }));
}

#[test]
fn the_file_says_when_a_contact_is_on() {
    let house = House::new(
        "[switch.door]\npin = 5\n[motion_sensor.hall]\npin = 6\n[line_sensor.robot]\npin = 7\n[switch.gate]\npin = 8\n\
         [mqtt.device]\ndoor.on_when = \"open\"\nhall.on_when = \"stillness\"\nrobot.on_when = \"floor\"\ngate.on_when = \"closed\"\n",
    );
    for (name, line, active) in [("door", 5, Level::Low), ("hall", 6, Level::High), ("robot", 7, Level::Low)]
    {
        assert_eq!(house.broker.expect_kept(&format!("pinzero/attic/{name}/state")), r#"{"state":"ON"}"#);
        house.gpio.line(line).drive(active);
        house.gpio.advance(ms(100));
        house.expect_state(name, &json!({ "state": "OFF" }));
        house.gpio.line(line).drive(!active);
        house.gpio.advance(ms(100));
        house.expect_state(name, &json!({ "state": "ON" }));
    }
    assert_eq!(house.broker.expect_kept("pinzero/attic/gate/state"), r#"{"state":"OFF"}"#);
}
