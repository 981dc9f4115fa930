//! What few clients ask for: scripts, serial input, files, programs and hooks.

use std::collections::{BTreeMap, BTreeSet};

use crate::code::{error, op};
use crate::frame::{Answer, Frame, Outcome};
use crate::model::{Model, user_gpio, within};

/// How many scripts there may be.
const SCRIPTS: u32 = 32;

/// What a program that cannot be found gives.
const NO_SUCH_PROGRAM: u32 = 127 << 8;

/// A script's status once it has been stored or has run.
const HALTED: u32 = 1;

/// Their state.
#[derive(Debug)]
pub(crate) struct Rest {
    /// The parameters of each script.
    scripts: BTreeMap<u32, [u32; 10]>,
    serial: BTreeSet<u32>,
    pub(crate) pads: [u32; 3],
}

impl Default for Rest {
    fn default() -> Self {
        Rest { scripts: BTreeMap::new(), serial: BTreeSet::new(), pads: [8; 3] }
    }
}

impl Model {
    /// All commands that are none of the others'.
    pub(crate) fn rest(&mut self, frame: &Frame) -> Outcome {
        let Frame { command, p1, p2, ref extension, .. } = *frame;
        let is_open = self.daemon.rest.serial.contains(&p1);
        match command {
            op::PROC..=op::PROCS | op::PROCP | op::PROCU => return self.script(frame),
            op::MICS => within(p1, 1..=1_000_000, error::BAD_MICS_DELAY)?,
            op::MILS => within(p1, 1..=60_000, error::BAD_MILS_DELAY)?,
            op::SLRO => {
                user_gpio(p1)?;
                within(p2, 50..=250_000, error::BAD_WAVE_BAUD)?;
                within(frame.word(0), 1..=32, error::BAD_DATABITS)?;
                if !self.daemon.rest.serial.insert(p1) {
                    return Err(error::GPIO_IN_USE);
                }
            }
            op::SLR | op::SLRC | op::SLRI if p1 > 31 => return Err(error::BAD_USER_GPIO),
            op::SLR | op::SLRC | op::SLRI if !is_open => return Err(error::NOT_SERIAL_GPIO),
            // Nobody ever sends anything.
            op::SLR => return Ok(Answer::Bytes(Vec::new())),
            op::SLRC => drop(self.daemon.rest.serial.remove(&p1)),
            op::SLRI => within(p2, 0..=1, error::BAD_SER_INVERT)?,
            op::FO | op::FL => return Err(error::NO_FILE_ACCESS),
            op::FC..=op::FS => return Err(error::BAD_HANDLE),
            op::SHELL => return Ok(Answer::Value(NO_SUCH_PROGRAM)),
            op::CF1 => return Ok(Answer::Value(extension.iter().map(|&byte| u32::from(byte)).sum())),
            op::CF2 => return Ok(Answer::Bytes(extension.clone())),
            // It has neither sent nor received anything.
            op::BSCX => return Ok(Answer::Bytes(vec![0; 4])),
            op::HELP | op::CGI | op::CSI => (),
            _ => return Err(error::UNKNOWN_COMMAND),
        }
        Ok(Answer::Value(0))
    }

    /// Scripts are stored, but none is run: each halts as soon as it starts.
    fn script(&mut self, frame: &Frame) -> Outcome {
        let scripts = &mut self.daemon.rest.scripts;
        if frame.command == op::PROC {
            let text = String::from_utf8_lossy(&frame.extension);
            let first = text.split_whitespace().next().unwrap_or_default().to_lowercase();
            if !FIRST_WORDS.split(' ').any(|word| word == first) {
                return Err(error::BAD_SCRIPT_CMD);
            }
            let free =
                (0..SCRIPTS).find(|script| !scripts.contains_key(script)).ok_or(error::NO_SCRIPT_ROOM)?;
            scripts.insert(free, [0; 10]);
            return Ok(Answer::Value(free));
        }
        let parameters = scripts.get_mut(&frame.p1).ok_or(error::BAD_SCRIPT_ID)?;
        match frame.command {
            op::PROCD => drop(scripts.remove(&frame.p1)),
            op::PROCP => {
                let words = [HALTED].into_iter().chain(*parameters);
                return Ok(Answer::Bytes(words.flat_map(u32::to_le_bytes).collect()));
            }
            op::PROCS => (),
            _ if frame.extension.len() > 40 => return Err(error::TOO_MANY_PARAM),
            _ => parameters.iter_mut().zip(frame.words()).for_each(|(parameter, word)| *parameter = word),
        }
        Ok(Answer::Value(0))
    }
}

/// The words that a script may begin with, or nearly all.
const FIRST_WORDS: &str = "tag w write r read m modes mg modeg p pwm s servo pud wdog mics mils trig lda ld sta x halt jmp \
    inr dcr inra dcra add sub and or xor rl rr cmp jz jnz jm jp call ret push pop wait evtwt evt br1 br2 bc1 bc2 bs1 bs2";
