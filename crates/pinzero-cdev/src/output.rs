//! Lines that are driven.

use pinzero_core::{Level, Line, OnClose, OutputPin, Result, Support};

use crate::chip::Chip;
use crate::line_config::outputs;
use crate::request::{LineRequest, check_on_close, take};

/// Takes lines as outputs, at once at the levels `initial`, or at their present levels.
pub(crate) fn open(
    chip: &Chip,
    keep: Support,
    lines: &[Line],
    initial: Option<u64>,
    on_close: OnClose,
) -> Result<LineRequest> {
    check_on_close(chip, keep, on_close)?;
    let states = initial.map(|levels| outputs(lines.len(), levels));
    // The pull is never changed, so unless the kernel knows better it is still the pull that was found.
    let (file, found) = take(chip, lines, states, on_close, false)?;
    let releases = lines.iter().zip(found).map(|(line, found)| (*line, found.release(on_close, None)));
    Ok(LineRequest::new(chip, releases.collect(), file))
}

impl OutputPin for LineRequest {
    fn set(&self, level: Level) -> Result<()> {
        self.set(1, u64::from(level.is_high()))
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }
}
