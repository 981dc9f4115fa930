//! The command line: runs groups, and makes tables of what they find.

use std::io::{BufRead, BufReader};
use std::process::{ExitCode, Stdio};

use clap::builder::PossibleValuesParser;
use clap::{Parser, Subcommand};

use crate::bench::Bench;
use crate::expected_misses;
use crate::groups::{self, GROUPS, Group};
use crate::machine::{Machine, root};
use crate::page;

use crate::row::Finding;

/// The status of a rig that a machine cannot run.
const UNSUPPORTED: i32 = 77;

#[derive(Debug, Parser)]
#[command(about, disable_help_subcommand = true)]
struct Options {
    #[command(subcommand)]
    action: Option<Action>,
    /// Only what is counted, and fail where a target is missed.
    #[arg(long)]
    short: bool,
    /// Only these groups; nothing is written.
    #[arg(long, value_name = "NAME", value_parser = names())]
    group: Vec<String>,
    /// Only says where these groups run.
    #[arg(long, hide = true)]
    places: bool,
}

/// The groups whose programs take minutes to build: `--short` leaves them out, unless it names them.
const LARGE: [&str; 3] = ["registers", "program", "start"];

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(GROUPS.iter().map(|group| group.name))
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Does a piece of work a number of times, to be looked at by a tool.
    #[command(hide = true)]
    Subject { name: String, times: u64 },
    /// Runs a group here, and prints its findings as JSON.
    #[command(hide = true)]
    Run {
        name: String,
        #[arg(long)]
        short: bool,
    },
}

/// Does what the command line says.
pub fn main() -> ExitCode {
    let options = Options::parse();
    let result = match options.action {
        Some(Action::Subject { name, times }) => {
            groups::subject(&name).map(|work| work(times)).ok_or_else(|| format!("no subject {name}"))
        }
        Some(Action::Run { name, short }) => {
            let group = GROUPS.iter().find(|group| group.name == name);
            let group = group.ok_or_else(|| format!("no group {name}"));
            group.and_then(|group| (group.run)(&Bench { is_short: short }))
        }
        None => report(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("pinzero-bench: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the groups asked for, and says what they find.
fn report(options: &Options) -> Result<(), String> {
    let wanted = |group: &&Group| match options.group.is_empty() {
        true => !(options.short && LARGE.contains(&group.name)),
        false => options.group.iter().any(|name| name == group.name),
    };
    let groups: Vec<&Group> = GROUPS.iter().filter(wanted).collect();
    if options.places {
        groups.iter().for_each(|group| println!("{:?} {}", group.machine, group.name));
        return Ok(());
    }
    let mut found = Vec::new();
    for group in groups {
        eprintln!("{} ({:?})", group.name, group.machine);
        let findings = run(group, options.short);
        println!("{}", page::table(page::rows(&findings)));
        found.push((group, findings));
    }
    if !options.short && options.group.is_empty() {
        page::write(&root().join("docs"), &found)?;
    }
    let findings = || found.iter().flat_map(|(_, findings)| findings);
    findings().filter_map(Finding::missing).for_each(|why| eprintln!("not measured: {why}"));
    let fault = |finding: &Finding| match finding {
        Finding::Row(row) => expected_misses::fault(row),
        Finding::Failed(why) => Some(why.clone()),
        _ => None,
    };
    let faults: Vec<String> = findings().filter_map(fault).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

/// Runs a group on its machine, in a process of its own.
fn run(group: &Group, is_short: bool) -> Vec<Finding> {
    let missing = |why: String| format!("{}: {why}", group.name);
    let mut command = match group.machine.command() {
        Ok(command) => command,
        Err(why) => return vec![Finding::Skipped(missing(why))],
    };
    command.args(["run", group.name]).args(is_short.then_some("--short"));
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = match group.machine.spawn(&mut command) {
        Ok(child) => child,
        Err(error) => return vec![Finding::Failed(missing(error.to_string()))],
    };
    let mut findings = Vec::new();
    for line in child.stdout.take().into_iter().flat_map(|output| BufReader::new(output).lines()).flatten() {
        match serde_json::from_str(&line) {
            Ok(finding) => findings.push(finding),
            Err(_) => eprintln!("  {line}"),
        }
    }
    match child.wait() {
        Ok(status) if status.success() => {}
        Ok(status) if status.code() == Some(UNSUPPORTED) && group.machine != Machine::This => {
            findings.push(Finding::Skipped(missing("this machine cannot run its rig".to_owned())));
        }
        Ok(status) => findings.push(Finding::Failed(missing(status.to_string()))),
        Err(error) => findings.push(Finding::Failed(missing(error.to_string()))),
    }
    findings
}
