//! A LED as a light, dimmed or only on and off, or as a switch.

use pinzero::{Animation, Led, PwmLed, Result};
use pinzero_circuit::Resting;

use super::light::{Effect, Lamp, Light, Shade};
use super::relay::Relay;
use super::timed::Drive;
use super::{Opening, Thing, rest};

/// The color of a LED that has only one.
const WHITE: [u8; 3] = [255; 3];

pub(crate) fn open(part: &pinzero_circuit::Led, opening: &Opening<'_>) -> Result<Box<dyn Thing>> {
    let (pin, active_high) = (part.pin.line(), part.active_high);
    if opening.is_as("switch") {
        return Ok(Box::new(Relay::open(pin, active_high, opening)?));
    }
    if opening.appearance.dimmable == Some(false) {
        let led = rest::open(Led::builder, pin, active_high, Resting::Keep, opening)?;
        let shade = Shade::full(led.is_lit()?, WHITE);
        return Ok(Box::new(Light::new(led, shade, Resting::Keep, opening)?));
    }
    let shade = Shade::full(rest::is_on_at_first(opening, pin, active_high)?, WHITE);
    let led = PwmLed::builder(pin)
        .active_high(active_high)
        .initial_value(shade.level())
        .on_close(rest::on_close(opening, Resting::Off, active_high))
        .gpio(opening.gpio)
        .open()?;
    Ok(Box::new(Light::new(led, shade, Resting::Off, opening)?))
}

impl Drive for Led {
    type State = Shade;

    fn drive(&self, shade: &Shade) -> Result<()> {
        match shade.effect.plan() {
            Some(plan) if shade.is_on => self.blink_with(plan).map(drop),
            _ => self.set_value(shade.is_on),
        }
    }

    fn close(&self) -> Result<()> {
        (**self).close()
    }
}

impl Lamp for Led {
    const MODE: &'static str = "onoff";
    const EFFECTS: &'static [Effect] = &[Effect::None, Effect::Blink];
    const FIELDS: &'static str = "\"state\", \"effect\", \"flash\" and \"for\", in seconds";
}

impl Drive for PwmLed {
    type State = Shade;

    fn drive(&self, shade: &Shade) -> Result<()> {
        match shade.effect.plan() {
            Some(plan) if shade.is_on => {
                Animation::start([self.part().between(0.0, shade.level())], plan).map(drop)
            }
            _ if shade.transition.is_zero() => self.set_value(shade.level()),
            _ => self.fade_to(shade.level(), shade.transition).map(drop),
        }
    }

    fn close(&self) -> Result<()> {
        (**self).close()
    }
}

impl Lamp for PwmLed {
    const MODE: &'static str = "brightness";
    const EFFECTS: &'static [Effect] = &[Effect::None, Effect::Blink, Effect::Pulse];
    const FIELDS: &'static str =
        "\"state\", \"brightness\", \"effect\", \"transition\", \"flash\" and \"for\", in seconds";
}
