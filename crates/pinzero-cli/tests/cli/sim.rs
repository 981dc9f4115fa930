//! `pinzero sim`: circuits, programs, scripts and examples.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::run::run;

/// A folder of a test, which is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pinzero-sim-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples-sim")
}

const CIRCUIT: &str = "[led.lamp]\npin = 17\n[button.door]\npin = 2\n[potentiometer.knob]\nchannel = 0\n\
                       [keypad.lock]\nrows = [5, 6]\ncolumns = [12, 13]\nkeys = [\"12\", \"34\"]\n";

/// Plays a script on the circuit, without a program.
fn play(name: &str, script: &str) -> Output {
    play_on(CIRCUIT, name, script)
}

/// Does the same on this circuit.
fn play_on(circuit: &str, name: &str, script: &str) -> Output {
    let folder = Folder::new(name);
    let (circuit, script) = (folder.write("circuit.toml", circuit), folder.write("script.txt", script));
    run(&["sim", &circuit, "--port", "0", "--script", &script])
}

#[test]
fn each_example_does_what_its_script_says() {
    let list = run(&["sim", "--list-examples"]);
    let list = stdout(&list);
    let names: Vec<_> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names.len(), fs::read_dir(examples()).unwrap().count(), "{list}");
    for name in names {
        let script = examples().join(name).join("script.txt");
        let output = run(&["sim", "--example", name, "--port", "0", "--script", &script.to_string_lossy()]);
        assert!(output.status.success(), "{name}:\n{}{}", stdout(&output), stderr(&output));
    }
}

#[test]
fn an_example_can_be_taken_along() {
    let folder = Folder::new("export");
    let path = folder.0.join("bell");
    let export = || run(&["sim", "--example", "doorbell", "--export", &path.to_string_lossy()]);
    let output = export();
    assert!(output.status.success());
    let file = |name| path.join(name).display().to_string();
    let next = format!("next: pinzero sim {} -- python3 {}\n", file("circuit.toml"), file("program.py"));
    assert!(stdout(&output).starts_with(&file("circuit.toml")), "{}", stdout(&output));
    assert!(stdout(&output).ends_with(&next), "{}", stdout(&output));
    for name in ["circuit.toml", "main.rs", "program.py", "script.txt"] {
        let original = fs::read(examples().join("doorbell").join(name)).unwrap();
        assert_eq!(fs::read(path.join(name)).unwrap(), original, "{name}");
    }
    let again = export();
    assert_eq!(again.status.code(), Some(1), "a file of the user's is not written over");
    assert!(stderr(&again).contains("choose a folder that is not there"), "{}", stderr(&again));
}

#[test]
fn the_list_of_examples_is_json_too() {
    let output = run(&["sim", "--list-examples", "--json"]);
    let list: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let first = serde_json::json!({ "name": "doorbell", "title": "A doorbell" });
    assert_eq!(list["examples"][0], first);
    assert_eq!(list["examples"].as_array().unwrap().len(), fs::read_dir(examples()).unwrap().count());
    assert_eq!(run(&["sim", "--example", "doorbell", "--json"]).status.code(), Some(2), "nothing to print");
}

#[test]
fn a_check_that_fails_ends_with_3_and_says_what_was_there() {
    let output = play(
        "fails",
        "set knob 0.25\nexpect knob at 0.25\n# dark\nwithin 50ms expect lamp on\nexpect lamp off\n",
    );
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("ok      line 2: expect knob at 0.25"), "{text}");
    assert!(
        text.ends_with(
            "FAILED  line 4: within 50ms expect lamp on\n        lamp is off; no program uses this part\n"
        ),
        "{text}"
    );
}

#[test]
fn contacts_are_pressed_and_released() {
    let output = play(
        "contacts",
        "press door\nexpect door pressed for 20ms\nrelease door\nexpect door released\npress lock 3 for 10ms\npress lock 2\nrelease lock 2\n",
    );
    assert!(output.status.success(), "{}{}", stdout(&output), stderr(&output));
    assert!(stdout(&output).ends_with("2 checks passed\n"), "{}", stdout(&output));
}

#[test]
fn a_comment_may_begin_with_any_letter() {
    let mood = "[rgb_led.mood]\nred = 17\ngreen = 22\nblue = 27\n";
    let script = "#expect mood on\nexpect mood off #face\nexpect mood color #000000 #black\n";
    let output = play_on(mood, "comments", script);
    assert!(stdout(&output).ends_with("2 checks passed\n"), "{}{}", stdout(&output), stderr(&output));
}

#[test]
fn a_turn_of_a_script_follows_the_turns_before_it() {
    let dial = "[rotary_encoder.dial]\na = 17\nb = 27\n";
    let script = "turn dial 100\nturn dial 100\nturn dial -50\nexpect dial at 150\n";
    let output = play_on(dial, "turns", script);
    assert!(output.status.success(), "{}{}", stdout(&output), stderr(&output));
    let output = play_on(dial, "long turns", &"turn dial -100\n".repeat(800));
    let message = "line 751, column 1: the script may take more than 10 minutes";
    assert!(stderr(&output).contains(message), "{}", stderr(&output));
}

#[test]
fn a_meter_gives_pulses_by_its_key_and_by_itself() {
    let folder = Folder::new("meter");
    let circuit = folder.write("circuit.toml", "[pulse_counter.water]\npin = 27\n[ds18b20.cellar]\n");
    let script = "press water for 20ms\nexpect water at 1\npress water for 20ms\nexpect water at 2 for 100ms\n\
                  set water 20\nwithin 10s expect water at 6 ±1\nset water 0\n";
    let script = folder.write("script.txt", script);
    let output = run(&["sim", &circuit, "--port", "0", "--script", &script]);
    assert!(output.status.success(), "{}{}", stdout(&output), stderr(&output));
    assert!(
        stderr(&output).contains("Not simulated, since the kernel reads a DS18B20: cellar."),
        "{}",
        stderr(&output)
    );
}

#[test]
fn mistakes_in_a_script_have_their_place() {
    for (script, expected) in [
        ("jump", "line 1, column 1: no step begins with \"jump\": use wait, press, release"),
        ("\n  wait 5", "line 2, column 8: \"5\" is no time: write 500ms or 2s"),
        ("wait", "line 1, column 5: a time such as 500ms is missing here"),
        ("wait 20min", "line 1, column 6: \"20min\" is no time"),
        ("wait 9min\nwait 9min", "line 2, column 1: the script may take more than 10 minutes"),
        ("press bell", "line 1, column 7: no part is called \"bell\": there are lamp, door, knob, lock"),
        ("press lamp", "line 1, column 7: \"lamp\" is a led and cannot be pressed"),
        ("press lock 9", "line 1, column 12: \"lock\" has no key \"9\""),
        ("set knob 2", "line 1, column 10: the value of \"knob\" goes from 0 to 1"),
        ("set knob nan", "line 1, column 10: \"nan\" is no number"),
        ("turn door 1", "line 1, column 6: \"door\" is a button and has no knob to turn"),
        ("expect lamp pressed", "line 1, column 13: a led is never \"pressed\": use on, off, at NUMBER"),
        ("expect knob on", "line 1, column 13: \"knob\" is a potentiometer and never \"on\""),
        ("within 1s press door", "line 1, column 11: \"expect\" follows the time"),
        ("expect lamp on now", "line 1, column 16: nothing is left to say here: remove \"now\""),
        ("expect lamp at 3", "line 1, column 16: \"lamp\" goes from 0 to 1"),
        ("expect lamp on\nexpect knob at -0.5", "line 2, column 16: \"knob\" goes from 0 to 1"),
        ("expect lamp at 1 ±x", "line 1, column 18: \"±x\" is no tolerance"),
        ("expect lamp shows \"a", "line 1, column 19: the text has no closing quote"),
    ] {
        let output = play("mistakes", script);
        assert_eq!(output.status.code(), Some(1), "{script}");
        assert!(stderr(&output).contains(expected), "{script}\n{}", stderr(&output));
    }
}

#[test]
fn what_cannot_be_simulated_is_told() {
    let folder = Folder::new("errors");
    let wrong = folder.write("wrong.toml", "[led.a]\npin = 17\n[led.b]\npin = 17\n");
    let output = run(&["sim", &wrong]);
    assert!(
        stderr(&output).contains("wrong.toml, line 4, column 7: GPIO17 is taken by \"a\""),
        "{}",
        stderr(&output)
    );

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let output = run(&["sim", "--example", "doorbell", "--port", &port]);
    let message = format!("port {port} is in use, perhaps by pigpiod or by another simulator: `--port 0`");
    assert!(stderr(&output).contains(&message), "{}", stderr(&output));

    let output = run(&["sim", "--example", "dorbel"]);
    assert!(
        stderr(&output).contains("there is no example \"dorbel\": use one of doorbell"),
        "{}",
        stderr(&output)
    );
    let output = run(&["sim"]);
    assert_eq!(output.status.code(), Some(2), "no circuit");
    assert!(!stderr(&output).contains("run-example"), "{}", stderr(&output));
    assert!(stderr(&output).contains("<FILE|--example <NAME>>"), "{}", stderr(&output));
    let output = run(&["sim", "nope.toml"]);
    assert!(
        stderr(&output).contains("(see docs/circuit.md, or `pinzero sim --example doorbell`)"),
        "{}",
        stderr(&output)
    );
    let circuit = folder.write("circuit.toml", CIRCUIT);
    let output = run(&["sim", &circuit, "--port", "0", "--headless", "--", "/no/such/program"]);
    assert!(stderr(&output).contains("\"/no/such/program\" cannot be started"), "{}", stderr(&output));
}

/// The program is this command itself: it drives a pin of the board that its environment names.
#[test]
fn the_simulator_ends_with_its_program_and_tells_how() {
    let folder = Folder::new("program");
    let circuit = folder.write("circuit.toml", CIRCUIT);
    let program = env!("CARGO_BIN_EXE_pinzero");
    let output = run(&[
        "sim",
        &circuit,
        "--port",
        "0",
        "--headless",
        "--",
        program,
        "write",
        "17=1",
        "--for",
        "300ms",
    ]);
    let text = stdout(&output);
    assert!(output.status.success(), "{text}{}", stderr(&output));
    assert!(text.contains("lamp  on"), "{text}");
    let output = run(&["sim", &circuit, "--port", "0", "--headless", "--", program, "read", "99"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("has ended with exit status: 1"), "{}", stderr(&output));
}

/// A program that has opened the first of its lines opens more, and sets its handlers, before a script may press anything.
#[test]
fn a_part_is_ready_once_its_program_sends_no_more_commands() {
    use pinzero::Led;
    use std::time::{Duration, Instant};
    let folder = Folder::new("ready");
    let circuit = folder.write("circuit.toml", "[led.first]\npin = 17\n[led.last]\npin = 27\n");
    let script = folder.write("script.txt", "within 20s expect first ready\nexpect last on\n");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut sim = crate::run::command(&["sim", &circuit, "--port", &port.to_string(), "--script", &script]);
    let sim = sim.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let start = Instant::now();
    let gpio = loop {
        match pinzero::open_factory(&format!("pigpio://127.0.0.1:{port}")) {
            Ok(gpio) => break gpio,
            Err(error) => assert!(start.elapsed() < Duration::from_secs(20), "{error}"),
        }
    };
    let (first, start) = (Led::builder(17).gpio(&gpio).open().unwrap(), Instant::now());
    while start.elapsed() < Duration::from_millis(500) {
        first.on().unwrap();
    }
    let last = Led::builder(27).gpio(&gpio).open().unwrap();
    last.on().unwrap();
    let output = sim.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stdout(&output));
}

#[test]
fn a_program_that_fails_ends_the_script_and_one_that_ends_well_does_not() {
    let folder = Folder::new("crash");
    let circuit = folder.write("circuit.toml", CIRCUIT);
    let program = env!("CARGO_BIN_EXE_pinzero");
    let play = |script: &str, words: &[&str]| {
        let script = folder.write("script.txt", script);
        let sim = ["sim", &circuit, "--port", "0", "--script", &script, "--", program];
        run(&[&sim[..], words].concat())
    };
    let start = std::time::Instant::now();
    let output = play("within 500s expect lamp ready\n", &["read", "99"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("line 1: "), "{}", stderr(&output));
    assert!(stderr(&output).contains("has ended with exit status: 1"), "{}", stderr(&output));
    assert!(
        start.elapsed() < std::time::Duration::from_secs(250),
        "the script waited for a program that was gone"
    );
    let output = play("within 200ms expect lamp on\nexpect lamp off\n", &["read", "17"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
}

#[cfg(unix)]
#[test]
fn a_script_that_the_user_stops_says_so() {
    use rustix::process::{Pid, Signal, kill_process};
    let folder = Folder::new("stop");
    let circuit = folder.write("circuit.toml", CIRCUIT);
    let script = folder.write("script.txt", "expect lamp off\nwithin 500s expect lamp on\n");
    let mut sim = crate::run::command(&["sim", &circuit, "--port", "0", "--script", &script]);
    let piped = std::process::Stdio::piped;
    let mut sim = sim.stdout(piped()).stderr(piped()).spawn().unwrap();
    let mut line = String::new();
    // The first step has been played: the script waits.
    std::io::BufRead::read_line(&mut std::io::BufReader::new(sim.stdout.take().unwrap()), &mut line).unwrap();
    kill_process(Pid::from_raw(sim.id() as i32).unwrap(), Signal::TERM).unwrap();
    let output = sim.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{line}");
    let message = "line 2: stopped before the end of the script";
    assert!(stderr(&output).contains(message), "{}", stderr(&output));
}

/// A terminal sends Ctrl-C to the simulator and to its program.
#[cfg(unix)]
#[test]
fn ctrl_c_ends_the_simulator_well_though_it_ends_the_program_too() {
    use rustix::process::{Pid, Signal, kill_process_group};
    use std::os::unix::process::CommandExt;
    let folder = Folder::new("interrupt");
    let circuit = folder.write("circuit.toml", CIRCUIT);
    let mut sim = crate::run::command(&[
        "sim",
        &circuit,
        "--port",
        "0",
        "--headless",
        "--",
        "sh",
        "-c",
        "echo up; exec sleep 1000",
    ]);
    let piped = std::process::Stdio::piped;
    let mut sim = sim.stdout(piped()).stderr(piped()).process_group(0).spawn().unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(sim.stdout.take().unwrap()));
    let mut lines = lines.map_while(Result::ok);
    assert!(lines.any(|line| line == "up"));
    kill_process_group(Pid::from_raw(sim.id() as i32).unwrap(), Signal::INT).unwrap();
    let output = sim.wait_with_output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
}

#[cfg(unix)]
#[test]
fn a_file_without_an_end_is_refused() {
    let folder = Folder::new("endless");
    let circuit = folder.write("circuit.toml", CIRCUIT);
    for arguments in [&["sim", "/dev/zero"][..], &["sim", &circuit, "--port", "0", "--script", "/dev/zero"]] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(1));
        let message = "/dev/zero: the file has more than 1 MiB";
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
    }
}

#[test]
fn a_script_without_a_check_is_refused() {
    for script in ["", "# later\n", "press door for 10ms\n"] {
        let output = play("nothing", script);
        assert_eq!(output.status.code(), Some(1), "{script}");
        assert!(stderr(&output).contains("script.txt: the script checks nothing"), "{}", stderr(&output));
    }
}

#[test]
fn relays_motors_digits_sensors_and_wires_serve_a_program() {
    let folder = Folder::new("parts");
    let circuit = folder.write(
        "circuit.toml",
        r#"
wires = [[17, 27]]

[relay.bolt]
pin = 17

[led.lamp]
pin = 27

[motor.wheel]
forward = 5
backward = 6

[seven_segment_display.digit]
segments = [12, 13, 16, 19, 20, 21, 26]

[line_sensor.floor]
pin = 22
"#,
    );
    let script = folder.write(
        "script.txt",
        r#"
within 20s expect bolt on
within 5s expect lamp on
within 5s expect wheel at 1 ±0.05
within 5s expect digit shows "1"
expect floor off the line
press floor
expect floor over the line
"#,
    );
    let program = env!("CARGO_BIN_EXE_pinzero");
    let sim = ["sim", &circuit, "--port", "0", "--script", &script, "--", program];
    // The pull-up of GPIO6 would hold the motor, and the segments b and c are a 1.
    let output = run(&[&sim[..], &["write", "17=1", "5=1", "6=0", "13=1", "16=1", "--hold"]].concat());
    assert!(output.status.success(), "{}{}", stdout(&output), stderr(&output));
    assert!(stdout(&output).ends_with("6 checks passed\n"), "{}", stdout(&output));
}
