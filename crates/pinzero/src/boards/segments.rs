//! The segments of a display: their options, and the segments that a text lights.

use pinzero_core::{Error, ErrorKind, Level, PinSpec, Result};

use super::CharFont;
use crate::{Builder, Open, Site};

/// The options of the segments of a display.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Segments {
    /// The pins of the segments, from `a` on.
    pub pins: Vec<PinSpec>,
    /// The pin of the decimal point. Default: `None`.
    pub dp: Option<PinSpec>,
    /// The level that lights a segment. Default: high.
    pub active: Level,
    /// The font. Default: that of this crate for 7 or 14 segments.
    pub font: Option<CharFont>,
    /// The first text. Default: blank.
    pub initial: String,
}

/// Options of displays.
impl<D: Open<O>, O: AsMut<Segments>> Builder<D, O> {
    /// Sets the pin of the decimal point. Default: none.
    pub fn dp(mut self, pin: impl Into<PinSpec>) -> Self {
        self.options.as_mut().dp = Some(pin.into());
        self
    }

    /// Sets the font. Default: [`CharFont::seven_segments`] or [`CharFont::fourteen_segments`] for displays with that number of
    /// segments. Others need a font of their own.
    pub fn font(mut self, font: CharFont) -> Self {
        self.options.as_mut().font = Some(font);
        self
    }

    /// Sets the text from the first instant. Default: blank.
    pub fn initial_value(mut self, text: impl Into<String>) -> Self {
        self.options.as_mut().initial = text.into();
        self
    }
}

/// The least and the most segments, without the decimal point.
const COUNTS: std::ops::RangeInclusive<usize> = 2..=26;

impl Segments {
    /// Returns the default options for these pins, from segment `a` on.
    pub fn new<P: Into<PinSpec>>(pins: impl IntoIterator<Item = P>) -> Self {
        let pins = pins.into_iter().map(Into::into).collect();
        Segments { pins, dp: None, active: Level::High, font: None, initial: String::new() }
    }

    /// Returns the font that was set, or that of this crate for the number of segments.
    pub(super) fn choose_font(&self) -> Result<CharFont> {
        let count = self.pins.len();
        let message = match &self.font {
            _ if !COUNTS.contains(&count) => {
                let (least, most) = (COUNTS.start(), COUNTS.end());
                format!("{count} segments: give {least} to {most} pins, and the decimal point by `dp`")
            }
            Some(font) => return check_font(font, count).map(|()| font.clone()),
            None if count == 7 => return Ok(CharFont::seven_segments()),
            None if count == 14 => return Ok(CharFont::fourteen_segments()),
            None => format!("no font is known for {count} segments: give one by `font`"),
        };
        Err(Error::new(ErrorKind::InvalidValue, message))
    }

    /// Returns the number of segments, the decimal point included.
    pub(super) fn count(&self) -> usize {
        self.pins.len() + usize::from(self.dp.is_some())
    }

    /// Fails if two pins of the segments and these digits are one.
    pub(super) fn check_distinct(&self, digits: &[PinSpec], site: &Site) -> Result<()> {
        let segments = ('a'..='z').map(String::from).zip(&self.pins);
        let dp = self.dp.iter().map(|pin| ("dp".to_owned(), pin));
        let digits = digits.iter().enumerate().map(|(index, pin)| (format!("digit {index}"), pin));
        let roles: Vec<_> = segments.chain(dp).chain(digits).collect();
        let roles: Vec<_> = roles.iter().map(|(role, pin)| (role.as_str(), *pin)).collect();
        site.check_distinct(&roles)
    }
}

/// Fails if a font is for another number of segments.
pub(super) fn check_font(font: &CharFont, count: usize) -> Result<()> {
    if font.segments() == count {
        return Ok(());
    }
    let message =
        format!("a font of {} segments on a display of {count}: give a font of {count}", font.segments());
    Err(Error::new(ErrorKind::InvalidValue, message))
}

/// Returns the segments that each character of a text lights: bit 0 for `a`, and the bit after the last segment for the point. With
/// `has_point`, a point belongs to the character before.
pub(super) fn patterns(font: &CharFont, has_point: bool, text: &str) -> Result<Vec<u64>> {
    let point = 1 << font.segments();
    let mut patterns: Vec<u64> = Vec::new();
    for character in text.chars() {
        match patterns.last_mut() {
            Some(last) if has_point && character == '.' && *last & point == 0 => *last |= point,
            _ => patterns.push(font.bits(character).ok_or_else(|| lacks(font, has_point, character))?),
        }
    }
    Ok(patterns)
}

fn lacks(font: &CharFont, has_point: bool, character: char) -> Error {
    let remedy = match character {
        '.' if has_point => "a point stands after its character, which may be a space".to_owned(),
        '.' => "for a decimal point, set `dp`".to_owned(),
        _ => format!("the font has {:?}", font.characters().collect::<String>()),
    };
    Error::new(ErrorKind::InvalidValue, format!("the font does not have {character:?}: {remedy}"))
}
