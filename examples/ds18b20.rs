//! Tells the temperature of each DS18B20 on the 1-Wire bus. A laptop has no such bus; there, the example reads the files of the tests.

use std::path::Path;

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let mut bus = Ds18b20::builder();
    if !Path::new("/sys/bus/w1").exists() {
        bus = bus.root(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/w1/devices"));
    }
    for id in bus.ids()? {
        let sensor = bus.clone().id(&id).open()?;
        println!("{id}: {:.1} °C", sensor.temperature()?);
    }
    Ok(())
}
