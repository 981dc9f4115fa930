//! Counts down on a display of seven segments. Segments a to g: GPIO4, GPIO17, GPIO27, GPIO22, GPIO5, GPIO6, GPIO13. Decimal point: GPIO19.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let display = LedCharDisplay::builder([4, 17, 27, 22, 5, 6, 13]).dp(19).open()?;

    for digit in ["5", "4", "3", "2", "1", "0."] {
        display.set_value(digit)?;
        println!("{digit}");
        display.gpio().sleep(ms(500));
    }
    display.blink_with(Blink::new(ms(100), ms(100)).times(10))?.wait()?;
    Ok(())
}
