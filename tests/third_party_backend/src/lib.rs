//! A small backend, written as a third party would write one: eight lines in memory.
//!
//! The backend supports outputs, inputs, pulls, edges and `OnClose::Keep`. It implements no other role: no `open_group`,
//! `open_inputs`, `open_flex`, `open_pwm`, `open_spi`, `open_hardware_spi` or `open_i2c`. This backend compiles and passes the
//! suite, which proves that a new role in [`PinFactory`] does not break the backends of others.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use pinzero_core::board::Board;
use pinzero_core::time::{Clock, Instant};
use pinzero_core::{
    Bias, Capabilities, Edge, EdgeSink, Error, ErrorKind, Found, Host, InputConfig, Level, Line, LineInfo,
    OnClose, OutputConfig, OutputPin, Pin, PinFactory, Release, Result, Support,
};

const LINES: u32 = 8;

/// Returns a new number for a pin; no two pins share one.
fn number() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

/// Eight lines, and the drivers outside them. Even lines are pulled up, odd lines down. Clones share the lines.
#[derive(Debug, Clone)]
pub struct Desk(Arc<Mutex<Vec<Wire>>>);

#[derive(Debug)]
struct Wire {
    output: Option<Level>,
    bias: Bias,
    outside: Option<Level>,
    level: Level,
    edges: Option<EdgeSink>,
    changes: Vec<(Instant, Level)>,
    user: Option<User>,
}

/// The pin that holds a line, the state in which it found the line, and the state to leave.
#[derive(Debug, Clone, Copy)]
struct User {
    pin: u64,
    found: Found,
    on_close: OnClose,
}

impl Wire {
    fn new(bias: Bias) -> Self {
        let level = bias.level().unwrap_or(Level::Low);
        Wire { output: None, bias, outside: None, level, edges: None, changes: Vec::new(), user: None }
    }

    fn found(&self) -> Found {
        self.output.map_or(Found::Input(self.bias), Found::Output)
    }

    fn pull(&mut self, bias: Bias) {
        if bias != Bias::AsIs {
            self.bias = bias;
        }
    }

    /// Computes the level, and reports an edge if the level has changed. A driver beats a pull.
    fn settle(&mut self) {
        let level = self.output.or(self.outside).or(self.bias.level()).unwrap_or(self.level);
        if level != self.level {
            let at = Clock::real().now();
            self.level = level;
            self.changes.push((at, level));
            if let Some(edges) = &self.edges {
                edges.push([Edge { at, level, missed: 0 }]);
            }
        }
    }

    fn give_back(&mut self) {
        let Some(user) = self.user.take() else { return };
        self.edges = None;
        match user.found.release(user.on_close, None) {
            Release::Output(level) => self.output = Some(level),
            Release::Input(bias) => {
                self.output = None;
                self.pull(bias);
            }
            // These lines have no other function.
            Release::AsIs | Release::Function => {}
        }
    }
}

impl Desk {
    /// Returns new lines, all free.
    pub fn new() -> Self {
        let bias = |line| if line % 2 == 0 { Bias::PullUp } else { Bias::PullDown };
        Desk(Arc::new(Mutex::new((0..LINES).map(|line| Wire::new(bias(line))).collect())))
    }

    /// Drives a line from outside; with `None`, stops driving the line.
    pub fn drive(&self, line: Line, level: Option<Level>) {
        self.change(line, |wire| wire.outside = level);
    }

    /// Returns the level of a line.
    pub fn level(&self, line: Line) -> Level {
        self.change(line, |wire| wire.level)
    }

    /// Returns every level that a line has changed to, with the time.
    pub fn changes(&self, line: Line) -> Vec<(Instant, Level)> {
        self.change(line, |wire| wire.changes.clone())
    }

    fn change<R>(&self, line: Line, change: impl FnOnce(&mut Wire) -> R) -> R {
        let mut wires = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Core checks every line against the board first.
        let wire = &mut wires[line.0 as usize];
        let result = change(wire);
        wire.settle();
        result
    }
}

impl Default for Desk {
    fn default() -> Self {
        Desk::new()
    }
}

/// The lines of a [`Desk`] as a pin factory.
#[derive(Debug)]
pub struct Breadboard {
    desk: Desk,
}

impl Breadboard {
    /// Returns a factory for these lines. Several factories may share a desk, as if each ran in a process of its own.
    pub fn new(desk: &Desk) -> Self {
        Breadboard { desk: desk.clone() }
    }

    /// Takes a line and sets it up. Other pins see both as one step.
    fn open(&self, line: Line, on_close: OnClose, set_up: impl FnOnce(&mut Wire)) -> Result<BreadboardPin> {
        let pin = number();
        self.desk.change(line, |wire| {
            if wire.user.is_some() {
                return Err(Error::new(ErrorKind::Busy, "another pin holds the line").with_pin(line));
            }
            wire.user = Some(User { pin, found: wire.found(), on_close });
            set_up(wire);
            Ok(())
        })?;
        Ok(BreadboardPin { desk: self.desk.clone(), line, number: pin })
    }
}

impl PinFactory for Breadboard {
    fn name(&self) -> &'static str {
        "breadboard"
    }

    fn host(&self) -> Host {
        Host::Chip(format!("breadboard {:p}", Arc::as_ptr(&self.desk.0)))
    }

    fn capabilities(&self) -> Capabilities {
        let yes = Support::Native;
        Capabilities { output: yes, input: yes, bias: yes, edges: yes, keep: yes, ..Capabilities::NONE }
    }

    fn board(&self) -> Board {
        Board::generic(LINES)
    }

    fn find_line(&self, _: &str) -> Result<Option<Line>> {
        Ok(None)
    }

    fn line_info(&self, line: Line) -> Result<LineInfo> {
        Ok(LineInfo { level: Some(self.desk.level(line)), ..LineInfo::default() })
    }

    fn open_output(&self, line: Line, config: OutputConfig) -> Result<Box<dyn OutputPin>> {
        let set_up = |wire: &mut Wire| wire.output = Some(config.initial.unwrap_or(wire.level));
        Ok(Box::new(self.open(line, config.on_close, set_up)?))
    }

    fn open_input(&self, line: Line, config: InputConfig) -> Result<Box<dyn Pin>> {
        if config.settle.is_some() {
            return Err(Error::unsupported("a settle time"));
        }
        let set_up = |wire: &mut Wire| {
            wire.output = None;
            wire.pull(config.bias);
            // A change by the pull is part of the initial level, not an edge.
            wire.settle();
            wire.edges = config.edges;
        };
        Ok(Box::new(self.open(line, OnClose::Restore, set_up)?))
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

/// An open pin. Dropping the pin gives the line back.
#[derive(Debug)]
struct BreadboardPin {
    desk: Desk,
    line: Line,
    number: u64,
}

impl BreadboardPin {
    /// Changes the line. Fails if the pin is closed.
    fn change<R>(&self, change: impl FnOnce(&mut Wire) -> R) -> Result<R> {
        self.desk.change(self.line, |wire| match wire.user {
            Some(user) if user.pin == self.number => Ok(change(wire)),
            _ => Err(Error::closed().with_pin(self.line)),
        })
    }

    fn give_back(&self) {
        // This fails only on a closed pin, which holds no line.
        let _ = self.change(Wire::give_back);
    }
}

impl Pin for BreadboardPin {
    fn level(&self) -> Result<Level> {
        self.change(|wire| wire.level)
    }

    fn close(&self) -> Result<()> {
        self.give_back();
        Ok(())
    }
}

impl OutputPin for BreadboardPin {
    fn set(&self, level: Level) -> Result<()> {
        self.change(|wire| wire.output = Some(level))
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }
}

impl Drop for BreadboardPin {
    fn drop(&mut self) {
        self.give_back();
    }
}
