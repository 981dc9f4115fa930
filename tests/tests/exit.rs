//! However a program ends, its pins are given back and its exit status is what it would have been: by processes.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use fake_pigpiod::Fake;
use pinzero::time::ms;
use pinzero_tests::exit::{CASES, Case, End, program, run, run_with};
use rustix::process::Signal;

/// A file of this test's own.
fn journal(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("exit-{name}.journal"));
    let _ = fs::remove_file(&path);
    path
}

/// Runs a case on the mock, and says what is not as it should be.
fn check(program: &Path, number: usize, case: &Case) -> Result<(), String> {
    let journal = journal(&format!("{number}-{}", case.mode));
    let end = run(program, &journal.to_string_lossy(), case);
    let written = fs::read_to_string(&journal).unwrap_or_default();
    let last = written.lines().rfind(|line| line.starts_with("GPIO17 ")).unwrap_or("nothing");
    let expected =
        case.gives_back.map(|gives_back| if gives_back { "GPIO17 input low" } else { "GPIO17 output high" });
    if end == case.end && expected.is_none_or(|expected| expected == last) {
        return Ok(());
    }
    let Case { mode, signals, .. } = case;
    Err(format!("{mode} {signals:?}: ended with {end:?}, last {last:?}; not {:?}, {expected:?}", case.end))
}

#[test]
fn every_way_to_end_gives_the_pins_back() {
    let failures: Vec<String> =
        CASES.iter().enumerate().filter_map(|(number, case)| check(&program(), number, case).err()).collect();
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), CASES.len(), failures.join("\n"));
}

/// Runs a case on the pins of a daemon, and says what is not as it should be.
fn check_remote(case: &Case) -> Result<(), String> {
    let daemon = Fake::start();
    daemon.wire(2, 3);
    let end = run(&program(), &format!("pigpio://{}", daemon.address()), case);
    let is_alone = daemon.wait_until(ms(5000), |daemon| daemon.connections() == 0);
    let (mode, is_high) = (daemon.mode(17), daemon.level(17));
    let is_as_expected = match case.gives_back {
        Some(true) => mode == 0 && !is_high,
        Some(false) => mode == 1 && is_high,
        None => true,
    };
    if end == case.end && is_as_expected && is_alone {
        return Ok(());
    }
    Err(format!(
        "{case:?}: ended with {end:?}, GPIO17 has mode {mode} and is high: {is_high}; alone: {is_alone}"
    ))
}

#[test]
fn every_way_to_end_gives_the_pins_of_a_daemon_back() {
    let failures: Vec<String> = CASES.iter().filter_map(|case| check_remote(case).err()).collect();
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), CASES.len(), failures.join("\n"));
}

#[test]
fn a_forked_child_leaves_the_connection_of_its_parent_alone() {
    check_remote(&Case { mode: "fork-of-a-client", signals: &[], end: End::Code(0), gives_back: Some(true) })
        .unwrap();
}

#[test]
fn a_signal_wins_every_race_against_the_end_of_main() {
    let racy =
        CASES.iter().filter(|case| case.mode.starts_with("wait-for") || case.mode == "close-all-in-thread");
    let failures: Vec<String> = racy
        .flat_map(|case| (2000..2025).filter_map(|number| check(&program(), number, case).err()))
        .collect();
    assert!(failures.is_empty(), "{}:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn a_program_that_ends_has_nothing_to_say_of_its_closed_pins() {
    let is_quiet = |case: &&Case| {
        let quiet = ["wait-for", "all-the-time", "in-handler", "main-waits", "at-exit", "close-all"];
        quiet.iter().any(|part| case.mode.contains(part))
    };
    for case in CASES.iter().filter(is_quiet) {
        for number in 0..10 {
            let journal = journal(&format!("quiet-{number}-{}", case.mode));
            let said = journal.with_extension("stderr");
            let stderr = fs::File::create(&said).unwrap();
            let start = Instant::now();
            let end = run_with(&program(), &journal.to_string_lossy(), case, stderr.into());
            let said = fs::read_to_string(said).unwrap();
            assert!(
                end == case.end && said.is_empty(),
                "{}: ended with {end:?}, and said: {said}",
                case.mode
            );
            // The guard's own limit is a second. A thread that is held must not use it up.
            assert!(start.elapsed() < ms(900), "{}: {:?}", case.mode, start.elapsed());
        }
    }
}

#[test]
fn a_panic_that_aborts_gives_the_pins_back() {
    // The workspace's own target folder, where the profile has a folder of its own. The cargo that started this test has let
    // go of the folder's lock.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--locked",
            "--package=pinzero-tests",
            "--bin=exit_child",
            "--profile=abort",
        ])
        .arg("--target-dir")
        .arg(target)
        .status()
        .unwrap();
    assert!(built.success());
    let program = target.join("abort/exit_child");
    for (number, mode) in ["panic", "panic-in-thread", "panic-in-callback"].into_iter().enumerate() {
        let case = Case { mode, signals: &[], end: End::Signal(Signal::ABORT), gives_back: Some(true) };
        check(&program, 1000 + number, &case).unwrap();
    }
}
