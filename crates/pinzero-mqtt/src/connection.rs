//! Follows the connection with the broker: subscribes, takes what comes, and has devices take their safe state while there is none.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use log::{info, warn};
use pinzero::Timer;
use pinzero_circuit::Resting;

use crate::device::Device;
use crate::leftovers::Leftovers;
use crate::link::{LinkError, Message};
use crate::shared::Shared;

/// The last levels of the topics that take commands.
const VERBS: [&str; 4] = ["set", "get", "set_on_ms", "set_off_ms"];

/// The time without a broker after which devices take their safe state, unless the file says otherwise.
const SAFE_AFTER: Duration = Duration::from_secs(60);

/// The least time after the start until a safe state: the first connection gets a chance, so that a relay that is on stays on.
const FIRST_CHANCE: Duration = Duration::from_secs(10);

/// The least time until a safe state that could not be taken is tried again.
const LEAST_PAUSE: Duration = Duration::from_secs(1);

impl Shared {
    /// Asks for the commands of all devices, and sends what has waited. `overlong` is the number of connections in a row that a message which
    /// was too long has ended.
    pub(crate) fn connected(&self, overlong: u32) {
        info!("connected with the broker as {:?}", self.settings.topics.node());
        self.news.lock().connected = Some(self.gpio.now());
        self.tell_info();
        let devices = self.devices.lock();
        let births = self.settings.births().into_iter().filter(|_| overlong < 2);
        let filters: Vec<String> = self.own_topics(&devices).into_iter().chain(births).collect();
        {
            // Devices that come later see the connection, and subscribe by themselves.
            let mut post = self.post.lock();
            let Some(sender) = post.sender.clone() else { return };
            if !sender.subscribe(&filters) {
                return sender.abandon();
            }
            // Whoever sees the node online sees the states of now.
            post.outbox.connected(&self.settings.topics.status());
            post.pump();
        }
        let timers: Vec<Timer> = devices.values().filter_map(|device| device.safety.lock().take()).collect();
        drop(devices);
        timers.iter().for_each(Timer::cancel);
    }

    /// Returns the topics to clear before the node listens to them: a message that is too long, and that the broker keeps, would end each
    /// connection, and nobody can see on which topic it is. `overlong` is the number of connections in a row that such a message has ended.
    pub(crate) fn overlong_topics(&self, overlong: u32) -> Vec<String> {
        if overlong == 0 {
            return Vec::new();
        }
        let (own, beginnings) = {
            let devices = self.devices.lock();
            let beginnings: Vec<String> = devices.values().map(|device| device.topic.clone()).collect();
            (self.own_topics(&devices), beginnings.join(", "))
        };
        warn!(
            "a message that was too long came on one of these topics. What the broker keeps there is cleared: {beginnings} and {}, with /{}",
            self.settings.topics.info(),
            VERBS.join(", /"),
        );
        let births = Vec::from_iter(self.settings.births()).join(" or ");
        if overlong > 1 && !births.is_empty() {
            warn!(
                "the message that is too long seems to be kept on {births}, which others write: clear that topic. Until then the \
                 node does not listen to the start of Home Assistant"
            );
        }
        own
    }

    /// Returns the topics of the node itself on which the node listens: those of commands, and that of the facts about the node.
    fn own_topics(&self, devices: &BTreeMap<Arc<str>, Arc<Device>>) -> Vec<String> {
        let commands =
            devices.values().flat_map(|device| VERBS.map(|verb| format!("{}/{verb}", device.topic)));
        commands.chain([self.settings.topics.info()]).collect()
    }

    /// Takes a message from the broker.
    pub(crate) fn receive(self: &Arc<Self>, message: &Message) {
        if self.settings.births().contains(&message.topic) {
            if message.payload == b"online" && !message.retain {
                self.answer_birth();
            }
        } else if message.topic == self.settings.topics.info() {
            self.take_info(message);
        } else {
            self.take_command(message);
        }
    }

    /// Takes the facts about the node: those that an earlier run left, the own ones as they are told, or those of another computer.
    fn take_info(&self, message: &Message) {
        let facts = Leftovers::read(&message.payload);
        if facts.identity == self.settings.identity {
            if message.retain {
                self.clear(facts);
            }
        } else if !facts.identity.is_empty() {
            let node = self.settings.topics.node();
            self.complain(
                node,
                &format!(
                    "another computer is the node {node:?} too: give one of them another name, by \"node\" in the table [mqtt]. What \
                     this name left on the broker is not cleared"
                ),
            );
        }
    }

    /// Notes that the broker has the message with this ticket.
    pub(crate) fn told(&self, ticket: u64) {
        let mut post = self.post.lock();
        post.outbox.told(ticket);
        post.pump();
        if post.outbox.is_idle() {
            self.settled.notify_all();
        }
        let has_lost = post.outbox.counts().lost != post.lost && !post.outbox.has_events();
        drop(post);
        if has_lost {
            self.tell_info();
        }
    }

    /// Notes that there is no connection any more.
    pub(crate) fn disconnected(&self) {
        let mut post = self.post.lock();
        post.sender = None;
        post.outbox.disconnected();
        self.settled.notify_all();
    }

    /// Makes [`Node::run`](crate::Node::run) end with this error, so that somebody starts the node anew.
    pub(crate) fn fail(&self, message: String) {
        self.failure.lock().get_or_insert(LinkError::final_one(message));
        *self.end.lock() = true;
        self.ending.notify_all();
        let sender = self.post.lock().sender.clone();
        if let Some(sender) = sender {
            sender.abandon();
        }
    }

    /// Asks a broker that is there for the commands of a new device; of one that is away, the device takes its safe state after a time.
    pub(crate) fn listen(self: &Arc<Self>, device: &Arc<Device>) {
        let is_heard = {
            let post = self.post.lock();
            let filters = VERBS.map(|verb| format!("{}/{verb}", device.topic));
            let sender = post.sender.as_ref().filter(|_| post.outbox.is_connected());
            sender.map(|sender| {
                // The next connection has all subscriptions.
                sender.subscribe(&filters) || {
                    sender.abandon();
                    false
                }
            })
        };
        if is_heard.is_none() {
            self.wait_for_safe_state(device);
        }
    }

    /// Starts the time until the safe state, for the devices that have one.
    pub(crate) fn away(self: &Arc<Self>) {
        let devices: Vec<Arc<Device>> = self.devices.lock().values().cloned().collect();
        for device in devices {
            self.wait_for_safe_state(&device);
        }
    }

    fn wait_for_safe_state(self: &Arc<Self>, device: &Arc<Device>) {
        let (safe, safe_after) = {
            let appearance = device.appearance.lock();
            (appearance.safe, appearance.safe_after)
        };
        if matches!(safe, None | Some(Resting::Keep)) {
            return;
        }
        let mut after = safe_after.map_or(SAFE_AFTER, Duration::from_secs_f64);
        if self.news.lock().connected.is_none() {
            after = after.max(FIRST_CHANCE);
        }
        let (weak, waiting) = (Arc::downgrade(self), Arc::downgrade(device));
        // On a thread of its own, for a device on a bus may take its time.
        let timer = self.gpio.every_on_thread(after.max(LEAST_PAUSE), move |timer| {
            let (Some(shared), Some(device)) = (weak.upgrade(), waiting.upgrade()) else {
                return timer.cancel();
            };
            let is_connected = shared.post.lock().outbox.is_connected();
            let is_closed = device.memory.lock().is_closed;
            if is_connected || is_closed {
                return timer.cancel();
            }
            match device.thing.as_ref().map(|thing| thing.make_safe()) {
                Ok(Err(error)) => shared.complain(&device.name, &error),
                Ok(Ok(())) | Err(_) => timer.cancel(),
            }
            shared.tell_state(&device.name);
        });
        match timer {
            Ok(timer) => {
                if after < LEAST_PAUSE {
                    timer.call_in(after);
                }
                let older = device.safety.lock().replace(timer);
                if let Some(older) = older {
                    older.cancel();
                }
            }
            Err(error) => self.complain(&device.name, &error),
        }
    }
}
