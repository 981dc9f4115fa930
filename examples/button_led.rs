//! Lights a LED on GPIO17 while a button on GPIO2 is pressed. Hold the button for three seconds to end the program.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let led = Led::new(17)?;
    let button = Button::builder(2).bounce_time(ms(5)).hold_time(secs(3)).open()?;

    button.when_pressed({
        let led = led.clone();
        move |_| {
            println!("pressed");
            led.on()
        }
    });
    button.when_released(move |event| {
        println!("released after {:.2} s", event.lasted.as_secs_f64());
        led.off()
    });

    println!("press the button on GPIO2; hold it for three seconds to end the program");
    let held = button.events().find(|event| event.kind == EventKind::LongPressed);
    println!("{}", if held.is_some() { "good-bye" } else { "the button was closed" });
    Ok(())
}
