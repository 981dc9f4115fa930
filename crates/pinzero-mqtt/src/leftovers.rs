//! [`Leftovers`]: what an earlier run of a node left on the broker, by the facts that the broker has kept.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::discovery;
use crate::entity::PLATFORMS;
use crate::settings::Settings;

/// The number of devices whose leftovers are cleared: more than a computer has.
const DEVICES: usize = 500;

/// The number of former entities of a device that are taken back.
const ENTITIES: usize = 64;

/// What an earlier run of a node left on the broker: the facts that it told, as far as they matter here.
///
/// Whoever may write on the broker may have written these facts, so only what this node can have told counts.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Leftovers {
    /// The identity of the node.
    #[serde(default)]
    pub(crate) identity: String,
    /// The topic of the node's own discovery.
    discovery: Option<String>,
    devices: Vec<Former>,
}

/// A device of an earlier run.
#[derive(Debug, Deserialize)]
pub(crate) struct Former {
    pub(crate) name: String,
    topic: String,
    /// The topic of the discovery.
    discovery: Option<String>,
    /// The entities, as [`Entity::id`](crate::entity::Entity::id) tells them.
    #[serde(default)]
    entities: BTreeSet<String>,
}

impl Leftovers {
    /// Reads the facts that a node told. Facts in another form leave nothing.
    pub(crate) fn read(info: &[u8]) -> Self {
        serde_json::from_slice(info).unwrap_or_default()
    }

    /// Returns the topics that the broker still keeps, though they are not among those of the present: the topics of the devices, and those of
    /// the discovery.
    pub(crate) fn topics(
        &self,
        settings: &Settings,
        devices: &BTreeSet<String>,
        discoveries: &BTreeSet<String>,
    ) -> Vec<String> {
        let then = || self.devices.iter().take(DEVICES);
        let gone = then().filter(|device| !devices.contains(&device.topic) && device.is_of(settings));
        let told =
            gone.flat_map(|device| ["state", "availability"].map(|leaf| format!("{}/{leaf}", device.topic)));
        let discovery = then().map(|device| &device.discovery).chain([&self.discovery]).flatten();
        let discovery = discovery
            .filter(|topic| !discoveries.contains(*topic) && discovery::is_topic_of(settings, topic))
            .cloned();
        told.chain(discovery).filter(|topic| is_topic(topic)).collect()
    }

    /// Returns the devices, as far as the node can have told of them.
    pub(crate) fn devices(self) -> impl Iterator<Item = Former> {
        self.devices.into_iter().take(DEVICES)
    }
}

impl Former {
    /// Returns whether the topic is one for a device of this node: by the template of today, or below the node.
    fn is_of(&self, settings: &Settings) -> bool {
        let is_by_template =
            !self.name.contains('/') && settings.topics.device(&self.name, None) == self.topic;
        is_by_template || settings.topics.is_below_node(&self.topic)
    }

    /// Returns the entities, as far as pinzero has such ones.
    pub(crate) fn entities(self) -> impl Iterator<Item = String> {
        self.entities.into_iter().filter(|id| is_entity(id)).take(ENTITIES)
    }
}

/// Returns whether a message can be published on a topic.
fn is_topic(topic: &str) -> bool {
    !topic.is_empty() && topic.len() < 1024 && !topic.starts_with('$') && !topic.contains(['#', '+', '\0'])
}

/// Returns whether an entity of pinzero can have this [`id`](crate::entity::Entity::id).
fn is_entity(id: &str) -> bool {
    let is_word = |word: &str| {
        (1..=64).contains(&word.len())
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    match id.split_once('.') {
        None => PLATFORMS.contains(&id),
        Some((platform, key)) => PLATFORMS.contains(&platform) && is_word(key),
    }
}
