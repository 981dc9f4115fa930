//! `pinzero mqtt`.

use std::cell::RefCell;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use pinzero_circuit::Mqtt;
use pinzero_mqtt::{Broker as _, Incoming, Message, Rumqtt, Sender};
use serde_json::{Value, json};

use crate::run::{command, run};
use crate::served::{Program, rest};

/// The longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// An address where nobody listens.
pub(crate) const NOBODY: &str = "mqtt://127.0.0.1:1";

const PUMP: &str = "[mqtt]\nnode = \"attic\"\n\n[relay.pump]\npin = 17\n";

/// A folder with a circuit file, which is removed in the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(circuit: &str) -> Folder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("pinzero-mqtt-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        let folder = Folder(path);
        folder.write(circuit);
        folder
    }

    fn write(&self, circuit: &str) {
        fs::write(self.circuit(), circuit).unwrap();
    }

    fn circuit(&self) -> String {
        self.0.join("circuit.toml").to_str().unwrap().to_owned()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        run(&self.arguments(arguments))
    }

    /// Starts a node on a mock, and waits for a line on standard error.
    pub(crate) fn start(&self, broker: &str, ready: &str) -> (Program, BufReader<ChildStderr>) {
        Program::start(&self.arguments(&["--factory", "mock", "--broker", broker]), ready)
    }

    fn arguments<'a>(&self, arguments: &[&'a str]) -> Vec<&'a str> {
        // A test may forget a few bytes.
        let circuit: &'static str = self.circuit().leak();
        [&["mqtt", "--circuit", circuit], arguments].concat()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a run that must fail says.
fn error(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    text
}

/// Reads lines until one contains this text, and returns all of them.
fn lines_until(stderr: &mut impl BufRead, text: &str) -> String {
    let mut all = String::new();
    while !all.contains(text) {
        assert!(stderr.read_line(&mut all).unwrap() > 0, "no {text:?} in: {all}");
    }
    all
}

/// Accepts a client as a broker does, and is silent from then on.
fn stuck_broker() -> (String, mpsc::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("mqtt://{}", listener.local_addr().unwrap());
    let (guard, end) = mpsc::channel();
    std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let _ = client.read(&mut [0; 1024]).unwrap();
        // CONNACK: accepted.
        client.write_all(&[0x20, 2, 0, 0]).unwrap();
        // Until the test has ended.
        let _ = end.recv();
    });
    (url, guard)
}

#[test]
fn without_a_broker_the_error_says_how_to_name_one() {
    let folder = Folder::new(PUMP);
    let text = error(&folder.run(&["--factory", "mock"]));
    assert!(text.contains("--broker mqtt://HOST") && text.contains("broker = \"mqtt://HOST\""), "{text}");
}

#[test]
fn a_file_that_is_not_there_is_an_error_that_names_the_file() {
    let text = error(&run(&["mqtt", "--circuit", "/nowhere/circuit.toml", "--broker", NOBODY]));
    assert!(text.contains("/nowhere/circuit.toml") && text.contains("docs/circuit.md"), "{text}");
}

#[test]
fn a_mistake_in_the_file_is_told_with_its_place() {
    let folder = Folder::new("[relay.pump]\npin = 17\ncolour = 1\n");
    let text = error(&folder.run(&["--factory", "mock", "--broker", NOBODY]));
    assert!(text.contains("circuit.toml, line 3, column 1: "), "{text}");
}

#[test]
fn an_address_that_is_none_and_a_name_that_is_none_are_errors() {
    let folder = Folder::new(PUMP);
    for (url, advice) in [
        ("mqtt://host:port", "1 to 65535"),
        ("http://host", "use mqtt:// or mqtts://"),
        ("mqtt://", "use mqtt://HOST:PORT"),
        ("", "use mqtt://HOST:PORT"),
        ("mqtt://pi:hunter2@host", "password file"),
    ] {
        let text = error(&folder.run(&["--factory", "mock", "--broker", url]));
        assert!(text.contains(advice) && !text.contains("hunter2"), "{url}: {text}");
    }
    let missing = ["--factory", "mock", "--broker", "mqtt://pi@host", "--password-file", "/nowhere/password"];
    assert!(error(&folder.run(&missing)).contains("/nowhere/password"));
    let text = error(&folder.run(&["--factory", "mock", "--broker", NOBODY, "--node", "my attic"]));
    assert!(text.contains("my attic"), "{text}");
}

#[test]
fn a_user_beside_that_of_the_address_is_an_error() {
    let folder = Folder::new(PUMP);
    for arguments in [
        &["--broker", "mqtt://bob@127.0.0.1:1", "--user", "alice", "--check"][..],
        &["--broker", "mqtt://bob@127.0.0.1:1", "--user", "alice", "--factory", "mock"],
    ] {
        let text = error(&folder.run(arguments));
        assert!(text.contains("the user is named twice"), "{text}");
    }
    let text = error(&run(&["fleet", "--broker", "mqtt://bob@127.0.0.1:1", "--user", "alice"]));
    assert!(text.contains("the user is named twice"), "{text}");
}

#[test]
fn a_password_is_not_taken_from_the_command_line() {
    let output = Folder::new(PUMP).run(&["--broker", NOBODY, "--password", "x"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--password-file"));
}

#[test]
fn a_check_shows_devices_topics_and_entities_without_pins_or_broker() {
    let folder = Folder::new(PUMP);
    let output = folder.run(&["--check", "--broker", NOBODY]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    for part in [
        "attic on mqtt://127.0.0.1:1\n",
        "  pinzero/attic/status\n",
        "pump (relay)\n",
        "  pinzero/attic/pump/set\n",
        "  pinzero/attic/pump/state  {\"state\":\"OFF\"}\n",
        "  homeassistant/device/",
        "/config  switch\n",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }

    let changed = ["--check", "--json", "--node", "cellar", "--prefix", "home", "--no-discovery"];
    let report: Value = serde_json::from_slice(&folder.run(&changed).stdout).unwrap();
    assert_eq!(report["status"], "home/cellar/status");
    let device = &report["devices"][0];
    assert_eq!((&device["topic"], &device["discovery"]), (&json!("home/cellar/pump"), &Value::Null));
    assert_eq!(device["entities"][0]["platform"], "switch");

    let other = folder.run(&["--check", "--discovery", "ha"]);
    assert!(String::from_utf8_lossy(&other.stdout).contains("  ha/device/"), "{other:?}");
    folder.write("[relay.pump]\npin = 99\n");
    assert!(error(&folder.run(&["--check"])).contains("line 2"));
}

#[test]
fn a_check_shows_the_values_that_the_file_gives_the_simulated_parts() {
    let folder = Folder::new(
        "[potentiometer.knob]\nchannel = 3\nvalue = 0.25\n[distance_sensor.tank]\ntrigger = 23\necho = 24\ndistance = 1.5\n\
         [dht22.attic]\npin = 4\ncelsius = 21.5\nhumidity = 40.0\n[character_display.sign]\n",
    );
    let output = folder.run(&["--check", "--json"]);
    assert!(output.stderr.is_empty(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let state = |name: &str| {
        let devices = report["devices"].as_array().unwrap();
        devices.iter().find(|device| device["name"] == name).unwrap()["state"].clone()
    };
    let is_near = |device: &str, key: &str, expected: f64, precision: f64| {
        let state = state(device);
        let found = state[key].as_f64().unwrap_or(f64::NAN);
        assert!((found - expected).abs() < precision, "{state}");
    };
    is_near("attic", "temperature", 21.5, 0.01);
    is_near("attic", "humidity", 40.0, 0.01);
    is_near("knob", "position", 25.0, 0.2);
    // The echo is timed.
    is_near("tank", "distance", 1.5, 0.5);
}

#[test]
fn a_node_without_its_broker_keeps_trying_and_ends_with_0_at_sigterm() {
    let folder = Folder::new(PUMP);
    // The first line says why there is no connection.
    let (node, stderr) = folder.start(NOBODY, "pinzero: warn: ");
    node.signal("TERM");
    let output = node.finish();
    assert_eq!(output.status.code(), Some(0), "{}", rest(stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.lines().next(), Some("attic: 1 device of mock on mqtt://127.0.0.1:1"));
}

#[test]
fn a_stuck_broker_does_not_delay_the_end() {
    let folder = Folder::new(PUMP);
    let (url, _broker) = stuck_broker();
    let (node, stderr) = folder.start(&url, "pinzero: info: connected");
    let start = Instant::now();
    node.signal("TERM");
    let output = node.finish();
    // Without the bound, the end takes as long as the sign of life: half a minute.
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    assert_eq!(output.status.code(), Some(0), "{}", rest(stderr));
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    let folder = Folder::new(PUMP);
    let (url, _broker) = stuck_broker();
    let (node, _stderr) = folder.start(&url, "pinzero: info: connected");
    node.signal("INT");
    node.signal("TERM");
    assert_eq!(node.finish().status.signal(), Some(15));
}

#[test]
fn a_reload_does_not_touch_devices_that_did_not_change() {
    let on = "\n[mqtt.device.pump]\ninitial = \"on\"\n";
    let folder = Folder::new(&format!("{PUMP}{on}"));
    let (node, mut stderr) = folder.start(NOBODY, "GPIO17 -> ● high");
    // A mistake changes nothing.
    folder.write(&format!("{PUMP}{on}[relay.fan]\npins = 27\n"));
    node.signal("HUP");
    let mut text = lines_until(&mut stderr, "the devices stay as they were");
    assert!(text.contains("circuit.toml, line 10, column 1: "), "{text}");
    folder.write(&format!("{PUMP}{on}[relay.fan]\npin = 27\n[mqtt.device.fan]\ninitial = \"on\"\n"));
    node.signal("HUP");
    text += &lines_until(&mut stderr, "GPIO27 -> ● high");
    // A broker and a prefix take a new connection.
    let moved = PUMP.replace("[mqtt]", "[mqtt]\nprefix = \"home\"");
    folder.write(&format!("{moved}{on}"));
    node.signal("HUP");
    text += &lines_until(&mut stderr, "restart pinzero");
    assert!(text.contains("[mqtt] differs in prefix: "), "{text}");
    assert!(!text.contains("GPIO17"), "{text}");
    node.signal("TERM");
    let output = node.finish();
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("opened fan; removed none; 1 as before"), "{text}");
    assert!(text.contains("opened none; removed fan; 1 as before"), "{text}");
}

// An editor may leave an empty file for a moment.
#[test]
fn a_file_without_devices_is_an_error_and_a_reload_of_one_changes_nothing() {
    let hidden = format!("{PUMP}[mqtt.device.pump]\nhidden = true\n");
    for (text, advice) in [("", "such as [relay.pump]"), (&*hidden, "remove hidden = true")] {
        let folder = Folder::new(text);
        for arguments in [&["--check"][..], &["--factory", "mock", "--broker", NOBODY]] {
            let text = error(&folder.run(arguments));
            assert!(text.contains("circuit.toml") && text.contains(advice), "{text}");
        }
    }
    let folder = Folder::new(PUMP);
    let (node, mut stderr) = folder.start(NOBODY, "pinzero: warn: ");
    folder.write("");
    node.signal("HUP");
    lines_until(&mut stderr, "the devices stay as they were");
    node.signal("TERM");
    let output = node.finish();
    assert!(!String::from_utf8_lossy(&output.stdout).contains("removed"), "{output:?}");
}

// A service runs in another folder than the file is in.
#[test]
fn files_are_looked_for_beside_the_circuit_file() {
    let folder =
        Folder::new(&PUMP.replace("[mqtt]", "[mqtt]\nuser = \"attic\"\npassword_file = \"word.txt\""));
    let check = ["--check", "--broker", "mqtt://broker.lan"];
    let text = error(&folder.run(&check));
    let file = folder.0.join("word.txt");
    assert!(
        text.contains(file.to_str().unwrap()) && text.contains("write the password into that file"),
        "{text}"
    );
    fs::write(&file, "secret").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let output = folder.run(&check);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("others can read the password") && text.contains("chmod 600"), "{text}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(folder.run(&check).stderr.is_empty());
    // An option is of the shell, which has a folder of its own.
    let text = error(&folder.run(&[&check[..], &["--password-file", "word.txt"]].concat()));
    assert!(!text.contains(file.to_str().unwrap()), "{text}");
}

#[cfg(target_os = "linux")]
#[test]
fn systemd_is_told_when_the_node_is_ready_and_when_the_node_ends() {
    let folder = Folder::new(PUMP);
    let path = folder.0.join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = command(&folder.arguments(&["--factory", "mock", "--broker", NOBODY]));
    let (node, _stderr) = Program::start_command(command.env("NOTIFY_SOCKET", &path), "pinzero: warn: ");
    let told = || {
        let mut bytes = [0; 1024];
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    };
    assert_eq!(told(), "READY=1\nSTATUS=attic: 1 device of mock on mqtt://127.0.0.1:1");
    node.signal("TERM");
    assert_eq!(told(), "STOPPING=1");
    assert_eq!(node.finish().status.code(), Some(0));
}

/// A genuine mosquitto, which ends with the test.
pub(crate) struct Mosquitto {
    child: Child,
    _folder: Folder,
    pub(crate) port: u16,
}

impl Mosquitto {
    pub(crate) fn start() -> Mosquitto {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Mosquitto::start_on(port)
    }

    pub(crate) fn start_on(port: u16) -> Mosquitto {
        // The folder of a circuit serves as well.
        let folder = Folder::new("");
        let settings = folder.0.join("mosquitto.conf");
        let text = format!("listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n");
        fs::write(&settings, text).unwrap();
        let start = |program: &str| {
            let mut command = Command::new(program);
            command.arg("-c").arg(&settings).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
        };
        let child = start("mosquitto").or_else(|_| start("/usr/sbin/mosquitto")).expect("mosquitto");
        let broker = Mosquitto { child, _folder: folder, port };
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "mosquitto does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        broker
    }

    pub(crate) fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    /// Connects, and subscribes to all that begins with this topic.
    pub(crate) fn client(&self, below: &str) -> Client {
        let mut broker = Rumqtt::new(&self.url(), &Mqtt::default(), "test").unwrap();
        let (sender, mut receiver) = broker.connect(None).unwrap();
        assert_eq!(receiver.next(), Ok(Incoming::Connected));
        assert!(sender.subscribe(&[format!("{below}/#")]));
        let (news, messages) = mpsc::channel();
        std::thread::spawn(move || {
            while let Ok(incoming) = receiver.next() {
                if let Incoming::Message(message) = incoming {
                    // The test may have ended.
                    let _ = news.send((message.topic, String::from_utf8(message.payload).unwrap()));
                }
            }
        });
        Client { sender, messages, seen: RefCell::default() }
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client of the broker.
pub(crate) struct Client {
    sender: Arc<dyn Sender>,
    messages: Receiver<(String, String)>,
    /// The messages that no test has expected yet.
    seen: RefCell<Vec<(String, String)>>,
}

impl Client {
    pub(crate) fn publish(&self, topic: &str, payload: &str) {
        assert!(self.sender.publish(0, &Message::new(topic, payload)));
    }

    /// Publishes a message that the broker keeps.
    pub(crate) fn keep(&self, topic: &str, payload: &str) {
        assert!(self.sender.publish(0, &Message::new(topic, payload).retained()));
    }

    /// Returns whether a message has come, and was not expected, whose topic ends so.
    pub(crate) fn has_seen(&self, end: &str) -> bool {
        self.seen.borrow().iter().any(|(topic, _)| topic.ends_with(end))
    }

    /// Waits for a message.
    #[track_caller]
    pub(crate) fn expect(&self, topic: &str, payload: &str) {
        let mut seen = self.seen.borrow_mut();
        loop {
            if let Some(index) = seen.iter().position(|(one, other)| one == topic && other == payload) {
                seen.remove(index);
                return;
            }
            match self.messages.recv_timeout(PATIENCE) {
                Ok(message) => seen.push(message),
                Err(error) => panic!("no {payload:?} on {topic}: {error}; but {seen:?}"),
            }
        }
    }
}

#[test]
#[ignore = "no broker: run `cargo xtask broker`"]
fn a_node_obeys_a_genuine_broker_and_says_when_the_node_leaves() {
    let broker = Mosquitto::start();
    let before = format!("{PUMP}\n[led.lamp]\npin = 22\n");
    let folder = Folder::new(&before);
    let client = broker.client("pinzero/attic");
    let (node, mut stderr) = folder.start(&broker.url(), "pinzero: info: connected");
    client.expect("pinzero/attic/status", "online");
    client.expect("pinzero/attic/pump/state", r#"{"state":"OFF"}"#);
    client.publish("pinzero/attic/pump/set", "ON");
    client.expect("pinzero/attic/pump/state", r#"{"state":"ON"}"#);

    client.publish("pinzero/attic/lamp/set", r#"{"state":"ON","effect":"blink"}"#);
    lines_until(&mut stderr, "100.0 %");

    // A device that a reload adds takes commands, too, and those that stay do not notice: the lamp blinks on.
    folder.write(&format!("{before}\n[relay.fan]\npin = 27\n"));
    node.signal("HUP");
    client.expect("pinzero/attic/fan/state", r#"{"state":"OFF"}"#);
    client.publish("pinzero/attic/fan/set", "ON");
    client.expect("pinzero/attic/fan/state", r#"{"state":"ON"}"#);
    let text = lines_until(&mut stderr, "GPIO27 -> ● high");
    assert!(!text.contains("GPIO17"), "{text}");
    lines_until(&mut stderr, "100.0 %");
    lines_until(&mut stderr, "  0.0 %");
    lines_until(&mut stderr, "100.0 %");

    node.signal("TERM");
    client.expect("pinzero/attic/status", "offline");
    assert_eq!(node.finish().status.code(), Some(0));
}
