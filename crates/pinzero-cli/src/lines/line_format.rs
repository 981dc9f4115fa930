//! `--format` of `pinzero monitor`: a text with names in braces.

use std::str::FromStr;

use super::stamp::EdgeFacts;

const NAMES: [&str; 7] = ["at", "unix", "pin", "line", "edge", "level", "missed"];

/// A text with places to fill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineFormat(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// A fact, by its place in `NAMES`.
    Fact(usize),
}

impl FromStr for LineFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<LineFormat, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            pieces.push(Piece::Text(before.to_owned()));
            let (name, end) = after.split_once('}').ok_or("a \"{\" has no \"}\"")?;
            let known = NAMES.iter().position(|known| *known == name);
            let unknown = || format!("there is no {{{name}}}: use {{{}}}", NAMES.join("}, {"));
            pieces.push(Piece::Fact(known.ok_or_else(unknown)?));
            rest = end;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(LineFormat(pieces))
    }
}

impl LineFormat {
    pub(crate) fn fill(&self, facts: &EdgeFacts) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Fact(place) => match NAMES[*place] {
                "at" => format!("{:.9}", facts.at),
                "unix" => format!("{:.6}", facts.unix),
                "pin" => facts.pin.clone(),
                "line" => facts.line.to_string(),
                "edge" => facts.edge.to_owned(),
                "level" => facts.level.to_owned(),
                _ => facts.missed.to_string(),
            },
        };
        self.0.iter().map(piece).collect()
    }
}
