//! Flexible lines.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use pinzero_core::board::Board;
use pinzero_core::{Bias, Drive, EdgeSink, Error, FlexConfig, FlexPin, Level, Line, OnClose, Pin, Result};

use crate::client::{Client, Restorable};
use crate::connection::Connection;
use crate::desired::Desired;
use crate::initial_levels::{LevelSnapshot, watch_frames};
use crate::input::check_watchable;
use crate::pipeline::{Complaints, Frame, Places};
use crate::protocol::Command;
use crate::pwm::{Pulses, PwmResources, daemon_frames};
use crate::pwm_frequencies::PwmFrequencies;
use crate::restore::{SavedState, listen, pull, write};

/// A flexible line; closed when dropped.
#[derive(Debug)]
pub(crate) struct PigpioFlex {
    flex: Arc<FlexLine>,
    ticket: u64,
}

#[derive(Debug)]
struct FlexLine {
    line: u32,
    saved: SavedState,
    /// The PWM settings, and the frequency that the line had before; `None` on a line without PWM.
    pwm: Option<(Arc<PwmFrequencies>, u32)>,
    on_close: OnClose,
    desired: Desired<Drive>,
    sink: Option<EdgeSink>,
    listening: Mutex<Listening>,
}

/// The progress of reading the line's level after a turn to input.
#[derive(Debug, Default)]
struct Listening {
    /// Counts the turns. Only a request after the last turn counts.
    turns: u64,
    /// The place of the answers to [`watch_frames`]. All of them must be fetched.
    asked: Vec<(Arc<Connection>, Places)>,
    /// `true` if the line's pull was changed.
    is_pulled: bool,
    /// `true` if the line is closed: no edge is reported any more.
    is_over: bool,
}

impl PigpioFlex {
    pub(crate) fn open(
        client: &Arc<Client>,
        shared: &PwmResources,
        board: &Board,
        line: Line,
        config: FlexConfig,
    ) -> Result<Self> {
        let FlexConfig { start, edges: sink, on_close, .. } = config;
        if let Some(sink) = &sink {
            check_watchable(line)?;
            client.go_to(sink);
        }
        let connection = client.wait_for_connection()?;
        let saved = SavedState::ask(&connection, board, line)?;
        let pwm = ask_pwm(&connection, shared, line.0)?;
        let flex = Arc::new(FlexLine {
            line: line.0,
            saved,
            pwm,
            on_close,
            desired: Desired::new(client.clone(), start),
            sink,
            listening: Mutex::new(Listening { is_pulled: is_pulled(start), ..Listening::default() }),
        });
        let weak: Weak<FlexLine> = Arc::downgrade(&flex);
        let pin = PigpioFlex { ticket: client.register(weak), flex };
        // If the daemon refuses or the connection is lost on the way, dropping this gives the line back.
        pin.flex.restore(&connection, false)?;
        pin.flex.hear(&connection)?;
        Ok(pin)
    }
}

/// Returns whether this gives the line a pull.
fn is_pulled(drive: Drive) -> bool {
    matches!(drive, Drive::Input(bias) if bias != Bias::AsIs)
}

/// Asks which PWM the daemon has for a line, and restores the line's frequency.
///
/// This is asked at opening, because a turn must not wait for an answer. Hardware PWM would have to be tried at each
/// turn.
fn ask_pwm(
    connection: &Connection,
    shared: &PwmResources,
    line: u32,
) -> Result<Option<(Arc<PwmFrequencies>, u32)>> {
    // Not every line can carry PWM.
    let Ok(before) = connection.pipeline.ask(&Frame::new(Command::Pfg, line, 0))?.value() else {
        return Ok(None);
    };
    let frequencies = shared.frequencies(connection, line).ok();
    connection.pipeline.ask(&Frame::new(Command::Pfs, line, before))?;
    Ok(frequencies.map(|frequencies| (frequencies, before)))
}

impl FlexLine {
    /// Returns the requests that turn the line from `before`, if that is known, in one send and without another level
    /// in between: the daemon sets a level before it drives, and a pull before it releases the line.
    fn frames(&self, before: Option<Drive>, drive: Drive) -> Vec<Frame> {
        let mut frames: Vec<Frame> = match (before, drive) {
            (_, Drive::Output(level)) => vec![write(self.line, level)],
            (Some(Drive::Input(_)), Drive::Input(bias)) => pull(self.line, bias).into_iter().collect(),
            (_, Drive::Input(bias)) => listen(self.line, bias).collect(),
            (before, Drive::Pwm { period, pulse }) => {
                let before = match before {
                    Some(Drive::Pwm { period, pulse }) => Some(Pulses { period, pulse }),
                    _ => None,
                };
                // The caller has checked it.
                let Some((frequencies, _)) = &self.pwm else { return Vec::new() };
                return daemon_frames(frequencies, self.line, before, Pulses { period, pulse });
            }
        };
        // While the line carries PWM, its range cannot be our mark.
        if matches!(before, None | Some(Drive::Pwm { .. })) {
            frames.extend(self.saved.mark());
        }
        frames
    }

    fn check(&self, drive: Drive) -> Result<()> {
        match (drive, &self.pwm) {
            (Drive::Pwm { period, .. }, Some((frequencies, _))) => frequencies.find(period).map(drop),
            (Drive::Pwm { .. }, None) => Err(Error::unsupported("PWM on this line")),
            (Drive::Output(_) | Drive::Input(_), _) => Ok(()),
        }
    }

    /// Makes the decoder report edges of the line only while the line is an input. This comes before the turn: edges
    /// count from the level that the line had while driven, so an edge right after the turn is not missed.
    ///
    /// With a connection, this also asks the daemon; [`heard`](FlexLine::heard) fetches the answers.
    fn attend(&self, drive: Drive, connection: Option<&Arc<Connection>>) {
        let Some(sink) = &self.sink else { return };
        let mut listening = self.listening.lock();
        let mut edges = self.desired.client().edges.lock();
        let is_input = matches!(drive, Drive::Input(_)) && !listening.is_over;
        if is_input == edges.has(self.line) {
            return;
        }
        listening.turns += 1;
        if is_input {
            edges.add(self.line, sink.clone());
        } else {
            edges.remove(self.line);
        }
        let Some(connection) = connection else { return };
        // The requests are enqueued with the lock held, see `InputLines::watch`. An error ends the connection.
        if is_input {
            let places = connection.pipeline.enqueue(&watch_frames(connection, edges.mask()));
            listening.asked.extend(places.ok().map(|places| (connection.clone(), places)));
            // A turn within a task of the runtime is not confirmed.
            connection.pipeline.leave_to_tender();
        } else {
            let frame = Frame::new(Command::Nb, connection.handle, edges.mask());
            let _ = connection.pipeline.post(&[frame], &Arc::<Complaints>::default());
        }
    }

    /// Fetches the answers to the requests made when the line became an input; edges are reported only after that.
    fn heard(&self) -> Result<()> {
        let (asked, turns) = {
            let mut listening = self.listening.lock();
            (std::mem::take(&mut listening.asked), listening.turns)
        };
        let mut last = None;
        for (connection, places) in asked {
            last = Some(connection.pipeline.wait(&places));
        }
        let Some(answers) = last else { return Ok(()) };
        let snapshot = LevelSnapshot::new(&answers?)?;
        let listening = self.listening.lock();
        if listening.turns == turns {
            self.desired.client().settle(&[self.line], &snapshot);
        }
        Ok(())
    }

    /// Reads the level of an input whose level is not known, and waits for the answer.
    fn hear(&self, connection: &Arc<Connection>) -> Result<()> {
        {
            let mut listening = self.listening.lock();
            let edges = self.desired.client().edges.lock();
            if !edges.is_unsettled(self.line) || !listening.asked.is_empty() {
                return Ok(());
            }
            let places = connection.pipeline.enqueue(&watch_frames(connection, edges.mask()))?;
            listening.asked.push((connection.clone(), places));
        }
        connection.pipeline.flush();
        self.heard()
    }
}

impl Pin for PigpioFlex {
    fn level(&self) -> Result<Level> {
        let FlexLine { desired, line, .. } = &*self.flex;
        desired.check_open()?;
        let level = Level::from(desired.client().value(Command::Read, *line, 0)? != 0);
        desired.complaint()?;
        Ok(level)
    }

    fn close(&self) -> Result<()> {
        self.flex.desired.client().unregister(self.ticket);
        self.flex.close()
    }
}

impl FlexPin for PigpioFlex {
    fn turn(&self, drive: Drive) -> Result<()> {
        let flex = &*self.flex;
        flex.check(drive)?;
        if is_pulled(drive) {
            flex.listening.lock().is_pulled = true;
        }
        flex.desired.set_after(
            |_| Ok(drive),
            |drive, connection| flex.attend(drive, connection),
            |before, drive| flex.frames(Some(before), drive),
        )
    }

    fn confirm(&self) -> Result<()> {
        let flex = &*self.flex;
        let confirmed = flex.desired.confirm(|connection| flex.catch_up(connection));
        if confirmed.is_err() && flex.desired.check_open().is_ok() {
            // A wish that failed is dropped.
            let connection = flex.desired.client().connection().ok();
            flex.attend(flex.desired.wanted(), connection.as_ref());
            if let Some(connection) = connection {
                connection.pipeline.flush();
            }
        }
        confirmed.and(flex.heard())
    }
}

impl Restorable for FlexLine {
    fn marked(&self) -> Option<(u32, u32)> {
        match (self.desired.wanted(), &self.pwm) {
            (Drive::Pwm { period, .. }, Some((frequencies, _))) => {
                frequencies.find(period).ok().map(|frequency| (self.line, frequency.range))
            }
            _ => self.saved.marked(),
        }
    }

    fn restore(&self, connection: &Arc<Connection>, _: bool) -> Result<()> {
        self.desired.restore(connection, |drive| self.frames(None, drive))?;
        // Nothing more comes over the lost connection; the new one requests the reports of all lines after this.
        self.listening.lock().asked.clear();
        self.attend(self.desired.wanted(), None);
        Ok(())
    }

    fn catch_up(&self, connection: &Arc<Connection>) {
        self.desired.catch_up(connection, |drive| self.frames(None, drive));
        // If this fails, the connection is lost, and the next one is asked again.
        let _ = self.hear(connection);
    }

    fn fetch(&self) {
        // If this fails, the connection is lost, and the next one asks again.
        let _ = self.heard();
    }

    fn close(&self) -> Result<()> {
        let Some(last) = self.desired.close() else { return Ok(()) };
        let connection = self.desired.client().connection().ok();
        let is_pulled = {
            let mut listening = self.listening.lock();
            listening.is_over = true;
            listening.is_pulled
        };
        self.attend(last, connection.as_ref());
        let _ = self.heard();
        let rest = match last {
            Drive::Output(level) => Some(level),
            Drive::Input(_) => None,
            Drive::Pwm { period, pulse } => Some(Pulses { period, pulse }.steady().unwrap_or(Level::Low)),
        };
        let mut frames = Vec::new();
        frames.extend(self.saved.give_back_pull().filter(|_| is_pulled && self.on_close == OnClose::Restore));
        frames.extend(self.saved.give_back(self.on_close, rest));
        frames.extend(self.pwm.iter().map(|(_, hertz)| Frame::new(Command::Pfs, self.line, *hertz)));
        self.desired.client().give_back(frames).and(self.desired.complaint())
    }
}

impl Drop for PigpioFlex {
    fn drop(&mut self) {
        if let Err(error) = Pin::close(self) {
            pinzero_core::warn_user(&format!("a line was not given back as it should be: {error}"));
        }
    }
}
