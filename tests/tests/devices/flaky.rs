//! A factory whose writes fail when a test says so, and which notes the writes of groups.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use pinzero::board::Board;
use pinzero::mock::MockGpio;
use pinzero::prelude::*;
use pinzero::{Capabilities, Drive, ErrorKind, Host, Line, LineInfo, PinFactory, Result};
use pinzero_core::{
    FlexConfig, FlexPin, GroupConfig, InputConfig, InputPins, InputsConfig, OutputConfig, OutputGroupPins,
    OutputPin, Pin,
};
use pinzero_tests::Log;

/// The mock, some of whose writes fail.
#[derive(Debug)]
pub(crate) struct Flaky {
    inner: Arc<dyn PinFactory>,
    /// The number of writes that fail from now on.
    fails: Arc<AtomicU32>,
    writes: Log<GroupWrite>,
}

/// The mask and the levels of a write to a group.
pub(crate) type GroupWrite = (u64, u64);

#[derive(Debug)]
struct FlakyFlex(Box<dyn FlexPin>, Arc<AtomicU32>);

impl Flaky {
    /// Returns a factory on the mock's pins, and the number of writes that fail from now on. Errors that no caller receives are dropped.
    pub(crate) fn over(mock: &MockGpio) -> Result<(Gpio, Arc<AtomicU32>)> {
        let flaky = Flaky::new(mock);
        let fails = flaky.fails.clone();
        let gpio = Gpio::new(flaky)?;
        gpio.on_error(|_| ());
        Ok((gpio, fails))
    }

    /// Returns a factory on the mock's pins and clock, the number of writes that fail from now on, and the writes to groups.
    pub(crate) fn on_the_clock_of(mock: &MockGpio) -> Result<(Gpio, Arc<AtomicU32>, Log<GroupWrite>)> {
        let flaky = Flaky::new(mock);
        let (fails, writes) = (flaky.fails.clone(), flaky.writes.clone());
        Ok((Gpio::builder(flaky).through(mock).open()?, fails, writes))
    }

    fn new(mock: &MockGpio) -> Flaky {
        Flaky { inner: Arc::new(mock.factory()), fails: Arc::default(), writes: Log::new() }
    }
}

/// Fails, if a failure is left.
fn check(fails: &AtomicU32) -> Result<()> {
    let take = |left: u32| left.checked_sub(1);
    match fails.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
        Ok(_) => Err(Error::new(ErrorKind::Io, "on purpose")),
        Err(_) => Ok(()),
    }
}

impl PinFactory for Flaky {
    fn name(&self) -> &'static str {
        "flaky"
    }

    fn host(&self) -> Host {
        self.inner.host()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
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

    fn open_output(&self, line: Line, config: OutputConfig) -> Result<Box<dyn OutputPin>> {
        Ok(Box::new(FlakyOutput(self.inner.open_output(line, config)?, self.fails.clone())))
    }

    fn open_input(&self, line: Line, config: InputConfig) -> Result<Box<dyn Pin>> {
        self.inner.open_input(line, config)
    }

    fn open_inputs(&self, lines: &[Line], config: InputsConfig) -> Result<Box<dyn InputPins>> {
        self.inner.open_inputs(lines, config)
    }

    fn open_group(&self, lines: &[Line], config: GroupConfig) -> Result<Box<dyn OutputGroupPins>> {
        let group = self.inner.open_group(lines, config)?;
        Ok(Box::new(FlakyGroup { inner: group, fails: self.fails.clone(), writes: self.writes.clone() }))
    }

    fn open_flex(&self, line: Line, config: FlexConfig) -> Result<Box<dyn FlexPin>> {
        let flex = self.inner.open_flex(line, config)?;
        Ok(Box::new(FlakyFlex(flex, self.fails.clone())))
    }

    fn close(&self) -> Result<()> {
        self.inner.close()
    }
}

impl Pin for FlakyFlex {
    fn level(&self) -> Result<Level> {
        self.0.level()
    }

    fn close(&self) -> Result<()> {
        self.0.close()
    }
}

impl FlexPin for FlakyFlex {
    fn turn(&self, drive: Drive) -> Result<()> {
        check(&self.1)?;
        self.0.turn(drive)
    }

    fn confirm(&self) -> Result<()> {
        self.0.confirm()
    }
}

#[derive(Debug)]
struct FlakyGroup {
    inner: Box<dyn OutputGroupPins>,
    fails: Arc<AtomicU32>,
    writes: Log<GroupWrite>,
}

impl OutputGroupPins for FlakyGroup {
    fn set(&self, mask: u64, levels: u64) -> Result<()> {
        check(&self.fails)?;
        self.writes.push((mask, levels));
        self.inner.set(mask, levels)
    }

    fn confirm(&self) -> Result<()> {
        self.inner.confirm()
    }

    fn levels(&self) -> Result<u64> {
        self.inner.levels()
    }

    fn close(&self) -> Result<()> {
        self.inner.close()
    }
}

#[derive(Debug)]
struct FlakyOutput(Box<dyn OutputPin>, Arc<AtomicU32>);

impl Pin for FlakyOutput {
    fn level(&self) -> Result<Level> {
        self.0.level()
    }

    fn close(&self) -> Result<()> {
        self.0.close()
    }
}

impl OutputPin for FlakyOutput {
    fn set(&self, level: Level) -> Result<()> {
        check(&self.1)?;
        self.0.set(level)
    }

    fn confirm(&self) -> Result<()> {
        self.0.confirm()
    }
}
