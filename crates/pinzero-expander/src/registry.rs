//! The chips of this program that are in use: two factories on one chip must know what the other has written.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use pinzero_core::process::PerProcess;
use pinzero_core::{Host, Result};

type Chips = BTreeMap<Host, Weak<dyn Any + Send + Sync>>;

/// The lock is held while a chip is taken into use, for a few transfers.
static CHIPS: PerProcess<Mutex<Chips>> = PerProcess::new(Mutex::default);

/// Returns the chip of this host if `join` takes it, or makes one. `join` returns whether the chip is in use, and then counts the user.
pub(crate) fn share<T: Any + Send + Sync>(
    host: &Host,
    join: impl FnOnce(&T) -> Result<bool>,
    make: impl FnOnce() -> Result<T>,
) -> Result<Arc<T>> {
    let mut chips = CHIPS.get().lock();
    chips.retain(|_, chip| chip.strong_count() > 0);
    let found = chips.get(host).and_then(Weak::upgrade).and_then(|chip| chip.downcast::<T>().ok());
    if let Some(chip) = found {
        if join(&chip)? {
            return Ok(chip);
        }
    }
    let chip = Arc::new(make()?);
    let weak: Weak<T> = Arc::downgrade(&chip);
    chips.insert(host.clone(), weak);
    Ok(chip)
}

/// Counts a further user, unless the last one is gone: then the chip has been given up. Returns whether it counts.
pub(crate) fn join(users: &AtomicUsize) -> bool {
    let one_more = |count| (count > 0).then_some(count + 1);
    users.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).is_ok()
}
