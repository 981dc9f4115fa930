//! The contract of [`PinFactory`] itself, where core makes up for nothing.

use std::time::Duration;

use pinzero_core::time::ms;
use pinzero_core::{
    Bias, Capabilities, ErrorKind, InputConfig, Level, Line, OnClose, OutputConfig, OutputPin, Pin,
    PinFactory, PwmConfig, PwmPin, Result,
};

use crate::bench::Bench;
use crate::outcome::{Outcome, check, or_not_applicable, refused};

/// A factory without core around it, and a line of it.
struct Bare {
    factory: Box<dyn PinFactory>,
    line: Line,
}

impl Bare {
    fn of(bench: &Bench<'_>) -> Outcome<Self> {
        let factory = or_not_applicable(bench.rig().factory()?, "the rig has no bare factory")?;
        Ok(Bare { factory, line: bench.line })
    }

    fn powers(&self) -> Capabilities {
        self.factory.capabilities()
    }

    fn output(&self, on_close: OnClose) -> Result<Box<dyn OutputPin>> {
        self.factory.open_output(self.line, OutputConfig { initial: Some(Level::Low), on_close })
    }

    fn input(&self, bias: Bias) -> Result<Box<dyn Pin>> {
        self.factory.open_input(self.line, InputConfig { bias, settle: None, edges: None })
    }

    fn settled(&self, time: Duration) -> Result<Box<dyn Pin>> {
        let config = InputConfig { bias: Bias::AsIs, settle: Some(time), edges: None };
        self.factory.open_input(self.line, config)
    }

    fn pwm(&self) -> Result<Box<dyn PwmPin>> {
        let (period, pulse) = (ms(10), ms(4));
        let config =
            PwmConfig { period, pulse, hardware: false, rest: Level::Low, on_close: OnClose::Restore };
        self.factory.open_pwm(self.line, config)
    }
}

pub(super) fn gives_what_is_declared(bench: &Bench<'_>) -> Outcome {
    let bare = Bare::of(bench)?;
    let powers = bare.powers();
    if powers.output.is_available() {
        bare.output(OnClose::Restore)?.close()?;
    }
    if powers.input.is_available() {
        bare.input(Bias::AsIs)?.close()?;
    }
    if powers.bias.is_available() {
        for bias in [Bias::PullUp, Bias::PullDown, Bias::Disabled] {
            bare.input(bias)?.close()?;
        }
    }
    if !powers.settle.is_zero() {
        bare.settled(powers.settle)?.close()?;
    }
    if powers.pwm.is_available() {
        bare.pwm()?.close()?;
    }
    if powers.keep.is_available() {
        bare.output(OnClose::Keep)?.close()?;
        bare.output(OnClose::Input(Bias::AsIs))?.close()?;
    }
    Ok(())
}

pub(super) fn refuses_what_is_not_declared(bench: &Bench<'_>) -> Outcome {
    let bare = Bare::of(bench)?;
    let powers = bare.powers();
    let unsupported = ErrorKind::Unsupported;
    if !powers.output.is_available() {
        refused("an output", unsupported, bare.output(OnClose::Restore))?;
    }
    if !powers.input.is_available() {
        refused("an input", unsupported, bare.input(Bias::AsIs))?;
    }
    if !powers.bias.is_available() {
        for bias in [Bias::PullUp, Bias::PullDown, Bias::Disabled] {
            refused(&bias.to_string(), unsupported, bare.input(bias))?;
        }
    }
    let longer = powers.settle + ms(1);
    refused("a longer settle time", unsupported, bare.settled(longer))?;
    if !powers.pwm.is_available() {
        refused("PWM", unsupported, bare.pwm())?;
    }
    if !powers.keep.is_available() {
        refused("an output that keeps its level", unsupported, bare.output(OnClose::Keep))?;
    }
    Ok(())
}

pub(super) fn a_closed_pin_says_so(bench: &Bench<'_>) -> Outcome {
    let bare = Bare::of(bench)?;
    let closed = ErrorKind::Closed;
    if bare.powers().output.is_available() {
        let pin = bare.output(OnClose::Restore)?;
        pin.close()?;
        pin.close()?;
        refused("writing a closed output", closed, pin.set(Level::High))?;
        refused("reading a closed output", closed, pin.level())?;
    }
    if bare.powers().input.is_available() {
        let pin = bare.input(Bias::AsIs)?;
        pin.close()?;
        pin.close()?;
        refused("reading a closed input", closed, pin.level())?;
    }
    if bare.powers().pwm.is_available() {
        let pin = bare.pwm()?;
        pin.close()?;
        pin.close()?;
        refused("writing closed PWM", closed, pin.set(ms(10), ms(5)))?;
    }
    Ok(())
}

pub(super) fn a_dropped_pin_is_free(bench: &Bench<'_>) -> Outcome {
    let bare = Bare::of(bench)?;
    for _ in 0..2 {
        if bare.powers().output.is_available() {
            drop(bare.output(OnClose::Restore)?);
        }
        if bare.powers().input.is_available() {
            drop(bare.input(Bias::AsIs)?);
        }
        if bare.powers().pwm.is_available() {
            drop(bare.pwm()?);
        }
    }
    Ok(())
}

pub(super) fn a_closed_factory_holds_nothing(bench: &Bench<'_>) -> Outcome {
    let bare = Bare::of(bench)?;
    let other = Bare::of(bench)?;
    let closed = ErrorKind::Closed;
    if bare.powers().output.is_available() {
        let pin = bare.output(OnClose::Restore)?;
        bare.factory.close()?;
        refused("writing an output of a closed factory", closed, pin.set(Level::High))?;
        other.output(OnClose::Restore)?.close()?;
    }
    bare.factory.close()?;
    bare.factory.close()?;
    if bare.powers().output.is_available() {
        refused("an output of a closed factory", closed, bare.output(OnClose::Restore))?;
    }
    if bare.powers().input.is_available() {
        refused("an input of a closed factory", closed, bare.input(Bias::AsIs))?;
    }
    if bare.powers().pwm.is_available() {
        refused("PWM of a closed factory", closed, bare.pwm())?;
    }
    check(other.powers() == bare.powers(), || "one factory declares more than the other".to_owned())
}
