//! [`Relay`]: a relay as a switch.

use std::time::Duration;

use parking_lot::Mutex;
use pinzero::{DigitalOutputDevice, Timer};
use pinzero_circuit::Resting;
use serde_json::{Map, Value};

use super::{Opening, Thing};
use crate::entity::Entity;
use crate::payload::{Command, Switching};
use crate::refusal::Refusal;
use crate::reporter::Reporter;

/// A relay as a switch.
#[derive(Debug)]
pub(crate) struct Relay {
    output: DigitalOutputDevice,
    safe: Resting,
    reporter: Reporter,
    /// The end of a timed command.
    end: Mutex<Option<Timer>>,
}

impl Relay {
    pub(crate) fn open(part: &pinzero_circuit::Relay, opening: &Opening<'_>) -> pinzero::Result<Self> {
        let initial = match opening.appearance.initial {
            Some(Resting::On) => Some(true),
            Some(Resting::Off) => Some(false),
            _ => None,
        };
        let output = DigitalOutputDevice::builder(part.pin.line())
            .active_high(part.active_high)
            .initial_value(initial)
            .gpio(opening.gpio)
            .open()?;
        Ok(Relay {
            output,
            safe: opening.appearance.safe.unwrap_or(Resting::Keep),
            reporter: opening.reporter.clone(),
            end: Mutex::new(None),
        })
    }

    fn switch(&self, to: Switching, lasting: Option<Duration>) -> Result<(), Refusal> {
        // The newer command decides: the end of an older one is called off.
        if let Some(end) = self.end.lock().take() {
            end.cancel();
        }
        match to {
            Switching::On => self.output.on()?,
            Switching::Off => self.output.off()?,
            Switching::Toggle => self.output.toggle()?,
        }
        if let Some(time) = lasting {
            let (output, reporter) = (self.output.clone(), self.reporter.clone());
            let end = self.output.gpio().after(time, move || {
                let done = output.toggle();
                reporter.changed();
                done
            })?;
            *self.end.lock() = Some(end);
        }
        Ok(())
    }
}

impl Thing for Relay {
    fn entities(&self) -> Vec<Entity> {
        vec![Entity::main("switch")]
    }

    fn state(&self) -> pinzero::Result<Option<Map<String, Value>>> {
        let state = if self.output.is_active()? { "ON" } else { "OFF" };
        Ok(Some(Map::from_iter([("state".to_owned(), state.into())])))
    }

    fn command(&self, command: Command) -> Result<(), Refusal> {
        let mut fields = command.into_fields("state", "value");
        let state = fields.state()?;
        let lasting = fields.seconds("for")?;
        fields.finish("\"state\" and \"for\", in seconds")?;
        match state {
            Some(state) => self.switch(state, lasting),
            None => Err(Refusal::because("a command without \"state\": send ON, OFF or TOGGLE")),
        }
    }

    fn make_safe(&self) -> pinzero::Result<()> {
        match self.safe {
            Resting::On => self.output.on(),
            Resting::Off => self.output.off(),
            _ => Ok(()),
        }
    }

    fn close(&self) -> pinzero::Result<()> {
        self.output.close()
    }
}
