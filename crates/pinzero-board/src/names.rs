//! Pin names: from a name to a line, and back.

use std::error::Error;
use std::fmt;

use crate::board::Board;
use crate::header::{Header, PinKind};

/// The error for a pin name without a GPIO line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PinError {
    /// No pin of the board has this name.
    Unknown {
        /// The requested name.
        name: String,
        /// The right name of the pin that the user probably meant, or the existing names.
        hint: Option<String>,
    },
    /// The pin exists but carries no GPIO line.
    NotGpio {
        /// The requested name.
        name: String,
        /// The connection of the pin: "3.3 V power", "5 V power", "ground".
        what: &'static str,
    },
}

impl fmt::Display for PinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PinError::Unknown { name, hint: Some(hint) } => write!(f, "unknown pin {name:?}: {hint}"),
            PinError::Unknown { name, hint: None } => write!(f, "unknown pin {name:?}"),
            PinError::NotGpio { name, what } => write!(f, "pin {name:?} is {what}, not a GPIO line"),
        }
    }
}

impl Error for PinError {}

/// Pin names.
impl Board {
    /// Returns the line of a pin name.
    ///
    /// | name | meaning |
    /// |---|---|
    /// | `17` | the number of the line; see [`Board::find_number`] |
    /// | `GPIO17` | the number of the line, on a header or not |
    /// | `BCM17` | the same, on a Raspberry Pi |
    /// | `BOARD11` | the number of a pin of the main header |
    /// | `J8:11`, `P1:11`, `P5:3` | the number of a pin of the named header |
    /// | `WPI0` | the number in the wiringPi library |
    ///
    /// Letters may be upper or lower case. White space around the name is ignored.
    ///
    /// # Errors
    ///
    /// * [`PinError::NotGpio`] for power and ground: `BOARD1`, `J8:6`, `3V3`, `5V`, `GND`.
    /// * [`PinError::Unknown`] if no pin of this board has the name, with a hint at the right name.
    ///
    /// ```
    /// use pinzero_board::Board;
    ///
    /// let board = Board::from_revision(0xc03114)?;
    /// assert_eq!(board.find("gpio17"), board.find("J8:11"));
    /// let error = board.find("P1:11").unwrap_err();
    /// assert_eq!(error.to_string(), r#"unknown pin "P1:11": this board calls it "J8:11""#);
    /// # Ok::<(), pinzero_board::UnknownRevision>(())
    /// ```
    pub fn find(&self, name: &str) -> Result<u32, PinError> {
        let name = name.trim();
        let upper = name.to_ascii_uppercase();
        match parse(&upper).map_or_else(|| Err(forms(self)), |spec| resolve(self, spec)) {
            Ok(PinKind::Gpio(line)) => Ok(line),
            Ok(kind) => Err(PinError::NotGpio { name: name.to_owned(), what: kind.what() }),
            Err(hint) => Err(PinError::Unknown { name: name.to_owned(), hint: Some(hint) }),
        }
    }

    /// Returns the line with a bare number: the line must be on a header, if the board has a known one.
    ///
    /// The other lines of the board's chip do the board's own work, such as its SD card and its network, and their numbers
    /// are easily taken for those of header pins. They are found by name: `GPIO40`. On a board without a known header (a
    /// generic board, or a compute module on a carrier of any layout) every line is found by its number.
    ///
    /// # Errors
    ///
    /// [`PinError::Unknown`] if the board has no such line, or not on a header, with a hint.
    ///
    /// ```
    /// use pinzero_board::Board;
    ///
    /// let board = Board::from_revision(0xc03114)?;
    /// assert_eq!(board.find_number(17), Ok(17));
    /// let error = board.find_number(40).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     r#"unknown pin "40": pin 40 of the header is "BOARD40" = GPIO21; for the internal line say "GPIO40""#
    /// );
    /// assert_eq!(board.find("GPIO40"), Ok(40));
    /// assert_eq!(Board::generic(64).find_number(40), Ok(40));
    /// # Ok::<(), pinzero_board::UnknownRevision>(())
    /// ```
    pub fn find_number(&self, number: u32) -> Result<u32, PinError> {
        by_number(self, number)
            .map_err(|hint| PinError::Unknown { name: number.to_string(), hint: Some(hint) })
    }

    /// Returns every name of a line except the bare number, `GPIOn` first; none for a line that the board does not have.
    ///
    /// [`Board::find`] returns the same line for each of them.
    pub fn names(&self, line: u32) -> Vec<String> {
        if line >= self.lines() {
            return Vec::new();
        }
        let mut names = vec![format!("GPIO{line}")];
        if is_pi(self) {
            names.push(format!("BCM{line}"));
        }
        for header in self.headers() {
            for pin in header.pins().filter(|pin| pin.kind == PinKind::Gpio(line)) {
                names.push(format!("{}:{}", header.name(), pin.number));
                if self.main_header() == Some(header) {
                    names.push(format!("BOARD{}", pin.number));
                }
                names.extend(header.wiring_pi(pin.number).map(|wpi| format!("WPI{wpi}")));
            }
        }
        names
    }
}

/// A parsed pin name, before the board is known.
enum Spec<'a> {
    Number(u32),
    Gpio(u32),
    Bcm(u32),
    Board(u32),
    WiringPi(u32),
    Header(&'a str, u32),
    Supply(PinKind),
}

/// Parses a name in upper case; returns `None` if the name has no known form.
fn parse(name: &str) -> Option<Spec<'_>> {
    match name {
        "3V3" => return Some(Spec::Supply(PinKind::Power3v3)),
        "5V" => return Some(Spec::Supply(PinKind::Power5v)),
        "GND" => return Some(Spec::Supply(PinKind::Ground)),
        _ => {}
    }
    if let Some((header, digits)) = name.split_once(':') {
        return Some(Spec::Header(header, number(digits)?));
    }
    let (prefix, digits) = name.split_at(name.find(|c: char| c.is_ascii_digit())?);
    let number = number(digits)?;
    match prefix {
        "" => Some(Spec::Number(number)),
        "GPIO" => Some(Spec::Gpio(number)),
        "BCM" => Some(Spec::Bcm(number)),
        "BOARD" => Some(Spec::Board(number)),
        "WPI" => Some(Spec::WiringPi(number)),
        _ => None,
    }
}

/// Parses plain decimal digits. A number too large for the type becomes the largest one, which is out of every range.
fn number(digits: &str) -> Option<u32> {
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().unwrap_or(u32::MAX))
}

/// Looks up a name on the board. The error is a hint at the right name.
fn resolve(board: &Board, spec: Spec<'_>) -> Result<PinKind, String> {
    match spec {
        Spec::Supply(kind) => Ok(kind),
        Spec::Number(number) => by_number(board, number).map(PinKind::Gpio),
        Spec::Gpio(line) | Spec::Bcm(line) if line >= board.lines() => Err(lines(board)),
        Spec::Bcm(line) if !is_pi(board) => {
            Err(format!("this board is not a Raspberry Pi: use \"GPIO{line}\""))
        }
        Spec::Gpio(line) | Spec::Bcm(line) => Ok(PinKind::Gpio(line)),
        Spec::Board(pin) => match board.main_header() {
            Some(header) => header.pin(pin).ok_or_else(|| pins(header)),
            None => Err(headers(board)),
        },
        Spec::WiringPi(wpi) => wiring_pi(board, wpi).ok_or_else(|| match board.main_header() {
            Some(_) => "wiringPi gives no pin of this board that number".to_owned(),
            None => headers(board),
        }),
        Spec::Header(name, pin) => match board.headers().iter().find(|header| header.name() == name) {
            Some(header) => header.pin(pin).ok_or_else(|| pins(header)),
            None => Err(other_header(board, name, pin)),
        },
    }
}

/// Returns the pin with this wiringPi number.
fn wiring_pi(board: &Board, wpi: u32) -> Option<PinKind> {
    board.headers().iter().find_map(|header| {
        header.pins().find(|pin| header.wiring_pi(pin.number) == Some(wpi)).map(|pin| pin.kind)
    })
}

/// Returns whether the board is a Raspberry Pi: only its lines have Broadcom's numbers.
fn is_pi(board: &Board) -> bool {
    board.revision().is_some()
}

/// Looks up a bare number, which means a line on a header if there is one. The error is a hint at the right name.
fn by_number(board: &Board, number: u32) -> Result<u32, String> {
    let carries = |header: &Header| header.pins().any(|pin| pin.kind == PinKind::Gpio(number));
    let is_meant = board.headers().is_empty() || board.headers().iter().any(carries);
    if is_meant && number < board.lines() { Ok(number) } else { Err(off_header(board, number)) }
}

/// Returns a hint: the pin of the header with this number, and the name of the line.
fn off_header(board: &Board, number: u32) -> String {
    let is_line = number < board.lines();
    let here = match board.main_header().and_then(|header| header.pin(number)) {
        Some(PinKind::Gpio(line)) => format!("pin {number} of the header is \"BOARD{number}\" = GPIO{line}"),
        Some(kind) => format!("pin {number} of the header is {}", kind.what()),
        None if is_line => format!("GPIO{number} is on no header of this board"),
        None => return lines(board),
    };
    match is_line {
        true => format!("{here}; for the internal line say \"GPIO{number}\""),
        false => format!("{here}; {}", lines(board)),
    }
}

/// Returns a hint: the forms of names.
fn forms(board: &Board) -> String {
    match board.main_header() {
        Some(header) => {
            let main = header.name();
            format!("pins are named like \"17\", \"GPIO17\", \"BOARD11\", \"{main}:11\" or \"WPI0\"")
        }
        None => headers(board),
    }
}

/// Returns a hint: the range of line numbers.
fn lines(board: &Board) -> String {
    match board.lines() {
        0 => "this board has no GPIO lines".to_owned(),
        1 => "the only line of this board is GPIO0".to_owned(),
        lines => format!("the lines of this board are GPIO0 to GPIO{}", lines - 1),
    }
}

/// Returns a hint: the range of pin numbers of a header.
fn pins(header: &Header) -> String {
    format!("the header has pins 1 to {}", header.len())
}

/// Returns a hint: the board's headers.
fn headers(board: &Board) -> String {
    let names: Vec<_> = board.headers().iter().map(Header::name).collect();
    match names.as_slice() {
        [] => format!("this board has no known header; {}", lines(board)),
        [name] => format!("the only header of this board is {name}"),
        names => format!("the headers of this board are {}", names.join(" and ")),
    }
}

/// Returns a hint: J8 replaced P1, pin by pin, so users often confuse their names.
fn other_header(board: &Board, name: &str, pin: u32) -> String {
    match board.main_header() {
        Some(header) if matches!(name, "J8" | "P1") && header.pin(pin).is_some() => {
            format!("this board calls it \"{}:{pin}\"", header.name())
        }
        _ => headers(board),
    }
}
