//! A line that is driven.

use std::sync::Arc;

use gpiocdev::line::{self, Direction};
use pinzero_core::{
    Bias, Error, ErrorKind, Level, Line, OnClose, OutputConfig, OutputPin, Pin, Result, Support,
};

use crate::chip::Chip;
use crate::error;
use crate::held::{Held, Leave, bias_of, level_of, output, reconfigure, request};

/// An output; closed when dropped.
#[derive(Debug)]
pub(crate) struct CdevOutput(Arc<Held>);

impl CdevOutput {
    /// Takes `line` as an output that has its first level from the instant that it is one.
    ///
    /// `keep` tells whether a released line stays as it is.
    pub(crate) fn open(chip: &Chip, keep: Support, line: Line, config: OutputConfig) -> Result<CdevOutput> {
        check(chip, keep, config.on_close)?;
        let found = chip.line_info(line)?;
        let restores_level = config.on_close == OnClose::Restore && found.direction == Direction::Output;
        let (request, level) = match config.initial {
            Some(initial) if !restores_level => (request(chip, line, &output(initial))?, initial),
            initial => {
                // Asked for as it is, a line does not change, and nobody else can change it from here on.
                let request = request(chip, line, &line::Config::default())?;
                let value =
                    request.lone_value().map_err(|error| error::chip(&chip.path, error::io(error)))?;
                let level = level_of(value);
                reconfigure(&request, chip, line, &output(initial.unwrap_or(level)))?;
                (request, level)
            }
        };
        let leave = match config.on_close {
            OnClose::Restore if restores_level => Leave::Output(level),
            // The pull was never touched, so unless the kernel knows better it is still the one found.
            OnClose::Restore => Leave::Input(found.bias.map_or(Bias::AsIs, bias_of)),
            OnClose::Input(bias) => Leave::Input(bias),
            OnClose::Low => Leave::Output(Level::Low),
            OnClose::High => Leave::Output(Level::High),
            // Keep; `check` has refused all the others.
            _ => Leave::AsItIs,
        };
        Ok(CdevOutput(Arc::new(Held::new(chip, line, request, leave))))
    }

    /// The line that it is.
    pub(crate) fn held(&self) -> &Arc<Held> {
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
}

impl Drop for CdevOutput {
    fn drop(&mut self) {
        if let Err(error) = self.0.close() {
            log::warn!("a line was not given back as it should be: {error}");
        }
    }
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
