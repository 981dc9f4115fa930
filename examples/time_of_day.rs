//! Lights a lamp on GPIO17 from half an hour before sunset until sunrise, in Berlin.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let sun = Sun::at(52.52, 13.40);
    let night = TimeOfDay::new(sun.set().earlier(secs(30 * 60)), sun.rise())?;
    let lamp = Led::new(17)?;
    let is_night = night.is_active()?;
    println!("it is {}", if is_night { "night" } else { "day" });

    if is_night {
        lamp.on()?;
    }
    let evening = lamp.clone();
    night.when_activated(move |_| evening.on());
    night.when_deactivated(move |_| lamp.off());
    pinzero::pause();
    Ok(())
}
