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
        self.exchange(Request::new(command, p1, p2), &mut [0; 16])
    }

    /// Sends a request and reads its whole reply; returns the result.
    pub(crate) fn exchange(&mut self, request: Request<'_>, reply: &mut [u8]) -> Result<u32, String> {
        let mut frame = Vec::with_capacity(32);
        request.encode(&mut frame);
        let done = self.0.write_all(&frame).and_then(|()| self.0.read_exact(reply));
        done.map_err(|error| error.to_string())?;
        let [a, b, c, d] = [12, 13, 14, 15].map(|index| reply[index]);
        Ok(u32::from_le_bytes([a, b, c, d]))
    }
}
