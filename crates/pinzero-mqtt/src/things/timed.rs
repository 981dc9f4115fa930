//! [`Timed`]: an output whose newest command counts, and whose commands may have an end.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use pinzero::time::{Instant, secs};
use pinzero::{Error, ErrorKind, Gpio, Result, Timer};

use super::Opening;
use crate::reporter::Reporter;

/// The time until an end that failed is tried once more.
const RETRY: Duration = secs(1);

/// The longest time that the end of a device waits for a thread that is writing to the pins.
const PATIENCE: Duration = secs(1);

/// A device of outputs, as its commands see it.
pub(crate) trait Drive: fmt::Debug + Send + Sync + 'static {
    /// What a command sets.
    type State: fmt::Debug + Clone + Send;

    /// Brings the pins into a state, and ends all that runs on them: a blink, a fade.
    fn drive(&self, state: &Self::State) -> Result<()>;

    /// Closes the pins.
    fn close(&self) -> Result<()>;
}

/// An output whose newest command counts: the end of an older one is called off, on whatever thread the newer one comes.
#[derive(Debug)]
pub(crate) struct Timed<D: Drive>(Arc<Shared<D>>);

#[derive(Debug)]
struct Shared<D: Drive> {
    device: D,
    gpio: Gpio,
    reporter: Reporter,
    off: Off<D>,
    /// The time after which an output that is on goes off by itself.
    on_for: Option<Duration>,
    slot: Mutex<Slot<D::State>>,
    /// Notified when no thread is writing to the pins any more.
    settled: Condvar,
}

/// Returns the state in which a device is off, for one in which it is on; `None` for one in which it is off.
pub(crate) type Off<D> = fn(&D, &<D as Drive>::State) -> Option<<D as Drive>::State>;

#[derive(Debug)]
struct Slot<S> {
    /// What is wanted.
    wanted: Plan<S>,
    /// What the pins did last.
    driven: Plan<S>,
    /// Counts how often another plan was wanted.
    number: u64,
    /// Whether a thread is writing to the pins. That thread writes again if another state is wanted meanwhile, so no lock is held
    /// while writing, and the newest state is written last.
    is_driving: bool,
    /// Whether the end of the device has begun, so that nothing else may be wanted.
    is_closed: bool,
}

/// The state of an output now and later.
#[derive(Debug, Clone)]
struct Plan<S> {
    state: S,
    /// The end of the state, and the state after that.
    end: Option<Term<S>>,
    /// What is shown instead of the state, and until when.
    flash: Option<Term<S>>,
}

/// A state, and the time that it begins or ends.
#[derive(Debug, Clone)]
struct Term<S> {
    at: Instant,
    state: S,
    _alarm: Arc<Alarm>,
}

/// Wakes an output at a time, unless no plan has that time any more.
#[derive(Debug)]
struct Alarm(Timer);

impl Drop for Alarm {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl<S> Plan<S> {
    fn steady(state: S) -> Self {
        Plan { state, end: None, flash: None }
    }

    fn shown(&self) -> &S {
        self.flash.as_ref().map_or(&self.state, |flash| &flash.state)
    }
}

impl<D: Drive> Timed<D> {
    /// Wraps a device that is in `state`. `off` tells what goes off after the time of `on_for`.
    ///
    /// # Errors
    /// A device that is on, and could not be switched off in time.
    pub(crate) fn new(device: D, state: D::State, off: Off<D>, opening: &Opening<'_>) -> Result<Self> {
        let plan = Plan::steady(state);
        let slot = Slot {
            wanted: plan.clone(),
            driven: plan.clone(),
            number: 0,
            is_driving: false,
            is_closed: false,
        };
        let (gpio, reporter) = (opening.gpio.clone(), opening.reporter.clone());
        let on_for = opening.appearance.on_for.map(Duration::from_secs_f64);
        let (slot, settled) = (Mutex::new(slot), Condvar::new());
        let shared = Arc::new(Shared { device, gpio, reporter, off, on_for, slot, settled });
        let limited = shared.limited(plan)?;
        let mut slot = shared.slot.lock();
        (slot.wanted, slot.driven) = (limited.clone(), limited);
        drop(slot);
        // An alarm may have rung before the plan was there.
        shared.go_on(shared.gpio.now())?;
        Ok(Timed(shared))
    }

    /// Returns the device.
    pub(crate) fn device(&self) -> &D {
        &self.0.device
    }

    /// Returns what the output shows.
    pub(crate) fn state(&self) -> D::State {
        self.0.slot.lock().wanted.shown().clone()
    }

    /// Returns the state under a flash; the state, if there is no flash.
    pub(crate) fn steady_state(&self) -> D::State {
        self.0.slot.lock().wanted.state.clone()
    }

    /// Sets a state.
    pub(crate) fn set(&self, state: D::State) -> Result<()> {
        self.0.begin(|_| self.0.limited(Plan::steady(state.clone())))
    }

    /// Sets a state, and `then` the other one once the time is over. Without a time, the state stays, unless the file limits it.
    pub(crate) fn set_for(&self, state: D::State, time: Option<Duration>, then: D::State) -> Result<()> {
        let Some(time) = time else { return self.set(state) };
        self.0.begin(|_| {
            let end = Some(self.0.term(time, then.clone())?);
            Ok(Plan { state: state.clone(), end, flash: None })
        })
    }

    /// Shows a state for a while, and then what there is without. The end of a command stays where it is.
    pub(crate) fn flash(&self, state: D::State, time: Duration) -> Result<()> {
        self.0.begin(|plan| {
            let flash = Some(self.0.term(time, state.clone())?);
            Ok(Plan { flash, ..plan.clone() })
        })
    }

    /// Takes the last state, after which commands fail: that of `at_end`, or the present one. A command that has an end finds that end
    /// now: a pump that is on for a minute must not stay on.
    pub(crate) fn finish(&self, at_end: impl FnOnce(&D::State) -> Option<D::State>) -> Result<()> {
        let shared = &self.0;
        let mut slot = shared.slot.lock();
        slot.is_closed = true;
        let until = std::time::Instant::now() + PATIENCE;
        while slot.is_driving && !shared.settled.wait_until(&mut slot, until).timed_out() {}
        let Plan { state, end, flash } = slot.wanted.clone();
        let is_over = end.is_none() && flash.is_none();
        // Nobody is there any more to switch off what an end switches on.
        let then = end.map(|end| {
            shared.on_for.and_then(|_| (shared.off)(&shared.device, &end.state)).unwrap_or(end.state)
        });
        let state = then.unwrap_or(state);
        let last = at_end(&state);
        if is_over && last.is_none() {
            return Ok(());
        }
        slot.wanted = Plan::steady(last.unwrap_or(state));
        slot.number += 1;
        let number = slot.number;
        slot.is_driving = true;
        drop(slot);
        shared.write(number)
    }

    /// Closes the pins, in the last state.
    pub(crate) fn close(&self) -> Result<()> {
        let finished = self.finish(|_| None);
        self.0.device.close().and(finished)
    }
}

impl<D: Drive> Shared<D> {
    /// Returns a state with the time at which the state begins or ends.
    fn term(self: &Arc<Self>, time: Duration, state: D::State) -> Result<Term<D::State>> {
        let at = self.gpio.now() + time;
        let shared = Arc::downgrade(self);
        let timer = self.gpio.after(time, move || {
            let Some(shared) = shared.upgrade() else { return };
            if let Err(error) = shared.go_on(at) {
                shared.reporter.complain(&error);
            }
            shared.reporter.changed();
        })?;
        Ok(Term { at, state, _alarm: Arc::new(Alarm(timer)) })
    }

    /// Has a plan without an end find one after the time of `on_for`, if the device is on.
    fn limited(self: &Arc<Self>, mut plan: Plan<D::State>) -> Result<Plan<D::State>> {
        if let (Some(time), None) = (self.on_for, &plan.end) {
            let off = (self.off)(&self.device, &plan.state);
            plan.end = off.map(|off| self.term(time, off)).transpose()?;
        }
        Ok(plan)
    }

    /// Begins a plan, also one that is over at once.
    fn begin(self: &Arc<Self>, next: impl Fn(&Plan<D::State>) -> Result<Plan<D::State>>) -> Result<()> {
        self.change(|plan| next(plan).map(Some))?;
        // An alarm may have rung before the plan had begun.
        self.go_on(self.gpio.now())
    }

    /// Does what is due at a time.
    fn go_on(self: &Arc<Self>, at: Instant) -> Result<()> {
        if self.slot.lock().is_closed {
            return Ok(());
        }
        self.change(|plan| {
            let is_due = |term: &Option<Term<D::State>>| term.as_ref().is_some_and(|term| term.at <= at);
            if !is_due(&plan.flash) && !is_due(&plan.end) {
                return Ok(None);
            }
            let mut next = plan.clone();
            next.flash.take_if(|flash| flash.at <= at);
            if let Some(end) = next.end.take_if(|end| end.at <= at) {
                next.state = end.state;
            }
            self.limited(next).map(Some)
        })
    }

    /// Changes the plan, and brings the pins into its state, unless another thread is writing: that one writes the newest state then.
    /// `next` makes the new plan of the one before, if there is to be a new one.
    fn change(
        self: &Arc<Self>,
        next: impl Fn(&Plan<D::State>) -> Result<Option<Plan<D::State>>>,
    ) -> Result<()> {
        loop {
            let (before, number) = {
                let slot = self.slot.lock();
                if slot.is_closed {
                    return Err(Error::new(ErrorKind::Closed, "the device has been closed"));
                }
                (slot.wanted.clone(), slot.number)
            };
            // Not under the lock, for an alarm may ring at once.
            let Some(plan) = next(&before)? else { return Ok(()) };
            let mut slot = self.slot.lock();
            if slot.number != number || slot.is_closed {
                continue;
            }
            slot.wanted = plan;
            slot.number += 1;
            let is_driven = std::mem::replace(&mut slot.is_driving, true);
            drop(slot);
            return if is_driven { Ok(()) } else { self.write(number + 1) };
        }
    }

    /// Brings the pins into the newest state. Returns the error of the plan of this number; that of a newer one goes into the log.
    fn write(self: &Arc<Self>, number: u64) -> Result<()> {
        let _writing = Writing(self);
        loop {
            let (plan, newest) = {
                let slot = self.slot.lock();
                (slot.wanted.clone(), slot.number)
            };
            let result = self.device.drive(plan.shown());
            let mut slot = self.slot.lock();
            if result.is_ok() {
                slot.driven = plan;
            }
            if slot.number != newest {
                continue;
            }
            slot.is_driving = false;
            self.settled.notify_all();
            let Err(error) = result else { return Ok(()) };
            slot.wanted = slot.driven.clone();
            slot.number += 1;
            drop(slot);
            self.try_again();
            if newest == number {
                return Err(error);
            }
            // The sender of the newer command has not waited.
            self.reporter.complain(&error);
            self.reporter.changed();
            return Ok(());
        }
    }

    /// Has what is due, and failed, be tried again soon.
    fn try_again(self: &Arc<Self>) {
        let (mut plan, number) = {
            let slot = self.slot.lock();
            (slot.wanted.clone(), slot.number)
        };
        let now = self.gpio.now();
        for term in [&mut plan.end, &mut plan.flash] {
            if let Some(due) = term.take_if(|term| term.at <= now) {
                *term = self.term(RETRY, due.state).ok();
            }
        }
        let mut slot = self.slot.lock();
        if slot.number == number {
            slot.wanted = plan;
        }
    }
}

/// A thread that writes to the pins. If the thread panics, others may write.
struct Writing<'a, D: Drive>(&'a Shared<D>);

impl<D: Drive> Drop for Writing<'_, D> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.slot.lock().is_driving = false;
            self.0.settled.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;
    use std::sync::mpsc::{self, Receiver, Sender};

    use pinzero::mock::{self, MockGpio};
    use pinzero::time::ms;
    use pinzero::{Error, ErrorKind};

    use super::*;

    /// An output of which each write tells that it begins, and waits for its result.
    #[derive(Debug)]
    struct Slow {
        begun: Sender<u32>,
        results: Mutex<Receiver<Result<()>>>,
    }

    impl Drive for Slow {
        type State = u32;

        fn drive(&self, state: &u32) -> Result<()> {
            self.begun.send(*state).unwrap();
            self.results.lock().recv().unwrap()
        }

        fn close(&self) -> Result<()> {
            Ok(())
        }
    }

    fn open() -> (MockGpio, Arc<Timed<Slow>>, Receiver<u32>, Sender<Result<()>>) {
        let gpio = mock::builder().time_by_hand().open();
        let ((begun, begins), (result, results)) = (mpsc::channel(), mpsc::channel());
        let slow = Slow { begun, results: Mutex::new(results) };
        let reporter = Reporter {
            shared: Weak::new(),
            device: "slow".into(),
            topic: "pinzero/attic/slow".into(),
            memory: Arc::default(),
        };
        let opening = Opening { gpio: &gpio, appearance: &Default::default(), reporter };
        let timed = Arc::new(Timed::new(slow, 0, |_, _| None, &opening).unwrap());
        (gpio, timed, begins, result)
    }

    #[test]
    fn a_newer_command_waits_for_no_write_and_is_written_last() {
        let (_gpio, timed, begins, result) = open();
        let older = std::thread::spawn({
            let timed = timed.clone();
            move || timed.set(1)
        });
        assert_eq!(begins.recv(), Ok(1));
        timed.set(2).unwrap();
        timed.set(3).unwrap();
        result.send(Ok(())).unwrap();
        assert_eq!(begins.recv(), Ok(3));
        result.send(Ok(())).unwrap();
        older.join().unwrap().unwrap();
        assert_eq!(timed.state(), 3);
    }

    #[test]
    fn an_end_that_is_being_written_does_not_undo_a_newer_command() {
        let (gpio, timed, begins, result) = open();
        result.send(Ok(())).unwrap();
        timed.set_for(1, Some(ms(5)), 0).unwrap();
        assert_eq!(begins.recv(), Ok(1));
        let end = std::thread::spawn(move || gpio.advance(ms(10)));
        assert_eq!(begins.recv(), Ok(0));
        timed.set(2).unwrap();
        result.send(Ok(())).unwrap();
        assert_eq!(begins.recv(), Ok(2));
        result.send(Ok(())).unwrap();
        end.join().unwrap();
        assert_eq!(timed.state(), 2);
    }

    #[test]
    fn a_write_that_fails_changes_nothing_and_has_no_end() {
        let (gpio, timed, begins, result) = open();
        result.send(Err(Error::new(ErrorKind::Io, "the pin does not move"))).unwrap();
        timed.set_for(1, Some(ms(5)), 4).unwrap_err();
        assert_eq!((timed.state(), begins.recv()), (0, Ok(1)));
        gpio.advance(ms(10));
        assert!(begins.try_recv().is_err());
    }

    fn failure() -> Result<()> {
        Err(Error::new(ErrorKind::Io, "the pin does not move"))
    }

    #[test]
    fn a_newer_state_that_fails_fails_not_the_older_command_and_does_not_stand() {
        let (gpio, timed, begins, result) = open();
        let older = std::thread::spawn({
            let timed = timed.clone();
            move || timed.set(1)
        });
        assert_eq!(begins.recv(), Ok(1));
        timed.set_for(2, Some(ms(5)), 4).unwrap();
        result.send(Ok(())).unwrap();
        assert_eq!(begins.recv(), Ok(2));
        result.send(failure()).unwrap();
        older.join().unwrap().unwrap();
        assert_eq!(timed.state(), 1);
        gpio.advance(ms(10));
        assert!(begins.try_recv().is_err(), "the command that failed has no end");
    }

    #[test]
    fn a_command_that_fails_leaves_the_end_of_the_older_one() {
        let (gpio, timed, begins, result) = open();
        for done in [Ok(()), failure(), Ok(())] {
            result.send(done).unwrap();
        }
        timed.set_for(1, Some(ms(5)), 4).unwrap();
        timed.set(2).unwrap_err();
        assert_eq!(timed.state(), 1);
        gpio.advance(ms(10));
        assert_eq!((timed.state(), begins.try_iter().collect::<Vec<_>>()), (4, vec![1, 2, 4]));
    }

    #[test]
    fn an_end_that_fails_is_tried_again() {
        let (gpio, timed, begins, result) = open();
        for done in [Ok(()), failure(), Ok(())] {
            result.send(done).unwrap();
        }
        timed.set_for(1, Some(ms(5)), 0).unwrap();
        gpio.advance(ms(10));
        assert_eq!(timed.state(), 1);
        gpio.advance(RETRY);
        assert_eq!((timed.state(), begins.try_iter().collect::<Vec<_>>()), (0, vec![1, 0, 0]));
    }

    #[test]
    fn after_a_write_that_panics_others_are_carried_out() {
        let (_gpio, timed, begins, result) = open();
        let panicking = std::thread::spawn({
            let timed = timed.clone();
            move || timed.set(1)
        });
        assert_eq!(begins.recv(), Ok(1));
        drop(result);
        assert!(panicking.join().is_err());
        let (result, results) = mpsc::channel();
        *timed.device().results.lock() = results;
        result.send(Ok(())).unwrap();
        timed.set(2).unwrap();
        assert_eq!(begins.try_recv(), Ok(2));
    }

    #[test]
    fn the_end_of_the_device_waits_for_a_command_and_ends_it() {
        let (gpio, timed, begins, result) = open();
        let command = std::thread::spawn({
            let timed = timed.clone();
            move || timed.set_for(1, Some(secs(600)), 0)
        });
        assert_eq!(begins.recv(), Ok(1));
        let end = std::thread::spawn({
            let timed = timed.clone();
            move || timed.close()
        });
        while !timed.0.slot.lock().is_closed {
            std::thread::yield_now();
        }
        assert_eq!(timed.set(2).unwrap_err().kind(), ErrorKind::Closed);
        for _ in 0..2 {
            result.send(Ok(())).unwrap();
        }
        command.join().unwrap().unwrap();
        end.join().unwrap().unwrap();
        assert_eq!((timed.state(), begins.try_recv()), (0, Ok(0)));
        gpio.advance(secs(1000));
        assert!(begins.try_recv().is_err());
    }
}
