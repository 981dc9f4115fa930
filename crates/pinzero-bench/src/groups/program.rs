//! A program with one LED, and the command `pinzero`: how large they are, and what it takes to start them and to end.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::registers::NANOS;
use crate::bench::Bench;
use crate::count;
use crate::machine;
use crate::process;
use crate::row::Target;

/// How large the command may be with all of its parts, and how long its drawing of a board may take, in microseconds.
const LARGEST_COMMAND: Target = Target::Most(6e6);
const LONGEST_PINOUT: Target = Target::Most(20_000.0);

/// How often each is started; the best counts.
const ROUNDS: usize = 60;

/// After this long it has done all that it does.
const SETTLED: Duration = Duration::from_millis(200);

const RPPAL: &str = "the same on `rppal`";
const NOTHING: &str = "a program that does nothing";
const FROM_START: &str = "us from start to end";
const MEMORY: &str = "bytes of memory at most";

/// The parts of pinzero in a program, as arguments of cargo.
const FEATURES: [(&str, &[&str]); 3] = [
    ("One LED by `cdev` alone", &["--no-default-features", "--features=cdev"]),
    ("One LED by `rppal` alone", &["--no-default-features", "--features=rppal"]),
    // Last: what is measured below is this one.
    ("One LED by the default features", &[]),
];

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    // `target/release/pinzero-bench`
    let this = env::current_exe().map_err(|error| error.to_string())?;
    let target = this.ancestors().nth(2).ok_or("this program is nowhere")?;
    let programs = target.join("small");
    let size = |name: &str| {
        let path = programs.join(name);
        let file = fs::metadata(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok::<f64, String>(file.len() as f64)
    };
    for (what, features) in FEATURES {
        build(target, "pinzero-bench-programs", features)?;
        let ours = size("one_led")?;
        for (against, theirs, target) in
            [(RPPAL, "one_led_rppal", Target::Ratio(1.6)), (NOTHING, "nothing", Target::None)]
        {
            bench.counted(what, ours, Some((against, size(theirs)?)), "bytes of file", target);
        }
    }

    // The others need a Raspberry Pi or a chip to start. Ours has the mock, which is a little more than it would have there.
    let what = "A program with one LED, on the mock";
    let [led, nothing] = ["one_led", "nothing"].map(|name| on("mock", &programs.join(name)));
    let calls = (count::system_calls_of(&led())?, count::system_calls_of(&nothing())?);
    bench.counted(what, calls.0, Some((NOTHING, calls.1)), "system calls", Target::None);
    let peaks = (peak(led())?, peak(nothing())?);
    bench.counted(what, peaks.0, Some((NOTHING, peaks.1)), MEMORY, Target::None);
    if !bench.is_short {
        let (led, nothing) = best_start(&led, &nothing)?;
        bench.timed(what, led / 1e3, Some((NOTHING, nothing / 1e3)), FROM_START, Target::None);
    }

    build(target, "pinzero-cli", &[])?;
    bench.counted("The command `pinzero`", size("pinzero")?, None, "bytes of file", LARGEST_COMMAND);
    if !bench.is_short {
        let draw = || {
            let mut command = on("mock", &programs.join("pinzero"))();
            command.args(["pinout", "4b"]);
            command
        };
        let (drawn, nothing) = best_start(&draw, &nothing)?;
        let against = Some((NOTHING, nothing / 1e3));
        bench.timed("`pinzero pinout 4b`", drawn / 1e3, against, FROM_START, LONGEST_PINOUT);
    }
    Ok(())
}

/// On the emulated Raspberry Pi all of them start, and times are counts.
pub(crate) fn run_on_the_pi(bench: &Bench) -> Result<(), String> {
    let this = env::current_exe().map_err(|error| error.to_string())?;
    let program = |name| on("rppal", &this.with_file_name(name));
    let theirs = program("one_led_rppal");
    for (what, led) in [
        ("One LED by `rppal` alone", program("one_led")),
        ("One LED by `rppal` beside the default features", program("one_led_default")),
    ] {
        let (start, their_start) = best_start(&led, &theirs)?;
        let unit = "instructions (aarch64) from start to end, the kernel's included";
        bench.counted(what, start / NANOS, Some((RPPAL, their_start / NANOS)), unit, Target::Ratio(1.2));
        let (peak, their_peak) = (peak(led())?, peak(theirs())?);
        bench.counted(what, peak, Some((RPPAL, their_peak)), MEMORY, Target::Ratio(1.2));
    }
    Ok(())
}

/// Builds the programs of a package as one does whose size counts.
fn build(target: &Path, package: &str, features: &[&str]) -> Result<(), String> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--quiet", "--locked", "--profile=small", "--package", package]);
    command.args(features).arg("--target-dir").arg(target).current_dir(machine::root());
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    let status = status.map_err(|error| format!("cargo: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("cargo: {status}")) }
}

/// The command that starts a program, whose LED is on this factory if it is ours.
fn on(factory: &'static str, program: &Path) -> impl Fn() -> Command + use<> {
    let program = program.to_owned();
    move || {
        let mut command = Command::new(&program);
        command.env("PINZERO_PIN_FACTORY", factory);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

/// The times that two programs take from start to end, by turns, in nanoseconds.
fn best_start(one: &dyn Fn() -> Command, other: &dyn Fn() -> Command) -> Result<(f64, f64), String> {
    let mut best = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        best = (best.0.min(started(one())?), best.1.min(started(other())?));
    }
    Ok(best)
}

/// The time that it takes, in nanoseconds.
fn started(mut command: Command) -> Result<f64, String> {
    let start = Instant::now();
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    let taken = start.elapsed().as_nanos() as f64;
    if status.success() { Ok(taken) } else { Err(format!("{command:?}: {status}")) }
}

/// The most memory that it has had, with its LED on.
fn peak(mut command: Command) -> Result<f64, String> {
    // With an argument it stays.
    let child = command.arg("stay").spawn().map_err(|error| format!("{command:?}: {error}"))?;
    let child = Ended(child);
    thread::sleep(SETTLED);
    Ok(process::peak_of(child.0.id())? as f64)
}

/// A process that does not outlive this.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
