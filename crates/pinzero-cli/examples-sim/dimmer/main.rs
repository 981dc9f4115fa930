//! A dimmer: the potentiometer sets how bright the lamp is.

use pinzero::prelude::*;

pub fn main() -> pinzero::Result<()> {
    let knob = Mcp3008::new(0)?;
    let lamp = PwmLed::new(17)?;
    lamp.follow(knob.values())?;
    pinzero::pause();
    Ok(())
}
