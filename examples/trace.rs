//! Records a button on GPIO2 and a LED on GPIO17 for one press of the button, and prints the timing diagram. With a name as argument, writes a file for
//! GTKWave and PulseView, too: `cargo run --example trace -- trace.vcd`.

use std::fs::File;

use pinzero::prelude::*;
use pinzero::{Blink, default_gpio, trace};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let led = Led::new(17)?;
    let button = Button::builder(2).bounce_time(ms(5)).open()?;
    button.when_pressed(move |_| led.blink_with(Blink::new(ms(100), ms(100)).times(2)));

    let trace = trace::record(&default_gpio()?);
    println!("press the button on GPIO2");
    button.wait_for_press()?;
    button.wait_for_release()?;
    trace.stop();

    println!("{}", trace.diagram().title("one press"));
    if let Some(name) = std::env::args().nth(1) {
        trace.write_vcd(File::create(name)?)?;
    }
    Ok(())
}
