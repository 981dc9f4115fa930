//! The least that a client of pigpiod can be: a socket, a write and a read.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use pinzero_pigpio::protocol::{Command, Request};

/// A connection to a daemon.
#[derive(Debug)]
pub(crate) struct Baseline(TcpStream);

impl Baseline {
    pub(crate) fn connect(addr: SocketAddr) -> Result<Self, String> {
        let connect = || {
            let stream = TcpStream::connect(addr)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(Duration::from_secs(20)))?;
            Ok(Baseline(stream))
        };
        connect().map_err(|error: std::io::Error| error.to_string())
    }

    /// Asks, and returns the result.
    pub(crate) fn ask(&mut self, command: Command, p1: u32, p2: u32) -> Result<u32, String> {
        let mut frame = Vec::with_capacity(16);
        Request::new(command, p1, p2).encode(&mut frame);
        let mut reply = [0; 16];
        let done = self.0.write_all(&frame).and_then(|()| self.0.read_exact(&mut reply));
        done.map_err(|error| error.to_string())?;
        let [.., a, b, c, d] = reply;
        Ok(u32::from_le_bytes([a, b, c, d]))
    }
}
