//! [`IrReceiver`].

use std::time::Duration;

use pinzero_core::{Device, Error, Events, Gpio, Handler, Line, Outcome, PinSpec, Result, Running};

use super::check_edges;
use super::ir::{IrCommand, Remote};
use crate::options::Pulled;
use crate::{Builder, Open, Site};

/// A receiver for infrared remote controls with a demodulator, such as the TSOP38238 or VS1838B, whose output is low while it sees light.
///
/// Knows the protocols NEC, with extended addresses, and RC5. Commands of both come alike; [`IrCommand::protocol`] tells them apart. As
/// long as a key is held, its command comes again some nine times a second, with [`repeat`](IrCommand::repeat) set. An event comes
/// 15 ms after the end of its frame; other light is ignored.
///
/// The stamps of the edges give the times, so no thread must be fast, and none is there. That works over a network too.
///
/// Clones are handles of the same device, and dropping the last one closes the device.
///
/// ```
/// use pinzero::prelude::*;
///
/// let gpio = pinzero::mock::gpio();
/// let receiver = IrReceiver::builder(18).gpio(&gpio).open()?;
/// receiver.when_received(|key| println!("key {:#04x} of {:#04x}", key.command, key.address));
///
/// // A remote control sends NEC: the address 0x04, the command 0x08, and the complement of each.
/// let code = u32::from_le_bytes([0x04, !0x04, 0x08, !0x08]);
/// let bits = (0..32).flat_map(|bit| [562, if code >> bit & 1 == 1 { 1687 } else { 562 }]);
/// let pulses = [9000, 4500].into_iter().chain(bits).chain([562]);
/// let mut at = us(0);
/// let edges = pulses.enumerate().map(|(index, pulse)| {
///     let edge = (at, Level::from(index % 2 == 1));
///     at += us(pulse);
///     edge
/// });
/// gpio.line(18).script(edges.collect::<Vec<_>>().into_iter().chain([(ms(68), Level::High)]));
///
/// let key = receiver.wait_for_command()?;
/// assert_eq!((key.address, key.command, key.repeat), (0x04, 0x08, false));
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct IrReceiver {
    running: Running<Remote>,
}

impl IrReceiver {
    /// Opens the receiver on `pin` of the default factory: pulled up, so low is light.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) if the factory reports no edges; see also [`Builder::open`].
    #[track_caller]
    pub fn new(pin: impl Into<PinSpec>) -> Result<Self> {
        Self::builder(pin).open()
    }

    /// Returns a builder for a receiver with other options. A `bounce_time` of 100 µs removes glitches; one above 250 µs removes bits.
    pub fn builder(pin: impl Into<PinSpec>) -> Builder<Self, Pulled> {
        Builder::new(Pulled::new(pin, true))
    }

    /// Calls `handler` at each command, also those of a held key; see [Handlers](crate::DigitalInputDevice#handlers).
    pub fn when_received<R: Outcome>(&self, handler: impl FnMut(IrCommand) -> R + Send + 'static) -> Handler {
        self.running.on((), handler)
    }

    /// Removes all handlers.
    pub fn clear_handlers(&self) {
        self.running.clear_handlers();
    }

    /// Returns an iterator over all commands from now on. The iterator ends when the device is closed.
    pub fn events(&self) -> Events<IrCommand> {
        self.running.events()
    }

    /// Blocks until the next command, and returns it.
    ///
    /// A command between two calls is missed. To see all, take one [`events`](Self::events).
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed), also if the device is closed meanwhile, or the error by which the pin was lost.
    #[track_caller]
    pub fn wait_for_command(&self) -> Result<IrCommand> {
        let next = self.events().next();
        next.map_or_else(|| self.closed(), Ok)
    }

    /// Blocks until the next command, for at most `timeout`. Returns the command, or `None` if none came.
    ///
    /// # Errors
    /// See [`wait_for_command`](Self::wait_for_command).
    #[track_caller]
    pub fn wait_for_command_timeout(&self, timeout: Duration) -> Result<Option<IrCommand>> {
        match self.events().next_timeout(timeout) {
            None if self.is_closed() => self.closed(),
            next => Ok(next),
        }
    }

    /// Waits for the next command, and returns it; for `async` code, on any executor.
    ///
    /// A command between two calls is missed. To see all, take one [`events`](Self::events) and its [`next_async`](Events::next_async).
    ///
    /// # Errors
    /// See [`wait_for_command`](Self::wait_for_command).
    #[track_caller]
    pub fn next_command(&self) -> impl Future<Output = Result<IrCommand>> + Send + '_ {
        // Here and not in the future: what happens before its first poll counts.
        let mut events = self.events();
        async move {
            let next = events.next_async().await;
            next.map_or_else(|| self.closed(), Ok)
        }
    }

    /// Returns the error by which the device ended.
    fn closed<T>(&self) -> Result<T> {
        self.running.look(|_| ())?;
        Err(Error::closed())
    }

    /// Returns how many edges have been lost so far, because they came faster than they could be read.
    pub fn missed(&self) -> u64 {
        self.running.peek(Remote::missed).unwrap_or_default()
    }

    /// Returns the line that the device is on.
    pub fn pin(&self) -> Line {
        // A receiver has a line.
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

    /// Closes the device and all its clones, and gives the pin back. Idempotent, from any thread.
    ///
    /// # Errors
    /// See [`Device::close`].
    pub fn close(&self) -> Result<()> {
        self.running.close()
    }

    fn state(&self) -> String {
        match self.running.peek(Remote::last).flatten() {
            Some(IrCommand { protocol, address, command, .. }) => {
                format!("{protocol:?} {address:#04x} {command:#04x}")
            }
            None => "no command".to_owned(),
        }
    }
}

impl Open<Pulled> for IrReceiver {
    const NAME: &'static str = "IrReceiver";

    fn open(pulled: Pulled, site: &Site) -> Result<Self> {
        check_edges(site.gpio()).map_err(|error| error.with_pin(&pulled.pin).with_device(site.device()))?;
        let (inputs, active) = pulled.inputs([], site)?;
        let inputs = inputs.open()?;
        let running = site.machine().inputs(inputs).start(|_, _| Remote::new(active))?;
        Ok(IrReceiver { running })
    }
}

impl Device for IrReceiver {
    fn parts(&self) -> Vec<&dyn Device> {
        vec![&self.running]
    }
}

crate::device::one_line!(IrReceiver);
