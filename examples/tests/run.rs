//! Runs each example on the mock, and compares what the example does with its transcript.
//!
//! `NAME.txt` beside this file is the transcript of the example `NAME`:
//!
//! * `> 2 press 500` is typed. `help`, typed into any example, lists the commands.
//! * `! GPIO17 -> ● high` comes on standard error, where the mock shows pins. Other lines may come before.
//! * `= |Hello           |` is a line of what a part shows once the example has ended. `parts/mod.rs` knows the parts.
//! * Every other line is a line that the example prints. It prints no more than these.
//!
//! An example with a part runs over the network: the part is on a mock in this process, behind a daemon.
//!
//! `*` stands for any text. A transcript that ends with `> quit` is that of an example that does not end by itself.

mod parts;

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;
use std::{env, fs};

use libtest_mimic::{Arguments, Failed, Trial};

/// The longest time for a line. Only an example that hangs takes this long.
const LIMIT: Duration = Duration::from_secs(60);

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut trials = Vec::new();
    for file in fs::read_dir(env!("CARGO_MANIFEST_DIR"))? {
        let path = file?.path();
        if let (Some("rs"), Some(name)) = (text(path.extension()), text(path.file_stem())) {
            let name = name.to_owned();
            trials.push(Trial::test(name.clone(), move || play(&name)));
        }
    }
    trials.sort_by(|one, other| one.name().cmp(other.name()));

    let mut arguments = Arguments::from_args();
    // All at once: they sleep nearly all the time.
    arguments.test_threads = arguments.test_threads.or(Some(trials.len()));
    Ok(libtest_mimic::run(&arguments, trials).exit_code())
}

fn text(name: Option<&std::ffi::OsStr>) -> Option<&str> {
    name?.to_str()
}

/// Plays the transcript of an example.
fn play(name: &str) -> Result<(), Failed> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(format!("{name}.txt"));
    let transcript = fs::read_to_string(&path)
        .map_err(|error| format!("write the transcript of {name}, examples/tests/{name}.txt: {error}"))?;

    let bench = parts::of(name)?;
    let factory = bench.as_ref().map_or_else(|| "mock".to_owned(), parts::Bench::factory);
    let mut example = Example::start(name, &factory)?;
    for (number, line) in transcript.lines().enumerate().filter(|(_, line)| !line.starts_with("= ")) {
        let result = match (line.strip_prefix("> "), line.strip_prefix("! ")) {
            (Some(typed), _) => example.type_line(typed),
            (_, Some(shown)) => example.shows(shown),
            _ => example.prints(line),
        };
        if let Err(error) = result {
            let shown = example.rest()?;
            return Err(format!("examples/tests/{name}.txt, line {}: {error}{shown}", number + 1).into());
        }
    }
    example.ends(transcript.ends_with("> quit\n"))?;
    let expected: Vec<&str> = transcript.lines().filter_map(|line| line.strip_prefix("= ")).collect();
    let shown = bench.map_or_else(String::new, |bench| bench.shown());
    if shown.lines().ne(expected) {
        return Err(
            format!("the part of {name} does not show what the transcript says, but:\n{shown}").into()
        );
    }
    Ok(())
}

/// An example in a process of its own.
struct Example {
    child: Child,
    printed: Receiver<String>,
    shown: Receiver<String>,
}

impl Example {
    fn start(name: &str, factory: &str) -> Result<Self, Failed> {
        let this = env::current_exe()?;
        let target = this.parent().and_then(Path::parent).ok_or("the test is in no target folder")?;
        let program = target.join("examples").join(format!("{name}{}", env::consts::EXE_SUFFIX));
        let mut child = Command::new(&program)
            .env("PINZERO_PIN_FACTORY", factory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| {
                let program = program.display();
                format!(
                    "{program}: {error}; name the example in examples/Cargo.toml, and run `cargo test -p pinzero-examples`"
                )
            })?;
        let (printed, shown) = (lines(child.stdout.take()), lines(child.stderr.take()));
        Ok(Example { child, printed, shown })
    }

    fn type_line(&mut self, line: &str) -> Result<(), String> {
        let stdin = self.child.stdin.as_mut().ok_or("no standard input")?;
        writeln!(stdin, "{line}").map_err(|error| format!("`{line}` cannot be typed: {error}"))
    }

    fn prints(&mut self, line: &str) -> Result<(), String> {
        match self.printed.recv_timeout(LIMIT) {
            Ok(printed) if matches(line, &printed) => Ok(()),
            Ok(printed) => Err(format!("the example prints {printed:?} instead of {line:?}")),
            Err(why) => Err(format!("the example does not print {line:?} ({why})")),
        }
    }

    fn shows(&mut self, line: &str) -> Result<(), String> {
        let mut others = String::new();
        loop {
            match self.shown.recv_timeout(LIMIT) {
                Ok(shown) if matches(line, &shown) => return Ok(()),
                Ok(other) => others += &format!("\n  {other}"),
                Err(why) => return Err(format!("the mock does not show {line:?} ({why}), but:{others}")),
            }
        }
    }

    /// Ends the example. Returns what the mock has shown since the last line of the transcript that is about it.
    fn rest(&mut self) -> io::Result<String> {
        self.child.kill()?;
        Ok(self.shown.iter().map(|line| format!("\n  {line}")).collect())
    }

    /// Waits for the end of the example.
    fn ends(mut self, is_stopped: bool) -> Result<(), String> {
        if is_stopped && cfg!(not(unix)) {
            return Ok(()); // `quit` sends a signal, which only Unix has.
        }
        match self.printed.recv_timeout(LIMIT) {
            Ok(printed) => return Err(format!("after its transcript, the example prints {printed:?}")),
            Err(RecvTimeoutError::Timeout) => return Err("the example does not end".to_owned()),
            Err(RecvTimeoutError::Disconnected) => {}
        }
        // Closed output is the end of a process, or nearly so.
        let status = self.child.wait().map_err(|error| error.to_string())?;
        if status.success() || is_stopped {
            return Ok(());
        }
        Err(format!("the example fails: {status}{}", self.rest().map_err(|error| error.to_string())?))
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads lines on a thread, until the other end is closed.
fn lines(stream: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let lines = stream.map(|stream| BufReader::new(stream).lines());
        lines.into_iter().flatten().map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
    receiver
}

/// Returns whether a line is as the pattern says; `*` stands for any text.
fn matches(pattern: &str, line: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == line };
    let Some(line) = line.strip_prefix(start) else { return false };
    line.char_indices().map(|(at, _)| at).chain([line.len()]).any(|at| matches(rest, &line[at..]))
}
