//! Picks a color: a rotary encoder on GPIO16 and GPIO20 turns the hue of a LED (red GPIO22, green GPIO23, blue GPIO24). A press of the knob,
//! a switch on GPIO21, prints the color for HTML, and two seconds of it end the program. On a laptop, type `knob 16 20 6` and `21`.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let knob = RotaryEncoder::builder(16, 20).max_steps(18).wrap(true).open()?;
    let switch = Button::builder(21).hold_time(secs(2)).open()?;
    let led = RgbLed::new(22, 23, 24)?;
    led.set_color("red")?;

    knob.when_rotated({
        let led = led.clone();
        // 36 steps are a whole turn of the hue.
        move |rotation| led.set_color(Color::hsv(rotation.steps as f64 * 10.0, 1.0, 1.0))
    });

    println!("turn the knob, press it to see the color, and hold it to end the program");
    for event in switch.events() {
        match event.kind {
            EventKind::Clicked => println!("{}", led.color()?),
            EventKind::Held => break,
            _ => {}
        }
    }
    Ok(())
}
