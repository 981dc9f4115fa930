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
    /// What comes behind the text, in order.
    items: Vec<Item>,
    names: BTreeSet<String>,
    /// The templates of the old topics, if those can be kept.
    pub(super) topics: Option<Topics>,
    /// What a person should know besides the file.
    remarks: Vec<Remark>,
}

/// The templates of the old topics.
#[derive(Debug)]
pub(super) struct Topics {
    /// What comes before the word: `{prefix}/{node}/`.
    pub(super) base: &'static str,
    /// The word of the template that all devices have, unless they have their own: `output`.
    pub(super) word: &'static str,
}

#[derive(Debug)]
enum Item {
    Comment(String),
    Part(Part),
}

impl Item {
    fn text(&self) -> String {
        match self {
            Item::Comment(comment) => format!("\n{}", commented(comment)),
            Item::Part(part) => {
                let comments: String = part.comments.iter().map(|comment| commented(comment)).collect();
                format!("\n{comments}{}", part.tables())
            }
        }
    }
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

    /// Writes a line as it is.
    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Writes lines if the circuit can have them. Else returns why not.
    pub(super) fn try_lines(&mut self, lines: &[String]) -> Result<(), String> {
        let lines = lines.join("\n");
        check(&format!("{}{lines}", self.text))?;
        self.line(&lines);
        Ok(())
    }

    /// Writes a key with its value, if the circuit can have them.
    pub(super) fn key(&mut self, line: usize, key: &str, value: impl Display) {
        let key = format!("{key} = {value}");
        if let Err(why) = self.try_lines(std::slice::from_ref(&key)) {
            self.remark(line, format!("{key}: left out: {why}"));
        }
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
        let is_renamed = part.name != name;
        match &self.topics {
            Some(Topics { base, word }) if is_renamed || topic != *word => {
                let level = if is_renamed { name } else { "{device}" };
                part.appears("topic", quoted(&format!("{base}{topic}/{level}")));
            }
            _ => {}
        }
        if is_renamed {
            let message = match self.topics {
                Some(_) => format!("{name:?} is called {:?} now. The topic stays.", part.name),
                None => format!("{name:?} is called {:?} now, in topics too.", part.name),
            };
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

    /// Adds a part behind all others.
    pub(super) fn add(&mut self, part: Part) {
        self.items.push(Item::Part(part));
    }

    /// Adds a comment behind all parts, and tells it to the person as well.
    pub(super) fn add_remark(&mut self, line: usize, message: impl Into<String>) {
        let message = message.into();
        self.remarks.push(Remark::at(line, message.clone()));
        self.items.push(Item::Comment(message));
    }

    /// Adds a comment in the place of a part that the circuit cannot have.
    pub(super) fn leave_out(&mut self, line: usize, what: &str, why: &str) {
        self.add_remark(line, format!("{what}: left out: {why}"));
    }

    /// Writes items. If the circuit cannot have all, searches by halves for those that it cannot have.
    fn write(&mut self, mut items: Vec<Item>) {
        let text: String = items.iter().map(Item::text).collect();
        if check(&format!("{}{text}", self.text)).is_ok() {
            self.text.push_str(&text);
        } else if items.len() > 1 {
            let behind = items.split_off(items.len() / 2);
            self.write(items);
            self.write(behind);
        } else if let Some(Item::Part(part)) = items.pop() {
            self.write_in_part(part);
        }
    }

    /// Writes a part. What the circuit cannot have becomes a comment: a key, or the whole part.
    fn write_in_part(&mut self, mut part: Part) {
        let appearance = std::mem::take(&mut part.appearance);
        if let Err(why) = check(&format!("{}{}", self.text, part.tables())) {
            self.differs(&mut part, format!("left out: {why}"));
            part.appearance = appearance;
            self.gap();
            part.comments.iter().for_each(|comment| self.text.push_str(&commented(comment)));
            part.tables().lines().for_each(|line| self.line(format!("# {line}").trim_end()));
            return;
        }
        for (key, value) in appearance {
            part.appears(key, &value);
            if let Err(why) = check(&format!("{}{}", self.text, part.tables())) {
                part.appearance.pop();
                self.differs(&mut part, format!("{key} = {value}: left out: {why}"));
            }
        }
        self.text.push_str(&Item::Part(part).text());
    }

    /// Returns the text, and the remarks in the order of the lines.
    pub(super) fn finish(mut self) -> (String, Vec<Remark>) {
        let items = std::mem::take(&mut self.items);
        self.write(items);
        let mut remarks = self.remarks;
        remarks.sort_by_key(|remark| remark.line);
        (self.text, remarks)
    }
}

/// Checks a circuit file.
fn check(text: &str) -> Result<(), String> {
    Circuit::parse(text).map(drop).map_err(|mistake| mistake.message().to_owned())
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
