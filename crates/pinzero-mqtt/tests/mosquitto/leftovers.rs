//! What a node leaves on the broker, and takes back when its file has changed.

use serde_json::{Value, json};

use crate::attic::Attic;
use crate::observer::{Observer, text};
use crate::server::Mosquitto;

/// Returns the topics with this word that the broker keeps, as somebody sees who comes now.
pub(crate) fn kept(mosquitto: &Mosquitto, word: &str) -> Vec<String> {
    let observer = Observer::connect(mosquitto.port());
    // Kept messages come first, and this one is among them.
    observer.send("end", "");
    let messages = observer.collect(|messages| messages.iter().any(|message| message.topic == "end"));
    let kept = messages.into_iter().filter(|message| message.retain).map(|message| message.topic);
    kept.filter(|topic| topic.contains(word)).collect()
}

#[test]
#[ignore = "no broker: run `cargo xtask broker`"]
fn what_left_the_file_while_the_node_was_down_is_taken_back() {
    let mosquitto = Mosquitto::start();
    let observer = Observer::connect(mosquitto.port());
    let mut before = Attic::run(&mosquitto, "[relay.pump]\npin = 17\n[led.lamp]\npin = 18\n");
    observer.expect_status("online");
    before.stop();
    observer.expect_status("offline");
    drop(observer);
    assert_eq!(kept(&mosquitto, "pump").len(), 3);

    let observer = Observer::connect(mosquitto.port());
    let _after = Attic::run(&mosquitto, "[led.lamp]\npin = 18\n[mqtt.device.lamp]\nas = \"switch\"\n");
    let lamp = "homeassistant/device/pinzero_0123456789abcdef_lamp/config";
    let told = observer.expect(lamp, |payload| {
        let told: Value = serde_json::from_str(payload).unwrap();
        told["components"]["light"] == json!({ "platform": "light" })
    });
    assert!(text(&told).contains("\"platform\":\"switch\""));
    observer.send("pinzero/attic/lamp/set", "ON");
    observer.expect_state("lamp", "ON");
    drop(observer);
    assert_eq!(kept(&mosquitto, "pump"), [""; 0]);
}
