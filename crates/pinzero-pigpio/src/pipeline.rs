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

use parking_lot::{Mutex, MutexGuard};
use pinzero_core::{Condvar, Error, Result};

use crate::error;
use crate::protocol::{Command, Reply, Request};

/// How long the reply to a posted request may lie unread before the tender reads it.
const UNCLAIMED: Duration = Duration::from_millis(10);

/// How long a thread that has asked without waiting may take to fetch the answers itself.
const MOMENT: Duration = Duration::from_micros(500);

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
    /// `true` if the answers to enqueued requests may lie unfetched.
    is_unfetched: bool,
    /// The place of the first request in `pending`.
    first: u64,
    pending: VecDeque<Pending>,
    /// The place of the request that the next reply is for.
    next_reply: u64,
    /// The number of slow requests under way.
    slow: usize,
    /// The time of the last reply to a slow request. The requests behind that one could not be answered before.
    slow_done: Option<Instant>,
    failed: Option<Error>,
}

#[derive(Debug)]
enum Pending {
    /// No thread waits for this one.
    Posted(Question, Arc<Complaints>),
    Asked(Question),
    Answered(Answer),
    Done,
}

/// A request without a reply.
#[derive(Debug, Clone, Copy)]
struct Question {
    command: Command,
    p1: u32,
    p2: u32,
    sent: Instant,
    /// How long the request may keep the daemon busy.
    time: Duration,
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
        self.ask_slowly(frame, Duration::ZERO)
    }

    /// Sends requests in one go and waits for all replies.
    pub(crate) fn ask_all(&self, frames: &[Frame]) -> Result<Vec<Answer>> {
        let places = self.enqueue(frames)?;
        self.flush();
        self.wait(&places)
    }

    /// Like [`ask`](Pipeline::ask), for a request that keeps the daemon busy for up to `time`.
    pub(crate) fn ask_slowly(&self, frame: &Frame, time: Duration) -> Result<Answer> {
        let places = self.enqueue_slow([frame], time)?;
        self.flush();
        // One request has one reply.
        self.wait(&places)?.pop().ok_or_else(Error::closed)
    }

    /// Enqueues requests; [`flush`](Pipeline::flush) sends them and [`wait`](Pipeline::wait) returns their replies.
    pub(crate) fn enqueue<'a>(&self, frames: impl IntoIterator<Item = &'a Frame>) -> Result<Places> {
        self.enqueue_slow(frames, Duration::ZERO)
    }

    fn enqueue_slow<'a>(
        &self,
        frames: impl IntoIterator<Item = &'a Frame>,
        time: Duration,
    ) -> Result<Places> {
        let mut traffic = self.traffic.lock();
        traffic.check()?;
        let start = traffic.next_place();
        for frame in frames {
            traffic.put(frame, time, Pending::Asked);
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
            let complaints = complaints.clone();
            traffic.put(frame, Duration::ZERO, |question| Pending::Posted(question, complaints));
        }
        if std::mem::take(&mut traffic.tender_sleeps) {
            self.posted.notify_one();
        }
        Ok(Some(start..traffic.next_place()))
    }

    /// Has the tender fetch the answers to requests that were [enqueued](Pipeline::enqueue), unless another thread does so soon.
    pub(crate) fn leave_to_tender(&self) {
        let mut traffic = self.traffic.lock();
        (traffic.is_unfetched, traffic.tender_sleeps) = (true, false);
        self.posted.notify_one();
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
            let written = MutexGuard::unlocked(&mut traffic, || self.write(&bytes));
            if let Err(error) = written {
                self.give_up(&mut traffic, error);
            }
            bytes.clear();
            spare = bytes;
        }
        traffic.is_writing = false;
        if traffic.out.is_empty() {
            traffic.out = spare;
        }
    }

    /// Writes bytes, all of them within the time limit: one that takes some of them now and then is as good as gone.
    fn write(&self, mut bytes: &[u8]) -> Result<()> {
        let until = Instant::now() + self.timeout;
        while !bytes.is_empty() {
            match (&self.stream).write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => return Err(self.overdue()),
                Err(error) => return Err(self.lost(error)),
            }
            if !bytes.is_empty() && Instant::now() >= until {
                return Err(self.overdue());
            }
        }
        Ok(())
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
        let left = traffic.due(self.timeout).map(|due| due.saturating_duration_since(Instant::now()));
        let limit = left.map_or(self.timeout, |left| left.min(self.timeout));
        let result = MutexGuard::unlocked(traffic, || input.receive(&self.stream, limit));
        traffic.is_reading = false;
        let taken = match result {
            Ok(()) => traffic.digest(input.bytes()).map_err(|what| error::nonsense(&self.peer, what)),
            Err(error) if is_timeout(&error) => Ok(0),
            Err(error) => Err(self.lost(error)),
        };
        match taken {
            Ok(taken) => {
                input.remove(taken);
                traffic.input = input;
                // Nothing has come, or bytes that do not complete a reply.
                if traffic.due(self.timeout).is_some_and(|due| due <= Instant::now()) {
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
    /// again for refused requests, and `fetch` when answers may lie unfetched.
    pub(crate) fn tend(&self, catch_up: impl Fn(), fetch: impl Fn()) {
        let mut traffic = self.traffic.lock();
        while traffic.failed.is_none() {
            if traffic.is_stalled && traffic.under_way() < MOST_UNDER_WAY / 2 {
                traffic.is_stalled = false;
                MutexGuard::unlocked(&mut traffic, &catch_up);
                continue;
            }
            if std::mem::take(&mut traffic.is_unfetched) {
                self.posted.wait_for(&mut traffic, MOMENT);
                MutexGuard::unlocked(&mut traffic, &fetch);
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
    pub(crate) fn is_slow(&self) -> bool {
        self.traffic.lock().slow > 0
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

impl Question {
    /// Checks that a reply repeats the request, as daemons do with all requests that this client makes.
    fn check(&self, reply: &Reply<'_>) -> Result<(), String> {
        let Question { command, p1, p2, .. } = *self;
        if (reply.command, reply.p1, reply.p2) == (command.code(), p1, p2) {
            return Ok(());
        }
        let other = reply.command;
        let other =
            Command::from_code(other).map_or_else(|| format!("command {other}"), |it| it.name().into());
        let (Reply { p1: q1, p2: q2, .. }, command) = (reply, command.name());
        Err(format!("it replies to {other} {q1} {q2}, and was asked {command} {p1} {p2}"))
    }
}

impl Traffic {
    fn check(&self) -> Result<()> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    /// Returns when the connection counts as lost without the next reply; `None` if none is owed.
    fn due(&self, timeout: Duration) -> Option<Instant> {
        match self.pending.get((self.next_reply - self.first) as usize)? {
            Pending::Posted(question, _) | Pending::Asked(question) => {
                let since = self.slow_done.map_or(question.sent, |done| done.max(question.sent));
                Some(since + question.time + timeout)
            }
            Pending::Answered(_) | Pending::Done => None,
        }
    }

    fn next_place(&self) -> u64 {
        self.first + self.pending.len() as u64
    }

    /// Returns how many requests have no reply yet.
    fn under_way(&self) -> usize {
        (self.next_place() - self.next_reply) as usize
    }

    fn put(&mut self, frame: &Frame, time: Duration, pending: impl FnOnce(Question) -> Pending) {
        let Frame { command, p1, p2, extension } = frame;
        let (command, p1, p2) = (*command, *p1, *p2);
        Request::new(command, p1, p2).with(extension).encode(&mut self.out);
        self.slow += usize::from(!time.is_zero());
        self.pending.push_back(pending(Question { command, p1, p2, sent: Instant::now(), time }));
    }

    /// Takes the whole frames at the start of `input`; returns their length in bytes.
    fn digest(&mut self, input: &[u8]) -> Result<usize, String> {
        let mut taken = 0;
        while let Some((reply, length)) = Reply::decode(&input[taken..]).map_err(|error| error.to_string())? {
            self.answer(&reply)?;
            taken += length;
        }
        Ok(taken)
    }

    fn answer(&mut self, reply: &Reply<'_>) -> Result<(), String> {
        let index = (self.next_reply - self.first) as usize;
        let (question, answered) = match self.pending.get_mut(index) {
            Some(Pending::Posted(question, complaints)) => {
                question.check(reply)?;
                if reply.result < 0 {
                    complaints.0.lock().get_or_insert_with(|| error::refused(question.command, reply.result));
                }
                (*question, Pending::Done)
            }
            Some(Pending::Asked(question)) => {
                question.check(reply)?;
                let (command, payload) = (question.command, reply.payload.to_vec());
                (*question, Pending::Answered(Answer { command, result: reply.result, payload }))
            }
            _ => return Err("it replies to what was not asked".to_owned()),
        };
        self.pending[index] = answered;
        if !question.time.is_zero() {
            self.slow -= 1;
            self.slow_done = Some(Instant::now());
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
    /// The time limit of the socket, if it was set here.
    limit: Option<Duration>,
}

impl Input {
    fn bytes(&self) -> &[u8] {
        &self.buffer[..self.filled]
    }

    /// Appends the bytes of one read, which takes no longer than about `limit`.
    fn receive(&mut self, mut stream: &TcpStream, limit: Duration) -> io::Result<()> {
        // The limit differs little from request to request, as long as replies come. That is worth no system call.
        if self.limit.is_none_or(|set| limit < set * 7 / 8 || limit > set * 8 / 7) {
            // What has come already is read, even if it is late. Zero would be no limit.
            let limit = limit.max(Duration::from_millis(1));
            stream.set_read_timeout(Some(limit))?;
            self.limit = Some(limit);
        }
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
