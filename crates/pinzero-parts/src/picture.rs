//! [`Picture`]: what a display shows, as text.

use std::fmt;

/// A picture of pixels that are on or off. Its text has two rows of pixels in each line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    rows: Vec<Vec<bool>>,
}

impl Picture {
    /// Returns a picture of this size; `is_on` tells whether the pixel in a column and row is on.
    pub fn new(width: usize, height: usize, is_on: impl Fn(usize, usize) -> bool) -> Self {
        let row = |y| (0..width).map(|x| is_on(x, y)).collect();
        Picture { width, rows: (0..height).map(row).collect() }
    }

    /// Returns the number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Returns the number of rows.
    pub fn height(&self) -> usize {
        self.rows.len()
    }

    /// Returns whether a pixel is on; outside the picture, none is.
    pub fn is_on(&self, x: usize, y: usize) -> bool {
        self.rows.get(y).and_then(|row| row.get(x)).copied().unwrap_or(false)
    }
}

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for y in (0..self.height()).step_by(2) {
            let dot = |x| match (self.is_on(x, y), self.is_on(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            };
            let line: String = (0..self.width).map(dot).collect();
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
