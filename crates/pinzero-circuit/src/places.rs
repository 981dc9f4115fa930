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
            for (key, _) in part {
                let word: &str = key.get_ref();
                if !keys.contains(&word) {
                    let message = format!("a {kind} has no key {word:?}: {}", kinds::advise(word, keys));
                    return Err(self.mistake(key.span(), message));
                }
            }
        }
        Ok(())
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

    /// Returns a mistake at a value of the top of the file.
    pub(crate) fn at_top(&self, key: &str, message: impl Into<String>) -> Mistake {
        self.mistake(find(&self.tree, key).map_or(0..0, |(_, value)| value.span()), message)
    }

    /// Returns a mistake at the value of a key of a part; at the part's name, if the value is a default.
    pub(crate) fn at_value(&self, kind: &str, part: &str, key: &str, message: impl Into<String>) -> Mistake {
        let parts = find(&self.tree, kind).and_then(|(_, parts)| parts.get_ref().as_table());
        let place = parts.and_then(|parts| find(parts, part)).map(|(name, value)| {
            let value = value.get_ref().as_table().and_then(|part| find(part, key));
            value.map_or_else(|| name.span(), |(_, value)| value.span())
        });
        self.mistake(place.unwrap_or(0..0), message)
    }
}

type Entry<'a, 't> = (&'a Spanned<toml::de::DeString<'t>>, &'a Spanned<DeValue<'t>>);

fn find<'a, 't>(table: &'a DeTable<'t>, key: &str) -> Option<Entry<'a, 't>> {
    table.iter().find(|(name, _)| name.get_ref() == key)
}
