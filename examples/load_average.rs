//! Shows how busy this computer is: on the terminal, and by the brightness of a LED on GPIO17.

use std::thread::available_parallelism;

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let cores = available_parallelism().map_or(1, std::num::NonZero::get);
    let load = LoadAverage::builder().max_load_average(cores as f64).minutes(1).open()?;
    let led = PwmLed::new(17)?;
    println!("{:.2} of {cores} cores are busy", load.load_average()?);

    led.follow(load.values())?;
    pinzero::pause();
    Ok(())
}
