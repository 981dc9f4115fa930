//! Shows on three LEDs (GPIO17, GPIO27, GPIO22) which of three buttons (GPIO5, GPIO6, GPIO13) are pressed. Hold one for half a second to end
//! the program.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let buttons =
        ButtonBoard::named([("left", 5), ("middle", 6), ("right", 13)]).hold_time(ms(500)).open()?;
    let leds = LedBoard::new([17, 27, 22])?;
    leds.follow(buttons.values())?;

    buttons.member("middle")?.when_pressed(|_| println!("the middle one"));
    buttons.when_released(|_| println!("all up"));

    println!("press a button; hold one to end the program");
    let held = buttons.events().find(|event| event.kind == EventKind::Held);
    println!("{}", if held.is_some() { "good-bye" } else { "the buttons were closed" });
    Ok(())
}
