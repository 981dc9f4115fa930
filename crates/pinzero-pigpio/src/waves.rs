//! Waves: pulses on several lines, timed by the daemon to the microsecond.

use std::sync::Arc;
use std::time::Duration;

use pinzero_core::{Error, ErrorKind, Line, Result};

use crate::client::Client;
use crate::pipeline::Frame;
use crate::protocol::{Command, MAX_EXTENSION};

/// The number of pulses in one request.
const AT_ONCE: usize = MAX_EXTENSION / 12;

/// One step of a wave: lines go high, lines go low, and then time passes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pulse {
    /// The lines that go high, of GPIO0 to GPIO31.
    pub high: Vec<Line>,
    /// The lines that go low.
    pub low: Vec<Line>,
    /// The time until the next step, in whole microseconds.
    pub lasts: Duration,
}

/// A wave that the daemon stores, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WaveId(u32);

/// The waves of a daemon; returned by [`PigpioFactory::waves`](crate::PigpioFactory::waves).
///
/// The waves belong to the daemon: every client may use, replace and delete them. They stay when the factory is closed,
/// and a restarted daemon has forgotten them. Lines must be outputs already.
#[derive(Debug, Clone)]
pub struct Waves(pub(crate) Arc<Client>);

impl Waves {
    /// Creates a wave from `pulses`.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) for no pulse, a line above 31 or a time of more than 71 minutes,
    /// [`PermissionDenied`](ErrorKind::PermissionDenied), [`Io`](ErrorKind::Io) if the daemon has no room,
    /// [`Unsupported`](ErrorKind::Unsupported), [`Disconnected`](ErrorKind::Disconnected).
    pub fn create(&self, pulses: &[Pulse]) -> Result<WaveId> {
        if pulses.is_empty() {
            return Err(Error::new(ErrorKind::InvalidValue, "a wave has one pulse at least"));
        }
        let pulses = pulses.iter().map(encode).collect::<Result<Vec<_>>>()?;
        let mut frames = vec![Frame::new(Command::Wvnew, 0, 0)];
        frames.extend(pulses.chunks(AT_ONCE).map(|some| Frame::new(Command::Wvag, 0, 0).with(some.concat())));
        frames.push(Frame::new(Command::Wvcre, 0, 0));
        let answers = self.0.wait_for_connection()?.pipeline.ask_all(&frames)?;
        let mut id = 0;
        for answer in &answers {
            id = answer.value()?;
        }
        Ok(WaveId(id))
    }

    /// Sends a wave once, in place of the one being sent. Does not wait for its end.
    ///
    /// # Errors
    /// [`Io`](ErrorKind::Io) if there is no such wave, [`Disconnected`](ErrorKind::Disconnected).
    pub fn send(&self, wave: WaveId) -> Result<()> {
        self.0.value(Command::Wvtx, wave.0, 0).map(drop)
    }

    /// Sends a wave repeatedly until [`halt`](Waves::halt).
    ///
    /// # Errors
    /// See [`send`](Waves::send).
    pub fn repeat(&self, wave: WaveId) -> Result<()> {
        self.0.value(Command::Wvtxr, wave.0, 0).map(drop)
    }

    /// Returns `true` while a wave is being sent.
    ///
    /// # Errors
    /// [`Disconnected`](ErrorKind::Disconnected).
    pub fn is_busy(&self) -> Result<bool> {
        Ok(self.0.value(Command::Wvbsy, 0, 0)? != 0)
    }

    /// Stops the wave that is being sent, wherever it is.
    ///
    /// # Errors
    /// [`Disconnected`](ErrorKind::Disconnected).
    pub fn halt(&self) -> Result<()> {
        self.0.value(Command::Wvhlt, 0, 0).map(drop)
    }

    /// Deletes a wave.
    ///
    /// # Errors
    /// See [`send`](Waves::send).
    pub fn delete(&self, wave: WaveId) -> Result<()> {
        self.0.value(Command::Wvdel, wave.0, 0).map(drop)
    }
}

fn encode(pulse: &Pulse) -> Result<[u8; 12]> {
    let micros = u32::try_from(pulse.lasts.as_micros())
        .map_err(|_| Error::new(ErrorKind::InvalidValue, "a step of a wave lasts 71 minutes at most"))?;
    let words = [mask(&pulse.high)?, mask(&pulse.low)?, micros];
    let mut bytes = [0; 12];
    for (bytes, word) in bytes.chunks_exact_mut(4).zip(words) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    Ok(bytes)
}

fn mask(lines: &[Line]) -> Result<u32> {
    lines.iter().try_fold(0, |mask, line| match line.0 {
        number @ 0..32 => Ok(mask | 1 << number),
        _ => Err(Error::new(ErrorKind::InvalidValue, "waves have the lines GPIO0 to GPIO31").with_pin(line)),
    })
}
