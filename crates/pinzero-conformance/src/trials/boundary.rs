//! The contract of [`PinFactory`] itself, where core makes up for nothing.

use std::time::Duration;

use pinzero_core::time::ms;
use pinzero_core::{
    Bias, Capabilities, EdgeSink, ErrorKind, GroupConfig, InputConfig, Level, Line, OnClose, OutputConfig,
    OutputGroupPins, OutputPin, Pin, PinFactory, PwmConfig, PwmPin, Result, SpiBus, SpiConfig, SpiMode,
    Support,
};

use super::closing::gives_way;
use crate::fixture::Fixture;
use crate::verdict::{Verdict, check, refused};

/// A factory without core around it, and its lines.
struct Bare<'a> {
    factory: Box<dyn PinFactory>,
    lines: &'a [Line],
}

/// What can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Output,
    Input,
    Group,
    Pwm,
    Spi,
}

const KINDS: [Kind; 5] = [Kind::Output, Kind::Input, Kind::Group, Kind::Pwm, Kind::Spi];

/// Those that are left in a state that is asked for.
const DRIVEN: [Kind; 3] = [Kind::Output, Kind::Group, Kind::Pwm];

impl<'a> Bare<'a> {
    fn of(fixture: &'a Fixture<'_>) -> Verdict<Self> {
        Ok(Bare { factory: fixture.factory()?, lines: &fixture.lines })
    }

    fn powers(&self) -> Capabilities {
        self.factory.capabilities()
    }

    fn power(&self, kind: Kind) -> Support {
        let powers = self.powers();
        match kind {
            Kind::Output => powers.output,
            Kind::Input => powers.input,
            Kind::Group => powers.group,
            Kind::Pwm => powers.pwm,
            Kind::Spi => powers.spi,
        }
    }

    /// What is declared, and can be had of the rig's lines.
    fn declared(&self) -> impl Iterator<Item = Kind> + use<'_> {
        let has_lines = |kind| kind != Kind::Spi || self.lines.len() >= 4;
        KINDS.into_iter().filter(move |kind| self.power(*kind).is_available() && has_lines(*kind))
    }

    /// Opens the first line, and of a group all, with all at `level`: an input by its pull, if there are pulls.
    fn open(&self, kind: Kind, level: Level, on_close: OnClose) -> Result<Box<dyn Opened>> {
        let line = self.lines[0];
        match kind {
            Kind::Output => {
                let config = OutputConfig { initial: Some(level), on_close };
                Ok(Box::new(self.factory.open_output(line, config)?))
            }
            Kind::Input => {
                let pull = if level.is_high() { Bias::PullUp } else { Bias::PullDown };
                Ok(Box::new(self.input(if self.powers().bias.is_available() { pull } else { Bias::AsIs })?))
            }
            Kind::Group => {
                let all = u64::MAX >> (64 - self.lines.len());
                let initial = if level.is_high() { all } else { 0 };
                Ok(Box::new(self.factory.open_group(self.lines, GroupConfig { initial, on_close })?))
            }
            Kind::Pwm => {
                let period = ms(10);
                let pulse = if level.is_high() { period } else { Duration::ZERO };
                let config = PwmConfig { period, pulse, hardware: false, rest: level, on_close };
                Ok(Box::new(self.factory.open_pwm(line, config)?))
            }
            Kind::Spi => {
                // Where there are too few, it is only to be refused.
                let [clock, mosi, miso, select] =
                    [0, 1, 2, 3].map(|index| self.lines[index % self.lines.len()]);
                let config = SpiConfig {
                    clock,
                    mosi,
                    miso,
                    select,
                    mode: SpiMode::Mode0,
                    lsb_first: false,
                    select_high: false,
                    max_rate: None,
                };
                Ok(Box::new(self.factory.open_spi(config)?))
            }
        }
    }

    /// Opens what goes back to what it was.
    fn lend(&self, kind: Kind) -> Result<Box<dyn Opened>> {
        self.open(kind, Level::Low, OnClose::Restore)
    }

    fn input(&self, bias: Bias) -> Result<Box<dyn Pin>> {
        self.factory.open_input(self.lines[0], InputConfig { bias, settle: None, edges: None })
    }

    fn settled(&self, time: Duration) -> Result<Box<dyn Pin>> {
        let config = InputConfig { bias: Bias::AsIs, settle: Some(time), edges: None };
        self.factory.open_input(self.lines[0], config)
    }

    fn with_edges(&self) -> Result<Box<dyn Pin>> {
        let config = InputConfig { bias: Bias::AsIs, settle: None, edges: Some(EdgeSink::nowhere()) };
        self.factory.open_input(self.lines[0], config)
    }
}

/// What has been opened.
trait Opened {
    /// What comes of each way to use it.
    fn uses(&self) -> Vec<Result<()>>;
    fn close(&self) -> Result<()>;
}

impl Opened for Box<dyn OutputPin> {
    fn uses(&self) -> Vec<Result<()>> {
        vec![self.set(Level::High), self.level().map(drop)]
    }

    fn close(&self) -> Result<()> {
        Pin::close(&**self)
    }
}

impl Opened for Box<dyn Pin> {
    fn uses(&self) -> Vec<Result<()>> {
        vec![self.level().map(drop)]
    }

    fn close(&self) -> Result<()> {
        Pin::close(&**self)
    }
}

impl Opened for Box<dyn OutputGroupPins> {
    fn uses(&self) -> Vec<Result<()>> {
        vec![self.set(1, 1), self.levels().map(drop)]
    }

    fn close(&self) -> Result<()> {
        OutputGroupPins::close(&**self)
    }
}

impl Opened for Box<dyn PwmPin> {
    fn uses(&self) -> Vec<Result<()>> {
        vec![self.set(ms(10), ms(5))]
    }

    fn close(&self) -> Result<()> {
        PwmPin::close(&**self)
    }
}

impl Opened for Box<dyn SpiBus> {
    fn uses(&self) -> Vec<Result<()>> {
        vec![self.transfer(&mut [0xa5])]
    }

    fn close(&self) -> Result<()> {
        SpiBus::close(&**self)
    }
}

/// Fails unless every use is refused, as the pin is closed.
fn is_closed(what: &str, held: &dyn Opened) -> Verdict {
    held.uses().into_iter().try_for_each(|result| refused(what, ErrorKind::Closed, result))
}

pub(super) fn gives_what_is_declared(fixture: &Fixture<'_>) -> Verdict {
    let bare = Bare::of(fixture)?;
    let powers = bare.powers();
    let Capabilities { output, input, bias, edges, group, pwm, spi, keep, .. } = powers;
    let is_own =
        [output, input, bias, edges, group, pwm, spi, keep].iter().all(|power| *power != Support::Emulated);
    check(is_own, || format!("emulation is core's to declare, and not the factory's: {powers:?}"))?;
    for kind in bare.declared() {
        bare.lend(kind)?.close()?;
    }
    if powers.bias.is_available() {
        for bias in [Bias::PullUp, Bias::PullDown, Bias::Disabled] {
            bare.input(bias)?.close()?;
        }
    }
    if !powers.settle.is_zero() {
        bare.settled(powers.settle)?.close()?;
    }
    if powers.keep.is_available() {
        for kind in bare.declared().filter(|kind| DRIVEN.contains(kind)) {
            bare.open(kind, Level::Low, OnClose::Keep)?.close()?;
        }
        fixture.leave_undriven()?;
    }
    Ok(())
}

pub(super) fn refuses_what_is_not_declared(fixture: &Fixture<'_>) -> Verdict {
    let bare = Bare::of(fixture)?;
    let powers = bare.powers();
    let unsupported = ErrorKind::Unsupported;
    for kind in KINDS.into_iter().filter(|kind| !bare.power(*kind).is_available()) {
        refused(&format!("{kind:?}"), unsupported, bare.lend(kind))?;
    }
    let driven = || bare.declared().filter(|kind| DRIVEN.contains(kind));
    if !powers.bias.is_available() {
        for bias in [Bias::PullUp, Bias::PullDown, Bias::Disabled] {
            refused(&bias.to_string(), unsupported, bare.input(bias))?;
            for kind in driven() {
                let opened = bare.open(kind, Level::Low, OnClose::Input(bias));
                refused(&format!("{kind:?} that is closed with {bias}"), unsupported, opened)?;
            }
        }
    }
    if !powers.edges.is_available() {
        refused("an input with edges", unsupported, bare.with_edges())?;
    }
    let longer = powers.settle + ms(1);
    refused("a longer settle time", unsupported, bare.settled(longer))?;
    if !powers.keep.is_available() {
        for kind in driven() {
            let opened = bare.open(kind, Level::Low, OnClose::Keep);
            refused(&format!("{kind:?} that keeps its level"), unsupported, opened)?;
        }
    }
    Ok(())
}

pub(super) fn is_known_by_its_host(fixture: &Fixture<'_>) -> Verdict {
    let (host, again) = (fixture.gpio().host(), fixture.factory()?.host());
    // Core reserves lines by it: with two hosts for the same pins, they would be taken twice.
    check(host == again, || {
        format!("the same pins are those of {host:?}, and to another factory of {again:?}")
    })
}

pub(super) fn a_closed_pin_says_so(fixture: &Fixture<'_>) -> Verdict {
    let bare = Bare::of(fixture)?;
    for kind in bare.declared() {
        let held = bare.lend(kind)?;
        held.close()?;
        held.close()?;
        is_closed(&format!("using {kind:?} that is closed"), &*held)?;
    }
    Ok(())
}

pub(super) fn a_dropped_pin_is_free(fixture: &Fixture<'_>) -> Verdict {
    let bare = Bare::of(fixture)?;
    for _ in 0..2 {
        for kind in bare.declared() {
            drop(bare.lend(kind)?);
        }
    }
    Ok(())
}

pub(super) fn a_closed_factory_holds_nothing(fixture: &Fixture<'_>) -> Verdict {
    let other = Bare::of(fixture)?;
    for kind in other.declared() {
        let bare = Bare::of(fixture)?;
        check(other.powers() == bare.powers(), || "one factory declares more than the other".to_owned())?;
        let before = fixture.observe(fixture.line)?;
        let held = bare.open(kind, !before, OnClose::Restore)?;
        bare.factory.close()?;
        bare.factory.close()?;
        gives_way(fixture, fixture.line, before, &format!("{kind:?} whose factory was closed"))?;
        is_closed(&format!("using {kind:?} of a closed factory"), &*held)?;
        let again = bare.lend(kind);
        refused(&format!("{kind:?} of a closed factory"), ErrorKind::Closed, again)?;
        other.lend(kind)?.close()?;
    }
    Ok(())
}
