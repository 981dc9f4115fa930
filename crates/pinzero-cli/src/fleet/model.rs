//! [`Fleet`]: the nodes of a broker, by the messages that have come. Pure: no clock, no network. Anybody may publish on the topics, so all
//! texts are made harmless here, and memory is bounded.

use std::collections::BTreeMap;

use pinzero_mqtt::Message;
use serde::Serialize;
use serde_json::{Map, Value};

use super::pattern::Pattern;
use super::text::{harmless, harmless_fields, is_harmful};

/// The number of nodes, more than which are not shown. A broker such as mosquitto hands over about as many kept messages at once.
pub(super) const MOST_NODES: usize = 1000;
/// The number of devices of a node, and of all.
const MOST_DEVICES: usize = 256;
const MOST_DEVICES_IN_ALL: usize = 20_000;
/// The longest payloads that are read, in bytes.
const LONGEST_INFO: usize = 256 << 10;
const LONGEST_STATE: usize = 2 << 10;
/// The longest name, in characters, and the longest topic, in bytes.
const LONGEST_NAME: usize = 64;
const LONGEST_TOPIC: usize = 256;

/// The flaw of a list with a device that cannot be reached.
const UNUSABLE: &str = "lists a device without a name or without a topic that can be used";

/// The kinds of entities that take no commands.
const ONLY_TELL: [&str; 4] = ["binary_sensor", "device_automation", "event", "sensor"];

/// The nodes of a broker.
#[derive(Debug)]
pub(super) struct Fleet {
    prefix: String,
    /// The nodes, by their level in the topics.
    nodes: BTreeMap<String, Node>,
    /// The nodes that have a device with this topic.
    owners: BTreeMap<String, Vec<String>>,
    devices: usize,
    /// Whether there are more nodes or devices than fit.
    pub(super) is_over: bool,
}

/// A node.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) name: String,
    /// Whether the node is there; `None` if nobody has said so.
    pub(super) is_online: Option<bool>,
    /// When the status was seen to change; `None` if the broker had kept the status.
    seen: Option<u64>,
    pub(super) version: Option<String>,
    pub(super) board: Option<String>,
    pub(super) factory: Option<String>,
    /// When the program of the node started.
    pub(super) started: Option<u64>,
    connected: Option<u64>,
    stopped: Option<u64>,
    pub(super) last_event: Option<Event>,
    /// The number of events that were lost since the start.
    pub(super) lost: Option<u64>,
    pub(super) devices: Vec<Device>,
    /// What is wrong with the facts about the node.
    pub(super) flaw: Option<String>,
    /// When something was last seen to change.
    pub(super) changed: Option<u64>,
    /// Whether the broker has told of the node since the last [`Fleet::begin`].
    is_confirmed: bool,
    has_info: bool,
}

/// A device of a node.
#[derive(Debug, Default)]
pub(super) struct Device {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) topic: String,
    /// Whether one of its entities takes commands; `true` if the node says nothing of them.
    pub(super) takes_commands: bool,
    pub(super) is_online: Option<bool>,
    /// The state, as an object of JSON.
    state: Option<String>,
    /// The number of states that were told since this program looks, without the kept one.
    pub(super) told: u64,
    /// When the last of these came.
    pub(super) told_at: u64,
    pub(super) last_event: Option<Event>,
    /// Why a command was refused, and the number of such messages.
    pub(super) refusal: String,
    pub(super) refusals: u64,
    pub(super) changed: Option<u64>,
    /// Whether the broker has been asked for messages of this device.
    is_asked: bool,
}

/// An event of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Event {
    pub(super) device: String,
    pub(super) event: String,
    pub(super) at: u64,
}

/// Since when a node is there, or is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Since {
    At(u64),
    /// Since some time after this: the last sign of life. A broker keeps `offline` without a time.
    After(u64),
    Unknown,
}

impl Fleet {
    pub(super) fn new(prefix: &str) -> Self {
        Fleet {
            prefix: prefix.to_owned(),
            nodes: BTreeMap::new(),
            owners: BTreeMap::new(),
            devices: 0,
            is_over: false,
        }
    }

    /// Returns the nodes, by name.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values()
    }

    /// Returns the devices that a pattern fits, each with its node.
    pub(super) fn devices(&self, pattern: &Pattern) -> impl Iterator<Item = (&Node, &Device)> {
        let devices =
            self.nodes.values().flat_map(|node| node.devices.iter().map(move |device| (node, device)));
        devices.filter(|(node, device)| pattern.fits(&node.name, &device.name))
    }

    /// Returns the device with this topic.
    pub(super) fn device(&self, topic: &str) -> Option<&Device> {
        let node = self.nodes.get(self.owners.get(topic)?.first()?)?;
        node.devices.iter().find(|device| device.topic == topic)
    }

    /// Returns whether several nodes say that this topic belongs to a device of theirs.
    pub(super) fn is_disputed(&self, topic: &str) -> bool {
        self.owners.get(topic).is_some_and(|owners| owners.len() > 1)
    }

    /// Starts to hear anew, after a new connection: the broker tells again what it keeps.
    pub(super) fn begin(&mut self) {
        for node in self.nodes.values_mut() {
            node.is_confirmed = false;
            for device in &mut node.devices {
                device.is_asked = false;
            }
        }
    }

    /// Forgets the nodes of which the broker has not told since [`Fleet::begin`].
    pub(super) fn end(&mut self) {
        let gone: Vec<String> =
            self.nodes.iter().filter(|(_, node)| !node.is_confirmed).map(|(name, _)| name.clone()).collect();
        for name in gone {
            self.remove(&name);
        }
    }

    /// Returns the topics of devices for whose messages the broker has not been asked, at most `most`. The next call returns others.
    pub(super) fn ask(&mut self, pattern: &Pattern, most: usize) -> Vec<String> {
        let mut topics = Vec::new();
        for node in self.nodes.values_mut() {
            for device in node.devices.iter_mut().filter(|device| !device.is_asked) {
                if topics.len() == most {
                    return topics;
                }
                if pattern.fits(&node.name, &device.name) {
                    device.is_asked = true;
                    topics.push(device.topic.clone());
                }
            }
        }
        topics
    }

    /// Takes a message that came at `now`, in milliseconds since 1970.
    pub(super) fn take(&mut self, message: &Message, now: u64) {
        let Some((topic, leaf)) = message.topic.rsplit_once('/') else { return };
        let node = topic.strip_prefix(&*self.prefix).and_then(|rest| rest.strip_prefix('/'));
        match (node.filter(|node| !node.contains('/')), leaf) {
            (Some(node), "status") => self.take_status(node, message, now),
            (Some(node), "info") => self.take_info(node, message, now),
            _ => self.take_of_device(topic, leaf, message, now),
        }
    }

    fn take_status(&mut self, key: &str, message: &Message, now: u64) {
        if message.payload.is_empty() {
            if let Some(node) = self.nodes.get_mut(key) {
                node.is_online = None;
                if !node.has_info {
                    self.remove(key);
                }
            }
            return;
        }
        let Some(node) = self.node(key) else { return };
        node.is_confirmed = true;
        let status = is_online(&message.payload);
        if status != node.is_online {
            node.is_online = status;
            node.seen = (!message.retain).then_some(now);
            node.mark(message, now);
        }
    }

    fn take_info(&mut self, key: &str, message: &Message, now: u64) {
        if message.payload.is_empty() {
            self.set_devices(key, Vec::new());
            if let Some(node) = self.nodes.get_mut(key) {
                node.has_info = false;
                if node.is_online.is_none() {
                    self.remove(key);
                }
            }
            return;
        }
        let Some(node) = self.node(key) else { return };
        (node.is_confirmed, node.has_info) = (true, true);
        let mut facts = match read(&message.payload, LONGEST_INFO) {
            Ok(fields) => Facts { fields, flaw: None },
            Err(flaw) => {
                node.flaw = Some(format!("/info {flaw}"));
                return;
            }
        };
        node.version = facts.text("version");
        node.board = facts.text("board");
        node.factory = facts.text("factory");
        node.started = facts.number("since");
        node.connected = facts.number("connected");
        node.stopped = facts.number("stopped");
        let lost = facts.number("lost");
        if node.lost != lost {
            node.lost = lost;
            node.mark(message, now);
        }
        match facts.fields.remove("last_event") {
            None | Some(Value::Null) => {}
            Some(Value::Object(fields)) => {
                let mut event = Facts { fields, flaw: None };
                if let (Some(device), Some(name), Some(at)) =
                    (event.text("device"), event.text("event"), event.number("at"))
                {
                    // An event that was heard is as new or newer.
                    if node.last_event.as_ref().is_none_or(|last| last.at < at) {
                        node.last_event = Some(Event { device, event: name, at });
                    }
                }
                facts.flaw = facts.flaw.or(event.flaw);
            }
            Some(_) => facts.wrong("last_event", "an object"),
        }
        let listed = match facts.fields.remove("devices") {
            Some(Value::Array(listed)) => listed,
            None => Vec::new(),
            Some(_) => {
                facts.wrong("devices", "a list");
                Vec::new()
            }
        };
        let mut devices: Vec<Device> = Vec::new();
        for value in listed.into_iter().take(MOST_DEVICES + 1) {
            match device(value) {
                _ if devices.len() == MOST_DEVICES => {
                    facts.flaw =
                        Some(format!("lists more than {MOST_DEVICES} devices: the others are left out"));
                }
                Some(device) if devices.iter().any(|other| other.name == device.name) => {
                    facts.flaw = Some(format!("lists the device {:?} twice", device.name));
                }
                Some(device) => devices.push(device),
                None => facts.flaw = Some(UNUSABLE.to_owned()),
            }
        }
        node.flaw = facts.flaw.map(|flaw| format!("/info {flaw}"));
        self.set_devices(key, devices);
    }

    /// Replaces the devices of a node. A device that stays keeps what is known of it.
    fn set_devices(&mut self, key: &str, mut devices: Vec<Device>) {
        let Some(node) = self.nodes.get_mut(key) else { return };
        let mut before = std::mem::take(&mut node.devices);
        self.devices -= before.len();
        let room = MOST_DEVICES_IN_ALL - self.devices;
        self.is_over |= devices.len() > room;
        devices.truncate(room);
        for device in &mut devices {
            if let Some(at) =
                before.iter().position(|old| old.name == device.name && old.topic == device.topic)
            {
                let old = before.swap_remove(at);
                let kind = std::mem::take(&mut device.kind);
                *device = Device { kind, takes_commands: device.takes_commands, ..old };
            } else {
                let owners = self.owners.entry(device.topic.clone()).or_default();
                if !owners.iter().any(|owner| owner == key) {
                    owners.push(key.to_owned());
                }
            }
        }
        self.devices += devices.len();
        node.devices = devices;
        for old in before {
            let is_owner = node.devices.iter().any(|device| device.topic == old.topic);
            if let (Some(owners), false) = (self.owners.get_mut(&old.topic), is_owner) {
                owners.retain(|owner| owner != key);
                if owners.is_empty() {
                    self.owners.remove(&old.topic);
                }
            }
        }
    }

    fn take_of_device(&mut self, topic: &str, leaf: &str, message: &Message, now: u64) {
        for key in self.owners.get(topic).into_iter().flatten() {
            let Some(node) = self.nodes.get_mut(key) else { continue };
            let devices = node.devices.iter_mut().filter(|device| device.topic == topic);
            for device in devices {
                match leaf {
                    "state" => device.take_state(message, now),
                    "availability" => device.take_availability(message, now),
                    "refused" if !message.retain => device.take_refusal(message),
                    // An event that was kept is a mistake of somebody: nobody has just pressed anything.
                    "event" if !message.retain => {
                        if let Some(event) = device.take_event(message, now) {
                            node.last_event = Some(event);
                            node.changed = Some(now);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// Returns the node with this level in its topics, which may be new. `None` for a level that is none, and if there are too many.
    fn node(&mut self, key: &str) -> Option<&mut Node> {
        // The level below which programs such as this one publish.
        if key.is_empty() || key.starts_with('$') || key.len() > LONGEST_TOPIC {
            return None;
        }
        if !self.nodes.contains_key(key) {
            if self.nodes.len() == MOST_NODES {
                self.is_over = true;
                return None;
            }
            let node = Node { name: harmless(key, LONGEST_NAME), ..Node::default() };
            self.nodes.insert(key.to_owned(), node);
        }
        self.nodes.get_mut(key)
    }

    fn remove(&mut self, key: &str) {
        self.set_devices(key, Vec::new());
        self.nodes.remove(key);
    }
}

impl Node {
    /// Returns since when the node is there, or is not.
    pub(super) fn since(&self) -> Since {
        match self.is_online {
            Some(true) => self.connected.or(self.seen).map_or(Since::Unknown, Since::At),
            Some(false) => match self.seen.or(self.stopped) {
                Some(at) => Since::At(at),
                None => {
                    let event = self.last_event.as_ref().map(|event| event.at);
                    self.connected.max(event).max(self.started).map_or(Since::Unknown, Since::After)
                }
            },
            None => Since::Unknown,
        }
    }

    /// Marks the node as changed, unless the broker had kept the message.
    fn mark(&mut self, message: &Message, now: u64) {
        if !message.retain {
            self.changed = Some(now);
        }
    }
}

impl Device {
    /// Returns the state that was told last.
    pub(super) fn state(&self) -> Option<Map<String, Value>> {
        self.state.as_ref().and_then(|state| serde_json::from_str(state).ok())
    }

    fn take_state(&mut self, message: &Message, now: u64) {
        let state = read(&message.payload, LONGEST_STATE).ok();
        let state = state.map(|fields| Value::Object(harmless_fields(fields, LONGEST_TOPIC)).to_string());
        if !message.retain {
            self.told += 1;
            self.told_at = now;
            if self.state != state {
                self.changed = Some(now);
            }
        }
        self.state = state;
    }

    fn take_availability(&mut self, message: &Message, now: u64) {
        let is_online = is_online(&message.payload);
        if self.is_online != is_online && !message.retain {
            self.changed = Some(now);
        }
        self.is_online = is_online;
    }

    fn take_refusal(&mut self, message: &Message) {
        let Ok(mut fields) = read(&message.payload, LONGEST_STATE) else { return };
        if let Some(Value::String(reason)) = fields.remove("reason") {
            self.refusal = harmless(&reason, LONGEST_TOPIC);
            self.refusals += 1;
        }
    }

    fn take_event(&mut self, message: &Message, now: u64) -> Option<Event> {
        let mut facts = Facts { fields: read(&message.payload, LONGEST_STATE).ok()?, flaw: None };
        let event = facts.text("event_type")?;
        let event = Event { device: self.name.clone(), event, at: facts.number("at").unwrap_or(now) };
        self.last_event = Some(event.clone());
        self.changed = Some(now);
        Some(event)
    }
}

/// The fields of an object, and what is wrong with them.
#[derive(Debug)]
struct Facts {
    fields: Map<String, Value>,
    flaw: Option<String>,
}

impl Facts {
    fn text(&mut self, name: &str) -> Option<String> {
        match self.fields.remove(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(harmless(&text, LONGEST_NAME)),
            Some(_) => {
                self.wrong(name, "a text");
                None
            }
        }
    }

    /// Takes a whole number from 0 to 2^53, which all programs can read.
    fn number(&mut self, name: &str) -> Option<u64> {
        match self.fields.remove(name) {
            None | Some(Value::Null) => None,
            Some(value) => {
                let number = value.as_u64().filter(|number| *number <= 1 << 53);
                if number.is_none() {
                    self.wrong(name, "a whole number");
                }
                number
            }
        }
    }

    fn wrong(&mut self, name: &str, wanted: &str) {
        self.flaw = Some(format!("has a {name:?} that is not {wanted}"));
    }
}

/// Reads an object of JSON; else returns what is wrong.
fn read(payload: &[u8], longest: usize) -> Result<Map<String, Value>, String> {
    if payload.len() > longest {
        return Err(format!("has {} bytes: more than {longest} are not read", payload.len()));
    }
    serde_json::from_slice(payload).map_err(|_| "is not an object of JSON".to_owned())
}

/// Reads a device out of the facts about a node.
fn device(value: Value) -> Option<Device> {
    let Value::Object(fields) = value else { return None };
    let topic = fields.get("topic").and_then(Value::as_str).unwrap_or_default().to_owned();
    let is_fit = !topic.is_empty() && topic.len() <= LONGEST_TOPIC && !topic.starts_with('$');
    if !is_fit || topic.contains(|letter| matches!(letter, '+' | '#') || is_harmful(letter)) {
        return None;
    }
    let entities = fields.get("entities").and_then(Value::as_array).cloned().unwrap_or_default();
    let only_tells = |entity: &Value| {
        let platform = entity.as_str().and_then(|id| id.split('.').next());
        platform.is_some_and(|platform| ONLY_TELL.contains(&platform))
    };
    let takes_commands = entities.is_empty() || !entities.iter().all(only_tells);
    let mut facts = Facts { fields, flaw: None };
    let name = facts.text("name").filter(|name| !name.is_empty())?;
    let kind = facts.text("kind").unwrap_or_default();
    Some(Device { name, kind, topic, takes_commands, ..Device::default() })
}

/// Returns what a status says; `None` for what nobody's node writes.
fn is_online(payload: &[u8]) -> Option<bool> {
    match payload {
        b"online" => Some(true),
        b"offline" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
