//! The WS2812B, an RGB LED in a strip, from Worldsemi's data sheet.

use std::fmt;
use std::time::Duration;

use pinzero_core::mock::SpiChip;

/// The length of a pulse that parts a 0 (0.4 µs) from a 1 (0.8 µs).
const BORDER: Duration = Duration::from_nanos(600);

/// Nothing shorter or longer is a pulse.
const SHORTEST: Duration = Duration::from_nanos(220);
const LONGEST: Duration = Duration::from_nanos(1000);

/// The longest pause inside a frame. A longer one ends it.
const PAUSE: Duration = Duration::from_micros(5);

/// A strip of WS2812B whose data line is the data line of an SPI bus, at a fixed rate.
///
/// The line is low while the bus is idle, for so long that the LEDs show what they have: each transaction is a frame.
#[derive(Debug, Clone)]
pub struct Ws2812 {
    /// The time of a bit of the bus.
    bit: Duration,
    bits: Vec<bool>,
    /// What each LED shows: red, green, blue.
    colors: Vec<[u8; 3]>,
    faults: usize,
}

impl Ws2812 {
    /// Returns a dark strip of this many LEDs, on a bus of this rate.
    pub fn new(leds: usize, hertz: u32) -> Self {
        let bit = Duration::from_secs(1) / hertz;
        Ws2812 { bit, bits: Vec::new(), colors: vec![[0; 3]; leds], faults: 0 }
    }

    /// Returns what each LED shows: red, green, blue.
    pub fn colors(&self) -> &[[u8; 3]] {
        &self.colors
    }

    /// Returns how many pulses were too short or too long to be sure.
    pub fn faults(&self) -> usize {
        self.faults
    }

    /// Returns the bits that the pulses of the frame carry.
    fn decode(&mut self) -> Vec<bool> {
        let mut decoded = Vec::new();
        let bits = std::mem::take(&mut self.bits);
        for run in bits.chunk_by(|one, next| one == next) {
            let time = self.bit * run.len() as u32;
            match run[0] {
                true if time < SHORTEST || time > LONGEST => self.faults += 1,
                true => decoded.push(time > BORDER),
                // A reset inside the transaction begins a frame anew.
                false if time > PAUSE => {
                    self.show(&decoded);
                    decoded.clear();
                }
                false => {}
            }
        }
        decoded
    }

    /// Shows a frame. Each LED takes the first 24 bits, and passes the others on.
    fn show(&mut self, bits: &[bool]) {
        let byte = |bits: &[bool]| bits.iter().fold(0u8, |byte, bit| byte << 1 | u8::from(*bit));
        for (color, word) in self.colors.iter_mut().zip(bits.chunks_exact(24)) {
            *color = [byte(&word[8..16]), byte(&word[..8]), byte(&word[16..])];
        }
    }
}

impl SpiChip for Ws2812 {
    fn exchange(&mut self, received: u8) -> u8 {
        self.bits.extend((0..8).rev().map(|bit| received >> bit & 1 == 1));
        0
    }

    fn deselect(&mut self) {
        let decoded = self.decode();
        self.show(&decoded);
    }
}

impl fmt::Display for Ws2812 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> =
            self.colors.iter().map(|[red, green, blue]| format!("#{red:02x}{green:02x}{blue:02x}")).collect();
        writeln!(f, "{}", names.join(" "))
    }
}
