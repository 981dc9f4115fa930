//! The pure part of an infrared receiver: decodes the pulses of remote controls, and tells a held key from a new press.

use std::iter::repeat_n;
use std::ops::RangeInclusive;
use std::time::Duration;

use pinzero_core::time::Instant;
use pinzero_core::{Edge, Effects, Kinded, Level, Machine, Result};

use crate::time::{ms, us};

/// A protocol of remote controls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IrProtocol {
    /// NEC: an address of 8 bits, or of 16 in the extended form, and a command of 8 bits. Most cheap remote controls.
    Nec,
    /// RC5 of Philips: an address of 5 bits, and a command of 6 bits, or of 7 in the extended form.
    Rc5,
}

/// A command of a remote control: an event of an [`IrReceiver`](crate::IrReceiver).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct IrCommand {
    /// The protocol.
    pub protocol: IrProtocol,
    /// The address, which is that of the appliance. An extended address of NEC has its first byte in the lower half.
    pub address: u16,
    /// The command, which is that of the key.
    pub command: u8,
    /// `true` if the key is still held since the event before.
    pub repeat: bool,
    /// The time at which the command began.
    pub at: Instant,
    /// The number of edges or events lost before this one.
    pub missed: u32,
}

/// All events have one kind.
impl Kinded for IrCommand {
    type Kind = ();

    fn kind(&self) {}

    fn bit((): ()) -> u32 {
        0
    }

    fn name((): ()) -> &'static str {
        "command"
    }

    fn missed(&mut self) -> &mut u32 {
        &mut self.missed
    }

    fn is_repeat(&self) -> bool {
        self.repeat
    }
}

/// One transmission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    Nec {
        address: u16,
        command: u8,
    },
    /// The key of the last frame is held.
    NecRepeat,
    Rc5 {
        address: u16,
        command: u8,
        /// Changes at each new press.
        toggle: bool,
    },
}

/// Decodes a frame. `pulses` are by turns light and dark, from the first light to the last.
fn decode(pulses: &[Duration]) -> Option<Frame> {
    decode_nec(pulses).or_else(|| decode_rc5(pulses))
}

type Range = RangeInclusive<Duration>;

/// The lengths of NEC's pulses: 9 ms of light begin a frame, and 4.5 ms of darkness follow, or 2.25 ms if the key is held. Each bit is
/// 562 µs of light, and 562 µs or 1687 µs of darkness. Receivers lengthen light by up to 200 µs, and shorten darkness.
const NEC_LEAD: Range = us(7000)..=us(11_000);
const NEC_DATA: Range = us(3200)..=us(5600);
const NEC_HELD: Range = us(1500)..=us(2900);
const NEC_LIGHT: Range = us(300)..=us(900);
const NEC_ZERO: Range = us(250)..=us(950);
const NEC_ONE: Range = us(1150)..=us(2250);

fn decode_nec(pulses: &[Duration]) -> Option<Frame> {
    let [lead, gap, bits @ .., end] = pulses else { return None };
    if !NEC_LEAD.contains(lead) || !NEC_LIGHT.contains(end) {
        return None;
    }
    if NEC_HELD.contains(gap) && bits.is_empty() {
        return Some(Frame::NecRepeat);
    }
    if !NEC_DATA.contains(gap) || bits.len() != 64 {
        return None;
    }
    let mut code = 0_u32;
    for (index, bit) in bits.chunks(2).enumerate() {
        let is_one = NEC_ONE.contains(&bit[1]);
        if !NEC_LIGHT.contains(&bit[0]) || !is_one && !NEC_ZERO.contains(&bit[1]) {
            return None;
        }
        code |= u32::from(is_one) << index;
    }
    let [low, high, command, complement] = code.to_le_bytes();
    let address = if high == !low { u16::from(low) } else { u16::from_le_bytes([low, high]) };
    (command == !complement).then_some(Frame::Nec { address, command })
}

/// The lengths of RC5's pulses: half a bit of 889 µs, or two.
const RC5_HALF: Range = us(530)..=us(1330);
const RC5_WHOLE: Range = us(1331)..=us(2320);

/// The bits of a frame of RC5.
const RC5_BITS: usize = 14;

fn decode_rc5(pulses: &[Duration]) -> Option<Frame> {
    // A one is dark and then light, a zero light and then dark. The first bit is a one, whose dark half has no edge.
    let mut halves = vec![false];
    for (index, pulse) in pulses.iter().enumerate() {
        let count = if RC5_HALF.contains(pulse) { 1 } else { 2 };
        if count == 2 && !RC5_WHOLE.contains(pulse) {
            return None;
        }
        halves.extend(repeat_n(index % 2 == 0, count));
    }
    // Nor has the dark half of a zero at the end.
    if halves.len() % 2 == 1 {
        halves.push(false);
    }
    if halves.len() != 2 * RC5_BITS {
        return None;
    }
    let mut bits = 0_u16;
    for half in halves.chunks(2) {
        if half[0] == half[1] {
            return None;
        }
        bits = bits << 1 | u16::from(half[1]);
    }
    // The second bit was a start bit, too; now it is the complement of the command's seventh.
    let seventh = if bits & 0x1000 == 0 { 0x40 } else { 0 };
    let command = (bits & 0x3f) as u8 | seventh;
    Some(Frame::Rc5 { address: bits >> 6 & 0x1f, command, toggle: bits & 0x800 != 0 })
}

/// How long a steady level ends a frame: longer than any pulse in it, and shorter than the pause before the next.
const SILENCE: Duration = ms(15);

/// The longest time from the start of a frame to that of the next while a key is held. The usual time is 108 or 114 ms; so one frame
/// may be lost.
const HELD: Duration = ms(250);

/// The most edges that are kept. NEC has 68; more are noise, of which no protocol makes a command.
const MOST: usize = 100;

/// Collects the edges of a frame, and decodes the frame once the line is silent.
#[derive(Debug)]
pub(super) struct Remote {
    /// The level of light.
    active: Level,
    /// The edges of this frame.
    stamps: Vec<Instant>,
    /// When the frame ends, unless an edge comes.
    ends_at: Option<Instant>,
    /// The last command, and the toggle bit that it came with.
    last: Option<(IrCommand, bool)>,
    /// Edges lost so far.
    missed: u64,
    /// Edges lost since the last event.
    unreported: u32,
}

impl Remote {
    pub(super) fn new(active: Level) -> Self {
        Remote { active, stamps: Vec::new(), ends_at: None, last: None, missed: 0, unreported: 0 }
    }

    pub(super) fn last(&self) -> Option<IrCommand> {
        self.last.map(|(command, _)| command)
    }

    pub(super) fn missed(&self) -> u64 {
        self.missed
    }

    /// Returns the command of a frame that began at `at`, with its toggle bit.
    fn command(&self, frame: Frame, at: Instant) -> Option<(IrCommand, bool)> {
        let held = self.last.filter(|(last, _)| at.since(last.at) <= HELD);
        let new = |protocol, address, command| IrCommand {
            protocol,
            address,
            command,
            repeat: false,
            at,
            missed: self.unreported,
        };
        match frame {
            Frame::Nec { address, command } => Some((new(IrProtocol::Nec, address, command), false)),
            // Without the frame before, nobody knows which key is held.
            Frame::NecRepeat => {
                held.filter(|(last, _)| last.protocol == IrProtocol::Nec).map(|(last, toggle)| {
                    (IrCommand { repeat: true, at, missed: self.unreported, ..last }, toggle)
                })
            }
            Frame::Rc5 { address, command, toggle } => {
                let command = new(IrProtocol::Rc5, address, command);
                let code = |command: IrCommand| (command.protocol, command.address, command.command);
                let repeat =
                    held.is_some_and(|(last, before)| code(last) == code(command) && before == toggle);
                Some((IrCommand { repeat, ..command }, toggle))
            }
        }
    }
}

impl Machine for Remote {
    type Event = IrCommand;

    fn edge(
        &mut self,
        _: usize,
        Edge { at, level, missed }: Edge,
        _: &mut Effects<'_, IrCommand>,
    ) -> Result<()> {
        self.missed += u64::from(missed);
        self.unreported = self.unreported.saturating_add(missed);
        // The levels of an input alternate, also after lost edges. A frame begins with light.
        if self.stamps.is_empty() && level != self.active {
            return Ok(());
        }
        if self.stamps.len() < MOST {
            self.stamps.push(at);
        }
        self.ends_at = Some(at + SILENCE);
        Ok(())
    }

    fn expire(&mut self, _: Instant, effects: &mut Effects<'_, IrCommand>) -> Result<()> {
        self.ends_at = None;
        let pulses: Vec<Duration> = self.stamps.windows(2).map(|pair| pair[1].since(pair[0])).collect();
        // It ends with light, or the line is stuck.
        let frame = if pulses.len() % 2 == 0 { None } else { decode(&pulses) };
        let began = self.stamps.first().copied();
        self.stamps.clear();
        if let Some(received) = frame.zip(began).and_then(|(frame, at)| self.command(frame, at)) {
            self.last = Some(received);
            self.unreported = 0;
            effects.emit(received.0);
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        self.ends_at
    }
}
