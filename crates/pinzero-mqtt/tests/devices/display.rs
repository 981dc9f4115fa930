//! Displays as a text.

use std::time::Instant;

use pinzero::mock::{self, Fault, MockChip, MockGpio};
use pinzero::time::secs;
use pinzero_mqtt::Message;
use pinzero_parts::LcdBackpack;
use serde_json::json;

use crate::house::House;

const LCD: &str = "[character_display.lcd]\n";
const CLOCK: &str =
    "[seven_segment_display.clock]\nsegments = [4, 17, 27, 22, 5, 6, 13, 19]\ndigits = [16, 20, 21, 26]\n";

fn lcd() -> (MockGpio, MockChip<LcdBackpack>) {
    let gpio = mock::gpio();
    let chip = gpio.i2c_chip(1, 0x27, LcdBackpack::new());
    (gpio, chip)
}

fn rows(chip: &MockChip<LcdBackpack>) -> Vec<String> {
    chip.with(|lcd| lcd.lines(16, 2))
}

#[test]
fn a_text_is_shown_as_it_is_sent() {
    let (gpio, chip) = lcd();
    let house = House::on(gpio, LCD);
    house.expect_state("lcd", &json!({ "text": "" }));
    assert!(chip.with(|lcd| lcd.has_light() && !lcd.has_cursor()));
    house.set("lcd", "Hello, attic");
    house.expect_state("lcd", &json!({ "text": "Hello, attic" }));
    assert_eq!(rows(&chip), ["Hello, attic    ", " ".repeat(16).as_str()]);
    house.set("lcd", r#"{"text":"21.50 °C\n007"}"#);
    house.expect_state("lcd", &json!({ "text": "21.50 °C\n007" }));
    assert_eq!(rows(&chip), ["21.50 °C        ", "007             "]);
    house.set("lcd", "007");
    house.expect_state("lcd", &json!({ "text": "007" }));
    house.set("lcd", "Twenty characters ab");
    house.expect_state("lcd", &json!({ "text": "Twenty characters ab" }));
    assert_eq!(rows(&chip), ["Twenty character", "s ab            "]);
    house.set("lcd", r#"{"text":""}"#);
    house.expect_state("lcd", &json!({ "text": "" }));
    assert_eq!(rows(&chip), [" ".repeat(16), " ".repeat(16)]);
}

#[test]
fn a_text_that_does_not_fit_is_refused() {
    let (gpio, chip) = lcd();
    let house = House::on(gpio, LCD);
    house.set("lcd", "Hello");
    house.expect_state("lcd", &json!({ "text": "Hello" }));
    let long = "x".repeat(33);
    for wrong in [long.as_str(), "one\ntwo\nthree", "Grüße", r#"{"text":5}"#, r#"{"words":"Hi"}"#, "{"] {
        house.set("lcd", wrong);
        house.expect_state("lcd", &json!({ "text": "Hello" }));
    }
    house.broker.deliver(Message::new("pinzero/attic/lcd/set", vec![0xff, 0xfe]));
    house.expect_state("lcd", &json!({ "text": "Hello" }));
    assert_eq!(rows(&chip)[0], "Hello           ");
}

#[test]
fn a_display_that_goes_is_offline_and_shows_its_text_when_it_is_back() {
    let (gpio, chip) = lcd();
    let house = House::on(gpio, LCD);
    house.set("lcd", "Hello");
    house.expect_state("lcd", &json!({ "text": "Hello" }));
    chip.fail(Fault::Silent);
    house.set("lcd", "Bye");
    house.broker.expect("pinzero/attic/lcd/availability", |payload| payload == "offline");
    chip.fail(None);
    chip.with(|lcd| *lcd = LcdBackpack::new());
    house.broker.send("pinzero/attic/lcd/get", "");
    house.broker.expect("pinzero/attic/lcd/availability", |payload| payload == "online");
    assert_eq!(rows(&chip)[0], "Hello           ");
    house.set("lcd", "Bye");
    house.expect_state("lcd", &json!({ "text": "Bye" }));
}

#[test]
fn a_display_of_digits_shows_a_number_with_its_point() {
    let house = House::new(CLOCK);
    house.expect_state("clock", &json!({ "text": "" }));
    for text in ["12.5", "007", "HELP"] {
        house.set("clock", text);
        house.expect_state("clock", &json!({ "text": text }));
    }
    for wrong in ["12345", "5#"] {
        house.set("clock", wrong);
        house.expect_state("clock", &json!({ "text": "HELP" }));
    }
    let components = house.components("clock");
    let component = components.values().next().unwrap();
    assert_eq!((&component["platform"], &component["max"]), (&json!("text"), &json!(8)));
}

#[test]
fn a_display_of_one_digit_lights_its_segments() {
    let house = House::new("[seven_segment_display.digit]\nsegments = [4, 17, 27, 22, 5, 6, 13]\n");
    house.set("digit", "1");
    house.expect_state("digit", &json!({ "text": "1" }));
    let lit: Vec<u32> =
        [4, 17, 27, 22, 5, 6, 13].into_iter().filter(|pin| house.gpio.line(*pin).level().is_high()).collect();
    assert_eq!(lit, [17, 27], "b and c");
    house.set("digit", "12");
    house.expect_state("digit", &json!({ "text": "1" }));
}

#[test]
fn a_display_can_go_dark_without_a_broker() {
    let (gpio, chip) = lcd();
    let house =
        House::on(gpio, "[character_display.lcd]\n[mqtt.device.lcd]\nsafe = \"off\"\nsafe_after = 60\n");
    house.set("lcd", "Hello");
    house.expect_state("lcd", &json!({ "text": "Hello" }));
    house.broker.go_away();
    // The node notices on a thread of its own.
    let end = Instant::now() + secs(20);
    while !rows(&chip)[0].trim().is_empty() {
        assert!(Instant::now() < end, "the display still shows {:?}", rows(&chip));
        std::thread::yield_now();
        house.gpio.advance(secs(1));
    }
}

#[test]
fn a_flood_of_texts_holds_up_no_other_device() {
    let gpio = mock::builder().realtime().open();
    let chip = gpio.i2c_chip(1, 0x27, LcdBackpack::new());
    let house = House::on(gpio, &format!("{LCD}[relay.pump]\npin = 17\n"));
    house.expect_state("pump", &json!({ "state": "OFF" }));
    chip.with(|_| {
        for number in 0..50 {
            house.set("lcd", &format!("Text {number}"));
        }
        house.set("pump", "ON");
        // This one is refused at once: then the others wait.
        house.broker.deliver(Message::new("pinzero/attic/pump/set", "ON").retained());
        house.expect_state("pump", &json!({ "state": "OFF" }));
    });
    let is_on = |message: &Message| message.payload == br#"{"state":"ON"}"#;
    let told = house.broker.collect(|messages| messages.iter().any(is_on));
    let before = told.iter().take_while(|message| !is_on(message));
    let texts = before.filter(|message| message.topic == "pinzero/attic/lcd/state").count();
    assert!(texts <= 1, "the relay has waited for {texts} texts");
    house.broker.send("pinzero/attic/lcd/get", "");
    house.expect_state("lcd", &json!({ "text": "Text 49" }));
}

#[test]
fn a_state_is_told_without_the_bus() {
    let (gpio, chip) = lcd();
    let house = House::on(gpio, LCD);
    house.set("lcd", "Hello");
    house.expect_state("lcd", &json!({ "text": "Hello" }));
    chip.with(|lcd| *lcd = LcdBackpack::new());
    house.set("lcd", "Grüße");
    house.expect_state("lcd", &json!({ "text": "Hello" }));
    assert_eq!(rows(&chip)[0].trim(), "", "a refused text has led to a transfer");
    house.broker.send("pinzero/attic/lcd/get", "");
    house.expect_state("lcd", &json!({ "text": "Hello" }));
    assert_eq!(rows(&chip)[0], "Hello           ");
}

#[test]
fn a_safe_state_that_could_not_be_taken_is_tried_again() {
    let gpio = mock::builder().time_by_hand().open();
    let chip = gpio.i2c_chip(1, 0x27, LcdBackpack::new());
    let circuit = format!("{LCD}[mqtt.device.lcd]\nsafe = \"off\"\nsafe_after = 20\n");
    let house = House::on(gpio, &circuit);
    house.set("lcd", "Hello");
    house.expect_state("lcd", &json!({ "text": "Hello" }));
    house.broker.go_away();
    house.broker.expect_refusal();
    chip.fail(Fault::Silent);
    house.gpio.advance(secs(30));
    chip.fail(None);
    assert_eq!(rows(&chip)[0], "Hello           ");
    house.gpio.advance(secs(20));
    assert_eq!(rows(&chip)[0].trim(), "");
    house.broker.come_back();
    house.expect_state("lcd", &json!({ "text": "" }));
}

#[test]
fn a_display_that_is_not_there_is_offline() {
    let house = House::new(LCD);
    house.broker.expect("pinzero/attic/lcd/availability", |payload| payload == "offline");
}

#[test]
fn a_display_that_takes_its_time_to_go_dark_delays_no_other_device() {
    let gpio = mock::builder().realtime().open();
    let chip = gpio.i2c_chip(1, 0x27, LcdBackpack::new());
    let lcd = "[character_display.lcd]\n[mqtt.device.lcd]\nsafe = \"off\"\nsafe_after = 0\n";
    let house = House::on(gpio, &format!("{lcd}[relay.pump]\npin = 17\n"));
    house.set("lcd", "Hello");
    house.expect_state("lcd", &json!({ "text": "Hello" }));
    house.set("pump", r#"{"state":"ON","for":1}"#);
    house.expect_state("pump", &json!({ "state": "ON" }));
    chip.with(|_| {
        house.broker.go_away();
        let end = Instant::now() + secs(20);
        while house.gpio.line(17).level().is_high() {
            assert!(Instant::now() < end, "the relay waits for the display");
            std::thread::yield_now();
        }
    });
    let end = Instant::now() + secs(20);
    while !rows(&chip)[0].trim().is_empty() {
        assert!(Instant::now() < end, "the display still shows {:?}", rows(&chip));
        std::thread::yield_now();
    }
}
