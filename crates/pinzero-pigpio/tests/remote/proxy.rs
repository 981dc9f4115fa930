//! A way to the daemon that can be cut, for what the daemon's model has no fault of its own for.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex};
use std::thread;

/// Passes on all connections, until it is dropped. They are numbered in the order in which they come.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    streams: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    /// One that listens at `here` and leads `there`; fails where this machine has no such address.
    pub(crate) fn start(here: impl ToSocketAddrs, there: SocketAddr) -> io::Result<Self> {
        Proxy::open(here, there, None)
    }

    /// One that passes each request on by itself, and calls `before` with its command just before. Requests have no payload.
    pub(crate) fn stepwise(there: SocketAddr, before: impl Fn(u32) + Send + Sync + 'static) -> Self {
        Proxy::open("127.0.0.1:0", there, Some(Arc::new(before))).unwrap()
    }

    fn open(here: impl ToSocketAddrs, there: SocketAddr, before: Option<Before>) -> io::Result<Self> {
        let listener = TcpListener::bind(here)?;
        let address = listener.local_addr()?;
        let streams: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
        let accepted = Arc::downgrade(&streams);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(accepted) = accepted.upgrade() else { return };
                let Ok(far) = TcpStream::connect(there) else { continue };
                let copies = (stream.try_clone().unwrap(), far.try_clone().unwrap());
                accepted.lock().unwrap().push(stream.try_clone().unwrap());
                let before = before.clone();
                thread::spawn(move || match before {
                    Some(before) => step(&stream, &far, &*before),
                    None => pass(&stream, &far),
                });
                thread::spawn(move || pass(&copies.1, &copies.0));
            }
        });
        Ok(Proxy { address, streams })
    }

    /// How many connections there have been.
    pub(crate) fn accepted(&self) -> usize {
        self.streams.lock().unwrap().len()
    }

    /// Ends one connection; the others go on.
    pub(crate) fn cut(&self, index: usize) {
        let _ = self.streams.lock().unwrap()[index].shutdown(Shutdown::Both);
    }

    /// Sends bytes to the client that the daemon has not sent.
    pub(crate) fn inject(&self, index: usize, bytes: &[u8]) {
        let _ = self.client(index).write_all(bytes);
    }

    /// The client's end of a connection.
    pub(crate) fn client(&self, index: usize) -> TcpStream {
        self.streams.lock().unwrap()[index].try_clone().unwrap()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        for stream in std::mem::take(&mut *self.streams.lock().unwrap()) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        self.streams = Arc::default();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

type Before = Arc<dyn Fn(u32) + Send + Sync>;

/// Passes on request by request, and then the end.
fn step(mut from: &TcpStream, mut to: &TcpStream, before: &dyn Fn(u32)) {
    let mut request = [0; 16];
    while from.read_exact(&mut request).is_ok() {
        before(u32::from_le_bytes([request[0], request[1], request[2], request[3]]));
        if to.write_all(&request).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// Passes on all that comes, and then the end.
fn pass(mut from: &TcpStream, mut to: &TcpStream) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// A peer that is no daemon: it answers the first bytes of each connection with `answer`, and keeps quiet then.
pub(crate) fn stranger(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let mut streams = Vec::new();
        for mut stream in listener.incoming().flatten() {
            thread::spawn({
                let mut stream = stream.try_clone().unwrap();
                move || {
                    if let Ok(1..) = stream.read(&mut [0; 16]) {
                        let _ = stream.write_all(answer);
                    }
                }
            });
            let _ = stream.flush();
            streams.push(stream);
        }
    });
    address
}
