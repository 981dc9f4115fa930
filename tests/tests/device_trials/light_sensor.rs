//! A light sensor, whose capacitor is charged from outside.

use pinzero::prelude::*;

use crate::Check;
use crate::rig::{Rig, Verdict};

pub(crate) const TRIALS: &[Check] = &[("light_sensor::measures_the_charge_time", measures_the_charge_time)];

const PIN: u32 = 18;

fn measures_the_charge_time(rig: &dyn Rig) -> Verdict {
    let set_charge_time = rig.capacitor(PIN, ms(20));
    let sensor = LightSensor::builder(PIN).charge_time_limit(ms(100)).gpio(rig.gpio()).open()?;
    // The median of five charges. Some may be late.
    let value = sensor.value()?;
    assert!(value > 0.65 && value < 0.81, "the value is {value}, and not 0.8");
    assert!(sensor.light_detected()?);
    set_charge_time(None);
    sensor.wait_for_dark()?;
    set_charge_time(Some(ms(20)));
    sensor.wait_for_light()?;
    Ok(())
}
