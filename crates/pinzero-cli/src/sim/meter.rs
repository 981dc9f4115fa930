//! [`Meter`]: the contact of a meter, which gives pulses.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use pinzero::mock::MockGpio;
use pinzero::{Level, Timer};

/// A meter that is slower stands still: it would give less than four pulses an hour.
const SLOWEST: f64 = 0.001;

/// The contact of a meter: closed while somebody presses it, and for half of each turn of the meter.
pub(crate) struct Meter {
    contact: Arc<Contact>,
    /// Turns the meter.
    timer: Mutex<Option<Timer>>,
}

struct Contact {
    mock: MockGpio,
    line: u32,
    /// The level while the contact is closed.
    closed: Level,
    position: Mutex<Position>,
}

#[derive(Debug, Default)]
struct Position {
    is_pressed: bool,
    is_turned: bool,
    pulses: u64,
}

impl Position {
    fn is_closed(&self) -> bool {
        self.is_pressed || self.is_turned
    }
}

impl Meter {
    /// Connects a meter to a line. `closed` is the level while its contact is closed.
    pub(crate) fn new(mock: &MockGpio, line: u32, closed: Level) -> Self {
        let contact = Contact { mock: mock.clone(), line, closed, position: Mutex::default() };
        Meter { contact: Arc::new(contact), timer: Mutex::default() }
    }

    /// Closes the contact, or lets it go.
    pub(crate) fn press(&self, is_pressed: bool) {
        self.contact.change(|position| position.is_pressed = is_pressed);
    }

    /// Sets how many pulses a second the meter gives by itself.
    pub(crate) fn set_hertz(&self, hertz: f64) {
        if let Some(timer) = self.timer.lock().take() {
            timer.cancel();
        }
        self.contact.change(|position| position.is_turned = false);
        if hertz >= SLOWEST {
            let contact = self.contact.clone();
            let turn = move |_| contact.change(|position| position.is_turned = !position.is_turned);
            // If the system gives no thread, the meter stands still.
            *self.timer.lock() = self.contact.mock.every(Duration::from_secs_f64(0.5 / hertz), turn).ok();
        }
    }

    /// Returns whether the contact is closed, and the number of pulses so far.
    pub(crate) fn look(&self) -> (bool, u64) {
        let position = self.contact.position.lock();
        (position.is_closed(), position.pulses)
    }
}

impl Contact {
    /// Changes the position, and moves the line if that closes or opens the contact.
    fn change(&self, change: impl FnOnce(&mut Position)) {
        // Held while the line moves, so that the last position is the last level. Nothing on the line asks for the position.
        let mut position = self.position.lock();
        let was_closed = position.is_closed();
        change(&mut position);
        let line = self.mock.line(self.line);
        match (was_closed, position.is_closed()) {
            (false, true) => {
                position.pulses += 1;
                line.drive(self.closed);
            }
            (true, false) => line.release(),
            _ => {}
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(timer) = self.timer.get_mut().take() {
            timer.cancel();
        }
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Meter(GPIO{}, {} pulses)", self.contact.line, self.look().1)
    }
}
