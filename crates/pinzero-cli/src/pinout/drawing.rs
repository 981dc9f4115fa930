//! Draws the outline of a board with box-drawing characters.

use anstyle::Style;
use pinzero::board::{Board, Header};

use super::color;
use super::outline::{self, Kind, Outline, Part};

/// A character of the drawing, with its style.
pub(super) type Cell = (char, Style);

/// Draws the board, line by line; nothing for a board whose shape is unknown.
pub(super) fn draw(board: &Board) -> Vec<Vec<Cell>> {
    let Some(outline) = outline::of(board) else { return Vec::new() };
    let mut canvas = Canvas::new(outline);
    canvas.frame(0, 0, outline.width, outline.height, ['╭', '╮', '╰', '╯'], color::BOARD);
    for part in outline.parts {
        canvas.part(part);
    }
    canvas.part(&outline.soc(&board.soc().to_string()));
    for (header, at) in board.headers().iter().zip(outline.headers) {
        canvas.header(header, *at);
    }
    canvas.cells
}

struct Canvas {
    cells: Vec<Vec<Cell>>,
}

impl Canvas {
    /// Returns an empty canvas, one cell wider than the board: ports stick out.
    fn new(outline: &Outline) -> Canvas {
        Canvas { cells: vec![vec![(' ', Style::new()); outline.width + 1]; outline.height] }
    }

    fn set(&mut self, x: usize, y: usize, character: char, style: Style) {
        if let Some(cell) = self.cells.get_mut(y).and_then(|row| row.get_mut(x)) {
            *cell = (character, style);
        }
    }

    fn write(&mut self, x: usize, y: usize, text: &str, style: Style) {
        for (x, character) in (x..).zip(text.chars()) {
            self.set(x, y, character, style);
        }
    }

    /// Draws a rectangle, and clears what is inside.
    fn frame(&mut self, x: usize, y: usize, width: usize, height: usize, corners: [char; 4], style: Style) {
        let (right, bottom) = (x + width - 1, y + height - 1);
        for y in y..=bottom {
            let is_edge = y == bottom || y + height - 1 == bottom;
            self.write(x, y, &if is_edge { "─" } else { " " }.repeat(width), style);
            if !is_edge {
                self.set(x, y, '│', style);
                self.set(right, y, '│', style);
            }
        }
        for ((x, y), corner) in [(x, y), (right, y), (x, bottom), (right, bottom)].into_iter().zip(corners) {
            self.set(x, y, corner, style);
        }
    }

    fn part(&mut self, part: &Part<'_>) {
        let Part { kind, label, x, y, width, height } = *part;
        let style = color::of_part(kind);
        match (kind, height) {
            (Kind::Place, _) => self.write(x, y, label, style),
            (_, 1) => self.write(x, y, &format!("┤{label}├"), style),
            _ => {
                self.frame(x, y, width, height, ['┌', '┐', '└', '┘'], style);
                for (index, character) in label.chars().enumerate() {
                    let start = x + (width - label.len().min(width)) / 2;
                    let (x, y) = if kind == Kind::Flat {
                        (x + 1, y + 1 + index)
                    } else {
                        (start + index, y + height / 2)
                    };
                    self.set(x, y, character, style);
                }
            }
        }
    }

    /// Draws a header lengthwise: pin 1 at the left of the lower row, as on the boards themselves.
    fn header(&mut self, header: &Header, (x, y): (usize, usize)) {
        for pin in header.pins() {
            let index = pin.number as usize - 1;
            let (column, row) = (index / 2, 1 - index % 2);
            let mark = if pin.number == 1 { '■' } else { '●' };
            self.set(x + column, y + row, mark, color::of_pin(pin.kind));
        }
        self.write(x + header.rows() as usize + 1, y + 1, header.name(), color::DIM);
    }
}
