//! [`CpuTemperature`].

use std::path::PathBuf;

use pinzero_core::{Error, ErrorKind, Result, Source, Value};

use super::file::read;
use super::polled::{PolledInternalDevice, Polling, scale};
use super::{Limit, internal_device};
use crate::time::secs;
use crate::{Builder, Open, Site};

/// The temperature of this computer's processor. Active while that is above a threshold.
///
/// A `CpuTemperature` does all that a [`PolledInternalDevice`] does.
///
/// ```
/// use pinzero::prelude::*;
///
/// # let gpio = pinzero::mock::gpio();
/// # let file = std::env::temp_dir().join(format!("pinzero-cpu-{}", std::process::id()));
/// # std::fs::write(&file, "81234\n").unwrap();
/// let cpu = CpuTemperature::builder().threshold(70.0).hysteresis(5.0);
/// # let cpu = cpu.sensor_file(&file);
/// let cpu = cpu.gpio(&gpio).open()?;
/// println!("{:.1} °C", cpu.temperature()?);
/// cpu.when_activated(|_| println!("hot"));
/// # assert_eq!(cpu.temperature()?, 81.234);
/// # std::fs::remove_file(&file).unwrap();
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct CpuTemperature {
    device: PolledInternalDevice,
    min_temp: f64,
    max_temp: f64,
}

/// The options of a [`CpuTemperature`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Thermal {
    /// The file with the temperature, in thousandths of a degree Celsius.
    pub sensor_file: PathBuf,
    /// The temperature at which the value is 0.
    pub min_temp: f64,
    /// The temperature at which the value is 1.
    pub max_temp: f64,
    /// The temperature above which the device is active.
    pub limit: Limit,
    /// The time between two readings.
    pub polling: Polling,
}

impl AsMut<Limit> for Thermal {
    fn as_mut(&mut self) -> &mut Limit {
        &mut self.limit
    }
}

impl AsMut<Polling> for Thermal {
    fn as_mut(&mut self) -> &mut Polling {
        &mut self.polling
    }
}

/// Options of a [`CpuTemperature`].
impl<D: Open<Thermal>> Builder<D, Thermal> {
    /// Sets the file with the temperature, in thousandths of a degree Celsius. Default: `/sys/class/thermal/thermal_zone0/temp`.
    pub fn sensor_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.options.sensor_file = path.into();
        self
    }

    /// Sets the temperature at which the value is 0, in degrees Celsius. Default: 0.
    pub fn min_temp(mut self, celsius: f64) -> Self {
        self.options.min_temp = celsius;
        self
    }

    /// Sets the temperature at which the value is 1, in degrees Celsius. Default: 100.
    pub fn max_temp(mut self, celsius: f64) -> Self {
        self.options.max_temp = celsius;
        self
    }

    /// Sets the temperature above which the device is active, in degrees Celsius: from `min_temp` to `max_temp`. Default: 80.
    pub fn threshold(mut self, celsius: f64) -> Self {
        self.options.limit.threshold = celsius;
        self
    }
}

impl CpuTemperature {
    /// Opens the device: active above 80 °C, read every 5 seconds while somebody listens.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) if this computer has no such sensor; see also [`Builder::open`].
    pub fn new() -> Result<Self> {
        Self::builder().open()
    }

    /// Returns a builder for a device with other options.
    pub fn builder() -> Builder<Self, Thermal> {
        Builder::new(Thermal {
            sensor_file: "/sys/class/thermal/thermal_zone0/temp".into(),
            min_temp: 0.0,
            max_temp: 100.0,
            limit: Limit::new(80.0),
            polling: Polling::every(secs(5)),
        })
    }

    /// Returns the temperature in degrees Celsius.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) if there is no such file, [`Io`](ErrorKind::Io) if its content is no temperature, and any I/O
    /// error; [`Closed`](ErrorKind::Closed).
    pub fn temperature(&self) -> Result<f64> {
        self.device.read()
    }

    /// Returns the temperature as a value: 0 at `min_temp`, 1 at `max_temp`, and never beyond, so that a LED can follow.
    ///
    /// # Errors
    /// See [`temperature`](Self::temperature).
    pub fn value(&self) -> Result<f64> {
        Ok(scale(self.temperature()?, self.min_temp, self.max_temp))
    }

    /// Returns the values from now on, for another device to follow: the temperature as a value, at each reading. See [`Source`].
    pub fn values(&self) -> Source<f64> {
        let (min, max) = (self.min_temp, self.max_temp);
        self.device.values(move |celsius| scale(celsius, min, max))
    }

    fn state(celsius: f64) -> String {
        format!("{celsius:.1} °C")
    }
}

impl Open<Thermal> for CpuTemperature {
    const NAME: &'static str = "CpuTemperature";

    fn open(options: Thermal, site: &Site) -> Result<Self> {
        let Thermal { sensor_file, min_temp, max_temp, limit, polling } = options;
        check_range(min_temp, max_temp)
            .and_then(|()| limit.check(min_temp..=max_temp, ", or set another `min_temp` or `max_temp`"))
            .map_err(|error| error.with_device(site.device()))?;
        let source = sensor_file.display().to_string();
        let probe = move || read(&sensor_file, parse).map(Into::into);
        let device = PolledInternalDevice::start(site, polling, limit, source, probe)?;
        device.read()?;
        Ok(CpuTemperature { device, min_temp, max_temp })
    }
}

impl Value for CpuTemperature {
    type Value = f64;

    fn value(&self) -> Result<f64> {
        self.value()
    }

    fn values(&self) -> Source<f64> {
        self.values()
    }
}

internal_device!(CpuTemperature);

fn check_range(min: f64, max: f64) -> Result<()> {
    if min < max && (max - min).is_finite() {
        return Ok(());
    }
    let message = format!("the range from {min} to {max} is empty: give a max_temp above the min_temp");
    Err(Error::new(ErrorKind::InvalidValue, message))
}

fn parse(text: &str) -> Option<f64> {
    text.trim().parse::<i32>().ok().map(|thousandths| f64::from(thousandths) / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for (text, expected) in [
            ("48312\n", Some(48.312)),
            ("-5000", Some(-5.0)),
            ("0", Some(0.0)),
            ("", None),
            ("N/A\n", None),
            ("48.3", None),
            ("99999999999", None),
        ] {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }
}
