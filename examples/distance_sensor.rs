//! Helps to park: tells the distance to the wall by an HC-SR04 with its echo on GPIO23 and its trigger on GPIO24, and when to stop. On a
//! laptop, type `distance 23 24 1.2` and later `distance 23 24 0.2`.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let sensor = DistanceSensor::builder(23, 24).max_distance(2.0).threshold_distance(0.3).open()?;
    println!("measuring");
    println!("{:.1} m to the wall", sensor.distance()?);

    sensor.wait_for_in_range()?;
    println!("stop: {:.1} m to the wall", sensor.distance()?);
    Ok(())
}
