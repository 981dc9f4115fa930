//! Sweeps a servo on GPIO17 from -90 to 90 degrees and back to the middle, and lets it go.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let servo = AngularServo::builder(17).min_angle(-90.0).max_angle(90.0).initial_angle(-90.0).open()?;
    for angle in (-90..=90).step_by(30) {
        println!("{angle} degrees");
        servo.set_angle(f64::from(angle))?;
        servo.gpio().sleep(ms(300));
    }
    servo.mid()?;
    servo.gpio().sleep(secs(1));
    servo.detach()
}
