//! Drives a motor on an H bridge: forward faster and faster, then backward, then to a stop. Forward: GPIO23. Backward: GPIO24.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let motor = Motor::new(23, 24)?;
    for percent in [25, 50, 100] {
        println!("forward at {percent} %");
        motor.forward(f64::from(percent) / 100.0)?;
        motor.gpio().sleep(secs(1));
    }

    println!("backward");
    motor.reverse()?;
    motor.gpio().sleep(secs(2));
    motor.stop()
}
