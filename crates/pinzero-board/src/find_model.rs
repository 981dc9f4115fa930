//! Finds a model by its name, however the user spells it.

use std::error::Error;
use std::fmt;

use crate::board::Board;
use crate::model::{MODELS, Model};

/// The error for a text that names no model, or several.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownModel {
    /// The given text.
    pub name: String,
    /// The names of the models that the user may mean, without "Raspberry Pi".
    pub near: Vec<&'static str>,
    /// `true` if the text is the start of several names.
    pub is_ambiguous: bool,
}

impl fmt::Display for UnknownModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let UnknownModel { name, near, is_ambiguous } = self;
        let list = list(near);
        match is_ambiguous {
            true => write!(f, "{name:?} may be several models: use {list}"),
            false => write!(f, "{name:?} is neither a model nor a revision code: use {list}"),
        }
    }
}

impl Error for UnknownModel {}

impl Board {
    /// Returns the Raspberry Pi with this name or revision code.
    ///
    /// Upper and lower case, spaces, and the words "Raspberry Pi" and "Model" do not matter: `"Pi Zero 2 W"`, `"zero2w"`, `"4b"`,
    /// `"cm5 lite"`, and the names that Linux shows, such as `"Raspberry Pi 3 Model B Plus Rev 1.3"`. The start of a name is
    /// enough if no other model has that start: `"pi 5"`. A revision code is hexadecimal: `"a02082"`, `"0xa02082"`, `"000e"`.
    ///
    /// The board found by a name has the revision code of a usual board of that model.
    ///
    /// # Errors
    /// [`UnknownModel`] if no model has the name, or if several may be meant. The error lists the nearest names.
    ///
    /// ```
    /// use pinzero_board::Board;
    ///
    /// assert_eq!(Board::from_name("pi 5")?.model(), "Raspberry Pi 5B");
    /// assert_eq!(Board::from_name("0xa02082")?.model(), "Raspberry Pi 3B");
    /// let error = Board::from_name("pi 3").unwrap_err();
    /// assert_eq!(error.to_string(), r#""pi 3" may be several models: use "3B", "3B+" or "3A+""#);
    /// # Ok::<(), pinzero_board::UnknownModel>(())
    /// ```
    pub fn from_name(name: &str) -> Result<Board, UnknownModel> {
        let key = key(name);
        let unknown = |models: Vec<&'static Model>, is_ambiguous| UnknownModel {
            name: name.to_owned(),
            near: models.into_iter().map(short).collect(),
            is_ambiguous,
        };
        match starting_with(&key).as_slice() {
            [] => by_code(name).ok_or_else(|| unknown(near(&key), false)),
            [model] => Board::from_revision(model.code).map_err(|_| unknown(Vec::new(), false)),
            models => Err(unknown(models.to_vec(), true)),
        }
    }
}

/// Returns the board with a revision code in hexadecimal digits.
fn by_code(text: &str) -> Option<Board> {
    let text = text.trim().to_ascii_lowercase();
    let digits = match text.strip_prefix("0x") {
        Some(digits) => digits,
        // A short number is a slip, rather than one of the first codes: these are written "0006".
        None if text.len() >= 4 => &text,
        None => return None,
    };
    // The parser of numbers would accept a sign.
    let is_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let code = u32::from_str_radix(digits, 16).ok().filter(|_| is_hexadecimal)?;
    Board::from_revision(code).ok()
}

/// Returns the models with this name, or else those whose names start with these letters.
fn starting_with(key: &str) -> Vec<&'static Model> {
    let is_exact = |model: &&Model| self::key(model.name) == key;
    if let Some(model) = MODELS.iter().find(is_exact) {
        return vec![model];
    }
    let is_start = |model: &&Model| {
        let name = self::key(model.name);
        // "5" is not the start of "500": a number is read as a whole.
        let splits_number = |rest: &str| {
            key.ends_with(|c: char| c.is_ascii_digit()) && rest.starts_with(|c: char| c.is_ascii_digit())
        };
        !key.is_empty() && name.strip_prefix(key).is_some_and(|rest| !splits_number(rest))
    };
    MODELS.iter().filter(is_start).collect()
}

/// Returns the models whose names have the same beginning: two letters, or else one; or else all models.
fn near(key: &str) -> Vec<&'static Model> {
    let beginnings = [2, 1].into_iter().filter_map(|length| key.get(..length));
    let alike = |start: &str| -> Vec<&'static Model> {
        MODELS.iter().filter(|model| self::key(model.name).starts_with(start)).collect()
    };
    beginnings.map(alike).find(|models| !models.is_empty()).unwrap_or_else(|| MODELS.iter().collect())
}

/// Returns a name without everything that people spell in different ways.
fn key(name: &str) -> String {
    let mut name = name.to_lowercase();
    // Linux adds the revision of the circuit board: "Raspberry Pi 4 Model B Rev 1.4".
    if let Some(at) = name.find(" rev") {
        name.truncate(at);
    }
    name.retain(|c| c.is_alphanumeric() || c == '+');
    for (word, short) in
        [("computemodule", "cm"), ("raspberrypi", ""), ("rpi", ""), ("pi", ""), ("model", ""), ("plus", "+")]
    {
        name = name.replace(word, short);
    }
    name
}

/// Returns the name of a model without "Raspberry Pi".
fn short(model: &Model) -> &'static str {
    model.name.strip_prefix("Raspberry Pi ").unwrap_or(model.name)
}

/// Returns a list of names: `"3B", "3B+" or "3A+"`.
fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}
