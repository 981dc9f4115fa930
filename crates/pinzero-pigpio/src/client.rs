//! The client of a daemon: connections come and go, pins stay.

#[cfg(target_os = "linux")]
mod report_reader;
mod supervisor;

use std::collections::BTreeMap;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant as Deadline};

use parking_lot::Mutex;
use pinzero_core::process::Home;
use pinzero_core::time::{Clock, Instant};
use pinzero_core::{Condvar, EdgeSink, Error, ErrorKind, Result, thread};

#[cfg(target_os = "linux")]
use self::report_reader::ReportReader;
use crate::address::Address;
use crate::clock_sync::ClockSync;
use crate::connection::{Connection, Greeting, Limits};
use crate::edges::EdgeDecoder;
use crate::error;
use crate::initial_levels::LevelSnapshot;
use crate::link_event::LinkEvent;
use crate::pipeline::{Answer, Frame};
use crate::protocol::Command;

/// A pin as its client sees it.
pub(crate) trait Restorable: Send + Sync {
    /// Returns the line and its PWM range. The range shows whether the daemon still knows us.
    fn marked(&self) -> Option<(u32, u32)>;

    /// Restores the pin on a daemon that may have forgotten it. `is_new`: the daemon certainly has.
    fn restore(&self, connection: &Arc<Connection>, is_new: bool) -> Result<()>;

    /// Sends the requests that could not be sent before.
    fn catch_up(&self, connection: &Arc<Connection>);

    /// Fetches the answers that no other thread has fetched. Default: does nothing.
    fn fetch(&self) {}

    /// Gives the line back.
    fn close(&self) -> Result<()>;
}

/// The fate of a command while the connection is lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Gap {
    /// The command fails at once with [`Disconnected`](ErrorKind::Disconnected), and is not sent later.
    #[default]
    Fail,
    /// The command waits for the connection to return, and fails if that takes longer.
    Wait(Duration),
}

/// The settings of a client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) limits: Limits,
    pub(crate) gap: Gap,
    /// The first and the longest pause between attempts to reconnect; `None` if the client must not reconnect.
    pub(crate) retry: Option<(Duration, Duration)>,
    /// How many requests may be unanswered when a write returns.
    pub(crate) lag: u64,
}

#[derive(Debug)]
pub(crate) struct Client {
    /// A forked child has copies of the sockets, and must not write into its parent's connection.
    home: Home,
    address: Address,
    settings: Settings,
    clock: Clock,
    state: Mutex<State>,
    /// Notified when a connection is made, or when none will be made any more.
    changed: Condvar,
    #[cfg(target_os = "linux")]
    report_reader: ReportReader,
    /// Locked before `clock_sync`.
    pub(crate) edges: Mutex<EdgeDecoder>,
    pub(crate) clock_sync: Mutex<ClockSync>,
    pins: Mutex<BTreeMap<u64, Weak<dyn Restorable>>>,
    /// Where errors go that no call returns.
    errors: Mutex<pinzero_core::Reports>,
    listeners: Mutex<Vec<SyncSender<LinkEvent>>>,
}

#[derive(Debug)]
struct State {
    connection: Option<Arc<Connection>>,
    /// The reason why there is no connection.
    lost: Option<Error>,
    is_closed: bool,
    /// Requests to give lines back that could not be sent yet. If a connection is named, only the daemon of that
    /// connection may get them.
    owed: Vec<(Frame, Option<u64>)>,
    next_ticket: u64,
}

impl Client {
    /// Sends errors that no call returns to `errors` from now on.
    pub(crate) fn report_to(&self, errors: &pinzero_core::Reports) {
        *self.errors.lock() = errors.clone();
    }

    /// Reports an error that no call returns. Call this with no lock held.
    fn report_error(&self, error: &Error) {
        let errors = self.errors.lock().clone();
        errors.report(error);
    }

    /// Connects for the first time.
    pub(crate) fn open(address: Address, settings: Settings) -> Result<(Arc<Self>, Greeting)> {
        let clock = Clock::real();
        let (connection, greeting) = Connection::open(&address, &settings.limits, &clock, 0)?;
        let connection = Arc::new(connection);
        let client = Arc::new(Client {
            home: Home::here(),
            address,
            settings,
            clock,
            state: Mutex::new(State {
                connection: Some(connection.clone()),
                lost: None,
                is_closed: false,
                owed: Vec::new(),
                next_ticket: 0,
            }),
            changed: Condvar::new(),
            #[cfg(target_os = "linux")]
            report_reader: ReportReader::default(),
            edges: Mutex::default(),
            clock_sync: Mutex::new(greeting.clock_sync),
            pins: Mutex::default(),
            errors: Mutex::default(),
            listeners: Mutex::default(),
        });
        client.tend(&connection)?;
        let supervised = client.clone();
        thread::spawn("pinzero-pigpio", move || supervised.supervise(connection)).map_err(no_thread)?;
        Ok((client, greeting))
    }

    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Returns whether this process is a forked child of the one that connected.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.home.is_elsewhere()
    }

    /// Returns the connection, if there is one.
    pub(crate) fn connection(&self) -> Result<Arc<Connection>> {
        self.home.check()?;
        self.state.lock().connection()
    }

    /// Returns the connection for a user's request. During a gap this waits, if the settings say so.
    pub(crate) fn wait_for_connection(&self) -> Result<Arc<Connection>> {
        self.home.check()?;
        let mut state = self.state.lock();
        if let Gap::Wait(limit) = self.settings.gap {
            let until = Deadline::now() + limit;
            while state.connection.is_none() && !state.is_closed && self.settings.retry.is_some() {
                if self.changed.wait_until(&mut state, until) {
                    break;
                }
            }
        }
        state.connection()
    }

    /// Lets the runtime of `sink` read the reports, where it can. Only the first call counts.
    pub(crate) fn go_to(&self, sink: &EdgeSink) {
        #[cfg(target_os = "linux")]
        self.report_reader.go_to(sink);
        #[cfg(not(target_os = "linux"))]
        let _ = sink;
    }

    /// Records the levels of newly watched lines.
    pub(crate) fn settle(&self, lines: &[u32], snapshot: &LevelSnapshot) {
        let mut edges = self.edges.lock();
        edges.settle(lines, snapshot, &mut self.clock_sync.lock(), self.now());
    }

    /// Returns how many requests may be unanswered when a write returns.
    pub(crate) fn lag(&self) -> u64 {
        self.settings.lag
    }

    /// Returns `true` if a user's request waits for the end of a gap.
    pub(crate) fn waits(&self) -> bool {
        matches!(self.settings.gap, Gap::Wait(_))
    }

    /// Sends a request and waits for the reply.
    pub(crate) fn ask(&self, frame: &Frame) -> Result<Answer> {
        self.wait_for_connection()?.pipeline.ask(frame)
    }

    /// Like [`ask`](Client::ask), for a plain result.
    pub(crate) fn value(&self, command: Command, p1: u32, p2: u32) -> Result<u32> {
        self.ask(&Frame::new(command, p1, p2))?.value()
    }

    /// Adds a pin to the list of pins to restore and close. Returns its index.
    pub(crate) fn register(&self, pin: Weak<dyn Restorable>) -> u64 {
        let ticket = {
            let mut state = self.state.lock();
            state.next_ticket += 1;
            state.next_ticket
        };
        self.pins.lock().insert(ticket, pin);
        ticket
    }

    /// Removes a pin from that list.
    pub(crate) fn unregister(&self, ticket: u64) {
        self.pins.lock().remove(&ticket);
    }

    /// Sends the requests that give a line back, now or when the daemon is back.
    pub(crate) fn give_back(&self, frames: Vec<Frame>) -> Result<()> {
        self.owe(frames, None)
    }

    /// Sends the request that closes a handle, now or when the daemon is back. A new daemon does not get the request:
    /// there, the number may be another client's handle.
    pub(crate) fn give_back_number(&self, frame: Frame, connection: u64) -> Result<()> {
        self.owe(vec![frame], Some(connection))
    }

    fn owe(&self, frames: Vec<Frame>, number: Option<u64>) -> Result<()> {
        let owed = frames.iter().map(|frame| (frame.clone(), number));
        let connection = {
            let mut state = self.state.lock();
            let connection = state.connection();
            if connection.is_err() {
                state.owed.extend(owed.clone());
            }
            connection?
        };
        match connection.pipeline.ask_all(&frames) {
            Ok(answers) => answers.iter().try_for_each(|answer| answer.value().map(drop)),
            Err(error) => {
                self.state.lock().owed.extend(owed);
                Err(error)
            }
        }
    }

    /// Reports losses and returns to `listener` from now on.
    pub(crate) fn listen(&self, listener: SyncSender<LinkEvent>) {
        if self.is_elsewhere() {
            return;
        }
        self.listeners.lock().push(listener);
    }

    pub(crate) fn is_connected(&self) -> bool {
        !self.is_elsewhere() && self.state.lock().connection.is_some()
    }

    /// Closes all pins and the connection. Idempotent. Does nothing in a forked child.
    pub(crate) fn close(&self) -> Result<()> {
        if self.is_elsewhere() {
            return Ok(());
        }
        let mut result = Ok(());
        for pin in self.pins().iter().rev() {
            result = result.and(pin.close());
        }
        let connection = {
            let mut state = self.state.lock();
            state.is_closed = true;
            state.connection.take()
        };
        self.changed.notify_all();
        #[cfg(target_os = "linux")]
        self.report_reader.end();
        self.listeners.lock().clear();
        if let Some(connection) = connection {
            // The daemon closes the handle with the connection; this request is for daemons that do not.
            let _ = connection.pipeline.ask(&Frame::new(Command::Nc, connection.handle, 0));
            connection.pipeline.fail(error::closed());
        }
        result
    }

    /// Starts the thread that reads replies for which no thread waits.
    fn tend(self: &Arc<Self>, connection: &Arc<Connection>) -> Result<()> {
        let (client, connection) = (self.clone(), connection.clone());
        let tend = move || {
            let fetch = || client.pins().iter().for_each(|pin| pin.fetch());
            connection.pipeline.tend(|| client.catch_up(&connection), fetch);
        };
        thread::spawn("pinzero-replies", tend).map(drop).map_err(no_thread)
    }

    /// Makes all pins send what they could not send before.
    fn catch_up(&self, connection: &Arc<Connection>) {
        self.pins().iter().for_each(|pin| pin.catch_up(connection));
    }

    /// Returns all open pins.
    fn pins(&self) -> Vec<Arc<dyn Restorable>> {
        self.pins.lock().values().filter_map(Weak::upgrade).collect()
    }
}

impl State {
    fn connection(&self) -> Result<Arc<Connection>> {
        match (&self.connection, &self.lost) {
            _ if self.is_closed => Err(error::closed()),
            (Some(connection), _) => Ok(connection.clone()),
            (None, Some(lost)) => Err(lost.clone()),
            (None, None) => Err(error::closed()),
        }
    }
}

fn no_thread(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, "the system gives no thread for the connection").with_source(error)
}
