//! [`Relay`].

use std::time::Duration;

use pinzero_core::time::Instant;
use pinzero_core::{
    Device, Edge, Effects, Events, Follower, Gpio, Handler, Kinded, Level, Line, Machine, Outcome, Output,
    PinSpec, Result, Running, SetValue, Source, Switch, Value,
};

use super::Driven;
use crate::time::secs;
use crate::{Builder, Open, Site};

/// A relay, whose contact switches the current of a lamp, a pump, a boiler.
///
/// "On" means that current flows through the contact that is used: the normally open one, or with
/// [`normally_closed`](Builder::normally_closed) the other. Many relay boards switch when their pin is low:
/// [`active_high(false)`](Builder::active_high).
///
/// The relay does not click when it is opened: the pin has its first level from the first instant, and with
/// [`initial_value(None)`](Builder::initial_value) keeps the level that is there. With a minimum on or off time, a request that comes too
/// early waits, and the newest request counts. If its write fails then, the error goes to [`Gpio::on_error`](crate::Gpio::on_error),
/// and the relay tries again every second.
///
/// After the program ends, the pin is what [`on_close`](Builder::on_close) says; by default the state in which it was found, which
/// usually means that the coil is off: then a normally closed contact carries current. This holds for a return, a panic, Ctrl-C and
/// SIGTERM; after SIGKILL the pin is what the kernel makes of it, and after a power cut what the board does. Minimum times end with the
/// program.
///
/// Clones share one device; dropping the last clone closes it.
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let compressor = Relay::builder(17).active_high(false).min_off_time(secs(180)).gpio(&gpio).open()?;
/// compressor.on()?; // too early: it may have run before
/// assert_eq!(compressor.pending()?, Some((true, secs(180))));
/// compressor.wait()?;
/// assert!(compressor.is_active()?);
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct Relay {
    running: Running<Contact>,
    output: Output,
    /// The level at which current flows.
    active: Level,
}

/// An event of a [`Relay`]: the contact was switched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Switched {
    /// The time of the switch.
    pub at: Instant,
    /// Whether current flows now.
    pub on: bool,
    /// The number of events lost before this one.
    pub missed: u32,
}

/// All events have one kind.
impl Kinded for Switched {
    type Kind = ();

    fn kind(&self) {}

    fn bit((): ()) -> u32 {
        0
    }

    fn name((): ()) -> &'static str {
        "switched"
    }

    fn missed(&mut self) -> &mut u32 {
        &mut self.missed
    }
}

/// The options of a [`Relay`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Contacts {
    /// The pin and its active level, which pulls the armature.
    pub driven: Driven,
    /// The first value; `None` adopts the level found. Default: off.
    pub initial: Option<bool>,
    /// Whether the normally closed contact is used. Default: `false`.
    pub normally_closed: bool,
    /// How long the relay stays on at least.
    pub min_on_time: Duration,
    /// How long the relay stays off at least.
    pub min_off_time: Duration,
}

impl AsMut<Driven> for Contacts {
    fn as_mut(&mut self) -> &mut Driven {
        &mut self.driven
    }
}

/// Options of a relay.
impl<D: Open<Contacts>> Builder<D, Contacts> {
    /// Sets whether current flows from the first instant. `None` keeps the level that is on the pin already. Default: `false`.
    pub fn initial_value(mut self, on: impl Into<Option<bool>>) -> Self {
        self.options.initial = on.into();
        self
    }

    /// Sets whether the load hangs on the normally closed contact, which carries current while the coil is off. Default: `false`.
    pub fn normally_closed(mut self, normally_closed: bool) -> Self {
        self.options.normally_closed = normally_closed;
        self
    }

    /// Sets how long the relay stays on at least, also from the opening on. Default: zero.
    pub fn min_on_time(mut self, time: Duration) -> Self {
        self.options.min_on_time = time;
        self
    }

    /// Sets how long the relay stays off at least, also from the opening on: a compressor needs minutes. Default: zero.
    pub fn min_off_time(mut self, time: Duration) -> Self {
        self.options.min_off_time = time;
        self
    }
}

impl Relay {
    /// Opens the relay on `pin` of the default factory: active when high, its normally open contact, off.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new(pin: impl Into<PinSpec>) -> Result<Self> {
        Relay::builder(pin).open()
    }

    /// Returns a builder for a relay with other options.
    pub fn builder(pin: impl Into<PinSpec>) -> Builder<Self, Contacts> {
        Builder::new(Contacts {
            driven: Driven::new(pin),
            initial: Some(false),
            normally_closed: false,
            min_on_time: Duration::ZERO,
            min_off_time: Duration::ZERO,
        })
    }

    /// Turns the relay on, now or as soon as the minimum off time is over.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn on(&self) -> Result<()> {
        self.set_value(true)
    }

    /// Turns the relay off, now or as soon as the minimum on time is over.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn off(&self) -> Result<()> {
        self.set_value(false)
    }

    /// Requests the opposite of the newest request, whether that has been carried out or waits.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn toggle(&self) -> Result<()> {
        self.running.change(|contact, effects| {
            let wanted = !contact.wanted.unwrap_or(contact.on);
            contact.request(wanted, effects)
        })
    }

    /// Turns the relay on or off, as [`on`](Self::on) and [`off`](Self::off) do.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn set_value(&self, on: bool) -> Result<()> {
        self.running.change(|contact, effects| contact.request(on, effects))
    }

    /// Returns whether current flows, whatever request waits. Reads the pin, so a short circuit shows.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn is_active(&self) -> Result<bool> {
        Ok(self.output.level()? == self.active)
    }

    /// Returns whether current flows, as [`is_active`](Self::is_active) does.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn value(&self) -> Result<bool> {
        self.is_active()
    }

    /// Returns the request that waits for a minimum time, and how long it still waits; `None` if none does.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed).
    pub fn pending(&self) -> Result<Option<(bool, Duration)>> {
        let now = self.gpio().now();
        self.running.look(|contact| Some((contact.wanted?, contact.due().since(now))))
    }

    /// Blocks until no request waits; returns at once if none does.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed), also if the device is closed meanwhile.
    #[track_caller]
    pub fn wait(&self) -> Result<()> {
        self.running.wait_until(None, Contact::is_settled).map(drop)
    }

    /// Blocks until no request waits, for at most `timeout`. Returns whether that was so.
    ///
    /// # Errors
    /// See [`wait`](Self::wait).
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> Result<bool> {
        Ok(self.running.wait_until(Some(timeout), Contact::is_settled)?.is_some())
    }

    /// Waits until no request waits; for `async` code, on any executor.
    ///
    /// # Errors
    /// See [`wait`](Self::wait).
    #[track_caller]
    pub fn settled(&self) -> impl Future<Output = Result<()>> + Send + '_ {
        self.running.until(Contact::is_settled)
    }

    /// Calls `handler` whenever the relay is switched; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_switched<R: Outcome>(&self, handler: impl FnMut(Switched) -> R + Send + 'static) -> Handler {
        self.running.on((), handler)
    }

    /// Removes all handlers.
    pub fn clear_handlers(&self) {
        self.running.clear_handlers();
    }

    /// Returns an iterator over all events from now on. The iterator ends when the device is closed.
    pub fn events(&self) -> Events<Switched> {
        self.running.events()
    }

    /// Returns the line that the device is on.
    pub fn pin(&self) -> Line {
        // A relay has a line.
        self.running.lines().first().copied().unwrap_or(Line(0))
    }

    /// Returns the factory that opened the pin.
    pub fn gpio(&self) -> &Gpio {
        self.running.gpio()
    }

    /// Returns whether the device is closed.
    pub fn is_closed(&self) -> bool {
        self.running.is_closed()
    }

    /// Closes the device and all its clones, and gives the pin back. A request that waits is dropped. Idempotent, from any thread.
    ///
    /// # Errors
    /// See [`Device::close`].
    pub fn close(&self) -> Result<()> {
        self.running.close()
    }

    /// Returns the values from now on, for another device to follow: the value last set, read every 10 ms. See [`Source`].
    pub fn values(&self) -> Source<bool> {
        Source::of(self)
    }

    /// Follows a source in the background, until the source ends or something else is set. See [`Follower`].
    ///
    /// # Errors
    /// See [`SetValue::follow`].
    pub fn follow(&self, source: impl Into<Source<bool>>) -> Result<Follower> {
        self.running.follow(source.into(), Contact::request)
    }

    fn state(&self) -> &'static str {
        match self.running.peek(|contact| contact.on) {
            Some(true) => "on",
            _ => "off",
        }
    }
}

impl Open<Contacts> for Relay {
    const NAME: &'static str = "Relay";

    fn open(options: Contacts, site: &Site) -> Result<Self> {
        let Contacts { driven, initial, normally_closed, min_on_time, min_off_time } = options;
        // The level at which current flows.
        let active = if normally_closed { !driven.active } else { driven.active };
        let builder = site.output(driven.pin);
        let builder = match initial {
            Some(on) => builder.initial(if on { active } else { !active }),
            None => builder.adopt(),
        };
        let output = builder.open()?;
        let on = output.last() == active;
        let running = site.machine().output(output.clone()).start(|now, _| Contact {
            active,
            on,
            since: now,
            wanted: None,
            retry: now,
            min_on_time,
            min_off_time,
        })?;
        Ok(Relay { running, output, active })
    }
}

/// How long a request waits for the next try after an error.
const RETRY: Duration = secs(1);

/// Switches a contact, and respects its minimum times.
#[derive(Debug)]
struct Contact {
    /// The level at which current flows.
    active: Level,
    on: bool,
    since: Instant,
    /// The request that waits.
    wanted: Option<bool>,
    /// Not before this, after an error.
    retry: Instant,
    min_on_time: Duration,
    min_off_time: Duration,
}

impl Contact {
    /// Returns when the contact may be switched.
    fn free(&self) -> Instant {
        self.since + if self.on { self.min_on_time } else { self.min_off_time }
    }

    /// Returns when a request that waits is carried out.
    fn due(&self) -> Instant {
        self.free().max(self.retry)
    }

    fn is_settled(&self) -> Option<()> {
        self.wanted.is_none().then_some(())
    }

    fn request(&mut self, on: bool, effects: &mut Effects<'_, Switched>) -> Result<()> {
        if on == self.on {
            self.wanted = None;
            effects.ring();
            // Written again, as to every output: a short circuit may have passed.
            return effects.write(1, self.level(on));
        }
        if effects.now() < self.free() {
            self.wanted = Some(on);
            return Ok(());
        }
        self.switch(on, effects.now(), effects)
    }

    fn switch(&mut self, on: bool, at: Instant, effects: &mut Effects<'_, Switched>) -> Result<()> {
        effects.write(1, self.level(on))?;
        effects.ring();
        (self.on, self.since, self.wanted) = (on, at, None);
        effects.emit(Switched { at, on, missed: 0 });
        Ok(())
    }

    fn level(&self, on: bool) -> u64 {
        u64::from((self.active == Level::High) == on)
    }
}

impl Machine for Contact {
    type Event = Switched;

    fn edge(&mut self, _: usize, _: Edge, _: &mut Effects<'_, Switched>) -> Result<()> {
        Ok(())
    }

    fn expire(&mut self, _: Instant, effects: &mut Effects<'_, Switched>) -> Result<()> {
        match self.wanted {
            Some(on) => self.switch(on, effects.now(), effects).inspect_err(|_| {
                self.retry = effects.now() + RETRY;
            }),
            None => Ok(()),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.wanted.map(|_| self.due())
    }
}

impl Device for Relay {
    fn parts(&self) -> Vec<&dyn Device> {
        vec![&self.running]
    }
}

impl Switch for Relay {
    fn set_active(&self, on: bool) -> Result<()> {
        self.set_value(on)
    }

    fn is_active(&self) -> Result<bool> {
        self.is_active()
    }

    fn toggle(&self) -> Result<()> {
        self.toggle()
    }
}

impl Value for Relay {
    type Value = bool;

    fn value(&self) -> Result<bool> {
        self.value()
    }

    fn values(&self) -> Source<bool> {
        self.values()
    }
}

impl SetValue for Relay {
    fn set_value(&self, on: bool) -> Result<()> {
        self.set_value(on)
    }

    fn follow_source(&self, source: Source<bool>) -> Result<Follower> {
        self.follow(source)
    }
}

crate::device::one_line!(Relay);
