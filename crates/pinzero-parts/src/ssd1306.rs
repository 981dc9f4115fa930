//! The SSD1306, the controller of an OLED of 128 by 64 pixels, from Solomon Systech's data sheet.

use pinzero_core::mock::I2cChip;

use crate::Picture;

const WIDTH: usize = 128;
const HEIGHT: usize = 64;
const PAGES: usize = HEIGHT / 8;

/// How the address of the next byte moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Addressing {
    Horizontal,
    Vertical,
    Page,
}

/// What a byte on the bus is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Control,
    /// All bytes up to the stop.
    Stream {
        is_data: bool,
    },
    /// One byte, then a control byte.
    One {
        is_data: bool,
    },
}

/// The SSD1306 on a module, on I2C at 0x3c or 0x3d.
///
/// On the usual modules the panel is turned: SEG127 is at the left, COM63 at the top.
#[derive(Debug, Clone)]
pub struct Ssd1306 {
    /// One byte for each page and segment, with the highest row of the page as the lowest bit.
    memory: [[u8; WIDTH]; PAGES],
    expected: Expected,
    /// A command whose arguments are not complete.
    command: Vec<u8>,
    addressing: Addressing,
    /// The first and the last column and page of the window.
    columns: [usize; 2],
    pages: [usize; 2],
    column: usize,
    page: usize,
    /// The first column in page addressing.
    page_column: usize,
    start_line: usize,
    offset: usize,
    rows: usize,
    is_column_turned: bool,
    is_row_turned: bool,
    is_on: bool,
    is_pumped: bool,
    is_all_on: bool,
    is_inverted: bool,
    contrast: u8,
}

impl Default for Ssd1306 {
    fn default() -> Self {
        Ssd1306 {
            memory: [[0; WIDTH]; PAGES],
            expected: Expected::Control,
            command: Vec::new(),
            addressing: Addressing::Page,
            columns: [0, WIDTH - 1],
            pages: [0, PAGES - 1],
            column: 0,
            page: 0,
            page_column: 0,
            start_line: 0,
            offset: 0,
            rows: HEIGHT,
            is_column_turned: false,
            is_row_turned: false,
            is_on: false,
            is_pumped: false,
            is_all_on: false,
            is_inverted: false,
            contrast: 0x7f,
        }
    }
}

impl Ssd1306 {
    /// Returns a display after its reset: off.
    pub fn new() -> Self {
        Ssd1306::default()
    }

    /// Returns what the panel shows. The panel is dark while the display is off, or the charge pump that makes its voltage.
    pub fn picture(&self) -> Picture {
        Picture::new(WIDTH, self.rows, |x, y| {
            let segment = WIDTH - 1 - x;
            // From the row of the panel to the common, to the row of the scan, to the row of the memory.
            let common = self.rows - 1 - y;
            let scanned = if self.is_row_turned { self.rows - 1 - common } else { common };
            let row = (scanned + self.offset + self.start_line) % HEIGHT;
            let is_set = self.memory[row / 8][segment] >> (row % 8) & 1 == 1;
            self.is_on && self.is_pumped && (self.is_all_on || is_set != self.is_inverted)
        })
    }

    /// Returns the contrast, 0 to 255.
    pub fn contrast(&self) -> u8 {
        self.contrast
    }

    fn data(&mut self, byte: u8) {
        // The segment is turned as the byte is stored; what is stored stays.
        let segment = if self.is_column_turned { WIDTH - 1 - self.column } else { self.column };
        self.memory[self.page][segment] = byte;
        // Before the end of the window, the counter goes round: a window may begin after its end.
        let next =
            |at: usize, [first, last]: [usize; 2], size| if at == last { first } else { (at + 1) % size };
        match self.addressing {
            Addressing::Horizontal => {
                if self.column == self.columns[1] {
                    self.page = next(self.page, self.pages, PAGES);
                }
                self.column = next(self.column, self.columns, WIDTH);
            }
            Addressing::Vertical => {
                if self.page == self.pages[1] {
                    self.column = next(self.column, self.columns, WIDTH);
                }
                self.page = next(self.page, self.pages, PAGES);
            }
            Addressing::Page if self.column == WIDTH - 1 => self.column = self.page_column,
            Addressing::Page => self.column += 1,
        }
    }

    fn command(&mut self, byte: u8) {
        self.command.push(byte);
        let command = self.command[0];
        let arguments = match command {
            0x26 | 0x27 => 6,
            0x29 | 0x2a => 5,
            0x21 | 0x22 | 0xa3 => 2,
            0x20 | 0x81 | 0x8d | 0xa8 | 0xd3 | 0xd5 | 0xd9 | 0xda | 0xdb => 1,
            _ => 0,
        };
        if self.command.len() <= arguments {
            return;
        }
        let bytes = std::mem::take(&mut self.command);
        let argument = |index: usize| usize::from(bytes[index]);
        match command {
            0x00..=0x0f => self.page_column = self.page_column & 0xf0 | usize::from(command & 0x0f),
            0x10..=0x1f => self.page_column = self.page_column & 0x0f | usize::from(command & 0x07) << 4,
            0x20 => {
                self.addressing = match bytes[1] & 0b11 {
                    0b00 => Addressing::Horizontal,
                    0b01 => Addressing::Vertical,
                    _ => Addressing::Page,
                };
            }
            0x21 => {
                self.columns = [argument(1) & 0x7f, argument(2) & 0x7f];
                self.column = self.columns[0];
            }
            0x22 => {
                self.pages = [argument(1) & 0x07, argument(2) & 0x07];
                self.page = self.pages[0];
            }
            0x40..=0x7f => self.start_line = usize::from(command & 0x3f),
            0x81 => self.contrast = bytes[1],
            0x8d => self.is_pumped = bytes[1] & 0x04 != 0,
            0xa0 | 0xa1 => self.is_column_turned = command & 1 == 1,
            0xa4 | 0xa5 => self.is_all_on = command & 1 == 1,
            0xa6 | 0xa7 => self.is_inverted = command & 1 == 1,
            0xa8 => self.rows = ((argument(1) & 0x3f) + 1).max(16),
            0xae | 0xaf => self.is_on = command & 1 == 1,
            0xb0..=0xb7 => self.page = usize::from(command & 0x07),
            0xc0..=0xcf => self.is_row_turned = command & 0x08 != 0,
            0xd3 => self.offset = argument(1) & 0x3f,
            // Clocks, voltages and scrolling do not change the picture.
            _ => {}
        }
        if matches!(command, 0x00..=0x1f) {
            self.column = self.page_column;
        }
    }

    fn take(&mut self, byte: u8, is_data: bool) {
        if is_data { self.data(byte) } else { self.command(byte) }
    }
}

impl I2cChip for Ssd1306 {
    fn start(&mut self, _: bool) -> bool {
        self.expected = Expected::Control;
        true
    }

    fn write(&mut self, byte: u8) -> bool {
        match self.expected {
            Expected::Control => {
                let is_data = byte & 0x40 != 0;
                let is_one = byte & 0x80 != 0;
                self.expected = if is_one { Expected::One { is_data } } else { Expected::Stream { is_data } };
            }
            Expected::Stream { is_data } => self.take(byte, is_data),
            Expected::One { is_data } => {
                self.take(byte, is_data);
                self.expected = Expected::Control;
            }
        }
        true
    }

    /// Returns the status: bit 6 while the display is off.
    fn read(&mut self) -> u8 {
        if self.is_on { 0 } else { 0x40 }
    }
}
