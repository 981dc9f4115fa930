//! Lists nodes and devices: as a table for people, as JSON for programs.

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use serde_json::{Map, Value};

use super::Options;
use super::link::{self, Link, State};
use super::model::{Device, Event, Fleet, MOST_NODES, Node, Since};
use super::pattern::{Pattern, no_match};
use super::text::{span, words};
use crate::columns::{columns, fit};
use crate::output;
use crate::verdict::{Outcome, Verdict};

/// What `pinzero fleet --json` prints.
#[derive(Debug, Serialize)]
struct Nodes<'a> {
    prefix: &'a str,
    /// Whether the broker has told all that it keeps, and all of that fits.
    complete: bool,
    nodes: Vec<NodeFacts<'a>>,
}

#[derive(Debug, Serialize)]
struct NodeFacts<'a> {
    node: &'a str,
    status: &'static str,
    since: Option<u64>,
    since_after: Option<u64>,
    started: Option<u64>,
    board: Option<&'a str>,
    version: Option<&'a str>,
    factory: Option<&'a str>,
    devices: Vec<&'a str>,
    last_event: Option<&'a Event>,
    lost: Option<u64>,
    flaw: Option<&'a str>,
}

/// What `pinzero fleet devices --json` prints.
#[derive(Debug, Serialize)]
struct Devices<'a> {
    prefix: &'a str,
    complete: bool,
    devices: Vec<DeviceFacts<'a>>,
}

#[derive(Debug, Serialize)]
struct DeviceFacts<'a> {
    node: &'a str,
    device: &'a str,
    kind: &'a str,
    topic: &'a str,
    status: &'static str,
    state: Option<Map<String, Value>>,
}

/// Lists the nodes.
pub(super) fn nodes(link: &Link, options: &Options) -> Outcome {
    let mut state = link.collect()?;
    state.leave();
    let is_complete = is_complete(&state);
    let fleet = &state.fleet;
    if options.json {
        let nodes = fleet.nodes().map(facts_of_node).collect();
        output::print_json(&Nodes { prefix: &options.prefix, complete: is_complete, nodes })?;
        return Ok(Verdict::Good);
    }
    if fleet.nodes().next().is_none() {
        let prefix = &options.prefix;
        output::print(&format!(
            "no node is on this broker under {prefix:?}: `pinzero mqtt --circuit FILE --broker URL` starts one\n"
        ))?;
    } else {
        let now = link::now();
        let mut table = Table::new(&NODE_COLUMNS);
        for node in fleet.nodes() {
            table.row(node_row(node, now), style_of(status(node)));
        }
        output::print(&table.text())?;
        output::print(&format!("\n{}\n", totals(fleet)))?;
    }
    for node in fleet.nodes() {
        if let Some(flaw) = &node.flaw {
            output::note(&format!("{}: {flaw}", node.name));
        }
    }
    note_missing(is_complete, fleet);
    Ok(Verdict::Good)
}

/// Lists devices.
///
/// # Errors
/// A pattern that fits no device, with names that are near.
pub(super) fn devices(link: &Link, pattern: Option<&Pattern>, options: &Options) -> Outcome {
    let mut state = link.collect()?;
    state.leave();
    let all = Pattern::all();
    if let Some(pattern) = pattern.filter(|pattern| state.fleet.devices(pattern).next().is_none()) {
        return Err(no_match(&state.fleet, pattern));
    }
    let pattern = pattern.unwrap_or(&all);
    let is_complete = is_complete(&state);
    let fleet = &state.fleet;
    if options.json {
        let devices = fleet.devices(pattern).map(|(node, device)| facts_of_device(node, device)).collect();
        output::print_json(&Devices { prefix: &options.prefix, complete: is_complete, devices })?;
        return Ok(Verdict::Good);
    }
    let mut table = Table::new(&DEVICE_COLUMNS);
    for (node, device) in fleet.devices(pattern) {
        let style = style_of(device_status(node, device));
        let name = format!("{}/{}", node.name, device.name);
        table.row(vec![name, device.kind.clone(), device_words(node, device)], style);
    }
    match table.rows.is_empty() {
        true => output::print("no node on this broker has devices\n")?,
        false => output::print(&table.text())?,
    }
    note_missing(is_complete, fleet);
    Ok(Verdict::Good)
}

fn is_complete(state: &State) -> bool {
    state.is_complete && !state.fleet.is_over
}

fn note_missing(is_complete: bool, fleet: &Fleet) {
    if fleet.is_over {
        output::note(&format!(
            "there are more nodes or devices than are shown: {MOST_NODES} nodes are the most"
        ));
    } else if !is_complete {
        output::note("the broker is slow: the list may not be complete");
    }
}

fn facts_of_node(node: &Node) -> NodeFacts<'_> {
    let (since, since_after) = match node.since() {
        Since::At(at) => (Some(at), None),
        Since::After(at) => (None, Some(at)),
        Since::Unknown => (None, None),
    };
    NodeFacts {
        node: &node.name,
        status: status(node),
        since,
        since_after,
        started: node.started,
        board: node.board.as_deref(),
        version: node.version.as_deref(),
        factory: node.factory.as_deref(),
        devices: node.devices.iter().map(|device| &*device.name).collect(),
        last_event: node.last_event.as_ref(),
        lost: node.lost,
        flaw: node.flaw.as_deref(),
    }
}

fn facts_of_device<'a>(node: &'a Node, device: &'a Device) -> DeviceFacts<'a> {
    DeviceFacts {
        node: &node.name,
        device: &device.name,
        kind: &device.kind,
        topic: &device.topic,
        status: device_status(node, device),
        state: device.state(),
    }
}

/// The columns of the table of nodes; see [`node_row`].
pub(super) const NODE_COLUMNS: [&str; 8] =
    ["node", "status", "board", "version", "factory", "devices", "last event", "lost"];

const DEVICE_COLUMNS: [&str; 3] = ["device", "kind", "state"];

/// Returns the cells of a node.
pub(super) fn node_row(node: &Node, now: u64) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
    let number = |number: Option<u64>| number.map_or("?".to_owned(), |number| number.to_string());
    let event = node
        .last_event
        .as_ref()
        .map(|event| format!("{} {}, {} ago", event.device, event.event, span(now.saturating_sub(event.at))));
    vec![
        node.name.clone(),
        status_words(node, now),
        text(&node.board),
        text(&node.version),
        text(&node.factory),
        node.devices.len().to_string(),
        event.unwrap_or_else(|| "-".to_owned()),
        number(node.lost),
    ]
}

/// Returns the state of a device for people.
pub(super) fn device_words(node: &Node, device: &Device) -> String {
    let state = device.state().map(|state| words(&state));
    match (node.is_online, device.is_online, state) {
        (Some(false), _, Some(state)) => format!("offline; the last state was {state}"),
        (Some(false), _, None) => "offline".to_owned(),
        (_, Some(false), _) => "offline: the node could not open the device".to_owned(),
        (_, _, Some(state)) => state,
        (_, _, None) => "-".to_owned(),
    }
}

/// Returns the number of nodes and devices.
pub(super) fn totals(fleet: &Fleet) -> String {
    let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let online = fleet.nodes().filter(|node| node.is_online == Some(true)).count();
    let devices = fleet.nodes().map(|node| node.devices.len()).sum();
    format!("{}, {online} online, {}", count(fleet.nodes().count(), "node"), count(devices, "device"))
}

fn status(node: &Node) -> &'static str {
    word(node.is_online)
}

/// Returns the status of a device, which is offline with its node.
fn device_status(node: &Node, device: &Device) -> &'static str {
    word(node.is_online.filter(|is_online| !is_online).or(device.is_online))
}

fn word(is_online: Option<bool>) -> &'static str {
    match is_online {
        Some(true) => "online",
        Some(false) => "offline",
        None => "unknown",
    }
}

fn status_words(node: &Node, now: u64) -> String {
    let status = status(node);
    match node.since() {
        Since::At(at) => format!("{status} for {}", span(now.saturating_sub(at))),
        Since::After(at) => format!("{status} for {} at most", span(now.saturating_sub(at))),
        Since::Unknown => status.to_owned(),
    }
}

fn style_of(status: &str) -> Style {
    match status {
        "online" => Style::new(),
        "offline" => AnsiColor::Red.on_default(),
        _ => Style::new().dimmed(),
    }
}

/// A table whose columns are as wide as their contents.
struct Table {
    columns: Vec<String>,
    rows: Vec<(Vec<String>, Style)>,
}

impl Table {
    fn new(columns: &[&str]) -> Self {
        Table { columns: columns.iter().map(|&column| column.to_owned()).collect(), rows: Vec::new() }
    }

    fn row(&mut self, cells: Vec<String>, style: Style) {
        self.rows.push((cells, style));
    }

    fn text(&self) -> String {
        let all = || std::iter::once(&self.columns).chain(self.rows.iter().map(|(cells, _)| cells));
        let widths: Vec<u16> = (0..self.columns.len())
            .map(|column| all().map(|cells| columns(&cells[column])).max().unwrap_or(0))
            .collect();
        let line = |cells: &Vec<String>| {
            let cells = cells.iter().zip(&widths).map(|(cell, width)| fit(cell, *width));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        let bold = Style::new().bold();
        let mut text = format!("{bold}{}{bold:#}\n", line(&self.columns));
        for (cells, style) in &self.rows {
            text += &format!("{style}{}{style:#}\n", line(cells));
        }
        text
    }
}
