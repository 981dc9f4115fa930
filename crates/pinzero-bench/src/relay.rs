//! Counts the frames between a client of pigpiod and its daemon.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// The bytes of a frame: four words. The commands that are counted have no more.
const FRAME: u64 = 16;

/// A port that passes all bytes on to a daemon and back, until the process ends.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) addr: SocketAddr,
    /// The bytes of requests and of answers so far.
    bytes: [Arc<AtomicU64>; 2],
}

impl Relay {
    /// Starts a relay to the daemon at `to`.
    pub(crate) fn start(to: SocketAddr) -> io::Result<Relay> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let relay = Relay { addr: listener.local_addr()?, bytes: [Arc::default(), Arc::default()] };
        let [requests, answers] = relay.bytes.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let connect = || -> io::Result<()> {
                    let (client, daemon) = (client?, TcpStream::connect(to)?);
                    let (from, to) = (client.try_clone()?, daemon.try_clone()?);
                    let (requests, answers) = (requests.clone(), answers.clone());
                    thread::spawn(move || pass(from, to, &requests));
                    thread::spawn(move || pass(daemon, client, &answers));
                    Ok(())
                };
                connect().unwrap_or_else(|error| eprintln!("relay: {error}"));
            }
        });
        Ok(relay)
    }

    /// Returns the requests and the answers so far, in frames.
    pub(crate) fn frames(&self) -> [u64; 2] {
        [0, 1].map(|way| self.bytes[way].load(Ordering::SeqCst) / FRAME)
    }
}

/// Passes bytes on, and counts them before they go, until either side ends.
fn pass(mut from: TcpStream, mut to: TcpStream, bytes: &AtomicU64) {
    let mut buffer = [0; 4096];
    // An error is an end too: the client then says that its connection is lost.
    let _ = to.set_nodelay(true);
    while let Some(count) = from.read(&mut buffer).ok().filter(|count| *count > 0) {
        bytes.fetch_add(count as u64, Ordering::SeqCst);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
