//! Runs a light along eight LEDs on a 74HC595, a chip that makes eight outputs of three pins: clock GPIO11, data GPIO10, latch GPIO8.

use pinzero::expander::Hc595;
use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let gpio = pinzero::default_gpio()?;
    let spi = gpio.hardware_spi(0, 0).max_rate(1_000_000).open()?;
    let outputs = Hc595::builder(&spi).open()?;
    let row = outputs.group(0..8).open()?;

    for step in [0, 1, 2, 3, 4, 5, 6, 7, 6, 5, 4, 3, 2, 1, 0] {
        row.set(1 << step)?;
        println!("{}●", "·".repeat(step));
        gpio.sleep(ms(100));
    }

    // Each of them is a pin for every device.
    drop(row);
    let led = Led::builder("QD").gpio(&outputs).open()?;
    led.blink_with(Blink::new(ms(100), ms(100)).times(3))?.wait()?;
    println!("QD has blinked");
    Ok(())
}
