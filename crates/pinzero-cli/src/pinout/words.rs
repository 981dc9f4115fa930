//! The words for the state of a line, and lines of words.

use pinzero::board::Pull;
use pinzero::{Bias, Level, LineFunction};

/// Returns the word for a function: "input", "output", "pwm", "alt0".
pub(crate) fn function(function: LineFunction) -> String {
    match function {
        LineFunction::Input => "input".to_owned(),
        LineFunction::Output => "output".to_owned(),
        LineFunction::Pwm => "pwm".to_owned(),
        LineFunction::Alternate(number) => format!("alt{number}"),
        _ => "other".to_owned(),
    }
}

/// Returns the word for a level: "high" or "low".
pub(super) fn level(level: Level) -> &'static str {
    match level {
        Level::High => "high",
        Level::Low => "low",
    }
}

/// Returns the word for the resistor that is set; `None` if that is unknown.
pub(super) fn bias(bias: Bias) -> Option<&'static str> {
    match bias {
        Bias::PullUp => Some("up"),
        Bias::PullDown => Some("down"),
        Bias::Disabled => Some("none"),
        _ => None,
    }
}

/// Returns the words for the pull of a line after power-on; `None` if that is unknown.
pub(super) fn pull(pull: Pull) -> Option<&'static str> {
    match pull {
        Pull::FixedUp => Some("fixed up"),
        Pull::DefaultUp => Some("up"),
        Pull::DefaultDown => Some("down"),
        _ => None,
    }
}

/// Returns the lines of a text that is broken between words, of this number of characters at most. A longer word has a line of its own.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.len() - 1;
        let length = lines[last].chars().count();
        if length > 0 && length + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            lines[last] += if length > 0 { " " } else { "" };
            lines[last] += word;
        }
    }
    lines
}
