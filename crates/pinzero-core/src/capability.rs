//! [`Capabilities`]: a factory declares them once, in one place.

use std::fmt;
use std::time::Duration;

use crate::error::{Error, Result};

/// Who provides a capability: nobody, core or the factory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Support {
    /// Nobody: a request fails with [`Unsupported`](crate::ErrorKind::Unsupported).
    #[default]
    None,
    /// Core, on top of other capabilities of the factory.
    Emulated,
    /// The factory itself.
    Native,
}

impl Support {
    /// Returns whether the capability is native or emulated.
    pub fn is_available(self) -> bool {
        self != Support::None
    }

    /// Checks that the capability is native or emulated.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) if it is neither; the message names `what`.
    pub fn require(self, what: impl fmt::Display) -> Result<()> {
        if self.is_available() { Ok(()) } else { Err(Error::unsupported(what)) }
    }

    /// Returns native support if the factory has it, else emulation if core can emulate it.
    pub(crate) fn or_emulated(self, possible: bool) -> Support {
        match self {
            Support::Native => Support::Native,
            _ if possible => Support::Emulated,
            _ => Support::None,
        }
    }
}

/// The capabilities of a factory.
///
/// Default: none, so that a backend names only those it has. A [`PinFactory`](crate::PinFactory) declares as
/// [`Native`](Support::Native) the capabilities that it provides itself. [`Gpio::capabilities`](crate::Gpio::capabilities)
/// returns them together with core's emulation. Write `..Capabilities::NONE` last: a capability that is added later then
/// breaks nothing.
///
/// ```
/// use pinzero::{Capabilities, Support};
/// let capabilities = Capabilities { output: Support::Native, ..Capabilities::NONE };
/// assert!(!capabilities.pwm.is_available());
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Lines can be driven.
    pub output: Support,
    /// Lines can be read.
    pub input: Support,
    /// Pulls can be set: up, down or none. A chip that has only one of them refuses the others as unsupported.
    pub bias: Support,
    /// Edges of inputs are reported as they happen.
    pub edges: Support,
    /// Several inputs are opened together, and their edges come in order; emulation sorts them by their time stamps.
    pub inputs: Support,
    /// Several outputs change in the same instant; emulation writes one shortly after the other.
    pub group: Support,
    /// A line turns from output to input and back without being released.
    pub flex: Support,
    /// Pulse-width modulation.
    pub pwm: Support,
    /// SPI on any lines.
    pub spi: Support,
    /// SPI by a controller of the chip, on that controller's lines.
    pub hardware_spi: Support,
    /// I2C by a controller of the chip.
    pub i2c: Support,
    /// I2C on any lines.
    pub soft_i2c: Support,
    /// Serial ports.
    pub serial: Support,
    /// The longest settle time that the factory can debounce by itself. Core debounces longer ones. Zero: the factory has no
    /// debouncing.
    pub settle: Duration,
    /// A closed line keeps its level, both while the program runs on and after its end.
    pub keep: Support,
}

impl Capabilities {
    /// No capability; the same as the default, for use in constants.
    pub const NONE: Capabilities = Capabilities {
        output: Support::None,
        input: Support::None,
        bias: Support::None,
        edges: Support::None,
        inputs: Support::None,
        group: Support::None,
        flex: Support::None,
        pwm: Support::None,
        spi: Support::None,
        hardware_spi: Support::None,
        i2c: Support::None,
        soft_i2c: Support::None,
        serial: Support::None,
        settle: Duration::ZERO,
        keep: Support::None,
    };

    /// Returns these capabilities and those that core emulates on top of them.
    ///
    /// Only core emulates: if a factory declares a capability as emulated, the capability counts as missing. A flexible line
    /// is never emulated, because an emulation would have to release the line.
    #[must_use]
    pub fn with_emulation(self) -> Self {
        let (can_write, can_read) = (self.output == Support::Native, self.input == Support::Native);
        Capabilities {
            output: self.output.or_emulated(false),
            input: self.input.or_emulated(false),
            bias: self.bias.or_emulated(false),
            edges: self.edges.or_emulated(can_read),
            inputs: self.inputs.or_emulated(can_read),
            group: self.group.or_emulated(can_write),
            flex: self.flex.or_emulated(false),
            pwm: self.pwm.or_emulated(can_write),
            spi: self.spi.or_emulated(can_write && can_read),
            hardware_spi: self.hardware_spi.or_emulated(false),
            i2c: self.i2c.or_emulated(false),
            soft_i2c: self.soft_i2c.or_emulated(self.flex == Support::Native),
            serial: self.serial.or_emulated(false),
            settle: self.settle,
            keep: self.keep.or_emulated(false),
        }
    }
}
