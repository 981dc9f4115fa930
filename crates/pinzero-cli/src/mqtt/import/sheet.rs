//! [`Sheet`]: the circuit file that is written, with its comments.

use std::collections::BTreeSet;
use std::fmt::{Display, Write};

use pinzero_circuit::Circuit;

use super::yaml::Remark;

/// The length of a line of comments.
const WIDTH: usize = 100;

/// The circuit file as far as it has been written. It is valid at any time.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    text: String,
    names: BTreeSet<String>,
    /// What a person should know besides the file.
    remarks: Vec<Remark>,
}

/// A part of the circuit, before it is written.
#[derive(Debug)]
pub(super) struct Part {
    kind: &'static str,
    name: String,
    /// What the part was: `output "pump"`.
    origin: String,
    line: usize,
    keys: Vec<(&'static str, String)>,
    appearance: Vec<(&'static str, String)>,
    comments: Vec<String>,
}

impl Part {
    /// Adds a key that the part has in the circuit.
    pub(super) fn key(&mut self, key: &'static str, value: impl Display) {
        self.keys.push((key, value.to_string()));
    }

    /// Adds a key that the part has on the broker.
    pub(super) fn appears(&mut self, key: &'static str, value: impl Display) {
        self.appearance.push((key, value.to_string()));
    }

    /// Returns whether the part has this key on the broker.
    pub(super) fn has(&self, key: &str) -> bool {
        self.appearance.iter().any(|(other, _)| *other == key)
    }

    /// Adds a comment.
    pub(super) fn say(&mut self, comment: impl Into<String>) {
        self.comments.push(comment.into());
    }

    fn tables(&self) -> String {
        let name = match self.name.is_ascii() {
            true => self.name.clone(),
            false => quoted(&self.name),
        };
        let mut text = format!("[{}.{name}]\n", self.kind);
        for (key, value) in &self.keys {
            let _ = writeln!(text, "{key} = {value}");
        }
        if !self.appearance.is_empty() {
            let _ = writeln!(text, "\n[mqtt.device.{name}]");
            for (key, value) in &self.appearance {
                let _ = writeln!(text, "{key} = {value}");
            }
        }
        text
    }
}

impl Sheet {
    /// Writes a comment.
    pub(super) fn say(&mut self, comment: &str) {
        self.text.push_str(&commented(comment));
    }

    /// Writes an empty line.
    pub(super) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// Writes a key with its value, or the head of a table.
    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Writes a comment, and tells it to the person as well.
    pub(super) fn remark(&mut self, line: usize, message: impl Into<String>) {
        let message = message.into();
        self.say(&message);
        self.remarks.push(Remark::at(line, message));
    }

    /// Begins a part. Its name is changed if the circuit does not allow the old one.
    pub(super) fn part(&mut self, kind: &'static str, topic: &str, name: &str, line: usize) -> Part {
        let is_fit = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
        let mut fit: String = name.chars().map(|letter| if is_fit(letter) { letter } else { '_' }).collect();
        if fit.is_empty() {
            fit = topic.to_owned();
        }
        let stem = fit.clone();
        for number in 2.. {
            if self.names.insert(fit.clone()) {
                break;
            }
            fit = format!("{stem}_{number}");
        }
        let mut part = Part {
            kind,
            name: fit,
            origin: format!("{topic} {name:?}"),
            line,
            keys: Vec::new(),
            appearance: Vec::new(),
            comments: Vec::new(),
        };
        if part.name != name {
            let message = format!("{name:?} is called {:?} now, in topics too.", part.name);
            self.differs(&mut part, message);
        }
        part
    }

    /// Adds a comment to a part, and tells it to the person as well.
    pub(super) fn differs(&mut self, part: &mut Part, message: impl Into<String>) {
        let message = message.into();
        self.remarks.push(Remark::at(part.line, format!("{}: {message}", part.origin)));
        part.say(message);
    }

    /// Writes a part. A part that the circuit cannot have becomes a comment.
    pub(super) fn add(&mut self, mut part: Part) {
        let tables = part.tables();
        let with_it = format!("{}\n{tables}", self.text);
        self.gap();
        match Circuit::parse(&with_it) {
            Ok(_) => {
                for comment in &part.comments {
                    self.text.push_str(&commented(comment));
                }
                self.text.push_str(&tables);
            }
            Err(mistake) => {
                self.differs(&mut part, format!("left out: {}", mistake.message()));
                for comment in &part.comments {
                    self.text.push_str(&commented(comment));
                }
                for line in tables.lines() {
                    let _ = writeln!(self.text, "{}", format!("# {line}").trim_end());
                }
            }
        }
    }

    /// Writes a comment in the place of a part that the circuit cannot have.
    pub(super) fn leave_out(&mut self, line: usize, what: &str, why: &str) {
        self.gap();
        self.remark(line, format!("{what}: left out: {why}"));
    }

    /// Returns the text, and the remarks in the order of the lines.
    pub(super) fn finish(self) -> (String, Vec<Remark>) {
        let mut remarks = self.remarks;
        remarks.sort_by_key(|remark| remark.line);
        (self.text, remarks)
    }

    /// Returns the text so far.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// Returns a text as lines of comments.
fn commented(text: &str) -> String {
    let mut lines = String::new();
    let mut length = 0;
    for word in text.split(|letter: char| letter.is_whitespace() || letter.is_control()) {
        let width = word.chars().count();
        if length == 0 || length + 1 + width > WIDTH {
            lines.push_str(if length == 0 { "#" } else { "\n#" });
            length = 1;
        }
        lines.push(' ');
        lines.push_str(word);
        length += 1 + width;
    }
    lines.push('\n');
    lines
}

/// Returns a text as a string of TOML.
pub(super) fn quoted(text: &str) -> String {
    let mut string = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => string.extend(['\\', letter]),
            letter if letter.is_control() => {
                let _ = write!(string, "\\u{:04X}", u32::from(letter));
            }
            letter => string.push(letter),
        }
    }
    string.push('"');
    string
}
