//! Who holds which line: within a program, per host, with the name and the place of the reserver.

use std::collections::HashMap;
use std::panic::Location;
use std::sync::LazyLock;

use parking_lot::Mutex;

use crate::error::{Error, ErrorKind, Result};
use crate::types::{Host, Line};

/// The device that wants a line, and where in the program it was opened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reserver {
    pub(crate) device: &'static str,
    pub(crate) place: &'static Location<'static>,
}

static HELD: LazyLock<Mutex<HashMap<(Host, Line), Reserver>>> = LazyLock::new(Mutex::default);

/// A line that is taken until this is dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    key: (Host, Line),
}

impl Reservation {
    pub(crate) fn take(host: Host, line: Line, reserver: Reserver) -> Result<Self> {
        let key = (host, line);
        let mut held = HELD.lock();
        if let Some(Reserver { device, place }) = held.get(&key) {
            let message =
                format!("it is in use by {device} opened at {place}: close that, or take another pin");
            return Err(Error::new(ErrorKind::PinInUse, message));
        }
        held.insert(key.clone(), reserver);
        Ok(Reservation { key })
    }

    pub(crate) fn line(&self) -> Line {
        self.key.1
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        HELD.lock().remove(&self.key);
    }
}
