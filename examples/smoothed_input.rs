//! Raises the alarm when a vibration sensor on GPIO4 is high for more than half of a second; shorter shakes do not count.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let builder = SmoothedInputDevice::builder(4).queue_len(100).average(Average::Mean).threshold(0.5);
    let sensor = builder.open()?; // a sample each 10 ms
    println!("at rest: {:.2}", sensor.value()?);

    sensor.wait_for_active()?;
    println!("alarm: {:.2}", sensor.value()?);
    Ok(())
}
