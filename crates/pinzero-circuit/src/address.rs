//! [`BrokerAddress`]: where a broker is.

/// The port of a broker without encryption, and with.
const PORTS: [u16; 2] = [1883, 8883];

/// Where a broker is: `mqtt://[USER@]HOST[:PORT]`, or `mqtts://` with encryption.
///
/// ```
/// use pinzero_circuit::BrokerAddress;
///
/// let address = BrokerAddress::parse("mqtts://attic@broker.lan")?;
/// assert_eq!((&*address.host, address.port, address.is_encrypted), ("broker.lan", 8883, true));
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BrokerAddress {
    /// Whether the connection is encrypted.
    pub is_encrypted: bool,
    /// The name of the user, if the address has one.
    pub user: Option<String>,
    /// The name or the number of the computer; an IPv6 address has no brackets.
    pub host: String,
    /// The port. Default: 1883, or 8883 with encryption.
    pub port: u16,
}

impl BrokerAddress {
    /// Reads an address.
    ///
    /// # Errors
    /// A sentence about an address that is none. The sentence does not repeat a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let scheme = text.split("://").next().unwrap_or_default();
        let (is_encrypted, rest) = match text.split_once("://") {
            Some(("mqtt", rest)) => (false, rest),
            Some(("mqtts", rest)) => (true, rest),
            Some((scheme, _)) if matches!(&*scheme.to_ascii_lowercase(), "mqtt" | "mqtts") => {
                let small = scheme.to_ascii_lowercase();
                return Err(format!("write the scheme {scheme}:// in small letters: {small}://"));
            }
            Some((scheme, _)) => {
                let message = format!("a broker at {scheme}:// cannot be reached: use mqtt:// or mqtts://");
                return Err(message);
            }
            None => return Err("the address of the broker has no scheme: use mqtt://HOST:PORT".to_owned()),
        };
        let (user, rest) = match rest.rsplit_once('@') {
            Some((user, rest)) => (Some(user), rest),
            None => (None, rest),
        };
        if user.is_some_and(|user| user.contains(':')) {
            return Err(
                "the address of the broker holds a password, which others can see there: move the password to \
                 a file, and name that as the password file"
                    .to_owned(),
            );
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if let Some(at) = rest.find('/') {
            let (host, path) = rest.split_at(at);
            let last =
                if host.rsplit(']').next().unwrap_or_default().contains(':') { "port" } else { "host" };
            return Err(format!("the address of a broker has no path: remove {path:?} behind the {last}"));
        }
        if let Some((host, port)) =
            rest.rsplit_once(':').filter(|(host, _)| host.contains(':') && !host.contains(['[', ']']))
        {
            return Err(format!(
                "an IPv6 address stands in brackets: write {scheme}://[{rest}], or {scheme}://[{host}]:{port} if {port} is the port"
            ));
        }
        let is_port = |text: &str| !text.contains([':', ']']);
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if is_port(port) && (!host.contains(':') || host.ends_with(']')) => {
                (host, Some(port))
            }
            _ => (rest, None),
        };
        let number = match port {
            None => PORTS[usize::from(is_encrypted)],
            Some(port) => match port.parse() {
                Ok(number) if number != 0 => number,
                _ => return Err(format!("the broker's port {port:?} is no number from 1 to 65535")),
            },
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() || host.contains(['/', '?', '#', '[', ']', ' ']) {
            return Err(format!("the broker's host {host:?} is none: use mqtt://HOST:PORT"));
        }
        if user == Some("") {
            return Err("the user in the address of the broker has no name: use mqtt://USER@HOST".to_owned());
        }
        Ok(BrokerAddress { is_encrypted, user: user.map(str::to_owned), host: host.to_owned(), port: number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_host_and_may_have_a_user_and_a_port() {
        let parts = |text: &str| {
            let address = BrokerAddress::parse(text).unwrap();
            (address.is_encrypted, address.user, address.host, address.port)
        };
        let user = |name: &str| Some(name.to_owned());
        assert_eq!(parts("mqtt://broker"), (false, None, "broker".to_owned(), 1883));
        assert_eq!(parts("mqtts://broker/"), (true, None, "broker".to_owned(), 8883));
        assert_eq!(parts("mqtt://pi@10.0.0.1:99"), (false, user("pi"), "10.0.0.1".to_owned(), 99));
        assert_eq!(parts("mqtts://a@b@broker:1"), (true, user("a@b"), "broker".to_owned(), 1));
        assert_eq!(parts("mqtt://[::1]:99"), (false, None, "::1".to_owned(), 99));
        assert_eq!(parts("mqtt://[::1]"), (false, None, "::1".to_owned(), 1883));
    }

    #[test]
    fn what_is_no_address_says_what_is_and_hides_passwords() {
        for text in [
            "",
            "broker",
            "broker:1883",
            "http://broker",
            "mqtt://",
            "mqtt://:1883",
            "mqtt://broker:",
            "mqtt://broker:0",
            "mqtt://broker:70000",
            "mqtt://broker/path",
            "mqtt://@broker",
            "mqtt://pi:hunter2@broker",
            "ws://broker",
            "mqtt://a b",
            "mqtt://[::1",
            "mqtt://fe80::1",
            "MQTT://broker",
            "mqtt://broker:1883/path",
        ] {
            let message = BrokerAddress::parse(text).unwrap_err();
            assert!(!message.contains("hunter2"), "{message}");
        }
    }
}
