//! [`Topics`]: where things are on the broker.

/// The topics of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Topics {
    prefix: String,
    node: String,
    /// The topic of a device, with `{prefix}`, `{node}` and `{device}`.
    template: String,
}

impl Topics {
    /// Returns the topics of a node.
    ///
    /// # Errors
    /// A sentence about a prefix, node or template that makes no topics.
    pub(crate) fn new(prefix: &str, node: &str, template: &str) -> Result<Self, String> {
        pinzero_circuit::check_topics(prefix, node, template).map_err(|(_, message)| message)?;
        Ok(Topics { prefix: prefix.to_owned(), node: node.to_owned(), template: template.to_owned() })
    }

    /// Returns the name of the node.
    pub(crate) fn node(&self) -> &str {
        &self.node
    }

    /// Returns whether a topic lies below the node, by at least one level.
    pub(crate) fn is_below_node(&self, topic: &str) -> bool {
        let below = topic.strip_prefix(&format!("{}/{}/", self.prefix, self.node));
        below.is_some_and(|below| !below.split('/').any(str::is_empty))
    }

    /// Returns the topic that tells whether the node is there: `online` or `offline`.
    pub(crate) fn status(&self) -> String {
        format!("{}/{}/status", self.prefix, self.node)
    }

    /// Returns the topic of the facts about the node, in JSON.
    pub(crate) fn info(&self) -> String {
        format!("{}/{}/info", self.prefix, self.node)
    }

    /// Returns the topic of a device, to which `/state`, `/set`, `/get`, `/event` and `/availability` are added. A device may have a template
    /// of its `own`.
    pub(crate) fn device(&self, device: &str, own: Option<&str>) -> String {
        pinzero_circuit::fill_topic(own.unwrap_or(&self.template), &self.prefix, &self.node, device)
    }
}
