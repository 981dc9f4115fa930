//! [`Ds18b20`].

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use event_listener::{Event, Listener};
use parking_lot::Mutex;
use pinzero_core::thread::spawn;
use pinzero_core::{Error, ErrorKind, Result};

use super::w1::{ROOT, file_error, ids, measure, pick};
use crate::time::secs;

/// A DS18B20 thermometer on a 1-Wire bus of this computer.
///
/// The kernel drives the bus and reads the sensors. It needs the line `dtoverlay=w1-gpio` in /boot/firmware/config.txt, and takes GPIO4
/// unless that line names another pin. So this device has no pin of its own and belongs to no factory: it is no
/// [`Device`](crate::Device), works beside any factory, and there is nothing to close. Data needs a resistor of 4.7 kΩ to 3.3 V.
///
/// A measurement takes up to 750 ms. A thread of its own does it, in real time, and ends with it. Clones are handles of the same sensor,
/// and calls at once share one measurement.
///
/// ```
/// use pinzero::prelude::*;
///
/// # let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/w1/devices");
/// # if !std::path::Path::new(root).exists() { return Ok(()) }
/// # #[cfg(any())]
/// let sensor = Ds18b20::new()?;
/// # let sensor = Ds18b20::builder().root(root).id("28-0316a2798bff").open()?;
/// println!("{:.1} °C", sensor.temperature()?);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
pub struct Ds18b20(Arc<Sensor>);

/// Builder for a [`Ds18b20`]; returned by [`Ds18b20::builder`].
///
/// Not a [`Builder`](crate::Builder), whose devices are opened on a factory.
#[derive(Debug, Clone)]
#[must_use = "nothing is opened before `open`"]
pub struct Ds18b20Builder {
    root: PathBuf,
    id: Option<String>,
    attempts: u32,
    timeout: Duration,
}

impl Ds18b20Builder {
    /// Sets the id of the sensor, such as `28-0316a2798bff`. Default: the only sensor that there is.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the folder in which the kernel lists the devices, for a test on other files. Default: `/sys/bus/w1/devices`.
    pub fn root(mut self, root: impl Into<PathBuf>) -> Self {
        self.root = root.into();
        self
    }

    /// Sets how often the sensor is asked before a measurement fails: 1 or more. Default: 3.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Sets how long [`temperature`](Ds18b20::temperature) blocks at most. Default: 10 seconds, as sensors on one bus may have to wait
    /// for each other.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Returns the ids of all sensors, in order.
    ///
    /// # Errors
    /// See [`Ds18b20::ids`]; [`InvalidValue`](ErrorKind::InvalidValue) if the [`root`](Self::root) that was set is not there.
    pub fn ids(&self) -> Result<Vec<String>> {
        ids(&self.root).map_err(|error| error.with_device(NAME))
    }

    /// Opens the sensor.
    ///
    /// # Errors
    /// See [`Ds18b20::new`]. [`NoAcknowledge`](ErrorKind::NoAcknowledge) also if no sensor has this id;
    /// [`InvalidValue`](ErrorKind::InvalidValue) also for 0 attempts, and if the [`root`](Self::root) that was set is not there.
    pub fn open(self) -> Result<Ds18b20> {
        if self.attempts == 0 {
            let message = "a measurement with 0 attempts gives nothing: give 1 or more";
            return Err(Error::new(ErrorKind::InvalidValue, message).with_device(NAME));
        }
        let id = pick(&self.ids()?, self.id.as_deref()).map_err(|error| error.with_device(NAME))?;
        Ok(Ds18b20(Arc::new(Sensor {
            folder: self.root.join(&id),
            id,
            attempts: self.attempts,
            timeout: self.timeout,
            state: Mutex::default(),
            bell: Event::new(),
        })))
    }
}

/// The name in messages.
const NAME: &str = "Ds18b20";

struct Sensor {
    id: String,
    /// The kernel's folder of the sensor.
    folder: PathBuf,
    attempts: u32,
    timeout: Duration,
    state: Mutex<State>,
    /// Rings at the end of a measurement.
    bell: Event,
}

#[derive(Default)]
struct State {
    is_measuring: bool,
    /// The number of measurements that have ended.
    ended: u64,
    /// The result of the last of them.
    last: Option<Result<f64>>,
}

impl Ds18b20 {
    /// Returns the ids of all sensors on this computer, in order.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) if the kernel has no 1-Wire bus: the message tells how to get one.
    /// [`Io`](ErrorKind::Io) for any error of the operating system.
    pub fn ids() -> Result<Vec<String>> {
        Self::builder().ids()
    }

    /// Opens the only sensor on this computer.
    ///
    /// # Errors
    /// [`NoAcknowledge`](ErrorKind::NoAcknowledge) if there is none; [`InvalidValue`](ErrorKind::InvalidValue) if there are several: the
    /// message names them; see also [`ids`](Self::ids).
    pub fn new() -> Result<Self> {
        Self::builder().open()
    }

    /// Returns a builder for one of several sensors, or with other options.
    pub fn builder() -> Ds18b20Builder {
        Ds18b20Builder { root: ROOT.into(), id: None, attempts: 3, timeout: secs(10) }
    }

    /// Returns the id of the sensor, which no other has.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Measures the temperature in degrees Celsius. Blocks for up to 750 ms, and longer if other sensors on the bus are measured too.
    ///
    /// The kernel checks the checksum. A wrong answer is asked for [again](Ds18b20Builder::attempts). So is 85 °C, if that is the value
    /// that the sensor has after it has been without power, and not a measurement. Some imitations do not tell one from the other;
    /// with these, a real 85.0 °C is reported as an error, too.
    ///
    /// # Errors
    /// [`TimedOut`](ErrorKind::TimedOut) if the sensor does not answer, only with the value that it has after power-up, or not within
    /// the [timeout](Ds18b20Builder::timeout); [`NoAcknowledge`](ErrorKind::NoAcknowledge) if the sensor is no longer on the bus;
    /// [`Io`](ErrorKind::Io) for a wrong checksum, and any error of the operating system.
    pub fn temperature(&self) -> Result<f64> {
        let number = self.start()?;
        // None is too far away.
        let deadline = Instant::now().checked_add(self.0.timeout);
        loop {
            let listener = self.0.bell.listen();
            if let Some(result) = self.result(number) {
                return result;
            }
            match deadline {
                None => listener.wait(),
                Some(deadline) if listener.wait_deadline(deadline).is_some() => {}
                Some(_) => {
                    let message = format!("the kernel has not read the sensor within {:?}", self.0.timeout);
                    let late = || Err(self.0.name(Error::new(ErrorKind::TimedOut, message)));
                    return self.result(number).unwrap_or_else(late);
                }
            }
        }
    }

    /// Measures the temperature in degrees Celsius; for `async` code, on any executor. See [`temperature`](Self::temperature).
    ///
    /// A future that is dropped does no harm: the measurement ends on its thread. The future has no timeout; use that of the executor.
    ///
    /// # Errors
    /// See [`temperature`](Self::temperature).
    pub async fn temperature_async(&self) -> Result<f64> {
        let number = self.start()?;
        loop {
            let listener = self.0.bell.listen();
            if let Some(result) = self.result(number) {
                return result;
            }
            listener.await;
        }
    }

    /// Has a measurement under way, and returns its number.
    fn start(&self) -> Result<u64> {
        let sensor = self.0.clone();
        let mut state = self.0.state.lock();
        if !state.is_measuring {
            self.0.spawn(move || sensor.measure())?;
            state.is_measuring = true;
        }
        Ok(state.ended + 1)
    }

    fn result(&self, number: u64) -> Option<Result<f64>> {
        let state = self.0.state.lock();
        state.last.clone().filter(|_| state.ended >= number)
    }

    /// Has all sensors on the bus of this one measure at once, and blocks until they have: up to 750 ms for all. The next
    /// [`temperature`](Self::temperature) of each then returns the value of this moment, after a few milliseconds.
    ///
    /// # Errors
    /// [`PermissionDenied`](ErrorKind::PermissionDenied) unless the program may write the kernel's file, which is root's;
    /// [`Unsupported`](ErrorKind::Unsupported) if the kernel has no such file: Linux 5.10 and later have;
    /// [`Io`](ErrorKind::Io) for any other error of the operating system.
    pub fn measure_all(&self) -> Result<()> {
        // The sensor's folder is a link into that of its bus.
        self.write("../therm_bulk_read", "trigger\n")
    }

    /// Has all sensors on the bus of this one measure at once; for `async` code, on any executor. See [`measure_all`](Self::measure_all).
    ///
    /// A future that is dropped does no harm: the measurement ends on its thread.
    ///
    /// # Errors
    /// See [`measure_all`](Self::measure_all).
    pub async fn measure_all_async(&self) -> Result<()> {
        let done = Arc::new((OnceLock::new(), Event::new()));
        let (sensor, other) = (self.clone(), done.clone());
        self.0.spawn(move || {
            // Set once.
            let _ = other.0.set(sensor.measure_all());
            other.1.notify(usize::MAX);
        })?;
        loop {
            let listener = done.1.listen();
            if let Some(result) = done.0.get() {
                return result.clone();
            }
            listener.await;
        }
    }

    /// Returns the resolution in bits: 9 to 12, for steps of 0.5 to 0.0625 °C.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) if the kernel has no such file: Linux 5.10 and later have;
    /// [`NoAcknowledge`](ErrorKind::NoAcknowledge) if the sensor is no longer on the bus; [`TimedOut`](ErrorKind::TimedOut) if it does
    /// not answer; [`Io`](ErrorKind::Io) for any error of the operating system.
    pub fn resolution(&self) -> Result<u8> {
        let path = self.0.folder.join("resolution");
        let text = fs::read_to_string(&path).map_err(|error| self.0.name(file_error(&path, error)))?;
        text.trim().parse().map_err(|_| {
            let message =
                format!("the sensor does not tell its resolution ({:?}): check its wires", text.trim());
            self.0.name(Error::new(ErrorKind::TimedOut, message))
        })
    }

    /// Sets the resolution in bits: 9 to 12. A measurement takes 94, 188, 375 or 750 ms. The sensor forgets this without power.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) out of range; [`PermissionDenied`](ErrorKind::PermissionDenied) unless the program may
    /// write the kernel's file, which is root's; see also [`resolution`](Self::resolution).
    pub fn set_resolution(&self, bits: u8) -> Result<()> {
        if !(9..=12).contains(&bits) {
            let message = format!("a resolution of {bits} bits is out of range: give 9 to 12");
            return Err(self.0.name(Error::new(ErrorKind::InvalidValue, message)));
        }
        self.write("resolution", &format!("{bits}\n"))
    }

    fn write(&self, file: &str, text: &str) -> Result<()> {
        let path = self.0.folder.join(file);
        let written =
            OpenOptions::new().write(true).open(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|error| self.0.name(file_error(&path, error)))
    }
}

impl Sensor {
    fn measure(&self) {
        let path = self.folder.join("w1_slave");
        let read = || fs::read_to_string(&path).map_err(|error| file_error(&path, error));
        let result = measure(self.attempts, read).map_err(|error| self.name(error));
        let mut state = self.state.lock();
        (state.is_measuring, state.last) = (false, Some(result));
        state.ended += 1;
        drop(state);
        self.bell.notify(usize::MAX);
    }

    fn spawn(&self, body: impl FnOnce() + Send + 'static) -> Result<()> {
        let spawned = spawn("pinzero-ds18b20", body);
        spawned.map(drop).map_err(|error| {
            let message = "the thread that reads the sensor cannot be started";
            self.name(Error::new(ErrorKind::Io, message).with_source(error))
        })
    }

    /// Adds the sensor to an error.
    fn name(&self, error: Error) -> Error {
        error.with_device(NAME).with_pin(&self.id)
    }
}

// A panic elsewhere leaves no sensor half changed: its state is written under a lock that does not poison.
impl UnwindSafe for Ds18b20 {}
impl RefUnwindSafe for Ds18b20 {}

impl fmt::Debug for Ds18b20 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.state.lock().last {
            Some(Ok(celsius)) => write!(f, "Ds18b20({}, {celsius} °C)", self.id()),
            _ => write!(f, "Ds18b20({}, no reading)", self.id()),
        }
    }
}

impl fmt::Display for Ds18b20 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ds18b20 {}", self.id())
    }
}
