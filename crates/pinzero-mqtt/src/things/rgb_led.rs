//! A LED of three colors as a light.

use pinzero::{Color, Result, RgbLed};
use pinzero_circuit::Resting;

use super::light::{Effect, Lamp, Light, Shade};
use super::timed::Drive;
use super::{Opening, rest};

pub(crate) fn open(part: &pinzero_circuit::RgbLed, opening: &Opening<'_>) -> Result<Light<RgbLed>> {
    let pins = [part.red.line(), part.green.line(), part.blue.line()];
    let mut color = [0; 3];
    for (value, pin) in color.iter_mut().zip(pins) {
        *value = if rest::is_on_at_first(opening, pin, part.active_high)? { u8::MAX } else { 0 };
    }
    let shade = match color {
        [0, 0, 0] => Shade::full(false, [u8::MAX; 3]),
        color => Shade::full(true, color),
    };
    let [red, green, blue] = pins;
    let led = RgbLed::builder(red, green, blue)
        .active_high(part.active_high)
        .initial_value(shade.dimmed_color())
        .on_close(rest::on_close(opening, Resting::Off, part.active_high))
        .gpio(opening.gpio)
        .open()?;
    Light::new(led, shade, Resting::Off, opening)
}

impl Drive for RgbLed {
    type State = Shade;

    fn drive(&self, shade: &Shade) -> Result<()> {
        let color = shade.dimmed_color();
        match shade.effect.plan() {
            Some(plan) if shade.is_on => self.blink_between(color, Color::BLACK, plan).map(drop),
            _ if shade.transition.is_zero() => self.set_value(color),
            _ => self.fade_to(color, shade.transition).map(drop),
        }
    }

    fn close(&self) -> Result<()> {
        self.close()
    }
}

impl Lamp for RgbLed {
    const MODE: &'static str = "rgb";
    const EFFECTS: &'static [Effect] = &[Effect::None, Effect::Blink, Effect::Pulse];
    const FIELDS: &'static str =
        "\"state\", \"brightness\", \"color\", \"effect\", \"transition\", \"flash\" and \"for\", in seconds";
}
