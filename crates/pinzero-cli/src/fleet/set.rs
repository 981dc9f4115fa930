//! Sends commands to devices, and waits for the states that they tell.

use std::thread;
use std::time::{Duration, Instant};

use parking_lot::MutexGuard;
use pinzero_mqtt::Message;
use serde::Serialize;
use serde_json::{Map, Value};

use super::link::{self, Link};
use super::model::Fleet;
use super::pattern::{Pattern, no_match};
use super::text::{harmless, words};
use crate::lines::value;
use crate::output;
use crate::verdict::{Outcome, Verdict};

/// The longest command, in bytes. A node reads 4096, with the stamp.
const LONGEST: usize = 4000;
/// The fields that say when and how a device obeys. No state shows them.
const MANNERS: [&str; 5] = ["at", "for", "duration", "flash", "transition"];
/// The time between two looks at the states of many devices.
const PAUSE: Duration = Duration::from_millis(5);

/// A command for devices.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Order {
    /// The command, as the user says it.
    words: String,
    body: Body,
}

#[derive(Debug, Clone, PartialEq)]
enum Body {
    /// A number, or a word whose field only the device knows: a command without a stamp.
    Plain(String),
    Fields(Map<String, Value>),
}

impl Order {
    /// Reads a command. `lasting` is the time after which a switched device switches back.
    ///
    /// # Errors
    /// A sentence about a command that no device could read.
    pub(super) fn new(command: &str, lasting: Option<Duration>) -> Result<Self, String> {
        let command = command.trim();
        if command.is_empty() || command.len() > LONGEST {
            return Err(format!(
                "a command has 1 to {LONGEST} bytes: send ON, a number, or an object of JSON"
            ));
        }
        let word = command.to_ascii_uppercase();
        let body = if command.starts_with('{') {
            Body::Fields(
                serde_json::from_str(command).map_err(|error| format!("the command is not JSON: {error}"))?,
            )
        } else if matches!(&*word, "ON" | "OFF" | "TOGGLE") {
            Body::Fields(Map::from_iter([("state".to_owned(), word.into())]))
        } else {
            Body::Plain(command.to_owned())
        };
        let mut order = Order { words: harmless(command, 40), body };
        if let (Body::Fields(fields), Some(time)) = (&mut order.body, lasting) {
            fields.insert("for".to_owned(), time.as_secs_f64().into());
            order.words += &format!(" for {}", value::show_time(time));
        }
        Ok(order)
    }

    /// Returns the payload, with the stamp of this moment: of two commands that overtake each other, the newer decides.
    fn payload(&self, at: u64) -> String {
        match &self.body {
            Body::Plain(text) => text.clone(),
            Body::Fields(fields) => {
                let mut fields = fields.clone();
                fields.entry("at").or_insert(at.into());
                Value::Object(fields).to_string()
            }
        }
    }

    /// Returns whether a state shows what the command asks for: silence is no success. `before` is the state before the command.
    fn is_met(&self, before: Option<&Map<String, Value>>, state: &Map<String, Value>) -> bool {
        let fields = match &self.body {
            Body::Plain(text) => return shows(state, text),
            Body::Fields(fields) => fields,
        };
        fields.iter().filter(|(name, _)| !MANNERS.contains(&&***name)).all(|(name, wanted)| {
            let Some(is) = state.get(name) else { return false };
            match (wanted, is) {
                (Value::String(wanted), Value::String(is)) if wanted.eq_ignore_ascii_case("toggle") => {
                    before.and_then(|before| before.get(name)).and_then(Value::as_str) != Some(is)
                }
                (Value::String(wanted), Value::String(is)) => are_same(wanted, is),
                (Value::Number(wanted), Value::Number(is)) => {
                    let (wanted, is) = (wanted.as_f64().unwrap_or(0.0), is.as_f64().unwrap_or(0.0));
                    are_near(wanted, is) || (wanted == 0.0 && is_off(state))
                }
                (Value::Object(_) | Value::Array(_), _) => true,
                (wanted, is) => wanted == is,
            }
        })
    }
}

/// Returns whether a state shows a plain word or number. Only the device knows which field that is for.
fn shows(state: &Map<String, Value>, text: &str) -> bool {
    let number = text.parse::<f64>().ok();
    let is_shown = state.iter().any(|(name, is)| match is {
        Value::String(is) => match &**name {
            "state" => are_same(text, is),
            "text" => text == is,
            _ => false,
        },
        Value::Number(is) => number.zip(is.as_f64()).is_some_and(|(wanted, is)| are_near(wanted, is)),
        _ => false,
    });
    is_shown || (number == Some(0.0) && is_off(state))
}

/// Returns whether a light of brightness 0, or a fan that stands, is off: it may keep its brightness for the next time.
fn is_off(state: &Map<String, Value>) -> bool {
    state.get("state").and_then(Value::as_str).is_some_and(|is| are_same("OFF", is))
}

/// Returns whether a word of a command and one of a state mean the same. A cover that is on is open.
fn are_same(wanted: &str, is: &str) -> bool {
    let meaning = |word: &str| match &*word.to_ascii_uppercase() {
        "OPEN" => "ON".to_owned(),
        "CLOSE" | "CLOSED" => "OFF".to_owned(),
        "STOPPED" => "STOP".to_owned(),
        other => other.to_owned(),
    };
    meaning(wanted) == meaning(is)
}

/// Returns whether two numbers are the same but for the steps to which a device rounds.
fn are_near(wanted: f64, is: f64) -> bool {
    (wanted - is).abs() <= (wanted.abs() / 100.0).max(0.5)
}

/// A device that the command is for.
#[derive(Debug)]
struct Target {
    name: String,
    topic: String,
    before: Option<Map<String, Value>>,
    /// The number of states that were told before the command.
    told: u64,
    refusals: u64,
    outcome: Outcomes,
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq)]
enum Outcomes {
    /// Nothing was sent, for this reason.
    NotSent(String),
    /// No state was told yet.
    Waiting,
    /// The device has told a state that the command does not ask for.
    Other(Map<String, Value>),
    /// The node has refused the command, for this reason.
    Refused(String),
    Done {
        state: Map<String, Value>,
        after_ms: u64,
    },
}

/// What `pinzero fleet set --json` prints.
#[derive(Debug, Serialize)]
struct Report<'a> {
    command: &'a str,
    devices: Vec<Reported<'a>>,
}

#[derive(Debug, Serialize)]
struct Reported<'a> {
    device: &'a str,
    outcome: &'static str,
    after_ms: Option<u64>,
    state: Option<&'a Map<String, Value>>,
    reason: Option<&'a str>,
}

/// Sends a command to the devices that a pattern fits.
pub(super) fn run(link: &Link, pattern: &Pattern, order: &Order, wait: Duration, is_json: bool) -> Outcome {
    let mut state = link.collect()?;
    if state.fleet.devices(pattern).next().is_none() {
        return Err(no_match(&state.fleet, pattern));
    }
    let mut targets = targets(&state.fleet, pattern);
    let skipped = state.fleet.devices(pattern).count() - targets.len();
    if targets.is_empty() {
        return Err(format!("{pattern} fits only devices that take no commands").into());
    }
    let start = link::now();
    for target in targets.iter().filter(|target| target.outcome == Outcomes::Waiting) {
        state.send(Message::new(format!("{}/set", target.topic), order.payload(link::now())));
    }
    let end = Instant::now() + wait;
    loop {
        for target in &mut targets {
            target.look(&state.fleet, order, start);
        }
        let is_over =
            targets.iter().all(|target| !matches!(target.outcome, Outcomes::Waiting | Outcomes::Other(_)));
        if is_over || Instant::now() >= end || state.error.is_some() {
            break;
        }
        link.wait(&mut state, end);
        // Many states cost one look.
        MutexGuard::unlocked(&mut state, || thread::sleep(PAUSE));
    }
    let error = state.error.clone();
    state.leave();
    drop(state);
    let is_good = targets.iter().all(|target| matches!(target.outcome, Outcomes::Done { .. }));
    if is_json {
        output::print_json(&report(&targets, order))?;
    } else {
        output::print(&lines(&targets, order, wait))?;
        match skipped {
            0 => {}
            1 => output::note("1 device takes no commands, and was skipped"),
            _ => output::note(&format!("{skipped} devices take no commands, and were skipped")),
        }
    }
    if let Some(error) = error {
        return Err(format!("the connection ended: {error}").into());
    }
    Ok(if is_good { Verdict::Good } else { Verdict::Bad })
}

/// Returns the devices that a pattern fits. One that takes no commands is meant only if it is named.
fn targets(fleet: &Fleet, pattern: &Pattern) -> Vec<Target> {
    let meant = fleet.devices(pattern).filter(|(_, device)| device.takes_commands || pattern.is_name());
    let of = meant.map(|(node, device)| Target {
        name: format!("{}/{}", node.name, device.name),
        topic: device.topic.clone(),
        before: device.state(),
        told: device.told,
        refusals: device.refusals,
        outcome: if node.is_online != Some(true) {
            Outcomes::NotSent(format!("{} is offline", node.name))
        } else if device.is_online == Some(false) {
            Outcomes::NotSent(format!("{} could not open the device", node.name))
        } else if fleet.is_disputed(&device.topic) {
            Outcomes::NotSent(format!("several nodes claim the topic {}", device.topic))
        } else {
            Outcomes::Waiting
        },
    });
    of.collect()
}

impl Target {
    /// Looks whether the device has told a state since the command, which was sent at `start`.
    fn look(&mut self, fleet: &Fleet, order: &Order, start: u64) {
        if !matches!(self.outcome, Outcomes::Waiting | Outcomes::Other(_)) {
            return;
        }
        let Some(device) = fleet.device(&self.topic) else { return };
        if device.refusals > self.refusals {
            self.outcome = Outcomes::Refused(device.refusal.clone());
            return;
        }
        let Some(state) = device.state().filter(|_| device.told > self.told) else { return };
        self.outcome = match order.is_met(self.before.as_ref(), &state) {
            true => Outcomes::Done { state, after_ms: device.told_at.saturating_sub(start) },
            false => Outcomes::Other(state),
        };
    }
}

/// Returns a line for each device, and one for all if there are several.
fn lines(targets: &[Target], order: &Order, wait: Duration) -> String {
    let mut text = String::new();
    for Target { name, outcome, .. } in targets {
        let sent = &order.words;
        text += &match outcome {
            Outcomes::NotSent(reason) => format!("{name}: nothing sent: {reason}\n"),
            Outcomes::Waiting => {
                format!("{name}: sent {sent}; no answer within {}\n", value::show_time(wait))
            }
            Outcomes::Refused(reason) => format!("{name}: sent {sent}; refused: {reason}\n"),
            Outcomes::Other(state) => {
                format!("{name}: sent {sent}; but the state is {}\n", words(state))
            }
            Outcomes::Done { state, after_ms } => {
                format!("{name}: sent {sent}; the state is {}, after {after_ms} ms\n", words(state))
            }
        };
    }
    if targets.len() > 1 {
        let done = targets.iter().filter(|target| matches!(target.outcome, Outcomes::Done { .. })).count();
        text += &format!("{done} of {} devices have done it\n", targets.len());
    }
    text
}

fn report<'a>(targets: &'a [Target], order: &'a Order) -> Report<'a> {
    let devices = targets.iter().map(|Target { name, outcome, .. }| {
        let (outcome, after_ms, state, reason) = match outcome {
            Outcomes::NotSent(reason) => ("not sent", None, None, Some(&**reason)),
            Outcomes::Waiting => ("no answer", None, None, None),
            Outcomes::Refused(reason) => ("refused", None, None, Some(&**reason)),
            Outcomes::Other(state) => ("another state", None, Some(state), None),
            Outcomes::Done { state, after_ms } => ("done", Some(*after_ms), Some(state), None),
        };
        Reported { device: name, outcome, after_ms, state, reason }
    });
    Report { command: &order.words, devices: devices.collect() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn order(command: &str) -> Order {
        Order::new(command, None).unwrap()
    }

    #[test]
    fn commands_that_may_overtake_each_other_have_a_stamp() {
        for (command, payload) in [
            ("on", r#"{"at":5,"state":"ON"}"#),
            (" OFF ", r#"{"at":5,"state":"OFF"}"#),
            (r#"{"brightness":128}"#, r#"{"at":5,"brightness":128}"#),
            (r#"{"at":3,"state":"ON"}"#, r#"{"at":3,"state":"ON"}"#),
            ("45", "45"),
            ("STOP", "STOP"),
        ] {
            assert_eq!(order(command).payload(5), payload);
        }
        let order = Order::new("ON", Some(Duration::from_millis(500))).unwrap();
        assert_eq!(order.payload(5), r#"{"at":5,"for":0.5,"state":"ON"}"#);
        assert_eq!(order.words, "ON for 500 ms");
        for (command, part) in
            [("", "1 to 4000 bytes"), ("{\"a\"", "not JSON"), (&*"x".repeat(5000), "1 to 4000 bytes")]
        {
            assert!(Order::new(command, None).unwrap_err().contains(part), "{command}");
        }
    }

    #[test]
    fn a_state_answers_a_command_if_it_shows_all_that_the_command_asks_for() {
        let off = json!({ "state": "OFF", "brightness": 100, "color": { "r": 1 }, "is_open": true });
        for (command, expected) in [
            ("OFF", true),
            ("ON", false),
            ("TOGGLE", true),
            (r#"{"state":"off","for":2}"#, true),
            (r#"{"brightness":100}"#, true),
            (r#"{"brightness":100.4}"#, true),
            (r#"{"brightness":120}"#, false),
            (r#"{"brightness":"full"}"#, false),
            (r#"{"state":"OFF","transition":2,"flash":1,"at":3}"#, true),
            (r#"{"color":{"r":2}}"#, true),
            (r#"{"is_open":false}"#, false),
        ] {
            let (before, state) = (json!({ "state": "ON" }), off.as_object().unwrap());
            assert_eq!(order(command).is_met(before.as_object(), state), expected, "{command}");
        }
        assert!(!order("TOGGLE").is_met(off.as_object(), off.as_object().unwrap()));
    }

    #[test]
    fn a_state_that_does_not_show_the_command_is_no_success() {
        for (command, state, expected) in [
            (r#"{"effect":"rainbow"}"#, json!({ "state": "ON" }), false),
            ("rainbow", json!({ "state": "ON" }), false),
            ("45", json!({ "state": "ON", "angle": 30.0 }), false),
            ("45", json!({ "state": "ON", "angle": null }), false),
            ("45", json!({ "state": "ON", "angle": 45.0 }), true),
            ("45.2", json!({ "state": "ON", "brightness": 45 }), true),
            ("0", json!({ "state": "OFF", "brightness": 128 }), true),
            ("0", json!({ "state": "ON", "brightness": 128 }), false),
            ("21.5", json!({ "text": "21.5" }), true),
            ("Hello", json!({ "text": "Hello" }), true),
            ("Hello", json!({ "text": "Bye" }), false),
        ] {
            let is_met = order(command).is_met(None, state.as_object().unwrap());
            assert_eq!(is_met, expected, "{command} {state}");
        }
    }

    #[test]
    fn a_cover_that_is_on_is_open() {
        for (command, state, expected) in [
            ("ON", "open", true),
            ("ON", "closed", false),
            ("OFF", "closed", true),
            ("OFF", "open", false),
            ("OPEN", "open", true),
            ("CLOSE", "closed", true),
            ("CLOSE", "open", false),
            ("STOP", "stopped", true),
            ("STOP", "open", false),
            ("TOGGLE", "closed", true),
            ("TOGGLE", "open", false),
        ] {
            let (before, state) = (json!({ "state": "open" }), json!({ "state": state, "position": 40 }));
            let is_met = order(command).is_met(before.as_object(), state.as_object().unwrap());
            assert_eq!(is_met, expected, "{command} {state}");
        }
    }
}
