//! [`TcpClient`], and [`TcpMessage`], which a client sends.

use std::fmt;
use std::net::SocketAddr;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use pinzero_core::time::Instant;
use pinzero_core::{Error, ErrorKind, Kinded, Result};

use super::NAME;
use super::splitter::Framing;
use super::waker::Waker;

/// The most bytes that may wait for a client before one more reply drops the client.
const MOST_UNSENT: usize = 256 * 1024;

/// A client of a [`TcpTrigger`](crate::TcpTrigger). Clones are handles of the same connection. Two handles are equal if they are of
/// one connection.
#[derive(Clone)]
pub struct TcpClient(Arc<Shared>);

struct Shared {
    address: SocketAddr,
    framing: Framing,
    waker: Arc<Waker>,
    state: Mutex<State>,
    /// The number of messages that nobody has read.
    unread: AtomicUsize,
    /// The number of messages that somebody may still answer.
    alive: AtomicUsize,
    /// `true` once the client sends no more. The thread then waits for its last message to be answered.
    is_last: AtomicBool,
}

struct State {
    phase: Phase,
    /// What the thread has not taken yet, as it goes over the wire.
    output: Vec<u8>,
    /// The number of bytes that are not sent: these, and those that the thread has taken.
    unsent: usize,
    reason: Option<Error>,
}

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    /// The connection ends once the output is sent.
    Closing,
    /// The connection has ended, or ends at once.
    Ended,
}

impl TcpClient {
    pub(super) fn new(address: SocketAddr, framing: Framing, waker: &Arc<Waker>) -> Self {
        let state = State { phase: Phase::Open, output: Vec::new(), unsent: 0, reason: None };
        TcpClient(Arc::new(Shared {
            address,
            framing,
            waker: waker.clone(),
            state: Mutex::new(state),
            unread: AtomicUsize::new(0),
            alive: AtomicUsize::new(0),
            is_last: AtomicBool::new(false),
        }))
    }

    /// Returns the address and the port of the client.
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// Returns whether the client can still be sent something: the connection is neither closed, nor lost.
    pub fn is_connected(&self) -> bool {
        self.0.state.lock().phase == Phase::Open
    }

    /// Sends the client a line, or with [`frames`](crate::Builder::frames) a frame. Never blocks: a thread sends in the background.
    ///
    /// Text with line breaks in it arrives as several lines. A client that does not read is dropped: if more than 256 KiB wait, the
    /// next `send` ends the connection. So a slow client harms neither the program nor other clients.
    ///
    /// # Errors
    /// [`Disconnected`](ErrorKind::Disconnected) if the connection has ended: the message tells why. [`TimedOut`](ErrorKind::TimedOut) if the client
    /// is dropped by this call. [`InvalidValue`](ErrorKind::InvalidValue) for a frame of 4 GiB and more.
    pub fn send(&self, message: impl AsRef<[u8]>) -> Result<()> {
        let sent = self.queue(message.as_ref()).map_err(|error| self.name(error));
        self.0.waker.wake();
        sent
    }

    fn queue(&self, message: &[u8]) -> Result<()> {
        let mut state = self.0.state.lock();
        if state.phase != Phase::Open {
            let error = Error::new(ErrorKind::Disconnected, "the client is not connected any more");
            return Err(match state.reason.clone() {
                Some(reason) => error.with_source(reason),
                None => error,
            });
        }
        if state.unsent > MOST_UNSENT {
            let message =
                format!("{} bytes wait for the client, which does not read: it was dropped", state.unsent);
            let error = Error::new(ErrorKind::TimedOut, message);
            (state.phase, state.reason) = (Phase::Ended, Some(error.clone()));
            return Err(error);
        }
        let before = state.output.len();
        self.0.framing.encode(message, &mut state.output)?;
        state.unsent += state.output.len() - before;
        Ok(())
    }

    /// Closes the connection, once everything sent so far has left; after 5 seconds at the latest. Never blocks. Idempotent.
    pub fn close(&self) {
        let mut state = self.0.state.lock();
        if state.phase == Phase::Open {
            state.phase = Phase::Closing;
        }
        drop(state);
        self.0.waker.wake();
    }

    /// Returns why the connection has ended against the client's will or the program's: the client was dropped, or the network
    /// failed. `None` as long as the connection stands, and if either side has closed it.
    pub fn reason(&self) -> Option<Error> {
        self.0.state.lock().reason.clone()
    }

    pub(super) fn phase(&self) -> Phase {
        self.0.state.lock().phase
    }

    /// Ends the connection, for this reason unless there is one already.
    pub(super) fn end(&self, reason: Option<Error>) {
        let mut state = self.0.state.lock();
        state.phase = Phase::Ended;
        state.output = Vec::new();
        state.reason = state.reason.take().or_else(|| reason.map(|reason| self.name(reason)));
    }

    /// Takes the output that the thread has not taken yet.
    pub(super) fn take_output(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.state.lock().output)
    }

    /// Records that `count` bytes have left.
    pub(super) fn sent(&self, count: usize) {
        self.0.state.lock().unsent -= count;
    }

    pub(super) fn has_unsent(&self) -> bool {
        self.0.state.lock().unsent > 0
    }

    pub(super) fn unread(&self) -> usize {
        self.0.unread.load(Ordering::Acquire)
    }

    /// Records that the client sends no more.
    pub(super) fn set_last(&self) {
        self.0.is_last.store(true, Ordering::SeqCst);
    }

    /// Returns whether somebody may still answer a message of the client.
    pub(super) fn has_messages(&self) -> bool {
        self.0.alive.load(Ordering::SeqCst) > 0
    }

    /// Adds the client to an error.
    fn name(&self, error: Error) -> Error {
        error.with_device(NAME).with_pin(format_args!("client {}", self.0.address))
    }
}

impl PartialEq for TcpClient {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for TcpClient {}

// A panic elsewhere leaves no client half changed: its state is written under a lock that does not poison.
impl UnwindSafe for TcpClient {}
impl RefUnwindSafe for TcpClient {}

impl fmt::Debug for TcpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_connected() { "connected" } else { "gone" };
        write!(f, "TcpClient({}, {state})", self.0.address)
    }
}

impl fmt::Display for TcpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "client {}", self.0.address)
    }
}

/// A message of a client: an event of a [`TcpTrigger`](crate::TcpTrigger). Clones share the bytes.
#[derive(Clone)]
#[non_exhaustive]
pub struct TcpMessage {
    content: Arc<Content>,
    /// The time at which the message was complete, on the factory's clock.
    pub at: Instant,
    /// The number of messages lost before this one: those for which the iterator was too slow.
    pub missed: u32,
}

struct Content {
    client: TcpClient,
    bytes: Vec<u8>,
    /// The text, if the bytes are no UTF-8.
    lossy: OnceLock<String>,
    is_read: AtomicBool,
}

impl TcpMessage {
    pub(super) fn new(client: TcpClient, bytes: Vec<u8>, at: Instant) -> Self {
        client.0.unread.fetch_add(1, Ordering::AcqRel);
        client.0.alive.fetch_add(1, Ordering::SeqCst);
        let content = Content { client, bytes, lossy: OnceLock::new(), is_read: AtomicBool::new(false) };
        TcpMessage { content: Arc::new(content), at, missed: 0 }
    }

    /// Returns the message as text, without the end of its line. Bytes that are no UTF-8 appear as U+FFFD (�); see
    /// [`bytes`](Self::bytes).
    pub fn text(&self) -> &str {
        let lossy = || String::from_utf8_lossy(self.bytes()).into_owned();
        std::str::from_utf8(self.bytes()).unwrap_or_else(|_| self.content.lossy.get_or_init(lossy))
    }

    /// Returns the bytes of the message, without the end of its line, or the length of its frame.
    pub fn bytes(&self) -> &[u8] {
        self.mark_read();
        &self.content.bytes
    }

    /// Returns the client that has sent the message.
    pub fn client(&self) -> &TcpClient {
        &self.content.client
    }

    /// Sends the client a line, or a frame; see [`TcpClient::send`].
    ///
    /// # Errors
    /// See [`TcpClient::send`].
    pub fn reply(&self, message: impl AsRef<[u8]>) -> Result<()> {
        self.mark_read();
        self.client().send(message)
    }

    /// Closes the connection with the client, once all replies have left; see [`TcpClient::close`].
    pub fn close(&self) {
        self.client().close();
    }

    /// Lets the trigger read on from the client, if it has paused.
    pub(super) fn mark_read(&self) {
        self.content.mark_read();
    }
}

impl Content {
    fn mark_read(&self) {
        if !self.is_read.swap(true, Ordering::AcqRel) {
            let client = &self.client.0;
            let before = client.unread.fetch_sub(1, Ordering::AcqRel);
            client.waker.wake_if_paused(before);
        }
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        self.mark_read();
        let client = &self.client.0;
        if client.alive.fetch_sub(1, Ordering::SeqCst) == 1 && client.is_last.load(Ordering::SeqCst) {
            client.waker.wake();
        }
    }
}

/// All messages have one kind.
impl Kinded for TcpMessage {
    type Kind = ();

    fn kind(&self) {}

    fn bit((): ()) -> u32 {
        0
    }

    fn missed(&mut self) -> &mut u32 {
        &mut self.missed
    }

    /// No message stands for another. A trigger stops reading before too many wait.
    fn replaces(&self, _: &Self) -> bool {
        false
    }
}

impl UnwindSafe for TcpMessage {}
impl RefUnwindSafe for TcpMessage {}

impl fmt::Debug for TcpMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy(&self.content.bytes);
        write!(f, "TcpMessage({text:?} of {})", self.client().address())
    }
}

/// A client that has come or gone: an event of a [`TcpTrigger`](crate::TcpTrigger).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TcpConnection {
    /// The client. Its [`reason`](TcpClient::reason) tells why it was dropped.
    pub client: TcpClient,
    /// `true` if the client has come.
    pub is_connected: bool,
    /// The time on the factory's clock.
    pub at: Instant,
    /// The number of events lost before this one, because the handlers were too slow.
    pub missed: u32,
}

impl Kinded for TcpConnection {
    type Kind = bool;

    fn kind(&self) -> bool {
        self.is_connected
    }

    fn bit(is_connected: bool) -> u32 {
        u32::from(is_connected)
    }

    fn missed(&mut self) -> &mut u32 {
        &mut self.missed
    }
}
