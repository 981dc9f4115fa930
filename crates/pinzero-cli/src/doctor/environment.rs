//! Looks at environment variables.

use std::env;

use super::finding::{Finding, Mark};

/// The variables of pinzero.
const KNOWN: [&str; 4] =
    ["PINZERO_PIN_FACTORY", "PINZERO_GPIOCHIP", "PINZERO_BROKER", "PINZERO_NO_EXIT_GUARD"];

/// Variables of our own tests and benches begin so.
const OURS: [&str; 7] = [
    "PINZERO_BENCH",
    "PINZERO_CONFORMANCE",
    "PINZERO_INTEROP",
    "PINZERO_PI_RIG",
    "PINZERO_RIG",
    "PINZERO_TEST",
    "PINZERO_WRITE",
];

/// Returns the value of an environment variable, unless it is empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    let value = env::var_os(name)?.to_string_lossy().trim().to_owned();
    (!value.is_empty()).then_some(value)
}

pub(crate) fn examine() -> Vec<Finding> {
    let mut findings: Vec<Finding> = KNOWN.into_iter().filter_map(known).collect();
    let names = env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    let mut unknown: Vec<String> = names
        .filter(|name| name.starts_with("PINZERO_") && !KNOWN.contains(&name.as_str()))
        .filter(|name| !OURS.iter().any(|ours| name.starts_with(ours)))
        .collect();
    unknown.sort_unstable();
    findings.extend(unknown.into_iter().map(|name| {
        let remedy = format!("check the spelling: there are {}", KNOWN.join(", "));
        Finding::new(Mark::Better, name, "is no variable of pinzero, and has no effect", remedy)
    }));
    if variable("GPIOZERO_PIN_FACTORY").is_some() && variable("PINZERO_PIN_FACTORY").is_none() {
        let text = "is gpiozero's, and has no effect here";
        let remedy = "set PINZERO_PIN_FACTORY for programs that use pinzero";
        findings.push(Finding::new(Mark::Better, "GPIOZERO_PIN_FACTORY", text, remedy));
    }
    if let Some(port) = variable("PIGPIO_PORT").filter(|port| !port.parse().is_ok_and(|port: u16| port > 0)) {
        let text = format!("{port:?} is no port");
        findings.push(Finding::new(
            Mark::Broken,
            "PIGPIO_PORT",
            text,
            "set it to a number from 1 to 65535, or unset it",
        ));
    }
    findings
}

/// Returns what a variable of pinzero does, if it is set.
fn known(name: &str) -> Option<Finding> {
    let value = variable(name)?;
    Some(match name {
        "PINZERO_PIN_FACTORY" => match refusal(&value) {
            None => Finding::ok(name, format!("chooses {value}")),
            Some(reason) => Finding::new(
                Mark::Broken,
                name,
                reason,
                "set it to cdev, rppal, pigpio, pigpio://HOST:PORT or mock, or unset it",
            ),
        },
        "PINZERO_GPIOCHIP" => Finding::ok(name, format!("chooses the chip {value}")),
        // Without the value, which may name a user.
        "PINZERO_BROKER" => Finding::ok(name, "names the broker of `pinzero fleet`"),
        _ => Finding::new(
            Mark::Better,
            name,
            "switches the exit guard off: pins may stay driven after Ctrl-C",
            "unset it, unless you want that",
        ),
    })
}

/// Returns why the name of a factory is none.
fn refusal(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    if ["cdev", "rppal", "pigpio", "mock"].contains(&lower.as_str()) || lower.starts_with("pigpio://") {
        return None;
    }
    // Opens nothing: there is no such factory.
    pinzero::open_factory(name).err().map(|error| error.to_string())
}
