//! Has devices follow others: a LED on GPIO17 shows a button on GPIO2, a second one on GPIO27 shows the opposite, and a lamp on GPIO18
//! breathes while the button is pressed.

use pinzero::prelude::*;
use pinzero::source::{multiplied, sin_values};

fn main() -> pinzero::Result<()> {
    let button = Button::new(2)?;
    let (led, other, lamp) = (Led::new(17)?, Led::new(27)?, PwmLed::new(18)?);

    led.follow(button.values())?;
    other.follow(button.values().negated())?;
    lamp.follow(multiplied([sin_values(200).scaled_half(), button.values().into()]))?;

    println!("press the button on GPIO2");
    pinzero::pause();
    Ok(())
}
