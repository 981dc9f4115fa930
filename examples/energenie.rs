//! Switches a lamp on socket 1 and a heater on socket 2 by an Energenie board, which is on the header pins 11, 13, 15, 16, 18 and 22.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let lamp = Energenie::builder(1).initial_value(None).open()?;
    let heater = Energenie::builder(2).initial_value(None).open()?;

    lamp.on()?;
    heater.on()?;
    println!("the commands wait for the radio");
    heater.wait_until_sent()?;
    println!("{lamp:?}, {heater:?}");

    lamp.gpio().sleep(ms(500));
    lamp.off()?;
    heater.off()?;
    println!("off; the program ends when that is sent");
    Ok(())
}
