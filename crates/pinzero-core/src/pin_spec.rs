//! [`PinSpec`]: the names that a user can give a pin.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use crate::types::Line;

/// A pin's number or name.
///
/// A number is the chip's: the BCM number on a Raspberry Pi. A name is one of the board's, in upper or lower case (`"17"`,
/// `"GPIO17"`, `"BCM17"`, `"BOARD11"`, `"WPI0"`, `"J8:11"`; gpiozero takes the same ones), or the kernel's name of the line.
///
/// A number means a line on a header of the board. The chip's other lines do the board's own work (network, SD card, fan),
/// and 28 to 40 are easily taken for pins of the header. Those lines open by name, `"GPIO40"`, or as a [`Line`]. A board
/// without a known header (another computer, or a compute module on a carrier of its own) has all of its lines by number.
///
/// Every integer type and every string type converts to a `PinSpec`, and `parse` works as well. Two specs are equal if
/// they are spelled the same way. To compare the lines they name, call [`Gpio::resolve`](crate::Gpio::resolve).
///
/// ```
/// use pinzero::PinSpec;
///
/// let gpio = pinzero::mock::gpio();
/// let line = gpio.resolve(17)?;
/// for name in ["17", "GPIO17", "bcm17", "BOARD11", "WPI0", "J8:11"] {
///     assert_eq!(gpio.resolve(name)?, line);
/// }
/// assert_eq!("J8:11".parse(), Ok(PinSpec::from("J8:11")));
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PinSpec(pub(crate) Spec);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Spec {
    /// Wide enough for every integer, so that the error can show a number that is not a pin.
    Number(i128),
    /// Whether on a header or not.
    Line(Line),
    Name(String),
}

impl PinSpec {
    /// Returns the line that the spec gives by its number.
    pub(crate) fn number(&self) -> Option<Line> {
        match &self.0 {
            Spec::Number(number) => u32::try_from(*number).ok().map(Line),
            Spec::Line(line) => Some(*line),
            Spec::Name(_) => None,
        }
    }
}

impl fmt::Display for PinSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Spec::Number(number) => write!(f, "GPIO{number}"),
            Spec::Line(line) => line.fmt(f),
            Spec::Name(name) => write!(f, "{name:?}"),
        }
    }
}

macro_rules! from_integers {
    ($($Integer:ty)+) => {$(
        impl From<$Integer> for PinSpec {
            fn from(number: $Integer) -> Self {
                PinSpec(Spec::Number(number as i128))
            }
        }
    )+};
}

from_integers!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 usize);

impl From<u128> for PinSpec {
    fn from(number: u128) -> Self {
        // No board has a pin with a number beyond `i128`: its digits are a name that the error shows.
        i128::try_from(number).map_or_else(|_| number.to_string().into(), PinSpec::from)
    }
}

impl From<Line> for PinSpec {
    fn from(line: Line) -> Self {
        PinSpec(Spec::Line(line))
    }
}

impl From<&str> for PinSpec {
    fn from(name: &str) -> Self {
        name.to_owned().into()
    }
}

impl From<&String> for PinSpec {
    fn from(name: &String) -> Self {
        name.clone().into()
    }
}

impl From<String> for PinSpec {
    fn from(name: String) -> Self {
        PinSpec(Spec::Name(name))
    }
}

/// Accepts any text. A name that the board does not have is an error when the pin is opened.
impl FromStr for PinSpec {
    type Err = Infallible;

    fn from_str(name: &str) -> Result<Self, Infallible> {
        Ok(name.into())
    }
}
