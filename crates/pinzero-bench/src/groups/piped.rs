//! Edges that come by a pipe in place of a chip: from a descriptor to a callback, on this machine's own kernel.

use std::fs::File;
use std::io::{Read, Write};
use std::sync::Arc;
use std::thread;

use parking_lot::Mutex;
use pinzero_core::board::Board;
use pinzero_core::time::{Clock, Instant};
use pinzero_core::{
    Capabilities, Edge, Error, Gpio, GroupConfig, Host, InputConfig, Level, Line, LineInfo, OutputConfig,
    OutputGroupPins, OutputPin, Pin, PinFactory, PwmConfig, PwmPin, Result, SpiBus, SpiConfig, Support,
};
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::bench::Bench;
use crate::row::Target;

use super::sides::{BARE, BATCH, BURST, Drive, Seen, Side, button, go_first, latency};

/// As long as the kernel's own report of an edge.
const RECORD: usize = 48;

/// Edges for the plot and, the last but one, for the row.
const EDGES: [u64; 7] = [1, 10, 100, 1_000, 10_000, 200_000, 1_000_000];

pub(crate) fn run(bench: &Bench) -> std::result::Result<(), String> {
    let cpus = sched_getaffinity(None).map_err(|error| error.to_string())?;
    let cpus: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|cpu| cpus.is_set(*cpu)).collect();
    let &[first, ref others @ ..] = &cpus[..] else { return Err("no CPU".to_owned()) };
    // Threads inherit it: all that wait for edges are on one CPU.
    stay_on(first)?;

    let (reader, drive) = pipe()?;
    let factory = Piped(Mutex::new(Some(reader)));
    let gpio = Gpio::new(factory).map_err(|error| error.to_string())?;
    let (_button, seen) = button(&gpio, 0)?;
    let mut ours = Side::new(drive, seen);
    let (reader, drive) = pipe()?;
    let seen = Arc::new(Seen::default());
    bare(reader, seen.clone())?;
    let mut theirs = Side::new(drive, seen);

    if !bench.is_short {
        let targets = [Target::Ratio(1.3), Target::Ratio(1.5)];
        latency(bench, "edge to callback at 1 kHz, same CPU", &mut ours, &mut theirs, targets)?;
        let what = "edge to callback at 1 kHz, other CPU";
        match others.first() {
            Some(other) => {
                stay_on(*other)?;
                latency(bench, what, &mut ours, &mut theirs, targets)?;
                stay_on(first)?;
            }
            None => bench.skipped(what, "there is only one CPU"),
        }
    }
    // Those who wait then find bursts, as they do on a busy machine of one core. If it may not, they find what they find.
    go_first();
    let edges = if bench.is_short { 10 * BURST } else { EDGES[5] };
    let what = format!("a flood of {edges} edges by a pipe");
    if bench.is_short {
        ours.flood(edges)?;
    } else {
        let mut best = (f64::INFINITY, f64::INFINITY);
        for _ in 0..5 {
            best = (best.0.min(ours.flood(edges)?), best.1.min(theirs.flood(edges)?));
        }
        bench.timed(&what, best.0, Some((BARE, best.1)), "ns of CPU an edge", Target::Ratio(1.25));
        for edges in EDGES {
            bench.point("edges", "pinzero by a pipe", edges as f64, ours.flood(edges)?);
            bench.point("edges", "bare by a pipe", edges as f64, theirs.flood(edges)?);
        }
    }
    bench.counted(&what, ours.lost() as f64, None, "edges lost", Target::Exactly(0.0));
    Ok(())
}

/// Keeps this thread, and those that it starts from now on, on a CPU.
fn stay_on(cpu: usize) -> std::result::Result<(), String> {
    let mut cpus = CpuSet::new();
    cpus.set(cpu);
    sched_setaffinity(None, &cpus).map_err(|error| error.to_string())
}

/// What edges come out of, and what puts them in.
fn pipe() -> std::result::Result<(File, Drive), String> {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).map_err(|error| error.to_string())?;
    rustix::io::ioctl_fionbio(&reader, true).map_err(|error| error.to_string())?;
    let mut writer = File::from(writer);
    let drive = move |high: bool| {
        let mut record = [0; RECORD];
        record[0] = u8::from(high);
        record[8..16].copy_from_slice(&Clock::real().now().as_nanos().to_ne_bytes());
        writer.write_all(&record)
    };
    Ok((reader.into(), Box::new(drive)))
}

/// Takes a record apart: the level, and the time of the edge.
fn parse(record: &[u8]) -> (Level, u64) {
    let mut at = [0; 8];
    at.copy_from_slice(&record[8..16]);
    (Level::from(record[0] == 1), u64::from_ne_bytes(at))
}

/// Starts the least that brings edges to a callback; it ends with the process.
fn bare(mut reader: File, seen: Arc<Seen>) -> std::result::Result<(), String> {
    let poller = epoll::create(CreateFlags::CLOEXEC).map_err(|error| error.to_string())?;
    epoll::add(&poller, &reader, EventData::new_u64(0), EventFlags::IN).map_err(|error| error.to_string())?;
    let mut callback: Box<dyn FnMut(u64) + Send> = Box::new(move |at| seen.note(at));
    thread::spawn(move || {
        let mut buffer = [0; BATCH * RECORD];
        let mut events = [epoll::Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; 1];
        while epoll::wait(&poller, &mut events, None).is_ok() {
            let Ok(read) = reader.read(&mut buffer) else { return };
            for record in buffer[..read].chunks_exact(RECORD) {
                callback(parse(record).1);
            }
        }
    });
    Ok(())
}

/// A backend with one line, whose edges come by a pipe.
#[derive(Debug)]
struct Piped(Mutex<Option<File>>);

/// The line.
#[derive(Debug)]
struct PipedPin;

impl Pin for PipedPin {
    fn level(&self) -> Result<Level> {
        Ok(Level::Low)
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

impl PinFactory for Piped {
    fn name(&self) -> &'static str {
        "piped"
    }

    fn host(&self) -> Host {
        Host::Chip("a pipe".to_owned())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            input: Support::Native,
            bias: Support::Native,
            edges: Support::Native,
            ..Capabilities::NONE
        }
    }

    fn board(&self) -> Board {
        Board::generic(1)
    }

    fn find_line(&self, _: &str) -> Result<Option<Line>> {
        Ok(None)
    }

    fn line_info(&self, _: Line) -> Result<LineInfo> {
        Ok(LineInfo::default())
    }

    fn open_output(&self, _: Line, _: OutputConfig) -> Result<Box<dyn OutputPin>> {
        Err(Error::unsupported("an output"))
    }

    fn open_group(&self, _: &[Line], _: GroupConfig) -> Result<Box<dyn OutputGroupPins>> {
        Err(Error::unsupported("a group"))
    }

    fn open_input(&self, _: Line, config: InputConfig) -> Result<Box<dyn Pin>> {
        if let (Some(sink), Some(mut reader)) = (config.edges, self.0.lock().take()) {
            let file = reader.try_clone().map_err(|error| Error::unsupported("edges").with_source(error))?;
            let mut buffer = [0; BATCH * RECORD];
            sink.watch(file.into(), move |edges| {
                // As the backend of the character device does: a read that is not full has emptied the queue.
                while let Ok(read) = reader.read(&mut buffer) {
                    edges.extend(buffer[..read].chunks_exact(RECORD).map(|record| {
                        let (level, at) = parse(record);
                        Edge { at: Instant::from_nanos(at), level, missed: 0 }
                    }));
                    if read < buffer.len() {
                        break;
                    }
                }
                Ok(())
            })?;
        }
        Ok(Box::new(PipedPin))
    }

    fn open_pwm(&self, _: Line, _: PwmConfig) -> Result<Box<dyn PwmPin>> {
        Err(Error::unsupported("PWM"))
    }

    fn open_spi(&self, _: SpiConfig) -> Result<Box<dyn SpiBus>> {
        Err(Error::unsupported("SPI"))
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}
