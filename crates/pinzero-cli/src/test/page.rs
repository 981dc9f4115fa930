//! Writes the report as a page of Markdown, which is readable as it is.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use super::after_exit::{AfterExit, SIGKILL, State};
use super::edges::{Bar, Latency, Times};
use super::pulls::PullSeen;
use super::report::{Maybe, Measurements, Report};
use super::system::{Capabilities, Tried};
use super::toggle::ToggleRate;
use super::trials::{Told, Trials};
use super::waves::{Deviation, Jitter};

/// The width of the longest bar of a histogram.
const WIDTH: u32 = 40;

/// Returns the page.
pub(crate) fn page(report: &Report) -> String {
    let mut page = Page::default();
    write_page(&mut page, report);
    page.0
}

/// A page in the making.
#[derive(Debug, Default)]
struct Page(String);

impl Page {
    fn line(&mut self, text: impl fmt::Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{text}");
    }

    /// Adds lines, and an empty one between them and what follows.
    fn paragraph(&mut self, text: impl fmt::Display) {
        self.line(text);
        self.line("");
    }
}

fn write_page(page: &mut Page, report: &Report) {
    let Report { board, system, factory, pins, .. } = report;
    page.paragraph("# Report of `pinzero test`");
    if report.is_simulation {
        page.paragraph(
            "**This is a simulation**: the pins are those of the mock, on a computer that may have none.",
        );
    }
    page.line("| | |");
    page.line("|---|---|");
    let build = if report.is_debug_build { ", a debug build, which is slow" } else { "" };
    page.line(format_args!("| pinzero | {}{build} |", report.pinzero));
    let revision = board.revision.as_ref().map_or(String::new(), |code| format!(", revision {code}"));
    let memory = board.memory_mb.map_or(String::new(), |size| format!(", {size} MB"));
    page.line(format_args!("| board | {}{revision}{memory} |", board.model));
    let remote = if report.is_remote { "; the pins are those of another computer" } else { "" };
    let kernel = system.kernel.as_ref().map_or(String::new(), |release| format!(" {release}"));
    page.line(format_args!("| system | {}{kernel}, {}{remote} |", system.os, system.architecture));
    let load = system
        .load
        .map_or("unknown".to_owned(), |[one, five, fifteen]| format!("{one:.2} {five:.2} {fifteen:.2}"));
    let plural = if system.processors == 1 { "" } else { "s" };
    page.line(format_args!("| load before | {load}, on {} processor{plural} |", system.processors));
    let Capabilities { bias, edges, group, flex, pwm, keep } = factory.capabilities;
    page.line(format_args!("| factory | {}: pulls {bias}, edges {edges}, groups {group}, flexible lines {flex}, PWM {pwm}, keeping levels {keep} |",
        factory.name));
    page.line(format_args!("| pins | {} and {}, joined by a wire |", pins[0], pins[1]));
    page.paragraph(format_args!("| took | {} s |", report.seconds));

    page.paragraph("## Problems");
    if report.problems.is_empty() {
        page.line("None.");
    }
    for problem in &report.problems {
        page.line(format_args!("* {}", one_line(problem)));
    }
    page.line("");
    if let Some(measured) = &report.measured {
        write_measurements(page, measured);
    }
    write_trials(page, &report.trials);
}

/// Returns the part about the trials: those that did not pass, by name.
pub(crate) fn trials(trials: &Trials) -> String {
    let mut page = Page::default();
    write_trials(&mut page, trials);
    page.0
}

fn write_trials(page: &mut Page, trials: &Trials) {
    page.paragraph("## Conformance trials");
    let Trials { passed, failed, ignored, not_run, seconds } = trials;
    let left = if *not_run > 0 { format!(", {not_run} not run") } else { String::new() };
    page.line(format_args!(
        "{passed} passed, {} failed, {} ignored{left}, in {seconds} s.",
        failed.len(),
        ignored.len()
    ));
    if !failed.is_empty() {
        page.line("");
        page.paragraph("Failed:");
    }
    for Told { trial, message } in failed {
        page.line(format_args!("* `{trial}`: {}", one_line(&message.to_string())));
    }
    // Many trials have the same reason: two wired pins are few.
    let mut reasons: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for Told { trial, message } in ignored {
        reasons.entry(one_line(&message.to_string())).or_default().push(trial);
    }
    if !ignored.is_empty() {
        page.line("");
        page.paragraph("Ignored:");
    }
    for (reason, trials) in reasons {
        page.line(format_args!("* {reason}: `{}`", trials.join("`, `")));
    }
}

/// Returns a text without line breaks and columns, for a row or an item.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

fn write_measurements(page: &mut Page, measured: &Measurements) {
    page.paragraph("## Factories");
    for Tried { name, error } in &measured.factories {
        match error {
            None => page.line(format_args!("* {name} works")),
            Some(error) => page.line(format_args!("* {name}: {}", one_line(&error.to_string()))),
        }
    }
    page.line("");
    section(page, "Toggle rate", &measured.toggle_rate, |page, rate| {
        let ToggleRate { writes, writes_per_second } = rate;
        let nanos = 1e9 / writes_per_second.max(1.0);
        page.line(format_args!("{writes_per_second} writes a second, {nanos:.0} ns each ({writes} writes)."));
    });
    section(page, "Edge latency", &measured.edge_latency, write_latency);
    section(page, "PWM", &measured.pwm, write_jitter);
    section(page, "PWM by hardware", &measured.hardware_pwm, write_jitter);
    section(page, "Pulls", &measured.pulls, |page, pulls| {
        page.line("| pin | pull | reads | the other pin reads | |");
        page.line("|---|---|---|---|---|");
        for PullSeen { pin, pull, own, across, holds } in pulls {
            let verdict = match holds {
                Some(true) => "holds",
                Some(false) => "**does not hold**",
                None => "the board or the factory refuses it",
            };
            page.line(format_args!(
                "| {pin} | {pull} | {} | {} | {verdict} |",
                own.unwrap_or(""),
                across.unwrap_or("")
            ));
        }
    });
    section(page, "The pin after the end of a program", &measured.after_exit, |page, all| {
        page.paragraph(
            "Another process drove the pin, and ended. The other pin has a pull against the driven level.",
        );
        page.line("| ended by | status | the pin | function |");
        page.line("|---|---|---|---|");
        for AfterExit { ended_by, status, driven, level, state, function } in all {
            let state = match state {
                State::GivenBack => format!("given back: {level}"),
                State::StillDriven => format!("**still driven {driven}**"),
                State::Unclear => format!("an input, but {level} against the pull: see the pulls"),
            };
            page.line(format_args!(
                "| {ended_by} | {status} | {state} | {} |",
                function.as_deref().unwrap_or("unknown")
            ));
        }
        if all.iter().any(|after| after.state == State::StillDriven && after.ended_by == SIGKILL) {
            page.line("");
            page.line("No program can act on SIGKILL: the kernel or the daemon leaves the pin as it was.");
        }
    });
}

fn section<T>(page: &mut Page, title: &str, value: &Maybe<T>, write: impl FnOnce(&mut Page, &T)) {
    page.paragraph(format_args!("## {title}"));
    match value {
        Maybe::Measured(value) => write(page, value),
        Maybe::Not { not_measured, .. } => {
            page.line(format_args!("Not measured: {}", one_line(&not_measured.to_string())));
        }
    }
    page.line("");
}

fn write_latency(page: &mut Page, latency: &Latency) {
    let Latency { is_polled, sent, heard, times, histogram, .. } = latency;
    let how = if *is_polled { ", on an input that is polled every millisecond" } else { "" };
    page.line(format_args!(
        "From the write on one pin to the handler on the other{how}: {heard} of {sent} edges heard."
    ));
    let Some(Times { p50_us, p95_us, p99_us, max_us }) = times else { return };
    page.line("");
    page.paragraph(format_args!("p50 {p50_us} µs, p95 {p95_us} µs, p99 {p99_us} µs, max {max_us} µs"));
    page.line("```text");
    let most = histogram.iter().map(|bar| bar.edges).max().unwrap_or(0).max(1);
    let is_filled = |bar: &Bar| bar.edges > 0;
    let first = histogram.iter().position(is_filled).unwrap_or(0);
    let last = histogram.iter().rposition(is_filled).unwrap_or(0);
    for Bar { below_us, edges } in &histogram[first..=last] {
        let bound = below_us.map_or("slower".to_owned(), |bound| format!("< {bound} µs"));
        // A bar for a single late edge, too.
        let bar = "#".repeat((edges * WIDTH).div_ceil(most) as usize);
        page.line(format!("{bound:>10} {edges:>4} {bar}").trim_end());
    }
    page.line("```");
}

fn write_jitter(page: &mut Page, jitter: &Jitter) {
    let Jitter { pin, in_software, hertz, duty, cycles, expected_cycles, period, pulse } = jitter;
    let maker = if *in_software { "by pinzero's thread" } else { "by the factory" };
    let percent = duty * 100.0;
    page.paragraph(format_args!("{pin}, {hertz} Hz, {percent:.0} % high, made {maker}: {cycles} cycles seen, {expected_cycles} expected."));
    page.line("| | mean | off by, p50 | p95 | max |");
    page.line("|---|---|---|---|---|");
    for (what, deviation) in [("period", period), ("pulse", pulse)] {
        match deviation {
            Some(Deviation { mean_us, p50_us, p95_us, max_us }) => {
                page.line(format_args!(
                    "| {what} | {mean_us} µs | {p50_us} µs | {p95_us} µs | {max_us} µs |"
                ));
            }
            None => page.line(format_args!("| {what} | none seen | | | |")),
        }
    }
}
