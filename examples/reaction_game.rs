//! A game for two: a LED on GPIO17 lights up after a while, and the first to press a button wins. Left: GPIO2. Right: GPIO3.
//!
//! The times are the kernel's timestamps of the edges. So a slow program does not change the result.

use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let led = Led::new(17)?;
    let players = [("left", Button::new(2)?), ("right", Button::new(3)?)];

    let (sender, presses) = mpsc::channel();
    for (name, button) in &players {
        let (name, sender) = (*name, sender.clone());
        button.when_pressed(move |event| sender.send((name, event.at)));
    }

    println!("wait for it ...");
    led.gpio().sleep(suspense());
    let start = led.gpio().now();
    led.on()?;

    match presses.recv() {
        Ok((name, at)) if at < start => println!("{name} was too early and loses"),
        Ok((name, at)) => println!("{name} wins after {:.0} ms", (at - start).as_secs_f64() * 1000.0),
        Err(_) => println!("nobody plays"),
    }
    led.off()
}

/// Returns a time between two and five seconds. The clock's last digits are random enough for a game.
fn suspense() -> Duration {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    ms(2000 + u64::from(now.subsec_micros() % 3000))
}
