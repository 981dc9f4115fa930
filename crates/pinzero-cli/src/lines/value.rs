//! Parses the values of a command line: levels, times, frequencies, shares; and prints times.

use std::time::Duration;

use clap::ValueEnum;
use pinzero::{Bias, Level};

/// The longest time: a hundred days.
const LONGEST: f64 = 8.64e6;

/// A pull, as users write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Pull {
    /// A resistor to the supply
    Up,
    /// A resistor to ground
    Down,
    /// No resistor
    None,
}

impl From<Pull> for Bias {
    fn from(pull: Pull) -> Bias {
        match pull {
            Pull::Up => Bias::PullUp,
            Pull::Down => Bias::PullDown,
            Pull::None => Bias::Disabled,
        }
    }
}

/// The edges to report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Edges {
    /// From low to high
    Rising,
    /// From high to low
    Falling,
    /// Both
    Both,
}

impl Edges {
    /// Returns whether the edge to `level` is one of these.
    pub(crate) fn include(self, level: Level) -> bool {
        match self {
            Edges::Rising => level.is_high(),
            Edges::Falling => !level.is_high(),
            Edges::Both => true,
        }
    }
}

/// Returns the name of the edge to `level`.
pub(crate) fn edge_to(level: Level) -> &'static str {
    if level.is_high() { "rising" } else { "falling" }
}

/// Parses a logical value.
pub(crate) fn active(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "on" | "high" | "true" | "active" => Ok(true),
        "0" | "off" | "low" | "false" | "inactive" => Ok(false),
        _ => Err(format!("{text:?} is no level: use 1 or 0, on or off, high or low")),
    }
}

/// Parses a time above zero: `500ms`, `1.5s`, `250us`, `2m`.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no time: write 250us, 500ms, 1.5s or 2m");
    let (number, unit) = quantity(text).ok_or_else(wrong)?;
    let seconds = match unit {
        "ns" => number / 1e9,
        "us" | "µs" | "μs" => number / 1e6,
        "ms" => number / 1e3,
        "s" => number,
        "m" | "min" => number * 60.0,
        "h" => number * 3600.0,
        "" => return Err(format!("{text:?} has no unit: write {text}ms or {text}s")),
        _ => return Err(wrong()),
    };
    if seconds > LONGEST {
        return Err(format!("{text:?} is too long: give 100 days at most"));
    }
    let time = Duration::from_nanos((seconds * 1e9).round() as u64);
    if time.is_zero() { Err(format!("{text:?} is no time above zero")) } else { Ok(time) }
}

/// Parses how often something is done: a whole number above zero.
pub(crate) fn count(text: &str) -> Result<u32, String> {
    match text.trim().parse() {
        Ok(0) => Err("give 1 or more".to_owned()),
        Ok(count) => Ok(count),
        Err(_) => Err(format!("{text:?} is no count: give a whole number from 1 to {}", u32::MAX)),
    }
}

/// Parses a frequency in hertz: `50`, `50Hz`, `1kHz`, `1.5MHz`.
pub(crate) fn frequency(text: &str) -> Result<f64, String> {
    let wrong = || format!("{text:?} is no frequency: write 50Hz, 1kHz or 1.5MHz");
    let (number, unit) = quantity(text).ok_or_else(wrong)?;
    let hertz = match unit.to_ascii_lowercase().as_str() {
        "" | "hz" => number,
        "k" | "khz" => number * 1e3,
        "mhz" => number * 1e6,
        _ => return Err(wrong()),
    };
    if hertz > 0.0 { Ok(hertz) } else { Err(format!("{text:?} is no frequency above zero")) }
}

/// Parses a share from 0 to 1: `25%`, `0.25`.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    let wrong = || format!("{text:?} is no share: write 25% or 0.25");
    let (number, unit) = quantity(text).ok_or_else(wrong)?;
    let share = match unit {
        "" => number,
        "%" => number / 100.0,
        _ => return Err(wrong()),
    };
    if share <= 1.0 { Ok(share) } else { Err(format!("{text:?} is more than all: give 0% to 100%")) }
}

/// Splits a number that is not negative from its unit.
fn quantity(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    number.is_finite().then(|| (number, text[end..].trim()))
}

/// Returns a time as people write it, with four digits: `1.5 s`, `20.13 ms`.
pub(crate) fn show_time(time: Duration) -> String {
    let nanos = time.as_nanos() as f64;
    let (number, unit) = match nanos {
        ..1e3 => (nanos, "ns"),
        ..1e6 => (nanos / 1e3, "µs"),
        ..1e9 => (nanos / 1e6, "ms"),
        _ => (nanos / 1e9, "s"),
    };
    format!("{} {unit}", digits(number))
}

/// Returns a frequency as people write it.
pub(crate) fn show_frequency(hertz: f64) -> String {
    let (number, unit) = match hertz {
        ..1e3 => (hertz, "Hz"),
        ..1e6 => (hertz / 1e3, "kHz"),
        _ => (hertz / 1e6, "MHz"),
    };
    format!("{} {unit}", digits(number))
}

/// Returns a number with four digits, without zeros at the end.
fn digits(number: f64) -> String {
    let decimals = match number {
        ..10.0 => 3,
        ..100.0 => 2,
        ..1000.0 => 1,
        _ => 0,
    };
    let text = format!("{number:.decimals$}");
    if decimals == 0 { text } else { text.trim_end_matches('0').trim_end_matches('.').to_owned() }
}

#[cfg(test)]
mod tests {
    use pinzero::time::{ms, secs, us};

    use super::*;

    #[test]
    fn times_have_units() {
        for (text, expected) in [
            ("500ms", ms(500)),
            ("2s", secs(2)),
            ("1.5s", ms(1500)),
            ("250us", us(250)),
            ("250µs", us(250)),
            (" 3 s ", secs(3)),
            ("2m", secs(120)),
            ("1h", secs(3600)),
            ("10ns", Duration::from_nanos(10)),
        ] {
            assert_eq!(time(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn wrong_times_are_refused_with_the_remedy() {
        for (text, part) in [
            ("500", "has no unit: write 500ms or 500s"),
            ("", "is no time: write"),
            ("fast", "is no time: write"),
            ("-1s", "is no time: write"),
            ("1.2.3s", "is no time: write"),
            ("infs", "is no time: write"),
            ("NaNs", "is no time: write"),
            ("1e3s", "is no time: write"),
            ("5 days", "is no time: write"),
            ("0s", "above zero"),
            ("0.1ns", "above zero"),
            ("99999999s", "too long"),
            ("99999999999999999999999999999999h", "too long"),
        ] {
            let error = time(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn frequencies_and_shares_have_units_if_need_be() {
        assert_eq!(
            [frequency("50"), frequency("1kHz"), frequency("1.5 MHz")],
            [Ok(50.0), Ok(1000.0), Ok(1.5e6)]
        );
        assert_eq!(
            [share("25%"), share("0.25"), share("1"), share("0")],
            [Ok(0.25), Ok(0.25), Ok(1.0), Ok(0.0)]
        );
        for text in ["", "0Hz", "-5", "5 rpm", "x"] {
            assert!(frequency(text).is_err(), "{text}");
        }
        for text in ["", "25", "101%", "-1%", "1/4", "x"] {
            assert!(share(text).is_err(), "{text}");
        }
    }

    #[test]
    fn counts_are_whole_numbers_above_zero() {
        assert_eq!([count("1"), count(" 5 "), count("4294967295")], [Ok(1), Ok(5), Ok(u32::MAX)]);
        for text in ["0", "", "-1", "1.5", "many", "4294967296"] {
            assert!(count(text).unwrap_err().contains("give "), "{text}");
        }
    }

    #[test]
    fn levels_have_many_names() {
        for text in ["1", "on", "HIGH", "true"] {
            assert_eq!(active(text), Ok(true), "{text}");
        }
        for text in ["0", "off", "Low", "false"] {
            assert_eq!(active(text), Ok(false), "{text}");
        }
        assert!(active("2").is_err() && active("").is_err());
    }

    #[test]
    fn times_are_shown_with_four_digits() {
        for (shown, expected) in [
            (show_time(ms(1500)), "1.5 s"),
            (show_time(us(20_134)), "20.13 ms"),
            (show_time(us(5)), "5 µs"),
            (show_time(Duration::from_nanos(12)), "12 ns"),
            (show_time(secs(1200)), "1200 s"),
            (show_time(Duration::ZERO), "0 ns"),
            (show_frequency(100.0), "100 Hz"),
            (show_frequency(1500.0), "1.5 kHz"),
        ] {
            assert_eq!(shown, expected);
        }
    }
}
