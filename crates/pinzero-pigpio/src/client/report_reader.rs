//! Reads reports on the runtime's threads, so that an edge reaches its callback without a change of thread.

use std::io;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use pinzero_core::time::Instant;
use pinzero_core::{Condvar, EdgeBatch, EdgeSink, Error};

use super::Client;
use super::supervisor::Losses;
use crate::connection::{ReportStream, Reports};
use crate::error;
use crate::pipeline::is_timeout;

/// How many times a pass of the runtime reads from the socket, at most.
const AT_ONCE: usize = 2;

/// The state that a client's supervisor shares with the runtime.
#[derive(Debug, Default)]
pub(crate) struct ReportReader {
    /// The sink of the first watched line. Its runtime reads the reports of all lines.
    sink: OnceLock<EdgeSink>,
    news: Mutex<News>,
    changed: Condvar,
}

/// Messages from the runtime to the supervisor.
#[derive(Debug, Default)]
struct News {
    /// The time of the last report.
    heard: Instant,
    /// The number of lost reports.
    missed: u64,
    /// `true` if the clocks should be compared.
    is_due: bool,
    /// The reason why no more reports will come.
    end: Option<io::Error>,
    is_closed: bool,
}

impl News {
    fn is_there(&self) -> bool {
        self.missed > 0 || self.is_due || self.end.is_some() || self.is_closed
    }
}

impl ReportReader {
    /// Sets the sink by whose runtime reports are read. Only the first that leads to one counts.
    pub(crate) fn go_to(&self, sink: &EdgeSink) {
        if !sink.is_nowhere() {
            self.sink.get_or_init(|| sink.clone());
        }
    }

    pub(crate) fn sink(&self) -> Option<&EdgeSink> {
        self.sink.get()
    }

    /// Ends the supervisor's wait: the client is closed.
    pub(crate) fn end(&self) {
        self.news.lock().is_closed = true;
        self.changed.notify_all();
    }
}

impl Client {
    /// Lets the runtime read reports until the connection is lost; returns the reason. If the runtime cannot read, the
    /// caller must.
    pub(super) fn receive_by(
        self: &Arc<Self>,
        sink: &EdgeSink,
        reader: ReportStream,
        losses: &mut Losses,
    ) -> std::result::Result<Error, ReportStream> {
        let connection = reader.connection().clone();
        {
            let mut news = self.report_reader.news.lock();
            *news = News { heard: self.now(), is_closed: news.is_closed, ..News::default() };
        }
        let reader = Arc::new(Mutex::new(Some(reader)));
        let read = {
            let (client, reader) = (self.clone(), reader.clone());
            move |batch: &mut EdgeBatch| {
                if let Some(reader) = &mut *reader.lock() {
                    client.read(reader, batch);
                }
                Ok(())
            }
        };
        let watching = connection.watch(sink, read);
        if let Err(error) = &watching {
            log::debug!("{}: the runtime does not read reports: {error}", self.address());
            // No other thread has this one.
            return reader.lock().take().map_or_else(|| Ok(error.clone()), Err);
        }
        loop {
            let (missed, is_due) = {
                let mut news = self.report_reader.news.lock();
                if !news.is_there() {
                    let quiet = self.now() - news.heard;
                    let Some(left) = self.silence().checked_sub(quiet).filter(|left| !left.is_zero()) else {
                        return Ok(connection.lost(self.silent()));
                    };
                    self.report_reader.changed.wait_for(&mut news, left);
                }
                if news.is_closed {
                    return Ok(error::closed());
                }
                if let Some(end) = news.end.take() {
                    return Ok(connection.lost(end));
                }
                (std::mem::take(&mut news.missed), news.is_due)
            };
            self.complain(missed, losses);
            if is_due {
                self.measure_again(&connection);
                self.report_reader.news.lock().is_due = false;
            }
        }
    }

    /// Reads the available reports. The runtime's lock is held, so slow work and logging are left to the supervisor, and
    /// what a flood brings beyond [`AT_ONCE`] to the next pass.
    fn read(&self, reader: &mut ReportStream, batch: &mut EdgeBatch) {
        let mut missed = 0;
        let mut end = None;
        for round in 0.. {
            // Read until nothing is left: the end of the connection may be among the data, and is reported only once.
            if round == AT_ONCE {
                batch.cut_short();
                break;
            }
            let mut take = |reports: Reports<'_>| {
                missed += self.report(reports, Some(&mut *batch))?;
                Ok(())
            };
            match reader.read(&mut take) {
                Ok(()) => {}
                Err(error) if is_timeout(&error) => break,
                Err(error) => {
                    end = Some(error);
                    break;
                }
            }
        }
        let is_due = self.is_due();
        let mut news = self.report_reader.news.lock();
        let was_there = news.is_there();
        news.heard = self.now();
        news.missed += missed;
        news.is_due |= is_due;
        news.end = news.end.take().or(end);
        if news.is_there() && !was_there {
            self.report_reader.changed.notify_all();
        }
    }
}
