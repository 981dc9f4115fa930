//! The options of boards.

use pinzero_core::{Error, ErrorKind, Level, PinSpec, Result};

use super::shape::board_at;
use super::{LedBoard, names};
use crate::output::{Dimmable, Signal};
use crate::{Builder, Open};

/// The options of a [`LedBoard`], and of the boards that are one.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Lights {
    /// The members in their order, each with its name, if it has one.
    pub members: Vec<(Option<String>, Wired)>,
    /// The level that means "on". Default: high.
    pub active: Level,
    /// PWM, or not. Default: not.
    pub dimmable: Dimmable,
    /// The first value of each LED; `None` keeps the levels found. Default: 0.
    pub initial: Option<f64>,
    /// Whether a nested builder has settings that only the outer one can have.
    has_site: bool,
}

/// A member of a [`LedBoard`] before it is opened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Wired {
    /// A LED on a pin.
    Led(PinSpec),
    /// A board inside the board, with options of its own.
    Board(Lights),
}

/// The first value of all LEDs of a board: `true` or `false`, a number from 0 to 1, or `None` for the levels found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InitialValue(Option<f64>);

impl From<bool> for InitialValue {
    fn from(on: bool) -> Self {
        InitialValue(Some(f64::from(u8::from(on))))
    }
}

impl From<f64> for InitialValue {
    fn from(value: f64) -> Self {
        InitialValue(Some(value))
    }
}

impl From<Option<f64>> for InitialValue {
    fn from(value: Option<f64>) -> Self {
        InitialValue(value)
    }
}

impl Lights {
    /// Returns the default options of LEDs on pins, without names.
    pub fn new<P: Into<PinSpec>>(pins: impl IntoIterator<Item = P>) -> Self {
        let members = pins.into_iter().map(|pin| (None, Wired::Led(pin.into())));
        Lights {
            members: members.collect(),
            active: Level::High,
            dimmable: Dimmable { pwm: false, ..Dimmable::default() },
            initial: Some(0.0),
            has_site: false,
        }
    }

    /// Returns the default options of LEDs with names.
    pub fn named<'a, P: Into<PinSpec>>(leds: impl IntoIterator<Item = (&'a str, P)>) -> Self {
        let none: [PinSpec; 0] = [];
        leds.into_iter().fold(Lights::new(none), |lights, (name, pin)| lights.led(name, pin))
    }

    /// Adds a LED.
    #[must_use]
    pub fn led<'a>(mut self, name: impl Into<Option<&'a str>>, pin: impl Into<PinSpec>) -> Self {
        self.members.push((name.into().map(str::to_owned), Wired::Led(pin.into())));
        self
    }

    /// Adds a board.
    #[must_use]
    pub fn board<'a>(mut self, name: impl Into<Option<&'a str>>, board: Lights) -> Self {
        self.members.push((name.into().map(str::to_owned), Wired::Board(board)));
        self
    }

    /// Fails if the options contradict each other; `path` is the place of the board in the outer one.
    pub(super) fn check(&self, path: &str) -> Result<()> {
        let invalid = |message| Err(Error::new(ErrorKind::InvalidValue, message));
        let board = board_at(path);
        if self.members.is_empty() {
            return invalid(format!("{board} has no LED: give a pin at least"));
        }
        if self.has_site && !path.is_empty() {
            return invalid(format!(
                "{board} takes `gpio` and `on_close` from the board around it: set them there"
            ));
        }
        if self.dimmable.pwm && self.initial.is_none() {
            return invalid(format!(
                "with PWM, {board} has no levels to keep: give an initial value from 0 to 1"
            ));
        }
        names::check(&self.members, &board)?;
        self.dimmable.check()
    }
}

impl AsMut<Dimmable> for Lights {
    fn as_mut(&mut self) -> &mut Dimmable {
        &mut self.dimmable
    }
}

impl AsMut<Signal> for Lights {
    fn as_mut(&mut self) -> &mut Signal {
        &mut self.dimmable.signal
    }
}

/// Options of boards of LEDs.
impl<D: Open<Lights>> Builder<D, Lights> {
    /// Sets whether a high level means "on". Default: `true`.
    pub fn active_high(mut self, active_high: bool) -> Self {
        self.options.active = Level::from(active_high);
        self
    }

    /// Sets the value of all LEDs from the first instant: `true` or `false`, or a number from 0 to 1 with PWM. `None` keeps the
    /// levels that are on the pins already. Then the lines are opened one by one, and do not change in one instant.
    /// Default: `false`.
    pub fn initial_value(mut self, value: impl Into<InitialValue>) -> Self {
        self.options.initial = value.into().0;
        self
    }
}

/// The members of a board.
impl Builder<LedBoard, Lights> {
    /// Adds a LED; `None` gives it no name.
    pub fn led<'a>(mut self, name: impl Into<Option<&'a str>>, pin: impl Into<PinSpec>) -> Self {
        self.options = self.options.led(name, pin);
        self
    }

    /// Adds a board; `None` gives it no name.
    ///
    /// The options of the inner board (`pwm`, `frequency`, `active_high`, `initial_value`) apply to its own LEDs. The outer board alone
    /// has `gpio` and `on_close`.
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let eyes = LedBoard::builder([5, 6]).pwm(true);
    /// let face = LedBoard::builder([4]).board("eyes", eyes).led("nose", 22).open()?;
    /// face.set_value((1, [0.25, 0.5], 0))?;
    /// face.member("eyes.1")?.toggle()?;
    /// face.member("nose")?.on()?;
    /// assert_eq!(face.value()?.to_string(), "[1, [0.25, 0.5], 1]");
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn board<'a>(mut self, name: impl Into<Option<&'a str>>, board: Builder<LedBoard, Lights>) -> Self {
        let has_site = board.has_site();
        self.options = self.options.board(name, Lights { has_site, ..board.options });
        self
    }
}

/// The options of the LEDs of a ready-made board.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Fitted {
    /// PWM, or not. Default: not.
    pub dimmable: Dimmable,
    /// The first value of each LED; `None` keeps the levels found. Default: 0.
    pub initial: Option<f64>,
}

impl Default for Fitted {
    fn default() -> Self {
        Fitted { dimmable: Dimmable { pwm: false, ..Dimmable::default() }, initial: Some(0.0) }
    }
}

impl Fitted {
    pub(crate) fn set_initial(&mut self, value: InitialValue) {
        self.initial = value.0;
    }

    /// Gives the LEDs of a board these options.
    pub(crate) fn apply(&self, lights: &mut Lights) {
        (lights.dimmable, lights.initial) = (self.dimmable.clone(), self.initial);
    }
}

impl AsMut<Dimmable> for Fitted {
    fn as_mut(&mut self) -> &mut Dimmable {
        &mut self.dimmable
    }
}

impl AsMut<Signal> for Fitted {
    fn as_mut(&mut self) -> &mut Signal {
        &mut self.dimmable.signal
    }
}

/// Options of ready-made boards.
impl<D: Open<Fitted>> Builder<D, Fitted> {
    /// Sets the value of all LEDs from the first instant: `true` or `false`, or a number from 0 to 1 with PWM. `None` keeps the
    /// levels that are on the pins already. Default: `false`.
    pub fn initial_value(mut self, value: impl Into<InitialValue>) -> Self {
        self.options.set_initial(value.into());
        self
    }
}
