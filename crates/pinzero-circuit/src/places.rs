//! Where things are in the text, and whether their words are known.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::kinds;
use crate::mistake::Mistake;

/// The text of a file, as a tree of its values with their places.
#[derive(Debug)]
pub(crate) struct Places<'t> {
    text: &'t str,
    tree: DeTable<'t>,
}

impl<'t> Places<'t> {
    /// Reads the text, and checks that all its tables and keys are known.
    pub(crate) fn read(text: &'t str) -> Result<Self, Mistake> {
        let tree = DeTable::parse(text).map_err(|error| Mistake::of_toml(text, &error))?.into_inner();
        let places = Places { text, tree };
        for (name, value) in &places.tree {
            let word: &str = name.get_ref();
            if let Some(keys) = kinds::keys(word) {
                places.check_kind(word, value, keys)?;
            } else if word == "mqtt" {
                places.check_mqtt(value)?;
            } else if !kinds::TOP.contains(&word) {
                let known: Vec<_> =
                    kinds::TOP.into_iter().chain(kinds::KINDS.map(|(kind, _)| kind)).collect();
                let message =
                    format!("there is no kind of part and no key {word:?}: {}", kinds::advise(word, &known));
                return Err(places.mistake(name.span(), message));
            }
        }
        Ok(places)
    }

    fn check_kind(&self, kind: &str, value: &Spanned<DeValue<'_>>, keys: &[&str]) -> Result<(), Mistake> {
        let no_name = |span| {
            self.mistake(span, format!("a {kind} needs a name of its own: begin the part with [{kind}.NAME]"))
        };
        let parts = value.get_ref().as_table().ok_or_else(|| no_name(value.span()))?;
        for (name, part) in parts {
            let Some(part) = part.get_ref().as_table() else { return Err(no_name(name.span())) };
            self.check_keys(&format!("a {kind}"), part, keys)?;
        }
        Ok(())
    }

    fn check_mqtt(&self, value: &Spanned<DeValue<'_>>) -> Result<(), Mistake> {
        let no_table = |span| self.mistake(span, "begin the table with [mqtt]");
        let no_name =
            |span| self.mistake(span, "a device is a part: begin its table with [mqtt.device.NAME]");
        let mqtt = value.get_ref().as_table().ok_or_else(|| no_table(value.span()))?;
        self.check_keys("[mqtt]", mqtt, &kinds::MQTT)?;
        let Some((_, devices)) = find(mqtt, "device") else { return Ok(()) };
        let keys = kinds::DEVICE.map(|(key, _)| key);
        for (name, device) in devices.get_ref().as_table().ok_or_else(|| no_name(devices.span()))? {
            let device = device.get_ref().as_table().ok_or_else(|| no_name(name.span()))?;
            self.check_keys("a device", device, &keys)?;
        }
        Ok(())
    }

    fn check_keys(&self, what: &str, table: &DeTable<'_>, keys: &[&str]) -> Result<(), Mistake> {
        match table.iter().find(|(key, _)| !keys.contains(&&**key.get_ref())) {
            None => Ok(()),
            Some((key, _)) => {
                let word: &str = key.get_ref();
                let message = format!("{what} has no key {word:?}: {}", kinds::advise(word, keys));
                Err(self.mistake(key.span(), message))
            }
        }
    }

    /// Returns a mistake in the values of parts, which names the part if one of its keys is missing.
    pub(crate) fn of_toml(&self, error: &toml::de::Error) -> Mistake {
        let mistake = Mistake::of_toml(self.text, error);
        let kinds = self.tree.iter().filter_map(|(kind, parts)| Some((kind, parts.get_ref().as_table()?)));
        let mut parts =
            kinds.flat_map(|(kind, parts)| parts.iter().map(move |(name, part)| (kind, name, part)));
        match parts.find(|(.., part)| Some(part.span()) == error.span()) {
            Some((kind, name, part)) => {
                let message = format!("{} in [{}.{}]", mistake.message(), kind.get_ref(), name.get_ref());
                self.mistake(part.span(), message)
            }
            None => mistake,
        }
    }

    /// Returns a mistake at these bytes.
    pub(crate) fn mistake(&self, span: Range<usize>, message: impl Into<String>) -> Mistake {
        Mistake::at(self.text, span, message)
    }

    /// Returns a mistake at the value of a key, which is the last one of its path: `["led", "light", "pin"]`. If the value is a
    /// default, the mistake is at the name of the table.
    pub(crate) fn at(&self, path: &[&str], message: impl Into<String>) -> Mistake {
        let place = match (self.entry(path), path) {
            (Some((_, value)), _) => Some(value.span()),
            (None, [table @ .., _]) => self.key(table),
            (None, []) => None,
        };
        self.mistake(place.unwrap_or(0..0), message)
    }

    /// Returns where a key is, which is the last one of its path; `None` if the file has no such key.
    pub(crate) fn key(&self, path: &[&str]) -> Option<Range<usize>> {
        self.entry(path).map(|(name, _)| name.span())
    }

    fn entry(&self, path: &[&str]) -> Option<Entry<'_, 't>> {
        let (last, tables) = path.split_last()?;
        let mut table = &self.tree;
        for name in tables {
            table = find(table, name)?.1.get_ref().as_table()?;
        }
        find(table, last)
    }
}

type Entry<'a, 't> = (&'a Spanned<toml::de::DeString<'t>>, &'a Spanned<DeValue<'t>>);

fn find<'a, 't>(table: &'a DeTable<'t>, key: &str) -> Option<Entry<'a, 't>> {
    table.iter().find(|(name, _)| name.get_ref() == key)
}
