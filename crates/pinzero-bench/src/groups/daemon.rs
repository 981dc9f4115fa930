//! The daemon, beside the least that a server of so many clients can be.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};
use pinzero_pigpio::protocol::{Command, Report};

use crate::bare::{self, Bare, frame};
use crate::bench::Bench;
use crate::count::{self, Work};
use crate::peer::{self, Peer};
use crate::row::Target;
use crate::time::quantile;

pub(crate) const SUBJECTS: &[(&str, Work)] = &[
    ("daemon-requests", |times| beside_client(peer::daemon_here(), times)),
    ("bare-requests", |times| {
        beside_client(peer::bare_here(), times);
    }),
];

const BARE: &str = "a bare server on epoll";

/// How many clients a server has.
const CONNECTIONS: [usize; 4] = [1, 10, 100, 1000];

/// How many requests a round has, of all clients together.
const REQUESTS: usize = 10_000;

/// How many rounds are run by turns.
const ROUNDS: usize = 5;

/// Who hears of a change.
const WATCHERS: usize = 64;

/// How many changes a round has.
const CHANGES: u32 = 300;

/// The line that changes.
const LINE: u32 = 17;

/// What a client of its own does for a request: a write and a read.
const CLIENT: f64 = 2.0;

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    peer::raise_limit();
    let ours = count::system_calls("daemon-requests")? - CLIENT;
    let theirs = count::system_calls("bare-requests")? - CLIENT;
    bench.counted("a request to the daemon", ours, Some((BARE, theirs)), "system calls", Target::Ratio(1.05));
    memory(bench)?;
    if bench.is_short {
        return Ok(());
    }
    peer::keep_to(0);
    let servers = [Peer::start("daemon", 0)?, Peer::start("bare-server", 0)?];
    for count in CONNECTIONS {
        requests(bench, &servers, count)?;
    }
    fan_out(bench)
}

/// So many requests, one after the other, of a client in the process of the server.
fn beside_client(addr: SocketAddr, times: u64) {
    let mut client = Bare::connect(addr).unwrap_or_else(|error| panic!("{error}"));
    let request = frame(Command::Write, LINE, 1);
    for _ in 0..times {
        client.ping_pong(&request).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// What a connection costs the daemon, which has a handle for reports.
fn memory(bench: &Bench) -> Result<(), String> {
    const COUNT: usize = 1000;
    let daemon = Peer::start("daemon", 1)?;
    let connect = || -> Result<Bare, String> {
        let mut client = Bare::connect(daemon.addr)?;
        let handle = client.ask(Command::Noib, 0, 0)?;
        client.ask(Command::Nb, handle, 0)?;
        Ok(client)
    };
    let _first = connect()?;
    let before = daemon.resident()?;
    let clients = (0..COUNT).map(|_| connect()).collect::<Result<Vec<_>, _>>()?;
    let each = (daemon.resident()? - before) / clients.len() as f64;
    bench.counted("memory of the daemon a connection", each, None, "KiB", Target::Most(32.0));
    Ok(())
}

/// Clients that each have one request under way.
fn requests(bench: &Bench, servers: &[Peer; 2], count: usize) -> Result<(), String> {
    let mut clients = [Clients::connect(servers[0].addr, count)?, Clients::connect(servers[1].addr, count)?];
    let mut best = [Figures::WORST; 2];
    for _ in 0..ROUNDS {
        for (clients, best) in clients.iter_mut().zip(&mut best) {
            *best = best.min(clients.requests()?);
        }
    }
    let [ours, theirs] = best;
    let what = format!("a request to the daemon with {count} connections");
    bench.timed(&what, ours.each, Some((BARE, theirs.each)), "ns", Target::Ratio(1.3));
    for (name, Figures { each, median }) in [("the daemon", ours), (BARE, theirs)] {
        bench.point("requests-by-connections", name, count as f64, 1e9 / each);
        bench.point("latency-by-connections", name, count as f64, median / 1000.0);
    }
    Ok(())
}

/// What a round has come to, in nanoseconds.
#[derive(Clone, Copy)]
struct Figures {
    /// The time of all by their number.
    each: f64,
    /// From a request to its answer.
    median: f64,
}

impl Figures {
    const WORST: Figures = Figures { each: f64::INFINITY, median: f64::INFINITY };

    fn min(self, other: Figures) -> Figures {
        Figures { each: self.each.min(other.each), median: self.median.min(other.median) }
    }
}

/// Connections that are read by one thread.
struct Clients {
    poll: Poll,
    events: Events,
    streams: Vec<mio::net::TcpStream>,
}

impl Clients {
    fn new(streams: Vec<Bare>) -> Result<Self, String> {
        let poll = Poll::new().map_err(|error| error.to_string())?;
        let register = |(index, Bare(stream)): (usize, Bare)| {
            stream.set_nonblocking(true)?;
            let mut stream = mio::net::TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(index), Interest::READABLE)?;
            Ok(stream)
        };
        let streams = streams.into_iter().enumerate().map(register).collect::<std::io::Result<_>>();
        let streams = streams.map_err(|error| error.to_string())?;
        Ok(Clients { poll, events: Events::with_capacity(1024), streams })
    }

    fn connect(addr: SocketAddr, count: usize) -> Result<Self, String> {
        Clients::new((0..count).map(|_| Bare::connect(addr)).collect::<Result<_, _>>()?)
    }

    /// Reads once from each that has something, until `see` has seen enough.
    fn read(
        &mut self,
        mut see: impl FnMut(usize, &mut mio::net::TcpStream, &[u8]) -> bool,
    ) -> Result<(), String> {
        let mut buffer = [0; 4096];
        loop {
            let polled = self.poll.poll(&mut self.events, Some(Duration::from_secs(20)));
            polled.map_err(|error| error.to_string())?;
            if self.events.is_empty() {
                return Err("nothing comes any more".to_owned());
            }
            for event in &self.events {
                let Token(index) = event.token();
                let stream = &mut self.streams[index];
                match stream.read(&mut buffer) {
                    Ok(0) => return Err("the server has hung up".to_owned()),
                    Ok(count) if see(index, stream, &buffer[..count]) => return Ok(()),
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error.to_string()),
                }
            }
        }
    }

    /// A round of requests.
    fn requests(&mut self) -> Result<Figures, String> {
        let request = frame(Command::Write, LINE, 1);
        let start = bare::now();
        let mut asked = vec![start; self.streams.len()];
        let mut took = Vec::with_capacity(REQUESTS);
        for stream in &mut self.streams {
            stream.write_all(&request).map_err(|error| error.to_string())?;
        }
        let (mut left, mut open) = (REQUESTS - self.streams.len(), self.streams.len());
        self.read(|index, stream, _| {
            let now = bare::now();
            took.push((now - asked[index]) as f64);
            if left > 0 {
                // Sixteen bytes always fit; if the connection is gone, reading says so.
                let _ = stream.write(&request);
                asked[index] = now;
                left -= 1;
            } else {
                open -= 1;
            }
            open == 0
        })?;
        let each = (bare::now() - start) as f64 / REQUESTS as f64;
        Ok(Figures { each, median: quantile(&mut took, 0.5) })
    }
}

/// From the request that changes a line until the last of all watchers has heard of it.
fn fan_out(bench: &Bench) -> Result<(), String> {
    let what = format!("a change told to {WATCHERS} clients");
    let servers = [Peer::start("daemon", 0)?, Peer::start("bare-server", 0)?];
    let mut rounds = [Watchers::new(servers[0].addr)?, Watchers::new(servers[1].addr)?];
    let mut found = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (watchers, found) in rounds.iter_mut().zip(&mut found) {
            found.push(watchers.changes(None)?);
        }
    }
    for (name, share, target) in
        [("p50", 0.5, Target::Ratio(1.3)), ("p90", 0.9, Target::None), ("p99", 0.99, Target::None)]
    {
        let [ours, theirs] = found.each_mut().map(|rounds| best(rounds, share));
        bench.timed(&format!("{what}, {name}"), ours, Some((BARE, theirs)), "ns", target);
    }

    let mut deaf = Vec::new();
    for _ in 0..ROUNDS {
        // It is told of another line, too, which changes 200 times for each change that is timed.
        let watcher = Bare::connect(servers[0].addr)?.listen(&mut rounds[0].control, DEAF)?;
        deaf.push(rounds[0].changes(Some(watcher))?);
    }
    let [ours, _] = found.each_mut().map(|rounds| best(rounds, 0.99));
    let what = format!("{what}, one of which does not read, p99");
    bench.timed(&what, best(&mut deaf, 0.99), Some(("all of them read", ours)), "ns", Target::None);
    Ok(())
}

/// The lines that the deaf client watches: that of all, and one that changes all the time.
const DEAF: u32 = 1 << LINE | 1 << (LINE + 1);

/// What it is in the best of all rounds.
fn best(rounds: &mut [Vec<f64>], share: f64) -> f64 {
    rounds.iter_mut().map(|found| quantile(found, share)).fold(f64::INFINITY, f64::min)
}

struct Watchers {
    control: Bare,
    clients: Clients,
    level: u32,
}

impl Watchers {
    fn new(addr: SocketAddr) -> Result<Self, String> {
        let mut control = Bare::connect(addr)?;
        let listen = |_| Bare::connect(addr)?.listen(&mut control, 1 << LINE);
        let clients = (0..WATCHERS).map(listen).collect::<Result<_, _>>()?;
        Ok(Watchers { control, clients: Clients::new(clients)?, level: 0 })
    }

    /// How long each change took to be heard of by all. With a `deaf` client, another line changes between.
    fn changes(&mut self, deaf: Option<Bare>) -> Result<Vec<f64>, String> {
        let busy = [1, 0].map(|level| frame(Command::Write, LINE + 1, level)).concat().repeat(100);
        (0..CHANGES)
            .map(|_| {
                if deaf.is_some() {
                    self.control.0.write_all(&busy).map_err(|error| error.to_string())?;
                    let mut replies = vec![0; busy.len()];
                    self.control.0.read_exact(&mut replies).map_err(|error| error.to_string())?;
                }
                self.level ^= 1;
                let start = Instant::now();
                let request = frame(Command::Write, LINE, self.level);
                self.control.0.write_all(&request).map_err(|error| error.to_string())?;
                let mut heard = 0;
                self.clients.read(|_, _, bytes| {
                    heard += bytes.len() / Report::LENGTH;
                    heard == WATCHERS
                })?;
                let took = start.elapsed().as_nanos() as f64;
                self.control.0.read_exact(&mut [0; 16]).map_err(|error| error.to_string())?;
                Ok(took)
            })
            .collect()
    }
}
