//! Tells in plain words why there is no connection with a broker.

use std::io;

use pinzero_circuit::BrokerAddress;
use rumqttc::{ConnectReturnCode, ConnectionError, StateError, mqttbytes};

use crate::link::LinkError;
use crate::rumqtt::{LONGEST_INCOMING, PATIENCE};

/// Returns the error of a link, with a sentence about the reason.
pub(crate) fn explain(address: &BrokerAddress, error: &ConnectionError) -> LinkError {
    use mqttbytes::Error::PayloadSizeLimitExceeded;
    match error {
        ConnectionError::MqttState(StateError::Deserialization(PayloadSizeLimitExceeded(size))) => {
            LinkError::overlong(format!(
                "the broker at {}:{} has sent a message of {size} bytes, and {LONGEST_INCOMING} is the limit: \
                 `mosquitto_sub -t '#' -v --retained-only -F '%l %t'` prints the sizes of those that the broker keeps, with their topics",
                address.host, address.port
            ))
        }
        error => LinkError::passing(sentence(address, error)),
    }
}

/// Returns a sentence about an error.
fn sentence(address: &BrokerAddress, error: &ConnectionError) -> String {
    let broker = format!("the broker at {}:{}", address.host, address.port);
    match error {
        ConnectionError::ConnectionRefused(code) => format!("{broker} {}", refusal(*code)),
        ConnectionError::NetworkTimeout => format!("{broker} has not answered for {PATIENCE} s"),
        ConnectionError::FlushTimeout => format!("{broker} has taken nothing for {PATIENCE} s"),
        ConnectionError::Io(error) => format!("{broker} cannot be reached: {}", of_network(error)),
        #[cfg(feature = "tls")]
        ConnectionError::Tls(rumqttc::TlsError::Io(error)) => {
            format!("no encryption with {broker}: {}", of_network(error))
        }
        #[cfg(feature = "tls")]
        ConnectionError::Tls(error) => format!("no encryption with {broker}: {error}"),
        ConnectionError::MqttState(StateError::AwaitPingResp) => format!("{broker} gives no sign of life"),
        ConnectionError::MqttState(StateError::ConnectionAborted) => format!(
            "{broker} has closed the connection; if that repeats, another client has the same identifier"
        ),
        ConnectionError::MqttState(StateError::Io(error))
        | ConnectionError::MqttState(StateError::Deserialization(mqttbytes::Error::Io(error))) => {
            format!("the connection with {broker} broke: {}", of_network(error))
        }
        error => format!("the connection with {broker} broke: {error}"),
    }
}

/// Returns what the broker does, as the end of a sentence.
fn refusal(code: ConnectReturnCode) -> &'static str {
    match code {
        ConnectReturnCode::BadUserNamePassword => "refuses the user or the password",
        ConnectReturnCode::NotAuthorized => {
            "does not let this client in: the user or the password is wrong, or the broker wants one"
        }
        ConnectReturnCode::BadClientId => "refuses the client identifier: choose another one",
        ConnectReturnCode::RefusedProtocolVersion => "does not speak MQTT 3.1.1",
        ConnectReturnCode::ServiceUnavailable => "serves nobody at the moment",
        ConnectReturnCode::Success => "has ended the connection",
    }
}

/// Returns what is wrong with a connection. Certificates come first, for what they say of themselves is not plain.
fn of_network(error: &io::Error) -> String {
    #[cfg(feature = "tls")]
    if let Some(error) = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>()) {
        return of_certificates(error);
    }
    error.to_string()
}

#[cfg(feature = "tls")]
fn of_certificates(error: &rustls::Error) -> String {
    use rustls::{AlertDescription, CertificateError, Error};
    match error {
        // A new authority with the name of an old one makes a bad signature.
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            "its certificate is signed by an authority that is unknown here: name the file of that authority"
                .to_owned()
        }
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "its certificate is for another name: use the name of the broker that its certificate has"
            .to_owned(),
        Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "its certificate has expired, or the clock of this computer is wrong".to_owned()
        }
        Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => "its certificate is not valid yet: is the clock of this computer right?".to_owned(),
        Error::AlertReceived(AlertDescription::CertificateRequired | AlertDescription::HandshakeFailure) => {
            "the broker wants a certificate of this client: name its file, and that of its key".to_owned()
        }
        Error::AlertReceived(
            AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::DecryptError,
        ) => "the broker does not trust the certificate of this client".to_owned(),
        error => error.to_string(),
    }
}
