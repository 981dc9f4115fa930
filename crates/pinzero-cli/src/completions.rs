//! `pinzero completions` and `pinzero man`.

use std::path::PathBuf;

use clap::{Args, CommandFactory, ValueHint};

use crate::output;
use crate::verdict::{Outcome, Verdict};

#[derive(Debug, Args)]
pub(crate) struct Shell {
    /// The shell
    shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Pages {
    /// The folder for the pages, which must exist
    #[arg(value_hint = ValueHint::DirPath)]
    folder: PathBuf,
}

pub(crate) fn print(options: Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut crate::Arguments::command(), "pinzero", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(Verdict::Good)
}

pub(crate) fn write_pages(options: Pages) -> Outcome {
    let folder = options.folder;
    clap_mangen::generate_to(crate::Arguments::command(), &folder)
        .map_err(|error| format!("the man pages cannot be written to {}: {error}", folder.display()))?;
    Ok(Verdict::Good)
}
