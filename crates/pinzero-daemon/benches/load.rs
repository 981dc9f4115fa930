//! What many clients cost, each beside the least that a server could do: `cargo bench -p pinzero-daemon`.
//!
//! Needs 2,100 descriptors (`ulimit -n`). Clients and server share this process and its processors; what is compared
//! shares them in the same way.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on shall panic")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};
use pinzero_core::Level;
use pinzero_core::board::Board;
use pinzero_core::mock::{self, MockGpio};
use pinzero_daemon::Daemon;
use pinzero_pigpio::protocol::{Command, Report, Request};

fn main() {
    // Cargo asks benches for nothing when it runs tests.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    memory();
    println!("requests, one outstanding per connection, in thousands a second");
    for count in [1, 10, 100, 1000] {
        let (echo, daemon) = (echo_server(), serve());
        let best = |addr| (0..3).map(|_| requests(addr, count)).fold(0.0, f64::max);
        let (bare, ours) = (best(echo), best(daemon.1.addrs()[0]));
        println!("{count:>5} connections: echo {bare:6.1}, daemon {ours:6.1}, {:.2} times", bare / ours);
    }
    println!("an event to many clients, from the edge to the last of them, in microseconds (median, 99 %)");
    for count in [1, 64, 1000] {
        let (middle, most) = fan_out(count, None);
        println!("{count:>5} clients: {middle:>6} {most:>6}");
    }
    let bare = bare_fan_out(64);
    println!("   64 clients of a bare loop of writes: {:>6} {:>6}", bare.0, bare.1);
    println!(
        "1,000 clients, one of which does not read while a line that it watches changes 20,000 times a second"
    );
    for (name, deaf) in [("all read", false), ("one is deaf", true)] {
        let (middle, most) = fan_out(1000, Some(deaf));
        println!("{name:>12}: {middle:>6} {most:>6}");
    }
}

fn serve() -> (MockGpio, Daemon) {
    let gpio = mock::builder().board(Board::from_revision(0x00a0_2082).unwrap()).realtime().open();
    let daemon = Daemon::builder(&gpio).port(0).adopt_all(true).max_connections(2000).start().unwrap();
    (gpio, daemon)
}

/// The least that answers: reads what is there and writes it back.
fn echo_server() -> SocketAddr {
    let mut listener = mio::net::TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        let mut poll = Poll::new().unwrap();
        poll.registry().register(&mut listener, Token(usize::MAX - 1), Interest::READABLE).unwrap();
        let mut streams: Vec<mio::net::TcpStream> = Vec::new();
        let (mut events, mut buffer) = (Events::with_capacity(1024), [0; 4096]);
        loop {
            poll.poll(&mut events, None).unwrap();
            for event in &events {
                if event.token() == Token(usize::MAX - 1) {
                    while let Ok((mut stream, _)) = listener.accept() {
                        stream.set_nodelay(true).unwrap();
                        let token = Token(streams.len());
                        poll.registry().register(&mut stream, token, Interest::READABLE).unwrap();
                        streams.push(stream);
                    }
                } else if let Ok(count) = streams[event.token().0].read(&mut buffer) {
                    let _ = streams[event.token().0].write(&buffer[..count]);
                }
            }
        }
    });
    addr
}

/// Connections that are read by one thread.
struct Clients {
    poll: Poll,
    streams: Vec<mio::net::TcpStream>,
}

impl Clients {
    fn new(streams: Vec<TcpStream>) -> Self {
        let poll = Poll::new().unwrap();
        let streams = streams.into_iter().enumerate().map(|(index, stream)| {
            stream.set_nonblocking(true).unwrap();
            let mut stream = mio::net::TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(index), Interest::READABLE).unwrap();
            stream
        });
        Clients { streams: streams.collect(), poll }
    }

    /// Reads once from each that has something, until `see` has seen enough.
    fn run(&mut self, mut see: impl FnMut(&mut mio::net::TcpStream, &[u8]) -> bool) {
        let (mut events, mut buffer) = (Events::with_capacity(1024), vec![0; 65_536]);
        loop {
            self.poll.poll(&mut events, Some(Duration::from_secs(20))).unwrap();
            assert!(!events.is_empty(), "nothing comes any more");
            for event in &events {
                let stream = &mut self.streams[event.token().0];
                while let Ok(count @ 1..) = stream.read(&mut buffer) {
                    if see(stream, &buffer[..count]) {
                        return;
                    }
                    if count < buffer.len() {
                        break;
                    }
                }
            }
        }
    }
}

fn connect(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(addr).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

fn frame(command: Command, p1: u32, p2: u32) -> Vec<u8> {
    let mut frame = Vec::new();
    Request::new(command, p1, p2).encode(&mut frame);
    frame
}

fn ask(stream: &mut TcpStream, command: Command, p1: u32, p2: u32) -> u32 {
    stream.write_all(&frame(command, p1, p2)).unwrap();
    let mut reply = [0; 16];
    stream.read_exact(&mut reply).unwrap();
    u32::from_le_bytes(reply[12..].try_into().unwrap())
}

fn requests(addr: SocketAddr, count: usize) -> f64 {
    const TOTAL: usize = 50_000;
    let request = frame(Command::Write, 17, 1);
    let mut clients = Clients::new((0..count).map(|_| connect(addr)).collect());
    let start = Instant::now();
    for stream in &mut clients.streams {
        stream.write_all(&request).unwrap();
    }
    let mut answers = 0;
    clients.run(|stream, bytes| {
        answers += bytes.len() / 16;
        let _ = stream.write(&request);
        answers >= TOTAL
    });
    TOTAL as f64 / start.elapsed().as_secs_f64() / 1000.0
}

/// The time from an edge to each client's hearing of it, in microseconds: median and 99 %. With `deaf`, another line
/// changes all the time; whether one of the clients watches that line and never reads is what it says.
fn fan_out(count: usize, deaf: Option<bool>) -> (u32, u32) {
    const EVENTS: usize = 200;
    let (gpio, daemon) = serve();
    let addr = daemon.addrs()[0];
    let mut control = connect(addr);
    let mut listen = |mask: u32| {
        let mut stream = connect(addr);
        let handle = ask(&mut stream, Command::Noib, 0, 0);
        ask(&mut control, Command::Nb, handle, mask);
        stream
    };
    let is_deaf = deaf == Some(true);
    let streams: Vec<TcpStream> = (0..count - usize::from(is_deaf)).map(|_| listen(1 << 17)).collect();
    let _deaf = is_deaf.then(|| listen(3 << 17));
    let over = Arc::new(AtomicBool::new(false));
    let driver = thread::spawn({
        let (gpio, over) = (gpio.clone(), over.clone());
        move || {
            for count in 0.. {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                gpio.line(17).drive(Level::from(count % 2 == 0));
                match deaf {
                    None => thread::sleep(Duration::from_millis(30)),
                    Some(_) => (0..150).for_each(|step| {
                        (0..4).for_each(|half| gpio.line(18).drive(Level::from(half % 2 == 0)));
                        thread::sleep(Duration::from_micros(if step % 2 == 0 { 150 } else { 145 }));
                    }),
                }
            }
        }
    });
    let expected = streams.len() * EVENTS;
    let mut latencies: Vec<u32> = Vec::with_capacity(expected);
    let mut clients = Clients::new(streams);
    clients.run(|_, bytes| {
        let now = (gpio.now().as_nanos() / 1000) as u32;
        let ticks = bytes.chunks_exact(Report::LENGTH).filter_map(Report::decode).map(|report| report.tick);
        latencies.extend(ticks.map(|tick| now.wrapping_sub(tick)));
        latencies.len() >= expected
    });
    over.store(true, Ordering::Relaxed);
    driver.join().unwrap();
    quantiles(latencies)
}

/// The same for a loop that writes 12 bytes to each and does nothing else.
fn bare_fan_out(count: usize) -> (u32, u32) {
    const EVENTS: usize = 200;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let (streams, mut ends): (Vec<TcpStream>, Vec<TcpStream>) =
        (0..count).map(|_| (connect(addr), listener.accept().unwrap().0)).unzip();
    ends.iter().for_each(|end| end.set_nodelay(true).unwrap());
    let start = Instant::now();
    let writer = thread::spawn(move || {
        for _ in 0..EVENTS {
            let now = (start.elapsed().as_micros() as u32).to_le_bytes();
            for end in &mut ends {
                end.write_all(&[now, now, now].concat()).unwrap();
            }
            thread::sleep(Duration::from_millis(30));
        }
        ends
    });
    let mut latencies = Vec::new();
    Clients::new(streams).run(|_, bytes| {
        let now = start.elapsed().as_micros() as u32;
        let ticks = bytes.chunks_exact(12).map(|bytes| u32::from_le_bytes(bytes[..4].try_into().unwrap()));
        latencies.extend(ticks.map(|tick| now - tick));
        latencies.len() >= count * EVENTS
    });
    writer.join().unwrap();
    quantiles(latencies)
}

fn quantiles(mut latencies: Vec<u32>) -> (u32, u32) {
    latencies.sort_unstable();
    (latencies[latencies.len() / 2], latencies[latencies.len() * 99 / 100])
}

/// What a connection costs the daemon beside what the kernel has of it.
fn memory() {
    let Some(before) = resident() else { return };
    let (_gpio, daemon) = serve();
    let streams: Vec<TcpStream> = (0..1000)
        .map(|_| {
            let mut stream = connect(daemon.addrs()[0]);
            let handle = ask(&mut stream, Command::Noib, 0, 0);
            ask(&mut stream, Command::Nb, handle, 0);
            stream
        })
        .collect();
    let after = resident().unwrap_or(before);
    println!("memory: {:.1} KiB a connection", (after.saturating_sub(before)) as f64 / streams.len() as f64);
}

/// KiB of this process in memory; `None` where the system does not say.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
