//! [`Inputs`]: lines that are read together, and whose edges come in order.

use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use super::events::Events;
use super::input::{Input, InputBuilder};
use super::input_lines::{InputLines, LineEvent};
use super::{HandleRef, Tapped};
use crate::device::Device;
use crate::error::Result;
use crate::event::EventKind;
use crate::exit;
use crate::gpio::Gpio;
use crate::hub::{Handler, Hub};
use crate::outcome::Outcome;
use crate::reserve::Reserver;
use crate::types::Line;

/// Lines that are read together: a rotary encoder, a keypad, a board of buttons.
///
/// Edges are reported in the order in which they happened over all lines: by the kernel's sequence numbers on the character
/// device, by time stamps on other backends. The inputs close together. Clones share the lines; dropping the last clone closes
/// them.
///
/// ```
/// use pinzero::{EventKind, Level, mock, time::ms};
///
/// let gpio = mock::gpio();
/// let encoder = gpio.inputs([23, 24]).open()?;
/// let mut events = encoder.events();
/// gpio.line(24).script([(ms(1), Level::High)]);
/// gpio.line(23).script([(ms(2), Level::High)]);
/// gpio.advance(ms(3));
/// assert_eq!(events.next().map(|event| event.index), Some(1));
/// assert_eq!(events.next().map(|event| event.index), Some(0));
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "the lines are closed when the last handle is dropped"]
pub struct Inputs(Arc<HandleRef<InputLines>>, Arc<Hub<LineEvent>>);

impl UnwindSafe for Inputs {}
impl RefUnwindSafe for Inputs {}

impl InputBuilder<Inputs> {
    /// Opens the lines: all of them, or none. The levels at this moment are the first state and cause no event.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) for no pin or more than 64; see also
    /// [`InputBuilder<Input>::open`](InputBuilder#method.open).
    #[track_caller]
    pub fn open(self) -> Result<Inputs> {
        let reserver = Reserver { device: self.device, place: Location::caller() };
        let opened = InputLines::open(&self.gpio, &self.specs, &self.options, reserver, true);
        // Lines that are opened together have the hub.
        let inputs = |lines: Arc<HandleRef<InputLines>>| {
            let hub = lines.hub.clone().unwrap_or_default();
            Inputs(lines, hub)
        };
        opened.map(inputs).map_err(|error| error.with_device(self.device).with_factory(self.gpio.name()))
    }
}

impl Inputs {
    /// Returns a handle for each input, in the order of the builder. The handles keep all lines open.
    pub fn inputs(&self) -> Vec<Input> {
        self.0.lines.iter().map(|line| Input::new(line.clone(), self.0.clone())).collect()
    }

    /// Calls `handler` on every event of `kind`, of any of the lines. Handlers add up; earlier ones stay.
    ///
    /// Handlers run on the thread that [`Input::on`] describes.
    pub fn on<R: Outcome>(
        &self,
        kind: EventKind,
        handler: impl FnMut(LineEvent) -> R + Send + 'static,
    ) -> Handler {
        self.0.lifecycle.begin();
        self.1.on(kind, handler)
    }

    /// Removes all handlers that were given to [`on`](Inputs::on).
    pub fn clear_handlers(&self) {
        self.1.clear_handlers();
    }

    /// Returns an iterator over all events from now on. The iterator ends when the lines are closed.
    pub fn events(&self) -> Events<LineEvent> {
        Events::new(self.gpio(), &self.1)
    }

    /// Returns the levels on the lines now, bit 0 for the first input.
    ///
    /// # Errors
    /// [`Closed`](crate::ErrorKind::Closed), [`Disconnected`](crate::ErrorKind::Disconnected), and any I/O error.
    pub fn levels(&self) -> Result<u64> {
        self.0.lifecycle.check_home()?;
        exit::hold(self.0.pins.levels())
    }

    pub(crate) fn tap(&self) -> &Tapped<LineEvent> {
        &self.0.tap
    }

    /// Returns the levels after the edges so far, bit 0 for the first input.
    pub(crate) fn last(&self) -> u64 {
        let lines = self.0.lines.iter().enumerate();
        lines.fold(0, |levels, (index, line)| levels | u64::from(line.status().level.is_high()) << index)
    }

    /// Returns the lines' numbers on their chip, in the order of the builder.
    pub fn lines(&self) -> &[Line] {
        self.0.lifecycle.lines()
    }

    /// Returns the factory that the inputs belong to.
    pub fn gpio(&self) -> &Gpio {
        self.0.gpio()
    }

    /// Returns whether the inputs have been closed, or lost: their chip is gone, for instance.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed() || self.1.is_closed()
    }

    /// Ends all waits and event iterators, and gives the lines back. Idempotent, from any thread.
    ///
    /// # Errors
    /// Any I/O error; the lines are given back as far as possible all the same.
    pub fn close(&self) -> Result<()> {
        self.0.close()
    }
}

impl Device for Inputs {
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

impl fmt::Debug for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple("Inputs");
        for line in &self.0.lines {
            tuple.field(&format_args!("{}", line.line));
        }
        tuple.finish()
    }
}
