//! `pinzero test` on the mock: the self-test, and a report of two wired pins.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use serde_json::Value;

use crate::run::{assert_snapshot, command, run};
use crate::served::Served;

/// A folder of this test, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("pinzero-test-{name}-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Folder(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[test]
fn the_self_test_of_the_mock_is_good() {
    let output = run(&["test", "--factory", "mock"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_snapshot("test.txt", &text(&output.stdout));
    assert_eq!(text(&output.stderr), "", "no progress where there is no terminal");

    let output = run(&["test", "--factory", "mock", "--pins", "17,J8:13,2", "--json"]);
    let result = json(&output);
    let pins: Vec<&str> =
        result["pins"].as_array().unwrap().iter().filter_map(|pin| pin["pin"].as_str()).collect();
    assert_eq!(pins, ["GPIO2", "GPIO17", "GPIO27"]);
    assert_eq!(
        (&result["pins"][0]["pulled_down"], &result["pins"][1]["pulled_down"]),
        (&Value::Null, &"low".into())
    );
}

#[test]
fn bad_input_ends_at_once_with_words_on_what_to_do() {
    let folder = Folder::new("bad-input");
    let (page, other) = (folder.file("report.md"), folder.file("other.md"));
    fs::write(&page, "an earlier report").unwrap();
    fs::write(folder.file("other.json"), "{}").unwrap();
    let missing = folder.file("missing/report.md");
    let own_json = folder.file("report.json");
    let mock = ["test", "--factory", "mock"];
    let start = Instant::now();
    for (arguments, code, part) in [
        (&["--wire", "22"][..], 2, "22:27"),
        (&["--wire", "22:22"], 1, "the same pin"),
        (&["--wire", "22:99"], 1, "99"),
        (&["--wire", "22:GND"], 1, "ground"),
        (&["--wire", "22:27", "--pins", "17"], 2, "--pins"),
        (&["--wire", "22:27", "--skip", "17"], 2, "--skip"),
        (&["--report", &other], 2, "--wire"),
        (&["--wire", "22:27", "--force"], 2, "--report"),
        (&["--pins", "17,99"], 1, "99"),
        (&["--pins", ""], 1, "pin"),
        (&["--pins", "17", "--skip", "17"], 1, "--skip"),
        (&["--pins", "17", "--skip", "x"], 1, "x"),
        (&["--wire", "22:27", "--report", &page], 1, "--force"),
        (&["--wire", "22:27", "--report", &other], 1, "other.json exists"),
        (&["--wire", "22:27", "--report", &missing], 1, "folder does not exist"),
        (&["--wire", "22:27", "--report", &own_json], 1, "beside"),
        (&["--wire", "22:27", "--report", folder.0.to_str().unwrap()], 1, "is a folder"),
        (&["--wire", "22:27", "--report", ""], 2, "--report"),
    ] {
        let output = run(&[&mock[..], arguments].concat());
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
        assert!(error.contains(part) && error.len() < 1_000, "{arguments:?}: {error}");
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
    }
    assert!(start.elapsed() < Duration::from_secs(60), "something was measured");
    assert_eq!(fs::read_to_string(&page).unwrap(), "an earlier report");
}

#[test]
fn real_pins_are_not_driven_before_somebody_agrees() {
    // The daemon stands for real pins: nobody is there to answer.
    let daemon = Served::start(&[]);
    for arguments in [&["test"][..], &["test", "--wire", "22:27"]] {
        let output =
            command(arguments).args(["--factory", &daemon.factory]).stdin(Stdio::null()).output().unwrap();
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains("no terminal") && error.contains("--yes"), "{error}");
    }
}

/// Asserts that two texts of the report hold no word of this user.
fn assert_is_anonymous(text: &str) {
    for word in ["frida", "gartenpi", "192.168.7.7", "/home"] {
        assert!(!text.contains(word), "{word:?} is in {text}");
    }
    let host_name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host_name = host_name.trim();
    // A short name may be part of a word.
    assert!(
        host_name.len() < 5 || host_name == "localhost" || !text.contains(host_name),
        "{host_name:?} is in {text}"
    );
}

#[test]
fn a_report_of_the_mock_is_shown_and_written_and_names_nobody() {
    let folder = Folder::new("report");
    let page_file = folder.file("report.md");
    let mut command =
        command(&["test", "--factory", "mock", "--wire", "22:27", "--report", &page_file, "--yes"]);
    command
        .env("USER", "frida")
        .env("HOME", "/home/frida")
        .env("PIGPIO_ADDR", "192.168.7.7")
        .env("PIGPIO_PORT", "1");
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(start.elapsed() < Duration::from_secs(120));
    // A machine that stalls again and again fails trials.
    assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");

    let page = fs::read_to_string(&page_file).unwrap();
    assert_eq!(text(&output.stdout), page);
    let json = fs::read_to_string(Path::new(&page_file).with_extension("json")).unwrap();
    assert_is_anonymous(&page);
    assert_is_anonymous(&json);

    let facts: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(facts["is_simulation"], true);
    assert_eq!(facts["problems"].as_array().unwrap().is_empty(), output.status.success());
    assert_eq!(facts["measured"]["edge_latency"]["sent"], 500);
    assert_eq!(facts["measured"]["pulls"][0]["holds"], true);
    let titles: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let expected = [
        "Problems",
        "Factories",
        "Toggle rate",
        "Edge latency",
        "PWM",
        "PWM by hardware",
        "Pulls",
        "The pin after the end of a program",
        "Conformance trials",
    ];
    assert_eq!(titles, expected);
    assert!(page.contains("**This is a simulation**"));
    assert!(page.contains("GPIO22, 100 Hz, 30 % high, made by pinzero's thread"));
}

/// Waits until a process has ended, and kills it after a minute.
#[cfg(unix)]
fn wait(child: &mut std::process::Child) -> std::process::ExitStatus {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(60) {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    panic!("the command did not end");
}

#[cfg(unix)]
#[test]
fn a_signal_in_the_middle_gives_the_pins_back_and_writes_nothing() {
    use std::io::Read;
    use std::os::unix::process::ExitStatusExt;

    use rustix::process::{Pid, Signal, kill_process};

    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let folder = Folder::new("signal");
        let page = folder.file("report.md");
        let daemon = Served::start(&["--wire", "22:27"]);
        let mut child =
            command(&["test", "--wire", "22:27", "--report", &page, "--yes", "--factory", &daemon.factory])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
        // The pins of the daemon tell when the test drives them.
        let gpio = pinzero::open_factory(&daemon.factory).unwrap();
        let is_driven = || {
            let infos = [22, 27].map(|pin| gpio.line_info(pin).unwrap().function);
            infos.contains(&Some(pinzero::LineFunction::Output))
        };
        let start = Instant::now();
        while !is_driven() && start.elapsed() < Duration::from_secs(30) {
            thread::sleep(Duration::from_millis(1));
        }
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(wait(&mut child).signal(), Some(signal.as_raw()));
        assert!(!is_driven());
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
        // To the end: a child of the command has the same standard error.
        let mut error = String::new();
        child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
        assert!(!error.contains("panicked"), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn a_report_on_shared_pins_tells_what_a_pin_is_after_each_end_of_a_program() {
    let folder = Folder::new("shared");
    let page = folder.file("report.md");
    let daemon = Served::start(&["--wire", "22:27"]);
    let arguments =
        ["test", "--wire", "22:27", "--yes", "--json", "--report", &page, "--factory", &daemon.factory];
    let output = command(&arguments).stdin(Stdio::null()).output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
    let facts = json(&output);
    assert_eq!(facts["is_simulation"], false);
    let after = facts["measured"]["after_exit"].as_array().unwrap_or_else(|| panic!("{facts:#}"));
    let seen: Vec<_> =
        after.iter().map(|end| (end["ended_by"].as_str().unwrap(), end["state"].as_str().unwrap())).collect();
    let expected = [
        ("return from main", "given_back"),
        ("SIGINT (Ctrl-C)", "given_back"),
        ("SIGTERM", "given_back"),
        // A daemon does not know who drives a pin.
        ("SIGKILL", "still_driven"),
    ];
    assert_eq!(seen, expected);
    // The test has cared for the pin.
    let gpio = pinzero::open_factory(&daemon.factory).unwrap();
    assert_eq!(gpio.line_info(22).unwrap().function, Some(pinzero::LineFunction::Input));
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("| SIGKILL | signal: 9 (SIGKILL) | **still driven high** | output |"), "{page}");
    assert!(!page.contains("127.0.0.1"), "{page}");
}

#[test]
fn a_wire_that_is_not_there_ends_the_test() {
    let daemon = Served::start(&[]);
    let output = run(&["test", "--wire", "22:27", "--yes", "--factory", &daemon.factory]);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("GPIO22 and GPIO27 are not joined"), "{error}");
}
