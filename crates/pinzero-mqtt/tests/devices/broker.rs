//! A broker for tests, inside the program: it takes what a node sends, and gives what a test sends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use pinzero_mqtt::{Broker, Incoming, LinkError, Message, Receiver, Sender};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// The number of messages on their way to the broker for which a connection has room.
const ROOM: usize = 32;

/// A broker inside the program. Clones are the same broker.
#[derive(Debug, Clone, Default)]
pub(crate) struct TestBroker(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    to_node: Option<mpsc::Sender<Result<Incoming, LinkError>>>,
    /// The number of messages of whose arrival the node does not know.
    on_their_way: usize,
    /// All messages, in order.
    messages: Vec<Message>,
    kept: BTreeMap<String, String>,
    /// The topics that the node made the broker forget.
    cleared: BTreeSet<String>,
    filters: Vec<String>,
    will: Option<Message>,
    /// How often a node has connected.
    connections: usize,
    /// Whether a node has tried in vain since the broker went away.
    was_tried: bool,
    /// Whether the node has left by itself, so that nobody needs its will.
    said_farewell: bool,
    is_away: bool,
    /// Whether the broker takes messages and acknowledges none.
    is_stuck: bool,
}

impl State {
    /// Takes a message for those who listen.
    fn take(&mut self, message: Message) {
        if message.retain {
            let payload = String::from_utf8(message.payload.clone()).unwrap();
            if payload.is_empty() {
                self.kept.remove(&message.topic);
                self.cleared.insert(message.topic.clone());
            } else {
                self.kept.insert(message.topic.clone(), payload);
            }
        }
        self.messages.push(message);
    }
}

impl TestBroker {
    /// Sends a message to the node, as a program elsewhere does.
    pub(crate) fn send(&self, topic: &str, payload: &str) {
        self.deliver(Message::new(topic, payload));
    }

    /// Delivers a message to the node.
    pub(crate) fn deliver(&self, message: Message) {
        self.wait(|state| state.to_node.is_some().then_some(()));
        let state = self.0.state.lock();
        state.to_node.as_ref().unwrap().send(Ok(Incoming::Message(message))).unwrap();
    }

    /// Ends the connection, and refuses others until [`TestBroker::come_back`].
    pub(crate) fn go_away(&self) {
        let mut state = self.0.state.lock();
        state.is_away = true;
        state.was_tried = false;
        state.to_node = None;
    }

    /// Ends the connection with this error. The next one is accepted.
    pub(crate) fn break_off(&self, error: LinkError) {
        let to_node = self.0.state.lock().to_node.take();
        to_node.unwrap().send(Err(error)).unwrap();
    }

    /// Accepts connections again.
    pub(crate) fn come_back(&self) {
        let mut state = self.0.state.lock();
        state.is_away = false;
        state.is_stuck = false;
    }

    /// Takes messages without acknowledging them, from now on.
    pub(crate) fn get_stuck(&self) {
        self.0.state.lock().is_stuck = true;
    }

    /// Waits until `find` finds something.
    fn wait<T>(&self, mut find: impl FnMut(&State) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        let mut state = self.0.state.lock();
        loop {
            if let Some(found) = find(&state) {
                return found;
            }
            let waited = self.0.changed.wait_until(&mut state, end);
            assert!(!waited.timed_out(), "it did not come; the messages were {:#?}", state.texts());
        }
    }

    /// Waits until a message on this topic satisfies the test, and returns the payload. Takes out all messages up to this one.
    pub(crate) fn expect(&self, topic: &str, is_it: impl Fn(&str) -> bool) -> String {
        let found = self.wait(|state| {
            let fits = |message: &Message| {
                message.topic == topic && is_it(std::str::from_utf8(&message.payload).unwrap())
            };
            state.messages.iter().position(fits)
        });
        let message = self.0.state.lock().messages.drain(..=found).next_back().unwrap();
        String::from_utf8(message.payload).unwrap()
    }

    /// Returns the messages that have come and were not taken out.
    pub(crate) fn messages(&self) -> Vec<Message> {
        self.0.state.lock().messages.clone()
    }

    /// Returns what is kept, by topic, as somebody sees who subscribes now.
    pub(crate) fn kept(&self) -> BTreeMap<String, String> {
        self.0.state.lock().kept.clone()
    }

    /// Returns the topics that the node made the broker forget, in the order of their names.
    pub(crate) fn cleared(&self) -> Vec<String> {
        self.0.state.lock().cleared.iter().cloned().collect()
    }

    /// Waits until something is kept on this topic, and returns the payload.
    pub(crate) fn expect_kept(&self, topic: &str) -> String {
        self.wait(|state| state.kept.get(topic).cloned())
    }

    /// Waits until the messages that have come satisfy the test, and takes them out.
    pub(crate) fn collect(&self, is_enough: impl Fn(&[Message]) -> bool) -> Vec<Message> {
        self.wait(|state| is_enough(&state.messages).then_some(()));
        std::mem::take(&mut self.0.state.lock().messages)
    }

    /// Waits until a node has tried in vain to connect since the broker went away. By then the node knows that the broker is away.
    pub(crate) fn expect_refusal(&self) {
        self.wait(|state| state.was_tried.then_some(()));
    }

    /// Returns whether the node has left by itself.
    pub(crate) fn said_farewell(&self) -> bool {
        self.0.state.lock().said_farewell
    }

    /// Waits until a node has connected this many times.
    pub(crate) fn expect_connections(&self, count: usize) {
        self.wait(|state| (state.connections >= count).then_some(()));
    }

    /// Returns the filters to which the node has subscribed on this connection.
    pub(crate) fn filters(&self) -> Vec<String> {
        self.0.state.lock().filters.clone()
    }
}

impl State {
    /// Returns the messages for people.
    fn texts(&self) -> Vec<String> {
        let text =
            |message: &Message| format!("{}: {}", message.topic, String::from_utf8_lossy(&message.payload));
        self.messages.iter().map(text).collect()
    }
}

impl Broker for TestBroker {
    fn connect(&mut self, will: Option<&Message>) -> Result<(Arc<dyn Sender>, Box<dyn Receiver>), LinkError> {
        let mut state = self.0.state.lock();
        if state.is_away {
            state.was_tried = true;
            self.0.changed.notify_all();
            return Err(LinkError::passing("the test's broker is away"));
        }
        let (sender, receiver) = mpsc::channel();
        sender.send(Ok(Incoming::Connected)).unwrap();
        state.to_node = Some(sender);
        state.will = will.cloned();
        state.filters.clear();
        state.on_their_way = 0;
        state.connections += 1;
        self.0.changed.notify_all();
        Ok((Arc::new(self.clone()), Box::new(End(self.clone(), receiver))))
    }
}

impl Sender for TestBroker {
    fn publish(&self, ticket: u64, message: &Message) -> bool {
        let mut state = self.0.state.lock();
        let Some(to_node) = &state.to_node else { return false };
        if state.on_their_way == ROOM
            || (!state.is_stuck && to_node.send(Ok(Incoming::Told(ticket))).is_err())
        {
            return false;
        }
        state.on_their_way += 1;
        state.take(message.clone());
        self.0.changed.notify_all();
        true
    }

    fn subscribe(&self, filters: &[String]) -> bool {
        self.0.state.lock().filters.extend_from_slice(filters);
        true
    }

    fn disconnect(&self) {
        let mut state = self.0.state.lock();
        state.to_node = None;
        state.said_farewell = true;
    }

    fn abandon(&self) {
        let mut state = self.0.state.lock();
        if state.to_node.take().is_some() {
            if let Some(will) = state.will.take() {
                state.take(will);
            }
        }
        self.0.changed.notify_all();
    }
}

#[derive(Debug)]
struct End(TestBroker, mpsc::Receiver<Result<Incoming, LinkError>>);

impl Receiver for End {
    fn next(&mut self) -> Result<Incoming, LinkError> {
        let Self(broker, receiver) = self;
        let news = receiver.recv().map_err(|_| LinkError::passing("the test's broker went away"))?;
        if matches!(news, Ok(Incoming::Told(_))) {
            broker.0.state.lock().on_their_way -= 1;
        }
        news
    }
}
