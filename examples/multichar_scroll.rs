//! Scrolls a text over a display of four characters. Segments a to g: GPIO4, GPIO17, GPIO27, GPIO22, GPIO5, GPIO6, GPIO13. Digits from the
//! left, each by a transistor: GPIO16, GPIO20, GPIO21, GPIO26.

use pinzero::prelude::*;

const TEXT: &str = "    HELLO FRIEND    ";

fn main() -> pinzero::Result<()> {
    let display = LedMultiCharDisplay::new([4, 17, 27, 22, 5, 6, 13], [16, 20, 21, 26])?;

    let characters: Vec<char> = TEXT.chars().collect();
    for shown in characters.windows(4) {
        display.set_value(String::from_iter(shown))?;
        println!("|{}|", display.value()?);
        display.gpio().sleep(ms(250));
    }
    Ok(()) // and dark
}
