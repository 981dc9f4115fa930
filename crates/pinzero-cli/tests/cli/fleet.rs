//! `pinzero fleet`: without a broker, and with nodes of the real command on a genuine one.

use std::io::BufReader;
use std::process::{ChildStderr, Output};

use serde_json::Value;

use crate::mqtt::{Client, Folder, Mosquitto, NOBODY};
use crate::pty::Pty;
use crate::run::run;
use crate::served::Program;

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What a run that must fail says.
#[track_caller]
fn error(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    stderr(&output)
}

#[test]
fn without_a_broker_the_error_says_how_to_name_one() {
    for action in ["list", "devices"] {
        let text = error(&["fleet", action]);
        assert!(text.contains("--broker mqtt://HOST"), "{text}");
    }
    let text = error(&["fleet", "--broker", NOBODY]);
    assert!(text.contains("127.0.0.1:1"), "{text}");
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_sent() {
    for (arguments, advice) in [
        (&["set", "a/b", "{"][..], "the command is not JSON"),
        (&["set", "a/b", ""], "send ON, a number, or an object of JSON"),
        (&["list", "--prefix", "pinzero/#"], "makes no topics"),
        (&["watch", "--json"], "`pinzero fleet list --json` is for programs"),
        (&["watch"], "watch needs a terminal"),
    ] {
        let text = error(&[&["fleet", "--broker", NOBODY], arguments].concat());
        assert!(text.contains(advice), "{arguments:?}: {text}");
    }
    for (arguments, advice) in [
        (&["on", "lamp"][..], "write NODE/DEVICE: '*/lamp' is"),
        (&["devices", "lamp"], "write NODE/DEVICE: '*/lamp' is"),
        (&["on", "a/b", "--wait", "soon"], "500ms"),
    ] {
        let output = run(&[&["fleet"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(advice), "{arguments:?}: {}", stderr(&output));
    }
}

/// A broker with nodes.
struct Fleet {
    broker: Mosquitto,
    client: Client,
    nodes: Vec<(Folder, Program, BufReader<ChildStderr>)>,
}

impl Fleet {
    fn start(names: &[&str]) -> Fleet {
        let broker = Mosquitto::start();
        let client = broker.client("pinzero");
        let mut fleet = Fleet { broker, client, nodes: Vec::new() };
        for name in names {
            let circuit =
                format!("[mqtt]\nnode = \"{name}\"\n\n[relay.pump]\npin = 17\n\n[relay.lamp]\npin = 18\n");
            let folder = Folder::new(&circuit);
            let (program, stderr) = folder.start(&fleet.broker.url(), "pinzero: info: connected");
            fleet.client.expect(&format!("pinzero/{name}/status"), "online");
            fleet.nodes.push((folder, program, stderr));
        }
        fleet
    }

    fn run(&self, arguments: &[&str]) -> Output {
        run(&[&["fleet", "--broker", &self.broker.url()], arguments].concat())
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&stdout(&self.run(&[arguments, &["--json"]].concat()))).unwrap()
    }

    fn watch(&self) -> Pty {
        Pty::start(&["fleet", "watch", "--broker", &self.broker.url()], &[("LC_ALL", "C.UTF-8")], false)
    }
}

#[test]
#[ignore = "no broker: run `cargo xtask broker`"]
fn a_list_has_the_nodes_and_those_that_have_gone() {
    let fleet = Fleet::start(&["attic", "cellar"]);
    let text = stdout(&fleet.run(&[]));
    assert!(text.contains("attic   online for") && text.contains("2 nodes, 2 online, 4 devices"), "{text}");
    let list = fleet.json(&["list"]);
    assert_eq!(list["complete"], true);
    let attic = &list["nodes"][0];
    assert_eq!(
        (&attic["node"], &attic["status"], &attic["factory"]),
        (&"attic".into(), &"online".into(), &"mock".into())
    );
    assert!(attic["since"].as_u64() >= attic["started"].as_u64(), "{attic}");
    assert_eq!(attic["devices"], serde_json::json!(["lamp", "pump"]));

    fleet.nodes[0].1.signal("TERM");
    fleet.nodes[1].1.signal("KILL");
    fleet.client.expect("pinzero/attic/status", "offline");
    fleet.client.expect("pinzero/cellar/status", "offline");
    let list = fleet.json(&[]);
    let (attic, cellar) = (&list["nodes"][0], &list["nodes"][1]);
    // A node that is killed cannot say when.
    assert!(attic["since"].is_u64() && attic["status"] == "offline", "{attic}");
    assert!(cellar["since"].is_null() && cellar["since_after"].is_u64(), "{cellar}");
}

#[test]
#[ignore = "no broker: run `cargo xtask broker`"]
fn commands_by_pattern_tell_what_came_of_them() {
    let fleet = Fleet::start(&["attic", "cellar", "shed"]);
    let output = fleet.run(&["on", "*/lamp"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("attic/lamp: sent ON; the state is ON, after "), "{text}");
    assert!(text.contains("3 of 3 devices have done it"), "{text}");
    // What does not change a state is answered, too.
    assert_eq!(fleet.run(&["on", "attic/lamp"]).status.code(), Some(0));
    assert_eq!(fleet.run(&["toggle", "attic/lamp", "--wait", "20s"]).status.code(), Some(0));
    let devices = fleet.json(&["devices", "*/lamp"]);
    let states: Vec<&str> = devices["devices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|device| device["state"]["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["OFF", "ON", "ON"]);

    let output = fleet.run(&["set", "attic/pump", r#"{"state":"ON","power":5}"#]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stdout(&output).contains("refused: there is no \"power\""), "{}", stdout(&output));
    // A command of an hour ago has been overtaken.
    assert_eq!(fleet.run(&["on", "attic/pump"]).status.code(), Some(0));
    let output = fleet.run(&["set", "attic/pump", r#"{"state":"OFF","at":1000}"#]);
    assert!(stdout(&output).contains("older than one that was carried out"), "{}", stdout(&output));

    fleet.nodes[2].1.signal("KILL");
    fleet.client.expect("pinzero/shed/status", "offline");
    let output = fleet.run(&["off", "*/lamp", "--json"]);
    assert_eq!(output.status.code(), Some(3));
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let outcomes: Vec<&Value> =
        report["devices"].as_array().unwrap().iter().map(|device| &device["outcome"]).collect();
    assert_eq!(outcomes, ["done", "done", "not sent"]);

    let text = stderr(&fleet.run(&["on", "atic/lamp"]));
    assert!(text.contains("near names are attic/lamp"), "{text}");
    // Nothing is kept: a client that comes now sees no command.
    let late = fleet.broker.client("pinzero/attic/lamp");
    late.publish("pinzero/attic/lamp/end", "end");
    late.expect("pinzero/attic/lamp/end", "end");
    assert!(!late.has_seen("/set"), "a command is kept");
}

#[test]
#[ignore = "no broker: run `cargo xtask broker`"]
fn a_cover_is_switched_like_all_others_and_each_refusal_is_heard() {
    let fleet = Fleet::start(&[]);
    let circuit = "[mqtt]\nnode = \"attic\"\n[servo.blind]\npin = 18\n[mqtt.device.blind]\nas = \"cover\"\n";
    let folder = Folder::new(circuit);
    let (_node, _stderr) = folder.start(&fleet.broker.url(), "pinzero: info: connected");
    fleet.client.expect("pinzero/attic/status", "online");
    for (command, state) in [("on", "open"), ("off", "closed"), ("toggle", "open")] {
        let output = fleet.run(&[command, "attic/blind", "--wait", "20s"]);
        assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
        assert!(stdout(&output).contains(&format!("the state is {state}")), "{}", stdout(&output));
    }
    let output = fleet.run(&["set", "attic/blind", "STOP", "--wait", "20s"]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    for _ in 0..12 {
        let output = fleet.run(&["set", "attic/blind", "JUMP"]);
        assert_eq!(output.status.code(), Some(3), "{}", stdout(&output));
        assert!(stdout(&output).contains("refused: "), "{}", stdout(&output));
    }
}

#[test]
#[ignore = "no broker: run `cargo xtask broker`"]
fn a_pattern_leaves_out_what_takes_no_commands_and_one_that_fits_nothing_is_an_error() {
    let fleet = Fleet::start(&["attic"]);
    let bell = r#"{"name":"bell","kind":"button","topic":"pinzero/hut/bell","entities":["binary_sensor.pressed","event"]}"#;
    fleet.client.keep("pinzero/hut/info", &format!(r#"{{"devices":[{bell}]}}"#));
    fleet.client.keep("pinzero/hut/status", "online");
    let output = fleet.run(&["on", "*/*"]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(stdout(&output).contains("2 of 2 devices have done it"), "{}", stdout(&output));
    assert!(stderr(&output).contains("1 device takes no commands, and was skipped"), "{}", stderr(&output));
    let output = fleet.run(&["on", "hut/*"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("hut/* fits only devices that take no commands"), "{}", stderr(&output));
    // One that is named gets the command, and says what is wrong with it.
    assert!(stdout(&fleet.run(&["on", "hut/bell", "--wait", "10ms"])).contains("sent ON; no answer"));

    for arguments in [&["devices", "atic/*"][..], &["devices", "atic/*", "--json"]] {
        let output = fleet.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
        assert!(stderr(&output).contains("near names are attic/lamp"), "{}", stderr(&output));
    }
}

#[test]
#[ignore = "no broker: run `cargo xtask broker`"]
fn rubbish_on_the_topics_does_no_harm() {
    let fleet = Fleet::start(&["attic"]);
    let keep = |topic: &str, payload: &str| fleet.client.keep(topic, payload);
    keep("pinzero/huge/info", &format!(r#"{{"board":"{}"}}"#, "x".repeat(1 << 20)));
    keep("pinzero/thief/status", "online");
    keep("pinzero/thief/info", r#"{"devices":[{"name":"lamp","kind":"led","topic":"pinzero/attic/lamp"}]}"#);
    keep("pinzero/evil/status", "online");
    keep(
        "pinzero/evil/info",
        r#"{"board":"\u001b[2J\u001b]0;gone\u0007","devices":[{"name":"a\u009b31m","topic":"evil"}]}"#,
    );
    keep("evil/state", r#"{"state":"\u001b[31mON"}"#);
    keep("pinzero/broken/info", "{");
    let list = fleet.json(&[]);
    assert_eq!(list["nodes"].as_array().unwrap().len(), 5, "{list}");
    for arguments in [&["list"][..], &["list", "--json"], &["devices"], &["devices", "--json"]] {
        let text = stdout(&fleet.run(arguments));
        assert!(!text.contains(|letter: char| letter.is_control() && letter != '\n'), "{text:?}");
    }
    let text = stderr(&fleet.run(&[]));
    assert!(
        text.contains("broken: /info is not an object") && text.contains("huge: /info has 10485"),
        "{text}"
    );
    let output = fleet.run(&["on", "attic/lamp"]);
    assert!(stdout(&output).contains("several nodes claim the topic"), "{}", stdout(&output));
    let watch = fleet.watch();
    watch.wait_for(|text| text.contains("\\u001b[31mON") && text.contains("5 nodes, 3 online"));
}

#[test]
#[ignore = "no broker: run `cargo xtask broker`"]
fn a_large_fleet_is_shown_as_a_whole() {
    let fleet = Fleet::start(&[]);
    for node in 0..100 {
        let devices = (0..20).map(|device| {
            fleet.client.keep(&format!("pinzero/n{node:02}/d{device}/state"), r#"{"state":"OFF"}"#);
            fleet.client.keep(&format!("pinzero/n{node:02}/d{device}/availability"), "online");
            serde_json::json!({ "name": format!("d{device}"), "kind": "relay", "topic": format!("pinzero/n{node:02}/d{device}") })
        });
        let info = serde_json::json!({ "devices": devices.collect::<Vec<_>>() });
        fleet.client.keep(&format!("pinzero/n{node:02}/info"), &info.to_string());
        fleet.client.keep(&format!("pinzero/n{node:02}/status"), "online");
    }
    fleet.client.expect("pinzero/n99/status", "online");
    let list = fleet.json(&["devices"]);
    assert_eq!(list["complete"], true);
    let devices = list["devices"].as_array().unwrap();
    assert_eq!(devices.len(), 2000);
    assert!(devices.iter().all(|device| device["state"]["state"] == "OFF" && device["status"] == "online"));

    let mut watch = fleet.watch();
    watch.wait_for(|text| {
        text.contains("100 nodes, 100 online, 2000 devices") && text.contains("rows 1 to 21 of 2100")
    });
    watch.send("\u{1b}[F");
    watch.wait_for(|text| text.contains("rows 2080 to 2100 of 2100") && text.contains("d19"));
    watch.send("d");
    watch.wait_for(|text| text.contains("rows 1 to 21 of 100: use the arrow keys  d shows devices"));
    watch.send("\u{1b}[6~");
    watch.wait_for(|text| text.contains("rows 22 to 42 of 100"));
    watch.resize(40, 8);
    watch.wait_for(|text| text.contains("rows 22 to 26 of 100"));
    watch.send("q");
    assert!(watch.wait().0.success());
}

#[test]
#[ignore = "no broker: run `cargo xtask broker`"]
fn the_live_view_marks_changes_and_shows_a_lost_link() {
    let fleet = Fleet::start(&["attic", "cellar"]);
    let mut watch = fleet.watch();
    let text = watch
        .wait_for(|text| text.contains("2 nodes, 2 online, 4 devices") && text.matches("OFF").count() == 4);
    assert!(text.contains("attic           online for") && text.contains("d hides devices"), "{text}");
    fleet.run(&["on", "attic/lamp"]);
    watch.wait_for_screen(|screen| {
        let row = screen.rows(0, 80).position(|row| row.starts_with("*  lamp") && row.contains("ON"));
        row.is_some_and(|row| screen.cell(row as u16, 3).is_some_and(vt100::Cell::inverse))
    });
    watch.wait_for(|text| text.contains("   lamp") && !text.contains('*'));
    fleet.client.publish("pinzero/attic/lamp/event", r#"{"event_type":"bang"}"#);
    watch.wait_for(|text| text.contains("lamp bang, 0 s ago") && text.contains("ON; bang, "));
    fleet.nodes[1].1.signal("KILL");
    watch.wait_for(|text| {
        text.contains("cellar          offline for") && text.contains("offline; the last state was OFF")
    });

    let Fleet { broker, client, nodes } = fleet;
    let port = broker.port;
    drop((client, broker));
    watch.wait_for(|text| text.contains("disconnected"));
    let broker = Mosquitto::start_on(port);
    // What the broker does not know any more is not there any more.
    watch.wait_for(|text| text.contains("1 node, 1 online, 2 devices") && !text.contains("cellar"));
    drop((broker, nodes));
    watch.send("\u{3}");
    assert!(watch.wait().0.success());
    watch.wait_for_screen(|screen| !screen.alternate_screen() && !screen.hide_cursor());
}
