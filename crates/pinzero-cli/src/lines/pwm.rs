//! `pinzero pwm`.

use std::time::Duration;

use clap::Args;
use pinzero::Level;

use super::value::{frequency, share, show_frequency, time};
use super::{find, hold, show_end};
use crate::factory::Factory;
use crate::output;
use crate::verdict::{Outcome, Verdict};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The line
    pin: String,

    /// The share of time in which the line is on, such as 25% or 0.25
    #[arg(value_parser = share)]
    share: f64,

    /// The frequency
    #[arg(long, value_name = "FREQUENCY", value_parser = frequency, default_value = "100Hz")]
    frequency: f64,

    /// Takes PWM that the chip makes, which does not jitter, or fails [default: what the factory has]
    #[arg(long)]
    hardware: bool,

    /// Ends after this time, such as 5s [default: at Ctrl-C]
    #[arg(long = "for", id = "period", value_name = "TIME", value_parser = time)]
    period: Option<Duration>,

    /// Drives the line low for "on"
    #[arg(long, short = 'l')]
    active_low: bool,

    #[command(flatten)]
    factory: Factory,
}

pub(crate) fn run(options: Options) -> Outcome {
    let gpio = options.factory.open()?;
    let (duty, rest) =
        if options.active_low { (1.0 - options.share, Level::High) } else { (options.share, Level::Low) };
    let pwm = gpio.pwm(find(&gpio, &options.pin)?).frequency(options.frequency).hardware(options.hardware);
    let pwm = pwm.initial(duty).rest(rest).open()?;
    let (line, percent) = (pwm.line(), (options.share * 1e4).round() / 1e2);
    let by = if pwm.is_software() { " by software" } else { "" };
    let (frequency, end) = (show_frequency(pwm.frequency()), show_end(options.period));
    output::note(&format!("{line}: {percent} % of {frequency}{by}, {end}"));
    hold(&gpio, options.period);
    pwm.close()?;
    gpio.close()?;
    Ok(Verdict::Good)
}
