//! The page of `pinzero sim --web`, in Chromium, with a program in Python on the board.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A board for the program: a doorbell with a dial.
const DOORBELL: &str = "
title = \"Doorbell\"
[button.push]
pin = 2
key = \"b\"
[led.lamp]
pin = 17
[potentiometer.dial]
channel = 0
[led.level]
pin = 18
color = \"yellow\"
[buzzer.bell]
pin = 27
";

#[test]
#[ignore = "no browser: run `cargo xtask interop`"]
fn a_program_in_python_is_seen_and_moved_in_chromium() {
    let folder = std::env::temp_dir().join(format!("pinzero-page-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("doorbell.toml"), DOORBELL).unwrap();
    let lights = (2..28).map(|line| format!("[led.light-{line}]\npin = {line}\n"));
    std::fs::write(folder.join("busy.toml"), lights.collect::<String>()).unwrap();

    let test = std::env::current_exe().unwrap();
    let program = test.parent().and_then(Path::parent).unwrap().join("pinzero");
    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/clients");
    let variable = |name| PathBuf::from(std::env::var_os(name).expect("run `cargo xtask interop`"));
    let status = Command::new("node")
        .arg(clients.join("browser.js"))
        .env("NODE_PATH", variable("PINZERO_NODE_PATH"))
        .env("PINZERO_PYTHON", variable("PINZERO_PYTHON"))
        .env("PINZERO", program)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(&folder)
        .stdin(Stdio::null())
        .status()
        .expect("it starts");
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(status.success(), "{status}");
}
