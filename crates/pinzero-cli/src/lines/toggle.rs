//! `pinzero toggle`.

use std::error::Error;
use std::time::Duration;

use clap::Args;
use pinzero::{Gpio, Line, Output, Result};

use super::drive::{Ending, Was};
use super::find_all;
use super::value::{count, time};
use crate::factory::Factory;
use crate::output;
use crate::verdict::{Outcome, Verdict};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The lines
    #[arg(required = true, value_name = "PIN")]
    pins: Vec<String>,

    /// Toggles again and again, this often, such as 500ms [default: toggles once]
    #[arg(long, value_name = "TIME", value_parser = time)]
    every: Option<Duration>,

    /// Stops after so many toggles [default: with --every, never]
    ///
    /// After 5 toggles, the line is at its other level; after 4, at its first one. Then the line is given back as it was found, unless
    /// --keep, --hold or --for says otherwise.
    #[arg(long, value_name = "COUNT", value_parser = count, requires = "every")]
    times: Option<u32>,

    #[command(flatten)]
    ending: Ending,

    #[command(flatten)]
    factory: Factory,
}

pub(crate) fn run(options: Options) -> Outcome {
    let gpio = options.factory.open()?;
    let open = |line: Line| gpio.output(line).adopt().on_close(options.ending.on_close()).open();
    let outputs = find_all(&gpio, &options.pins)?.into_iter().map(open).collect::<Result<Vec<Output>>>()?;
    match options.every {
        None => toggle(&outputs)?,
        Some(every) => repeat(&gpio, &outputs, every, options.times)?,
    }
    let was = if options.every.is_some() { Was::While } else { Was::Instant };
    options.ending.finish(&gpio, &outputs, was)?;
    gpio.close()?;
    Ok(Verdict::Good)
}

/// Toggles on a beat, the first time at once.
fn repeat(
    gpio: &Gpio,
    outputs: &[Output],
    every: Duration,
    times: Option<u32>,
) -> Result<(), Box<dyn Error>> {
    if every < Duration::from_micros(100) {
        return Err("a toggle every 100us is the most: use `pinzero pwm` for shorter times".into());
    }
    let start = gpio.now();
    let mut done = 0;
    while times.is_none_or(|times| done < times) {
        toggle(outputs)?;
        done += 1;
        if times.is_none_or(|times| done < times) {
            let now = gpio.now();
            gpio.sleep(start.next_beat(every, now).since(now));
        }
    }
    Ok(())
}

fn toggle(outputs: &[Output]) -> Result<(), Box<dyn Error>> {
    let mut text = String::new();
    for output in outputs {
        output.toggle()?;
        text += &format!("{} {}\n", output.line(), output.last());
    }
    output::print(&text)?;
    Ok(())
}
