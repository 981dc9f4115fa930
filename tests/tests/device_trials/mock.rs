//! The mock in real time, next to the program and behind a daemon.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use pinzero::mock::{self, MockGpio};
use pinzero::pigpio::PigpioFactory;
use pinzero::{Bias, Gpio, Level, Line, Result};
use pinzero_daemon::Daemon;

use crate::rig::{Change, Rig, Watch};

/// A mock, whose pins the factory under test drives and reads.
struct Mock {
    gpio: Gpio,
    _daemon: Option<Daemon>,
    mock: MockGpio,
    /// The next pin that no trial uses, for a probe.
    probe: AtomicU32,
}

impl Mock {
    fn new(mock: MockGpio, gpio: Gpio, daemon: Option<Daemon>) -> Self {
        Mock { gpio, _daemon: daemon, mock, probe: AtomicU32::new(28) }
    }
}

/// The mock itself is the factory.
pub(crate) fn local() -> Result<Box<dyn Rig>> {
    let mock = mock::builder().realtime().try_open()?;
    Ok(Box::new(Mock::new(mock.clone(), Gpio::clone(&mock), None)))
}

/// The client of a daemon in this process is the factory.
pub(crate) fn remote() -> Result<Box<dyn Rig>> {
    let mock = mock::builder().realtime().try_open()?;
    let daemon = Daemon::builder(&mock).port(0).start()?;
    let gpio = Gpio::new(PigpioFactory::connect(daemon.addrs()[0].to_string())?)?;
    Ok(Box::new(Mock::new(mock, gpio, Some(daemon))))
}

impl Rig for Mock {
    fn gpio(&self) -> &Gpio {
        &self.gpio
    }

    fn drive(&self, pin: u32, level: Level) {
        self.mock.line(pin).drive(level);
    }

    fn level(&self, pin: u32) -> Level {
        self.mock.line(pin).level()
    }

    /// Connects each pin by a wire to an input of the mock.
    fn watch(&self, pins: &[u32]) -> Watch {
        let probe = |pin: &u32| {
            let probe = Line(self.probe.fetch_add(1, Ordering::Relaxed));
            self.mock.wire(*pin, probe);
            probe
        };
        let inputs = self.mock.inputs(pins.iter().map(probe)).bias(Bias::Disabled).open().unwrap();
        let (mut events, pins) = (inputs.events(), pins.to_vec());
        Watch::new(move |timeout| {
            // The inputs are open as long as the watch.
            let _inputs = &inputs;
            let line = events.next_timeout(timeout)?;
            assert_eq!(line.event.missed, 0, "the rig has lost changes");
            Some(Change { at: line.event.at, pin: pins[line.index], level: line.event.level })
        })
    }

    fn capacitor(&self, pin: u32, charge_time: Duration) -> Box<dyn Fn(Option<Duration>)> {
        let capacitor = self.mock.capacitor(pin, charge_time);
        Box::new(move |time| capacitor.set_charge_time(time))
    }

    fn keypad(&self, rows: &[u32], columns: &[u32]) -> Box<dyn Fn(usize, usize, bool)> {
        let keypad = self.mock.keypad(rows.to_vec(), columns.to_vec());
        Box::new(move |row, column, is_pressed| match is_pressed {
            true => keypad.press(row, column),
            false => keypad.release(row, column),
        })
    }
}
