//! Lights a garden, by a lamp on GPIO2, while it is dark and somebody is there: a light sensor on GPIO5, a motion sensor on GPIO4. On a laptop,
//! type `light 5 0.8`, `light 5 0`, and `4 press 2000`.

use pinzero::prelude::*;
use pinzero::source::all_values;

fn main() -> pinzero::Result<()> {
    let (lamp, motion, light) = (Led::new(2)?, MotionSensor::new(4)?, LightSensor::new(5)?);

    // A little light more or less, at dusk, does not turn the lamp on and off.
    let is_dark = light.values().booleanized_with(0.0, 0.1, 0.05);
    let somebody = motion.values().booleanized(0.5, 1.0);
    lamp.follow(all_values([is_dark, somebody]))?;

    println!("ready");
    pinzero::pause();
    Ok(())
}
