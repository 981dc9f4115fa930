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

    /// Stops after so many toggles [default: with --every, once the time of --for is over, else at Ctrl-C]
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
    // With a number of toggles, --for is about the time after the last one.
    let period = options.ending.period().filter(|_| options.times.is_none());
    let was = match options.every {
        None => {
            toggle(&outputs)?;
            Was::Instant
        }
        Some(every) => {
            repeat(&gpio, &outputs, every, options.times, period)?;
            if period.is_some() { Was::Period } else { Was::While }
        }
    };
    options.ending.finish(&gpio, &outputs, was)?;
    gpio.close()?;
    Ok(Verdict::Good)
}

/// Toggles on a beat, the first time at once: so many times, or for this long.
fn repeat(
    gpio: &Gpio,
    outputs: &[Output],
    every: Duration,
    times: Option<u32>,
    period: Option<Duration>,
) -> Result<(), Box<dyn Error>> {
    if every < Duration::from_micros(100) {
        return Err("a toggle every 100us is the most: use `pinzero pwm` for shorter times".into());
    }
    let start = gpio.now();
    let end = period.map(|period| start + period);
    let mut done = 0;
    loop {
        toggle(outputs)?;
        done += 1;
        if times.is_some_and(|times| done >= times) {
            return Ok(());
        }
        let now = gpio.now();
        let next = start.next_beat(every, now);
        if let Some(end) = end.filter(|end| *end <= next) {
            gpio.sleep(end.since(now));
            return Ok(());
        }
        gpio.sleep(next.since(now));
    }
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

#[cfg(test)]
mod tests {
    use pinzero::time::ms;
    use pinzero::{Level, mock, trace};

    use super::*;

    #[test]
    fn toggles_end_after_their_time_or_number() {
        let gpio = mock::gpio();
        let outputs = [gpio.output(17).open().unwrap()];
        let trace = trace::record(&gpio);
        // The toggle that is due at the end does not happen.
        repeat(&gpio, &outputs, ms(100), None, Some(ms(200))).unwrap();
        repeat(&gpio, &outputs, ms(10), Some(3), None).unwrap();
        repeat(&gpio, &outputs, ms(100), None, Some(ms(50))).unwrap();
        let (low, high) = (Level::Low, Level::High);
        let levels = [(0, high), (100, low), (200, high), (210, low), (220, high), (220, low)];
        let expected: Vec<_> =
            [(ms(0), low)].into_iter().chain(levels.map(|(at, level)| (ms(at), level))).collect();
        trace::assert_trace(&trace, 17, expected);
        assert_eq!(trace.duration(), ms(270));
    }
}
