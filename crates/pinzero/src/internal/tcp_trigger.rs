//! [`TcpTrigger`].

mod client;
mod server;
mod splitter;
mod waker;

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use pinzero_core::thread::spawn;
use pinzero_core::time::Instant;
use pinzero_core::{
    Device, Edge, Effects, Error, ErrorKind, Events, Gpio, Handler, Kinded, Machine, Outcome, Result, Running,
};

pub use client::{TcpClient, TcpConnection, TcpMessage};
use server::{Limits, News, Port, Server};
use splitter::Framing;
use waker::Waker;

use crate::{Builder, Open, Site};

/// The name in messages.
const NAME: &str = "TcpTrigger";

/// A device whose events are messages of TCP clients: a program, a shell script or a phone turns a LED on over the network.
///
/// Messages are lines of text, or with [`frames`](Builder::frames) any bytes. A handler can answer. Handlers run where those of buttons
/// run, one at a time, so that a message and a press never meet.
///
/// Only programs on this computer can connect, unless [`address`](Builder::address) says otherwise. There is no password and no
/// encryption: a client that can connect can do all that the handlers do.
///
/// **One thread serves all clients**, and waits for none of them. Clients that send too long a message, or none for long after they have begun
/// one, or that do not read the replies, are dropped; [`when_disconnected`](Self::when_disconnected) and the logger are told why. So is a client whose
/// computer is gone without a word, after some minutes. If handlers are slow, the trigger stops reading from a client with many unread
/// messages, so that the client waits and no message is lost. A client that only stays keeps its place: set
/// [`idle_timeout`](Builder::idle_timeout) if such clients may take all [`max_clients`](Builder::max_clients) places.
///
/// **On a virtual clock** the network is as fast as ever: messages come in real time, [`wait_for_message`](Self::wait_for_message) and the iterator
/// wait in real time, and nothing of this moves the clock. Handlers then run on the trigger's thread. A test sends a message and waits for the reply.
///
/// Clones are handles of the same device. Dropping the last one closes the device, as [`close`](Self::close) does, before the drop returns.
///
/// ```
/// use std::io::{BufRead, BufReader, Write};
/// use std::net::TcpStream;
///
/// use pinzero::TcpTrigger;
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let led = Led::builder(17).gpio(&gpio).open()?;
/// let trigger = TcpTrigger::builder(0).gpio(&gpio).open()?; // any free port
/// trigger.when_message(move |message| match message.text() {
///     "on" => led.on().and_then(|()| message.reply("it is on")),
///     "off" => led.off().and_then(|()| message.reply("it is off")),
///     _ => message.reply("on or off?"),
/// });
///
/// let mut client = TcpStream::connect(("localhost", trigger.port()))?;
/// client.write_all(b"on\n")?;
/// let mut reply = String::new();
/// BufReader::new(client).read_line(&mut reply)?;
/// assert_eq!(reply, "it is on\n");
/// assert_eq!(gpio.line(17).level(), Level::High);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct TcpTrigger(Arc<Shared>);

struct Shared {
    messages: Running<Door<TcpMessage>>,
    connections: Running<Door<TcpConnection>>,
    port: Arc<Port>,
    /// Of the waits, from the first on: so no message between two of them is lost.
    waits: Mutex<Option<Events<TcpMessage>>>,
}

/// The iterator of the waits, while one of them has it.
struct Turn<'a> {
    shared: &'a Shared,
    events: Option<Events<TcpMessage>>,
}

impl Turn<'_> {
    fn events(&mut self) -> &mut Events<TcpMessage> {
        self.events.get_or_insert_with(|| self.shared.messages.events())
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // Left for the next wait. Waits at the same time have an iterator each, and the last one leaves its own.
        let before = std::mem::replace(&mut *self.shared.waits.lock(), self.events.take());
        drop(before);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Nothing can fail: there are no lines.
        let _ = self.close();
    }
}

impl Shared {
    fn close(&self) -> Result<()> {
        // In a forked child, which has neither the thread nor the right to close anything.
        if self.messages.peek(|_| ()).is_none() {
            return Ok(());
        }
        let closed = self.connections.close().and(self.messages.close());
        // Nothing more can be sent from now on, also if the sockets are closed by the thread that this handler runs on.
        self.port.clients().iter().for_each(TcpClient::close);
        self.port.stop();
        self.port.wait_for_end();
        closed
    }
}

/// The machine that events go through on their way from the thread to the listeners. Ends the thread with the factory.
struct Door<E> {
    port: Arc<Port>,
    event: PhantomData<fn() -> E>,
}

impl<E: Kinded> Machine for Door<E> {
    type Event = E;

    fn edge(&mut self, _: usize, _: Edge, _: &mut Effects<'_, E>) -> Result<()> {
        Ok(())
    }

    fn expire(&mut self, _: Instant, _: &mut Effects<'_, E>) -> Result<()> {
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn end(&mut self) {
        self.port.stop();
    }
}

impl<E> fmt::Debug for Door<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Door({})", self.port.address)
    }
}

/// Passes on what the thread tells.
fn tell(
    messages: &Running<Door<TcpMessage>>,
    connections: &Running<Door<TcpConnection>>,
    news: News,
) -> Result<()> {
    let at = messages.gpio().now();
    let connection = |client, is_connected| TcpConnection { client, is_connected, at, missed: 0 };
    match news {
        News::Message(client, bytes) => emit(messages, TcpMessage::new(client, bytes, at)),
        News::Connected(client) => emit(connections, connection(client, true)),
        News::Disconnected(client) => emit(connections, connection(client, false)),
    }
}

/// Passes an event to all listeners.
fn emit<E: Kinded>(door: &Running<Door<E>>, event: E) -> Result<()> {
    door.change(|_, effects| {
        effects.emit(event);
        Ok(())
    })
}

/// The options of a [`TcpTrigger`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Listening {
    /// The port; 0 takes any free one.
    pub port: u16,
    /// The address of this computer on which clients connect. Default: 127.0.0.1.
    pub address: IpAddr,
    /// `true` if messages are frames with their length before them, and not lines. Default: `false`.
    pub frames: bool,
    /// The most clients at a time. Default: 16.
    pub max_clients: usize,
    /// The most bytes of a message. Default: 4096.
    pub max_message: usize,
    /// How long a client may send nothing, or may take for one message, before it is dropped. Default: `None`, which is as long as
    /// the client likes, but 30 seconds for one message.
    pub idle_timeout: Option<Duration>,
}

impl Builder<TcpTrigger, Listening> {
    /// Sets the address of this computer on which clients connect: `[0, 0, 0, 0]` lets every computer in the network connect. Default: 127.0.0.1,
    /// so that only programs on this computer can.
    ///
    /// ```
    /// use pinzero::TcpTrigger;
    ///
    /// # let gpio = pinzero::mock::gpio();
    /// let trigger = TcpTrigger::builder(0).address([0, 0, 0, 0]).gpio(&gpio).open()?;
    /// # assert!(trigger.address().ip().is_unspecified());
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn address(mut self, address: impl Into<IpAddr>) -> Self {
        self.options.address = address.into();
        self
    }

    /// Makes each message a line, which ends with LF or CRLF. This is the default.
    pub fn lines(mut self) -> Self {
        self.options.frames = false;
        self
    }

    /// Makes each message a frame: its length as 32 bits with the highest byte first, and then so many bytes of any kind. Default:
    /// [`lines`](Self::lines).
    pub fn frames(mut self) -> Self {
        self.options.frames = true;
        self
    }

    /// Sets how many clients there may be at a time; further ones are turned away. Default: 16.
    ///
    /// A client that the program has closed does not count, although its last reply may still be on the way. There are at most
    /// so many of these beside the others, and the oldest goes first.
    pub fn max_clients(mut self, max_clients: usize) -> Self {
        self.options.max_clients = max_clients;
        self
    }

    /// Sets how many bytes a message may have; a client that sends a longer one is dropped. Default: 4096.
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.options.max_message = bytes;
        self
    }

    /// Drops a client that sends nothing for so long, or takes longer for one message. Default: a client may be silent as long as it likes,
    /// and has 30 seconds for a message.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.options.idle_timeout = Some(timeout);
        self
    }
}

impl TcpTrigger {
    /// Listens on `port` of this computer, for clients on this computer. Port 0 takes any free one; [`port`](Self::port) tells which. Handlers
    /// run on the default factory.
    ///
    /// # Errors
    /// * [`Busy`](ErrorKind::Busy) if another program, or this one, listens on the port already,
    /// * [`PermissionDenied`](ErrorKind::PermissionDenied) for a port below 1024, unless the program is root's,
    /// * [`InvalidValue`](ErrorKind::InvalidValue) if the address is not this computer's, or a limit is 0,
    /// * see also [`Builder::open`].
    #[track_caller]
    pub fn new(port: u16) -> Result<Self> {
        Self::builder(port).open()
    }

    /// Returns a builder for a trigger with other options.
    pub fn builder(port: u16) -> Builder<Self, Listening> {
        Builder::new(Listening {
            port,
            address: Ipv4Addr::LOCALHOST.into(),
            frames: false,
            max_clients: 16,
            max_message: 4096,
            idle_timeout: None,
        })
    }

    /// Calls `handler` on each message; see [Handlers](crate::DigitalInputDevice#handlers).
    ///
    /// Messages from before the first handler or iterator wait in the network, and are not lost.
    pub fn when_message<R: Outcome>(
        &self,
        mut handler: impl FnMut(TcpMessage) -> R + Send + 'static,
    ) -> Handler {
        let handler = self.0.messages.on((), move |message: TcpMessage| {
            message.mark_read();
            handler(message)
        });
        self.0.port.listen();
        handler
    }

    /// Calls `handler` when a client has connected.
    pub fn when_connected<R: Outcome>(
        &self,
        handler: impl FnMut(TcpConnection) -> R + Send + 'static,
    ) -> Handler {
        self.when(true, handler)
    }

    /// Calls `handler` when a client has gone or was dropped; [`TcpClient::reason`] tells why. Closing the trigger calls no handler.
    pub fn when_disconnected<R: Outcome>(
        &self,
        handler: impl FnMut(TcpConnection) -> R + Send + 'static,
    ) -> Handler {
        self.when(false, handler)
    }

    fn when<R: Outcome>(
        &self,
        is_connected: bool,
        handler: impl FnMut(TcpConnection) -> R + Send + 'static,
    ) -> Handler {
        let handler = self.0.connections.on(is_connected, handler);
        // A client that has gone shows by a read only.
        self.0.port.listen();
        handler
    }

    /// Removes all handlers. Messages that nobody listens to are dropped from then on.
    pub fn clear_handlers(&self) {
        self.0.messages.clear_handlers();
        self.0.connections.clear_handlers();
    }

    /// Returns an iterator over all messages from now on. The iterator ends when the device is closed.
    pub fn events(&self) -> Events<TcpMessage> {
        let events = self.0.messages.events();
        self.0.port.listen();
        events
    }

    /// Blocks until the next message, and returns it. Waits in real time, also on a virtual clock.
    ///
    /// From the first call on, messages between two calls wait for the next one. Beside handlers, which take all messages, up to 1,024
    /// wait.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed), also if the device is closed meanwhile.
    pub fn wait_for_message(&self) -> Result<TcpMessage> {
        let next = self.turn().events().next();
        next.map_or_else(|| self.closed(), Ok)
    }

    /// Blocks until the next message, for at most `timeout`. Returns the message, or `None` if none came. Waits in real time, also on a
    /// virtual clock. See [`wait_for_message`](Self::wait_for_message).
    ///
    /// # Errors
    /// See [`wait_for_message`](Self::wait_for_message).
    pub fn wait_for_message_timeout(&self, timeout: Duration) -> Result<Option<TcpMessage>> {
        match self.turn().events().next_timeout(timeout) {
            None if self.is_closed() => self.closed(),
            next => Ok(next),
        }
    }

    /// Waits for the next message, and returns it; for `async` code, on any executor. See [`wait_for_message`](Self::wait_for_message).
    ///
    /// A future that is dropped takes no message.
    ///
    /// # Errors
    /// See [`wait_for_message`](Self::wait_for_message).
    pub fn next_message(&self) -> impl Future<Output = Result<TcpMessage>> + Send + '_ {
        // Here and not in the future: what happens before its first poll counts.
        let mut turn = self.turn();
        async move {
            let next = turn.events().next_async().await;
            next.map_or_else(|| self.closed(), Ok)
        }
    }

    /// Takes the iterator of the waits, or begins one.
    fn turn(&self) -> Turn<'_> {
        let mut turn = Turn { shared: &self.0, events: self.0.waits.lock().take() };
        turn.events();
        self.0.port.listen();
        turn
    }

    /// Returns the error by which the device ended.
    fn closed<T>(&self) -> Result<T> {
        self.0.messages.look(|_| ())?;
        Err(Error::closed())
    }

    /// Returns the clients that are connected.
    pub fn clients(&self) -> Vec<TcpClient> {
        match self.is_closed() {
            true => Vec::new(),
            false => self.0.port.clients().into_iter().filter(TcpClient::is_connected).collect(),
        }
    }

    /// Returns the port that clients connect to.
    pub fn port(&self) -> u16 {
        self.address().port()
    }

    /// Returns the address and the port that clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.0.port.address
    }

    /// Returns the factory on which the handlers run.
    pub fn gpio(&self) -> &Gpio {
        self.0.messages.gpio()
    }

    /// Returns whether the device is closed.
    pub fn is_closed(&self) -> bool {
        self.0.messages.is_closed()
    }

    /// Closes the device, all its clones and all connections, and gives the port back. Idempotent, from any thread.
    ///
    /// Replies that were sent before leave as far as the network takes them at once. Ends all waits and all event iterators.
    ///
    /// # Errors
    /// None so far.
    pub fn close(&self) -> Result<()> {
        self.0.close()
    }
}

impl Open<Listening> for TcpTrigger {
    const NAME: &'static str = NAME;

    fn open(options: Listening, site: &Site) -> Result<Self> {
        let Listening { port, address, frames, max_clients, max_message, idle_timeout } = options;
        let wanted = SocketAddr::new(address, port);
        let name = |error: Error| error.with_device(site.device()).with_pin(wanted);
        for (option, is_zero) in [
            ("max_clients", max_clients == 0),
            ("max_message", max_message == 0),
            ("idle_timeout", idle_timeout.is_some_and(|timeout| timeout.is_zero())),
        ] {
            if is_zero {
                let message = format!("with 0 for `{option}`, no message could come: give more");
                return Err(name(Error::new(ErrorKind::InvalidValue, message)));
            }
        }
        let listener = listen(wanted).map_err(name)?;
        let failed = |error| name(Error::new(ErrorKind::Io, "the port cannot be served").with_source(error));
        // So that an iterator, which keeps 1,024 events, loses none, unless there are more clients than that.
        let waker = Waker::new((1024 / max_clients).clamp(1, 64)).map_err(failed)?;
        let port = Arc::new(Port::new(listener.local_addr().map_err(failed)?, waker));
        let messages = site.machine().from_outside();
        let messages = messages.start(|_, _| Door { port: port.clone(), event: PhantomData })?;
        let connections = site.machine().from_outside();
        let connections = connections.start(|_, _| Door { port: port.clone(), event: PhantomData })?;
        // The thread holds what it tells, and no handle: so the drop of the last one closes the device before it returns.
        let tell = {
            let (messages, connections) = (messages.clone(), connections.clone());
            move |news| {
                // Closed meanwhile; the thread is told by its port.
                let _ = tell(&messages, &connections, news);
            }
        };
        let framing = if frames { Framing::Frames } else { Framing::Lines };
        let limits = Limits { framing, max_clients, max_message, idle_timeout };
        let server = Server::new(port.clone(), limits, listener, tell);
        port.start(|| spawn("pinzero-tcp", || server.run())).map_err(failed)?;
        Ok(TcpTrigger(Arc::new(Shared { messages, connections, port, waits: Mutex::default() })))
    }
}

/// Listens on an address.
fn listen(address: SocketAddr) -> Result<TcpListener> {
    let bound = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    bound.map_err(|error| {
        let (kind, message) = match error.kind() {
            io::ErrorKind::AddrInUse => (
                ErrorKind::Busy,
                format!("port {} is in use: give another, or 0 for any free port", address.port()),
            ),
            io::ErrorKind::PermissionDenied => (
                ErrorKind::PermissionDenied,
                format!(
                    "port {} is the system's: give one from 1024 on, or 0 for any free port",
                    address.port()
                ),
            ),
            io::ErrorKind::AddrNotAvailable => (
                ErrorKind::InvalidValue,
                format!("{} is no address of this computer: `hostname -I` lists those", address.ip()),
            ),
            _ => (ErrorKind::Io, "the port cannot be opened".to_owned()),
        };
        Error::new(kind, message).with_source(error)
    })
}

impl Device for TcpTrigger {
    fn parts(&self) -> Vec<&dyn Device> {
        vec![&self.0.messages, &self.0.connections]
    }

    fn close(&self) -> Result<()> {
        self.0.close()
    }
}

// A panic elsewhere leaves no trigger half changed: its state is written under locks that do not poison.
impl UnwindSafe for TcpTrigger {}
impl RefUnwindSafe for TcpTrigger {}

impl fmt::Debug for TcpTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.address();
        match (self.is_closed(), self.clients().len()) {
            (true, _) => write!(f, "{NAME}({address}, closed)"),
            (false, 1) => write!(f, "{NAME}({address}, 1 client)"),
            (false, count) => write!(f, "{NAME}({address}, {count} clients)"),
        }
    }
}

impl fmt::Display for TcpTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAME} on {}", self.address())
    }
}
