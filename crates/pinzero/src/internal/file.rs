//! Reads the files in which the kernel tells its figures.

use std::fs;
use std::io;
use std::path::Path;

use pinzero_core::{Error, ErrorKind, Result};

/// Reads a file, and returns the figure in it.
pub(super) fn read(path: &Path, parse: impl FnOnce(&str) -> Option<f64>) -> Result<f64> {
    let text = fs::read_to_string(path).map_err(|error| {
        let shown = path.display();
        let (kind, message) = match error.kind() {
            io::ErrorKind::NotFound => (
                ErrorKind::Unsupported,
                format!(
                    "there is no file {shown}: this system does not tell the figure; name a file that does"
                ),
            ),
            io::ErrorKind::PermissionDenied => {
                (ErrorKind::PermissionDenied, format!("the file {shown} may not be read by this user"))
            }
            _ => (ErrorKind::Io, format!("the file {shown} cannot be read")),
        };
        Error::new(kind, message).with_source(error)
    })?;
    parse(&text).ok_or_else(|| {
        let begin: String = text.chars().take(40).collect();
        let message = format!("the file {} has another content than expected: {begin:?}", path.display());
        Error::new(ErrorKind::Io, message)
    })
}
