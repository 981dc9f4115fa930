//! Faults in the roles that few backends have: inputs that belong together and flexible lines, over the mock.

use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use pinzero_conformance::{Pulses, Rig, Suite};
use pinzero_core::board::Board;
use pinzero_core::mock::{self, MockFactory, MockGpio};
use pinzero_core::time::{Instant, ms};
use pinzero_core::{
    Bias, Blink, Capabilities, Drive, Edge, EdgeSink, Error, FlexConfig, FlexPin, Gpio, GroupConfig,
    HardwareSpiConfig, Host, I2cBus, I2cConfig, InputConfig, InputPins, InputsConfig, Level, Line,
    LineFunction, LineInfo, OnClose, OutputConfig, OutputGroupPins, OutputPin, Pin, PinFactory, PwmConfig,
    PwmPin, Reports, Result, SerialConfig, SerialPort, SoftI2cConfig, SpiBus, SpiConfig, Support,
};

use crate::outcome;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Nothing,
    ClaimsFlex,
    ClaimsInputs,
    HidesFlex,
    HidesInputs,
    FlexAnswersWhenClosed,
    FlexBlipsOnClosing,
    FlexBlipsOnTurning,
    FlexHalvesPulses,
    FlexHearsItself,
    FlexHearsNothing,
    FlexIgnoresPulls,
    FlexIsLateWithItsStart,
    FlexKeepsNoLevel,
    FlexLeavesNoLevel,
    FlexLeavesNoPull,
    FlexLetsGo,
    FlexRestoresNothing,
    FlexReadsHigh,
    FlexStartsLow,
    FlexStaysAnOutput,
    InputsAnswerWhenClosed,
    InputsComeLineByLine,
    InputsIgnorePulls,
    InputsLoseEdges,
    InputsNeverGiveBack,
    InputsReadTheFirst,
    InputsTakeWhatTheyCanGet,
}

use Fault::*;

/// What is wrong, and a trial that is there to notice.
const FAULTS: &[(Fault, &str)] = &[
    (ClaimsInputs, "honesty::inputs"),
    (ClaimsFlex, "honesty::flex"),
    (ClaimsInputs, "boundary::gives_what_is_declared"),
    (ClaimsFlex, "boundary::gives_what_is_declared"),
    (HidesInputs, "boundary::refuses_what_is_not_declared"),
    (HidesFlex, "boundary::refuses_what_is_not_declared"),
    (InputsAnswerWhenClosed, "boundary::a_closed_pin_says_so"),
    (FlexAnswersWhenClosed, "boundary::a_closed_pin_says_so"),
    (InputsReadTheFirst, "inputs::read_their_levels"),
    (InputsIgnorePulls, "inputs::are_pulled"),
    (InputsComeLineByLine, "inputs::hear_edges_in_one_order"),
    (InputsLoseEdges, "inputs::count_what_is_lost"),
    (InputsNeverGiveBack, "inputs::are_taken_and_closed_as_one"),
    (InputsAnswerWhenClosed, "inputs::are_taken_and_closed_as_one"),
    (InputsTakeWhatTheyCanGet, "inputs::are_opened_as_a_whole_or_not_at_all"),
    (FlexStartsLow, "flex::starts_as_it_is_told"),
    (FlexIsLateWithItsStart, "flex::starts_without_a_blip"),
    (FlexStaysAnOutput, "flex::turns_round"),
    (FlexBlipsOnTurning, "flex::turns_without_a_blip"),
    (FlexIgnoresPulls, "flex::is_pulled_as_it_turns"),
    (FlexHearsItself, "flex::hears_edges_only_as_an_input"),
    (FlexHearsNothing, "flex::hears_edges_only_as_an_input"),
    (FlexHalvesPulses, "flex::carries_pulses"),
    (FlexLetsGo, "flex::is_held_throughout"),
    (FlexAnswersWhenClosed, "flex::a_closed_line_says_so"),
    (FlexBlipsOnClosing, "flex::ends_without_a_blip"),
    (FlexRestoresNothing, "flex::restores_what_it_found"),
    (FlexLeavesNoPull, "flex::leaves_the_pull_asked_for"),
    (FlexLeavesNoLevel, "flex::leaves_low_or_high"),
    (FlexKeepsNoLevel, "flex::keeps_its_level"),
    (FlexIgnoresPulls, "i2c::calls_a_device"),
    (FlexBlipsOnTurning, "i2c::calls_a_device"),
    (FlexReadsHigh, "i2c::waits_for_a_held_line_and_no_longer"),
    (FlexRestoresNothing, "i2c::gives_its_lines_back"),
];

/// The trials that notice one of these faults.
pub(crate) fn trials() -> impl Iterator<Item = &'static str> {
    FAULTS.iter().map(|(_, trial)| *trial)
}

/// The mock in a coat that spoils one thing, and counts the writes to groups.
#[derive(Debug, Clone)]
struct Coat {
    fault: Fault,
    mock: MockGpio,
    inner: Arc<MockFactory>,
    group_writes: Arc<AtomicU64>,
    /// The sinks of inputs whose edges are told by hand.
    sinks: Arc<Mutex<HashMap<Line, EdgeSink>>>,
    held: Arc<Mutex<Vec<(Line, Edge)>>>,
    /// Pins that never go.
    kept: Arc<Mutex<Vec<Arc<dyn Any + Send + Sync>>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Coat {
    fn new(fault: Fault, mock: &MockGpio) -> Self {
        Coat {
            fault,
            mock: mock.clone(),
            inner: Arc::new(mock.factory()),
            group_writes: Arc::default(),
            sinks: Arc::default(),
            held: Arc::default(),
            kept: Arc::default(),
        }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn drive(&self, line: Line, level: Option<Level>) {
        let outside = self.mock.line(line);
        let before = outside.level();
        level.map_or_else(|| outside.release(), |level| outside.drive(level));
        let level = outside.level();
        let sinks = lock(&self.sinks);
        if level == before || !sinks.contains_key(&line) {
            return;
        }
        let mut held = lock(&self.held);
        held.push((line, Edge { at: self.mock.now(), level, missed: 0 }));
        if held.len() < 4 {
            return;
        }
        if self.is(InputsComeLineByLine) {
            held.sort_by_key(|(line, _)| *line);
        }
        let lost = usize::from(self.is(InputsLoseEdges));
        for (line, edge) in held.drain(..).skip(lost) {
            sinks[&line].push([edge]);
        }
    }

    fn leave(&self, on_close: OnClose) -> OnClose {
        match (self.fault, on_close) {
            (FlexKeepsNoLevel, OnClose::Keep)
            | (FlexLeavesNoLevel, OnClose::Low | OnClose::High)
            | (FlexLeavesNoPull, OnClose::Input(_)) => OnClose::Restore,
            (FlexRestoresNothing, OnClose::Restore) => OnClose::Keep,
            _ => on_close,
        }
    }
}

// A method that is left out would refuse what the backend inside can do.
#[deny(clippy::missing_trait_methods)]
impl PinFactory for Coat {
    fn name(&self) -> &'static str {
        "coat"
    }

    fn host(&self) -> Host {
        self.inner.host()
    }

    fn capabilities(&self) -> Capabilities {
        let powers = self.inner.capabilities();
        match self.fault {
            HidesFlex => Capabilities { flex: Support::None, ..powers },
            HidesInputs => Capabilities { inputs: Support::None, ..powers },
            _ => powers,
        }
    }

    fn report_to(&self, reports: &Reports) {
        self.inner.report_to(reports);
    }

    fn board(&self) -> Board {
        self.inner.board()
    }

    fn find_line(&self, name: &str) -> Result<Option<Line>> {
        self.inner.find_line(name)
    }

    fn line_info(&self, line: Line) -> Result<LineInfo> {
        self.inner.line_info(line)
    }

    fn line_infos(&self, lines: &[Line]) -> Result<Vec<LineInfo>> {
        self.inner.line_infos(lines)
    }

    fn open_output(&self, line: Line, config: OutputConfig) -> Result<Box<dyn OutputPin>> {
        self.inner.open_output(line, config)
    }

    fn open_input(&self, line: Line, config: InputConfig) -> Result<Box<dyn Pin>> {
        self.inner.open_input(line, config)
    }

    fn open_inputs(&self, lines: &[Line], mut config: InputsConfig) -> Result<Box<dyn InputPins>> {
        match self.fault {
            ClaimsInputs => return Err(Error::unsupported("inputs that belong together")),
            InputsIgnorePulls => config.bias = Bias::AsIs,
            InputsComeLineByLine | InputsLoseEdges => {
                let sinks = std::mem::take(&mut config.edges);
                lock(&self.sinks).extend(lines.iter().copied().zip(sinks));
            }
            _ => {}
        }
        let pins = self.inner.open_inputs(lines, config).inspect_err(|_| {
            if self.is(InputsTakeWhatTheyCanGet) {
                let open = |line: &Line| self.inner.open_input(*line, InputConfig::new(Bias::AsIs)).ok();
                let got: Vec<Box<dyn Pin>> = lines.iter().filter_map(open).collect();
                lock(&self.kept).push(Arc::new(got));
            }
        })?;
        Ok(Box::new(CoatInputs { fault: self.fault, pins }))
    }

    fn open_group(&self, lines: &[Line], config: GroupConfig) -> Result<Box<dyn OutputGroupPins>> {
        let pins = self.inner.open_group(lines, config)?;
        Ok(Box::new(CountingGroup { pins, writes: self.group_writes.clone() }))
    }

    fn open_flex(&self, line: Line, mut config: FlexConfig) -> Result<Box<dyn FlexPin>> {
        if self.is(ClaimsFlex) {
            return Err(Error::unsupported("a flexible line (`flex`)"));
        }
        config.on_close = self.leave(config.on_close);
        let (sink, start) = (config.edges.clone(), config.start);
        match (self.fault, start) {
            (FlexStartsLow, Drive::Output(_)) => config.start = Drive::Output(Level::Low),
            (FlexIsLateWithItsStart, Drive::Output(level)) => config.start = Drive::Output(!level),
            (FlexIgnoresPulls, Drive::Input(_)) => config.start = Drive::Input(Bias::AsIs),
            (FlexHearsNothing, _) => config.edges = None,
            _ => {}
        }
        let pin = self.inner.open_flex(line, config)?;
        if self.is(FlexIsLateWithItsStart) {
            pin.turn(start)?;
        }
        let is_closed = AtomicBool::new(false);
        Ok(Box::new(CoatFlex { fault: self.fault, pin, sink, is_closed }))
    }

    fn open_pwm(&self, line: Line, config: PwmConfig) -> Result<Box<dyn PwmPin>> {
        self.inner.open_pwm(line, config)
    }

    fn open_spi(&self, config: SpiConfig) -> Result<Box<dyn SpiBus>> {
        self.inner.open_spi(config)
    }

    fn open_hardware_spi(&self, config: HardwareSpiConfig) -> Result<Box<dyn SpiBus>> {
        self.inner.open_hardware_spi(config)
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
        self.inner.close()
    }
}

#[derive(Debug)]
struct CoatInputs {
    fault: Fault,
    pins: Box<dyn InputPins>,
}

impl InputPins for CoatInputs {
    fn levels(&self) -> Result<u64> {
        match (self.fault, self.pins.levels()) {
            (InputsAnswerWhenClosed, Err(_)) => Ok(0),
            (InputsReadTheFirst, Ok(levels)) => Ok(if levels & 1 == 1 { u64::MAX } else { 0 }),
            (_, levels) => levels,
        }
    }

    fn close(&self) -> Result<()> {
        if self.fault == InputsNeverGiveBack { Ok(()) } else { self.pins.close() }
    }
}

#[derive(Debug)]
struct CountingGroup {
    pins: Box<dyn OutputGroupPins>,
    writes: Arc<AtomicU64>,
}

impl OutputGroupPins for CountingGroup {
    fn set(&self, mask: u64, levels: u64) -> Result<()> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        self.pins.set(mask, levels)
    }

    fn confirm(&self) -> Result<()> {
        self.pins.confirm()
    }

    fn levels(&self) -> Result<u64> {
        self.pins.levels()
    }

    fn close(&self) -> Result<()> {
        self.pins.close()
    }
}

#[derive(Debug)]
struct CoatFlex {
    fault: Fault,
    pin: Box<dyn FlexPin>,
    sink: Option<EdgeSink>,
    is_closed: AtomicBool,
}

impl Pin for CoatFlex {
    fn level(&self) -> Result<Level> {
        match (self.fault, self.pin.level()) {
            (FlexAnswersWhenClosed, Err(_)) => Ok(Level::Low),
            (FlexReadsHigh, Ok(_)) => Ok(Level::High),
            (_, level) => level,
        }
    }

    fn close(&self) -> Result<()> {
        if self.fault == FlexBlipsOnClosing && !self.is_closed.swap(true, Ordering::AcqRel) {
            let level = self.pin.level()?;
            self.pin.turn(Drive::Output(!level))?;
        }
        self.pin.close()
    }
}

impl FlexPin for CoatFlex {
    fn turn(&self, drive: Drive) -> Result<()> {
        match (self.fault, drive) {
            (FlexStaysAnOutput, Drive::Input(_)) => self.pin.level().map(drop),
            (FlexIgnoresPulls, Drive::Input(_)) => self.pin.turn(Drive::Input(Bias::AsIs)),
            (FlexLetsGo, Drive::Input(_)) => self.pin.close(),
            (FlexHalvesPulses, Drive::Pwm { period, pulse }) => {
                self.pin.turn(Drive::Pwm { period, pulse: pulse / 2 })
            }
            (FlexBlipsOnTurning, _) => {
                let level = self.pin.level()?;
                self.pin.turn(Drive::Output(!level))?;
                self.pin.turn(Drive::Output(level))?;
                self.pin.turn(drive)
            }
            (FlexHearsItself, Drive::Output(level)) => {
                self.pin.turn(drive)?;
                let at = pinzero_core::time::Clock::real().now();
                self.sink.iter().for_each(|sink| sink.push([Edge { at, level, missed: 0 }]));
                Ok(())
            }
            (FlexAnswersWhenClosed, _) => self.pin.turn(drive).or(Ok(())),
            _ => self.pin.turn(drive),
        }
    }

    fn confirm(&self) -> Result<()> {
        self.pin.confirm()
    }
}

/// A rig whose backend wears the coat.
struct OnAMock {
    gpio: Gpio,
    coat: Coat,
}

impl OnAMock {
    fn new(fault: Fault) -> Result<Self> {
        let coat = Coat::new(fault, &mock::builder().realtime().try_open()?);
        Ok(OnAMock { gpio: Gpio::new(coat.clone())?, coat })
    }
}

impl Rig for OnAMock {
    fn gpio(&self) -> &Gpio {
        &self.gpio
    }

    fn lines(&self) -> Vec<Line> {
        [4, 17, 22, 27].map(Line).to_vec()
    }

    fn drive(&self, line: Line, level: Option<Level>) -> Result<()> {
        self.coat.drive(line, level);
        Ok(())
    }

    fn observe(&self, line: Line) -> Result<Level> {
        Ok(self.coat.mock.line(line).level())
    }

    fn changes(&self, line: Line) -> Result<Option<Vec<(Instant, Level)>>> {
        let history = self.coat.mock.line(line).history();
        Ok(Some(history.into_iter().map(|(at, level)| (Instant::ZERO + at, level)).collect()))
    }

    fn pulses(&self, line: Line) -> Result<Option<Pulses>> {
        let line = self.coat.mock.line(line);
        let pulse = line.pulses().pop().filter(|_| line.function() == LineFunction::Pwm);
        Ok(pulse.map(|pulse| Pulses { period: pulse.period, pulse: pulse.pulse }))
    }

    fn factory(&self) -> Result<Option<Box<dyn PinFactory>>> {
        Ok(Some(Box::new(self.coat.clone())))
    }

    fn take_elsewhere(&self, line: Line) -> Result<Option<Box<dyn Any>>> {
        Ok(Some(Box::new(self.coat.inner.open_input(line, InputConfig::new(Bias::AsIs))?)))
    }
}

fn suite(fault: Fault) -> Suite {
    Suite::new("broken", move || OnAMock::new(fault))
}

#[test]
fn every_fault_of_a_role_is_noticed() {
    let is_noticed = |fault, trial| outcome(&suite(fault), trial).num_failed == 1;
    let unnoticed: Vec<_> = thread::scope(|scope| {
        let run = |(fault, trial)| (fault, trial, scope.spawn(move || is_noticed(fault, trial)));
        let running: Vec<_> = FAULTS.iter().copied().map(run).collect();
        let ended = running.into_iter().map(|(fault, trial, run)| (fault, trial, run.join().unwrap()));
        ended.filter(|(_, _, is_noticed)| !is_noticed).map(|(fault, trial, _)| (fault, trial)).collect()
    });
    assert_eq!(unnoticed, []);
}

#[test]
fn no_fault_of_a_role_is_seen_where_there_is_none() {
    for trial in trials() {
        assert_eq!(outcome(&suite(Nothing), trial).num_passed, 1, "{trial}");
    }
}

#[test]
fn a_group_is_written_once_in_each_step() -> Result<()> {
    let rig = OnAMock::new(Nothing)?;
    let group = rig.gpio.group(rig.lines()).open()?;
    let writes = || rig.coat.group_writes.swap(0, Ordering::Relaxed);
    assert_eq!(writes(), 0);
    group.set(0b1010)?;
    assert_eq!(writes(), 1);
    group.outputs()[2].set(Level::High)?;
    assert_eq!(writes(), 1);
    group.blink(Blink::new(ms(5), ms(5)).times(3), Level::High)?.wait()?;
    assert_eq!(writes(), 6, "on and off, three times");
    group.close()
}
