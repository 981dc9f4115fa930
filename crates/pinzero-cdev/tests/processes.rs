//! What takes processes of their own: another user of a line, and the environment.
//!
//! As `gpio_sim`, these need a kernel with simulated chips. They are apart from those since a process that is being
//! started shares all open lines for an instant, which the others would take for a line that is not given back.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::env;
use std::io::{self, BufRead, BufReader};
use std::process::{Command, Stdio};

use gpiosim::{Bank, Sim};
use pinzero_cdev::CdevFactory;
use pinzero_core::{Bias, ErrorKind, InputConfig, Level, Line, OnClose, OutputConfig, PinFactory};

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn the_environment_names_a_chip() {
    if !role().is_empty() {
        let line = CdevFactory::new().and_then(|factory| factory.find_line("HERE"));
        match role().as_str() {
            "found" => assert_eq!(line.unwrap(), Some(Line(3))),
            "header" => assert_eq!(line.unwrap(), None),
            _ => assert!(line.unwrap_err().to_string().contains("\"gpiochip-none\"")),
        }
        return;
    }
    let sim = live(Bank::new(8, "pinzero-environment").name(3, "HERE"));
    for (value, role) in
        [(path(&sim), "found"), ("pinzero-environment", "found"), ("", "header"), ("gpiochip-none", "none")]
    {
        let mut child = again("the_environment_names_a_chip", role);
        assert!(child.env("PINZERO_GPIOCHIP", value).output().unwrap().status.success(), "{value}");
    }
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_line_in_use_names_its_user() {
    if role().starts_with("/dev/") {
        let mut request = gpiocdev::Request::builder();
        let _held =
            request.on_chip(role()).with_consumer("doorbell").with_line(5).as_input().request().unwrap();
        println!("held");
        io::stdin().lines().next();
        return;
    }
    let sim = live(&Bank::new(8, "pinzero-test"));
    let mut other = again("a_line_in_use_names_its_user", path(&sim))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(other.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with("held")));

    let factory = CdevFactory::builder().chip(path(&sim)).open().unwrap();
    let low = OutputConfig::new(Level::Low, OnClose::Restore);
    let output = factory.open_output(Line(5), low).unwrap_err();
    let input = factory.open_input(Line(5), InputConfig::new(Bias::PullUp)).unwrap_err();
    let free = factory.open_output(Line(4), low);
    let pid = other.id();
    drop(other.stdin.take());
    assert!(other.wait().unwrap().success());

    for error in [output, input] {
        assert_eq!(
            (error.kind(), error.pin(), error.factory()),
            (ErrorKind::Busy, Some("GPIO5"), Some("cdev"))
        );
        let text = error.to_string();
        assert!(text.contains("\"doorbell\"") && text.contains(&format!("(pid {pid})")), "{text}");
    }
    assert!(free.is_ok());
    assert!(factory.open_output(Line(5), low).is_ok());
}

fn live(bank: &Bank) -> Sim {
    gpiosim::builder().with_bank(bank).live().unwrap()
}

/// The chip's device file.
fn path(sim: &Sim) -> &str {
    sim.chips()[0].dev_path().to_str().unwrap()
}

/// Runs one test once more, in a process of its own that gets `role` from [`role`].
fn again(test: &str, role: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([test, "--exact", "--include-ignored", "--nocapture"]).env(ROLE, role);
    command
}

/// What [`again`] wants of this process; empty in the first one.
fn role() -> String {
    env::var(ROLE).unwrap_or_default()
}

const ROLE: &str = "PINZERO_CDEV_TEST_ROLE";
