//! Waves, as far as clients can tell without a look at the pins: they are counted, but never seen there. One that is sent
//! once is over at once.

use std::collections::BTreeMap;

use crate::code::{error, op};
use crate::frame::Frame;
use crate::model::{Model, user_gpio, within};

/// How many waves there may be.
const WAVES: u32 = 250;

/// What [`op::WVTAT`] says if nothing is sent.
const NOTHING_SENT: u32 = 9999;

/// The most that a wave can have: microseconds, pulses, control blocks.
const MOST: [u32; 3] = [1_800_000_000, 12_000, 25_016];

/// The waves, and what was asked about them last.
#[derive(Debug, Default)]
pub(crate) struct Waves {
    /// What is being made: what each moment sets and clears.
    moments: BTreeMap<u32, (u32, u32)>,
    length: u32,
    /// The control blocks of each wave.
    made: BTreeMap<u32, u32>,
    /// The one that is being sent over and over.
    repeated: Option<u32>,
    /// The last one's microseconds, pulses and control blocks, and the highest.
    last: [u32; 3],
    highest: [u32; 3],
}

impl Waves {
    /// Adds pulses of (on, off, microseconds) to what is being made; gives the pulses so far.
    fn add(&mut self, start: u32, pulses: impl Iterator<Item = (u32, u32, u32)>) -> u32 {
        let mut time = start;
        for (on, off, delay) in pulses {
            let moment = self.moments.entry(time).or_default();
            *moment = (moment.0 | on, moment.1 | off);
            time = time.saturating_add(delay);
        }
        self.length = self.length.max(time);
        let changes = |(on, off): &(u32, u32)| u32::from(*on != 0) + u32::from(*off != 0);
        let pulses = self.moments.len() as u32;
        self.last = [self.length, pulses, pulses + self.moments.values().map(changes).sum::<u32>()];
        for (highest, last) in self.highest.iter_mut().zip(self.last) {
            *highest = last.max(*highest);
        }
        pulses
    }

    /// Makes a wave of what was added.
    fn make(&mut self) -> Result<u32, i32> {
        if self.moments.is_empty() {
            return Err(error::EMPTY_WAVEFORM);
        }
        let free = (0..WAVES).find(|wave| !self.made.contains_key(wave)).ok_or(error::NO_WAVEFORM_ID)?;
        // One more block ends it.
        self.made.insert(free, self.last[2] + 1);
        self.begin();
        Ok(free)
    }

    fn begin(&mut self) {
        self.moments.clear();
        self.length = 0;
    }
}

impl Model {
    /// The commands about waves.
    pub(crate) fn waves(&mut self, frame: &Frame) -> Result<u32, i32> {
        let Frame { command, p1, p2, .. } = *frame;
        match command {
            op::WVAG => return self.add_pulses(frame),
            op::WVAS => return self.add_serial(frame),
            _ => (),
        }
        let waves = &mut self.daemon.waves;
        let ask = |waves: &Waves, which: usize, error: i32| match p1 {
            0 => Ok(waves.last[which]),
            1 => Ok(waves.highest[which]),
            2 => Ok(MOST[which]),
            _ => Err(error),
        };
        match command {
            op::WVCLR => *waves = Waves { highest: waves.highest, ..Waves::default() },
            op::WVGO | op::WVGOR => return Err(error::DEPRECATED),
            op::WVBSY => return Ok(waves.repeated.is_some().into()),
            op::WVHLT => waves.repeated = None,
            op::WVSM => return ask(waves, 0, error::BAD_WVSM_COMMND),
            op::WVSP => return ask(waves, 1, error::BAD_WVSP_COMMND),
            op::WVSC => return ask(waves, 2, error::BAD_WVSC_COMMND),
            op::WVCRE | op::WVCAP => return waves.make(),
            op::WVDEL => {
                waves.made.remove(&p1).ok_or(error::BAD_WAVE_ID)?;
                waves.repeated = waves.repeated.filter(|&wave| wave != p1);
            }
            op::WVTX | op::WVTXR | op::WVTXM => {
                let mode = if command == op::WVTXM { p2 } else { u32::from(command == op::WVTXR) };
                within(mode, 0..=3, error::BAD_WAVE_MODE)?;
                let blocks = *waves.made.get(&p1).ok_or(error::BAD_WAVE_ID)?;
                waves.repeated = (mode % 2 == 1).then_some(p1);
                return Ok(blocks);
            }
            op::WVNEW => waves.begin(),
            op::WVTAT => return Ok(waves.repeated.unwrap_or(NOTHING_SENT)),
            _ => chain(waves, &frame.extension)?,
        }
        Ok(0)
    }

    fn add_pulses(&mut self, frame: &Frame) -> Result<u32, i32> {
        let words: Vec<u32> = frame.words().collect();
        let permitted = self.permitted() as u32;
        let pulses =
            words.chunks_exact(3).map(|pulse| (pulse[0] & permitted, pulse[1] & permitted, pulse[2]));
        let count = self.daemon.waves.add(0, pulses);
        let is_allowed = words.chunks_exact(3).all(|pulse| (pulse[0] | pulse[1]) & !permitted == 0);
        if is_allowed { Ok(count) } else { Err(error::SOME_PERMITTED) }
    }

    fn add_serial(&mut self, frame: &Frame) -> Result<u32, i32> {
        let (gpio, baud) = (frame.p1, frame.p2);
        self.permit(gpio)?;
        user_gpio(gpio)?;
        within(baud, 50..=1_000_000, error::BAD_WAVE_BAUD)?;
        let [data_bits, half_stops, offset] = [0, 1, 2].map(|index| frame.word(index));
        within(data_bits, 1..=32, error::BAD_DATABITS)?;
        within(half_stops, 2..=8, error::BAD_STOPBITS)?;
        // The line as it goes: high before, then level by level, each so many half bits long.
        let width = data_bits.div_ceil(8).next_power_of_two() as usize;
        let mut levels: Vec<(bool, u32)> = Vec::new();
        for character in frame.extension.get(12..).unwrap_or_default().chunks_exact(width) {
            let bit = |bit: u32| character[bit as usize / 8] >> (bit % 8) & 1 == 1;
            levels.push((false, 2));
            levels.extend((0..data_bits).map(|number| (bit(number), 2)));
            levels.push((true, half_stops));
        }
        let mut pulses = vec![(1 << gpio, 0, offset)];
        let half = 500_000 / baud;
        for run in levels.chunk_by(|one, next| one.0 == next.0) {
            let length: u32 = run.iter().map(|(_, halves)| halves * half).sum();
            pulses.push(if run[0].0 { (1 << gpio, 0, length) } else { (0, 1 << gpio, length) });
        }
        Ok(self.daemon.waves.add(0, pulses.into_iter()))
    }
}

/// Looks whether a chain can be sent.
fn chain(waves: &Waves, chain: &[u8]) -> Result<(), i32> {
    let mut bytes = chain.iter();
    while let Some(&byte) = bytes.next() {
        if byte != 255 {
            waves.made.get(&byte.into()).ok_or(error::BAD_WAVE_ID)?;
            continue;
        }
        let operands = match bytes.next() {
            Some(0 | 3) => 0,
            Some(1 | 2) => 2,
            _ => return Err(error::BAD_CHAIN_CMD),
        };
        for _ in 0..operands {
            bytes.next().ok_or(error::BAD_CHAIN_CMD)?;
        }
    }
    Ok(())
}
