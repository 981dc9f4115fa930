//! `pinzero monitor`.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anstyle::AnsiColor;
use clap::Args;
use pinzero::trace::{self, Trace};
use pinzero::{Inputs, Line};

use super::line_format::LineFormat;
use super::list;
use super::recording::Recording;
use super::stamp::{EdgeFacts, Stamps};
use super::value::{Edges, count, show_time, time};
use super::wait::{Listening, is_edge};
use crate::factory::Factory;
use crate::output;
use crate::verdict::{Outcome, Verdict};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The lines
    #[arg(required = true, value_name = "PIN")]
    pins: Vec<String>,

    /// The edges to print
    #[arg(long, value_enum, default_value = "both")]
    edges: Edges,

    #[command(flatten)]
    listening: Listening,

    /// Ends after so many edges [default: at Ctrl-C]
    #[arg(long, short = 'n', value_name = "COUNT", value_parser = count)]
    count: Option<u32>,

    /// Ends after this time, such as 10s [default: at Ctrl-C]
    #[arg(long = "for", id = "period", value_name = "TIME", value_parser = time)]
    period: Option<Duration>,

    /// Prints each edge in this form: a text with {at}, {unix}, {pin}, {line}, {edge}, {level} and {missed}
    ///
    /// {at} is in seconds since the start of the command, {unix} in seconds since 1970; {missed} is how many edges were lost before this one.
    #[arg(long, value_name = "TEXT", conflicts_with = "json")]
    format: Option<LineFormat>,

    /// Prints each edge as a JSON object in a line of its own
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    recording: Recording,

    #[command(flatten)]
    factory: Factory,
}

/// Ends the command at Ctrl-C.
#[derive(Debug, Default)]
struct Stop {
    is_asked: AtomicBool,
    inputs: OnceLock<Inputs>,
    trace: OnceLock<Trace>,
}

impl Stop {
    /// Listens to Ctrl-C and SIGTERM. Call this before the first factory, whose exit guard would take the signals.
    fn at_signal() -> Result<Arc<Stop>, ctrlc::Error> {
        let stop = Arc::new(Stop::default());
        let on_signal = stop.clone();
        ctrlc::set_handler(move || {
            if on_signal.is_asked.swap(true, Ordering::SeqCst) {
                // The first signal has not ended the command: nobody reads the output, perhaps.
                process::exit(130);
            }
            on_signal.end();
        })?;
        Ok(stop)
    }

    /// Ends the events of these inputs at a signal, also if the signal has come already.
    fn watch(&self, inputs: &Inputs) {
        // This is called once.
        let _ = self.inputs.set(inputs.clone());
        if self.is_asked.load(Ordering::SeqCst) {
            self.end();
        }
    }

    fn end(&self) {
        // Before the lines are closed, which is no part of the recording.
        self.trace.get().into_iter().for_each(Trace::stop);
        if let Some(inputs) = self.inputs.get() {
            // The command ends, whether the lines can be given back or not.
            let _ = inputs.close();
        }
    }
}

/// The edges of one line.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    edges: u64,
    lost: u64,
    /// Lost edges that have not been told yet.
    untold: u32,
    last: Option<Duration>,
}

pub(crate) fn run(options: Options) -> Outcome {
    let stop = Stop::at_signal()?;
    // First, so that a recording is not lost at the end.
    let files = options.recording.open()?;
    let gpio = options.factory.open()?;
    // Before the lines are opened, so that their first levels are in it.
    if files.is_wanted() {
        stop.trace.get_or_init(|| trace::record(&gpio));
    }
    let stamps = Stamps::start(&gpio);
    let inputs = options.listening.open(&gpio, &options.pins)?;
    let mut events = inputs.events();
    stop.watch(&inputs);
    let lines = inputs.lines().to_vec();
    let mut tallies = vec![Tally::default(); lines.len()];
    let deadline = options.period.map(|period| stamps.start + period);
    output::note(&format!("watching {}, {}", list(lines.iter().copied()), options.show_end()));

    let (mut count, mut printed) = (0, Ok(()));
    while options.count.is_none_or(|most| count < most) {
        let next = match deadline {
            Some(deadline) => events.next_timeout(deadline.since(gpio.now())),
            None => events.next(),
        };
        let Some(event) = next else { break };
        let tally = &mut tallies[event.index];
        tally.lost += u64::from(event.event.missed);
        tally.untold += event.event.missed;
        if is_edge(&event, options.edges) {
            let mut facts = stamps.facts(lines[event.index], &event.event);
            facts.missed = std::mem::take(&mut tally.untold);
            let since = facts.since_start();
            let gap = tally.last.replace(since).map(|last| since.saturating_sub(last));
            (tally.edges, count) = (tally.edges + 1, count + 1);
            printed = options.print(&facts, gap);
            // The recording is still wanted, also if the reader of a pipe has gone.
            if printed.is_err() {
                break;
            }
        }
    }
    let error = events.error();
    let elapsed = gpio.now().since(stamps.start);
    stop.end();
    inputs.close()?;
    output::note(&summary(&lines, &tallies, elapsed));
    if let Some(trace) = stop.trace.get() {
        files.write(trace)?;
    }
    gpio.close()?;
    printed?;
    error.map_or(Ok(Verdict::Good), |error| Err(error.into()))
}

impl Options {
    fn print(&self, facts: &EdgeFacts, gap: Option<Duration>) -> std::io::Result<()> {
        match (&self.format, self.json) {
            (_, true) => output::print_json_line(facts),
            (Some(format), _) => output::print(&format!("{}\n", format.fill(facts))),
            _ => output::print(&row(facts, gap)),
        }
    }

    fn show_end(&self) -> String {
        let period = self.period.map(show_time);
        match (self.count, period) {
            (None, None) => "until Ctrl-C".to_owned(),
            (Some(count), None) => format!("until {}", show_edges(count.into())),
            (None, Some(period)) => format!("for {period}"),
            (Some(count), Some(period)) => {
                format!("until {}, for {period} at most", show_edges(count.into()))
            }
        }
    }
}

/// Returns an edge for people: time, line, edge, the time since the last edge of the line, and losses.
fn row(facts: &EdgeFacts, gap: Option<Duration>) -> String {
    let color = if facts.edge == "rising" { AnsiColor::Green } else { AnsiColor::Blue };
    let style = color.on_default();
    let width = if gap.is_some() || facts.missed > 0 { 8 } else { 0 };
    let gap = gap.map(|gap| format!(" after {}", show_time(gap))).unwrap_or_default();
    let loss = match facts.missed {
        0 => String::new(),
        missed => {
            let style = AnsiColor::Yellow.on_default().bold();
            format!("  {style}{missed} edges lost before{style:#}")
        }
    };
    format!("{:12.6}  {:<7} {style}{:<width$}{style:#}{gap}{loss}\n", facts.at, facts.pin, facts.edge)
}

/// Returns the last line: how many edges there were, and how many were lost.
fn summary(lines: &[Line], tallies: &[Tally], elapsed: Duration) -> String {
    let edges: u64 = tallies.iter().map(|tally| tally.edges).sum();
    let lost: u64 = tallies.iter().map(|tally| tally.lost).sum();
    let each = lines.iter().zip(tallies).map(|(line, tally)| format!("{line} {}", tally.edges));
    let each =
        if lines.len() > 1 { format!(" ({})", each.collect::<Vec<_>>().join(", ")) } else { String::new() };
    let lost = if lost == 0 { "none lost".to_owned() } else { format!("{lost} lost") };
    format!("{} in {}{each}, {lost}", show_edges(edges), show_time(elapsed))
}

fn show_edges(count: u64) -> String {
    if count == 1 { "1 edge".to_owned() } else { format!("{count} edges") }
}
