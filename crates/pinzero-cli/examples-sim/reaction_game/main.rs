//! A reaction game: when the lamp goes on, the faster of two players wins.

use std::thread::sleep;

use pinzero::prelude::*;

pub fn main() -> pinzero::Result<()> {
    let lamp = Led::new(17)?;
    let players = [(Button::new(14)?, Led::new(23)?), (Button::new(15)?, Led::new(24)?)];
    sleep(secs(2));
    lamp.on()?;
    for (button, won) in &players {
        let (lamp, won) = (lamp.clone(), won.clone());
        button.when_pressed(move |_| -> pinzero::Result<()> {
            // Only the first finds the lamp on.
            if lamp.is_lit()? {
                lamp.off()?;
                won.on()?;
            }
            Ok(())
        });
    }
    pinzero::pause();
    Ok(())
}
