//! Finds the news of a frame for a page, which knows the frame before.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::sim::state::{Frame, LineLook, Look};

/// The part of a frame that a page does not know yet.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Update<'a> {
    at: f64,
    /// The changed parts, by their places in the scene.
    parts: BTreeMap<usize, &'a Look>,
    /// The changed lines.
    lines: Vec<&'a LineLook>,
    programs: usize,
    #[serde(skip)]
    is_empty: bool,
}

impl<'a> Update<'a> {
    /// Compares a frame with the one that the page got last.
    pub(super) fn between(old: Option<&Frame>, new: &'a Frame) -> Self {
        let known = |place: usize, look| old.is_some_and(|old| old.parts.get(place) == Some(look));
        let same = |line| old.is_some_and(|old| old.lines.contains(line));
        let parts: BTreeMap<_, _> =
            new.parts.iter().enumerate().filter(|(place, look)| !known(*place, look)).collect();
        let lines: Vec<_> = new.lines.iter().filter(|line| !same(line)).collect();
        let is_empty =
            parts.is_empty() && lines.is_empty() && old.is_some_and(|old| old.programs == new.programs);
        Self { at: new.at, parts, lines, programs: new.programs, is_empty }
    }

    /// Returns whether there is nothing to tell.
    pub(super) fn is_empty(&self) -> bool {
        self.is_empty
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_told_only_what_changed() {
        let line = |line, high| LineLook { line, function: "output", high, duty: None };
        let light = |brightness| Look::Light { brightness };
        let old = Frame {
            at: 1.0,
            parts: vec![light(0.0), light(1.0)],
            lines: vec![line(2, false), line(3, true)],
            programs: 0,
        };
        let new = Frame {
            at: 2.0,
            parts: vec![light(0.0), light(0.5)],
            lines: vec![line(2, true), line(3, true)],
            programs: 0,
        };
        let json = |update: Update<'_>| serde_json::to_value(update).unwrap_or_default();
        assert_eq!(
            json(Update::between(Some(&old), &new)),
            serde_json::json!({
                "at": 2.0,
                "parts": {"1": {"look": "light", "brightness": 0.5}},
                "lines": [{"line": 2, "function": "output", "high": true, "duty": null}],
                "programs": 0,
            })
        );
        assert_eq!(json(Update::between(None, &new))["parts"].as_object().map(serde_json::Map::len), Some(2));
        let later = Frame { at: 3.0, ..new.clone() };
        assert!(Update::between(Some(&new), &later).is_empty());
        let joined = Frame { programs: 1, ..new.clone() };
        assert!(!Update::between(Some(&new), &joined).is_empty());
    }
}
