//! [`Broker`]: what a node needs of a client of MQTT, so that another can take the place of `rumqttc`.
//!
//! The client's part is one connection: packets, acknowledgements, signs of life. The node's part is all that outlives a connection: when
//! to connect again, the subscriptions, and what has yet to be told. Hence a client needs no memory, no queue and no second attempt; a
//! clean session of MQTT 3.1.1 will do.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// A message on a topic.
///
/// ```
/// use pinzero_mqtt::Message;
///
/// let status = Message::new("pinzero/attic/status", "online").retained();
/// assert!(status.retain);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// The topic, without wildcards.
    pub topic: String,
    /// The payload.
    pub payload: Vec<u8>,
    /// To the broker: whether the broker keeps the message for those who subscribe later. From the broker: whether the broker had kept
    /// the message, so that nobody has just sent it.
    pub retain: bool,
}

impl Message {
    /// Returns a message that the broker does not keep.
    pub fn new(topic: impl Into<String>, payload: impl Into<Vec<u8>>) -> Self {
        Message { topic: topic.into(), payload: payload.into(), retain: false }
    }

    /// Makes the broker keep the message.
    pub fn retained(mut self) -> Self {
        self.retain = true;
        self
    }
}

/// A way to a broker.
///
/// Here is a broker on paper, on which a node runs in a test:
///
/// ```
/// use std::sync::{Arc, Mutex, mpsc};
///
/// use pinzero_circuit::Circuit;
/// use pinzero_mqtt::{Broker, Incoming, LinkError, Message, Node, Receiver, Sender, Settings};
///
/// #[derive(Debug, Clone, Default)]
/// struct Paper(Arc<Mutex<Option<mpsc::Sender<Incoming>>>>);
///
/// impl Broker for Paper {
///     fn connect(&mut self, _: Option<&Message>) -> Result<(Arc<dyn Sender>, Box<dyn Receiver>), LinkError> {
///         let (news, end) = mpsc::channel();
///         news.send(Incoming::Connected).map_err(|error| LinkError::passing(error.to_string()))?;
///         *self.0.lock().unwrap() = Some(news);
///         Ok((Arc::new(self.clone()), Box::new(End(end))))
///     }
/// }
///
/// impl Sender for Paper {
///     fn publish(&self, ticket: u64, message: &Message) -> bool {
///         println!("{}: {}", message.topic, String::from_utf8_lossy(&message.payload));
///         self.0.lock().unwrap().as_ref().is_some_and(|news| news.send(Incoming::Told(ticket)).is_ok())
///     }
///
///     fn subscribe(&self, _: &[String]) -> bool {
///         true
///     }
///
///     fn disconnect(&self) {
///         self.abandon();
///     }
///
///     fn abandon(&self) {
///         *self.0.lock().unwrap() = None;
///     }
/// }
///
/// #[derive(Debug)]
/// struct End(mpsc::Receiver<Incoming>);
///
/// impl Receiver for End {
///     fn next(&mut self) -> Result<Incoming, LinkError> {
///         self.0.recv().map_err(|_| LinkError::passing("the connection has ended"))
///     }
/// }
///
/// let circuit = Circuit::parse("[relay.pump]\npin = 17\n")?;
/// let settings = Settings::new(circuit.mqtt(), "attic", "0123456789abcdef")?;
/// let node = Node::open(&pinzero::mock::gpio(), &circuit, settings);
/// std::thread::scope(|scope| {
///     let runner = scope.spawn(|| node.run(&mut Paper::default()));
///     node.stop();
///     assert_eq!(runner.join().unwrap(), Ok(()));
/// });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Broker: fmt::Debug + Send {
    /// Starts to connect, and returns both ends of the connection. The broker publishes `will`, if there is one, when the connection ends in
    /// any way but by [`Sender::disconnect`]. A connection does not come back: call this again. Does not wait for the network.
    ///
    /// # Errors
    /// An address, a certificate or a password that cannot be used: [final](LinkError::is_final) if no further attempt can do better. A
    /// broker that does not answer, or refuses, is an error of [`Receiver::next`].
    fn connect(&mut self, will: Option<&Message>) -> Result<(Arc<dyn Sender>, Box<dyn Receiver>), LinkError>;
}

/// The end of a connection that sends. No method blocks, nor waits for the network: handlers of pins call them.
///
/// Messages and subscriptions leave in the order of the calls.
pub trait Sender: fmt::Debug + Send + Sync {
    /// Sends a message, at least once (QoS 1). [`Incoming::Told`] gives the `ticket` back once the broker has the message. Returns `false`
    /// if there is no room at the moment, or no connection any more: then the message has not left. There is room for 32 messages that the
    /// broker has not acknowledged.
    fn publish(&self, ticket: u64, message: &Message) -> bool;

    /// Asks for the messages whose topics match one of these filters, at least once (QoS 1). Returns `false` as `publish` does.
    fn subscribe(&self, filters: &[String]) -> bool;

    /// Ends the connection once all that was sent has left. The broker does not publish the will. [`Receiver::next`] then fails.
    fn disconnect(&self);

    /// Ends the connection at once, even one that has not come about. The broker publishes the will. [`Receiver::next`] then fails.
    fn abandon(&self);
}

/// The end of a connection that receives.
pub trait Receiver: fmt::Debug + Send {
    /// Blocks until there is news. The client keeps the connection alive from here, and notices if the broker does not answer any more.
    ///
    /// # Errors
    /// The connection has ended, or did not come about, and does not come back: [final](LinkError::is_final) if no further connection can
    /// do better.
    fn next(&mut self) -> Result<Incoming, LinkError>;
}

/// News from a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Incoming {
    /// The broker has accepted the connection. Nothing is subscribed to yet.
    Connected,
    /// The broker has the message with this ticket.
    Told(u64),
    /// A message.
    Message(Message),
}

/// The reason why there is no connection, or why a node has ended.
///
/// ```
/// use pinzero_mqtt::LinkError;
///
/// assert!(LinkError::final_one("the address has no host").is_final);
/// assert!(!LinkError::passing("the broker does not answer").is_final);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkError {
    /// What is wrong, and what to do.
    pub message: String,
    /// Whether trying again is useless, as with a wrong address. A password that the broker refuses is no such reason, for a broker that
    /// has just started may not know its users yet.
    pub is_final: bool,
    /// Whether the broker has sent a message that is too long for the client.
    pub is_overlong: bool,
}

impl LinkError {
    /// Returns an error that may pass.
    pub fn passing(message: impl Into<String>) -> Self {
        LinkError { message: message.into(), is_final: false, is_overlong: false }
    }

    /// Returns an error that stays until somebody does something.
    pub fn final_one(message: impl Into<String>) -> Self {
        LinkError { message: message.into(), is_final: true, is_overlong: false }
    }

    /// Returns an error about a message of the broker that is too long for the client.
    pub fn overlong(message: impl Into<String>) -> Self {
        LinkError { message: message.into(), is_final: false, is_overlong: true }
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for LinkError {}
