//! [`Builder`]: opens every device.

use std::fmt;
use std::marker::PhantomData;

use pinzero_core::{
    Error, ErrorKind, FlexBuilder, Gpio, GroupBuilder, InputBuilder, Inputs, MachineBuilder, OnClose,
    OutputBuilder, PinSpec, PwmBuilder, Result,
};

use crate::default_gpio;

/// Builder for a device `D` with the options `O`; returned by the `builder` function of every device.
///
/// Every device has the settings [`gpio`](Builder::gpio) and [`on_close`](Builder::on_close); `O` adds others. A setting that
/// several devices have means the same on each of them.
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let led = Led::builder("J8:11").active_high(false).initial_value(true).gpio(&gpio).open()?;
/// assert_eq!(gpio.line(17).level(), Level::Low);
/// assert!(led.is_lit()?);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[must_use = "nothing is opened before `open`"]
pub struct Builder<D, O> {
    pub(crate) options: O,
    gpio: Option<Gpio>,
    on_close: Option<OnClose>,
    device: PhantomData<fn() -> D>,
}

/// A device that a [`Builder`] can open.
///
/// Implement this trait to give your own device a builder. Open the device's parts with [`open_in`](Builder::open_in), so that
/// they take the factory, the state on close and the name of the whole device:
///
/// ```
/// use pinzero::prelude::*;
/// use pinzero::{Builder, Open, Site};
///
/// #[derive(Debug, Clone)]
/// struct Signal {
///     red: Led,
///     green: Led,
/// }
///
/// impl Open<[u32; 2]> for Signal {
///     const NAME: &'static str = "Signal";
///
///     fn open([red, green]: [u32; 2], site: &Site) -> pinzero::Result<Self> {
///         let red = Led::builder(red).initial_value(true).open_in(site)?;
///         let green = Led::builder(green).open_in(site)?;
///         Ok(Signal { red, green })
///     }
/// }
///
/// let gpio = pinzero::mock::gpio();
/// let signal: Signal = Builder::new([17, 27]).gpio(&gpio).open()?;
/// assert!(signal.red.is_lit()? && !signal.green.is_lit()?);
///
/// let error = Led::builder(27).gpio(&gpio).open().unwrap_err();
/// assert!(error.to_string().contains("in use by Signal opened at"));
/// # Ok::<(), pinzero::Error>(())
/// ```
pub trait Open<O>: Sized {
    /// The name of the device in error messages.
    const NAME: &'static str;

    /// Opens the device at `site`.
    ///
    /// Open each pin by a direct call and not in a closure: the caller's place in the program, which a later
    /// [`PinInUse`](crate::ErrorKind::PinInUse) names, does not reach into closures.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    fn open(options: O, site: &Site) -> Result<Self>;
}

/// The context in which a device is opened: the factory, and the device that it is a part of.
///
/// [`output`](Site::output), [`pwm`](Site::pwm) and [`input`](Site::input) return builders for single lines, for a device that
/// is not made of others. They pass on the name of the device and the state on close.
#[derive(Debug, Clone)]
pub struct Site {
    gpio: Gpio,
    on_close: Option<OnClose>,
    device: &'static str,
}

impl<D: Open<O>, O> Builder<D, O> {
    /// Returns a builder with these options. The `builder` function of a device calls this.
    pub fn new(options: O) -> Self {
        Builder { options, gpio: None, on_close: None, device: PhantomData }
    }

    /// Sets the factory that opens the pins. Default: [`default_gpio`].
    pub fn gpio(mut self, gpio: &Gpio) -> Self {
        self.gpio = Some(gpio.clone());
        self
    }

    /// Sets the state of the device's outputs after close. Default: the factory's
    /// [`GpioBuilder::on_close`](crate::GpioBuilder::on_close), which is [`OnClose::Restore`] by default.
    ///
    /// On close, inputs always return to the state in which they were found.
    pub fn on_close(mut self, on_close: OnClose) -> Self {
        self.on_close = Some(on_close);
        self
    }

    /// Returns the options, for an extension trait with setters for your own device.
    pub fn options_mut(&mut self) -> &mut O {
        &mut self.options
    }

    /// Returns whether the builder has a factory or a state on close of its own.
    pub(crate) fn has_site(&self) -> bool {
        self.gpio.is_some() || self.on_close.is_some()
    }

    /// Opens the device.
    ///
    /// # Errors
    /// * [`NoFactory`](crate::ErrorKind::NoFactory) if no factory was given and none can be started,
    /// * [`UnknownPin`](crate::ErrorKind::UnknownPin), [`NotGpio`](crate::ErrorKind::NotGpio) or
    ///   [`FixedPull`](crate::ErrorKind::FixedPull) if the board has no such pin,
    /// * [`PinInUse`](crate::ErrorKind::PinInUse) if this program holds the pin, [`Busy`](crate::ErrorKind::Busy) if
    ///   another one does,
    /// * [`PermissionDenied`](crate::ErrorKind::PermissionDenied), and any I/O error,
    /// * [`InvalidValue`](crate::ErrorKind::InvalidValue) or
    ///   [`InvalidFrequency`](crate::ErrorKind::InvalidFrequency) if an option is out of range or contradicts another,
    /// * [`Unsupported`](crate::ErrorKind::Unsupported) if the factory cannot do what the device needs,
    /// * [`Closed`](crate::ErrorKind::Closed) if the factory is closed, and
    ///   [`Disconnected`](crate::ErrorKind::Disconnected) if its connection is lost.
    #[track_caller]
    pub fn open(self) -> Result<D> {
        let gpio = match self.gpio {
            Some(gpio) => gpio,
            None => default_gpio()?,
        };
        D::open(self.options, &Site { gpio, on_close: self.on_close, device: D::NAME })
    }

    /// Opens the device as a part of the device that is opened at `site`. A factory and a state on close that were set on this
    /// builder take precedence over those of `site`.
    ///
    /// # Errors
    /// See [`open`](Builder::open).
    #[track_caller]
    pub fn open_in(self, site: &Site) -> Result<D> {
        let gpio = self.gpio.unwrap_or_else(|| site.gpio.clone());
        D::open(self.options, &Site { gpio, on_close: self.on_close.or(site.on_close), device: site.device })
    }
}

impl<D, O: Clone> Clone for Builder<D, O> {
    fn clone(&self) -> Self {
        let Builder { options, gpio, on_close, device } = self;
        Builder { options: options.clone(), gpio: gpio.clone(), on_close: *on_close, device: *device }
    }
}

impl<D: Open<O>, O: fmt::Debug> fmt::Debug for Builder<D, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Builder<{}>({:?})", D::NAME, self.options)
    }
}

impl Site {
    /// Returns the factory that opens the pins.
    pub fn gpio(&self) -> &Gpio {
        &self.gpio
    }

    /// Returns the name of the whole device: of a board, not of one LED on it.
    pub fn device(&self) -> &'static str {
        self.device
    }

    /// Returns the state after close that the builder has set.
    pub(crate) fn on_close(&self) -> Option<OnClose> {
        self.on_close
    }

    /// Fails if two of the device's pins are one; each has the name of its role. A pin that does not exist is left for `open` to report.
    ///
    /// # Errors
    /// [`PinInUse`](ErrorKind::PinInUse).
    pub fn check_distinct(&self, roles: &[(&str, &PinSpec)]) -> Result<()> {
        let lines: Vec<_> = roles.iter().map(|(_, pin)| self.gpio.resolve((*pin).clone()).ok()).collect();
        for (later, line) in lines.iter().enumerate().filter(|(_, line)| line.is_some()) {
            if let Some(earlier) = lines[..later].iter().position(|other| other == line) {
                let (one, other) = (roles[earlier].0, roles[later].0);
                let message =
                    format!("one pin cannot be both `{one}` and `{other}`: give each a pin of its own");
                let error = Error::new(ErrorKind::PinInUse, message);
                return Err(error.with_pin(roles[later].1).with_device(self.device));
            }
        }
        Ok(())
    }

    /// Returns a builder for an output.
    pub fn output(&self, pin: impl Into<PinSpec>) -> OutputBuilder {
        let builder = self.gpio.output(pin).device(self.device);
        match self.on_close {
            Some(on_close) => builder.on_close(on_close),
            None => builder,
        }
    }

    /// Returns a builder for a PWM output.
    pub fn pwm(&self, pin: impl Into<PinSpec>) -> PwmBuilder {
        let builder = self.gpio.pwm(pin).device(self.device);
        match self.on_close {
            Some(on_close) => builder.on_close(on_close),
            None => builder,
        }
    }

    /// Returns a builder for outputs that change together.
    pub fn group<P: Into<PinSpec>>(&self, pins: impl IntoIterator<Item = P>) -> GroupBuilder {
        let builder = self.gpio.group(pins).device(self.device);
        match self.on_close {
            Some(on_close) => builder.on_close(on_close),
            None => builder,
        }
    }

    /// Returns a builder for inputs that belong together.
    pub fn inputs<P: Into<PinSpec>>(&self, pins: impl IntoIterator<Item = P>) -> InputBuilder<Inputs> {
        self.gpio.inputs(pins).device(self.device)
    }

    /// Returns a builder for a line that turns from output to input and back.
    pub fn flex(&self, pin: impl Into<PinSpec>) -> FlexBuilder {
        self.gpio.flex(pin).device(self.device)
    }

    /// Returns a builder that runs a machine on open lines.
    pub fn machine(&self) -> MachineBuilder {
        self.gpio.machine(self.device)
    }

    /// Returns a builder for an input.
    pub fn input(&self, pin: impl Into<PinSpec>) -> InputBuilder {
        self.gpio.input(pin).device(self.device)
    }
}
