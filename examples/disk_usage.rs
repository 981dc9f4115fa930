//! Lights a LED on GPIO17 while the disk is more than 90 % full.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let (disk, led) = (DiskUsage::new("/")?, Led::new(17)?);
    println!("the disk is {:.0} % full", disk.usage()?);

    if disk.is_active()? {
        led.on()?;
    }
    let full = led.clone();
    disk.when_activated(move |_| full.on());
    disk.when_deactivated(move |_| led.off());
    pinzero::pause();
    Ok(())
}
