//! Blinks a LED on GPIO17, half a second on and half a second off, until you stop the program.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let led = Led::new(17)?;
    led.blink(ms(500), ms(500))?;
    pinzero::pause();
    Ok(())
}
