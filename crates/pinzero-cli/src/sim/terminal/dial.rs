//! The dial of a servo, in dots of Braille.

/// The size of a dial, in characters.
pub(crate) const WIDTH: usize = 6;
pub(crate) const HEIGHT: usize = 3;

/// The dots of a character have these bits, from the upper left, row by row.
const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// Draws a circle with an arm. At 0 degrees the arm points up; positive angles are clockwise.
pub(crate) fn draw(degrees: f64) -> [String; HEIGHT] {
    let mut dots = [[0u8; WIDTH]; HEIGHT];
    let mut dot = |degrees: f64, radius: f64| {
        let (sine, cosine) = degrees.to_radians().sin_cos();
        let center = WIDTH as f64 - 0.5;
        let (x, y) = ((center + radius * sine).round() as usize, (center - radius * cosine).round() as usize);
        if let Some(cell) = dots.get_mut(y / 4).and_then(|row| row.get_mut(x / 2)) {
            *cell |= BITS[y % 4][x % 2];
        }
    };
    for step in 0..24 {
        dot(f64::from(step) * 15.0 + 7.5, 5.4);
    }
    for step in 0..8 {
        dot(degrees, f64::from(step) * 0.6);
    }
    // A pattern of dots is a letter from U+2800 on.
    dots.map(|row| row.iter().filter_map(|&cell| char::from_u32(0x2800 + u32::from(cell))).collect())
}
