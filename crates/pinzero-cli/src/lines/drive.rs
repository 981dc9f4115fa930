//! Opens the lines that a command drives, and says what they become when the command ends.

use std::time::Duration;

use clap::Args;
use pinzero::{Gpio, Host, Level, Line, LineInfo, OnClose, Output, Result};

use super::value::{show_time, time};
use crate::output;
use crate::pinout::words;

/// How long the lines are driven.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct Ending {
    /// Drives the lines until Ctrl-C
    #[arg(long, conflicts_with_all = ["period", "keep"])]
    hold: bool,

    /// Drives the lines for this long, such as 2s
    #[arg(long = "for", id = "period", value_name = "TIME", value_parser = time)]
    period: Option<Duration>,

    /// Leaves the lines driven after the end; fails where the factory cannot
    #[arg(long)]
    keep: bool,
}

/// How long the lines had their last level before the end, if no option says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Was {
    Instant,
    While,
    /// As long as `--for` says, which is over.
    Period,
}

impl Ending {
    /// Returns the time of `--for`.
    pub(crate) fn period(self) -> Option<Duration> {
        self.period
    }

    /// Returns the state of the lines after they are closed.
    pub(crate) fn on_close(self) -> OnClose {
        if self.keep { OnClose::Keep } else { OnClose::Restore }
    }

    /// Drives the lines as long as asked for, gives them back, and says what they are then.
    pub(crate) fn finish(self, gpio: &Gpio, outputs: &[Output], was: Was) -> Result<()> {
        let levels: Vec<Level> = outputs.iter().map(Output::last).collect();
        let told = outputs.iter().zip(&levels).map(|(output, level)| format!("{} {level}", output.line()));
        let told = told.collect::<Vec<_>>().join(", ");
        if self.hold {
            output::note(&format!("{told}, until Ctrl-C"));
            pinzero::pause();
        }
        if let Some(period) = self.period.filter(|_| was != Was::Period) {
            output::note(&format!("{told}, for {}", show_time(period)));
            gpio.sleep(period);
        }
        for output in outputs {
            output.close()?;
        }
        if self.keep {
            output::note(&match gpio.host() {
                Host::Virtual(_) => {
                    let was = outputs.iter().zip(&levels);
                    let was = was.map(|(output, level)| format!("{} was {level}", output.line()));
                    format!("{}: the mock has ended, so nothing keeps it", was.collect::<Vec<_>>().join(", "))
                }
                Host::Remote(_) => format!("{told}: the daemon keeps it"),
                _ => format!("{told}: the kernel keeps it"),
            });
        }
        if !(self.keep || self.hold || self.period.is_some()) {
            for (output, level) in outputs.iter().zip(&levels) {
                let line = output.line();
                let now = describe(&gpio.line_info(line)?);
                let given = format!("given back as it was found: {now}");
                output::note(&match was {
                    Was::Instant => format!("{line} was {level} for an instant, and is {given}"),
                    Was::While | Was::Period => format!("{line} is {given}"),
                });
            }
            let keep = gpio.capabilities().keep.is_available() && !matches!(gpio.host(), Host::Virtual(_));
            let keep = if keep { "; --keep leaves it driven after the end" } else { "" };
            output::note(&format!("--hold drives a line until Ctrl-C, --for 2s for a while{keep}"));
        }
        Ok(())
    }
}

/// Opens outputs, which change together where the factory can do so.
pub(crate) fn open(
    gpio: &Gpio,
    lines: &[Line],
    levels: impl IntoIterator<Item = Level>,
    on_close: OnClose,
) -> Result<Vec<Output>> {
    let levels: Vec<Level> = levels.into_iter().collect();
    if let ([line], [level]) = (lines, &levels[..]) {
        return Ok(vec![gpio.output(*line).initial(*level).on_close(on_close).open()?]);
    }
    let bits = levels.iter().enumerate().filter(|(index, level)| level.is_high() && *index < 64);
    let bits = bits.fold(0, |bits, (index, _)| bits | 1 << index);
    Ok(gpio.group(lines.iter().copied()).initial(bits).on_close(on_close).open()?.outputs())
}

/// Returns what a line is: function, level, pull and holder, as far as they are known.
pub(crate) fn describe(seen: &LineInfo) -> String {
    let function = seen.function.map_or_else(|| "unknown".to_owned(), words::function);
    let level = seen.level.map(|level| level.to_string());
    let bias = seen.bias.map(|bias| bias.to_string());
    let holder = seen.consumer.as_ref().map(|holder| format!("held by {holder}"));
    [Some(function), level, bias, holder].into_iter().flatten().collect::<Vec<_>>().join(", ")
}
