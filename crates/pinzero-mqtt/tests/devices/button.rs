//! A push button as events, triggers and a contact.

use pinzero::Level;
use pinzero::mock;
use pinzero::time::{ms, secs};
use serde_json::{Value, json};

use crate::house::{House, MIDNIGHT};

const BELL: &str = "[button.bell]\npin = 2\n";

#[test]
fn a_click_is_told_with_the_stamps_of_its_edges() {
    let house = House::new(BELL);
    house.expect_state("bell", &json!({ "state": "OFF" }));
    house.gpio.line(2).press(ms(80));
    house.gpio.advance(secs(1));
    let press = house.expect_event("bell", "press");
    assert_eq!(press, json!({ "event_type": "press", "at": MIDNIGHT, "number": 1, "missed": 0 }));
    let release = house.expect_event("bell", "release");
    assert_eq!((&release["at"], &release["lasted"]), (&json!(MIDNIGHT + 80), &json!(0.08)));
    let click = house.expect_event("bell", "click");
    assert_eq!((&click["number"], &click["lasted"]), (&json!(3), &json!(0.08)));
}

#[test]
fn a_double_click_and_a_long_press_are_no_clicks() {
    let house = House::new(BELL);
    house.gpio.line(2).press(ms(80));
    house.gpio.advance(ms(180));
    house.gpio.line(2).press(ms(80));
    house.gpio.advance(secs(1));
    house.gpio.line(2).press(ms(1500));
    house.gpio.advance(secs(3));
    // The numbers leave no place for a click: each press has a release, and there is nothing else.
    assert_eq!(house.expect_event("bell", "double")["number"], 5);
    assert_eq!(house.expect_event("bell", "long")["number"], 7);
    assert_eq!(house.expect_event("bell", "release")["number"], 8);
}

#[test]
fn the_contact_follows_the_button_and_bounces_count_for_nothing() {
    let house = House::new("[button.bell]\npin = 26\npull_up = false\n");
    house.expect_state("bell", &json!({ "state": "OFF" }));
    house.gpio.line(26).script([(ms(0), Level::High), (ms(2), Level::Low), (ms(4), Level::High)]);
    house.gpio.advance(ms(100));
    house.expect_state("bell", &json!({ "state": "ON" }));
    house.gpio.line(26).drive(Level::Low);
    house.gpio.advance(ms(100));
    house.expect_state("bell", &json!({ "state": "OFF" }));
    assert_eq!(house.expect_event("bell", "release")["number"], 2);
}

/// mqtt-io#282, #187: the change on which the dead broker was noticed was lost.
#[test]
fn presses_while_the_broker_is_away_are_told_later_with_their_time_and_are_never_kept() {
    let house = House::new(BELL);
    house.expect_state("bell", &json!({ "state": "OFF" }));
    house.broker.go_away();
    house.gpio.advance(secs(60));
    house.gpio.line(2).press(ms(80));
    house.gpio.advance(secs(600));
    house.broker.come_back();
    let click = house.expect_event("bell", "click");
    let at = click["at"].as_u64().unwrap();
    assert!((MIDNIGHT + 60_000..MIDNIGHT + 61_000).contains(&at), "{click}");
    let kept = house.broker.kept();
    assert!(!kept.keys().any(|topic| topic.ends_with("/event")), "{kept:?}");
}

#[test]
fn lost_edges_are_told() {
    let house = House::new(BELL);
    let line = house.gpio.line(2);
    line.lose(2);
    line.press(ms(50));
    house.gpio.advance(ms(100));
    line.press(ms(50));
    house.gpio.advance(secs(1));
    let press = house.expect_event("bell", "press");
    assert_eq!(press["missed"], 2);
}

#[test]
fn the_button_has_events_triggers_and_a_contact_in_home_assistant() {
    let house = House::new(
        "[button.bell]\npin = 2\n[mqtt.device.bell]\nclass = \"doorbell\"\nname = \"Front door\"\n",
    );
    let components = house.components("bell");
    let find = |platform: &str| {
        let found = components.values().filter(|component| component["platform"] == platform);
        found.cloned().collect::<Vec<Value>>()
    };
    let [event] = &find("event")[..] else { panic!("{components:#?}") };
    assert_eq!(event["device_class"], "doorbell");
    assert_eq!(event["event_types"], json!(["press", "release", "click", "double", "long"]));
    assert_eq!(find("binary_sensor").len(), 1);
    let mut triggers: Vec<(String, String, String)> = find("device_automation")
        .iter()
        .map(|trigger| {
            let text = |key: &str| trigger[key].as_str().unwrap().to_owned();
            (text("type"), text("payload"), text("subtype"))
        })
        .collect();
    triggers.sort();
    let expected =
        [("button_double_press", "double"), ("button_long_press", "long"), ("button_short_press", "click")]
            .map(|(name, payload)| (name.to_owned(), payload.to_owned(), "Front door".to_owned()));
    assert_eq!(triggers, expected);
}

#[test]
fn a_button_that_is_pressed_at_the_start_says_so() {
    let gpio = mock::gpio();
    gpio.line(2).drive(Level::Low);
    let house = House::on(gpio, BELL);
    house.expect_state("bell", &json!({ "state": "ON" }));
}

#[test]
fn the_file_says_how_long_a_contact_bounces() {
    let house = House::new("[button.reed]\npin = 2\n[mqtt.device.reed]\nbounce_time = 0.1\n");
    house.gpio.line(2).press(ms(80));
    house.gpio.advance(secs(1));
    house.gpio.line(2).press(ms(150));
    house.gpio.advance(secs(1));
    let press = house.expect_event("reed", "press");
    assert_eq!((&press["number"], &press["at"]), (&json!(1), &json!(MIDNIGHT + 1000)));
}
