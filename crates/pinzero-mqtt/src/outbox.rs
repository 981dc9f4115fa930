//! [`Outbox`]: what the broker has yet to be told.

use std::collections::{BTreeMap, VecDeque};

use pinzero::time::Instant;
use serde_json::{Map, Value};

/// The number of messages on their way at a time. The broker and the network are never given more.
pub(crate) const WINDOW: usize = 32;

/// The messages that the broker has yet to be told: the newest of each topic that is kept, and each event. Pure: no clock, no network.
#[derive(Debug)]
pub(crate) struct Outbox {
    /// The messages that the broker keeps, by topic.
    kept: BTreeMap<String, Kept>,
    /// The topics whose message is to be sent, first come, first served.
    changed: VecDeque<String>,
    /// The events that have not been sent yet, in order.
    events: VecDeque<Event>,
    /// Whether the next message is an event, if both wait: they take turns, so that neither holds the other up.
    is_turn_of_events: bool,
    /// The messages on their way, by ticket.
    sent: BTreeMap<u64, Content>,
    next_ticket: u64,
    is_connected: bool,
    /// The number of events to hold.
    limit: usize,
    counts: EventCounts,
}

/// The events of a node since its start; returned by [`Node::events`](crate::Node::events).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventCounts {
    /// The number of events of all devices.
    pub made: u64,
    /// The number of those that the broker has acknowledged.
    pub told: u64,
    /// The number of those that were dropped, since too many waited for the broker. The others wait.
    pub lost: u64,
}

/// An event. The wall time is added when the event is sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) topic: String,
    /// When the event took place, on the factory's clock.
    pub(crate) at: Instant,
    pub(crate) fields: Map<String, Value>,
    /// Whether this is an event of a device, and counts; else an answer, which waits and is bounded in the same way.
    pub(crate) is_counted: bool,
}

/// What a message tells.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    /// The newest message of a topic that the broker keeps.
    Kept { topic: String, payload: Vec<u8> },
    /// An event, which the broker passes on and forgets.
    Event(Event),
}

#[derive(Debug)]
struct Kept {
    payload: Vec<u8>,
    /// How often the payload has changed.
    changes: u64,
    /// Whether the topic waits in `changed`.
    is_waiting: bool,
    /// The number of messages of the topic on their way.
    on_their_way: usize,
}

impl Outbox {
    /// Returns an empty outbox that holds at most `limit` events, besides those on their way.
    pub(crate) fn new(limit: usize) -> Self {
        Outbox {
            kept: BTreeMap::new(),
            changed: VecDeque::new(),
            events: VecDeque::new(),
            is_turn_of_events: false,
            sent: BTreeMap::new(),
            next_ticket: 0,
            is_connected: false,
            limit,
            counts: EventCounts::default(),
        }
    }

    /// Sets the message of a topic that the broker keeps. An empty payload makes the broker forget the topic. A message that the broker
    /// has already is not sent again.
    pub(crate) fn keep(&mut self, topic: &str, payload: impl Into<Vec<u8>>) {
        let payload = payload.into();
        match self.kept.get_mut(topic) {
            Some(kept) if kept.payload == payload => return,
            Some(kept) => {
                kept.payload = payload;
                kept.changes += 1;
            }
            None => {
                let kept = Kept { payload, changes: 0, is_waiting: false, on_their_way: 0 };
                self.kept.insert(topic.to_owned(), kept);
            }
        }
        self.repeat(topic);
    }

    /// Returns how often the message of a topic has changed; `None` for a topic of which nothing is kept.
    pub(crate) fn changes(&self, topic: &str) -> Option<u64> {
        self.kept.get(topic).map(|kept| kept.changes)
    }

    /// Sends the message of a topic once more.
    pub(crate) fn repeat(&mut self, topic: &str) {
        if let Some(kept) = self.kept.get_mut(topic) {
            if !std::mem::replace(&mut kept.is_waiting, true) {
                self.changed.push_back(topic.to_owned());
            }
        }
    }

    /// Sends the messages of all topics once more, in the order of their names.
    pub(crate) fn repeat_all(&mut self) {
        let topics: Vec<String> = self.kept.keys().cloned().collect();
        for topic in topics {
            self.repeat(&topic);
        }
    }

    /// Adds an event. An answer is dropped while many events wait: those who send wrong commands must not push out what the devices tell.
    /// Call [`Outbox::bound`] once the connection has taken what it takes.
    pub(crate) fn event(&mut self, event: Event) {
        if !event.is_counted && self.events.len() > self.limit / 2 {
            return;
        }
        self.counts.made += u64::from(event.is_counted);
        self.events.push_back(event);
    }

    /// Drops the oldest events, if too many wait. They are lost, and counted.
    pub(crate) fn bound(&mut self) {
        while self.events.len() > self.limit {
            let lost = self.events.pop_front();
            self.counts.lost += u64::from(lost.is_some_and(|event| event.is_counted));
        }
    }

    /// Takes the next message to send, with its ticket; `None` while there is no connection, nothing to send, or too much on the way.
    /// Give the message back by [`Outbox::refused`], if the connection does not take it.
    pub(crate) fn next(&mut self) -> Option<(u64, Content)> {
        if !self.is_connected || self.sent.len() >= WINDOW {
            return None;
        }
        let is_event = !self.events.is_empty() && (self.is_turn_of_events || self.changed.is_empty());
        let content = if is_event {
            Content::Event(self.events.pop_front()?)
        } else {
            let topic = self.changed.pop_front()?;
            // Each topic in `changed` is in `kept`: topics leave `kept` only while they do not wait.
            let kept = self.kept.get_mut(&topic)?;
            kept.is_waiting = false;
            kept.on_their_way += 1;
            Content::Kept { topic, payload: kept.payload.clone() }
        };
        self.is_turn_of_events = !is_event;
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.sent.insert(ticket, content.clone());
        Some((ticket, content))
    }

    /// Takes back a message that the connection did not take. It is the next of its kind again.
    pub(crate) fn refused(&mut self, ticket: u64) {
        match self.sent.remove(&ticket) {
            Some(Content::Kept { topic, .. }) => {
                if let Some(kept) = self.kept.get_mut(&topic) {
                    kept.on_their_way -= 1;
                    if !std::mem::replace(&mut kept.is_waiting, true) {
                        self.changed.push_front(topic);
                    }
                }
            }
            Some(Content::Event(event)) => {
                self.events.push_front(event);
                self.bound();
            }
            None => {}
        }
    }

    /// Records that the broker has a message.
    pub(crate) fn told(&mut self, ticket: u64) {
        match self.sent.remove(&ticket) {
            Some(Content::Kept { topic, .. }) => {
                if let Some(kept) = self.kept.get_mut(&topic) {
                    kept.on_their_way -= 1;
                    // A topic is forgotten when the broker has surely forgotten it.
                    if kept.payload.is_empty() && !kept.is_waiting && kept.on_their_way == 0 {
                        self.kept.remove(&topic);
                    }
                }
            }
            Some(Content::Event(event)) => self.counts.told += u64::from(event.is_counted),
            None => {}
        }
    }

    /// Records a new connection: all that is kept is to be sent, for the broker may have forgotten. The topic `last` comes after all others.
    pub(crate) fn connected(&mut self, last: &str) {
        self.is_connected = true;
        self.repeat_all();
        if let Some(position) = self.changed.iter().position(|topic| topic == last) {
            self.changed.remove(position);
            self.changed.push_back(last.to_owned());
        }
    }

    /// Records the end of the connection. What was on its way is to be sent again: an event may thus arrive twice, with the same number.
    pub(crate) fn disconnected(&mut self) {
        self.is_connected = false;
        for kept in self.kept.values_mut() {
            kept.on_their_way = 0;
        }
        for content in std::mem::take(&mut self.sent).into_values().rev() {
            if let Content::Event(event) = content {
                self.events.push_front(event);
            }
        }
        self.bound();
    }

    /// Returns whether there is a connection.
    pub(crate) fn is_connected(&self) -> bool {
        self.is_connected
    }

    /// Returns the number of events made, told and lost. The others wait.
    pub(crate) fn counts(&self) -> EventCounts {
        self.counts
    }

    /// Returns whether events wait to be sent.
    pub(crate) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// Returns whether nothing waits, and nothing is on its way.
    pub(crate) fn is_idle(&self) -> bool {
        self.changed.is_empty() && self.events.is_empty() && self.sent.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const TOPICS: [&str; 3] = ["a", "b", "c"];

    #[derive(Debug, Clone)]
    enum Step {
        /// Sets the message of a topic; 0 stands for an empty payload.
        Keep(usize, u8),
        Repeat(usize),
        Event,
        Connect,
        Disconnect,
        /// Lets the connection take this many messages.
        Send(usize),
        /// Offers a message to a connection that has no room.
        Refuse,
        /// Lets the broker read this many messages.
        Read(usize),
        /// Delivers this many acknowledgements.
        Acknowledge(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            6 => (0..TOPICS.len(), 0..4_u8).prop_map(|(topic, value)| Step::Keep(topic, value)),
            1 => (0..TOPICS.len()).prop_map(Step::Repeat),
            6 => Just(Step::Event),
            1 => Just(Step::Connect),
            1 => Just(Step::Disconnect),
            6 => (1..50_usize).prop_map(Step::Send),
            1 => Just(Step::Refuse),
            4 => (1..20_usize).prop_map(Step::Read),
            4 => (1..20_usize).prop_map(Step::Acknowledge),
        ];
        prop::collection::vec(step, 0..200)
    }

    /// An outbox with a network and a broker, and what is right.
    struct World {
        outbox: Outbox,
        limit: usize,
        /// What the broker ought to keep in the end.
        newest: BTreeMap<&'static str, Vec<u8>>,
        network: VecDeque<(u64, Content)>,
        acknowledgements: VecDeque<u64>,
        /// What the broker keeps, and the numbers of the events that it passed on.
        kept: BTreeMap<String, Vec<u8>>,
        passed: Vec<u64>,
        events: u64,
    }

    impl World {
        fn take(&mut self, step: &Step) {
            match *step {
                Step::Keep(topic, value) => {
                    let payload = if value == 0 { Vec::new() } else { vec![value] };
                    self.outbox.keep(TOPICS[topic], payload.clone());
                    self.newest.insert(TOPICS[topic], payload);
                }
                Step::Repeat(topic) => self.outbox.repeat(TOPICS[topic]),
                Step::Event => {
                    self.events += 1;
                    let at = Instant::default() + std::time::Duration::from_secs(self.events);
                    self.outbox.event(Event {
                        topic: "events".to_owned(),
                        at,
                        fields: Map::new(),
                        is_counted: true,
                    });
                    self.outbox.bound();
                }
                Step::Connect if !self.outbox.is_connected() => self.outbox.connected("a"),
                Step::Connect => {}
                Step::Disconnect => {
                    self.outbox.disconnected();
                    self.network.clear();
                    self.acknowledgements.clear();
                }
                Step::Send(count) => {
                    for _ in 0..count {
                        let Some(sent) = self.outbox.next() else { break };
                        self.network.push_back(sent);
                    }
                }
                Step::Refuse => {
                    if let Some((ticket, _)) = self.outbox.next() {
                        self.outbox.refused(ticket);
                    }
                }
                Step::Read(count) => {
                    for (ticket, content) in self.network.drain(..count.min(self.network.len())) {
                        match content {
                            Content::Kept { topic, payload } => {
                                self.kept.insert(topic, payload);
                                self.kept.retain(|_, payload| !payload.is_empty());
                            }
                            Content::Event(event) => {
                                self.passed.push(event.at.since(Instant::default()).as_secs());
                            }
                        }
                        self.acknowledgements.push_back(ticket);
                    }
                }
                Step::Acknowledge(count) => {
                    for ticket in self.acknowledgements.drain(..count.min(self.acknowledgements.len())) {
                        self.outbox.told(ticket);
                    }
                }
            }
        }

        fn check(&self) {
            let EventCounts { made, told, lost } = self.outbox.counts();
            let on_their_way =
                self.outbox.sent.values().filter(|content| matches!(content, Content::Event(_))).count();
            assert!(self.outbox.sent.len() <= WINDOW);
            assert!(self.outbox.events.len() <= self.limit);
            assert_eq!(made, self.events);
            assert_eq!(made, told + lost + (self.outbox.events.len() + on_their_way) as u64);
        }
    }

    #[test]
    fn answers_push_out_no_events() {
        let mut outbox = Outbox::new(10);
        let event = |is_counted| Event {
            topic: "events".to_owned(),
            at: Instant::default(),
            fields: Map::new(),
            is_counted,
        };
        for number in 0..100 {
            outbox.event(event(number % 20 == 0));
            outbox.bound();
        }
        assert_eq!(outbox.counts(), EventCounts { made: 5, told: 0, lost: 0 });
        assert_eq!(outbox.events.iter().filter(|event| event.is_counted).count(), 5);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_is_lost_uncounted_and_the_newest_state_wins(steps in steps(), limit in 0..40_usize) {
            let mut world = World {
                outbox: Outbox::new(limit),
                limit,
                newest: BTreeMap::new(),
                network: VecDeque::new(),
                acknowledgements: VecDeque::new(),
                kept: BTreeMap::new(),
                passed: Vec::new(),
                events: 0,
            };
            for step in &steps {
                world.take(step);
                world.check();
            }
            world.take(&Step::Connect);
            while !world.outbox.is_idle() {
                world.take(&Step::Send(WINDOW));
                world.take(&Step::Read(WINDOW));
                world.take(&Step::Acknowledge(WINDOW));
                world.check();
            }
            let newest = world.newest.iter().filter(|(_, payload)| !payload.is_empty());
            let newest: BTreeMap<_, _> =
                newest.map(|(topic, payload)| ((*topic).to_owned(), payload.clone())).collect();
            prop_assert_eq!(&world.kept, &newest);
            // What is forgotten costs no memory.
            prop_assert_eq!(world.outbox.kept.len(), newest.len());
            let EventCounts { made, told, lost } = world.outbox.counts();
            prop_assert_eq!(told, made - lost);
            // An event may come twice, but new ones come in order, and none comes from nowhere.
            let different: BTreeSet<u64> = world.passed.iter().copied().collect();
            let mut first_times = world.passed.clone();
            let mut seen = BTreeSet::new();
            first_times.retain(|number| seen.insert(*number));
            prop_assert!(first_times.is_sorted());
            prop_assert!(different.len() as u64 >= told && different.len() as u64 <= made);
            prop_assert!(different.iter().all(|number| (1..=made).contains(number)));
        }
    }
}
