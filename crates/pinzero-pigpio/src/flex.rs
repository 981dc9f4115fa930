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
    /// What PWM needs, and the frequency that the line had before; `None` on a line that carries none.
    pwm: Option<(Arc<PwmFrequencies>, u32)>,
    on_close: OnClose,
    desired: Desired<Drive>,
    sink: Option<EdgeSink>,
    listening: Mutex<Listening>,
}

/// How far the daemon has been asked where the line was when it became an input.
#[derive(Debug, Default)]
struct Listening {
    /// Counts the turns: only what was asked after the last one counts.
    turns: u64,
    /// Where the answers to [`watch_frames`] come. Somebody must fetch all of them.
    asked: Vec<(Arc<Connection>, Places)>,
    /// The line had its pull changed.
    is_pulled: bool,
    /// The line is closed: no edge is told any more.
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
        // If it is refused or the connection is lost on the way, dropping this gives the line back.
        pin.flex.restore(&connection, false)?;
        pin.flex.hear(&connection)?;
        Ok(pin)
    }
}

/// Whether a line gets a pull by this.
fn is_pulled(drive: Drive) -> bool {
    matches!(drive, Drive::Input(bias) if bias != Bias::AsIs)
}

/// Asks which PWM the daemon has for a line, and leaves the line at the frequency that it had.
///
/// This is asked when the line is opened, for a turn must not wait for an answer. Hardware PWM would have to be tried each time.
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
    /// What turns the line from `before`, if that is known, in one send and without another level on the way: the daemon sets
    /// a level before it drives, and a pull is there before the line is let go of.
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
                // It was checked.
                let Some((frequencies, _)) = &self.pwm else { return Vec::new() };
                return daemon_frames(frequencies, self.line, before, Pulses { period, pulse });
            }
        };
        // While the line carries PWM, its range is no mark of ours.
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

    /// Has the decoder tell edges of the line while the line is an input, and only then. This comes before the line turns: edges
    /// count from the level that the line had as long as it was driven, and none of those that follow at once is missed.
    ///
    /// With a connection the daemon is told, too; the answers have to be fetched by [`heard`](FlexLine::heard).
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
        // The place is given with the lock held, see `InputLines::watch`. What goes wrong ends the connection.
        if is_input {
            let places = connection.pipeline.enqueue(&watch_frames(connection, edges.mask()));
            listening.asked.extend(places.ok().map(|places| (connection.clone(), places)));
        } else {
            let frame = Frame::new(Command::Nb, connection.handle, edges.mask());
            let _ = connection.pipeline.post(&[frame], &Arc::<Complaints>::default());
        }
    }

    /// Fetches the answers to what was asked when the line became an input: only then edges are told.
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

    /// Asks where the line is, if it is an input of which that is not known, and waits for the answer.
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
            // What has failed is not wanted any more.
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
        // Nothing comes over the connection that is lost; and the daemon is asked for the reports of all lines after this.
        self.listening.lock().asked.clear();
        self.attend(self.desired.wanted(), None);
        Ok(())
    }

    fn catch_up(&self, connection: &Arc<Connection>) {
        self.desired.catch_up(connection, |drive| self.frames(None, drive));
        // If it fails the connection is lost, and its successor is asked again.
        let _ = self.hear(connection);
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
            log::warn!("a line was not given back as it should be: {error}");
        }
    }
}
