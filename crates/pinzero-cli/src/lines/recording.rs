//! Records lines to files: `--vcd` and `--svg`.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{self, Path, PathBuf};

use clap::{Args, CommandFactory, ValueHint};
use pinzero::trace::Trace;

use crate::{Arguments, output};

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Recording {
    /// Records to a VCD file, for PulseView, GTKWave and others; replaces an existing file when the recording is complete
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    vcd: Option<PathBuf>,

    /// Draws a timing diagram; replaces an existing file when the recording is complete
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    svg: Option<PathBuf>,
}

/// The files of a recording, which can be written.
#[derive(Debug)]
pub(crate) struct Files {
    vcd: Option<(PathBuf, File)>,
    svg: Option<(PathBuf, File)>,
}

impl Recording {
    /// Opens the files. What is in them stays until the recording is written.
    ///
    /// Ends the command with exit code 2 if both are one file.
    pub(crate) fn open(&self) -> Result<Files, String> {
        if let (Some(vcd), Some(svg)) = (&self.vcd, &self.svg) {
            // A path that has no absolute form cannot be opened either.
            if path::absolute(vcd).ok() == path::absolute(svg).ok() {
                let message = "--vcd and --svg name the same file: give each a file of its own";
                Arguments::command().error(clap::error::ErrorKind::ArgumentConflict, message).exit();
            }
        }
        let open = |path: &Option<PathBuf>| path.as_deref().map(open).transpose();
        Ok(Files { vcd: open(&self.vcd)?, svg: open(&self.svg)? })
    }
}

fn open(path: &Path) -> Result<(PathBuf, File), String> {
    let file = OpenOptions::new().create(true).write(true).truncate(false).open(path);
    file.map(|file| (path.to_owned(), file)).map_err(|error| cannot_write(path, &error))
}

impl Files {
    pub(crate) fn is_wanted(&self) -> bool {
        self.vcd.is_some() || self.svg.is_some()
    }

    /// Writes the recording, and says where it is.
    pub(crate) fn write(self, trace: &Trace) -> Result<(), String> {
        if trace.dropped() > 0 {
            output::note(&format!(
                "the recording has the last changes only: {} older ones are left out",
                trace.dropped()
            ));
        }
        if let Some((path, file)) = self.vcd {
            write(&path, file, |file| trace.write_vcd(file))?;
        }
        if let Some((path, file)) = self.svg {
            write(&path, file, |file| file.write_all(trace.to_svg().as_bytes()))?;
        }
        Ok(())
    }
}

fn write(
    path: &Path,
    file: File,
    body: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), String> {
    let write = || {
        // A pipe or a device has no length.
        if file.metadata()?.is_file() {
            file.set_len(0)?;
        }
        let mut file = BufWriter::new(file);
        body(&mut file)?;
        file.flush()
    };
    write().map_err(|error| cannot_write(path, &error))?;
    output::note(&format!("wrote {}", path.display()));
    Ok(())
}

fn cannot_write(path: &Path, error: &io::Error) -> String {
    format!("{} cannot be written: {error}", path.display())
}
