//! Traffic lights with red (GPIO25), amber (GPIO8) and green (GPIO7), as in Britain: red and amber come before green.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let lights = TrafficLights::new(25, 8, 7)?;
    lights.green.on()?;
    for _ in 0..2 {
        println!("green: go");
        lights.gpio().sleep(ms(500));
        println!("amber: stop if you can");
        lights.set_value([0, 1, 0])?;
        lights.gpio().sleep(ms(200));
        println!("red: stop");
        lights.set_value([1, 0, 0])?;
        lights.gpio().sleep(ms(500));
        println!("red and amber: get ready");
        lights.amber.on()?;
        lights.gpio().sleep(ms(200));
        lights.set_value([0, 0, 1])?;
    }

    println!("out of order");
    lights.off()?;
    lights.amber.blink_with(Blink::new(ms(200), ms(200)).times(3))?.wait()?;
    Ok(())
}
