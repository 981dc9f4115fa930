//! Relays on virtual time: contacts, the first level, minimum times. In real time: a write that fails.

use std::sync::atomic::Ordering;

use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{ErrorKind, Result};
use pinzero_tests::block_on;
use proptest::prelude::*;

use crate::flaky::Flaky;

fn levels(gpio: &MockGpio) -> Vec<(u64, bool)> {
    gpio.line(17).history().iter().map(|(at, level)| (at.as_secs(), level.is_high())).collect()
}

#[test]
fn on_means_that_current_flows() -> Result<()> {
    for (active_high, normally_closed, level_for_on) in
        [(true, false, true), (false, false, false), (true, true, false), (false, true, true)]
    {
        let gpio = mock::gpio();
        let builder = Relay::builder(17).active_high(active_high).normally_closed(normally_closed);
        let relay = builder.gpio(&gpio).open()?;
        let level = || gpio.line(17).level().is_high();
        assert_eq!((level(), relay.is_active()?), (!level_for_on, false));
        relay.on()?;
        assert_eq!((level(), relay.value()?), (level_for_on, true));
        relay.toggle()?;
        assert_eq!((level(), relay.is_active()?), (!level_for_on, false));
    }
    Ok(())
}

#[test]
fn it_does_not_click_at_the_start() -> Result<()> {
    let gpio = mock::gpio();
    gpio.line(17).drive(Level::High);
    gpio.advance(secs(1));
    gpio.line(17).clear();
    let relay = Relay::builder(17).active_high(false).gpio(&gpio).open()?;
    assert_eq!(levels(&gpio), []);
    drop(relay);
    let adopted = Relay::builder(17).initial_value(None).gpio(&gpio).open()?;
    assert_eq!((adopted.is_active()?, levels(&gpio)), (true, vec![]));
    Ok(())
}

#[test]
fn minimum_times_delay_a_request() -> Result<()> {
    let gpio = mock::gpio();
    let relay = Relay::builder(17).min_on_time(secs(10)).min_off_time(secs(60)).gpio(&gpio).open()?;
    relay.on()?;
    assert_eq!((relay.is_active()?, relay.pending()?), (false, Some((true, secs(60)))));
    relay.wait()?;
    assert_eq!((relay.is_active()?, gpio.elapsed()), (true, secs(60)));
    gpio.advance(secs(4));
    relay.off()?;
    assert_eq!(relay.pending()?, Some((false, secs(6))));
    assert!(!relay.wait_timeout(secs(5))?);
    block_on(relay.settled())?;
    gpio.advance(secs(3600));
    relay.on()?;
    assert_eq!((relay.pending()?, levels(&gpio)), (None, vec![(60, true), (70, false), (3670, true)]));
    Ok(())
}

#[test]
fn the_newest_request_counts() -> Result<()> {
    let gpio = mock::gpio();
    let relay = Relay::builder(17).min_off_time(secs(60)).gpio(&gpio).open()?;
    relay.on()?;
    relay.off()?;
    assert_eq!(relay.pending()?, None);
    gpio.advance(secs(61));
    assert!(!relay.is_active()?);
    relay.on()?;
    relay.off()?;
    relay.toggle()?;
    relay.toggle()?;
    relay.toggle()?;
    assert_eq!(relay.pending()?, Some((true, secs(60))));
    gpio.advance(secs(61));
    assert_eq!(levels(&gpio), [(61, true), (61, false), (121, true)]);
    Ok(())
}

#[test]
fn each_switch_is_an_event() -> Result<()> {
    let gpio = mock::gpio();
    let relay = Relay::builder(17).min_off_time(secs(5)).gpio(&gpio).open()?;
    let mut events = relay.events();
    relay.on()?;
    gpio.advance(secs(10));
    relay.on()?;
    relay.off()?;
    let seen: Vec<_> =
        std::iter::from_fn(|| events.try_next()).map(|event| (event.at.as_nanos(), event.on)).collect();
    assert_eq!(seen, [(5_000_000_000, true), (10_000_000_000, false)]);
    Ok(())
}

#[test]
fn a_close_ends_what_waits() -> Result<()> {
    let gpio = mock::gpio();
    let relay = Relay::builder(17).min_off_time(secs(5)).on_close(OnClose::Low).gpio(&gpio).open()?;
    relay.on()?;
    let clone = relay.clone();
    gpio.after(secs(1), move || clone.close())?;
    assert_eq!(relay.wait().unwrap_err().kind(), ErrorKind::Closed);
    gpio.advance(secs(10));
    assert_eq!(levels(&gpio), []);
    assert_eq!(relay.on().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(format!("{relay:?}"), "Relay(GPIO17, closed)");
    Ok(())
}

#[test]
fn it_is_a_switch() -> Result<()> {
    let gpio = mock::gpio();
    let relay: Box<dyn Switch> = Box::new(Relay::builder(17).gpio(&gpio).open()?);
    relay.on()?;
    assert!(relay.is_active()? && gpio.line(17).level().is_high());
    assert_eq!(format!("{relay:?}"), "Relay(GPIO17, on)");
    Ok(())
}

/// As with a LED: a short circuit shows.
#[test]
fn the_pin_tells_whether_it_is_on() -> Result<()> {
    let gpio = mock::gpio();
    let relay = Relay::builder(17).initial_value(true).gpio(&gpio).open()?;
    gpio.line(17).drive(Level::Low);
    assert_eq!(
        (relay.is_active()?, relay.value()?, format!("{relay:?}").as_str()),
        (false, false, "Relay(GPIO17, on)")
    );
    Ok(())
}

/// A pump must not run on because of one failed write.
#[test]
fn a_request_whose_write_fails_is_tried_again() -> Result<()> {
    let mock = mock::builder().realtime().open();
    let (gpio, fails) = Flaky::over(&mock)?;
    let pump = Relay::builder(17).initial_value(true).min_on_time(ms(50)).gpio(&gpio).open()?;
    pump.off()?;
    assert!(pump.is_active()?);
    fails.store(1, Ordering::Relaxed);
    pump.wait()?;
    assert!(!pump.is_active()? && fails.load(Ordering::Relaxed) == 0);
    // The error of a request that need not wait is the caller's, who may try again.
    fails.store(1, Ordering::Relaxed);
    assert_eq!(pump.on().unwrap_err().kind(), ErrorKind::Io);
    assert_eq!((pump.is_active()?, pump.pending()?), (false, None));
    pump.on()?;
    assert!(pump.is_active()?);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is asked for: no state is shorter than its minimum time, and the newest request is carried out.
    #[test]
    fn any_requests_keep_the_minimum_times(
        requests in prop::collection::vec((0u64..20_000, any::<bool>()), 1..40),
        on in 0u64..10_000,
        off in 0u64..10_000,
    ) {
        let gpio = mock::gpio();
        let relay = Relay::builder(17).min_on_time(ms(on)).min_off_time(ms(off)).gpio(&gpio).open()?;
        for (pause, request) in &requests {
            gpio.advance(ms(*pause));
            relay.set_value(*request)?;
        }
        relay.wait()?;
        prop_assert_eq!(Some(relay.is_active()?), requests.last().map(|(_, request)| *request));
        let mut since = ms(0);
        for (at, level) in gpio.line(17).history() {
            let least = if level.is_high() { off } else { on };
            prop_assert!(at - since >= ms(least));
            since = at;
        }
    }
}
