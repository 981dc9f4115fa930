//! The least that a server of pins can be: what answers, and tells of changes, and does nothing else.

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use pinzero_pigpio::protocol::{Command, Reply, Report, ReportKind, Request};

/// The revision of a Raspberry Pi 3B.
pub(crate) const BOARD: u32 = 0x00a0_2082;

/// When the last report was sent, on [`now`]'s clock; to be read in the same process.
pub(crate) static SENT: AtomicU64 = AtomicU64::new(0);

/// How many reports are sent at a time when many are asked for.
const CHUNK: usize = 4096;

const LISTENER: Token = Token(usize::MAX);

/// Nanoseconds on a clock that all processes share.
pub(crate) fn now() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Serves for ever: reads what is there, answers it, and waits for more. An answer is the request itself with a zero in
/// the end, but for those that a client of ours wants to know.
///
/// `WRITE` is told to the handles that watch the line; `EVT` has them told `p1` changes of the last line that they watch.
pub(crate) fn serve(mut listener: TcpListener) -> io::Result<()> {
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut clients: Vec<Client> = Vec::new();
    let mut watchers: Vec<Watcher> = Vec::new();
    let (mut events, mut buffer, mut answer) = (Events::with_capacity(1024), vec![0; 65_536], Vec::new());
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in &events {
            let Token(index) = event.token();
            if event.token() == LISTENER {
                while let Ok((mut stream, _)) = listener.accept() {
                    stream.set_nodelay(true)?;
                    poll.registry().register(&mut stream, Token(clients.len()), Interest::READABLE)?;
                    clients.push(Client { stream, rest: Vec::new() });
                }
                continue;
            }
            let Ok(count @ 1..) = clients[index].stream.read(&mut buffer) else { continue };
            let mut rest = std::mem::take(&mut clients[index].rest);
            // Requests seldom come in pieces.
            let bytes = if rest.is_empty() {
                &buffer[..count]
            } else {
                rest.extend_from_slice(&buffer[..count]);
                &rest
            };
            answer.clear();
            let mut used = 0;
            while let Ok(Some((request, length))) = Request::decode(&bytes[used..]) {
                used += length;
                let result = execute(&request, index, &mut clients, &mut watchers);
                let Request { command, p1, p2, .. } = request;
                Reply { command, p1, p2, result: result as i32, payload: &[] }.encode(&mut answer);
            }
            clients[index].rest = bytes[used..].to_vec();
            send(&clients[index].stream, &answer);
        }
    }
}

struct Client {
    stream: TcpStream,
    /// The begin of a request.
    rest: Vec<u8>,
}

struct Watcher {
    client: usize,
    mask: u32,
    sequence: u16,
    levels: u32,
}

fn execute(request: &Request<'_>, client: usize, clients: &mut [Client], watchers: &mut Vec<Watcher>) -> u32 {
    let Request { p1, p2, .. } = *request;
    match Command::from_code(request.command) {
        Some(Command::Hwver) => BOARD,
        Some(Command::Tick) => (now() / 1000) as u32,
        // What a line's range is if nobody has chosen one.
        Some(Command::Prg) => 255,
        Some(Command::Noib) => {
            watchers.push(Watcher { client, mask: 0, sequence: 0, levels: 0 });
            watchers.len() as u32 - 1
        }
        Some(Command::Nb) => {
            if let Some(watcher) = watchers.get_mut(p1 as usize) {
                watcher.mask = p2;
            }
            0
        }
        Some(Command::Write) => {
            let watching = watchers.iter_mut().filter(|watcher| p1 < 32 && watcher.mask >> p1 & 1 == 1);
            for watcher in watching {
                watcher.levels = watcher.levels & !(1 << p1) | p2 << p1;
                let mut bytes = Vec::with_capacity(Report::LENGTH);
                watcher.next((now() / 1000) as u32).encode(&mut bytes);
                SENT.store(now(), Ordering::Relaxed);
                send(&clients[watcher.client].stream, &bytes);
            }
            0
        }
        Some(Command::Evt) => {
            for watcher in watchers.iter_mut().filter(|watcher| watcher.mask != 0) {
                watcher.blast(p1, &clients[watcher.client].stream);
            }
            0
        }
        _ => 0,
    }
}

impl Watcher {
    fn next(&mut self, tick: u32) -> Report {
        let report =
            Report { sequence: self.sequence, flags: ReportKind::Levels.into(), tick, levels: self.levels };
        self.sequence = self.sequence.wrapping_add(1);
        report
    }

    /// Tells so many changes of the last line.
    fn blast(&mut self, count: u32, stream: &TcpStream) {
        let last = 1 << self.mask.ilog2();
        let mut bytes = Vec::with_capacity(CHUNK * Report::LENGTH);
        let mut tick = 0;
        for number in 0..count {
            if bytes.is_empty() {
                tick = (now() / 1000) as u32;
            }
            self.levels ^= last;
            self.next(tick).encode(&mut bytes);
            if bytes.len() == CHUNK * Report::LENGTH || number + 1 == count {
                send(stream, &bytes);
                bytes.clear();
            }
        }
    }
}

/// Sends all of it. Whoever is gone is no longer sent anything.
fn send(mut stream: &TcpStream, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_micros(20));
            }
            Err(_) => return,
        }
    }
}

/// A connection to a server of pins, by nothing but the socket.
#[derive(Debug)]
pub(crate) struct Bare(pub(crate) std::net::TcpStream);

impl Bare {
    pub(crate) fn connect(addr: std::net::SocketAddr) -> Result<Self, String> {
        let stream = std::net::TcpStream::connect(addr).map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).map_err(|error| error.to_string())?;
        Ok(Bare(stream))
    }

    /// One request and its answer; its result.
    pub(crate) fn ask(&mut self, command: Command, p1: u32, p2: u32) -> Result<u32, String> {
        self.ping_pong(&frame(command, p1, p2))
    }

    /// The least that a request can be: a write and a read.
    pub(crate) fn ping_pong(&mut self, request: &[u8]) -> Result<u32, String> {
        let mut reply = [0; 16];
        let done = self.0.write_all(request).and_then(|()| self.0.read_exact(&mut reply));
        done.map_err(|error| error.to_string())?;
        let [.., a, b, c, d] = reply;
        Ok(u32::from_le_bytes([a, b, c, d]))
    }

    /// Makes it a connection that carries the changes of the lines in `mask`, as `control` asks for.
    pub(crate) fn listen(mut self, control: &mut Bare, mask: u32) -> Result<Self, String> {
        let handle = self.ask(Command::Noib, 0, 0)?;
        control.ask(Command::Nb, handle, mask)?;
        Ok(self)
    }
}

/// A request without an extension.
pub(crate) fn frame(command: Command, p1: u32, p2: u32) -> Vec<u8> {
    let mut frame = Vec::with_capacity(16);
    Request::new(command, p1, p2).encode(&mut frame);
    frame
}
