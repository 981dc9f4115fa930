//! [`Shared`]: what the threads of a node share: its devices, and what the broker is told of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use log::{info, warn};
use parking_lot::{Condvar, Mutex};
use pinzero::time::Instant;
use pinzero::{Gpio, Timer};
use pinzero_circuit::{Appearance, Part, Resting};
use serde_json::{Map, Value, json};

use crate::device::Device;
use crate::discovery::{self, Described};
use crate::entity::Entity;
use crate::inbox::{Inbox, Order};
use crate::leftovers::Leftovers;
use crate::limit::Limit;
use crate::link::{LinkError, Message};
use crate::outbox::Event;
use crate::payload::{self, Command};
use crate::post::{Post, milliseconds};
use crate::refusal::Refusal;
use crate::reporter::Reporter;
use crate::settings::Settings;
use crate::things::{self, Opening};

/// The last levels of the topics that take commands.
const VERBS: [&str; 4] = ["set", "get", "set_on_ms", "set_off_ms"];

/// The longest time that a command may take. Commands start something, and do not wait for the end.
const LONGEST_COMMAND: Duration = Duration::from_secs(30);

/// The longest time until a node answers the start of Home Assistant, so that not all nodes answer in the same instant.
const SPREAD: Duration = Duration::from_secs(2);

/// What the threads of a node share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) gpio: Gpio,
    pub(crate) devices: Mutex<BTreeMap<Arc<str>, Arc<Device>>>,
    /// Taken after all other locks. Sending does not block, so the lock is held meanwhile: what is told first arrives first.
    pub(crate) post: Mutex<Post>,
    /// Notified when the outbox has become idle, or the connection has ended.
    pub(crate) settled: Condvar,
    pub(crate) inbox: Inbox,
    pub(crate) complaints: Mutex<BTreeMap<Arc<str>, Limit>>,
    /// The entities that Home Assistant has been told of, by the names of their devices.
    pub(crate) entities: Mutex<BTreeMap<Arc<str>, BTreeSet<String>>>,
    /// Runs after Home Assistant has started, until the node answers.
    pub(crate) birth: Mutex<Option<Timer>>,
    pub(crate) since: SystemTime,
    pub(crate) news: Mutex<News>,
    pub(crate) end: Mutex<bool>,
    pub(crate) ending: Condvar,
    /// Why the node has to end by itself.
    pub(crate) failure: Mutex<Option<LinkError>>,
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
    pub(crate) fn add(self: &Arc<Self>, name: Arc<str>, part: Part, appearance: Appearance) {
        let reporter = Reporter { shared: Arc::downgrade(self), device: name.clone() };
        let opening = Opening { gpio: &self.gpio, appearance: &appearance, reporter: reporter.clone() };
        let thing = things::open(&part, &opening);
        if let Err(error) = &thing {
            self.complain(&name, error);
        }
        let topic = self.settings.topics.device(&name);
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
        self.devices.lock().insert(name.clone(), device.clone());
        self.listen(&device);
        self.announce(&device);
        if let Some(interval) = device.thing.as_ref().ok().and_then(|thing| thing.interval()) {
            match self.gpio.every_on_thread(interval, move |_| reporter.changed()) {
                Ok(timer) => *device.sampler.lock() = Some(timer),
                Err(error) => self.complain(&name, &error),
            }
        }
        if !device.read_soon() {
            self.tell_state(&name);
        }
    }

    /// Asks a broker that is there for the commands of a new device; of one that is away, the device takes its safe state after a time.
    fn listen(self: &Arc<Self>, device: &Arc<Device>) {
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

    pub(crate) fn remove(&self, device: &Device, is_gone: bool) {
        self.devices.lock().remove(&device.name);
        self.close(device);
        if is_gone {
            for leaf in ["state", "availability"] {
                self.keep(&format!("{}/{leaf}", device.topic), "");
            }
            if let Some(topic) = self.discovery_topic(&device.name) {
                self.keep(&topic, "");
            }
            self.entities.lock().remove(&device.name);
        }
    }

    /// Closes a device. Nothing is told of it afterwards.
    pub(crate) fn close(&self, device: &Device) {
        device.memory.lock().is_closed = true;
        for slot in [&device.sampler, &device.safety] {
            let timer = slot.lock().take();
            if let Some(timer) = timer {
                timer.cancel();
            }
        }
        if let Ok(Err(error)) = device.thing.as_ref().map(|thing| thing.close()) {
            self.complain(&device.name, &error);
        }
    }

    /// Returns the topic of a device's discovery, unless there is no discovery. The device without a name is the node.
    fn discovery_topic(&self, device: &str) -> Option<String> {
        self.settings.discovery.as_ref().map(|prefix| discovery::topic(prefix, &self.settings, device))
    }

    /// Tells Home Assistant of the node.
    pub(crate) fn announce_node(&self) {
        let Some(topic) = self.discovery_topic("") else { return };
        let payload = discovery::node_payload(&self.settings, self.gpio.board().model());
        self.keep(&topic, payload.to_string());
    }

    /// Tells Home Assistant of a device.
    fn announce(&self, device: &Device) {
        let (Some(topic), Ok(thing)) = (self.discovery_topic(&device.name), &device.thing) else { return };
        let entities = thing.entities();
        if entities.is_empty() {
            return;
        }
        let mut all = self.entities.lock();
        let told = all.entry(device.name.clone()).or_default();
        let described = Described {
            name: &device.name,
            title: device.appearance.name.as_deref().unwrap_or(&device.name),
            kind: device.part.kind.name(),
            icon: device.appearance.icon.as_deref(),
            area: device.appearance.area.as_deref(),
            entities: &entities,
            former: told,
        };
        let payload = discovery::payload(&self.settings, &described);
        told.extend(entities.iter().map(Entity::id));
        self.keep(&topic, payload.to_string());
    }

    /// Clears what an earlier run of the node left on the broker, and is there no more.
    fn clear(&self, leftovers: Leftovers) {
        let devices: Vec<Arc<Device>> = self.devices.lock().values().cloned().collect();
        let present = devices.iter().map(|device| device.topic.clone()).collect();
        let names = devices.iter().map(|device| &*device.name).chain([""]);
        let discoveries = names.filter_map(|name| self.discovery_topic(name)).collect();
        for topic in leftovers.topics(&present, &discoveries) {
            self.keep(&topic, "");
        }
        for former in leftovers.devices {
            let Some(device) = devices.iter().find(|device| *device.name == *former.name) else { continue };
            self.entities.lock().entry(device.name.clone()).or_default().extend(former.entities);
            self.announce(device);
        }
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
            self.complain(self.settings.topics.node(), &error);
        }
    }

    /// Tells the facts about the node.
    pub(crate) fn tell_info(&self) {
        // Held until the facts are told, so that no older ones follow.
        let devices = self.devices.lock();
        let stopped = self.end.lock().then(|| milliseconds(self.gpio.wall_time()));
        let (connected, last_event) = {
            let news = self.news.lock();
            (news.connected.map(milliseconds), news.last_event.clone())
        };
        let described: Vec<Value> = devices
            .values()
            .map(|device| {
                let entities = device.thing.as_ref().map(|thing| thing.entities()).unwrap_or_default();
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
            "board": self.gpio.board().model(),
            "factory": self.gpio.name(),
            "since": milliseconds(self.since),
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
        let _telling = Telling(&device);
        loop {
            let state = device.thing.as_ref().map_err(Clone::clone).and_then(|thing| thing.state());
            if let Err(error) = &state {
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
            if let Ok(Some(state)) = state {
                post.keep(&format!("{}/state", device.topic), Value::Object(state).to_string());
            }
            if !std::mem::take(&mut memory.look_again) {
                memory.is_telling = false;
                return;
            }
        }
    }

    /// Tells an event of a device.
    pub(crate) fn tell_event(&self, name: &str, event: &str, at: Instant, mut fields: Map<String, Value>) {
        let Some(device) = self.device(name) else { return };
        let age = self.gpio.now().since(at);
        let time = self.gpio.wall_time().checked_sub(age).map(milliseconds);
        self.news.lock().last_event = Some(json!({ "device": name, "event": event, "at": time }));
        // Held until the event is in the outbox, so that events are in the order of their numbers.
        let mut memory = device.memory.lock();
        memory.events += 1;
        fields.insert("event_type".to_owned(), event.into());
        fields.insert("number".to_owned(), memory.events.into());
        self.post.lock().event(Event { topic: format!("{}/event", device.topic), at, fields });
    }

    /// Writes into the log what is wrong with a device: ten lines a minute at most.
    pub(crate) fn complain(&self, name: &str, error: &dyn Display) {
        self.has_complained(name, error);
    }

    /// Does what [`Shared::complain`] does. Returns whether there was a line.
    fn has_complained(&self, name: &str, error: &dyn Display) -> bool {
        let allowed =
            self.complaints.lock().entry(Arc::from(name)).or_default().allow(std::time::Instant::now());
        match allowed {
            None => {}
            Some(0) => warn!("{name}: {error}"),
            Some(held_back) => warn!("{name}: {error} ({held_back} messages about {name} were held back)"),
        }
        allowed.is_some()
    }

    /// Tells those who wait for an answer why a command is refused. As an event, for nobody is to hear of it later.
    fn tell_refusal(&self, device: &Device, refusal: &Refusal) {
        let fields = Map::from_iter([("reason".to_owned(), refusal.to_string().into())]);
        let event = Event { topic: format!("{}/refused", device.topic), at: self.gpio.now(), fields };
        self.post.lock().event(event);
    }

    pub(crate) fn connected(&self) {
        info!("connected with the broker as {:?}", self.settings.topics.node());
        self.news.lock().connected = Some(self.gpio.wall_time());
        self.tell_info();
        let devices = self.devices.lock();
        let filters = self.filters(&devices);
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

    /// Returns the filters of the topics on which a node listens.
    fn filters(&self, devices: &BTreeMap<Arc<str>, Arc<Device>>) -> Vec<String> {
        let mut filters: Vec<String> = Vec::new();
        for device in devices.values() {
            filters.extend(VERBS.map(|verb| format!("{}/{verb}", device.topic)));
        }
        filters.extend(self.settings.discovery.iter().map(|prefix| format!("{prefix}/status")));
        filters.push(self.settings.topics.info());
        filters
    }

    pub(crate) fn disconnected(&self) {
        let mut post = self.post.lock();
        post.sender = None;
        post.outbox.disconnected();
        self.settled.notify_all();
    }

    /// Starts the time until the safe state, for the devices that have one.
    pub(crate) fn away(self: &Arc<Self>) {
        let devices: Vec<Arc<Device>> = self.devices.lock().values().cloned().collect();
        for device in devices {
            self.wait_for_safe_state(&device);
        }
    }

    fn wait_for_safe_state(self: &Arc<Self>, device: &Arc<Device>) {
        if matches!(device.appearance.safe, None | Some(Resting::Keep)) {
            return;
        }
        let after = device.appearance.safe_after.map_or(self.settings.safe_after, Duration::from_secs_f64);
        let (weak, waiting) = (Arc::downgrade(self), Arc::downgrade(device));
        let timer = self.gpio.after(after, move || {
            let (Some(shared), Some(device)) = (weak.upgrade(), waiting.upgrade()) else { return };
            let is_connected = shared.post.lock().outbox.is_connected();
            let is_closed = device.memory.lock().is_closed;
            if is_connected || is_closed {
                return;
            }
            if let Ok(Err(error)) = device.thing.as_ref().map(|thing| thing.make_safe()) {
                shared.complain(&device.name, &error);
            }
            shared.tell_state(&device.name);
        });
        match timer {
            Ok(timer) => {
                let older = device.safety.lock().replace(timer);
                if let Some(older) = older {
                    older.cancel();
                }
            }
            Err(error) => self.complain(&device.name, &error),
        }
    }

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

    /// Takes a message from the broker.
    pub(crate) fn receive(self: &Arc<Self>, message: &Message) {
        let is_birth = self.settings.discovery.as_ref().is_some_and(|prefix| {
            message.topic.strip_prefix(&**prefix).is_some_and(|rest| rest == "/status")
        });
        if is_birth {
            if message.payload == b"online" && !message.retain {
                self.answer_birth();
            }
        } else if message.topic == self.settings.topics.info() {
            // Messages that were not kept are the node's own.
            if message.retain {
                self.clear(Leftovers::read(&message.payload));
            }
        } else {
            self.take_command(message);
        }
    }

    /// Tells all once more, after a while that differs from node to node.
    fn answer_birth(self: &Arc<Self>) {
        let mut hasher = DefaultHasher::new();
        (&self.settings.identity, self.settings.topics.node()).hash(&mut hasher);
        let pause = SPREAD.mul_f64(f64::from(hasher.finish() as u16) / f64::from(u16::MAX));
        let weak = Arc::downgrade(self);
        let timer = self.gpio.after(pause, move || {
            if let Some(shared) = weak.upgrade() {
                let mut post = shared.post.lock();
                post.outbox.repeat_all();
                post.pump();
            }
        });
        match timer {
            Ok(timer) => {
                if let Some(older) = self.birth.lock().replace(timer) {
                    older.cancel();
                }
            }
            Err(error) => warn!("Home Assistant has started, and is not told of the devices: {error}"),
        }
    }

    /// Takes a command, to be carried out in turn.
    fn take_command(&self, message: &Message) {
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
        if message.payload.len() > payload::LONGEST {
            // Not queued: many of these would fill the memory.
            let size = message.payload.len();
            let complaint = format!("a command of {size} bytes: send at most {}", payload::LONGEST);
            self.complain(&device.name, &complaint);
            return self.post.lock().repeat(&format!("{}/state", device.topic));
        }
        let order =
            Order { device: device.name.clone(), verb: verb.to_owned(), payload: message.payload.clone() };
        if !self.inbox.push(order) {
            self.complain(
                &device.name,
                &"commands come faster than the device can follow: the oldest were dropped",
            );
        }
        if let Some(device) = self.inbox.stuck_for(LONGEST_COMMAND) {
            self.fail(format!(
                "a command to {device} has not ended for {LONGEST_COMMAND:?}: start the node anew"
            ));
        }
    }

    /// Carries out a command, and tells the state.
    pub(crate) fn carry_out(&self, order: Order) {
        let Some(device) = self.device(&order.device) else { return };
        let done = match (&*order.verb, &device.thing) {
            ("get", _) => Ok(()),
            (_, Err(error)) => Err(Refusal::Pin(error.clone())),
            (verb, Ok(thing)) => thing
                .parse(&order.payload)
                .and_then(|command| self.command(&device, verb, command))
                .and_then(|command| thing.command(command)),
        };
        if !device.read_soon() {
            self.tell_state(&device.name);
        }
        if let Err(refusal) = &done {
            if self.has_complained(&device.name, refusal) {
                self.tell_refusal(&device, refusal);
            }
        }
        if done.is_err() || order.verb == "get" {
            // Those who sent the command may think that it was carried out.
            self.post.lock().repeat(&format!("{}/state", device.topic));
        }
    }

    /// Reads a command by its topic and its stamp. Fails for one that is older than another that has been carried out.
    fn command(&self, device: &Device, verb: &str, mut command: Command) -> Result<Command, Refusal> {
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

/// A thread that tells the state of a device. If the thread panics, others may tell.
struct Telling<'a>(&'a Device);

impl Drop for Telling<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.memory.lock().is_telling = false;
        }
    }
}
