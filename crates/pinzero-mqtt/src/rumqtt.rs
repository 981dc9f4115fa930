//! [`Rumqtt`]: a [`Broker`] by the crate `rumqttc`.

use std::collections::{BTreeMap, VecDeque};
use std::env;
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use log::warn;
use parking_lot::Mutex;
use pinzero_circuit::{BrokerAddress, Mqtt};
use rumqttc::{
    AsyncClient, Event, EventLoop, LastWill, MqttOptions, NetworkOptions, Outgoing, Packet, QoS,
    SubscribeFilter, SubscribeReasonCode, Transport,
};
use tokio::runtime::{self, Runtime};
use tokio::sync::Notify;

use crate::explain::explain;
use crate::link::{Broker, Incoming, LinkError, Message, Receiver, Sender};

/// The number of requests that wait for the client's thread: more than there are messages on the way and subscriptions at a time.
const REQUESTS: usize = 10_000;

/// The number of filters in a subscription. Some brokers of cloud services take no more.
const FILTERS: usize = 8;

/// The number of packet identifiers: more than there are packets without an acknowledgement at a time.
const PACKETS: u16 = 512;

/// The time between signs of life, unless the file says otherwise.
const KEEP_ALIVE: u16 = 30;

/// The time that the broker may take to answer an attempt to connect, and to take what is sent.
pub(crate) const PATIENCE: u64 = 10;

/// The longest packet that is accepted, so that a few of them do not fill the memory of a service. MQTT has no way to tell the broker,
/// hence one that is longer ends the connection.
pub(crate) const LONGEST_INCOMING: usize = 2 << 20;

/// The longest packet of MQTT.
const LONGEST_OUTGOING: usize = 256 << 20;

/// The name of systemd's credential that holds the password.
const CREDENTIAL: &str = "mqtt-password";

/// A broker, reached by `rumqttc`: MQTT 3.1.1 by TCP, with encryption if the crate has its feature `tls`.
///
/// Passwords and certificates are read anew for each connection, and are kept nowhere.
///
/// ```
/// use pinzero_circuit::Mqtt;
/// use pinzero_mqtt::Rumqtt;
///
/// let broker = Rumqtt::new("mqtt://attic@broker.local", &Mqtt::default(), "pinzero-attic")?;
/// // Without a scheme, there is no address.
/// assert!(Rumqtt::new("broker.local", &Mqtt::default(), "pinzero-attic").unwrap_err().is_final);
/// # Ok::<(), pinzero_mqtt::LinkError>(())
/// ```
#[derive(Debug)]
pub struct Rumqtt {
    address: BrokerAddress,
    client_id: String,
    mqtt: Mqtt,
}

impl Rumqtt {
    /// Returns the broker at an address: `mqtt://[USER@]HOST[:PORT]`, or `mqtts://` with encryption.
    ///
    /// `mqtt` has the user, the files of passwords and certificates, the keep-alive, and perhaps the client identifier. Without one,
    /// `client_id` is taken, which no other client of the broker may have.
    ///
    /// # Errors
    /// An address that is none, a file that cannot be read, or options that do not go together. All of these are final.
    pub fn new(address: &str, mqtt: &Mqtt, client_id: &str) -> Result<Self, LinkError> {
        let broker = Rumqtt {
            address: BrokerAddress::parse(address).map_err(LinkError::final_one)?,
            client_id: mqtt.client_id.as_deref().unwrap_or(client_id).to_owned(),
            mqtt: mqtt.clone(),
        };
        broker.options().map_err(LinkError::final_one)?;
        if let Some(file) = mqtt.password_file.as_deref().filter(|file| others_can_read(file)) {
            let file = file.display();
            warn!("others can read the password in {file}: `chmod 600 {file}` lets nobody but its owner");
        }
        Ok(broker)
    }

    /// Reads the files, and returns the options of a connection.
    fn options(&self) -> Result<MqttOptions, String> {
        let BrokerAddress { is_encrypted, user, host, port, .. } = &self.address;
        let mut options = MqttOptions::new(&self.client_id, host, *port);
        let keep_alive = self.mqtt.keep_alive.unwrap_or(KEEP_ALIVE);
        if keep_alive == 0 {
            return Err("keep_alive is 0: use 1 second or more, else a dead broker is not noticed".to_owned());
        }
        options.set_keep_alive(Duration::from_secs(keep_alive.into()));
        options.set_max_packet_size(LONGEST_INCOMING, LONGEST_OUTGOING).set_inflight(PACKETS);
        if user.is_some() && self.mqtt.user.is_some() {
            return Err(
                "the user is named twice, in the address of the broker and by itself: remove one of them"
                    .to_owned(),
            );
        }
        let folder = env::var_os("CREDENTIALS_DIRECTORY");
        let password = password(self.mqtt.password_file.as_deref(), folder.as_deref().map(Path::new))?;
        match (user.as_ref().or(self.mqtt.user.as_ref()), password) {
            (Some(user), password) => _ = options.set_credentials(user, password.unwrap_or_default()),
            (None, Some(_)) => return Err("there is a password, but no user: name the user".to_owned()),
            (None, None) => {}
        }
        options.set_transport(self.transport(*is_encrypted)?);
        Ok(options)
    }

    fn transport(&self, is_encrypted: bool) -> Result<Transport, String> {
        let Mqtt { ca_file, certificate_file, key_file, .. } = &self.mqtt;
        match is_encrypted {
            #[cfg(feature = "tls")]
            true => crate::tls::transport(&self.mqtt),
            #[cfg(not(feature = "tls"))]
            true => Err("an address with mqtts:// needs encryption, which this program was built without: build with the \
                 feature \"tls\" of pinzero-mqtt"
                .to_owned()),
            false if ca_file.is_some() || certificate_file.is_some() || key_file.is_some() => {
                Err("there are certificates, but the address has no encryption: use mqtts://".to_owned())
            }
            false => Ok(Transport::tcp()),
        }
    }
}

/// Returns whether other users than the owner can read a file.
#[cfg(unix)]
fn others_can_read(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(file).is_ok_and(|data| data.permissions().mode() & 0o044 != 0)
}

#[cfg(not(unix))]
fn others_can_read(_: &Path) -> bool {
    false
}

/// Returns the password in this file, else that among systemd's credentials, if there is one.
fn password(file: Option<&Path>, credentials: Option<&Path>) -> Result<Option<String>, String> {
    let credential = credentials.map(|folder| folder.join(CREDENTIAL)).filter(|file| file.exists());
    let Some(file) = file.or(credential.as_deref()) else { return Ok(None) };
    let text = fs::read_to_string(file)
        .map_err(|error| {
            let file = file.display();
            format!(
                "the password in {file} cannot be read: {error}; write the password into that file, or name another with \
                 password_file or --password-file"
            )
        })?;
    // Editors end a file with a new line.
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.is_empty() {
        return Err(format!("the file of the password is empty: {}", file.display()));
    }
    Ok(Some(password.to_owned()))
}

impl Broker for Rumqtt {
    fn connect(&mut self, will: Option<&Message>) -> Result<(Arc<dyn Sender>, Box<dyn Receiver>), LinkError> {
        // The files were good at the start, hence may be so again.
        let mut options = self.options().map_err(LinkError::passing)?;
        if let Some(Message { topic, payload, retain }) = will {
            options.set_last_will(LastWill::new(topic, payload.clone(), QoS::AtLeastOnce, *retain));
        }
        let (client, mut event_loop) = AsyncClient::new(options, REQUESTS);
        let mut network = NetworkOptions::new();
        network.set_tcp_nodelay(true);
        network.set_connection_timeout(PATIENCE);
        event_loop.set_network_options(network);
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| LinkError::passing(format!("no way to the network: {error}")))?;
        let abandoned = Arc::new(Notify::new());
        let tickets = Arc::new(Mutex::new(VecDeque::new()));
        let sender = RumqttSender { client, tickets: tickets.clone(), abandoned: abandoned.clone() };
        let receiver = RumqttReceiver {
            address: self.address.clone(),
            runtime: Some(runtime),
            event_loop,
            abandoned,
            tickets,
            on_their_way: BTreeMap::new(),
        };
        Ok((Arc::new(sender), Box::new(receiver)))
    }
}

struct RumqttSender {
    client: AsyncClient,
    /// The tickets that have no packet identifier yet, in the order of their requests.
    tickets: Arc<Mutex<VecDeque<u64>>>,
    abandoned: Arc<Notify>,
}

impl fmt::Debug for RumqttSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RumqttSender")
    }
}

impl Sender for RumqttSender {
    fn publish(&self, ticket: u64, message: &Message) -> bool {
        // Held while the request is made, so that both are in the same order.
        let mut tickets = self.tickets.lock();
        let payload = message.payload.clone();
        let is_sent =
            self.client.try_publish(&message.topic, QoS::AtLeastOnce, message.retain, payload).is_ok();
        if is_sent {
            tickets.push_back(ticket);
        }
        is_sent
    }

    fn subscribe(&self, filters: &[String]) -> bool {
        filters.chunks(FILTERS).all(|filters| {
            let filters = filters.iter().map(|filter| SubscribeFilter::new(filter.clone(), QoS::AtLeastOnce));
            self.client.try_subscribe_many(filters).is_ok()
        })
    }

    fn disconnect(&self) {
        if self.client.try_disconnect().is_err() {
            self.abandon();
        }
    }

    fn abandon(&self) {
        self.abandoned.notify_one();
    }
}

struct RumqttReceiver {
    address: BrokerAddress,
    /// Taken at the end.
    runtime: Option<Runtime>,
    event_loop: EventLoop,
    abandoned: Arc<Notify>,
    tickets: Arc<Mutex<VecDeque<u64>>>,
    /// The tickets of messages that the broker has not acknowledged, by packet identifier.
    on_their_way: BTreeMap<u16, u64>,
}

impl fmt::Debug for RumqttReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RumqttReceiver")
    }
}

impl RumqttReceiver {
    /// Blocks until something happens; `None` once the connection has been ended from this side.
    fn wait(&mut self) -> Option<Result<Event, rumqttc::ConnectionError>> {
        let runtime = self.runtime.as_ref()?;
        let event = runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.abandoned.notified() => None,
                event = self.event_loop.poll() => Some(event),
            }
        });
        if matches!(event, None | Some(Err(_) | Ok(Event::Outgoing(Outgoing::Disconnect)))) {
            self.close();
        }
        event
    }

    /// Ends the connection, without waiting for names that are being looked up.
    fn close(&mut self) {
        self.event_loop.network = None;
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Receiver for RumqttReceiver {
    fn next(&mut self) -> Result<Incoming, LinkError> {
        loop {
            let Some(event) = self.wait() else {
                return Err(LinkError::passing("the connection has been ended"));
            };
            match event.map_err(|error| explain(&self.address, &error))? {
                Event::Incoming(Packet::ConnAck(_)) => return Ok(Incoming::Connected),
                Event::Incoming(Packet::PubAck(ack)) => {
                    if let Some(ticket) = self.on_their_way.remove(&ack.pkid) {
                        return Ok(Incoming::Told(ticket));
                    }
                }
                Event::Incoming(Packet::Publish(message)) => {
                    return Ok(Incoming::Message(Message {
                        topic: message.topic,
                        payload: message.payload.into(),
                        retain: message.retain,
                    }));
                }
                Event::Incoming(Packet::SubAck(ack))
                    if ack.return_codes.contains(&SubscribeReasonCode::Failure) =>
                {
                    warn!(
                        "the broker does not let this client read all of its topics: commands may not arrive"
                    );
                }
                Event::Outgoing(Outgoing::Publish(id)) => {
                    if let Some(ticket) = self.tickets.lock().pop_front() {
                        self.on_their_way.insert(id, ticket);
                    }
                }
                _ => {}
            }
        }
    }
}

impl Drop for RumqttReceiver {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_comes_from_its_file_or_from_systemd() {
        let folder = env::temp_dir().join(format!("pinzero-mqtt-passwords-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("own");
        fs::write(&file, "pass word\r\n").unwrap();
        assert_eq!(password(None, None), Ok(None));
        assert_eq!(password(None, Some(&folder)), Ok(None));
        fs::write(folder.join(CREDENTIAL), "secret").unwrap();
        assert_eq!(password(None, Some(&folder)).unwrap().as_deref(), Some("secret"));
        assert_eq!(password(Some(&file), Some(&folder)).unwrap().as_deref(), Some("pass word"));
        assert!(password(Some(&folder.join("none")), None).unwrap_err().contains("none"));
        fs::write(&file, "\n").unwrap();
        assert!(password(Some(&file), None).unwrap_err().contains("empty"));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_does_not_go_together_is_refused_at_once() {
        let refusal = |address: &str, mqtt: &Mqtt| {
            let error = Rumqtt::new(address, mqtt, "client").unwrap_err();
            assert!(error.is_final, "{error}");
            error.message
        };
        let mut mqtt = Mqtt::default();
        assert!(refusal("broker", &mqtt).contains("mqtt://"));
        mqtt.password_file = Some("/nowhere/password".into());
        assert!(refusal("mqtt://pi@broker", &mqtt).contains("/nowhere/password"));
        mqtt.password_file = None;
        mqtt.ca_file = Some("/nowhere/ca.pem".into());
        assert!(refusal("mqtt://broker", &mqtt).contains("mqtts://"));
        if cfg!(feature = "tls") {
            assert!(refusal("mqtts://broker", &mqtt).contains("/nowhere/ca.pem"));
        } else {
            assert!(refusal("mqtts://broker", &mqtt).contains("feature"));
        }
        mqtt.ca_file = None;
        mqtt.keep_alive = Some(0);
        assert!(refusal("mqtt://broker", &mqtt).contains("keep_alive"));
    }
}
