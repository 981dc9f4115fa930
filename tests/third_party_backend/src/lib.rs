//! A small backend, as somebody else would write one: eight lines in memory.
//!
//! It has outputs, inputs, pulls and edges, and keeps what it is told to keep. It says nothing about other roles: no
//! `open_group`, `open_inputs`, `open_flex`, `open_pwm`, `open_spi`, `open_hardware_spi` or `open_i2c`. That it compiles and
//! passes the suite proves that a role can be added to [`PinFactory`] without breaking a backend that others wrote.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use pinzero_core::board::Board;
use pinzero_core::time::{Clock, Instant};
use pinzero_core::{
    Bias, Capabilities, Edge, EdgeSink, Error, ErrorKind, Host, InputConfig, Level, Line, LineInfo, OnClose,
    OutputConfig, OutputPin, Pin, PinFactory, Result, Support,
};

const LINES: u32 = 8;

/// Tells pins apart.
fn number() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

/// Eight lines and what is on their other side; even ones are pulled up, odd ones down. Clones are the same lines.
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

/// Who has a line, and what it becomes in the end.
#[derive(Debug, Clone, Copy)]
struct User {
    pin: u64,
    output: Option<Level>,
    bias: Bias,
    on_close: OnClose,
}

impl Wire {
    fn new(bias: Bias) -> Self {
        let level = bias.level().unwrap_or(Level::Low);
        Wire { output: None, bias, outside: None, level, edges: None, changes: Vec::new(), user: None }
    }

    fn pull(&mut self, bias: Bias) {
        if bias != Bias::AsIs {
            self.bias = bias;
        }
    }

    /// Works out the level, where a driver beats a pull, and reports it if it has changed.
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
        match user.on_close {
            OnClose::Keep => {}
            OnClose::Low => self.output = Some(Level::Low),
            OnClose::High => self.output = Some(Level::High),
            OnClose::Input(bias) => {
                self.output = None;
                self.pull(bias);
            }
            // Restore, and whatever else may be added one day.
            _ => (self.output, self.bias) = (user.output, user.bias),
        }
    }
}

impl Desk {
    /// New lines, that nobody uses.
    pub fn new() -> Self {
        let bias = |line| if line % 2 == 0 { Bias::PullUp } else { Bias::PullDown };
        Desk(Arc::new(Mutex::new((0..LINES).map(|line| Wire::new(bias(line))).collect())))
    }

    /// Drives a line from outside, or lets go of it.
    pub fn drive(&self, line: Line, level: Option<Level>) {
        self.change(line, |wire| wire.outside = level);
    }

    /// The level on a line.
    pub fn level(&self, line: Line) -> Level {
        self.change(line, |wire| wire.level)
    }

    /// Every level that a line has changed to, and when.
    pub fn changes(&self, line: Line) -> Vec<(Instant, Level)> {
        self.change(line, |wire| wire.changes.clone())
    }

    fn change<R>(&self, line: Line, change: impl FnOnce(&mut Wire) -> R) -> R {
        let mut wires = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Core asks for no line that the board has not.
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
    /// A factory for these lines; there may be several, as if each were in a process of its own.
    pub fn new(desk: &Desk) -> Self {
        Breadboard { desk: desk.clone() }
    }

    /// Takes a line and sets it up, which is one step for everybody else.
    fn open(&self, line: Line, on_close: OnClose, set_up: impl FnOnce(&mut Wire)) -> Result<BreadboardPin> {
        let pin = number();
        self.desk.change(line, |wire| {
            if wire.user.is_some() {
                return Err(Error::new(ErrorKind::Busy, "somebody else has it").with_pin(line));
            }
            wire.user = Some(User { pin, output: wire.output, bias: wire.bias, on_close });
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
            // What comes of the pull is where it starts, and no edge.
            wire.settle();
            wire.edges = config.edges;
        };
        Ok(Box::new(self.open(line, OnClose::Restore, set_up)?))
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

/// A pin in use; given back when dropped.
#[derive(Debug)]
struct BreadboardPin {
    desk: Desk,
    line: Line,
    number: u64,
}

impl BreadboardPin {
    /// Does something to the line, as long as it is this pin's.
    fn change<R>(&self, change: impl FnOnce(&mut Wire) -> R) -> Result<R> {
        self.desk.change(self.line, |wire| match wire.user {
            Some(user) if user.pin == self.number => Ok(change(wire)),
            _ => Err(Error::closed().with_pin(self.line)),
        })
    }

    fn give_back(&self) {
        // One that is closed has nothing left to give.
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
