//! Reads circuit files, and other files that people write.

use std::error::Error;
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use pinzero_circuit::Circuit;

/// The longest file, in bytes.
const MOST_BYTES: u64 = 1 << 20;

/// Reads and checks a circuit file.
///
/// # Errors
/// The name of the file, and what is wrong with it: with line and column, if the text is wrong.
pub(crate) fn read(path: &Path) -> Result<Circuit, Box<dyn Error>> {
    let text = read_text(path).map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::NotFound => " (see docs/circuit.md, or `pinzero sim --example doorbell`)",
            _ => "",
        };
        format!("{}: {error}{advice}", path.display())
    })?;
    Circuit::parse(&text).map_err(|mistake| format!("{}, {mistake}", path.display()).into())
}

/// Reads a file that a person wrote; a device or a log that never ends is none.
///
/// # Errors
/// A file that cannot be read, is too long, or is no text.
pub(crate) fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(MOST_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(io::Error::other("the file has more than 1 MiB, so this is the wrong file"));
    }
    Ok(text)
}
