//! Asks before pins are driven and files are written.

use std::error::Error;
use std::io::{self, BufRead, IsTerminal, Write};

/// Asks a question on standard error; returns whether the answer is yes. With `yes`, does not ask.
///
/// # Errors
/// If there is no terminal to ask on, with the advice to use `--yes`.
pub(crate) fn confirm(question: &str, yes: bool) -> Result<bool, Box<dyn Error>> {
    if yes {
        return Ok(true);
    }
    let input = io::stdin();
    if !input.is_terminal() {
        return Err(format!(
            "standard input is no terminal, so nobody can answer \"{question}\": --yes answers yes"
        )
        .into());
    }
    let mut output = io::stderr().lock();
    write!(output, "{question} [y/N] ")?;
    output.flush()?;
    let mut answer = String::new();
    input.lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
