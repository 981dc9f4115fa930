//! `pinzero test`: the self-test of free pins, and the trials and measurements on two wired pins.

mod after_exit;
mod ask;
mod edges;
mod interrupt;
mod message;
mod other_process;
mod page;
mod pins;
mod progress;
mod pulls;
mod report;
mod report_file;
mod stats;
mod system;
mod toggle;
mod trials;
mod waves;
mod wire;
mod wired;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use clap::Args;
use pinzero::{Gpio, Line};

pub(crate) use self::other_process::other_process;
use self::wire::Ends;
use crate::doctor;
use crate::factory::Factory;
use crate::verdict::Outcome;

/// The folder with the file tree of this computer.
const ROOT: &str = "/";

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    factory: Factory,

    /// Tests only these pins, such as 17,27 [default: all free pins of the headers]
    #[arg(long, value_name = "PINS", value_delimiter = ',', conflicts_with = "wire")]
    pins: Vec<String>,

    /// Leaves these pins out, such as 2,3
    #[arg(long, value_name = "PINS", value_delimiter = ',', conflicts_with = "wire")]
    skip: Vec<String>,

    /// Runs the conformance trials on two pins that you have joined by a wire, such as 22:27
    ///
    /// Use a resistor of 1 kΩ as the wire, and connect nothing else: both pins are driven, and the resistor protects them if
    /// a fault makes them drive against each other. The mock makes the wire itself.
    #[arg(long, value_name = "A:B", value_parser = wire::parse)]
    wire: Option<Ends>,

    /// Measures as well, shows a page for a bug report, and writes it: FILE as Markdown, and the same facts as .json beside it
    #[arg(long, value_name = "FILE", requires = "wire")]
    report: Option<PathBuf>,

    /// Overwrites the files of an earlier report
    #[arg(long, requires = "report")]
    force: bool,

    /// Drives the pins, and writes the report, without asking
    #[arg(long, short)]
    yes: bool,

    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: Options) -> Outcome {
    match &options.wire {
        Some(ends) => wired::run(&options, ends),
        None => pins::run(&options),
    }
}

/// Returns the name of the bus that a line belongs to, where the factory does not tell: the character device shows such a line as
/// an input that nobody holds.
fn bus_of(gpio: &Gpio, line: Line, root: &Path) -> Option<String> {
    if gpio.name() == "cdev" { doctor::bus_of(root, gpio.board(), line.0) } else { None }
}
