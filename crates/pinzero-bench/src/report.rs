//! The command line: running groups, and making a table and plots of what they find.

use std::io::{BufRead, BufReader};
use std::process::{ExitCode, Stdio};

use clap::{Parser, Subcommand};

use crate::bench::Bench;
use crate::groups::{self, GROUPS, Group};
use crate::place::Place;
use crate::row::{Finding, Row, Target};

#[derive(Debug, Parser)]
#[command(about, disable_help_subcommand = true)]
struct Options {
    #[command(subcommand)]
    action: Option<Action>,
    /// Only what is counted, and fail where a target is missed.
    #[arg(long)]
    short: bool,
    /// Only these groups; nothing is written.
    #[arg(long, value_name = "NAME")]
    group: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Does a piece of work a number of times, to be looked at by a tool.
    Subject { name: String, times: u64 },
    /// Runs a group here, and prints its findings as JSON.
    Run {
        name: String,
        #[arg(long)]
        short: bool,
    },
}

pub(crate) fn main() -> ExitCode {
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
    let wanted = |group: &&Group| {
        (options.group.is_empty() || options.group.iter().any(|name| name == group.name))
            && (group.is_counted || !options.short)
    };
    let mut findings = Vec::new();
    for group in GROUPS.iter().filter(wanted) {
        eprintln!("{} ({:?})", group.name, group.place);
        findings.extend(run(group, options.short));
    }
    let rows: Vec<&Row> = findings
        .iter()
        .filter_map(|finding| match finding {
            Finding::Row(row) => Some(row),
            _ => None,
        })
        .collect();
    rows.iter().for_each(|row| println!("{}", line(row)));
    let missed = rows.iter().filter(|row| row.is_counted && row.is_met() == Some(false)).count();
    if options.short && missed > 0 { Err(format!("{missed} targets are missed")) } else { Ok(()) }
}

/// Runs a group in its place, in a process of its own.
fn run(group: &Group, is_short: bool) -> Vec<Finding> {
    let skipped = |why: String| vec![Finding::Skipped(format!("{}: {why}", group.name))];
    let mut command = match group.place.command() {
        Ok(command) => command,
        Err(why) => return skipped(why),
    };
    command.args(["run", group.name]).args(is_short.then_some("--short"));
    let mut child = match command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(error) => return skipped(error.to_string()),
    };
    let mut findings = Vec::new();
    for line in child.stdout.take().into_iter().flat_map(|output| BufReader::new(output).lines()).flatten() {
        match serde_json::from_str(&line) {
            Ok(finding) => findings.push(finding),
            Err(_) => eprintln!("  {line}"),
        }
    }
    match child.wait() {
        Ok(status) if status.success() => findings,
        // A rig that this machine cannot run.
        Ok(status) if status.code() == Some(77) && group.place != Place::Here => {
            skipped("this machine cannot run its rig".to_owned())
        }
        Ok(status) => {
            findings.extend(skipped(status.to_string()));
            findings
        }
        Err(error) => skipped(error.to_string()),
    }
}

/// A row of the table in Markdown.
fn line(row: &Row) -> String {
    let figure = |value: f64| if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") };
    let theirs = row.theirs.map_or_else(String::new, figure);
    let ratio = row.ratio().map_or_else(String::new, |ratio| format!("{ratio:.2}"));
    let target = match row.target {
        Target::Ratio(most) => format!("at most {most}x"),
        Target::Most(most) => format!("at most {most}"),
        Target::Exactly(figure) => figure.to_string(),
        Target::None => String::new(),
    };
    let verdict = match row.is_met() {
        Some(true) => "met",
        Some(false) => "**missed**",
        None => "",
    };
    let kind = if row.is_counted { "counted" } else { "timed" };
    let Row { what, against, unit, .. } = row;
    format!(
        "| {what} | {against} | {unit}, {kind} | {} | {theirs} | {ratio} | {target} | {verdict} |",
        figure(row.ours)
    )
}
