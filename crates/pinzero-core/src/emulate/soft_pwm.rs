//! Software PWM: waves on plain outputs. One thread writes all waves of a factory.
//!
//! The thread sleeps until shortly before the next edge and spins for the rest. The margin adapts to the lateness of recent
//! wake-ups. While no line carries pulses, the thread sleeps without a timer. On a virtual clock the waves are tasks of the
//! runtime instead, so that their edges are exact.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::pwm_engine::{Channel, Engine};
use crate::error::{Error, ErrorKind, Result};
use crate::factory::{OutputConfig, OutputPin, PwmConfig, PwmPin};
use crate::gpio::Gpio;
use crate::machine::Wave;
use crate::runtime::{Next, Outbox, Task, TaskId};
use crate::time::{Clock, Instant, us};
use crate::types::{Level, Line, OnClose};

/// The shortest period: 10 kHz.
const SHORTEST: Duration = us(100);

/// Fails if the period is too short for software PWM.
pub(crate) fn check(period: Duration) -> Result<()> {
    if period < SHORTEST {
        let message = format!("software PWM has a period of {SHORTEST:?} at least (10 kHz), not {period:?}");
        return Err(Error::new(ErrorKind::InvalidFrequency, message));
    }
    Ok(())
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
        let pwm =
            SoftPwm { rest: config.rest, on_close: config.on_close, ..SoftPwm::on(gpio, pin, Wave::new())? };
        pwm.set_wave(config.period, config.pulse).inspect_err(|_| pwm.stop())?;
        Ok(pwm)
    }

    /// Returns a channel on an open output, without pulses yet. The caller closes the output.
    pub(crate) fn over(gpio: &Gpio, pin: Arc<dyn OutputPin>) -> Result<Self> {
        SoftPwm::on(gpio, pin, Wave::on_unknown())
    }

    fn on(gpio: &Gpio, pin: Arc<dyn OutputPin>, wave: Wave) -> Result<Self> {
        let channel = Arc::new(Mutex::new(Channel { wave, pin }));
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

    /// Ends the pulses without a further write, until the next [`set_wave`](SoftPwm::set_wave).
    pub(crate) fn pause(&self) {
        self.channel.lock().wave = Wave::on_unknown();
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
