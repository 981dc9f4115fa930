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
