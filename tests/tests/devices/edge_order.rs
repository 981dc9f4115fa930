//! In which order handlers hear of edges of several lines that come together.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which fail where they cannot go on")]

use std::collections::HashMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Barrier, Mutex, MutexGuard, PoisonError};
use std::thread;

use pinzero_core::EventKind::{Activated, Deactivated};
use pinzero_core::board::Board;
use pinzero_core::time::{Instant, us};
use pinzero_core::{
    Capabilities, Edge, EdgeSink, Error, Gpio, Host, Input, InputConfig, InputPins, InputsConfig, Level,
    Line, LineInfo, OutputConfig, OutputPin, Pin, PinFactory, Registration, Result, Support,
};
use pinzero_tests::{eventually, receive};

/// How often each order is looked at.
const ROUNDS: usize = 20;

/// The line whose edges keep the runtime busy.
const BUSY: Line = Line(0);

/// Two lines that change in turn, and the instants at which they do.
const TURNS: [(Line, u64, Level); 4] = [
    (Line(1), 1, Level::High),
    (Line(2), 2, Level::High),
    (Line(1), 3, Level::Low),
    (Line(2), 4, Level::Low),
];

/// A backend of which every line reports by a descriptor of its own, and which the test can keep at reading.
#[derive(Debug, Clone, Default)]
struct Sockets(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// Held by the test for as long as the runtime is to be busy.
    gate: Mutex<()>,
    lines: Mutex<HashMap<Line, OpenLine>>,
    is_reading: Mutex<bool>,
    /// Of inputs that belong together.
    together: Mutex<Option<OpenLine>>,
}

#[derive(Debug)]
struct OpenLine {
    sink: EdgeSink,
    sender: UnixStream,
    _registration: Registration,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One edge on its way through a socket: the sink's number, the time and the level.
type Frame = [u8; 10];

fn frame(index: u8, at: Instant, level: Level) -> Frame {
    let mut frame = [0; 10];
    frame[0] = index;
    frame[1..9].copy_from_slice(&at.as_nanos().to_le_bytes());
    frame[9] = u8::from(level.is_high());
    frame
}

impl Sockets {
    /// Has the runtime read edges of `sinks` from one socket.
    fn watch(&self, sinks: Vec<EdgeSink>, is_gated: bool) -> Result<OpenLine> {
        let (sender, receiver) = UnixStream::pair().unwrap();
        receiver.set_nonblocking(true).unwrap();
        let mut reader = receiver.try_clone().unwrap();
        let (sink, shared) = (sinks[0].clone(), self.0.clone());
        let registration = sink.watch(receiver, move |batch| {
            if is_gated {
                *lock(&shared.is_reading) = true;
                drop(lock(&shared.gate));
            }
            let mut frame: Frame = [0; 10];
            while reader.read_exact(&mut frame).is_ok() {
                let nanos = frame[1..9].try_into().map(u64::from_le_bytes).unwrap();
                let level = Level::from(frame[9] == 1);
                let edge = Edge { at: Instant::from_nanos(nanos), level, missed: 0 };
                batch.push(&sinks[usize::from(frame[0])], edge);
            }
            Ok(())
        })?;
        Ok(OpenLine { sink, sender, _registration: registration })
    }

    /// Keeps the runtime busy while `work` is done.
    fn while_busy(&self, now: Instant, work: impl FnOnce()) {
        let gate = lock(&self.0.gate);
        *lock(&self.0.is_reading) = false;
        self.send(BUSY, now, Level::High);
        eventually("the runtime reads", || *lock(&self.0.is_reading));
        work();
        drop(gate);
    }

    fn send(&self, line: Line, at: Instant, level: Level) {
        lock(&self.0.lines)[&line].sender.try_clone().unwrap().write_all(&frame(0, at, level)).unwrap();
    }

    fn push(&self, line: Line, at: Instant, level: Level) {
        let sink = lock(&self.0.lines)[&line].sink.clone();
        sink.push([Edge { at, level, missed: 0 }]);
    }
}

#[derive(Debug)]
struct Low;

impl Pin for Low {
    fn level(&self) -> Result<Level> {
        Ok(Level::Low)
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

impl InputPins for Low {
    fn levels(&self) -> Result<u64> {
        Ok(0)
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

impl PinFactory for Sockets {
    fn name(&self) -> &'static str {
        "sockets"
    }

    fn host(&self) -> Host {
        Host::Chip(format!("sockets {:p}", Arc::as_ptr(&self.0)))
    }

    fn capabilities(&self) -> Capabilities {
        let native = Support::Native;
        Capabilities { input: native, edges: native, inputs: native, ..Capabilities::NONE }
    }

    fn board(&self) -> Board {
        Board::generic(8)
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

    fn open_input(&self, line: Line, config: InputConfig) -> Result<Box<dyn Pin>> {
        let open = self.watch(config.edges.into_iter().collect(), line == BUSY)?;
        lock(&self.0.lines).insert(line, open);
        Ok(Box::new(Low))
    }

    fn open_inputs(&self, _: &[Line], config: InputsConfig) -> Result<Box<dyn InputPins>> {
        let open = self.watch(config.edges, false)?;
        *lock(&self.0.together) = Some(open);
        Ok(Box::new(Low))
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

type Heard = (Line, Level);

/// Has all that an input hears sent, in the order of the calls.
fn listen(input: &Input, sender: &Sender<Heard>) {
    for kind in [Activated, Deactivated] {
        let (line, sender) = (input.line(), sender.clone());
        input.on(kind, move |event| sender.send((line, event.level)));
    }
}

/// The backend in use, its inputs, and what their handlers hear.
fn start() -> Result<(Sockets, Gpio, Vec<Input>, Receiver<Heard>)> {
    let sockets = Sockets::default();
    let gpio = Gpio::new(sockets.clone())?;
    let (sender, heard) = mpsc::channel();
    let inputs = [BUSY, Line(1), Line(2)].map(|line| gpio.input(line.0).open()).into_iter();
    let inputs = inputs.collect::<Result<Vec<Input>>>()?;
    inputs[1..].iter().for_each(|input| listen(input, &sender));
    Ok((sockets, gpio, inputs, heard))
}

const A_B_A_B: [Heard; 4] =
    [(Line(1), Level::High), (Line(2), Level::High), (Line(1), Level::Low), (Line(2), Level::Low)];

#[test]
fn edges_of_several_descriptors_are_heard_in_the_order_of_their_stamps() -> Result<()> {
    for round in 0..ROUNDS {
        let (sockets, gpio, _inputs, heard) = start()?;
        let now = gpio.now();
        sockets.while_busy(now, || {
            for (line, at, level) in TURNS {
                sockets.send(line, now + us(at), level);
            }
        });
        assert_eq!([(); 4].map(|()| receive(&heard)), A_B_A_B, "round {round}");
    }
    Ok(())
}

#[test]
fn edges_that_two_threads_push_are_heard_in_the_order_of_their_stamps() -> Result<()> {
    for round in 0..ROUNDS {
        let (sockets, gpio, _inputs, heard) = start()?;
        let now = gpio.now();
        sockets.while_busy(now, || {
            let start = Barrier::new(2);
            let push = |line: Line| {
                start.wait();
                for (_, at, level) in TURNS.into_iter().filter(|(own, ..)| *own == line) {
                    sockets.push(line, now + us(at), level);
                }
            };
            thread::scope(|scope| {
                scope.spawn(|| push(Line(1)));
                scope.spawn(|| push(Line(2)));
            });
        });
        assert_eq!([(); 4].map(|()| receive(&heard)), A_B_A_B, "round {round}");
    }
    Ok(())
}

#[test]
fn of_inputs_that_belong_together_the_backends_order_counts_and_not_the_stamps() -> Result<()> {
    for round in 0..ROUNDS {
        let sockets = Sockets::default();
        let gpio = Gpio::new(sockets.clone())?;
        let inputs = gpio.inputs([1, 2]).open()?;
        let (sender, heard) = mpsc::channel();
        for kind in [Activated, Deactivated] {
            let sender = sender.clone();
            inputs.on(kind, move |told| sender.send((told.index, told.event.level)));
        }
        let now = gpio.now();
        // By their stamps, all of the second line's edges come first.
        let turns = [(0, 3, Level::High), (1, 1, Level::High), (0, 4, Level::Low), (1, 2, Level::Low)];
        let bytes: Vec<u8> =
            turns.iter().flat_map(|(index, at, level)| frame(*index, now + us(*at), *level)).collect();
        lock(&sockets.0.together).as_mut().unwrap().sender.write_all(&bytes).unwrap();
        let order = [(); 4].map(|()| receive(&heard));
        assert_eq!(
            order,
            [(0, Level::High), (1, Level::High), (0, Level::Low), (1, Level::Low)],
            "round {round}"
        );
    }
    Ok(())
}

/// A backend may be in use twice, with one connection behind both.
#[test]
fn a_descriptor_of_one_factory_may_report_a_line_of_another() -> Result<()> {
    let sockets = Sockets::default();
    let (one, other) = (Gpio::new(sockets.clone())?, Gpio::new(sockets.clone())?);
    let inputs = [one.input(1).open()?, other.input(2).open()?];
    let (sender, heard) = mpsc::channel();
    inputs.iter().for_each(|input| listen(input, &sender));
    let sinks = [Line(1), Line(2)].map(|line| lock(&sockets.0.lines)[&line].sink.clone());
    let mut both = sockets.watch(sinks.to_vec(), false)?;
    for (index, line) in [(1, Line(2)), (0, Line(1))] {
        both.sender.write_all(&frame(index, one.now(), Level::High)).unwrap();
        assert_eq!(receive(&heard), (line, Level::High));
    }
    Ok(())
}

/// Deadlines of one line, and a thread of the program that keeps entering the runtime, let no edge overtake another.
#[test]
fn neither_deadlines_nor_a_thread_of_the_program_change_the_order() -> Result<()> {
    let sockets = Sockets::default();
    let gpio = Gpio::new(sockets.clone())?;
    let inputs = [gpio.input(1).hold(us(50)).clicks(us(50)).open()?, gpio.input(2).open()?];
    let (sender, heard) = mpsc::channel();
    for input in &inputs {
        for kind in [Activated, Deactivated] {
            let sender = sender.clone();
            input.on(kind, move |event| sender.send(event.at));
        }
    }
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                gpio.every(us(1000), |_| ()).unwrap().cancel();
            }
        });
        let mut told: Vec<Instant> = Vec::new();
        for round in 0..3_000 {
            let level = Level::from(round % 2 == 0);
            let now = gpio.now();
            // The later one is written last, to another socket.
            sockets.send(Line(2), now, level);
            sockets.send(Line(1), now + us(1), level);
            thread::sleep(us(50));
            // The order holds as long as no more than 64 events of an input wait.
            while told.len() + 60 < 2 * round {
                told.push(receive(&heard));
            }
        }
        is_over.store(true, Ordering::Relaxed);
        told.extend((told.len()..6_000).map(|_| receive(&heard)));
        assert!(told.is_sorted(), "an edge was heard before an older one");
    });
    Ok(())
}
