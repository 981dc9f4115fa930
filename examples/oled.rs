//! Draws a face and a text on an OLED of 128 by 64 pixels with an SSD1306, on the I2C bus 1. The drivers are the crates `ssd1306` and
//! `embedded-graphics`.

use std::error::Error;

use embedded_graphics::mono_font::{MonoTextStyle, ascii::FONT_10X20};
use embedded_graphics::pixelcolor::BinaryColor;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::{Arc, Circle, PrimitiveStyle};
use embedded_graphics::text::Text;
use ssd1306::prelude::*;
use ssd1306::{I2CDisplayInterface, Ssd1306};

fn main() -> Result<(), Box<dyn Error>> {
    let gpio = pinzero::default_gpio()?;
    let interface = I2CDisplayInterface::new(gpio.i2c(1).open()?);
    let mut oled =
        Ssd1306::new(interface, DisplaySize128x64, DisplayRotation::Rotate0).into_buffered_graphics_mode();
    oled.init().map_err(|error| format!("{error:?}"))?;

    draw(&mut oled).map_err(|error| format!("{error:?}"))?;
    oled.flush().map_err(|error| format!("{error:?}"))?;
    println!("drawn");
    Ok(())
}

fn draw<D: DrawTarget<Color = BinaryColor>>(oled: &mut D) -> Result<(), D::Error> {
    let line = PrimitiveStyle::with_stroke(BinaryColor::On, 2);
    let eye = PrimitiveStyle::with_fill(BinaryColor::On);
    Circle::new(Point::new(4, 8), 48).into_styled(line).draw(oled)?;
    Circle::new(Point::new(16, 22), 6).into_styled(eye).draw(oled)?;
    Circle::new(Point::new(34, 22), 6).into_styled(eye).draw(oled)?;
    Arc::new(Point::new(14, 18), 28, 30.0.deg(), 120.0.deg()).into_styled(line).draw(oled)?;
    Text::new("Hello", Point::new(66, 38), MonoTextStyle::new(&FONT_10X20, BinaryColor::On)).draw(oled)?;
    Ok(())
}
