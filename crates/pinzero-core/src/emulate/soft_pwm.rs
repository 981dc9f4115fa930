//! Software PWM: waves on plain outputs. One thread writes all waves of a factory.
//!
//! The thread sleeps until shortly before the next edge and spins for the rest. The margin adapts to the lateness of recent
//! wake-ups. While no line carries pulses, the thread sleeps without a timer. On a virtual clock the waves are tasks of the
//! runtime instead, so that their edges are exact.

use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::error::{Error, ErrorKind, Result};
use crate::factory::{OutputConfig, OutputPin, PwmConfig, PwmPin};
use crate::gpio::Gpio;
use crate::machine::Wave;
use crate::runtime::{Next, Outbox, Task, TaskId};
use crate::thread::spawn;
use crate::time::{Clock, Instant, us};
use crate::types::{Level, Line, OnClose};

/// The shortest period: 10 kHz.
const SHORTEST: Duration = us(100);

/// The bounds of the margin: the time before an edge in which the thread spins instead of sleeping.
const SPIN: std::ops::RangeInclusive<Duration> = us(10)..=us(120);

/// Fails if the period is too short for software PWM.
pub(crate) fn check(period: Duration) -> Result<()> {
    if period < SHORTEST {
        let message = format!("software PWM has a period of {SHORTEST:?} at least (10 kHz), not {period:?}");
        return Err(Error::new(ErrorKind::InvalidFrequency, message));
    }
    Ok(())
}

/// A wave and its line.
#[derive(Debug)]
struct Channel {
    wave: Wave,
    pin: Arc<dyn OutputPin>,
}

impl Channel {
    /// Writes the edges that are due at `now`. If a write fails, ends the wave and returns the reason.
    fn fire(&mut self, now: Instant) -> Option<String> {
        while self.wave.deadline().is_some_and(|at| at <= now) {
            if let Some(Err(error)) = self.wave.expire(now).map(|level| self.pin.set(level)) {
                self.wave = Wave::new();
                return (error.kind() != ErrorKind::Closed).then(|| format!("software PWM stops: {error}"));
            }
        }
        None
    }
}

/// A software PWM channel. To the rest of core it is like a backend's PWM pin.
#[derive(Debug)]
pub(crate) struct SoftPwm {
    channel: Arc<Mutex<Channel>>,
    clock: Clock,
    driver: Driver,
    rest: Level,
    on_close: OnClose,
}

#[derive(Debug)]
enum Driver {
    Thread(Arc<Engine>),
    Task(Gpio, TaskId),
}

impl SoftPwm {
    /// Opens a line and starts its pulses.
    pub(crate) fn open(gpio: &Gpio, line: Line, config: PwmConfig) -> Result<Self> {
        let steady_high = Level::from(config.pulse >= config.period);
        let output = OutputConfig::new(steady_high, config.on_close);
        let pin: Arc<dyn OutputPin> = Arc::from(gpio.factory().open_output(line, output)?);
        let pwm = SoftPwm { rest: config.rest, on_close: config.on_close, ..SoftPwm::on(gpio, pin)? };
        pwm.set_wave(config.period, config.pulse).inspect_err(|_| pwm.stop())?;
        Ok(pwm)
    }

    /// Returns a channel on an open output, without pulses yet. The caller closes the output.
    pub(crate) fn on(gpio: &Gpio, pin: Arc<dyn OutputPin>) -> Result<Self> {
        let channel = Arc::new(Mutex::new(Channel { wave: Wave::new(), pin }));
        let clock = gpio.runtime().clock().clone();
        let driver = if clock.is_manual() {
            let id = gpio.runtime().reserve();
            let task = Box::new(WaveTask(channel.clone()));
            gpio.runtime().enter(|state| state.insert(id, task));
            Driver::Task(gpio.clone(), id)
        } else {
            let engine = gpio.soft_pwm();
            engine.add(&channel)?;
            Driver::Thread(engine)
        };
        Ok(SoftPwm { channel, clock, driver, rest: Level::Low, on_close: OnClose::default() })
    }

    /// Sends pulses of `pulse` every `period`.
    pub(crate) fn set_wave(&self, period: Duration, pulse: Duration) -> Result<()> {
        {
            let mut channel = self.channel.lock();
            let level = channel.wave.set(self.clock.now(), period, pulse);
            // A closed line must fail even if the wave needs no write; `level` fails on a closed line.
            match level {
                Some(level) => channel.pin.set(level)?,
                None => drop(channel.pin.level()?),
            }
        }
        match &self.driver {
            Driver::Thread(engine) => engine.wake(),
            Driver::Task(gpio, id) => gpio.runtime().reschedule(*id),
        }
        Ok(())
    }

    /// Sends pulses of `pulse` every `period` on a line that had another function.
    pub(crate) fn begin(&self, period: Duration, pulse: Duration) -> Result<()> {
        self.channel.lock().wave = Wave::starting_with(pulse);
        self.set_wave(period, pulse)
    }

    /// Ends the pulses without a further write, until the next [`set_wave`](SoftPwm::set_wave).
    pub(crate) fn pause(&self) {
        self.channel.lock().wave = Wave::new();
    }

    /// Ends the pulses for good. Once this returns, the line is not written any more. Idempotent.
    pub(crate) fn stop(&self) {
        match &self.driver {
            Driver::Thread(engine) => engine.remove(&self.channel),
            Driver::Task(gpio, id) => gpio.runtime().remove(*id),
        }
    }
}

impl PwmPin for SoftPwm {
    fn set(&self, period: Duration, pulse: Duration) -> Result<()> {
        self.set_wave(period, pulse)
    }

    fn confirm(&self) -> Result<()> {
        // `confirm` waits for a network, so the channel's lock must not be held.
        let pin = self.channel.lock().pin.clone();
        pin.confirm()
    }

    fn close(&self) -> Result<()> {
        self.stop();
        let mut channel = self.channel.lock();
        let was_running = std::mem::take(&mut channel.wave).deadline().is_some();
        // A line that stays driven must not stay at a random point of the wave.
        let rested =
            if was_running && self.on_close == OnClose::Keep { channel.pin.set(self.rest) } else { Ok(()) };
        rested.and(channel.pin.close())
    }
}

#[derive(Debug)]
struct WaveTask(Arc<Mutex<Channel>>);

impl Task for WaveTask {
    fn fire(&mut self, now: Instant, outbox: &mut Outbox) {
        if let Some(complaint) = self.0.lock().fire(now) {
            outbox.complain(complaint);
        }
    }

    fn next(&self) -> Next {
        self.0.lock().wave.deadline().map_or(Next::Idle, Next::At)
    }
}

/// The software PWM of a factory: its thread and channels.
#[derive(Debug)]
pub(crate) struct Engine {
    clock: Clock,
    channels: Mutex<Channels>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Channels {
    list: Vec<Arc<Mutex<Channel>>>,
    running: bool,
}

impl Engine {
    pub(crate) fn new(clock: Clock) -> Arc<Self> {
        Arc::new(Engine { clock, channels: Mutex::default(), changed: Condvar::new() })
    }

    fn add(self: &Arc<Self>, channel: &Arc<Mutex<Channel>>) -> Result<()> {
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
    fn remove(&self, channel: &Arc<Mutex<Channel>>) {
        self.channels.lock().list.retain(|other| !Arc::ptr_eq(other, channel));
        self.changed.notify_one();
    }

    /// Wakes the thread after a wave has changed.
    fn wake(&self) {
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
            // A logger is user code and may need this lock.
            drop(channels);
            complaints.iter().for_each(|complaint| log::error!("{complaint}"));
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
            if !self.changed.wait_for(&mut channels, wake - now).timed_out() {
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
