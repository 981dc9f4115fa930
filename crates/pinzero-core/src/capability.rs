//! What a factory can do, declared once and in one place.

use std::fmt;
use std::time::Duration;

use crate::error::{Error, Result};

/// How a capability is provided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Support {
    /// Not at all: a request is refused as [`Unsupported`](crate::ErrorKind::Unsupported).
    #[default]
    None,
    /// By core, on top of other capabilities of the factory.
    Emulated,
    /// By the factory itself.
    Native,
}

impl Support {
    /// Returns whether the capability is there, native or emulated.
    pub fn is_available(self) -> bool {
        self != Support::None
    }

    /// Refuses `what` if the capability is not there.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported), which names `what`.
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

/// What a factory can do.
///
/// The default is nothing, so that a backend names just what it has. A [`PinFactory`](crate::PinFactory) declares what *it*
/// does, which is [`Native`](Support::Native). [`Gpio::capabilities`](crate::Gpio::capabilities) shows the sum after
/// core's emulation. Write `..Capabilities::NONE` last: a capability that is added later then breaks nothing.
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
    /// Pull-up and pull-down can be set.
    pub bias: Support,
    /// Edges of inputs are reported as they happen.
    pub edges: Support,
    /// Several inputs are opened together, and their edges come in order; emulated, by their time stamps.
    pub inputs: Support,
    /// Several outputs change in the same instant; emulated, one shortly after the other.
    pub group: Support,
    /// A line turns from output to input and back without being let go of.
    pub flex: Support,
    /// Pulse-width modulation.
    pub pwm: Support,
    /// SPI on any lines.
    pub spi: Support,
    /// SPI by a controller of the chip, on the lines that are wired to it.
    pub hardware_spi: Support,
    /// I2C by a controller of the chip.
    pub i2c: Support,
    /// The longest settle time that the factory itself can keep; core does longer ones. Zero if it can keep none.
    pub settle: Duration,
    /// A closed line keeps its level while the program runs on and after its end.
    pub keep: Support,
}

impl Capabilities {
    /// Nothing at all; the default, for constants.
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
        settle: Duration::ZERO,
        keep: Support::None,
    };

    /// Returns these capabilities and those that core makes of them.
    ///
    /// A capability that a factory itself calls emulated counts as missing: only core emulates. A flexible line is never
    /// emulated, for an emulation would let go of the line.
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
            settle: self.settle,
            keep: self.keep.or_emulated(false),
        }
    }
}
