//! A look at a line that takes nothing.

use crate::types::{Bias, Level};

/// What a line does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LineFunction {
    /// It is an input, or nothing at all.
    Input,
    /// It is an output.
    Output,
    /// It carries pulses.
    Pwm,
    /// It belongs to a bus or another part of the chip: its alternate function of this number.
    Alternate(u8),
}

/// What a line is at the moment, as far as that can be told without taking it; made by [`Gpio::line_info`](crate::Gpio::line_info).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineInfo {
    /// What it does. The character device cannot tell an alternate function from an input.
    pub function: Option<LineFunction>,
    /// The level on it. The character device tells it of this program's own pins only: it has no look at a line that takes
    /// nothing. Of a pin of a Pi 5 that is switched off there is none.
    pub level: Option<Level>,
    /// The resistor that is set. Registers and pigpio tell it of this program's own inputs only, the character device of what
    /// has been asked of the kernel.
    pub bias: Option<Bias>,
    /// Who has taken it from the kernel, if anybody has.
    pub consumer: Option<String>,
}
