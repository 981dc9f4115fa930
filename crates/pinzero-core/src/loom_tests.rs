//! Concurrency tests: loom runs the real code, with loom's locks and atomics in it (`sync.rs`), in every relevant order of
//! its threads' steps. `docs/CONTRIBUTING.md` says how to run them.
//!
//! loom has neither time nor a kernel. So the clock of most models is virtual, waits have no deadline, and the runtime's own
//! threads and their poller are left out: other threads make their passes.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64 as Count, Ordering};
use std::time::Duration;

use loom::future::block_on;
use loom::thread::{self, JoinHandle};

use crate::animation::Animation;
use crate::error::{ErrorKind, Result};
use crate::event::{Event, EventKind};
use crate::gpio::Gpio;
use crate::handle::{Close, HandleRef, Lifecycle};
use crate::hub::{Deliver, Handler, Hub};
use crate::machine::Blink;
use crate::mock;
use crate::part::{Owner, Ownership, Part, Target};
use crate::pin_spec::PinSpec;
use crate::report::Reports;
use crate::reserve::{Reservation, Reserver};
use crate::runtime::{EdgeSink, LineEdge, Next, Outbox, Runtime, Task, TaskId};
use crate::sync::{AtomicBool, AtomicU64};
use crate::time::{Clock, Instant, ms};
use crate::types::{Edge, Level, Line};

/// Runs `model` in every order with at most three preemptions; few bugs need more than two.
fn check(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(model);
}

/// Starts a thread that works on `shared`.
fn beside<S, R>(shared: &S, work: impl FnOnce(S) -> R + 'static) -> JoinHandle<R>
where
    S: Clone + 'static,
    R: 'static,
{
    let shared = shared.clone();
    thread::spawn(move || work(shared))
}

fn event() -> Event {
    Event {
        kind: EventKind::Activated,
        at: Instant::ZERO,
        level: Level::High,
        lasted: Duration::ZERO,
        missed: 0,
        repeat: false,
    }
}

/// Calls the handlers of `hub` for `count` events.
fn deliver(hub: &Hub, count: usize) -> u64 {
    let waiting = (0..count).filter(|_| hub.feed(event())).count();
    hub.deliver(waiting, &Reports::default()).panics
}

// Waits. These use the real clock: on a virtual one, waits do not sleep.

#[test]
fn a_waiter_sleeps_through_no_change() {
    check(|| {
        let runtime = Runtime::new(Clock::real(), Reports::default());
        let state = Arc::new((Hub::<Event>::default(), AtomicBool::new(false)));
        let changer = beside(&state, |state| {
            // Relaxed: the bell alone must make the change visible.
            state.1.store(true, Ordering::Relaxed);
            state.0.bell().notify(usize::MAX);
        });
        runtime.wait(state.0.bell(), None, String::new, || state.1.load(Ordering::Relaxed).then_some(()));
        changer.join().unwrap();
    });
}

#[test]
fn waiters_sleep_through_no_close() {
    check(|| {
        let hub = Arc::new(Hub::<Event>::default());
        let wait = |hub: Arc<Hub>| {
            let runtime = Runtime::new(Clock::real(), Reports::default());
            runtime.wait(hub.bell(), None, String::new, || hub.is_closed().then_some(()));
        };
        let waiter = beside(&hub, wait);
        let closer = beside(&hub, |hub| hub.close());
        wait(hub.clone());
        waiter.join().unwrap();
        closer.join().unwrap();
    });
}

#[test]
fn an_iterator_ends_with_the_last_event() {
    check(|| {
        let runtime = Runtime::new(Clock::real(), Reports::default());
        let hub = Arc::new(Hub::<Event>::default());
        let queue = hub.queue();
        let closer = beside(&hub, |hub| {
            hub.feed(event());
            hub.bell().notify(usize::MAX);
            hub.close();
        });
        let next = || runtime.wait(hub.bell(), None, String::new, || hub.next(&queue)).flatten();
        assert_eq!((next(), next()), (Some(event()), None));
        closer.join().unwrap();
    });
}

// Handlers.

/// Counts what happens to a handler. These counters are not loom's, so they add no ordering to the model.
#[derive(Debug, Default)]
struct Record {
    calls: Count,
    running: Count,
    removals: Count,
    drops: Count,
}

/// The captured state of a handler.
struct Probe {
    record: Arc<Record>,
    step: AtomicBool,
}

impl Probe {
    fn new(record: &Arc<Record>) -> Self {
        Probe { record: record.clone(), step: AtomicBool::new(false) }
    }

    /// Runs as the handler. An error shows as a panic, which deliveries count.
    fn call(&self) {
        let record = &self.record;
        record.calls.fetch_add(1, Ordering::Relaxed);
        assert_eq!(record.removals.load(Ordering::Relaxed), 0, "called after its removal");
        assert_eq!(record.running.fetch_add(1, Ordering::Relaxed), 0, "called twice at once");
        // Lets other threads run here.
        self.step.store(true, Ordering::Relaxed);
        assert_eq!(record.drops.load(Ordering::Relaxed), 0, "dropped while it runs");
        record.running.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.record.drops.fetch_add(1, Ordering::Relaxed);
    }
}

fn register(hub: &Arc<Hub>, record: &Arc<Record>) -> Handler {
    let probe = Probe::new(record);
    hub.on(EventKind::Activated, move |_| probe.call())
}

fn count(count: &Count) -> u64 {
    count.load(Ordering::Relaxed)
}

#[test]
fn a_handler_is_called_and_removed_and_closed_at_once() {
    check(|| {
        let hub = Arc::new(Hub::<Event>::default());
        let record = Arc::new(Record::default());
        let handler = register(&hub, &record);
        let deliverer = beside(&hub, |hub| deliver(&hub, 1) + deliver(&hub, 1));
        let closer = beside(&hub, |hub| hub.close());
        handler.remove();
        record.removals.fetch_add(1, Ordering::Relaxed);
        closer.join().unwrap();
        assert_eq!((deliverer.join().unwrap(), count(&record.drops)), (0, 1));
    });
}

#[test]
fn a_handler_that_is_given_while_closing_is_dropped() {
    check(|| {
        let hub = Arc::new(Hub::<Event>::default());
        let record = Arc::new(Record::default());
        let deliverer = beside(&hub, |hub| deliver(&hub, 1));
        let closer = beside(&hub, |hub| hub.close());
        register(&hub, &record);
        closer.join().unwrap();
        assert_eq!((deliverer.join().unwrap(), count(&record.drops)), (0, 1));
        let calls = count(&record.calls);
        deliver(&hub, 1);
        assert_eq!(count(&record.calls), calls);
    });
}

#[test]
fn handlers_come_and_go_beside_each_other() {
    check(|| {
        let hub = Arc::new(Hub::<Event>::default());
        let records: [Arc<Record>; 3] = Default::default();
        let first = register(&hub, &records[0]);
        let second =
            beside(&(hub.clone(), records[1].clone()), |(hub, record)| drop(register(&hub, &record)));
        let third = beside(&(hub.clone(), records[2].clone()), |(hub, record)| drop(register(&hub, &record)));
        first.remove();
        second.join().unwrap();
        third.join().unwrap();
        assert_eq!(deliver(&hub, 1), 0);
        assert_eq!(records.each_ref().map(|record| count(&record.calls)), [0, 1, 1]);
        hub.clear_handlers();
        assert_eq!(records.each_ref().map(|record| count(&record.drops)), [1, 1, 1]);
    });
}

#[test]
fn a_handler_may_close_its_own_device() {
    check(|| {
        let hub = Arc::new(Hub::<Event>::default());
        let record = Arc::new(Record::default());
        let probe = Probe::new(&record);
        let own = Arc::downgrade(&hub);
        hub.on(EventKind::Activated, move |_| {
            probe.call();
            own.upgrade().unwrap().close();
        });
        let closer = beside(&hub, |hub| hub.close());
        assert_eq!(deliver(&hub, 1) + deliver(&hub, 1), 0);
        closer.join().unwrap();
        assert!(count(&record.calls) <= 1);
        assert_eq!(count(&record.drops), 1);
    });
}

#[test]
fn a_handler_that_is_removed_amid_a_flood_is_called_no_more() {
    check(|| {
        let hub = Arc::new(Hub::<Event>::default());
        let record = Arc::new(Record::default());
        let is_removed = Arc::new(AtomicBool::new(false));
        let (probe, told) = (Probe::new(&record), is_removed.clone());
        let mut is_over = false;
        let handler = hub.on(EventKind::Activated, move |_| {
            assert!(!is_over, "called by whoever knew of its removal");
            probe.step.store(true, Ordering::Relaxed);
            is_over = told.load(Ordering::Acquire);
        });
        let deliverer = beside(&hub, |hub| deliver(&hub, 3));
        handler.remove();
        is_removed.store(true, Ordering::Release);
        assert_eq!((deliverer.join().unwrap(), count(&record.drops)), (0, 1));
    });
}

// The inbox.

/// A task that emits an event for each edge.
#[derive(Debug)]
struct Echo {
    hub: Arc<Hub>,
    edges: Arc<AtomicU64>,
}

impl Task for Echo {
    fn edges(&mut self, edges: &[LineEdge], outbox: &mut Outbox) {
        self.edges.store(self.edges.load(Ordering::Relaxed) + edges.len() as u64, Ordering::Relaxed);
        edges.iter().for_each(|_| outbox.emit(&self.hub, event()));
    }

    fn fire(&mut self, _: Instant, _: &mut Outbox) {}

    fn next(&self) -> Next {
        Next::Idle
    }
}

/// A runtime with an [`Echo`] task.
struct Echoing {
    runtime: Runtime,
    sink: EdgeSink,
    hub: Arc<Hub>,
    edges: Arc<AtomicU64>,
}

impl Echoing {
    fn new(clock: Clock) -> Arc<Self> {
        let runtime = Runtime::new(clock, Reports::default());
        let (hub, edges) = (Arc::<Hub>::default(), Arc::<AtomicU64>::default());
        let id = runtime.reserve();
        let task = Box::new(Echo { hub: hub.clone(), edges: edges.clone() });
        runtime.enter(|state| state.insert(id, task));
        Arc::new(Echoing { sink: runtime.sink(id, 0), runtime, hub, edges })
    }

    /// Does the same as driving a line of a mock on a virtual clock.
    fn drive(&self) {
        self.sink.push([EDGE]);
        self.runtime.catch_up();
    }

    fn edges(&self) -> u64 {
        self.edges.load(Ordering::Relaxed)
    }
}

const EDGE: Edge = Edge { at: Instant::ZERO, level: Level::High, missed: 0 };

#[test]
fn no_edge_is_left_lying() {
    check(|| {
        let echoing = Echoing::new(Clock::manual(true));
        let driver = beside(&echoing, |echoing| echoing.drive());
        let visitor = beside(&echoing, |echoing| echoing.runtime.enter(|_| ()));
        echoing.drive();
        driver.join().unwrap();
        visitor.join().unwrap();
        assert_eq!(echoing.edges(), 2);
    });
}

#[test]
fn callbacks_run_one_at_a_time() {
    check(|| {
        let echoing = Echoing::new(Clock::manual(true));
        let record = Arc::new(Record::default());
        register(&echoing.hub, &record);
        let driver = beside(&echoing, |echoing| echoing.drive());
        echoing.drive();
        driver.join().unwrap();
        assert_eq!((count(&record.calls), echoing.runtime.panics()), (2, 0));
    });
}

#[test]
fn a_waiter_hears_of_an_edge() {
    check(|| {
        let echoing = Echoing::new(Clock::real());
        let backend = beside(&echoing, |echoing| {
            echoing.sink.push([EDGE]);
            // The pass of the thread that the push wakes.
            echoing.runtime.enter(|_| ());
        });
        let visitor = beside(&echoing, |echoing| echoing.runtime.enter(|_| ()));
        echoing.runtime.wait(echoing.hub.bell(), None, String::new, || (echoing.edges() > 0).then_some(()));
        backend.join().unwrap();
        visitor.join().unwrap();
    });
}

// The ownership.

/// An output that counts the steps of its animation. With several outputs on one ownership, each counts for one animation.
#[derive(Debug)]
struct Steps {
    gpio: Gpio,
    ownership: Arc<Ownership>,
    count: AtomicU64,
}

impl Steps {
    fn new(gpio: &Gpio, ownership: &Arc<Ownership>) -> Arc<Self> {
        Arc::new(Steps { gpio: gpio.clone(), ownership: ownership.clone(), count: AtomicU64::new(0) })
    }

    fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

impl Target for Steps {
    fn gpio(&self) -> &Gpio {
        &self.gpio
    }

    fn line(&self) -> Line {
        Line(17)
    }

    fn is_closed(&self) -> bool {
        false
    }

    fn check_open(&self) -> Result<()> {
        Ok(())
    }

    fn is_digital(&self) -> bool {
        true
    }

    fn last(&self) -> f64 {
        0.0
    }

    fn note(&self, _: f64) {}

    fn confirm(&self) -> Result<()> {
        Ok(())
    }

    fn ownership(&self) -> &Ownership {
        &self.ownership
    }

    /// Writes without ordering: the ownership alone must make the write visible in time.
    fn show(&self, _: f64) -> Result<()> {
        self.count.store(self.count() + 1, Ordering::Relaxed);
        Ok(())
    }
}

/// Returns a blink with a step each millisecond.
fn blink() -> Blink {
    Blink::new(ms(1), ms(1))
}

/// Does nothing on close.
impl Owner for Steps {
    fn close(&self) -> Result<()> {
        Ok(())
    }
}

fn start(target: &Arc<Steps>, plan: Blink) -> Animation {
    Animation::start([Part::new(target.clone(), target.clone(), Level::High)], plan).unwrap()
}

#[test]
fn no_step_follows_a_write() {
    check(|| {
        let gpio: Gpio = Gpio::clone(&mock::gpio());
        let ownership = Arc::new(Ownership::new(true));
        let steps = Steps::new(&gpio, &ownership);
        let animation = start(&steps, blink().times(1));
        // Two milliseconds: to the end of the animation, so the write may come after it.
        let timeline = beside(&gpio, |gpio| gpio.sleep(ms(2)));
        let at_write = ownership.take(&gpio, || steps.count());
        timeline.join().unwrap();
        gpio.sleep(ms(2));
        assert_eq!((steps.count(), animation.is_running()), (at_write, false));
    });
}

#[test]
fn no_step_follows_the_start_of_another_animation() {
    check(|| {
        let gpio: Gpio = Gpio::clone(&mock::gpio());
        let ownership = Arc::new(Ownership::new(true));
        let (first, second) = (Steps::new(&gpio, &ownership), Steps::new(&gpio, &ownership));
        start(&first, blink());
        let timeline = beside(&gpio, |gpio| gpio.sleep(ms(1)));
        let starter = beside(&(first.clone(), second.clone()), |(first, second)| {
            let animation = start(&second, blink());
            (animation, first.count())
        });
        let at_write = ownership.take(&gpio, || first.count());
        timeline.join().unwrap();
        let (animation, at_start) = starter.join().unwrap();
        let so_far = second.count();
        gpio.sleep(ms(1));
        assert_eq!((first.count(), first.count()), (at_write, at_start));
        // Either the animation started after the write, or the write ended it.
        assert_eq!(second.count() > so_far, animation.is_running());
    });
}

/// A recording sets what stands for the user, while an animation gives the line back to the user on another thread.
#[test]
fn a_line_that_is_given_back_while_a_recording_begins_is_recorded() {
    check(|| {
        let gpio: Gpio = Gpio::clone(&mock::gpio());
        let ownership = Arc::new(Ownership::new(true));
        let task = TaskId::from_raw(7);
        gpio.runtime().enter(|state| ownership.hand_over(task.raw(), state));
        let animation = beside(&ownership, move |ownership| ownership.give_back(task));
        gpio.runtime().enter(|_| ownership.set_direct(false));
        animation.join().unwrap();
        assert_eq!((ownership.is_free(), ownership.is_direct()), (true, false));

        // And back, as the recording ends.
        gpio.runtime().enter(|state| ownership.hand_over(task.raw(), state));
        let animation = beside(&ownership, move |ownership| ownership.give_back(task));
        gpio.runtime().enter(|_| ownership.set_direct(true));
        animation.join().unwrap();
        assert!(ownership.is_direct());
    });
}

#[test]
fn whoever_awaits_an_animation_hears_of_its_end() {
    let ends: [fn(&Gpio, &Ownership); 2] =
        [|gpio, _| gpio.runtime().advance(ms(2)), |gpio, ownership| ownership.take(gpio, || ())];
    for end in ends {
        check(move || {
            let gpio: Gpio = Gpio::clone(&mock::builder().time_by_hand().open());
            let ownership = Arc::new(Ownership::new(true));
            let animation = start(&Steps::new(&gpio, &ownership), blink().times(1));
            let ender = beside(&(gpio, ownership), move |(gpio, ownership)| end(&gpio, &ownership));
            block_on(animation.finished()).unwrap();
            ender.join().unwrap();
        });
    }
}

// Whole devices.

#[test]
fn what_is_noted_of_an_output_is_what_is_on_its_pin() {
    check(|| {
        let gpio = mock::gpio();
        let output = gpio.output(17).open().unwrap();
        let high = beside(&output, |output| output.set(Level::High).unwrap());
        output.set(Level::Low).unwrap();
        high.join().unwrap();
        assert_eq!(output.last(), gpio.line(17).level());
    });
}

#[test]
fn nothing_is_written_after_the_close_of_an_output() {
    check(|| {
        let gpio = mock::gpio();
        let output = gpio.output(17).open().unwrap();
        output.blink(blink(), Level::High).unwrap();
        let timeline = beside(&gpio, |gpio| gpio.sleep(ms(1)));
        let user = beside(&output, |output| output.set(Level::High).is_ok());
        output.close().unwrap();
        let at_close = gpio.line(17).writes();
        timeline.join().unwrap();
        user.join().unwrap();
        gpio.sleep(ms(1));
        assert_eq!((gpio.line(17).writes(), gpio.line(17).level()), (at_close, Level::Low));
    });
}

#[test]
fn an_input_is_awaited_and_driven_and_closed_at_once() {
    check(|| {
        let gpio = mock::builder().time_by_hand().open();
        let input = gpio.input(17).open().unwrap();
        let record = Arc::new(Record::default());
        let probe = Probe::new(&record);
        input.on(EventKind::Activated, move |_| probe.call());
        let driver = beside(&gpio, |gpio| gpio.line(17).drive(Level::High));
        let closer = beside(&input, |input| input.close().unwrap());
        let reached = block_on(input.reached(true));
        driver.join().unwrap();
        closer.join().unwrap();
        if let Err(error) = reached {
            assert_eq!(error.kind(), ErrorKind::Closed);
        }
        assert_eq!((count(&record.drops), gpio.panics()), (1, 0));
    });
}

/// A handle on a line without a pin. The model's main thread must drop it last: loom does not see the ordering of `Arc`.
#[derive(Debug)]
struct Bare {
    lifecycle: Lifecycle,
    given_back: AtomicU64,
}

impl Bare {
    fn new(gpio: &Gpio) -> Arc<Self> {
        let reservation = Bare::reserve(gpio).unwrap();
        Arc::new(Bare { lifecycle: Lifecycle::new(gpio, vec![reservation]), given_back: AtomicU64::new(0) })
    }

    fn reserve(gpio: &Gpio) -> Result<Reservation> {
        gpio.reserve(&PinSpec::from(17), Reserver { device: "Bare", place: Location::caller() })
    }

    fn given_back(&self) -> u64 {
        self.given_back.load(Ordering::Relaxed)
    }
}

impl Close for Bare {
    fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    fn close(&self) -> Result<()> {
        self.lifecycle.end(|| {
            self.given_back.store(self.given_back() + 1, Ordering::Relaxed);
            Ok(())
        })
    }
}

#[test]
fn what_opens_while_the_factory_closes_is_closed() {
    check(|| {
        let gpio: Gpio = Gpio::clone(&mock::gpio());
        let bare = Bare::new(&gpio);
        let opener = beside(&bare, HandleRef::register);
        gpio.close().unwrap();
        let opened = opener.join().unwrap();
        assert_eq!((bare.lifecycle.is_closed(), bare.given_back()), (true, 1));
        drop(opened);
        assert_eq!(bare.given_back(), 1);
    });
}

#[test]
fn whoever_closes_second_finds_the_line_free() {
    check(|| {
        let gpio: Gpio = Gpio::clone(&mock::gpio());
        let bare = Bare::new(&gpio);
        let close = |bare: Arc<Bare>| {
            bare.close().unwrap();
            assert_eq!(bare.given_back(), 1);
        };
        let other = beside(&bare, close);
        close(bare.clone());
        assert!(Bare::reserve(&gpio).is_ok());
        other.join().unwrap();
    });
}
