//! The chips of this program that are in use: two factories on one chip must know what the other has written.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use pinzero_core::process::PerProcess;
use pinzero_core::{Host, I2cReservation, Result};

use crate::bus::Bus;

type Chips = BTreeMap<Host, Weak<dyn Any + Send + Sync>>;

/// The lock is held while a chip is taken into use, for a few transfers.
static CHIPS: PerProcess<Mutex<Chips>> = PerProcess::new(Mutex::default);

/// Returns the chip of this host if `join` takes it, or makes one, for which an address on I2C is reserved. `join` returns whether the
/// chip is in use, and then counts the user.
#[track_caller]
pub(crate) fn share<T: Any + Send + Sync>(
    host: &Host,
    (bus, device): (&Bus, &'static str),
    join: impl FnOnce(&T) -> Result<bool>,
    make: impl FnOnce(Users) -> Result<T>,
) -> Result<Arc<T>> {
    let mut chips = CHIPS.get().lock();
    chips.retain(|_, chip| chip.strong_count() > 0);
    let found = chips.get(host).and_then(Weak::upgrade).and_then(|chip| chip.downcast::<T>().ok());
    if let Some(chip) = found {
        if join(&chip)? {
            return Ok(chip);
        }
    }
    let chip = Arc::new(make(Users::first(bus.reserve(device)?))?);
    let weak: Weak<T> = Arc::downgrade(&chip);
    chips.insert(host.clone(), weak);
    Ok(chip)
}

/// The factories on a chip that are not closed, and the address that they hold together.
#[derive(Debug)]
pub(crate) struct Users(Mutex<(usize, Option<I2cReservation>)>);

impl Users {
    fn first(reservation: Option<I2cReservation>) -> Self {
        Users(Mutex::new((1, reservation)))
    }

    /// Counts a further user, unless the last one is gone, or the bus is closed: then the chip has been given up, and the address is
    /// free. Returns whether the user counts.
    pub(crate) fn join(&self, bus: &Bus) -> bool {
        let (count, reservation) = &mut *self.0.lock();
        if bus.is_closed() {
            *reservation = None;
        }
        let joins = *count > 0 && !bus.is_closed();
        *count += usize::from(joins);
        joins
    }

    /// Gives up one use. Returns whether that was the last one: the address is free then.
    pub(crate) fn leave(&self) -> bool {
        let (count, reservation) = &mut *self.0.lock();
        *count -= 1;
        if *count == 0 {
            *reservation = None;
        }
        *count == 0
    }
}
