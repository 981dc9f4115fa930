//! [`Light`]: a LED of any kind as a light, by Home Assistant's commands in JSON.

use std::time::Duration;

use pinzero::time::{ms, secs};
use pinzero::{Blink, Color, Result};
use pinzero_circuit::{Appearance, Resting};
use serde_json::{Map, Value, json};

use super::timed::{Drive, Timed};
use super::{Opening, Thing, rest, word};
use crate::entity::Entity;
use crate::payload::{Command, Fields};
use crate::refusal::Refusal;

/// What shines: a LED of one kind.
pub(crate) trait Lamp: Drive<State = Shade> {
    /// What can be set, in Home Assistant's words: `"onoff"`, `"brightness"` or `"rgb"`.
    const MODE: &'static str;
    /// The effects that the lamp has.
    const EFFECTS: &'static [Effect];
    /// The names of the fields that a command may have.
    const FIELDS: &'static str;
}

/// What a lamp shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shade {
    pub(crate) is_on: bool,
    /// From 1 to 255; kept while the lamp is off.
    pub(crate) brightness: u8,
    /// Red, green and blue at full brightness; kept while the lamp is off.
    pub(crate) color: [u8; 3],
    pub(crate) effect: Effect,
    /// How long the lamp takes to get there.
    pub(crate) transition: Duration,
}

/// What a lamp does while it is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    None,
    Blink,
    Pulse,
}

impl Effect {
    fn name(self) -> &'static str {
        match self {
            Effect::None => "none",
            Effect::Blink => "blink",
            Effect::Pulse => "pulse",
        }
    }

    /// Returns the plan of the animation, for an effect that is one.
    pub(crate) fn plan(self) -> Option<Blink> {
        match self {
            Effect::None => None,
            Effect::Blink => Some(Blink::new(ms(500), ms(500))),
            Effect::Pulse => Some(Blink::pulse(secs(1), secs(1))),
        }
    }
}

impl Shade {
    /// Returns a steady light of full brightness, or darkness.
    pub(crate) fn full(is_on: bool, color: [u8; 3]) -> Self {
        Shade { is_on, brightness: u8::MAX, color, effect: Effect::None, transition: Duration::ZERO }
    }

    /// Returns this shade, steadily on or off.
    fn switched(self, is_on: bool) -> Self {
        Shade { is_on, effect: Effect::None, transition: Duration::ZERO, ..self }
    }

    /// Returns the brightness from 0, dark, to 1.
    pub(crate) fn level(&self) -> f64 {
        if self.is_on { f64::from(self.brightness) / 255.0 } else { 0.0 }
    }

    /// Returns the color, dimmed by the brightness.
    pub(crate) fn dimmed_color(&self) -> Color {
        Color::from(self.color.map(|part| f64::from(part) / 255.0 * self.level()))
    }
}

/// A LED of any kind as a light.
#[derive(Debug)]
pub(crate) struct Light<L: Lamp> {
    lamp: Timed<L>,
    safe: Option<bool>,
    on_exit: Option<bool>,
}

impl<L: Lamp> Light<L> {
    /// Wraps a lamp that shows `shade`. `on_exit` is the state after the end, unless the file names another.
    pub(crate) fn new(lamp: L, shade: Shade, on_exit: Resting, opening: &Opening<'_>) -> Result<Self> {
        let off = |_: &L, shade: &Shade| {
            shade.is_on.then_some(Shade { is_on: false, effect: Effect::None, ..*shade })
        };
        let (safe, on_exit) = (rest::safe(opening), rest::on_exit(opening, on_exit));
        Ok(Light { lamp: Timed::new(lamp, shade, off, opening)?, safe, on_exit })
    }

    /// Takes the effect out of a command.
    fn effect(fields: &mut Fields) -> Result<Option<Effect>, Refusal> {
        let Some(wanted) = fields.text("effect")? else { return Ok(None) };
        match L::EFFECTS.iter().find(|effect| effect.name() == wanted) {
            Some(effect) => Ok(Some(*effect)),
            None => {
                let names: Vec<_> = L::EFFECTS.iter().map(|effect| effect.name()).collect();
                Err(Refusal::of_several("effect", &wanted, &names))
            }
        }
    }
}

/// Takes the color out of a command.
fn color(fields: &mut Fields) -> Result<Option<[u8; 3]>, Refusal> {
    let Some(mut parts) = fields.fields("color")? else { return Ok(None) };
    let mut color = [0; 3];
    for (value, name) in color.iter_mut().zip(["r", "g", "b"]) {
        let Some(part) = parts.number(name, 0.0, 255.0)? else {
            return Err(Refusal::because("a \"color\" needs \"r\", \"g\" and \"b\", each from 0 to 255"));
        };
        *value = part.round() as u8;
    }
    parts.finish("\"r\", \"g\" and \"b\"")?;
    Ok(Some(color))
}

impl<L: Lamp> Thing for Light<L> {
    fn entities(&self, _: &Appearance) -> Vec<Entity> {
        let effects: Vec<_> = L::EFFECTS.iter().map(|effect| effect.name()).collect();
        let is_dimmable = L::MODE != "onoff";
        vec![
            Entity::main("light")
                .with("schema", "json")
                .with("supported_color_modes", json!([L::MODE]))
                .with("brightness", is_dimmable)
                .with("transition", is_dimmable)
                .with("flash", true)
                .with("effect", true)
                .with("effect_list", effects),
        ]
    }

    fn state(&self) -> Result<Option<Map<String, Value>>> {
        let shade = self.lamp.state();
        let mut state = Map::from_iter([
            ("state".to_owned(), word(shade.is_on)),
            ("color_mode".to_owned(), L::MODE.into()),
            ("effect".to_owned(), shade.effect.name().into()),
        ]);
        if L::MODE != "onoff" {
            state.insert("brightness".to_owned(), shade.brightness.into());
        }
        if L::MODE == "rgb" {
            let [r, g, b] = shade.color;
            state.insert("color".to_owned(), json!({ "r": r, "g": g, "b": b }));
        }
        Ok(Some(state))
    }

    fn command(&self, command: Command) -> Result<(), Refusal> {
        let mut fields = command.into_fields("state", "brightness");
        let (state, effect) = (fields.state()?, Self::effect(&mut fields)?);
        let (time, flash) = (fields.seconds("for")?, fields.seconds("flash")?);
        let (mut brightness, mut shown, mut transition) = (None, None, None);
        if L::MODE != "onoff" {
            brightness = fields.number("brightness", 0.0, 255.0)?.map(|brightness| brightness.round() as u8);
            transition = fields.seconds("transition")?;
        }
        if L::MODE == "rgb" {
            shown = color(&mut fields)?;
        }
        fields.finish(L::FIELDS)?;
        let says_more = brightness.is_some() || shown.is_some() || effect.is_some() || flash.is_some();
        if state.is_none() && !says_more {
            return Err(Refusal::because(format!("a command without \"state\": possible are {}", L::FIELDS)));
        }
        if flash.is_some() && (time.is_some() || effect.is_some()) {
            return Err(Refusal::because("\"flash\" together with \"effect\" or \"for\": send one of them"));
        }
        let before = self.lamp.steady_state();
        let is_dark = brightness == Some(0) || shown == Some([0; 3]);
        let mut shade = Shade {
            is_on: state.is_none_or(|state| state.of(before.is_on)) && !is_dark,
            brightness: brightness.filter(|brightness| *brightness > 0).unwrap_or(before.brightness),
            color: shown.filter(|color| *color != [0; 3]).unwrap_or(before.color),
            effect: Effect::None,
            transition: transition.unwrap_or_default(),
        };
        if let Some(flash) = flash {
            let flashing = Shade { is_on: true, effect: Effect::Blink, ..shade };
            return Ok(self.lamp.flash(flashing, flash)?);
        }
        if shade.is_on {
            shade.effect = effect.unwrap_or(Effect::None);
        }
        let then = Shade { is_on: !shade.is_on, effect: Effect::None, ..shade };
        Ok(self.lamp.set_for(shade, time, then)?)
    }

    fn make_safe(&self) -> Result<()> {
        let Some(is_on) = self.safe else { return Ok(()) };
        self.lamp.set(self.lamp.steady_state().switched(is_on))
    }

    fn finish(&self) -> Result<Option<Map<String, Value>>> {
        self.lamp.finish(|shade| self.on_exit.map(|is_on| shade.switched(is_on)))?;
        self.state()
    }

    fn close(&self) -> Result<()> {
        self.lamp.close()
    }
}
