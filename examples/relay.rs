//! Switches a lamp by a relay on GPIO17, whose board is active when low. The relay rests for a second between two switches.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let builder = Relay::builder(17).active_high(false).min_on_time(secs(1)).min_off_time(secs(1));
    let lamp = builder.on_close(OnClose::High).open()?; // off when the program ends

    for on in [true, false] {
        lamp.set_value(on)?;
        if let Some((_, wait)) = lamp.pending()? {
            println!("waiting for {:.0} s, so that the contact lasts", wait.as_secs_f64());
        }
        lamp.wait()?;
        println!("the lamp is {}", if on { "on" } else { "off" });
    }
    Ok(())
}
