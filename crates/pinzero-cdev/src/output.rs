//! Lines that are driven.

use std::sync::Arc;

use gpiocdev::line::{self, Direction};
use pinzero_core::{
    Bias, Error, ErrorKind, Level, Line, OnClose, OutputConfig, OutputPin, Pin, Result, Support,
};

use crate::chip::Chip;
use crate::error;
use crate::request::{LineRequest, ReleaseState, bias_of, levels, output, reconfigure, request};

/// An output; closed when dropped.
#[derive(Debug)]
pub(crate) struct CdevOutput(Arc<LineRequest>);

impl CdevOutput {
    /// Takes `line` as an output that has its first level from the instant that it is one.
    ///
    /// `keep` tells whether a released line stays as it is.
    pub(crate) fn open(chip: &Chip, keep: Support, line: Line, config: OutputConfig) -> Result<CdevOutput> {
        let initial = config.initial.map(|level| u64::from(level.is_high()));
        Ok(CdevOutput(Arc::new(open(chip, keep, &[line], initial, config.on_close)?)))
    }

    /// Returns the request that holds the line.
    pub(crate) fn request(&self) -> &Arc<LineRequest> {
        &self.0
    }
}

impl Pin for CdevOutput {
    fn level(&self) -> Result<Level> {
        self.0.level()
    }

    fn close(&self) -> Result<()> {
        self.0.close()
    }
}

impl OutputPin for CdevOutput {
    fn set(&self, level: Level) -> Result<()> {
        self.0.set(level)
    }

    fn confirm(&self) -> Result<()> {
        Ok(())
    }
}

impl Drop for CdevOutput {
    fn drop(&mut self) {
        if let Err(error) = self.0.close() {
            log::warn!("a line was not given back as it should be: {error}");
        }
    }
}

/// The level that bit `index` stands for.
fn bit(levels: u64, index: usize) -> Level {
    Level::from(levels >> index & 1 == 1)
}

/// A bit for each of `lines`.
pub(crate) fn all(lines: &[Line]) -> u64 {
    (0..lines.len()).fold(0, |mask, index| mask | 1 << index)
}

/// Takes `lines` as outputs at the levels `initial`, or at those that they are at.
pub(crate) fn open(
    chip: &Chip,
    keep: Support,
    lines: &[Line],
    initial: Option<u64>,
    on_close: OnClose,
) -> Result<LineRequest> {
    check(chip, keep, on_close)?;
    let file = chip.open()?;
    let found: Vec<line::Info> =
        lines.iter().map(|line| chip.line_info_by(&file, *line)).collect::<Result<_>>()?;
    let is_restored = |info: &line::Info| on_close == OnClose::Restore && info.direction == Direction::Output;
    let outputs = |levels: u64| -> Vec<(Line, line::Config)> {
        lines.iter().enumerate().map(|(index, line)| (*line, output(bit(levels, index)))).collect()
    };
    let (request, before) = match initial {
        Some(initial) if !found.iter().any(is_restored) => {
            (request(chip, &file, &outputs(initial))?, initial)
        }
        initial => {
            // Asked for as it is, a line does not change, and nobody else can change it from here on.
            let as_is: Vec<_> = lines.iter().map(|line| (*line, line::Config::default())).collect();
            let request = request(chip, &file, &as_is)?;
            let before = levels(&request, all(lines)).map_err(|error| error::chip(&chip.path, error))?;
            reconfigure(&request, chip, &outputs(initial.unwrap_or(before)))?;
            (request, before)
        }
    };
    let states = found.iter().enumerate().map(|(index, info)| match on_close {
        OnClose::Restore if is_restored(info) => ReleaseState::Output(bit(before, index)),
        // The pull was never touched, so unless the kernel knows better it is still the one found.
        OnClose::Restore => ReleaseState::Input(info.bias.map_or(Bias::AsIs, bias_of)),
        OnClose::Input(bias) => ReleaseState::Input(bias),
        OnClose::Low => ReleaseState::Output(Level::Low),
        OnClose::High => ReleaseState::Output(Level::High),
        // Keep; `check` has refused all the others.
        _ => ReleaseState::AsItIs,
    });
    Ok(LineRequest::new(chip, lines.iter().copied().zip(states).collect(), request))
}

/// Refuses what cannot be promised of a line after its release.
fn check(chip: &Chip, keep: Support, on_close: OnClose) -> Result<()> {
    match on_close {
        OnClose::Restore | OnClose::Input(_) | OnClose::Low | OnClose::High => Ok(()),
        OnClose::Keep if keep.is_available() => Ok(()),
        OnClose::Keep => {
            let remedy = match chip.pi() {
                Some(pi) => format!("add {}.persist_gpio_outputs=y to the kernel's command line", pi.module),
                None => "keep the device open instead".to_owned(),
            };
            let message =
                format!("the kernel does not promise to leave a released output of {} as it is", chip.name());
            Err(Error::new(ErrorKind::Unsupported, format!("{message}: {remedy}")))
        }
        other => Err(Error::unsupported(format!("{other:?} on close"))),
    }
}
