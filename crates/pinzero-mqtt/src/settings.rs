//! [`Settings`]: how a node appears on its broker.

use std::collections::BTreeSet;

use pinzero_circuit::{Mqtt, PREFIX, TOPIC};

use crate::topics::Topics;

/// How a node appears on its broker.
///
/// ```
/// use pinzero_circuit::Circuit;
/// use pinzero_mqtt::Settings;
///
/// let circuit = Circuit::parse("[mqtt]\nprefix = \"home\"\ntopic = \"{prefix}/{device}\"\n")?;
/// Settings::new(circuit.mqtt(), "attic", "0123456789abcdef")?;
/// assert!(Settings::new(circuit.mqtt(), "at/tic", "0123456789abcdef").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// The topics.
    pub(crate) topics: Topics,
    /// The first level of Home Assistant's discovery topics; `None` for no discovery.
    pub(crate) discovery: Option<String>,
    /// What tells this node from all others, for identifiers in Home Assistant.
    pub(crate) identity: String,
    /// The number of events to hold while the broker is away.
    pub(crate) queue: usize,
}

/// The first level of Home Assistant's topics, unless its settings say otherwise.
const DISCOVERY: &str = "homeassistant";

/// The number of events to hold while the broker is away.
const QUEUE: usize = 1000;

impl Settings {
    /// Returns the topics on which Home Assistant may tell that it has started; none without discovery. Home Assistant has a setting for this
    /// topic beside that for the prefix of the discovery, and whoever changes one may leave the other.
    pub(crate) fn births(&self) -> BTreeSet<String> {
        let prefixes = self.discovery.iter().flat_map(|prefix| [prefix, DISCOVERY]);
        prefixes.map(|prefix| format!("{prefix}/status")).collect()
    }

    /// Reads the settings of a circuit file, its table `[mqtt]`. `host` is the name of this computer, and `identity` tells this node from all others.
    ///
    /// # Errors
    /// A sentence about a topic that cannot be used.
    pub fn new(mqtt: &Mqtt, host: &str, identity: &str) -> Result<Self, String> {
        let node = mqtt.node.as_deref().unwrap_or(host);
        let prefix = mqtt.prefix.as_deref().unwrap_or(PREFIX);
        let topics = Topics::new(prefix, node, mqtt.topic.as_deref().unwrap_or(TOPIC))?;
        let discovery = mqtt.discovery.clone().unwrap_or_else(|| DISCOVERY.to_owned());
        Ok(Settings {
            topics,
            discovery: Some(discovery).filter(|prefix| !prefix.is_empty()),
            identity: identity.to_owned(),
            queue: mqtt.queue.unwrap_or(QUEUE),
        })
    }
}
