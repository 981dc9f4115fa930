//! Parses worlds: one rule per line.

use std::fmt;
use std::time::Duration;

use pinzero_core::Level;

/// One rule of a world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rule {
    /// `wire 22 27`
    Wire(u32, u32),
    /// `mcp3008 11 10 9 8 0=512 7=1023`: clock, mosi, miso, chip select, and the channels that are not at 0
    Converter { pins: [u32; 4], values: Vec<(usize, u16)> },
    /// `at 2s 4 low, after 100ms 4 free`
    At(Duration, Vec<Step>),
    /// `every 50ms 24 high, after 25ms 24 low`
    Every(Duration, Vec<Step>),
    /// `when 22 falls, after 500us 27 high, after 3ms 27 low`
    When(u32, Level, Vec<Step>),
}

/// One step of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    /// The time since the previous step.
    pub(crate) after: Duration,
    pub(crate) gpio: u32,
    /// `None` releases the pin.
    pub(crate) drive: Option<Level>,
}

/// A mistake in a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    line: usize,
    message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for Mistake {}

/// Parses a line; returns `None` for an empty one. `#` starts a comment.
pub(crate) fn line(number: usize, text: &str) -> Result<Option<Rule>, Mistake> {
    let text = text.split('#').next().unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().collect();
    let Some((verb, rest)) = words.split_first() else { return Ok(None) };
    let rule = match *verb {
        "wire" => wire(rest),
        "mcp3008" => converter(rest),
        "at" => timed(rest).map(|(time, steps)| Rule::At(time, steps)),
        "every" => every(rest),
        "when" => when(rest),
        other => Err(format!("unknown rule {other:?}: use at, every, when, wire or mcp3008")),
    };
    rule.map(Some).map_err(|message| Mistake { line: number, message })
}

fn wire(words: &[&str]) -> Result<Rule, String> {
    match words {
        [one, other] if one != other => Ok(Rule::Wire(gpio(one)?, gpio(other)?)),
        _ => Err("a wire connects two different pins: wire 22 27".to_owned()),
    }
}

fn converter(words: &[&str]) -> Result<Rule, String> {
    let [clock, mosi, miso, select, values @ ..] = words else {
        return Err("an ADC needs four pins: mcp3008 11 10 9 8 0=512".to_owned());
    };
    let pins = [gpio(clock)?, gpio(mosi)?, gpio(miso)?, gpio(select)?];
    let value = |word: &&str| {
        let parts = word.split_once('=').and_then(|(channel, value)| {
            Some((channel.parse().ok()?, value.parse().ok()?))
                .filter(|(channel, value)| *channel < 8 && *value < 1024)
        });
        parts.ok_or_else(|| format!("bad channel value {word:?}: use 0=0 to 7=1023"))
    };
    Ok(Rule::Converter { pins, values: values.iter().map(value).collect::<Result<_, _>>()? })
}

fn every(words: &[&str]) -> Result<Rule, String> {
    let (period, steps) = timed(words)?;
    if period < super::length(&steps) || period.is_zero() {
        return Err(format!("the steps take longer than their period of {period:?}"));
    }
    Ok(Rule::Every(period, steps))
}

fn timed(words: &[&str]) -> Result<(Duration, Vec<Step>), String> {
    let Some((first, rest)) = words.split_first() else {
        return Err("a time is missing: for example 100ms".to_owned());
    };
    Ok((time(first.trim_end_matches(','))?, steps(rest)?))
}

fn when(words: &[&str]) -> Result<Rule, String> {
    let [pin, edge, rest @ ..] = words else {
        return Err("a pin and its edge are missing: when 22 falls, 27 high".to_owned());
    };
    let level = match edge.trim_end_matches(',') {
        "rises" => Level::High,
        "falls" => Level::Low,
        other => return Err(format!("unknown edge {other:?}: use rises or falls")),
    };
    Ok(Rule::When(gpio(pin)?, level, steps(rest)?))
}

/// Parses steps: `27 high`, `after 3ms 27 low`, separated by commas.
fn steps(words: &[&str]) -> Result<Vec<Step>, String> {
    let text = words.join(" ");
    if text.is_empty() {
        return Err("the steps are missing: 4 low, after 100ms 4 free".to_owned());
    }
    text.split(',').map(step).collect()
}

fn step(text: &str) -> Result<Step, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (after, pin, what) = match words[..] {
        [pin, what] => (Duration::ZERO, pin, what),
        ["after", after, pin, what] => (time(after)?, pin, what),
        _ => return Err(format!("bad step {:?}: use \"4 low\" or \"after 100ms 4 low\"", text.trim())),
    };
    let drive = match what {
        "high" => Some(Level::High),
        "low" => Some(Level::Low),
        "free" => None,
        other => return Err(format!("unknown state {other:?}: use high, low or free")),
    };
    Ok(Step { after, gpio: gpio(pin)?, drive })
}

fn gpio(word: &str) -> Result<u32, String> {
    word.parse().map_err(|_| format!("bad GPIO number {word:?}"))
}

fn time(word: &str) -> Result<Duration, String> {
    let digits = word.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let nanos = match &word[digits.len()..] {
        "us" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        _ => f64::NAN,
    };
    let nanos = digits.parse::<f64>().map_or(f64::NAN, |number| number * nanos);
    match nanos {
        0.0..=1e15 => Ok(Duration::from_nanos(nanos.round() as u64)),
        _ => Err(format!("bad time {word:?}: use 500us, 20ms or 1.5s")),
    }
}

#[cfg(test)]
mod tests {
    use pinzero_core::time::{ms, us};

    use super::*;

    fn step(after: Duration, gpio: u32, drive: Option<Level>) -> Step {
        Step { after, gpio, drive }
    }

    #[test]
    fn rules_are_understood() {
        let (high, low) = (Some(Level::High), Some(Level::Low));
        for (text, expected) in [
            ("", None),
            ("  # nothing", None),
            ("wire 22 27 # a wire", Some(Rule::Wire(22, 27))),
            (
                "mcp3008 11 10 9 8 0=512 7=1023",
                Some(Rule::Converter { pins: [11, 10, 9, 8], values: vec![(0, 512), (7, 1023)] }),
            ),
            (
                "at 1.5s 4 low, after 100ms 4 free",
                Some(Rule::At(ms(1500), vec![step(ms(0), 4, low), step(ms(100), 4, None)])),
            ),
            (
                "every 50ms 24 high, after 25ms 24 low",
                Some(Rule::Every(ms(50), vec![step(ms(0), 24, high), step(ms(25), 24, low)])),
            ),
            (
                "when 22 falls, after 500us 27 high, after 3ms 27 low",
                Some(Rule::When(22, Level::Low, vec![step(us(500), 27, high), step(ms(3), 27, low)])),
            ),
            ("when 22 rises 27 high", Some(Rule::When(22, Level::High, vec![step(ms(0), 27, high)]))),
        ] {
            assert_eq!(line(1, text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (text, part) in [
            ("jump 3", "unknown rule \"jump\""),
            ("wire 22", "a wire connects two"),
            ("wire 22 22", "different pins"),
            ("wire 22 x", "bad GPIO number \"x\""),
            ("mcp3008 11 10 9", "four pins"),
            ("mcp3008 11 10 9 8 8=1", "bad channel value \"8=1\""),
            ("mcp3008 11 10 9 8 1=1024", "bad channel value \"1=1024\""),
            ("at", "a time is missing"),
            ("at 5 4 low", "bad time \"5\""),
            ("at -1s 4 low", "bad time \"-1s\""),
            ("at 1s", "the steps are missing"),
            ("at 1s 4", "bad step \"4\""),
            ("at 1s 4 low,", "bad step \"\""),
            ("at 1s 4 up", "unknown state \"up\""),
            ("every 10ms 4 low, after 11ms 4 high", "take longer"),
            ("every 0s 4 low", "take longer"),
            ("when 22", "are missing"),
            ("when 22 jumps, 4 low", "unknown edge \"jumps\""),
        ] {
            let mistake = line(7, text).unwrap_err().to_string();
            assert!(mistake.starts_with("line 7: ") && mistake.contains(part), "{text}: {mistake}");
        }
    }
}
