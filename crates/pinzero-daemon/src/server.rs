//! The loop: one thread that accepts, reads, answers and reports, and never waits for a single client.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use pinzero_core::time::{Instant, ms, secs, us};
use pinzero_pigpio::protocol::{Code, Command, Report, Request};
use slab::Slab;

use crate::answer::Answer;
use crate::connection::Connection;
use crate::executor::{Executor, SHARE_TIME, TURN_TIME};
use crate::inbox::{Inbox, Message, Rest};
use crate::stopwatch::Stopwatch;
use crate::timer::{Deadlines, Timer};
use crate::{ClientId, Network};

/// The most bytes read from one connection before the others have their turn.
const SHARE: usize = 16 * 1024;

/// The number of requests between two looks at the clock, which takes as long as a quick request.
const LOOK: u64 = 8;

/// The most connections accepted before others have their turn.
const ACCEPTS: usize = 64;

/// The longest time from the first byte of a request to its last.
const PATIENCE: Duration = secs(60);

/// How long the daemon works on a request of a client that has hung up. A client that closes only its sending side, and reads
/// on, looks the same; so do its quick requests get their answers.
const GRACE: Duration = secs(1);

/// The wait before the next `accept` when the system has no file descriptor left.
const BREATH: Duration = ms(100);

const TIMER: Token = Token(usize::MAX);
pub(crate) const INBOX: Token = Token(usize::MAX - 1);
/// The token of the first listener; the other listeners count down from it.
const LISTENERS: usize = usize::MAX - 2;

/// The limits of connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) connections: usize,
    /// The most unsent bytes for a client; with more, the daemon drops the client.
    pub(crate) backlog: usize,
}

#[derive(Debug)]
pub(crate) struct Server {
    poll: Poll,
    listeners: Vec<TcpListener>,
    allow: Vec<Network>,
    limits: Limits,
    inbox: Arc<Inbox>,
    timer: Timer,
    executor: Executor,
    connections: Slab<Slot>,
    serial: u32,
    /// The log has a warning about a refused connection.
    has_refused: bool,
    deadlines: Deadlines<Due>,
    /// The listeners with connections to accept.
    callers: Vec<usize>,
    /// Connections with more to read or to answer than their share, in the order of their turns.
    more: VecDeque<usize>,
    /// Connections with something to send.
    dirty: Vec<usize>,
    scratch: Vec<u8>,
    messages: Vec<Message>,
    /// More messages are left in the inbox.
    has_news: bool,
    reports: Vec<(ClientId, Report)>,
}

#[derive(Debug)]
struct Slot {
    serial: u32,
    /// The client's address.
    peer: SocketAddr,
    connection: Connection,
    /// Runs while a request is incomplete.
    incomplete: Stopwatch,
    /// Runs while a request is pending although the client has hung up.
    abandoned: Stopwatch,
}

/// Why a connection is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Something has come: quick requests are answered at once.
    New,
    /// The connection has waited for its turn.
    Own,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// The pending request of a connection gets its answer.
    Answer(ClientId),
    /// A connection must have completed its request.
    Patience(ClientId),
    /// The request of a client that has hung up must be done.
    Grace(ClientId),
    /// A listener tries to accept again.
    Accept(usize),
}

impl Server {
    pub(crate) fn new(
        poll: Poll,
        mut listeners: Vec<TcpListener>,
        allow: Vec<Network>,
        limits: Limits,
        inbox: Arc<Inbox>,
        executor: Executor,
    ) -> io::Result<Self> {
        for (index, listener) in listeners.iter_mut().enumerate() {
            poll.registry().register(listener, Token(LISTENERS - index), Interest::READABLE)?;
        }
        Ok(Server {
            timer: Timer::new(poll.registry(), TIMER)?,
            poll,
            listeners,
            allow,
            limits,
            inbox,
            executor,
            connections: Slab::new(),
            serial: 0,
            has_refused: false,
            deadlines: Deadlines::new(),
            callers: Vec::new(),
            more: VecDeque::new(),
            dirty: Vec::new(),
            scratch: vec![0; SHARE],
            messages: Vec::new(),
            has_news: false,
            reports: Vec::new(),
        })
    }

    /// Serves until the daemon is told to stop.
    pub(crate) fn run(mut self) {
        let mut events = Events::with_capacity(1024);
        loop {
            let timeout = self.timeout();
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    log::error!("the daemon ends, because polling its clients failed: {error}");
                    return;
                }
                Ok(()) => {}
            }
            if self.hear() {
                return;
            }
            self.fire();
            for event in &events {
                match event.token() {
                    TIMER | INBOX => {}
                    Token(key) if key > LISTENERS - self.listeners.len() => {
                        self.callers.push(LISTENERS - key);
                    }
                    Token(key) => {
                        if event.is_writable() {
                            self.mark(key);
                        }
                        if event.is_readable()
                            || event.is_read_closed()
                            || event.is_write_closed()
                            || event.is_error()
                        {
                            if let Some(slot) = self.connections.get_mut(key) {
                                slot.connection.is_readable = true;
                                slot.connection.is_hung_up |= event.is_read_closed() || event.is_error();
                                slot.connection.is_lost |= event.is_write_closed() || event.is_error();
                            }
                            self.pump(key, Turn::New);
                            self.deliver();
                        }
                    }
                }
            }
            self.deliver();
            self.flush();
            self.accept_all();
            // The quick requests have their answers now. What takes more time comes after them.
            self.executor.run_scripts(self.executor.now());
            self.pump_more();
            self.deliver();
            self.flush();
            self.inbox.set_programs(self.connections.len().saturating_sub(self.executor.listeners()));
        }
    }

    /// Returns how long the poll may wait at most.
    fn timeout(&mut self) -> Option<Duration> {
        let next = self.deadlines.next().into_iter().chain(self.executor.next()).min();
        let timeout = self.timer.set(next, self.executor.now());
        let is_idle = self.more.is_empty() && self.dirty.is_empty() && !self.has_news;
        if is_idle { timeout } else { Some(Duration::ZERO) }
    }

    /// Handles the messages of other threads; returns whether to stop.
    fn hear(&mut self) -> bool {
        let mut messages = std::mem::take(&mut self.messages);
        let rest = self.inbox.take(self.executor.appetite(), &mut messages);
        let stop = messages.iter().any(|message| matches!(message, Message::Stop));
        for message in messages.drain(..) {
            match message {
                Message::Done { client, answer } => self.answer(client, answer),
                other => self.executor.hear(other),
            }
        }
        self.messages = messages;
        self.has_news = rest == Rest::More;
        if rest == Rest::Lost {
            self.executor.catch_up();
        }
        stop
    }

    /// Does everything that is due, but for scripts.
    fn fire(&mut self) {
        let now = self.executor.now();
        self.executor.fire(now);
        while let Some(due) = self.deadlines.pop(now) {
            match due {
                Due::Answer(client) => self.answer(client, Ok(Answer::Number(0))),
                Due::Patience(client) => self.lose_patience(client, now),
                Due::Grace(client) => self.end_grace(client, now),
                Due::Accept(index) => self.callers.push(index),
            }
        }
    }

    fn slot(&mut self, client: ClientId) -> Option<&mut Slot> {
        self.connections.get_mut(client.slot as usize).filter(|slot| slot.serial == client.serial)
    }

    /// Sends the answer that a client has been waiting for.
    fn answer(&mut self, client: ClientId, answer: Result<Answer, Code>) {
        let Some(slot) = self.slot(client) else { return };
        if let Some(asked) = slot.connection.pending.take() {
            slot.connection.reply(asked, answer);
            self.mark(client.slot as usize);
            self.pump(client.slot as usize, Turn::New);
        }
    }

    /// Drops a connection that has not completed its request in time.
    fn lose_patience(&mut self, client: ClientId, now: Instant) {
        let Some(end) = self.slot(client).and_then(|slot| slot.incomplete.end(PATIENCE)) else { return };
        if end > now {
            return self.deadlines.set(Due::Patience(client), end);
        }
        log::info!("dropped a client: its request was not complete within {PATIENCE:?}");
        self.drop_connection(client.slot as usize);
    }

    /// Drops a client that has hung up and whose request is still pending.
    fn end_grace(&mut self, client: ClientId, now: Instant) {
        let Some(end) = self.slot(client).and_then(|slot| slot.abandoned.end(GRACE)) else { return };
        if end > now {
            return self.deadlines.set(Due::Grace(client), end);
        }
        self.drop_connection(client.slot as usize);
    }

    /// Accepts connections. Comes after all events of this turn: they must not meet a new connection in a slot that was theirs.
    fn accept_all(&mut self) {
        let mut callers = std::mem::take(&mut self.callers);
        callers.drain(..).for_each(|index| self.accept(index));
        self.callers = callers;
    }

    fn accept(&mut self, index: usize) {
        for _ in 0..ACCEPTS {
            match self.listeners[index].accept() {
                Ok((stream, peer)) => self.admit(stream, peer),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // The client is gone already.
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted
                    ) => {}
                Err(error) => {
                    log::warn!("cannot accept a connection now: {error}");
                    let now = self.executor.now();
                    self.deadlines.set(Due::Accept(index), now + BREATH);
                    return;
                }
            }
        }
        // The rest in the next turn.
        self.deadlines.set(Due::Accept(index), self.executor.now() + us(1));
    }

    fn admit(&mut self, mut stream: mio::net::TcpStream, peer: SocketAddr) {
        if !self.allow.is_empty() && !self.allow.iter().any(|network| network.contains(peer.ip())) {
            self.tell_refusal(&format!(
                "{} is not allowed to connect: `--allow` names the networks",
                peer.ip()
            ));
            return;
        }
        if self.connections.len() >= self.limits.connections {
            let abandoned = self.connections.iter().find(|(_, slot)| slot.connection.is_abandoned());
            let Some((key, _)) = abandoned else {
                let (peer, count) = (peer.ip(), self.connections.len());
                self.tell_refusal(&format!("{peer} is turned away: there are {count} connections already"));
                return;
            };
            self.drop_connection(key);
        }
        let entry = self.connections.vacant_entry();
        let prepared = prepare(&stream).and_then(|()| {
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut stream, Token(entry.key()), interest)
        });
        match prepared {
            Ok(()) => {
                self.serial = self.serial.wrapping_add(1);
                let connection = Connection::new(stream);
                entry.insert(Slot {
                    serial: self.serial,
                    peer,
                    connection,
                    incomplete: Stopwatch::default(),
                    abandoned: Stopwatch::default(),
                });
                log::info!("{peer} has connected; connections: {}", self.connections.len());
            }
            Err(error) => log::warn!("cannot use the connection of {peer}: {error}"),
        }
    }

    /// Warns about the first refused connection only, so that an attacker cannot fill the log.
    fn tell_refusal(&mut self, what: &str) {
        if std::mem::replace(&mut self.has_refused, true) {
            log::debug!("{what}");
        } else {
            log::warn!("{what}; further ones are logged at debug level only");
        }
    }

    /// Answers the requests of a connection, up to its share. Only a connection whose `turn` it is may have a slow one.
    fn pump(&mut self, key: usize, turn: Turn) {
        let Some(slot) = self.connections.get_mut(key) else { return };
        let client = ClientId { slot: key as u32, serial: slot.serial };
        let connection = &mut slot.connection;
        let start = self.executor.now();
        let end = start + SHARE_TIME;
        let (mut has_read, mut has_run, mut is_used_up) = (false, false, false);
        // A connection that waits for its next turn has had this one.
        while !connection.is_queued {
            let input = connection.take_input();
            if connection.is_foreign(&input) {
                // Bytes of TLS or STUN may by chance be commands further on.
                log::info!("dropped a client: what it sent first is no command");
                return self.drop_connection(key);
            }
            let mut used = 0;
            let mut is_broken = false;
            while connection.is_ready() && !is_used_up {
                match Request::decode(&input[used..]) {
                    Ok(Some((request, length))) => {
                        let is_slow = self.executor.is_slow(&request);
                        if is_slow && (has_run || turn == Turn::New) {
                            is_used_up = true;
                            break;
                        }
                        used += length;
                        connection.requests += 1;
                        let answer = self.executor.execute(client, &request);
                        if let Err(code) = &answer {
                            log::info!("{} is refused {}: {code}", slot.peer, name(&request));
                        }
                        if let Ok(Answer::At(at)) = answer {
                            self.deadlines.set(Due::Answer(client), at);
                        }
                        connection.reply((&request).into(), answer);
                        if !has_run {
                            self.inbox.set_last_request(start);
                        }
                        has_run = true;
                        let is_late = connection.requests % LOOK == 0 && self.executor.now() >= end;
                        is_used_up = is_slow || is_late || self.executor.has_many_reports();
                    }
                    Ok(None) => break,
                    Err(_) => {
                        is_broken = true;
                        break;
                    }
                }
            }
            connection.put_back(input, used);
            if is_broken {
                log::info!("dropped a client: its request is too long");
                return self.drop_connection(key);
            }
            if !connection.is_ready() || !connection.is_readable && !is_used_up {
                break;
            }
            if has_read || is_used_up {
                connection.is_queued = true;
                self.more.push_back(key);
                break;
            }
            if let Err(error) = connection.read(&mut self.scratch) {
                log::debug!("lost a connection: {error}");
                return self.drop_connection(key);
            }
            has_read = true;
        }
        let is_abandoned = connection.is_abandoned();
        // With a safe state, the lines of a client that is gone are given back at once.
        if connection.is_lost || is_abandoned && self.executor.is_safe {
            return self.drop_connection(key);
        }
        let is_incomplete = connection.is_in_request() && connection.is_ready();
        let (requests, now) = (connection.requests, self.executor.now());
        if let Some(start) = slot.abandoned.note(is_abandoned, requests, now) {
            self.deadlines.set(Due::Grace(client), start + GRACE);
        }
        if let Some(start) = slot.incomplete.note(is_incomplete, requests, now) {
            self.deadlines.set(Due::Patience(client), start + PATIENCE);
        }
        self.mark(key);
    }

    /// Continues with the connections that had more than their share, until the time of all of them for this turn is used up.
    fn pump_more(&mut self) {
        let end = self.executor.now() + TURN_TIME;
        // Connections that are added meanwhile have their turn next time.
        for _ in 0..self.more.len() {
            let Some(key) = self.more.pop_front() else { return };
            if let Some(slot) = self.connections.get_mut(key) {
                slot.connection.is_queued = false;
            }
            self.pump(key, Turn::Own);
            // A request may cause a report to every client. Sending in between keeps reports from piling up.
            self.deliver();
            if self.executor.now() >= end {
                return;
            }
        }
    }

    /// Notes that a connection may have something to send, or to end.
    fn mark(&mut self, key: usize) {
        let Some(slot) = self.connections.get_mut(key) else { return };
        if !std::mem::replace(&mut slot.connection.is_dirty, true) {
            self.dirty.push(key);
        }
    }

    /// Gives new reports to their clients.
    fn deliver(&mut self) {
        let mut reports = std::mem::take(&mut self.reports);
        self.executor.take_reports(&mut reports);
        let most = self.limits.backlog;
        for (client, report) in reports.drain(..) {
            if let Some(slot) = self.slot(client) {
                slot.connection.report(&report, most);
                self.mark(client.slot as usize);
            }
        }
        self.reports = reports;
    }

    /// Sends the waiting bytes, and drops clients that do not read.
    fn flush(&mut self) {
        let mut keys = std::mem::take(&mut self.dirty);
        for key in keys.drain(..) {
            let Some(slot) = self.connections.get_mut(key) else { continue };
            let connection = &mut slot.connection;
            connection.is_dirty = false;
            let was_ready = connection.is_ready();
            if let Err(error) = connection.flush() {
                log::debug!("lost a connection: {error}");
                self.drop_connection(key);
            } else if connection.is_deaf || connection.backlog() > self.limits.backlog {
                log::warn!("dropped a client: it does not read its reports");
                self.drop_connection(key);
            } else if connection.is_finished() {
                self.drop_connection(key);
            } else if !was_ready
                && connection.is_ready()
                && !std::mem::replace(&mut connection.is_queued, true)
            {
                self.more.push_back(key);
            }
        }
        // No connection has become dirty meanwhile; the allocation is kept for the next time.
        self.dirty = keys;
        // Lines may have changed with a client that was dropped.
        self.deliver();
    }

    fn drop_connection(&mut self, key: usize) {
        if let Some(mut slot) = self.connections.try_remove(key) {
            // This fails only if the connection is not registered, and then there is nothing to do.
            let _ = self.poll.registry().deregister(slot.connection.stream());
            let client = ClientId { slot: key as u32, serial: slot.serial };
            for due in [Due::Answer(client), Due::Patience(client), Due::Grace(client)] {
                self.deadlines.remove(due);
            }
            self.executor.forget(client);
            log::info!("{} has left; connections: {}", slot.peer, self.connections.len());
        }
    }
}

/// Names a request for the log.
fn name(request: &Request<'_>) -> String {
    let Request { command, p1, p2, .. } = request;
    match Command::from_code(*command) {
        Some(command) => format!("{} {p1} {p2}", command.name()),
        None => format!("command {command}"),
    }
}

/// Sends small replies at once, and detects a client that is gone without a word.
fn prepare(stream: &mio::net::TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive = socket2::TcpKeepalive::new().with_time(secs(15)).with_interval(secs(5)).with_retries(3);
    let socket = socket2::SockRef::from(stream);
    // Keep-alive works only while no data is on its way; this timeout is for unconfirmed data.
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(secs(30)))?;
    socket.set_tcp_keepalive(&keepalive)
}
