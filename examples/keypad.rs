//! Reads a number from a keypad of 4 x 3 keys, up to the key `#`. Rows: GPIO5, GPIO6, GPIO13, GPIO19. Columns: GPIO16, GPIO20, GPIO21.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let builder = Keypad::builder([5, 6, 13, 19], [16, 20, 21]);
    let keypad = builder.keys(["123", "456", "789", "*0#"]).open()?;

    println!("type a number and #");
    let mut number = String::new();
    loop {
        match keypad.wait_for_key()?.label {
            Some('#') => break,
            Some('*') => number.clear(),
            label => number.extend(label),
        }
        println!("{number}");
    }
    println!("the number is {number}");
    Ok(())
}
