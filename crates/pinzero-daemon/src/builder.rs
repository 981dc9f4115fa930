//! Sets up and starts a daemon.

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

/// Builder for a [`Daemon`]; returned by [`Daemon::builder`].
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
    /// Returns a builder for a daemon that serves the pins of `gpio`, which must run in real time.
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
    /// Adds an address to listen on. Default: 127.0.0.1 and, on a machine with IPv6, ::1.
    pub fn bind(mut self, address: IpAddr) -> Self {
        self.bind.push(address);
        self
    }

    /// Sets the port; 0 takes any free port, the same on all addresses. Default: 8888.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Allows addresses that other computers can reach. Default: not allowed.
    ///
    /// The protocol has no authentication: anyone who can connect can drive the pins.
    pub fn public(mut self, is_public: bool) -> Self {
        self.is_public = is_public;
        self
    }

    /// Adds a network to accept connections from. The daemon refuses all networks that are not added. Default: all networks.
    pub fn allow(mut self, network: Network) -> Self {
        self.allow.push(network);
        self
    }

    /// Sets the GPIOs that clients may read and write, as a bit mask.
    ///
    /// Default: GPIO2 to GPIO27, the free ones on the board's header; all GPIOs if the board is unknown.
    pub fn gpios(mut self, mask: u64) -> Self {
        self.gpios = Some(mask);
        self
    }

    /// Sets whether a client's outputs go back to how they were found when its connection ends.
    ///
    /// Default: no; outputs stay as they are, as with pigpiod.
    pub fn safe_state(mut self, is_safe: bool) -> Self {
        self.is_safe = is_safe;
        self
    }

    /// Sets whether the daemon opens all permitted lines as inputs at the start, so that clients can read all of them at once.
    ///
    /// Default: no; the daemon opens a line when a client first asks for it. Until then, a read of many lines shows it as low.
    pub fn adopt_all(mut self, adopts: bool) -> Self {
        self.adopts = adopts;
        self
    }

    /// Sets the most connections at a time, and the most notification handles. Default: 1024.
    pub fn max_connections(mut self, count: usize) -> Self {
        self.limits.connections = count;
        self
    }

    /// Sets how many unsent bytes may wait for a client before the daemon drops the client. Default: 256 KiB.
    pub fn max_backlog(mut self, bytes: usize) -> Self {
        self.limits.backlog = bytes;
        self
    }

    /// Starts the daemon on one thread. The factory adds two threads as soon as a line is open.
    ///
    /// # Errors
    /// [`PermissionDenied`](ErrorKind::PermissionDenied) for an address that other computers can reach, without
    /// [`public`](DaemonBuilder::public); [`Unsupported`](ErrorKind::Unsupported) if the factory has no flexible lines;
    /// [`Io`](ErrorKind::Io) if the daemon cannot listen, and for any other I/O error.
    pub fn start(self) -> Result<Daemon> {
        self.gpio
            .capabilities()
            .flex
            .require("a flexible line (`flex`), which the daemon needs for every line,")?;
        if self.gpio.capabilities().edges != Support::Native {
            log::warn!("{} reports no edges: clients do not see changes", self.gpio.name());
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
                "other computers can reach {address}, and the protocol has no authentication: allow that with `--public`, or \
                 listen on 127.0.0.1 and use an SSH tunnel or a VPN"
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
                // On a machine without IPv6, the IPv4 listener is enough.
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

/// Listens on `addr`. With `leaves_ipv4`, an IPv6 address takes no IPv4 connections: another listener does.
fn listen(addr: SocketAddr, leaves_ipv4: bool) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
    if addr.is_ipv6() {
        socket.set_only_v6(leaves_ipv4)?;
    }
    // A restarted daemon need not wait for the old connections to time out. On Windows this option means something else.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(1024)?;
    let listener = TcpListener::from_std(socket.into());
    let addr = listener.local_addr()?;
    Ok((listener, addr))
}

/// Returns the GPIOs that clients may use by default.
fn usual(gpio: &Gpio) -> u64 {
    let all = (1 << lines::COUNT) - 1;
    if gpio.board().headers().is_empty() { all } else { 0x0fff_fffc }
}
