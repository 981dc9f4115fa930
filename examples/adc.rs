//! Tells the voltages at the four inputs of an ADS1115 on the I2C bus 1. The driver is the crate `ads1x1x`; the example
//! `ads1115` does without.

use std::error::Error;

use ads1x1x::{Ads1x1x, FullScaleRange, TargetAddr, channel};

fn main() -> Result<(), Box<dyn Error>> {
    let gpio = pinzero::default_gpio()?;
    // 0x48: the address pin is at ground.
    let mut adc = Ads1x1x::new_ads1115(gpio.i2c(1).open()?, TargetAddr::Gnd);
    adc.set_full_scale_range(FullScaleRange::Within4_096V).map_err(|error| format!("{error:?}"))?;

    let codes = [
        nb::block!(adc.read(channel::SingleA0)),
        nb::block!(adc.read(channel::SingleA1)),
        nb::block!(adc.read(channel::SingleA2)),
        nb::block!(adc.read(channel::SingleA3)),
    ];
    for (input, code) in codes.into_iter().enumerate() {
        let code = code.map_err(|error| format!("{error:?}"))?;
        println!("A{input}: {:.3} V", f64::from(code) * 4.096 / 32768.0);
    }
    Ok(())
}
