//! [`Waker`]: wakes the thread that waits for sockets.

use std::io::Result;
use std::net::{Ipv4Addr, UdpSocket};

/// Wakes a thread that waits until [`socket`](Waker::socket) can be read. A socket that is connected to itself, because that is the same
/// on all systems.
#[derive(Debug)]
pub(super) struct Waker {
    socket: UdpSocket,
    /// The number of unread messages at which the thread stops reading from a client.
    most_unread: usize,
}

impl Waker {
    pub(super) fn new(most_unread: usize) -> Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        // From then on, what others send does not arrive.
        socket.connect(socket.local_addr()?)?;
        socket.set_nonblocking(true)?;
        Ok(Waker { socket, most_unread })
    }

    pub(super) fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    pub(super) fn most_unread(&self) -> usize {
        self.most_unread
    }

    /// Wakes the thread. If the socket is full, a wake-up is there already.
    pub(super) fn wake(&self) {
        let _ = self.socket.send(&[1]);
    }

    /// Wakes the thread if it has stopped reading from a client that has had so many unread messages.
    pub(super) fn wake_if_paused(&self, unread: usize) {
        if unread >= self.most_unread {
            self.wake();
        }
    }

    /// Consumes all wake-ups.
    pub(super) fn drain(&self) {
        while self.socket.recv(&mut [0; 8]).is_ok() {}
    }
}
