//! The lasting connection of a factory to its daemon: sessions come and go, pins stay.

use std::collections::BTreeMap;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant as Deadline};

use parking_lot::{Condvar, Mutex};
use pinzero_core::time::{Clock, Instant};
use pinzero_core::{Error, ErrorKind, Result, thread};

use crate::address::Address;
use crate::error;
use crate::event::LinkEvent;
use crate::factory::Gap;
#[cfg(target_os = "linux")]
use crate::inflow::Inflow;
use crate::look::{Look, watch_frames};
use crate::protocol::Command;
use crate::session::{Greeting, Limits, Reader, Reports, Session, ask_tick};
use crate::ticks::{Ticks, WORTHLESS};
use crate::watch::Watch;
use crate::wire::{Answer, Frame, is_timeout};

/// How old a measurement of the daemon's clock may be while edges come.
const MEASURE_AGAIN: Duration = Duration::from_secs(5);

/// What a pin is to its link.
pub(crate) trait Held: Send + Sync {
    /// A line and its PWM range, by which a daemon is known that still knows us.
    fn marked(&self) -> Option<(u32, u32)>;

    /// Brings the pin back to what it was on a daemon that may have forgotten it; `is_new` if it certainly has.
    fn restore(&self, session: &Arc<Session>, is_new: bool) -> Result<()>;

    /// Sends what could not be sent before.
    fn catch_up(&self, session: &Arc<Session>);

    /// Gives the line back.
    fn close(&self) -> Result<()>;
}

/// How a link behaves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) limits: Limits,
    pub(crate) gap: Gap,
    /// The first and the longest pause between attempts to connect again; `None` if there are to be none.
    pub(crate) retry: Option<(Duration, Duration)>,
    /// How many requests may be unanswered when a write returns.
    pub(crate) lag: u64,
}

#[derive(Debug)]
pub(crate) struct Link {
    address: Address,
    settings: Settings,
    clock: Clock,
    state: Mutex<State>,
    /// A session has come, or there will be none any more.
    changed: Condvar,
    #[cfg(target_os = "linux")]
    pub(crate) inflow: Inflow,
    /// Locked before `ticks`.
    pub(crate) watch: Mutex<Watch>,
    pub(crate) ticks: Mutex<Ticks>,
    held: Mutex<BTreeMap<u64, Weak<dyn Held>>>,
    listeners: Mutex<Vec<SyncSender<LinkEvent>>>,
}

#[derive(Debug)]
struct State {
    session: Option<Arc<Session>>,
    /// Why there is none.
    lost: Option<Error>,
    is_closed: bool,
    /// What could not be sent when lines were given back; with a session, it is owed to the life of the daemon that was
    /// there in that one.
    owed: Vec<(Frame, Option<u64>)>,
    next_ticket: u64,
}

impl Link {
    /// Connects for the first time.
    pub(crate) fn open(address: Address, settings: Settings) -> Result<(Arc<Self>, Greeting)> {
        let clock = Clock::real();
        let (session, greeting) = Session::open(&address, &settings.limits, &clock, 0)?;
        let session = Arc::new(session);
        let link = Arc::new(Link {
            address,
            settings,
            clock,
            state: Mutex::new(State {
                session: Some(session.clone()),
                lost: None,
                is_closed: false,
                owed: Vec::new(),
                next_ticket: 0,
            }),
            changed: Condvar::new(),
            #[cfg(target_os = "linux")]
            inflow: Inflow::default(),
            watch: Mutex::default(),
            ticks: Mutex::new(greeting.ticks),
            held: Mutex::default(),
            listeners: Mutex::default(),
        });
        link.tend(&session)?;
        let supervised = link.clone();
        thread::spawn("pinzero-pigpio", move || supervised.supervise(session)).map_err(no_thread)?;
        Ok((link, greeting))
    }

    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// The connections, if they are there.
    pub(crate) fn session(&self) -> Result<Arc<Session>> {
        self.state.lock().session()
    }

    /// The connections, for a request of the user's: during a gap this waits, if that was chosen.
    pub(crate) fn wait_for_session(&self) -> Result<Arc<Session>> {
        let mut state = self.state.lock();
        if let Gap::Wait(limit) = self.settings.gap {
            let until = Deadline::now() + limit;
            while state.session.is_none() && !state.is_closed && self.settings.retry.is_some() {
                if self.changed.wait_until(&mut state, until).timed_out() {
                    break;
                }
            }
        }
        state.session()
    }

    /// How many requests may be unanswered when a write returns.
    pub(crate) fn lag(&self) -> u64 {
        self.settings.lag
    }

    /// Whether a request of the user's waits for the end of a gap.
    pub(crate) fn waits(&self) -> bool {
        matches!(self.settings.gap, Gap::Wait(_))
    }

    /// Sends a request and waits for the reply.
    pub(crate) fn ask(&self, frame: &Frame) -> Result<Answer> {
        self.wait_for_session()?.wire.ask(frame)
    }

    /// As [`ask`](Link::ask), for a plain result.
    pub(crate) fn value(&self, command: Command, p1: u32, p2: u32) -> Result<u32> {
        self.ask(&Frame::new(command, p1, p2))?.value()
    }

    /// Puts a pin on the list of those that are restored and closed. Returns its place there.
    pub(crate) fn hold(&self, pin: Weak<dyn Held>) -> u64 {
        let ticket = {
            let mut state = self.state.lock();
            state.next_ticket += 1;
            state.next_ticket
        };
        self.held.lock().insert(ticket, pin);
        ticket
    }

    /// Takes a pin off that list.
    pub(crate) fn release(&self, ticket: u64) {
        self.held.lock().remove(&ticket);
    }

    /// Sends what gives a line back, now or when the daemon is there again.
    pub(crate) fn give_back(&self, frames: Vec<Frame>) -> Result<()> {
        self.owe(frames, None)
    }

    /// Sends what closes something by the number that it was given in a session, now or when the daemon is there again: a
    /// new one is not sent that, for there the number may be somebody else's.
    pub(crate) fn give_back_number(&self, frame: Frame, session: u64) -> Result<()> {
        self.owe(vec![frame], Some(session))
    }

    fn owe(&self, frames: Vec<Frame>, number: Option<u64>) -> Result<()> {
        let owed = frames.iter().map(|frame| (frame.clone(), number));
        let session = {
            let mut state = self.state.lock();
            let session = state.session();
            if session.is_err() {
                state.owed.extend(owed.clone());
            }
            session?
        };
        match session.wire.ask_all(&frames) {
            Ok(answers) => answers.iter().try_for_each(|answer| answer.value().map(drop)),
            Err(error) => {
                self.state.lock().owed.extend(owed);
                Err(error)
            }
        }
    }

    /// Sends what is owed to the daemon.
    fn pay(&self, session: &Session, is_new: bool) -> Result<()> {
        let owed = std::mem::take(&mut self.state.lock().owed);
        let is_due = |number: Option<u64>| !is_new || number.is_none_or(|of| of == session.number);
        let due = owed.iter().filter(|(_, number)| is_due(*number)).map(|(frame, _)| frame.clone());
        let paid = session.wire.ask_all(&due.collect::<Vec<_>>());
        if paid.is_err() {
            self.state.lock().owed.splice(0..0, owed);
        }
        paid.map(drop)
    }

    /// Tells `listener` of losses and returns from now on.
    pub(crate) fn listen(&self, listener: SyncSender<LinkEvent>) {
        self.listeners.lock().push(listener);
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.state.lock().session.is_some()
    }

    /// Closes all pins and the connections. Idempotent.
    pub(crate) fn close(&self) -> Result<()> {
        let held: Vec<_> = self.held.lock().values().rev().filter_map(Weak::upgrade).collect();
        let mut result = Ok(());
        for pin in held {
            result = result.and(pin.close());
        }
        let session = {
            let mut state = self.state.lock();
            state.is_closed = true;
            state.session.take()
        };
        self.changed.notify_all();
        #[cfg(target_os = "linux")]
        self.inflow.end();
        self.listeners.lock().clear();
        if let Some(session) = session {
            // The daemon closes the handle with the connection; this is for those that tell a difference.
            let _ = session.wire.ask(&Frame::new(Command::Nc, session.handle, 0));
            session.wire.fail(error::closed());
        }
        result
    }

    /// Takes reports, and connects anew whenever the connection is lost.
    fn supervise(self: &Arc<Self>, mut session: Arc<Session>) {
        loop {
            let lost = self.receive(&session);
            session.wire.fail(lost.clone());
            let since = self.now();
            {
                let mut state = self.state.lock();
                if state.is_closed {
                    return;
                }
                state.session = None;
                state.lost = Some(lost.clone());
            }
            log::warn!("{lost}");
            self.tell(&LinkEvent::Lost { at: since, error: lost });
            match self.reconnect(session.number + 1, since) {
                Some(next) => session = next,
                None => return,
            }
        }
    }

    /// Takes reports until the connection is lost; returns why.
    fn receive(self: &Arc<Self>, session: &Arc<Session>) -> Error {
        let mut reader = Reader::new(session.clone());
        #[cfg(target_os = "linux")]
        let mut is_tried = false;
        loop {
            #[cfg(target_os = "linux")]
            if let Some(timeline) = self.inflow.timeline().filter(|_| !is_tried) {
                is_tried = true;
                match self.receive_by(timeline, reader) {
                    Ok(lost) => return lost,
                    Err(left) => reader = left,
                }
            }
            let mut lost = 0;
            let read = reader.read(&mut |reports| lost += self.report(reports));
            self.watch.lock().wake();
            self.complain(lost);
            match read {
                Ok(()) => self.measure_again(session),
                Err(error) if is_timeout(&error) => return session.lost(self.silent()),
                Err(error) => return session.lost(error),
            }
        }
    }

    /// Tells of what has come together; tells how many reports were lost.
    pub(crate) fn report(&self, reports: Reports<'_>) -> u64 {
        // Read when it is there, and so not before any of them.
        let now = self.now();
        let (mut watch, mut ticks) = (self.watch.lock(), self.ticks.lock());
        reports.iter().map(|report| u64::from(watch.report(&report, &mut ticks, now))).sum()
    }

    pub(crate) fn complain(&self, lost: u64) {
        if lost > 0 {
            log::warn!("{}: {lost} reports of changes were lost", self.address);
        }
    }

    /// How long nothing at all may come.
    pub(crate) fn silence(&self) -> Duration {
        self.settings.limits.silence
    }

    pub(crate) fn silent(&self) -> String {
        format!("it has been silent for {:?}", self.silence())
    }

    /// Whether the clocks are to be compared.
    pub(crate) fn is_due(&self) -> bool {
        self.ticks.lock().age(self.now()) >= MEASURE_AGAIN
    }

    /// Compares the clocks, if that has not been done for a while.
    pub(crate) fn measure_again(&self, session: &Session) {
        // Behind a request that takes the daemon long it would take as long, and hold up the reports.
        if !self.is_due() || session.wire.is_patient() {
            return;
        }
        // If it fails the connection is lost, and that is noticed where reports are read.
        if let Ok((sent, tick, answered)) = ask_tick(&session.wire, &self.clock) {
            if answered - sent < WORTHLESS {
                self.ticks.lock().measure(sent, tick, answered);
            }
        }
    }

    /// Tries until there is a session again; `None` if there is to be none.
    fn reconnect(self: &Arc<Self>, number: u64, since: Instant) -> Option<Arc<Session>> {
        let Some((mut pause, longest)) = self.settings.retry else {
            self.changed.notify_all();
            return None;
        };
        let mut is_new = false;
        loop {
            {
                let mut state = self.state.lock();
                let until = Deadline::now() + pause;
                while !state.is_closed && !self.changed.wait_until(&mut state, until).timed_out() {}
                if state.is_closed {
                    return None;
                }
            }
            let opened = Session::open(&self.address, &self.settings.limits, &self.clock, number);
            match opened.and_then(|(session, greeting)| self.resume(session, greeting, since, &mut is_new)) {
                Ok(session) => return Some(session),
                Err(error) if error.kind() == ErrorKind::Closed => return None,
                Err(error) => {
                    log::debug!("{error}");
                    self.state.lock().lost = Some(error);
                    pause = (pause * 2).min(longest);
                }
            }
        }
    }

    /// Brings all pins back on a new session, and puts it into use. `is_new` is noted as soon as it is known, for an attempt
    /// that ends half-way leaves marks at a new daemon.
    fn resume(
        self: &Arc<Self>,
        session: Session,
        greeting: Greeting,
        since: Instant,
        is_new: &mut bool,
    ) -> Result<Arc<Session>> {
        let session = Arc::new(session);
        let held: Vec<_> = self.held.lock().values().filter_map(Weak::upgrade).collect();
        let goes_on = self.ticks.lock().goes_on(greeting.tick, self.now());
        let is_known = if goes_on { knows(&session, &held)? } else { Some(false) };
        *is_new |= is_known == Some(false);
        let is_new = *is_new;
        *self.ticks.lock() = greeting.ticks;
        // Before anything is opened again, which may be given a number that is to be closed.
        self.pay(&session, is_new)?;
        for pin in &held {
            if let Err(error) = pin.restore(&session, is_new) {
                if error.kind() == ErrorKind::Disconnected {
                    return Err(error);
                }
                log::error!("{}: a pin cannot be restored: {error}", self.address);
            }
        }
        self.watch_again(&session)?;
        self.tend(&session)?;
        loop {
            {
                let mut state = self.state.lock();
                if state.is_closed {
                    session.wire.fail(error::closed());
                    return Err(error::closed());
                }
                if state.owed.is_empty() {
                    (state.session, state.lost) = (Some(session.clone()), None);
                    break;
                }
            }
            self.pay(&session, is_new)?;
        }
        self.catch_up(&session);
        self.changed.notify_all();
        let now = self.now();
        log::info!("{} is connected again", self.address);
        let is_new_daemon = if is_new { Some(true) } else { is_known.map(|is_known| !is_known) };
        self.tell(&LinkEvent::Restored { at: now, after: now - since, is_new_daemon });
        Ok(session)
    }

    /// Has the daemon report again, and looks at what has changed meanwhile.
    fn watch_again(&self, session: &Session) -> Result<()> {
        let places = {
            let watch = self.watch.lock();
            session.wire.enqueue(&watch_frames(session, watch.mask()))?
        };
        session.wire.flush();
        let look = Look::new(&session.wire.wait(&places)?)?;
        self.watch.lock().resume(&look, &mut self.ticks.lock(), self.now());
        Ok(())
    }

    /// Starts the thread that fetches the replies which nobody waits for.
    fn tend(self: &Arc<Self>, session: &Arc<Session>) -> Result<()> {
        let (link, session) = (self.clone(), session.clone());
        let tend = move || session.wire.tend(|| link.catch_up(&session));
        thread::spawn("pinzero-replies", tend).map(drop).map_err(no_thread)
    }

    /// Has all pins send what they could not send before.
    fn catch_up(&self, session: &Arc<Session>) {
        let held: Vec<_> = self.held.lock().values().filter_map(Weak::upgrade).collect();
        held.iter().for_each(|pin| pin.catch_up(session));
    }

    fn tell(&self, event: &LinkEvent) {
        // One that nobody reads is full or gone: full ones miss this event, gone ones all further ones.
        self.listeners.lock().retain(|listener| match listener.try_send(event.clone()) {
            Err(std::sync::mpsc::TrySendError::Disconnected(_)) => false,
            Ok(()) | Err(std::sync::mpsc::TrySendError::Full(_)) => true,
        });
    }
}

impl State {
    fn session(&self) -> Result<Arc<Session>> {
        match (&self.session, &self.lost) {
            _ if self.is_closed => Err(error::closed()),
            (Some(session), _) => Ok(session.clone()),
            (None, Some(lost)) => Err(lost.clone()),
            (None, None) => Err(error::closed()),
        }
    }
}

/// The PWM ranges by which programs of ours mark their lines, within 25 to 40,000: nobody else chooses one of these.
///
/// The range of a line without PWM has no effect, and a daemon that is started anew has forgotten it.
pub(crate) const MARKS: std::ops::Range<u32> = 30_011..39_912;

/// The mark of this program.
pub(crate) fn mark() -> u32 {
    MARKS.start + std::process::id() % (MARKS.end - MARKS.start)
}

/// Whether the daemon still has a mark of ours. Without one there is nothing that it could have forgotten.
fn knows(session: &Session, held: &[Arc<dyn Held>]) -> Result<Option<bool>> {
    let marked: Vec<(u32, u32)> = held.iter().filter_map(|pin| pin.marked()).collect();
    let questions: Vec<Frame> = marked.iter().map(|(line, _)| Frame::new(Command::Prg, *line, 0)).collect();
    let answers = session.wire.ask_all(&questions)?;
    let is_known =
        |(answer, (_, range)): (&Answer, &(u32, u32))| answer.value().is_ok_and(|found| found == *range);
    Ok((!answers.is_empty()).then(|| answers.iter().zip(&marked).any(is_known)))
}

fn no_thread(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, "the system gives no thread for the connection").with_source(error)
}
