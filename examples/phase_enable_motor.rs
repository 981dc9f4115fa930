//! Drives a motor with a pin for the direction (GPIO5) and one for the speed (GPIO12): forward, backward, and to a stop.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let motor = PhaseEnableMotor::new(5, 12)?;
    for value in [0.5, 1.0, -0.5, -1.0] {
        println!("speed {value}");
        motor.set_value(value)?;
        motor.gpio().sleep(secs(1));
    }
    motor.stop()
}
