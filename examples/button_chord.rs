//! Tells two buttons, on GPIO2 and GPIO3, from both together. Hold both for half a second to end the program.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let both = Chord::builder([2, 3]).bounce_time(ms(5)).hold_time(ms(500)).open()?;

    for (name, button) in ["left", "right"].into_iter().zip(both.buttons()) {
        button.when_pressed(move |_| println!("{name}"));
    }
    both.when_pressed(|_| println!("both together"));

    println!("press a button; hold both to end the program");
    let held = both.events().find(|event| event.kind == EventKind::Held);
    println!("{}", if held.is_some() { "good-bye" } else { "the buttons were closed" });
    Ok(())
}
