//! Flexible lines.

use gpiocdev::line;
use parking_lot::Mutex;
use pinzero_core::board::Board;
use pinzero_core::{Bias, Drive, Error, FlexConfig, FlexPin, Found, Level, Line, Pin, Result, Support};

use crate::chip::Chip;
use crate::line_config::{input_with, output};
use crate::request::{LineRequest, check_on_close, take};

/// A line that is requested once, and only reconfigured after that.
#[derive(Debug)]
pub(crate) struct CdevFlex {
    request: LineRequest,
    /// `true` if the kernel detects edges while the line is an input.
    has_edges: bool,
    /// `true` if the line is an output, as far as known. The lock is held while the line turns.
    drives: Mutex<bool>,
}

impl CdevFlex {
    /// Takes `line` in its initial function. `keep`: a released line keeps its level.
    pub(crate) fn open(
        chip: &Chip,
        board: &Board,
        keep: Support,
        line: Line,
        config: FlexConfig,
    ) -> Result<CdevFlex> {
        let FlexConfig { start, edges, on_close, .. } = config;
        check_on_close(chip, keep, on_close)?;
        let has_edges = edges.is_some();
        let start_state = vec![state(start, has_edges)?];
        let (file, found) = take(chip, &[line], Some(start_state), on_close, has_edges)?;
        let found = match found.first() {
            Some(Found::Input(Bias::AsIs)) | None => Found::Input(board.pull(line.0).into()),
            Some(found) => *found,
        };
        let request = LineRequest::new(chip, vec![(line, found.release(on_close, None))], file);
        request.watch(edges.into_iter().collect())?;
        Ok(CdevFlex { request, has_edges, drives: Mutex::new(matches!(start, Drive::Output(_))) })
    }
}

impl Pin for CdevFlex {
    fn level(&self) -> Result<Level> {
        self.request.level()
    }

    fn close(&self) -> Result<()> {
        self.request.close()
    }
}

impl FlexPin for CdevFlex {
    fn turn(&self, drive: Drive) -> Result<()> {
        let mut drives = self.drives.lock();
        match drive {
            Drive::Output(level) if *drives => self.request.set(1, u64::from(level.is_high())),
            drive => {
                let state = state(drive, self.has_edges)?;
                // A turn that fails may be half done.
                *drives = false;
                self.request.turn(state)?;
                *drives = matches!(drive, Drive::Output(_));
                Ok(())
            }
        }
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }
}

/// Returns the state of a line with this function. An output reports no edges: the kernel would refuse them.
fn state(drive: Drive, has_edges: bool) -> Result<line::Config> {
    match drive {
        Drive::Output(level) => Ok(output(level)),
        Drive::Input(bias) => Ok(input_with(bias, has_edges)),
        Drive::Pwm { .. } => Err(Error::unsupported("PWM by the kernel's GPIO interface")),
    }
}
