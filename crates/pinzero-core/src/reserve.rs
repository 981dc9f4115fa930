//! The reservations of lines within this program, per host.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::panic::Location;

use parking_lot::Mutex;

use crate::error::{Error, ErrorKind, Result};
use crate::process::PerProcess;
use crate::types::{Host, Line};

/// The device that reserves a line, and the place in the program that opened it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reserver {
    pub(crate) device: &'static str,
    pub(crate) place: &'static Location<'static>,
}

/// A forked child does not hold what its parent holds: whether the pins are free for the child, the backend tells.
static HELD: PerProcess<Mutex<BTreeMap<(Host, Line), Reserver>>> = PerProcess::new(Mutex::default);

/// A reserved line. Dropping the reservation frees the line.
#[derive(Debug)]
pub(crate) struct Reservation {
    key: (Host, Line),
    device: &'static str,
}

impl Reservation {
    pub(crate) fn take(host: Host, line: Line, reserver: Reserver) -> Result<Self> {
        let key = (host, line);
        match HELD.get().lock().entry(key.clone()) {
            Entry::Vacant(place) => place.insert(reserver),
            Entry::Occupied(place) => {
                let Reserver { device, place } = place.get();
                let message =
                    format!("it is in use by {device} opened at {place}: close that, or take another pin");
                return Err(Error::new(ErrorKind::PinInUse, message));
            }
        };
        Ok(Reservation { key, device: reserver.device })
    }

    pub(crate) fn device(&self) -> &'static str {
        self.device
    }

    pub(crate) fn line(&self) -> Line {
        self.key.1
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        HELD.get().lock().remove(&self.key);
    }
}
