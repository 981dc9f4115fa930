//! Tells when to open the window: reads temperature and humidity from a DHT22 on GPIO4 until the air is too humid. On a laptop, type
//! `dht22 4 21.5 40` and later `dht22 4 22 70`.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    // One attempt every two seconds, for a minute: there is time to type.
    let sensor = Dht22::builder(4).attempts(30).open()?;
    println!("measuring");
    let reading = sensor.read()?;
    println!("{:.1} °C, {:.0} % humidity", reading.temperature, reading.humidity);

    while sensor.read()?.humidity < 60.0 {
        sensor.gpio().sleep(secs(2));
    }
    println!("open the window");
    Ok(())
}
