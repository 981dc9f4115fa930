//! [`LineInfo`]: the state of a line, read without claiming it.

use crate::types::{Bias, Level};

/// The function of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LineFunction {
    /// An input, or no function.
    Input,
    /// An output.
    Output,
    /// A PWM output.
    Pwm,
    /// The alternate function of this number: the line belongs to a bus or another part of the chip.
    Alternate(u8),
}

/// The current state of a line, read without claiming it; returned by [`Gpio::line_info`](crate::Gpio::line_info). Unknown
/// fields are `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineInfo {
    /// The function. The character device shows an alternate function as an input.
    pub function: Option<LineFunction>,
    /// The level on the line. On the character device, known only for pins that this program holds: the kernel cannot read a
    /// line without requesting it. `None` for a Pi 5 pin whose function is "off".
    pub level: Option<Level>,
    /// The resistor that is set. On registers and on pigpio, known only for this program's own inputs. On the character device,
    /// the bias that was last requested from the kernel.
    pub bias: Option<Bias>,
    /// The kernel's consumer of the line: the program or driver that holds the line, if any.
    pub consumer: Option<String>,
}
