//! The facts about a node, which `pinzero fleet` shows.

use pinzero::time::{ms, secs};
use serde_json::Value;

use crate::house::House;

const INFO: &str = "pinzero/attic/info";

fn parse(payload: &str) -> Value {
    serde_json::from_str(payload).unwrap()
}

#[test]
fn a_node_tells_since_when_it_runs_and_is_connected_and_when_it_stopped() {
    let house = House::new("[relay.pump]\npin = 17\n");
    let info = parse(&house.broker.expect(INFO, |info| parse(info)["connected"].is_u64()));
    assert!(info["connected"].as_u64() >= info["since"].as_u64(), "{info}");
    assert_eq!(info["stopped"], Value::Null);
    assert_eq!(info["last_event"], Value::Null);
    assert_eq!(info["lost"], 0);
    assert_eq!(info["devices"][0]["topic"], "pinzero/attic/pump");

    house.node.stop();
    let info = parse(&house.broker.expect(INFO, |info| parse(info)["stopped"].is_u64()));
    assert!(info["stopped"].as_u64() >= info["connected"].as_u64(), "{info}");
    house.broker.expect("pinzero/attic/status", |status| status == "offline");
}

#[test]
fn a_node_tells_why_a_command_is_refused_before_it_tells_the_state_again() {
    let house = House::new("[relay.pump]\npin = 17\n");
    house.expect_state("pump", &serde_json::json!({ "state": "OFF" }));
    house.set("pump", r#"{"state":"ON","power":5}"#);
    let refused = house.broker.expect("pinzero/attic/pump/refused", |_| true);
    assert!(parse(&refused)["reason"].as_str().unwrap().contains("power"), "{refused}");
    house.expect_state("pump", &serde_json::json!({ "state": "OFF" }));
    assert!(house.broker.kept().keys().all(|topic| !topic.ends_with("/refused")));
}

#[test]
fn each_refused_command_is_answered_though_the_log_falls_silent() {
    let house = House::new("[relay.pump]\npin = 17\n");
    let topic = "pinzero/attic/pump/refused";
    for number in 0..15 {
        house.set("pump", &format!("{{\"power\":{number}}}"));
    }
    house.set("pump", &"x".repeat(5000));
    for _ in 0..16 {
        house.broker.expect(topic, |_| true);
    }
}

#[test]
fn a_refusal_is_short_though_the_command_was_long() {
    let house = House::new("[relay.pump]\npin = 17\n");
    house.set("pump", &"9".repeat(4000));
    let refused = house.broker.expect("pinzero/attic/pump/refused", |_| true);
    assert!(refused.contains("999 … is no number to send") && refused.len() < 200, "{refused}");
}

#[test]
fn an_event_is_in_the_facts_within_ten_seconds() {
    let house = House::new("[button.bell]\npin = 2\n");
    house.expect_state("bell", &serde_json::json!({ "state": "OFF" }));
    house.gpio.line(2).press(ms(80));
    house.gpio.advance(secs(15));
    let info = parse(&house.broker.expect(INFO, |info| !parse(info)["last_event"].is_null()));
    assert_eq!(
        (&info["last_event"]["device"], &info["last_event"]["event"]),
        (&"bell".into(), &"click".into())
    );
    assert!(info["last_event"]["at"].is_u64(), "{info}");
}
