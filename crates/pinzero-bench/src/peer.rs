//! Servers in processes of their own, so that what a client costs is counted by itself, and where they run.

use std::env;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::{fs, io, thread};

use mio::net::TcpListener;
use pinzero_core::board::Board;
use pinzero_core::mock;
use pinzero_daemon::Daemon;
use rustix::process::{Resource, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};

use crate::bare;
use crate::count::Work;

/// The variable that tells subjects where their server is.
pub(crate) const SERVER: &str = "PINZERO_BENCH_SERVER";

/// What [`Peer::start`] can start.
pub(crate) const SUBJECTS: &[(&str, Work)] = &[("bare-server", bare_server), ("daemon", daemon)];

/// A server in a process of its own, which ends with this.
#[derive(Debug)]
pub(crate) struct Peer {
    child: Child,
    pub(crate) addr: SocketAddr,
}

impl Peer {
    /// Starts one that prints its address, on a processor of this number if there is one.
    pub(crate) fn start(subject: &str, cpu: usize) -> Result<Self, String> {
        Peer::start_with(subject, cpu, &[])
    }

    /// The same, told something by variables.
    pub(crate) fn start_with(subject: &str, cpu: usize, variables: &[(&str, &str)]) -> Result<Self, String> {
        let program = env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command.args(["subject", subject, &cpu.to_string()]).envs(variables.iter().copied());
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| format!("{subject}: {error}"))?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            // If it says nothing it has no address.
            let _ = BufReader::new(output).read_line(&mut line);
        }
        let addr = line.trim().parse().map_err(|_| format!("{subject} does not start"))?;
        Ok(Peer { child, addr })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// KiB of it in memory.
    pub(crate) fn resident(&self) -> Result<f64, String> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()));
        let status = status.map_err(|error| error.to_string())?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        kib.ok_or_else(|| "the system does not say what is in memory".to_owned())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Keeps this thread, and all that it starts from now on, to one processor, if there are so many.
pub(crate) fn keep_to(cpu: usize) {
    let mut set = CpuSet::new();
    set.set(cpu);
    // Where it is not permitted the figures vary more.
    let _ = sched_setaffinity(None, &set);
}

/// Lets this process have as many connections as the system permits.
pub(crate) fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    // If it fails, connections do, and say why.
    let _ = setrlimit(Resource::Nofile, rustix::process::Rlimit { current: limit.maximum, ..limit });
}

/// The server that a subject is told of.
pub(crate) fn server() -> SocketAddr {
    let addr = env::var(SERVER).ok().and_then(|addr| addr.parse().ok());
    addr.unwrap_or_else(|| panic!("{SERVER} says where the server is"))
}

/// A listener on any port of this computer.
pub(crate) fn listener() -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let addr = listener.local_addr()?;
    Ok((listener, addr))
}

/// A bare server on a thread of this process.
pub(crate) fn bare_here() -> SocketAddr {
    let (listener, addr) = listener().unwrap_or_else(|error| panic!("{error}"));
    thread::spawn(move || bare::serve(listener));
    addr
}

/// The daemon on a thread of this process, until that ends.
pub(crate) fn daemon_here() -> SocketAddr {
    let board = Board::from_revision(bare::BOARD).unwrap_or_else(|error| panic!("{error}"));
    let gpio = mock::builder().board(board).realtime().open();
    let daemon = Daemon::builder(&gpio).port(0).gpios(u64::MAX).max_connections(2000).start();
    let daemon = daemon.unwrap_or_else(|error| panic!("{error}"));
    let addr = daemon.addrs()[0];
    // It serves as long as it is there.
    std::mem::forget((gpio, daemon));
    addr
}

fn bare_server(cpu: u64) {
    serve(cpu, bare_here);
}

fn daemon(cpu: u64) {
    serve(cpu, daemon_here);
}

/// Starts a server, prints its address, and waits for the end of standard input.
fn serve(cpu: u64, start: fn() -> SocketAddr) {
    keep_to(cpu as usize);
    raise_limit();
    println!("{}", start());
    wait_for_end();
}

/// Waits for the end of standard input, and so of whoever has started this.
pub(crate) fn wait_for_end() {
    // Nothing is said there.
    let _ = io::stdin().read(&mut [0]);
}
