//! Draws text into a part of the screen, never outside of it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::columns::columns;

/// A part of the screen. Places count from its upper left corner.
pub(crate) struct Pen<'a> {
    buffer: &'a mut Buffer,
    area: Rect,
}

impl<'a> Pen<'a> {
    pub(crate) fn new(buffer: &'a mut Buffer, area: Rect) -> Self {
        let area = area.intersection(*buffer.area());
        Pen { buffer, area }
    }

    pub(crate) fn width(&self) -> u16 {
        self.area.width
    }

    /// Writes a text, and returns the column behind.
    pub(crate) fn text(&mut self, x: u16, y: u16, text: &str, style: Style) -> u16 {
        if x >= self.area.width || y >= self.area.height {
            return x;
        }
        let room = usize::from(self.area.width - x);
        let (end, _) = self.buffer.set_stringn(self.area.x + x, self.area.y + y, text, room, style);
        end - self.area.x
    }

    /// Writes a text that ends before the column `end`, if there is room for all of it behind the column `start`.
    pub(crate) fn text_before(&mut self, start: u16, end: u16, y: u16, text: &str, style: Style) {
        let width = columns(text);
        if start + width <= end {
            self.text(end - width, y, text, style);
        }
    }

    /// Returns a rectangle of this part of the screen, in places of the whole screen.
    pub(crate) fn place(&self, x: u16, y: u16, width: u16, height: u16) -> Rect {
        Rect::new(self.area.x + x, self.area.y + y, width, height).intersection(self.area)
    }
}
