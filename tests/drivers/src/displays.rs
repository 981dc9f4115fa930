//! Displays and lights.

use pinzero_parts::{LcdBackpack, Max7219, Ssd1306, Ws2812};

use crate::rig::Rig;

/// At this rate, the bits of the SPI bus make pulses that all kinds of WS2812 understand.
const RATE: u32 = 3_200_000;

pub(crate) fn ssd1306(rig: &Rig) -> String {
    use embedded_graphics::mono_font::MonoTextStyle;
    use embedded_graphics::mono_font::ascii::FONT_10X20;
    use embedded_graphics::pixelcolor::BinaryColor;
    use embedded_graphics::prelude::{Drawable, Point, Primitive, Size};
    use embedded_graphics::primitives::{Circle, PrimitiveStyle, Rectangle};
    use embedded_graphics::text::Text;
    use ssd1306::mode::DisplayConfig;
    use ssd1306::prelude::{DisplayRotation, DisplaySize128x64};
    use ssd1306::{I2CDisplayInterface, Ssd1306 as Driver};

    let chip = rig.mock.i2c_chip(1, 0x3c, Ssd1306::new());
    let interface = I2CDisplayInterface::new(rig.i2c());
    let mut display =
        Driver::new(interface, DisplaySize128x64, DisplayRotation::Rotate0).into_buffered_graphics_mode();
    display.init().unwrap();

    let thin = PrimitiveStyle::with_stroke(BinaryColor::On, 1);
    Rectangle::new(Point::zero(), Size::new(128, 64)).into_styled(thin).draw(&mut display).unwrap();
    Circle::new(Point::new(96, 16), 24).into_styled(thin).draw(&mut display).unwrap();
    let text = MonoTextStyle::new(&FONT_10X20, BinaryColor::On);
    Text::new("pinzero", Point::new(12, 38), text).draw(&mut display).unwrap();
    display.flush().unwrap();

    let picture = chip.with(|chip| chip.picture());
    assert_eq!((picture.width(), picture.height()), (128, 64));
    // The corners of the frame, its inside, and the leftmost and the uppermost point of the circle.
    let corners = [(0, 0), (127, 0), (0, 63), (127, 63)];
    assert!(corners.iter().all(|(x, y)| picture.is_on(*x, *y)));
    assert!(!picture.is_on(1, 1) && !picture.is_on(126, 62));
    assert!(picture.is_on(96, 27) && picture.is_on(107, 16) && !picture.is_on(107, 27));

    display.set_display_on(false).unwrap();
    assert!(!chip.with(|chip| chip.picture()).is_on(0, 0));
    format!("{picture}")
}

pub(crate) fn character_display(rig: &Rig) -> String {
    use i2c_character_display::{CharacterDisplayPCF8574T, LcdDisplayType};

    let chip = rig.mock.i2c_chip(1, 0x27, LcdBackpack::new());
    let (i2c, delay) = (rig.i2c(), rig.gpio.delay());
    let mut lcd = CharacterDisplayPCF8574T::new(i2c, LcdDisplayType::Lcd16x2, delay);
    lcd.init().unwrap();
    lcd.backlight(true).unwrap().clear().unwrap();
    // A character of the display's user: a bell.
    let bell = [0x04, 0x0e, 0x0e, 0x0e, 0x1f, 0x00, 0x04, 0x00];
    lcd.create_char(0, bell).unwrap();
    lcd.set_cursor(0, 0).unwrap().print("pinzero").unwrap();
    lcd.set_cursor(3, 1).unwrap().print("21.5 \u{df}C").unwrap();

    let (lines, has_light, glyph) = chip.with(|chip| (chip.lines(16, 2), chip.has_light(), chip.glyph(0)));
    assert_eq!(lines, ["pinzero         ", "   21.5 °C      "]);
    assert!(has_light);
    assert_eq!(glyph, bell);

    // Text out of view, brought into view.
    lcd.clear().unwrap().print("this line is longer than the glass").unwrap();
    lcd.scroll_display_left().unwrap().scroll_display_left().unwrap();
    assert_eq!(chip.with(|chip| chip.lines(16, 1)), ["is line is longe"]);
    lcd.backlight(false).unwrap().show_display(false).unwrap();
    assert_eq!(chip.with(|chip| (chip.lines(16, 1), chip.has_light())), (vec![" ".repeat(16)], false));

    let frame = format!("+{}+\n", "-".repeat(16));
    let rows: String = lines.iter().map(|line| format!("|{line}|\n")).collect();
    format!("{frame}{rows}{frame}")
}

pub(crate) fn max7219_on_spi(rig: &Rig) -> String {
    use max7219::{DecodeMode, MAX7219};

    let chip = rig.mock.spi_chip(0, 1, Max7219::new(1));
    let spi = rig.spi(1);
    let mut display = MAX7219::from_spi(1, spi).unwrap();
    display.power_on().unwrap();
    display.set_intensity(0, 7).unwrap();
    display.set_decode_mode(0, DecodeMode::CodeBDigits7_0).unwrap();
    display.write_bcd(0, b"help-273").unwrap();
    // H, E, L, P, a bar and the number.
    let segments = chip.with(|chip| [7, 6, 5, 4, 3, 2, 1, 0].map(|digit| chip.segments(0, digit)));
    assert_eq!(segments, [0x37, 0x4f, 0x0e, 0x67, 0x01, 0x6d, 0x70, 0x79]);
    assert_eq!(chip.with(|chip| chip.intensity(0)), 7);
    let digits = chip.with(|chip| chip.digits(0));

    display.power_off().unwrap();
    assert_eq!(chip.with(|chip| chip.segments(0, 0)), 0);
    digits
}

pub(crate) fn max7219_on_pins(rig: &Rig) -> String {
    use max7219::{DecodeMode, MAX7219};

    // Clock, data, no data back, select.
    let chip = rig.mock.spi_chip_on([21, 20, 19, 16], Max7219::new(2));
    let [data, select, clock] = [20, 16, 21].map(|pin| rig.gpio.output(pin).open().unwrap());
    let mut display = MAX7219::from_pins(2, data, select, clock).unwrap();
    display.power_on().unwrap();
    display.set_decode_mode(0, DecodeMode::NoDecode).unwrap();
    display.set_decode_mode(1, DecodeMode::NoDecode).unwrap();
    // A matrix with an arrow, at the far end of the chain.
    let arrow = [0x18, 0x3c, 0x7e, 0xff, 0x18, 0x18, 0x18, 0x18];
    display.write_raw(0, &arrow).unwrap();
    let matrix = chip.with(|chip| chip.matrix(1));
    let rows = [0, 1, 2, 3].map(|y| (0..8).filter(|x| matrix.is_on(*x, y)).count());
    assert_eq!(rows, [2, 4, 6, 8]);
    assert_eq!(chip.with(|chip| chip.segments(0, 0)), 0);
    String::new()
}

pub(crate) fn ws2812(rig: &Rig) -> String {
    use smart_leds::{RGB8, SmartLedsWrite, brightness, colors};
    use ws2812_spi::hosted::Ws2812 as Driver;

    let strip = rig.mock.spi_chip(0, 0, Ws2812::new(6, RATE));
    let bus = rig.gpio.hardware_spi(0, 0).unselected().max_rate(RATE).open().unwrap().into_bus().unwrap();
    let mut lights = Driver::new(bus);
    let rainbow =
        [colors::RED, colors::ORANGE, colors::YELLOW, colors::GREEN, colors::BLUE, colors::DARK_VIOLET];
    lights.write(rainbow).unwrap();
    let shown = strip.with(|strip| strip.colors().to_vec());
    assert_eq!(shown, rainbow.map(|RGB8 { r, g, b }| [r, g, b]));
    let line = strip.with(|strip| strip.to_string());

    lights.write(brightness([colors::WHITE; 2].into_iter(), 15)).unwrap();
    assert_eq!(strip.with(|strip| strip.colors()[..3].to_vec()), [[15; 3], [15; 3], [255, 255, 0]]);
    assert_eq!(strip.with(|strip| strip.faults()), 0);
    line
}

/// No byte of the driver comes with another one, so no LED gets its 24 bits.
pub(crate) fn ws2812_byte_by_byte(rig: &Rig) {
    use smart_leds::{SmartLedsWrite, colors};

    let strip = rig.mock.spi_chip(0, 0, Ws2812::new(1, RATE));
    let bus = rig.gpio.hardware_spi(0, 0).unselected().max_rate(RATE).open().unwrap().into_bus().unwrap();
    ws2812_spi::Ws2812::new(bus).write([colors::RED]).unwrap();
    assert_eq!(strip.with(|strip| strip.colors().to_vec()), [[0; 3]], "it works now");
}
