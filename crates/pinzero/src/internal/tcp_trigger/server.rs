//! [`Server`]: the thread that accepts clients, reads their messages and sends the replies.

use std::io::{ErrorKind as IoKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, ThreadId};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use pinzero_core::{Condvar, Error, ErrorKind};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt;

use super::NAME;
use super::client::{Phase, TcpClient};
use super::splitter::{Framing, Splitter};
use super::waker::Waker;
use crate::time::{ms, secs};

/// How long a message may take from its first byte to its last, at most. So a client that never ends one does not keep its place for
/// ever.
const MESSAGE_TIME: Duration = secs(30);

/// How long a closed connection stays for the sake of what is not sent yet, or not received.
const CLOSING_TIME: Duration = secs(5);

/// How long the connection of a client that sends no more stays for the sake of replies.
const ANSWER_TIME: Duration = secs(30);

/// How long a connection is silent before the system asks the client's computer whether it is still there, and how often the system asks
/// then. After some questions without an answer, the connection is lost.
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
const KEEPALIVE: (Duration, Duration) = (secs(60), secs(10));

/// How long no client is accepted after the system has refused one: it is out of file descriptors, or of memory.
const PAUSE: Duration = secs(1);

/// The most bytes that are read from one client before the others have their turn.
const CHUNK: usize = 16 * 1024;

/// The most clients that are accepted at once.
const BATCH: usize = 64;

/// What the device and the thread share.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) address: SocketAddr,
    pub(super) waker: Arc<Waker>,
    /// Set once a handler or an iterator is there. Before, messages wait in the network.
    is_listening: AtomicBool,
    stops: AtomicBool,
    clients: Mutex<Vec<TcpClient>>,
    thread: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug)]
enum State {
    Unstarted,
    Running(ThreadId),
    Ended,
}

impl Port {
    pub(super) fn new(address: SocketAddr, waker: Waker) -> Self {
        Port {
            address,
            waker: Arc::new(waker),
            is_listening: AtomicBool::new(false),
            stops: AtomicBool::new(false),
            clients: Mutex::default(),
            thread: Mutex::new(State::Unstarted),
            ended: Condvar::new(),
        }
    }

    /// Lets the thread read messages: somebody listens.
    pub(super) fn listen(&self) {
        if !self.is_listening.swap(true, Ordering::AcqRel) {
            self.waker.wake();
        }
    }

    /// Has the thread close all sockets and end. Does not wait for that.
    pub(super) fn stop(&self) {
        self.stops.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Starts the thread.
    pub(super) fn start(
        &self,
        spawn: impl FnOnce() -> std::io::Result<JoinHandle<()>>,
    ) -> std::io::Result<()> {
        // With the lock held, so that the thread does not end before it is known.
        let mut thread = self.thread.lock();
        *thread = State::Running(spawn()?.thread().id());
        Ok(())
    }

    /// Waits until the sockets are closed. Does not wait on the thread itself, which closes them when the handler that runs there returns.
    pub(super) fn wait_for_end(&self) {
        // In a test on virtual time, that thread may run a handler that waits for this one.
        let deadline = Instant::now() + secs(2);
        let mut thread = self.thread.lock();
        while matches!(&*thread, State::Running(id) if *id != std::thread::current().id()) {
            if self.ended.wait_until(&mut thread, deadline) {
                return;
            }
        }
    }

    pub(super) fn clients(&self) -> Vec<TcpClient> {
        self.clients.lock().clone()
    }
}

/// What the thread tells the device.
#[derive(Debug)]
pub(super) enum News {
    Connected(TcpClient),
    Message(TcpClient, Vec<u8>),
    Disconnected(TcpClient),
}

/// The limits for clients.
#[derive(Debug)]
pub(super) struct Limits {
    pub(super) framing: Framing,
    pub(super) max_clients: usize,
    pub(super) max_message: usize,
    pub(super) idle_timeout: Option<Duration>,
}

impl Limits {
    /// Returns how long a message may take.
    fn message_time(&self) -> Duration {
        self.idle_timeout.map_or(MESSAGE_TIME, |timeout| timeout.min(MESSAGE_TIME))
    }
}

/// The sockets, on their thread.
pub(super) struct Server<T> {
    port: Arc<Port>,
    limits: Limits,
    listener: TcpListener,
    /// No client is accepted before this time.
    paused: Option<Instant>,
    connections: Vec<Connection>,
    /// Tells the device.
    tell: T,
}

struct Connection {
    client: TcpClient,
    stream: TcpStream,
    input: Splitter,
    /// The output that is not sent, from `sent` on.
    output: Vec<u8>,
    sent: usize,
    /// When the client has sent something.
    heard: Instant,
    /// When the message began that is not complete.
    begun: Option<Instant>,
    /// Until when the client, who has sent all that it will, waits for replies.
    answer_by: Option<Instant>,
    /// Until when the connection stays, which the program has closed.
    close_by: Option<Instant>,
    /// `true` once the client knows that nothing more comes.
    is_shut: bool,
}

/// The end of a connection, with the reason if neither side wanted it.
struct Over(Option<Error>);

impl From<Error> for Over {
    fn from(error: Error) -> Self {
        Over(Some(error))
    }
}

impl<T: FnMut(News)> Server<T> {
    pub(super) fn new(port: Arc<Port>, limits: Limits, listener: TcpListener, tell: T) -> Self {
        Server { port, limits, listener, paused: None, connections: Vec::new(), tell }
    }

    /// Serves clients until the port is stopped, and closes all sockets.
    pub(super) fn run(self) {
        /// Tells that the thread has ended, also by a panic.
        struct AtEnd(Arc<Port>);

        impl Drop for AtEnd {
            fn drop(&mut self) {
                self.0.clients.lock().clear();
                *self.0.thread.lock() = State::Ended;
                self.0.ended.notify_all();
            }
        }

        // Declared first, and so dropped after the sockets.
        let _at_end = AtEnd(self.port.clone());
        let mut server = self;
        while !server.port.stops.load(Ordering::Acquire) {
            server.wait();
            server.port.waker.drain();
            server.accept();
            server.serve();
        }
        let Server { listener, mut connections, .. } = server;
        // First, so that a client that sees the end can open the port.
        drop(listener);
        for connection in &mut connections {
            // What was sent just before the end, as far as there is room.
            let _ = connection.write();
            connection.client.end(None);
        }
    }

    /// Waits until there is something to do.
    fn wait(&self) {
        let now = Instant::now();
        let mut sockets = vec![PollFd::new(self.port.waker.socket(), PollFlags::IN)];
        if self.paused.is_none() {
            sockets.push(PollFd::new(&self.listener, PollFlags::IN));
        }
        for connection in &self.connections {
            let mut wanted = PollFlags::empty();
            wanted.set(PollFlags::IN, connection.wants_input(&self.port));
            wanted.set(PollFlags::OUT, connection.client.has_unsent());
            // Not asked for anything, a socket may still report its end, over and over.
            if !wanted.is_empty() {
                sockets.push(PollFd::new(&connection.stream, wanted));
            }
        }
        let deadlines = self.connections.iter().filter_map(|connection| self.deadline(connection));
        let timeout = deadlines.chain(self.paused).min().map(|at| {
            // Rounded up, or the last millisecond would be a busy one.
            let left = at.saturating_duration_since(now).saturating_add(ms(1)).min(secs(3600));
            // Their sizes differ from system to system.
            Timespec { tv_sec: left.as_secs() as _, tv_nsec: left.subsec_nanos() as _ }
        });
        if poll(&mut sockets, timeout.as_ref()).is_err_and(|error| error != rustix::io::Errno::INTR) {
            // Out of memory; better slow than busy.
            std::thread::sleep(ms(100));
        }
    }

    /// Returns when the connection is due for a look if nothing comes.
    fn deadline(&self, connection: &Connection) -> Option<Instant> {
        if let Some(end) = connection.close_by.or(connection.answer_by) {
            return Some(end);
        }
        // A client that has to wait for us is not late.
        if connection.is_paused(&self.port) {
            return None;
        }
        let begun = connection.begun.map(|begun| begun + self.limits.message_time());
        let idle = self.limits.idle_timeout.and_then(|timeout| connection.heard.checked_add(timeout));
        begun.into_iter().chain(idle).min()
    }

    fn accept(&mut self) {
        if self.paused.is_some_and(|until| Instant::now() < until) {
            return;
        }
        self.paused = None;
        for _ in 0..BATCH {
            match self.listener.accept() {
                Ok((stream, address)) => self.welcome(stream, address),
                Err(error) if error.kind() == IoKind::WouldBlock => return,
                Err(error) if is_about_one(error.kind()) => {}
                Err(error) => {
                    log::warn!(
                        "{NAME} on {}: no client is accepted for a second: {error}",
                        self.port.address
                    );
                    self.paused = Some(Instant::now() + PAUSE);
                    return;
                }
            }
        }
    }

    fn welcome(&mut self, stream: TcpStream, address: SocketAddr) {
        let most = self.limits.max_clients;
        // Those that the program has closed only wait for their last bytes. They have as many places of their own.
        let closing: Vec<usize> = (0..self.connections.len())
            .filter(|index| self.connections[*index].client.phase() != Phase::Open)
            .collect();
        if self.connections.len() - closing.len() >= most {
            let port = self.port.address;
            log::warn!("{NAME} on {port}: client {address} was turned away: {most} are here (`max_clients`)");
            return;
        }
        if closing.len() >= most {
            let close_by = |index: &usize| self.connections[*index].close_by;
            // One without a time was closed just now.
            let oldest = closing.into_iter().min_by_key(|index| (close_by(index).is_none(), close_by(index)));
            oldest.into_iter().for_each(|index| self.end(index, None));
        }
        // A client that has gone already is noticed by the next read.
        let _ = stream.set_nonblocking(true).and_then(|()| stream.set_nodelay(true));
        if let Err(error) = keep_alive(&stream) {
            log::debug!("{NAME} on {}: no keepalive for client {address}: {error}", self.port.address);
        }
        let Limits { framing, max_message, .. } = self.limits;
        let client = TcpClient::new(address, framing, &self.port.waker);
        self.port.clients.lock().push(client.clone());
        self.connections.push(Connection {
            client: client.clone(),
            stream,
            input: Splitter::new(framing, max_message),
            output: Vec::new(),
            sent: 0,
            heard: Instant::now(),
            begun: None,
            answer_by: None,
            close_by: None,
            is_shut: false,
        });
        (self.tell)(News::Connected(client));
    }

    /// Does for each client what can be done without waiting.
    fn serve(&mut self) {
        let mut index = 0;
        while index < self.connections.len() && !self.port.stops.load(Ordering::Acquire) {
            match self.serve_one(index) {
                Ok(()) => index += 1,
                Err(Over(reason)) => self.end(index, reason),
            }
        }
    }

    fn serve_one(&mut self, index: usize) -> Result<(), Over> {
        let connection = &mut self.connections[index];
        connection.read(&self.port)?;
        while let Some(message) = connection.next_message(&self.port)? {
            (self.tell)(News::Message(connection.client.clone(), message));
        }
        // A handler that ran here has closed the trigger: the port goes first, and then the clients.
        if self.port.stops.load(Ordering::Acquire) {
            return Ok(());
        }
        connection.write()?;
        connection.close_if_done()?;
        let now = Instant::now();
        if self.deadline(&self.connections[index]).is_some_and(|at| at <= now) {
            return Err(Over(self.connections[index].lateness(&self.limits)));
        }
        Ok(())
    }

    fn end(&mut self, index: usize, reason: Option<Error>) {
        let Connection { client, stream, .. } = self.connections.swap_remove(index);
        drop(stream);
        client.end(reason);
        if let Some(reason) = client.reason() {
            log::warn!("{NAME} on {}: {reason}", self.port.address);
        }
        self.port.clients.lock().retain(|other| *other != client);
        (self.tell)(News::Disconnected(client));
    }
}

impl Connection {
    /// Returns whether the client has sent all that it will.
    fn has_all(&self) -> bool {
        self.answer_by.is_some()
    }

    fn is_paused(&self, port: &Port) -> bool {
        !port.is_listening.load(Ordering::Acquire) || self.client.unread() >= port.waker.most_unread()
    }

    fn wants_input(&self, port: &Port) -> bool {
        !self.has_all() && (self.client.phase() != Phase::Open || !self.is_paused(port))
    }

    fn read(&mut self, port: &Port) -> Result<(), Over> {
        if !self.wants_input(port) {
            return Ok(());
        }
        let mut chunk = [0; CHUNK];
        match self.stream.read(&mut chunk) {
            Ok(0) => {
                self.client.set_last();
                self.answer_by = Some(Instant::now() + ANSWER_TIME);
            }
            // Closed by the program, which wants no more of this client. But unread bytes would reset the connection, and take the
            // last reply with them.
            Ok(_) if self.client.phase() != Phase::Open => {}
            Ok(count) => {
                self.heard = Instant::now();
                self.input.push(&chunk[..count]);
            }
            Err(error) if matches!(error.kind(), IoKind::WouldBlock | IoKind::Interrupted) => {}
            Err(error) => return Err(lost(error)),
        }
        Ok(())
    }

    /// Takes the next message out, if one is complete and the device has room for it.
    fn next_message(&mut self, port: &Port) -> Result<Option<Vec<u8>>, Over> {
        if self.client.phase() != Phase::Open || self.is_paused(port) {
            return Ok(None);
        }
        let message = match self.input.next()? {
            None if self.has_all() => self.input.last()?,
            message => message,
        };
        match &message {
            None if !self.input.is_empty() => _ = self.begun.get_or_insert(self.heard),
            _ => self.begun = None,
        }
        Ok(message)
    }

    fn write(&mut self) -> Result<(), Over> {
        loop {
            if self.sent == self.output.len() {
                (self.output, self.sent) = (self.client.take_output(), 0);
                if self.output.is_empty() {
                    return Ok(());
                }
            }
            match self.stream.write(&self.output[self.sent..]) {
                Ok(count) => {
                    self.sent += count;
                    self.client.sent(count);
                }
                Err(error) if error.kind() == IoKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == IoKind::Interrupted => {}
                Err(error) => return Err(lost(error)),
            }
        }
    }

    /// Goes on with the end of the connection, if either side wants that.
    fn close_if_done(&mut self) -> Result<(), Over> {
        let phase = self.client.phase();
        if phase == Phase::Ended {
            return Err(Over(None));
        }
        let is_sent = !self.client.has_unsent();
        let mut is_answered = self.input.is_empty() && !self.client.has_messages();
        if phase == Phase::Closing {
            self.close_by.get_or_insert_with(|| Instant::now() + CLOSING_TIME);
            if is_sent && !self.is_shut {
                // If this fails, the client has gone.
                let _ = self.stream.shutdown(Shutdown::Write);
                self.is_shut = true;
            }
            is_answered = true;
        }
        if self.has_all() && is_sent && is_answered { Err(Over(None)) } else { Ok(()) }
    }

    /// Returns why a connection ends at its deadline.
    fn lateness(&self, limits: &Limits) -> Option<Error> {
        // The program or the client has closed the connection, and the other side took its time.
        if self.close_by.or(self.answer_by).is_some() {
            return None;
        }
        let message = match self.begun {
            Some(_) => {
                let time = limits.message_time();
                format!("a message was not complete after {time:?}, so the client was dropped")
            }
            None => {
                let time = limits.idle_timeout?;
                format!("nothing came for {time:?} (`idle_timeout`), so the client was dropped")
            }
        };
        Some(Error::new(ErrorKind::TimedOut, message))
    }
}

/// Has the system notice that the client's computer is gone without a word.
fn keep_alive(stream: &TcpStream) -> rustix::io::Result<()> {
    sockopt::set_socket_keepalive(stream, true)?;
    // Elsewhere, the system has its own times.
    #[cfg(any(target_os = "linux", target_os = "macos", windows))]
    {
        sockopt::set_tcp_keepidle(stream, KEEPALIVE.0)?;
        sockopt::set_tcp_keepintvl(stream, KEEPALIVE.1)?;
    }
    Ok(())
}

fn lost(error: std::io::Error) -> Over {
    Over(Some(Error::new(ErrorKind::Disconnected, "the connection is lost").with_source(error)))
}

/// Returns whether an error of `accept` is about one client, who has gone already.
fn is_about_one(kind: IoKind) -> bool {
    matches!(kind, IoKind::ConnectionAborted | IoKind::ConnectionReset | IoKind::Interrupted)
}
