//! A LED, on and off and in between.

use pinzero::prelude::*;

use crate::Check;
use crate::rig::{RESTS_HIGH, Rig, Verdict};

pub(crate) const TRIALS: &[Check] = &[
    ("led::follows_on_and_off", follows_on_and_off),
    ("led::blinks_at_its_pace_until_it_is_off", blinks_at_its_pace_until_it_is_off),
    ("led::closes_to_the_state_found", closes_to_the_state_found),
    ("led::has_any_brightness", has_any_brightness),
];

const PIN: u32 = 17;

fn follows_on_and_off(rig: &dyn Rig) -> Verdict {
    let mut watch = rig.watch(&[PIN]);
    let led = Led::builder(PIN).gpio(rig.gpio()).open()?;
    for _ in 0..100 {
        led.on()?;
        assert_eq!((rig.level(PIN), led.is_lit()?), (Level::High, true));
        led.off()?;
        assert_eq!((rig.level(PIN), led.is_lit()?), (Level::Low, false));
    }
    let changes = watch.take(200);
    assert!((0..).zip(&changes).all(|(index, change)| change.level.is_high() == (index % 2 == 0)));
    Ok(())
}

fn blinks_at_its_pace_until_it_is_off(rig: &dyn Rig) -> Verdict {
    let mut watch = rig.watch(&[PIN]);
    let led = Led::builder(PIN).gpio(rig.gpio()).open()?;
    led.blink(ms(20), ms(10))?;
    let changes = watch.take(21);
    assert!((0..).zip(&changes).all(|(index, change)| change.level.is_high() == (index % 2 == 0)));
    // Late steps make up for each other.
    let cycle = (changes[20].at - changes[0].at) / 10;
    assert!(cycle > ms(25) && cycle < ms(150), "a cycle takes {cycle:?}");
    led.off()?;
    assert_eq!(rig.level(PIN), Level::Low);
    if let Some(last) = watch.rest().last() {
        assert_eq!(last.level, Level::Low);
    }
    Ok(())
}

fn closes_to_the_state_found(rig: &dyn Rig) -> Verdict {
    for (pin, rest) in [(PIN, Level::Low), (RESTS_HIGH, Level::High)] {
        let found = rig.gpio().line_info(pin)?;
        let led = Led::builder(pin).gpio(rig.gpio()).open()?;
        assert_eq!(rig.level(pin), Level::Low, "a new LED is dark");
        led.on()?;
        assert_eq!(rig.level(pin), Level::High);
        led.close()?;
        assert_eq!(rig.level(pin), rest);
        assert_eq!(rig.gpio().line_info(pin)?.function, found.function);
    }
    Ok(())
}

fn has_any_brightness(rig: &dyn Rig) -> Verdict {
    let mut watch = rig.watch(&[PIN]);
    let led = PwmLed::builder(PIN).gpio(rig.gpio()).open()?;
    for brightness in [0.25, 0.75] {
        led.set_value(brightness)?;
        let (pulse, cycle) = watch.wave();
        let duty = pulse.as_secs_f64() / cycle.as_secs_f64();
        assert!((duty - brightness).abs() < 0.1 && cycle > ms(9) && cycle < ms(15), "{pulse:?} of {cycle:?}");
    }
    led.off()?;
    watch.rest();
    assert_eq!(rig.level(PIN), Level::Low);
    led.on()?;
    assert_eq!(watch.rest().len(), 1);
    assert_eq!(rig.level(PIN), Level::High);
    Ok(())
}
