//! Measures the jitter of PWM, by the edges at the other end of the wire.

use std::time::Duration;

use pinzero::time::{ms, secs};
use pinzero::{Bias, Event, EventKind, Gpio, Level, Line, Result, Support};
use serde::Serialize;

use super::stats::{micros, quantile};

const HERTZ: f64 = 100.0;
const DUTY: f64 = 0.3;
const PERIOD: Duration = ms(10);
const PULSE: Duration = ms(3);

/// How long to watch the pulses.
const TIME: Duration = secs(2);

/// The reason why nothing can be measured where edges have no times.
pub(crate) const POLLED: &str = "this factory polls its inputs, so that pulses have no exact times";

/// The jitter of pulses.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Jitter {
    pub(crate) pin: String,
    /// Who makes the pulses: `true` for pinzero's own thread, `false` for the factory.
    pub(crate) in_software: bool,
    pub(crate) hertz: f64,
    pub(crate) duty: f64,
    pub(crate) cycles: u32,
    pub(crate) expected_cycles: u32,
    /// `None` if no whole cycle was seen.
    pub(crate) period: Option<Deviation>,
    /// `None` if no whole pulse was seen.
    pub(crate) pulse: Option<Deviation>,
}

/// How far times are from their nominal value, without sign.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Deviation {
    pub(crate) mean_us: f64,
    pub(crate) p50_us: f64,
    pub(crate) p95_us: f64,
    pub(crate) max_us: f64,
}

/// Sends pulses from one pin to the other.
pub(crate) fn measure(gpio: &Gpio, [from, to]: [Line; 2], hardware: bool) -> Result<Jitter> {
    let input = gpio.input(to).bias(can_float(gpio)).device("pinzero test").open()?;
    let pwm =
        gpio.pwm(from).frequency(HERTZ).initial(DUTY).hardware(hardware).device("pinzero test").open()?;
    // The first pulses may come while the other thread starts.
    gpio.sleep(PERIOD * 5);
    let mut events = input.events();
    gpio.sleep(TIME);
    let edges: Vec<Event> = std::iter::from_fn(|| events.try_next()).collect();
    let in_software = pwm.is_software();
    pwm.close()?;
    Ok(evaluate(&edges, from, in_software))
}

fn evaluate(edges: &[Event], from: Line, in_software: bool) -> Jitter {
    let rises = edges.iter().filter(|edge| edge.kind == EventKind::Activated);
    let rises: Vec<_> = rises.map(|edge| edge.at).collect();
    let periods: Vec<Duration> = rises.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let is_pulse = |pair: &&[Event]| pair[0].level == Level::High && pair[1].level == Level::Low;
    let pulses: Vec<Duration> =
        edges.windows(2).filter(is_pulse).map(|pair| pair[1].at - pair[0].at).collect();
    Jitter {
        pin: from.to_string(),
        in_software,
        hertz: HERTZ,
        duty: DUTY,
        cycles: rises.len() as u32,
        expected_cycles: (TIME.as_secs_f64() * HERTZ).round() as u32,
        period: Deviation::of(&periods, PERIOD),
        pulse: Deviation::of(&pulses, PULSE),
    }
}

impl Deviation {
    fn of(times: &[Duration], nominal: Duration) -> Option<Self> {
        let mut off: Vec<Duration> = times.iter().map(|time| time.abs_diff(nominal)).collect();
        off.sort_unstable();
        let [p50_us, p95_us, max_us] = [0.5, 0.95, 1.0].map(|share| micros(quantile(&off, share)));
        let mean = times.iter().sum::<Duration>().checked_div(times.len() as u32)?;
        Some(Deviation { mean_us: micros(mean), p50_us, p95_us, max_us })
    }
}

/// Returns "no pull" if the factory has pulls.
pub(crate) fn can_float(gpio: &Gpio) -> Bias {
    if gpio.capabilities().bias == Support::None { Bias::AsIs } else { Bias::Disabled }
}
