//! The sockets and threads around the model, and what goes wrong there on purpose.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_linger;

use crate::Options;
use crate::code::op;
use crate::frame::Frame;
use crate::model::Model;

/// Ports that pigpiod takes too. No system gives them to clients, so nobody else gets one between two lives of a fake, and
/// no client that tries to reach a dead one ever reaches itself.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// How long a restart waits for its port.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a fake and its threads have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) address: SocketAddr,
    model: Mutex<Model>,
    network: Mutex<Network>,
}

/// The connections, and what was and will be of them. Nobody takes its lock and the model's at the same time.
#[derive(Debug, Default)]
pub(crate) struct Network {
    pub(crate) faults: Faults,
    pub(crate) journal: Vec<Frame>,
    pub(crate) connections: BTreeMap<usize, Arc<Connection>>,
    accepted: usize,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Faults {
    pub(crate) is_silent: bool,
    pub(crate) refuses: bool,
    /// How many replies wait for each other.
    pub(crate) hold: usize,
    /// How many requests are still served.
    pub(crate) hang_up_after: Option<usize>,
    /// How much of the next reply is sent.
    pub(crate) cut: Option<usize>,
    /// Which word of the next reply is wrong.
    pub(crate) misquote: Option<usize>,
}

impl Shared {
    pub(crate) fn new(options: Options, address: SocketAddr) -> Self {
        let model = Mutex::new(Model::new(options));
        Shared { options, address, model, network: Mutex::default() }
    }

    pub(crate) fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn network(&self) -> MutexGuard<'_, Network> {
        self.network.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A daemon that is alive.
#[derive(Debug)]
pub(crate) struct Running {
    shared: Arc<Shared>,
    is_over: Arc<AtomicBool>,
    threads: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

/// A free port, and a socket that listens there.
pub(crate) fn listen() -> io::Result<TcpListener> {
    let first = RandomState::new().hash_one(0) as u16 % (PORTS.end - PORTS.start);
    let ports = (PORTS.start + first..PORTS.end).chain(PORTS.start..PORTS.start + first);
    let mut sockets = ports.map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)));
    sockets.find(Result::is_ok).unwrap_or_else(|| Err(io::ErrorKind::AddrInUse.into()))
}

impl Running {
    /// Starts on a port that was used before.
    pub(crate) fn again(shared: &Arc<Shared>) -> io::Result<Self> {
        let start = Instant::now();
        loop {
            match TcpListener::bind(shared.address) {
                Err(_) if start.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(10)),
                result => return Ok(Running::new(shared, result?)),
            }
        }
    }

    pub(crate) fn new(shared: &Arc<Shared>, listener: TcpListener) -> Self {
        let (is_over, threads) = (Arc::default(), Arc::default());
        let running = Running { shared: Arc::clone(shared), is_over, threads };
        let (server, alerts) = (running.clone(), running.clone());
        running.spawn(move || server.accept(&listener));
        running.spawn(move || alerts.alert());
        running
    }

    fn clone(&self) -> Self {
        Running {
            shared: Arc::clone(&self.shared),
            is_over: Arc::clone(&self.is_over),
            threads: Arc::clone(&self.threads),
        }
    }

    fn spawn(&self, work: impl FnOnce() + Send + 'static) {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread::spawn(work));
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Ends all threads, connections, and what the daemon did.
    pub(crate) fn kill(self) {
        self.is_over.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.shared.address));
        loop {
            self.shared.network().hang_up();
            let thread = self.threads.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(thread) = thread else { break };
            drop(thread.join());
        }
        self.shared.model().end();
    }

    fn accept(&self, listener: &TcpListener) {
        for stream in listener.incoming() {
            let mut network = self.shared.network();
            // Asked under the lock, lest a connection be added when all of them have ended already.
            if self.is_over() {
                return;
            }
            let Ok(stream) = stream else { continue };
            if network.faults.refuses {
                continue;
            }
            let id = network.accepted;
            let seed = self.shared.options.seed.wrapping_add(id as u64);
            let Ok(connection) = Connection::new(id, &stream, self.shared.options, seed) else { continue };
            let connection = Arc::new(connection);
            network.accepted += 1;
            network.connections.insert(id, Arc::clone(&connection));
            drop(network);
            let running = self.clone();
            self.spawn(move || {
                running.serve(stream, &connection);
                running.shared.network().connections.remove(&connection.id);
                connection.hang_up();
                running.shared.model().daemon.notify.hang_up(connection.id);
            });
        }
    }

    /// Answers the requests of a client, one after the other.
    fn serve(&self, mut stream: TcpStream, connection: &Connection) {
        while let Ok(frame) = Frame::read(&mut stream, connection.id) {
            let mut network = self.shared.network();
            network.journal.push(frame.clone());
            match &mut network.faults.hang_up_after {
                Some(0) => {
                    network.faults.hang_up_after = None;
                    return;
                }
                Some(left) => *left -= 1,
                None => (),
            }
            let faults = network.faults;
            drop(network);
            if faults.is_silent {
                continue;
            }
            let outcome = self.shared.model().run(&frame);
            if outcome.is_ok() {
                self.delay(&frame);
            }
            let mut reply = frame.reply(&outcome);
            if let Some(word) = self.shared.network().faults.misquote.take() {
                reply[4 * word] ^= 1;
            }
            if let Some(length) = self.shared.network().faults.cut.take() {
                reply.truncate(length);
                connection.send(&reply);
                return;
            }
            connection.reply(&reply);
            connection.release(self.shared.network().faults.hold);
        }
    }

    /// Waits as long as a client has asked for.
    fn delay(&self, frame: &Frame) {
        let time = match frame.command {
            op::MICS => Duration::from_micros(frame.p1.into()),
            op::MILS => Duration::from_millis(frame.p1.into()),
            _ => return,
        };
        let start = Instant::now();
        while !self.is_over() && start.elapsed() < time {
            thread::sleep((time - start.elapsed()).min(Duration::from_millis(10)));
        }
    }

    /// Sends reports, as long as the daemon lives.
    fn alert(&self) {
        while !self.is_over() {
            thread::sleep(self.shared.options.latency);
            let mut model = self.shared.model();
            model.settle();
            let outgoing = model.daemon.notify.take();
            drop(model);
            if outgoing.is_empty() || self.shared.network().faults.is_silent {
                continue;
            }
            let mut reports: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
            for one in outgoing {
                reports.entry(one.connection).or_default().extend_from_slice(&one.report);
            }
            for (id, reports) in reports {
                let connection = self.shared.network().connections.get(&id).cloned();
                if let Some(connection) = connection {
                    connection.send(&reports);
                }
            }
        }
    }
}

impl Network {
    /// Ends all connections.
    pub(crate) fn hang_up(&mut self) {
        std::mem::take(&mut self.connections).values().for_each(|connection| connection.hang_up());
    }
}

/// A client.
#[derive(Debug)]
pub(crate) struct Connection {
    id: usize,
    /// For hanging up while somebody else writes.
    stream: TcpStream,
    is_reset: AtomicBool,
    writer: Mutex<Writer>,
    held: Mutex<Vec<Vec<u8>>>,
}

impl Connection {
    fn new(id: usize, stream: &TcpStream, options: Options, seed: u64) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let writer = Writer { stream: stream.try_clone()?, options, random: Random(seed) };
        let (writer, held) = (Mutex::new(writer), Mutex::default());
        Ok(Connection { id, stream: stream.try_clone()?, is_reset: AtomicBool::new(false), writer, held })
    }

    fn hang_up(&self) {
        let how = if self.is_reset.load(Ordering::SeqCst) { Shutdown::Read } else { Shutdown::Both };
        // It may have ended by itself.
        drop(self.stream.shutdown(how));
    }

    /// Ends the connection without a farewell. That comes when all of its sockets are closed, so its thread is woken only.
    pub(crate) fn reset(&self) {
        self.is_reset.store(true, Ordering::SeqCst);
        // Should it fail, the connection ends all the same.
        let _ = set_socket_linger(&self.stream, Some(Duration::ZERO));
        self.hang_up();
    }

    /// Sends bytes; if the client is gone, whoever reads from it finds out.
    fn send(&self, bytes: &[u8]) {
        drop(self.writer.lock().unwrap_or_else(PoisonError::into_inner).write(bytes));
    }

    /// Puts a reply with those that wait.
    fn reply(&self, bytes: &[u8]) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).push(bytes.to_vec());
    }

    /// Sends the replies that wait, if there are so many.
    pub(crate) fn release(&self, hold: usize) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= hold {
            let bytes = std::mem::take(&mut *held).concat();
            drop(held);
            self.send(&bytes);
        }
    }
}

/// Writes to a client, in pieces and late if so wished.
#[derive(Debug)]
struct Writer {
    stream: TcpStream,
    options: Options,
    random: Random,
}

impl Writer {
    fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let length = match self.options.piece {
                Some(most) => 1 + self.random.below(most.clamp(1, bytes.len()) as u64) as usize,
                None => bytes.len(),
            };
            let (piece, rest) = bytes.split_at(length);
            bytes = rest;
            let delay = self.options.delay.as_micros() as u64;
            if delay > 0 {
                thread::sleep(Duration::from_micros(self.random.below(delay)));
            }
            self.stream.write_all(piece)?;
        }
        Ok(())
    }
}

/// Numbers that look random, the same for the same seed.
#[derive(Debug)]
struct Random(u64);

impl Random {
    /// One below `limit`, which is not 0.
    fn below(&mut self, limit: u64) -> u64 {
        // Splitmix.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % limit
    }
}
