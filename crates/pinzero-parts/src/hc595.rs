//! The 74HC595, a shift register with eight outputs and a latch, alone or in a chain.

use pinzero_core::Level;
use pinzero_core::mock::SpiChip;

/// A chain of 74HC595, on SPI: SER at the data line, SRCLK at the clock, RCLK at the chip select. The outputs change when the chip
/// is deselected, which is the rise of RCLK.
///
/// Output 0 is QA of the first chip of the chain, output 8 QA of the second. The highest bit of a byte arrives at QH. What leaves
/// the chain at its end is on the line to the controller.
#[derive(Debug, Clone)]
pub struct Hc595 {
    /// The byte of the first chip first.
    shifted: Vec<u8>,
    outputs: Vec<u8>,
}

impl Hc595 {
    /// Returns a chain of this many chips with all outputs low.
    pub fn new(chips: usize) -> Self {
        Hc595 { shifted: vec![0; chips], outputs: vec![0; chips] }
    }

    /// Returns the level of an output.
    ///
    /// # Panics
    /// If the chain has no such output.
    pub fn level(&self, output: usize) -> Level {
        if self.outputs[output / 8] >> (output % 8) & 1 == 1 { Level::High } else { Level::Low }
    }

    /// Returns the outputs of each chip, those of the first chip first.
    pub fn outputs(&self) -> &[u8] {
        &self.outputs
    }

    /// Returns the byte that the next eight clocks push out.
    fn last(&self) -> u8 {
        self.shifted.last().copied().unwrap_or(0)
    }
}

impl SpiChip for Hc595 {
    fn select(&mut self) -> u8 {
        self.last()
    }

    fn exchange(&mut self, received: u8) -> u8 {
        self.shifted.rotate_right(1);
        if let Some(first) = self.shifted.first_mut() {
            *first = received;
        }
        self.last()
    }

    fn deselect(&mut self) {
        self.outputs.clone_from(&self.shifted);
    }
}
