//! The ways in which a program can end, and what is to become of its pins and its exit status.
//!
//! The program is `src/bin/exit_child.rs`: it lights a LED on GPIO17, says that it is ready, and ends as it is told.

use std::io::{self, BufRead, BufReader};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With this code.
    Code(i32),
    /// By this signal: a shell says 128 more.
    Signal(Signal),
}

impl From<ExitStatus> for End {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal().and_then(Signal::from_named_raw)) {
            (Some(code), _) => End::Code(code),
            (None, Some(signal)) => End::Signal(signal),
            (None, None) => panic!("neither ended nor killed: {status:?}"),
        }
    }
}

/// One way to end.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// What the program is told to do.
    pub mode: &'static str,
    /// What it is sent: a signal each time that it says a line.
    pub signals: &'static [Signal],
    /// How it is to end.
    pub end: End,
    /// Whether the LED's line is to be given back; `None` if it may or may not.
    pub gives_back: Option<bool>,
}

const fn case(mode: &'static str, signals: &'static [Signal], end: End) -> Case {
    Case { mode, signals, end, gives_back: Some(true) }
}

const fn left(mode: &'static str, signals: &'static [Signal], end: End) -> Case {
    Case { mode, signals, end, gives_back: Some(false) }
}

/// All ways, but for panics that abort: they need a build of their own.
pub const CASES: &[Case] = &[
    case("return", &[], End::Code(0)),
    case("return-error", &[], End::Code(1)),
    case("exit", &[], End::Code(3)),
    case("exit-in-callback", &[], End::Code(3)),
    case("exit-in-thread", &[], End::Code(3)),
    case("exit-while-blinking", &[], End::Code(3)),
    case("panic", &[], End::Code(101)),
    case("panic-in-thread", &[], End::Code(0)),
    case("panic-in-callback", &[], End::Code(0)),
    case("leak-and-return", &[], End::Code(0)),
    case("leak-in-cycle-and-exit", &[], End::Code(3)),
    case("leak-in-static-and-return", &[], End::Code(0)),
    case("leak-bus-and-return", &[], End::Code(0)),
    case("wait", &[Signal::INT], End::Signal(Signal::INT)),
    case("wait", &[Signal::TERM], End::Signal(Signal::TERM)),
    case("wait", &[Signal::HUP], End::Signal(Signal::HUP)),
    // What `main` waits for ends when the pins are closed: the signal ends the program all the same.
    case("wait-for-press", &[Signal::INT], End::Signal(Signal::INT)),
    case("wait-for-press", &[Signal::TERM], End::Signal(Signal::TERM)),
    case("wait-for-events", &[Signal::INT], End::Signal(Signal::INT)),
    case("wait-for-events", &[Signal::HUP], End::Signal(Signal::HUP)),
    case("wait-for-blink", &[Signal::INT], End::Signal(Signal::INT)),
    case("wait-for-blink", &[Signal::TERM], End::Signal(Signal::TERM)),
    case("pause", &[Signal::INT], End::Signal(Signal::INT)),
    case("pause", &[Signal::TERM], End::Signal(Signal::TERM)),
    // The program has its own handler, and `main` returns.
    case("pause-with-ctrlc", &[Signal::INT], End::Code(0)),
    // A program at work finds its pins closed.
    case("write-all-the-time", &[Signal::INT], End::Signal(Signal::INT)),
    case("fade-all-the-time", &[Signal::TERM], End::Signal(Signal::TERM)),
    case("read-all-the-time", &[Signal::INT], End::Signal(Signal::INT)),
    case("open-all-the-time", &[Signal::HUP], End::Signal(Signal::HUP)),
    case("write-in-handler", &[Signal::INT], End::Signal(Signal::INT)),
    case("wait-in-handler", &[Signal::INT], End::Signal(Signal::INT)),
    case("exit-while-main-waits", &[], End::Code(3)),
    case("write-at-exit", &[], End::Code(3)),
    case("close-all-in-thread", &[], End::Code(0)),
    case("signal-is-awaited", &[Signal::TERM], End::Code(0)),
    // SIGQUIT and SIGKILL are for ending at once.
    left("wait", &[Signal::QUIT], End::Signal(Signal::QUIT)),
    left("wait", &[Signal::KILL], End::Signal(Signal::KILL)),
    case("nohup", &[Signal::HUP], End::Code(0)),
    case("signal-hook-before", &[Signal::TERM], End::Code(0)),
    case("signal-hook-after", &[Signal::TERM], End::Code(0)),
    case("signal-hook-twice", &[Signal::TERM, Signal::TERM], End::Code(0)),
    case("tokio", &[Signal::INT], End::Code(0)),
    case("ctrlc-before", &[Signal::INT], End::Code(0)),
    case("ctrlc-after", &[Signal::INT], End::Code(0)),
    // The one backend hangs; the LED, on another, is given back all the same.
    case("hang", &[Signal::INT], End::Signal(Signal::INT)),
    case("hang-and-exit", &[], End::Code(3)),
    // The second signal does not wait for what the first has started.
    Case {
        mode: "hang",
        signals: &[Signal::INT, Signal::TERM],
        end: End::Signal(Signal::TERM),
        gives_back: None,
    },
    Case {
        mode: "hang",
        signals: &[Signal::INT, Signal::INT],
        end: End::Signal(Signal::INT),
        gives_back: None,
    },
    case("fork-exits", &[], End::Code(0)),
    left("fork-exits-and-parent-is-killed", &[], End::Signal(Signal::KILL)),
    case("fork-is-killed", &[], End::Code(0)),
    case("fork-closes", &[], End::Code(0)),
    case("fork-opens-and-exits", &[], End::Code(0)),
    case("fork-opens-and-is-killed", &[], End::Code(0)),
    case("fork-uses-its-parents", &[], End::Code(0)),
    case("fork-with-locks-held", &[], End::Code(0)),
    // The mock that the environment names has no journal.
    Case { mode: "fork-default", signals: &[], end: End::Code(0), gives_back: None },
    case("fork-set-default", &[], End::Code(0)),
    case("fork-daemon", &[], End::Code(0)),
    left("no-guard-by-builder", &[Signal::TERM], End::Signal(Signal::TERM)),
    left("no-guard-by-variable", &[Signal::TERM], End::Signal(Signal::TERM)),
];

/// The program, built beside the test that runs.
pub fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap_or_default();
    // A test lies in `deps`, one folder below the programs.
    test.ancestors().nth(2).map(|folder| folder.join("exit_child")).unwrap_or_default()
}

/// Runs `program` to its end on the pins that `pins` names: a journal for the mock to write, `cdev`, or a daemon's address.
pub fn run(program: &Path, pins: &str, case: &Case) -> End {
    run_with(program, pins, case, Stdio::null())
}

/// Does the same, with the program's standard error.
pub fn run_with(program: &Path, pins: &str, case: &Case, stderr: Stdio) -> End {
    let mut command = Command::new(program);
    // SAFETY: between fork and exec, the closure does nothing but make calls that a signal handler may make as well.
    unsafe { command.pre_exec(default_signals) };
    let mut child = command
        .args([pins, case.mode])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()
        .unwrap_or_else(|error| panic!("{} cannot be started: {error}", program.display()));
    let pid = Pid::from_child(&child);
    let mut lines =
        BufReader::new(child.stdout.take().unwrap_or_else(|| unreachable!("it is piped"))).lines();
    for signal in case.signals {
        let line = lines.next().unwrap_or_else(|| panic!("{}: it ended too early", case.mode));
        line.and_then(|_| Ok(kill_process(pid, *signal)?))
            .unwrap_or_else(|error| panic!("{}: {error}", case.mode));
    }
    // Whoever still holds the pipe, a fork for one, does not hold this up.
    child.wait().unwrap_or_else(|error| panic!("{}: {error}", case.mode)).into()
}

/// Gives this process the signals as they are at login: whoever runs in the background may have been told to ignore some,
/// and its children too.
fn default_signals() -> io::Result<()> {
    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM] {
        // SAFETY: the default action is no code of ours.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    Ok(())
}
