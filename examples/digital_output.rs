//! Runs a fan on GPIO17, whose driver is active when low, for two seconds.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let fan = DigitalOutputDevice::builder(17).active_high(false).open()?;
    for _ in 0..2 {
        fan.toggle()?;
        println!("the fan is {}", if fan.is_active()? { "on" } else { "off" });
        fan.gpio().sleep(secs(2));
    }
    Ok(())
}
