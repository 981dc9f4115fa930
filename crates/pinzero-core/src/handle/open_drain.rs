//! [`OpenDrain`]: a line that is driven low or released, and can be read all the time.

use std::fmt;

use super::flex::{Flex, FlexBuilder};
use crate::device::Device;
use crate::error::Result;
use crate::gpio::Gpio;
use crate::types::{Bias, Drive, Level, Line};

/// Builder for an [`OpenDrain`]; returned by [`Gpio::open_drain`].
#[derive(Debug, Clone)]
#[must_use = "nothing is opened before `open`"]
pub struct OpenDrainBuilder {
    flex: FlexBuilder,
    bias: Bias,
}

impl OpenDrainBuilder {
    pub(crate) fn new(flex: FlexBuilder) -> Self {
        OpenDrainBuilder { flex: flex.device("OpenDrain"), bias: Bias::PullUp }
    }

    /// Sets the pull of the released line. Default: [`Bias::PullUp`].
    pub fn bias(mut self, bias: Bias) -> Self {
        self.bias = bias;
        self
    }

    /// Opens the line, released.
    ///
    /// # Errors
    /// See [`FlexBuilder::open`].
    #[track_caller]
    pub fn open(self) -> Result<OpenDrain> {
        let released = Drive::Input(self.bias);
        Ok(OpenDrain { flex: self.flex.start(released).open()?, released })
    }
}

/// A line with an open-drain output: driven low, or released to a pull-up, so that others on the wire can drive it low too.
///
/// The data line of a 1-Wire bus or of a DHT22 is one. With the feature `embedded-hal`, this is that crate's `OutputPin` and
/// `InputPin` in one. Clones share one line; dropping the last clone closes it.
///
/// ```
/// use pinzero::{Level, mock};
///
/// let gpio = mock::gpio();
/// let data = gpio.open_drain(4).open()?;
/// data.set(Level::Low)?;
/// assert_eq!(gpio.line(4).level(), Level::Low);
/// data.set(Level::High)?; // released
/// gpio.line(4).drive(Level::Low); // another device drives the wire
/// assert_eq!(data.level()?, Level::Low);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "the line is closed when the last handle is dropped"]
pub struct OpenDrain {
    flex: Flex,
    released: Drive,
}

impl OpenDrain {
    /// Drives the line low, or releases it for [`Level::High`].
    ///
    /// # Errors
    /// See [`Flex::turn`].
    pub fn set(&self, level: Level) -> Result<()> {
        self.flex.turn(if level.is_high() { self.released } else { Drive::Output(Level::Low) })
    }

    /// Returns the level on the line now, driven by this handle or by others.
    ///
    /// # Errors
    /// See [`Flex::level`].
    pub fn level(&self) -> Result<Level> {
        self.flex.level()
    }

    /// Returns whether this handle drives the line low.
    pub fn is_low(&self) -> bool {
        self.flex.drive() == Drive::Output(Level::Low)
    }

    /// Returns the line's number on its chip.
    pub fn line(&self) -> Line {
        self.flex.line()
    }

    /// Returns the factory that the line belongs to.
    pub fn gpio(&self) -> &Gpio {
        self.flex.gpio()
    }

    /// Returns whether the line has been closed, or lost.
    pub fn is_closed(&self) -> bool {
        self.flex.is_closed()
    }

    /// Gives the line back. Idempotent, from any thread.
    ///
    /// # Errors
    /// See [`Flex::close`].
    pub fn close(&self) -> Result<()> {
        self.flex.close()
    }
}

impl Device for OpenDrain {
    fn parts(&self) -> Vec<&dyn Device> {
        vec![&self.flex]
    }
}

impl fmt::Debug for OpenDrain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenDrain({}, {})", self.line(), if self.is_low() { "low" } else { "released" })
    }
}
