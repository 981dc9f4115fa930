//! Shows two lines of text on a character display of 16 by 2, behind a PCF8574 on the I2C bus 1: those of the command line, or a greeting.
//! The driver is the crate `i2c-character-display`.

use std::env;
use std::error::Error;

use i2c_character_display::{CharacterDisplayError, CharacterDisplayPCF8574T, LcdDisplayType};
use pinzero::{Gpio, I2c};

fn main() -> Result<(), Box<dyn Error>> {
    let mut lines = env::args().skip(1);
    let first = lines.next().unwrap_or_else(|| "Hello from".to_owned());
    let second = lines.next().unwrap_or_else(|| "pinzero".to_owned());

    let gpio = pinzero::default_gpio()?;
    show(&gpio, gpio.i2c(1).open()?, &first, &second).map_err(|error| format!("{error:?}"))?;
    println!("shown: {first} / {second}");
    Ok(())
}

fn show(gpio: &Gpio, i2c: I2c, first: &str, second: &str) -> Result<(), CharacterDisplayError<I2c>> {
    // Some of the boards are at 0x3f: `new_with_address`.
    let mut lcd = CharacterDisplayPCF8574T::new(i2c, LcdDisplayType::Lcd16x2, gpio.delay());
    lcd.init()?;
    lcd.backlight(true)?.clear()?;
    lcd.set_cursor(0, 0)?.print(first)?;
    lcd.set_cursor(0, 1)?.print(second)?;
    Ok(())
}
