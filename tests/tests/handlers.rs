//! User code on the library's threads, in programs of its own: the processes that it starts, and its errors.
#![cfg(unix)]

use std::process::Command;

/// Runs `handler_child`, and returns what it wrote to standard output and standard error.
fn run(mode: &str) -> (Vec<String>, Vec<String>) {
    let program = env!("CARGO_BIN_EXE_handler_child");
    let output = Command::new(program).arg(mode).output().unwrap_or_else(|error| panic!("{error}"));
    let lines = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect();
    let (told, complaints) = (lines(output.stdout), lines(output.stderr));
    assert!(output.status.success(), "{mode}: {complaints:?}");
    (told, complaints)
}

#[test]
fn a_process_that_user_code_starts_can_be_ended() {
    let (mut told, _) = run("children");
    told.sort();
    let places = ["handler", "on_error", "thread", "timer"];
    assert_eq!(told, places.map(|place| format!("{place}: signal: 15 (SIGTERM)")));
}

const HINT: &str = "pinzero: more of this kind is not shown: install a logger for the crate `log` to see all, or give \
                    `gpio.on_error(..)` a function";

#[test]
fn without_a_logger_the_first_error_of_each_kind_is_on_standard_error() {
    let (told, complaints) = run("errors");
    assert!(told.is_empty(), "{told:?}");
    assert_eq!(
        complaints,
        [
            "pinzero: Button on GPIO2: a handler failed: GPIO17: the device is closed",
            HINT,
            "pinzero: Button on GPIO2: a handler failed: the door is locked",
            HINT,
            "pinzero: Button on GPIO2: a handler failed: no such floor",
            HINT,
        ]
    );
}

#[test]
fn with_a_logger_all_errors_are_logged_and_only_there() {
    let (told, complaints) = run("errors-are-logged");
    assert!(complaints.is_empty(), "{complaints:?}");
    let once = [
        "ERROR: Button on GPIO2: a handler failed: GPIO17: the device is closed",
        "ERROR: Button on GPIO2: a handler failed: the door is locked",
        "ERROR: Button on GPIO2: a handler failed: no such floor",
    ];
    assert_eq!(told, [once, once].concat());
}

#[test]
fn a_function_for_errors_silences_both() {
    assert_eq!(run("errors-are-silenced"), (Vec::new(), Vec::new()));
}

#[test]
fn a_device_that_is_dropped_with_its_handlers_is_told_of() {
    let (told, _) = run("dropped");
    let message = |line, lost| {
        format!(
            "WARN: {line} is closed at once with its {lost}, as the last handle is dropped: return the device from the function that \
             opens it, and end `main` with `pinzero::pause()`"
        )
    };
    let expected = [
        message("Button on GPIO2", "handlers"),
        message("Led on GPIO17", "blink"),
        message("PwmOutputDevice on GPIO18", "blink"),
    ];
    assert_eq!(told, expected);
}
