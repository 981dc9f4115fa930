//! `--check`: what would be on the broker.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use pinzero::mock;
use pinzero_mqtt::{Broker, Incoming, LinkError, Message, Node, Receiver, Sender};
use serde::Serialize;
use serde_json::Value;

use super::{Options, Plan};
use crate::output;
use crate::sim::part;

/// How long to wait for the first state of a sensor.
const PATIENCE: Duration = Duration::from_secs(3);

/// What `--check --json` prints.
#[derive(Debug, Serialize)]
struct Report {
    node: String,
    broker: Option<String>,
    status: String,
    info: String,
    devices: Vec<Device>,
}

#[derive(Debug, Serialize)]
struct Device {
    name: String,
    kind: String,
    /// The beginning of the device's topics.
    topic: String,
    topics: Vec<String>,
    /// The first state, of a simulated part.
    state: Value,
    /// Where Home Assistant finds the device.
    discovery: Option<String>,
    entities: Vec<Entity>,
}

#[derive(Debug, Serialize)]
struct Entity {
    platform: String,
    id: String,
}

/// Checks the file, and prints what would be on the broker.
///
/// # Errors
/// A mistake in the file or the options.
pub(crate) fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let plan = options.plan()?;
    if plan.mqtt.broker.is_some() {
        options.broker(&plan)?;
    }
    // Devices tell the discovery what they are, hence there is one, even if nobody else is to see it.
    let has_discovery = plan.mqtt.discovery.as_deref() != Some("");
    let mut mqtt = plan.mqtt.clone();
    mqtt.discovery = mqtt.discovery.filter(|_| has_discovery);
    let settings = Plan::settings(&mqtt, &plan.node)?;
    let pins = mock::builder().board(plan.circuit.board().clone()).realtime().try_open()?;
    let _parts = part::connect(&pins, &plan.circuit);
    let mut paper = Paper::default();
    // The connection ends by an error, once all is told.
    let _ = Node::open(&pins, &plan.circuit, settings).run(&mut paper);
    let mut report = Report::of(&plan, &paper.0.0.lock().messages)?;
    if !has_discovery {
        report.devices.iter_mut().for_each(|device| device.discovery = None);
    }
    if options.json {
        output::print_json(&report)?;
    } else {
        output::print(&report.text())?;
    }
    Ok(())
}

impl Report {
    /// Reads what a node has told.
    fn of(plan: &Plan, messages: &BTreeMap<String, Value>) -> Result<Self, Box<dyn Error>> {
        let find =
            |leaf: &str| messages.keys().find(|topic| topic.ends_with(&format!("/{}/{leaf}", plan.node)));
        let (Some(status), Some(info)) = (find("status"), find("info")) else {
            return Err("the node has told nothing: this is a bug in pinzero".into());
        };
        let devices = messages[info]["devices"]
            .as_array()
            .map(|devices| devices.iter().map(|device| Device::of(device, messages)).collect());
        Ok(Report {
            node: plan.node.clone(),
            broker: plan.mqtt.broker.clone(),
            status: status.clone(),
            info: info.clone(),
            devices: devices.unwrap_or_default(),
        })
    }

    fn text(&self) -> String {
        let broker = self.broker.as_deref().unwrap_or("a broker that --broker names");
        let mut text = format!("{} on {broker}\n  {}\n  {}\n", self.node, self.status, self.info);
        for device in &self.devices {
            text += &format!("{} ({})\n", device.name, device.kind);
            for topic in &device.topics {
                let has_state = topic.ends_with("/state") && !device.state.is_null();
                let state = if has_state { format!("  {}", device.state) } else { String::new() };
                // A string takes everything.
                let _ = writeln!(text, "  {topic}{state}");
            }
            let platforms: Vec<&str> = device.entities.iter().map(|entity| &*entity.platform).collect();
            match &device.discovery {
                _ if platforms.is_empty() => {
                    text += "  is not simulated: see the warning\n";
                }
                Some(topic) => _ = writeln!(text, "  {topic}  {}", platforms.join(", ")),
                None => {}
            }
        }
        text
    }
}

impl Device {
    /// Reads what a node has told about a device. `facts` is what the node's information says.
    fn of(facts: &Value, messages: &BTreeMap<String, Value>) -> Self {
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let topic = word(&facts["topic"]);
        let below = format!("{topic}/");
        let mut topics: BTreeSet<String> =
            messages.keys().filter(|other| other.starts_with(&below)).cloned().collect();
        let state = messages.get(&format!("{topic}/state")).cloned().unwrap_or_default();
        let mut device = Device {
            name: word(&facts["name"]),
            kind: word(&facts["kind"]),
            topic,
            topics: Vec::new(),
            state,
            discovery: None,
            entities: Vec::new(),
        };
        for (path, message) in messages.iter().filter(|(_, message)| message["components"].is_object()) {
            let named = topics_in(message, &below);
            if !named.is_empty() {
                topics.extend(named);
                device.discovery = Some(path.clone());
                let components = message["components"].as_object().into_iter().flatten();
                device.entities = components
                    .map(|(id, component)| Entity { platform: word(&component["platform"]), id: id.clone() })
                    .collect();
            }
        }
        device.topics = topics.into_iter().collect();
        device
    }
}

/// Returns the topics that begin so, from anywhere in a message of the discovery.
fn topics_in(message: &Value, below: &str) -> BTreeSet<String> {
    match message {
        Value::String(text) if text.starts_with(below) => BTreeSet::from([text.clone()]),
        Value::Array(values) => values.iter().flat_map(|value| topics_in(value, below)).collect(),
        Value::Object(fields) => fields.values().flat_map(|value| topics_in(value, below)).collect(),
        _ => BTreeSet::new(),
    }
}

/// A broker on paper: takes all that is told, and ends the connection once the states are there.
#[derive(Debug, Clone, Default)]
struct Paper(Arc<(Mutex<Sheet>, Condvar)>);

#[derive(Debug, Default)]
struct Sheet {
    /// The newest message of each topic.
    messages: BTreeMap<String, Value>,
    /// The tickets to give back.
    tickets: VecDeque<u64>,
    is_connected: bool,
}

impl Sheet {
    /// Returns whether each device that has a state has told one. The first reading of a sensor takes a moment.
    fn is_complete(&self) -> bool {
        let mut told = self.messages.values().filter(|message| message["components"].is_object());
        told.all(|discovery| {
            let mut topics = topics_in(discovery, "").into_iter().filter(|topic| topic.ends_with("/state"));
            topics.all(|topic| self.messages.contains_key(&topic))
        })
    }
}

impl Broker for Paper {
    fn connect(&mut self, _: Option<&Message>) -> Result<(Arc<dyn Sender>, Box<dyn Receiver>), LinkError> {
        Ok((Arc::new(self.clone()), Box::new(self.clone())))
    }
}

impl Sender for Paper {
    fn publish(&self, ticket: u64, message: &Message) -> bool {
        let text = String::from_utf8_lossy(&message.payload);
        let value = serde_json::from_str(&text).unwrap_or_else(|_| text.into());
        let (sheet, has_changed) = &*self.0;
        let mut sheet = sheet.lock();
        sheet.messages.insert(message.topic.clone(), value);
        sheet.tickets.push_back(ticket);
        has_changed.notify_all();
        true
    }

    fn subscribe(&self, _: &[String]) -> bool {
        true
    }

    fn disconnect(&self) {}

    fn abandon(&self) {}
}

impl Receiver for Paper {
    fn next(&mut self) -> Result<Incoming, LinkError> {
        let (sheet, has_changed) = &*self.0;
        let mut sheet = sheet.lock();
        if !std::mem::replace(&mut sheet.is_connected, true) {
            return Ok(Incoming::Connected);
        }
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(ticket) = sheet.tickets.pop_front() {
                return Ok(Incoming::Told(ticket));
            }
            if sheet.is_complete() || has_changed.wait_until(&mut sheet, end).timed_out() {
                return Err(LinkError::final_one("all is told"));
            }
        }
    }
}
