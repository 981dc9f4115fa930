//! A keypad as events.

use pinzero::mock;
use pinzero::time::{ms, secs};
use serde_json::json;

use crate::house::House;

const DOOR: &str = "[keypad.door]\nrows = [5, 6]\ncolumns = [12, 13]\nkeys = [\"12\", \"3#\"]\n";

#[test]
fn a_press_is_told_with_its_key() {
    let gpio = mock::gpio();
    let keys = gpio.keypad([5, 6], [12, 13]);
    let house = House::on(gpio, DOOR);
    keys.press(1, 1);
    house.gpio.advance(ms(200));
    keys.release(1, 1);
    house.gpio.advance(ms(200));
    let press = house.expect_event("door", "press");
    assert_eq!((&press["key"], &press["number"], &press["missed"]), (&json!("#"), &json!(1), &json!(0)));
    assert_eq!(house.expect_event("door", "release")["key"], "#");
    keys.press(0, 1);
    house.gpio.advance(secs(2));
    assert_eq!(house.expect_event("door", "press")["key"], "2");
    assert_eq!(house.expect_event("door", "hold")["key"], "2");
}

#[test]
fn each_key_is_a_type_of_event_in_home_assistant_and_no_state_is_kept() {
    let gpio = mock::gpio();
    let _keys = gpio.keypad([5, 6], [12, 13]);
    let house = House::on(gpio, DOOR);
    let components = house.components("door");
    let component = components.values().next().unwrap();
    assert_eq!(component["platform"], "event");
    assert_eq!(component["event_types"], json!(["1", "2", "3", "#"]));
    assert_eq!(house.broker.expect_kept("pinzero/attic/door/availability"), "online");
    let kept = house.broker.kept();
    assert!(!kept.contains_key("pinzero/attic/door/state"));
}
