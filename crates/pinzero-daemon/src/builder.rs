//! How a daemon is set up and started.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::thread;

use mio::Poll;
use mio::net::TcpListener;
use pinzero_core::{Error, ErrorKind, Gpio, Result, Support};
use pinzero_pigpio::protocol::PORT;
use socket2::{Domain, Socket, Type};

use crate::executor::Executor;
use crate::inbox::Inbox;
use crate::lines;
use crate::server::{INBOX, Limits, Server};
use crate::{Daemon, Network};

/// How a [`Daemon`] is set up; made by [`Daemon::builder`].
#[derive(Debug, Clone)]
#[must_use = "nothing is served before `start`"]
pub struct DaemonBuilder {
    gpio: Gpio,
    bind: Vec<IpAddr>,
    port: u16,
    is_public: bool,
    allow: Vec<Network>,
    gpios: Option<u64>,
    is_safe: bool,
    adopts: bool,
    limits: Limits,
}

impl Daemon {
    /// Prepares to serve the pins of `gpio`, which runs in real time: a mock on virtual time has no place in a network.
    pub fn builder(gpio: &Gpio) -> DaemonBuilder {
        DaemonBuilder {
            gpio: gpio.clone(),
            bind: Vec::new(),
            port: PORT,
            is_public: false,
            allow: Vec::new(),
            gpios: None,
            is_safe: false,
            adopts: false,
            limits: Limits { connections: 1024, backlog: 256 * 1024 },
        }
    }
}

impl DaemonBuilder {
    /// Listens on this address too. If none is given: on 127.0.0.1 and, where there is one, on ::1.
    pub fn bind(mut self, address: IpAddr) -> Self {
        self.bind.push(address);
        self
    }

    /// The port, 8888 if nothing is said; 0 takes any that is free, the same on all addresses.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Allows addresses that other computers can reach. Nothing in the protocol keeps anybody out: whoever can connect
    /// can drive the pins.
    pub fn public(mut self, is_public: bool) -> Self {
        self.is_public = is_public;
        self
    }

    /// Takes connections from this network, and from no other that is not given like this. If none is given: from all.
    pub fn allow(mut self, network: Network) -> Self {
        self.allow.push(network);
        self
    }

    /// The GPIO that clients may read and write, as bits. If nothing is said: those that the board's header carries as
    /// free ones, GPIO2 to GPIO27, or all of them if it is not known what board it is.
    pub fn gpios(mut self, mask: u64) -> Self {
        self.gpios = Some(mask);
        self
    }

    /// Whether the outputs that a client drove go back to how they were found when its connection ends. If not, as
    /// if nothing is said, they stay as they are, which is what pigpiod does.
    pub fn safe_state(mut self, is_safe: bool) -> Self {
        self.is_safe = is_safe;
        self
    }

    /// Whether all lines that clients may use are opened as inputs at the start, and so can be read all at once. If not,
    /// as if nothing is said, a line is left alone until a client asks for it, and reads as low among others until then.
    pub fn adopt_all(mut self, adopts: bool) -> Self {
        self.adopts = adopts;
        self
    }

    /// How many connections there may be at a time, and how many notification handles; 1024 if nothing is said.
    pub fn max_connections(mut self, count: usize) -> Self {
        self.limits.connections = count;
        self
    }

    /// How many bytes may wait for a client that does not read before it is dropped; 256 KiB if nothing is said.
    pub fn max_backlog(mut self, bytes: usize) -> Self {
        self.limits.backlog = bytes;
        self
    }

    /// Starts it: one thread, and two more of the factory's as soon as a line is open.
    ///
    /// # Errors
    /// [`PermissionDenied`](ErrorKind::PermissionDenied) for an address that others can reach without
    /// [`public`](DaemonBuilder::public), [`Unsupported`](ErrorKind::Unsupported) if the factory cannot turn a line round
    /// without letting go of it, [`Io`](ErrorKind::Io) if it cannot listen, and those of the system.
    pub fn start(self) -> Result<Daemon> {
        self.gpio
            .capabilities()
            .flex
            .require("a line that turns round, which every line of the daemon is,")?;
        if self.gpio.capabilities().edges != Support::Native {
            log::warn!("{} reports no edges: clients are not told of changes", self.gpio.name());
        }
        let (listeners, addrs) = self.listen()?;
        let start = || -> io::Result<Daemon> {
            let poll = Poll::new()?;
            let inbox = Inbox::new(poll.registry(), INBOX)?;
            let permitted = self.gpios.unwrap_or_else(|| usual(&self.gpio));
            let mut executor =
                Executor::new(&self.gpio, &inbox, permitted, self.limits.connections, self.is_safe);
            if self.adopts {
                executor.adopt_all();
            }
            let server = Server::new(poll, listeners, self.allow, self.limits, inbox.clone(), executor)?;
            let thread = thread::Builder::new().name("pinzero-daemon".into()).spawn(|| server.run())?;
            Ok(Daemon { addrs, inbox, thread: Some(thread) })
        };
        start().map_err(|error| Error::new(ErrorKind::Io, "the daemon cannot be started").with_source(error))
    }

    fn listen(&self) -> Result<(Vec<TcpListener>, Vec<SocketAddr>)> {
        const LOCAL: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        let wanted = if self.bind.is_empty() { &LOCAL[..] } else { &self.bind };
        if let Some(address) = wanted.iter().find(|address| !address.is_loopback() && !self.is_public) {
            let message = format!(
                "other computers can reach {address}, and the protocol lets whoever connects drive the pins: say that it \
                 may be public, or listen on 127.0.0.1 and reach it through an SSH tunnel or a VPN"
            );
            return Err(Error::new(ErrorKind::PermissionDenied, message));
        }
        let both = wanted.iter().any(IpAddr::is_ipv4);
        let (mut listeners, mut addrs) = (Vec::new(), Vec::new());
        for address in wanted {
            let port = addrs.first().map_or(self.port, SocketAddr::port);
            match listen(SocketAddr::new(*address, port), both) {
                Ok((listener, addr)) => {
                    listeners.push(listener);
                    addrs.push(addr);
                }
                // A machine without IPv6 is served by the other one.
                Err(error) if self.bind.is_empty() && !addrs.is_empty() => {
                    log::info!("not listening on {address}: {error}");
                }
                Err(error) => {
                    let message = format!("cannot listen on {address} port {port}");
                    return Err(Error::new(ErrorKind::Io, message).with_source(error));
                }
            }
        }
        Ok((listeners, addrs))
    }
}

/// Listens; an IPv6 address leaves IPv4 to another listener if there is one.
fn listen(addr: SocketAddr, leaves_ipv4: bool) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
    if addr.is_ipv6() {
        socket.set_only_v6(leaves_ipv4)?;
    }
    // A daemon that is started again need not wait for the connections of the one before. On Windows it means another
    // thing.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(1024)?;
    let listener = TcpListener::from_std(socket.into());
    let addr = listener.local_addr()?;
    Ok((listener, addr))
}

/// The GPIO that clients may use if nothing is said.
fn usual(gpio: &Gpio) -> u64 {
    let all = (1 << lines::COUNT) - 1;
    if gpio.board().headers().is_empty() { all } else { 0x0fff_fffc }
}
