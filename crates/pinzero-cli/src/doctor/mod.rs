//! `pinzero doctor`.

mod environment;
mod factories;
mod finding;
#[cfg(target_os = "linux")]
mod linux;

use std::path::{Path, PathBuf};

use clap::Args;
use finding::{Report, Section};
use pinzero::board::Board;

use crate::factory::Factory;
use crate::output;
use crate::verdict::{Outcome, Verdict};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Prints JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    factory: Factory,

    /// Looks at the files of the computer whose file tree is in this folder, and opens no pins
    #[arg(long, value_name = "FOLDER", default_value = "/", hide = true)]
    root: PathBuf,
}

pub(crate) fn run(options: Options) -> Outcome {
    let place = Place { is_here: options.root.as_os_str() == "/", root: options.root };
    let board = Board::detect_under(&place.root);
    let wanted = options.factory.name();
    let factories = factories::examine(&place, board.as_ref(), wanted.as_deref());
    let mut sections = vec![Section { title: "Factories", findings: factories.findings }];
    #[cfg(target_os = "linux")]
    sections.extend(linux::examine(&place, board.as_ref()));
    sections.push(Section { title: "Environment", findings: environment::examine() });
    let report = Report {
        works: factories.works,
        factory: factories.taken,
        version: env!("CARGO_PKG_VERSION"),
        revision: board.as_ref().and_then(Board::revision).map(|code| format!("{code:06x}")),
        board: board.map(|board| board.model().to_owned()),
        kernel: place.text("proc/sys/kernel/osrelease"),
        sections,
    };
    if options.json {
        output::print_json(&report)?;
    } else {
        output::print(&report.text())?;
    }
    Ok(if report.works { Verdict::Good } else { Verdict::Bad })
}

/// The lines of the serial port on the header.
const SERIAL_LINES: [u32; 2] = [14, 15];

/// Returns the device file of the serial port on the header.
fn serial_file(root: &Path) -> &'static str {
    // On a Raspberry Pi 5, serial0 may be the port with the connector for debugging.
    let target = std::fs::read_link(root.join("dev/serial0"));
    if target.is_ok_and(|target| target.ends_with("ttyAMA10")) { "dev/ttyAMA0" } else { "dev/serial0" }
}

/// Returns the name of the bus or serial port that is on and has a line of a Raspberry Pi: "i2c-1", "the serial port".
///
/// `root` is the folder with the computer's file tree.
pub(crate) fn bus_of(root: &Path, board: &Board, line: u32) -> Option<String> {
    // A bus that only drivers of the kernel use has no device file, but is in /sys.
    let i2c = (0..=6).filter_map(|bus| {
        let name = format!("i2c-{bus}");
        let files = [format!("dev/{name}"), format!("sys/bus/i2c/devices/{name}")];
        Some((name, files.to_vec(), board.i2c_lines(bus)?.to_vec()))
    });
    let chips = (0..=6).flat_map(|bus| (0..=2).map(move |select| (bus, select)));
    let spi = chips.filter_map(|(bus, select)| {
        let name = format!("spi{bus}.{select}");
        let files = [format!("dev/spidev{bus}.{select}"), format!("sys/bus/spi/devices/{name}")];
        let lines = [&board.spi_lines(bus)?[..], &[board.spi_select(bus, select)?]].concat();
        Some((name, files.to_vec(), lines))
    });
    let file = serial_file(root);
    let serial = board
        .serial_setting()
        .map(|_| ("the serial port".to_owned(), vec![file.to_owned()], SERIAL_LINES.to_vec()));
    let mut buses = i2c.chain(spi).chain(serial);
    let is_on = |files: &[String]| files.iter().any(|file| root.join(file).exists());
    buses.find(|(_, files, lines)| lines.contains(&line) && is_on(files)).map(|(name, ..)| name)
}

/// The computer that is looked at.
#[derive(Debug)]
pub(crate) struct Place {
    /// The folder with its file tree.
    root: PathBuf,
    /// `true` for the computer that the command runs on, whose devices can be opened.
    is_here: bool,
}

impl Place {
    /// Returns the text of a file, without white space around it; `None` if there is none.
    fn text(&self, path: &str) -> Option<String> {
        let text = std::fs::read(self.root.join(path)).ok()?;
        Some(String::from_utf8_lossy(&text).trim().to_owned())
    }

    /// Returns the names in a folder, in order, shorter ones first: `i2c-2` comes before `i2c-10`.
    #[cfg(target_os = "linux")]
    fn names(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.root.join(folder)).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
        names
    }

    #[cfg(target_os = "linux")]
    fn has(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }
}
