//! Parses a script.

use std::time::Duration;

use super::check::{Check, range, usual_tolerance};
use super::{Doing, Mistake, Step};
use crate::sim::part::turn_time;
use crate::sim::state::{Action, Control, Frame, Look, PartScene, Scene};

/// The most time that a script may take: a test that hangs must end.
const MOST: Duration = Duration::from_secs(600);

/// A word with its column.
#[derive(Debug, Clone)]
struct Word {
    text: String,
    column: usize,
    is_quoted: bool,
}

type Wrong = (usize, String);
type Result<T> = std::result::Result<T, Wrong>;

/// Parses a script for a circuit. `frame` tells which states the parts can have.
///
/// # Errors
/// The first mistake, with its place.
pub(crate) fn parse(text: &str, scene: &Scene, frame: &Frame) -> std::result::Result<Vec<Step>, Mistake> {
    let (mut steps, mut total) = (Vec::new(), Duration::ZERO);
    for (index, line) in text.lines().enumerate() {
        let mistake = |(column, message)| Mistake { line: index + 1, column, message };
        let words = split(line).map_err(mistake)?;
        if words.is_empty() {
            continue;
        }
        let mut reader = Reader { words: &words, end: line.chars().count() + 1, scene, frame };
        let doing = reader.step().map_err(mistake)?;
        total += duration(&doing);
        if total > MOST {
            let message = "the script may take more than 10 minutes: wait for less".to_owned();
            return Err(mistake((words[0].column, message)));
        }
        steps.push(Step { line: index + 1, text: line.trim().to_owned(), doing });
    }
    Ok(steps)
}

fn duration(doing: &Doing) -> Duration {
    match doing {
        Doing::Wait(time) | Doing::ActFor(_, time, _) => *time,
        Doing::Act(Action::Turn { steps, .. }) => turn_time(*steps),
        Doing::Act(_) => Duration::ZERO,
        Doing::Expect { within, lasting, .. } => *within + *lasting,
    }
}

/// Splits a line into words; a text in quotes is one. A `#` at the start of a word begins a comment, unless the word is a color: behind
/// `color`, and with a digit next.
fn split(line: &str) -> Result<Vec<Word>> {
    let mut words: Vec<Word> = Vec::new();
    let mut letters = line.chars().enumerate().peekable();
    while let Some((index, letter)) = letters.next() {
        let column = index + 1;
        if letter.is_whitespace() {
            continue;
        }
        let names_color = words.last().is_some_and(|word| word.text == "color" && !word.is_quoted);
        let is_color = names_color && letters.peek().is_some_and(|(_, next)| next.is_ascii_hexdigit());
        if letter == '#' && !is_color {
            break;
        }
        let mut text = String::new();
        if letter == '"' {
            loop {
                match letters.next() {
                    Some((_, '"')) => break,
                    Some((_, letter)) => text.push(letter),
                    None => return Err((column, "the text has no closing quote".to_owned())),
                }
            }
            words.push(Word { text, column, is_quoted: true });
            continue;
        }
        text.push(letter);
        while let Some((_, letter)) = letters.next_if(|(_, letter)| !letter.is_whitespace()) {
            text.push(letter);
        }
        words.push(Word { text, column, is_quoted: false });
    }
    Ok(words)
}

struct Reader<'a> {
    words: &'a [Word],
    /// The column behind the line.
    end: usize,
    scene: &'a Scene,
    frame: &'a Frame,
}

impl<'a> Reader<'a> {
    fn step(&mut self) -> Result<Doing> {
        let verb = self.next("a step")?;
        let doing = match verb.text.as_str() {
            "wait" => Doing::Wait(self.time()?),
            "press" => self.press(true)?,
            "release" => self.press(false)?,
            "set" => self.set()?,
            "turn" => {
                let (part, scene, column) = self.part()?;
                if !scene.controls.contains(&Control::Knob) {
                    return Err((
                        column,
                        format!("{:?} is a {} and has no knob to turn", scene.name, scene.kind),
                    ));
                }
                let word = self.next("a number of steps")?;
                let steps = word.text.parse().ok().filter(|steps| (-100..=100).contains(steps));
                let steps =
                    steps.ok_or((word.column, "give a number of steps from -100 to 100".to_owned()))?;
                Doing::Act(Action::Turn { part, steps })
            }
            "within" => {
                let within = self.time()?;
                let word = self.next("\"expect\"")?;
                if word.text != "expect" {
                    return Err((word.column, format!("\"expect\" follows the time, not {:?}", word.text)));
                }
                self.expect(within)?
            }
            "expect" => self.expect(Duration::ZERO)?,
            other => {
                let message = format!(
                    "no step begins with {other:?}: use wait, press, release, set, turn, expect or within"
                );
                return Err((verb.column, message));
            }
        };
        match self.words {
            [] => Ok(doing),
            [word, ..] => Err((word.column, format!("nothing is left to say here: remove {:?}", word.text))),
        }
    }

    fn next(&mut self, what: &str) -> Result<&'a Word> {
        let (first, rest) = self.words.split_first().ok_or((self.end, format!("{what} is missing here")))?;
        self.words = rest;
        Ok(first)
    }

    fn part(&mut self) -> Result<(usize, &'a PartScene, usize)> {
        let word = self.next("the name of a part")?;
        let place = self.scene.parts.iter().position(|part| part.name == word.text);
        let place = place.ok_or_else(|| {
            let names: Vec<_> = self.scene.parts.iter().map(|part| part.name.as_str()).collect();
            (word.column, format!("no part is called {:?}: there are {}", word.text, names.join(", ")))
        })?;
        Ok((place, &self.scene.parts[place], word.column))
    }

    fn time(&mut self) -> Result<Duration> {
        let word = self.next("a time such as 500ms")?;
        time(&word.text).ok_or((word.column, format!("{:?} is no time: write 500ms or 2s", word.text)))
    }

    fn number(&mut self) -> Result<f64> {
        let word = self.next("a number")?;
        let number = word.text.parse().ok().filter(|number: &f64| number.is_finite());
        number.ok_or((word.column, format!("{:?} is no number", word.text)))
    }

    fn press(&mut self, is_press: bool) -> Result<Doing> {
        let (part, scene, column) = self.part()?;
        let key = match scene.controls.first() {
            Some(Control::Push { .. } | Control::Switch { .. }) => 0,
            Some(Control::Keys { rows }) => {
                let word = self.next("the letter of a key")?;
                let letters = rows.concat();
                let found = letters.chars().position(|letter| letter.to_string() == word.text);
                found.ok_or((word.column, format!("{:?} has no key {:?}", scene.name, word.text)))?
            }
            _ => return Err((column, format!("{:?} is a {} and cannot be pressed", scene.name, scene.kind))),
        };
        let (down, up) = (Action::Press { part, key }, Action::Release { part, key });
        match self.words {
            _ if !is_press => Ok(Doing::Act(up)),
            [word, rest @ ..] if word.text == "for" => {
                self.words = rest;
                Ok(Doing::ActFor(down, self.time()?, up))
            }
            _ => Ok(Doing::Act(down)),
        }
    }

    fn set(&mut self) -> Result<Doing> {
        let (part, scene, column) = self.part()?;
        let sliders: Vec<_> = scene
            .controls
            .iter()
            .filter_map(|control| match control {
                Control::Slider { name, min, max, .. } => Some((*name, *min..=*max)),
                _ => None,
            })
            .collect();
        if sliders.is_empty() {
            return Err((column, format!("{:?} is a {} and has nothing to set", scene.name, scene.kind)));
        }
        let named =
            self.words.first().and_then(|word| sliders.iter().position(|(name, _)| *name == word.text));
        if named.is_some() {
            self.words = &self.words[1..];
        }
        let slider = named.unwrap_or(0);
        let column = self.words.first().map_or(self.end, |word| word.column);
        let value = self.number()?;
        let (name, range) = &sliders[slider];
        if !range.contains(&value) {
            return Err((
                column,
                format!("the {name} of {:?} goes from {} to {}", scene.name, range.start(), range.end()),
            ));
        }
        Ok(Doing::Act(Action::Set { part, slider, value }))
    }

    fn expect(&mut self, within: Duration) -> Result<Doing> {
        let (part, scene, column) = self.part()?;
        let look = self.frame.parts.get(part).ok_or((column, "this part has no state".to_owned()))?;
        let word = self.next("a state")?;
        let check = match word.text.as_str() {
            "ready" => Check::Ready,
            "on" => Check::On,
            "off" if !matches!(look, Look::Contact { .. }) => Check::Off,
            "at" => {
                let column = self.words.first().map_or(self.end, |word| word.column);
                let value = self.number()?;
                if let Some(range) = range(scene, look).filter(|range| !range.contains(&value)) {
                    let (least, most) = range.into_inner();
                    return Err((column, format!("{:?} goes from {least} to {most}", scene.name)));
                }
                Check::At { value, tolerance: self.tolerance()?.unwrap_or(usual_tolerance(look)) }
            }
            "plays" => {
                let hertz = self.number()?;
                Check::Plays { hertz, tolerance: self.tolerance()?.unwrap_or(hertz / 50.0) }
            }
            "color" => {
                let word = self.next("a color")?;
                let color =
                    word.text.parse::<pinzero::Color>().map_err(|error| (word.column, error.to_string()))?;
                Check::Color([color.red, color.green, color.blue])
            }
            "shows" => {
                let word = self.next("a text in quotes")?;
                if !word.is_quoted {
                    return Err((word.column, format!("write the text in quotes: \"{}\"", word.text)));
                }
                Check::Shows(word.text.clone())
            }
            _ => self.words_of(scene, look, word)?,
        };
        if !check.fits(look) {
            let message = format!("{:?} is a {} and never {:?}", scene.name, scene.kind, word.text);
            return Err((word.column, message));
        }
        let lasting = match self.words {
            [word, rest @ ..] if word.text == "for" => {
                self.words = rest;
                self.time()?
            }
            _ => Duration::ZERO,
        };
        Ok(Doing::Expect { part, check, within, lasting })
    }

    /// Reads the words for the state of a contact.
    fn words_of(&mut self, scene: &PartScene, look: &Look, first: &Word) -> Result<Check> {
        let states = match look {
            Look::Contact { .. } => [true, false]
                .map(|closed| crate::sim::words::state(scene, &Look::Contact { closed }))
                .to_vec(),
            _ => Vec::new(),
        };
        for state in &states {
            let count = state.split(' ').count() - 1;
            let rest = self.words.iter().take(count).map(|word| word.text.as_str());
            if state.split(' ').eq(std::iter::once(first.text.as_str()).chain(rest)) {
                self.words = &self.words[count..];
                return Ok(Check::Words(state.clone()));
            }
        }
        let known = match look {
            Look::Light { .. } => "on, off, at NUMBER",
            Look::Color { .. } => "on, off, color NAME",
            Look::Sound { .. } => "on, off, plays HERTZ",
            Look::Relay { .. } => "on, off",
            Look::Contact { .. } => &*states.join(", "),
            Look::Text { .. } | Look::Digits { .. } => "shows \"TEXT\"",
            Look::Keys { .. } => "ready",
            _ => "at NUMBER",
        };
        Err((first.column, format!("a {} is never {:?}: use {known}", scene.kind, first.text)))
    }

    /// Reads `±2`, `+-2` or `+/-2`, if that comes next.
    fn tolerance(&mut self) -> Result<Option<f64>> {
        let Some(word) = self.words.first() else { return Ok(None) };
        let digits = ["±", "+-", "+/-"].iter().find_map(|sign| word.text.strip_prefix(sign));
        let Some(digits) = digits else { return Ok(None) };
        self.words = &self.words[1..];
        let number = digits.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0);
        number.map(Some).ok_or((word.column, format!("{:?} is no tolerance: write ±2", word.text)))
    }
}

fn time(text: &str) -> Option<Duration> {
    let units = [("ms", 0.001), ("min", 60.0), ("s", 1.0)];
    let (digits, unit) = units.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))?;
    let number: f64 = digits.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)?;
    Duration::try_from_secs_f64(number * unit).ok().filter(|time| *time <= MOST)
}
