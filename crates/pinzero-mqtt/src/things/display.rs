//! [`Display`]: a display of seven segments or of characters as a text.

use parking_lot::Mutex;
use pinzero::{Error, ErrorKind, LedCharDisplay, LedMultiCharDisplay};
use pinzero_circuit::{Appearance, CharacterDisplay, Pin, Resting, SevenSegmentDisplay};
use serde_json::{Map, Value};

use super::lcd::{self, Lcd};
use super::{Opening, Thing};
use crate::entity::Entity;
use crate::payload::{Command, LONGEST};
use crate::refusal::Refusal;

/// A display as a text.
#[derive(Debug)]
pub(crate) struct Display {
    screen: Screen,
    /// Held while a text is on its way to the screen, so that this is what the screen shows.
    shown: Mutex<Shown>,
    /// The number of characters that fit.
    most: usize,
    safe: Option<Resting>,
}

/// What is shown.
#[derive(Debug, Default)]
struct Shown {
    text: String,
    /// Why the bus did not take the text that was sent last.
    failure: Option<Error>,
}

#[derive(Debug)]
enum Screen {
    Digit(LedCharDisplay),
    Digits(LedMultiCharDisplay),
    Rows { lcd: Lcd, columns: usize, rows: usize },
}

impl Display {
    pub(crate) fn open_segments(part: &SevenSegmentDisplay, opening: &Opening<'_>) -> pinzero::Result<Self> {
        let lines: Vec<u32> = part.segments.iter().map(Pin::line).collect();
        let (segments, point) = lines.split_at(lines.len().min(7));
        let digits: Vec<u32> = part.digits.iter().map(Pin::line).collect();
        let screen = if digits.is_empty() {
            let mut builder = LedCharDisplay::builder(segments.to_vec()).active_high(part.active_high);
            if let [point] = point {
                builder = builder.dp(*point);
            }
            Screen::Digit(builder.gpio(opening.gpio).open()?)
        } else {
            let mut builder = LedMultiCharDisplay::builder(segments.to_vec(), digits.clone())
                .segments_active_high(part.active_high)
                .digits_active_high(part.digits_active_high);
            if let [point] = point {
                builder = builder.dp(*point);
            }
            Screen::Digits(builder.gpio(opening.gpio).open()?)
        };
        // A point belongs to the digit before.
        let most = digits.len().max(1) * (1 + point.len());
        Ok(Self::new(screen, most, opening))
    }

    pub(crate) fn open_lines(part: &CharacterDisplay, opening: &Opening<'_>) -> pinzero::Result<Self> {
        let lcd = Lcd::open(part.bus, part.address, part.columns, opening.gpio)?;
        let (columns, rows) = (usize::from(part.columns), usize::from(part.rows));
        let display = Self::new(Screen::Rows { lcd, columns, rows }, columns * rows, opening);
        display.refresh();
        Ok(display)
    }

    fn new(screen: Screen, most: usize, opening: &Opening<'_>) -> Self {
        Display { screen, shown: Mutex::default(), most, safe: opening.appearance.safe }
    }

    fn show(&self, text: &str) -> pinzero::Result<()> {
        self.show_on(text, &mut self.shown.lock())
    }

    fn show_on(&self, text: &str, shown: &mut Shown) -> pinzero::Result<()> {
        match &self.screen {
            Screen::Digit(display) if text.is_empty() => display.off()?,
            Screen::Digit(display) => display.set_value(text)?,
            Screen::Digits(display) => display.set_value(text)?,
            Screen::Rows { lcd, columns, rows } => {
                let done = lcd.show(&lay_out(text, *columns, *rows)?);
                shown.failure = done.clone().err();
                done?;
            }
        }
        text.clone_into(&mut shown.text);
        Ok(())
    }
}

/// Spreads a text over the rows of a display. A row that is too long goes on in the next one.
fn lay_out(text: &str, columns: usize, rows: usize) -> pinzero::Result<Vec<String>> {
    let mut laid: Vec<String> = Vec::new();
    for line in text.split('\n') {
        if let Some(character) = line.chars().find(|character| lcd::code(*character).is_none()) {
            let message = format!(
                "the display does not have {character:?}: send letters of ASCII, digits, signs and \"°\""
            );
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        let characters: Vec<char> = line.chars().collect();
        let parts = characters.chunks(columns).map(String::from_iter);
        laid.extend(if characters.is_empty() { vec![String::new()] } else { parts.collect() });
    }
    if laid.len() > rows {
        let message =
            format!("the text needs {} rows: send at most {rows} of {columns} characters", laid.len());
        return Err(Error::new(ErrorKind::InvalidValue, message));
    }
    laid.resize(rows, String::new());
    Ok(laid.iter().map(|row| format!("{row:columns$}")).collect())
}

impl Thing for Display {
    fn entities(&self, _: &Appearance) -> Vec<Entity> {
        let entity = Entity::main("text")
            .with("max", self.most.min(255))
            .with("value_template", "{{ value_json.text }}")
            // In an object, so that a text such as `{5}` is a text.
            .with("command_template", "{\"text\": {{ value | tojson }} }");
        vec![entity]
    }

    /// A text is a command as it is, without quotes.
    fn parse(&self, payload: &[u8]) -> Result<Command, Refusal> {
        match std::str::from_utf8(payload) {
            Ok(text)
                if payload.len() <= LONGEST && !text.is_empty() && !text.trim_start().starts_with('{') =>
            {
                Ok(Command::Word(text.to_owned()))
            }
            _ => Command::parse(payload),
        }
    }

    /// Returns the text, without the bus: that is slow, and a state is told after each command.
    fn state(&self) -> pinzero::Result<Option<Map<String, Value>>> {
        let shown = self.shown.lock();
        match (&self.screen, &shown.failure) {
            (Screen::Digit(display), _) => drop(display.value()?),
            (Screen::Digits(display), _) => drop(display.value()?),
            (Screen::Rows { .. }, Some(failure)) => return Err(failure.clone()),
            (Screen::Rows { .. }, None) => {}
        }
        Ok(Some(Map::from_iter([("text".to_owned(), shown.text.as_str().into())])))
    }

    /// Shows the text of a character display anew, which may have lost its supply meanwhile.
    fn refresh(&self) {
        if matches!(self.screen, Screen::Rows { .. }) {
            let mut shown = self.shown.lock();
            let text = shown.text.clone();
            // The state tells of a failure.
            let _ = self.show_on(&text, &mut shown);
        }
    }

    fn command(&self, command: Command) -> Result<(), Refusal> {
        let mut fields = command.into_fields("text", "text");
        let text = fields.text("text")?;
        fields.finish("\"text\"")?;
        match text {
            Some(text) => Ok(self.show(&text)?),
            None => Err(Refusal::because("a command without \"text\": send the text to show")),
        }
    }

    fn make_safe(&self) -> pinzero::Result<()> {
        match self.safe {
            Some(Resting::Off) => self.show(""),
            _ => Ok(()),
        }
    }

    fn close(&self) -> pinzero::Result<()> {
        match &self.screen {
            Screen::Digit(display) => display.close(),
            Screen::Digits(display) => display.close(),
            Screen::Rows { lcd, columns, rows } => {
                lcd.close(&lay_out("", *columns, *rows).unwrap_or_default())
            }
        }
    }
}
