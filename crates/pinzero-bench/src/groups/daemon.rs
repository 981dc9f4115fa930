//! The costs of requests and connections for the daemon.

use std::net::SocketAddr;

use pinzero_pigpio::protocol::Command;

use crate::baseline::Baseline;
use crate::bench::Bench;
use crate::count::{self, Work};
use crate::process;
use crate::row::Target;
use crate::server::{self, Server};

pub(crate) const SUBJECTS: &[(&str, Work)] =
    &[("daemon-requests", |times| requests(server::daemon_here(), times))];

/// How many connections there are when their memory is counted.
const CONNECTIONS: usize = 1000;

/// The client's own system calls for a request: a write and a read.
const CLIENT: f64 = 2.0;

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    let calls = count::system_calls("daemon-requests")? - CLIENT;
    // One to wait, one to read, one to answer. Some threads of the system's own come between.
    bench.counted("a request to the daemon", calls, None, "system calls", Target::Most(3.1));
    server::raise_limit();
    let kib = memory()? / 1024.0;
    bench.counted("memory of the daemon a connection", kib, None, "KiB", Target::Most(32.0));
    Ok(())
}

/// Asks so many times, one after the other, in the process of the server.
fn requests(addr: SocketAddr, times: u64) {
    let mut client = Baseline::connect(addr).unwrap_or_else(|error| panic!("{error}"));
    for _ in 0..times {
        client.ask(Command::Write, 17, 1).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Returns the bytes that a connection costs the daemon, which has a handle for reports.
fn memory() -> Result<f64, String> {
    let daemon = Server::start("daemon", 1, &[])?;
    let connect = || -> Result<Baseline, String> {
        let mut client = Baseline::connect(daemon.addr)?;
        let handle = client.ask(Command::Noib, 0, 0)?;
        client.ask(Command::Nb, handle, 0)?;
        Ok(client)
    };
    let _first = connect()?;
    let before = process::memory_of(daemon.pid())?;
    let _clients = (0..CONNECTIONS).map(|_| connect()).collect::<Result<Vec<_>, _>>()?;
    Ok(process::memory_of(daemon.pid())?.saturating_sub(before) as f64 / CONNECTIONS as f64)
}
