//! Switches a lamp on GPIO17 at each press of a remote control, and ends after two. The infrared receiver is on GPIO18. On a laptop, type
//! `ir 18 4 8`.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let receiver = IrReceiver::new(18)?;
    let lamp = Led::new(17)?;

    println!("press a key");
    // The commands of a held key are repeats, and would switch the lamp on and off.
    for key in receiver.events().filter(|key| !key.repeat).take(2) {
        lamp.toggle()?;
        println!("{:?}: key {} of appliance {}", key.protocol, key.command, key.address);
    }
    Ok(())
}
