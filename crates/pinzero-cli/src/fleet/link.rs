//! [`Link`]: the connection with the broker, on a thread of its own, and the fleet that grows out of what comes.

use std::collections::VecDeque;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::{Condvar, Mutex, MutexGuard};
use pinzero_mqtt::{Broker, Incoming, LinkError, Message, Sender};

use super::model::Fleet;
use super::pattern::Pattern;
use crate::broker::BrokerOptions;

/// How long commands wait until the broker has told what it keeps.
const PATIENCE: Duration = Duration::from_secs(5);
/// The time without a kept message after which no further one is expected, once the marker is back.
const QUIET: Duration = Duration::from_millis(100);
/// The same, on a broker that does not give the marker back: its rules may not let this client publish.
const QUIET_WITHOUT_MARKER: Duration = Duration::from_secs(1);
/// The number of devices to ask for at once. A broker may drop kept messages if it has to hand over more than 1000.
const DEVICES_AT_ONCE: usize = 250;
/// The number of messages on their way at a time.
const WINDOW: usize = 32;
/// The pause before the second attempt to connect. Each further one is twice as long, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What to hear of.
#[derive(Debug, Clone)]
pub(super) struct Interest {
    pub(super) prefix: String,
    /// The devices whose states and events to hear of; `None` for nodes only.
    pub(super) devices: Option<Pattern>,
    /// Whether to connect again whenever the connection ends.
    pub(super) stays: bool,
}

/// The connection with the broker. The thread behind it ends with the program.
#[derive(Debug, Clone)]
pub(super) struct Link {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    interest: Interest,
    /// A topic of this program only. No node has a `$` in its name.
    marker_topic: String,
    state: Mutex<State>,
    changed: Condvar,
}

/// What is known of the broker and its nodes.
#[derive(Debug)]
pub(super) struct State {
    pub(super) fleet: Fleet,
    /// Why there is no connection; `None` while there is one, and before the first attempt has failed.
    pub(super) error: Option<LinkError>,
    /// Whether the broker has told what it keeps.
    pub(super) is_complete: bool,
    sender: Option<Arc<dyn Sender>>,
    step: Step,
    /// The number of the marker that has yet to come back.
    marker: Option<u64>,
    markers: u64,
    /// When a marker was sent, or a kept message came.
    heard: Instant,
    outgoing: VecDeque<Message>,
    on_their_way: usize,
}

/// What the broker has been asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Status,
    Info,
    Devices,
}

impl Link {
    /// Starts to connect.
    ///
    /// # Errors
    /// A sentence about an address or a file that cannot be used.
    pub(super) fn start(broker: &BrokerOptions, interest: Interest) -> Result<Self, String> {
        let number = RandomState::new().build_hasher().finish();
        let client_id = format!("pinzero-{:014x}", number & ((1 << 56) - 1));
        let mut broker = broker.open(&client_id)?;
        let shared = Arc::new(Shared {
            marker_topic: format!("{}/$fleet/{client_id}", interest.prefix),
            state: Mutex::new(State {
                fleet: Fleet::new(&interest.prefix),
                error: None,
                is_complete: false,
                sender: None,
                step: Step::Status,
                marker: None,
                markers: 0,
                heard: Instant::now(),
                outgoing: VecDeque::new(),
                on_their_way: 0,
            }),
            changed: Condvar::new(),
            interest,
        });
        let link = Link { shared: shared.clone() };
        let thread = thread::Builder::new().name("pinzero-fleet".to_owned());
        thread.spawn(move || shared.run(&mut broker)).map_err(|error| format!("no thread: {error}"))?;
        Ok(link)
    }

    /// Waits until the broker has told what it keeps, for five seconds at most. [`State::is_complete`] tells whether it has.
    ///
    /// # Errors
    /// A broker that does not answer, or refuses.
    pub(super) fn collect(&self) -> Result<MutexGuard<'_, State>, String> {
        let end = Instant::now() + PATIENCE;
        let mut state = self.state();
        loop {
            if let Some(error) = &state.error {
                return Err(error.to_string());
            }
            let next = self.shared.settle(&mut state);
            if state.is_complete {
                return Ok(state);
            }
            if Instant::now() >= end {
                return match &state.sender {
                    Some(_) => Ok(state),
                    None => Err("the broker does not answer: is this its address, and its port?".to_owned()),
                };
            }
            self.shared.changed.wait_until(&mut state, next.unwrap_or(end).min(end));
        }
    }

    /// Goes on where nothing more is to come, for those who do not [`collect`](Link::collect). Call this from time to time.
    pub(super) fn settle(&self) {
        self.shared.settle(&mut self.state());
    }

    /// Returns what is known.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock()
    }

    /// Waits until something has happened, or the time has come.
    pub(super) fn wait(&self, state: &mut MutexGuard<'_, State>, end: Instant) {
        self.shared.changed.wait_until(state, end);
    }
}

impl State {
    /// Sends a message. Messages that the connection does not take at once wait.
    pub(super) fn send(&mut self, message: Message) {
        self.outgoing.push_back(message);
        self.pump();
    }

    fn pump(&mut self) {
        let Some(sender) = &self.sender else { return };
        while self.on_their_way < WINDOW {
            let Some(message) = self.outgoing.front() else { return };
            if !sender.publish(0, message) {
                return;
            }
            self.outgoing.pop_front();
            self.on_their_way += 1;
        }
    }

    /// Leaves the broker.
    pub(super) fn leave(&mut self) {
        if let Some(sender) = self.sender.take() {
            sender.disconnect();
        }
    }
}

impl Shared {
    fn run(&self, broker: &mut dyn Broker) {
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match broker.connect(None) {
                Err(error) => error,
                Ok((sender, mut receiver)) => loop {
                    match receiver.next() {
                        Err(error) => break error,
                        Ok(incoming) => {
                            if incoming == Incoming::Connected {
                                pause = FIRST_PAUSE;
                            }
                            self.take(incoming, &sender);
                        }
                    }
                },
            };
            let is_over = error.is_final || !self.interest.stays;
            let mut state = self.state.lock();
            state.sender = None;
            state.error = Some(error);
            self.changed.notify_all();
            drop(state);
            if is_over {
                return;
            }
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn take(&self, incoming: Incoming, sender: &Arc<dyn Sender>) {
        let mut state = self.state.lock();
        match incoming {
            Incoming::Connected => {
                state.sender = Some(sender.clone());
                state.error = None;
                state.is_complete = false;
                state.on_their_way = 0;
                state.step = Step::Status;
                state.fleet.begin();
                let prefix = &self.interest.prefix;
                self.ask(&mut state, vec![self.marker_topic.clone(), format!("{prefix}/+/status")]);
            }
            Incoming::Told(_) => {
                state.on_their_way = state.on_their_way.saturating_sub(1);
                state.pump();
            }
            Incoming::Message(message) if message.topic == self.marker_topic => {
                let number = std::str::from_utf8(&message.payload).ok().and_then(|text| text.parse().ok());
                if number.is_some() && state.marker == number {
                    state.marker = None;
                    self.go_on(&mut state);
                }
            }
            Incoming::Message(message) => {
                if message.retain {
                    state.heard = Instant::now();
                }
                state.fleet.take(&message, now());
                // Of a device that is new, the broker has not been asked.
                if state.marker.is_none() && message.topic.ends_with("/info") {
                    self.go_on(&mut state);
                }
            }
            // What else there may be says nothing of nodes.
            _ => {}
        }
        self.changed.notify_all();
    }

    /// Goes on if it has been quiet for long enough. Returns when to look again, while there is a connection.
    fn settle(&self, state: &mut State) -> Option<Instant> {
        if state.is_complete || state.sender.is_none() {
            return None;
        }
        let quiet = if state.marker.is_none() { QUIET } else { QUIET_WITHOUT_MARKER };
        if Instant::now() >= state.heard + quiet {
            match state.marker.take() {
                Some(_) => self.go_on(state),
                None => state.is_complete = true,
            }
        }
        Some(state.heard + quiet)
    }

    /// Asks for more, now that all has come that was asked for.
    fn go_on(&self, state: &mut State) {
        if state.step == Step::Status {
            state.step = Step::Info;
            return self.ask(state, vec![format!("{}/+/info", self.interest.prefix)]);
        }
        if state.step == Step::Info {
            state.step = Step::Devices;
            state.fleet.end();
        }
        let Some(pattern) = &self.interest.devices else { return };
        let topics = state.fleet.ask(pattern, DEVICES_AT_ONCE);
        if !topics.is_empty() {
            let leaves = ["availability", "state", "event", "refused"];
            let filters = topics.iter().flat_map(|topic| leaves.map(|leaf| format!("{topic}/{leaf}")));
            self.ask(state, filters.collect());
        }
    }

    /// Subscribes, and sends a marker: a broker gives the messages back in order, so the marker comes after what the broker has kept.
    fn ask(&self, state: &mut State, filters: Vec<String>) {
        state.heard = Instant::now();
        let Some(sender) = state.sender.clone() else { return };
        if !sender.subscribe(&filters) {
            // The connection takes nothing any more.
            return sender.abandon();
        }
        state.markers += 1;
        state.marker = Some(state.markers);
        // It goes before all else.
        state.outgoing.push_front(Message::new(self.marker_topic.clone(), state.markers.to_string()));
        state.pump();
    }
}

/// Returns the milliseconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
