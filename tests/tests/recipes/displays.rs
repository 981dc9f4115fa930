//! Displays of characters.

use pinzero::prelude::*;
use pinzero::{Result, Source};

use crate::{levels, on_mock};

const SEGMENTS: [u32; 7] = [21, 20, 16, 22, 23, 24, 12];

#[test]
fn led_char_display() -> Result<()> {
    on_mock(|gpio| {
        let display = LedCharDisplay::builder(SEGMENTS).dp(25).open()?;
        let mut shown = Vec::new();
        for character in "321GO".chars() {
            display.set_value(character)?;
            shown.push(levels(gpio, SEGMENTS).map(|level| level.to_string()).concat());
            gpio.sleep(secs(1));
        }
        display.off()?;
        assert_eq!(shown, ["1111001", "1101101", "0110000", "1011110", "0011101"]);
        assert_eq!(levels(gpio, SEGMENTS), [0; 7]);
        Ok(())
    })
}

#[test]
fn led_char_source() -> Result<()> {
    on_mock(|gpio| {
        let display = LedCharDisplay::builder(SEGMENTS).dp(25).open()?;
        let characters = Source::from("321GO ".chars().map(String::from));
        display.follow(characters.every(secs(1)))?;
        gpio.advance(ms(2500));
        assert_eq!(display.value()?.as_deref(), Some("1"));
        gpio.advance(secs(3));
        assert_eq!(levels(gpio, SEGMENTS), [0; 7], "a space is dark");
        Ok(())
    })
}

#[test]
fn multichar_scroll() -> Result<()> {
    on_mock(|gpio| {
        let segments = [22, 23, 24, 25, 21, 20, 16];
        let display = LedMultiCharDisplay::builder(segments, [26, 19, 13, 6]).dp(12).open()?;
        let message: Vec<char> = "GPIO 2ER0    ".chars().collect();
        let windows =
            (0..).map(move |start| (start..start + 4).map(|at| message[at % message.len()]).collect());
        display.follow(Source::<String>::from(windows).every(ms(200)))?;
        let mut shown = Vec::new();
        for _ in 0..4 {
            gpio.advance(ms(100));
            shown.push(display.value()?);
            gpio.advance(ms(100));
        }
        assert_eq!(shown, ["GPIO", "PIO ", "IO 2", "O 2E"]);
        Ok(())
    })
}
