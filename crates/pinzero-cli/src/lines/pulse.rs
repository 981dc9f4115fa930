//! `pinzero pulse`.

use std::time::Duration;

use clap::Args;
use pinzero::{Animation, Blink, Level, Line, Pwm, Result};

use super::value::{count, frequency, show_time, time};
use super::{find_all, list, show_times};
use crate::factory::Factory;
use crate::output;
use crate::verdict::{Outcome, Verdict};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The lines, which pulse together
    #[arg(required = true, value_name = "PIN")]
    pins: Vec<String>,

    /// How long the lines take from off to on
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "1s")]
    fade_in: Duration,

    /// How long the lines take from on to off
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "1s")]
    fade_out: Duration,

    /// Stops after so many pulses [default: never]
    #[arg(long, value_name = "COUNT", value_parser = count)]
    times: Option<u32>,

    /// The frequency of the PWM signal
    #[arg(long, value_name = "FREQUENCY", value_parser = frequency, default_value = "100Hz")]
    frequency: f64,

    /// Drives a line low for "on"
    #[arg(long, short = 'l')]
    active_low: bool,

    #[command(flatten)]
    factory: Factory,
}

pub(crate) fn run(options: Options) -> Outcome {
    let gpio = options.factory.open()?;
    let active = Level::from(!options.active_low);
    let off = if options.active_low { 1.0 } else { 0.0 };
    let open = |line: Line| gpio.pwm(line).frequency(options.frequency).initial(off).rest(!active).open();
    let lines = find_all(&gpio, &options.pins)?.into_iter().map(open).collect::<Result<Vec<Pwm>>>()?;
    let plan = Blink::pulse(options.fade_in, options.fade_out);
    let plan = options.times.map_or(plan, |times| plan.times(times));
    let pulse = Animation::start(lines.iter().map(|line| line.part(active)), plan)?;
    let (fade_in, fade_out) = (show_time(options.fade_in), show_time(options.fade_out));
    let times = show_times(options.times);
    output::note(&format!("{}: in {fade_in}, out {fade_out}, {times}", list(lines.iter().map(Pwm::line))));
    pulse.wait()?;
    gpio.close()?;
    Ok(Verdict::Good)
}
