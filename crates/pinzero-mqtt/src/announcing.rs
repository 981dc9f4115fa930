//! Tells Home Assistant of the node and its devices, and takes back what is there no more.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use log::warn;

use crate::device::Device;
use crate::discovery::{self, Described};
use crate::entity::Entity;
use crate::leftovers::Leftovers;
use crate::shared::Shared;

/// The longest time until a node answers the start of Home Assistant, so that not all nodes answer in the same instant.
const SPREAD: Duration = Duration::from_secs(2);

impl Shared {
    /// Returns the topic of a device's discovery, unless there is no discovery. The device without a name is the node.
    pub(crate) fn discovery_topic(&self, device: &str) -> Option<String> {
        self.settings.discovery.as_ref().map(|prefix| discovery::topic(prefix, &self.settings, device))
    }

    /// Tells Home Assistant of the node.
    pub(crate) fn announce_node(&self) {
        let Some(topic) = self.discovery_topic("") else { return };
        let payload = discovery::node_payload(&self.settings, self.gpio.board().model());
        self.keep(&topic, payload.to_string());
    }

    /// Tells Home Assistant of a device, and takes back those entities of an earlier run that the device no longer has. Does nothing for a
    /// device that has been removed.
    pub(crate) fn announce(&self, device: &Arc<Device>, former: impl IntoIterator<Item = String>) {
        let Some(topic) = self.discovery_topic(&device.name) else { return };
        // Held until the device is told of, so that no older names follow, and nothing follows the removal.
        let mut all = self.entities.lock();
        if !self.device(&device.name).is_some_and(|present| Arc::ptr_eq(&present, device)) {
            return;
        }
        let told = all.entry(device.name.clone()).or_default();
        told.extend(former);
        let entities = device.entities();
        if entities.is_empty() {
            return;
        }
        let appearance = device.appearance.lock().clone();
        let described = Described {
            name: &device.name,
            topic: &device.topic,
            title: appearance.name.as_deref().unwrap_or(&device.name),
            kind: device.part.kind.name(),
            icon: appearance.icon.as_deref(),
            area: appearance.area.as_deref(),
            entities: &entities,
            former: told,
        };
        let payload = discovery::payload(&self.settings, &described);
        told.extend(entities.iter().map(Entity::id));
        self.keep(&topic, payload.to_string());
    }

    /// Clears what an earlier run of the node left on the broker, and is there no more.
    pub(crate) fn clear(&self, leftovers: Leftovers) {
        {
            // Held until all is cleared, so that a new device tells its state afterwards.
            let devices = self.devices.lock();
            let present = devices.values().map(|device| device.topic.clone()).collect();
            let names = devices.keys().map(|name| &**name).chain([""]);
            let discoveries = names.filter_map(|name| self.discovery_topic(name)).collect();
            for topic in leftovers.topics(&self.settings, &present, &discoveries) {
                self.keep(&topic, "");
            }
        }
        for former in leftovers.devices() {
            if let Some(device) = self.device(&former.name) {
                self.announce(&device, former.entities());
            }
        }
    }

    /// Tells all once more, after a while that differs from node to node.
    pub(crate) fn answer_birth(self: &Arc<Self>) {
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
}
