//! Reads folders.

use std::fs::read_dir;
use std::path::{Path, PathBuf};

/// Returns the paths of all entries of a folder; none if the folder cannot be read.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = read_dir(folder);
    entries.map(|all| all.filter_map(|one| Some(one.ok()?.path())).collect()).unwrap_or_default()
}
