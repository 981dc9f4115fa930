//! What a factory can do, said once and in one place.

use std::time::Duration;

/// How a power is provided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Support {
    /// Not at all: asking for it is [`Unsupported`](crate::ErrorKind::Unsupported).
    #[default]
    None,
    /// By core, on top of other powers of the factory.
    Emulated,
    /// By the factory itself.
    Native,
}

impl Support {
    /// Whether it is there, in whatever way.
    pub fn is_available(self) -> bool {
        self != Support::None
    }

    /// This support if it is the factory's own, else emulation if `possible` says that core can emulate it.
    pub(crate) fn or_emulated(self, possible: bool) -> Support {
        match self {
            Support::Native => Support::Native,
            _ if possible => Support::Emulated,
            _ => Support::None,
        }
    }
}

/// The powers of a factory.
///
/// The default is no power at all, so that a backend names just what it has. A
/// [`PinFactory`](crate::PinFactory) declares what *it* does, which is [`Native`](Support::Native): that it has
/// something emulated counts as not having it. [`Gpio::capabilities`](crate::Gpio::capabilities)
/// shows the sum after core's emulation.
///
/// ```
/// use pinzero_core::{Capabilities, Support};
/// let powers = Capabilities { output: Support::Native, ..Capabilities::default() };
/// assert!(!powers.pwm.is_available());
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
    /// Several outputs change in the same instant; emulated, one shortly after the other.
    pub group: Support,
    /// Pulse-width modulation.
    pub pwm: Support,
    /// An SPI bus on any four lines.
    pub spi: Support,
    /// The longest settle time that the factory itself can keep; core does longer ones. Zero if it can keep none.
    pub settle: Duration,
    /// A closed line keeps its level while the program runs on and after its end.
    pub keep: Support,
}

impl Capabilities {
    /// No power at all; the default, for constants.
    pub const NONE: Capabilities = Capabilities {
        output: Support::None,
        input: Support::None,
        bias: Support::None,
        edges: Support::None,
        group: Support::None,
        pwm: Support::None,
        spi: Support::None,
        settle: Duration::ZERO,
        keep: Support::None,
    };

    /// These powers and those that core makes of them. What a factory calls emulated itself it does not have: core is
    /// the only one that emulates.
    #[must_use]
    pub fn with_emulation(self) -> Self {
        let (can_write, can_read) = (self.output == Support::Native, self.input == Support::Native);
        Capabilities {
            output: self.output.or_emulated(false),
            input: self.input.or_emulated(false),
            bias: self.bias.or_emulated(false),
            edges: self.edges.or_emulated(can_read),
            group: self.group.or_emulated(can_write),
            pwm: self.pwm.or_emulated(can_write),
            spi: self.spi.or_emulated(can_write && can_read),
            settle: self.settle,
            keep: self.keep.or_emulated(false),
        }
    }
}
