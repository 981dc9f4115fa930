//! Shows a LED on GPIO17 at half and at full brightness, and then fades it out as the eye sees it.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let led = PwmLed::new(17)?;
    for value in [0.0, 0.5, 1.0] {
        println!("brightness {value}");
        led.set_value(value)?;
        led.gpio().sleep(secs(1));
    }

    println!("fading out");
    led.fade_to_with(0.0, secs(3), Easing::Gamma)?.wait()?;
    Ok(())
}
