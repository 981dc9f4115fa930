//! Digital inputs: levels, times, and waits.

use std::time::Duration;

use pinzero::Bias;
use pinzero::LineFunction;
use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero_tests::Log;

fn sensor(gpio: &MockGpio) -> pinzero::Result<DigitalInputDevice> {
    DigitalInputDevice::builder(24).gpio(gpio).open()
}

#[test]
fn it_is_pulled_down_and_active_when_high() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let sensor = sensor(&gpio)?;
    assert_eq!((gpio.line(24).function(), gpio.line(24).bias()), (LineFunction::Input, Bias::PullDown));
    assert!(!sensor.is_active()? && !sensor.value()?);
    gpio.line(24).drive(Level::High);
    assert!(sensor.is_active()? && sensor.value()?);
    gpio.line(24).release();
    assert!(!sensor.is_active()?);
    Ok(())
}

#[test]
fn the_pull_says_which_level_is_active() -> pinzero::Result<()> {
    for (pull_up, bias, active) in [(true, Bias::PullUp, Level::Low), (false, Bias::PullDown, Level::High)] {
        let gpio = mock::gpio();
        let sensor = DigitalInputDevice::builder(24).pull_up(pull_up).gpio(&gpio).open()?;
        assert_eq!(gpio.line(24).bias(), bias);
        assert_eq!(sensor.input().level()?, !active);
        assert!(!sensor.is_active()?);
        gpio.line(24).drive(active);
        assert!(sensor.is_active()?);
    }
    Ok(())
}

#[test]
fn without_a_pull_the_active_state_is_said() -> pinzero::Result<()> {
    for high in [true, false] {
        let gpio = mock::gpio();
        gpio.line(24).drive(Level::from(!high));
        let sensor = DigitalInputDevice::builder(24).pull_up(None).active_state(high).gpio(&gpio).open()?;
        assert_eq!(gpio.line(24).bias(), Bias::Disabled);
        assert!(!sensor.is_active()?);
        gpio.line(24).drive(Level::from(high));
        assert!(sensor.is_active()?);
    }
    Ok(())
}

#[test]
fn the_state_at_the_start_is_no_event() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    gpio.line(24).drive(Level::High);
    gpio.advance(ms(10));
    let sensor = sensor(&gpio)?;
    let seen = Log::new();
    sensor.when_activated({
        let seen = seen.clone();
        move |event| seen.push(event.kind)
    });
    sensor.when_deactivated({
        let seen = seen.clone();
        move |event| seen.push(event.kind)
    });
    gpio.advance(ms(10));
    assert!(sensor.is_active()?);
    assert_eq!(sensor.active_time(), Some(ms(10)), "since it is watched");
    assert_eq!(seen.take(), []);
    gpio.line(24).release();
    assert_eq!(seen.take(), [pinzero::EventKind::Deactivated]);
    Ok(())
}

#[test]
fn setting_the_pull_is_no_event() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    // GPIO17 is pulled down before it is opened: the pull-up lifts it.
    let button = Button::builder(17).gpio(&gpio).open()?;
    assert_eq!(gpio.line(17).history(), [(ms(0), Level::High)]);
    assert_eq!(button.events().try_next(), None);
    gpio.advance(ms(1));
    assert_eq!(button.inactive_time(), Some(ms(1)));
    Ok(())
}

#[test]
fn active_and_inactive_time_count_from_the_change() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let sensor = sensor(&gpio)?;
    gpio.advance(ms(30));
    assert_eq!((sensor.active_time(), sensor.inactive_time()), (None, Some(ms(30))));
    gpio.line(24).drive(Level::High);
    assert_eq!((sensor.active_time(), sensor.inactive_time()), (Some(ms(0)), None));
    gpio.advance(us(7));
    assert_eq!((sensor.active_time(), sensor.inactive_time()), (Some(us(7)), None));
    gpio.line(24).drive(Level::High);
    assert_eq!(sensor.active_time(), Some(us(7)), "driven to what it is, nothing changes");
    gpio.line(24).drive(Level::Low);
    gpio.advance(secs(3600));
    assert_eq!((sensor.active_time(), sensor.inactive_time()), (None, Some(secs(3600))));
    Ok(())
}

#[test]
fn a_wait_ends_at_the_instant_of_the_edge() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let sensor = sensor(&gpio)?;
    gpio.line(24).script([(ms(5), Level::High), (ms(6), Level::Low), (ms(9), Level::High)]);
    sensor.wait_for_active()?;
    assert_eq!(gpio.elapsed(), ms(5));
    sensor.wait_for_inactive()?;
    assert_eq!(gpio.elapsed(), ms(6));
    sensor.wait_for_active()?;
    assert_eq!(gpio.elapsed(), ms(9));
    Ok(())
}

#[test]
fn a_wait_for_the_state_that_is_there_takes_no_time() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let sensor = sensor(&gpio)?;
    gpio.line(24).script([(ms(5), Level::High)]);
    sensor.wait_for_inactive()?;
    assert!(sensor.wait_for_inactive_timeout(secs(1))?);
    assert!(sensor.wait_for_inactive_timeout(ms(0))?);
    assert_eq!(gpio.elapsed(), ms(0));
    Ok(())
}

#[test]
fn a_timeout_is_exact_and_an_edge_at_its_end_is_in_time() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let sensor = sensor(&gpio)?;
    gpio.line(24).script([(ms(20), Level::High), (ms(50), Level::Low)]);
    assert!(!sensor.wait_for_active_timeout(ms(20) - Duration::from_nanos(1))?);
    assert_eq!(gpio.elapsed(), ms(20) - Duration::from_nanos(1));
    assert!(sensor.wait_for_active_timeout(Duration::from_nanos(1))?);
    assert_eq!(gpio.elapsed(), ms(20));
    assert!(!sensor.wait_for_inactive_timeout(ms(29))?);
    assert!(sensor.wait_for_inactive_timeout(ms(29))?);
    assert_eq!(gpio.elapsed(), ms(50), "it does not sit the timeout out");
    assert!(!sensor.wait_for_active_timeout(ms(0))?);
    assert!(!sensor.wait_for_active_timeout(Duration::MAX)?, "nothing ever comes");
    Ok(())
}

#[test]
fn a_blip_ends_a_wait_though_it_is_over_when_the_waiter_looks() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    gpio.wire(24, 25);
    let sensor = sensor(&gpio)?;
    // A handler on the same wire makes the blip shorter than any waiter can look.
    let other = DigitalInputDevice::builder(25).gpio(&gpio).open()?;
    let blips = Log::new();
    other.when_activated({
        let (gpio, blips) = (gpio.clone(), blips.clone());
        move |_| {
            gpio.line(24).drive(Level::Low);
            blips.push(gpio.elapsed());
        }
    });
    gpio.line(24).script([(ms(5), Level::High)]);
    assert!(sensor.wait_for_active_timeout(ms(100))?);
    assert_eq!((gpio.elapsed(), blips.take()), (ms(5), vec![ms(5)]));
    assert!(!sensor.is_active()?);
    Ok(())
}

#[test]
fn lost_edges_are_counted_and_told_with_the_next_event() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let sensor = sensor(&gpio)?;
    let mut events = sensor.events();
    gpio.line(24).lose(4);
    gpio.line(24).script((0..6).map(|index| (ms(index), Level::from(index % 2 == 0))));
    gpio.advance(ms(10));
    assert_eq!(sensor.missed(), 4);
    let missed: Vec<_> = std::iter::from_fn(|| events.try_next()).map(|event| event.missed).collect();
    assert_eq!(missed, [4, 0]);
    assert!(!sensor.is_active()?);
    Ok(())
}

#[test]
fn after_an_odd_number_of_lost_edges_the_next_change_is_seen_all_the_same() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let sensor = sensor(&gpio)?;
    let mut events = sensor.events();
    gpio.line(24).lose(1);
    gpio.line(24).drive(Level::High);
    gpio.advance(ms(1));
    assert!(sensor.is_active()?, "the line itself tells");
    gpio.line(24).drive(Level::Low);
    gpio.advance(ms(1));
    gpio.line(24).drive(Level::High);
    assert_eq!(sensor.missed(), 1);
    let seen: Vec<_> =
        std::iter::from_fn(|| events.try_next()).map(|event| (event.level, event.missed)).collect();
    assert_eq!(seen.last(), Some(&(Level::High, 1)));
    assert_eq!(sensor.active_time(), Some(ms(0)));
    Ok(())
}

#[test]
fn all_clones_see_the_same() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let sensor = sensor(&gpio)?;
    let other = sensor.clone();
    let seen = Log::new();
    other.when_activated({
        let seen = seen.clone();
        move |event| seen.push(event.at)
    });
    drop(other);
    gpio.line(24).drive(Level::High);
    assert_eq!(seen.take().len(), 1, "the handler belongs to the device, not to the handle");
    assert!(sensor.is_active()?);
    Ok(())
}
