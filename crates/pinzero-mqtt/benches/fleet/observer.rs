//! Somebody who sends commands and hears all that the nodes tell.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use pinzero_circuit::Mqtt;
use pinzero_mqtt::{Broker, Incoming, Message, Rumqtt, Sender};
use serde_json::Value;

use crate::fleet::{self, Fleet};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Returns a way to the broker.
pub(crate) fn broker(client: &str, port: u16) -> Rumqtt {
    Rumqtt::new(&format!("mqtt://127.0.0.1:{port}"), &Mqtt::default(), client).unwrap()
}

#[derive(Debug)]
pub(crate) struct Observer {
    sender: Arc<dyn Sender>,
    heard: Arc<Heard>,
    ticket: u64,
}

#[derive(Debug, Default)]
struct Heard {
    news: Mutex<News>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct News {
    /// The state of each relay, and when it came.
    states: BTreeMap<String, (bool, Instant)>,
    online: BTreeSet<String>,
    events: u64,
}

impl Observer {
    pub(crate) fn connect(port: u16) -> Self {
        let heard = Arc::new(Heard::default());
        let sender = listen(&heard, port);
        Observer { sender, heard, ticket: 0 }
    }

    /// Connects with another broker, and forgets what the one before said.
    pub(crate) fn connect_again(&mut self, port: u16) {
        self.heard.news.lock().states.clear();
        self.sender.abandon();
        self.sender = listen(&self.heard, port);
    }

    fn wait(&self, what: &str, mut is_there: impl FnMut(&News) -> bool) {
        let end = Instant::now() + PATIENCE;
        let mut news = self.heard.news.lock();
        while !is_there(&news) {
            assert!(!self.heard.changed.wait_until(&mut news, end).timed_out(), "{what}: it does not come");
        }
    }

    /// Waits until so many nodes, and the state of each of their relays, are there.
    pub(crate) fn expect_nodes(&self, nodes: usize) {
        self.wait("the nodes", |news| {
            news.online.len() == nodes && news.states.len() == nodes * fleet::RELAYS
        });
    }

    /// Waits until so many events have come.
    pub(crate) fn expect_events(&self, number: u64) {
        self.wait("the events", |news| news.events >= number);
    }

    /// Waits until the broker's states are those of the pins.
    pub(crate) fn expect_states(&self, fleet: &Fleet) {
        self.wait("the states", |news| {
            fleet.members().iter().enumerate().all(|(node, member)| {
                (0..fleet::RELAYS).all(|relay| {
                    news.states.get(&topic(node, relay)).is_some_and(|(on, _)| *on == member.is_on(relay))
                })
            })
        });
    }

    /// Returns the number of events so far.
    pub(crate) fn events(&self) -> u64 {
        self.heard.news.lock().events
    }

    /// Toggles these relays, and waits for their states; returns how long each took.
    pub(crate) fn toggle(&mut self, targets: &[(usize, usize)]) -> Vec<Duration> {
        let begin = Instant::now();
        let wanted = self.send_toggles(targets);
        let mut came = vec![None; wanted.len()];
        self.wait("a state", |news| {
            for ((topic, on), came) in wanted.iter().zip(&mut came) {
                let state = news.states.get(topic);
                *came = came.or(state.filter(|(state, _)| state == on).map(|(_, at)| *at));
            }
            came.iter().all(Option::is_some)
        });
        came.into_iter().flatten().map(|at| at.saturating_duration_since(begin)).collect()
    }

    /// Toggles these relays; returns their topics, and the states that will come.
    pub(crate) fn send_toggles(&mut self, targets: &[(usize, usize)]) -> Vec<(String, bool)> {
        let mut wanted = Vec::new();
        for (node, relay) in targets {
            let topic = topic(*node, *relay);
            let on = !self.heard.news.lock().states[&topic].0;
            let message = Message::new(format!("{topic}/set"), if on { "ON" } else { "OFF" });
            while !self.sender.publish(self.ticket, &message) {
                thread::sleep(Duration::from_micros(100));
            }
            self.ticket += 1;
            wanted.push((topic, on));
        }
        wanted
    }
}

/// Returns the topic of a relay.
fn topic(node: usize, relay: usize) -> String {
    format!("pinzero/{}/relay-{relay}", fleet::name(node))
}

/// Connects, and hears what comes on a thread of its own.
fn listen(heard: &Arc<Heard>, port: u16) -> Arc<dyn Sender> {
    let end = Instant::now() + PATIENCE;
    loop {
        let (sender, mut receiver) = broker("observer", port).connect(None).unwrap();
        match receiver.next() {
            Ok(Incoming::Connected) => {
                let filters = ["state", "event"].map(|leaf| format!("pinzero/+/+/{leaf}"));
                assert!(sender.subscribe(&[&filters[..], &["pinzero/+/status".to_owned()]].concat()));
                let heard = heard.clone();
                thread::spawn(move || {
                    while let Ok(incoming) = receiver.next() {
                        if let Incoming::Message(message) = incoming {
                            heard.hear(&message);
                        }
                    }
                });
                return sender;
            }
            other => assert!(Instant::now() < end, "the observer does not connect: {other:?}"),
        }
        // Sooner than the nodes, so that nothing is missed that they tell the new broker.
        thread::sleep(Duration::from_millis(10));
    }
}

impl Heard {
    fn hear(&self, message: &Message) {
        let now = Instant::now();
        let (topic, leaf) = message.topic.rsplit_once('/').unwrap();
        let mut news = self.news.lock();
        match leaf {
            "state" if topic.contains("/relay-") => {
                let state: Value = serde_json::from_slice(&message.payload).unwrap();
                news.states.insert(topic.to_owned(), (state["state"] == "ON", now));
            }
            "status" if message.payload == b"online" => {
                news.online.insert(topic.to_owned());
            }
            "status" | "state" => {}
            _ => news.events += 1,
        }
        self.changed.notify_all();
    }
}
