//! Software PWM: waves on plain outputs, all of a factory's from one thread.
//!
//! The thread sleeps until shortly before the next edge and spins for the rest; how shortly follows from how late it
//! has been woken up lately. While no line carries pulses it sleeps without a timer. On a virtual clock the waves are
//! tasks of the runtime instead, so that their edges are exact.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::error::{Error, ErrorKind, Result};
use crate::factory::{OutputConfig, OutputPin, PwmConfig, PwmPin};
use crate::gpio::Gpio;
use crate::machine::Wave;
use crate::runtime::{Effects, Next, Task, TaskId};
use crate::time::{Clock, Instant, us};
use crate::types::{Edge, Level, Line};

/// The shortest period: 10 kHz.
const SHORTEST: Duration = us(100);

/// Bounds of the time that is spun instead of slept before an edge.
const SPIN: std::ops::RangeInclusive<Duration> = us(10)..=us(120);

/// Above this the thread waits where a change of any wave can wake it, below it sleeps through.
const NAP: Duration = Duration::from_millis(4);

/// Refuses a period that software cannot keep.
pub(crate) fn check(period: Duration) -> Result<()> {
    if period < SHORTEST {
        let message = format!("software PWM has a period of {SHORTEST:?} at least (10 kHz), not {period:?}");
        return Err(Error::new(ErrorKind::InvalidFrequency, message));
    }
    Ok(())
}

/// A wave and the line it is on.
#[derive(Debug)]
struct Channel {
    wave: Wave,
    pin: Arc<dyn OutputPin>,
}

impl Channel {
    /// Writes the edges that are due at `now`. A line that cannot be written falls out.
    fn fire(&mut self, now: Instant) {
        while let Some(_due) = self.wave.deadline().filter(|at| *at <= now) {
            if let Some(Err(error)) = self.wave.expire(now).map(|level| self.pin.set(level)) {
                if error.kind() != ErrorKind::Closed {
                    log::error!("software PWM stops: {error}");
                }
                self.wave = Wave::new();
            }
        }
    }
}

/// A software PWM channel, to core the same as a backend's own.
#[derive(Debug)]
pub(crate) struct SoftPwm {
    channel: Arc<Mutex<Channel>>,
    clock: Clock,
    driver: Driver,
}

#[derive(Debug)]
enum Driver {
    Thread(Arc<Engine>),
    Task(Gpio, TaskId),
}

impl SoftPwm {
    pub(crate) fn open(gpio: &Gpio, line: Line, config: PwmConfig) -> Result<Self> {
        let steady_high = config.pulse >= config.period;
        let output = OutputConfig { initial: Some(Level::from(steady_high)), on_close: config.on_close };
        let pin: Arc<dyn OutputPin> = Arc::from(gpio.factory().open_output(line, output)?);
        let channel = Arc::new(Mutex::new(Channel { wave: Wave::new(), pin }));
        let clock = gpio.runtime().clock().clone();
        let driver = if clock.is_manual() {
            let id = gpio.runtime().reserve();
            let task = Box::new(WaveTask(channel.clone()));
            gpio.runtime().enter(|state, now, effects| state.insert(id, task, now, effects));
            Driver::Task(gpio.clone(), id)
        } else {
            let engine = gpio.soft_pwm();
            engine.add(&channel)?;
            Driver::Thread(engine)
        };
        let pwm = SoftPwm { channel, clock, driver };
        pwm.set(config.period, config.pulse)?;
        Ok(pwm)
    }
}

impl PwmPin for SoftPwm {
    fn set(&self, period: Duration, pulse: Duration) -> Result<()> {
        {
            let mut channel = self.channel.lock();
            let level = channel.wave.set(self.clock.now(), period, pulse);
            // A closed line must say so even where the wave needs no write.
            match level {
                Some(level) => channel.pin.set(level)?,
                None => drop(channel.pin.level()?),
            }
        }
        match &self.driver {
            Driver::Thread(engine) => {
                engine.changed.notify_one();
            }
            Driver::Task(gpio, id) => gpio.runtime().reschedule(*id),
        }
        Ok(())
    }

    fn close(&self) -> Result<()> {
        match &self.driver {
            Driver::Thread(engine) => engine.remove(&self.channel),
            Driver::Task(gpio, id) => gpio.runtime().remove(*id),
        }
        let channel = self.channel.lock();
        channel.pin.close()
    }
}

impl Drop for SoftPwm {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            log::error!("software PWM was not closed properly: {error}");
        }
    }
}

#[derive(Debug)]
struct WaveTask(Arc<Mutex<Channel>>);

impl Task for WaveTask {
    fn edge(&mut self, _: Edge, _: &mut Effects) {}

    fn resync(&mut self, _: Instant, _: &mut Effects) {}

    fn fire(&mut self, now: Instant, _: &mut Effects) {
        self.0.lock().fire(now);
    }

    fn next(&self) -> Next {
        self.0.lock().wave.deadline().map_or(Next::Idle, Next::At)
    }
}

/// The thread of a factory's software PWM, and its channels.
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
            thread::Builder::new().name("pinzero-pwm".to_owned()).spawn(move || run(&engine)).map_err(|error| {
                Error::new(ErrorKind::Io, "the thread of software PWM cannot be started").with_source(error)
            })?;
            channels.running = true;
        }
        channels.list.push(channel.clone());
        Ok(())
    }

    /// Once this returns the channel is not written any more. The thread ends with the last one.
    fn remove(&self, channel: &Arc<Mutex<Channel>>) {
        self.channels.lock().list.retain(|other| !Arc::ptr_eq(other, channel));
        channel.lock().wave = Wave::new();
        self.changed.notify_one();
    }

    /// Writes what is due and waits a while; tells whether to go on.
    fn turn(&self, margin: &mut Duration) -> bool {
        let mut channels = self.channels.lock();
        if channels.list.is_empty() {
            channels.running = false;
            return false;
        }
        let now = self.clock.now();
        let next = channels.list.iter().filter_map(|channel| {
            let mut channel = channel.lock();
            channel.fire(now);
            channel.wave.deadline()
        });
        match next.min() {
            None => self.changed.wait(&mut channels),
            Some(at) if at.since(now) > NAP => {
                self.changed.wait_for(&mut channels, at.since(now) - NAP / 2);
            }
            Some(at) => {
                drop(channels);
                self.sleep_until(at, margin);
            }
        }
        true
    }

    /// Sleeps until a margin before `at`, then spins. The margin follows the lateness of the sleep: up at once, down slowly.
    fn sleep_until(&self, at: Instant, margin: &mut Duration) {
        let wake = at - *margin;
        if wake > self.clock.now() {
            sleep_to(wake, &self.clock);
            let late = self.clock.now().since(wake);
            let decayed = *margin - *margin / 64;
            *margin = decayed.max(late + late / 4).clamp(*SPIN.start(), *SPIN.end());
        }
        while self.clock.now() < at {
            std::hint::spin_loop();
        }
    }
}

fn run(engine: &Weak<Engine>) {
    prefer();
    let mut margin = *SPIN.end();
    while engine.upgrade().is_some_and(|engine| engine.turn(&mut margin)) {}
}

/// Asks for punctual wake-ups.
#[cfg(target_os = "linux")]
fn prefer() {
    if let Err(error) = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1)) {
        log::debug!("software PWM keeps the default timer slack: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
fn prefer() {}

#[cfg(target_os = "linux")]
fn sleep_to(at: Instant, _: &Clock) {
    let nanos = at.as_nanos();
    let at = rustix::thread::Timespec {
        tv_sec: (nanos / 1_000_000_000) as i64,
        tv_nsec: (nanos % 1_000_000_000) as i64,
    };
    // Interrupted is early, and the caller spins for what is left.
    let _ = rustix::thread::clock_nanosleep_absolute(rustix::thread::ClockId::Monotonic, &at);
}

#[cfg(not(target_os = "linux"))]
fn sleep_to(at: Instant, clock: &Clock) {
    thread::sleep(at.since(clock.now()));
}
