//! Prints the temperature by a TMP36 on channel 0 of an MCP3008, which is on SPI (GPIO8 to 11), whenever it has changed by half a degree. On
//! a laptop, type `adc 0 0 0.22`.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let sensor = Mcp3008::new(0)?;
    println!("measuring");
    let mut last = f64::NAN;
    loop {
        // A TMP36 gives 0.5 V at 0 °C, and 10 mV more for each degree. Without a chip, nothing is printed.
        let celsius = sensor.voltage().map_or(last, |volts| (volts - 0.5) * 100.0);
        if !((celsius - last).abs() < 0.5 || celsius.is_nan()) {
            println!("{celsius:.1} °C");
            last = celsius;
        }
        sensor.gpio().sleep(ms(200));
    }
}
