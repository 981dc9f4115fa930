//! Reads YAML into a small tree that knows its lines. Depth and size are bounded, also where anchors repeat what is there.

use std::fmt;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

/// The deepest nesting. A configuration of mqtt-io needs five levels.
const DEEPEST: usize = 32;

/// The largest tree, in bytes, after anchors have been followed.
const LARGEST: usize = 4 << 20;

/// A remark on a line of the file: what is wrong, or what the circuit does otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remark {
    pub(super) line: usize,
    pub(super) message: String,
}

impl Remark {
    pub(super) fn at(line: usize, message: impl Into<String>) -> Self {
        Remark { line, message: message.into() }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// A value, with the line on which the value begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// A text. Without quotes, it may stand for a number, a boolean or nothing.
    Text {
        text: String,
        is_quoted: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) line: usize,
    pub(super) text: String,
}

impl Node {
    /// Returns whether the node stands for nothing.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Text { text, is_quoted: false } if matches!(&**text, "" | "~" | "null" | "Null" | "NULL"))
    }

    /// Returns the bytes that a copy takes, about.
    fn size(&self) -> usize {
        let inside: usize = match &self.value {
            Value::Text { text, .. } => text.len(),
            Value::List(nodes) => nodes.iter().map(Node::size).sum(),
            Value::Map(pairs) => pairs.iter().map(|(key, node)| key.text.len() + node.size()).sum(),
        };
        inside + size_of::<(Key, Node)>()
    }
}

/// Reads a text of one document.
///
/// # Errors
/// Text that is no YAML, more than one document, a key that is there twice, a tree that is too deep or too large.
pub(super) fn read(text: &str) -> Result<Node, Remark> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut tree = Tree::default();
    for event in Parser::new_from_str(text) {
        let (event, span) =
            event.map_err(|error| Remark::at(error.marker().line(), format!("no YAML: {}", error.info())))?;
        tree.take(event, span.start.line())?;
    }
    tree.root.ok_or_else(|| Remark::at(1, "the file is empty"))
}

/// The tree as far as it has been read.
#[derive(Default)]
struct Tree {
    root: Option<Node>,
    /// The lists and maps that are not at their end, from the outermost.
    open: Vec<Open>,
    /// The nodes that have an anchor, by its number.
    anchors: Vec<(usize, Node)>,
    size: usize,
}

struct Open {
    node: Node,
    anchor: usize,
    /// The key whose value comes next, in a map.
    key: Option<Key>,
}

impl Tree {
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<(), Remark> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(Remark::at(line, "another document begins: a configuration is one document"))
            }
            Event::DocumentStart(_) => Ok(()),
            Event::Scalar(text, style, anchor, tag) => {
                let is_quoted = style != ScalarStyle::Plain || is_text(tag.as_deref(), line)?;
                self.add(Node { line, value: Value::Text { text: text.into_owned(), is_quoted } }, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                is_text(tag.as_deref(), line)?;
                self.open(Node { line, value: Value::List(Vec::new()) }, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                is_text(tag.as_deref(), line)?;
                self.open(Node { line, value: Value::Map(Vec::new()) }, anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open { node, anchor, .. }) => self.place(node, anchor),
                None => Ok(()),
            },
            Event::Alias(anchor) => {
                let node = self.anchors.iter().rev().find(|(number, _)| *number == anchor);
                let node = node.map(|(_, node)| node.clone());
                let node =
                    node.ok_or_else(|| Remark::at(line, "an alias of something that is not complete"))?;
                self.add(node, 0)
            }
        }
    }

    fn open(&mut self, node: Node, anchor: usize) -> Result<(), Remark> {
        self.count(&node)?;
        if self.open.len() == DEEPEST {
            return Err(Remark::at(node.line, format!("nested deeper than {DEEPEST} levels")));
        }
        self.open.push(Open { node, anchor, key: None });
        Ok(())
    }

    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Remark> {
        self.count(&node)?;
        self.place(node, anchor)
    }

    fn count(&mut self, node: &Node) -> Result<(), Remark> {
        self.size += node.size();
        match self.size > LARGEST {
            true => Err(Remark::at(
                node.line,
                format!("more than {} MiB, with what aliases repeat", LARGEST >> 20),
            )),
            false => Ok(()),
        }
    }

    /// Puts a node into the list or map around it.
    fn place(&mut self, node: Node, anchor: usize) -> Result<(), Remark> {
        if anchor != 0 {
            self.count(&node)?;
            self.anchors.push((anchor, node.clone()));
        }
        let Some(around) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut around.node.value {
            Value::List(nodes) => nodes.push(node),
            Value::Map(pairs) => match around.key.take() {
                Some(key) if key.text == "<<" => merge(pairs, node)?,
                Some(key) => match pairs.iter_mut().find(|(other, _)| other.text == key.text) {
                    // What was merged gives way. Its line is that of the anchor, before the map.
                    Some((other, value)) if other.line < around.node.line => (*other, *value) = (key, node),
                    Some((other, _)) => {
                        let message =
                            format!("the key {:?} is there on line {} already", key.text, other.line);
                        return Err(Remark::at(key.line, message));
                    }
                    None => pairs.push((key, node)),
                },
                None => match node.value {
                    Value::Text { text, .. } => around.key = Some(Key { line: node.line, text }),
                    _ => return Err(Remark::at(node.line, "a list or map as a key")),
                },
            },
            // Only lists and maps are opened.
            Value::Text { .. } => {}
        }
        Ok(())
    }
}

/// Puts the keys of another map, or of several, into a map that does not have them.
fn merge(pairs: &mut Vec<(Key, Node)>, node: Node) -> Result<(), Remark> {
    match node.value {
        Value::Map(others) => {
            for (key, value) in others {
                if !pairs.iter().any(|(other, _)| other.text == key.text) {
                    pairs.push((key, value));
                }
            }
            Ok(())
        }
        Value::List(nodes) => nodes.into_iter().try_for_each(|node| merge(pairs, node)),
        Value::Text { .. } => Err(Remark::at(node.line, "only a map can be merged")),
    }
}

/// Returns whether a tag says that a scalar is text.
fn is_text(tag: Option<&Tag>, line: usize) -> Result<bool, Remark> {
    match tag {
        None => Ok(false),
        Some(tag) if tag.is_yaml_core_schema() => Ok(tag.suffix == "str"),
        Some(tag) => {
            let message = format!("the tag {}{} is unknown: write the value", tag.handle, tag.suffix);
            Err(Remark::at(line, message))
        }
    }
}
