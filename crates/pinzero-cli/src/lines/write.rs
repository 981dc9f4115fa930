//! `pinzero write`.

use clap::Args;
use pinzero::Level;

use super::drive::{self, Ending, Was};
use super::{find_all, value};
use crate::factory::Factory;
use crate::verdict::{Outcome, Verdict};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Lines and levels, such as 17=1 J8:13=off; several lines change together
    ///
    /// A level is 1, on or high; or 0, off or low.
    #[arg(required = true, value_name = "PIN=LEVEL", value_parser = assignment)]
    lines: Vec<(String, bool)>,

    /// Drives a line low for "on", and high for "off"
    #[arg(long, short = 'l')]
    active_low: bool,

    #[command(flatten)]
    ending: Ending,

    #[command(flatten)]
    factory: Factory,
}

pub(crate) fn run(options: Options) -> Outcome {
    let gpio = options.factory.open()?;
    let (pins, values): (Vec<String>, Vec<bool>) = options.lines.into_iter().unzip();
    let levels = values.into_iter().map(|value| Level::from(value != options.active_low));
    let outputs = drive::open(&gpio, &find_all(&gpio, &pins)?, levels, options.ending.on_close())?;
    options.ending.finish(&gpio, &outputs, Was::Instant)?;
    gpio.close()?;
    Ok(Verdict::Good)
}

fn assignment(text: &str) -> Result<(String, bool), String> {
    match text.rsplit_once('=') {
        Some((pin, level)) if !pin.trim().is_empty() => {
            Ok((pin.trim().to_owned(), value::active(level.trim())?))
        }
        _ => Err(format!("{text:?} has no level: write a pin and its level, such as 17=1")),
    }
}
