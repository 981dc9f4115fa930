//! PWM on a factory that has none: software makes the pulses, edge by edge.

use std::time::Duration;

use pinzero::LineFunction;
use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{Capabilities, ErrorKind, Support};
use pinzero_tests::{Log, at, without_hanging};

use Level::{High, Low};

/// A board without PWM.
fn board() -> MockGpio {
    mock::builder().capabilities(Capabilities { pwm: Support::None, ..mock::gpio().capabilities() }).open()
}

fn lamp(gpio: &MockGpio) -> pinzero::Result<PwmOutputDevice> {
    PwmOutputDevice::builder(18).gpio(gpio).open()
}

fn edges(edges: &[(u64, Level)]) -> Vec<(Duration, Level)> {
    edges.iter().map(|(micros, level)| (us(*micros), *level)).collect()
}

#[test]
fn it_says_that_it_is_software() -> pinzero::Result<()> {
    let gpio = board();
    assert_eq!(gpio.capabilities().pwm, Support::Emulated);
    let lamp = lamp(&gpio)?;
    assert!(lamp.pwm().is_software());
    assert_eq!(gpio.line(18).function(), LineFunction::Output);
    Ok(())
}

#[test]
fn edges_come_at_their_nanosecond() -> pinzero::Result<()> {
    let gpio = board();
    let lamp = lamp(&gpio)?;
    gpio.advance(ms(3));
    lamp.set_value(0.25)?;
    gpio.advance(ms(25));
    let expected =
        [(3_000, High), (5_500, Low), (13_000, High), (15_500, Low), (23_000, High), (25_500, Low)];
    assert_eq!(gpio.line(18).history(), edges(&expected));
    assert_eq!(lamp.value()?, 0.25);
    Ok(())
}

#[test]
fn the_phase_is_kept_over_an_hour() -> pinzero::Result<()> {
    let gpio = board();
    let lamp = PwmOutputDevice::builder(18).frequency(3.0).initial_value(0.5).gpio(&gpio).open()?;
    gpio.advance(secs(3600));
    let period = Duration::from_nanos(333_333_333);
    let cycles = (0..=10_800).map(|cycle| period * cycle);
    let edges = cycles.flat_map(|start| [(start, High), (start + Duration::from_nanos(166_666_667), Low)]);
    let expected: Vec<_> = edges.take_while(|(at, _)| *at <= secs(3600)).collect();
    assert_eq!(expected.len(), 21_601);
    assert!(gpio.line(18).history() == expected, "too long to be shown");
    assert!(lamp.is_active()?);
    Ok(())
}

#[test]
fn the_ends_never_toggle() -> pinzero::Result<()> {
    for (value, expected) in [(0.0, vec![]), (1.0, vec![(ms(0), High)])] {
        let gpio = board();
        let lamp = PwmOutputDevice::builder(18).initial_value(value).gpio(&gpio).open()?;
        gpio.advance(secs(60));
        lamp.set_value(value)?;
        lamp.set_frequency(1_000.0)?;
        gpio.advance(secs(60));
        assert_eq!(gpio.line(18).history(), expected, "{value}");
    }
    Ok(())
}

#[test]
fn with_active_high_false_off_is_steadily_high() -> pinzero::Result<()> {
    let gpio = board();
    let lamp = PwmOutputDevice::builder(18).active_high(false).gpio(&gpio).open()?;
    gpio.advance(secs(1));
    assert_eq!(gpio.line(18).history(), [(ms(0), High)]);
    lamp.set_value(0.25)?;
    gpio.advance(ms(9));
    lamp.on()?;
    gpio.advance(secs(1));
    assert_eq!(gpio.line(18).history()[1..], [(ms(1_007) + us(500), Low)]);
    Ok(())
}

#[test]
fn a_new_value_takes_over_where_a_cycle_begins() -> pinzero::Result<()> {
    let gpio = board();
    let lamp = PwmOutputDevice::builder(18).initial_value(0.2).gpio(&gpio).open()?;
    gpio.advance(ms(1));
    lamp.set_value(0.7)?;
    gpio.advance(ms(14));
    lamp.set_value(0.1)?;
    gpio.advance(ms(10));
    // At 15 ms, the running pulse is longer than the new one.
    let expected = [(0, High), (2_000, Low), (10_000, High), (15_000, Low), (20_000, High), (21_000, Low)];
    assert_eq!(gpio.line(18).history(), edges(&expected));
    Ok(())
}

#[test]
fn off_and_on_do_not_wait_for_the_cycle() -> pinzero::Result<()> {
    let gpio = board();
    let lamp = PwmOutputDevice::builder(18).initial_value(0.5).gpio(&gpio).open()?;
    gpio.advance(ms(2));
    lamp.off()?;
    gpio.advance(ms(31));
    lamp.on()?;
    gpio.advance(ms(30));
    lamp.set_value(0.5)?;
    gpio.advance(ms(14));
    let expected = [(0, High), (2_000, Low), (33_000, High), (68_000, Low), (73_000, High)];
    assert_eq!(gpio.line(18).history(), edges(&expected));
    Ok(())
}

#[test]
fn a_new_frequency_takes_over_where_its_cycle_would_have_ended() -> pinzero::Result<()> {
    let gpio = board();
    let lamp = PwmOutputDevice::builder(18).initial_value(0.5).gpio(&gpio).open()?;
    gpio.advance(ms(6));
    lamp.set_frequency(1_000.0)?;
    gpio.advance(ms(1));
    let expected = [(0, High), (5_000, Low), (6_000, High), (6_500, Low), (7_000, High)];
    assert_eq!(gpio.line(18).history(), edges(&expected));
    assert_eq!((lamp.value()?, lamp.frequency()), (0.5, 1_000.0));
    Ok(())
}

#[test]
fn a_change_does_not_wait_for_the_end_of_a_slow_pulse() -> pinzero::Result<()> {
    let gpio = board();
    let lamp = PwmOutputDevice::builder(18).frequency(0.001).initial_value(0.9).gpio(&gpio).open()?;
    gpio.advance(secs(100));
    lamp.set_frequency(100.0)?;
    lamp.set_value(0.01)?;
    gpio.advance(ms(20));
    let expected = [
        (0, 0, High),
        (100, 0, Low),
        (100, 0, High),
        (100, 100, Low),
        (100, 10_000, High),
        (100, 10_100, Low),
        (100, 20_000, High),
    ];
    let history = gpio.line(18).history();
    assert_eq!(history, expected.map(|(seconds, micros, level)| (secs(seconds) + us(micros), level)));
    Ok(())
}

#[test]
fn faster_than_ten_kilohertz_is_refused_and_changes_nothing() -> pinzero::Result<()> {
    let gpio = board();
    let too_fast = PwmOutputDevice::builder(18).frequency(10_001.0).gpio(&gpio).open().unwrap_err();
    assert_eq!(too_fast.kind(), ErrorKind::InvalidFrequency);
    assert!(too_fast.to_string().contains("10 kHz"), "{too_fast}");

    let lamp = PwmOutputDevice::builder(18).frequency(10_000.0).initial_value(0.5).gpio(&gpio).open()?;
    assert_eq!(lamp.set_frequency(20_000.0).unwrap_err().kind(), ErrorKind::InvalidFrequency);
    assert_eq!(lamp.frequency(), 10_000.0);
    gpio.advance(us(120));
    assert_eq!(gpio.line(18).history(), edges(&[(0, High), (50, Low), (100, High)]));
    Ok(())
}

#[test]
fn waves_on_several_pins_run_beside_each_other() -> pinzero::Result<()> {
    let gpio = board();
    let slow = PwmOutputDevice::builder(18).initial_value(0.5).gpio(&gpio).open()?;
    let fast = PwmOutputDevice::builder(19).frequency(500.0).initial_value(0.25).gpio(&gpio).open()?;
    gpio.advance(ms(4));
    slow.off()?;
    gpio.advance(ms(2));
    assert_eq!(gpio.line(18).history(), edges(&[(0, High), (4_000, Low)]));
    let expected =
        [(0, High), (500, Low), (2_000, High), (2_500, Low), (4_000, High), (4_500, Low), (6_000, High)];
    assert_eq!(gpio.line(19).history(), edges(&expected));
    assert!(fast.is_active()?);
    Ok(())
}

#[test]
fn blinks_run_on_it_as_on_any_pwm() -> pinzero::Result<()> {
    let gpio = board();
    let lamp = PwmOutputDevice::builder(18).frequency(1_000.0).gpio(&gpio).open()?;
    let blink = lamp.blink_with(Blink::new(ms(30), ms(70)).times(2))?;
    blink.wait()?;
    assert_eq!(gpio.elapsed(), ms(200));
    let expected = [(0, High), (30_000, Low), (100_000, High), (130_000, Low)];
    assert_eq!(gpio.line(18).history(), edges(&expected));

    lamp.blink_with(Blink::pulse(secs(1), secs(1)).times(1))?.wait()?;
    gpio.line(18).clear();
    gpio.advance(secs(1));
    assert_eq!((lamp.value()?, gpio.line(18).writes()), (0.0, 0), "it is off, and steady, in the end");
    assert_eq!(gpio.line(18).level(), Low);
    Ok(())
}

#[test]
fn close_in_the_middle_of_a_pulse_gives_the_pin_back_and_is_the_last_write() -> pinzero::Result<()> {
    let gpio = board();
    let lamp = PwmOutputDevice::builder(18).initial_value(0.5).gpio(&gpio).open()?;
    gpio.advance(ms(12));
    lamp.close()?;
    assert_eq!((gpio.line(18).function(), gpio.line(18).level()), (LineFunction::Input, Low));
    let writes = gpio.line(18).writes();
    gpio.advance(secs(1));
    assert_eq!(gpio.line(18).writes(), writes);
    assert_eq!(gpio.line(18).history().last(), Some(&(ms(12), Low)));
    for refused in [lamp.set_value(0.5), lamp.set_value(0.0), lamp.set_frequency(50.0), lamp.toggle()] {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Closed);
    }
    lamp.close()
}

#[test]
fn a_wire_carries_its_pulses_to_an_input() -> pinzero::Result<()> {
    let gpio = board();
    gpio.wire(18, 24);
    let lamp = lamp(&gpio)?;
    let sensor = DigitalInputDevice::builder(24).gpio(&gpio).open()?;
    let rising = Log::new();
    sensor.when_activated({
        let rising = rising.clone();
        move |event| rising.push(event.at)
    });
    lamp.set_value(0.5)?;
    gpio.advance(ms(95));
    assert_eq!(rising.take(), (0..10).map(|cycle| at(10 * cycle)).collect::<Vec<_>>());
    assert_eq!((sensor.is_active()?, sensor.inactive_time()), (false, Some(ms(0))));
    Ok(())
}

#[test]
fn a_callback_on_its_own_pulses_may_use_it() {
    // The callback runs inside `on`, on this thread, since the clock is virtual: no lock may be held there.
    let value = without_hanging(|| -> pinzero::Result<f64> {
        let gpio = board();
        gpio.wire(18, 24);
        let lamp = lamp(&gpio)?;
        let sensor = DigitalInputDevice::builder(24).gpio(&gpio).open()?;
        sensor.when_activated({
            let lamp = lamp.clone();
            move |_| lamp.set_value(0.5)
        });
        lamp.on()?;
        lamp.value()
    });
    assert_eq!(value.unwrap(), 0.5);
}

#[test]
fn a_callback_on_its_closing_may_use_it() {
    let refused = without_hanging(|| -> pinzero::Result<Vec<ErrorKind>> {
        let gpio = board();
        gpio.wire(18, 24);
        let lamp = PwmOutputDevice::builder(18).initial_value(1.0).gpio(&gpio).open()?;
        let sensor = DigitalInputDevice::builder(24).gpio(&gpio).open()?;
        let refused = Log::new();
        sensor.when_deactivated({
            let (lamp, refused) = (lamp.clone(), refused.clone());
            move |_| lamp.set_value(0.5).map_err(|error| refused.push(error.kind())).unwrap_or_default()
        });
        lamp.close()?;
        Ok(refused.take())
    });
    assert_eq!(refused.unwrap(), [ErrorKind::Closed]);
}
