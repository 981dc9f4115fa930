//! Moves a servo on GPIO17 to its ends and to the middle, and lets it go.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let servo = Servo::new(17)?;
    for (name, value) in [("min", -1.0), ("mid", 0.0), ("max", 1.0), ("mid", 0.0)] {
        println!("{name}");
        servo.set_value(value)?;
        servo.gpio().sleep(secs(1));
    }
    servo.detach()
}
