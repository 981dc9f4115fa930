//! [`ButtonBoard`]: several buttons as one device.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use pinzero_core::time::Instant;
use pinzero_core::{
    Device, Edge, Effects, Error, ErrorKind, Event, EventKind, Events, Gpio, Handler, Level, Line, Machine,
    Outcome, PinSpec, Result, Running, Source, Value,
};

use super::{MemberKey, names};
use crate::device::changing;
use crate::input::{Activity, Pressable, Pulled};
use crate::{Builder, Button, Open, Site};

/// Several buttons as one device, which is pressed while any of them is.
///
/// Each button still works alone. Members are found by index, in the order in which they were added, or by name. Handlers of a button run
/// before those of the board. Edges of all buttons are in order.
///
/// Clones share the buttons; dropping the last clone closes the device, unless one of its buttons is kept.
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let pad = ButtonBoard::builder([5, 6]).button("fire", 13).hold_time(secs(2)).gpio(&gpio).open()?;
/// pad.when_pressed(|_| println!("the first finger is down"));
/// pad.when_released(|_| println!("all fingers are up"));
/// pad.member("fire")?.when_pressed(|_| println!("fire"));
/// gpio.line(13).press(secs(1));
/// pad.wait_for_press()?;
/// assert_eq!(pad.value()?, [false, false, true]);
/// # Ok::<(), pinzero::Error>(())
/// ```
///
/// gpiozero 2 reports no change while the board stays pressed. Here, [`when_changed`](Self::when_changed) tells each change of
/// [`value`](Self::value).
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct ButtonBoard {
    running: Running<Panel>,
    buttons: Arc<[Button]>,
    /// The name of each button, if it has one.
    names: Arc<[Option<String>]>,
}

/// The options of a [`ButtonBoard`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Buttons {
    /// The pins in their order, each with its name, if it has one.
    pub members: Vec<(Option<String>, PinSpec)>,
    /// The options of each button and of the board. The pin is not used.
    pub pressable: Pressable,
}

impl Buttons {
    /// Returns the default options of buttons on pins, without names.
    pub fn new<P: Into<PinSpec>>(pins: impl IntoIterator<Item = P>) -> Self {
        let members = pins.into_iter().map(|pin| (None, pin.into())).collect();
        Buttons { members, pressable: Pressable::new(0) }
    }

    /// Adds a button.
    #[must_use]
    pub fn button<'a>(mut self, name: impl Into<Option<&'a str>>, pin: impl Into<PinSpec>) -> Self {
        self.members.push((name.into().map(str::to_owned), pin.into()));
        self
    }
}

impl AsMut<Pulled> for Buttons {
    fn as_mut(&mut self) -> &mut Pulled {
        &mut self.pressable.pulled
    }
}

impl AsMut<Pressable> for Buttons {
    fn as_mut(&mut self) -> &mut Pressable {
        &mut self.pressable
    }
}

/// The members of a board of buttons.
impl<D: Open<Buttons>> Builder<D, Buttons> {
    /// Adds a button; `None` gives it no name.
    pub fn button<'a>(mut self, name: impl Into<Option<&'a str>>, pin: impl Into<PinSpec>) -> Self {
        self.options = self.options.button(name, pin);
        self
    }
}

impl ButtonBoard {
    /// Opens buttons on `pins` of the default factory: pulled up, and pressed when low.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) for no pins; see also [`Builder::open`].
    #[track_caller]
    pub fn new<P: Into<PinSpec>>(pins: impl IntoIterator<Item = P>) -> Result<Self> {
        Self::builder(pins).open()
    }

    /// Returns a builder for buttons on `pins` with other options, to which named buttons can be added.
    pub fn builder<P: Into<PinSpec>>(pins: impl IntoIterator<Item = P>) -> Builder<Self, Buttons> {
        Builder::new(Buttons::new(pins))
    }

    /// Returns a builder for buttons with names.
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let pad = ButtonBoard::named([("left", 5), ("right", 6)]).bounce_time(ms(10)).open()?;
    /// pad.member("left")?.when_pressed(|_| println!("left"));
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn named<'a, P: Into<PinSpec>>(
        buttons: impl IntoIterator<Item = (&'a str, P)>,
    ) -> Builder<Self, Buttons> {
        let none: [PinSpec; 0] = [];
        let buttons = buttons.into_iter();
        Builder::new(buttons.fold(Buttons::new(none), |all, (name, pin)| all.button(name, pin)))
    }

    /// Returns the buttons, in the order in which they were added. Closing one closes the board: the pins were opened together.
    pub fn buttons(&self) -> &[Button] {
        &self.buttons
    }

    /// Returns the names of the buttons, `None` for a button without a name.
    pub fn names(&self) -> Vec<Option<&str>> {
        self.names.iter().map(Option::as_deref).collect()
    }

    /// Returns a button by its index or its name. A negative index counts from the end.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if the board has no such button.
    pub fn member<'a>(&self, key: impl Into<MemberKey<'a>>) -> Result<&Button> {
        Ok(&self.buttons[names::position(&self.names(), key.into())?])
    }

    /// Returns which of the buttons are pressed, in their order.
    ///
    /// # Errors
    /// See [`Value::value`].
    pub fn value(&self) -> Result<Vec<bool>> {
        self.running.look(|panel| panel.down.clone())
    }

    /// Returns the values from now on, for another device to follow: which buttons are pressed, whenever that changes. See [`Source`].
    ///
    /// ```
    /// use pinzero::prelude::*;
    ///
    /// # let gpio = pinzero::mock::gpio();
    /// # pinzero::set_default(&gpio);
    /// let (leds, buttons) = (LedBoard::new([17, 27, 22])?, ButtonBoard::new([5, 6, 13])?);
    /// leds.follow(buttons.values())?;
    /// # gpio.line(6).press(ms(100));
    /// # gpio.advance(ms(1));
    /// # assert_eq!(leds.value()?, [0, 1, 0].into());
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn values(&self) -> Source<Vec<bool>> {
        changing(self, Self::value, |board, notify| {
            vec![board.running.on(EventKind::Changed, notify.handler())]
        })
    }

    /// Returns whether any button is pressed.
    ///
    /// # Errors
    /// See [`Value::value`].
    pub fn is_pressed(&self) -> Result<bool> {
        self.running.look(|panel| panel.activity.is_active() == Some(true))
    }

    /// Returns whether any button is pressed, as [`is_pressed`](Self::is_pressed) does.
    ///
    /// # Errors
    /// See [`Value::value`].
    pub fn is_active(&self) -> Result<bool> {
        self.is_pressed()
    }

    /// Returns whether the board has been pressed for the hold time, by one button or several in turn.
    ///
    /// # Errors
    /// See [`Value::value`].
    pub fn is_held(&self) -> Result<bool> {
        self.running.look(|panel| panel.is_held)
    }

    /// Returns how long the board has been pressed; `None` if no button is.
    pub fn pressed_time(&self) -> Option<Duration> {
        let now = self.gpio().now();
        self.running.peek(|panel| panel.activity.time(true, now)).flatten()
    }

    /// Calls `handler` when a button is pressed while no other one is; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_pressed<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.running.on(EventKind::Pressed, handler)
    }

    /// Calls `handler` when the last button that is down is released; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_released<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.running.on(EventKind::Released, handler)
    }

    /// Calls `handler` whenever a button is pressed or released; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_changed<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.running.on(EventKind::Changed, handler)
    }

    /// Calls `handler` when the board has been pressed for the hold time, and with `hold_repeat` every so often from then on; see
    /// [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_held<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.running.on(EventKind::Held, handler)
    }

    /// Removes all handlers of the board; those of the buttons stay.
    pub fn clear_handlers(&self) {
        self.running.clear_handlers();
    }

    /// Returns an iterator over all events of the board from now on. The iterator ends when the device is closed.
    pub fn events(&self) -> Events {
        self.running.events()
    }

    /// Blocks until any button is pressed; returns at once if one is.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed), also if the device is closed meanwhile; see also [`Value::value`].
    #[track_caller]
    pub fn wait_for_press(&self) -> Result<()> {
        self.running.wait_until(None, self.reaches(true)).map(drop)
    }

    /// Blocks until any button is pressed, for at most `timeout`. Returns whether one was.
    ///
    /// # Errors
    /// See [`wait_for_press`](Self::wait_for_press).
    #[track_caller]
    pub fn wait_for_press_timeout(&self, timeout: Duration) -> Result<bool> {
        Ok(self.running.wait_until(Some(timeout), self.reaches(true))?.is_some())
    }

    /// Blocks until all buttons are released; returns at once if they are.
    ///
    /// # Errors
    /// See [`wait_for_press`](Self::wait_for_press).
    #[track_caller]
    pub fn wait_for_release(&self) -> Result<()> {
        self.running.wait_until(None, self.reaches(false)).map(drop)
    }

    /// Blocks until all buttons are released, for at most `timeout`. Returns whether they were.
    ///
    /// # Errors
    /// See [`wait_for_press`](Self::wait_for_press).
    #[track_caller]
    pub fn wait_for_release_timeout(&self, timeout: Duration) -> Result<bool> {
        Ok(self.running.wait_until(Some(timeout), self.reaches(false))?.is_some())
    }

    /// Waits until any button is pressed; for `async` code, on any executor.
    ///
    /// # Errors
    /// See [`wait_for_press`](Self::wait_for_press).
    #[track_caller]
    pub fn pressed(&self) -> impl Future<Output = Result<()>> + Send + '_ {
        self.running.until(self.reaches(true))
    }

    /// Waits until all buttons are released; for `async` code, on any executor.
    ///
    /// # Errors
    /// See [`wait_for_press`](Self::wait_for_press).
    #[track_caller]
    pub fn released(&self) -> impl Future<Output = Result<()>> + Send + '_ {
        self.running.until(self.reaches(false))
    }

    /// Waits until the board has been pressed for the hold time; for `async` code, on any executor.
    ///
    /// # Errors
    /// See [`wait_for_press`](Self::wait_for_press).
    #[track_caller]
    pub fn held(&self) -> impl Future<Output = Result<()>> + Send + '_ {
        self.running.until(|panel| panel.is_held.then_some(()))
    }

    /// Returns a closure that gives `Some` once the board is in that state, or has been since this call.
    fn reaches(&self, pressed: bool) -> impl FnMut(&Panel) -> Option<()> + Send + use<> {
        let before = self.running.peek(|panel| panel.activity.count(pressed));
        move |panel| panel.activity.has_reached(pressed, before).then_some(())
    }

    /// Returns the lines of the buttons.
    pub fn pins(&self) -> Vec<Line> {
        self.running.lines()
    }

    /// Returns the factory that opened the pins.
    pub fn gpio(&self) -> &Gpio {
        self.running.gpio()
    }

    /// Returns whether the device is closed.
    pub fn is_closed(&self) -> bool {
        self.running.is_closed()
    }

    /// Closes the device with its buttons, and gives the pins back. Idempotent, from any thread.
    ///
    /// # Errors
    /// See [`Device::close`].
    pub fn close(&self) -> Result<()> {
        self.running.close()
    }
}

impl Open<Buttons> for ButtonBoard {
    const NAME: &'static str = "ButtonBoard";

    fn open(Buttons { members, pressable }: Buttons, site: &Site) -> Result<Self> {
        names::check(&members, "the board").map_err(|error| error.with_device(site.device()))?;
        let (names, mut pins): (Vec<_>, Vec<_>) = members.into_iter().unzip();
        if pins.is_empty() {
            let message = "a board of buttons has no button: give a pin at least";
            return Err(Error::new(ErrorKind::InvalidValue, message).with_device(site.device()));
        }
        let Pressable { mut pulled, hold_time, hold_repeat, double_click_time } = pressable;
        pulled.pin = pins.remove(0);
        let (inputs, active) = pulled.inputs(pins, site)?;
        let mut inputs = inputs.pressed_and_released().hold(hold_time).clicks(double_click_time);
        if let Some(every) = hold_repeat {
            inputs = inputs.hold_repeat(every);
        }
        let inputs = inputs.open()?;
        let buttons: Vec<Button> = inputs.inputs().into_iter().map(Button::from_input).collect();
        let count = buttons.len();
        let running = site.machine().inputs(inputs).start(|now, levels| {
            let is_down = |line: usize| Level::from(levels >> line & 1 == 1) == active;
            let down: Vec<bool> = (0..count).map(is_down).collect();
            let mut activity = Activity::default();
            let is_pressed = down.contains(&true);
            // The first state causes no event. A hold counts from now.
            activity.set(is_pressed, now);
            let due = is_pressed.then(|| now + hold_time);
            Panel { active, down, activity, hold_time, hold_repeat, is_held: false, due, unreported: 0 }
        })?;
        Ok(ButtonBoard { running, buttons: buttons.into(), names: names.into() })
    }
}

/// Follows which of the buttons are down.
#[derive(Debug)]
struct Panel {
    active: Level,
    down: Vec<bool>,
    /// Whether any button is down.
    activity: Activity,
    hold_time: Duration,
    hold_repeat: Option<Duration>,
    is_held: bool,
    /// When the next hold is due.
    due: Option<Instant>,
    /// Edges lost since the last event.
    unreported: u32,
}

impl Machine for Panel {
    type Event = Event;

    fn edge(
        &mut self,
        line: usize,
        Edge { at, level, missed }: Edge,
        effects: &mut Effects<'_, Event>,
    ) -> Result<()> {
        self.unreported = self.unreported.saturating_add(missed);
        let is_down = level == self.active;
        if std::mem::replace(&mut self.down[line], is_down) == is_down {
            return Ok(());
        }
        let is_pressed = self.down.contains(&true);
        let pressed_or_released = self.activity.set(is_pressed, at).map(|mut event| {
            event.kind = if is_pressed { EventKind::Pressed } else { EventKind::Released };
            self.is_held = false;
            self.due = is_pressed.then(|| at + self.hold_time);
            event
        });
        for mut event in pressed_or_released.into_iter().chain([Event::new(EventKind::Changed, at)]) {
            event.level = level;
            event.missed = std::mem::take(&mut self.unreported);
            effects.emit(event);
        }
        Ok(())
    }

    fn expire(&mut self, at: Instant, effects: &mut Effects<'_, Event>) -> Result<()> {
        let mut event = Event::new(EventKind::Held, at);
        event.lasted = self.activity.time(true, at).unwrap_or_default();
        event.repeat = std::mem::replace(&mut self.is_held, true);
        self.due = self.hold_repeat.map(|every| at + every);
        effects.emit(event);
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        self.due
    }
}

impl Device for ButtonBoard {
    fn parts(&self) -> Vec<&dyn Device> {
        vec![&self.running]
    }
}

impl Value for ButtonBoard {
    type Value = Vec<bool>;

    fn value(&self) -> Result<Vec<bool>> {
        self.value()
    }

    fn values(&self) -> Source<Vec<bool>> {
        self.values()
    }
}

impl fmt::Debug for ButtonBoard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ButtonBoard(")?;
        self.pins().iter().try_for_each(|pin| write!(f, "{pin}, "))?;
        let pressed = self.running.peek(|panel| panel.activity.is_active() == Some(true));
        f.write_str(match pressed.filter(|_| !self.is_closed()) {
            Some(true) => "pressed)",
            Some(false) => "released)",
            None => "closed)",
        })
    }
}

impl fmt::Display for ButtonBoard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ButtonBoard on {}", crate::device::list(&self.pins()))
    }
}
