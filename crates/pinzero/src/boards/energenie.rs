//! [`Energenie`]: sockets for mains, switched by radio.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use pinzero_core::time::Instant;
use pinzero_core::{
    Condvar, Device, Edge, Effects, Error, ErrorKind, Event, Follower, Gpio, Line, Machine, Result, Running,
    SetValue, Source, Switch, Value,
};

use crate::time::ms;
use crate::{Builder, Open, Site};

/// A socket for mains that an Energenie Pi-mote board switches by radio: one of four.
///
/// ```
/// use pinzero::prelude::*;
///
/// # let gpio = pinzero::mock::gpio();
/// # pinzero::set_default(&gpio);
/// let lamp = Energenie::new(1)?;
/// lamp.on()?;
/// lamp.wait_until_sent()?;
/// # assert_eq!(gpio.elapsed(), ms(700)); // off at the start, then on
/// # Ok::<(), pinzero::Error>(())
/// ```
///
/// The board has one transmitter, on the header pins 11, 13, 15, 16, 18 and 22. All sockets of a factory share it, and the last socket to be
/// closed gives the pins back. A command takes 0.35 s: the board gets the code, 0.1 s later the transmitter goes on, and 0.25 s later off.
///
/// [`on`](Self::on) and the other commands return at once, and the commands are sent one after the other in the background; gpiozero blocks
/// instead. A command that still waits gives way to a later one for the same socket: only the last state counts, and the sockets
/// never lag behind by more than four commands. [`wait_until_sent`](Self::wait_until_sent) waits for the end.
///
/// The sockets do not answer: [`value`](Self::value) is the last command, whether or not the socket heard it.
///
/// Clones share one device. Dropping the last clone closes it, and first waits until its commands are sent. On a virtual clock, a drop
/// moves no time and gives up the commands that wait; [`close`](Self::close) waits there too.
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct Energenie(Arc<Handle>);

/// The options of an [`Energenie`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Socket {
    /// The number of the socket, from 1 to 4.
    pub number: u32,
    /// The command that is sent at the opening, if any. Default: off.
    pub initial: Option<bool>,
}

impl Socket {
    /// Returns the default options of the socket with this number, from 1 to 4.
    pub fn new(number: u32) -> Self {
        Socket { number, initial: Some(false) }
    }
}

/// Options of sockets.
impl<D: Open<Socket>> Builder<D, Socket> {
    /// Sets the command that is sent at the opening. `None` sends none, and leaves the socket as it is. Default: `false`.
    pub fn initial_value(mut self, on: impl Into<Option<bool>>) -> Self {
        self.options.initial = on.into();
        self
    }
}

#[derive(Debug)]
struct Handle {
    socket: u32,
    radio: Running<Radio>,
    board: Arc<Board>,
    is_closed: AtomicBool,
}

impl Energenie {
    /// Opens the socket with this number, from 1 to 4, on the default factory, and switches it off.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) for another number; see also [`Builder::open`].
    #[track_caller]
    pub fn new(socket: u32) -> Result<Self> {
        Energenie::builder(socket).open()
    }

    /// Returns a builder for a socket with other options.
    pub fn builder(socket: u32) -> Builder<Self, Socket> {
        Builder::new(Socket::new(socket))
    }

    /// Switches the socket on. Returns at once; the command is sent in the background.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn on(&self) -> Result<()> {
        self.command(|_| true)
    }

    /// Switches the socket off. Returns at once; the command is sent in the background.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn off(&self) -> Result<()> {
        self.command(|_| false)
    }

    /// Switches the socket to the other state; on, if there was no command yet.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn toggle(&self) -> Result<()> {
        self.command(|last| last != Some(true))
    }

    /// Switches the socket on or off, as [`on`](Self::on) and [`off`](Self::off) do.
    ///
    /// # Errors
    /// See [`Switch`].
    pub fn set_value(&self, on: bool) -> Result<()> {
        self.command(|_| on)
    }

    /// Returns whether the last command for this socket was "on"; `false` if there was none.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn value(&self) -> Result<bool> {
        Ok(self.last_command()? == Some(true))
    }

    /// Returns whether the last command for this socket was "on", as [`value`](Self::value) does.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn is_active(&self) -> Result<bool> {
        self.value()
    }

    /// Returns the last command for this socket; `None` if there was none since the board was opened.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed).
    pub fn last_command(&self) -> Result<Option<bool>> {
        self.check_open()?;
        self.0.radio.look(|radio| radio.last[self.0.index()])
    }

    /// Returns the values from now on, for another device to follow: the last command, read every 10 ms. See [`Source`].
    pub fn values(&self) -> Source<bool> {
        Source::of(self)
    }

    /// Follows a source in the background, until the source ends. The follower keeps the socket open, and a command of yours lasts until the
    /// next value. See [`Source::drive`].
    ///
    /// A source that changes fast is no harm: of the commands that wait, only the last one is sent.
    ///
    /// # Errors
    /// See [`SetValue::follow`].
    pub fn follow(&self, source: impl Into<Source<bool>>) -> Result<Follower> {
        source.into().drive(self)
    }

    /// Returns the number of the socket, from 1 to 4.
    #[must_use]
    pub fn socket(&self) -> u32 {
        self.0.socket
    }

    /// Blocks until all commands for this socket have been sent; returns at once if they have.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed), also if the pins are closed meanwhile.
    #[track_caller]
    pub fn wait_until_sent(&self) -> Result<()> {
        self.check_open()?;
        self.0.wait_until_sent()
    }

    /// Waits until all commands for this socket have been sent; for `async` code, on any executor.
    ///
    /// # Errors
    /// See [`wait_until_sent`](Self::wait_until_sent).
    #[track_caller]
    pub fn sent(&self) -> impl Future<Output = Result<()>> + Send + '_ {
        let index = self.0.index();
        self.0.radio.until(move |radio| radio.is_sent(index).then_some(()))
    }

    /// Returns the lines of the board, which all sockets share.
    pub fn pins(&self) -> Vec<Line> {
        self.0.radio.lines()
    }

    /// Returns the factory that opened the pins.
    pub fn gpio(&self) -> &Gpio {
        self.0.radio.gpio()
    }

    /// Returns whether the device is closed.
    pub fn is_closed(&self) -> bool {
        self.check_open().is_err()
    }

    /// Waits until the commands for this socket have been sent, and closes the device and all its clones. The last socket of the factory
    /// gives the pins back. Idempotent, from any thread.
    ///
    /// # Errors
    /// See [`Device::close`].
    pub fn close(&self) -> Result<()> {
        self.0.close(true)
    }

    fn command(&self, choose: impl FnOnce(Option<bool>) -> bool) -> Result<()> {
        self.check_open()?;
        let index = self.0.index();
        self.0.radio.change(|radio, effects| radio.command(index, choose(radio.last[index]), effects))
    }

    fn check_open(&self) -> Result<()> {
        if self.0.is_closed.load(Ordering::Acquire) {
            return Err(Error::closed().with_device("Energenie"));
        }
        self.0.radio.look(|_| ())
    }
}

impl Handle {
    fn index(&self) -> usize {
        // `open` has checked that the number is one of 1 to 4.
        self.socket as usize - 1
    }

    #[track_caller]
    fn wait_until_sent(&self) -> Result<()> {
        let index = self.index();
        self.radio.wait_until(None, |radio| radio.is_sent(index).then_some(())).map(drop)
    }

    fn close(&self, waits: bool) -> Result<()> {
        if self.radio.gpio().home().is_elsewhere() || self.is_closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let sent = match waits && !self.radio.is_closed() {
            true => self.wait_until_sent(),
            false => Ok(()),
        };
        let left = self.board.leave();
        // Closed meanwhile: nothing is left to be sent.
        sent.or_else(|error| if error.kind() == ErrorKind::Closed { Ok(()) } else { Err(error) }).and(left)
    }
}

// A panic elsewhere leaves no socket half changed: its state is written under locks that do not poison.
impl UnwindSafe for Energenie {}
impl RefUnwindSafe for Energenie {}

impl Drop for Handle {
    fn drop(&mut self) {
        // A drop must not move a virtual clock, nor panic there if another thread should move it.
        let waits = self.radio.gpio().is_realtime() && !std::thread::panicking();
        if let Err(error) = self.close(waits) {
            pinzero_core::warn_user(&format!("the commands for a socket were not sent: {error}"));
        }
    }
}

impl Open<Socket> for Energenie {
    const NAME: &'static str = "Energenie";

    fn open(Socket { number, initial }: Socket, site: &Site) -> Result<Self> {
        if !(1..=4).contains(&number) {
            let message = format!("there is no socket {number}: give 1 to 4");
            return Err(Error::new(ErrorKind::InvalidValue, message).with_device(site.device()));
        }
        let board = site.gpio().common::<Board>();
        let radio = board.join(site)?;
        let socket = Energenie(Arc::new(Handle { socket: number, radio, board, is_closed: false.into() }));
        if let Some(on) = initial {
            socket.set_value(on)?;
        }
        Ok(socket)
    }
}

/// The board of a factory, as its sockets share it.
#[derive(Debug, Default)]
struct Board {
    shared: Mutex<Shared>,
    /// Notified when the pins have been opened or closed.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Shared {
    radio: Option<Running<Radio>>,
    users: usize,
    /// Whether a thread opens or closes the pins, without the lock.
    is_busy: bool,
}

impl Board {
    /// Returns the radio for one more user. Opens the pins for the first.
    #[track_caller]
    fn join(&self, site: &Site) -> Result<Running<Radio>> {
        site.gpio().home().check()?;
        let mut shared = self.turn();
        if let Some(radio) = shared.radio.clone().filter(|radio| !radio.is_closed()) {
            shared.users += 1;
            return Ok(radio);
        }
        shared.is_busy = true;
        drop(shared);
        let opened = Radio::open(site);
        let mut shared = self.end_turn();
        let radio = opened?;
        shared.radio = Some(radio.clone());
        shared.users += 1;
        Ok(radio)
    }

    /// Gives up one use. The last one closes the pins.
    fn leave(&self) -> Result<()> {
        let mut shared = self.turn();
        shared.users -= 1;
        if shared.users > 0 {
            return Ok(());
        }
        let Some(radio) = shared.radio.take() else { return Ok(()) };
        shared.is_busy = true;
        drop(shared);
        let closed = radio.close();
        drop(self.end_turn());
        closed
    }

    fn turn(&self) -> MutexGuard<'_, Shared> {
        let mut shared = self.shared.lock();
        while shared.is_busy {
            self.changed.wait(&mut shared);
        }
        shared
    }

    fn end_turn(&self) -> MutexGuard<'_, Shared> {
        let mut shared = self.shared.lock();
        shared.is_busy = false;
        self.changed.notify_all();
        shared
    }
}

/// The bits of the code, from the lowest, the mode of the transmitter, and its enable pin.
const PINS: [&str; 6] = ["BOARD11", "BOARD15", "BOARD16", "BOARD13", "BOARD18", "BOARD22"];
const CODE: u64 = 0b1111;
const ENABLE: u64 = 1 << 5;

/// How long the encoder gets for a new code.
const SETTLE: Duration = ms(100);
/// How long the transmitter repeats the code.
const SEND: Duration = ms(250);

/// The transmitter, and the commands that wait for it.
#[derive(Debug, Default)]
struct Radio {
    /// Sockets, counted from 0, and their states.
    waiting: VecDeque<(usize, bool)>,
    /// The socket whose command is being sent.
    current: Option<usize>,
    is_enabled: bool,
    due: Option<Instant>,
    last: [Option<bool>; 4],
}

impl Radio {
    #[track_caller]
    fn open(site: &Site) -> Result<Running<Radio>> {
        let outputs = site.group(PINS).open()?;
        site.machine().outputs(outputs).start(|_, _| Radio::default())
    }

    fn is_sent(&self, socket: usize) -> bool {
        self.current != Some(socket) && self.waiting.iter().all(|(other, _)| *other != socket)
    }

    fn command(&mut self, socket: usize, on: bool, effects: &mut Effects<'_, Event>) -> Result<()> {
        self.last[socket] = Some(on);
        match self.waiting.iter_mut().find(|(other, _)| *other == socket) {
            Some((_, state)) => *state = on,
            None => self.waiting.push_back((socket, on)),
        }
        if self.current.is_some() { Ok(()) } else { self.next(effects) }
    }

    /// Begins with the next command. One whose code cannot be written is given up: the code of another socket would be sent.
    fn next(&mut self, effects: &mut Effects<'_, Event>) -> Result<()> {
        (self.current, self.due) = (None, None);
        effects.ring();
        let mut result = Ok(());
        while let Some((socket, on)) = self.waiting.pop_front() {
            // The sockets from 1 to 4 have the codes from 7 down to 4.
            let written = effects.write(CODE, u64::from(on) << 3 | (7 - socket as u64));
            if written.is_ok() {
                (self.current, self.due) = (Some(socket), Some(effects.now() + SETTLE));
                break;
            }
            result = result.and(written);
        }
        result
    }
}

impl Machine for Radio {
    type Event = Event;

    fn edge(&mut self, _: usize, _: Edge, _: &mut Effects<'_, Event>) -> Result<()> {
        Ok(())
    }

    fn expire(&mut self, _: Instant, effects: &mut Effects<'_, Event>) -> Result<()> {
        // From now and not from the deadline: a late thread must not shorten the signal.
        let after = |time| Some(effects.now() + time);
        if !self.is_enabled {
            (self.is_enabled, self.due) = (true, after(SEND));
            return effects.write(ENABLE, ENABLE);
        }
        // Again, if this fails: a transmitter that stays on would send the next code too soon.
        self.due = after(SETTLE);
        effects.write(ENABLE, 0)?;
        self.is_enabled = false;
        self.next(effects)
    }

    fn deadline(&self) -> Option<Instant> {
        self.due
    }
}

impl Device for Energenie {
    fn parts(&self) -> Vec<&dyn Device> {
        Vec::new()
    }

    fn gpio(&self) -> &Gpio {
        self.gpio()
    }

    fn is_closed(&self) -> bool {
        self.is_closed()
    }

    fn close(&self) -> Result<()> {
        self.close()
    }
}

impl Switch for Energenie {
    fn set_active(&self, on: bool) -> Result<()> {
        self.set_value(on)
    }

    fn is_active(&self) -> Result<bool> {
        self.value()
    }

    fn toggle(&self) -> Result<()> {
        self.toggle()
    }
}

impl Value for Energenie {
    type Value = bool;

    fn value(&self) -> Result<bool> {
        self.value()
    }

    fn values(&self) -> Source<bool> {
        self.values()
    }
}

impl SetValue for Energenie {
    fn set_value(&self, on: bool) -> Result<()> {
        self.set_value(on)
    }

    fn follow_source(&self, source: Source<bool>) -> Result<Follower> {
        self.follow(source)
    }
}

impl fmt::Debug for Energenie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.0.radio.peek(|radio| radio.last[self.0.index()]).flatten();
        let state = match last {
            _ if self.is_closed() => "closed",
            Some(true) => "on",
            Some(false) => "off",
            None => "unknown",
        };
        write!(f, "Energenie(socket {}, {state})", self.0.socket)
    }
}

impl fmt::Display for Energenie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Energenie socket {}", self.0.socket)
    }
}
