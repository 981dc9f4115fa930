//! The pipeline of requests and their replies, over one socket.
//!
//! A thread that sends puts its request into a buffer, which fixes the request's place in the order. The thread then
//! writes the buffer out, unless another thread does so already. A thread that waits for a reply reads for all threads,
//! unless another does so already. So no lock is held while bytes go over the network. A single write costs one system
//! call to send and one to receive, with no other thread involved; requests of several threads share both.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};
use pinzero_core::{Error, Result};

use crate::error;
use crate::protocol::{Command, Reply, Request};

/// How long the reply to a posted request may lie unread before the tender reads it.
const UNCLAIMED: Duration = Duration::from_millis(10);

/// The most requests under way before a posted one is refused. Their bytes fit into the socket's buffer, so sending
/// them never blocks.
const MOST_UNDER_WAY: usize = 2048;

/// The buffer size for replies; a longer reply enlarges the buffer.
const ROOM: usize = 4096;

/// A request to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) command: Command,
    pub(crate) p1: u32,
    pub(crate) p2: u32,
    pub(crate) extension: Vec<u8>,
}

impl Frame {
    pub(crate) fn new(command: Command, p1: u32, p2: u32) -> Self {
        Frame { command, p1, p2, extension: Vec::new() }
    }

    /// Returns the request with an extension, which is no longer than the protocol allows.
    pub(crate) fn with(self, extension: impl Into<Vec<u8>>) -> Self {
        Frame { extension: extension.into(), ..self }
    }
}

/// The reply to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) command: Command,
    pub(crate) result: i32,
    pub(crate) payload: Vec<u8>,
}

impl Answer {
    /// Returns the result, or the error that it stands for.
    pub(crate) fn value(&self) -> Result<u32> {
        match u32::try_from(self.result) {
            Err(_) if !self.command.is_unsigned() => Err(error::refused(self.command, self.result)),
            _ => Ok(self.result as u32),
        }
    }
}

/// Collects errors of posted requests.
#[derive(Debug, Default)]
pub(crate) struct Complaints(Mutex<Option<Error>>);

impl Complaints {
    /// Returns the first error since the last call.
    pub(crate) fn take(&self) -> Option<Error> {
        self.0.lock().take()
    }
}

/// The places of some requests in the order of all requests.
pub(crate) type Places = Range<u64>;

/// The connection.
#[derive(Debug)]
pub(crate) struct Pipeline {
    stream: TcpStream,
    /// The connection that carries reports. If one of the two ends, so does the other.
    reports: TcpStream,
    traffic: Mutex<Traffic>,
    /// Notified when replies have come, or a thread has stopped reading.
    moved: Condvar,
    /// The address of the other end, for errors.
    peer: String,
    /// Notified when a request is posted while the tender sleeps.
    posted: Condvar,
    timeout: Duration,
}

#[derive(Debug, Default)]
struct Traffic {
    /// The bytes to write.
    out: Vec<u8>,
    is_writing: bool,
    input: Input,
    is_reading: bool,
    /// The number of threads that wait for another to read.
    waiting: usize,
    tender_sleeps: bool,
    /// `true` if a request was refused because too many were under way.
    is_stalled: bool,
    /// The place of the first request in `pending`.
    first: u64,
    pending: VecDeque<Pending>,
    /// The place of the request that the next reply is for.
    next_reply: u64,
    /// The time since which the next reply is due.
    owed_since: Option<Instant>,
    /// Until this time, a slow request may be under way.
    patient_until: Option<Instant>,
    failed: Option<Error>,
}

#[derive(Debug)]
enum Pending {
    /// No thread waits for this one.
    Posted(Command, Arc<Complaints>),
    Asked(Command),
    Answered(Answer),
    Done,
}

impl Pipeline {
    /// Takes over two connections whose time limits are set to `timeout`.
    pub(crate) fn new(stream: TcpStream, reports: TcpStream, peer: String, timeout: Duration) -> Self {
        Pipeline {
            stream,
            reports,
            traffic: Mutex::default(),
            moved: Condvar::new(),
            peer,
            posted: Condvar::new(),
            timeout,
        }
    }

    /// Returns the address of the other end.
    pub(crate) fn peer(&self) -> &str {
        &self.peer
    }

    /// Sends a request and waits for its reply.
    pub(crate) fn ask(&self, frame: &Frame) -> Result<Answer> {
        let places = self.enqueue([frame])?;
        self.flush();
        // One request has one reply.
        self.wait(&places)?.pop().ok_or_else(Error::closed)
    }

    /// Sends requests in one go and waits for all replies.
    pub(crate) fn ask_all(&self, frames: &[Frame]) -> Result<Vec<Answer>> {
        let places = self.enqueue(frames)?;
        self.flush();
        self.wait(&places)
    }

    /// Like [`ask`](Pipeline::ask), for a request that keeps the daemon busy for up to `time`.
    pub(crate) fn ask_slowly(&self, frame: &Frame, time: Duration) -> Result<Answer> {
        {
            let mut traffic = self.traffic.lock();
            let until = Instant::now() + time + self.timeout;
            traffic.patient_until = traffic.patient_until.max(Some(until));
        }
        self.ask(frame)
    }

    /// Enqueues requests; [`flush`](Pipeline::flush) sends them and [`wait`](Pipeline::wait) returns their replies.
    pub(crate) fn enqueue<'a>(&self, frames: impl IntoIterator<Item = &'a Frame>) -> Result<Places> {
        let mut traffic = self.traffic.lock();
        traffic.check()?;
        let start = traffic.next_place();
        for frame in frames {
            traffic.put(frame, Pending::Asked(frame.command));
        }
        Ok(start..traffic.next_place())
    }

    /// Enqueues requests for whose replies no thread waits. Their errors go to `complaints`.
    ///
    /// Returns `None` if so many requests are under way that sending more could block.
    pub(crate) fn post(&self, frames: &[Frame], complaints: &Arc<Complaints>) -> Result<Option<Places>> {
        let mut traffic = self.traffic.lock();
        traffic.check()?;
        if traffic.under_way() > MOST_UNDER_WAY {
            traffic.is_stalled = true;
            return Ok(None);
        }
        let start = traffic.next_place();
        for frame in frames {
            traffic.put(frame, Pending::Posted(frame.command, complaints.clone()));
        }
        if std::mem::take(&mut traffic.tender_sleeps) {
            self.posted.notify_one();
        }
        Ok(Some(start..traffic.next_place()))
    }

    /// Writes the enqueued requests, unless another thread does so already.
    pub(crate) fn flush(&self) {
        let mut traffic = self.traffic.lock();
        if traffic.is_writing {
            return;
        }
        traffic.is_writing = true;
        let mut spare = Vec::new();
        while !traffic.out.is_empty() && traffic.failed.is_none() {
            let mut bytes = std::mem::replace(&mut traffic.out, spare);
            let written = MutexGuard::unlocked(&mut traffic, || (&self.stream).write_all(&bytes));
            if let Err(error) = written {
                self.give_up(&mut traffic, self.lost(error));
            }
            bytes.clear();
            spare = bytes;
        }
        traffic.is_writing = false;
        if traffic.out.is_empty() {
            traffic.out = spare;
        }
    }

    /// Waits for the answers to requests that were [enqueued](Pipeline::enqueue).
    pub(crate) fn wait(&self, places: &Places) -> Result<Vec<Answer>> {
        let mut traffic = self.reach(places.end)?;
        Ok(places.clone().filter_map(|place| traffic.take(place)).collect())
    }

    /// Waits until all requests before this place are answered.
    pub(crate) fn pass(&self, place: u64) -> Result<()> {
        self.reach(place).map(drop)
    }

    /// Returns how many requests before this place are unanswered.
    pub(crate) fn behind(&self, place: u64) -> u64 {
        place.saturating_sub(self.traffic.lock().next_reply)
    }

    /// Waits until all requests so far are answered.
    pub(crate) fn drain(&self) -> Result<()> {
        let end = self.traffic.lock().next_place();
        self.pass(end)
    }

    fn reach(&self, place: u64) -> Result<MutexGuard<'_, Traffic>> {
        let mut traffic = self.traffic.lock();
        while traffic.next_reply < place {
            traffic.check()?;
            if traffic.is_reading {
                traffic.waiting += 1;
                self.moved.wait(&mut traffic);
                traffic.waiting -= 1;
            } else {
                self.read(&mut traffic);
            }
        }
        Ok(traffic)
    }

    /// Reads once, for all threads that wait.
    fn read(&self, traffic: &mut MutexGuard<'_, Traffic>) {
        traffic.is_reading = true;
        let mut input = std::mem::take(&mut traffic.input);
        let result = MutexGuard::unlocked(traffic, || input.receive(&self.stream));
        traffic.is_reading = false;
        let taken = match result {
            Ok(()) => traffic.digest(input.bytes()).map_err(|what| error::nonsense(&self.peer, what)),
            Err(error) if is_timeout(&error) && traffic.is_patient() => Ok(0),
            Err(error) if is_timeout(&error) => Err(self.overdue()),
            Err(error) => Err(self.lost(error)),
        };
        match taken {
            Ok(taken) => {
                input.remove(taken);
                traffic.input = input;
                // Bytes may keep coming without completing a reply.
                if traffic.is_overdue(self.timeout) {
                    self.give_up(traffic, self.overdue());
                }
            }
            Err(error) => self.give_up(traffic, error),
        }
        if traffic.waiting > 0 {
            self.moved.notify_all();
        }
    }

    /// Reads the replies to posted requests, until the connection is given up. Calls `catch_up` when there is room
    /// again for refused requests.
    pub(crate) fn tend(&self, catch_up: impl Fn()) {
        let mut traffic = self.traffic.lock();
        while traffic.failed.is_none() {
            if traffic.is_stalled && traffic.under_way() < MOST_UNDER_WAY / 2 {
                traffic.is_stalled = false;
                MutexGuard::unlocked(&mut traffic, &catch_up);
                continue;
            }
            if traffic.under_way() == 0 {
                traffic.tender_sleeps = true;
                self.posted.wait(&mut traffic);
                continue;
            }
            let next = traffic.next_reply;
            self.posted.wait_for(&mut traffic, UNCLAIMED);
            if traffic.next_reply == next && traffic.failed.is_none() && !traffic.is_reading {
                self.read(&mut traffic);
            }
        }
    }

    /// Gives the connection up. All present and later waits fail with `error`.
    pub(crate) fn fail(&self, error: Error) {
        self.give_up(&mut self.traffic.lock(), error);
    }

    /// Returns the error with which the connection was given up.
    pub(crate) fn failure(&self) -> Option<Error> {
        self.traffic.lock().failed.clone()
    }

    fn overdue(&self) -> Error {
        error::lost(&self.peer, format!("it has not answered for {:?}", self.timeout))
    }

    /// Returns `true` if a slow request is under way.
    pub(crate) fn is_patient(&self) -> bool {
        self.traffic.lock().is_patient()
    }

    fn lost(&self, error: io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => error::lost(&self.peer, "the daemon has closed it"),
            _ => error::lost(&self.peer, error),
        }
    }

    fn give_up(&self, traffic: &mut Traffic, error: Error) {
        if traffic.failed.is_some() {
            return;
        }
        traffic.failed = Some(error);
        // The socket may be broken already; either way, reads and writes on it end now.
        let _ = self.stream.shutdown(Shutdown::Both);
        let _ = self.reports.shutdown(Shutdown::Both);
        self.moved.notify_all();
        self.posted.notify_all();
    }
}

impl Traffic {
    fn check(&self) -> Result<()> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    fn is_patient(&self) -> bool {
        self.patient_until.is_some_and(|at| at > Instant::now())
    }

    fn is_overdue(&self, timeout: Duration) -> bool {
        let is_late = self.owed_since.is_some_and(|since| since.elapsed() > timeout);
        is_late && self.under_way() > 0 && !self.is_patient()
    }

    fn next_place(&self) -> u64 {
        self.first + self.pending.len() as u64
    }

    /// Returns how many requests have no reply yet.
    fn under_way(&self) -> usize {
        (self.next_place() - self.next_reply) as usize
    }

    fn put(&mut self, frame: &Frame, pending: Pending) {
        if self.under_way() == 0 {
            self.owed_since = Some(Instant::now());
        }
        let Frame { command, p1, p2, extension } = frame;
        Request::new(*command, *p1, *p2).with(extension).encode(&mut self.out);
        self.pending.push_back(pending);
    }

    /// Takes the whole frames at the start of `input`; returns their length in bytes.
    fn digest(&mut self, input: &[u8]) -> Result<usize, String> {
        let mut taken = 0;
        while let Some((reply, length)) = Reply::decode(&input[taken..]).map_err(|error| error.to_string())? {
            self.answer(&reply)?;
            taken += length;
        }
        if taken > 0 {
            self.owed_since = Some(Instant::now());
        }
        Ok(taken)
    }

    fn answer(&mut self, reply: &Reply<'_>) -> Result<(), String> {
        let index = (self.next_reply - self.first) as usize;
        let asked = self.pending.get_mut(index);
        match asked {
            Some(Pending::Posted(command, complaints)) if command.code() == reply.command => {
                if reply.result < 0 {
                    complaints.0.lock().get_or_insert_with(|| error::refused(*command, reply.result));
                }
                self.pending[index] = Pending::Done;
            }
            Some(Pending::Asked(command)) if command.code() == reply.command => {
                let (command, payload) = (*command, reply.payload.to_vec());
                self.pending[index] = Pending::Answered(Answer { command, result: reply.result, payload });
            }
            _ => return Err("it replies to what was not asked".to_owned()),
        }
        self.next_reply += 1;
        self.forget();
        Ok(())
    }

    fn take(&mut self, place: u64) -> Option<Answer> {
        let index = usize::try_from(place.checked_sub(self.first)?).ok()?;
        let taken = std::mem::replace(self.pending.get_mut(index)?, Pending::Done);
        self.forget();
        if let Pending::Answered(answer) = taken { Some(answer) } else { None }
    }

    /// Drops the finished requests.
    fn forget(&mut self) {
        while let Some(Pending::Done) = self.pending.front() {
            self.pending.pop_front();
            self.first += 1;
        }
    }
}

/// Bytes that do not make a whole frame yet, at the start of a buffer that is kept between reads.
#[derive(Debug, Default)]
struct Input {
    buffer: Vec<u8>,
    filled: usize,
}

impl Input {
    fn bytes(&self) -> &[u8] {
        &self.buffer[..self.filled]
    }

    /// Appends the bytes of one read.
    fn receive(&mut self, mut stream: &TcpStream) -> io::Result<()> {
        if self.filled == self.buffer.len() {
            self.buffer.resize((2 * self.filled).max(ROOM), 0);
        }
        loop {
            match stream.read(&mut self.buffer[self.filled..]) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    self.filled += count;
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Removes the first bytes.
    fn remove(&mut self, count: usize) {
        self.buffer.copy_within(count..self.filled, 0);
        self.filled -= count;
    }
}

/// Returns whether a socket call ran into its time limit.
pub(crate) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
