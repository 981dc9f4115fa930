//! [`Shared`]: what the threads of a node share: its devices, and what the broker is told of them.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use log::{info, warn};
use parking_lot::{Condvar, Mutex};
use pinzero::Gpio;
use pinzero::time::Instant;
use pinzero_circuit::{Appearance, Part, Resting};
use serde_json::{Map, Value, json};

use crate::device::Device;
use crate::discovery::{self, Described};
use crate::inbox::{Inbox, Order};
use crate::limit::Limit;
use crate::link::{Message, Sender};
use crate::payload::Command;
use crate::post::Post;
use crate::refusal::Refusal;
use crate::reporter::Reporter;
use crate::settings::Settings;
use crate::things::{self, Opening};

/// The last levels of the topics that take commands.
const VERBS: [&str; 4] = ["set", "get", "set_on_ms", "set_off_ms"];

/// What the threads of a node share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) gpio: Gpio,
    pub(crate) devices: Mutex<BTreeMap<Arc<str>, Arc<Device>>>,
    /// Taken after all other locks. Sending does not block, so the lock is held meanwhile: what is told first arrives first.
    pub(crate) post: Mutex<Post>,
    pub(crate) inbox: Inbox,
    pub(crate) complaints: Mutex<BTreeMap<Arc<str>, Limit>>,
    pub(crate) since: SystemTime,
    pub(crate) news: Mutex<News>,
    pub(crate) end: Mutex<bool>,
    pub(crate) ending: Condvar,
}

/// The time after an event, within which the facts about the node tell of the event.
const SOON: Duration = Duration::from_secs(10);

/// What has happened on a node.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// When the broker last accepted a connection.
    connected: Option<SystemTime>,
    last_event: Option<Value>,
    /// Whether the facts about the node will be told soon.
    is_due: bool,
}

impl Shared {
    pub(crate) fn add(shared: &Arc<Self>, name: Arc<str>, part: Part, appearance: Appearance) {
        let reporter = Reporter { shared: Arc::downgrade(shared), device: name.clone() };
        let opening = Opening { gpio: &shared.gpio, appearance: &appearance, reporter: reporter.clone() };
        let thing = things::open(&part, &opening);
        if let Err(error) = &thing {
            shared.complain(&name, error);
        }
        let topic = shared.settings.topics.device(&name);
        let device = Arc::new(Device {
            name: name.clone(),
            part,
            appearance,
            topic,
            thing,
            memory: Mutex::default(),
            sampler: Mutex::default(),
            safety: Mutex::default(),
        });
        shared.devices.lock().insert(name.clone(), device.clone());
        shared.announce(&device);
        shared.tell_state(&name);
        if let Some(interval) = device.thing.as_ref().ok().and_then(|thing| thing.interval()) {
            match shared.gpio.every_on_thread(interval, move |_| reporter.changed()) {
                Ok(timer) => *device.sampler.lock() = Some(timer),
                Err(error) => shared.complain(&name, &error),
            }
        }
    }

    pub(crate) fn remove(&self, device: &Device, is_gone: bool) {
        self.devices.lock().remove(&device.name);
        self.close(device);
        if is_gone {
            for leaf in ["state", "availability"] {
                self.keep(&format!("{}/{leaf}", device.topic), "");
            }
            if let Some(prefix) = &self.settings.discovery {
                self.keep(&discovery::topic(prefix, &self.settings, &device.name), "");
            }
        }
    }

    pub(crate) fn close(&self, device: &Device) {
        for timer in [&device.sampler, &device.safety] {
            if let Some(timer) = timer.lock().take() {
                timer.cancel();
            }
        }
        if let Ok(Err(error)) = device.thing.as_ref().map(|thing| thing.close()) {
            self.complain(&device.name, &error);
        }
    }

    /// Tells Home Assistant of a device.
    fn announce(&self, device: &Device) {
        let (Some(prefix), Ok(thing)) = (&self.settings.discovery, &device.thing) else { return };
        let described = Described {
            name: &device.name,
            title: device.appearance.name.as_deref().unwrap_or(&device.name),
            icon: device.appearance.icon.as_deref(),
            area: device.appearance.area.as_deref(),
            entities: &thing.entities(),
            board: self.gpio.board().model(),
        };
        let payload = discovery::payload(&self.settings, &described);
        self.keep(&discovery::topic(prefix, &self.settings, &device.name), payload.to_string());
    }

    /// Tells the facts about the node after a moment, so that many events cost one message.
    pub(crate) fn tell_info_soon(shared: &Arc<Self>) {
        if std::mem::replace(&mut shared.news.lock().is_due, true) {
            return;
        }
        let weak = Arc::downgrade(shared);
        let timer = shared.gpio.after(SOON, move || {
            if let Some(shared) = weak.upgrade() {
                shared.news.lock().is_due = false;
                shared.tell_info();
            }
        });
        if let Err(error) = timer {
            shared.complain(shared.settings.topics.node(), &error);
        }
    }

    /// Tells the facts about the node.
    pub(crate) fn tell_info(&self) {
        let stopped = self.end.lock().then(|| milliseconds(self.gpio.wall_time()));
        let (connected, last_event) = {
            let news = self.news.lock();
            (news.connected.map(milliseconds), news.last_event.clone())
        };
        let devices: Vec<Value> = self
            .devices
            .lock()
            .values()
            .map(|device| json!({ "name": &*device.name, "kind": device.part.kind.name(), "topic": device.topic }))
            .collect();
        let mut post = self.post.lock();
        let info = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "board": self.gpio.board().model(),
            "factory": self.gpio.name(),
            "since": milliseconds(self.since),
            "connected": connected,
            "stopped": stopped,
            "last_event": last_event,
            "devices": devices,
            "lost": post.outbox.counts().lost,
        });
        post.keep(&self.settings.topics.info(), info.to_string());
    }

    pub(crate) fn keep(&self, topic: &str, payload: impl Into<Vec<u8>>) {
        self.post.lock().keep(topic, payload);
    }

    pub(crate) fn device(&self, name: &str) -> Option<Arc<Device>> {
        self.devices.lock().get(name).cloned()
    }

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
        loop {
            let state = device.thing.as_ref().map_err(Clone::clone).and_then(|thing| thing.state());
            let availability = if state.is_ok() { "online" } else { "offline" };
            self.keep(&format!("{}/availability", device.topic), availability);
            match state {
                Ok(Some(state)) => {
                    self.keep(&format!("{}/state", device.topic), Value::Object(state).to_string());
                }
                Ok(None) => {}
                Err(error) => self.complain(name, &error),
            }
            let mut memory = device.memory.lock();
            if !std::mem::take(&mut memory.look_again) {
                memory.is_telling = false;
                return;
            }
        }
    }

    /// Tells an event of a device.
    pub(crate) fn tell_event(&self, name: &str, event: &str, at: Instant, mut fields: Map<String, Value>) {
        let Some(device) = self.device(name) else { return };
        let number = {
            let mut memory = device.memory.lock();
            memory.events += 1;
            memory.events
        };
        let age = self.gpio.now().since(at);
        let time = self.gpio.wall_time().checked_sub(age).unwrap_or(UNIX_EPOCH);
        self.news.lock().last_event =
            Some(json!({ "device": name, "event": event, "at": milliseconds(time) }));
        fields.insert("event_type".to_owned(), event.into());
        fields.insert("at".to_owned(), milliseconds(time).into());
        fields.insert("number".to_owned(), number.into());
        let message = Message::new(format!("{}/event", device.topic), Value::Object(fields).to_string());
        let has_lost = {
            let mut post = self.post.lock();
            let before = post.outbox.counts().lost;
            post.outbox.event(message);
            post.pump();
            post.outbox.counts().lost != before
        };
        if has_lost {
            self.tell_info();
        }
    }

    /// Writes into the log what is wrong with a device: ten lines a minute at most.
    pub(crate) fn complain(&self, name: &str, error: &dyn Display) {
        let allowed =
            self.complaints.lock().entry(Arc::from(name)).or_default().allow(std::time::Instant::now());
        match allowed {
            None => {}
            Some(0) => warn!("{name}: {error}"),
            Some(held_back) => warn!("{name}: {error} ({held_back} messages about {name} were held back)"),
        }
    }

    pub(crate) fn connected(&self, sender: Arc<dyn Sender>) {
        info!("connected with the broker as {:?}", self.settings.topics.node());
        for device in self.devices.lock().values() {
            if let Some(timer) = device.safety.lock().take() {
                timer.cancel();
            }
        }
        self.news.lock().connected = Some(self.gpio.wall_time());
        self.tell_info();
        let filters = self.filters();
        let mut post = self.post.lock();
        sender.subscribe(&filters);
        post.sender = Some(sender);
        post.outbox.connected();
        post.pump();
    }

    /// Returns the filters of the topics on which a node listens.
    fn filters(&self) -> Vec<String> {
        let mut filters: Vec<String> = Vec::new();
        for device in self.devices.lock().values() {
            filters.extend(VERBS.map(|verb| format!("{}/{verb}", device.topic)));
        }
        filters.extend(self.settings.discovery.iter().map(|prefix| format!("{prefix}/status")));
        filters
    }

    pub(crate) fn disconnected(&self) {
        let mut post = self.post.lock();
        post.sender = None;
        post.outbox.disconnected();
    }

    /// Starts the time until the safe state, for the devices that have one.
    pub(crate) fn away(shared: &Arc<Self>) {
        let devices: Vec<Arc<Device>> = shared.devices.lock().values().cloned().collect();
        for device in devices {
            if matches!(device.appearance.safe, None | Some(Resting::Keep)) {
                continue;
            }
            let after =
                device.appearance.safe_after.map_or(shared.settings.safe_after, Duration::from_secs_f64);
            let (weak, name) = (Arc::downgrade(shared), device.name.clone());
            let timer = shared.gpio.after(after, move || {
                let Some(shared) = weak.upgrade() else { return };
                let Some(device) = shared.device(&name) else { return };
                if let Ok(Err(error)) = device.thing.as_ref().map(|thing| thing.make_safe()) {
                    shared.complain(&name, &error);
                }
                shared.tell_state(&name);
            });
            match timer {
                Ok(timer) => *device.safety.lock() = Some(timer),
                Err(error) => shared.complain(&device.name, &error),
            }
        }
    }

    pub(crate) fn told(&self, ticket: u64) {
        let mut post = self.post.lock();
        post.outbox.told(ticket);
        post.pump();
    }

    /// Takes a message from the broker.
    pub(crate) fn receive(&self, message: &Message) {
        let is_birth = self.settings.discovery.as_ref().is_some_and(|prefix| {
            message.topic.strip_prefix(&**prefix).is_some_and(|rest| rest == "/status")
        });
        if is_birth {
            if message.payload == b"online" && !message.retain {
                let mut post = self.post.lock();
                post.outbox.repeat_all();
                post.pump();
            }
            return;
        }
        let Some((topic, verb)) = message.topic.rsplit_once('/') else { return };
        let device = self.devices.lock().values().find(|device| device.topic == topic).cloned();
        let Some(device) = device else { return };
        if message.retain {
            let complaint = format!(
                "a retained command on {:?} is refused, for nobody has just sent it: publish commands without retain, and clear this one \
                 with an empty retained message",
                message.topic
            );
            return self.complain(&device.name, &complaint);
        }
        let order =
            Order { device: device.name.clone(), verb: verb.to_owned(), payload: message.payload.clone() };
        if !self.inbox.push(order) {
            self.complain(
                &device.name,
                &"commands come faster than the device can follow: the oldest were dropped",
            );
        }
    }

    /// Carries out a command, and tells the state.
    pub(crate) fn carry_out(&self, order: Order) {
        let Some(device) = self.device(&order.device) else { return };
        let done = match (&*order.verb, &device.thing) {
            ("get", _) => Ok(()),
            (_, Err(error)) => Err(Refusal::Pin(error.clone())),
            (verb, Ok(thing)) => {
                self.command(&device, verb, &order.payload).and_then(|command| thing.command(command))
            }
        };
        self.tell_state(&device.name);
        if let Err(refusal) = &done {
            self.complain(&device.name, refusal);
        }
        if done.is_err() || order.verb == "get" {
            // Those who sent the command may think that it was carried out.
            let mut post = self.post.lock();
            post.outbox.repeat(&format!("{}/state", device.topic));
            post.pump();
        }
    }

    /// Reads a command. Fails for one that is older than another that has been carried out.
    fn command(&self, device: &Device, verb: &str, payload: &[u8]) -> Result<Command, Refusal> {
        let mut command = Command::parse(payload)?;
        if let Some(state) = match verb {
            "set_on_ms" => Some("ON"),
            "set_off_ms" => Some("OFF"),
            _ => None,
        } {
            return command.lasting(state);
        }
        if let Command::Fields(fields) = &mut command {
            if let Some(at) = fields.number("at", 0.0, f64::MAX)? {
                let newest = &mut device.memory.lock().newest;
                if at < *newest {
                    return Err(Refusal::because("a command that is older than the one before"));
                }
                *newest = at;
            }
        }
        Ok(command)
    }
}

/// Returns the milliseconds since 1970.
fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
