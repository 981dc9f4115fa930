//! [`Leftovers`]: what an earlier run of a node left on the broker, by the facts that the broker has kept.

use std::collections::BTreeSet;

use serde::Deserialize;

/// What an earlier run of a node left on the broker: the facts that it told, as far as they matter here.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Leftovers {
    /// The topic of the node's own discovery.
    pub(crate) discovery: Option<String>,
    pub(crate) devices: Vec<Former>,
}

/// A device of an earlier run.
#[derive(Debug, Deserialize)]
pub(crate) struct Former {
    pub(crate) name: String,
    pub(crate) topic: String,
    /// The topic of the discovery.
    #[serde(default)]
    pub(crate) discovery: Option<String>,
    /// The entities, as [`Entity::id`](crate::entity::Entity::id) tells them.
    #[serde(default)]
    pub(crate) entities: BTreeSet<String>,
}

impl Leftovers {
    /// Reads the facts that a node told. Facts in another form leave nothing.
    pub(crate) fn read(info: &[u8]) -> Self {
        serde_json::from_slice(info).unwrap_or_default()
    }

    /// Returns the topics that the broker still keeps, though they are not among those of the present: the topics of the devices, and those of
    /// the discovery.
    pub(crate) fn topics(&self, devices: &BTreeSet<String>, discoveries: &BTreeSet<String>) -> Vec<String> {
        let gone = self.devices.iter().filter(|device| !devices.contains(&device.topic));
        let told =
            gone.flat_map(|device| ["state", "availability"].map(|leaf| format!("{}/{leaf}", device.topic)));
        let discoveries_then = self.devices.iter().map(|device| &device.discovery).chain([&self.discovery]);
        let discovery = discoveries_then.flatten().filter(|topic| !discoveries.contains(*topic)).cloned();
        told.chain(discovery).filter(|topic| is_topic(topic)).collect()
    }
}

/// Returns whether a message can be published on a topic.
fn is_topic(topic: &str) -> bool {
    !topic.is_empty() && topic.len() < 1024 && !topic.starts_with('$') && !topic.contains(['#', '+', '\0'])
}
