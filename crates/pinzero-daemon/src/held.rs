//! A line that the daemon has open, shared with the thread that sends waves.

use std::sync::Arc;

use parking_lot::Mutex;
use pinzero_core::{Drive, Flex, Level, Result, Running};

use crate::listener::Listener;

/// An open line. Clones are the same line.
#[derive(Debug, Clone)]
pub(crate) struct Held(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    flex: Flex,
    /// Runs as long as the line is open.
    _listener: Running<Listener>,
    /// Whether plain writes count: the line is an output without pulses. The lock is held while the line turns, so that a wave
    /// cannot turn a new input back into an output.
    is_writable: Mutex<bool>,
}

impl Held {
    pub(crate) fn new(flex: Flex, listener: Running<Listener>) -> Self {
        let is_writable = Mutex::new(matches!(flex.drive(), Drive::Output(_)));
        Held(Arc::new(Shared { flex, _listener: listener, is_writable }))
    }

    /// Turns the line to `drive`.
    pub(crate) fn turn(&self, drive: Drive) -> Result<()> {
        let mut is_writable = self.0.is_writable.lock();
        self.0.flex.turn(drive)?;
        *is_writable = match drive {
            Drive::Output(_) => true,
            Drive::Input(_) => false,
            Drive::Pwm { pulse, .. } => pulse.is_zero(),
        };
        Ok(())
    }

    /// Drives the line if plain writes count; returns whether they do.
    pub(crate) fn write(&self, level: Level) -> Result<bool> {
        let is_writable = self.0.is_writable.lock();
        if *is_writable {
            self.0.flex.turn(Drive::Output(level))?;
        }
        Ok(*is_writable)
    }

    /// Makes plain writes not count until the next turn.
    pub(crate) fn refuse_writes(&self) {
        *self.0.is_writable.lock() = false;
    }

    pub(crate) fn is_writable(&self) -> bool {
        *self.0.is_writable.lock()
    }

    pub(crate) fn level(&self) -> Result<Level> {
        self.0.flex.level()
    }

    /// Returns the level that the line drives, if it drives one.
    pub(crate) fn driven(&self) -> Option<Level> {
        match self.0.flex.drive() {
            Drive::Output(level) => Some(level),
            Drive::Input(_) | Drive::Pwm { .. } => None,
        }
    }

    pub(crate) fn close(&self) -> Result<()> {
        self.0.flex.close()
    }
}
