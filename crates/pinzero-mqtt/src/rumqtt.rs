//! [`Rumqtt`]: a [`Broker`] by the crate `rumqttc`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rumqttc::{Client, Connection, ConnectionError, Event, LastWill, MqttOptions, Outgoing, Packet, QoS};

use crate::link::{Broker, Incoming, LinkError, Message, Receiver, Sender};

/// The number of requests that wait for the client's thread: more than a node has on its way at a time.
const REQUESTS: usize = 256;

/// A broker, reached by `rumqttc`.
#[derive(Debug)]
pub struct Rumqtt {
    options: MqttOptions,
}

impl Rumqtt {
    /// Returns a broker at this address.
    pub fn new(client_id: &str, host: &str, port: u16) -> Self {
        let mut options = MqttOptions::new(client_id, host, port);
        options.set_keep_alive(Duration::from_secs(30));
        Rumqtt { options }
    }
}

impl Broker for Rumqtt {
    fn connect(&mut self, will: &Message) -> Result<(Arc<dyn Sender>, Box<dyn Receiver>), LinkError> {
        let mut options = self.options.clone();
        options.set_last_will(LastWill::new(
            &will.topic,
            will.payload.clone(),
            QoS::AtLeastOnce,
            will.retain,
        ));
        let (client, connection) = Client::new(options, REQUESTS);
        let tickets = Arc::new(Mutex::new(VecDeque::new()));
        let sender = RumqttSender { client, tickets: tickets.clone() };
        let receiver = RumqttReceiver { connection, tickets, on_their_way: BTreeMap::new() };
        Ok((Arc::new(sender), Box::new(receiver)))
    }
}

struct RumqttSender {
    client: Client,
    /// The tickets that have no packet identifier yet, in the order of their requests.
    tickets: Arc<Mutex<VecDeque<u64>>>,
}

impl std::fmt::Debug for RumqttSender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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
        let filters =
            filters.iter().map(|filter| rumqttc::SubscribeFilter::new(filter.clone(), QoS::AtLeastOnce));
        self.client.try_subscribe_many(filters).is_ok()
    }

    fn disconnect(&self) {
        // Without room, the connection is stuck, and the will tells.
        let _ = self.client.try_disconnect();
    }

    fn abandon(&self) {
        let _ = self.client.try_disconnect();
    }
}

struct RumqttReceiver {
    connection: Connection,
    tickets: Arc<Mutex<VecDeque<u64>>>,
    /// The tickets of messages that the broker has not acknowledged, by packet identifier.
    on_their_way: BTreeMap<u16, u64>,
}

impl std::fmt::Debug for RumqttReceiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RumqttReceiver")
    }
}

impl Receiver for RumqttReceiver {
    fn next(&mut self) -> Result<Incoming, LinkError> {
        loop {
            let event = self.connection.recv().map_err(|_| LinkError::passing("the connection has ended"))?;
            match event.map_err(|error| explain(&error))? {
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

fn explain(error: &ConnectionError) -> LinkError {
    LinkError::passing(format!("the broker is away: {error}"))
}
