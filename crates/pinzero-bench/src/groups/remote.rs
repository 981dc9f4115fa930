//! Drives pins of another computer: by the pigpio client, at a daemon in a process of its own.

use std::thread;
use std::time::Duration;

use pinzero::{Button, Led, LedBoard};
use pinzero_core::{Gpio, I2c};
use pinzero_pigpio::PigpioFactory;
use pinzero_pigpio::protocol::{Command, Request};

use crate::baseline::Baseline;
use crate::bench::Bench;
use crate::count::{self, Work};
use crate::process;
use crate::relay::Relay;
use crate::row::Target;
use crate::server::{self, Server};
use crate::time;

pub(crate) const SUBJECTS: &[(&str, Work)] = &[
    ("remote-write", |times| write(&led(false), times)),
    ("remote-stream", |times| write(&led(true), times)),
    ("remote-group", write_group),
    ("remote-board", write_board),
    ("remote-i2c", |times| read_registers(&i2c(&server::server().to_string()), times)),
    ("remote-idle", idle),
];

const READ: &str = "`I2c::write_read`, a register of 2 bytes by pigpio";
const WRITE: &str = "`Led::on`, `off` by pigpio, acknowledged";

/// How long an idle client is watched, and how long what was started takes to come to rest.
const WATCHED: Duration = Duration::from_secs(3);
const REST: Duration = Duration::from_secs(1);

/// How often lines go up and down while frames are counted.
const FRAME_ROUNDS: u32 = 50;

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    let daemon = Server::start("daemon", 1, &[])?;
    let addr = daemon.addr.to_string();
    let variables = [(server::SERVER, addr.as_str())];
    for (what, subject, most) in [
        // One to send and one to receive; now and then, one of the thread that reads what nobody waits for.
        (WRITE, "remote-write", 2.25),
        ("a group write of 8 outputs by pigpio", "remote-group", 2.25),
        ("`LedBoard::on`, `off` of 8 LEDs by pigpio", "remote-board", 2.25),
        (READ, "remote-i2c", 2.25),
        // One to send, and now and then one for many answers.
        ("`Led::on`, `off` by pigpio, unacknowledged", "remote-stream", 1.25),
    ] {
        let calls = count::system_calls_with(subject, &variables)?;
        bench.counted(what, calls, None, "system calls", Target::Most(most));
    }

    count_frames(bench, &daemon)?;

    let client = Server::start("remote-idle", 0, &variables)?;
    thread::sleep(REST);
    let wakeups =
        || Ok::<_, String>([process::wakeups_of(client.pid())?, process::wakeups_of(daemon.pid())?]);
    let before = wakeups()?;
    thread::sleep(WATCHED);
    let after = wakeups()?;
    let whats = ["26 Buttons and 26 LEDs by pigpio, idle", "the daemon that they are at, idle"];
    for (index, what) in whats.into_iter().enumerate() {
        let each = after[index].saturating_sub(before[index]) as f64 / WATCHED.as_secs_f64();
        bench.counted(what, each, None, "wake-ups a second", Target::Exactly(0.0));
    }
    let threads = process::threads_of(client.pid())? as f64;
    // The program's own, the exit guard's, the timeline's two, one for reports, one for replies that nobody waits for.
    bench.counted("26 Buttons and 26 LEDs by pigpio", threads, None, "threads", Target::Most(6.0));
    if bench.is_short {
        return Ok(());
    }

    // On one processor: a wake-up on another takes longer than all else, and as long for everybody.
    server::keep_to(0);
    let daemon = Server::start("daemon", 0, &[])?;
    let gpio = connect(&daemon.addr.to_string(), false).map_err(|error| error.to_string())?;
    let led = Led::builder(17).gpio(&gpio).open().map_err(|error| error.to_string())?;
    let mut baseline = Baseline::connect(daemon.addr)?;
    baseline.ask(Command::Modes, 4, 1)?;
    let theirs = |times| {
        for number in 0..times {
            let asked = baseline.ask(Command::Write, 4, (number & 1) as u32);
            asked.unwrap_or_else(|error| panic!("{error}"));
        }
    };
    let (ours, theirs) = time::pair(10_000, |times| write(&led, times), theirs);
    let with = Some(("a write and a read of 16 bytes", theirs));
    bench.timed(WRITE, ours, with, "ns", Target::Ratio(1.1));
    read_by_i2c(bench, &daemon, &mut baseline)
}

/// Counts the frames of a write of 8 lines: one request for all that go up, and one for all that go down.
fn count_frames(bench: &Bench, daemon: &Server) -> Result<(), String> {
    let relay = Relay::start(daemon.addr).map_err(|error| error.to_string())?;
    let opened = connect(&relay.addr.to_string(), false).and_then(|gpio| gpio.group(4..12).open());
    let group = opened.map_err(|error| error.to_string())?;
    for (what, levels, frames) in [
        ("a group write of 8 outputs by pigpio, all of them up or down", [0xff, 0], 1.0),
        ("a group write of 8 outputs by pigpio, half of them up and half down", [0x55, 0xaa], 2.0),
    ] {
        group.set(levels[1]).map_err(|error| error.to_string())?;
        let before = relay.frames();
        for _ in 0..FRAME_ROUNDS {
            for levels in levels {
                group.set(levels).map_err(|error| error.to_string())?;
            }
        }
        let after = relay.frames();
        for (way, unit) in ["frames sent", "frames received"].into_iter().enumerate() {
            let each = (after[way] - before[way]) as f64 / (2 * FRAME_ROUNDS) as f64;
            bench.counted(what, each, None, unit, Target::Exactly(frames));
        }
    }
    Ok(())
}

/// Compares a transaction with the exchange of the same bytes.
fn read_by_i2c(bench: &Bench, daemon: &Server, baseline: &mut Baseline) -> Result<(), String> {
    let bus = i2c(&daemon.addr.to_string());
    let open = Request::new(Command::I2co, 1, server::CHIP.into()).with(&[0; 4]);
    let handle = baseline.exchange(open, &mut [0; 16])?;
    // Combined on, a write of one byte, a read of two, combined off.
    let list = [4, server::CHIP, 2, 1, 7, 1, 0, 0x10, 1, 6, 2, 0, 3, 0];
    let theirs = |times| {
        for _ in 0..times {
            let request = Request::new(Command::I2cz, handle, 0).with(&list);
            let asked = baseline.exchange(request, &mut [0; 18]);
            asked.unwrap_or_else(|error| panic!("{error}"));
        }
    };
    let (ours, theirs) = time::pair(10_000, |times| read_registers(&bus, times), theirs);
    bench.timed(READ, ours, Some(("the same frames on a socket", theirs)), "ns", Target::Ratio(1.15));
    Ok(())
}

/// Opens the daemon's I2C bus 1.
fn i2c(addr: &str) -> I2c {
    let opened = connect(addr, false).and_then(|gpio| gpio.i2c(1).open());
    opened.unwrap_or_else(|error| panic!("{error}"))
}

/// Reads a register of two bytes this many times.
fn read_registers(bus: &I2c, times: u64) {
    let mut data = [0; 2];
    for _ in 0..times {
        bus.write_read(server::CHIP, &[0x10], &mut data).unwrap_or_else(|error| panic!("{error}"));
    }
}

fn connect(addr: &str, unacknowledged: bool) -> pinzero::Result<Gpio> {
    let builder = PigpioFactory::builder(addr);
    let builder = if unacknowledged { builder.unacknowledged() } else { builder };
    Gpio::new(builder.connect()?)
}

fn led(unacknowledged: bool) -> Led {
    let led = connect(&server::server().to_string(), unacknowledged)
        .and_then(|gpio| Led::builder(17).gpio(&gpio).open());
    led.unwrap_or_else(|error| panic!("{error}"))
}

/// Switches on and off so many times, and waits until that is done.
fn write(led: &Led, times: u64) {
    for number in 0..times {
        let done = if number & 1 == 0 { led.on() } else { led.off() };
        done.unwrap_or_else(|error| panic!("{error}"));
    }
    led.is_active().unwrap_or_else(|error| panic!("{error}"));
}

/// Swaps the levels of the even and the odd lines this many times.
fn write_group(times: u64) {
    let gpio = connect(&server::server().to_string(), false).unwrap_or_else(|error| panic!("{error}"));
    let group = gpio.group(4..12).open().unwrap_or_else(|error| panic!("{error}"));
    for number in 0..times {
        let levels = if number & 1 == 0 { 0x55 } else { 0xaa };
        group.set(levels).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Switches eight LEDs on and off this many times.
fn write_board(times: u64) {
    let gpio = connect(&server::server().to_string(), false).unwrap_or_else(|error| panic!("{error}"));
    let board = LedBoard::builder(4..12).gpio(&gpio).open().unwrap_or_else(|error| panic!("{error}"));
    for number in 0..times {
        let done = if number & 1 == 0 { board.on() } else { board.off() };
        done.unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Opens 26 buttons and 26 LEDs, prints an address, and waits for the end of standard input.
fn idle(_: u64) {
    let addr = server::server();
    let open = || -> pinzero::Result<()> {
        let gpio = connect(&addr.to_string(), false)?;
        let buttons = (2..28).map(|line| Button::builder(line).gpio(&gpio).open());
        let buttons = buttons.collect::<pinzero::Result<Vec<_>>>()?;
        buttons.iter().for_each(|button| drop(button.when_pressed(|_| ())));
        let leds = (28..54).map(|line| Led::builder(pinzero::Line(line)).gpio(&gpio).open());
        let _leds = leds.collect::<pinzero::Result<Vec<_>>>()?;
        println!("{addr}");
        server::wait_for_end();
        Ok(())
    };
    open().unwrap_or_else(|error| panic!("{error}"));
}
