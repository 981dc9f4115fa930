//! A contactless card, from ISO/IEC 14443-3 type A, and the memory of an NTAG213, from NXP's data sheet.

/// What a card of two levels puts before the first three bytes of its number.
const CASCADE_TAG: u8 = 0x88;

/// Commands.
const REQUEST: u8 = 0x26;
const WAKE_UP: u8 = 0x52;
const HALT: u8 = 0x50;
const READ: u8 = 0x30;
const SELECT: [u8; 2] = [0x93, 0x95];

/// The size of a page, and what a read returns.
const PAGE: usize = 4;
const READ_SIZE: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    /// Is being selected; the levels that are done.
    Ready(usize),
    Active,
    Halted,
}

/// A card in the field of a reader: an NTAG213, whose number has seven bytes.
#[derive(Debug, Clone)]
pub struct Card {
    number: [u8; 7],
    memory: Vec<u8>,
    state: State,
}

impl Card {
    /// Returns a card with this number and these bytes from page 4 on.
    pub fn new(number: [u8; 7], data: &[u8]) -> Self {
        let mut memory = vec![0; 45 * PAGE];
        let [a, b, c, rest @ ..] = number;
        // The first two pages have the number with its check bytes.
        memory[..4].copy_from_slice(&[a, b, c, CASCADE_TAG ^ a ^ b ^ c]);
        memory[4..8].copy_from_slice(&rest);
        memory[8] = rest.iter().fold(0, |sum, byte| sum ^ byte);
        memory[4 * PAGE..4 * PAGE + data.len()].copy_from_slice(data);
        Card { number, memory, state: State::Idle }
    }

    /// Takes the card out of the field, and back.
    pub fn reset(&mut self) {
        self.state = State::Idle;
    }

    /// Answers a frame whose last byte has `last_bits` bits, 0 for all eight. `None` is silence.
    pub fn answer(&mut self, frame: &[u8], last_bits: u8) -> Option<Vec<u8>> {
        match (frame, last_bits) {
            ([REQUEST], 7) if self.state == State::Idle => self.wake(),
            ([WAKE_UP], 7) if matches!(self.state, State::Idle | State::Halted) => self.wake(),
            ([command, 0x20], 0) => self.part(*command).map(|part| part.to_vec()),
            ([command, 0x70, part @ .., _, _], 0) if is_sound(frame) => self.select(*command, part),
            ([READ, page, _, _], 0) if self.state == State::Active && is_sound(frame) => {
                let start = usize::from(*page) * PAGE;
                // Behind the last page comes the first.
                let data = self.memory.iter().cycle().skip(start).take(READ_SIZE).copied();
                Some(with_crc(data.collect()))
            }
            ([HALT, 0, _, _], 0) if self.state == State::Active && is_sound(frame) => {
                self.state = State::Halted;
                None
            }
            _ => None,
        }
    }

    fn wake(&mut self) -> Option<Vec<u8>> {
        self.state = State::Ready(0);
        // A number of two levels, found bit by bit.
        Some(vec![0x44, 0x00])
    }

    /// Returns the part of the number for a command's level, with its check byte; `None` if it is not that level's turn.
    fn part(&self, command: u8) -> Option<[u8; 5]> {
        let level = SELECT.iter().position(|select| *select == command)?;
        let [a, b, c, d, e, f, g] = self.number;
        let part = if level == 0 { [CASCADE_TAG, a, b, c] } else { [d, e, f, g] };
        let check = part.iter().fold(0, |sum, byte| sum ^ byte);
        let [one, two, three, four] = part;
        (self.state == State::Ready(level)).then_some([one, two, three, four, check])
    }

    fn select(&mut self, command: u8, part: &[u8]) -> Option<Vec<u8>> {
        self.part(command).filter(|own| own == part)?;
        let is_first = command == SELECT[0];
        self.state = if is_first { State::Ready(1) } else { State::Active };
        // The bit says that the number goes on.
        Some(with_crc(vec![if is_first { 0x04 } else { 0x00 }]))
    }
}

/// Returns the checksum of ISO/IEC 14443-3 type A, in the order in which its bytes are sent.
pub fn crc_a(data: &[u8]) -> [u8; 2] {
    crc(0x6363, data).to_le_bytes()
}

/// Returns the checksum of ISO/IEC 13239 that begins with `preset`.
pub(crate) fn crc(preset: u16, data: &[u8]) -> u16 {
    data.iter().fold(preset, |sum, byte| {
        (0..8).fold(sum ^ u16::from(*byte), |sum, _| sum >> 1 ^ if sum & 1 == 1 { 0x8408 } else { 0 })
    })
}

fn with_crc(mut data: Vec<u8>) -> Vec<u8> {
    data.extend(crc_a(&data));
    data
}

/// Returns whether the two bytes at the end of a frame are its checksum.
fn is_sound(frame: &[u8]) -> bool {
    let (data, sum) = frame.split_at(frame.len() - 2);
    crc_a(data) == sum
}
