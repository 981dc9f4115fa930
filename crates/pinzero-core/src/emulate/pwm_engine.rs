//! The thread of software PWM.

use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use crate::condvar::Condvar;
use crate::error::{Error, ErrorKind, Result};
use crate::factory::OutputPin;
use crate::machine::Wave;
use crate::report::Reports;
use crate::thread::spawn;
use crate::time::{Clock, Instant, us};

/// The bounds of the margin: the time before an edge in which the thread spins instead of sleeping.
const SPIN: std::ops::RangeInclusive<Duration> = us(10)..=us(120);

/// A wave and its line.
#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) wave: Wave,
    pub(crate) pin: Arc<dyn OutputPin>,
}

impl Channel {
    /// Writes the edges that are due at `now`. If a write fails, ends the wave and returns the reason.
    pub(crate) fn fire(&mut self, now: Instant) -> Option<Error> {
        while self.wave.deadline().is_some_and(|at| at <= now) {
            if let Some(Err(error)) = self.wave.expire(now).map(|level| self.pin.set(level)) {
                self.wave = Wave::new();
                let stopped = Error::new(error.kind(), "software PWM stops");
                return (error.kind() != ErrorKind::Closed).then(|| stopped.with_source(error));
            }
        }
        None
    }
}

/// The software PWM of a factory: its thread and channels.
#[derive(Debug)]
pub(crate) struct Engine {
    clock: Clock,
    reports: Reports,
    channels: Mutex<Channels>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Channels {
    list: Vec<Arc<Mutex<Channel>>>,
    running: bool,
}

impl Engine {
    pub(crate) fn new(clock: Clock, reports: Reports) -> Arc<Self> {
        Arc::new(Engine { clock, reports, channels: Mutex::default(), changed: Condvar::new() })
    }

    pub(crate) fn add(self: &Arc<Self>, channel: &Arc<Mutex<Channel>>) -> Result<()> {
        let mut channels = self.channels.lock();
        if !channels.running {
            let engine = Arc::downgrade(self);
            spawn("pinzero-pwm", move || run(&engine)).map_err(|error| {
                Error::new(ErrorKind::Io, "the thread of software PWM cannot be started").with_source(error)
            })?;
            channels.running = true;
        }
        channels.list.push(channel.clone());
        Ok(())
    }

    /// Removes a channel. Once this returns, the channel is not written any more. Without channels, the thread ends.
    pub(crate) fn remove(&self, channel: &Arc<Mutex<Channel>>) {
        self.channels.lock().list.retain(|other| !Arc::ptr_eq(other, channel));
        self.changed.notify_one();
    }

    /// Wakes the thread after a wave has changed.
    pub(crate) fn wake(&self) {
        // The thread holds the lock from its check until its wait, so the notification cannot fall between them.
        drop(self.channels.lock());
        self.changed.notify_one();
    }

    /// Writes the edges that are due, and waits for the next. Returns `false` if the thread must end.
    fn turn(&self, margin: &mut Duration) -> bool {
        let mut channels = self.channels.lock();
        if channels.list.is_empty() {
            channels.running = false;
            return false;
        }
        let now = self.clock.now();
        let mut complaints = Vec::new();
        let next = channels.list.iter().filter_map(|channel| {
            let mut channel = channel.lock();
            complaints.extend(channel.fire(now));
            channel.wave.deadline()
        });
        let next = next.min();
        if !complaints.is_empty() {
            // This runs user code, which may need the lock.
            drop(channels);
            complaints.iter().for_each(|complaint| self.reports.report(complaint));
            return true;
        }
        let Some(at) = next else {
            self.changed.wait(&mut channels);
            return true;
        };
        // Spin for at most half of the time, however fast the wave, to leave the processor to other threads.
        let left = at.since(now);
        let wake = at - (*margin).min(if left > *SPIN.start() { left / 2 } else { left });
        if wake > now {
            if !self.changed.wait_for(&mut channels, wake - now) {
                return true;
            }
            // The margin follows the lateness: it rises at once and falls slowly.
            let late = self.clock.now().since(wake);
            let decayed = *margin - *margin / 64;
            *margin = decayed.max(late + late / 4).clamp(*SPIN.start(), *SPIN.end());
        }
        // Spin for the rest: every further sleep would be late again.
        drop(channels);
        while self.clock.now() < at {
            std::hint::spin_loop();
        }
        true
    }
}

fn run(engine: &Weak<Engine>) {
    prefer();
    let mut margin = *SPIN.end();
    while engine.upgrade().is_some_and(|engine| engine.turn(&mut margin)) {}
}

/// Requests punctual wake-ups: the smallest timer slack, and real-time priority if the system allows it.
#[cfg(target_os = "linux")]
fn prefer() {
    if let Err(error) = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1)) {
        log::debug!("software PWM keeps the default timer slack: {error}");
    }
    // SAFETY: `sched_param` contains only integers, for which zero is valid; some systems have more fields than the priority.
    let mut parameters: libc::sched_param = unsafe { std::mem::zeroed() };
    parameters.sched_priority = 1;
    // SAFETY: the call reads `parameters`, which lives until it returns, and changes this thread's scheduling only.
    let error = unsafe { libc::pthread_setschedparam(libc::pthread_self(), libc::SCHED_FIFO, &parameters) };
    if error != 0 {
        let error = std::io::Error::from_raw_os_error(error);
        log::debug!("software PWM runs without real-time priority: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
fn prefer() {}
