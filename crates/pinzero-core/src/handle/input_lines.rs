//! The shared part of [`Input`](super::input::Input) and [`Inputs`](super::inputs::Inputs): lines that one task reads.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::{Close, Closer, HandleRef, Lifecycle, MOST, Tapped, bits};
use crate::capability::Support;
use crate::emulate::polling::Polled;
use crate::error::{Error, ErrorKind, Result, first_error};
use crate::event::{Event, EventKind, Kinded};
use crate::factory::{InputConfig, InputPins, InputsConfig, Pin};
use crate::gpio::Gpio;
use crate::hub::Hub;
use crate::line_info::{LineFunction, LineInfo};
use crate::machine::{Click, Debounce, Hold, InputMachine, Sample, Status};
use crate::pin_spec::PinSpec;
use crate::reserve::Reserver;
use crate::runtime::{LineEdge, Next, Outbox, Task, TaskId};
use crate::time::{Instant, ms};
use crate::trace::ChangeKind;
use crate::types::{Bias, Edge, Host, Level, Line};

/// The settings of an [`InputBuilder`](super::input::InputBuilder).
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) bias: Bias,
    pub(crate) active: Level,
    pub(crate) kinds: [EventKind; 2],
    pub(crate) settle: Option<Duration>,
    pub(crate) lockout: Option<Duration>,
    pub(crate) hold: Option<Duration>,
    pub(crate) hold_repeat: Option<Duration>,
    pub(crate) clicks: Option<Duration>,
    pub(crate) sample: Option<Duration>,
    pub(crate) poll: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            bias: Bias::AsIs,
            active: Level::High,
            kinds: [EventKind::Activated, EventKind::Deactivated],
            settle: None,
            lockout: None,
            hold: None,
            hold_repeat: None,
            clicks: None,
            sample: None,
            poll: ms(5),
        }
    }
}

/// An event of one of several inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LineEvent {
    /// The index of the input, from 0 in the order of the builder.
    pub index: usize,
    /// The event.
    pub event: Event,
}

impl Kinded for LineEvent {
    type Kind = EventKind;

    fn kind(&self) -> EventKind {
        self.event.kind
    }

    fn bit(kind: EventKind) -> u32 {
        Event::bit(kind)
    }

    fn name(kind: EventKind) -> &'static str {
        Event::name(kind)
    }

    fn missed(&mut self) -> &mut u32 {
        &mut self.event.missed
    }

    fn is_repeat(&self) -> bool {
        self.event.is_repeat()
    }

    fn replaces(&self, earlier: &Self) -> bool {
        self.index == earlier.index && self.event.replaces(&earlier.event)
    }
}

/// Open inputs, which close together.
#[derive(Debug)]
pub(crate) struct InputLines {
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) pins: Arc<dyn InputPins>,
    pub(crate) lines: Vec<Arc<InputLine>>,
    /// For the events of all lines, if they are handled together.
    pub(crate) hub: Option<Arc<Hub<LineEvent>>>,
    pub(crate) tap: Tapped<LineEvent>,
    task: TaskId,
}

/// One line of the [`InputLines`].
#[derive(Debug)]
pub(crate) struct InputLine {
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) line: Line,
    pub(crate) pin: Arc<dyn Pin>,
    pub(crate) hub: Arc<Hub>,
    /// A copy of the machine's status for other threads, updated before the events are delivered.
    pub(crate) status: Arc<Mutex<Status>>,
    pub(crate) active: Level,
    /// `true` if the debounced level may differ from the level on the line.
    pub(crate) is_debounced: bool,
    bias: Bias,
}

impl InputLine {
    pub(crate) fn status(&self) -> Status {
        let status = self.lifecycle.look(&self.status);
        status.unwrap_or_else(|| Status::new(!self.active, self.lifecycle.gpio().now()))
    }
}

impl InputLine {
    /// Tells the factory's recordings of a change.
    fn record(&self, at: Instant, kind: impl FnOnce() -> ChangeKind) {
        self.lifecycle.gpio().recorder().note(at, self.line, kind);
    }

    /// Returns the reason why the line was lost, if the error is that it is closed.
    pub(crate) fn reason(&self, error: Error) -> Error {
        let lost = || self.hub.ended().filter(|_| error.kind() == ErrorKind::Closed);
        lost().unwrap_or(error).with_pin(self.line)
    }
}

impl InputLines {
    /// Opens the lines: all of them, or none. The levels at this moment are the first state and cause no event.
    pub(crate) fn open(
        gpio: &Gpio,
        specs: &[PinSpec],
        options: &Options,
        reserver: Reserver,
        is_together: bool,
    ) -> Result<Arc<HandleRef<InputLines>>> {
        if specs.is_empty() || specs.len() > MOST {
            let message = format!("give 1 to {MOST} pins, not {}", specs.len());
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        if options.sample.is_some_and(|period| period < ms(1)) {
            return Err(Error::new(ErrorKind::InvalidValue, "samples are 1 ms apart at least"));
        }
        if options.hold_repeat.is_some_and(|every| every < ms(10)) {
            let message =
                "the repeat time must be 10 ms or longer, so that repeats do not flood the handlers";
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        let capabilities = gpio.capabilities();
        capabilities.input.require("an input")?;
        let reservations = gpio.reserve_all(specs, reserver, |line| gpio.check_bias(line, options.bias))?;
        let lifecycle = Arc::new(Lifecycle::new(gpio, reservations));
        let runtime = gpio.runtime();
        runtime.start()?;
        let task = runtime.reserve();
        runtime.enter(|state| state.tasks.expect(task));
        let opened = Opened::open(gpio, lifecycle.lines(), options, task);
        let Opened { pins, members, levels, is_settled } = opened.inspect_err(|_| runtime.remove(task))?;
        let now = gpio.now();
        let mut lines = Vec::new();
        let mut line_tasks = Vec::new();
        for (index, (line, pin)) in lifecycle.lines().iter().zip(members).enumerate() {
            let level = Level::of_bit(levels, index);
            // If the factory debounces, core must not: the settle time would count twice.
            let debounce = Debounce::new(level, options.settle.filter(|_| !is_settled), options.lockout);
            let status = Status::new(level, now);
            let input = Arc::new(InputLine {
                lifecycle: lifecycle.clone(),
                line: *line,
                pin,
                hub: Arc::new(Hub::new(reserver.device, Some(*line))),
                status: Arc::new(Mutex::new(status)),
                active: options.active,
                is_debounced: is_settled || !debounce.is_open(),
                bias: options.bias,
            });
            let mut machine = InputMachine {
                debounce,
                hold: options.hold.map(|time| Hold::new(time, options.hold_repeat)),
                click: options.clicks.map(Click::new),
                sample: options.sample.map(|period| Sample::new(now, period)),
                active: options.active,
                kinds: options.kinds,
                status,
                pressed: Duration::ZERO,
                decided: Instant::ZERO,
            };
            if level == options.active {
                machine.found_active(now);
            }
            line_tasks.push(LineTask { machine, input: input.clone(), missed: 0 });
            lines.push(input);
        }
        let hub = is_together.then(|| Arc::new(Hub::new(reserver.device, Some(lifecycle.line()))));
        let pins_to_poll = lines.iter().map(|line| line.pin.clone()).collect();
        let resyncs = !matches!(gpio.host(), Host::Remote(_));
        let tap = Tapped::new();
        let lines = Arc::new(InputLines { lifecycle, pins, lines, hub: hub.clone(), tap: tap.clone(), task });
        let closer = Closer::of(&lines);
        let input_task = InputTask { lines: line_tasks, hub, tap, closer, events: Vec::new(), resyncs };
        let input_task: Box<dyn Task> = match capabilities.edges {
            Support::Native => Box::new(input_task),
            _ => Box::new(Polled::new(input_task, pins_to_poll, levels, now, options.poll)),
        };
        runtime.enter(|state| state.insert(task, input_task));
        // Lost meanwhile.
        if let Some(error) = lines.lines.first().and_then(|line| line.hub.ended()) {
            Close::close(&*lines)?;
            return Err(error);
        }
        HandleRef::register(lines)
    }
}

/// The lines as the factory opened them.
struct Opened {
    pins: Arc<dyn InputPins>,
    members: Vec<Arc<dyn Pin>>,
    levels: u64,
    /// `true` if the factory debounces with the settle time.
    is_settled: bool,
}

impl Opened {
    fn open(gpio: &Gpio, lines: &[Line], options: &Options, task: TaskId) -> Result<Opened> {
        let capabilities = gpio.capabilities();
        let has_edges = capabilities.edges == Support::Native;
        let sink = |index: usize| gpio.runtime().sink(task, index as u8);
        if lines.len() > 1 && capabilities.inputs == Support::Native {
            let mut config = InputsConfig::new(options.bias);
            if has_edges {
                config.edges = (0..lines.len()).map(sink).collect();
            }
            let pins: Arc<dyn InputPins> = Arc::from(gpio.factory().open_inputs(lines, config)?);
            let member = |index| Arc::new(Member { pins: pins.clone(), index }) as Arc<dyn Pin>;
            let members = (0..lines.len()).map(member).collect();
            let levels = pins.levels()?;
            return Ok(Opened { pins, members, levels, is_settled: false });
        }
        let wanted = options.settle.filter(|time| !time.is_zero() && *time <= capabilities.settle);
        let settle = wanted.filter(|_| has_edges);
        let mut members: Vec<Arc<dyn Pin>> = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            let mut config = InputConfig::new(options.bias);
            config.settle = settle;
            config.edges = has_edges.then(|| sink(index));
            let pin = gpio.factory().open_input(*line, config).map_err(|error| error.with_pin(line))?;
            members.push(Arc::from(pin));
        }
        let pins = Separate(members.clone());
        let levels = pins.levels()?;
        Ok(Opened { pins: Arc::new(pins), members, levels, is_settled: settle.is_some() })
    }
}

impl Close for InputLines {
    fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    fn close(&self) -> Result<()> {
        let closed = self.lifecycle.end(|| {
            self.lifecycle.gpio().runtime().remove(self.task);
            self.pins.close()
        });
        // Last: the drop of a handler's captures is user code, which may close this again.
        self.lines.iter().for_each(|line| line.hub.close());
        self.hub.iter().for_each(|hub| hub.close());
        self.tap.get().iter().for_each(|tap| tap.close());
        closed
    }

    fn in_background(&self) -> Option<&'static str> {
        let has_handlers = self.hub.iter().any(|hub| hub.has_handlers())
            || self.lines.iter().any(|line| line.hub.has_handlers());
        // Handlers that have been called have done what they were for.
        let is_new = |line: &Arc<InputLine>| {
            let status = line.status.lock();
            status.activations + status.deactivations == 0
        };
        (has_handlers && self.lines.iter().all(is_new)).then_some("handlers")
    }

    fn present(&self, show: &mut dyn FnMut(Line, ChangeKind)) {
        for input in &self.lines {
            show(input.line, ChangeKind::Edge { level: input.status().raw, missed: 0 });
        }
    }

    fn add_line_info(&self, line: Line, seen: &mut LineInfo) {
        let Some(input) = self.lines.iter().find(|input| input.line == line) else { return };
        let bias = (input.bias != Bias::AsIs).then_some(input.bias);
        seen.function = seen.function.or(Some(LineFunction::Input));
        seen.level = seen.level.or_else(|| input.pin.level().ok());
        seen.bias = seen.bias.or(bias);
    }
}

/// Adapts a line of inputs that the factory reads together to a pin of its own.
#[derive(Debug)]
struct Member {
    pins: Arc<dyn InputPins>,
    index: usize,
}

impl Pin for Member {
    fn level(&self) -> Result<Level> {
        Ok(Level::of_bit(self.pins.levels()?, self.index))
    }

    fn close(&self) -> Result<()> {
        self.pins.close()
    }
}

/// Emulates inputs that belong together on a factory that opens only single lines.
#[derive(Debug)]
struct Separate(Vec<Arc<dyn Pin>>);

impl InputPins for Separate {
    fn levels(&self) -> Result<u64> {
        bits(self.0.iter().map(|pin| pin.level()))
    }

    fn close(&self) -> Result<()> {
        first_error(self.0.iter().rev().map(|pin| pin.close()))
    }
}

/// The lines' task in the runtime: passes edges to the machines, and events to the listeners.
#[derive(Debug)]
struct InputTask {
    lines: Vec<LineTask>,
    hub: Option<Arc<Hub<LineEvent>>>,
    tap: Tapped<LineEvent>,
    closer: Arc<Closer<InputLines>>,
    events: Vec<Event>,
    /// Whether the levels are read after a loss. Not over a network, with the runtime's lock held: there, each report has the
    /// level of the line anyway.
    resyncs: bool,
}

#[derive(Debug)]
struct LineTask {
    machine: InputMachine,
    input: Arc<InputLine>,
    /// Edges lost since the last event that had a listener.
    missed: u32,
}

impl LineTask {
    /// Passes an edge to the machine, and to the recordings.
    fn edge(&mut self, edge: Edge, events: &mut Vec<Event>) {
        let Edge { at, level, missed } = edge;
        self.input.record(at, || ChangeKind::Edge { level, missed });
        self.machine.edge(edge, events);
    }
}

impl InputTask {
    /// Publishes the status of line `index` after a step, and then emits the step's events.
    fn tell(&mut self, index: usize, outbox: &mut Outbox) {
        let line = &mut self.lines[index];
        *line.input.status.lock() = line.machine.status;
        for mut event in self.events.drain(..) {
            let hub = &line.input.hub;
            let together = self.hub.as_ref().filter(|hub| hub.wants(event.kind));
            let tap = self.tap.get();
            let is_heard = hub.wants(event.kind) || together.is_some();
            // A machine makes events of its own of these.
            if tap.is_none() && (is_heard || event.is_change()) {
                line.input.record(event.at, || ChangeKind::Event(Event::name(event.kind)));
            }
            if is_heard || tap.is_some() {
                event.missed = std::mem::take(&mut line.missed);
            }
            outbox.emit(hub, event);
            if let Some(together) = together {
                outbox.emit(together, LineEvent { index, event });
            }
            tap.iter().for_each(|tap| tap.event(LineEvent { index, event }, outbox));
        }
    }

    /// Processes the deadlines of all lines up to `now`, in order.
    fn expire(&mut self, now: Instant, outbox: &mut Outbox) {
        while let Some((first, index)) = self.first().filter(|(at, _)| *at <= now) {
            self.lines[index].machine.expire(first, &mut self.events);
            self.tell(index, outbox);
        }
    }

    fn first(&self) -> Option<(Instant, usize)> {
        let deadline = |(index, line): (usize, &LineTask)| Some((line.machine.deadline()?, index));
        self.lines.iter().enumerate().filter_map(deadline).min()
    }
}

impl Task for InputTask {
    fn edges(&mut self, edges: &[LineEdge], outbox: &mut Outbox) {
        for LineEdge { index, edge } in edges {
            self.expire(edge.at, outbox);
            let index = usize::from(*index);
            let line = &mut self.lines[index];
            line.missed = line.missed.saturating_add(edge.missed);
            line.edge(*edge, &mut self.events);
            self.tell(index, outbox);
        }
    }

    fn resync(&mut self, now: Instant, outbox: &mut Outbox) {
        let lines = if self.resyncs { self.lines.len() } else { 0 };
        for index in 0..lines {
            let line = &mut self.lines[index];
            match line.input.pin.level() {
                Ok(level) if level != line.machine.raw() => {
                    line.edge(Edge { at: now, level, missed: 0 }, &mut self.events);
                    self.tell(index, outbox);
                }
                Ok(_) => {}
                Err(error) => {
                    let unread = Error::new(error.kind(), "edges were lost, and the level cannot be read");
                    outbox.complain(unread.with_pin(line.input.line).with_source(error));
                }
            }
        }
    }

    fn lose(&mut self, error: Error, outbox: &mut Outbox) {
        let Some(hub) = self.lines.first().map(|line| &line.input.hub) else { return };
        if !hub.is_closed() {
            outbox.complain(hub.name(error.clone()));
        }
        self.lines.iter().for_each(|line| outbox.end(&line.input.hub, &error));
        self.hub.iter().for_each(|hub| outbox.end(hub, &error));
        self.tap.get().iter().for_each(|tap| tap.lose(&error, outbox));
        outbox.call(self.closer.clone(), 1);
    }

    fn fire(&mut self, now: Instant, outbox: &mut Outbox) {
        self.expire(now, outbox);
    }

    fn next(&self) -> Next {
        self.first().map_or(Next::Idle, |(at, _)| Next::At(at))
    }
}
