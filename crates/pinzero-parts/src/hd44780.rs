//! The HD44780, the controller of a character display, behind a PCF8574, from Hitachi's and NXP's data sheets.

use pinzero_core::mock::I2cChip;

use crate::Pcf8574;

/// The pins of the PCF8574 on the usual board; the data lines D4 to D7 are on its pins 4 to 7.
const REGISTER_SELECT: u8 = 0x01;
const READ: u8 = 0x02;
const ENABLE: u8 = 0x04;
const BACKLIGHT: u8 = 0x08;

/// The number of characters that a line of the memory has, on a display with two lines.
const LINE: u8 = 40;

/// Where the memory's second line begins.
const SECOND: u8 = 0x40;

/// What the memory's address belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Memory {
    Text,
    Glyphs,
}

/// The controller, with the bus of 8 or 4 lines.
#[derive(Debug, Clone)]
struct Hd44780 {
    text: [u8; 128],
    glyphs: [u8; 64],
    memory: Memory,
    at: u8,
    is_forward: bool,
    shifts: bool,
    /// By how many characters the window has moved to the right.
    shift: u8,
    is_on: bool,
    has_cursor: bool,
    has_two_lines: bool,
    is_four_bits: bool,
    /// The first half of a byte.
    half: Option<u8>,
}

impl Hd44780 {
    fn new() -> Self {
        Hd44780 {
            text: [b' '; 128],
            glyphs: [0; 64],
            memory: Memory::Text,
            at: 0,
            is_forward: true,
            shifts: false,
            shift: 0,
            is_on: false,
            has_cursor: false,
            has_two_lines: false,
            is_four_bits: false,
            half: None,
        }
    }

    /// Takes what the upper four data lines carry at a fall of the enable line.
    fn take(&mut self, upper: u8, is_data: bool) {
        let byte = match (self.is_four_bits, self.half.take()) {
            // The lower data lines are not connected.
            (false, _) => upper,
            (true, Some(half)) => half | upper >> 4,
            (true, None) => {
                self.half = Some(upper);
                return;
            }
        };
        if is_data { self.data(byte) } else { self.instruct(byte) }
    }

    fn data(&mut self, byte: u8) {
        match self.memory {
            Memory::Text => self.text[usize::from(self.at & 0x7f)] = byte,
            Memory::Glyphs => self.glyphs[usize::from(self.at & 0x3f)] = byte,
        }
        self.step(self.is_forward);
        if self.memory == Memory::Text && self.shifts {
            self.move_window(self.is_forward);
        }
    }

    /// Moves the address to the next character, or the one before.
    fn step(&mut self, is_forward: bool) {
        if self.memory == Memory::Glyphs {
            self.at = if is_forward { self.at + 1 } else { self.at.wrapping_sub(1) } & 0x3f;
            return;
        }
        let (last, wide) = (LINE - 1, LINE * 2 - 1);
        self.at = match (self.at, is_forward, self.has_two_lines) {
            (at, true, true) if at == last => SECOND,
            (at, true, true) if at == SECOND + last => 0,
            (SECOND, false, true) => last,
            (0, false, true) => SECOND + last,
            (at, true, false) if at == wide => 0,
            (0, false, false) => wide,
            // Outside of the lines, the counter of seven bits goes round.
            (at, true, _) => (at + 1) & 0x7f,
            (at, false, _) => at - 1,
        };
    }

    fn move_window(&mut self, is_right: bool) {
        self.shift = (self.shift + if is_right { 1 } else { LINE - 1 }) % LINE;
    }

    fn instruct(&mut self, byte: u8) {
        match byte.leading_zeros() {
            0 => (self.memory, self.at) = (Memory::Text, byte & 0x7f),
            1 => (self.memory, self.at) = (Memory::Glyphs, byte & 0x3f),
            2 => {
                self.is_four_bits = byte & 0x10 == 0;
                self.has_two_lines = byte & 0x08 != 0;
            }
            3 => {
                // A shift to the left moves the window to the right.
                let is_right = byte & 0x04 != 0;
                if byte & 0x08 != 0 { self.move_window(!is_right) } else { self.step(is_right) }
            }
            4 => (self.is_on, self.has_cursor) = (byte & 0x04 != 0, byte & 0x02 != 0),
            5 => (self.is_forward, self.shifts) = (byte & 0x02 != 0, byte & 0x01 != 0),
            6 => (self.memory, self.at, self.shift) = (Memory::Text, 0, 0),
            7 => {
                self.text = [b' '; 128];
                (self.memory, self.at, self.shift, self.is_forward) = (Memory::Text, 0, 0, true);
            }
            _ => {}
        }
    }

    /// Returns the character in a column of a line that begins at `start`.
    fn character(&self, start: u8, column: u8) -> char {
        let base = start & SECOND;
        let at = base + (start - base + column + self.shift) % LINE;
        match self.text[usize::from(at)] {
            byte @ 0..=15 => char::from_digit(u32::from(byte & 7), 10).unwrap_or('?'),
            // The three that the character set A00 has elsewhere.
            0x5c => '¥',
            0x7e => '→',
            0x7f => '←',
            0xdf => '°',
            byte @ 0x20..=0x7d => char::from(byte),
            _ => '▯',
        }
    }
}

/// A character display behind a PCF8574, on I2C at 0x20 to 0x27, or 0x38 to 0x3f with a PCF8574A.
#[derive(Debug, Clone)]
pub struct LcdBackpack {
    pins: Pcf8574,
    lcd: Hd44780,
}

impl Default for LcdBackpack {
    fn default() -> Self {
        LcdBackpack { pins: Pcf8574::new(), lcd: Hd44780::new() }
    }
}

impl LcdBackpack {
    /// Returns a display after its reset: off.
    pub fn new() -> Self {
        LcdBackpack::default()
    }

    /// Returns the lines that a display of this size shows; empty ones if the display is off. A character of the user's own is
    /// shown as its number.
    pub fn lines(&self, columns: u8, rows: u8) -> Vec<String> {
        let starts = [0, SECOND, columns, SECOND + columns];
        let line = |start: u8| match self.lcd.is_on {
            true => (0..columns).map(|column| self.lcd.character(start, column)).collect(),
            false => " ".repeat(columns.into()),
        };
        starts.into_iter().take(rows.into()).map(line).collect()
    }

    /// Returns the eight rows of a character of the user's own; bit 4 of a row is its left pixel.
    pub fn glyph(&self, number: usize) -> [u8; 8] {
        std::array::from_fn(|row| self.lcd.glyphs[number % 8 * 8 + row] & 0x1f)
    }

    /// Returns whether the backlight is on.
    pub fn has_light(&self) -> bool {
        self.pins.levels() & BACKLIGHT != 0
    }

    /// Returns whether the cursor is shown.
    pub fn has_cursor(&self) -> bool {
        self.lcd.has_cursor
    }
}

impl I2cChip for LcdBackpack {
    fn write(&mut self, byte: u8) -> bool {
        let before = self.pins.levels();
        let is_taken = self.pins.write(byte);
        let after = self.pins.levels();
        let falls = before & ENABLE != 0 && after & ENABLE == 0;
        // The levels before the fall count, which is what the setup and hold times are about.
        if falls && before & READ == 0 {
            self.lcd.take(before & 0xf0, before & REGISTER_SELECT != 0);
        }
        is_taken
    }

    fn read(&mut self) -> u8 {
        // The controller is never busy: its busy flag pulls D7 low while it is read.
        let levels = self.pins.levels();
        let is_status = levels & (READ | ENABLE | REGISTER_SELECT) == READ | ENABLE;
        let busy = if is_status { 0x80 } else { 0 };
        self.pins.read() & !busy
    }
}
