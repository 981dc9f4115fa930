//! The small types of the boundary: level, bias, line, edge.

use std::fmt;
use std::ops::Not;
use std::time::Duration;

use pinzero_board::Pull;

use crate::time::Instant;

/// The electrical level of a line.
///
/// A device decides whether high means "on" (its *active* level); a `Level` does not.
///
/// ```
/// use pinzero::Level;
/// assert_eq!(!Level::High, Level::Low);
/// assert_eq!(Level::from(true), Level::High);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Near ground.
    Low,
    /// Near the supply, 3.3 V on a Raspberry Pi.
    High,
}

impl Level {
    /// Returns whether the level is [`Level::High`].
    pub fn is_high(self) -> bool {
        self == Level::High
    }

    /// Returns the level in bit `index` of `levels`: high if the bit is set.
    pub fn of_bit(levels: u64, index: usize) -> Level {
        Level::from(levels >> index & 1 == 1)
    }
}

impl From<bool> for Level {
    fn from(high: bool) -> Self {
        if high { Level::High } else { Level::Low }
    }
}

impl Not for Level {
    type Output = Level;

    fn not(self) -> Level {
        Level::from(!self.is_high())
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(if self.is_high() { "high" } else { "low" })
    }
}

/// The resistor inside the chip that holds an undriven line at a level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Bias {
    /// The resistor stays as it was found.
    #[default]
    AsIs,
    /// No resistor: an undriven line floats and reads anything.
    Disabled,
    /// A resistor to ground.
    PullDown,
    /// A resistor to the supply.
    PullUp,
}

impl Bias {
    /// Returns the level at which this resistor holds an undriven line; `None` without a resistor or if it is not known.
    pub fn level(self) -> Option<Level> {
        match self {
            Bias::PullUp => Some(Level::High),
            Bias::PullDown => Some(Level::Low),
            Bias::AsIs | Bias::Disabled => None,
        }
    }
}

/// Converts the pull that a line has at power-on into a bias to return to: [`Bias::AsIs`] if the board does not know the pull.
impl From<Pull> for Bias {
    fn from(pull: Pull) -> Bias {
        match pull {
            Pull::FixedUp | Pull::DefaultUp => Bias::PullUp,
            Pull::DefaultDown => Bias::PullDown,
            _ => Bias::AsIs,
        }
    }
}

impl fmt::Display for Bias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Bias::AsIs => "bias as it was",
            Bias::Disabled => "no pull",
            Bias::PullDown => "pull-down",
            Bias::PullUp => "pull-up",
        })
    }
}

/// The state of a line after its device is closed or the program ends.
///
/// A backend that cannot leave a line at a level fails with [`Unsupported`](crate::ErrorKind::Unsupported) when the line is opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnClose {
    /// The state in which the line was found; an input with the board's default pull if the backend cannot know that state.
    #[default]
    Restore,
    /// An input with this bias.
    Input(Bias),
    /// An output that stays low.
    Low,
    /// An output that stays high.
    High,
    /// An output that stays at its last level.
    Keep,
}

/// The state in which a backend found a line before taking it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Found {
    /// An input with this bias; [`Bias::AsIs`] if the backend cannot tell.
    Input(Bias),
    /// An output at this level.
    Output(Level),
    /// Another function of the chip: a bus, hardware PWM.
    Function,
}

/// The state in which a backend leaves a line that it gives back.
///
/// The enum is exhaustive on purpose: a backend that handles all four handles every future [`OnClose`] as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Release {
    /// The line stays as it is at that moment.
    AsIs,
    /// An input with this bias; with [`Bias::AsIs`] the bias stays as it is.
    Input(Bias),
    /// An output at this level.
    Output(Level),
    /// The function in which the line was found.
    Function,
}

impl Found {
    /// Returns the state in which to leave a line that was found in this state.
    ///
    /// Every backend calls this, so that an `OnClose` means the same on all of them. `rest` is the level at which a PWM line
    /// stops. Pass `None` for other lines: on [`Keep`](OnClose::Keep) their level stays.
    ///
    /// ```
    /// use pinzero_core::{Bias, Found, Level, OnClose, Release};
    ///
    /// let found = Found::Input(Bias::PullUp);
    /// assert_eq!(found.release(OnClose::Restore, None), Release::Input(Bias::PullUp));
    /// assert_eq!(found.release(OnClose::Keep, None), Release::AsIs);
    /// assert_eq!(found.release(OnClose::Keep, Some(Level::Low)), Release::Output(Level::Low));
    /// ```
    pub fn release(self, on_close: OnClose, rest: Option<Level>) -> Release {
        match (on_close, self) {
            (OnClose::Restore, Found::Input(bias)) | (OnClose::Input(bias), _) => Release::Input(bias),
            (OnClose::Restore, Found::Output(level)) => Release::Output(level),
            (OnClose::Restore, Found::Function) => Release::Function,
            (OnClose::Low, _) => Release::Output(Level::Low),
            (OnClose::High, _) => Release::Output(Level::High),
            (OnClose::Keep, _) => rest.map_or(Release::AsIs, Release::Output),
        }
    }
}

/// The function of a flexible line: to drive a level, to listen, or to carry a PWM signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Drive {
    /// Drives this level.
    Output(Level),
    /// Listens, with this bias.
    Input(Bias),
    /// Sends pulses of `pulse` every `period`; a pulse of zero is a steady low, one of `period` a steady high.
    Pwm {
        /// The length of a cycle, above zero.
        period: Duration,
        /// How long the line is high in each cycle, from zero to `period`.
        pulse: Duration,
    },
}

impl fmt::Display for Drive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Drive::Output(level) => write!(f, "output, {level}"),
            Drive::Input(bias) => write!(f, "input, {bias}"),
            Drive::Pwm { period, pulse } => write!(f, "PWM, {pulse:?} every {period:?}"),
        }
    }
}

/// A GPIO line of one factory, by the number the chip gives it (the BCM number on a Raspberry Pi).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line(pub u32);

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GPIO{}", self.0)
    }
}

/// One change of a line's level, as the backend saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The time of the change, on the factory's clock.
    pub at: Instant,
    /// The level that the line changed to.
    pub level: Level,
    /// The number of edges lost between the previous edge and this one.
    pub missed: u32,
}

/// The computer or chip that has the pins. Two factories with the same host share their reservations.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Host {
    /// This computer, its main GPIO chip.
    Local,
    /// A further GPIO chip of this computer, by its name.
    Chip(String),
    /// Another computer, by its address.
    Remote(String),
    /// Pins that exist only in memory; each set has its own number.
    Virtual(u64),
}
