//! [`Brief`]: a device that is open during a reading only.

use parking_lot::Mutex;
use pinzero::{Error, ErrorKind, Result, SmoothedInputDevice};

/// The place of a device that is open during a reading only. Closing the place ends a reading that takes place.
#[derive(Debug, Default)]
pub(super) struct Brief(Mutex<Place>);

#[derive(Debug, Default)]
enum Place {
    #[default]
    Empty,
    Taken(SmoothedInputDevice),
    Closed,
}

impl Brief {
    /// Has `read` read this device.
    ///
    /// # Errors
    /// Those of `read`; [`Closed`](ErrorKind::Closed) if the place is closed, also meanwhile.
    pub(super) fn of<T>(&self, device: &SmoothedInputDevice, read: impl FnOnce() -> Result<T>) -> Result<T> {
        match &mut *self.0.lock() {
            Place::Closed => return Err(Error::new(ErrorKind::Closed, "the device is closed")),
            place => *place = Place::Taken(device.clone()),
        }
        let value = read();
        let mut place = self.0.lock();
        if let Place::Taken(_) = *place {
            *place = Place::Empty;
        }
        value
    }

    /// Allows no further reading, and ends the one that takes place.
    pub(super) fn close(&self) -> Result<()> {
        let place = std::mem::replace(&mut *self.0.lock(), Place::Closed);
        match place {
            Place::Taken(device) => device.close(),
            Place::Empty | Place::Closed => Ok(()),
        }
    }
}
