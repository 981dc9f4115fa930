//! Devices with a state of their own: a pure [`Machine`], and [`Running`], the handle of one that runs on open lines.

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::device::Device;
#[allow(unused_imports, reason = "for the links in the docs")]
use crate::error::ErrorKind;
use crate::error::{Error, Result, first_error};
use crate::event::{Event, EventKind, Kinded};
use crate::exit;
use crate::gpio::Gpio;
use crate::handle::events::Events;
use crate::handle::flex::{Flex, FlexLine};
use crate::handle::group::{GroupLines, OutputGroup};
use crate::handle::input_lines::LineEvent;
use crate::handle::inputs::Inputs;
use crate::handle::output::{Output, OutputLine};
use crate::handle::presence::Presence;
use crate::handle::{Tap, warn_of_drop};
use crate::hub::{Handler, Hub};
use crate::outcome::Outcome;
use crate::part::{Lead, Owned, Owner, Ownership};
use crate::runtime::{Next, Outbox, RuntimeRef, State, Task, TaskId};
use crate::source::{Follower, Source};
use crate::sync::Mutex;
use crate::time::{Clock, Instant};
use crate::trace::{ChangeKind, Recorder};
use crate::types::{Drive, Edge, Level, Line};

/// A pure state machine of a device: edges and deadlines go in, events and pin writes come out.
///
/// A machine knows no clock and no thread, so a table can test it. [`Running`] runs the machine on open lines, with the lock of the
/// factory's runtime held: no method may block or call user code.
///
/// ```
/// use pinzero::time::Instant;
/// use pinzero::{Edge, Effects, Event, EventKind, Level, Machine, Result, mock};
///
/// /// Copies an input to an output, and counts the pulses.
/// #[derive(Debug)]
/// struct Repeater(u32);
///
/// impl Machine for Repeater {
///     type Event = Event;
///
///     fn edge(&mut self, _line: usize, edge: Edge, effects: &mut Effects<'_, Event>) -> Result<()> {
///         if edge.level == Level::High {
///             self.0 += 1;
///             effects.emit(Event::new(EventKind::Activated, edge.at));
///         }
///         effects.write(1, u64::from(edge.level.is_high()))
///     }
///
///     fn expire(&mut self, _at: Instant, _effects: &mut Effects<'_, Event>) -> Result<()> {
///         Ok(())
///     }
///
///     fn deadline(&self) -> Option<Instant> {
///         None
///     }
/// }
///
/// let gpio = mock::gpio();
/// let (input, output) = (gpio.inputs([24]).open()?, gpio.group([17]).open()?);
/// let repeater = gpio.machine("Repeater").inputs(input).outputs(output).start(|_, _| Repeater(0))?;
/// gpio.line(24).drive(Level::High);
/// assert_eq!(gpio.line(17).level(), Level::High);
/// assert_eq!(repeater.look(|machine| machine.0)?, 1);
/// # Ok::<(), pinzero::Error>(())
/// ```
pub trait Machine: fmt::Debug + Send + 'static {
    /// The type of the device's events.
    type Event: Kinded;

    /// Processes an edge. The inputs have the numbers from 0 in the order of their builder; the flexible lines follow.
    ///
    /// Deadlines before the edge have been processed. After lost edges, `edge.missed` counts them, and the level is right again.
    ///
    /// # Errors
    /// Any error of the effects. The error is reported to [`Gpio::on_error`], and the machine goes on.
    fn edge(&mut self, line: usize, edge: Edge, effects: &mut Effects<'_, Self::Event>) -> Result<()>;

    /// Processes the deadline `at`. If a thread is late, [`Effects::now`] is later than `at`. The next deadline must be another one.
    ///
    /// # Errors
    /// See [`edge`](Machine::edge).
    fn expire(&mut self, at: Instant, effects: &mut Effects<'_, Self::Event>) -> Result<()>;

    /// Returns when to call [`expire`](Machine::expire) next.
    fn deadline(&self) -> Option<Instant>;

    /// Ends: the device is closed or lost, and no further step comes. A machine that others wait for lets them go on. May be called
    /// more than once. Default: does nothing.
    fn end(&mut self) {}
}

/// A weak reference to a running machine, for machines that wait for one another. Two references are equal if they are to one machine.
#[derive(Debug, Clone)]
pub struct MachineRef {
    runtime: RuntimeRef,
    id: TaskId,
}

impl MachineRef {
    /// Has [`Machine::deadline`] asked again, soon. May be called from anywhere, also within a step.
    pub fn reschedule(&self) {
        self.runtime.reschedule(self.id);
    }
}

impl PartialEq for MachineRef {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.runtime.is_same(&other.runtime)
    }
}

/// The effects of a step of a [`Machine`]: events, and writes to the device's lines.
pub struct Effects<'a, E> {
    clock: &'a Clock,
    this: &'a MachineRef,
    ports: &'a Ports,
    events: &'a mut Vec<E>,
    rings: bool,
}

impl<E> Effects<'_, E> {
    /// Reads the clock. The edge or the deadline of this step may be older, and a write of this step may have taken time.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Returns a reference to the machine itself.
    pub fn this(&self) -> &MachineRef {
        self.this
    }

    /// Emits an event, after the step.
    pub fn emit(&mut self, event: E) {
        self.events.push(event);
    }

    /// Has all waits look again, without an event.
    pub fn ring(&mut self) {
        self.rings = true;
    }

    /// Drives those outputs whose bit is set in `mask`. Bit 0 is the first line of the group; single outputs follow.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed), [`Disconnected`](ErrorKind::Disconnected), and any I/O error.
    pub fn write(&mut self, mask: u64, levels: u64) -> Result<()> {
        let mut singles = mask;
        if let Some(group) = &self.ports.group {
            let own = mask & group.all();
            if own != 0 {
                group.write(own, levels & own)?;
            }
            singles = mask & !group.all();
        }
        let first = self.ports.group.as_ref().map_or(0, |group| group.all().count_ones() as usize);
        for bit in (0..u64::BITS as usize).filter(|bit| singles >> bit & 1 == 1) {
            let output = bit.checked_sub(first).and_then(|index| self.ports.outputs.get(index));
            let output = output.ok_or_else(|| Error::unsupported("such an output"))?;
            output.write(Level::of_bit(levels, bit)).map_err(|error| error.with_pin(output.line()))?;
        }
        Ok(())
    }

    /// Turns the flexible line `index`, counted from 0, to `drive`.
    ///
    /// # Errors
    /// See [`Flex::turn`].
    pub fn turn(&mut self, index: usize, drive: Drive) -> Result<()> {
        let flex = self.ports.flexes.get(index).ok_or_else(|| Error::unsupported("a flexible line"))?;
        flex.turn(drive).map(drop).map_err(|error| error.with_pin(flex.line()))
    }
}

impl<E> fmt::Debug for Effects<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Effects").field("now", &self.now()).finish_non_exhaustive()
    }
}

/// The lines that a machine writes. They do not keep the handles open.
#[derive(Debug)]
struct Ports {
    group: Option<Arc<GroupLines>>,
    outputs: Vec<Arc<OutputLine>>,
    flexes: Vec<Arc<FlexLine>>,
}

/// A machine, as its task and the handles see it.
#[derive(Debug)]
struct Core<M: Machine> {
    /// Who changes the machine: its user, or a follower.
    ownership: Ownership,
    /// Locked inside the runtime's lock, or alone for a look.
    machine: Mutex<M>,
    hub: Arc<Hub<M::Event>>,
    ports: Ports,
    this: MachineRef,
    clock: Clock,
    recorder: Arc<Recorder>,
    /// Empty, but for the room: so that a step with an event allocates nothing.
    spare: Mutex<Vec<M::Event>>,
}

impl<M: Machine> Core<M> {
    /// Runs the step that is due at `at`, and then passes its events on.
    fn step<R>(
        &self,
        at: Instant,
        outbox: &mut Outbox,
        step: impl FnOnce(&mut M, &mut Effects<'_, M::Event>) -> R,
    ) -> R {
        let mut events = std::mem::take(&mut *self.spare.lock());
        let mut effects = Effects {
            clock: &self.clock,
            this: &self.this,
            ports: &self.ports,
            events: &mut events,
            rings: false,
        };
        let result = step(&mut self.machine.lock(), &mut effects);
        if effects.rings {
            outbox.wake(self.hub.bell());
        }
        for event in events.drain(..) {
            if let Some(line) = self.hub.line() {
                self.recorder.note(at, line, || ChangeKind::Event(M::Event::name(event.kind())));
            }
            outbox.emit(&self.hub, event);
        }
        *self.spare.lock() = events;
        result
    }

    /// Changes the machine between two steps.
    fn change<R>(
        &self,
        now: Instant,
        state: &mut State,
        change: impl FnOnce(&mut M, &mut Effects<'_, M::Event>) -> Result<R>,
    ) -> Result<R> {
        self.expire(now, &mut state.outbox);
        let changed = self.step(now, &mut state.outbox, change);
        state.schedule(self.this.id);
        changed
    }

    /// Processes the deadlines up to `until`.
    fn expire(&self, until: Instant, outbox: &mut Outbox) {
        let deadline = || self.machine.lock().deadline().filter(|at| *at <= until);
        while let Some(at) = deadline().filter(|_| !self.hub.is_closed()) {
            let expired = self.step(at, outbox, |machine, effects| machine.expire(at, effects));
            self.complain(expired, outbox);
        }
    }

    fn edge(&self, line: usize, edge: Edge, outbox: &mut Outbox) {
        self.expire(edge.at, outbox);
        if self.hub.is_closed() {
            return;
        }
        let stepped = self.step(edge.at, outbox, |machine, effects| machine.edge(line, edge, effects));
        self.complain(stepped, outbox);
        outbox.reschedule(self.this.id);
    }

    fn complain(&self, stepped: Result<()>, outbox: &mut Outbox) {
        match stepped {
            // The device closes.
            Err(error) if error.kind() == ErrorKind::Closed => self.lose(&error, outbox),
            Err(error) => outbox.complain(self.hub.name(error)),
            Ok(()) => {}
        }
    }

    /// Ends the machine for this reason.
    fn lose(&self, error: &Error, outbox: &mut Outbox) {
        outbox.end(&self.hub, error);
        self.machine.lock().end();
    }

    /// Ends the machine, without the runtime's lock: no step follows.
    fn close(&self) {
        self.this.runtime.enter(|state| {
            self.ownership.leave(state);
            state.remove(self.this.id);
            self.hub.end(Error::closed());
            self.machine.lock().end();
        });
        // Last: the drop of a handler's captures is user code.
        self.hub.close();
    }
}

impl<M: Machine> Owned for Core<M> {
    fn ownership(&self) -> &Ownership {
        &self.ownership
    }

    fn is_closed(&self) -> bool {
        self.hub.is_closed()
    }
}

#[derive(Debug)]
struct MachineTask<M: Machine>(Arc<Core<M>>);

impl<M: Machine> Task for MachineTask<M> {
    fn fire(&mut self, now: Instant, outbox: &mut Outbox) {
        self.0.expire(now, outbox);
    }

    fn next(&self) -> Next {
        match self.0.machine.lock().deadline() {
            Some(_) if self.0.hub.is_closed() => Next::Done,
            Some(at) => Next::At(at),
            None => Next::Idle,
        }
    }
}

/// Passes the edges of lines to a machine.
#[derive(Debug)]
struct Feed<M: Machine> {
    core: Weak<Core<M>>,
    /// The number of the first line.
    first: usize,
}

impl<M: Machine> Tap<LineEvent> for Feed<M> {
    fn event(&self, LineEvent { index, event }: LineEvent, outbox: &mut Outbox) {
        let is_edge = [EventKind::Activated, EventKind::Deactivated].map(Event::bit);
        if let Some(core) = self.core.upgrade().filter(|_| is_edge.contains(&Event::bit(event.kind))) {
            let edge = Edge { at: event.at, level: event.level, missed: event.missed };
            core.edge(self.first + index, edge, outbox);
        }
    }

    fn lose(&self, error: &Error, outbox: &mut Outbox) {
        self.core.upgrade().iter().for_each(|core| core.lose(error, outbox));
    }

    fn close(&self) {
        self.core.upgrade().iter().for_each(|core| core.close());
    }
}

/// Ends the machine of a device without lines.
impl<M: Machine> Tap<()> for Feed<M> {
    fn event(&self, (): (), _: &mut Outbox) {}

    fn lose(&self, error: &Error, outbox: &mut Outbox) {
        <Self as Tap<LineEvent>>::lose(self, error, outbox);
    }

    fn close(&self) {
        <Self as Tap<LineEvent>>::close(self);
    }
}

impl<M: Machine> Tap<Edge> for Feed<M> {
    fn event(&self, edge: Edge, outbox: &mut Outbox) {
        if let Some(core) = self.core.upgrade() {
            core.edge(self.first, edge, outbox);
        }
    }

    fn lose(&self, error: &Error, outbox: &mut Outbox) {
        <Self as Tap<LineEvent>>::lose(self, error, outbox);
    }

    fn close(&self) {
        <Self as Tap<LineEvent>>::close(self);
    }
}

/// Builder for a [`Running`] machine; returned by [`Gpio::machine`].
#[derive(Debug)]
#[must_use = "nothing runs before `start`"]
pub struct MachineBuilder {
    gpio: Gpio,
    device: &'static str,
    parts: Parts,
    is_outside: bool,
}

/// The handles of a machine's lines, in the order of opening.
#[derive(Debug, Default)]
struct Parts {
    inputs: Option<Inputs>,
    group: Option<OutputGroup>,
    outputs: Vec<Output>,
    flexes: Vec<Flex>,
    /// Of a device without lines.
    presence: Option<Presence>,
}

impl Parts {
    fn devices(&self) -> Vec<&dyn Device> {
        let inputs = self.inputs.iter().map(|inputs| inputs as &dyn Device);
        let group = self.group.iter().map(|group| group as &dyn Device);
        let outputs = self.outputs.iter().map(|output| output as &dyn Device);
        let flexes = self.flexes.iter().map(|flex| flex as &dyn Device);
        let presence = self.presence.iter().map(|presence| presence as &dyn Device);
        inputs.chain(group).chain(outputs).chain(flexes).chain(presence).collect()
    }

    fn lines(&self) -> Vec<Line> {
        let inputs = self.inputs.iter().flat_map(Inputs::lines);
        let group = self.group.iter().flat_map(OutputGroup::lines);
        let outputs = self.outputs.iter().map(Output::line);
        inputs.chain(group).copied().chain(outputs).chain(self.flexes.iter().map(Flex::line)).collect()
    }
}

impl Gpio {
    /// Returns a builder that runs a [`Machine`] on open lines. `device`: the name in messages.
    pub fn machine(&self, device: &'static str) -> MachineBuilder {
        MachineBuilder { gpio: self.clone(), device, parts: Parts::default(), is_outside: false }
    }
}

impl MachineBuilder {
    /// Gives the machine the edges of these inputs, debounced as they are. The machine keeps them open.
    pub fn inputs(mut self, inputs: Inputs) -> Self {
        self.parts.inputs = Some(inputs);
        self
    }

    /// Lets the machine write these outputs. The machine keeps them open.
    pub fn outputs(mut self, outputs: OutputGroup) -> Self {
        self.parts.group = Some(outputs);
        self
    }

    /// Lets the machine write an output. The machine keeps the line open.
    pub fn output(mut self, output: Output) -> Self {
        self.parts.outputs.push(output);
        self
    }

    /// Lets the machine turn a flexible line, and gives the machine the edges of that line. The machine keeps the line open.
    pub fn flex(mut self, flex: Flex) -> Self {
        self.parts.flexes.push(flex);
        self
    }

    /// Has waits for the machine take real time, also on a virtual clock, which they do not move: for events that come from outside,
    /// of a network for instance, by [`Running::change`] on another thread. Default: waits move a virtual clock.
    pub fn from_outside(mut self) -> Self {
        self.is_outside = true;
        self
    }

    /// Starts the machine that `make` returns for the current time and the levels of the inputs, bit 0 for the first. A machine without
    /// lines lives on the clock alone.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if inputs or a flexible line feed a machine already; [`Closed`](ErrorKind::Closed), and [`Io`](ErrorKind::Io) if the
    /// system gives no thread.
    pub fn start<M: Machine>(self, make: impl FnOnce(Instant, u64) -> M) -> Result<Running<M>> {
        let MachineBuilder { gpio, device, mut parts, is_outside } = self;
        let line = parts.lines().first().copied();
        if line.is_none() {
            parts.presence = Some(Presence::open(&gpio, device)?);
        }
        let runtime = gpio.runtime();
        exit::hold(runtime.start())?;
        let hub = Arc::new(Hub::new(device, line).with_outside(is_outside));
        let ports = Ports {
            group: parts.group.as_ref().map(OutputGroup::shared),
            outputs: parts.outputs.iter().map(Output::shared).collect(),
            flexes: parts.flexes.iter().map(Flex::shared).collect(),
        };
        let id = runtime.reserve();
        let this = MachineRef { runtime: runtime.downgrade(), id };
        let core = runtime.enter(|state| {
            // With the lock held, so that no edge falls between the levels and the taps, and no other machine takes the lines.
            let is_taken = parts.inputs.iter().any(|inputs| inputs.tap().is_set())
                || parts.flexes.iter().any(|flex| flex.tap().is_set());
            if is_taken {
                let message = "the lines feed a machine already: open lines for each machine";
                return Err(hub.name(Error::new(ErrorKind::InvalidValue, message)));
            }
            let levels = parts.inputs.as_ref().map_or(0, Inputs::last);
            let machine = Mutex::new(make(gpio.now(), levels));
            let (clock, spare) = (runtime.clock().clone(), Mutex::new(Vec::new()));
            let (ownership, recorder) = (Ownership::new(false), gpio.recorder().clone());
            let core = Arc::new(Core { ownership, machine, hub, ports, this, clock, recorder, spare });
            let feed = |first| Feed { core: Arc::downgrade(&core), first };
            if let Some(inputs) = &parts.inputs {
                inputs.tap().set(feed(0));
            }
            let inputs = parts.inputs.as_ref().map_or(0, |inputs| inputs.lines().len());
            if let Some(presence) = &parts.presence {
                presence.tap().set(feed(0));
            }
            for (index, flex) in parts.flexes.iter().enumerate() {
                flex.tap().set(feed(inputs + index));
            }
            state.insert(id, Box::new(MachineTask(core.clone())));
            Ok(core)
        })?;
        let running = Running(Arc::new(Shared { core, gpio, began: Mutex::new(None), parts }));
        // Lost or closed meanwhile.
        running.check_open()?;
        Ok(running)
    }
}

/// A [`Machine`] that runs on open lines: the handle inside a device with a state of its own. Clones share the machine; dropping the
/// last clone ends it and closes the lines.
#[must_use = "the machine ends when the last handle is dropped"]
pub struct Running<M: Machine>(Arc<Shared<M>>);

impl<M: Machine> UnwindSafe for Running<M> {}
impl<M: Machine> RefUnwindSafe for Running<M> {}

impl<M: Machine> Clone for Running<M> {
    fn clone(&self) -> Self {
        Running(self.0.clone())
    }
}

#[derive(Debug)]
struct Shared<M: Machine> {
    core: Arc<Core<M>>,
    gpio: Gpio,
    /// When a handler was given last.
    began: Mutex<Option<Instant>>,
    parts: Parts,
}

impl<M: Machine> Shared<M> {
    /// Ends the machine: it neither writes nor emits anything any more. Does nothing in a forked child.
    fn end(&self) {
        if !self.gpio.home().is_elsewhere() {
            self.core.close();
        }
    }
}

impl<M: Machine> Owner for Shared<M> {
    fn close(&self) -> Result<()> {
        self.end();
        first_error(self.parts.devices().into_iter().rev().map(Device::close))
    }
}

impl<M: Machine> Drop for Shared<M> {
    fn drop(&mut self) {
        let hub = &self.core.hub;
        if let Some(began) = self.began.lock().filter(|_| !hub.is_closed() && hub.has_handlers()) {
            warn_of_drop(&self.gpio, began, &hub.device(), "handlers");
        }
        self.end();
    }
}

const REMEDY: &str = "cause an event before you wait";

impl<M: Machine> Running<M> {
    /// Calls `look` with the machine, and returns its result. `look` must not block, and not call the device.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed), or the error by which a line was lost.
    pub fn look<R>(&self, look: impl FnOnce(&M) -> R) -> Result<R> {
        exit::hold(self.check_open())?;
        Ok(look(&self.0.core.machine.lock()))
    }

    /// Calls `look` with the machine even if the device is closed, for `Debug`. Returns `None` in a forked child.
    pub fn peek<R>(&self, look: impl FnOnce(&M) -> R) -> Option<R> {
        (!self.gpio().home().is_elsewhere()).then(|| look(&self.0.core.machine.lock()))
    }

    /// Calls `change` with the machine, carries out its effects, and waits until the writes have reached the pins.
    ///
    /// `change` runs with the runtime's lock held: it must not block, and not call the device.
    ///
    /// # Errors
    /// Those of `change`, [`Closed`](ErrorKind::Closed), [`Disconnected`](ErrorKind::Disconnected), and any I/O error.
    pub fn change<R>(
        &self,
        change: impl FnOnce(&mut M, &mut Effects<'_, M::Event>) -> Result<R>,
    ) -> Result<R> {
        exit::hold(self.check_open())?;
        let core = &self.0.core;
        let runtime = self.gpio().runtime();
        let changed = runtime.enter(|state| {
            core.ownership.leave(state);
            core.change(self.gpio().now(), state, change)
        });
        runtime.catch_up();
        let confirmed = changed.and_then(|result| self.gpio().confirm(|| self.confirm()).map(|()| result));
        exit::hold(confirmed)
    }

    /// Has the machine follow a source: `change` is called with each new value. A [`change`](Running::change) by the user ends the
    /// following, as do another one and the last handle of the device.
    ///
    /// # Errors
    /// See [`change`](Running::change), for the first value.
    pub fn follow<T: Clone + PartialEq + Send + 'static>(
        &self,
        source: Source<T>,
        mut change: impl FnMut(&mut M, T, &mut Effects<'_, M::Event>) -> Result<()> + Send + 'static,
    ) -> Result<Follower> {
        exit::hold(self.check_open())?;
        let (core, clock) = (self.0.core.clone(), self.gpio().runtime().clock().clone());
        let lead = Lead::of_machine(core.clone());
        let owners: Vec<Arc<dyn Owner>> = vec![self.0.clone()];
        let follower = source.start(self.gpio(), lead, owners, move |leader, value| {
            leader.write_by(&core.this.runtime, |state| {
                core.change(clock.now(), state, |machine, effects| change(machine, value, effects))
            })
        })?;
        let confirmed = exit::hold(self.gpio().confirm(|| self.confirm()));
        confirmed.inspect_err(|_| follower.stop())?;
        Ok(follower)
    }

    fn confirm(&self) -> Result<()> {
        let ports = &self.0.core.ports;
        ports.group.iter().try_for_each(|group| group.confirm())?;
        ports.outputs.iter().try_for_each(|output| output.confirm())?;
        ports.flexes.iter().try_for_each(|flex| flex.confirm())
    }

    /// Calls `handler` on every event of `kind`. Handlers add up; earlier ones stay. They run where [`Input::on`](crate::Input::on)
    /// says.
    pub fn on<R: Outcome>(
        &self,
        kind: <M::Event as Kinded>::Kind,
        handler: impl FnMut(M::Event) -> R + Send + 'static,
    ) -> Handler {
        *self.0.began.lock() = Some(self.gpio().now());
        self.0.core.hub.on(kind, handler)
    }

    /// Removes all handlers.
    pub fn clear_handlers(&self) {
        self.0.core.hub.clear_handlers();
    }

    /// Returns whether a handler or an iterator listens to events. Devices that cost something while they watch ask this; they count
    /// their waits themselves.
    pub fn is_heard(&self) -> bool {
        !self.gpio().home().is_elsewhere() && self.0.core.hub.is_heard()
    }

    /// Reports an error that no caller receives, with the name of the device, to [`Gpio::on_error`]. Call this with no lock held.
    pub fn report(&self, error: Error) {
        self.gpio().runtime().reports().report(&self.0.core.hub.name(error));
    }

    /// Returns an iterator over all events from now on. The iterator ends when the device is closed.
    pub fn events(&self) -> Events<M::Event> {
        Events::new(self.gpio(), &self.0.core.hub)
    }

    /// Blocks until `ready` returns `Some`, for at most `timeout` if there is one. `ready` is called at once, and again after each event.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed), also if the device is closed meanwhile, or the error by which a line was lost.
    ///
    /// # Panics
    /// On a virtual clock, if nothing scheduled can end the wait.
    #[track_caller]
    pub fn wait_until<R>(
        &self,
        timeout: Option<Duration>,
        mut ready: impl FnMut(&M) -> Option<R>,
    ) -> Result<Option<R>> {
        let ready = || self.ready(&mut ready);
        self.0.core.hub.wait(self.gpio().runtime(), timeout, REMEDY, ready).transpose()
    }

    /// Resolves when `ready` returns `Some`; for `async` code, on any executor. See [`wait_until`](Running::wait_until).
    ///
    /// # Errors
    /// See [`wait_until`](Running::wait_until).
    ///
    /// # Panics
    /// See [`wait_until`](Running::wait_until).
    #[track_caller]
    pub fn until<R: Send>(
        &self,
        mut ready: impl FnMut(&M) -> Option<R> + Send,
    ) -> impl Future<Output = Result<R>> + Send {
        let place = Location::caller();
        async move { self.0.core.hub.until(self.gpio().runtime(), REMEDY, place, || self.ready(&mut ready)).await }
    }

    fn ready<R>(&self, ready: &mut impl FnMut(&M) -> Option<R>) -> Option<Result<R>> {
        if let Err(error) = self.check_open() {
            return Some(Err(error));
        }
        ready(&self.0.core.machine.lock()).map(Ok)
    }

    /// Returns the lines of the device: inputs, outputs, flexible lines.
    pub fn lines(&self) -> Vec<Line> {
        self.0.parts.lines()
    }

    /// Returns the factory that the lines belong to.
    pub fn gpio(&self) -> &Gpio {
        &self.0.gpio
    }

    /// Fails if the device is closed or lost.
    fn check_open(&self) -> Result<()> {
        self.gpio().home().check()?;
        let hub = &self.0.core.hub;
        let error = match hub.ended() {
            Some(error) => error,
            None if self.0.parts.devices().into_iter().any(Device::is_closed) => Error::closed(),
            None => return Ok(()),
        };
        Err(hub.name(error))
    }

    /// Returns whether the device has been closed, or lost.
    pub fn is_closed(&self) -> bool {
        self.check_open().is_err()
    }

    /// Ends the machine, all waits and all event iterators, and closes the lines. Idempotent, from any thread.
    ///
    /// # Errors
    /// The first I/O error; the lines are given back as far as possible all the same.
    pub fn close(&self) -> Result<()> {
        Owner::close(&*self.0)
    }
}

impl<M: Machine> Device for Running<M> {
    fn parts(&self) -> Vec<&dyn Device> {
        Vec::new()
    }

    fn gpio(&self) -> &Gpio {
        self.gpio()
    }

    fn is_closed(&self) -> bool {
        self.is_closed()
    }

    fn close(&self) -> Result<()> {
        self.close()
    }
}

impl<M: Machine> fmt::Debug for Running<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple("Running");
        self.peek(|machine| {
            tuple.field(machine);
        });
        tuple.finish()
    }
}
