//! Mistakes in circuit files: each has its place, and says what to do.
#![allow(clippy::unwrap_used, reason = "tests fail where they cannot go on")]

use pinzero_circuit::{Circuit, Kind};
use proptest::prelude::*;

const DOORBELL: &str = r#"
title = "A doorbell"
board = "3B+"
wires = [[22, 27]]

[button.door]
pin = 2
key = "d"

[rgb_led.mood]
red = "GPIO17"
green = "BOARD12"
blue = 19

[keypad.lock]
rows = [5, 6]
columns = [12, 13]
keys = ["12", "34"]

[potentiometer.knob]
channel = 3

[servo.arm]
pin = 21
"#;

#[test]
fn a_circuit_is_read() {
    let circuit = Circuit::parse(DOORBELL).unwrap();
    assert_eq!(circuit.title(), Some("A doorbell"));
    assert_eq!(circuit.board().model(), "Raspberry Pi 3B+");
    let names: Vec<_> = circuit.parts().iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["door", "mood", "lock", "knob", "arm"], "in the order of the file");
    let Kind::RgbLed(led) = &circuit.parts()[1].kind else { panic!("{:?}", circuit.parts()[1]) };
    assert_eq!((led.red.line(), led.green.line(), led.blue.line()), (17, 18, 19));
    assert_eq!(circuit.wires()[0].clone().map(|pin| pin.line()), [22, 27]);
    let knob = &circuit.parts()[3].kind;
    assert_eq!(knob.bus_pins(circuit.board()), [("clock", 11), ("mosi", 10), ("miso", 9), ("select", 8)]);
}

#[test]
fn each_mistake_has_its_place_and_says_what_to_do() {
    for (text, line, column, message) in [
        ("[led.a]\npin = ", 2, 7, ""),
        ("tilte = \"x\"", 1, 1, "did you mean \"title\"?"),
        ("[lde.a]\npin = 17", 1, 2, "did you mean \"led\"?"),
        ("[thermostat.a]\npin = 17", 1, 2, "possible are title"),
        ("[led.a]\npni = 17", 2, 1, "a led has no key \"pni\": did you mean \"pin\"?"),
        ("[led]\npin = 17", 2, 1, "begin the part with [led.NAME]"),
        ("led = 17", 1, 7, "begin the part with [led.NAME]"),
        ("[led.a]\ncolor = \"red\"", 1, 1, "the key \"pin\" is missing in [led.a]"),
        ("led.a = {}", 1, 9, "the key \"pin\" is missing in [led.a]"),
        ("[led.\"a b\"]\npin = 17", 1, 6, "a name consists of letters"),
        ("[led.a]\npin = 17\n[buzzer.a]\npin = 18", 3, 9, "called \"a\" already"),
        (
            "[led.a]\npin = 17\n[buzzer.b]\npin = \"BOARD11\"",
            4,
            7,
            "GPIO17 is taken by \"a\": use another pin",
        ),
        ("[motor.a]\nforward = 17\nbackward = 17", 3, 12, "GPIO17 is there twice"),
        ("[led.a]\npin = \"BOARD1\"", 2, 7, "\"BOARD1\" is 3.3 V power"),
        ("[led.a]\npin = 40", 2, 7, "unknown pin \"40\""),
        ("[led.a]\npin = true", 2, 7, "a pin such as 17"),
        ("[led.a]\npin = 17\ncolor = \"redd\"", 3, 9, "\"redd\" is no color"),
        ("[led.a]\npin = 17\nactive_high = 1", 3, 15, "expected a boolean"),
        ("[button.a]\npin = 17\nkey = \"ab\"", 3, 7, "give one letter or digit, not \"ab\""),
        ("[character_display.a]\nrows = 9999999", 2, 8, "give a whole number from 0 to 255, not 9999999"),
        ("[potentiometer.a]\nchannel = -1", 2, 11, "give a whole number from 0 to 4294967295, not -1"),
        (
            "[potentiometer.a]\nchannel = 0.5",
            2,
            11,
            "give a whole number from 0 to 4294967295, not floating point 0.5",
        ),
        ("[led.a]\npin = 99", 2, 7, "unknown pin \"99\": the lines on the header are GPIO0 to GPIO27"),
        ("[led.a]\npin = \"GPIO40\"", 2, 7, "the lines on the header are GPIO0 to GPIO27"),
        ("[button.a]\npin = 17\nkey = \"Ä\"", 3, 7, "a small letter or a digit"),
        ("[button.a]\npin = 17\nkey = \"q\"", 3, 7, "ends the view"),
        (
            "[button.a]\npin = 17\nkey = \"x\"\n[switch.b]\npin = 18\nkey = \"x\"",
            6,
            7,
            "\"a\" has this key already",
        ),
        (
            "[servo.a]\npin = 17\nmin_pulse = 2",
            1,
            8,
            "max_pulse must be longer than min_pulse, which is 2 ms",
        ),
        ("[servo.a]\npin = 17\nmax_angle = nan", 3, 13, "max_angle goes from -360 to 360°"),
        ("[potentiometer.a]\nchannel = 8", 2, 11, "the channels 0 to 7, not 8"),
        ("[potentiometer.a]\nchannel = 0\nvalue = 1.5", 3, 9, "value goes from 0 to 1, not 1.5"),
        ("[potentiometer.a]\nchannel = 0\nselect = 2", 3, 10, "the chip selects 0 and 1"),
        ("[potentiometer.a]\nchannel = 0\n[tmp36.b]\nchannel = 0", 4, 11, "the channel is taken by \"a\""),
        ("[led.a]\npin = 11\n[tmp36.b]\nchannel = 0", 4, 11, "\"a\" has GPIO11, the clock line of the bus"),
        ("[led.a]\npin = 2\n[character_display.b]\n", 3, 20, "\"a\" has GPIO2, the data line of the bus"),
        ("[character_display.a]\naddress = 0x50", 2, 11, "not 0x50"),
        ("[character_display.a]\nrows = 3", 2, 8, "1, 2 or 4 rows"),
        ("[character_display.a]\nbus = 9", 2, 7, "no I2C bus 9"),
        ("[light_sensor.a]\npin = 17\nlight = -0.1", 3, 9, "light goes from 0 to 1"),
        (
            "[distance_sensor.a]\ntrigger = 17\necho = 18\ndistance = inf",
            4,
            12,
            "distance goes from 0 to 4 m",
        ),
        ("[dht11.a]\npin = 17\ncelsius = -30", 3, 11, "celsius goes from -20 to 60 °C"),
        ("[keypad.a]\nrows = []\ncolumns = [5]\nkeys = []", 2, 8, "at least one pin for the rows"),
        ("[keypad.a]\nrows = [4]\ncolumns = [5, 6]\nkeys = [\"1\"]", 4, 8, "1 strings of 2 letters"),
        ("[keypad.a]\nrows = [4]\ncolumns = [5, 6]\nkeys = [\"11\"]", 4, 8, "the key '1' is there twice"),
        ("[seven_segment_display.a]\nsegments = [4, 5]", 2, 12, "7 pins, for the segments a to g"),
        ("[ds18b20.a]\nid = \"0316a2798bff\"", 2, 6, "such as \"28-0316a2798bff\", not \"0316a2798bff\""),
        ("[ds18b20.a]\nid = \"28-0316A2798BFF\"", 2, 6, "as \"28-0316a2798bff\""),
        (
            "[ds18b20.a]\nid = \"28-0316a2798bff\"\n[ds18b20.b]\nid = \"28-0316a2798bff\"",
            4,
            6,
            "\"a\" has this id already",
        ),
        ("[ds18b20.a]\n[ds18b20.b]\nid = \"28-0316a2798bff\"", 3, 6, "\"a\" is on the bus too"),
        ("[ds18b20.a]\n[ds18b20.b]", 2, 10, "give each ds18b20 its \"id\""),
        ("[pulse_counter.a]\npin = 17\nhertz = 101", 3, 9, "hertz goes from 0 to 100 Hz"),
        (
            "[pulse_counter.a]\npin = 17\nkey = \"x\"\n[button.b]\npin = 18\nkey = \"x\"",
            6,
            7,
            "\"a\" has this key already",
        ),
        ("board = \"pi 3\"", 1, 9, "use \"3B\", \"3B+\" or \"3A+\""),
        ("wires = [[22, 22]]", 1, 15, "two different pins"),
        ("wires = [[22, \"GND\"]]", 1, 15, "is ground"),
    ] {
        let mistake = Circuit::parse(text).expect_err(text);
        assert_eq!((mistake.line(), mistake.column()), (line, column), "{text}\n{mistake}");
        assert!(mistake.message().contains(message), "{text}\n{mistake}");
    }
}

/// Checks that a mistake has its place within the text.
fn check(text: &str) {
    let Err(mistake) = Circuit::parse(text) else { return };
    let lines: Vec<_> = text.split('\n').collect();
    assert!((1..=lines.len()).contains(&mistake.line()), "{text:?}: {mistake}");
    let length = lines[mistake.line() - 1].chars().count();
    assert!((1..=length + 1).contains(&mistake.column()), "{text:?}: {mistake}");
}

proptest! {
    #[test]
    fn any_text_is_a_circuit_or_a_mistake_within_the_text(text in "\\PC*|[\\[\\]a-z.=\"0-9\n]*") {
        check(&text);
    }

    #[test]
    fn a_circuit_with_damage_is_one_too(start in 0..DOORBELL.len(), length in 0..40_usize, new in "[\\[\\]=\",0-9a-z\n.é-]{0,6}") {
        let end = (start + length).min(DOORBELL.len());
        check(&[&DOORBELL[..start], &new, &DOORBELL[end..]].concat());
    }
}
