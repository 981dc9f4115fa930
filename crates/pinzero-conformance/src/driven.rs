//! The roles in which a line is driven, for trials that hold for all of them.

use pinzero_core::time::ms;
use pinzero_core::{Drive, Flex, Level, Line, OnClose, Output, OutputGroup, Pwm, Result};

use crate::fixture::Fixture;

/// The role in which a line is driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Output,
    /// One of a group of all lines; the others have the opposite level.
    Group,
    /// A flexible line as an output.
    Flex,
    /// PWM that is steady.
    Steady,
    /// PWM with a wave, which stops at the requested level.
    Wave,
}

/// A line that is driven; closed when dropped.
#[derive(Debug)]
pub(crate) enum Driven {
    Output(Output),
    Group(OutputGroup),
    Flex(Flex),
    Pwm(Pwm),
}

impl Role {
    /// Takes a line and drives it to `level`.
    pub(crate) fn open(
        self,
        fixture: &Fixture<'_>,
        line: Line,
        level: Level,
        on_close: OnClose,
    ) -> Result<Driven> {
        let gpio = fixture.gpio();
        let pwm = |duty| gpio.pwm(line).initial(duty).rest(level).on_close(on_close).open().map(Driven::Pwm);
        match self {
            Role::Output => gpio.output(line).initial(level).on_close(on_close).open().map(Driven::Output),
            Role::Group => {
                let group = gpio.group(fixture.lines.clone()).initial(levels(fixture, line, level));
                group.on_close(on_close).open().map(Driven::Group)
            }
            Role::Flex => {
                gpio.flex(line).start(Drive::Output(level)).on_close(on_close).open().map(Driven::Flex)
            }
            Role::Steady => pwm(f64::from(u8::from(level.is_high()))),
            Role::Wave => {
                let driven = pwm(0.5);
                // Close in the middle of the wave, so that the final level does not depend on luck.
                gpio.sleep(ms(12));
                driven
            }
        }
    }
}

/// Returns the levels of a group of all lines, with one at `level` and the others at the opposite level.
fn levels(fixture: &Fixture<'_>, line: Line, level: Level) -> u64 {
    let bit = |other: &Line| u64::from((*other == line) == level.is_high());
    fixture.lines.iter().enumerate().fold(0, |levels, (index, line)| levels | bit(line) << index)
}

impl Driven {
    /// Drives the line to another level; PWM becomes steady, even if it carried a wave.
    pub(crate) fn set(&self, fixture: &Fixture<'_>, line: Line, level: Level) -> Result<()> {
        match self {
            Driven::Output(output) => output.set(level),
            Driven::Group(group) => group.set(levels(fixture, line, level)),
            Driven::Flex(flex) => flex.turn(Drive::Output(level)),
            Driven::Pwm(pwm) => pwm.set_duty(f64::from(u8::from(level.is_high()))),
        }
    }

    pub(crate) fn close(&self) -> Result<()> {
        match self {
            Driven::Output(output) => output.close(),
            Driven::Group(group) => group.close(),
            Driven::Flex(flex) => flex.close(),
            Driven::Pwm(pwm) => pwm.close(),
        }
    }
}
