//! The traits that all devices share: [`Device`], [`Switch`], [`Value`] and [`SetValue`].
//!
//! A device implements them on its own type. Every type that `Deref`s to a device has them too: a newtype around a device, a
//! reference, a `Box<dyn Switch>`, an `Arc<dyn Device>`.

use std::fmt;
use std::ops::Deref;

use crate::error::{Result, first_error};
use crate::gpio::Gpio;
use crate::source::{Follower, Source};

/// A device: holds pins and gives them back.
///
/// A device that is made of others implements one method, [`parts`](Device::parts). A handle, such as
/// [`Output`](crate::Output), has no parts. It implements all four methods. Every type that `Deref`s to a device is a device
/// too: a newtype, a reference, a `Box<dyn Device>`.
///
/// ```
/// use pinzero::prelude::*;
///
/// #[derive(Debug)]
/// struct Signal {
///     red: Led,
///     green: Led,
/// }
///
/// impl Device for Signal {
///     fn parts(&self) -> Vec<&dyn Device> {
///         vec![&self.red, &self.green]
///     }
/// }
///
/// let gpio = pinzero::mock::gpio();
/// let open = |pin: u32| Led::builder(pin).gpio(&gpio).open();
/// let signal = Signal { red: open(17)?, green: open(27)? };
/// signal.close()?;
/// assert!(signal.green.is_closed());
/// # Ok::<(), pinzero::Error>(())
/// ```
///
/// Where the members are known only when the program runs, the fields are a list or a map of devices. This one has the names and the verbs of
/// gpiozero's `CompositeOutputDevice`:
///
/// ```
/// use std::collections::BTreeMap;
///
/// use pinzero::prelude::*;
///
/// #[derive(Debug)]
/// struct Room(BTreeMap<String, Box<dyn Switch>>);
///
/// impl Device for Room {
///     fn parts(&self) -> Vec<&dyn Device> {
///         self.0.values().map(|member| member as &dyn Device).collect()
///     }
/// }
///
/// impl Switch for Room {
///     fn set_active(&self, on: bool) -> pinzero::Result<()> {
///         self.0.values().try_for_each(|member| member.set_active(on))
///     }
///
///     fn is_active(&self) -> pinzero::Result<bool> {
///         self.0.values().try_fold(false, |any, member| Ok(any || member.is_active()?))
///     }
/// }
///
/// let gpio = pinzero::mock::gpio();
/// let (lamp, fan) = (Led::builder(17).gpio(&gpio), PwmOutputDevice::builder(18).gpio(&gpio));
/// let mut room = Room(BTreeMap::new());
/// room.0.insert("lamp".to_owned(), Box::new(lamp.open()?));
/// room.0.insert("fan".to_owned(), Box::new(fan.open()?));
/// room.on()?;
/// room.0["lamp"].off()?;
/// assert!(room.is_active()? && !room.0["lamp"].is_active()?);
/// room.close()?;
/// # Ok::<(), pinzero::Error>(())
/// ```
pub trait Device: fmt::Debug + Send + Sync {
    /// Returns the devices that this one is made of, in the order of opening. Only a handle, which implements the other methods
    /// itself, may return an empty list.
    fn parts(&self) -> Vec<&dyn Device>;

    /// Returns the factory that opened the pins. Default: the first part's factory.
    fn gpio(&self) -> &Gpio {
        self.parts()[0].gpio()
    }

    /// Returns whether the device, or any part of it, has been closed.
    fn is_closed(&self) -> bool {
        self.parts().into_iter().any(Device::is_closed)
    }

    /// Closes the device and all its clones, and gives the pins back; the part opened last is closed first. Idempotent.
    ///
    /// # Errors
    /// The first I/O error. The other parts are closed all the same.
    fn close(&self) -> Result<()> {
        first_error(self.parts().into_iter().rev().map(Device::close))
    }
}

/// A device that is on or off: a LED, a motor, a board of LEDs.
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let lamps: Vec<Box<dyn Switch>> = vec![
///     Box::new(Led::builder(17).gpio(&gpio).open()?),
///     Box::new(PwmOutputDevice::builder(18).gpio(&gpio).open()?),
/// ];
/// lamps.iter().try_for_each(Switch::on)?;
/// assert_eq!((gpio.line(17).level(), gpio.line(18).level()), (Level::High, Level::High));
/// # Ok::<(), pinzero::Error>(())
/// ```
pub trait Switch: Device {
    /// Turns the device on or off, and ends a running blink.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed), [`Disconnected`](crate::ErrorKind::Disconnected), and any I/O error.
    fn set_active(&self, on: bool) -> Result<()>;

    /// Returns whether the device is on.
    ///
    /// # Errors
    /// See [`set_active`](Switch::set_active).
    fn is_active(&self) -> Result<bool>;

    /// Turns the device on.
    ///
    /// # Errors
    /// See [`set_active`](Switch::set_active).
    fn on(&self) -> Result<()> {
        self.set_active(true)
    }

    /// Turns the device off.
    ///
    /// # Errors
    /// See [`set_active`](Switch::set_active).
    fn off(&self) -> Result<()> {
        self.set_active(false)
    }

    /// Turns the device on if it is off, and off if it is on.
    ///
    /// # Errors
    /// See [`set_active`](Switch::set_active).
    fn toggle(&self) -> Result<()> {
        self.set_active(!self.is_active()?)
    }
}

/// A device with a value that can be read, as gpiozero's `value`.
pub trait Value: Device {
    /// The type of the value: `bool` for a LED, `f64` from 0 to 1 for a dimmable one.
    type Value: Clone + PartialEq + Send + 'static;

    /// Returns the current value.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed), [`Disconnected`](crate::ErrorKind::Disconnected), and any I/O error.
    fn value(&self) -> Result<Self::Value>;

    /// Returns the values from now on, for another device to follow. They come on change where the device tells of changes, else on
    /// a beat; see [`Source`]. They end when the device is closed. The source keeps the device open.
    ///
    /// [`Source::of`] makes one of any device.
    fn values(&self) -> Source<Self::Value>;
}

/// A device whose value can be set.
///
/// ```
/// use pinzero::prelude::*;
///
/// fn dim(lamp: &impl SetValue<Value = f64>) -> pinzero::Result<()> {
///     lamp.set_value(lamp.value()? / 2.0)
/// }
///
/// let gpio = pinzero::mock::gpio();
/// let lamp = PwmOutputDevice::builder(18).initial_value(0.5).gpio(&gpio).open()?;
/// dim(&lamp)?;
/// assert_eq!(lamp.value()?, 0.25);
/// # Ok::<(), pinzero::Error>(())
/// ```
pub trait SetValue: Value {
    /// Sets the value, and ends a running blink.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) if the value is out of range; see also [`value`](Value::value).
    fn set_value(&self, value: Self::Value) -> Result<()>;

    /// Takes the values of a source in the background, until the source ends or something else is set; see [`Follower`]. The first value is
    /// set at once.
    ///
    /// # Errors
    /// That of the first value, as [`set_value`](SetValue::set_value) has it; [`InvalidValue`](crate::ErrorKind::InvalidValue) for an argument of
    /// the source that is out of range.
    fn follow(&self, source: impl Into<Source<Self::Value>>) -> Result<Follower>
    where
        Self: Sized,
    {
        self.follow_source(source.into())
    }

    /// Follows a source, as [`follow`](SetValue::follow) does. [`Source::drive`] does it for a device of your own.
    ///
    /// # Errors
    /// See [`follow`](SetValue::follow).
    fn follow_source(&self, source: Source<Self::Value>) -> Result<Follower>;
}

/// What devices give to sources, and take from them.
impl<T: 'static> Source<T> {
    /// Returns the values of any device, read on a beat: for [`Value::values`] of a device of your own.
    ///
    /// The source holds a clone of the device, and so keeps the device open.
    pub fn of<D: Value<Value = T> + Clone + 'static>(device: &D) -> Self {
        let device = device.clone();
        Source::reading(move || device.value().map(Some))
    }

    /// Has `device` take the values: for [`SetValue::follow_source`] of a device of your own. The follower holds a clone of the device and keeps
    /// it open, and a write of yours lasts until the next value. With a closed device, the follower ends at the next value.
    ///
    /// A device made of outputs follows better by [`write_together`](Source::write_together), as a LED does.
    ///
    /// # Errors
    /// See [`SetValue::follow`].
    pub fn drive<D>(self, device: &D) -> Result<Follower>
    where
        D: SetValue<Value = T> + Clone + 'static,
        T: Clone + PartialEq + Send,
    {
        let gpio = device.gpio().clone();
        let device = device.clone();
        self.for_each(&gpio, move |value| device.set_value(value))
    }
}

// Every method is forwarded, the provided ones too: a device may override them.

impl<T> Device for T
where
    T: Deref + fmt::Debug + Send + Sync,
    T::Target: Device,
{
    fn parts(&self) -> Vec<&dyn Device> {
        (**self).parts()
    }

    fn gpio(&self) -> &Gpio {
        (**self).gpio()
    }

    fn is_closed(&self) -> bool {
        (**self).is_closed()
    }

    fn close(&self) -> Result<()> {
        (**self).close()
    }
}

impl<T> Switch for T
where
    T: Deref + fmt::Debug + Send + Sync,
    T::Target: Switch,
{
    fn set_active(&self, on: bool) -> Result<()> {
        (**self).set_active(on)
    }

    fn is_active(&self) -> Result<bool> {
        (**self).is_active()
    }

    fn on(&self) -> Result<()> {
        (**self).on()
    }

    fn off(&self) -> Result<()> {
        (**self).off()
    }

    fn toggle(&self) -> Result<()> {
        (**self).toggle()
    }
}

impl<T> Value for T
where
    T: Deref + fmt::Debug + Send + Sync,
    T::Target: Value,
{
    type Value = <T::Target as Value>::Value;

    fn value(&self) -> Result<Self::Value> {
        (**self).value()
    }

    fn values(&self) -> Source<Self::Value> {
        (**self).values()
    }
}

impl<T> SetValue for T
where
    T: Deref + fmt::Debug + Send + Sync,
    T::Target: SetValue,
{
    fn set_value(&self, value: Self::Value) -> Result<()> {
        (**self).set_value(value)
    }

    fn follow_source(&self, source: Source<Self::Value>) -> Result<Follower> {
        (**self).follow_source(source)
    }
}
