//! A second client of the broker, which sees what others see.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use pinzero_mqtt::Message;
use rumqttc::{Client, Event, MqttOptions, Packet, QoS};
use serde_json::Value;

use crate::server::PATIENCE;

/// A client that subscribes to everything.
pub(crate) struct Observer {
    client: Client,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Seen {
    is_subscribed: bool,
    messages: Vec<Message>,
}

impl Observer {
    /// Connects, and returns once all that the broker keeps is on its way.
    pub(crate) fn connect(port: u16) -> Self {
        let mut options = MqttOptions::new(format!("observer-{port}"), "127.0.0.1", port);
        // Longer than a test holds the broker.
        options.set_keep_alive(Duration::from_secs(300)).set_max_packet_size(64 << 20, 64 << 20);
        let (client, mut connection) = Client::new(options, 1000);
        client.subscribe("#", QoS::AtLeastOnce).unwrap();
        let seen: Arc<(Mutex<Seen>, Condvar)> = Arc::default();
        let listener = std::thread::spawn({
            let seen = seen.clone();
            move || {
                for event in connection.iter() {
                    let mut state = seen.0.lock();
                    match event {
                        Ok(Event::Incoming(Packet::SubAck(_))) => state.is_subscribed = true,
                        Ok(Event::Incoming(Packet::Publish(message))) => {
                            let mut copy = Message::new(message.topic, message.payload.to_vec());
                            copy.retain = message.retain;
                            state.messages.push(copy);
                        }
                        Ok(_) => {}
                        Err(_) => return,
                    }
                    seen.1.notify_all();
                }
            }
        });
        let observer = Observer { client, seen, listener: Some(listener) };
        observer.wait(|seen| seen.is_subscribed.then_some(()));
        observer
    }

    /// Sends a message.
    pub(crate) fn send(&self, topic: &str, payload: impl Into<Vec<u8>>) {
        self.client.publish(topic, QoS::AtLeastOnce, false, payload).unwrap();
    }

    /// Sends a message that the broker keeps.
    pub(crate) fn keep(&self, topic: &str, payload: impl Into<Vec<u8>>) {
        self.client.publish(topic, QoS::AtLeastOnce, true, payload).unwrap();
    }

    fn wait<T>(&self, mut find: impl FnMut(&mut Seen) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        let mut seen = self.seen.0.lock();
        loop {
            if let Some(found) = find(&mut seen) {
                return found;
            }
            let waited = self.seen.1.wait_until(&mut seen, end);
            assert!(!waited.timed_out(), "it did not come; the messages were {:#?}", seen.messages);
        }
    }

    /// Waits for a message on this topic that satisfies the test, and takes out all messages up to this one.
    pub(crate) fn expect(&self, topic: &str, is_it: impl Fn(&str) -> bool) -> Message {
        self.wait(|seen| {
            let fits = |message: &Message| message.topic == topic && is_it(&text(message));
            let found = seen.messages.iter().position(fits)?;
            seen.messages.drain(..=found).next_back()
        })
    }

    /// Waits until the messages that have come satisfy the test, and takes them out.
    pub(crate) fn collect(&self, is_enough: impl Fn(&[Message]) -> bool) -> Vec<Message> {
        self.wait(|seen| is_enough(&seen.messages).then(|| std::mem::take(&mut seen.messages)))
    }

    /// Waits for a state of a device, and takes out all messages up to that.
    pub(crate) fn expect_state(&self, device: &str, state: &str) -> Message {
        self.expect(&format!("pinzero/attic/{device}/state"), |text| {
            serde_json::from_str::<Value>(text).unwrap()["state"] == state
        })
    }

    /// Waits until the node is `online` or `offline`, and takes out all messages up to that.
    pub(crate) fn expect_status(&self, status: &str) -> Message {
        self.expect("pinzero/attic/status", |text| text == status)
    }
}

/// Returns the payload as text.
pub(crate) fn text(message: &Message) -> String {
    String::from_utf8_lossy(&message.payload).into_owned()
}

impl Drop for Observer {
    fn drop(&mut self) {
        let _ = self.client.try_disconnect();
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}
