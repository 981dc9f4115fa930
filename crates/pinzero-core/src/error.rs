//! [`Error`]: one error type, with a kind that tells the user what to do next.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// A `Result` with pinzero's [`Error`] by default.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kind of an [`Error`]: tells the caller what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Another controller has taken the bus at the same time: try again.
    ArbitrationLost,
    /// Another program, or a kernel driver, holds the line: stop it or take another pin.
    Busy,
    /// The device or its factory has been closed, or belongs to the process from which this one was forked: open a new one.
    Closed,
    /// The remote host, or the chip that has the pins, does not answer: try again later.
    Disconnected,
    /// The board has a resistor on this pin, which rules out the requested pull: take the resistor's pull, or another pin.
    FixedPull,
    /// A handler of the program returned an error of another type, or panicked: mend the handler.
    Handler,
    /// The frequency is zero, negative, not a number or out of range: give another.
    InvalidFrequency,
    /// A value is out of its range: give another.
    InvalidValue,
    /// Any other error of the operating system; see [`source`](StdError::source).
    Io,
    /// No chip on the bus answers at this address: check the address, the wires and the supply.
    NoAcknowledge,
    /// There is no such GPIO chip, bus or port: check the name; the message names the setting that enables a bus.
    NoChip,
    /// No factory could be started: the message says why for each, and how to go on without hardware.
    NoFactory,
    /// The pin exists but is not a GPIO (power, ground): take another.
    NotGpio,
    /// The user lacks the rights: the message names the file and the group.
    PermissionDenied,
    /// A device of this program holds the pin: the message names it.
    PinInUse,
    /// The chip on the bus does not take a byte: check what it can do, and whether it is busy.
    Refused,
    /// The chip on the bus, or the sensor, does not answer in time: check its wires, and try again.
    TimedOut,
    /// The board has no pin with that name or number: check the spelling, or the board.
    UnknownPin,
    /// The factory cannot do this: take another factory, or do without.
    Unsupported,
}

/// An error with its kind, the pin and device concerned, and the cause. Cloning is cheap; clones share one error.
///
/// ```
/// use pinzero::{ErrorKind, mock};
///
/// let gpio = mock::gpio();
/// let error = gpio.output("GPIO99").open().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::UnknownPin);
/// assert!(error.to_string().contains("GPIO99"));
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    device: Option<&'static str>,
    pin: Option<String>,
    factory: Option<&'static str>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Returns an error of `kind`; `message` says in one line what happened and what to do.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error::of(kind, message.into())
    }

    /// Creates the error. Inlined into its many callers, this and the functions below would add some 20 kB to every program.
    #[cold]
    #[inline(never)]
    fn of(kind: ErrorKind, message: String) -> Self {
        Error(Arc::new(Inner { kind, message, device: None, pin: None, factory: None, source: None }))
    }

    /// Returns an error of kind [`ErrorKind::Closed`].
    #[cold]
    #[inline(never)]
    pub fn closed() -> Self {
        Error::new(ErrorKind::Closed, "the device is closed")
    }

    /// Returns an error of kind [`ErrorKind::Unsupported`]; `what` names the capability that the factory lacks.
    pub fn unsupported(what: impl fmt::Display) -> Self {
        Error::new(ErrorKind::Unsupported, format!("{what} is not supported here"))
    }

    /// Adds the pin concerned, unless the error has one already.
    #[must_use]
    pub fn with_pin(self, pin: impl fmt::Display) -> Self {
        self.about(&pin)
    }

    #[cold]
    #[inline(never)]
    fn about(mut self, pin: &dyn fmt::Display) -> Self {
        self.inner().pin.get_or_insert_with(|| pin.to_string());
        self
    }

    /// Adds the kind of device concerned, unless the error has one already.
    #[must_use]
    #[cold]
    #[inline(never)]
    pub fn with_device(mut self, device: &'static str) -> Self {
        self.inner().device.get_or_insert(device);
        self
    }

    /// Adds the name of the factory that failed, unless the error has one already.
    #[must_use]
    #[cold]
    #[inline(never)]
    pub fn with_factory(mut self, factory: &'static str) -> Self {
        self.inner().factory.get_or_insert(factory);
        self
    }

    /// Adds the error that caused this one; the message ends with its text.
    #[must_use]
    pub fn with_source(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.caused_by(source.into())
    }

    #[cold]
    #[inline(never)]
    fn caused_by(mut self, source: Box<dyn StdError + Send + Sync>) -> Self {
        self.inner().source = Some(Arc::from(source));
        self
    }

    fn inner(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.0)
    }

    /// Returns the kind, which tells what to do about the error.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the pin concerned, if there is one.
    pub fn pin(&self) -> Option<&str> {
        self.0.pin.as_deref()
    }

    /// Returns the name of the factory that failed, if there is one.
    pub fn factory(&self) -> Option<&str> {
        self.0.factory
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        match (inner.device, &inner.pin) {
            (Some(device), Some(pin)) => write!(f, "{device} on {pin}: ")?,
            (Some(device), None) => write!(f, "{device}: ")?,
            (None, Some(pin)) => write!(f, "{pin}: ")?,
            (None, None) => {}
        }
        f.write_str(&inner.message)?;
        if let Some(source) = &inner.source {
            write!(f, ": {source}")?;
        }
        match inner.factory {
            Some(factory) => write!(f, " (factory {factory})"),
            None => Ok(()),
        }
    }
}

/// Writes the same line as [`Display`](fmt::Display) and the kind, so that `fn main() -> Result<()>` ends with a readable
/// message.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} [{:?}]", self.0.kind)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| &**source as _)
    }
}
/// Evaluates all results and returns the first error, so that closing continues after one.
pub(crate) fn first_error(results: impl IntoIterator<Item = Result<()>>) -> Result<()> {
    let mut first = Ok(());
    for result in results {
        first = first.and(result);
    }
    first
}
