//! Lights a LED on GPIO16 when it gets dark, until it gets light. The light sensor is a photoresistor from 3.3 V to GPIO18, and a capacitor
//! of 1 µF from there to ground. On a laptop, type `light 18 0.8` (and `light 18 0` for darkness).

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let (sensor, led) = (LightSensor::new(18)?, Led::new(16)?);

    sensor.wait_for_dark()?;
    led.on()?;
    println!("it is dark");

    sensor.wait_for_light()?;
    led.off()?;
    println!("it is light: {:.0} %", sensor.value()? * 100.0);
    Ok(())
}
