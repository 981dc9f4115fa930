//! Each rule of the import, on small configurations.

use pinzero_circuit::{Circuit, Kind, Resting};

use super::import;
use super::yaml::{Remark, read};

const PI: &str = "mqtt: {host: here}\ngpio_modules: [{name: pi, module: raspberrypi}]\n";

/// Imports a configuration whose module is the Pi, with these sections.
#[track_caller]
fn circuit(sections: &str) -> (Circuit, String, Vec<Remark>) {
    let (text, remarks) = import(&format!("{PI}{sections}")).unwrap();
    let circuit = Circuit::parse(&text).unwrap_or_else(|mistake| panic!("{mistake}\n{text}"));
    (circuit, text, remarks)
}

/// Imports what must fail, and returns the line and the message.
#[track_caller]
fn mistake(text: &str) -> String {
    import(text).unwrap_err().to_string()
}

#[test]
fn an_inverted_output_that_starts_high_starts_off() {
    for (keys, active_high, initial) in [
        ("", true, None),
        ("initial: high", true, Some(Resting::On)),
        ("initial: low", true, Some(Resting::Off)),
        ("inverted: yes", false, None),
        ("inverted: yes, initial: high", false, Some(Resting::Off)),
        ("inverted: on, initial: low", false, Some(Resting::On)),
    ] {
        let (circuit, text, _) =
            circuit(&format!("digital_outputs: [{{name: a, module: pi, pin: 5, {keys}}}]"));
        let Kind::Relay(relay) = &circuit.parts()[0].kind else { panic!("{text}") };
        assert_eq!(relay.active_high, active_high, "{keys}");
        let device = circuit.mqtt().device.values().next();
        assert_eq!(device.and_then(|device| device.initial), initial, "{keys}");
    }
}

#[test]
fn an_input_is_on_as_before() {
    for (keys, pull_up, is_on_when_open) in [
        ("", false, false),
        ("inverted: yes", true, false),
        ("pulldown: yes", false, false),
        ("pulldown: yes, inverted: yes", false, true),
        ("pullup: yes", true, true),
        ("pullup: yes, inverted: yes", true, false),
    ] {
        let (circuit, text, _) =
            circuit(&format!("digital_inputs: [{{name: a, module: pi, pin: 5, {keys}}}]"));
        let Kind::Switch(switch) = &circuit.parts()[0].kind else { panic!("{text}") };
        assert_eq!(switch.pull_up, pull_up, "{keys}");
        let on_when = circuit.mqtt().device.values().next().and_then(|device| device.on_when.clone());
        assert_eq!(on_when.as_deref(), is_on_when_open.then_some("open"), "{keys}");
    }
}

#[test]
fn times_of_outputs_and_inputs_are_kept() {
    let (circuit, text, remarks) = circuit(
        "digital_outputs: [{name: a, module: pi, pin: 5, timed_set_ms: 500}]\n\
         digital_inputs: [{name: b, module: pi, pin: 6, bouncetime: 100}, {name: c, module: pi, pin: 7, bouncetime: 2000}]\n",
    );
    let device = |name: &str| {
        circuit.mqtt().device.iter().find(|(other, _)| other.get_ref() == name).unwrap().1.clone()
    };
    assert_eq!((device("a").on_for, device("b").bounce_time), (Some(0.5), Some(0.1)), "{text}");
    assert_eq!(device("c").bounce_time, None);
    assert!(remarks.len() == 1 && remarks[0].message.contains("bounce_time = 2: left out"), "{remarks:?}");
}

#[test]
fn inputs_outputs_and_sensors_keep_their_topics() {
    let (circuit, text, _) = circuit(
        "digital_outputs: [{name: lamp, module: pi, pin: 5}, {name: big pump, module: pi, pin: 7}]\n\
         digital_inputs: [{name: lamp, module: pi, pin: 6}]\n\
         sensor_modules: [{name: hot, module: ds18b, type: DS18B20, address: 000005e2fdc3}]\n\
         sensor_inputs: [{name: hot, module: hot}]\n",
    );
    let topics: Vec<(&str, Option<&str>)> = circuit
        .parts()
        .iter()
        .map(|part| {
            let found = circuit.mqtt().device.iter().find(|(name, _)| *name.get_ref() == part.name);
            (&*part.name, found.and_then(|(_, device)| device.topic.as_deref()))
        })
        .collect();
    let wanted = [
        ("lamp", None),
        ("big_pump", Some("output/big pump")),
        ("lamp_2", Some("input/lamp")),
        ("hot", Some("sensor/{device}")),
    ];
    assert_eq!(topics, wanted, "{text}");
}

#[test]
fn the_topic_prefix_becomes_prefix_and_node() {
    for (old, prefix, node, topic) in [
        ("home/attic", Some("home"), Some("attic"), "{prefix}/{node}/output/{device}"),
        ("a/b/c/", Some("a/b"), Some("c"), "{prefix}/{node}/output/{device}"),
        ("pi", Some("pi"), None, "{prefix}/output/{device}"),
        ("", None, None, "output/{device}"),
    ] {
        let text = format!(
            "mqtt: {{host: here, topic_prefix: {old:?}}}\ngpio_modules: [{{name: pi, module: raspberrypi}}]\n\
             digital_outputs: [{{name: a, module: pi, pin: 5}}]"
        );
        let circuit = Circuit::parse(&import(&text).unwrap().0).unwrap();
        let mqtt = circuit.mqtt();
        assert_eq!((mqtt.prefix.as_deref(), mqtt.node.as_deref()), (prefix, node), "{old}");
        assert_eq!(mqtt.topic.as_deref(), Some(topic), "{old}");
    }
}

#[test]
fn topics_that_cannot_be_kept_are_not() {
    for old in ["/home", "home/+", "#", "home/my attic", "home//attic"] {
        let (text, remarks) = import(&format!("mqtt: {{topic_prefix: {old:?}}}")).unwrap();
        assert_eq!(Circuit::parse(&text).unwrap().mqtt().topic, None, "{old}");
        assert!(remarks[0].message.contains("cannot be kept"), "{remarks:?}");
    }
}

#[test]
fn the_password_is_nowhere() {
    let (text, remarks) = import("mqtt:\n  user: me\n  password: hunter2\n").unwrap();
    assert!(!text.contains("hunter2") && !format!("{remarks:?}").contains("hunter2"));
    assert!(text.contains("user = \"me\"") && text.contains("# password_file = "), "{text}");
    assert_eq!(remarks.len(), 1);
    let wrong = mistake("mqtt:\n  password: [hunter2]\n");
    assert!(!wrong.contains("hunter2"), "{wrong}");
}

#[test]
fn a_name_that_the_circuit_does_not_allow_is_changed() {
    let (circuit, text, remarks) = circuit(
        "digital_outputs:\n- {name: big pump, module: pi, pin: 5}\n- {name: big_pump, module: pi, pin: 6}\n\
         - {name: Pömp, module: pi, pin: 7}\n",
    );
    let names: Vec<&str> = circuit.parts().iter().map(|part| &*part.name).collect();
    assert_eq!(names, ["big_pump", "big_pump_2", "Pömp"], "{text}");
    let lines: Vec<usize> = remarks.iter().map(|remark| remark.line).collect();
    assert_eq!(lines, [4, 5], "{remarks:?}");
}

#[test]
fn a_pin_that_is_taken_or_unknown_leaves_the_part_out() {
    let (circuit, text, remarks) = circuit(
        "digital_outputs:\n- {name: a, module: pi, pin: 5}\n- {name: b, module: pi, pin: 5}\n- {name: c, module: pi, pin: 99}\n",
    );
    assert_eq!(circuit.parts().len(), 1);
    assert!(text.contains("# [relay.b]") && text.contains("# [relay.c]"), "{text}");
    assert!(remarks[0].message.contains("taken by \"a\""), "{remarks:?}");
    assert!(remarks[1].message.contains("unknown pin"), "{remarks:?}");
}

#[test]
fn a_key_that_the_circuit_does_not_have_is_left_out_and_the_rest_stays() {
    let (circuit, text, remarks) = circuit(
        "digital_outputs: [{name: a, module: pi, pin: 5, ha_discovery: {name: A, icon: pump, device_class: outlet}}]\n\
         digital_inputs: [{name: b, module: pi, pin: 6, ha_discovery: {device_class: ghost, name: B}}]\n",
    );
    let devices = &circuit.mqtt().device;
    let names: Vec<Option<&str>> = devices.values().map(|device| device.name.as_deref()).collect();
    assert_eq!((circuit.parts().len(), names), (2, vec![Some("A"), Some("B")]), "{text}");
    assert!(remarks[0].message.contains("icon = \"pump\": left out"), "{remarks:?}");
    assert!(remarks[1].message.contains("class = \"ghost\": left out"), "{remarks:?}");

    let (text, remarks) = import(
        "mqtt: {host: a b, keepalive: 3, user: me, tls: {enabled: yes, certfile: c}, topic_prefix: x/y}",
    )
    .unwrap();
    let mqtt = Circuit::parse(&text).unwrap().mqtt().clone();
    assert_eq!((mqtt.broker, mqtt.keep_alive, mqtt.user.as_deref()), (None, None, Some("me")), "{text}");
    assert_eq!((mqtt.certificate_file, mqtt.node.as_deref()), (None, Some("y")), "{text}");
    assert_eq!(remarks.len(), 3, "{remarks:?}");
}

#[test]
fn wrong_values_are_told_with_their_line() {
    for (text, message) in [
        ("- a\n", "line 1: a configuration of mqtt-io is no map"),
        ("gpio_modules: []\n", "there is no section \"mqtt\""),
        ("mqtt: 5\n", "line 1: mqtt is no map"),
        ("mqtt:\n  port: many\n", "line 2: \"port\" of mqtt must be a whole number from 1 to 65535"),
        ("mqtt: {}\ndigital_inputs:\n  door: 5\n", "line 3: \"digital_inputs\""),
        ("mqtt: {}\ndigital_inputs:\n- name: door\n", "line 3: an entry of digital_inputs has no \"module\""),
        ("mqtt: {}\ndigital_inputs:\n- {name: door, module: pi, pin: 4}\n", "which is not there"),
        ("mqtt: {}\nmqtt: {}\n", "line 2: the key \"mqtt\" is there on line 1 already"),
        ("mqtt:\n  host: !secret host\n", "line 2: the tag !secret"),
        ("mqtt: {}\n---\nmqtt: {}\n", "line 2: another document begins"),
        ("mqtt: {}\n[1]: 2\n", "line 2: a list or map as a key"),
        ("mqtt: *a\n", "line 1: no YAML"),
        ("mqtt:\n\tport: 1\n", "no YAML"),
    ] {
        let told = mistake(text);
        assert!(told.contains(message), "{text}: {told}");
    }
    let told = mistake(&format!("{PI}digital_outputs: [{{name: a, module: pi, pin: 5, inverted: maybe}}]"));
    assert!(told.contains("must be yes or no"), "{told}");
    let told = mistake(&format!("{PI}digital_outputs: [{{name: a, module: pi, pin: 5, initial: up}}]"));
    assert!(told.contains("must be high or low"), "{told}");
}

#[test]
fn anchors_and_merges_are_followed() {
    let (circuit, text, _) = circuit(
        "base: &base {module: pi, inverted: yes}\ndigital_outputs:\n- <<: *base\n  name: a\n  pin: 5\n  inverted: no\n\
         - {name: b, pin: 6, <<: *base}\n",
    );
    let high: Vec<bool> = circuit
        .parts()
        .iter()
        .map(|part| if let Kind::Relay(relay) = &part.kind { relay.active_high } else { panic!("{text}") })
        .collect();
    assert_eq!(high, [true, false]);
}

#[test]
fn aliases_of_aliases_do_not_fill_the_memory() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let last = level - 1;
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![format!("*a{last}"); 10].join(", "));
    }
    assert!(mistake(&bomb).contains("more than 4 MiB"));
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), vec!["*a"; 1000].join(", "));
    assert!(mistake(&long).contains("more than 4 MiB"));
}

#[test]
fn nesting_has_an_end() {
    for text in ["[".repeat(200_000), "{a: ".repeat(50_000), "- ".repeat(100_000)] {
        assert!(read(&text).is_err());
    }
    assert!(mistake(&format!("a: {}{}", "[".repeat(40), "]".repeat(40))).contains("deeper than 32 levels"));
    let deep: String = (0..300).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    assert!(mistake(&deep).contains("deeper than 32 levels"));
}

#[test]
fn rubbish_is_no_panic() {
    let words = [
        "mqtt:", "\n", " ", "- ", "[", "]", "{", "}", "&a ", "*a", "<<: ", "name: ", "'", "\"", "|", ">",
        "!!str ", "\u{fe0f}", "#", "\t", "? ", "%", "~",
    ];
    let mut seed = 1_u64;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..12 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text += words[(seed >> 33) as usize % words.len()];
        }
        if let Ok((circuit, _)) = import(&text) {
            Circuit::parse(&circuit).unwrap_or_else(|mistake| panic!("{text}: {mistake}\n{circuit}"));
        }
    }
}
