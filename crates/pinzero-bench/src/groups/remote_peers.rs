//! Other clients of the same daemon.

use std::net::SocketAddr;
use std::path::Path;
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
const ROUNDS: usize = 5;

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    const WHAT: &str = "`Led::on`, `off` by pigpio and the daemon";
    let python = match python::python() {
        Ok(python) => python,
        Err(why) => {
            bench.skipped(WHAT, &why);
            return Ok(());
        }
    };
    peer::keep_to(0);
    let daemon = Peer::start("daemon", 0)?;
    let gpio = Gpio::new(PigpioFactory::connect(daemon.addr.to_string()).map_err(|error| error.to_string())?);
    let gpio = gpio.map_err(|error| error.to_string())?;
    let led = Led::builder(17).on(&gpio).open().map_err(|error| error.to_string())?;
    let (mut ours, mut theirs) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        let write = |times| {
            for number in 0..times {
                let done = if number & 1 == 0 { led.on() } else { led.off() };
                done.unwrap_or_else(|error| panic!("{error}"));
            }
        };
        ours = ours.min(time::once(WRITES, write));
        theirs = theirs.min(python_writes(&python, daemon.addr)?);
    }
    bench.timed(WHAT, ours, Some(("Python pigpio 1.78", theirs)), "ns", Target::Ratio(1.0));
    Ok(())
}

fn python_writes(python: &Path, addr: SocketAddr) -> Result<f64, String> {
    let mut command = Command::new(python);
    command.args(["-c", PYTHON, &addr.ip().to_string(), &addr.port().to_string(), &WRITES.to_string()]);
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout);
    said.trim().parse().map_err(|_| format!("Python: {}", String::from_utf8_lossy(&output.stderr)))
}
