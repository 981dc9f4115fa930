//! [`Shared`]: what the threads of a node share.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::Arc;

use log::warn;
use parking_lot::{Condvar, Mutex};
use pinzero::time::Instant;
use pinzero::{Gpio, Timer};
use pinzero_circuit::{Appearance, Part};
use serde_json::Value;

use crate::device::Device;
use crate::inbox::Inbox;
use crate::limit::Limit;
use crate::link::LinkError;
use crate::post::Post;
use crate::reporter::Reporter;
use crate::settings::Settings;
use crate::telling::News;
use crate::things::{self, Opening};

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
    /// The entities that Home Assistant has been told of, by the names of their devices. Taken before `devices`.
    pub(crate) entities: Mutex<BTreeMap<Arc<str>, BTreeSet<String>>>,
    /// Runs after Home Assistant has started, until the node answers.
    pub(crate) birth: Mutex<Option<Timer>>,
    /// When the node was opened, on the factory's clock.
    pub(crate) since: Instant,
    pub(crate) news: Mutex<News>,
    pub(crate) end: Mutex<bool>,
    pub(crate) ending: Condvar,
    /// Why the node has to end by itself.
    pub(crate) failure: Mutex<Option<LinkError>>,
}

impl Shared {
    /// Opens a device, and tells the broker of the device.
    pub(crate) fn add(self: &Arc<Self>, name: Arc<str>, part: Part, appearance: Appearance) {
        let topic = self.settings.topics.device(&name, appearance.topic.as_deref());
        // The file names no such two, but the name of the computer may make one.
        let other = self.devices.lock().values().find(|other| other.topic == topic).cloned();
        if let Some(other) = other {
            let complaint =
                format!("{} has the topic {topic:?} already: give one of them another", other.name);
            return self.complain(&name, &complaint);
        }
        let reporter = Reporter {
            shared: Arc::downgrade(self),
            device: name.clone(),
            topic: Arc::from(&*topic),
            memory: Arc::default(),
        };
        let opening = Opening { gpio: &self.gpio, appearance: &appearance, reporter: reporter.clone() };
        let thing = things::open(&part, &opening);
        if let Err(error) = &thing {
            self.complain(&name, error);
        }
        let device = Arc::new(Device {
            name: name.clone(),
            part,
            appearance: Mutex::new(appearance),
            topic,
            thing,
            memory: reporter.memory.clone(),
            sampler: Mutex::default(),
            safety: Mutex::default(),
        });
        self.devices.lock().insert(name.clone(), device.clone());
        self.listen(&device);
        self.announce(&device, []);
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

    /// Closes a device, and removes what the broker keeps of it. `topic` is that of the device which takes its place.
    pub(crate) fn remove(&self, device: &Device, topic: Option<&str>) {
        self.devices.lock().remove(&device.name);
        self.close(device);
        if topic != Some(&device.topic) {
            for leaf in ["state", "availability"] {
                self.keep(&format!("{}/{leaf}", device.topic), "");
            }
        }
        if topic.is_none() {
            let mut entities = self.entities.lock();
            entities.remove(&device.name);
            if let Some(topic) = self.discovery_topic(&device.name) {
                self.keep(&topic, "");
            }
        }
    }

    /// Closes a device, and tells the state that stays. Nothing is told of it afterwards.
    pub(crate) fn close(&self, device: &Device) {
        for slot in [&device.sampler, &device.safety] {
            let timer = slot.lock().take();
            if let Some(timer) = timer {
                timer.cancel();
            }
        }
        let finished = device.thing.as_ref().map_or(Ok(None), |thing| thing.finish());
        {
            // Held until the state is told, so that no older one follows.
            let mut memory = device.memory.lock();
            memory.is_closed = true;
            if let Ok(Some(state)) = &finished {
                let state = Value::Object(state.clone()).to_string();
                self.keep(&format!("{}/state", device.topic), state);
            }
        }
        let closed = device.thing.as_ref().map_or(Ok(()), |thing| thing.close());
        for error in [finished.err(), closed.err()].into_iter().flatten() {
            self.complain(&device.name, &error);
        }
    }

    /// Tells what the broker keeps; an empty payload clears the topic.
    pub(crate) fn keep(&self, topic: &str, payload: impl Into<Vec<u8>>) {
        self.post.lock().keep(topic, payload);
    }

    /// Returns the device of this name.
    pub(crate) fn device(&self, name: &str) -> Option<Arc<Device>> {
        self.devices.lock().get(name).cloned()
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
}
