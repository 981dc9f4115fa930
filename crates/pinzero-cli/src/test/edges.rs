//! Measures the time from a write to the handler at the other end of the wire.

use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use pinzero::time::{Instant, ms, secs, us};
use pinzero::{EventKind, Gpio, Level, Line, Result, Support};
use serde::Serialize;

use super::stats::{micros, quantile};

/// How many edges to send.
const EDGES: u32 = 500;

/// The longest wait for a handler. An edge that takes longer counts as not heard.
const PATIENCE: Duration = ms(250);

/// The longest time for all edges, for a factory that loses many.
const LIMIT: Duration = secs(15);

/// The upper bounds of the histogram's bars, in microseconds; the last bar has none.
const BOUNDS: [u64; 12] = [10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000];

/// How long edges took from the write to the handler.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Latency {
    /// `true` if the factory reports no edges, and core reads the level again and again.
    pub(crate) is_polled: bool,
    pub(crate) sent: u32,
    pub(crate) heard: u32,
    /// Edges that the factory itself counted as lost.
    pub(crate) counted_as_lost: u64,
    /// Calls of a handler that no write explains.
    pub(crate) unexpected: u32,
    /// `None` if no edge was heard.
    pub(crate) times: Option<Times>,
    pub(crate) histogram: Vec<Bar>,
}

/// How long most edges took, and the slowest.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Times {
    pub(crate) p50_us: f64,
    pub(crate) p95_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) max_us: f64,
}

/// A bar of the histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Bar {
    /// The bar counts edges below this time; `None` for the slowest.
    pub(crate) below_us: Option<u64>,
    pub(crate) edges: u32,
}

/// Sends edges from one pin to the other.
pub(crate) fn measure(gpio: &Gpio, [from, to]: [Line; 2]) -> Result<Latency> {
    let output = gpio.output(from).initial(Level::Low).device("pinzero test").open()?;
    let input = gpio.input(to).poll_interval(ms(1)).device("pinzero test").open()?;
    let (sender, calls) = mpsc::channel();
    for kind in [EventKind::Activated, EventKind::Deactivated] {
        let (gpio, sender) = (gpio.clone(), sender.clone());
        // The receiver may have lost its patience.
        input.on(kind, move |_| _ = sender.send(gpio.now()));
    }

    let start = gpio.now();
    let (mut times, mut sent, mut unexpected) = (Vec::new(), 0, 0);
    while sent < EDGES && gpio.now() - start < LIMIT {
        unexpected += calls.try_iter().count() as u32;
        let written = gpio.now();
        output.toggle()?;
        sent += 1;
        times.extend(wait(gpio, &calls).map(|heard| heard - written));
        // Not in step with a poll or a tick of the kernel.
        gpio.sleep(us(500 + u64::from(sent * 7919 % 1000)));
    }
    times.sort_unstable();
    let [p50_us, p95_us, p99_us, max_us] =
        [0.5, 0.95, 0.99, 1.0].map(|share| micros(quantile(&times, share)));
    Ok(Latency {
        is_polled: gpio.capabilities().edges != Support::Native,
        sent,
        heard: times.len() as u32,
        counted_as_lost: input.missed(),
        unexpected,
        times: (!times.is_empty()).then_some(Times { p50_us, p95_us, p99_us, max_us }),
        histogram: histogram(&times),
    })
}

/// Waits for a handler; returns the time of its call.
fn wait(gpio: &Gpio, calls: &Receiver<Instant>) -> Option<Instant> {
    let start = gpio.now();
    loop {
        // A sleep and not a wait for the channel: on a virtual clock, the sleep runs the handler.
        gpio.sleep(us(200));
        let call = calls.try_recv().ok();
        if call.is_some() || gpio.now() - start > PATIENCE {
            return call;
        }
    }
}

fn histogram(sorted: &[Duration]) -> Vec<Bar> {
    let mut bars: Vec<Bar> = BOUNDS.iter().map(|bound| Bar { below_us: Some(*bound), edges: 0 }).collect();
    bars.push(Bar { below_us: None, edges: 0 });
    for time in sorted {
        let index = BOUNDS.iter().position(|bound| *time < us(*bound)).unwrap_or(BOUNDS.len());
        bars[index].edges += 1;
    }
    bars
}
