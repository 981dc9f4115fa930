//! Tells how long a door was open, by a switch from GPIO4 to ground that the open door closes. Ends after the second time.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let door = DigitalInputDevice::builder(4).pull_up(true).bounce_time(ms(10)).open()?;
    let events = door.events();

    println!("open and close the door");
    for event in events.filter(|event| event.kind == EventKind::Deactivated).take(2) {
        println!("the door was open for {:.1} s", event.lasted.as_secs_f64());
    }
    Ok(())
}
