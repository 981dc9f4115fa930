//! The contract of [`PinFactory`] itself, without core's help.

use std::time::Duration;

use pinzero_core::time::ms;
use pinzero_core::{
    Bias, Capabilities, Drive, EdgeSink, ErrorKind, FlexConfig, FlexPin, GroupConfig, HardwareSpiConfig,
    I2cAddress, I2cBus, I2cConfig, I2cOperation, InputConfig, InputPins, InputsConfig, Level, Line, OnClose,
    OutputConfig, OutputGroupPins, OutputPin, Pin, PinFactory, PwmConfig, PwmPin, Result, SerialConfig,
    SerialPort, SpiBus, SpiConfig, SpiOperation, Support,
};

use super::closing::gives_way;
use crate::fixture::Fixture;
use crate::verdict::{Stop, Verdict, check, refused};

/// A factory without core around it, and its lines.
struct Bare<'a> {
    factory: Box<dyn PinFactory>,
    lines: &'a [Line],
    /// The pulls that these lines can have.
    pulls: Vec<Bias>,
}

const PULLS: [Bias; 3] = [Bias::PullUp, Bias::PullDown, Bias::Disabled];

/// The roles that can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Output,
    Input,
    Inputs,
    Group,
    Flex,
    Pwm,
    Spi,
    HardwareSpi,
    I2c,
    Serial,
}

const KINDS: [Kind; 10] = [
    Kind::Output,
    Kind::Input,
    Kind::Inputs,
    Kind::Group,
    Kind::Flex,
    Kind::Pwm,
    Kind::Spi,
    Kind::HardwareSpi,
    Kind::I2c,
    Kind::Serial,
];

impl Kind {
    /// Returns `true` if the role leaves the line in a requested state.
    fn is_driven(self) -> bool {
        matches!(self, Kind::Output | Kind::Group | Kind::Flex | Kind::Pwm)
    }

    /// Returns `true` if the role is a controller of the chip, which has lines of its own.
    fn is_controller(self) -> bool {
        matches!(self, Kind::HardwareSpi | Kind::I2c | Kind::Serial)
    }
}

impl<'a> Bare<'a> {
    fn of(fixture: &'a Fixture<'_>) -> Verdict<Self> {
        let pulls = PULLS.into_iter().filter(|bias| fixture.can_pull(*bias)).collect();
        Ok(Bare { factory: fixture.factory()?, lines: &fixture.lines, pulls })
    }

    fn powers(&self) -> Capabilities {
        self.factory.capabilities()
    }

    fn power(&self, kind: Kind) -> Support {
        let powers = self.powers();
        match kind {
            Kind::Output => powers.output,
            Kind::Input => powers.input,
            Kind::Inputs => powers.inputs,
            Kind::Group => powers.group,
            Kind::Flex => powers.flex,
            Kind::Pwm => powers.pwm,
            Kind::Spi => powers.spi,
            Kind::HardwareSpi => powers.hardware_spi,
            Kind::I2c => powers.i2c,
            Kind::Serial => powers.serial,
        }
    }

    /// Returns the declared roles that the rig's lines allow.
    fn declared(&self) -> impl Iterator<Item = Kind> + use<'_> {
        let has_lines = |kind: Kind| !kind.is_controller() && (kind != Kind::Spi || self.lines.len() >= 4);
        KINDS.into_iter().filter(move |kind| self.power(*kind).is_available() && has_lines(*kind))
    }

    /// Opens the first line, or all lines if the role takes several, all at `level`: inputs by their pull, if there are
    /// pulls.
    fn open(&self, kind: Kind, level: Level, on_close: OnClose) -> Result<Box<dyn Opened>> {
        let (line, factory) = (self.lines[0], &self.factory);
        Ok(match kind {
            Kind::Output => Box::new(factory.open_output(line, OutputConfig::new(level, on_close))?),
            Kind::Input => Box::new(self.input(self.pull(level))?),
            Kind::Inputs => Box::new(factory.open_inputs(self.lines, InputsConfig::new(self.pull(level)))?),
            Kind::Group => {
                let all = u64::MAX >> (64 - self.lines.len());
                let initial = if level.is_high() { all } else { 0 };
                Box::new(factory.open_group(self.lines, GroupConfig::new(initial, on_close))?)
            }
            Kind::Flex => Box::new(factory.open_flex(line, FlexConfig::new(Drive::Output(level), on_close))?),
            Kind::Pwm => {
                let period = ms(10);
                let mut config =
                    PwmConfig::new(period, if level.is_high() { period } else { Duration::ZERO });
                (config.rest, config.on_close) = (level, on_close);
                Box::new(factory.open_pwm(line, config)?)
            }
            Kind::Spi => {
                // With too few lines, this can only be refused.
                let [clock, mosi, miso, select] =
                    [0, 1, 2, 3].map(|index| self.lines[index % self.lines.len()]);
                Box::new(factory.open_spi(SpiConfig::new(clock, mosi, miso, select))?)
            }
            Kind::HardwareSpi => Box::new(factory.open_hardware_spi(HardwareSpiConfig::new(0, 0))?),
            Kind::I2c => Box::new(factory.open_i2c(I2cConfig::new(1))?),
            Kind::Serial => Box::new(factory.open_serial(SerialConfig::new("/dev/serial0", 9600))?),
        })
    }

    /// Opens a role that restores the line.
    fn lend(&self, kind: Kind) -> Result<Box<dyn Opened>> {
        self.open(kind, Level::Low, OnClose::Restore)
    }

    /// Returns the bias that brings a line to `level`, if there are pulls.
    fn pull(&self, level: Level) -> Bias {
        let bias = if level.is_high() { Bias::PullUp } else { Bias::PullDown };
        if self.pulls.contains(&bias) { bias } else { Bias::AsIs }
    }

    fn input(&self, bias: Bias) -> Result<Box<dyn Pin>> {
        self.factory.open_input(self.lines[0], InputConfig::new(bias))
    }

    fn settled(&self, time: Duration) -> Result<Box<dyn Pin>> {
        let mut config = InputConfig::new(Bias::AsIs);
        config.settle = Some(time);
        self.factory.open_input(self.lines[0], config)
    }

    /// Opens a role that reads, with this bias.
    fn read(&self, kind: Kind, bias: Bias) -> Option<Result<Box<dyn Opened>>> {
        let boxed = |flex: Box<dyn FlexPin>| Box::new(flex) as Box<dyn Opened>;
        match kind {
            Kind::Input => Some(self.input(bias).map(|pin| Box::new(pin) as Box<dyn Opened>)),
            Kind::Inputs => {
                let pins = self.factory.open_inputs(self.lines, InputsConfig::new(bias));
                Some(pins.map(|pins| Box::new(pins) as Box<dyn Opened>))
            }
            Kind::Flex => {
                let config = FlexConfig::new(Drive::Input(bias), OnClose::Restore);
                Some(self.factory.open_flex(self.lines[0], config).map(boxed))
            }
            _ => None,
        }
    }

    /// Opens a role that reads, with sinks for its edges.
    fn with_edges(&self, kind: Kind) -> Option<Result<Box<dyn Opened>>> {
        let sink = EdgeSink::default();
        match kind {
            Kind::Input => {
                let pin = self.factory.open_input(self.lines[0], InputConfig::new(Bias::AsIs).edges(sink));
                Some(pin.map(|pin| Box::new(pin) as Box<dyn Opened>))
            }
            Kind::Inputs => {
                let sinks = vec![sink; self.lines.len()];
                let pins = self.factory.open_inputs(self.lines, InputsConfig::new(Bias::AsIs).edges(sinks));
                Some(pins.map(|pins| Box::new(pins) as Box<dyn Opened>))
            }
            Kind::Flex => {
                let config = FlexConfig::new(Drive::Input(Bias::AsIs), OnClose::Restore).edges(sink);
                let pin = self.factory.open_flex(self.lines[0], config);
                Some(pin.map(|pin| Box::new(pin) as Box<dyn Opened>))
            }
            _ => None,
        }
    }
}

/// An open role.
trait Opened {
    /// Returns the result of each way to use it.
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
        vec![self.transfer(&mut [SpiOperation::Write(&[0xa5])])]
    }

    fn close(&self) -> Result<()> {
        SpiBus::close(&**self)
    }
}

impl Opened for Box<dyn InputPins> {
    fn uses(&self) -> Vec<Result<()>> {
        vec![self.levels().map(drop)]
    }

    fn close(&self) -> Result<()> {
        InputPins::close(&**self)
    }
}

impl Opened for Box<dyn FlexPin> {
    fn uses(&self) -> Vec<Result<()>> {
        let drives = [Drive::Output(Level::High), Drive::Input(Bias::AsIs)];
        drives.map(|drive| self.turn(drive)).into_iter().chain([self.level().map(drop)]).collect()
    }

    fn close(&self) -> Result<()> {
        Pin::close(&**self)
    }
}

impl Opened for Box<dyn I2cBus> {
    fn uses(&self) -> Vec<Result<()>> {
        vec![self.transfer(I2cAddress::Seven(0x20), &mut [I2cOperation::Read(&mut [0])])]
    }

    fn close(&self) -> Result<()> {
        I2cBus::close(&**self)
    }
}

impl Opened for Box<dyn SerialPort> {
    fn uses(&self) -> Vec<Result<()>> {
        vec![self.write(&[0xa5]), self.read(&mut [0], Duration::ZERO).map(drop), self.flush()]
    }

    fn close(&self) -> Result<()> {
        SerialPort::close(&**self)
    }
}

/// Fails unless every use is refused because the pin is closed.
fn is_closed(what: &str, held: &dyn Opened) -> Verdict {
    held.uses().into_iter().try_for_each(|result| refused(what, ErrorKind::Closed, result))
}

pub(super) fn gives_what_is_declared(fixture: &Fixture<'_>) -> Verdict {
    let bare = Bare::of(fixture)?;
    let powers = bare.powers();
    let Capabilities { bias, edges, keep, .. } = powers;
    let mut own = KINDS.map(|kind| bare.power(kind)).into_iter().chain([bias, edges, keep]);
    let is_own = own.all(|power| power != Support::Emulated);
    check(is_own, || format!("emulation is core's to declare, and not the factory's: {powers:?}"))?;
    for kind in bare.declared() {
        bare.lend(kind)?.close()?;
    }
    for bias in &bare.pulls {
        for opened in bare.declared().filter_map(|kind| bare.read(kind, *bias)) {
            opened?.close()?;
        }
    }
    if powers.edges.is_available() {
        for opened in bare.declared().filter_map(|kind| bare.with_edges(kind)) {
            opened?.close()?;
        }
    }
    if !powers.settle.is_zero() {
        bare.settled(powers.settle)?.close()?;
    }
    if powers.keep.is_available() {
        for kind in bare.declared().filter(|kind| kind.is_driven()) {
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
    let driven = || bare.declared().filter(|kind| kind.is_driven());
    for bias in PULLS.into_iter().filter(|bias| !bare.pulls.contains(bias)) {
        let reads = |kind| Some((kind, bare.read(kind, bias)?));
        for (kind, opened) in bare.declared().filter_map(reads) {
            refused(&format!("{kind:?} with {bias}"), unsupported, opened)?;
        }
        for kind in driven() {
            let opened = bare.open(kind, Level::Low, OnClose::Input(bias));
            refused(&format!("{kind:?} that is closed with {bias}"), unsupported, opened)?;
        }
    }
    if !powers.edges.is_available() {
        let reads = |kind| Some((kind, bare.with_edges(kind)?));
        for (kind, opened) in bare.declared().filter_map(reads) {
            refused(&format!("{kind:?} with edges"), unsupported, opened)?;
        }
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
    // Core reserves lines by host: with two hosts for the same pins, they would be taken twice.
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

pub(super) fn hardware_spi(fixture: &Fixture<'_>) -> Verdict {
    controller(fixture, Kind::HardwareSpi)
}

pub(super) fn i2c(fixture: &Fixture<'_>) -> Verdict {
    controller(fixture, Kind::I2c)
}

pub(super) fn serial(fixture: &Fixture<'_>) -> Verdict {
    controller(fixture, Kind::Serial)
}

/// Fails unless a controller opens if it is declared, and is refused if it is not.
fn controller(fixture: &Fixture<'_>, kind: Kind) -> Verdict {
    let bare = Bare::of(fixture)?;
    let opened = bare.lend(kind);
    if !bare.power(kind).is_available() {
        return refused(&format!("{kind:?}"), ErrorKind::Unsupported, opened);
    }
    match opened {
        Ok(held) => {
            held.close()?;
            held.close()?;
            is_closed(&format!("using {kind:?} that is closed"), &*held)
        }
        Err(error) if error.kind() == ErrorKind::Unsupported => Err(error.into()),
        // The chip lacks it, not the backend.
        Err(error) => Err(Stop::NotApplicable(format!("there is no such controller here: {error}"))),
    }
}

pub(super) fn a_factory_closes_after_its_pins(fixture: &Fixture<'_>) -> Verdict {
    let other = Bare::of(fixture)?;
    for kind in other.declared() {
        let bare = Bare::of(fixture)?;
        check(other.powers() == bare.powers(), || "one factory declares more than the other".to_owned())?;
        let before = fixture.observe(fixture.line)?;
        let held = bare.open(kind, !before, OnClose::Restore)?;
        held.close()?;
        bare.factory.close()?;
        bare.factory.close()?;
        gives_way(fixture, fixture.line, before, &format!("{kind:?} that was closed before its factory"))?;
        is_closed(&format!("using {kind:?} of a closed factory"), &*held)?;
        // Neither the pin nor the factory may touch a line that others hold by now.
        let again = other.open(kind, !before, OnClose::Restore)?;
        drop(held);
        drop(bare);
        again.uses().into_iter().try_for_each(|result| result)?;
        again.close()?;
    }
    Ok(())
}
