use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::fleet::text::words;

const NOW: u64 = 1_000_000;

/// Takes messages that the broker had kept.
fn kept(messages: &[(&str, &str)]) -> Fleet {
    let mut fleet = Fleet::new("pinzero");
    for (topic, payload) in messages {
        fleet.take(&Message::new(*topic, *payload).retained(), NOW);
    }
    fleet
}

fn live(fleet: &mut Fleet, topic: &str, payload: &str, now: u64) {
    fleet.take(&Message::new(topic, payload), now);
}

const INFO: &str = r#"{"version":"0.1.0","board":"Raspberry Pi 4B","factory":"cdev","since":1000,"connected":2000,"lost":3,
    "last_event":{"device":"button","event":"click","at":3000},
    "devices":[{"name":"button","kind":"button","topic":"pinzero/attic/button"},
               {"name":"lamp","kind":"led","topic":"pinzero/attic/lamp"}]}"#;

fn attic() -> Fleet {
    kept(&[("pinzero/attic/status", "online"), ("pinzero/attic/info", INFO)])
}

fn node(fleet: &Fleet) -> &Node {
    fleet.nodes().next().unwrap()
}

fn lamp(fleet: &Fleet) -> &Device {
    fleet.device("pinzero/attic/lamp").unwrap()
}

/// Returns all texts that are shown of a node.
fn texts(node: &Node) -> String {
    let event = |event: &Option<Event>| event.as_ref().map(|event| event.device.clone() + &event.event);
    let of_node = [
        node.version.clone(),
        node.board.clone(),
        node.factory.clone(),
        node.flaw.clone(),
        event(&node.last_event),
    ];
    let of_devices = node.devices.iter().flat_map(|device| {
        let state = device.state().map(|state| words(&state) + &Value::Object(state).to_string());
        [
            Some(device.name.clone()),
            Some(device.kind.clone()),
            Some(device.topic.clone()),
            state,
            event(&device.last_event),
            Some(device.refusal.clone()),
        ]
    });
    let all = of_node.into_iter().chain(of_devices).flatten();
    all.fold(node.name.clone(), |all, text| all + &text)
}

#[test]
fn a_node_is_what_it_tells_of_itself() {
    let fleet = attic();
    let node = node(&fleet);
    assert_eq!((&*node.name, node.is_online, node.flaw.as_deref()), ("attic", Some(true), None));
    assert_eq!(node.board.as_deref(), Some("Raspberry Pi 4B"));
    assert_eq!((node.started, node.lost, node.since()), (Some(1000), Some(3), Since::At(2000)));
    assert_eq!(node.last_event.as_ref().unwrap().event, "click");
    let names: Vec<&str> = node.devices.iter().map(|device| &*device.name).collect();
    assert_eq!(names, ["button", "lamp"]);
    assert_eq!(node.changed, None);
}

#[test]
fn since_when_a_node_is_away_is_told_as_exactly_as_it_is_known() {
    let offline = |info: &str| kept(&[("pinzero/attic/status", "offline"), ("pinzero/attic/info", info)]);
    for (info, expected) in [
        ("{}", Since::Unknown),
        (r#"{"since":1000}"#, Since::After(1000)),
        (r#"{"since":1000,"connected":2000}"#, Since::After(2000)),
        (INFO, Since::After(3000)),
        (r#"{"since":1000,"connected":2000,"stopped":4000}"#, Since::At(4000)),
    ] {
        assert_eq!(node(&offline(info)).since(), expected, "{info}");
    }
    let mut fleet = attic();
    live(&mut fleet, "pinzero/attic/status", "offline", 5000);
    assert_eq!(node(&fleet).since(), Since::At(5000));
    assert_eq!(node(&fleet).changed, Some(5000));
}

#[test]
fn states_and_events_of_devices_are_marked_if_somebody_tells_them_now() {
    let mut fleet = attic();
    fleet.take(&Message::new("pinzero/attic/lamp/state", r#"{"state":"OFF"}"#).retained(), NOW);
    assert_eq!((lamp(&fleet).told, lamp(&fleet).changed), (0, None));
    live(&mut fleet, "pinzero/attic/lamp/state", r#"{"state":"ON"}"#, 5000);
    assert_eq!((lamp(&fleet).told, lamp(&fleet).told_at, lamp(&fleet).changed), (1, 5000, Some(5000)));
    live(&mut fleet, "pinzero/attic/lamp/state", r#"{"state":"ON"}"#, 6000);
    assert_eq!((lamp(&fleet).told, lamp(&fleet).changed), (2, Some(5000)));
    assert_eq!(Value::Object(lamp(&fleet).state().unwrap()), json!({ "state": "ON" }));

    live(&mut fleet, "pinzero/attic/button/event", r#"{"event_type":"double","at":6500}"#, 7000);
    assert_eq!(
        node(&fleet).last_event.as_ref().unwrap(),
        &Event { device: "button".into(), event: "double".into(), at: 6500 }
    );
    // The facts about the node are older than what was heard.
    fleet.take(&Message::new("pinzero/attic/info", INFO), 8000);
    assert_eq!(node(&fleet).last_event.as_ref().unwrap().at, 6500);
    assert_eq!(lamp(&fleet).told, 2);
    live(&mut fleet, "pinzero/attic/lamp/refused", r#"{"reason":"no \u001b"}"#, 8000);
    assert_eq!((&*lamp(&fleet).refusal, lamp(&fleet).refusals), ("no \\u001b", 1));
    // Nobody has just pressed anything.
    fleet.take(
        &Message::new("pinzero/attic/button/event", r#"{"event_type":"old","at":9000}"#).retained(),
        NOW,
    );
    assert_eq!(node(&fleet).last_event.as_ref().unwrap().event, "double");
}

#[test]
fn a_device_may_have_any_topic_and_only_one_node() {
    let info = r#"{"devices":[{"name":"lamp","kind":"led","topic":"home/attic lamp"}]}"#;
    let mut fleet = kept(&[("pinzero/attic/info", info), ("home/attic lamp/state", r#"{"state":"ON"}"#)]);
    assert!(fleet.device("home/attic lamp").unwrap().state().is_some());
    assert!(!fleet.is_disputed("home/attic lamp"));
    live(&mut fleet, "pinzero/thief/info", info, NOW);
    assert!(fleet.is_disputed("home/attic lamp"));
    live(&mut fleet, "pinzero/thief/info", r#"{"devices":[]}"#, NOW);
    assert!(!fleet.is_disputed("home/attic lamp"));
}

#[test]
fn what_the_broker_forgets_is_gone() {
    let mut fleet = attic();
    live(&mut fleet, "pinzero/attic/status", "", NOW);
    assert_eq!(node(&fleet).is_online, None);
    live(&mut fleet, "pinzero/attic/info", "", NOW);
    assert_eq!(fleet.nodes().count(), 0);
    assert!(fleet.device("pinzero/attic/lamp").is_none());

    // After a new connection, nodes of which the broker does not tell any more are gone, too.
    let mut fleet = attic();
    fleet.begin();
    live(&mut fleet, "pinzero/cellar/status", "online", NOW);
    fleet.end();
    assert_eq!(node(&fleet).name, "cellar");
    assert_eq!((fleet.nodes().count(), fleet.devices, fleet.owners.len()), (1, 0, 0));
}

#[test]
fn the_broker_is_asked_once_for_each_device_of_a_connection() {
    let mut fleet = attic();
    let all = Pattern::all();
    assert_eq!(fleet.ask(&all, 1), ["pinzero/attic/button"]);
    assert_eq!(fleet.ask(&all, 10), ["pinzero/attic/lamp"]);
    assert!(fleet.ask(&all, 10).is_empty());
    fleet.begin();
    assert_eq!(fleet.ask(&"*/lamp".parse().unwrap(), 10), ["pinzero/attic/lamp"]);
}

#[test]
fn wrong_facts_are_named_and_right_ones_stay() {
    for (info, flaw) in [
        ("", None),
        ("{", Some("/info is not an object of JSON")),
        ("[1]", Some("/info is not an object of JSON")),
        (r#"{"board":5}"#, Some("/info has a \"board\" that is not a text")),
        (r#"{"since":-1}"#, Some("/info has a \"since\" that is not a whole number")),
        (r#"{"since":1e300}"#, Some("/info has a \"since\" that is not a whole number")),
        (r#"{"lost":"many"}"#, Some("/info has a \"lost\" that is not a whole number")),
        (r#"{"last_event":"click"}"#, Some("/info has a \"last_event\" that is not an object")),
        (r#"{"last_event":{"device":1}}"#, Some("/info has a \"device\" that is not a text")),
        (r#"{"devices":{"lamp":1}}"#, Some("/info has a \"devices\" that is not a list")),
        (
            r#"{"devices":[1]}"#,
            Some("/info lists a device without a name or without a topic that can be used"),
        ),
        (
            r##"{"devices":[{"name":"a","topic":"#"}]}"##,
            Some("/info lists a device without a name or without a topic that can be used"),
        ),
        (
            r#"{"devices":[{"name":"a","topic":"a\u001b"}]}"#,
            Some("/info lists a device without a name or without a topic that can be used"),
        ),
        (
            r#"{"devices":[{"name":"","topic":"a"}]}"#,
            Some("/info lists a device without a name or without a topic that can be used"),
        ),
        (
            r#"{"devices":[{"name":"a","topic":"a"},{"name":"a","topic":"b"}]}"#,
            Some("/info lists the device \"a\" twice"),
        ),
        (r#"{"board":null,"more":[1]}"#, None),
    ] {
        let fleet = kept(&[("pinzero/attic/status", "online"), ("pinzero/attic/info", info)]);
        assert_eq!(node(&fleet).flaw.as_deref(), flaw, "{info}");
        assert_eq!(node(&fleet).is_online, Some(true));
    }
    let fleet = kept(&[(
        "pinzero/attic/info",
        r#"{"board":"Pi","version":[],"devices":[{"name":"a","topic":"a"},7]}"#,
    )]);
    assert_eq!((node(&fleet).board.as_deref(), node(&fleet).devices.len()), (Some("Pi"), 1));
    assert_eq!(node(&fleet).is_online, None);
}

#[test]
fn names_cannot_move_the_cursor() {
    let info = r#"{"board":"\u001b[2J","devices":[{"name":"a\u202eb","kind":"\u0007","topic":"t"}]}"#;
    let mut fleet = kept(&[("pinzero/a\u{1b}[31m/info", info)]);
    live(&mut fleet, "t/state", r#"{"\u009b":"\u001b]0;x\u0007","deep":{"a":["\u007f"]}}"#, NOW);
    live(&mut fleet, "t/event", r#"{"event_type":"\u001b[A"}"#, NOW);
    let shown = texts(node(&fleet));
    assert!(!shown.contains(is_harmful) && shown.contains("]0;x"), "{shown:?}");
    assert_eq!(node(&fleet).name, "a\\u001b[31m");
    assert_eq!(node(&fleet).last_event.as_ref().unwrap().event, "\\u001b[A");
}

#[test]
fn memory_is_bounded() {
    let mut fleet = Fleet::new("pinzero");
    for number in 0..MOST_NODES + 5 {
        live(&mut fleet, &format!("pinzero/n{number}/status"), "online", NOW);
    }
    assert_eq!((fleet.nodes().count(), fleet.is_over), (MOST_NODES, true));

    let list = |node: usize, count: usize| {
        let devices = (0..count)
            .map(|number| json!({ "name": format!("d{number}"), "topic": format!("{node}/{number}") }));
        json!({ "devices": devices.collect::<Vec<_>>() }).to_string()
    };
    let mut fleet = Fleet::new("pinzero");
    live(&mut fleet, "pinzero/n0/info", &list(0, 300), NOW);
    assert_eq!(node(&fleet).devices.len(), MOST_DEVICES);
    assert!(node(&fleet).flaw.as_ref().unwrap().contains("more than 256 devices"));
    for number in 1..100 {
        live(&mut fleet, &format!("pinzero/n{number}/info"), &list(number, 250), NOW);
    }
    assert_eq!(
        (fleet.devices, fleet.owners.len(), fleet.is_over),
        (MOST_DEVICES_IN_ALL, MOST_DEVICES_IN_ALL, true)
    );

    let huge = format!(r#"{{"board":"{}"}}"#, "x".repeat(1 << 20));
    live(&mut fleet, "pinzero/n0/info", &huge, NOW);
    assert!(node(&fleet).flaw.as_ref().unwrap().contains("more than 262144 are not read"));
    live(&mut fleet, "0/1/state", &huge, NOW);
    assert_eq!(fleet.device("0/1").unwrap().state(), None);
    live(&mut fleet, &format!("pinzero/{}/status", "x".repeat(60_000)), "online", NOW);
    live(&mut fleet, "pinzero//status", "online", NOW);
    live(&mut fleet, "pinzero/$fleet/status", "online", NOW);
    assert_eq!(fleet.nodes().count(), 100);
}

/// Payloads that are near to right ones.
fn junk() -> impl Strategy<Value = Vec<u8>> {
    let value = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec!["pinzero/a/lamp", "home/x", "a/b", "$SYS", "+"]).prop_map(Value::from),
    ];
    let value = value.prop_recursive(3, 24, 6, |inner| {
        let keys = vec![
            "name",
            "topic",
            "kind",
            "devices",
            "last_event",
            "device",
            "event",
            "at",
            "board",
            "since",
            "event_type",
            "reason",
            "lost",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(keys).prop_map(str::to_owned), inner, 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    });
    prop_oneof![
        value.prop_map(|value| value.to_string().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..64),
        prop::sample::select(vec!["online", "offline", "", INFO]).prop_map(|text| text.as_bytes().to_vec()),
    ]
}

proptest! {
    #[test]
    fn junk_does_no_harm(
        messages in prop::collection::vec((
            prop_oneof![
                "pinzero/[ab\u{1b}]{1,2}/(status|info)",
                "(pinzero/a/lamp|home/x|a/b)/(state|event|availability|refused)",
                any::<String>(),
            ],
            junk(),
            any::<bool>(),
        ), 0..40),
    ) {
        let mut fleet = Fleet::new("pinzero");
        for (number, (topic, payload, is_kept)) in messages.into_iter().enumerate() {
            let message = Message::new(topic, payload);
            fleet.take(&if is_kept { message.retained() } else { message }, NOW + number as u64);
            if number % 7 == 3 {
                fleet.begin();
                let _ = fleet.ask(&Pattern::all(), 3);
            }
            if number % 11 == 10 {
                fleet.end();
            }
        }
        let all = Pattern::all();
        prop_assert_eq!(fleet.devices(&all).count(), fleet.devices);
        for (_, device) in fleet.devices(&all) {
            prop_assert!(fleet.device(&device.topic).is_some());
            prop_assert!(device.topic.len() <= LONGEST_TOPIC);
        }
        for (topic, owners) in &fleet.owners {
            for owner in owners {
                prop_assert!(fleet.nodes[owner].devices.iter().any(|device| device.topic == *topic));
            }
        }
        for node in fleet.nodes() {
            let shown = texts(node);
            prop_assert!(!shown.contains(is_harmful), "{:?}", shown);
            let _ = node.since();
        }
    }
}
