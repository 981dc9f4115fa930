//! An open device file, and the end of its use.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use parking_lot::RwLock;
use pinzero_core::{Error, Result};

/// A device file that is open until it is closed.
///
/// Users of the file take the read lock, a close takes the write lock. So the file cannot be closed, and its number given to
/// another file, while a thread is about to use it.
#[derive(Debug)]
pub(crate) struct DeviceFile {
    factory: &'static str,
    file: RwLock<Option<OwnedFd>>,
}

impl DeviceFile {
    /// Wraps an open file of this factory.
    pub(crate) fn new(factory: &'static str, file: OwnedFd) -> Self {
        DeviceFile { factory, file: RwLock::new(Some(file)) }
    }

    /// Makes calls on the file, unless it is closed.
    pub(crate) fn call<T>(&self, call: impl FnOnce(BorrowedFd<'_>) -> Result<T>) -> Result<T> {
        let result = match &*self.file.read() {
            Some(file) => call(file.as_fd()),
            None => Err(Error::closed()),
        };
        result.map_err(|error| error.with_factory(self.factory))
    }

    /// Closes the file, once no call on it is under way. Idempotent.
    pub(crate) fn close(&self) {
        drop(self.file.write().take());
    }
}
