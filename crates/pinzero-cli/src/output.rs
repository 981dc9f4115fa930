//! Prints, with colors where standard output is a terminal that shows them.

use std::io::{self, Write};

use serde::Serialize;

/// Prints text with ANSI styles. They are left out where `NO_COLOR` is set, and where the output is no terminal.
///
/// # Errors
/// Any error of writing. `main` takes a broken pipe for the wish to see no more.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Prints a value as JSON, for programs.
///
/// # Errors
/// See [`print`].
pub(crate) fn print_json(value: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    print(&text)
}

/// Prints a value as JSON in one line, for a stream of values.
///
/// # Errors
/// See [`print`].
pub(crate) fn print_json_line(value: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_string(value)?;
    text.push('\n');
    print(&text)
}

/// Tells a person what goes on, on standard error.
pub(crate) fn note(message: &str) {
    // With nobody to read it, a note is lost.
    let _ = writeln!(anstream::stderr().lock(), "{message}");
}

/// Prints an error on standard error.
pub(crate) fn complain(message: &str) {
    // With nobody to read it, an error message is lost.
    let _ = writeln!(anstream::stderr().lock(), "pinzero: {message}");
}
