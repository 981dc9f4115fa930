//! The pulse counter on virtual time.

use std::time::Duration;

use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{ErrorKind, Result};
use pinzero_tests::block_on;

/// Sends `count` pulses from now on, one every `period`.
fn pulses(gpio: &MockGpio, count: u32, period: Duration) {
    let pulse = |n: u32| [(period * n, Level::Low), (period * n + period / 2, Level::High)];
    gpio.line(4).script((0..count).flat_map(pulse));
}

fn counter(gpio: &MockGpio) -> Result<PulseCounter> {
    PulseCounter::builder(4).gpio(gpio).open()
}

#[test]
fn pulses_are_counted_by_their_first_edge() -> Result<()> {
    let gpio = mock::gpio();
    let counter = counter(&gpio)?;
    assert_eq!((counter.count()?, counter.rate()?, counter.period()?), (0, 0.0, None));
    pulses(&gpio, 3, ms(250));
    gpio.advance(ms(1));
    assert_eq!((counter.count()?, counter.period()?, counter.is_active()?), (1, None, true));
    gpio.advance(ms(600));
    assert_eq!((counter.value()?, counter.rate()?, counter.period()?), (3, 3.0, Some(ms(250))));
    Ok(())
}

#[test]
fn the_rate_falls_without_pulses_and_without_wake_ups() -> Result<()> {
    let gpio = mock::gpio();
    let counter = counter(&gpio)?;
    pulses(&gpio, 10, ms(100));
    gpio.advance(ms(950));
    assert_eq!(counter.rate()?, 10.0);
    gpio.advance(ms(500)); // pulses at 0 to 400 ms are out of the window by now
    assert_eq!(counter.rate()?, 5.0);
    gpio.advance(secs(3600));
    assert_eq!((counter.rate()?, counter.is_active()?, counter.count()?), (0.0, false, 10));
    assert_eq!(counter.period()?, Some(ms(100)));
    Ok(())
}

#[test]
fn a_fast_signal_is_counted_whole() -> Result<()> {
    let gpio = mock::gpio();
    let counter = PulseCounter::builder(4).window(secs(10)).gpio(&gpio).open()?;
    pulses(&gpio, 70_000, us(100));
    gpio.advance(secs(7));
    // More pulses than there are stamps: the rate is that of the last 65,536.
    assert_eq!((counter.count()?, counter.missed()), (70_000, 0));
    assert!((counter.rate()? - 10_000.0).abs() < 1e-6, "{}", counter.rate()?);
    Ok(())
}

#[test]
fn reset_returns_the_old_count() -> Result<()> {
    let gpio = mock::gpio();
    let counter = counter(&gpio)?;
    pulses(&gpio, 5, ms(10));
    gpio.advance(ms(100));
    assert_eq!((counter.reset()?, counter.count()?, counter.reset()?), (5, 0, 0));
    assert_eq!(counter.rate()?, 5.0);
    Ok(())
}

#[test]
fn events_come_every_so_many_pulses() -> Result<()> {
    let gpio = mock::gpio();
    let counter = PulseCounter::builder(4).every(4).gpio(&gpio).open()?;
    let events = counter.events();
    pulses(&gpio, 10, ms(10));
    let counts: Vec<_> = events.take(2).map(|event| (event.count, event.at - counter.gpio().now())).collect();
    assert_eq!(counts.iter().map(|(count, _)| *count).collect::<Vec<_>>(), [4, 8]);
    Ok(())
}

#[test]
fn lost_edges_are_counted() -> Result<()> {
    let gpio = mock::gpio();
    let counter = counter(&gpio)?;
    gpio.line(4).lose(4);
    pulses(&gpio, 5, ms(10));
    gpio.advance(ms(100));
    assert_eq!((counter.count()?, counter.missed()), (3, 4));
    Ok(())
}

#[test]
fn a_reed_contact_that_bounces_counts_once() -> Result<()> {
    let gpio = mock::gpio();
    let rain = PulseCounter::builder(4).bounce_time(ms(20)).gpio(&gpio).open()?;
    let bounces = (0..5u32).flat_map(|n| [(ms(2) * n, Level::Low), (ms(2) * n + ms(1), Level::High)]);
    gpio.line(4).script(bounces.chain([(ms(10), Level::Low), (ms(100), Level::High)]));
    gpio.advance(secs(1));
    assert_eq!(rain.count()?, 1);
    Ok(())
}

#[test]
fn waits_end_at_a_count() -> Result<()> {
    let gpio = mock::gpio();
    let counter = PulseCounter::builder(4).every(100).gpio(&gpio).open()?;
    pulses(&gpio, 10, ms(10));
    counter.wait_for_count(3)?;
    assert_eq!(gpio.elapsed(), ms(20));
    block_on(counter.counted(5))?;
    assert_eq!(gpio.elapsed(), ms(40));
    assert!(!counter.wait_for_count_timeout(11, secs(1))?);
    let clone = counter.clone();
    gpio.after(ms(5), move || clone.close())?;
    assert_eq!(counter.wait_for_count(11).unwrap_err().kind(), ErrorKind::Closed);
    Ok(())
}

#[test]
fn bad_options_are_refused() -> Result<()> {
    let gpio = mock::gpio();
    for (builder, part) in [
        (PulseCounter::builder(4).window(us(10)), "window"),
        (PulseCounter::builder(4).every(0), "every 0 pulses"),
    ] {
        let error = builder.gpio(&gpio).open().unwrap_err();
        assert!(error.kind() == ErrorKind::InvalidValue && error.to_string().contains(part), "{error}");
    }
    assert_eq!(format!("{:?}", counter(&gpio)?), "PulseCounter(GPIO4, 0 pulses, 0 edges missed)");
    Ok(())
}
