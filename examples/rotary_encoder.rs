//! Sets a volume by a rotary encoder on GPIO20 and GPIO21, and shows it by a LED on GPIO18. A press of the knob, a switch on GPIO26, ends
//! the program. On a laptop, type `knob 20 21 3` and `26`.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let volume = RotaryEncoder::builder(20, 21).max_steps(10).button(26).open()?;
    let led = PwmLed::builder(18).initial_value(0.5).open()?;

    volume.when_rotated(move |rotation| {
        let percent = (rotation.steps + 10) * 5;
        println!("volume {percent} %");
        led.set_value(percent as f64 / 100.0)
    });

    println!("turn the knob; press it to end the program");
    if let Some(knob) = volume.button() {
        knob.wait_for_press()?;
    }
    Ok(())
}
