//! [`Button`].

use std::ops::Deref;
use std::time::Duration;

use pinzero_core::{Event, EventKind, Handler, Outcome, PinSpec, Result};

use super::{DigitalInputDevice, InputBuilder, InputDevice};

/// A push button between a pin and ground (or, with `pull_up(false)`, 3.3 V).
///
/// ```text
/// pin      ‾‾‾‾‾|_________________________|‾‾‾‾‾‾‾‾
/// events        pressed      held         released
///               |<- hold_time ->|
/// ```
///
/// All that a [`DigitalInputDevice`] can do, it can. Beside pressed, released and held it tells a click, a double click
/// and a long press apart: each press is exactly one of them.
///
/// ```
/// use pinzero::prelude::*;
///
/// # let gpio = pinzero::mock::gpio();
/// # pinzero::set_default(&gpio);
/// let button = Button::new(2)?;
/// let led = Led::new(17)?;
///
/// button.when_clicked({
///     let led = led.clone();
///     move |_| led.toggle()
/// });
/// button.when_long_pressed(move |event| println!("held for {:?}", event.lasted));
/// # gpio.line(2).press(ms(80));
/// # gpio.advance(secs(1));
/// # assert!(led.is_lit()?);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Button(DigitalInputDevice);

impl Button {
    /// Opens the button on `pin` of the default factory: pulled up, and pressed when low.
    ///
    /// # Errors
    /// As for [`InputBuilder::open`].
    #[track_caller]
    pub fn new(pin: impl Into<PinSpec>) -> Result<Self> {
        Self::builder(pin).open()
    }

    /// Prepares to open the button with other settings.
    pub fn builder(pin: impl Into<PinSpec>) -> InputBuilder<Self> {
        InputBuilder::new(pin.into())
    }

    /// Whether it is pressed now; with a bounce time, whether it is by what has passed that.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed), [`Disconnected`](crate::ErrorKind::Disconnected), and those of the system.
    pub fn is_pressed(&self) -> Result<bool> {
        self.0.is_active()
    }

    /// How long it has been pressed; `None` if it is not.
    pub fn pressed_time(&self) -> Option<Duration> {
        self.0.active_time()
    }

    /// Whether it has been pressed for the hold time.
    pub fn is_held(&self) -> bool {
        self.0.input().is_held()
    }

    /// How long it has been pressed, counted from the press; `None` if it is not held yet.
    ///
    /// gpiozero counts from the first "held" instead.
    pub fn held_time(&self) -> Option<Duration> {
        if self.is_held() { self.0.active_time() } else { None }
    }

    /// Has `handler` called at each press, beside the handlers that are there already.
    ///
    /// Handlers are called one at a time and in order over the whole factory. They may block, close devices and panic
    /// without harm to others; a [`Result`] that they return is logged if it is an error.
    pub fn when_pressed<R: Outcome>(&self, handler: impl FnMut(&Event) -> R + Send + 'static) -> Handler {
        self.0.input().on(EventKind::Activated, handler)
    }

    /// Has `handler` called at each release, beside the handlers that are there already.
    pub fn when_released<R: Outcome>(&self, handler: impl FnMut(&Event) -> R + Send + 'static) -> Handler {
        self.0.input().on(EventKind::Deactivated, handler)
    }

    /// Has `handler` called when it has been pressed for the hold time, and with `hold_repeat` after each further one.
    pub fn when_held<R: Outcome>(&self, handler: impl FnMut(&Event) -> R + Send + 'static) -> Handler {
        self.0.input().on(EventKind::Held, handler)
    }

    /// Has `handler` called at a click: a short press that no second one follows within the double-click time.
    ///
    /// It can be told only when that time is over; [`when_pressed`](Self::when_pressed) is immediate.
    pub fn when_clicked<R: Outcome>(&self, handler: impl FnMut(&Event) -> R + Send + 'static) -> Handler {
        self.0.input().on(EventKind::Clicked, handler)
    }

    /// Has `handler` called at a double click: two short presses, the second within the double-click time.
    pub fn when_double_clicked<R: Outcome>(
        &self,
        handler: impl FnMut(&Event) -> R + Send + 'static,
    ) -> Handler {
        self.0.input().on(EventKind::DoubleClicked, handler)
    }

    /// Has `handler` called once when a press has lasted for the hold time; no click comes of such a press.
    pub fn when_long_pressed<R: Outcome>(
        &self,
        handler: impl FnMut(&Event) -> R + Send + 'static,
    ) -> Handler {
        self.0.input().on(EventKind::LongPressed, handler)
    }

    /// Blocks until it is pressed; returns at once if it is.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed), also if it is closed meanwhile, and those of the system.
    pub fn wait_for_press(&self) -> Result<()> {
        self.0.wait_for_active()
    }

    /// Blocks until it is pressed, for at most `timeout`; tells whether it came to that.
    ///
    /// # Errors
    /// As for [`wait_for_press`](Self::wait_for_press).
    pub fn wait_for_press_timeout(&self, timeout: Duration) -> Result<bool> {
        self.0.wait_for_active_timeout(timeout)
    }

    /// Blocks until it is released; returns at once if it is.
    ///
    /// # Errors
    /// As for [`wait_for_press`](Self::wait_for_press).
    pub fn wait_for_release(&self) -> Result<()> {
        self.0.wait_for_inactive()
    }

    /// Blocks until it is released, for at most `timeout`; tells whether it came to that.
    ///
    /// # Errors
    /// As for [`wait_for_press`](Self::wait_for_press).
    pub fn wait_for_release_timeout(&self, timeout: Duration) -> Result<bool> {
        self.0.wait_for_inactive_timeout(timeout)
    }

    /// Ends when it is pressed; for `async` code, on any executor.
    ///
    /// # Errors
    /// As for [`wait_for_press`](Self::wait_for_press).
    pub async fn pressed(&self) -> Result<()> {
        self.0.input().reached(true).await
    }

    /// Ends when it is released; for `async` code, on any executor.
    ///
    /// # Errors
    /// As for [`wait_for_press`](Self::wait_for_press).
    pub async fn released(&self) -> Result<()> {
        self.0.input().reached(false).await
    }
}

impl Deref for Button {
    type Target = DigitalInputDevice;

    fn deref(&self) -> &DigitalInputDevice {
        &self.0
    }
}

impl From<DigitalInputDevice> for Button {
    fn from(device: DigitalInputDevice) -> Self {
        Button(device)
    }
}

impl InputDevice for Button {
    const NAME: &'static str = "Button";
    const PULL_UP: bool = true;
    const GESTURES: bool = true;
}
