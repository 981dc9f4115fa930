//! Lines that are driven together: one store for all that go low, and one for all that go high.

use std::sync::Arc;

use parking_lot::Mutex;
use pinzero_core::{Error, OutputGroupPins, Pin, Result};

use crate::banks::Banks;
use crate::registers::{OpenLine, make_output};

/// Lines that change together; given back when dropped.
#[derive(Debug)]
pub(crate) struct RppalGroup {
    lines: Vec<OpenLine>,
    banks: Arc<Banks>,
    /// Held for the stores of one change: two changes do not mix, and none follows a close.
    is_open: Mutex<bool>,
}

impl RppalGroup {
    /// Makes outputs of lines that were taken as they were, the levels first.
    pub(crate) fn open(lines: Vec<OpenLine>, banks: Arc<Banks>, initial: u64) -> Result<Self> {
        let group = RppalGroup { lines, banks, is_open: Mutex::new(true) };
        group.set(u64::MAX, initial)?;
        group.lines.iter().try_for_each(|line| line.with(make_output))?;
        Ok(group)
    }

    /// Runs some accesses, unless the lines are closed.
    fn with<R>(&self, work: impl FnOnce(&Banks) -> R) -> Result<R> {
        let is_open = self.is_open.lock();
        if *is_open { Ok(work(&self.banks)) } else { Err(Error::closed()) }
    }
}

impl OutputGroupPins for RppalGroup {
    fn set(&self, mask: u64, levels: u64) -> Result<()> {
        let (mut low, mut high) = (0, 0);
        for (index, line) in self.lines.iter().enumerate().filter(|(index, _)| mask >> index & 1 == 1) {
            *if levels >> index & 1 == 1 { &mut high } else { &mut low } |= line.bit();
        }
        self.with(|banks| banks.write(low, high))
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }

    fn levels(&self) -> Result<u64> {
        let now = self.with(Banks::levels)?;
        let bits = self.lines.iter().map(|line| u64::from(now & line.bit() != 0));
        Ok(bits.enumerate().fold(0, |levels, (index, bit)| levels | bit << index))
    }

    fn close(&self) -> Result<()> {
        let mut is_open = self.is_open.lock();
        *is_open = false;
        self.lines.iter().rev().try_for_each(Pin::close)
    }
}
