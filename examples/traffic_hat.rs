//! A pedestrian crossing on a Traffic HAT: the button on the header pin 22 (GPIO25) stops the cars, and the buzzer calls. Two walks end the
//! program.

use pinzero::prelude::*;
use pinzero::products::TrafficHat;

fn main() -> pinzero::Result<()> {
    let hat = TrafficHat::new()?;
    let pause = |time| hat.gpio().sleep(ms(time));

    for _ in 0..2 {
        hat.lights.set_value([0, 0, 1])?;
        println!("cars go; press the button to cross");
        hat.button.wait_for_press()?;

        hat.lights.set_value([0, 1, 0])?;
        pause(300);
        hat.lights.set_value([1, 0, 0])?;
        println!("walk");
        hat.buzzer.beep_with(Blink::new(ms(100), ms(100)).times(3))?.wait()?;
        hat.lights.amber.on()?;
        pause(300);
    }
    hat.off()
}
