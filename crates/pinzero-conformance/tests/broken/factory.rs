//! A sound backend in a coat that spoils one thing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pinzero_conformance::Pulses;
use pinzero_core::board::Board;
use pinzero_core::time::{Instant, ms, secs};
use pinzero_core::{
    Bias, Capabilities, Edge, EdgeSink, Error, FlexConfig, FlexPin, GroupConfig, HardwareSpiConfig, Host,
    I2cBus, I2cConfig, InputConfig, InputPins, InputsConfig, Level, Line, LineInfo, OnClose, OutputConfig,
    OutputGroupPins, OutputPin, Pin, PinFactory, PwmConfig, PwmPin, Reports, Result, SerialConfig,
    SerialPort, SoftI2cConfig, SpiBus, SpiConfig, SpiOperation, Support,
};

use crate::breadboard::{Breadboard, Desk};
use crate::waves::Wave;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Nothing,
    // What is declared.
    ClaimsGroups,
    ClaimsHardwareSpi,
    ClaimsI2c,
    ClaimsSerial,
    ClaimsPwm,
    ClaimsSoftI2c,
    ClaimsSpi,
    DeclaresEmulation,
    HidesEdges,
    HidesGroups,
    HidesHardwareSpi,
    HidesKeep,
    HidesPulls,
    HidesPullsOnClose,
    HidesSpi,
    RefusesInputs,
    RefusesOutputs,
    RefusesPulls,
    // Outputs.
    AdoptsLow,
    BlipsOnAdopting,
    BlipsOnClosing,
    DropsWrites,
    ForgetsTheInitialLevel,
    IsLateWithTheInitialLevel,
    KeepsNoLevel,
    LeavesNoLevel,
    LeavesNoPull,
    RestoresAndDrives,
    RestoresNothing,
    // Inputs.
    FreezesInputs,
    IgnoresPulls,
    KeepsPulls,
    ReadsThePull,
    // Edges.
    BringsUpOldEdges,
    LosesAndCountsEdges,
    LosesEdges,
    LosesFallingEdges,
    MixesLines,
    ReportsThePull,
    StampsBackwards,
    StampsLate,
    TurnsEdgesRound,
    // Holding lines.
    AnswersWhenClosed,
    ClosesOnce,
    HasAHostOfItsOwn,
    IsOfManyHosts,
    NeverGivesBack,
    SharesLines,
    TakesWhatItRefuses,
    // Names.
    FindsEverything,
    LiesWhenLookedAt,
    // Groups.
    GroupIgnoresMasks,
    GroupIgnoresTheInitialLevels,
    GroupIsSlow,
    GroupNeverGivesBack,
    GroupTakesWhatItCanGet,
    // PWM.
    PwmAddsThreePercent,
    PwmAnswersWhenClosed,
    PwmHalvesPulses,
    PwmHalvesPeriods,
    PwmHasOnePeriod,
    PwmKnowsWholePercents,
    PwmTogglesAtTheEnds,
    // SPI.
    SpiDeselects,
    SpiKnowsOneMode,
}

use Fault::*;

/// The backend, and what its rig has to know of it.
#[derive(Debug, Clone)]
pub(crate) struct Broken {
    fault: Fault,
    desk: Desk,
    inner: Arc<Breadboard>,
    sinks: Arc<Mutex<HashMap<Line, EdgeSink>>>,
    /// Edges that nobody listened to.
    unheard: Arc<Mutex<Vec<Edge>>>,
    edges: Arc<AtomicU64>,
    pub(crate) waves: Arc<Mutex<Vec<Wave>>>,
    is_closed: Arc<AtomicBool>,
    /// Pins that never go.
    kept: Arc<Mutex<Vec<Arc<dyn OutputPin>>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Broken {
    pub(crate) fn new(fault: Fault, desk: &Desk) -> Self {
        Broken {
            fault,
            desk: desk.clone(),
            inner: Arc::new(Breadboard::new(desk)),
            sinks: Arc::default(),
            unheard: Arc::default(),
            edges: Arc::default(),
            waves: Arc::default(),
            is_closed: Arc::default(),
            kept: Arc::default(),
        }
    }

    /// One more, on the same lines.
    pub(crate) fn another(&self) -> Self {
        Broken::new(self.fault, &self.desk)
    }

    fn pin(&self, line: Line, pin: Box<dyn OutputPin>, bias: Option<Bias>) -> BrokenPin {
        let pin: Arc<dyn OutputPin> = Arc::from(pin);
        if self.is(NeverGivesBack) {
            lock(&self.kept).push(pin.clone());
        }
        BrokenPin { factory: self.clone(), line, pin, bias }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    /// Has the outside drive a line, and reports the edge that comes of it.
    pub(crate) fn drive(&self, line: Line, level: Option<Level>) {
        let before = self.desk.level(line);
        self.desk.drive(line, level);
        let level = self.desk.level(line);
        if level == before {
            return;
        }
        let count = self.edges.fetch_add(1, Ordering::Relaxed);
        let mut edge = Edge { at: now(), level, missed: 0 };
        match self.fault {
            LosesEdges if count % 5 == 2 => return,
            LosesFallingEdges if !level.is_high() => return,
            LosesAndCountsEdges if count % 5 == 2 => return,
            LosesAndCountsEdges if count % 5 == 3 => edge.missed = 1,
            StampsBackwards => edge.at = edge.at - Duration::from_micros(count),
            // By more than a busy machine may hold up who drives the line, whose time it is compared with.
            StampsLate => edge.at += secs(1),
            TurnsEdgesRound => edge.level = !edge.level,
            _ => {}
        }
        let sinks = lock(&self.sinks);
        match sinks.get(&line) {
            _ if self.is(MixesLines) => sinks.values().for_each(|sink| sink.push([edge])),
            Some(sink) => sink.push([edge]),
            None => lock(&self.unheard).push(edge),
        }
    }

    fn leave(&self, line: Line, on_close: OnClose) -> OnClose {
        let found = if self.desk.level(line).is_high() { OnClose::High } else { OnClose::Low };
        match on_close {
            OnClose::Low | OnClose::High if self.is(LeavesNoLevel) => OnClose::Restore,
            OnClose::Keep if self.is(KeepsNoLevel) => OnClose::Restore,
            OnClose::Input(_) if self.is(LeavesNoPull) => OnClose::Restore,
            OnClose::Restore if self.is(RestoresAndDrives) => found,
            OnClose::Restore if self.is(RestoresNothing) => OnClose::Keep,
            other => other,
        }
    }

    fn check_bias(&self, bias: Bias) -> Result<()> {
        let is_there = bias == Bias::AsIs || self.capabilities().bias.is_available() || self.is(HidesPulls);
        if is_there { Ok(()) } else { Err(Error::unsupported(bias)) }
    }

    fn check_on_close(&self, on_close: OnClose) -> Result<()> {
        match on_close {
            OnClose::Input(bias) if !self.is(HidesPullsOnClose) => self.check_bias(bias),
            _ => Ok(()),
        }
    }
}

fn now() -> Instant {
    pinzero_core::time::Clock::real().now()
}

// A method that is left out would refuse what the backend inside can do.
#[deny(clippy::missing_trait_methods)]
impl PinFactory for Broken {
    fn name(&self) -> &'static str {
        "broken"
    }

    fn host(&self) -> Host {
        static HOSTS: AtomicU64 = AtomicU64::new(0);
        match self.fault {
            HasAHostOfItsOwn => Host::Chip(format!("{:p}", Arc::as_ptr(&self.inner))),
            IsOfManyHosts => Host::Remote(HOSTS.fetch_add(1, Ordering::Relaxed).to_string()),
            _ => self.inner.host(),
        }
    }

    fn capabilities(&self) -> Capabilities {
        let mut powers = Capabilities { pwm: Support::Native, ..self.inner.capabilities() };
        match self.fault {
            ClaimsGroups
            | GroupIgnoresMasks
            | GroupIgnoresTheInitialLevels
            | GroupIsSlow
            | GroupNeverGivesBack
            | GroupTakesWhatItCanGet => powers.group = Support::Native,
            ClaimsHardwareSpi => powers.hardware_spi = Support::Native,
            ClaimsI2c => powers.i2c = Support::Native,
            ClaimsSerial => powers.serial = Support::Native,
            ClaimsSoftI2c => powers.soft_i2c = Support::Native,
            ClaimsSpi | SpiDeselects | SpiKnowsOneMode => powers.spi = Support::Native,
            DeclaresEmulation => powers.group = Support::Emulated,
            HidesEdges => powers.edges = Support::None,
            HidesKeep | TakesWhatItRefuses => powers.keep = Support::None,
            HidesPulls | HidesPullsOnClose => powers.bias = Support::None,
            _ => {}
        }
        powers
    }

    fn report_to(&self, reports: &Reports) {
        self.inner.report_to(reports);
    }

    fn board(&self) -> Board {
        self.inner.board()
    }

    fn find_line(&self, _: &str) -> Result<Option<Line>> {
        Ok(self.is(FindsEverything).then_some(Line(0)))
    }

    fn line_info(&self, line: Line) -> Result<LineInfo> {
        let seen = self.inner.line_info(line)?;
        let is_lie = self.is(LiesWhenLookedAt);
        Ok(LineInfo { level: seen.level.map(|level| if is_lie { !level } else { level }), ..seen })
    }

    fn line_infos(&self, lines: &[Line]) -> Result<Vec<LineInfo>> {
        lines.iter().map(|line| self.line_info(*line)).collect()
    }

    fn open_output(&self, line: Line, config: OutputConfig) -> Result<Box<dyn OutputPin>> {
        let OutputConfig { initial, on_close, .. } = config;
        self.check_on_close(on_close)?;
        let first = match (self.fault, initial) {
            (RefusesOutputs, _) => return Err(Error::unsupported("an output")),
            (AdoptsLow, None) | (ForgetsTheInitialLevel | IsLateWithTheInitialLevel, Some(_)) => {
                Some(Level::Low)
            }
            _ => initial,
        };
        let before = self.desk.level(line);
        let config = OutputConfig::new(first, self.leave(line, on_close));
        let pin = match self.inner.open_output(line, config) {
            Err(_) if self.is(SharesLines) => Breadboard::new(&Desk::new()).open_output(line, config)?,
            pin => pin?,
        };
        if self.is(TakesWhatItRefuses) && on_close == OnClose::Keep {
            lock(&self.kept).push(Arc::from(pin));
            return Err(Error::unsupported("keeping a level"));
        }
        if let (IsLateWithTheInitialLevel, Some(level)) = (self.fault, initial) {
            pin.set(level)?;
        }
        if self.is(BlipsOnAdopting) && initial.is_none() {
            pin.set(!before)?;
            pin.set(before)?;
        }
        Ok(Box::new(self.pin(line, pin, None)))
    }

    fn open_group(&self, lines: &[Line], config: GroupConfig) -> Result<Box<dyn OutputGroupPins>> {
        let is_there = self.capabilities().group.is_available() || self.is(HidesGroups);
        if !is_there || self.is(ClaimsGroups) {
            return Err(Error::unsupported("a group"));
        }
        let initial = if self.is(GroupIgnoresTheInitialLevels) { 0 } else { config.initial };
        let open = |(index, line): (usize, &Line)| {
            let initial = Level::of_bit(initial, index);
            self.inner.open_output(*line, OutputConfig::new(initial, config.on_close))
        };
        let mut pins = Vec::new();
        for opened in lines.iter().enumerate().map(open) {
            match opened {
                Err(error) if self.is(GroupTakesWhatItCanGet) => {
                    lock(&self.kept).extend(pins.into_iter().map(Arc::from));
                    return Err(error);
                }
                pin => pins.push(pin?),
            }
        }
        Ok(Box::new(BrokenGroup { fault: self.fault, pins }))
    }

    fn open_input(&self, line: Line, config: InputConfig) -> Result<Box<dyn Pin>> {
        let is_pulled = config.bias != Bias::AsIs;
        match self.fault {
            RefusesInputs => return Err(Error::unsupported("an input")),
            RefusesPulls if is_pulled => return Err(Error::unsupported(config.bias)),
            _ => self.check_bias(config.bias)?,
        }
        let bias = if self.is(IgnoresPulls) { Bias::AsIs } else { config.bias };
        let mut quiet = InputConfig::new(bias);
        quiet.settle = config.settle;
        let pin = match self.inner.open_input(line, quiet.clone()) {
            Err(_) if self.is(SharesLines) => Breadboard::new(&Desk::new()).open_input(line, quiet)?,
            pin => pin?,
        };
        if let Some(sink) = config.edges.filter(|_| !self.is(HidesEdges)) {
            let level = pin.level()?;
            if self.is(ReportsThePull) && is_pulled {
                sink.push([Edge { at: now(), level: !level, missed: 0 }]);
            }
            if self.is(BringsUpOldEdges) {
                lock(&self.unheard).drain(..).for_each(|edge| sink.push([edge]));
            }
            lock(&self.sinks).insert(line, sink);
        }
        let bias = Some(config.bias).filter(|_| is_pulled);
        let level = match self.fault {
            FreezesInputs => Some(pin.level()?),
            ReadsThePull => config.bias.level(),
            _ => None,
        };
        Ok(Box::new(self.pin(line, Box::new(Reads { pin, level }), bias)))
    }

    fn open_pwm(&self, line: Line, config: PwmConfig) -> Result<Box<dyn PwmPin>> {
        if self.is(ClaimsPwm) {
            return Err(Error::unsupported("PWM"));
        }
        self.check_on_close(config.on_close)?;
        let PwmConfig { period, pulse, rest, on_close, .. } = config;
        let late = self.is(IsLateWithTheInitialLevel).then_some(Level::High);
        let output = OutputConfig::new(late.or(Wave::steady(period, pulse)), self.leave(line, on_close));
        let pin = self.inner.open_output(line, output)?;
        let pwm = BrokenPwm { factory: self.clone(), line, pin, rest, on_close };
        pwm.set(period, pulse)?;
        Ok(Box::new(pwm))
    }

    fn open_spi(&self, config: SpiConfig) -> Result<Box<dyn SpiBus>> {
        match self.fault {
            HidesSpi => Ok(Box::new(Bus(None))),
            SpiDeselects => {
                let select = OutputConfig::new(Level::High, OnClose::Restore);
                Ok(Box::new(Bus(Some(self.inner.open_output(config.select, select)?))))
            }
            SpiKnowsOneMode => {
                let open =
                    |line| self.inner.open_output(line, OutputConfig::new(Level::Low, OnClose::Restore));
                Ok(Box::new(OneMode { clock: open(config.clock)?, mosi: open(config.mosi)? }))
            }
            _ => Err(Error::unsupported("SPI")),
        }
    }

    fn open_inputs(&self, lines: &[Line], config: InputsConfig) -> Result<Box<dyn InputPins>> {
        self.inner.open_inputs(lines, config)
    }

    fn open_flex(&self, line: Line, config: FlexConfig) -> Result<Box<dyn FlexPin>> {
        self.inner.open_flex(line, config)
    }

    fn open_hardware_spi(&self, config: HardwareSpiConfig) -> Result<Box<dyn SpiBus>> {
        if self.is(HidesHardwareSpi) { Ok(Box::new(Bus(None))) } else { self.inner.open_hardware_spi(config) }
    }

    fn open_i2c(&self, config: I2cConfig) -> Result<Box<dyn I2cBus>> {
        self.inner.open_i2c(config)
    }

    fn open_soft_i2c(&self, config: SoftI2cConfig) -> Result<Box<dyn I2cBus>> {
        self.inner.open_soft_i2c(config)
    }

    fn open_serial(&self, config: SerialConfig) -> Result<Box<dyn SerialPort>> {
        self.inner.open_serial(config)
    }

    fn close(&self) -> Result<()> {
        if self.is(ClosesOnce) && self.is_closed.swap(true, Ordering::AcqRel) {
            return Err(Error::closed());
        }
        self.inner.close()
    }
}

/// A bus that sends nothing, and at best selects a device for each operation anew.
#[derive(Debug)]
struct Bus(Option<Box<dyn OutputPin>>);

impl SpiBus for Bus {
    fn transfer(&self, operations: &mut [SpiOperation<'_>]) -> Result<()> {
        let select = |level| self.0.as_ref().map_or(Ok(()), |select| select.set(level));
        for operation in operations {
            select(Level::Low)?;
            if let SpiOperation::Delay(time) = operation {
                std::thread::sleep(*time);
            }
            select(Level::High)?;
        }
        Ok(())
    }

    fn close(&self) -> Result<()> {
        self.0.as_ref().map_or(Ok(()), |select| select.close())
    }
}

/// A bus that only writes, and in the first mode only.
#[derive(Debug)]
struct OneMode {
    clock: Box<dyn OutputPin>,
    mosi: Box<dyn OutputPin>,
}

impl SpiBus for OneMode {
    fn transfer(&self, operations: &mut [SpiOperation<'_>]) -> Result<()> {
        for operation in operations {
            let SpiOperation::Write(data) = operation else { continue };
            for bit in data.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)) {
                self.mosi.set(Level::from(bit))?;
                [Level::High, Level::Low].into_iter().try_for_each(|level| self.clock.set(level))?;
            }
        }
        Ok(())
    }

    fn close(&self) -> Result<()> {
        self.clock.close().and(self.mosi.close())
    }
}

/// An input where an output is wanted.
#[derive(Debug)]
struct Reads {
    pin: Box<dyn Pin>,
    /// What it reads whatever there is.
    level: Option<Level>,
}

impl Pin for Reads {
    fn level(&self) -> Result<Level> {
        let level = self.pin.level()?;
        Ok(self.level.unwrap_or(level))
    }

    fn close(&self) -> Result<()> {
        self.pin.close()
    }
}

impl OutputPin for Reads {
    fn set(&self, _: Level) -> Result<()> {
        Ok(())
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct BrokenPin {
    factory: Broken,
    line: Line,
    pin: Arc<dyn OutputPin>,
    /// The pull that it has set.
    bias: Option<Bias>,
}

impl Pin for BrokenPin {
    fn level(&self) -> Result<Level> {
        match self.pin.level() {
            Err(_) if self.factory.is(AnswersWhenClosed) => Ok(Level::Low),
            level => level,
        }
    }

    fn close(&self) -> Result<()> {
        lock(&self.factory.sinks).remove(&self.line);
        if self.factory.is(NeverGivesBack) {
            return Ok(());
        }
        blip(&self.factory, &*self.pin)?;
        self.pin.close()?;
        if let (KeepsPulls, Some(bias)) = (self.factory.fault, self.bias) {
            let config = OutputConfig::new(None, OnClose::Input(bias));
            self.factory.inner.open_output(self.line, config)?.close()?;
        }
        Ok(())
    }
}

impl OutputPin for BrokenPin {
    fn set(&self, level: Level) -> Result<()> {
        match self.factory.fault {
            DropsWrites => self.pin.level().map(drop),
            AnswersWhenClosed => self.pin.set(level).or(Ok(())),
            _ => self.pin.set(level),
        }
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct BrokenGroup {
    fault: Fault,
    pins: Vec<Box<dyn OutputPin>>,
}

impl OutputGroupPins for BrokenGroup {
    fn set(&self, mask: u64, levels: u64) -> Result<()> {
        let mask = if self.fault == GroupIgnoresMasks { u64::MAX } else { mask };
        for (index, pin) in self.pins.iter().enumerate().filter(|(index, _)| mask >> index & 1 == 1) {
            pin.set(Level::of_bit(levels, index))?;
            if self.fault == GroupIsSlow {
                std::thread::sleep(ms(2));
            }
        }
        Ok(())
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }

    fn levels(&self) -> Result<u64> {
        let mut levels = 0;
        for (index, pin) in self.pins.iter().enumerate() {
            levels |= u64::from(pin.level()?.is_high()) << index;
        }
        Ok(levels)
    }

    fn close(&self) -> Result<()> {
        let kept = usize::from(self.fault == GroupNeverGivesBack);
        self.pins[kept..].iter().try_for_each(|pin| pin.close())
    }
}

/// Shows a level that nobody asked for, if that is what is wrong.
fn blip(factory: &Broken, pin: &dyn OutputPin) -> Result<()> {
    match pin.level() {
        Ok(level) if factory.is(BlipsOnClosing) => pin.set(!level),
        _ => Ok(()),
    }
}

#[derive(Debug)]
struct BrokenPwm {
    factory: Broken,
    line: Line,
    pin: Box<dyn OutputPin>,
    rest: Level,
    on_close: OnClose,
}

impl PwmPin for BrokenPwm {
    fn set(&self, period: Duration, pulse: Duration) -> Result<()> {
        match self.pin.level() {
            Err(error) if !self.factory.is(PwmAnswersWhenClosed) => return Err(error),
            _ => {}
        }
        let percent = period / 100;
        let (period, pulse) = match self.factory.fault {
            PwmAddsThreePercent => (period, pulse + percent * 3),
            PwmHalvesPeriods => (period / 2, pulse / 2),
            PwmHalvesPulses => (period, pulse / 2),
            PwmHasOnePeriod => (ms(10), pulse),
            PwmKnowsWholePercents => (period, percent * (pulse.as_nanos() / percent.as_nanos()) as u32),
            PwmTogglesAtTheEnds => (period, pulse.clamp(percent, percent * 99)),
            _ => (period, pulse),
        };
        let now = now();
        let mut waves = lock(&self.factory.waves);
        Wave::end(&mut waves, self.line, now);
        waves.push(Wave { line: self.line, from: now, to: None, pulses: Pulses { period, pulse } });
        drop(waves);
        match Wave::steady(period, pulse) {
            Some(level) => self.pin.set(level).or_else(|error| match self.factory.fault {
                PwmAnswersWhenClosed => Ok(()),
                _ => Err(error),
            }),
            None => Ok(()),
        }
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }

    fn close(&self) -> Result<()> {
        let wave = Wave::end(&mut lock(&self.factory.waves), self.line, now());
        let running = wave.filter(|wave| Wave::steady(wave.pulses.period, wave.pulses.pulse).is_none());
        if running.is_some() && self.on_close == OnClose::Keep {
            self.pin.set(self.rest)?;
        }
        blip(&self.factory, &*self.pin)?;
        self.pin.close()
    }
}

/// A wave does not outlive its pin, however that goes.
impl Drop for BrokenPwm {
    fn drop(&mut self) {
        Wave::end(&mut lock(&self.factory.waves), self.line, now());
    }
}
