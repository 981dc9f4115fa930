//! [`Siren`]: a buzzer as a siren.

use std::time::Duration;

use pinzero::time::ms;
use pinzero::{Buzzer, Result};
use pinzero_circuit::{Appearance, Resting};
use serde_json::{Map, Value, json};

use super::timed::{Drive, Timed};
use super::{Opening, Thing, rest, word};
use crate::entity::Entity;
use crate::payload::Command;
use crate::refusal::Refusal;

/// What the buzzer does while the siren is on.
const TONES: [&str; 2] = ["steady", "beep"];

/// How long a beep lasts, and the pause after a beep.
const BEEP: Duration = ms(250);

/// A buzzer as a siren.
#[derive(Debug)]
pub(crate) struct Siren {
    buzzer: Timed<Buzzer>,
    safe: Option<bool>,
    on_exit: Option<bool>,
}

/// What a siren is to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Alarm {
    is_on: bool,
    /// One of [`TONES`].
    tone: &'static str,
}

impl Siren {
    pub(crate) fn open(part: &pinzero_circuit::Buzzer, opening: &Opening<'_>) -> Result<Self> {
        let buzzer = rest::open(Buzzer::builder, part.pin.line(), part.active_high, Resting::Off, opening)?;
        let alarm = Alarm { is_on: buzzer.is_active()?, tone: TONES[0] };
        let off = |_: &Buzzer, alarm: &Alarm| alarm.is_on.then_some(Alarm { is_on: false, ..*alarm });
        let (safe, on_exit) = (rest::safe(opening), rest::on_exit(opening, Resting::Off));
        Ok(Siren { buzzer: Timed::new(buzzer, alarm, off, opening)?, safe, on_exit })
    }
}

impl Drive for Buzzer {
    type State = Alarm;

    fn drive(&self, alarm: &Alarm) -> Result<()> {
        match alarm {
            Alarm { is_on: true, tone: "beep" } => self.beep(BEEP, BEEP).map(drop),
            Alarm { is_on, .. } => self.set_value(*is_on),
        }
    }

    fn close(&self) -> Result<()> {
        (**self).close()
    }
}

impl Thing for Siren {
    fn entities(&self, _: &Appearance) -> Vec<Entity> {
        vec![
            Entity::main("siren")
                // The whole object, for Home Assistant takes the tone from there.
                .with("state_value_template", "{{ value }}")
                .with("available_tones", json!(TONES))
                .with("support_duration", true)
                .with("support_volume_set", false),
        ]
    }

    /// Has no further fields: Home Assistant refuses a state with fields that are no part of its own command.
    fn state(&self) -> Result<Option<Map<String, Value>>> {
        let alarm = self.buzzer.state();
        let mut state = Map::from_iter([("state".to_owned(), word(alarm.is_on))]);
        if alarm.is_on {
            state.insert("tone".to_owned(), alarm.tone.into());
        }
        Ok(Some(state))
    }

    fn command(&self, command: Command) -> Result<(), Refusal> {
        let mut fields = command.into_fields("state", "value");
        let (state, tone) = (fields.state()?, fields.text("tone")?);
        let (duration, time) = (fields.seconds("duration")?, fields.seconds("for")?);
        fields.finish("\"state\", \"tone\", and \"duration\" or \"for\", in seconds")?;
        if duration.is_some() && time.is_some() {
            return Err(Refusal::because("\"duration\" and \"for\" are the same: send one of them"));
        }
        if state.is_none() && tone.is_none() {
            return Err(Refusal::because("a command without \"state\": send ON, OFF or TOGGLE"));
        }
        let tone = match tone {
            None => TONES[0],
            Some(wanted) => *TONES
                .iter()
                .find(|tone| **tone == wanted)
                .ok_or_else(|| Refusal::of_several("tone", &wanted, &TONES))?,
        };
        let is_on = state.is_none_or(|state| state.of(self.buzzer.state().is_on));
        let (alarm, then) = (Alarm { is_on, tone }, Alarm { is_on: !is_on, tone });
        Ok(self.buzzer.set_for(alarm, duration.or(time), then)?)
    }

    fn make_safe(&self) -> Result<()> {
        self.safe.map_or(Ok(()), |is_on| self.buzzer.set(Alarm { is_on, tone: TONES[0] }))
    }

    fn finish(&self) -> Result<Option<Map<String, Value>>> {
        self.buzzer.finish(|_| self.on_exit.map(|is_on| Alarm { is_on, tone: TONES[0] }))?;
        self.state()
    }

    fn close(&self) -> Result<()> {
        self.buzzer.close()
    }
}
