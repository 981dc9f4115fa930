//! Reads a number from a keypad of 4 x 3 keys, up to the key `#`. Rows: GPIO5, GPIO6, GPIO13, GPIO19. Columns: GPIO16, GPIO20, GPIO21. On a
//! laptop, type `key 5 16` for `1`, and `key 19 21` for `#`.

use pinzero::KeyKind;
use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let builder = Keypad::builder([5, 6, 13, 19], [16, 20, 21]);
    let keypad = builder.keys(["123", "456", "789", "*0#"]).open()?;

    let presses = keypad.events().filter(|event| event.kind == KeyKind::Pressed);

    println!("type a number and #");
    let mut number = String::new();
    for event in presses {
        match event.key.label {
            Some('#') => break,
            Some('*') => number.clear(),
            label => number.extend(label),
        }
        println!("{number}");
    }
    println!("the number is {number}");
    Ok(())
}
