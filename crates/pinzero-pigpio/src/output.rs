//! Lines that are driven, one by one and in groups.

use std::sync::Arc;

use pinzero_core::board::Board;
use pinzero_core::{
    GroupConfig, Level, Line, OnClose, OutputConfig, OutputGroupPins, OutputPin, Pin, Result,
};

use crate::driver::Driver;
use crate::found::{Found, write};
use crate::link::{Held, Link};
use crate::protocol::Command;
use crate::session::Session;
use crate::wire::Frame;

/// An output; closed when dropped.
#[derive(Debug)]
pub(crate) struct PigpioOutput {
    output: Arc<Output>,
    ticket: u64,
}

#[derive(Debug)]
struct Output {
    line: u32,
    found: Found,
    on_close: OnClose,
    driver: Driver<Level>,
}

impl PigpioOutput {
    pub(crate) fn open(link: &Arc<Link>, board: &Board, line: Line, config: OutputConfig) -> Result<Self> {
        let session = link.wait_for_session()?;
        let found = Found::new(line.0, &session.wire.ask_all(&Found::questions(line.0))?, board)?;
        let level = config.initial.unwrap_or(found.level);
        let driver = Driver::new(link.clone(), level);
        let output = Arc::new(Output { line: line.0, found, on_close: config.on_close, driver });
        let held: std::sync::Weak<Output> = Arc::downgrade(&output);
        let pin = PigpioOutput { ticket: link.hold(held), output };
        // If it is refused or the connection is lost on the way, dropping this gives the line back.
        pin.output.restore(&session, false)?;
        Ok(pin)
    }
}

/// What makes a line an output, and marks it. The daemon sets the level first.
fn start(found: &Found, line: u32, level: Level) -> Vec<Frame> {
    std::iter::once(write(line, level)).chain(found.mark()).collect()
}

impl Pin for PigpioOutput {
    fn level(&self) -> Result<Level> {
        let Output { driver, line, .. } = &*self.output;
        driver.check_open()?;
        let level = Level::from(driver.link().value(Command::Read, *line, 0)? != 0);
        driver.complaint()?;
        Ok(level)
    }

    fn close(&self) -> Result<()> {
        self.output.driver.link().release(self.ticket);
        self.output.close()
    }
}

impl OutputPin for PigpioOutput {
    fn set(&self, level: Level) -> Result<()> {
        let Output { driver, line, .. } = &*self.output;
        driver.set(|_| Ok(level), |_, level| [write(*line, level)])
    }

    fn confirm(&self) -> Result<()> {
        self.output.driver.confirm(|session| self.output.catch_up(session))
    }
}

impl Held for Output {
    fn marked(&self) -> Option<(u32, u32)> {
        self.found.marked()
    }

    fn restore(&self, session: &Arc<Session>, _: bool) -> Result<()> {
        self.driver.restore(session, |level| start(&self.found, self.line, level))
    }

    fn catch_up(&self, session: &Arc<Session>) {
        self.driver.catch_up(session, |level| vec![write(self.line, level)]);
    }

    fn close(&self) -> Result<()> {
        match self.driver.close() {
            Some(last) => {
                let frames = self.found.leave_output(self.on_close, last);
                self.driver.link().give_back(frames).and(self.driver.complaint())
            }
            None => Ok(()),
        }
    }
}

impl Drop for PigpioOutput {
    fn drop(&mut self) {
        if let Err(error) = Pin::close(self) {
            log::warn!("a line was not given back as it should be: {error}");
        }
    }
}

/// Outputs that change together; closed when dropped.
#[derive(Debug)]
pub(crate) struct PigpioGroup {
    group: Arc<Group>,
    ticket: u64,
}

#[derive(Debug)]
struct Group {
    lines: Vec<u32>,
    found: Vec<Found>,
    on_close: OnClose,
    driver: Driver<u64>,
}

impl PigpioGroup {
    pub(crate) fn open(link: &Arc<Link>, board: &Board, lines: &[Line], config: GroupConfig) -> Result<Self> {
        let session = link.wait_for_session()?;
        let lines: Vec<u32> = lines.iter().map(|line| line.0).collect();
        let questions: Vec<Frame> = lines.iter().flat_map(|line| Found::questions(*line)).collect();
        let answers = session.wire.ask_all(&questions)?;
        let found =
            lines.iter().zip(answers.chunks(3)).map(|(line, answers)| Found::new(*line, answers, board));
        let found = found.collect::<Result<Vec<_>>>()?;
        let driver = Driver::new(link.clone(), config.initial);
        let group = Arc::new(Group { lines, found, on_close: config.on_close, driver });
        let held: std::sync::Weak<Group> = Arc::downgrade(&group);
        let pins = PigpioGroup { ticket: link.hold(held), group };
        // If one is refused, dropping this gives the others back.
        pins.group.restore(&session, false)?;
        Ok(pins)
    }
}

impl Group {
    /// What makes the lines outputs at these levels, and marks them.
    fn start(&self, levels: u64) -> Vec<Frame> {
        let writes = self.lines.iter().enumerate().map(|(index, line)| write(*line, bit(levels, index)));
        writes.chain(self.found.iter().filter_map(Found::mark)).collect()
    }

    /// What drives the lines in `mask` to their bits in `levels`: the ones that go low, then the ones that go high.
    fn change(&self, mask: u64, levels: u64) -> Vec<Frame> {
        let gpios = |wanted: u64| -> u64 {
            let lines = self.lines.iter().enumerate().filter(|(index, _)| bit(wanted, *index).is_high());
            lines.fold(0, |gpios, (_, line)| gpios | 1 << line)
        };
        let (low, high) = (gpios(mask & !levels), gpios(mask & levels));
        let banks = [
            (Command::Bc1, low as u32),
            (Command::Bc2, (low >> 32) as u32),
            (Command::Bs1, high as u32),
            (Command::Bs2, (high >> 32) as u32),
        ];
        let used = banks.into_iter().filter(|(_, gpios)| *gpios != 0);
        used.map(|(command, gpios)| Frame::new(command, gpios, 0)).collect()
    }
}

fn bit(levels: u64, index: usize) -> Level {
    Level::from(levels >> index & 1 == 1)
}

impl OutputGroupPins for PigpioGroup {
    fn set(&self, mask: u64, levels: u64) -> Result<()> {
        let change = |before: u64| Ok(before & !mask | levels & mask);
        self.group.driver.set(change, |_, levels| self.group.change(mask, levels))
    }

    fn confirm(&self) -> Result<()> {
        self.group.driver.confirm(|session| self.group.catch_up(session))
    }

    fn levels(&self) -> Result<u64> {
        self.group.driver.check_open()?;
        let session = self.group.driver.link().wait_for_session()?;
        let banks = [Command::Br1, Command::Br2].map(|command| Frame::new(command, 0, 0));
        let answers = session.wire.ask_all(&banks)?;
        let [low, high] = &answers[..] else { unreachable!("each question has an answer") };
        let gpios = u64::from(low.value()?) | u64::from(high.value()?) << 32;
        self.group.driver.complaint()?;
        let lines = self.group.lines.iter().enumerate();
        Ok(lines.fold(0, |levels, (index, line)| levels | (gpios >> line & 1) << index))
    }

    fn close(&self) -> Result<()> {
        self.group.driver.link().release(self.ticket);
        self.group.close()
    }
}

impl Held for Group {
    fn marked(&self) -> Option<(u32, u32)> {
        self.found.iter().find_map(Found::marked)
    }

    fn restore(&self, session: &Arc<Session>, _: bool) -> Result<()> {
        self.driver.restore(session, |levels| self.start(levels))
    }

    fn catch_up(&self, session: &Arc<Session>) {
        self.driver.catch_up(session, |levels| self.change(u64::MAX, levels));
    }

    fn close(&self) -> Result<()> {
        let Some(last) = self.driver.close() else { return Ok(()) };
        let lines = self.found.iter().enumerate().rev();
        let frames =
            lines.flat_map(|(index, found)| found.leave_output(self.on_close, bit(last, index))).collect();
        self.driver.link().give_back(frames).and(self.driver.complaint())
    }
}

impl Drop for PigpioGroup {
    fn drop(&mut self) {
        if let Err(error) = OutputGroupPins::close(self) {
            log::warn!("lines were not given back as they should be: {error}");
        }
    }
}
