//! A traffic light: the cars have green until somebody presses the button.

use std::thread::sleep;

use pinzero::prelude::*;

pub fn main() -> pinzero::Result<()> {
    let red = Led::new(25)?;
    let amber = Led::new(8)?;
    let green = Led::new(7)?;
    let walk = Led::new(18)?;
    let cross = Button::new(21)?;
    loop {
        green.on()?;
        cross.wait_for_press()?;
        sleep(ms(500));
        green.off()?;
        amber.on()?;
        sleep(secs(1));
        amber.off()?;
        red.on()?;
        walk.on()?;
        sleep(secs(3));
        walk.off()?;
        amber.on()?;
        sleep(ms(500));
        red.off()?;
        amber.off()?;
    }
}
