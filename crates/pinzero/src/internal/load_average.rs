//! [`LoadAverage`].

use std::path::PathBuf;

use pinzero_core::{Error, ErrorKind, Result, Source, Value};

use super::file::read;
use super::polled::{PolledInternalDevice, Polling, scale};
use super::{Limit, internal_device};
use crate::time::secs;
use crate::{Builder, Open, Site};

/// The load of this computer: how many programs run or wait for the processor or a disk, on average. Active while that is above a
/// threshold.
///
/// A `LoadAverage` does all that a [`PolledInternalDevice`] does.
///
/// ```
/// use pinzero::prelude::*;
///
/// # let gpio = pinzero::mock::gpio();
/// # let file = std::env::temp_dir().join(format!("pinzero-load-{}", std::process::id()));
/// # std::fs::write(&file, "0.50 1.25 3.00 2/345 6789\n").unwrap();
/// let load = LoadAverage::builder().max_load_average(4.0).threshold(3.0).minutes(1);
/// # let load = load.load_average_file(&file);
/// let load = load.gpio(&gpio).open()?;
/// println!("{:.2}", load.load_average()?);
/// load.when_activated(|_| println!("busy"));
/// # assert_eq!((load.load_average()?, load.value()?), (0.5, 0.125));
/// # std::fs::remove_file(&file).unwrap();
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct LoadAverage {
    device: PolledInternalDevice,
    min: f64,
    max: f64,
}

/// The options of a [`LoadAverage`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Load {
    /// The file with the load averages.
    pub load_average_file: PathBuf,
    /// The load at which the value is 0.
    pub min_load_average: f64,
    /// The load at which the value is 1.
    pub max_load_average: f64,
    /// The minutes of the average: 1, 5 or 15.
    pub minutes: u32,
    /// The load above which the device is active.
    pub limit: Limit,
    /// The time between two readings.
    pub polling: Polling,
}

impl AsMut<Limit> for Load {
    fn as_mut(&mut self) -> &mut Limit {
        &mut self.limit
    }
}

impl AsMut<Polling> for Load {
    fn as_mut(&mut self) -> &mut Polling {
        &mut self.polling
    }
}

/// Options of a [`LoadAverage`].
impl<D: Open<Load>> Builder<D, Load> {
    /// Sets the file with the load averages, for 1, 5 and 15 minutes. Default: `/proc/loadavg`.
    pub fn load_average_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.options.load_average_file = path.into();
        self
    }

    /// Sets the load at which the value is 0. Default: 0.
    pub fn min_load_average(mut self, load: f64) -> Self {
        self.options.min_load_average = load;
        self
    }

    /// Sets the load at which the value is 1; the number of processor cores, if all are to be busy then. Default: 1.
    pub fn max_load_average(mut self, load: f64) -> Self {
        self.options.max_load_average = load;
        self
    }

    /// Sets the load above which the device is active: from `min_load_average` to `max_load_average`. Default: 0.8.
    pub fn threshold(mut self, load: f64) -> Self {
        self.options.limit.threshold = load;
        self
    }

    /// Sets the minutes of the average: 1, 5 or 15. Default: 5.
    pub fn minutes(mut self, minutes: u32) -> Self {
        self.options.minutes = minutes;
        self
    }
}

impl LoadAverage {
    /// Opens the device: the average of 5 minutes, active above 0.8, read every 10 seconds while somebody listens.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) if this system does not tell its load; see also [`Builder::open`].
    pub fn new() -> Result<Self> {
        Self::builder().open()
    }

    /// Returns a builder for a device with other options.
    pub fn builder() -> Builder<Self, Load> {
        Builder::new(Load {
            load_average_file: "/proc/loadavg".into(),
            min_load_average: 0.0,
            max_load_average: 1.0,
            minutes: 5,
            limit: Limit::new(0.8),
            polling: Polling::every(secs(10)),
        })
    }

    /// Returns the load average. A load equal to the number of processor cores keeps all of them busy.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) if there is no such file, [`Io`](ErrorKind::Io) if its content is no load, and any I/O error;
    /// [`Closed`](ErrorKind::Closed).
    pub fn load_average(&self) -> Result<f64> {
        self.device.read()
    }

    /// Returns the load as a value: 0 at `min_load_average`, 1 at `max_load_average`, and never beyond, so that a LED can follow.
    ///
    /// # Errors
    /// See [`load_average`](Self::load_average).
    pub fn value(&self) -> Result<f64> {
        Ok(scale(self.load_average()?, self.min, self.max))
    }

    /// Returns the values from now on, for another device to follow: the load as a value, at each reading. See [`Source`].
    pub fn values(&self) -> Source<f64> {
        let (min, max) = (self.min, self.max);
        self.device.values(move |load| scale(load, min, max))
    }

    fn state(load: f64) -> String {
        format!("{load:.2}")
    }
}

impl Open<Load> for LoadAverage {
    const NAME: &'static str = "LoadAverage";

    fn open(options: Load, site: &Site) -> Result<Self> {
        let Load { load_average_file, min_load_average: min, max_load_average: max, minutes, limit, polling } =
            options;
        let check = || {
            if !(min >= 0.0 && min < max && max.is_finite()) {
                let message = format!(
                    "the range from {min} to {max} is no range of loads: give a max_load_average above the min_load_average, \
                     which is 0 or more"
                );
                return Err(Error::new(ErrorKind::InvalidValue, message));
            }
            limit.check(min..=max, ", or set another `min_load_average` or `max_load_average`")?;
            index(minutes)
        };
        let index = check().map_err(|error| error.with_device(site.device()))?;
        let source = load_average_file.display().to_string();
        let probe = move || read(&load_average_file, |text| parse(text, index)).map(Into::into);
        let device = PolledInternalDevice::start(site, polling, limit, source, probe)?;
        device.read()?;
        Ok(LoadAverage { device, min, max })
    }
}

impl Value for LoadAverage {
    type Value = f64;

    fn value(&self) -> Result<f64> {
        self.value()
    }

    fn values(&self) -> Source<f64> {
        self.values()
    }
}

internal_device!(LoadAverage);

/// Returns the place of an average in the file.
fn index(minutes: u32) -> Result<usize> {
    [1, 5, 15].iter().position(|known| *known == minutes).ok_or_else(|| {
        let message = format!("the system has no average over {minutes} minutes: give 1, 5 or 15");
        Error::new(ErrorKind::InvalidValue, message)
    })
}

fn parse(text: &str, index: usize) -> Option<f64> {
    let load = text.split_whitespace().nth(index)?.parse().ok()?;
    (0.0..f64::INFINITY).contains(&load).then_some(load)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let text = "0.20 0.15 12.05 1/189 4234\n";
        for (minutes, expected) in [(1, 0.2), (5, 0.15), (15, 12.05)] {
            assert_eq!(parse(text, index(minutes).unwrap()), Some(expected));
        }
        for text in ["", "0.2", "a b c", "0.1 -1", "0.1 inf", "0.1 NaN"] {
            assert_eq!(parse(text, 1), None, "{text:?}");
        }
        assert_eq!(index(10).unwrap_err().kind(), ErrorKind::InvalidValue);
    }
}
