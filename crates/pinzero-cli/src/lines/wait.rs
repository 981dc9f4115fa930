//! `pinzero wait`.

use std::error::Error;
use std::time::Duration;

use clap::Args;
use pinzero::{Bias, EventKind, Gpio, Inputs, LineEvent};
use serde::Serialize;

use super::stamp::Stamps;
use super::value::{Edges, Pull, show_time, time};
use super::{find_all, list};
use crate::factory::Factory;
use crate::output;
use crate::verdict::{Outcome, Verdict};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The lines; an edge on one of them ends the wait
    #[arg(required = true, value_name = "PIN")]
    pins: Vec<String>,

    /// The edge to wait for
    #[arg(long, value_enum, default_value = "both")]
    edge: Edges,

    /// Ends the wait after this time, with exit code 3 [default: never]
    #[arg(long, value_name = "TIME", value_parser = time)]
    timeout: Option<Duration>,

    #[command(flatten)]
    listening: Listening,

    /// Prints JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    factory: Factory,
}

/// How lines are opened whose edges are reported.
#[derive(Debug, Clone, Args)]
pub(crate) struct Listening {
    /// Sets this pull [default: as it is]
    #[arg(long, value_enum)]
    bias: Option<Pull>,

    /// Reports a change once the level has been steady for this time, such as 5ms [default: reports all edges]
    #[arg(long, value_name = "TIME", value_parser = time)]
    debounce: Option<Duration>,
}

impl Listening {
    pub(crate) fn open(&self, gpio: &Gpio, pins: &[String]) -> Result<Inputs, Box<dyn Error>> {
        let inputs = gpio.inputs(find_all(gpio, pins)?).bias(self.bias.map_or(Bias::AsIs, Bias::from));
        Ok(match self.debounce {
            Some(time) => inputs.settle(time).open(),
            None => inputs.open(),
        }?)
    }
}

/// Returns whether an event is an edge of these.
pub(crate) fn is_edge(event: &LineEvent, edges: Edges) -> bool {
    let is_change = matches!(event.event.kind, EventKind::Activated | EventKind::Deactivated);
    is_change && edges.include(event.event.level)
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Waited {
    timed_out: bool,
    #[serde(flatten)]
    edge: Option<super::stamp::EdgeFacts>,
}

pub(crate) fn run(options: Options) -> Outcome {
    let gpio = options.factory.open()?;
    let stamps = Stamps::start(&gpio);
    let inputs = options.listening.open(&gpio, &options.pins)?;
    let mut events = inputs.events();
    let deadline = options.timeout.map(|timeout| stamps.start + timeout);
    let (lines, edge) = (list(inputs.lines().iter().copied()), options.edge_name());
    let most =
        options.timeout.map(|timeout| format!(", for {} at most", show_time(timeout))).unwrap_or_default();
    output::note(&format!("waiting for {edge} of {lines}{most}"));
    let found = loop {
        let next = match deadline {
            Some(deadline) => events.next_timeout(deadline.since(gpio.now())),
            None => events.next(),
        };
        match next {
            Some(event) if is_edge(&event, options.edge) => break Some(event),
            Some(_) => {}
            None => break None,
        }
    };
    if let Some(error) = events.error() {
        return Err(error.into());
    }
    let facts = found.map(|event| stamps.facts(inputs.lines()[event.index], &event.event));
    match &facts {
        _ if options.json => output::print_json(&Waited { timed_out: facts.is_none(), edge: facts.clone() })?,
        Some(facts) => {
            output::print(&format!(
                "{} {} after {}\n",
                facts.pin,
                facts.edge,
                show_time(facts.since_start())
            ))?;
        }
        None => {
            let timeout = options.timeout.map(show_time).unwrap_or_default();
            output::complain(&format!("there was no such edge in {timeout}"));
        }
    }
    inputs.close()?;
    gpio.close()?;
    Ok(if facts.is_some() { Verdict::Good } else { Verdict::Bad })
}

impl Options {
    fn edge_name(&self) -> &'static str {
        match self.edge {
            Edges::Rising => "a rising edge",
            Edges::Falling => "a falling edge",
            Edges::Both => "an edge",
        }
    }
}
