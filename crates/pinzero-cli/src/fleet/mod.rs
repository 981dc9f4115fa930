//! `pinzero fleet`.

mod link;
mod list;
mod model;
mod pattern;
mod set;
mod text;
mod watch;

use std::time::Duration;

use clap::{Args, Subcommand};

use self::link::{Interest, Link};
use self::pattern::Pattern;
use crate::broker::BrokerOptions;
use crate::lines::value;
use crate::verdict::Outcome;

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    broker: BrokerOptions,

    /// The first level of all topics
    #[arg(long, value_name = "NAME", default_value = pinzero_circuit::PREFIX, global = true)]
    prefix: String,

    /// Prints facts as JSON, for programs
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Lists the nodes: which are there, since when, board, version, devices, last event, lost events (default)
    List,
    /// Lists devices with their states
    Devices {
        /// The devices: NODE/DEVICE, where * stands for any letters [default: all]
        #[arg(value_name = "PATTERN")]
        pattern: Option<Pattern>,
    },
    /// Shows nodes and devices until q is pressed; marks changes for a second
    Watch,
    /// Sends a command to devices, and waits until they have told their states
    Set {
        #[command(flatten)]
        whom: Whom,

        /// The command: a word such as ON, a number, or an object such as '{"brightness": 128}'
        #[arg(value_name = "COMMAND", allow_hyphen_values = true)]
        command: String,
    },
    /// Switches devices on
    On {
        #[command(flatten)]
        whom: Whom,

        /// Switches back after this time
        #[arg(long = "for", value_name = "TIME", value_parser = value::time)]
        lasting: Option<Duration>,
    },
    /// Switches devices off
    Off {
        #[command(flatten)]
        whom: Whom,

        /// Switches back after this time
        #[arg(long = "for", value_name = "TIME", value_parser = value::time)]
        lasting: Option<Duration>,
    },
    /// Switches devices to their other state
    Toggle {
        #[command(flatten)]
        whom: Whom,
    },
}

/// The devices that a command is for.
#[derive(Debug, Args)]
struct Whom {
    /// The devices: NODE/DEVICE, where * stands for any letters; '*/lamp*' is each lamp of each node
    #[arg(value_name = "PATTERN")]
    pattern: Pattern,

    /// The time to wait for the states; the exit code is 3 if one does not come, or is another
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = value::time)]
    wait: Duration,
}

/// Shows the nodes of a broker, or sends commands to their devices.
pub(crate) fn run(options: Options) -> Outcome {
    pinzero_circuit::check_topics(&options.prefix, "node", pinzero_circuit::TOPIC)
        .map_err(|(_, message)| message)?;
    let hear = |devices: Option<Pattern>, stays: bool| {
        Link::start(&options.broker, Interest { prefix: options.prefix.clone(), devices, stays })
    };
    let send = |whom: &Whom, command: &str, lasting: Option<Duration>| {
        let order = set::Order::new(command, lasting)?;
        let link = hear(Some(whom.pattern.clone()), false)?;
        set::run(&link, &whom.pattern, &order, whom.wait, options.json)
    };
    match &options.action {
        None | Some(Action::List) => list::nodes(&hear(None, false)?, &options),
        Some(Action::Devices { pattern }) => {
            let wanted = pattern.clone().unwrap_or_else(Pattern::all);
            list::devices(&hear(Some(wanted), false)?, pattern.as_ref(), &options)
        }
        Some(Action::Watch) if options.json => {
            Err("watch is for people: `pinzero fleet list --json` is for programs".into())
        }
        Some(Action::Watch) => {
            watch::check_terminal()?;
            watch::run(&hear(Some(Pattern::all()), true)?, &options.broker.address()?)
        }
        Some(Action::Set { whom, command }) => send(whom, command, None),
        Some(Action::On { whom, lasting }) => send(whom, "ON", *lasting),
        Some(Action::Off { whom, lasting }) => send(whom, "OFF", *lasting),
        Some(Action::Toggle { whom }) => send(whom, "TOGGLE", None),
    }
}
