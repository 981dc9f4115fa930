//! Compares what happened on gpiozero with what happens here.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// What happened in a scenario.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    /// The changes of each output by number.
    pub(crate) pins: BTreeMap<String, Vec<Change>>,
    /// Everything else in its order: `[milliseconds, name]` of an event, `[milliseconds, name, result]` of a step.
    pub(crate) log: Vec<Json>,
}

/// A change of an output: the time in milliseconds, and the state from then on.
pub(crate) type Change = (f64, State);

/// The state of an output.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum State {
    /// Always low or always high.
    Steady(bool),
    /// The duty cycle and the frequency.
    Pulsed(f64, f64),
    /// No output any more.
    Input,
}

impl State {
    pub(crate) fn of(duty: f64, frequency: f64) -> State {
        if duty == 0.0 || duty == 1.0 { State::Steady(duty != 0.0) } else { State::Pulsed(duty, frequency) }
    }

    /// A pulse is a whole number of nanoseconds, so duty cycle and frequency are exact to some digits only.
    fn is(self, other: State) -> bool {
        match (self, other) {
            (State::Pulsed(duty, frequency), State::Pulsed(other_duty, other_frequency)) => {
                (duty - other_duty).abs() < 1e-5 && (frequency / other_frequency - 1.0).abs() < 1e-5
            }
            _ => self == other,
        }
    }
}

impl Record {
    /// Reads a golden file's record. Its errors become our kinds, and its warnings, which we do not have, go.
    pub(crate) fn of_gpiozero(golden: &Json) -> Record {
        let mut record = Record::default();
        if let Some(pins) = golden["pins"].as_object() {
            record.pins = pins.iter().map(|(pin, changes)| (pin.clone(), read_changes(changes))).collect();
            // The mock keeps no history of functions: a line that turns to an input and back is judged by its readings.
            let turns =
                |changes: &[Change]| changes.iter().rev().skip(1).any(|(_, state)| *state == State::Input);
            record.pins.retain(|_, changes| !turns(changes));
        }
        for entry in golden["log"].as_array().into_iter().flatten() {
            if entry[1] != "warning" {
                let mut entry = entry.clone();
                if let Some(kind) = entry[2].as_str().and_then(|name| name.strip_prefix('!')).map(kind) {
                    entry[2] = format!("!{kind}").into();
                }
                record.log.push(entry);
            }
        }
        record
    }
}

/// Reads the changes of a pin. A change without a frequency keeps the one before.
pub(crate) fn read_changes(json: &Json) -> Vec<Change> {
    let mut frequency = 0.0;
    let changes = json.as_array().unwrap().iter();
    changes
        .map(|change| {
            if let Some(hertz) = change.get(2) {
                frequency = hertz.as_f64().unwrap_or(0.0);
            }
            let state = change[1].as_f64().map_or(State::Input, |duty| State::of(duty, frequency));
            (change[0].as_f64().unwrap(), state)
        })
        .collect()
}

/// Returns our kind for an exception of gpiozero's.
fn kind(exception: &str) -> &str {
    match exception {
        "BadWaitTime"
        | "BadQueueLen"
        | "CompositeDeviceBadDevice"
        | "CompositeDeviceBadOrder"
        | "EnergenieBadSocket"
        | "GPIOPinMissing"
        | "IndexError"
        | "InputDeviceError"
        | "KeyError"
        | "OutputDeviceBadValue"
        | "PinInvalidState"
        | "SPIBadChannel"
        | "ValueError" => "InvalidValue",
        "DeviceClosed" | "GPIODeviceClosed" => "Closed",
        "GPIOPinInUse" => "PinInUse",
        "PinFixedPull" => "FixedPull",
        "PinInvalidPin" => "UnknownPin",
        other => other,
    }
}

/// Returns how the records differ.
pub(crate) fn compare(name: &str, expected: &Record, ours: &Record) -> Vec<String> {
    let mut found = Vec::new();
    for (pin, changes) in &expected.pins {
        let (expected, ours) = (settled(changes), settled(&ours.pins[pin]));
        let same = expected.len() == ours.len()
            && expected.iter().zip(&ours).all(|(a, b)| is_same_time(a.0, b.0) && a.1.is(b.1));
        if !same {
            found.push(format!("{name}: pin {pin}\n  expected {expected:?}\n  ours     {ours:?}"));
        }
    }
    let same = expected.log.len() == ours.log.len()
        && expected.log.iter().zip(&ours.log).all(|(a, b)| is_same(a, b));
    if !same {
        let text = |log: &[Json]| log.iter().map(Json::to_string).collect::<Vec<_>>().join(", ");
        found.push(format!(
            "{name}: log\n  expected {}\n  ours     {}",
            text(&expected.log),
            text(&ours.log)
        ));
    }
    found
}

/// Returns the changes that last: the last state of each instant, if it is another than before. All pins start low.
pub(crate) fn settled(changes: &[Change]) -> Vec<Change> {
    let mut settled: Vec<Change> = Vec::new();
    for (at, state) in changes {
        if settled.last().is_some_and(|(last, _)| is_same_time(*last, *at)) {
            settled.pop();
        }
        if !settled.last().map_or(State::Steady(false), |(_, state)| *state).is(*state) {
            settled.push((*at, *state));
        }
    }
    settled
}

/// Both clocks are exact; but gpiozero's times are floating-point seconds, so allow a microsecond.
fn is_same_time(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-3
}

/// Returns whether two entries of a log are the same. 1 is `true`.
pub(crate) fn is_same(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| is_same(a, b))
        }
        _ => match (as_number(one), as_number(other)) {
            (Some(one), Some(other)) => (one - other).abs() < 1e-6,
            _ => one == other,
        },
    }
}

fn as_number(json: &Json) -> Option<f64> {
    json.as_bool().map(|on| f64::from(u8::from(on))).or_else(|| json.as_f64())
}
