//! [`Keypad`].

use std::fmt;
use std::time::Duration;

use pinzero_core::{
    Bias, Device, Drive, Error, ErrorKind, Events, Gpio, Handler, Host, Level, Line, Outcome, PinSpec,
    Result, Running, Source, Support, Value,
};

use super::matrix::{Key, KeyEvent, KeyKind, Matrix, Settings};
use crate::device::changing;
use crate::time::{ms, secs, us};
use crate::{Builder, Open, Site};

/// A matrix of keys, each between a row and a column: the usual keypads of 3 x 4 and 4 x 4 keys.
///
/// No key is asked for while all are up: the rows are low, the columns are pulled up, and an edge of a column starts a scan. As long as a
/// key is down, the rows are scanned one by one, every 10 ms. Only the scanned row is driven, so keys that are pressed together never
/// connect two drivers.
///
/// Most keypads have no diodes. Then three keys on the corners of a rectangle look like four, and nobody can tell which is not pressed.
/// The keypad reports such keys as [ghosts](Self::when_ghost), and not as pressed; keys that were pressed before stay so.
///
/// Clones are handles of the same device, and dropping the last one closes the device.
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let matrix = gpio.keypad([5, 6, 13, 19], [16, 20, 21]);
/// let keypad = Keypad::builder([5, 6, 13, 19], [16, 20, 21]).keys(["123", "456", "789", "*0#"]).gpio(&gpio).open()?;
/// keypad.when_pressed(|event| println!("{}", event.key));
/// matrix.press(3, 2);
/// assert_eq!(keypad.wait_for_key()?.label, Some('#'));
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct Keypad {
    running: Running<Matrix>,
    rows: usize,
}

/// The options of a [`Keypad`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Keys {
    /// The pins of the rows.
    pub rows: Vec<PinSpec>,
    /// The pins of the columns.
    pub columns: Vec<PinSpec>,
    /// The labels, a string for each row; empty without labels.
    pub labels: Vec<String>,
    /// How long a contact must be steady before a change counts.
    pub bounce_time: Duration,
    /// How long a press must last to be a hold.
    pub hold_time: Duration,
    /// How long the columns take to follow a row; `None` for the usual time.
    pub settle_time: Option<Duration>,
}

/// Options of a keypad.
impl<D: Open<Keys>> Builder<D, Keys> {
    /// Sets the labels: a string for each row, with a character for each key. Default: none.
    pub fn keys<S: Into<String>>(mut self, labels: impl IntoIterator<Item = S>) -> Self {
        self.options.labels = labels.into_iter().map(Into::into).collect();
        self
    }

    /// Sets how long a contact must be steady before a change counts. Default: 10 ms.
    pub fn bounce_time(mut self, time: Duration) -> Self {
        self.options.bounce_time = time;
        self
    }

    /// Sets how long a press must last to be a hold. Default: 1 second.
    pub fn hold_time(mut self, time: Duration) -> Self {
        self.options.hold_time = time;
        self
    }

    /// Sets how long the columns are given to follow a row: 20 µs or longer. Default: 200 µs; 20 ms over a network, from which the edges
    /// come late (a busy or slow network needs more), and 12 ms on a factory whose edges are polled.
    pub fn settle_time(mut self, time: Duration) -> Self {
        self.options.settle_time = Some(time);
        self
    }
}

impl Keypad {
    /// Opens the keypad on these pins of the default factory. The keys have no labels.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) for no row or column, or more than 32; see also [`Builder::open`].
    #[track_caller]
    pub fn new<R, C>(rows: R, columns: C) -> Result<Self>
    where
        R: IntoIterator<Item: Into<PinSpec>>,
        C: IntoIterator<Item: Into<PinSpec>>,
    {
        Self::builder(rows, columns).open()
    }

    /// Returns a builder for a keypad with other options.
    pub fn builder<R, C>(rows: R, columns: C) -> Builder<Self, Keys>
    where
        R: IntoIterator<Item: Into<PinSpec>>,
        C: IntoIterator<Item: Into<PinSpec>>,
    {
        Builder::new(Keys {
            rows: rows.into_iter().map(Into::into).collect(),
            columns: columns.into_iter().map(Into::into).collect(),
            labels: Vec::new(),
            bounce_time: ms(10),
            hold_time: secs(1),
            settle_time: None,
        })
    }

    /// Returns the keys that are pressed, row by row.
    ///
    /// # Errors
    /// See [`Value::value`].
    pub fn pressed(&self) -> Result<Vec<Key>> {
        self.running.look(Matrix::pressed)
    }

    /// Returns the keys that are pressed, as [`pressed`](Self::pressed) does.
    ///
    /// # Errors
    /// See [`Value::value`].
    pub fn value(&self) -> Result<Vec<Key>> {
        self.pressed()
    }

    /// Returns the values from now on, for another device to follow: the pressed keys, whenever they change. See [`Source`].
    pub fn values(&self) -> Source<Vec<Key>> {
        changing(self, Self::value, |keypad, notify| {
            let kinds = [KeyKind::Pressed, KeyKind::Released];
            kinds.map(|kind| keypad.running.on(kind, notify.handler())).into()
        })
    }

    /// Returns whether any key is pressed.
    ///
    /// # Errors
    /// See [`Value::value`].
    pub fn is_active(&self) -> Result<bool> {
        Ok(!self.pressed()?.is_empty())
    }

    /// Returns whether the key with this label is pressed.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if no key has this label; see also [`Value::value`].
    pub fn is_pressed(&self, label: char) -> Result<bool> {
        if !self.running.look(|matrix| matrix.has_label(label))? {
            let message = format!("no key has the label {label:?}: give one of those that `keys` sets");
            return Err(Error::new(ErrorKind::InvalidValue, message).with_device(Self::NAME));
        }
        Ok(self.pressed()?.iter().any(|key| key.label == Some(label)))
    }

    /// Calls `handler` at each press; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_pressed<R: Outcome>(&self, handler: impl FnMut(KeyEvent) -> R + Send + 'static) -> Handler {
        self.running.on(KeyKind::Pressed, handler)
    }

    /// Calls `handler` at each release; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_released<R: Outcome>(&self, handler: impl FnMut(KeyEvent) -> R + Send + 'static) -> Handler {
        self.running.on(KeyKind::Released, handler)
    }

    /// Calls `handler` when a key has been pressed for the hold time, once for each press; see
    /// [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_held<R: Outcome>(&self, handler: impl FnMut(KeyEvent) -> R + Send + 'static) -> Handler {
        self.running.on(KeyKind::Held, handler)
    }

    /// Calls `handler` for each key that cannot be told from a ghost; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_ghost<R: Outcome>(&self, handler: impl FnMut(KeyEvent) -> R + Send + 'static) -> Handler {
        self.running.on(KeyKind::Ghost, handler)
    }

    /// Removes all handlers.
    pub fn clear_handlers(&self) {
        self.running.clear_handlers();
    }

    /// Returns an iterator over all events from now on. The iterator ends when the device is closed.
    pub fn events(&self) -> Events<KeyEvent> {
        self.running.events()
    }

    /// Blocks until the next press, and returns its key.
    ///
    /// A press between two calls is missed. To see all, take one [`events`](Self::events).
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed), also if the device is closed meanwhile; see also [`Value::value`].
    #[track_caller]
    pub fn wait_for_key(&self) -> Result<Key> {
        self.pressed()?;
        let mut events = self.events();
        loop {
            match events.next() {
                Some(event) if event.kind == KeyKind::Pressed => return Ok(event.key),
                Some(_) => {}
                None => return self.closed(),
            }
        }
    }

    /// Blocks until the next press, for at most `timeout`. Returns its key, or `None` if there was no press.
    ///
    /// # Errors
    /// See [`wait_for_key`](Self::wait_for_key).
    #[track_caller]
    pub fn wait_for_key_timeout(&self, timeout: Duration) -> Result<Option<Key>> {
        self.pressed()?;
        let mut events = self.events();
        let end = self.gpio().now() + timeout;
        loop {
            match events.next_timeout(end.since(self.gpio().now())) {
                Some(event) if event.kind == KeyKind::Pressed => return Ok(Some(event.key)),
                Some(_) => {}
                None if self.is_closed() => return self.closed(),
                None => return Ok(None),
            }
        }
    }

    /// Waits for the next press, and returns its key; for `async` code, on any executor.
    ///
    /// A press between two calls is missed. To see all, take one [`events`](Self::events) and its [`next_async`](Events::next_async).
    ///
    /// # Errors
    /// See [`wait_for_key`](Self::wait_for_key).
    #[track_caller]
    pub fn next_key(&self) -> impl Future<Output = Result<Key>> + Send + '_ {
        // Here and not in the future: what happens before its first poll counts.
        let mut events = self.events();
        async move {
            loop {
                match events.next_async().await {
                    Some(event) if event.kind == KeyKind::Pressed => return Ok(event.key),
                    Some(_) => {}
                    None => return self.closed(),
                }
            }
        }
    }

    /// Returns the error by which the device ended.
    fn closed<T>(&self) -> Result<T> {
        self.pressed()?;
        Err(Error::new(ErrorKind::Closed, "the device is closed"))
    }

    /// Returns the lines of the rows.
    pub fn rows(&self) -> Vec<Line> {
        let lines = self.running.lines();
        lines[lines.len() - self.rows..].to_vec()
    }

    /// Returns the lines of the columns.
    pub fn columns(&self) -> Vec<Line> {
        let lines = self.running.lines();
        lines[..lines.len() - self.rows].to_vec()
    }

    /// Returns the factory that opened the pins.
    pub fn gpio(&self) -> &Gpio {
        self.running.gpio()
    }

    /// Returns whether the device is closed.
    pub fn is_closed(&self) -> bool {
        self.running.is_closed()
    }

    /// Closes the device and all its clones, and gives the pins back. Idempotent, from any thread.
    ///
    /// # Errors
    /// See [`Device::close`].
    pub fn close(&self) -> Result<()> {
        self.running.close()
    }
}

/// The most rows, and the most columns.
const MOST: usize = 32;

impl Keys {
    /// Returns a label that two keys have.
    fn label_twice(&self) -> Option<char> {
        let labels: Vec<char> = self.labels.iter().flat_map(|row| row.chars()).collect();
        labels
            .iter()
            .enumerate()
            .find(|(index, label)| labels[..*index].contains(label))
            .map(|(_, label)| *label)
    }

    fn check(&self) -> Result<()> {
        let (rows, columns) = (self.rows.len(), self.columns.len());
        let is_fine = |count: usize| (1..=MOST).contains(&count);
        let message = if !is_fine(rows) || !is_fine(columns) {
            format!("{rows} rows and {columns} columns: give 1 to {MOST} of each")
        } else if !self.labels.is_empty()
            && (self.labels.len() != rows || self.labels.iter().any(|row| row.chars().count() != columns))
        {
            format!("the labels do not fit: give {rows} strings of {columns} characters")
        } else if let Some(twice) = self.label_twice() {
            format!("two keys have the label {twice:?}: give each a label of its own")
        } else if self.settle_time.is_some_and(|time| time < us(20)) {
            "the settle_time is too short for a pull-up: give 20 µs or longer".to_owned()
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::InvalidValue, message))
    }
}

impl Open<Keys> for Keypad {
    const NAME: &'static str = "Keypad";

    fn open(options: Keys, site: &Site) -> Result<Self> {
        options.check().map_err(|error| error.with_device(site.device()))?;
        let rows = options.rows.iter().map(|pin| ("a row", pin));
        let roles: Vec<_> = rows.chain(options.columns.iter().map(|pin| ("a column", pin))).collect();
        site.check_distinct(&roles)?;
        let is_remote = matches!(site.gpio().host(), Host::Remote(_));
        let usual = match site.gpio().capabilities().edges {
            _ if is_remote => ms(20),
            Support::Native => us(200),
            _ => ms(12),
        };
        let settings = Settings {
            rows: options.rows.len(),
            columns: options.columns.len(),
            labels: options.labels.iter().flat_map(|row| row.chars()).collect(),
            bounce_time: options.bounce_time,
            hold_time: options.hold_time,
            settle: options.settle_time.unwrap_or(usual),
        };
        let columns = site.inputs(options.columns).bias(Bias::PullUp).active(Level::Low).open()?;
        let mut machine = site.machine().inputs(columns);
        for row in options.rows {
            machine = machine.flex(site.flex(row).start(Drive::Output(Level::Low)).open()?);
        }
        let rows = settings.rows;
        let running = machine.start(|now, levels| Matrix::new(settings, levels, now))?;
        Ok(Keypad { running, rows })
    }
}

impl Device for Keypad {
    fn parts(&self) -> Vec<&dyn Device> {
        vec![&self.running]
    }
}

impl Value for Keypad {
    type Value = Vec<Key>;

    fn value(&self) -> Result<Vec<Key>> {
        self.value()
    }

    fn values(&self) -> Source<Vec<Key>> {
        self.values()
    }
}

impl fmt::Debug for Keypad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, columns) = (self.rows, self.columns().len());
        write!(f, "Keypad({rows} x {columns} keys, ")?;
        match self.running.peek(Matrix::pressed).filter(|_| !self.is_closed()) {
            None => f.write_str("closed)"),
            Some(pressed) if pressed.is_empty() => f.write_str("none pressed)"),
            Some(pressed) => {
                let pressed: Vec<String> = pressed.iter().map(Key::to_string).collect();
                write!(f, "{} pressed)", pressed.join(" "))
            }
        }
    }
}

impl fmt::Display for Keypad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<String> = self.rows().iter().map(Line::to_string).collect();
        write!(f, "Keypad on {}", rows.join(", "))
    }
}
