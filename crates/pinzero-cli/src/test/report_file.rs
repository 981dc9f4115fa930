//! Where a report is written: checked before anything is measured.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The two files of a report.
#[derive(Debug, Clone)]
pub(crate) struct ReportFile {
    page: PathBuf,
    json: PathBuf,
    is_overwritten: bool,
}

impl ReportFile {
    /// Checks that both files can be written.
    ///
    /// # Errors
    /// A sentence that says what to change.
    pub(crate) fn new(page: &Path, force: bool) -> Result<Self, String> {
        let json = page.with_extension("json");
        let shown = page.display();
        if json == page {
            return Err(format!("{shown}: name the page, such as report.md; the JSON is written beside it"));
        }
        if page.file_name().is_none() {
            return Err(format!("{shown:?} names no file: name the page, such as report.md"));
        }
        let folder = page.parent().filter(|folder| !folder.as_os_str().is_empty());
        if folder.is_some_and(|folder| !folder.is_dir()) {
            return Err(format!("{shown}: this folder does not exist"));
        }
        for file in [page, &json] {
            if file.is_dir() {
                return Err(format!("{} is a folder", file.display()));
            }
            // Not `exists`: a link that leads nowhere is something too.
            if !force && file.symlink_metadata().is_ok() {
                return Err(format!(
                    "{} exists: use another name, or --force to overwrite it",
                    file.display()
                ));
            }
        }
        Ok(ReportFile { page: page.to_owned(), json, is_overwritten: force })
    }

    /// Writes both files.
    ///
    /// # Errors
    /// A sentence with the file and the error of the system.
    pub(crate) fn write(&self, page: &str, json: &str) -> Result<(), String> {
        for (file, text) in [(&self.page, page), (&self.json, json)] {
            self.write_one(file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        }
        Ok(())
    }

    fn write_one(&self, file: &Path, text: &str) -> io::Result<()> {
        if self.is_overwritten {
            return fs::write(file, text);
        }
        // It may have come into being since the check.
        OpenOptions::new().write(true).create_new(true).open(file)?.write_all(text.as_bytes())
    }

    /// Returns the names of both files, for messages.
    pub(crate) fn names(&self) -> String {
        format!("{} and {}", self.page.display(), self.json.display())
    }
}
