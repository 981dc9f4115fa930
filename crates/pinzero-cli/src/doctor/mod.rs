//! `pinzero doctor`.

mod environment;
mod factories;
mod finding;
#[cfg(target_os = "linux")]
mod linux;

use std::path::PathBuf;

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
