//! Tells the voltages at the four inputs of an ADS1115 on the I2C bus 1.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    for channel in 0..4 {
        let input = Ads1115::builder(channel).max_voltage(4.096).open()?;
        println!("A{channel}: {:.3} V", input.voltage()?);
    }
    Ok(())
}
