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
    Ok(ask(question, &mut input.lock())?)
}

fn ask(question: &str, input: &mut impl BufRead) -> io::Result<bool> {
    // Not locked while the user thinks: another thread may have a warning to print.
    write!(io::stderr(), "{question} [y/N] ")?;
    io::stderr().flush()?;
    let mut answer = String::new();
    input.read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read};
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;

    /// A user who answers only once another thread has locked standard error.
    struct Waiting;

    impl Read for Waiting {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let (sender, receiver) = mpsc::channel();
            thread::spawn(move || {
                let _lock = io::stderr().lock();
                sender.send(())
            });
            receiver.recv_timeout(Duration::from_secs(10)).map_err(io::Error::other)?;
            b"Yes\n".as_slice().read(buffer)
        }
    }

    #[test]
    fn others_can_print_while_the_user_thinks() {
        assert!(ask("Start?", &mut BufReader::new(Waiting)).unwrap());
        assert!(!ask("Start?", &mut b"\n".as_slice()).unwrap());
    }
}
