//! The world around the mock's pins: wires, an ADC, and rules that drive pins.

mod parse;
mod scheduler;

use std::error::Error;
use std::time::Duration;

use pinzero_core::mock::MockGpio;
use pinzero_core::{Bias, EventKind, Input, Line};

pub(crate) use parse::{Mistake, Rule, Step};
use scheduler::Scheduler;

/// The first line that is on no header. Such a line, wired to a pin, is a probe that reports the pin's edges.
const FIRST_PROBE: u32 = 28;

/// A world. Dropping it ends its rules.
#[derive(Debug)]
pub(crate) struct World {
    /// Kept open; dropping them closes them.
    _probes: Vec<Input>,
    _scheduler: Scheduler,
}

/// Parses the text of a world.
pub(crate) fn parse(text: &str) -> Result<Vec<Rule>, Mistake> {
    text.lines().enumerate().filter_map(|(index, line)| parse::line(index + 1, line).transpose()).collect()
}

impl World {
    /// Starts the rules on this mock.
    pub(crate) fn start(mock: &MockGpio, rules: Vec<Rule>) -> Result<World, Box<dyn Error>> {
        let (scheduler, start) = (Scheduler::start(mock.clone())?, mock.now());
        let mut probes = Vec::new();
        let mut free = FIRST_PROBE..mock.board().lines();
        for rule in rules {
            match rule {
                Rule::Wire(one, other) => mock.wire(pin(mock, one)?, pin(mock, other)?),
                Rule::Converter { pins, values } => {
                    for gpio in pins {
                        pin(mock, gpio)?;
                    }
                    let converter = mock.mcp3008(pins.map(Line));
                    values.into_iter().for_each(|(channel, value)| converter.set(channel, value));
                }
                Rule::At(time, steps) => scheduler.schedule(start + time, check(mock, steps)?, None),
                Rule::Every(time, steps) => scheduler.schedule(start + time, check(mock, steps)?, Some(time)),
                Rule::When(gpio, level, steps) => {
                    let (gpio, steps) = (pin(mock, gpio)?, check(mock, steps)?);
                    let probe = free
                        .next()
                        .ok_or("too many rules with \"when\": the mock has no free line for another")?;
                    let probe = mock.input(Line(probe)).bias(Bias::Disabled).device("probe").open()?;
                    mock.wire(gpio, probe.line());
                    let kind = if level.is_high() { EventKind::Activated } else { EventKind::Deactivated };
                    let orders = scheduler.orders();
                    probe.on(kind, move |event| orders.schedule(event.at, steps.clone(), None));
                    probes.push(probe);
                }
            }
        }
        Ok(World { _probes: probes, _scheduler: scheduler })
    }
}

fn pin(mock: &MockGpio, number: u32) -> Result<Line, Box<dyn Error>> {
    Ok(mock.resolve(Line(number))?)
}

/// Returns the steps if the mock has all their pins.
fn check(mock: &MockGpio, steps: Vec<Step>) -> Result<Vec<Step>, Box<dyn Error>> {
    for step in &steps {
        pin(mock, step.gpio)?;
    }
    Ok(steps)
}

/// Returns how long the steps take.
fn length(steps: &[Step]) -> Duration {
    steps.iter().map(|step| step.after).sum()
}
