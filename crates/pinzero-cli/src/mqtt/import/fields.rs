//! [`Fields`]: the keys of a map, each to be taken once.

use std::ops::RangeInclusive;

use super::yaml::{Key, Node, Remark, Value};

/// The keys of a map, each to be taken once.
#[derive(Debug, Clone)]
pub(super) struct Fields {
    /// What the map describes, for messages: `digital_inputs`.
    what: String,
    pub(super) line: usize,
    pairs: Vec<(Key, Node)>,
}

impl Fields {
    /// # Errors
    /// A node that is no map.
    pub(super) fn new(node: Node, what: &str) -> Result<Self, Remark> {
        match node.value {
            Value::Map(pairs) => Ok(Fields { what: what.to_owned(), line: node.line, pairs }),
            _ => Err(Remark::at(node.line, format!("{what} is no map: write it as \"key: value\""))),
        }
    }

    /// Takes a value out of the map. `None` if the key is not there, or has no value.
    fn take(&mut self, key: &str) -> Option<Node> {
        let place = self.pairs.iter().position(|(other, _)| other.text == key)?;
        Some(self.pairs.remove(place).1).filter(|node| !node.is_null())
    }

    /// Returns whether the map has one of these keys.
    pub(super) fn has(&self, keys: &[&str]) -> bool {
        self.pairs.iter().any(|(key, _)| keys.contains(&&*key.text))
    }

    /// Drops keys that need no word.
    pub(super) fn forget(&mut self, keys: &[&str]) {
        self.pairs.retain(|(key, _)| !keys.contains(&&*key.text));
    }

    /// Takes a text, or a number as text.
    ///
    /// # Errors
    /// A list or a map.
    pub(super) fn text(&mut self, key: &str) -> Result<Option<String>, Remark> {
        match self.take(key) {
            None => Ok(None),
            Some(Node { value: Value::Text { text, .. }, .. }) => Ok(Some(text)),
            Some(node) => Err(self.mistake(node.line, key, "a text")),
        }
    }

    /// Takes a text that must be there.
    ///
    /// # Errors
    /// No such key, a list or a map.
    pub(super) fn needed(&mut self, key: &str) -> Result<String, Remark> {
        let text = self.text(key)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| Remark::at(self.line, format!("{} has no {key:?}", self.what)))
    }

    /// Takes a whole number.
    ///
    /// # Errors
    /// Something else, or a number out of range.
    pub(super) fn whole(&mut self, key: &str, range: RangeInclusive<u64>) -> Result<Option<u64>, Remark> {
        let Some(node) = self.take(key) else { return Ok(None) };
        let number = if let Value::Text { text, .. } = &node.value { whole(text) } else { None };
        match number.filter(|number| range.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => {
                let wanted = format!("a whole number from {} to {}", range.start(), range.end());
                Err(self.mistake(node.line, key, &wanted))
            }
        }
    }

    /// Takes a number above 0.
    ///
    /// # Errors
    /// Something else.
    pub(super) fn number(&mut self, key: &str) -> Result<Option<f64>, Remark> {
        let Some(node) = self.take(key) else { return Ok(None) };
        let number = if let Value::Text { text, .. } = &node.value { text.parse::<f64>().ok() } else { None };
        match number.filter(|number| number.is_finite() && *number > 0.0) {
            Some(number) => Ok(Some(number)),
            None => Err(self.mistake(node.line, key, "a number above 0")),
        }
    }

    /// Takes a boolean, by the words of YAML 1.1.
    ///
    /// # Errors
    /// Something else.
    pub(super) fn flag(&mut self, key: &str) -> Result<Option<bool>, Remark> {
        let Some(node) = self.take(key) else { return Ok(None) };
        if let Value::Text { text, is_quoted: false } = &node.value {
            match &*text.to_ascii_lowercase() {
                "yes" | "true" | "on" => return Ok(Some(true)),
                "no" | "false" | "off" => return Ok(Some(false)),
                _ => {}
            }
        }
        Err(self.mistake(node.line, key, "yes or no, without quotes"))
    }

    /// Takes a map.
    ///
    /// # Errors
    /// Something else.
    pub(super) fn fields(&mut self, key: &str) -> Result<Option<Fields>, Remark> {
        self.take(key).map(|node| Fields::new(node, key)).transpose()
    }

    /// Takes a list of maps; nothing is an empty one.
    ///
    /// # Errors
    /// Something else.
    pub(super) fn list(&mut self, key: &str) -> Result<Vec<Fields>, Remark> {
        match self.take(key) {
            None => Ok(Vec::new()),
            Some(Node { value: Value::List(nodes), .. }) => {
                let what = format!("an entry of {key}");
                nodes.into_iter().map(|node| Fields::new(node, &what)).collect()
            }
            Some(node) => Err(self.mistake(node.line, key, "a list")),
        }
    }

    /// Returns the keys that are left, each with its line.
    pub(super) fn rest(self) -> impl Iterator<Item = Key> {
        self.pairs.into_iter().map(|(key, _)| key)
    }

    fn mistake(&self, line: usize, key: &str, wanted: &str) -> Remark {
        Remark::at(line, format!("{key:?} of {} must be {wanted}", self.what))
    }
}

/// Reads a whole number as YAML 1.1 does: `17`, `0x11`, and `021` to the base of 8.
pub(super) fn whole(text: &str) -> Option<u64> {
    if let Some(digits) = text.strip_prefix("0x") {
        return u64::from_str_radix(digits, 16).ok();
    }
    match text.strip_prefix('0').filter(|digits| !digits.is_empty()) {
        Some(digits) => u64::from_str_radix(digits, 8).ok(),
        None => text.parse().ok(),
    }
}
