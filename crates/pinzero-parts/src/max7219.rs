//! The MAX7219, which drives eight digits of seven segments or 64 LEDs, from Maxim's data sheet.

use pinzero_core::mock::SpiChip;

use crate::Picture;

const DECODE: u8 = 0x9;
const INTENSITY: u8 = 0xa;
const SCAN_LIMIT: u8 = 0xb;
const SHUTDOWN: u8 = 0xc;
const TEST: u8 = 0xf;

/// The segments of Code B: `0` to `9`, `-`, `E`, `H`, `L`, `P` and blank. A is bit 6, G bit 0.
const CODE_B: [u8; 16] =
    [0x7e, 0x30, 0x6d, 0x79, 0x33, 0x5b, 0x5f, 0x70, 0x7f, 0x7b, 0x01, 0x4f, 0x37, 0x0e, 0x67, 0x00];

/// A chip of a chain.
#[derive(Debug, Clone, Default)]
struct Chip {
    registers: [u8; 16],
}

impl Chip {
    /// Returns the lit segments of a digit.
    fn segments(&self, digit: u8) -> u8 {
        let control = |register: u8| self.registers[usize::from(register)];
        if control(TEST) & 1 == 1 {
            return 0xff;
        }
        if control(SHUTDOWN) & 1 == 0 || digit > control(SCAN_LIMIT) & 0b111 {
            return 0;
        }
        let value = control(digit + 1);
        let is_decoded = control(DECODE) >> digit & 1 == 1;
        if is_decoded { value & 0x80 | CODE_B[usize::from(value & 0x0f)] } else { value }
    }
}

/// A chain of MAX7219, on SPI. A chip takes the last 16 bits that it has when it is deselected.
#[derive(Debug, Clone)]
pub struct Max7219 {
    chips: Vec<Chip>,
    /// What is in the chain, the byte that came last first.
    shifted: Vec<u8>,
}

impl Max7219 {
    /// Returns a chain of this many chips after their reset: shut down.
    pub fn new(chips: usize) -> Self {
        Max7219 { chips: vec![Chip::default(); chips], shifted: vec![0; chips * 2] }
    }

    /// Returns the segments of a digit that are lit: the point is bit 7, A bit 6, G bit 0.
    ///
    /// # Panics
    /// If the chain has no such chip or digit.
    pub fn segments(&self, chip: usize, digit: u8) -> u8 {
        assert!(digit < 8, "a chip has eight digits");
        self.chips[chip].segments(digit)
    }

    /// Returns the intensity, 0 to 15.
    ///
    /// # Panics
    /// If the chain has no such chip.
    pub fn intensity(&self, chip: usize) -> u8 {
        self.chips[chip].registers[usize::from(INTENSITY)] & 0x0f
    }

    /// Returns the eight digits of a chip as they look, in three lines, with digit 7 at the left.
    ///
    /// # Panics
    /// If the chain has no such chip.
    pub fn digits(&self, chip: usize) -> String {
        let mut lines = [String::new(), String::new(), String::new()];
        for digit in (0..8).rev() {
            let segments = self.segments(chip, digit);
            let mark = |bit: u8, mark: char| if segments >> bit & 1 == 1 { mark } else { ' ' };
            // A; F G B; E D C and the point.
            lines[0].extend([' ', mark(6, '_'), ' ', ' ']);
            lines[1].extend([mark(1, '|'), mark(0, '_'), mark(5, '|'), ' ']);
            lines[2].extend([mark(2, '|'), mark(3, '_'), mark(4, '|'), mark(7, '.')]);
        }
        lines.map(|line| line.trim_end().to_owned() + "\n").concat()
    }

    /// Returns the 64 LEDs of a matrix, with digit 0 as the upper row and bit 7 at the left.
    ///
    /// # Panics
    /// If the chain has no such chip.
    pub fn matrix(&self, chip: usize) -> Picture {
        Picture::new(8, 8, |x, y| self.segments(chip, y as u8) >> (7 - x) & 1 == 1)
    }
}

impl SpiChip for Max7219 {
    fn exchange(&mut self, received: u8) -> u8 {
        self.shifted.insert(0, received);
        self.shifted.truncate(self.chips.len() * 2);
        self.shifted.last().copied().unwrap_or(0)
    }

    fn deselect(&mut self) {
        for (chip, word) in self.chips.iter_mut().zip(self.shifted.chunks(2)) {
            if let [value, register] = *word {
                // Register 0 is for the chips that another one's message passes through.
                chip.registers[usize::from(register & 0x0f)] = value;
            }
        }
    }
}
