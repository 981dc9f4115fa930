//! The bytes of a frame, as pure functions: for the wire of a strip, and for the kernel's driver.

use crate::Color;

/// The order in which a LED of a strip takes its colors. With `W`, the LED has a white one too, which takes what red, green and blue
/// have in common.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names say it all")]
pub enum PixelOrder {
    /// Red, green, blue: WS2811, and most LEDs with legs.
    Rgb,
    Rbg,
    /// Green, red, blue: WS2812, WS2812B, WS2813, SK6812.
    #[default]
    Grb,
    Gbr,
    Brg,
    Bgr,
    Rgbw,
    /// Green, red, blue, white: SK6812 RGBW.
    Grbw,
}

impl PixelOrder {
    /// Returns the places of the colors: 0 for red, 1 for green, 2 for blue, 3 for white.
    fn places(self) -> &'static [usize] {
        match self {
            PixelOrder::Rgb => &[0, 1, 2],
            PixelOrder::Rbg => &[0, 2, 1],
            PixelOrder::Grb => &[1, 0, 2],
            PixelOrder::Gbr => &[1, 2, 0],
            PixelOrder::Brg => &[2, 0, 1],
            PixelOrder::Bgr => &[2, 1, 0],
            PixelOrder::Rgbw => &[0, 1, 2, 3],
            PixelOrder::Grbw => &[1, 0, 2, 3],
        }
    }

    /// Returns the brightness of red, green, blue and white, from 0 to 255.
    fn levels(self, color: Color, brightness: f64) -> [u8; 4] {
        let Color { red, green, blue } = color;
        let white = if self.places().len() == 4 { red.min(green).min(blue) } else { 0.0 };
        // The conversion to an integer limits values out of range.
        [red - white, green - white, blue - white, white]
            .map(|share| (share * brightness * 255.0).round() as u8)
    }
}

/// The bits a second on the SPI bus. A bit of the strip takes 1.25 µs, and is three bits of the bus: high, the bit, low.
pub(super) const RATE: u32 = 2_400_000;

/// The bytes on the bus for a byte of the strip.
const STRETCH: usize = 3;

/// The zeros before a frame, 300 µs long. The LEDs show the frame before when the wire has been low for 280 µs, the older ones for 50,
/// and then begin with the first LED again. The level before the first frame does not matter either.
pub(super) const GAP: usize = 90;

/// Returns the bytes on the bus for a LED.
pub(super) fn bytes_per_pixel(order: PixelOrder) -> usize {
    order.places().len() * STRETCH
}

/// Returns a frame for MOSI.
pub(super) fn wire(colors: &[Color], order: PixelOrder, brightness: f64) -> Vec<u8> {
    let mut frame = vec![0; GAP];
    for color in colors {
        let levels = order.levels(*color, brightness);
        frame.extend(order.places().iter().flat_map(|place| stretch(levels[*place])));
    }
    frame
}

/// Returns a frame for the kernel's driver, which knows the order of the strip: red, green, blue and white of each LED.
pub(super) fn plain(colors: &[Color], order: PixelOrder, brightness: f64) -> Vec<u8> {
    colors.iter().flat_map(|color| order.levels(*color, brightness)).collect()
}

/// Returns the three bytes for a byte, the highest bit first: `110` for a one and `100` for a zero.
fn stretch(byte: u8) -> [u8; STRETCH] {
    let bits = (0..8).fold(0u32, |bits, place| {
        let bit = u32::from(byte >> place & 1);
        bits | (0b100 | bit << 1) << (3 * place)
    });
    let [_, high, middle, low] = bits.to_be_bytes();
    [high, middle, low]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bit_is_three_bits_on_the_wire() {
        for (byte, wire) in [
            (0x00, 0b100_100_100_100_100_100_100_100),
            (0xff, 0b110_110_110_110_110_110_110_110),
            (0x80, 0b110_100_100_100_100_100_100_100),
            (0x01, 0b100_100_100_100_100_100_100_110),
            (0xa5, 0b110_100_110_100_100_110_100_110),
        ] {
            let [high, middle, low] = stretch(byte);
            assert_eq!(u32::from_be_bytes([0, high, middle, low]), wire, "{byte:#x}");
        }
    }

    #[test]
    fn every_byte_can_be_read_back_from_the_wire() {
        for byte in 0..=u8::MAX {
            let bits = u32::from_be_bytes([0, stretch(byte)[0], stretch(byte)[1], stretch(byte)[2]]);
            let read = (0..8).rev().fold(0u8, |read, place| {
                let triple = bits >> (3 * place) & 0b111;
                assert!(triple == 0b100 || triple == 0b110, "{byte:#x}: {bits:#b}");
                read << 1 | u8::from(triple == 0b110)
            });
            assert_eq!(read, byte);
        }
    }

    #[test]
    fn colors_go_in_the_order_of_the_strip() {
        let color = Color::new(1.0, 0.4, 0.2);
        for (order, levels) in [
            (PixelOrder::Rgb, &[255, 102, 51][..]),
            (PixelOrder::Rbg, &[255, 51, 102]),
            (PixelOrder::Grb, &[102, 255, 51]),
            (PixelOrder::Gbr, &[102, 51, 255]),
            (PixelOrder::Brg, &[51, 255, 102]),
            (PixelOrder::Bgr, &[51, 102, 255]),
            (PixelOrder::Rgbw, &[204, 51, 0, 51]),
            (PixelOrder::Grbw, &[51, 204, 0, 51]),
        ] {
            let expected: Vec<u8> = levels.iter().flat_map(|level| stretch(*level)).collect();
            assert_eq!(wire(&[color], order, 1.0)[GAP..], expected, "{order:?}");
            assert_eq!(expected.len(), bytes_per_pixel(order));
        }
    }

    #[test]
    fn a_frame_begins_with_a_gap() {
        let frame = wire(&[Color::BLACK; 2], PixelOrder::Grb, 1.0);
        assert!(frame[..GAP].iter().all(|byte| *byte == 0) && frame.len() == GAP + 18, "{frame:x?}");
        assert!(GAP as f64 * 8.0 / f64::from(RATE) >= 300e-6);
    }

    #[test]
    fn the_kernel_takes_red_green_blue_and_white_whatever_the_order() {
        let colors = [Color::new(1.0, 0.4, 0.2), Color::WHITE];
        assert_eq!(plain(&colors, PixelOrder::Grb, 1.0), [255, 102, 51, 0, 255, 255, 255, 0]);
        assert_eq!(plain(&colors, PixelOrder::Bgr, 0.5), [128, 51, 26, 0, 128, 128, 128, 0]);
        assert_eq!(plain(&colors, PixelOrder::Grbw, 1.0), [204, 51, 0, 51, 0, 0, 0, 255]);
    }
}
