//! Where a daemon is: `pi.local`, `192.168.1.7:8889`, `pigpio://[fe80::1]:8888`.

use std::env;
use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

use pinzero_core::{Error, ErrorKind, Result};

use crate::protocol::PORT;

/// The host and port of a daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    host: String,
    port: u16,
}

impl Address {
    /// Parses `host`, `host:port`, `[ipv6]:port` or one of these after `pigpio://`. Missing parts come from
    /// `PIGPIO_ADDR` and `PIGPIO_PORT`. Default: this computer and the port of pigpiod.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let of = |name: &str| {
            env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        Address::with_defaults(text, of("PIGPIO_ADDR"), of("PIGPIO_PORT"))
    }

    fn with_defaults(text: &str, address: Option<String>, port: Option<String>) -> Result<Self> {
        let text = text.trim();
        let text = text.strip_prefix("pigpio://").unwrap_or(text);
        let text = text.strip_suffix('/').unwrap_or(text);
        let (host, own_port) = split(text).ok_or_else(|| invalid(text))?;
        let host = match host {
            "" => address.unwrap_or_else(|| "localhost".to_owned()),
            host => host.to_owned(),
        };
        if host.contains(['/', ' ', '@']) {
            return Err(invalid(text));
        }
        let port = match (own_port, port) {
            (Some(port), _) => number(port).ok_or_else(|| invalid(text))?,
            (None, Some(port)) => number(&port).ok_or_else(|| {
                Error::new(ErrorKind::InvalidValue, format!("PIGPIO_PORT is no port: {port:?}"))
            })?,
            (None, None) => PORT,
        };
        Ok(Address { host, port })
    }

    /// Returns the socket addresses of the host.
    pub(crate) fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        Ok((self.host.as_str(), self.port).to_socket_addrs()?.collect())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Address { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

/// Splits an address into host and port. A bare IPv6 address is a host without a port.
fn split(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, Some(port))),
            None => rest.is_empty().then_some((host, None)),
        };
    }
    match text.split_once(':') {
        Some((_, rest)) if rest.contains(':') => Some((text, None)),
        Some((host, port)) => Some((host, Some(port))),
        None => Some((text, None)),
    }
}

fn number(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port != 0)
}

fn invalid(text: &str) -> Error {
    let message =
        format!("{text:?} is no address of a daemon: give \"host\", \"host:port\" or \"pigpio://host:port\"");
    Error::new(ErrorKind::InvalidValue, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, address: Option<&str>, port: Option<&str>) -> Option<String> {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Address::with_defaults(text, own(address), own(port)).ok().map(|address| address.to_string())
    }

    #[test]
    fn addresses_have_many_forms() {
        for (text, wanted) in [
            ("", "localhost:8888"),
            ("pi.local", "pi.local:8888"),
            ("pi.local:9000", "pi.local:9000"),
            (" 10.0.0.7 ", "10.0.0.7:8888"),
            ("pigpio://pi.local", "pi.local:8888"),
            ("pigpio://pi.local:9000/", "pi.local:9000"),
            ("pigpio://", "localhost:8888"),
            (":9000", "localhost:9000"),
            ("::1", "[::1]:8888"),
            ("[::1]", "[::1]:8888"),
            ("[fe80::1%eth0]:9000", "[fe80::1%eth0]:9000"),
            ("pigpio://[::1]:9000", "[::1]:9000"),
        ] {
            assert_eq!(shown(text, None, None).as_deref(), Some(wanted), "{text:?}");
        }
    }

    #[test]
    fn what_is_missing_comes_from_the_environment() {
        assert_eq!(shown("", Some("pi.local"), Some("9000")).as_deref(), Some("pi.local:9000"));
        assert_eq!(shown("other", Some("pi.local"), Some("9000")).as_deref(), Some("other:9000"));
        assert_eq!(shown("other:1", Some("pi.local"), Some("nonsense")).as_deref(), Some("other:1"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["pi:", "pi:x", "pi:0", "pi:70000", "[::1", "[::1]x", "http://pi", "a b", "user@pi"] {
            assert_eq!(shown(text, None, None), None, "{text:?}");
        }
        assert_eq!(shown("pi", None, Some("x")), None);
    }
}
