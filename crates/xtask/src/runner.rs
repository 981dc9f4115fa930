//! Runs commands, passes their output on as it comes, and counts the tests in it.

use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// The exit status of this tool and of the rigs' scripts on a machine that lacks something they need.
pub(crate) const UNSUPPORTED: u8 = 77;

/// The reason why a step did not pass.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The step found a fault, or could not run.
    Failed(String),
    /// The step does not apply here.
    Skipped(String),
}

impl From<String> for Stop {
    fn from(reason: String) -> Self {
        Self::Failed(reason)
    }
}

/// The number of tests that `cargo test` reported, by result.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    pub(crate) ignored: u32,
    /// The number of ignored tests for each missing thing: `rig` in the reason `no rig: run this or that`.
    pub(crate) missing: BTreeMap<String, u32>,
}

impl Tally {
    /// Counts the tests that a line of output reports, if there are any.
    fn count(&mut self, line: &str) {
        let reason = line.split_once(" ... ignored, no ").or_else(|| line.split_once(" ... ignored (no "));
        if let Some((missing, _)) = reason.and_then(|(_, reason)| reason.split_once(':')) {
            *self.missing.entry(missing.to_owned()).or_default() += 1;
        }
        let Some((_, result)) = line.split_once("test result: ") else { return };
        // `ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s`
        let words: Vec<&str> = result.split([' ', ';']).collect();
        for pair in words.windows(2) {
            let Ok(number) = pair[0].parse::<u32>() else { continue };
            match pair[1] {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

/// A test program that cargo has built.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TestProgram {
    /// The folder of its package: `crates/pinzero-cdev`.
    pub(crate) folder: PathBuf,
    /// The name of its target: `conformance`.
    pub(crate) name: String,
    path: PathBuf,
}

impl TestProgram {
    /// Reads one of cargo's messages; returns `None` if the message is about anything else than a test program.
    fn of(message: &str) -> Option<Self> {
        let message: Value = serde_json::from_str(message).ok()?;
        let path = message["executable"].as_str().filter(|_| message["profile"]["test"] == true)?;
        let folder = Path::new(message["manifest_path"].as_str()?).parent()?;
        let name = message["target"]["name"].as_str()?.to_owned();
        Some(Self {
            folder: folder.strip_prefix(root()).unwrap_or(folder).to_owned(),
            name,
            path: path.into(),
        })
    }

    /// Makes `command` run this program, where and how `cargo test` does.
    pub(crate) fn run_by(&self, mut command: Command) -> Command {
        let folder = root().join(&self.folder);
        command.current_dir(&folder).env("CARGO_MANIFEST_DIR", &folder).arg(&self.path);
        command
    }
}

/// Runs commands at the workspace's root, and counts the tests they report.
#[derive(Debug, Default)]
pub(crate) struct Runner {
    /// All tests reported so far.
    pub(crate) tests: Tally,
    /// `true` if a warning is a failure.
    strict: bool,
}

impl Runner {
    /// Returns a runner for which warnings are failures.
    pub(crate) fn strict() -> Self {
        Self { strict: true, ..Self::default() }
    }

    /// Returns a command that runs at the workspace's root.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(root());
        if self.strict {
            // The same flags for every step: if they change, cargo rebuilds everything.
            command.env("RUSTFLAGS", "-Dwarnings").env("RUSTDOCFLAGS", "-Dwarnings");
        }
        command
    }

    /// Runs cargo. If warnings are failures, so are cargo's own, which `RUSTFLAGS` does not cover.
    pub(crate) fn cargo(&mut self, arguments: &[&str]) -> Result<(), String> {
        let mut command = self.command("cargo");
        let warned = self.run(command.args(arguments))?;
        if warned && self.strict { Err("there were warnings".to_owned()) } else { Ok(()) }
    }

    /// Runs a command, and returns whether it wrote a warning to standard error.
    pub(crate) fn run(&mut self, command: &mut Command) -> Result<bool, String> {
        let name = describe(command);
        println!("$ {name}");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{name}: {error}"))?;
        let errors = child.stderr.take();
        let warnings = std::thread::spawn(move || {
            let mut warned = false;
            pass_on(errors, io::stderr(), |line| warned |= line.starts_with("warning:"));
            warned
        });
        pass_on(child.stdout.take(), io::stdout(), |line| self.tests.count(line));
        // The thread returns no value only if it panics, when standard error is closed.
        let warned = warnings.join().unwrap_or(false);
        match child.wait() {
            Ok(status) if status.success() => Ok(warned),
            Ok(status) => Err(format!("{name}: {status}")),
            Err(error) => Err(format!("{name}: {error}")),
        }
    }

    /// Builds tests by a command of cargo, `cargo test`, and returns their programs.
    pub(crate) fn build_tests(&self, command: &mut Command) -> Result<Vec<TestProgram>, String> {
        command.args(["--no-run", "--message-format=json-render-diagnostics"]);
        let name = describe(command);
        println!("$ {name}");
        let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
        let output = output.map_err(|error| format!("{name}: {error}"))?;
        let messages = String::from_utf8_lossy(&output.stdout);
        match output.status.success() {
            true => Ok(messages.lines().filter_map(TestProgram::of).collect()),
            false => Err(format!("{name}: {}", output.status)),
        }
    }

    /// Runs a command silently, and returns its standard output.
    pub(crate) fn output(&self, program: &str, arguments: &[&str]) -> Result<String, String> {
        let mut command = self.command(program);
        command.args(arguments).stderr(Stdio::inherit());
        let name = describe(&command);
        match command.output() {
            Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            Ok(output) => Err(format!("{name}: {}", output.status)),
            Err(error) => Err(format!("{name}: {error}")),
        }
    }
}

/// Returns the exit status for these results; prints the reason, unless all is well.
pub(crate) fn conclude(name: &str, results: impl IntoIterator<Item = Result<(), Stop>>) -> ExitCode {
    let mut exit = ExitCode::SUCCESS;
    for result in results {
        match result {
            Ok(()) => {}
            Err(Stop::Skipped(reason)) => {
                eprintln!("{name}: skipped: {reason}");
                if exit == ExitCode::SUCCESS {
                    exit = ExitCode::from(UNSUPPORTED);
                }
            }
            Err(Stop::Failed(reason)) => {
                eprintln!("{name}: {reason}");
                exit = ExitCode::FAILURE;
            }
        }
    }
    exit
}

/// Checks that a program is there and works. If not, installs it where that is possible.
pub(crate) fn need(program: &str, arguments: &[&str], package: &str) -> Result<(), Stop> {
    let works = |command: &mut Command| {
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    let is_there = || works(Command::new(program).args(arguments));
    // Only root can install; for others it fails at once.
    let apt_get = |arguments: &[&str]| {
        works(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    if is_there() {
        return Ok(());
    }
    println!("no {program} that works, trying to install {package}");
    if apt_get(&["update"]) && apt_get(&["install", "-y", package]) && is_there() {
        return Ok(());
    }
    Err(Stop::Skipped(format!("no {program} that works; as root: apt-get install {package}")))
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    // Cargo gives the path of this crate at run time. The path at compile time may be that of another clone that shares
    // the target directory. Without cargo, the working directory is the root.
    match std::env::var_os("CARGO_MANIFEST_DIR") {
        Some(here) => Path::new(&here).ancestors().nth(2).map_or_else(PathBuf::new, Path::to_path_buf),
        None => std::env::current_dir().unwrap_or_default(),
    }
}

/// Copies lines until the end, and passes each to `look`.
fn pass_on(from: Option<impl Read>, mut to: impl Write, mut look: impl FnMut(&str)) {
    let Some(from) = from else { return };
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while matches!(from.read_until(b'\n', &mut line), Ok(length) if length > 0) {
        // If our own output is closed, the command goes on; its result still counts.
        let _ = to.write_all(&line).and_then(|()| to.flush());
        look(&String::from_utf8_lossy(&line));
        line.clear();
    }
}

fn describe(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_summed_up() {
        let mut tally = Tally::default();
        for line in [
            "running 3 tests",
            "test reads ... ok",
            "test edges ... ignored, no rig: run `cargo xtask kernel-rig`",
            "test spi   ... ignored (no rig: run `cargo xtask kernel-rig`)",
            "test takes_a_day ... ignored",
            "test result: ok. 1 passed; 0 failed; 2 ignored; 0 measured; 7 filtered out; finished in 0.00s",
            "test result: FAILED. 4 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        ] {
            tally.count(line);
        }
        let missing = BTreeMap::from([("rig".to_owned(), 2)]);
        assert_eq!(tally, Tally { passed: 5, failed: 1, ignored: 2, missing });
    }

    #[test]
    fn a_test_program_is_told_by_cargos_messages() {
        let message = |is_test: bool| {
            let manifest = root().join("crates/pinzero-cdev/Cargo.toml");
            format!(
                r#"{{"reason":"compiler-artifact","manifest_path":{manifest:?},"target":{{"name":"buses"}},
                "profile":{{"test":{is_test}}},"executable":"/deps/buses-0123"}}"#
            )
        };
        let expected = TestProgram {
            folder: "crates/pinzero-cdev".into(),
            name: "buses".to_owned(),
            path: "/deps/buses-0123".into(),
        };
        assert_eq!(TestProgram::of(&message(true)), Some(expected));
        assert_eq!(TestProgram::of(&message(false)), None);
        assert_eq!(TestProgram::of(r#"{"reason":"build-finished","success":true}"#), None);
    }

    #[test]
    fn output_is_passed_on_as_it_is_and_shown() {
        let (mut copy, mut lines) = (Vec::new(), 0);
        pass_on(Some(&b"one\n\xff\nend"[..]), &mut copy, |_| lines += 1);
        assert_eq!((copy.as_slice(), lines), (&b"one\n\xff\nend"[..], 3));
    }

    #[test]
    fn a_bad_status_is_a_failure() {
        let mut runner = Runner::default();
        let mut command = runner.command("sh");
        assert_eq!(
            runner.run(command.args(["-c", "exit 3"])),
            Err("sh -c exit 3: exit status: 3".to_owned())
        );
    }
}
