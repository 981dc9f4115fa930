//! Checks the words that the topics on a broker are made of.

/// The first level of all topics, unless the file names another.
pub const PREFIX: &str = "pinzero";

/// The template of a device's topic, unless the file has another.
pub const TOPIC: &str = "{prefix}/{node}/{device}";

/// The longest prefix or template, in bytes: a topic has at most 65,535 with all that is filled in and added.
const LONGEST: usize = 1000;

/// The longest name of a node, in characters: as much as lists of nodes show.
const LONGEST_NODE: usize = 64;

/// Checks that a prefix, the name of a node and the template of a device's topic make topics: `"pinzero"`, `"attic"`,
/// `"{prefix}/{node}/{device}"`.
///
/// ```
/// use pinzero_circuit::check_topics;
///
/// assert!(check_topics("home/pins", "attic", "{prefix}/{node}/{device}").is_ok());
/// assert!(check_topics("home/#", "attic", "{prefix}/{device}").is_err());
/// ```
///
/// # Errors
/// The key of the table `[mqtt]` whose word is wrong, and a sentence that says what to do.
pub fn check_topics(prefix: &str, node: &str, topic: &str) -> Result<(), (&'static str, String)> {
    check_levels("prefix", prefix)?;
    let is_fit = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
    if node.is_empty() || node.chars().count() > LONGEST_NODE || !node.chars().all(is_fit) {
        let message = format!(
            "the node {node:?} is no level of a topic: use at most {LONGEST_NODE} letters, digits, \"_\" and \"-\""
        );
        return Err(("node", message));
    }
    if !topic.contains("{device}") {
        return Err((
            "topic",
            format!("the topic {topic:?} is the same for all devices: add {{device}} to it"),
        ));
    }
    check_template(topic)
}

/// Returns the topic of a device, to which `/state` and `/set` are added, by its template.
///
/// ```
/// use pinzero_circuit::{TOPIC, fill_topic};
///
/// assert_eq!(fill_topic(TOPIC, "home", "attic", "pump"), "home/attic/pump");
/// ```
pub fn fill_topic(template: &str, prefix: &str, node: &str, device: &str) -> String {
    template.replace("{prefix}", prefix).replace("{node}", node).replace("{device}", device)
}

/// Checks the template of a topic.
pub(crate) fn check_template(topic: &str) -> Result<(), (&'static str, String)> {
    check_levels("topic", topic)?;
    if fill_topic(topic, "", "", "").contains(['{', '}']) {
        let message = format!(
            "the topic {topic:?} has other braces than {{prefix}}, {{node}} and {{device}}: remove them"
        );
        return Err(("topic", message));
    }
    Ok(())
}

/// Checks that a text consists of levels, and that no broker has another meaning for it.
pub(crate) fn check_levels(key: &'static str, text: &str) -> Result<(), (&'static str, String)> {
    let has_empty_level = text.split('/').any(str::is_empty);
    if has_empty_level || text.starts_with('$') || text.contains(['#', '+']) || has_control(text) {
        let advice = "use levels without \"#\" and \"+\", such as \"home/pins\"";
        return Err((key, format!("the {key} {text:?} makes no topics: {advice}")));
    }
    if text.len() > LONGEST {
        return Err((key, format!("the {key} has {} bytes: use at most {LONGEST}", text.len())));
    }
    Ok(())
}

fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}
