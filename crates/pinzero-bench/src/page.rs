//! Writes `docs/performance.md`: the tables, and their meaning.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::expected_misses;
use crate::groups::Group;
use crate::machine::Machine;
use crate::row::{Finding, Row, Target};

/// The text before the tables.
const HEAD: &str = "\
# Performance

`cargo xtask bench` writes this page. The command takes some minutes and needs valgrind and strace. Figures from a separate kernel or from an emulated Raspberry Pi
also need the requirements of `cargo xtask kernel-rig` and `cargo xtask pi-rig`. `cargo xtask bench --short` measures only the counted rows, and
fails if one misses its target; CI runs this. It leaves out the last two tables, whose programs take minutes to link. `cargo xtask bench --group write` runs one group.

Each row compares a figure of pinzero with a limit, or with the least that the same work can cost. Both are measured in one run, by turns.

* *Counted* figures are the same in every run: instructions (by callgrind), system calls (by strace), threads, wake-ups, bytes, lost edges. These figures decide.
* *Timed* figures are the best of several rounds. On a busy machine they also measure other programs, especially the 90 and 99 % figures.

## What the figures mean on a Raspberry Pi

No figure here is from a real Raspberry Pi. System calls, threads, wake-ups and bytes are the same there. The number of instructions is similar, and a Pi executes one or two of them
in a nanosecond. The times differ. According to published measurements, a write to a register takes 4 to 22 ns on a Pi; pinzero adds about 70 instructions. A
system call takes about 0.5 us on a Pi 5, 1 us on a Pi 4 and 16 us on the first Zero; `cdev` makes one for each write. A Python program with gpiozero switches a pin
about 30,000 times a second on a Pi 4.

";

/// Writes the page.
pub(crate) fn write(docs: &Path, found: &[(&Group, Vec<Finding>)]) -> Result<(), String> {
    let mut text = HEAD.to_owned();
    let _ = writeln!(text, "Measured on {}, on {}.\n", today(), machine());
    let _ = writeln!(text, "{}", verdict(found));
    for (group, findings) in found {
        let _ = write!(text, "## {}\n\n{}", group.title, about(group.machine));
        text += &table(rows(findings));
        let missed = rows(findings).filter(|row| row.is_met() == Some(false));
        let mut reasons: Vec<&str> = missed.filter_map(expected_misses::reason).collect();
        reasons.dedup();
        for reason in reasons {
            let _ = writeln!(text, "\nMissed: {reason}.");
        }
        for why in findings.iter().filter_map(Finding::missing) {
            let _ = writeln!(text, "\nNot measured: {}.", first_line(why));
        }
        text += "\n";
    }
    fs::write(docs.join("performance.md"), text.trim_end().to_owned() + "\n")
        .map_err(|error| error.to_string())
}

pub(crate) fn rows(findings: &[Finding]) -> impl Iterator<Item = &Row> {
    findings.iter().filter_map(|finding| match finding {
        Finding::Row(row) => Some(row),
        _ => None,
    })
}

/// The rows as a table.
pub(crate) fn table<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    let mut text =
        "| what | against | ours | theirs | | ratio | target | |\n|---|---|---:|---:|---|---:|---|---|\n"
            .to_owned();
    rows.for_each(|row| text += &line(row));
    text
}

fn line(row: &Row) -> String {
    let theirs = row.theirs.map_or_else(String::new, figure);
    let ratio = row.ratio().map_or_else(String::new, figure);
    let target = match row.target {
        Target::Ratio(most) => format!("at most {most} times"),
        Target::Most(most) => format!("at most {most}"),
        Target::Exactly(figure) => format!("{figure}"),
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
        "| {what} | {against} | {} | {theirs} | {unit}, {kind} | {ratio} | {target} | {verdict} |\n",
        figure(row.ours)
    )
}

/// Three digits, or all before the point.
fn figure(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 || size == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.01 => format!("{value:.2}"),
        _ => format!("{value:.1e}"),
    }
}

/// How many targets are met.
fn verdict(found: &[(&Group, Vec<Finding>)]) -> String {
    let all: Vec<&Row> = found.iter().flat_map(|(_, findings)| rows(findings)).collect();
    let count = |is_counted: bool, met: bool| {
        all.iter().filter(|row| row.is_counted == is_counted && row.is_met() == Some(met)).count()
    };
    format!(
        "Counted rows with a target: {} meet it, {} miss it. Timed rows: {} meet it, {} miss it.\n",
        count(true, true),
        count(true, false),
        count(false, true),
        count(false, false)
    )
}

fn about(machine: Machine) -> &'static str {
    match machine {
        Machine::This => "",
        Machine::KernelRig => {
            "Measured under a separate kernel with simulated lines. Its system calls are slower than those of the machine.\n\n"
        }
        Machine::PiRig => {
            "Measured on an emulated Raspberry Pi 3. Its clock counts executed instructions.\n\n"
        }
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim_end_matches('.')
}

/// The date, as the system says it.
fn today() -> String {
    let date = Command::new("date").arg("+%F").output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&date).trim().to_owned()
}

/// Describes this machine.
fn machine() -> String {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let about = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let kind = if about.contains("hypervisor") { "a virtual machine" } else { "a machine" };
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let release: Vec<&str> = release.trim().split('.').take(2).collect();
    format!("{kind} with {cpus} CPUs ({}), Linux {}", std::env::consts::ARCH, release.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_the_digits_that_matter() {
        let figures = [0.0, 0.004, 0.25, 12.34, 1234.5].map(figure);
        assert_eq!(figures, ["0", "4.0e-3", "0.25", "12.3", "1234"]);
    }

    #[test]
    fn a_row_says_whether_it_reaches_its_target() {
        let row = Row {
            what: "`Led::on`".to_owned(),
            against: "a store".to_owned(),
            ours: 3.0,
            theirs: Some(2.0),
            unit: "ns".to_owned(),
            target: Target::Ratio(1.25),
            is_counted: false,
        };
        assert_eq!(
            line(&row),
            "| `Led::on` | a store | 3.00 | 2.00 | ns, timed | 1.50 | at most 1.25 times | **missed** |\n"
        );
    }
}
