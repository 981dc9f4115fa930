//! Counts the lines that a robot drives over, by a line sensor on GPIO4, and ends after the third one.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let sensor = LineSensor::new(4)?;
    let mut events = sensor.events();
    println!("{}", if sensor.line_detected()? { "starting on a line" } else { "starting beside the lines" });

    for count in 1..=3 {
        if events.any(|event| event.kind == EventKind::Deactivated) {
            println!("line {count}");
        }
    }
    Ok(())
}
