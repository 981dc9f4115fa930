//! [`Timed`]: an output whose newest command counts, and whose commands may have an end.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use pinzero::{Gpio, Result, Timer};

use super::Opening;
use crate::reporter::Reporter;

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
}

/// Returns the state in which a device is off, for one in which it is on; `None` for one in which it is off.
pub(crate) type Off<D> = fn(&D, &<D as Drive>::State) -> Option<<D as Drive>::State>;

#[derive(Debug)]
struct Slot<S> {
    /// The state that was wanted last.
    wanted: S,
    /// Counts how often another state was wanted.
    number: u64,
    /// The end of the newest command, and the state after that.
    end: Option<(Timer, S)>,
    /// Whether a thread is writing to the pins. That thread writes again if another state is wanted meanwhile, so no lock is held
    /// while writing, and the newest state is written last.
    is_driving: bool,
}

impl<D: Drive> Timed<D> {
    /// Wraps a device that is in `state`. `off` tells what goes off after the time of `on_for`.
    ///
    /// # Errors
    /// A device that is on, and could not be switched off in time.
    pub(crate) fn new(device: D, state: D::State, off: Off<D>, opening: &Opening<'_>) -> Result<Self> {
        let slot = Slot { wanted: state, number: 0, end: None, is_driving: false };
        let (gpio, reporter) = (opening.gpio.clone(), opening.reporter.clone());
        let on_for = opening.appearance.on_for.map(Duration::from_secs_f64);
        let shared = Arc::new(Shared { device, gpio, reporter, off, on_for, slot: Mutex::new(slot) });
        shared.limit(0)?;
        Ok(Timed(shared))
    }

    /// Returns the device.
    pub(crate) fn device(&self) -> &D {
        &self.0.device
    }

    /// Returns the state that was set last.
    pub(crate) fn state(&self) -> D::State {
        self.0.slot.lock().wanted.clone()
    }

    /// Sets a state.
    pub(crate) fn set(&self, state: D::State) -> Result<()> {
        self.set_until(state, None)
    }

    /// Sets a state, and `then` the other one once the time is over. Without a time, the state stays, unless the file limits it.
    pub(crate) fn set_for(&self, state: D::State, time: Option<Duration>, then: D::State) -> Result<()> {
        self.set_until(state, time.map(|time| (time, then)))
    }

    fn set_until(&self, state: D::State, end: Option<(Duration, D::State)>) -> Result<()> {
        match (self.0.change(state, None)?, end) {
            (Some(number), Some((time, then))) => self.0.end(number, time, then),
            (Some(number), None) => self.0.limit(number),
            (None, _) => Ok(()),
        }
    }

    /// Closes the pins. A command that has an end finds that end now: a pump that is on for a minute must not stay on.
    pub(crate) fn close(&self) -> Result<()> {
        let end = self.0.slot.lock().end.take();
        let ended = end.map_or(Ok(()), |(timer, then)| {
            timer.cancel();
            // Nobody is there any more to switch off what this switches on.
            let off = self.0.on_for.and_then(|_| (self.0.off)(&self.0.device, &then));
            self.0.change(off.unwrap_or(then), None).map(drop)
        });
        self.0.device.close().and(ended)
    }
}

impl<D: Drive> Shared<D> {
    /// Has the state of this number end after the time of `on_for`, if the device is on.
    fn limit(self: &Arc<Self>, number: u64) -> Result<()> {
        let Some(time) = self.on_for else { return Ok(()) };
        let off = {
            let slot = self.slot.lock();
            Some(&slot.wanted)
                .filter(|_| slot.number == number)
                .and_then(|wanted| (self.off)(&self.device, wanted))
        };
        off.map_or(Ok(()), |off| self.end(number, time, off))
    }

    /// Has the state of this number end after a time, and `then` the other one begin.
    fn end(self: &Arc<Self>, number: u64, time: Duration, then: D::State) -> Result<()> {
        let (shared, at_end) = (Arc::downgrade(self), then.clone());
        let timer = self.gpio.after(time, move || {
            let Some(shared) = shared.upgrade() else { return };
            let next = shared.change(at_end, Some(number));
            if let Err(error) = next.and_then(|next| next.map_or(Ok(()), |next| shared.limit(next))) {
                shared.reporter.complain(&error);
            }
            shared.reporter.changed();
        });
        match timer {
            Ok(timer) => {
                let mut slot = self.slot.lock();
                if slot.number == number {
                    slot.end = Some((timer, then));
                } else {
                    drop(slot);
                    timer.cancel();
                }
                Ok(())
            }
            // A command must not stand that cannot end.
            Err(error) => self.change(then, Some(number)).and(Err(error)),
        }
    }

    /// Sets a state, and returns its number; does nothing if another state was wanted after the one of the number `after`.
    fn change(&self, state: D::State, after: Option<u64>) -> Result<Option<u64>> {
        let (number, before, end, is_driven) = {
            let mut slot = self.slot.lock();
            if after.is_some_and(|after| after != slot.number) {
                return Ok(None);
            }
            slot.number += 1;
            let before = std::mem::replace(&mut slot.wanted, state);
            (slot.number, before, slot.end.take(), std::mem::replace(&mut slot.is_driving, true))
        };
        if let Some((timer, _)) = end {
            timer.cancel();
        }
        if is_driven {
            return Ok(Some(number));
        }
        loop {
            let (wanted, newest) = {
                let slot = self.slot.lock();
                (slot.wanted.clone(), slot.number)
            };
            let driven = self.device.drive(&wanted);
            let mut slot = self.slot.lock();
            if slot.number == newest {
                slot.is_driving = false;
                if driven.is_err() && newest == number {
                    slot.wanted = before;
                }
                return driven.map(|()| Some(number));
            }
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
}
