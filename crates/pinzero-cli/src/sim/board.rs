//! [`Simulator`]: a circuit on the pins of a mock, which programs reach by pigpiod's protocol, and viewers by frames and actions.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::error::Error;
use std::io;
use std::sync::{Arc, OnceLock, Weak};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use pinzero::board::{Header, PinKind};
use pinzero::mock::{self, MockGpio};
use pinzero::{LineFunction, time};
use pinzero_circuit::{Circuit, Kind};
use pinzero_daemon::Daemon;

use super::part::{self, Wired};
use super::scene;
use super::signal::Signal;
use super::state::{Action, Edges, Frame, LineLook, Scene};
use super::tracer::Tracer;

/// The time from frame to frame: 60 a second.
const BEAT: Duration = Duration::from_micros(16_667);

/// The changes of a line that the mock keeps: more than those of a moment, and few enough to be worked out at once.
const HISTORY: usize = 4096;

/// The most packets of edges that are kept for viewers that lag.
const PACKETS: usize = 4096;

/// How long programs have sent no command when they have set up their parts.
const QUIET: Duration = Duration::from_millis(200);

/// How long a program may take to set up its parts, if it sends commands all the time.
const SETUP: Duration = Duration::from_secs(2);

/// A simulated board. Clones are the same board; the last one to be dropped ends the board.
#[derive(Debug, Clone)]
pub(crate) struct Simulator(Arc<Board>);

#[derive(Debug)]
struct Board {
    scene: Scene,
    mock: MockGpio,
    daemon: Daemon,
    port: u16,
    start: Duration,
    parts: Vec<Wired>,
    lines: Vec<u32>,
    /// The lines of buses, with the name of the bus.
    buses: BTreeMap<u32, &'static str>,
    stage: Arc<Stage>,
    /// When the first program connected, as far as a viewer was there.
    first_program: OnceLock<Instant>,
}

/// The contacts that somebody holds down: part and key.
type Held = BTreeSet<(usize, usize)>;

/// Where the sampler puts frames, and viewers wait for them.
#[derive(Debug, Default)]
struct Stage {
    now: Mutex<Show>,
    /// A frame is new.
    is_new: Condvar,
    /// The first viewer has come, or the board ends.
    is_wanted: Condvar,
}

#[derive(Debug, Default)]
struct Show {
    frame: Arc<Frame>,
    number: u64,
    viewers: usize,
    packets: VecDeque<Edges>,
    /// The number of packets so far, those that were dropped included.
    packet_count: u64,
    is_over: bool,
}

impl Simulator {
    /// Builds the circuit, and serves its pins on this port of the local computer; 0 takes a free one.
    ///
    /// # Errors
    /// If the port is in use, or a thread cannot be started.
    pub(crate) fn start(circuit: &Circuit, port: u16) -> Result<Self, Box<dyn Error>> {
        let board = circuit.board().clone();
        let mock =
            mock::builder().board(board).realtime().exit_guard(false).history_limit(HISTORY).try_open()?;
        let parts = part::connect(&mock, circuit);
        let lines = lines(circuit);
        let mask = lines.iter().fold(0, |mask, line| mask | 1_u64.checked_shl(*line).unwrap_or(0));
        let daemon = Daemon::builder(&mock).port(port).gpios(mask).adopt_all(true).start();
        let daemon = daemon.map_err(|error| explain(error, port))?;
        let address = daemon.addrs().first().copied().ok_or("the daemon has no address")?;
        let buses = parts.iter().flat_map(|part| {
            let bus = if matches!(part.kind(), Kind::CharacterDisplay(_)) { "i2c" } else { "spi" };
            part.kind().bus_pins(circuit.board()).into_iter().map(move |(_, line)| (line, bus))
        });
        let buses = buses.collect();
        let board = Arc::new(Board {
            scene: scene::describe(circuit, &parts, address.to_string()),
            start: mock.elapsed(),
            port: address.port(),
            mock,
            daemon,
            parts,
            lines,
            buses,
            stage: Arc::default(),
            first_program: OnceLock::new(),
        });
        let (stage, weak) = (board.stage.clone(), Arc::downgrade(&board));
        let tracer = Tracer::new(&board.mock, board.start, board.lines.iter().copied());
        thread::Builder::new().name("pinzero-sampler".into()).spawn(move || sample(&stage, &weak, tracer))?;
        Ok(Simulator(board))
    }

    /// Returns the description of the circuit.
    pub(crate) fn scene(&self) -> &Scene {
        &self.0.scene
    }

    /// Returns the port that programs connect to.
    pub(crate) fn port(&self) -> u16 {
        self.0.port
    }

    /// Returns the state of everything now.
    pub(crate) fn frame(&self) -> Frame {
        self.0.frame()
    }

    /// Returns whether a program watches or drives a line of this part.
    pub(crate) fn is_used(&self, part: usize) -> bool {
        let board = &self.0;
        let watched = board.daemon.watched();
        let lines = board.scene.parts.get(part).into_iter().flat_map(|part| &part.pins);
        lines.into_iter().any(|(_, line)| {
            watched.checked_shr(*line).unwrap_or(0) & 1 == 1
                || board.mock.line(*line).function() != LineFunction::Input
        })
    }

    /// Returns whether a program uses this part, and has set up its other parts and its handlers too.
    pub(crate) fn is_ready(&self, part: usize) -> bool {
        let board = &self.0;
        let quiet =
            board.mock.elapsed().saturating_sub(board.daemon.last_request().since(time::Instant::ZERO));
        let is_set_up =
            quiet >= QUIET || board.first_program.get().is_some_and(|start| start.elapsed() >= SETUP);
        is_set_up && self.is_used(part)
    }

    /// Returns whether this part is a knob that has steps to do.
    pub(crate) fn is_turning(&self, part: usize) -> bool {
        self.0.parts.get(part).is_some_and(|part| part.is_turning(&self.0.mock))
    }

    /// Returns a viewer, for whom the board is sampled from now on.
    pub(crate) fn viewer(&self) -> Viewer {
        let is_first = {
            let mut show = self.0.stage.now.lock();
            show.viewers += 1;
            show.viewers == 1
        };
        if is_first {
            // The frame of the last viewers is old.
            self.0.stage.publish(self.frame(), Vec::new());
            self.0.stage.is_wanted.notify_all();
        }
        Viewer { simulator: self.clone(), held: Mutex::default() }
    }
}

/// Somebody who looks at a board, and acts on it. When dropped, releases all that this viewer holds down.
#[derive(Debug)]
pub(crate) struct Viewer {
    simulator: Simulator,
    held: Mutex<Held>,
}

impl Viewer {
    /// Blocks until there is a frame that is newer than frame `seen`, or `timeout` has passed. Returns the last frame and its number,
    /// which is the next `seen`. Frame 0 is older than all.
    ///
    /// There are at most 60 frames a second, and a new one only if something has changed, be it for a moment between two frames.
    pub(crate) fn wait(&self, seen: u64, timeout: Duration) -> (u64, Arc<Frame>) {
        let stage = &self.simulator.0.stage;
        let mut show = stage.now.lock();
        let deadline = Instant::now() + timeout;
        while show.number <= seen && !stage.is_new.wait_until(&mut show, deadline).timed_out() {}
        (show.number, show.frame.clone())
    }

    /// Returns the edges of lines since the call that returned `since`, and the next `since`. Returns all that are known for 0. A viewer
    /// that lags far behind misses the oldest.
    pub(crate) fn edges(&self, since: u64) -> (u64, Vec<Edges>) {
        let show = self.simulator.0.stage.now.lock();
        let new = usize::try_from(show.packet_count.saturating_sub(since)).unwrap_or(usize::MAX);
        let old = show.packets.len().saturating_sub(new);
        (show.packet_count, show.packets.iter().skip(old).cloned().collect())
    }

    /// Does what this user does.
    ///
    /// # Errors
    /// A sentence about an action that the part does not have, or a value out of range.
    pub(crate) fn act(&self, action: &Action) -> Result<(), String> {
        self.simulator.0.act(&self.held, action)
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        // A lock in the head of the loop would be held until the end of the loop, and `act` takes it.
        let held = self.held.lock().clone();
        for (part, key) in held {
            // A part that has been pressed can be released.
            let _ = self.act(&Action::Release { part, key });
        }
        self.simulator.0.stage.now.lock().viewers -= 1;
    }
}

impl Board {
    fn frame(&self) -> Frame {
        let line = |line: &u32| {
            let signal = Signal::read(&self.mock, *line);
            let function = match (self.buses.get(line), signal.function) {
                (Some(bus), LineFunction::Input) => bus,
                (_, LineFunction::Output) => "output",
                (_, LineFunction::Pwm) => "pwm",
                _ => "input",
            };
            let duty = signal.pwm.map(|(duty, _)| duty);
            LineLook { line: *line, function, high: signal.is_high, duty }
        };
        Frame {
            at: (self.mock.elapsed() - self.start).as_secs_f64() * 1000.0,
            parts: self.parts.iter().map(|part| part.look(&self.mock)).collect(),
            lines: self.lines.iter().map(line).collect(),
            programs: self.daemon.programs(),
        }
    }

    /// Does what somebody does who holds down the contacts in `held`.
    fn act(&self, held: &Mutex<Held>, action: &Action) -> Result<(), String> {
        let count = self.parts.len();
        let part = self.parts.get(action.part());
        let part =
            part.ok_or_else(|| format!("there is no part {}: the circuit has {count}", action.part()))?;
        let mut held = held.lock();
        match *action {
            Action::Press { part: place, key } if part.must_be_held() => {
                if !held.contains(&(place, key)) {
                    part.act(&self.mock, action)?;
                    held.insert((place, key));
                }
                Ok(())
            }
            // Somebody else may hold the contact.
            Action::Release { part: place, key } if part.must_be_held() => {
                if held.remove(&(place, key)) {
                    part.act(&self.mock, action)
                } else {
                    Ok(())
                }
            }
            _ => part.act(&self.mock, action),
        }
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        self.stage.now.lock().is_over = true;
        self.stage.is_wanted.notify_all();
    }
}

impl Stage {
    /// Shows the frame to the viewers, if something has changed, or has changed and gone back.
    fn publish(&self, mut frame: Frame, edges: Vec<Edges>) {
        let mut show = self.now.lock();
        let at = std::mem::replace(&mut frame.at, show.frame.at);
        if frame != *show.frame || !edges.is_empty() || show.number == 0 {
            frame.at = at;
            (show.frame, show.number) = (Arc::new(frame), show.number + 1);
            self.is_new.notify_all();
        }
        show.packet_count += edges.len() as u64;
        show.packets.extend(edges);
        let excess = show.packets.len().saturating_sub(PACKETS);
        show.packets.drain(..excess);
    }

    /// Blocks until somebody watches. Returns whether the board is still there.
    fn wait_for_viewers(&self) -> bool {
        let mut show = self.now.lock();
        while show.viewers == 0 && !show.is_over {
            self.is_wanted.wait(&mut show);
        }
        !show.is_over
    }
}

/// Samples the board, as long as somebody watches.
fn sample(stage: &Stage, board: &Weak<Board>, mut tracer: Tracer) {
    while stage.wait_for_viewers() {
        let next = Instant::now() + BEAT;
        let Some(board) = board.upgrade() else { return };
        let edges = tracer.read(&board.mock);
        if board.daemon.programs() > 0 {
            board.first_program.get_or_init(Instant::now);
        }
        stage.publish(board.frame(), edges);
        drop(board);
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}

/// Returns the lines of the main header, and those of parts elsewhere.
fn lines(circuit: &Circuit) -> Vec<u32> {
    let header = circuit.board().headers().first().into_iter().flat_map(Header::pins);
    let header = header.filter_map(|pin| if let PinKind::Gpio(line) = pin.kind { Some(line) } else { None });
    let parts =
        circuit.parts().iter().flat_map(|part| part.kind.pins().into_iter().map(|(_, pin)| pin.line()));
    let wires = circuit.wires().iter().flatten().map(pinzero_circuit::Pin::line);
    header.chain(parts).chain(wires).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Says what to do about a daemon that has not started.
fn explain(error: pinzero::Error, port: u16) -> Box<dyn Error> {
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    match source.map(io::Error::kind) {
        Some(io::ErrorKind::AddrInUse) => format!(
            "port {port} is in use, perhaps by pigpiod or by another simulator: `--port 0` takes a free port"
        )
        .into(),
        _ => error.into(),
    }
}
