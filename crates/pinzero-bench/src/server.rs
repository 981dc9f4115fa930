//! Servers for the subjects, in processes of their own; the daemon is one of them.

use std::env;
use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use pinzero_core::board::Board;
use pinzero_core::mock;
use pinzero_daemon::Daemon;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};

use crate::count::Work;

/// The variable that tells subjects where their server is.
pub(crate) const SERVER: &str = "PINZERO_BENCH_SERVER";

pub(crate) const SUBJECTS: &[(&str, Work)] = &[("daemon", daemon)];

/// The address of the chip on the daemon's I2C bus 1.
pub(crate) const CHIP: u8 = 0x48;

/// The revision of a Raspberry Pi 3B.
const BOARD: u32 = 0x00a0_2082;

/// A subject in a process of its own, which ends with this.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) addr: SocketAddr,
}

impl Server {
    /// Starts a subject that prints an address, on the processor of this number if there is one.
    pub(crate) fn start(subject: &str, cpu: usize, variables: &[(&str, &str)]) -> Result<Self, String> {
        let program = env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command.args(["subject", subject, &cpu.to_string()]).envs(variables.iter().copied());
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| format!("{subject}: {error}"))?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            // Without a line there is no address.
            let _ = BufReader::new(output).read_line(&mut line);
        }
        let addr = line.trim().parse().map_err(|_| format!("{subject} does not start"))?;
        Ok(Server { child, addr })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Keeps this thread, and all that it starts from now on, to one processor, if there are so many.
pub(crate) fn keep_to(cpu: usize) {
    let mut set = CpuSet::new();
    set.set(cpu);
    // Where the system refuses, the figures vary more.
    let _ = sched_setaffinity(None, &set);
}

/// Lets this process have as many connections as the system permits.
pub(crate) fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    // If this fails, connections do, and say why.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

/// Returns the address of the server that the subject must use.
pub(crate) fn server() -> SocketAddr {
    let addr = env::var(SERVER).ok().and_then(|addr| addr.parse().ok());
    addr.unwrap_or_else(|| panic!("{SERVER} says where the server is"))
}

/// Starts the daemon on threads of this process, until that ends.
pub(crate) fn daemon_here() -> SocketAddr {
    let board = Board::from_revision(BOARD).unwrap_or_else(|error| panic!("{error}"));
    let gpio = mock::builder().board(board).realtime().open();
    gpio.i2c_chip(1, CHIP, mock::Registers::new());
    let daemon = Daemon::builder(&gpio).port(0).gpios(u64::MAX).max_connections(2000).start();
    let daemon = daemon.unwrap_or_else(|error| panic!("{error}"));
    let addr = daemon.addrs()[0];
    // The daemon serves until it is dropped.
    std::mem::forget((gpio, daemon));
    addr
}

/// Starts the daemon, prints its address, and waits for the end of standard input.
fn daemon(cpu: u64) {
    keep_to(cpu as usize);
    raise_limit();
    println!("{}", daemon_here());
    wait_for_end();
}

/// Waits for the end of standard input, and so of the process that has started this one.
pub(crate) fn wait_for_end() {
    // Nothing is said there.
    let _ = io::stdin().read(&mut [0]);
}
