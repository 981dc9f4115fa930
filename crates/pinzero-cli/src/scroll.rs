//! [`Scroll`]: the part of a table that a live view shows.

use std::ops::Range;

use ratatui::crossterm::event::KeyCode;

/// The rows of a table that is longer than the terminal.
#[derive(Debug, Default)]
pub(crate) struct Scroll {
    /// The first row that is shown.
    top: usize,
    /// The number of rows that were shown last, and that there were.
    height: usize,
    rows: usize,
}

impl Scroll {
    /// Moves the table, if the key is for that.
    pub(crate) fn press(&mut self, key: KeyCode) {
        let last = self.rows - self.height;
        self.top = match key {
            KeyCode::Up => self.top.saturating_sub(1),
            KeyCode::Down => self.top + 1,
            KeyCode::PageUp => self.top.saturating_sub(self.height),
            KeyCode::PageDown => self.top + self.height,
            KeyCode::Home => 0,
            KeyCode::End => last,
            _ => self.top,
        }
        .min(last);
    }

    /// Returns the rows to show of this number of rows, in this number of lines.
    pub(crate) fn show(&mut self, rows: usize, lines: u16) -> Range<usize> {
        (self.rows, self.height) = (rows, rows.min(lines.into()));
        // Rows may have gone, and the terminal may have grown.
        self.top = self.top.min(self.rows - self.height);
        self.top..self.top + self.height
    }

    /// Returns which rows are shown, and how to see others; `None` if all are shown.
    pub(crate) fn place(&self) -> Option<String> {
        let (first, last) = (self.top + 1, self.top + self.height);
        (self.height < self.rows)
            .then(|| format!("rows {first} to {last} of {}: use the arrow keys", self.rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_move_the_table_as_far_as_it_goes() {
        let mut scroll = Scroll::default();
        scroll.press(KeyCode::Down);
        assert_eq!((scroll.show(10, 4), scroll.show(3, 4), scroll.place()), (0..4, 0..3, None));
        scroll.show(10, 4);
        for (key, shown) in [
            (KeyCode::Up, 0..4),
            (KeyCode::Down, 1..5),
            (KeyCode::PageDown, 5..9),
            (KeyCode::PageDown, 6..10),
            (KeyCode::Down, 6..10),
            (KeyCode::PageUp, 2..6),
            (KeyCode::Home, 0..4),
            (KeyCode::End, 6..10),
            (KeyCode::Char('x'), 6..10),
        ] {
            scroll.press(key);
            assert_eq!(scroll.show(10, 4), shown, "{key}");
        }
        assert_eq!(scroll.place().as_deref(), Some("rows 7 to 10 of 10: use the arrow keys"));
        assert_eq!((scroll.show(5, 4), scroll.show(5, 9)), (1..5, 0..5));
    }
}
