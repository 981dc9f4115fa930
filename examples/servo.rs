//! Moves a servo on GPIO17 to its ends and to the middle, then sweeps it by angles, and lets it go.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let servo = AngularServo::new(17)?;
    servo.min()?;
    servo.gpio().sleep(secs(1));
    servo.max()?;
    servo.gpio().sleep(secs(1));

    for angle in (-90..=90).step_by(30) {
        println!("{angle} degrees");
        servo.set_angle(f64::from(angle))?;
        servo.gpio().sleep(ms(300));
    }
    servo.mid()?;
    servo.gpio().sleep(secs(1));
    servo.detach()
}
