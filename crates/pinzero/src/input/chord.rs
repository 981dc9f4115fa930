//! [`Chord`]: buttons that are pressed together.

use std::fmt;
use std::time::Duration;

use pinzero_core::time::Instant;
use pinzero_core::{
    Device, Edge, Effects, Error, ErrorKind, Event, EventKind, Events, Gpio, Handler, Level, Line, Machine,
    Outcome, PinSpec, Result, Running, Source, Value,
};

use super::activity::Activity;
use super::{Button, Pressable, Pulled};
use crate::device::changing;
use crate::{Builder, Open, Site};

/// Several buttons that mean something of their own when they are pressed together, such as a reset.
///
/// Each button still works alone: [`buttons`](Self::buttons) returns them. Their handlers run before those of the chord.
///
/// Clones are handles of the same device, and dropping the last one closes the device, unless one of its buttons is kept.
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let reset = Chord::builder([2, 3]).hold_time(secs(3)).gpio(&gpio).open()?;
/// reset.when_held(|_| println!("both held for three seconds"));
/// reset.buttons()[0].when_clicked(|_| println!("the first one alone"));
/// gpio.line(2).press(secs(5));
/// gpio.line(3).press(secs(5));
/// reset.wait_for_press()?;
/// gpio.advance(secs(3));
/// assert!(reset.is_held()?);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct Chord {
    running: Running<Fingers>,
    buttons: Vec<Button>,
}

/// The options of a [`Chord`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Chorded {
    /// The options of each button, and the first pin.
    pub first: Pressable,
    /// The pins of the other buttons.
    pub others: Vec<PinSpec>,
    /// The most time between the first press and the last; `None` for any.
    pub within: Option<Duration>,
}

impl AsMut<Pulled> for Chorded {
    fn as_mut(&mut self) -> &mut Pulled {
        &mut self.first.pulled
    }
}

/// Options of a chord.
impl<D: Open<Chorded>> Builder<D, Chorded> {
    /// Sets how long the buttons must be pressed together, or a button alone, to be held. Default: 1 second.
    pub fn hold_time(mut self, time: Duration) -> Self {
        self.options.first.hold_time = time;
        self
    }

    /// Sets the most time between the first press and the last. Default: any.
    pub fn within(mut self, time: Duration) -> Self {
        self.options.within = Some(time);
        self
    }
}

impl Chord {
    /// Opens buttons on these pins of the default factory: pulled up, and pressed when low.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) for fewer than two pins; see also [`Builder::open`].
    #[track_caller]
    pub fn new<P: Into<PinSpec>>(pins: impl IntoIterator<Item = P>) -> Result<Self> {
        Self::builder(pins).open()
    }

    /// Returns a builder for a chord with other options.
    pub fn builder<P: Into<PinSpec>>(pins: impl IntoIterator<Item = P>) -> Builder<Self, Chorded> {
        let mut pins = pins.into_iter().map(Into::into);
        // Without a pin, `open` fails for the lack of a second one.
        let first = Pressable::new(pins.next().unwrap_or_else(|| PinSpec::from(0)));
        Builder::new(Chorded { first, others: pins.collect(), within: None })
    }

    /// Returns the buttons, in the order of the pins. Closing one closes the chord: the pins were opened together.
    pub fn buttons(&self) -> &[Button] {
        &self.buttons
    }

    /// Returns whether all buttons are pressed together.
    ///
    /// # Errors
    /// See [`Value::value`].
    pub fn is_pressed(&self) -> Result<bool> {
        self.running.look(|fingers| fingers.together.is_active() == Some(true))
    }

    /// Returns whether all buttons are pressed together, as [`is_pressed`](Self::is_pressed) does.
    ///
    /// # Errors
    /// See [`Value::value`].
    pub fn value(&self) -> Result<bool> {
        self.is_pressed()
    }

    /// Returns whether all buttons are pressed together, as [`is_pressed`](Self::is_pressed) does.
    ///
    /// # Errors
    /// See [`Value::value`].
    pub fn is_active(&self) -> Result<bool> {
        self.is_pressed()
    }

    /// Returns the values from now on, for another device to follow: whether all are pressed, whenever that changes. See [`Source`].
    pub fn values(&self) -> Source<bool> {
        changing(self, Self::value, |chord, notify| {
            let kinds = [EventKind::Pressed, EventKind::Released];
            kinds.map(|kind| chord.running.on(kind, notify.handler())).into()
        })
    }

    /// Returns whether all buttons have been pressed together for the hold time.
    ///
    /// # Errors
    /// See [`Value::value`].
    pub fn is_held(&self) -> Result<bool> {
        self.running.look(|fingers| fingers.is_held)
    }

    /// Returns how long all buttons have been pressed together; `None` if they are not.
    pub fn pressed_time(&self) -> Option<Duration> {
        let now = self.gpio().now();
        self.running.peek(|fingers| fingers.together.time(true, now)).flatten()
    }

    /// Calls `handler` when the last of the buttons is pressed; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_pressed<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.running.on(EventKind::Pressed, handler)
    }

    /// Calls `handler` when all buttons have been pressed together for the hold time, once for each chord; see
    /// [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_held<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.running.on(EventKind::Held, handler)
    }

    /// Calls `handler` when the first of the buttons is released; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_released<R: Outcome>(&self, handler: impl FnMut(Event) -> R + Send + 'static) -> Handler {
        self.running.on(EventKind::Released, handler)
    }

    /// Removes all handlers of the chord; those of the buttons stay.
    pub fn clear_handlers(&self) {
        self.running.clear_handlers();
    }

    /// Returns an iterator over all events of the chord from now on. The iterator ends when the device is closed.
    pub fn events(&self) -> Events {
        self.running.events()
    }

    /// Blocks until all buttons are pressed together; returns at once if they are.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed), also if the device is closed meanwhile; see also [`Value::value`].
    #[track_caller]
    pub fn wait_for_press(&self) -> Result<()> {
        self.running.wait_until(None, self.reaches(true)).map(drop)
    }

    /// Blocks until all buttons are pressed together, for at most `timeout`. Returns whether they were.
    ///
    /// # Errors
    /// See [`wait_for_press`](Self::wait_for_press).
    #[track_caller]
    pub fn wait_for_press_timeout(&self, timeout: Duration) -> Result<bool> {
        Ok(self.running.wait_until(Some(timeout), self.reaches(true))?.is_some())
    }

    /// Blocks until the buttons are not pressed together; returns at once if they are not.
    ///
    /// # Errors
    /// See [`wait_for_press`](Self::wait_for_press).
    #[track_caller]
    pub fn wait_for_release(&self) -> Result<()> {
        self.running.wait_until(None, self.reaches(false)).map(drop)
    }

    /// Blocks until the buttons are not pressed together, for at most `timeout`. Returns whether that was so.
    ///
    /// # Errors
    /// See [`wait_for_press`](Self::wait_for_press).
    #[track_caller]
    pub fn wait_for_release_timeout(&self, timeout: Duration) -> Result<bool> {
        Ok(self.running.wait_until(Some(timeout), self.reaches(false))?.is_some())
    }

    /// Waits until all buttons are pressed together; for `async` code, on any executor.
    ///
    /// # Errors
    /// See [`wait_for_press`](Self::wait_for_press).
    #[track_caller]
    pub fn pressed(&self) -> impl Future<Output = Result<()>> + Send + '_ {
        self.running.until(self.reaches(true))
    }

    /// Waits until all buttons have been pressed together for the hold time; for `async` code, on any executor.
    ///
    /// # Errors
    /// See [`wait_for_press`](Self::wait_for_press).
    #[track_caller]
    pub fn held(&self) -> impl Future<Output = Result<()>> + Send + '_ {
        self.running.until(|fingers| fingers.is_held.then_some(()))
    }

    /// Returns a closure that gives `Some` once the chord is in that state, or has been since this call.
    fn reaches(&self, pressed: bool) -> impl FnMut(&Fingers) -> Option<()> + Send + use<> {
        let before = self.running.peek(|fingers| fingers.together.count(pressed));
        move |fingers| fingers.together.has_reached(pressed, before).then_some(())
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

impl Open<Chorded> for Chord {
    const NAME: &'static str = "Chord";

    fn open(Chorded { first, others, within }: Chorded, site: &Site) -> Result<Self> {
        let Pressable { pulled, hold_time, double_click_time, .. } = first;
        if others.is_empty() {
            let message = "a chord has two buttons at least: give two pins or more";
            return Err(Error::new(ErrorKind::InvalidValue, message).with_device(site.device()));
        }
        let (inputs, active) = pulled.inputs(others, site)?;
        let inputs = inputs.pressed_and_released().hold(hold_time).clicks(double_click_time).open()?;
        let buttons: Vec<Button> = inputs.inputs().into_iter().map(Button::from_input).collect();
        let count = buttons.len();
        let running = site.machine().inputs(inputs).start(|now, levels| {
            let is_pressed = |line: usize| Level::from(levels >> line & 1 == 1) == active;
            let pressed = (0..count).map(|line| is_pressed(line).then_some(now)).collect();
            let mut fingers = Fingers {
                active,
                pressed,
                within,
                hold_time,
                together: Activity::default(),
                is_held: false,
                due: None,
                unreported: 0,
            };
            fingers.found(now);
            fingers
        })?;
        Ok(Chord { running, buttons })
    }
}

/// Follows which of the buttons are down.
#[derive(Debug)]
struct Fingers {
    active: Level,
    /// When each button was pressed; `None` while it is up.
    pressed: Vec<Option<Instant>>,
    within: Option<Duration>,
    hold_time: Duration,
    together: Activity,
    is_held: bool,
    /// When the chord will have been held.
    due: Option<Instant>,
    /// Edges lost since the last event.
    unreported: u32,
}

impl Fingers {
    /// Takes in the state at the opening: the hold time counts from then.
    fn found(&mut self, now: Instant) {
        let all = self.are_together();
        // The first state causes no event.
        self.together.set(all, now);
        self.due = all.then(|| now + self.hold_time);
    }

    fn are_together(&self) -> bool {
        let Some(times) = self.pressed.iter().copied().collect::<Option<Vec<Instant>>>() else {
            return false;
        };
        let (Some(first), Some(last)) = (times.iter().min(), times.iter().max()) else { return false };
        self.within.is_none_or(|within| last.since(*first) <= within)
    }
}

impl Machine for Fingers {
    type Event = Event;

    fn edge(
        &mut self,
        line: usize,
        Edge { at, level, missed }: Edge,
        effects: &mut Effects<'_, Event>,
    ) -> Result<()> {
        self.unreported = self.unreported.saturating_add(missed);
        self.pressed[line] = (level == self.active).then_some(at);
        let all = self.are_together();
        if let Some(mut event) = self.together.set(all, at) {
            event.kind = if all { EventKind::Pressed } else { EventKind::Released };
            event.missed = std::mem::take(&mut self.unreported);
            self.is_held = false;
            self.due = all.then(|| at + self.hold_time);
            effects.emit(event);
        }
        Ok(())
    }

    fn expire(&mut self, at: Instant, effects: &mut Effects<'_, Event>) -> Result<()> {
        (self.due, self.is_held) = (None, true);
        let mut event = Event::new(EventKind::Held, at);
        event.lasted = self.together.time(true, at).unwrap_or_default();
        effects.emit(event);
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        self.due
    }
}

impl Device for Chord {
    fn parts(&self) -> Vec<&dyn Device> {
        vec![&self.running]
    }
}

impl Value for Chord {
    type Value = bool;

    fn value(&self) -> Result<bool> {
        self.value()
    }

    fn values(&self) -> Source<bool> {
        self.values()
    }
}

impl fmt::Debug for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chord(")?;
        self.pins().iter().try_for_each(|pin| write!(f, "{pin}, "))?;
        let pressed = self.running.peek(|fingers| fingers.together.is_active() == Some(true));
        f.write_str(match pressed.filter(|_| !self.is_closed()) {
            Some(true) => "pressed)",
            Some(false) => "released)",
            None => "closed)",
        })
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pins: Vec<String> = self.pins().iter().map(Line::to_string).collect();
        write!(f, "Chord on {}", pins.join(" and "))
    }
}
