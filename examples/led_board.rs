//! Switches five LEDs on GPIO5, 6, 13, 19 and 26 together and one by one.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let leds = LedBoard::new([5, 6, 13, 19, 26])?;
    println!("all on");
    leds.on()?;
    leds.gpio().sleep(ms(300));

    println!("every other one");
    leds.set_value([1, 0, 1, 0, 1])?;
    leds.gpio().sleep(ms(300));

    println!("the others");
    leds.toggle()?;
    leds.gpio().sleep(ms(300));

    println!("the first and the last");
    leds.off()?;
    leds.select([0, -1])?.on()?;
    leds.gpio().sleep(ms(300));

    println!("from one to the next");
    for led in leds.lights() {
        leds.off()?;
        led.on()?;
        leds.gpio().sleep(ms(100));
    }

    println!("all blink");
    leds.blink_with(Blink::new(ms(100), ms(100)).times(3))?.wait()?;
    println!("done");
    Ok(())
}
