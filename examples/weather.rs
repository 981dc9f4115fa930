//! Tells temperature, pressure and humidity every second, three times, by a BME280 on the I2C bus 1. The driver is the crate `bme280`.

use std::error::Error;

use bme280::i2c::BME280;
use pinzero::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let gpio = pinzero::default_gpio()?;
    let mut delay = gpio.delay();
    // The other address of the chip is 0x77: `new_secondary`.
    let mut sensor = BME280::new_primary(gpio.i2c(1).open()?);
    sensor.init(&mut delay).map_err(|error| format!("{error:?}"))?;

    for _ in 0..3 {
        let air = sensor.measure(&mut delay).map_err(|error| format!("{error:?}"))?;
        println!("{:.1} °C, {:.1} hPa, {:.0} %", air.temperature, air.pressure / 100.0, air.humidity);
        delay.pause(secs(1));
    }
    Ok(())
}
