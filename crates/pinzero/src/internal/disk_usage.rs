//! [`DiskUsage`].

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pinzero_core::{Error, ErrorKind, Result, Source, Value};

use super::polled::{PolledInternalDevice, Polling, scale};
use super::{Limit, internal_device};
use crate::time::secs;
use crate::{Builder, Open, Site};

/// How full a file system is, as `df` tells. Active while that is above a threshold.
///
/// A `DiskUsage` does all that a [`PolledInternalDevice`] does. A file system on a dead server blocks the methods that return a reading, as
/// it blocks `df`; the handlers of other devices go on.
///
/// ```
/// use pinzero::prelude::*;
///
/// # let gpio = pinzero::mock::gpio();
/// let disk = DiskUsage::builder("/").threshold(95.0);
/// # let disk = disk.probe(|_| Ok(42.0));
/// let disk = disk.gpio(&gpio).open()?;
/// println!("{:.0} %", disk.usage()?);
/// disk.when_activated(|_| println!("nearly full"));
/// # assert_eq!((disk.usage()?, disk.value()?), (42.0, 0.42));
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct DiskUsage {
    device: PolledInternalDevice,
}

/// The options of a [`DiskUsage`].
#[derive(Clone)]
#[non_exhaustive]
pub struct Usage {
    /// A file or folder on the file system.
    pub filesystem: PathBuf,
    /// The usage above which the device is active, in percent.
    pub limit: Limit,
    /// The time between two readings.
    pub polling: Polling,
    probe: Arc<dyn Fn(&Path) -> Result<f64> + Send + Sync>,
}

impl fmt::Debug for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Usage { filesystem, limit, polling, probe: _ } = self;
        write!(f, "Usage({filesystem:?}, {limit:?}, {polling:?})")
    }
}

impl AsMut<Limit> for Usage {
    fn as_mut(&mut self) -> &mut Limit {
        &mut self.limit
    }
}

impl AsMut<Polling> for Usage {
    fn as_mut(&mut self) -> &mut Polling {
        &mut self.polling
    }
}

/// Options of a [`DiskUsage`].
impl<D: Open<Usage>> Builder<D, Usage> {
    /// Sets the usage above which the device is active, in percent: from 0 to below 100. Default: 90.
    pub fn threshold(mut self, percent: f64) -> Self {
        self.options.limit.threshold = percent;
        self
    }

    /// Takes the usage of a path from a function, in percent, for a test or a system that is not known here. Default: the system's.
    ///
    /// The function returns the crate's [`Error`], which takes another error as its source:
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::{Error, ErrorKind};
    ///
    /// # let gpio = pinzero::mock::gpio();
    /// # let file = std::env::temp_dir().join(format!("pinzero-usage-{}", std::process::id()));
    /// # std::fs::write(&file, "42.5\n").unwrap();
    /// let disk = DiskUsage::builder(&file).probe(|path| {
    ///     let text = std::fs::read_to_string(path)
    ///         .map_err(|error| Error::new(ErrorKind::Io, "the usage cannot be read").with_source(error))?;
    ///     text.trim().parse().map_err(|_| Error::new(ErrorKind::Io, "the usage is no number"))
    /// });
    /// let disk = disk.gpio(&gpio).open()?;
    /// # assert_eq!(disk.usage()?, 42.5);
    /// # std::fs::remove_file(&file).unwrap();
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn probe(mut self, probe: impl Fn(&Path) -> Result<f64> + Send + Sync + 'static) -> Self {
        self.options.probe = Arc::new(probe);
        self
    }
}

impl DiskUsage {
    /// Opens the device for the file system of a file or folder: active above 90 %, read every 30 seconds while somebody listens.
    /// gpiozero's default is `"/"`.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if there is no such path; [`Unsupported`](ErrorKind::Unsupported) on a system other than
    /// Unix; see also [`Builder::open`].
    pub fn new(filesystem: impl Into<PathBuf>) -> Result<Self> {
        Self::builder(filesystem).open()
    }

    /// Returns a builder for a device with other options.
    pub fn builder(filesystem: impl Into<PathBuf>) -> Builder<Self, Usage> {
        Builder::new(Usage {
            filesystem: filesystem.into(),
            limit: Limit::new(90.0),
            polling: Polling::every(secs(30)),
            probe: Arc::new(system_usage),
        })
    }

    /// Returns how full the file system is, in percent: of the space that users other than root can have, as `df` counts.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if there is no such path, and any I/O error; [`Closed`](ErrorKind::Closed).
    pub fn usage(&self) -> Result<f64> {
        self.device.read()
    }

    /// Returns how full the file system is as a value: 0 if empty, 1 if full.
    ///
    /// # Errors
    /// See [`usage`](Self::usage).
    pub fn value(&self) -> Result<f64> {
        Ok(scale(self.usage()?, 0.0, 100.0))
    }

    /// Returns the values from now on, for another device to follow: how full the file system is, at each reading. See [`Source`].
    pub fn values(&self) -> Source<f64> {
        self.device.values(|percent| scale(percent, 0.0, 100.0))
    }

    fn state(percent: f64) -> String {
        format!("{percent:.1} %")
    }
}

impl Open<Usage> for DiskUsage {
    const NAME: &'static str = "DiskUsage";

    fn open(options: Usage, site: &Site) -> Result<Self> {
        let Usage { filesystem, limit, polling, probe } = options;
        let check = || {
            limit.check(0.0..=100.0, "")?;
            if limit.threshold == 100.0 {
                let message = "no file system is fuller than 100 %: give a threshold below";
                return Err(Error::new(ErrorKind::InvalidValue, message));
            }
            Ok(())
        };
        check().map_err(|error| error.with_device(site.device()))?;
        let source = filesystem.display().to_string();
        let device = PolledInternalDevice::start(site, polling, limit, source, move || {
            probe(&filesystem).map(Into::into)
        })?;
        device.read()?;
        Ok(DiskUsage { device })
    }
}

impl Value for DiskUsage {
    type Value = f64;

    fn value(&self) -> Result<f64> {
        self.value()
    }

    fn values(&self) -> Source<f64> {
        self.values()
    }
}

internal_device!(DiskUsage);

#[cfg(unix)]
fn system_usage(path: &Path) -> Result<f64> {
    let space = rustix::fs::statvfs(path).map_err(|error| match error {
        rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR => {
            let message = format!("there is no {}: name a file or folder on the file system", path.display());
            Error::new(ErrorKind::InvalidValue, message).with_source(std::io::Error::from(error))
        }
        _ => {
            let error = std::io::Error::from(error);
            let kind = match error.kind() {
                std::io::ErrorKind::PermissionDenied => ErrorKind::PermissionDenied,
                _ => ErrorKind::Io,
            };
            let message = format!("the usage of {} cannot be read", path.display());
            Error::new(kind, message).with_source(error)
        }
    })?;
    Ok(percent(space.f_blocks, space.f_bfree, space.f_bavail))
}

#[cfg(not(unix))]
fn system_usage(_: &Path) -> Result<f64> {
    Err(Error::unsupported("the usage of a file system without a `probe`"))
}

/// Returns the usage in percent. `free` counts what root may still write, `available` what others may.
#[cfg(any(unix, test))]
fn percent(blocks: u64, free: u64, available: u64) -> f64 {
    let used = blocks.saturating_sub(free) as f64;
    let total = used + available as f64;
    // A file system such as `/proc` has no space at all.
    if total == 0.0 { 0.0 } else { 100.0 * used / total }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_as_df() {
        for (blocks, free, available, expected) in [
            (1000, 1000, 1000, 0.0),
            (1000, 750, 750, 25.0),
            // A tenth is root's.
            (1000, 550, 450, 50.0),
            (1000, 100, 0, 100.0),
            (1000, 0, 0, 100.0),
            (0, 0, 0, 0.0),
        ] {
            assert_eq!(percent(blocks, free, available), expected, "{blocks} {free} {available}");
        }
    }
}
