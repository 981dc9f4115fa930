//! `read`, `write`, `toggle`, `blink`, `pulse`, `pwm`, `servo`, `wait` and `monitor`.

use std::process::Output;

use serde_json::Value;

use crate::run::run;
use crate::served::{Program, Served, rest};

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Runs a command that must succeed; returns what it prints.
#[track_caller]
fn done(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    stdout(&output)
}

/// Runs a command on the mock; returns the changes of pins that the mock shows, and the notes.
#[track_caller]
fn shown(arguments: &[&str]) -> String {
    let output = run(&[arguments, &["--factory", "mock"]].concat());
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    stderr(&output)
}

#[test]
fn lines_are_read_by_any_name() {
    let read = |arguments: &[&str]| done(&[&["read", "--factory", "mock"], arguments].concat());
    assert_eq!(read(&["2", "J8:11", "WPI2"]), "GPIO2 high\nGPIO17 low\nGPIO27 low\n");
    assert_eq!(read(&["2", "17", "--numeric"]), "1 0\n");
    assert_eq!(read(&["2", "17", "--numeric", "--active-low"]), "0 1\n");
    assert_eq!(read(&["17", "--bias", "up"]), "GPIO17 high\n");
    let facts: Value = serde_json::from_str(&read(&["17", "--bias", "up", "--json"])).unwrap();
    let line = &facts["lines"][0];
    assert_eq!((&line["line"], &line["active"], &line["pull"]), (&17.into(), &true.into(), &"up".into()));
}

#[test]
fn without_names_the_header_is_read() {
    let text = done(&["read", "--factory", "mock"]);
    assert_eq!(text.lines().count(), 28, "{text}");
    assert!(text.lines().any(|line| line == "GPIO17  J8:11  input   low   pull down"), "{text}");
}

#[test]
fn lines_that_a_daemon_refuses_do_not_spoil_the_list() {
    // Its clients get GPIO2 to GPIO27.
    let served = Served::start(&[]);
    let output = run(&["read", "--factory", &served.factory]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.lines().any(|line| line.starts_with("GPIO0   J8:27  ?")), "{text}");
    assert!(text.lines().any(|line| line.starts_with("GPIO2   J8:3   input   high")), "{text}");
    assert!(stderr(&output).contains("?: this factory shows no level"), "{}", stderr(&output));
    assert_eq!(run(&["read", "0", "--factory", &served.factory]).status.code(), Some(1));
}

#[test]
fn a_daemon_keeps_what_is_written_with_keep() {
    let served = Served::start(&[]);
    let factory = ["--factory", served.factory.as_str()];
    let level = || done(&[&["read", "17"], &factory[..]].concat());

    done(&[&["write", "17=1", "--keep"], &factory[..]].concat());
    assert_eq!(level(), "GPIO17 high\n");
    assert_eq!(level(), "GPIO17 high\n", "reading does not turn an output round");
    assert_eq!(done(&[&["toggle", "17", "--keep"], &factory[..]].concat()), "GPIO17 low\n");
    assert_eq!(level(), "GPIO17 low\n");
    done(&[&["write", "17=off", "--keep", "--active-low"], &factory[..]].concat());
    assert_eq!(level(), "GPIO17 high\n");

    // Without it, the line is what it was, and the command says so.
    let output = run(&[&["write", "17=0"], &factory[..]].concat());
    let note = "GPIO17 was low for an instant, and is given back as it was found: output, high";
    assert!(stderr(&output).contains(note), "{}", stderr(&output));
    assert!(stderr(&output).contains("--keep"), "{}", stderr(&output));
    assert_eq!(level(), "GPIO17 high\n");

    let refused = run(&[&["read", "17", "--bias", "up"], &factory[..]].concat());
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("the line is an output"), "{}", stderr(&refused));
}

#[test]
fn a_line_that_is_given_back_is_described() {
    let notes = shown(&["write", "17=1", "J8:13=0"]);
    for part in [
        "GPIO17 -> ● high",
        "GPIO17 was high for an instant, and is given back as it was found: input, low, pull-down",
        "GPIO27 was low for an instant",
        "--hold drives a line until Ctrl-C",
    ] {
        assert!(notes.contains(part), "{part}: {notes}");
    }
    // The mock keeps nothing after its end.
    assert!(!notes.contains("--keep"), "{notes}");
    let notes = shown(&["write", "17=1", "--for", "1ms"]);
    assert!(notes.contains("GPIO17 high, for 1 ms") && !notes.contains("instant"), "{notes}");
    assert!(
        shown(&["write", "17=1", "--keep"])
            .contains("GPIO17 was high: the mock has ended, so nothing keeps it")
    );
}

#[test]
fn signals_repeat_as_often_as_asked_for() {
    assert_eq!(
        done(&["toggle", "17", "--every", "1ms", "--times", "3", "--factory", "mock"]),
        "GPIO17 high\nGPIO17 low\nGPIO17 high\n"
    );
    let notes = shown(&["blink", "17", "27", "--on", "100ms", "--off", "100ms", "--times", "2"]);
    assert!(notes.contains("GPIO17, GPIO27: on 100 ms, off 100 ms, 2 times"), "{notes}");
    assert_eq!(notes.matches("GPIO27 -> ● high").count(), 2, "{notes}");
    // A line that is off at first is high, if low is on.
    let notes = shown(&["blink", "17", "--on", "100ms", "--off", "1ms", "--times", "1", "--active-low"]);
    assert_eq!(notes.matches("GPIO17 -> ○ low").count(), 1, "{notes}");
    let notes = shown(&["pulse", "18", "--fade-in", "1ms", "--fade-out", "1ms", "--times", "1"]);
    assert!(notes.contains("GPIO18: in 1 ms, out 1 ms, once"), "{notes}");
    let notes = shown(&["pwm", "18", "25%", "--frequency", "1kHz", "--for", "1ms"]);
    assert!(notes.contains("GPIO18: 25 % of 1 kHz, for 1 ms") && notes.contains("25.0 %"), "{notes}");
}

#[test]
fn a_servo_takes_degrees_names_and_values() {
    for (position, part) in [
        (&["45"][..], "GPIO18: 45°, pulses of 1.75 ms"),
        (&["-30deg"], "GPIO18: -30°, pulses of 1.333 ms"),
        (&["--value", "-0.5"], "GPIO18: -45°, pulses of 1.25 ms"),
        (&["max"], "GPIO18: 90°, pulses of 2 ms"),
        (&["45", "--min-pulse", "500us", "--max-pulse", "2.5ms"], "pulses of 2 ms"),
        (&["120", "--min-angle", "0", "--max-angle", "180"], "GPIO18: 120°, pulses of 1.667 ms"),
        (&["off"], "GPIO18: no pulses"),
    ] {
        let notes = shown(&[&["servo", "18", "--for", "1ms"], position].concat());
        assert!(notes.contains(part), "{position:?}: {notes}");
    }
}

#[test]
fn a_wait_ends_with_an_edge_or_with_3() {
    let served = Served::start(&["--wire", "22:27"]);
    let factory = ["--factory", served.factory.as_str()];
    let late = run(&[&["wait", "27", "--edge", "falling", "--timeout", "1ms"], &factory[..]].concat());
    assert_eq!((late.status.code(), stdout(&late)), (Some(3), String::new()));
    let notes = stderr(&late);
    assert!(notes.contains("waiting for a falling edge of GPIO27, for 1 ms at most"), "{notes}");
    assert!(notes.contains("pinzero: there was no such edge in 1 ms"), "{notes}");

    let wait =
        [&["wait", "4", "27", "--edge", "rising", "--timeout", "60s", "--json"], &factory[..]].concat();
    let (wait, _notes) = Program::start(&wait, "waiting for a rising edge of GPIO4, GPIO27");
    done(&[&["toggle", "22", "--every", "1ms", "--times", "2", "--keep"], &factory[..]].concat());
    let output = wait.finish();
    assert!(output.status.success());
    let facts: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(
        (&facts["line"], &facts["level"], &facts["timed_out"]),
        (&27.into(), &"high".into(), &false.into())
    );
}

#[test]
fn a_monitor_prints_each_edge() {
    let served = Served::start(&["--wire", "22:27"]);
    let factory = ["--factory", served.factory.as_str()];
    let toggle = [&["toggle", "22", "--every", "5ms", "--times", "4", "--keep"], &factory[..]].concat();

    let monitor = [&["monitor", "4", "27", "--count", "4", "--json"], &factory[..]].concat();
    let (monitor, notes) = Program::start(&monitor, "watching GPIO4, GPIO27, until 4 edges");
    done(&toggle);
    let output = monitor.finish();
    assert!(output.status.success());
    let edges: Vec<Value> = stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = edges.iter().map(|edge| edge["edge"].as_str().unwrap()).collect();
    assert_eq!(names, ["rising", "falling", "rising", "falling"]);
    // A busy computer makes single toggles late, so the gaps are not compared.
    let stamps: Vec<f64> = edges.iter().map(|edge| edge["at"].as_f64().unwrap()).collect();
    assert!(stamps[0] > 0.0 && stamps.is_sorted_by(|one, next| one < next), "{edges:?}");
    assert!(rest(notes).contains("(GPIO4 0, GPIO27 4), none lost"));

    let format = "{pin} is {level}, {missed} lost";
    let monitor = ["monitor", "27", "-n", "2", "--edges", "falling", "--format", format];
    let (monitor, _notes) = Program::start(&[&monitor, &factory[..]].concat(), "watching");
    done(&toggle);
    assert_eq!(stdout(&monitor.finish()), "GPIO27 is low, 0 lost\nGPIO27 is low, 0 lost\n");
}

#[test]
fn a_monitor_records_to_files() {
    let folder = std::env::temp_dir().join(format!("pinzero-monitor-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let [vcd, svg] = ["edges.vcd", "edges.svg"].map(|name| folder.join(name).to_str().unwrap().to_owned());
    std::fs::write(&vcd, "an old recording".repeat(1000)).unwrap();
    let served = Served::start(&["--wire", "22:27"]);
    let factory = ["--factory", served.factory.as_str()];

    let monitor = ["monitor", "4", "27", "-n", "4", "--vcd", &vcd, "--svg", &svg];
    let (monitor, notes) = Program::start(&[&monitor, &factory[..]].concat(), "watching");
    done(&[&["toggle", "22", "--every", "2ms", "--times", "4", "--keep"], &factory[..]].concat());
    assert!(monitor.finish().status.success());
    let notes = rest(notes);
    assert!(notes.contains(&format!("wrote {vcd}")) && notes.contains(&format!("wrote {svg}")), "{notes}");
    let [vcd, svg] = [vcd, svg].map(|path| std::fs::read_to_string(path).unwrap());
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(vcd.contains("$enddefinitions $end") && vcd.contains("GPIO27") && !vcd.contains("old"), "{vcd}");
    // The first level and four edges.
    let code = vcd.lines().find(|line| line.contains("$var") && line.contains("GPIO27")).unwrap();
    let code = code.split_whitespace().nth(3).unwrap();
    let values = vcd.lines().filter(|line| *line == format!("0{code}") || *line == format!("1{code}"));
    assert_eq!(values.count(), 5, "{vcd}");
    assert!(svg.starts_with("<svg") && svg.contains("GPIO27"), "{svg}");
}

#[test]
fn a_monitor_whose_reader_has_gone_writes_its_files() {
    let vcd = std::env::temp_dir().join(format!("pinzero-monitor-{}.vcd", std::process::id()));
    let served = Served::start(&["--wire", "22:27"]);
    let factory = ["--factory", served.factory.as_str()];
    let monitor = [&["monitor", "27", "--vcd", vcd.to_str().unwrap()], &factory[..]].concat();
    let (mut monitor, notes) = Program::start(&monitor, "watching");
    monitor.close_stdout();
    done(&[&["toggle", "22", "--keep"], &factory[..]].concat());
    assert_eq!(monitor.finish().status.code(), Some(0));
    assert!(rest(notes).contains("wrote "));
    let text = std::fs::read_to_string(&vcd).unwrap();
    std::fs::remove_file(&vcd).unwrap();
    assert!(text.contains("$enddefinitions $end") && text.contains("GPIO27"), "{text}");
}

#[test]
fn toggling_ends_after_its_time() {
    let toggle = ["toggle", "17", "--every", "20ms", "--for", "50ms", "--factory", "mock"];
    let (toggle, notes) = Program::start(&toggle, "");
    let output = toggle.finish();
    assert!(output.status.success());
    // A busy computer leaves out beats.
    let text = stdout(&output);
    assert!(text.starts_with("GPIO17 high\n") && text.lines().count() <= 3, "{text}");
    let notes = rest(notes);
    assert!(!notes.contains("given back") && !notes.contains("for 50"), "{notes}");
}

#[test]
fn the_name_of_a_factory_is_in_any_case() {
    let write = |factory: &str| {
        let output = run(&["write", "17=1", "--factory", factory]);
        assert!(output.status.success());
        (stdout(&output), stderr(&output))
    };
    assert_eq!(write("Mock"), write("mock"));
    assert_eq!(write(" MOCK "), write("mock"));
}

#[test]
fn read_and_pinout_have_the_same_words_for_functions() {
    let served = Served::start(&[]);
    let gpio = pinzero::open_factory(&served.factory).unwrap();
    let _pwm = gpio.pwm(18).open().unwrap();
    let json = |arguments: &[&str]| -> Value {
        serde_json::from_str(&done(&[arguments, &["--json", "--factory", &served.factory]].concat())).unwrap()
    };
    let (read, pinout) = (json(&["read", "17", "18"]), json(&["pinout"]));
    assert_eq!(read["lines"][0]["function"], "input");
    assert_eq!(read["lines"][1]["function"], "alt5");
    assert_eq!(read["lines"][1]["function"], pinout["lines"][18]["state"]["function"]);
}

#[test]
#[cfg(unix)]
fn ctrl_c_ends_a_monitor_in_order_and_a_held_line_is_given_back() {
    use std::os::unix::process::ExitStatusExt;

    let served = Served::start(&[]);
    let factory = ["--factory", served.factory.as_str()];
    let (monitor, notes) = Program::start(&[&["monitor", "27"], &factory[..]].concat(), "watching");
    monitor.signal("INT");
    assert_eq!(monitor.finish().status.code(), Some(0));
    assert!(rest(notes).starts_with("0 edges in "));

    let hold = [&["write", "17=1", "--hold"], &factory[..]].concat();
    let (held, _notes) = Program::start(&hold, "GPIO17 high, until Ctrl-C");
    assert_eq!(done(&[&["read", "17"], &factory[..]].concat()), "GPIO17 high\n");
    held.signal("INT");
    assert_eq!(held.finish().status.signal(), Some(2));
    assert_eq!(done(&[&["read", "17"], &factory[..]].concat()), "GPIO17 low\n");
}

#[test]
#[cfg(unix)]
fn a_monitor_without_its_daemon_ends_at_a_signal() {
    let served = Served::start(&[]);
    let monitor = ["monitor", "27", "--factory", &served.factory];
    let (monitor, _notes) = Program::start(&monitor, "watching");
    served.stop();
    // The factory reconnects, so the command goes on until it is told to end.
    monitor.signal("TERM");
    assert!(monitor.finish().status.code().is_some(), "no second signal is needed");
}

#[test]
fn wrong_words_are_refused_in_a_line() {
    for (arguments, code, part) in [
        (&["read", "99"][..], 1, "pinzero: unknown pin \"99\": "),
        (&["read", "3V3"], 1, "3.3 V power"),
        (&["read", "17", "--bias", "sideways"], 2, "possible values: up, down, none"),
        (&["read", "--numeric"], 2, "<PIN>"),
        (&["read", "17", "--numeric", "--json"], 2, "cannot be used with"),
        (&["write"], 2, "<PIN=LEVEL>"),
        (&["write", "17"], 2, "write a pin and its level, such as 17=1"),
        (&["write", "=1"], 2, "write a pin and its level"),
        (&["write", "17=2"], 2, "use 1 or 0, on or off"),
        (&["write", "17=1", "GPIO17=0"], 1, "pinzero: GPIO17 is given twice\n"),
        (&["write", "17=1", "--hold", "--keep"], 2, "cannot be used with"),
        (&["write", "17=1", "--for", "5"], 2, "write 5ms or 5s"),
        (&["toggle", "17", "--times", "3"], 2, "--every"),
        (&["toggle", "17", "--every", "1us", "--times", "1"], 1, "pinzero pwm"),
        (&["toggle", "17", "17"], 1, "pinzero: GPIO17 is given twice\n"),
        (&["blink", "17", "--on", "soon"], 2, "write 250us, 500ms, 1.5s or 2m"),
        (&["blink", "17", "--on", "1us", "--off", "1us"], 1, "too short"),
        (&["blink", "17", "--times", "many"], 2, "give a whole number from 1 to 4294967295"),
        (&["blink", "17", "--times", "0"], 2, "give 1 or more"),
        (&["pulse", "17", "--times", "0"], 2, "give 1 or more"),
        (&["toggle", "17", "--every", "1s", "--times", "0"], 2, "give 1 or more"),
        (&["pulse", "18", "--frequency", "0Hz"], 2, "above zero"),
        (&["pwm", "18", "25"], 2, "more than all"),
        (&["pwm", "18"], 2, "<SHARE>"),
        (&["pwm", "18", "25%", "--frequency", "1GHz"], 2, "write 50Hz"),
        (&["pwm", "18", "25%", "--frequency", "100MHz"], 1, "out of range"),
        (&["servo", "18"], 2, "<POSITION>"),
        (&["servo", "18", "270"], 1, "give -90 to 90"),
        (&["servo", "18", "left"], 2, "min, mid, max or off"),
        (&["servo", "18", "--value", "2"], 1, "give -1 to 1"),
        (&["servo", "18", "mid", "--min-pulse", "3ms"], 1, "--min-pulse below --max-pulse"),
        (&["wait"], 2, "<PIN>"),
        (&["wait", "2", "--edge", "up"], 2, "possible values: rising, falling, both"),
        (&["wait", "2", "--timeout", "0s"], 2, "above zero"),
        (&["wait", "2", "2", "--timeout", "1ms"], 1, "pinzero: GPIO2 is given twice\n"),
        (&["pwm", "BOARD6", "1"], 1, "pinzero: pin \"BOARD6\" is ground, not a GPIO line\n"),
        (&["servo", "3V3", "mid"], 1, "pinzero: pin \"3V3\" is"),
        (&["monitor", "27", "J8:13"], 1, "pinzero: GPIO27 is given twice\n"),
        (&["wait", "2", "--bias", "down", "--timeout", "1ms"], 1, "pull-up resistor"),
        (&["monitor"], 2, "<PIN>"),
        (&["monitor", "2", "--vcd", "/nowhere/edges.vcd"], 1, "/nowhere/edges.vcd cannot be written"),
        (&["monitor", "2", "--svg", "/"], 1, "/ cannot be written"),
        (&["monitor", "2", "--vcd", "/nowhere/a", "--svg", "/nowhere/./a"], 2, "name the same file"),
        (&["monitor", "2", "--count", "0"], 2, "give 1 or more"),
        (&["monitor", "2", "--format", "{pins}"], 2, "use {at}, {unix}, {pin}"),
        (&["monitor", "2", "--format", "{pin"], 2, "has no \"}\""),
        (&["monitor", "2", "--format", "x", "--json"], 2, "cannot be used with"),
    ] {
        let output = run(&[arguments, &["--factory", "mock"]].concat());
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
        assert!(text.contains(part), "{arguments:?}: {text}");
        let first = text.lines().find(|line| line.starts_with("pinzero: ") || line.starts_with("error: "));
        assert!(first.is_some() && !text.contains("panicked"), "{arguments:?}: {text}");
    }
    for (factory, part) in [
        ("lgpio", "use \"cdev\""),
        ("pigpio://nowhere.invalid", "no pigpio daemon can be reached at nowhere.invalid:8888"),
        ("pigpio://127.0.0.1:1", "no pigpio daemon can be reached at 127.0.0.1:1"),
        ("pi.local", "pigpio://pi.local"),
    ] {
        let output = run(&["read", "17", "--factory", factory]);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(part), "{factory}: {}", stderr(&output));
    }
}
