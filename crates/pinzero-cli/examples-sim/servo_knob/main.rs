//! A servo on a knob: each step turns the servo by ten degrees, and the button brings it back to the middle.

use pinzero::prelude::*;

pub fn main() -> pinzero::Result<()> {
    let arm = AngularServo::new(18)?;
    let dial = RotaryEncoder::builder(21, 20).max_steps(9).open()?;
    let middle = Button::new(26)?;
    arm.set_angle(0.0)?;

    let (servo, knob) = (arm.clone(), dial.clone());
    dial.when_rotated(move |_| servo.set_angle(knob.steps()? as f64 * 10.0));
    middle.when_pressed(move |_| {
        dial.set_steps(0)?;
        arm.set_angle(0.0)
    });
    pinzero::pause();
    Ok(())
}
