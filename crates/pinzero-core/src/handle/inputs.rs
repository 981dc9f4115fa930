//! Lines that are read together, and whose edges come in order.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use super::HandleRef;
use super::input::{Input, InputBuilder};
use super::input_lines::{InputLines, LineEvent};
use super::reserve::Reserver;
use crate::device::Device;
use crate::error::Result;
use crate::event::{EventKind, Events, Handler, Outcome};
use crate::gpio::Gpio;

/// Lines that are read together: a rotary encoder, a keypad, a board of buttons.
///
/// Their edges are heard in the order in which they happened over all lines: by the kernel's numbers on the character device, by
/// time stamps elsewhere. The inputs close as one. Clones are handles of the same lines.
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
pub struct Inputs(Arc<HandleRef<InputLines>>);

impl InputBuilder<Inputs> {
    /// Opens the lines: all of them, or none. The levels at this moment are the first state, and no event.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) without a pin or with more than 64, and those of
    /// [`InputBuilder<Input>::open`](InputBuilder#method.open) for each pin.
    #[track_caller]
    pub fn open(self) -> Result<Inputs> {
        let reserver = Reserver { device: self.device, place: Location::caller() };
        let opened = InputLines::open(&self.gpio, &self.specs, &self.options, reserver);
        opened.map(Inputs).map_err(|error| error.with_device(self.device).with_factory(self.gpio.name()))
    }
}

impl Inputs {
    /// Returns handles of the single inputs, in the order in which they were named. They keep all lines open.
    pub fn lines(&self) -> Vec<Input> {
        self.0.lines.iter().map(|line| Input::new(line.clone(), self.0.clone())).collect()
    }

    /// Calls `handler` on every event of `kind`, of any of the lines. Handlers add up; earlier ones stay.
    ///
    /// See [`Input::on`] for where handlers run.
    pub fn on<R: Outcome>(
        &self,
        kind: EventKind,
        handler: impl FnMut(&LineEvent) -> R + Send + 'static,
    ) -> Handler {
        self.0.hub.on(kind, handler)
    }

    /// Removes all handlers that were given to [`on`](Inputs::on).
    pub fn clear_handlers(&self) {
        self.0.hub.clear_handlers();
    }

    /// Returns all events from now on, as an iterator that ends when the lines are closed.
    pub fn events(&self) -> Events<LineEvent> {
        Events::new(self.gpio(), &self.0.hub)
    }
}

impl Device for Inputs {
    fn parts(&self) -> Vec<&dyn Device> {
        Vec::new()
    }

    fn gpio(&self) -> &Gpio {
        self.0.gpio()
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    fn close(&self) -> Result<()> {
        self.0.close()
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
