//! A program with one LED: how large it is, and what it takes to start it and to end.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::count;
use crate::place;
use crate::process;
use crate::row::Target;

/// How often each is started; the best counts.
const ROUNDS: usize = 15;

/// After this long it has done all that it does.
const SETTLED: Duration = Duration::from_millis(200);

const RPPAL: &str = "the same on `rppal`";
const GPIOCDEV: &str = "the same on `gpiocdev`";
const NOTHING: &str = "a program that does nothing";

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    let programs = match build() {
        Ok(programs) => programs,
        Err(why) => {
            bench.skipped("programs with one LED", &why);
            return Ok(());
        }
    };
    let (led, nothing) = (programs.join("one_led"), programs.join("nothing"));
    let what = "A program with one LED";
    let size = |name: &str| {
        let path = programs.join(name);
        let file = fs::metadata(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok::<f64, String>(file.len() as f64)
    };
    let ours = size("one_led")?;
    bench.counted(what, ours, Some((RPPAL, size("one_led_rppal")?)), "bytes of file", Target::Ratio(1.6));
    bench.counted(what, ours, Some((GPIOCDEV, size("one_led_gpiocdev")?)), "bytes of file", Target::None);
    bench.counted(what, ours, Some((NOTHING, size("nothing")?)), "bytes of file", Target::None);

    // The others need a Raspberry Pi or a chip to start. Ours has the mock, which is a little more than it would have there.
    let mock = "A program with one LED, on the mock";
    let calls = |program| count::system_calls_of(&on_the_mock(program));
    bench.counted(mock, calls(&led)?, Some((NOTHING, calls(&nothing)?)), "system calls", Target::None);
    let peaks = (peak(&led)?, peak(&nothing)?);
    bench.counted(mock, peaks.0, Some((NOTHING, peaks.1)), "bytes of memory at most", Target::None);
    if !bench.is_short {
        let mut best = [f64::INFINITY; 2];
        for _ in 0..ROUNDS {
            for (best, program) in best.iter_mut().zip([&led, &nothing]) {
                *best = best.min(started(program)?);
            }
        }
        bench.timed(mock, best[0], Some((NOTHING, best[1])), "us from start to end", Target::None);
    }
    Ok(())
}

/// Builds the programs as one does whose size counts, and returns where they are.
fn build() -> Result<PathBuf, String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    // `target/release/pinzero-bench`
    let target = this.ancestors().nth(2).ok_or("this program is nowhere")?;
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--quiet", "--locked", "--profile=small", "--package=pinzero-bench-programs"]);
    command.arg("--target-dir").arg(target).current_dir(place::root());
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    let status = status.map_err(|error| format!("cargo: {error}"))?;
    if status.success() { Ok(target.join("small")) } else { Err(format!("cargo: {status}")) }
}

fn on_the_mock(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env("PINZERO_PIN_FACTORY", "mock");
    command
}

/// The time that it takes, in microseconds.
fn started(program: &Path) -> Result<f64, String> {
    let mut command = on_the_mock(program);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status().map_err(|error| format!("{}: {error}", program.display()))?;
    let taken = start.elapsed().as_nanos() as f64 / 1e3;
    if status.success() { Ok(taken) } else { Err(format!("{}: {status}", program.display())) }
}

/// The most memory that it has had, with its LED on.
fn peak(program: &Path) -> Result<f64, String> {
    let mut command = on_the_mock(program);
    // With an argument it stays.
    command.arg("stay").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().map_err(|error| format!("{}: {error}", program.display()))?;
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
