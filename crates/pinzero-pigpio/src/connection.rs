//! One connection to a daemon, from greeting to loss: a socket for requests, and one for reports.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant as Deadline};

use pinzero_core::time::{Clock, Instant};
#[cfg(target_os = "linux")]
use pinzero_core::{EdgeBatch, EdgeSink, Registration};
use pinzero_core::{Error, Result};
use socket2::{SockRef, TcpKeepalive};

use crate::address::Address;
use crate::clock_sync::ClockSync;
use crate::error;
use crate::pipeline::{Answer, Frame, Pipeline, is_timeout};
use crate::protocol::{Code, Command, Reply, Report, Request};

/// The number of tick requests on a new connection. The shortest round trip counts.
const MEASUREMENTS: usize = 5;

/// The buffer size for requests that are sent without waiting.
const SEND_BUFFER: usize = 1 << 18;

/// The buffer size for reports, so that a few calls read a storm of them.
const REPORTS: usize = 1 << 15;

/// Time limits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// To connect.
    pub(crate) connect: Duration,
    /// For the reply to a request.
    pub(crate) request: Duration,
    /// For a sign of life on an idle network.
    pub(crate) keep_alive: Duration,
    /// For a report of any kind. The daemon sends at least one a minute.
    pub(crate) silence: Duration,
}

/// Reports that came together, undecoded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reports<'a>(&'a [u8]);

impl Reports<'_> {
    pub(crate) fn iter(self) -> impl Iterator<Item = Report> {
        self.0.chunks_exact(Report::LENGTH).filter_map(Report::decode)
    }
}

/// A connection to a daemon: one socket for requests, and one for reports.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) pipeline: Pipeline,
    reports: TcpStream,
    /// The handle of the connection that carries reports.
    pub(crate) handle: u32,
    /// Counts the connections of a factory.
    pub(crate) number: u64,
}

/// The daemon's answers on connecting.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Greeting {
    pub(crate) revision: u32,
    pub(crate) clock_sync: ClockSync,
    /// The last tick received, to compare with earlier ones.
    pub(crate) tick: u32,
    pub(crate) peer: SocketAddr,
}

impl Connection {
    /// Connects to the daemon at `address`.
    pub(crate) fn open(
        address: &Address,
        limits: &Limits,
        clock: &Clock,
        number: u64,
    ) -> Result<(Self, Greeting)> {
        let name = address.to_string();
        let unreachable = |error: io::Error| match is_timeout(&error) {
            true => error::unreachable(&name, format!("there is no answer within {:?}", limits.connect)),
            false => error::unreachable(&name, error),
        };
        let until = Deadline::now() + limits.connect;
        let stream = connect(address, until, limits).map_err(unreachable)?;
        let peer = stream.peer_addr().map_err(unreachable)?;
        // Use the same address: a name may have several.
        let mut reports = connect_to(&peer, until, limits).map_err(unreachable)?;
        let handle = listen(&mut reports, &name, limits)?;
        let other = reports.try_clone().map_err(unreachable)?;
        let pipeline = Pipeline::new(stream, other, name, limits.request);
        let revision = pipeline.ask(&Frame::new(Command::Hwver, 0, 0))?.value()?;
        let (clock_sync, tick) = measure(&pipeline, clock)?;
        Ok((Connection { pipeline, reports, handle, number }, Greeting { revision, clock_sync, tick, peer }))
    }

    /// Makes the runtime of `sink` call `read` when there are reports, until the returned value is dropped.
    #[cfg(target_os = "linux")]
    pub(crate) fn watch(
        &self,
        sink: &EdgeSink,
        read: impl FnMut(&mut EdgeBatch) -> Result<()> + Send + 'static,
    ) -> Result<Registration> {
        let reports = self.reports.set_nonblocking(true).and_then(|()| self.reports.try_clone());
        let watching = reports.map_err(|error| self.lost(error)).and_then(|fd| sink.watch(fd, read));
        if watching.is_err() {
            // Another thread reads, and waits for data.
            self.reports.set_nonblocking(false).map_err(|error| self.lost(error))?;
        }
        watching
    }

    /// Returns the reason of the loss: the error of the other socket, if it had one first.
    pub(crate) fn lost(&self, why: impl std::fmt::Display) -> Error {
        self.pipeline.failure().unwrap_or_else(|| error::lost(self.pipeline.peer(), why))
    }
}

/// Reads the reports of a connection.
#[derive(Debug)]
pub(crate) struct ReportStream {
    connection: Arc<Connection>,
    buffer: Vec<u8>,
    filled: usize,
}

impl ReportStream {
    pub(crate) fn new(connection: Arc<Connection>) -> Self {
        ReportStream { connection, buffer: vec![0; REPORTS], filled: 0 }
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Passes on the reports of one read.
    ///
    /// # Errors
    /// Those of the socket, and the first error of `take`.
    pub(crate) fn read(&mut self, take: &mut impl FnMut(Reports<'_>) -> io::Result<()>) -> io::Result<()> {
        let count = loop {
            match (&self.connection.reports).read(&mut self.buffer[self.filled..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        if count == 0 {
            return Err(io::Error::other("the daemon has closed it"));
        }
        self.filled += count;
        let whole = self.filled - self.filled % Report::LENGTH;
        take(Reports(&self.buffer[..whole]))?;
        self.buffer.copy_within(whole..self.filled, 0);
        self.filled -= whole;
        Ok(())
    }
}

/// Asks for the daemon's tick once; returns the times before and after with the tick.
pub(crate) fn ask_tick(pipeline: &Pipeline, clock: &Clock) -> Result<(Instant, u32, Instant)> {
    let sent = clock.now();
    let tick = pipeline.ask(&Frame::new(Command::Tick, 0, 0))?.value()?;
    Ok((sent, tick, clock.now()))
}

fn measure(pipeline: &Pipeline, clock: &Clock) -> Result<(ClockSync, u32)> {
    let (sent, mut last, answered) = ask_tick(pipeline, clock)?;
    let mut clock_sync = ClockSync::new(sent, last, answered);
    for _ in 1..MEASUREMENTS {
        let (sent, tick, answered) = ask_tick(pipeline, clock)?;
        clock_sync.measure(sent, tick, answered);
        last = tick;
    }
    Ok((clock_sync, last))
}

/// Connects to the first address of a name that accepts.
fn connect(address: &Address, until: Deadline, limits: &Limits) -> io::Result<TcpStream> {
    let mut result = Err(io::Error::new(io::ErrorKind::NotFound, "the name stands for no address"));
    for peer in address.resolve()? {
        result = connect_to(&peer, until, limits);
        if result.is_ok() || until <= Deadline::now() {
            break;
        }
    }
    result
}

fn connect_to(peer: &SocketAddr, until: Deadline, limits: &Limits) -> io::Result<TcpStream> {
    let left = until.saturating_duration_since(Deadline::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    let stream = TcpStream::connect_timeout(peer, left)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(limits.request))?;
    stream.set_write_timeout(Some(limits.request))?;
    let socket = SockRef::from(&stream);
    socket.set_send_buffer_size(SEND_BUFFER)?;
    // Probe after half of the time; give up after three more probes.
    let keep_alive =
        TcpKeepalive::new().with_time(limits.keep_alive / 2).with_interval(limits.keep_alive / 6);
    #[cfg(not(windows))]
    let keep_alive = keep_alive.with_retries(3);
    socket.set_tcp_keepalive(&keep_alive)?;
    Ok(stream)
}

/// Turns a connection into one that carries reports; returns its handle.
fn listen(stream: &mut TcpStream, name: &str, limits: &Limits) -> Result<u32> {
    let mut bytes = Vec::new();
    Request::new(Command::Noib, 0, 0).encode(&mut bytes);
    let mut reply = [0; 16];
    let lost = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => error::lost(
            name,
            "it is closed at once: give `pinzero serve` this computer's network by `--allow`",
        ),
        _ if is_timeout(&error) => error::lost(name, format!("it has not answered for {:?}", limits.request)),
        _ => error::lost(name, error),
    };
    stream.write_all(&bytes).and_then(|()| read_within(stream, &mut reply, limits.request)).map_err(lost)?;
    let decoded = Reply::decode(&reply).ok().flatten();
    let Some((reply, _)) = decoded.filter(|(reply, _)| reply.command == Command::Noib.code()) else {
        return Err(error::nonsense(name, "it does not answer as one"));
    };
    if Code(reply.result) == Code::NO_HANDLE {
        return Err(error::full(name));
    }
    let answer = Answer { command: Command::Noib, result: reply.result, payload: Vec::new() };
    let handle = answer.value()?;
    stream.set_read_timeout(Some(limits.silence)).map_err(lost)?;
    Ok(handle)
}

/// Fills `buffer` within one time limit.
fn read_within(stream: &mut TcpStream, buffer: &mut [u8], limit: Duration) -> io::Result<()> {
    let until = Deadline::now() + limit;
    let mut filled = 0;
    while filled < buffer.len() {
        let left = until.saturating_duration_since(Deadline::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut buffer[filled..]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
