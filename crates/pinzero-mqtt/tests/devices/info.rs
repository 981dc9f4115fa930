//! The facts about a node, which `pinzero fleet` shows.

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
