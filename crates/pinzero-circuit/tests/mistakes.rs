//! Mistakes in circuit files: each has its place, and says what to do.
#![allow(clippy::unwrap_used, reason = "tests fail where they cannot go on")]

use std::collections::BTreeSet;

use pinzero_circuit::{Circuit, Kind, Resting, check_topics};
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

/// A node whose name is one letter too long.
const NODE_OF_65: &str =
    "[mqtt]\nnode = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"";

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
        expect_mistake(text, line, column, message);
    }
}

/// A circuit whose parts are on a broker.
const HOUSE: &str = r#"
[led.lamp]
pin = 17

[button.bell]
pin = 18

[servo.blind]
pin = 12

[potentiometer.soil]
channel = 7
[dht22.air]
pin = 4

[distance_sensor.tank]
trigger = 23
echo = 24

[motor.fan]
forward = 20
backward = 21

[character_display.panel]

[ds18b20.frost]

[pulse_counter.water]
pin = 27

[mqtt]
broker = "mqtts://broker.lan:8883"
node = "attic"
prefix = "home/pins"
topic = "{prefix}/{node}/{device}"
discovery = ""
user = "attic"
password_file = "/etc/pinzero/password"
ca_file = "ca.pem"
certificate_file = "attic.pem"
key_file = "attic.key"
keep_alive = 60
queue = 0

[mqtt.device.lamp]
as = "switch"
name = "Lamp"
icon = "mdi:lamp"
area = "Attic"
initial = "on"
on_for = 0.5
on_exit = "keep"
safe = "off"
safe_after = 0

[mqtt.device.water]
class = "water"
unit = "L"
pulses_per_unit = 450
interval = 5.5
digits = 3
bounce_time = 0.005
"#;

#[test]
fn the_parts_of_a_house_are_on_a_broker() {
    let circuit = Circuit::parse(HOUSE).unwrap();
    let mqtt = circuit.mqtt();
    assert_eq!(
        (mqtt.broker.as_deref(), mqtt.keep_alive, mqtt.queue),
        (Some("mqtts://broker.lan:8883"), Some(60), Some(0))
    );
    let device = |name: &str| mqtt.device.iter().find(|(key, _)| key.get_ref() == name).unwrap().1.clone();
    assert_eq!(device("lamp").entity.as_deref(), Some("switch"));
    assert_eq!((device("lamp").safe, device("lamp").safe_after), (Some(Resting::Off), Some(0.0)));
    assert_eq!(device("lamp").on_for, Some(0.5));
    assert_eq!((device("water").pulses_per_unit, device("water").bounce_time), (Some(450.0), Some(0.005)));
    for broker in ["mqtt://10.0.0.2", "mqtt://[fd00::1]:1883", "mqtt://[fd00::1]", "mqtts://me@broker.lan"] {
        Circuit::parse(&format!("[mqtt]\nbroker = {broker:?}")).unwrap();
    }
}

/// The example of a house has no mistake, and a part of each kind that a house has.
#[test]
fn the_example_of_a_house_is_read() {
    let circuit = Circuit::parse(include_str!("../../pinzero-mqtt/examples/house.toml")).unwrap();
    let kinds: BTreeSet<_> = circuit.parts().iter().map(|part| part.kind.name()).collect();
    assert!(kinds.len() >= 16, "{kinds:?}");
    assert_eq!(circuit.mqtt().node.as_deref(), Some("house"));
}

#[test]
fn each_mistake_about_the_broker_has_its_place_and_says_what_to_do() {
    for (text, line, column, message) in [
        ("mqtt = 1883", 1, 8, "begin the table with [mqtt]"),
        ("[mqtt]\nbrokr = \"x\"", 2, 1, "[mqtt] has no key \"brokr\": did you mean \"broker\"?"),
        ("[mqtt]\ndevice = 1", 2, 10, "begin its table with [mqtt.device.NAME]"),
        ("[mqtt.device]\nlamp = 1", 2, 1, "begin its table with [mqtt.device.NAME]"),
        ("[[mqtt]]", 1, 1, "begin the table with [mqtt]"),
        ("[mqtt]\nbroker = \"broker.lan\"", 2, 10, "use mqtt://HOST:PORT"),
        ("[mqtt]\nbroker = \"http://a\"", 2, 10, "use mqtt:// or mqtts://"),
        ("[mqtt]\nbroker = \"mqtt://\"", 2, 10, "use mqtt://HOST:PORT"),
        ("[mqtt]\nbroker = \"mqtt://a:0\"", 2, 10, "no number from 1 to 65535"),
        ("[mqtt]\nbroker = \"mqtt://me:secret@a\"", 2, 10, "move the password to a file"),
        ("[mqtt]\nbroker = \"mqtt://me@a\"\nuser = \"you\"", 3, 8, "remove one of them"),
        ("[mqtt]\nbroker = 1883", 2, 10, "expected a string"),
        ("[mqtt]\nnode = \"a/b\"", 2, 8, "no level of a topic"),
        ("[mqtt]\nnode = \"\"", 2, 8, "no level of a topic"),
        ("[mqtt]\nnode = \"*\"", 2, 8, "use at most 64 letters, digits, \"_\" and \"-\""),
        ("[mqtt]\nnode = \".\"", 2, 8, "no level of a topic"),
        ("[mqtt]\nnode = \"{x}\"", 2, 8, "no level of a topic"),
        ("[mqtt]\nnode = \"'q'\"", 2, 8, "no level of a topic"),
        (NODE_OF_65, 2, 8, "no level of a topic"),
        ("[mqtt]\nbroker = \"MQTT://a\"", 2, 10, "in small letters: mqtt://"),
        ("[mqtt]\nbroker = \"mqtt://a:1883/b\"", 2, 10, "remove \"/b\" behind the port"),
        ("[mqtt]\nbroker = \"mqtt://a/b\"", 2, 10, "remove \"/b\" behind the host"),
        ("[mqtt]\nbroker = \"mqtt://::1:1\"", 2, 10, "mqtt://[::1]:1"),
        ("[mqtt]\nprefix = \"home/#\"", 2, 10, "the prefix \"home/#\" makes no topics"),
        ("[mqtt]\nprefix = \"$SYS\"", 2, 10, "makes no topics"),
        ("[mqtt]\nprefix = \"/home\"", 2, 10, "makes no topics"),
        ("[mqtt]\nprefix = \"a\\u0000\"", 2, 10, "makes no topics"),
        ("[mqtt]\nprefix = \"\"", 2, 10, "makes no topics"),
        ("[mqtt]\ntopic = \"{prefix}/{node}\"", 2, 9, "the same for all devices: add {device}"),
        ("[mqtt]\ntopic = \"{nod}/{device}\"", 2, 9, "other braces than {prefix}, {node} and {device}"),
        ("[mqtt]\ntopic = \"+/{device}\"", 2, 9, "the topic \"+/{device}\" makes no topics"),
        ("[mqtt]\ndiscovery = \"ha/\"", 2, 13, "the discovery \"ha/\" makes no topics"),
        ("[mqtt]\nclient_id = \"\"", 2, 13, "client_id is empty"),
        ("[mqtt]\nuser = \"a\\nb\"", 2, 8, "in one line"),
        ("[mqtt]\npassword_file = 7", 2, 17, "give the name of a file, not 7"),
        ("[mqtt]\ncertificate_file = \"a\"", 2, 20, "needs key_file"),
        ("[mqtt]\nkey_file = \"a\"", 2, 12, "needs certificate_file"),
        ("[mqtt]\nbroker = \"mqtt://a\"\nca_file = \"a\"", 3, 11, "use mqtts://"),
        ("[mqtt]\nkeep_alive = 4", 2, 14, "keep_alive goes from 5 to 65535 s, not 4"),
        ("[mqtt]\nkeep_alive = 70000", 2, 14, "give a whole number from 0 to 65535, not 70000"),
        ("[mqtt]\nqueue = -1", 2, 9, "give a whole number from 0, not -1"),
        ("[mqtt]\nqueue = 20001", 2, 9, "queue goes from 0 to 20000 events"),
    ] {
        expect_mistake(text, line, column, message);
    }
}

#[test]
fn each_mistake_about_a_device_has_its_place_and_says_what_to_do() {
    for (name, value, column, message) in [
        ("lmap", "hidden = true", 0, "no part is called \"lmap\": did you mean \"lamp\"?"),
        ("lamp", "safe_aftr = 1", 1, "a device has no key \"safe_aftr\": did you mean \"safe_after\"?"),
        ("lamp", "as = \"fan\"", 6, "a led cannot appear as \"fan\": possible are light, switch"),
        ("lamp", "as = \"lihgt\"", 6, "did you mean \"light\"?"),
        ("bell", "as = \"switch\"", 6, "a button cannot appear as \"switch\": use \"event\""),
        ("blind", "as = 1", 6, "expected a string"),
        ("bell", "safe = \"off\"", 1, "a button has no \"safe\": parts with it are led,"),
        ("air", "class = \"humidity\"", 1, "a dht22 has no \"class\""),
        ("tank", "class = \"distance\"", 1, "a distance_sensor has no \"class\""),
        ("soil", "class = \"power_factor\"\nunit = \"%\"", 1, "a potentiometer has no \"unit\""),
        ("soil", "class = \"temperature\"", 9, "possible are battery, humidity, moisture, power_factor"),
        ("soil", "class = \"moistur\"", 9, "did you mean \"moisture\"?"),
        ("air", "pulses_per_unit = 2", 1, "parts with it are pulse_counter"),
        ("lamp", "interval = 2", 1, "a led has no \"interval\""),
        ("lamp", "class = \"outlet\"", 9, "light has no class in Home Assistant"),
        ("lamp", "class = \"outlet\"\nas = \"switch\"\ndimmable = true", 12, "a switch is not dimmed"),
        (
            "bell",
            "class = \"Door bell\"",
            9,
            "event has no class \"Door bell\" in Home Assistant: did you mean \"doorbell\"?",
        ),
        ("lamp", "initial = \"of\"", 11, "give one of \"keep\", \"on\", \"off\", not \"of\""),
        ("lamp", "initial = true", 11, ""),
        ("bell", "class = \"water\"", 9, "possible are button, doorbell, motion"),
        ("blind", "class = \"blind\"", 9, "number has no class in Home Assistant"),
        ("water", "class = \"Water\"", 9, "a class is a word such as \"water\""),
        ("blind", "safe = \"on\"", 8, "a servo cannot have safe = \"on\""),
        ("blind", "as = \"cover\"\nsafe = \"on\"\non_exit = \"on\"", 11, "cannot have on_exit = \"on\""),
        ("fan", "on_exit = \"on\"", 11, "a motor cannot have on_exit = \"on\""),
        ("panel", "safe = \"on\"", 8, "a character_display cannot have safe = \"on\""),
        ("lamp", "safe_after = 60", 14, "add safe = \"off\""),
        ("lamp", "safe = \"off\"\nsafe_after = inf", 14, "safe_after goes from 0 to 2073600 s, not inf"),
        ("lamp", "safe = \"off\"\nsafe_after = -1", 14, "safe_after goes from 0 to 2073600 s, not -1"),
        ("air", "interval = nan", 12, "interval goes from 0.1 to 86400 s, not NaN"),
        ("air", "interval = 0", 12, "interval goes from 0.1 to 86400 s"),
        ("air", "interval = \"1\"", 12, "give a number, not \"1\""),
        ("air", "digits = 7", 10, "digits goes from 0 to 6, not 7"),
        ("air", "digits = 1000", 10, "give a whole number from 0 to 255, not 1000"),
        ("water", "pulses_per_unit = 0", 19, "pulses_per_unit goes from 0.001 to 1000000000"),
        ("water", "bounce_time = 2", 15, "bounce_time goes from 0 to 1 s"),
        ("tank", "unit = \"in\"", 8, "a distance is told in \"m\", \"cm\" or \"mm\""),
        ("frost", "unit = \"K\"", 8, "a temperature is told in \"°C\" or \"°F\", not in \"K\""),
        ("lamp", "icon = \"lamp\"", 8, "such as \"mdi:pump\""),
        ("lamp", "name = \" \"", 8, "name is empty"),
        ("lamp", "on_when = \"open\"", 1, "a led has no \"on_when\""),
        ("lamp", "on_for = 0", 10, "on_for goes from 0.001 to 2073600 s, not 0"),
        ("lamp", "on_for = -1", 10, "on_for goes from"),
        ("lamp", "on_for = nan", 10, "on_for goes from"),
        ("lamp", "on_for = 5\non_exit = \"on\"", 11, "remove one of them"),
        ("water", "on_for = 5", 1, "a pulse_counter has no \"on_for\""),
    ] {
        let parts = HOUSE.split("[mqtt]").next().unwrap();
        let text = format!("{parts}[mqtt.device.{name}]\n{value}");
        let last = text.split('\n').count();
        // The name of the device itself is in the line before; of several keys, the last one is wrong.
        let (line, column) = if column == 0 { (last - 1, 14) } else { (last, column) };
        expect_mistake(&text, line, column, message);
    }
}

#[test]
fn two_devices_with_one_topic_are_a_mistake() {
    let parts = "[relay.a]\npin = 5\n[relay.b]\npin = 6\n";
    for (tables, line, column, message) in [
        (
            "[mqtt.device]\na.topic = \"x/y\"\nb.topic = \"x/y\"",
            7,
            11,
            "\"a\" and \"b\" have the same topic \"x/y\"",
        ),
        ("[mqtt.device]\na.topic = \"{prefix}/{node}/b\"", 6, 11, "same topic \"pinzero/{node}/b\""),
        ("[mqtt.device]\nb.topic = \"{prefix}/{node}/a\"", 6, 11, "give one of them another"),
        (
            "[mqtt]\nprefix = \"p\"\nnode = \"n\"\ntopic = \"{prefix}/x/{node}/{device}\"\ndevice.a.topic = \"p/x/n/b\"",
            9,
            18,
            "same topic",
        ),
        ("[mqtt.device]\na.topic = \"x/#\"", 6, 11, "makes no topics"),
        ("[mqtt.device]\na.topic = \"x/{name}\"", 6, 11, "has other braces"),
        ("[mqtt.device]\na.topic = \"\"", 6, 11, "makes no topics"),
    ] {
        expect_mistake(&format!("{parts}{tables}"), line, column, message);
    }
    for good in
        ["a.topic = \"x/y\"\nb.topic = \"x/z\"", "a.topic = \"x\"\nb = { topic = \"x\", hidden = true }"]
    {
        Circuit::parse(&format!("{parts}[mqtt.device]\n{good}")).unwrap();
    }
}

#[test]
fn a_contact_is_on_in_a_case_that_its_kind_has() {
    for (part, case, message) in [
        ("switch", "opn", "a switch is not ON when \"opn\": did you mean \"open\"?"),
        ("switch", "motion", "possible are closed, open"),
        ("motion_sensor", "open", "possible are motion, stillness"),
        ("line_sensor", "", "possible are line, floor"),
    ] {
        let text = format!("[{part}.a]\npin = 5\n[mqtt.device.a]\non_when = {case:?}");
        expect_mistake(&text, 4, 11, message);
    }
}

/// Checks that a text has this mistake.
#[track_caller]
fn expect_mistake(text: &str, line: usize, column: usize, message: &str) {
    let Err(mistake) = Circuit::parse(text) else { panic!("no mistake: {text}") };
    assert_eq!((mistake.line(), mistake.column()), (line, column), "{text}\n{mistake}");
    assert!(mistake.message().contains(message), "{text}\n{mistake}");
}

/// Checks that a mistake has its place within the text.
fn check(text: &str) {
    let Err(mistake) = Circuit::parse(text) else { return };
    let lines: Vec<_> = text.split('\n').collect();
    assert!((1..=lines.len()).contains(&mistake.line()), "{text:?}: {mistake}");
    let length = lines[mistake.line() - 1].chars().count();
    assert!((1..=length + 1).contains(&mistake.column()), "{text:?}: {mistake}");
}

/// Returns a text in the quotes of TOML, which are those of JSON here.
fn toml_text(text: &str) -> String {
    serde_json::to_string(text).unwrap()
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

    #[test]
    fn a_house_with_damage_is_one_too(start in 0..HOUSE.len(), length in 0..40_usize, new in "[\\[\\]=\",0-9a-z\n./#+{}:@é-]{0,6}") {
        let end = (start + length).min(HOUSE.len());
        check(&[&HOUSE[..start], &new, &HOUSE[end..]].concat());
    }

    #[test]
    fn any_words_for_topics_are_taken_or_refused(prefix in "\\PC{0,8}|[a{}/#+$]{0,6}", topic in "(\\{device\\}|\\{node\\}|[a{}/#+$])*") {
        let text = format!("[mqtt]\nprefix = {}\ntopic = {}", toml_text(&prefix), toml_text(&topic));
        let is_fit = check_topics(&prefix, "node", &topic).is_ok();
        prop_assert_eq!(Circuit::parse(&text).is_ok(), is_fit, "{}", text);
        if is_fit {
            let has_wildcard = [&prefix, &topic].iter().any(|text| text.contains(['#', '+']));
            let is_own = topic.contains("{device}");
            prop_assert!(!has_wildcard && is_own, "{}", text);
        }
    }
}
