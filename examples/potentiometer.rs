//! Sets the brightness of a LED on GPIO17 by a potentiometer on channel 0 of an MCP3008, which is on SPI (GPIO8 to 11). On a laptop, type
//! `adc 0 0 0.5`.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let (pot, led) = (Mcp3008::new(0)?, PwmLed::new(17)?);
    println!("turn the potentiometer");
    loop {
        let value = pot.value().unwrap_or(0.0); // dark without a chip that answers
        if (value - led.value()?).abs() > 0.02 {
            led.set_value(value)?;
            println!("{:.2} V", value * pot.max_voltage());
        }
        pot.gpio().sleep(ms(50));
    }
}
