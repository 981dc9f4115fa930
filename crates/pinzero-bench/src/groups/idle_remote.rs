//! Pins of another computer while nothing happens.

use std::fs;
use std::thread;
use std::time::Duration;

use pinzero::{Button, Led};
use pinzero_core::Gpio;
use pinzero_pigpio::PigpioFactory;

use crate::bench::Bench;
use crate::count::Work;
use crate::peer::{self, Peer};
use crate::row::Target;

pub(crate) const SUBJECTS: &[(&str, Work)] = &[("idle-client", client)];

/// How long it is watched.
const TIME: Duration = Duration::from_secs(3);

/// How long what was started takes to come to rest.
const REST: Duration = Duration::from_secs(1);

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    let daemon = Peer::start("daemon", 1)?;
    let client = Peer::start_with("idle-client", 0, &[(peer::SERVER, &daemon.addr.to_string())])?;
    thread::sleep(REST);
    let before = [wake_ups(client.pid())?, wake_ups(daemon.pid())?];
    thread::sleep(TIME);
    let after = [wake_ups(client.pid())?, wake_ups(daemon.pid())?];
    for (index, what) in ["26 Buttons and 26 LEDs by pigpio, idle", "the daemon that they are at, idle"]
        .into_iter()
        .enumerate()
    {
        let each = after[index].saturating_sub(before[index]) as f64 / TIME.as_secs_f64();
        bench.counted(what, each, None, "wake-ups a second", Target::Exactly(0.0));
    }
    let threads = threads(client.pid())?.len() as f64;
    // The program's own, the exit guard's, the timeline's two, one for reports, one for replies that nobody waits for.
    bench.counted("26 Buttons and 26 LEDs by pigpio", threads, None, "threads", Target::Most(6.0));
    Ok(())
}

/// Opens all of them, says so, and waits for the end of standard input.
fn client(_: u64) {
    let addr = peer::server();
    let open = || -> pinzero::Result<()> {
        let gpio = Gpio::new(PigpioFactory::connect(addr.to_string())?)?;
        let buttons = (2..28).map(|line| Button::builder(line).gpio(&gpio).open());
        let buttons = buttons.collect::<pinzero::Result<Vec<_>>>()?;
        buttons.iter().for_each(|button| drop(button.when_pressed(|_| ())));
        let leds = (28..54).map(|line| Led::builder(line).gpio(&gpio).open());
        let _leds = leds.collect::<pinzero::Result<Vec<_>>>()?;
        println!("{addr}");
        peer::wait_for_end();
        Ok(())
    };
    open().unwrap_or_else(|error| panic!("{error}"));
}

/// The numbers of its threads.
fn threads(pid: u32) -> Result<Vec<String>, String> {
    let all = fs::read_dir(format!("/proc/{pid}/task")).map_err(|error| error.to_string())?;
    Ok(all.filter_map(|thread| thread.ok()?.file_name().into_string().ok()).collect())
}

/// How often all of its threads together have gone to sleep.
fn wake_ups(pid: u32) -> Result<u64, String> {
    let each = threads(pid)?.into_iter().map(|thread| -> Result<u64, String> {
        let status = fs::read_to_string(format!("/proc/{pid}/task/{thread}/status"));
        let status = status.map_err(|error| error.to_string())?;
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        let count = line.and_then(|count| count.trim().parse().ok());
        count.ok_or_else(|| "the system does not count what wakes up".to_owned())
    });
    each.sum()
}
