//! [`PingServer`].

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use pinzero_core::{Error, ErrorKind, Result, Source, Value};

use super::polled::{PolledInternalDevice, Polling};
use super::{Limit, internal_device, system_ping};
use crate::time::{ms, secs};
use crate::{Builder, Open, Site};

/// A host on the network. Active while it answers pings.
///
/// A `PingServer` does all that a [`PolledInternalDevice`] does. The system's command `ping` asks the host, which needs no root. A host
/// that does not answer in time is inactive, and so is one whose name is not found: neither says whose fault that is.
///
/// ```
/// use pinzero::prelude::*;
///
/// # let gpio = pinzero::mock::gpio();
/// let server = PingServer::builder("raspberrypi.com");
/// # let server = server.probe(|_, _| Ok(true));
/// let server = server.gpio(&gpio).open()?;
/// println!("{}", if server.value()? { "online" } else { "offline" });
/// server.when_deactivated(|_| println!("gone"));
/// # assert!(server.is_active()?);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct PingServer {
    device: PolledInternalDevice,
}

/// The options of a [`PingServer`].
#[derive(Clone)]
#[non_exhaustive]
pub struct Ping {
    /// The name or address of the host.
    pub host: String,
    /// How long an answer is waited for, from 1 ms to 1 hour.
    pub timeout: Duration,
    /// The time between two pings.
    pub polling: Polling,
    resolver: Option<Arc<dyn Fn(&str) -> Result<IpAddr> + Send + Sync>>,
    probe: Arc<dyn Fn(&str, Duration) -> Result<bool> + Send + Sync>,
}

impl fmt::Debug for Ping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ping { host, timeout, polling, resolver: _, probe: _ } = self;
        write!(f, "Ping({host:?}, {timeout:?}, {polling:?})")
    }
}

impl AsMut<Polling> for Ping {
    fn as_mut(&mut self) -> &mut Polling {
        &mut self.polling
    }
}

/// Options of a [`PingServer`].
impl<D: Open<Ping>> Builder<D, Ping> {
    /// Sets how long an answer is waited for, the search for the name included: from 1 ms to 1 hour. Default: 2 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = timeout;
        self
    }

    /// Finds the address of the host by a function, which may block. Default: `ping` itself asks the system.
    pub fn resolver(mut self, resolver: impl Fn(&str) -> Result<IpAddr> + Send + Sync + 'static) -> Self {
        self.options.resolver = Some(Arc::new(resolver));
        self
    }

    /// Asks the host by a function, which gets its name or address and the timeout, and may block: for a test, or for another proof of
    /// life, such as a connection. Default: the system's `ping`.
    ///
    /// An `io::Error` is returned as the source of the crate's: `pinzero::Error::new(ErrorKind::Io, "…").with_source(error)`.
    ///
    /// ```
    /// use std::net::{TcpStream, ToSocketAddrs};
    ///
    /// use pinzero::prelude::*;
    ///
    /// # let gpio = pinzero::mock::gpio();
    /// let web = PingServer::builder("raspberrypi.com").probe(|host, timeout| {
    ///     let mut addresses = (host, 443).to_socket_addrs().into_iter().flatten();
    ///     Ok(addresses.any(|address| TcpStream::connect_timeout(&address, timeout).is_ok()))
    /// });
    /// let web = web.gpio(&gpio).open()?;
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn probe(mut self, probe: impl Fn(&str, Duration) -> Result<bool> + Send + Sync + 'static) -> Self {
        self.options.probe = Arc::new(probe);
        self
    }
}

impl PingServer {
    /// Opens the device for a name, or an address of IPv4 or IPv6: asked every 10 seconds while somebody listens. Sends no ping yet.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if the text cannot be the name of a host; see also [`Builder::open`].
    pub fn new(host: impl Into<String>) -> Result<Self> {
        Self::builder(host).open()
    }

    /// Returns a builder for a device with other options.
    pub fn builder(host: impl Into<String>) -> Builder<Self, Ping> {
        Builder::new(Ping {
            host: host.into(),
            timeout: secs(2),
            polling: Polling::every(secs(10)),
            resolver: None,
            probe: Arc::new(system_ping::ping),
        })
    }

    /// Returns the name or address of the host.
    pub fn host(&self) -> &str {
        self.device.source()
    }

    /// Returns whether the host answers. Blocks until it does, for at most the [`timeout`](Builder::timeout).
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) without a command `ping`, [`PermissionDenied`](ErrorKind::PermissionDenied) if that may not
    /// ping, any error of a `resolver` or `probe` that was given, and [`Closed`](ErrorKind::Closed).
    pub fn value(&self) -> Result<bool> {
        self.is_active()
    }

    /// Returns the values from now on, for another device to follow: whether the host answers, at each reading. See [`Source`].
    pub fn values(&self) -> Source<bool> {
        self.device.values(|reading| reading > 0.0)
    }

    fn state(reading: f64) -> &'static str {
        if reading > 0.0 { "online" } else { "offline" }
    }
}

impl Open<Ping> for PingServer {
    const NAME: &'static str = "PingServer";

    fn open(options: Ping, site: &Site) -> Result<Self> {
        let Ping { host, timeout, polling, resolver, probe } = options;
        check(&host, timeout).map_err(|error| error.with_device(site.device()))?;
        let source = host.clone();
        let device = PolledInternalDevice::start(site, polling, Limit::new(0.5), source, move || {
            let address = resolver.as_ref().map(|resolve| resolve(&host)).transpose()?;
            let target = address.map_or_else(|| host.clone(), |address| address.to_string());
            probe(&target, timeout).map(Into::into)
        })?;
        Ok(PingServer { device })
    }
}

impl Value for PingServer {
    type Value = bool;

    fn value(&self) -> Result<bool> {
        self.value()
    }

    fn values(&self) -> Source<bool> {
        self.values()
    }
}

internal_device!(PingServer);

fn check(host: &str, timeout: Duration) -> Result<()> {
    let invalid = |message| Err(Error::new(ErrorKind::InvalidValue, message));
    let is_odd = |letter: char| letter.is_whitespace() || letter.is_control();
    // A leading hyphen would be an option of `ping`.
    if host.is_empty() || host.starts_with('-') || host.contains(is_odd) {
        return invalid(format!(
            "{host:?} is no host: give a name such as \"raspberrypi.com\", or an address"
        ));
    }
    if !(ms(1)..=secs(60 * 60)).contains(&timeout) {
        return invalid(format!("a timeout of {timeout:?} is out of range: give 1 ms to 1 hour"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for host in ["localhost", "192.168.1.1", "fe80::1%eth0", "my_pi.local", "müller.example"] {
            check(host, secs(1)).unwrap();
        }
        for host in ["", "-f", "a b", "a\0b", "a\n"] {
            assert_eq!(check(host, secs(1)).unwrap_err().kind(), ErrorKind::InvalidValue, "{host:?}");
        }
        for timeout in [Duration::ZERO, Duration::MAX] {
            assert_eq!(check("localhost", timeout).unwrap_err().kind(), ErrorKind::InvalidValue);
        }
    }
}
