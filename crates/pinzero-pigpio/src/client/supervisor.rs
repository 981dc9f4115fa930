//! The thread of a client: receives reports, and reconnects whenever the connection is lost.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant as Deadline};

use pinzero_core::time::Instant;
use pinzero_core::{EdgeBatch, Error, ErrorKind, Result};

use super::{Client, Restorable};
use crate::clock_sync::WORTHLESS;
use crate::connection::{Connection, Greeting, ReportStream, Reports, ask_tick};
use crate::error;
use crate::initial_levels::{LevelSnapshot, watch_frames};
use crate::link_event::LinkEvent;
use crate::pipeline::{Answer, Frame, is_timeout};
use crate::protocol::Command;

/// The maximum age of a measurement of the daemon's clock while edges come.
const MEASURE_AGAIN: Duration = Duration::from_secs(5);

/// The pause between two log lines about lost reports.
const COMPLAIN_AGAIN: Duration = Duration::from_secs(1);

/// The losses of reports of a connection, and what of them was logged.
#[derive(Debug, Default)]
pub(super) struct Losses {
    untold: u64,
    told: Option<Deadline>,
}

impl Client {
    /// Receives reports, and reconnects whenever the connection is lost.
    pub(super) fn supervise(self: &Arc<Self>, mut connection: Arc<Connection>) {
        loop {
            let lost = self.receive(&connection);
            connection.pipeline.fail(lost.clone());
            let since = self.now();
            {
                let mut state = self.state.lock();
                if state.is_closed {
                    return;
                }
                state.connection = None;
                state.lost = Some(lost.clone());
            }
            self.report_error(&lost);
            self.tell(&LinkEvent::Lost { at: since, error: lost });
            match self.reconnect(connection.number + 1, since) {
                Some(next) => connection = next,
                None => return,
            }
        }
    }

    /// Receives reports until the connection is lost; returns the reason.
    fn receive(self: &Arc<Self>, connection: &Arc<Connection>) -> Error {
        let mut reader = ReportStream::new(connection.clone());
        let mut losses = Losses::default();
        #[cfg(target_os = "linux")]
        let mut is_tried = false;
        loop {
            #[cfg(target_os = "linux")]
            if let Some(sink) = self.report_reader.sink().filter(|_| !is_tried) {
                is_tried = true;
                match self.receive_by(sink, reader, &mut losses) {
                    Ok(lost) => return lost,
                    Err(left) => reader = left,
                }
            }
            let mut lost = 0;
            let read = reader.read(&mut |reports| {
                lost += self.report(reports, None)?;
                Ok(())
            });
            self.complain(lost, &mut losses);
            match read {
                Ok(()) => self.measure_again(connection),
                Err(error) if is_timeout(&error) => return connection.lost(self.silent()),
                Err(error) => return connection.lost(error),
            }
        }
    }

    /// Passes on reports that came together, in the runtime's batch if the runtime made the call. Returns how many
    /// reports were lost.
    ///
    /// # Errors
    /// [`InvalidData`](io::ErrorKind::InvalidData) if one of them cannot come from a daemon.
    pub(super) fn report(&self, reports: Reports<'_>, batch: Option<&mut EdgeBatch>) -> io::Result<u64> {
        // Read when it is there, and so not before any of them.
        let now = self.now();
        let (mut edges, mut clock_sync) = (self.edges.lock(), self.clock_sync.lock());
        let mut each =
            reports.iter().map(|report| edges.report(&report, &mut clock_sync, now).map(u64::from));
        let lost = each.try_fold(0, |sum, lost| Ok(sum + lost?));
        // Those before a false one are true.
        match batch {
            Some(batch) => edges.put_into(batch),
            None => edges.push(),
        }
        lost.map_err(|why: String| io::Error::new(io::ErrorKind::InvalidData, why))
    }

    /// Logs a loss of reports, but not more often than [`COMPLAIN_AGAIN`]; what is not told now counts in the next line.
    pub(super) fn complain(&self, lost: u64, losses: &mut Losses) {
        losses.untold += lost;
        let is_due = losses.told.is_none_or(|told| told.elapsed() >= COMPLAIN_AGAIN);
        if losses.untold > 0 && is_due {
            log::warn!("{}: {} reports of changes were lost", self.address, losses.untold);
            *losses = Losses { untold: 0, told: Some(Deadline::now()) };
        }
    }

    /// Returns the longest silence before the connection counts as lost.
    pub(super) fn silence(&self) -> Duration {
        self.settings.limits.silence
    }

    pub(super) fn silent(&self) -> String {
        format!("it has been silent for {:?}", self.silence())
    }

    /// Returns `true` if the clocks should be compared.
    pub(super) fn is_due(&self) -> bool {
        self.clock_sync.lock().age(self.now()) >= MEASURE_AGAIN
    }

    /// Compares the clocks, unless that was done recently.
    pub(super) fn measure_again(&self, connection: &Connection) {
        // Behind a slow request the measurement would be slow as well, and delay the reports.
        if !self.is_due() || connection.pipeline.is_slow() {
            return;
        }
        // If this fails, the connection is lost, which the reader of reports will notice.
        if let Ok((sent, tick, answered)) = ask_tick(&connection.pipeline, &self.clock) {
            if answered - sent < WORTHLESS {
                self.clock_sync.lock().measure(sent, tick, answered);
            }
        }
    }

    /// Retries until there is a connection; returns `None` if there should be none.
    fn reconnect(self: &Arc<Self>, number: u64, since: Instant) -> Option<Arc<Connection>> {
        let Some((mut pause, longest)) = self.settings.retry else {
            self.changed.notify_all();
            return None;
        };
        let mut is_new = false;
        loop {
            {
                let mut state = self.state.lock();
                let until = Deadline::now() + pause;
                while !state.is_closed && !self.changed.wait_until(&mut state, until) {}
                if state.is_closed {
                    return None;
                }
            }
            let opened = Connection::open(&self.address, &self.settings.limits, &self.clock, number);
            match opened
                .and_then(|(connection, greeting)| self.resume(connection, greeting, since, &mut is_new))
            {
                Ok(connection) => return Some(connection),
                Err(error) if error.kind() == ErrorKind::Closed => return None,
                Err(error) => {
                    log::debug!("{error}");
                    self.state.lock().lost = Some(error);
                    pause = (pause * 2).min(longest);
                }
            }
        }
    }

    /// Restores all pins on a new connection, and puts the connection into use. Records `is_new` as soon as it is
    /// known: an attempt that ends half-way leaves marks on a new daemon.
    fn resume(
        self: &Arc<Self>,
        connection: Connection,
        greeting: Greeting,
        since: Instant,
        is_new: &mut bool,
    ) -> Result<Arc<Connection>> {
        let connection = Arc::new(connection);
        let pins = self.pins();
        let is_known = self.recognise(&connection, &greeting, &pins)?;
        *is_new |= is_known == Some(false);
        let is_new = *is_new;
        *self.clock_sync.lock() = greeting.clock_sync;
        // Close old handles before reopening any: the daemon may assign an old number again.
        self.settle_debts(&connection, is_new)?;
        self.restore_pins(&connection, &pins, is_new)?;
        self.resume_reports(&connection)?;
        self.tend(&connection)?;
        self.publish(&connection, is_new)?;
        self.catch_up(&connection);
        self.changed.notify_all();
        let now = self.now();
        log::info!("{} is connected again", self.address);
        let is_new_daemon = if is_new { Some(true) } else { is_known.map(|is_known| !is_known) };
        self.tell(&LinkEvent::Restored { at: now, after: now - since, is_new_daemon });
        Ok(connection)
    }

    /// Returns whether the daemon still has one of our marks. Without a mark, there is nothing that it could have
    /// forgotten.
    fn recognise(
        &self,
        connection: &Connection,
        greeting: &Greeting,
        pins: &[Arc<dyn Restorable>],
    ) -> Result<Option<bool>> {
        if !self.clock_sync.lock().goes_on(greeting.tick, self.now()) {
            return Ok(Some(false));
        }
        let marked: Vec<(u32, u32)> = pins.iter().filter_map(|pin| pin.marked()).collect();
        let questions: Vec<Frame> =
            marked.iter().map(|(line, _)| Frame::new(Command::Prg, *line, 0)).collect();
        let answers = connection.pipeline.ask_all(&questions)?;
        let is_known =
            |(answer, (_, range)): (&Answer, &(u32, u32))| answer.value().is_ok_and(|found| found == *range);
        Ok((!answers.is_empty()).then(|| answers.iter().zip(&marked).any(is_known)))
    }

    /// Sends the pending requests to the daemon.
    fn settle_debts(&self, connection: &Connection, is_new: bool) -> Result<()> {
        let owed = std::mem::take(&mut self.state.lock().owed);
        let is_due = |number: Option<u64>| !is_new || number.is_none_or(|of| of == connection.number);
        let due = owed.iter().filter(|(_, number)| is_due(*number)).map(|(frame, _)| frame.clone());
        let paid = connection.pipeline.ask_all(&due.collect::<Vec<_>>());
        if paid.is_err() {
            self.state.lock().owed.splice(0..0, owed);
        }
        paid.map(drop)
    }

    /// Restores all pins. Logs a pin that the daemon refuses.
    fn restore_pins(
        &self,
        connection: &Arc<Connection>,
        pins: &[Arc<dyn Restorable>],
        is_new: bool,
    ) -> Result<()> {
        for pin in pins {
            if let Err(error) = pin.restore(connection, is_new) {
                if error.kind() == ErrorKind::Disconnected {
                    return Err(error);
                }
                let unrestored =
                    Error::new(error.kind(), format!("{}: a pin cannot be restored", self.address));
                self.report_error(&unrestored.with_source(error));
            }
        }
        Ok(())
    }

    /// Makes the daemon report again, and reads the changes since the loss.
    fn resume_reports(&self, connection: &Connection) -> Result<()> {
        let places = {
            let edges = self.edges.lock();
            connection.pipeline.enqueue(&watch_frames(connection, edges.mask()))?
        };
        connection.pipeline.flush();
        let snapshot = LevelSnapshot::new(&connection.pipeline.wait(&places)?)?;
        self.edges.lock().resume(&snapshot, &mut self.clock_sync.lock(), self.now());
        Ok(())
    }

    /// Puts a connection into use, once no request is pending.
    fn publish(&self, connection: &Arc<Connection>, is_new: bool) -> Result<()> {
        loop {
            {
                let mut state = self.state.lock();
                if state.is_closed {
                    connection.pipeline.fail(error::closed());
                    return Err(error::closed());
                }
                if state.owed.is_empty() {
                    (state.connection, state.lost) = (Some(connection.clone()), None);
                    return Ok(());
                }
            }
            self.settle_debts(connection, is_new)?;
        }
    }

    fn tell(&self, event: &LinkEvent) {
        // A channel without an active reader is full or closed. A full one misses this event, a closed one all further
        // events.
        self.listeners.lock().retain(|listener| match listener.try_send(event.clone()) {
            Err(std::sync::mpsc::TrySendError::Disconnected(_)) => false,
            Ok(()) | Err(std::sync::mpsc::TrySendError::Full(_)) => true,
        });
    }
}
