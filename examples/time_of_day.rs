//! Lights a lamp on GPIO17 from half an hour before sunset until sunrise, in Berlin.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let sun = Sun::at(52.52, 13.40);
    let night = TimeOfDay::new(sun.set().earlier(secs(30 * 60)), sun.rise())?;
    let lamp = Led::new(17)?;
    println!("it is {}", if night.value()? { "night" } else { "day" });

    lamp.follow(night.values())?;
    pinzero::pause();
    Ok(())
}
