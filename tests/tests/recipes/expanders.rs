//! Pins of an expander.

use pinzero::Result;
use pinzero::expander::Mcp23017;
use pinzero::mock::MockChip;
use pinzero::prelude::*;
use pinzero_parts as parts;

use crate::on_mock;

/// Drives a pin of the chip, and lets the interrupt be answered.
fn drive(gpio: &pinzero::mock::MockGpio, chip: &MockChip<parts::Mcp23017>, pin: usize, level: Level) {
    chip.with(|chip| chip.pins.drive(pin, Some(level)));
    gpio.advance(ms(1));
}

#[test]
fn mcp23017_led_button() -> Result<()> {
    on_mock(|gpio| {
        let chip = gpio.i2c_chip(1, 0x20, parts::Mcp23017::new()).interrupt(gpio, 4);
        let expander = Mcp23017::builder(&gpio.i2c(1).open()?).interrupt(gpio, 4).open()?;
        let led = Led::builder(7).gpio(&expander).open()?;
        let button = Button::builder(8).gpio(&expander).open()?;
        led.follow(button.values())?;
        for (level, is_lit) in [(Level::Low, true), (Level::High, false)] {
            drive(gpio, &chip, 8, level);
            assert_eq!(chip.with(|chip| chip.pins.level(7).is_high()), is_lit);
        }
        Ok(())
    })
}

#[test]
fn mcp23017_8_leds_8_buttons() -> Result<()> {
    on_mock(|gpio| {
        let chip = gpio.i2c_chip(1, 0x20, parts::Mcp23017::new()).interrupt(gpio, 4);
        let expander = Mcp23017::builder(&gpio.i2c(1).open()?).interrupt(gpio, 4).open()?;
        let mut buttons = Vec::new();
        for pin in 0..8 {
            let led = Led::builder(pin + 8).gpio(&expander).open()?;
            let button = Button::builder(pin).gpio(&expander).open()?;
            button.when_pressed({
                let led = led.clone();
                move |_| led.on()
            });
            button.when_released(move |_| led.off());
            buttons.push(button);
        }
        drive(gpio, &chip, 0, Level::Low);
        drive(gpio, &chip, 5, Level::Low);
        drive(gpio, &chip, 5, Level::High);
        drive(gpio, &chip, 6, Level::Low);
        let lit = chip.with(|chip| [8, 9, 10, 11, 12, 13, 14, 15].map(|pin| chip.pins.level(pin).is_high()));
        assert_eq!(lit, [0, 1, 2, 3, 4, 5, 6, 7].map(|pin| [0, 6].contains(&pin)));
        Ok(())
    })
}
