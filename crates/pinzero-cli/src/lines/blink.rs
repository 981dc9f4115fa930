//! `pinzero blink`.

use std::time::Duration;

use clap::Args;
use pinzero::{Animation, Blink, Level, OnClose};

use super::value::{count, show_time, time};
use super::{drive, show_times};
use crate::factory::Factory;
use crate::output;
use crate::verdict::{Outcome, Verdict};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The lines, which blink together
    #[arg(required = true, value_name = "PIN")]
    pins: Vec<String>,

    /// How long the lines are on
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "1s")]
    on: Duration,

    /// How long the lines are off
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "1s")]
    off: Duration,

    /// Stops after so many blinks [default: never]
    #[arg(long, value_name = "COUNT", value_parser = count)]
    times: Option<u32>,

    /// Drives a line low for "on"
    #[arg(long, short = 'l')]
    active_low: bool,

    #[command(flatten)]
    factory: Factory,
}

pub(crate) fn run(options: Options) -> Outcome {
    let gpio = options.factory.open()?;
    let active = Level::from(!options.active_low);
    let lines = super::find_all(&gpio, &options.pins)?;
    let outputs = drive::open(&gpio, &lines, lines.iter().map(|_| !active), OnClose::Restore)?;
    let plan = Blink::new(options.on, options.off);
    let plan = options.times.map_or(plan, |times| plan.times(times));
    let blink = Animation::start(outputs.iter().map(|output| output.part(active)), plan)?;
    let lines = super::list(outputs.iter().map(pinzero::Output::line));
    let (on, off) = (show_time(options.on), show_time(options.off));
    output::note(&format!("{lines}: on {on}, off {off}, {}", show_times(options.times)));
    blink.wait()?;
    gpio.close()?;
    Ok(Verdict::Good)
}
