//! [`Relay`]: a relay as a switch, and any other output that is only on or off.

use pinzero::{DigitalOutputDevice, Result};
use pinzero_circuit::{Appearance, Resting};
use serde_json::{Map, Value};

use super::timed::{Drive, Timed};
use super::{Opening, Thing, rest, word};
use crate::entity::Entity;
use crate::payload::Command;
use crate::refusal::Refusal;

/// A relay as a switch.
#[derive(Debug)]
pub(crate) struct Relay {
    output: Timed<DigitalOutputDevice>,
    safe: Option<bool>,
    on_exit: Option<bool>,
}

impl Relay {
    /// Opens an output that is on while the pin is high, or low.
    pub(crate) fn open(pin: u32, active_high: bool, opening: &Opening<'_>) -> Result<Self> {
        let output = rest::open(DigitalOutputDevice::builder, pin, active_high, Resting::Keep, opening)?;
        let is_on = output.is_active()?;
        Ok(Relay {
            output: Timed::new(output, is_on, |_, is_on| is_on.then_some(false), opening)?,
            safe: rest::safe(opening),
            on_exit: rest::on_exit(opening, Resting::Keep),
        })
    }
}

impl Drive for DigitalOutputDevice {
    type State = bool;

    fn drive(&self, is_on: &bool) -> Result<()> {
        self.set_value(*is_on)
    }

    fn close(&self) -> Result<()> {
        self.close()
    }
}

impl Thing for Relay {
    fn entities(&self, appearance: &Appearance) -> Vec<Entity> {
        vec![Entity::main("switch").with_class(appearance.class.as_deref())]
    }

    /// Reads the pin, so a short circuit shows.
    fn state(&self) -> Result<Option<Map<String, Value>>> {
        Ok(Some(Map::from_iter([("state".to_owned(), word(self.output.device().is_active()?))])))
    }

    fn command(&self, command: Command) -> Result<(), Refusal> {
        let mut fields = command.into_fields("state", "value");
        let (state, time) = (fields.state()?, fields.seconds("for")?);
        fields.finish("\"state\" and \"for\", in seconds")?;
        let Some(state) = state else {
            return Err(Refusal::because("a command without \"state\": send ON, OFF or TOGGLE"));
        };
        let is_on = state.of(self.output.state());
        Ok(self.output.set_for(is_on, time, !is_on)?)
    }

    fn make_safe(&self) -> Result<()> {
        self.safe.map_or(Ok(()), |is_on| self.output.set(is_on))
    }

    fn finish(&self) -> Result<Option<Map<String, Value>>> {
        self.output.finish(|_| self.on_exit)?;
        self.state()
    }

    fn close(&self) -> Result<()> {
        self.output.close()
    }
}
