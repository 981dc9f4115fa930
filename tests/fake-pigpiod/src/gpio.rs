//! Modes, pulls and levels.

use crate::code::{error, op};
use crate::frame::Frame;
use crate::lines::OUTPUT;
use crate::model::{Model, any_gpio, user_gpio, within};

impl Model {
    /// The commands about single GPIO, banks and pads.
    pub(crate) fn gpio(&mut self, frame: &Frame) -> Result<u32, i32> {
        let Frame { command, p1, p2, .. } = *frame;
        match command {
            op::MODES => {
                self.permit(p1)?;
                any_gpio(p1)?;
                within(p2, 0..=7, error::BAD_MODE)?;
                if self.lines.line(p1).mode != p2 {
                    self.end_pulses(p1);
                    self.lines.line(p1).mode = p2;
                }
            }
            op::MODEG => {
                any_gpio(p1)?;
                return Ok(self.lines.line(p1).mode);
            }
            op::PUD => {
                self.permit(p1)?;
                any_gpio(p1)?;
                within(p2, 0..=2, error::BAD_PUD)?;
                self.lines.line(p1).pull = p2;
            }
            op::READ => {
                any_gpio(p1)?;
                self.look(0);
                return Ok(self.lines.is_high(p1).into());
            }
            op::WRITE => {
                self.permit(p1)?;
                any_gpio(p1)?;
                within(p2, 0..=1, error::BAD_LEVEL)?;
                self.end_pulses(p1);
                let line = self.lines.line(p1);
                (line.mode, line.latch) = (OUTPUT, p2 == 1);
            }
            op::BR1 => {
                self.look(0);
                return Ok(self.lines.levels() as u32);
            }
            op::BR2 => {
                self.look(0);
                return Ok((self.lines.levels() >> 32) as u32);
            }
            op::BC1 => return self.bank(p1.into(), false),
            op::BC2 => return self.bank(u64::from(p1) << 32, false),
            op::BS1 => return self.bank(p1.into(), true),
            op::BS2 => return self.bank(u64::from(p1) << 32, true),
            op::TRIG => {
                self.permit(p1)?;
                user_gpio(p1)?;
                within(p2, 1..=100, error::BAD_PULSELEN)?;
                within(frame.word(0), 0..=1, error::BAD_LEVEL)?;
                let level = frame.word(0) == 1;
                self.lines.line(p1).latch = level;
                self.look(0);
                self.lines.line(p1).latch = !level;
                self.look(p2.into());
            }
            op::PADS => {
                within(p1, 0..=2, error::BAD_PAD)?;
                within(p2, 1..=16, error::BAD_PAD_STRENGTH)?;
                // There are eight strengths.
                self.daemon.rest.pads[p1 as usize] = p2.next_multiple_of(2);
            }
            _ => {
                within(p1, 0..=2, error::BAD_PAD)?;
                return Ok(self.daemon.rest.pads[p1 as usize]);
            }
        }
        self.look(0);
        Ok(0)
    }

    /// Sets the levels of all GPIO in `mask` that may be changed, at once.
    fn bank(&mut self, mask: u64, level: bool) -> Result<u32, i32> {
        let allowed = mask & self.permitted();
        for gpio in (0..crate::lines::LINES as u32).filter(|gpio| allowed >> gpio & 1 == 1) {
            self.lines.line(gpio).latch = level;
        }
        self.look(0);
        if mask & !self.permitted() == 0 { Ok(0) } else { Err(error::SOME_PERMITTED) }
    }
}
