//! gpiozero's `LEDBoard` as we have it so far: several LEDs, and one animation over their parts.

use pinzero::{Animation, Blink, Device, Gpio, Led, Part, PwmOutputDevice, Result};
use serde_json::{Value as Json, json};

use crate::subject::Step::{Call, Get};
use crate::subject::{Args, Step, Subject, animation, blink, pin, pulse, reply};

/// The LEDs, all digital or all pulsed.
enum LedBoard {
    Digital(Vec<Led>),
    Pulsed(Vec<PwmOutputDevice>),
}

pub(crate) fn open(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let pins = args.get("pins").and_then(Json::as_array).unwrap().iter().map(pin);
    Ok(Box::new(if args.flag("pwm") == Some(true) {
        LedBoard::Pulsed(
            pins.map(|pin| PwmOutputDevice::builder(pin).gpio(gpio).open()).collect::<Result<_>>()?,
        )
    } else {
        LedBoard::Digital(pins.map(|pin| Led::builder(pin).gpio(gpio).open()).collect::<Result<_>>()?)
    }))
}

impl LedBoard {
    fn each(&self, step: impl Fn(&dyn Subject) -> Result<Json>) -> Result<Json> {
        match self {
            LedBoard::Digital(leds) => leds.iter().map(|led| step(led)).collect(),
            LedBoard::Pulsed(leds) => leds.iter().map(|led| step(led)).collect(),
        }
    }

    fn animate(&self, plan: Blink) -> Result<Animation> {
        let parts: Vec<Part> = match self {
            LedBoard::Digital(leds) => leds.iter().map(|led| led.part()).collect(),
            LedBoard::Pulsed(leds) => leds.iter().map(PwmOutputDevice::part).collect(),
        };
        Animation::start(parts, plan)
    }
}

impl Subject for LedBoard {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("value") => self.each(|led| led.apply(Get("value"))),
            Call("off", args) => self.each(|led| led.apply(Call("off", args))).map(|_| Json::Null),
            Call("blink", args) => animation(self.animate(blink(args)?), args),
            Call("pulse", args) => animation(self.animate(pulse(args)?), args),
            Call("close", _) => match self {
                LedBoard::Digital(leds) => reply(leds.iter().try_for_each(Device::close)),
                LedBoard::Pulsed(leds) => reply(leds.iter().try_for_each(Device::close)),
            },
            _ => Ok(json!("left out")),
        }
    }

    fn member(&self, name: &str) -> Box<dyn Subject> {
        let index: usize = name.parse().unwrap();
        match self {
            LedBoard::Digital(leds) => Box::new(leds[index].clone()),
            LedBoard::Pulsed(leds) => Box::new(leds[index].clone()),
        }
    }
}
