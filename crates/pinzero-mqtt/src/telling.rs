//! Tells the broker what has happened: states and events of devices, refused commands, and the facts about the node.

use std::sync::Arc;
use std::time::Duration;

use pinzero::time::Instant;
use serde_json::{Map, Value, json};

use crate::device::Device;
use crate::entity::Entity;
use crate::outbox::Event;
use crate::post::{milliseconds, wall_milliseconds};
use crate::refusal::Refusal;
use crate::reporter::Reporter;
use crate::shared::Shared;

/// The time after an event, within which the facts about the node tell of the event.
const SOON: Duration = Duration::from_secs(10);

/// The least step of the wall clock, in milliseconds, after which the times of the node are told anew.
const LEAST_STEP: u64 = 1000;

/// What has happened on a node.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// When the broker last accepted a connection, on the factory's clock.
    pub(crate) connected: Option<Instant>,
    /// The device, the event, and when the event took place on the factory's clock.
    last_event: Option<(Arc<str>, String, Instant)>,
    /// The wall time at the zero of the factory's clock, in milliseconds since 1970, as last told.
    zero: u64,
    /// Whether the facts about the node will be told soon.
    is_due: bool,
}

impl Shared {
    /// Tells the state of a device. If another thread is about to, that thread looks again.
    pub(crate) fn tell_state(&self, name: &str) {
        let Some(device) = self.device(name) else { return };
        {
            let mut memory = device.memory.lock();
            if memory.is_telling {
                memory.look_again = true;
                return;
            }
            memory.is_telling = true;
        }
        let _telling = Telling(&device);
        loop {
            let state = device.thing.as_ref().map_err(Clone::clone).and_then(|thing| thing.state());
            // A reading in whose middle the device was closed has not failed.
            let is_closed = device.memory.lock().is_closed;
            if let (false, Err(error)) = (is_closed, &state) {
                self.complain(name, error);
            }
            // Held until the state is told, so that nothing follows the end of a device.
            let mut memory = device.memory.lock();
            if memory.is_closed {
                return;
            }
            let mut post = self.post.lock();
            let availability = if state.is_ok() { "online" } else { "offline" };
            post.keep(&format!("{}/availability", device.topic), availability);
            if let Ok(state) = state {
                // A thing without a state clears that of a thing that had its name before.
                let payload = state.map(|state| Value::Object(state).to_string()).unwrap_or_default();
                post.keep(&format!("{}/state", device.topic), payload);
            }
            if !std::mem::take(&mut memory.look_again) {
                memory.is_telling = false;
                return;
            }
        }
    }

    /// Tells an event of the device that has this reporter.
    pub(crate) fn tell_event(
        &self,
        reporter: &Reporter,
        event: &str,
        at: Instant,
        mut fields: Map<String, Value>,
    ) {
        // Held until the event is in the outbox, so that events are in the order of their numbers, and none follows the end of a device.
        let mut memory = reporter.memory.lock();
        if memory.is_closed {
            return;
        }
        self.news.lock().last_event = Some((reporter.device.clone(), event.to_owned(), at));
        memory.events += 1;
        fields.insert("event_type".to_owned(), event.into());
        fields.insert("number".to_owned(), memory.events.into());
        let topic = format!("{}/event", reporter.topic);
        self.post.lock().event(Event { topic, at, fields, is_counted: true });
    }

    /// Tells those who wait for an answer why a command is refused. As an event, for nobody is to hear of it later. One answer for each
    /// command: the commands themselves are the bound.
    pub(crate) fn tell_refusal(&self, device: &Device, refusal: &Refusal) {
        let fields = Map::from_iter([("reason".to_owned(), refusal.to_string().into())]);
        let event = Event {
            topic: format!("{}/refused", device.topic),
            at: self.gpio.now(),
            fields,
            is_counted: false,
        };
        self.post.lock().event(event);
    }

    /// Tells the facts about the node after a moment, so that many events cost one message.
    pub(crate) fn tell_info_soon(self: &Arc<Self>) {
        if std::mem::replace(&mut self.news.lock().is_due, true) {
            return;
        }
        let weak = Arc::downgrade(self);
        let timer = self.gpio.after(SOON, move || {
            if let Some(shared) = weak.upgrade() {
                shared.news.lock().is_due = false;
                shared.tell_info();
            }
        });
        if let Err(error) = timer {
            self.news.lock().is_due = false;
            self.complain(self.settings.topics.node(), &error);
        }
    }

    /// Tells the facts about the node.
    pub(crate) fn tell_info(&self) {
        // Held until the facts are told, so that no older ones follow.
        let devices = self.devices.lock();
        let stopped = self.end.lock().then(|| milliseconds(self.gpio.wall_time()));
        let (since, connected, last_event) = {
            let mut news = self.news.lock();
            let zero = wall_milliseconds(&self.gpio, Instant::ZERO);
            // The wall clock has been set. Each other time stays as it was told, to the millisecond.
            if zero.abs_diff(news.zero) >= LEAST_STEP {
                news.zero = zero;
            }
            let wall = |at: Instant| news.zero + at.since(Instant::ZERO).as_millis() as u64;
            let last_event = news.last_event.as_ref();
            let last_event = last_event
                .map(|(device, event, at)| json!({ "device": &**device, "event": event, "at": wall(*at) }));
            (wall(self.since), news.connected.map(wall), last_event)
        };
        let described: Vec<Value> = devices
            .values()
            .map(|device| {
                let entities = device.entities();
                json!({
                    "name": &*device.name,
                    "kind": device.part.kind.name(),
                    "topic": device.topic,
                    "discovery": self.discovery_topic(&device.name),
                    "entities": entities.iter().map(Entity::id).collect::<Vec<String>>(),
                })
            })
            .collect();
        let mut post = self.post.lock();
        let info = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "identity": self.settings.identity,
            "board": self.gpio.board().model(),
            "factory": self.gpio.name(),
            "since": since,
            "connected": connected,
            "stopped": stopped,
            "last_event": last_event,
            "discovery": self.discovery_topic(""),
            "devices": described,
            "lost": post.outbox.counts().lost,
        });
        post.lost = post.outbox.counts().lost;
        post.keep(&self.settings.topics.info(), info.to_string());
    }
}

/// A thread that tells the state of a device. If the thread panics, others may tell.
struct Telling<'a>(&'a Device);

impl Drop for Telling<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.memory.lock().is_telling = false;
        }
    }
}
