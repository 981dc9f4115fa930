//! Pins of another computer, beside the bare socket that leads there.

use std::hint::black_box;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use pinzero::Led;
use pinzero_core::{Bias, EdgeSink, EventKind, Gpio, Input, InputConfig, Line, PinFactory};
use pinzero_pigpio::PigpioFactory;
use pinzero_pigpio::protocol::{Command, Report};

use crate::bare::{self, Bare, frame};
use crate::bench::Bench;
use crate::count::{self, Work};
use crate::peer::{self, Peer};
use crate::row::Target;
use crate::time::{self, quantile};

pub(crate) const SUBJECTS: &[(&str, Work)] = &[
    ("remote-write", |times| write(&led(false), times)),
    ("remote-stream", |times| write(&led(true), times)),
    ("remote-group", |times| {
        let gpio = Gpio::new(factory(peer::server(), false)).unwrap_or_else(|error| panic!("{error}"));
        write_group(&gpio, times);
    }),
];

const WRITE: &str = "`Led::on`, `off` by pigpio, acknowledged";
const PING_PONG: &str = "a write and a read of 16 bytes";
const STREAM: &str = "`Led::on`, `off` by pigpio, unacknowledged";
const PIPELINED: &str = "as many frames under way";
const GROUP: &str = "a group write of 8 outputs by pigpio";
const TWO_FRAMES: &str = "two frames in one write";
const REPORTS: &str = "a change read from pigpio";
const READ_LOOP: &str = "a read loop over 12-byte reports";

/// How many unacknowledged writes the library has under way at most.
const WINDOW: u64 = 512;

/// How often latencies are taken: the best round counts.
const LATENCY_ROUNDS: usize = 3;

/// How long what must come may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many changes are told in one go.
const BLAST: u32 = 400_000;

/// The line that changes, and one that tells of the end.
const LINES: [u32; 2] = [17, 4];

pub(crate) fn run(bench: &Bench) -> Result<(), String> {
    let server = Peer::start("bare-server", 1)?;
    for (what, subject, target) in [
        // One to send and one to receive; now and then, one of the thread that reads what nobody waits for.
        (WRITE, "remote-write", Target::Most(2.25)),
        (GROUP, "remote-group", Target::Most(2.25)),
        // One to send, and now and then one for many answers.
        (STREAM, "remote-stream", Target::Most(1.25)),
    ] {
        let count = count::system_calls_with(subject, &[(peer::SERVER, &server.addr.to_string())])?;
        bench.counted(what, count, None, "system calls", target);
    }
    bench.counted("changes by pigpio lost on the way", lost()?, None, "edges", Target::Exactly(0.0));
    if bench.is_short {
        return Ok(());
    }
    peer::keep_to(0);
    notifications(bench)?;
    // A wake-up on another processor takes longer than all else, and as long for everybody: the same one shows what
    // the library costs.
    for (cpu, place, times, target) in
        [(0, "same CPU", 10_000, Target::Ratio(1.1)), (1, "other CPU", 2_000, Target::None)]
    {
        let server = Peer::start("bare-server", cpu)?;
        let (ours, theirs) = acknowledged(server.addr, times)?;
        bench.timed(&format!("{WRITE}, {place}"), ours, Some((PING_PONG, theirs)), "ns", target);
    }
    let same = Peer::start("bare-server", 0)?;
    let (ours, theirs) = group(same.addr)?;
    bench.timed(GROUP, ours, Some((TWO_FRAMES, theirs)), "ns", Target::Ratio(1.2));
    let (ours, theirs) = stream(same.addr)?;
    bench.timed(STREAM, ours, Some((PIPELINED, theirs)), "ns", Target::Ratio(1.2));
    latency(bench)
}

fn factory(addr: SocketAddr, unacknowledged: bool) -> PigpioFactory {
    let builder = PigpioFactory::builder(addr.to_string());
    let builder = if unacknowledged { builder.unacknowledged() } else { builder };
    builder.connect().unwrap_or_else(|error| panic!("{error}"))
}

fn led(unacknowledged: bool) -> Led {
    led_at(peer::server(), unacknowledged).unwrap_or_else(|error| panic!("{error}"))
}

fn led_at(addr: SocketAddr, unacknowledged: bool) -> Result<Led, String> {
    let gpio = Gpio::new(factory(addr, unacknowledged)).map_err(|error| error.to_string())?;
    Led::builder(LINES[0]).gpio(&gpio).open().map_err(|error| error.to_string())
}

/// Switches on and off so many times, and waits until that is done.
fn write(led: &Led, times: u64) {
    for number in 0..times {
        let done = if number & 1 == 0 { led.on() } else { led.off() };
        done.unwrap_or_else(|error| panic!("{error}"));
    }
    led.is_active().unwrap_or_else(|error| panic!("{error}"));
}

fn acknowledged(addr: SocketAddr, times: u64) -> Result<(f64, f64), String> {
    let (led, mut bare) = (led_at(addr, false)?, Bare::connect(addr)?);
    let requests = [0, 1].map(|level| frame(Command::Write, LINES[1], level));
    let theirs = |times| {
        for number in 0..times {
            bare.ping_pong(&requests[(number & 1) as usize]).unwrap_or_else(|error| panic!("{error}"));
        }
    };
    Ok(time::pair(times, |times| write(&led, times), theirs))
}

/// Has the even lines and the odd ones change places so many times.
fn write_group(gpio: &Gpio, times: u64) {
    let group = gpio.group(4..12).open().unwrap_or_else(|error| panic!("{error}"));
    for number in 0..times {
        let levels = if number & 1 == 0 { 0x55 } else { 0xaa };
        group.set(levels).unwrap_or_else(|error| panic!("{error}"));
    }
}

fn group(addr: SocketAddr) -> Result<(f64, f64), String> {
    let gpio = Gpio::new(factory(addr, false)).map_err(|error| error.to_string())?;
    let mut bare = Bare::connect(addr)?;
    let request = [frame(Command::Bc1, 0xaa0, 0), frame(Command::Bs1, 0x550, 0)].concat();
    let theirs = |times| {
        let mut replies = [0; 32];
        for _ in 0..times {
            let done = bare.0.write_all(&request).and_then(|()| bare.0.read_exact(&mut replies));
            done.unwrap_or_else(|error| panic!("{error}"));
        }
    };
    Ok(time::pair(10_000, |times| write_group(&gpio, times), theirs))
}

fn stream(addr: SocketAddr) -> Result<(f64, f64), String> {
    let (led, mut bare) = (led_at(addr, true)?, Bare::connect(addr)?);
    let request = frame(Command::Write, LINES[1], 1);
    let mut replies = vec![0; 4096];
    let theirs = |times: u64| {
        let (mut sent, mut answered) = (0, 0);
        while answered < times * 16 {
            while sent < times && sent - answered / 16 < WINDOW {
                bare.0.write_all(&request).unwrap_or_else(|error| panic!("{error}"));
                sent += 1;
            }
            let limit = if sent < times { (sent - WINDOW / 2) * 16 } else { times * 16 };
            while answered < limit {
                let count = bare.0.read(&mut replies).unwrap_or_else(|error| panic!("{error}"));
                answered += count as u64;
            }
        }
    };
    Ok(time::pair(50_000, |times| write(&led, times), theirs))
}

/// A storm of reports, as fast as they can be read. Each reader has a server to itself.
fn notifications(bench: &Bench) -> Result<(), String> {
    let servers = [1, 1, 1].map(|cpu| Peer::start("bare-server", cpu));
    let [first, second, third] = servers;
    let (first, second, third) = (first?, second?, third?);
    let text = |error: pinzero_core::Error| error.to_string();
    let mut bare = read_loop(first.addr)?;

    // Read and understood, and then dropped.
    let pi = factory(second.addr, false);
    let gpio = Gpio::new(pi.clone()).map_err(text)?;
    let mut all = storm(&gpio, second.addr)?;
    let config = InputConfig { bias: Bias::AsIs, settle: None, edges: Some(EdgeSink::nowhere()) };
    let _line = pi.open_input(Line(LINES[0]), config).map_err(text)?;
    let (ours, theirs) = time::pair(BLAST.into(), &mut all, &mut bare);
    bench.timed(REPORTS, ours, Some((READ_LOOP, theirs)), "ns", Target::Ratio(1.5));

    // Up to a callback for each.
    let gpio = Gpio::new(factory(third.addr, false)).map_err(text)?;
    let (_input, _) = counted(&gpio)?;
    let (ours, theirs) = time::pair(BLAST.into(), storm(&gpio, third.addr)?, &mut bare);
    bench.timed(&format!("{REPORTS}, to its callback"), ours, Some((READ_LOOP, theirs)), "ns", Target::None);
    Ok(())
}

/// How many changes of a storm come to no callback.
fn lost() -> Result<f64, String> {
    let server = Peer::start("bare-server", 1)?;
    let gpio = Gpio::new(factory(server.addr, false)).map_err(|error| error.to_string())?;
    let (_input, seen) = counted(&gpio)?;
    storm(&gpio, server.addr)?(BLAST.into());
    // Callbacks come in order, so all of them have been before the one that tells of the end.
    Ok(f64::from(BLAST) - seen.load(Ordering::Relaxed) as f64)
}

/// The line that changes, and how often it has.
fn counted(gpio: &Gpio) -> Result<(Input, Arc<AtomicU64>), String> {
    let input = gpio.input(LINES[0]).open().map_err(|error| error.to_string())?;
    let seen = Arc::new(AtomicU64::new(0));
    for kind in [EventKind::Activated, EventKind::Deactivated] {
        let seen = seen.clone();
        input.on(kind, move |_| _ = seen.fetch_add(1, Ordering::Relaxed));
    }
    Ok((input, seen))
}

/// Has so many changes told, and reads them.
fn read_loop(addr: SocketAddr) -> Result<impl FnMut(u64), String> {
    let mut control = Bare::connect(addr)?;
    let mut reports = Bare::connect(addr)?.listen(&mut control, 1 << LINES[0])?;
    let mut chunk = vec![0; 1 << 15];
    let (mut sequence, mut lost, mut levels) = (0, 0, 0);
    Ok(move |times: u64| {
        let request = frame(Command::Evt, times as u32, 0);
        control.0.write_all(&request).unwrap_or_else(|error| panic!("{error}"));
        let (mut filled, mut seen) = (0, 0);
        while seen < times {
            filled += reports.0.read(&mut chunk[filled..]).unwrap_or_else(|error| panic!("{error}"));
            let whole = filled - filled % Report::LENGTH;
            for report in chunk[..whole].chunks_exact(Report::LENGTH).filter_map(Report::decode) {
                // The least that anybody has to know: what was lost, and whether and when the line has changed.
                lost += report.sequence.wrapping_sub(sequence);
                sequence = report.sequence.wrapping_add(1);
                if (report.levels ^ levels) >> LINES[0] & 1 == 1 {
                    black_box(report.tick);
                }
                levels = report.levels;
                seen += 1;
            }
            chunk.copy_within(whole..filled, 0);
            filled -= whole;
        }
        black_box(lost);
        // Answered once all has been sent.
        control.0.read_exact(&mut [0; 16]).unwrap_or_else(|error| panic!("{error}"));
    })
}

/// Has so many changes told, and then one of another line, for whose callback it waits.
fn storm(gpio: &Gpio, addr: SocketAddr) -> Result<impl FnMut(u64), String> {
    let (input, ended) = last(gpio)?;
    let mut control = Bare::connect(addr)?;
    let mut level = 0;
    Ok(move |times: u64| {
        level ^= 1;
        let requests =
            [frame(Command::Evt, times as u32, 0), frame(Command::Write, LINES[1], level)].concat();
        let asked = control.0.write_all(&requests).and_then(|()| control.0.read_exact(&mut [0; 32]));
        asked.unwrap_or_else(|error| panic!("{error}"));
        ended.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{error}"));
        black_box(&input);
    })
}

/// The line that tells of the end, and when it has.
fn last(gpio: &Gpio) -> Result<(Input, Receiver<u64>), String> {
    let input = gpio.input(LINES[1]).open().map_err(|error| error.to_string())?;
    let (sender, ended) = channel();
    for kind in [EventKind::Activated, EventKind::Deactivated] {
        let sender = sender.clone();
        input.on(kind, move |_| _ = sender.send(bare::now()));
    }
    Ok((input, ended))
}

/// From when a report is sent until it is seen, a thousand times a second.
fn latency(bench: &Bench) -> Result<(), String> {
    for (cpu, place) in [(0, "same CPU"), (1, "other CPU")] {
        let mut both = [Vec::new(), Vec::new()];
        for round in 0..LATENCY_ROUNDS {
            for (is_bare, all) in both.iter_mut().enumerate() {
                let found = if is_bare == 1 { bare_latency(cpu)? } else { our_latency(cpu)? };
                all.push((round, found));
            }
        }
        for (name, share, target) in
            [("p50", 0.5, Target::Ratio(1.2)), ("p90", 0.9, Target::None), ("p99", 0.99, Target::None)]
        {
            let best = |all: &mut Vec<(usize, Vec<f64>)>| {
                let rounds = all.iter_mut().map(|(_, found)| quantile(found, share));
                rounds.fold(f64::INFINITY, f64::min)
            };
            let [ours, theirs] = &mut both;
            let what = format!("a change by pigpio at 1 kHz, {place}, {name}");
            bench.timed(&what, best(ours), Some(("a bare read loop", best(theirs))), "ns", target);
        }
    }
    Ok(())
}

/// A server in this process, on a processor of this number, so that it can be known when it has sent.
fn near(cpu: usize) -> Result<SocketAddr, String> {
    let (listener, addr) = peer::listener().map_err(|error| error.to_string())?;
    thread::spawn(move || {
        peer::keep_to(cpu);
        bare::serve(listener)
    });
    Ok(addr)
}

fn our_latency(cpu: usize) -> Result<Vec<f64>, String> {
    let addr = near(cpu)?;
    let gpio = Gpio::new(factory(addr, false)).map_err(|error| error.to_string())?;
    let (_input, seen) = last(&gpio)?;
    paced(addr, || seen.recv_timeout(PATIENCE).map_err(|error| error.to_string()))
}

fn bare_latency(cpu: usize) -> Result<Vec<f64>, String> {
    let addr = near(cpu)?;
    let mut reports = Bare::connect(addr)?.listen(&mut Bare::connect(addr)?, 1 << LINES[1])?;
    let (sender, seen) = channel();
    thread::spawn(move || {
        let mut report = [0; Report::LENGTH];
        while reports.0.read_exact(&mut report).is_ok() && sender.send(bare::now()).is_ok() {}
    });
    paced(addr, || seen.recv_timeout(PATIENCE).map_err(|error| error.to_string()))
}

/// Has a line change a thousand times a second; how long each change took to be seen.
fn paced(addr: SocketAddr, mut seen: impl FnMut() -> Result<u64, String>) -> Result<Vec<f64>, String> {
    let mut control = Bare::connect(addr)?;
    (0..1000)
        .map(|number| {
            thread::sleep(Duration::from_millis(1));
            control.ask(Command::Write, LINES[1], 1 - number % 2)?;
            let at = seen()?;
            Ok(at.saturating_sub(bare::SENT.load(Ordering::Relaxed)) as f64)
        })
        .collect()
}
