//! [`TrafficLightsBuzzer`].

use super::composite::composite;
use crate::{Button, Buzzer, TrafficLights};

/// Traffic lights with a buzzer and a button, such as a [`TrafficHat`](crate::products::TrafficHat).
///
/// The parts are fields. [`on`](Self::on), [`off`](Self::off) and [`toggle`](Self::toggle) switch the lights and the buzzer.
///
/// ```
/// use pinzero::prelude::*;
///
/// # let gpio = pinzero::mock::gpio();
/// # pinzero::set_default(&gpio);
/// let lights = TrafficLights::new(2, 3, 4)?;
/// let crossing = TrafficLightsBuzzer::new(lights, Buzzer::new(22)?, Button::new(17)?);
/// crossing.lights.green.on()?;
/// crossing.button.when_pressed({
///     let crossing = crossing.clone();
///     move |_| crossing.buzzer.beep(ms(100), ms(100)).map(drop)
/// });
/// # gpio.line(17).press(ms(100));
/// # gpio.advance(ms(50));
/// # assert!(crossing.buzzer.is_active()?);
/// # crossing.close()?;
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct TrafficLightsBuzzer {
    /// The lights.
    pub lights: TrafficLights,
    /// The buzzer.
    pub buzzer: Buzzer,
    /// The button.
    pub button: Button,
}

impl TrafficLightsBuzzer {
    /// Returns a device of parts that are open already.
    pub fn new(lights: TrafficLights, buzzer: Buzzer, button: Button) -> Self {
        TrafficLightsBuzzer { lights, buzzer, button }
    }
}

composite!(TrafficLightsBuzzer { lights, buzzer, button });
