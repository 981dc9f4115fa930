//! A thermostat: below 20 °C the heater goes on, and above 21 °C off.

use std::thread::sleep;

use pinzero::prelude::*;

pub fn main() -> pinzero::Result<()> {
    let room = Mcp3008::new(0)?;
    let heater = Relay::new(17)?;
    let heating = Led::new(27)?;
    loop {
        let celsius = (room.value()? * 3.3 - 0.5) * 100.0;
        if celsius < 20.0 {
            heater.on()?;
            heating.on()?;
        } else if celsius > 21.0 {
            heater.off()?;
            heating.off()?;
        }
        sleep(ms(100));
    }
}
