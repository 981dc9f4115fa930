//! [`StatusZero`] and [`StatusBoard`]: strips with labels.

use pinzero_core::{Device, Error, ErrorKind, Line, Result, Switch};

use super::RedGreen;
use super::table::{STATUS_BOARD, STATUS_ZERO};
use super::tree::{self, Branch};
use crate::boards::{Fitted, InitialValue, Lights, MemberKey, Wired};
use crate::device::{led_board, several_pins};
use crate::options::{Dimmable, Signal};
use crate::{Builder, Button, LedBoard, Open, Site};

/// The options of a board whose strips have labels.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Labelled {
    /// The labels of the strips, from the first one; strips beyond are not opened. Default: `one`, `two`, `three` and so on, for all.
    pub labels: Vec<String>,
    /// The options of the LEDs.
    pub leds: Fitted,
}

impl Labelled {
    /// Returns the default options of a board with `count` strips, 5 at most.
    pub(super) fn new(count: usize) -> Self {
        let labels = ["one", "two", "three", "four", "five"].into_iter().take(count);
        Labelled { labels: labels.map(str::to_owned).collect(), leds: Fitted::default() }
    }

    /// Returns the LEDs of the strips before they are opened; `pins` are those of red and green.
    fn lights(&self, pins: impl ExactSizeIterator<Item = (&'static str, &'static str)>) -> Result<Lights> {
        let (count, given) = (pins.len(), self.labels.len());
        if given > count {
            let message = format!("the board has {count} strips: give {count} labels at most, not {given}");
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        let strips = pins.map(|pins| Wired::Board(RedGreen::lights(pins, &self.leds)));
        Ok(tree::lights(self.labels.iter().map(String::as_str).zip(strips), &self.leds))
    }
}

impl AsMut<Dimmable> for Labelled {
    fn as_mut(&mut self) -> &mut Dimmable {
        &mut self.leds.dimmable
    }
}

impl AsMut<Signal> for Labelled {
    fn as_mut(&mut self) -> &mut Signal {
        &mut self.leds.dimmable.signal
    }
}

/// Options of boards whose strips have labels.
impl<D: Open<Labelled>> Builder<D, Labelled> {
    /// Sets the labels of the strips, from the first one. Strips beyond are not opened. Default: `one`, `two`, `three` and so on, for all
    /// strips.
    pub fn labels<L: Into<String>>(mut self, labels: impl IntoIterator<Item = L>) -> Self {
        self.options.labels = labels.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the value of all LEDs from the first instant: `true` or `false`, or a number from 0 to 1 with PWM. `None` keeps the
    /// levels that are on the pins already. Default: `false`.
    pub fn initial_value(mut self, value: impl Into<InitialValue>) -> Self {
        self.options.leds.set_initial(value.into());
        self
    }
}

/// Returns the strips of a board of open LEDs.
fn strips(board: &LedBoard) -> Result<Vec<RedGreen>> {
    board.members().iter().map(tree::Tree::of).collect()
}

/// The STATUS Zero of The Pi Hut: three strips, each with a red and a green LED, under labels of your own.
///
/// Pins: red 7, green 11; red 13, green 15; red 19, green 21. A `StatusZero` does all that a [`LedBoard`] does; the strips are its members.
///
/// ```
/// use pinzero::prelude::*;
/// use pinzero::products::StatusZero;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let status = StatusZero::builder().labels(["wifi", "disk"]).open()?;
/// status.strip("wifi")?.green.on()?;
/// status.strip("disk")?.red.blink(ms(200), ms(200))?;
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct StatusZero {
    strips: Vec<RedGreen>,
    board: LedBoard,
}

impl StatusZero {
    /// Opens the board on the default factory, without PWM, with the labels `one`, `two` and `three`. The LEDs start dark.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new() -> Result<Self> {
        StatusZero::builder().open()
    }

    /// Returns a builder for the board with labels of your own, and other options.
    pub fn builder() -> Builder<Self, Labelled> {
        Builder::new(Labelled::new(STATUS_ZERO.len()))
    }

    /// Returns the strips, from the first one.
    pub fn strips(&self) -> &[RedGreen] {
        &self.strips
    }

    /// Returns a strip by its label or its index.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if the board has no such strip.
    pub fn strip<'a>(&self, key: impl Into<MemberKey<'a>>) -> Result<&RedGreen> {
        self.board.position(key.into()).map(|index| &self.strips[index])
    }
}

impl Open<Labelled> for StatusZero {
    const NAME: &'static str = "StatusZero";

    fn open(options: Labelled, site: &Site) -> Result<Self> {
        let lights =
            options.lights(STATUS_ZERO.into_iter()).map_err(|error| error.with_device(site.device()))?;
        let board = LedBoard::open(lights, site)?;
        Ok(StatusZero { strips: strips(&board)?, board })
    }
}

led_board!(StatusZero.board);

/// The STATUS Board of The Pi Hut: five strips, each with a red and a green LED and a button, under labels of your own.
///
/// Pins: red 7, green 11, button 8; 13, 15, 35; 19, 21, 10; 23, 29, 37; 31, 33, 12. The buttons connect to ground.
///
/// ```
/// use pinzero::prelude::*;
/// use pinzero::products::StatusBoard;
///
/// # let gpio = pinzero::mock::gpio();
/// # pinzero::set_default(&gpio);
/// let status = StatusBoard::builder().labels(["door", "lift"]).open()?;
/// let lift = status.strip("lift")?.clone();
/// status.strip("lift")?.button.when_pressed(move |_| lift.lights.red.toggle());
/// # gpio.line("BOARD35").press(ms(50));
/// # gpio.advance(ms(10));
/// # assert!(status.strip("lift")?.lights.red.is_lit()?);
/// # status.close()?;
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct StatusBoard {
    strips: Vec<StatusStrip>,
    board: LedBoard,
}

/// A strip of a [`StatusBoard`].
#[derive(Debug, Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct StatusStrip {
    /// The LEDs.
    pub lights: RedGreen,
    /// The button.
    pub button: Button,
}

impl StatusBoard {
    /// Opens the board on the default factory, without PWM, with the labels `one` to `five`. The LEDs start dark.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new() -> Result<Self> {
        StatusBoard::builder().open()
    }

    /// Returns a builder for the board with labels of your own, and other options.
    pub fn builder() -> Builder<Self, Labelled> {
        Builder::new(Labelled::new(STATUS_BOARD.len()))
    }

    /// Returns the strips, from the first one.
    pub fn strips(&self) -> &[StatusStrip] {
        &self.strips
    }

    /// Returns a strip by its label or its index.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if the board has no such strip.
    pub fn strip<'a>(&self, key: impl Into<MemberKey<'a>>) -> Result<&StatusStrip> {
        self.board.position(key.into()).map(|index| &self.strips[index])
    }

    /// Returns the LEDs of all strips as one board.
    pub fn lights(&self) -> &LedBoard {
        &self.board
    }

    /// Turns all LEDs on.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn on(&self) -> Result<()> {
        self.board.on()
    }

    /// Turns all LEDs off.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn off(&self) -> Result<()> {
        self.board.off()
    }

    /// Switches each LED to the other state.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn toggle(&self) -> Result<()> {
        self.board.toggle()
    }

    /// Returns whether a LED is lit. A button does not count.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn is_active(&self) -> Result<bool> {
        self.board.is_active()
    }

    /// Returns the lines: those of the LEDs, then those of the buttons.
    pub fn pins(&self) -> Vec<Line> {
        let buttons = self.strips.iter().map(|strip| strip.button.pin());
        self.board.pins().into_iter().chain(buttons).collect()
    }

    fn state(&self) -> impl std::fmt::Display {
        self.board.state()
    }
}

impl Open<Labelled> for StatusBoard {
    const NAME: &'static str = "StatusBoard";

    fn open(options: Labelled, site: &Site) -> Result<Self> {
        let lights = options.lights(STATUS_BOARD.into_iter().map(|(lights, _)| lights));
        let board = LedBoard::open(lights.map_err(|error| error.with_device(site.device()))?, site)?;
        let mut strips = Vec::new();
        for (lights, (_, pin)) in self::strips(&board)?.into_iter().zip(STATUS_BOARD) {
            strips.push(StatusStrip { lights, button: Button::builder(pin).open_in(site)? });
        }
        Ok(StatusBoard { strips, board })
    }
}

impl Device for StatusBoard {
    fn parts(&self) -> Vec<&dyn Device> {
        let buttons = self.strips.iter().map(|strip| &strip.button as &dyn Device);
        std::iter::once(&self.board as &dyn Device).chain(buttons).collect()
    }
}

impl Switch for StatusBoard {
    fn set_active(&self, on: bool) -> Result<()> {
        if on { self.on() } else { self.off() }
    }

    fn is_active(&self) -> Result<bool> {
        self.is_active()
    }

    fn toggle(&self) -> Result<()> {
        self.toggle()
    }
}

several_pins!(StatusBoard);
