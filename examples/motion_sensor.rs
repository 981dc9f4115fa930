//! Lights a LED on GPIO16 while a motion sensor on GPIO4 sees something move, and ends after the second time.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let (pir, led) = (MotionSensor::new(4)?, Led::new(16)?);
    pir.wait_for_no_motion()?; // such sensors need a minute to settle
    println!("ready");

    for _ in 0..2 {
        pir.wait_for_motion()?;
        led.on()?;
        println!("motion");

        pir.wait_for_no_motion()?;
        led.off()?;
        println!("no motion");
    }
    Ok(())
}
