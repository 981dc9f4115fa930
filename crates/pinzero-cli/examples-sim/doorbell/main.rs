//! A doorbell: the button rings the bell for a second, and the lamp stays on for three.

use pinzero::prelude::*;

pub fn main() -> pinzero::Result<()> {
    let bell = Buzzer::new(17)?;
    let lamp = Led::new(27)?;
    let door = Button::new(2)?;

    door.when_pressed(move |_| -> pinzero::Result<()> {
        bell.beep_with(Blink::new(secs(1), secs(0)).times(1))?;
        lamp.blink_with(Blink::new(secs(3), secs(0)).times(1))?;
        Ok(())
    });
    pinzero::pause();
    Ok(())
}
