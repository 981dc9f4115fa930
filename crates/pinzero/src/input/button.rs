//! [`Button`].

use std::time::Duration;

use pinzero_core::{Event, EventKind, Handler, Input, Outcome, PinSpec, Result};

use super::{DigitalInputDevice, Pressable};
use crate::device::newtype;
use crate::{Builder, Open, Site};

/// A push button between a pin and ground (or, with `pull_up(false)`, 3.3 V).
///
/// ```text
/// pin      ‾‾‾‾‾|_________________________|‾‾‾‾‾‾‾‾
/// events        pressed      held         released
///               |<- hold_time ->|
/// ```
///
/// A `Button` does all that a [`DigitalInputDevice`] does. It also distinguishes a click, a double click and a long press:
/// each press is part of exactly one of them.
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
///
/// [`events`](DigitalInputDevice::events) yields the same as an iterator:
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let button = Button::builder(2).bounce_time(ms(20)).hold_time(secs(2)).gpio(&gpio).open()?;
/// let events = button.events();
/// gpio.line(2).press(secs(3));
/// gpio.advance(secs(4));
/// let kinds: Vec<_> = events.take(4).map(|event| event.kind).collect();
/// assert_eq!(kinds, [EventKind::Pressed, EventKind::Held, EventKind::LongPressed, EventKind::Released]);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct Button(DigitalInputDevice);

impl Button {
    /// Opens the button on `pin` of the default factory: pulled up, and pressed when low.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new(pin: impl Into<PinSpec>) -> Result<Self> {
        Self::builder(pin).open()
    }

    /// Returns a builder for a button with other options.
    pub fn builder(pin: impl Into<PinSpec>) -> Builder<Self, Pressable> {
        Builder::new(Pressable::new(pin))
    }

    /// Returns a button on an open input that reports presses.
    pub(crate) fn from_input(input: Input) -> Self {
        Button(DigitalInputDevice::from_input(input))
    }

    /// Returns whether the button is pressed, after debouncing if a bounce or lockout time is set.
    ///
    /// # Errors
    /// See [`Value::value`](crate::Value::value).
    pub fn is_pressed(&self) -> Result<bool> {
        self.is_active()
    }

    /// Returns how long the button has been pressed; `None` if it is released.
    pub fn pressed_time(&self) -> Option<Duration> {
        self.active_time()
    }

    /// Returns whether the button has been pressed for the hold time.
    #[must_use = "this only asks"]
    pub fn is_held(&self) -> bool {
        self.input().is_held()
    }

    /// Returns how long the button has been pressed, counted from the press; `None` if it is not held yet.
    ///
    /// gpiozero counts from the first "held" instead.
    pub fn held_time(&self) -> Option<Duration> {
        if self.is_held() { self.active_time() } else { None }
    }

    /// Calls `handler` at each press; see [Handlers](DigitalInputDevice#handlers).
    pub fn when_pressed<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.input().on(EventKind::Pressed, handler)
    }

    /// Calls `handler` at each release; see [Handlers](DigitalInputDevice#handlers).
    pub fn when_released<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.input().on(EventKind::Released, handler)
    }

    /// Calls `handler` when a press has lasted for the hold time, and with `hold_repeat` every so often from then on;
    /// see [Handlers](DigitalInputDevice#handlers).
    pub fn when_held<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.input().on(EventKind::Held, handler)
    }

    /// Calls `handler` at each click: a short press that no second one follows within the double-click time.
    /// See [Handlers](DigitalInputDevice#handlers).
    ///
    /// The click is known only when that time is over. [`when_pressed`](Self::when_pressed) is immediate.
    pub fn when_clicked<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.input().on(EventKind::Clicked, handler)
    }

    /// Calls `handler` at each double click: two short presses, the second within the double-click time. See
    /// [Handlers](DigitalInputDevice#handlers).
    pub fn when_double_clicked<R: Outcome>(
        &self,
        handler: impl FnMut(Event) -> R + Send + 'static,
    ) -> Handler {
        self.input().on(EventKind::DoubleClicked, handler)
    }

    /// Calls `handler` once when a press has lasted for the hold time. Such a press is not a click. See
    /// [Handlers](DigitalInputDevice#handlers).
    pub fn when_long_pressed<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.input().on(EventKind::LongPressed, handler)
    }

    /// Blocks until the button is pressed; returns at once if it is.
    ///
    /// # Errors
    /// See [`wait_for_active`](DigitalInputDevice::wait_for_active).
    #[track_caller]
    pub fn wait_for_press(&self) -> Result<()> {
        self.wait_for_active()
    }

    /// Blocks until the button is pressed, for at most `timeout`. Returns whether it was pressed.
    ///
    /// # Errors
    /// See [`wait_for_active`](DigitalInputDevice::wait_for_active).
    #[track_caller]
    pub fn wait_for_press_timeout(&self, timeout: Duration) -> Result<bool> {
        self.wait_for_active_timeout(timeout)
    }

    /// Blocks until the button is released; returns at once if it is.
    ///
    /// # Errors
    /// See [`wait_for_active`](DigitalInputDevice::wait_for_active).
    #[track_caller]
    pub fn wait_for_release(&self) -> Result<()> {
        self.wait_for_inactive()
    }

    /// Blocks until the button is released, for at most `timeout`. Returns whether it was released.
    ///
    /// # Errors
    /// See [`wait_for_active`](DigitalInputDevice::wait_for_active).
    #[track_caller]
    pub fn wait_for_release_timeout(&self, timeout: Duration) -> Result<bool> {
        self.wait_for_inactive_timeout(timeout)
    }

    /// Waits until the button is pressed; for `async` code, on any executor.
    ///
    /// A press between two calls of `pressed` is missed, unless the button is still down; see [`clicked`](Self::clicked).
    ///
    /// # Errors
    /// See [`wait_for_active`](DigitalInputDevice::wait_for_active).
    #[track_caller]
    pub fn pressed(&self) -> impl Future<Output = Result<()>> + Send + '_ {
        self.input().reached(true)
    }

    /// Waits until the button is released; for `async` code, on any executor.
    ///
    /// # Errors
    /// See [`wait_for_active`](DigitalInputDevice::wait_for_active).
    #[track_caller]
    pub fn released(&self) -> impl Future<Output = Result<()>> + Send + '_ {
        self.input().reached(false)
    }

    /// Waits for the next click, and returns its event; for `async` code, on any executor.
    ///
    /// `clicked`, `double_clicked`, `long_pressed` and `held` count from the call. To see every event, also those between two
    /// calls, take one [`events`](DigitalInputDevice::events) and its [`next_async`](crate::Events::next_async).
    ///
    /// # Errors
    /// See [`wait_for_active`](DigitalInputDevice::wait_for_active).
    #[track_caller]
    pub fn clicked(&self) -> impl Future<Output = Result<Event>> + Send + '_ {
        self.input().next_event(EventKind::Clicked)
    }

    /// Waits for the next double click, and returns its event; see [`clicked`](Self::clicked).
    ///
    /// # Errors
    /// See [`wait_for_active`](DigitalInputDevice::wait_for_active).
    #[track_caller]
    pub fn double_clicked(&self) -> impl Future<Output = Result<Event>> + Send + '_ {
        self.input().next_event(EventKind::DoubleClicked)
    }

    /// Waits for the next long press, and returns its event; see [`clicked`](Self::clicked).
    ///
    /// # Errors
    /// See [`wait_for_active`](DigitalInputDevice::wait_for_active).
    #[track_caller]
    pub fn long_pressed(&self) -> impl Future<Output = Result<Event>> + Send + '_ {
        self.input().next_event(EventKind::LongPressed)
    }

    /// Waits for the next time that the button is held, and returns its event; see [`clicked`](Self::clicked).
    ///
    /// # Errors
    /// See [`wait_for_active`](DigitalInputDevice::wait_for_active).
    #[track_caller]
    pub fn held(&self) -> impl Future<Output = Result<Event>> + Send + '_ {
        self.input().next_event(EventKind::Held)
    }

    fn state(&self) -> &'static str {
        if self.was_active() { "pressed" } else { "released" }
    }
}

impl Open<Pressable> for Button {
    const NAME: &'static str = "Button";

    fn open(options: Pressable, site: &Site) -> Result<Self> {
        let Pressable { pulled, hold_time, hold_repeat, double_click_time } = options;
        let builder = pulled.input(site)?.pressed_and_released();
        let mut builder = builder.hold(hold_time).clicks(double_click_time);
        if let Some(every) = hold_repeat {
            builder = builder.hold_repeat(every);
        }
        Ok(Button::from_input(builder.open()?))
    }
}

newtype!(Button(DigitalInputDevice));
