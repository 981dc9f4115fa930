//! [`MockKeypad`]: a matrix of keys on mock pins.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use super::MockGpio;
use super::circuit::Wires;
use super::component::Component;
use crate::pin_spec::PinSpec;
use crate::time::Instant;
use crate::types::{Level, Line};

/// A matrix keypad on mock pins; returned by [`MockGpio::keypad`]. Clones share one keypad.
#[derive(Clone)]
pub struct MockKeypad {
    mock: MockGpio,
    matrix: Arc<Mutex<Matrix>>,
}

#[derive(Debug)]
struct Matrix {
    rows: Vec<Line>,
    columns: Vec<Line>,
    /// The lines that are shorted now.
    shorted: BTreeSet<Line>,
    shorts: u64,
}

impl MockGpio {
    /// Connects a matrix of keys to these pins. A key that is pressed connects its row and its column.
    ///
    /// The keys are plain contacts without diodes. So three pressed keys on the corners of a rectangle connect the fourth row and
    /// column too: a ghost. As on every wire, a driver beats pulls.
    ///
    /// ```
    /// use pinzero::{Bias, Level, mock};
    ///
    /// let gpio = mock::gpio();
    /// let keypad = gpio.keypad([5, 6], [12, 13]);
    ///
    /// let rows = gpio.group([5, 6]).initial(0b10).open()?; // The first row is low.
    /// let columns = gpio.inputs([12, 13]).bias(Bias::PullUp).open()?;
    /// assert_eq!(columns.levels()?, 0b11);
    /// keypad.press(0, 1);
    /// assert_eq!(columns.levels()?, 0b01);
    /// keypad.release(0, 1);
    /// assert_eq!(columns.levels()?, 0b11);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the board has no such pin. In real time, if the runtime's threads cannot be started.
    pub fn keypad<R, C>(&self, rows: R, columns: C) -> MockKeypad
    where
        R: IntoIterator<Item: Into<PinSpec>>,
        C: IntoIterator<Item: Into<PinSpec>>,
    {
        let matrix = Arc::new(Mutex::new(Matrix {
            rows: rows.into_iter().map(|pin| self.find(pin)).collect(),
            columns: columns.into_iter().map(|pin| self.find(pin)).collect(),
            shorted: BTreeSet::new(),
            shorts: 0,
        }));
        self.attach(matrix.clone());
        MockKeypad { mock: self.clone(), matrix }
    }
}

impl MockKeypad {
    /// Presses a key, until [`release`](MockKeypad::release). The first row is row 0, the first column column 0.
    ///
    /// # Panics
    /// If the keypad has no such key.
    pub fn press(&self, row: usize, column: usize) {
        self.touch(row, column, true);
    }

    /// Releases a key.
    ///
    /// # Panics
    /// If the keypad has no such key.
    pub fn release(&self, row: usize, column: usize) {
        self.touch(row, column, false);
    }

    fn touch(&self, row: usize, column: usize, is_pressed: bool) {
        let (row, column) = self.matrix.lock().find(row, column);
        self.mock.circuit.touch(row, column, is_pressed);
        self.mock.runtime().catch_up();
    }

    /// Returns how often pressed keys have connected a line that is driven high with one that is driven low. On real pins, each time
    /// a current flows that can destroy the pins.
    pub fn shorts(&self) -> u64 {
        self.matrix.lock().shorts
    }
}

impl fmt::Debug for MockKeypad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let matrix = self.matrix.lock();
        write!(f, "MockKeypad({} x {}, {} shorts)", matrix.rows.len(), matrix.columns.len(), matrix.shorts)
    }
}

impl Matrix {
    fn find(&self, row: usize, column: usize) -> (Line, Line) {
        match (self.rows.get(row), self.columns.get(column)) {
            (Some(row), Some(column)) => (*row, *column),
            _ => panic!(
                "a keypad of {} rows and {} columns has no key in row {row}, column {column}: both count from 0",
                self.rows.len(),
                self.columns.len()
            ),
        }
    }
}

impl Component for Matrix {
    fn lines(&self) -> Vec<Line> {
        [self.rows.as_slice(), &self.columns].concat()
    }

    fn look(&mut self, _: Instant, wires: &Wires) -> Option<Level> {
        let lines = self.rows.iter().chain(&self.columns);
        let shorted: Vec<_> = lines.filter_map(|line| Some((wires.shorted_net(*line)?, *line))).collect();
        // Of a net that grows or comes apart, some lines have been shorted before: no new short.
        let is_old = |line| self.shorted.contains(line);
        let old: BTreeSet<u32> =
            shorted.iter().filter(|(_, line)| is_old(line)).map(|(net, _)| *net).collect();
        let all: BTreeSet<u32> = shorted.iter().map(|(net, _)| *net).collect();
        self.shorts += all.difference(&old).count() as u64;
        self.shorted = shorted.into_iter().map(|(_, line)| line).collect();
        None
    }
}
