//! [`Pattern`]: which devices a command is for, such as `*/lamp*`.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use super::model::Fleet;

/// A pattern for the names of nodes and devices. `*` stands for any letters, also for none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    node: String,
    device: String,
}

impl Pattern {
    /// Returns the pattern of all devices.
    pub(super) fn all() -> Self {
        Pattern { node: "*".to_owned(), device: "*".to_owned() }
    }

    /// Returns whether the pattern is the name of one device.
    pub(super) fn is_name(&self) -> bool {
        !self.node.contains('*') && !self.device.contains('*')
    }

    pub(super) fn fits(&self, node: &str, device: &str) -> bool {
        fits(&self.node, node) && fits(&self.device, device)
    }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            Some((node, device)) if !node.is_empty() && !device.is_empty() => {
                Ok(Pattern { node: node.to_owned(), device: device.to_owned() })
            }
            _ => {
                let name = text.trim_matches('/');
                let name = if name.is_empty() || name.contains('/') { "lamp" } else { name };
                Err(format!(
                    "write NODE/DEVICE: '*/{name}' is the device {name} of each node, '{name}/*' is all of the node {name}"
                ))
            }
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.node, self.device)
    }
}

/// Returns the error of a pattern that fits no device.
pub(super) fn no_match(fleet: &Fleet, pattern: &Pattern) -> Box<dyn Error> {
    let all = Pattern::all();
    let names: Vec<String> =
        fleet.devices(&all).map(|(node, device)| format!("{}/{}", node.name, device.name)).collect();
    let text = pattern.to_string();
    let near = near(&text, names.iter().map(String::as_str));
    let advice = match near.is_empty() {
        true => "no node on this broker has devices".to_owned(),
        false => format!("near names are {}; `pinzero fleet devices` lists all", near.join(", ")),
    };
    format!("no device is called {text:?}: {advice}").into()
}

/// Returns whether a pattern fits a text as a whole.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    // `split` returns one part at least.
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    // The first place for each part leaves the most for the others.
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Returns the names that have the most pairs of letters in common with a pattern, the likeliest first; without any, the first ones.
fn near<'a>(pattern: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    const MOST: usize = 5;
    let pairs = |text: &str| -> Vec<(char, char)> {
        let text: Vec<char> = text.to_lowercase().chars().filter(|letter| *letter != '*').collect();
        text.windows(2).map(|pair| (pair[0], pair[1])).collect()
    };
    let wanted = pairs(pattern);
    let mut ranked: Vec<(usize, &str)> = names
        .map(|name| {
            let had = pairs(name);
            (wanted.iter().filter(|pair| had.contains(pair)).count(), name)
        })
        .collect();
    ranked.sort_by_key(|(count, name)| (usize::MAX - count, *name));
    let best = ranked.first().map_or(0, |(count, _)| *count);
    ranked.into_iter().filter(|(count, _)| *count * 2 >= best).map(|(_, name)| name).take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_letters() {
        for (pattern, text, expected) in [
            ("lamp", "lamp", true),
            ("lamp", "lamps", false),
            ("*", "", true),
            ("*", "lamp", true),
            ("lamp*", "lamp", true),
            ("lamp*", "lamp2", true),
            ("*lamp", "red lamp", true),
            ("*lamp", "lamp2", false),
            ("l*p", "lamp", true),
            ("l*p", "lp", true),
            ("lp*p", "lp", false),
            ("*a*a*", "lama", true),
            ("*a*a*", "lamp", false),
            ("a*ab", "ab", false),
            ("a*b*b", "abb", true),
            ("**", "x", true),
            ("灯*", "灯1", true),
            ("", "x", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_names_node_and_device() {
        let pattern: Pattern = "*/lamp*".parse().unwrap();
        assert!(pattern.fits("attic", "lamp2") && !pattern.fits("attic", "pump"));
        for text in ["", "attic", "/", "attic/", "/lamp"] {
            assert!(text.parse::<Pattern>().unwrap_err().contains("NODE/DEVICE"), "{text}");
        }
    }

    #[test]
    fn near_names_come_first() {
        let names = ["attic/pump", "attic/lamp", "cellar/lamp", "cellar/pump"];
        assert_eq!(near("atic/lamp", names.into_iter())[0], "attic/lamp");
        assert_eq!(near("*/qx", names.into_iter()).len(), 4);
        assert!(near("*/x", std::iter::empty()).is_empty());
    }
}
