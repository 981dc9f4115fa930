//! Waveforms: pulses on many GPIO at once, drafted, made, and then sent.

mod chain;
mod draft;
mod player;

use std::sync::Arc;

use pinzero_pigpio::protocol::Code;

pub(crate) use chain::Step;
pub(crate) use draft::{Draft, Pulse, Serial};
pub(crate) use player::{Playback, Player, Program};

/// The most waves.
const WAVES: usize = 250;

/// The limits of a wave, as in pigpiod.
pub(crate) const MAX_MICROS: u64 = 1_800_000_000;
pub(crate) const MAX_PULSES: usize = 12_000;
pub(crate) const MAX_BLOCKS: u32 = 25_016;

/// A complete wave.
#[derive(Debug)]
pub(crate) struct Waveform {
    pub(crate) id: u32,
    pub(crate) pulses: Vec<Pulse>,
    /// The number of control blocks that the wave would need in pigpiod.
    pub(crate) blocks: u32,
    /// The GPIOs that the wave drives.
    pub(crate) mask: u32,
}

/// The size of the last wave, drafted or complete, and the greatest size so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Size {
    pub(crate) micros: u32,
    pub(crate) pulses: u32,
    pub(crate) blocks: u32,
}

/// The draft, and the complete waves.
#[derive(Debug, Default)]
pub(crate) struct Waveforms {
    pub(crate) draft: Draft,
    made: Vec<Option<Arc<Waveform>>>,
    pub(crate) size: Size,
    pub(crate) high: Size,
}

impl Waveforms {
    /// Clears the draft.
    pub(crate) fn start(&mut self) {
        self.draft = Draft::default();
        self.size = Size::default();
    }

    /// Deletes the draft and all waves.
    pub(crate) fn clear(&mut self) {
        self.start();
        self.made.clear();
    }

    /// Adds pulses to the draft, in parallel to the existing ones; returns the number of pulses.
    pub(crate) fn add(&mut self, pulses: impl IntoIterator<Item = Pulse>) -> Result<u32, Code> {
        self.draft.add(pulses)?;
        self.measure();
        Ok(self.size.pulses)
    }

    fn measure(&mut self) {
        self.size = self.draft.size();
        self.high.micros = self.high.micros.max(self.size.micros);
        self.high.pulses = self.high.pulses.max(self.size.pulses);
        self.high.blocks = self.high.blocks.max(self.size.blocks);
    }

    /// Makes a wave from the draft and clears the draft; returns the lowest free id.
    pub(crate) fn make(&mut self) -> Result<u32, Code> {
        let Size { pulses, blocks, .. } = self.draft.size();
        if pulses == 0 {
            return Err(Code::EMPTY_WAVEFORM);
        }
        if blocks > MAX_BLOCKS {
            return Err(Code::TOO_MANY_CBS);
        }
        let free = self.made.iter().position(Option::is_none).unwrap_or(self.made.len());
        if free == WAVES {
            return Err(Code::NO_WAVEFORM_ID);
        }
        if free == self.made.len() {
            self.made.push(None);
        }
        let id = free as u32;
        let pulses = std::mem::take(&mut self.draft).pulses();
        let mask = pulses.iter().fold(0, |mask, pulse| mask | pulse.on | pulse.off);
        self.made[free] = Some(Arc::new(Waveform { id, pulses, blocks, mask }));
        Ok(id)
    }

    /// Returns how many complete waves there are, deleted ones included.
    pub(crate) fn count(&self) -> usize {
        self.made.len()
    }

    pub(crate) fn get(&self, id: u32) -> Result<Arc<Waveform>, Code> {
        self.made.get(id as usize).cloned().flatten().ok_or(Code::BAD_WAVE_ID)
    }

    pub(crate) fn delete(&mut self, id: u32) -> Result<(), Code> {
        let slot = self.made.get_mut(id as usize);
        slot.and_then(Option::take).map(drop).ok_or(Code::BAD_WAVE_ID)
    }

    /// Parses a chain.
    pub(crate) fn chain(&self, bytes: &[u8]) -> Result<Vec<Step>, Code> {
        chain::parse(bytes, |id| self.get(id))
    }
}
