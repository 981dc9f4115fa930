//! Other clients of the same daemon.

use std::process::{Command, Stdio};

use pinzero::Led;
use pinzero_core::Gpio;
use pinzero_pigpio::PigpioFactory;

use crate::bench::Bench;
use crate::peer::{self, Peer};
use crate::python;
use crate::row::Target;
use crate::time;

/// Writes so many times, and prints how many nanoseconds one took.
const PYTHON: &str = "
import sys, time, pigpio
pi = pigpio.pi(sys.argv[1], int(sys.argv[2]))
pi.set_mode(22, pigpio.OUTPUT)
count = int(sys.argv[3])
start = time.perf_counter_ns()
for number in range(count):
    pi.write(22, number & 1)
print((time.perf_counter_ns() - start) / count)
pi.stop()
";

/// How many writes a round has.
const WRITES: u64 = 10_000;

/// The rounds that are run by turns.
const ROUNDS: usize = 9;

const IF2: &str = "pigpio's own client in C, `pigpiod_if2`";

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    const WHAT: &str = "`Led::on`, `off` by pigpio and the daemon";
    peer::keep_to(0);
    let daemon = Peer::start("daemon", 0)?;
    let gpio = Gpio::new(PigpioFactory::connect(daemon.addr.to_string()).map_err(|error| error.to_string())?);
    let gpio = gpio.map_err(|error| error.to_string())?;
    let led = Led::builder(17).gpio(&gpio).open().map_err(|error| error.to_string())?;
    let write = |times| {
        for number in 0..times {
            let done = if number & 1 == 0 { led.on() } else { led.off() };
            done.unwrap_or_else(|error| panic!("{error}"));
        }
    };
    let in_python = python::python().map(|python| {
        let mut command = Command::new(python);
        command.args(["-c", PYTHON]);
        command
    });
    // Debian's package is libpigpiod-if2-1.
    let in_c = python::c_program("pigpiod_if2", "libpigpiod_if2.so.1").map(Command::new);
    for (against, command) in [("Python pigpio 1.78", in_python), (IF2, in_c)] {
        let mut command = match command {
            Ok(command) => command,
            Err(why) => {
                bench.skipped(&format!("{WHAT}, {against}"), &why);
                continue;
            }
        };
        command.args([daemon.addr.ip().to_string(), daemon.addr.port().to_string(), WRITES.to_string()]);
        let (mut ours, mut theirs) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..ROUNDS {
            ours = ours.min(time::once(WRITES, write));
            theirs = theirs.min(nanos(&mut command)?);
        }
        bench.timed(WHAT, ours, Some((against, theirs)), "ns", Target::Ratio(1.0));
    }
    Ok(())
}

/// What a client prints.
fn nanos(command: &mut Command) -> Result<f64, String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    said.trim().parse().map_err(|_| format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))
}
