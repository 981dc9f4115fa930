//! Counts the pulses of a flow meter on GPIO4, 450 for a litre, and ends after the first 10 pulses.

use pinzero::prelude::*;

const PULSES_PER_LITRE: f64 = 450.0;

fn main() -> pinzero::Result<()> {
    let meter = PulseCounter::builder(4).bounce_time(ms(1)).window(secs(2)).open()?;

    println!("let water flow");
    meter.wait_for_count(10)?;
    let litres = meter.count()? as f64 / PULSES_PER_LITRE;
    println!("{} pulses are {litres:.3} l; {} edges were missed", meter.count()?, meter.missed());
    println!("it flows: {}", meter.rate()? > 0.0);
    Ok(())
}
