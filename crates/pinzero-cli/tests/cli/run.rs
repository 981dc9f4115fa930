//! Runs the command, and compares what it prints with a file.

use std::path::PathBuf;
use std::process::{Command, Output};

/// Returns the command with these arguments, without the environment variables that change what it does.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinzero"));
    command.args(arguments);
    for variable in [
        "PINZERO_PIN_FACTORY",
        "PINZERO_GPIOCHIP",
        "PINZERO_BROKER",
        "PIGPIO_ADDR",
        "PIGPIO_PORT",
        "NO_COLOR",
        "CLICOLOR_FORCE",
    ] {
        command.env_remove(variable);
    }
    command
}

/// Runs the command to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the command can be started")
}

/// Compares a text with the file `tests/snapshots/NAME`. `PINZERO_WRITE=1` writes the file instead.
#[track_caller]
pub(crate) fn assert_snapshot(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name);
    if std::env::var_os("PINZERO_WRITE").is_some() {
        std::fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder");
        std::fs::write(&path, text).expect("the file can be written");
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(text == expected, "{} differs; PINZERO_WRITE=1 writes it anew. Now:\n{text}", path.display());
}

#[test]
fn a_wrong_command_ends_with_2_and_says_what_there_is() {
    let output = run(&["pinuot"]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("pinout"), "{text}");
    assert_snapshot("help.txt", &String::from_utf8_lossy(&run(&["--help"]).stdout));
}
