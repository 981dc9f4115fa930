//! [`assert_trace`]: compares a line of a trace with what a test expects.

use std::time::Duration;

use super::diagram::{Diagram, Lane};
use super::{Signal, Trace};
use crate::pin_spec::PinSpec;

/// Compares the signals of a line with the expected ones. If they differ, panics with both diagrams.
///
/// The first signal is that from the start of the trace, or from the moment in which the line was opened. A time at which the line is closed
/// counts as [`Signal::Unknown`].
///
/// ```
/// use pinzero::prelude::*;
/// use pinzero::{Blink, mock};
/// use pinzero::trace::{self, assert_trace};
///
/// let gpio = mock::gpio();
/// let led = Led::builder(17).gpio(&gpio).open()?;
/// let trace = trace::record(&gpio);
/// led.blink_with(Blink::new(ms(100), ms(50)).times(2))?.wait()?;
/// let (low, high) = (Level::Low, Level::High);
/// assert_trace(&trace, "GPIO17", [(ms(0), low), (ms(0), high), (ms(100), low), (ms(150), high), (ms(250), low)]);
/// # Ok::<(), pinzero::Error>(())
/// ```
///
/// # Panics
/// If the signals differ, or the pin is unknown.
#[track_caller]
pub fn assert_trace<S: Into<Signal>>(
    trace: &Trace,
    pin: impl Into<PinSpec>,
    expected: impl IntoIterator<Item = (Duration, S)>,
) {
    let pin: PinSpec = pin.into();
    let expected: Vec<(Duration, Signal)> =
        expected.into_iter().map(|(at, signal)| (at, signal.into())).collect();
    let recorded = match trace.signals(pin.clone()) {
        Ok(recorded) => recorded,
        Err(error) => panic!("{error}"),
    };
    if recorded == expected {
        return;
    }
    let length = expected.iter().map(|(at, _)| *at).fold(trace.duration(), Duration::max);
    let lanes = [("expected", &expected), ("recorded", &recorded)];
    let both = Diagram::of(length, lanes.map(|(name, signals)| Lane::of(name, signals)));
    let [expected, recorded] = lanes.map(|(_, signals)| list(signals));
    panic!(
        "{pin} differs\n\n{both}\n\nexpected: {expected}\nrecorded: {recorded}\n\n{}",
        trace.diagram().to(length)
    );
}

/// Returns signals as text: `0 ms low, 5 ms high`.
fn list(signals: &[(Duration, Signal)]) -> String {
    let signals = signals.iter().map(|(at, signal)| format!("{at:?} {signal}"));
    let list: Vec<String> = signals.collect();
    if list.is_empty() { "nothing".to_owned() } else { list.join(", ") }
}
