//! The character device, beside lgpio and gpiozero on it.
//!
//! lgpio has to be there already, for the rig has no network: the group `pwm` gets it.

use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Stdio};

use pinzero::Led;

use crate::bench::Bench;
use crate::groups::cdev;
use crate::python::Lgpio;
use crate::row::Target;
use crate::time;

const LGPIO: &str = "lgpio 0.2.2, `lgGpioWrite`";
const GPIOZERO: &str = "gpiozero on lgpio";

/// The rounds that are run by turns.
const ROUNDS: usize = 9;

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    const WRITE: &str = "`Led::on`, `off` on cdev";
    let lgpio = match Lgpio::get() {
        Ok(lgpio) => lgpio,
        Err(why) => {
            bench.skipped(LGPIO, &why);
            return Ok(());
        }
    };
    let gpio = cdev::gpio();
    let led = Led::builder(18).gpio(&gpio).open().map_err(|error| error.to_string())?;
    let switch = |times| {
        for number in 0..times {
            let _ = black_box(if number & 1 == 0 { led.on() } else { led.off() });
        }
    };
    let rows: [(&str, &dyn Fn(u64), &str, &str, u64, f64); 4] = [
        (WRITE, &switch, LGPIO, "write", 2_000, 1.1),
        (WRITE, &switch, GPIOZERO, "led", 2_000, 1.0),
        ("a `Led` on cdev, opened and closed", &cdev::open_led, GPIOZERO, "open-led", 100, 1.0),
        ("a `Button` on cdev, opened and closed", &cdev::open_button, GPIOZERO, "open-button", 10, 1.0),
    ];
    for (what, work, against, name, times, most) in rows {
        // One for each row, for whatever an earlier one left running would be in the way of the next.
        let mut peer = Peer::start(&lgpio)?;
        let (mut ours, mut theirs) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..ROUNDS {
            ours = ours.min(time::once(times, work));
            theirs = theirs.min(peer.nanos(name, times)?);
        }
        bench.timed(what, ours, Some((against, theirs)), "ns", Target::Ratio(most));
    }
    Ok(())
}

/// `peers/lgpio_chip.py`, which ends with this.
#[derive(Debug)]
struct Peer {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Peer {
    fn start(lgpio: &Lgpio) -> Result<Self, String> {
        let mut command = lgpio.command("lgpio_chip.py");
        let child = command.arg(&lgpio.object).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| format!("{command:?}: {error}"))?;
        let output = child.stdout.take().ok_or("it has no output")?;
        Ok(Peer { child, output: BufReader::new(output) })
    }

    /// How long it took for one of so many times.
    fn nanos(&mut self, work: &str, times: u64) -> Result<f64, String> {
        let mut line = String::new();
        let input = self.child.stdin.as_mut().ok_or("it has no input")?;
        let answered = writeln!(input, "{work} {times}").and_then(|()| self.output.read_line(&mut line));
        answered.map_err(|error| error.to_string())?;
        line.trim().parse().map_err(|_| format!("lgpio_chip.py says {line:?} to {work}"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
