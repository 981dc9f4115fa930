//! PWM devices on a factory that has PWM of its own.

use std::time::Duration;

use pinzero::LineFunction;
use pinzero::mock::{self, MockGpio, Pulse};
use pinzero::prelude::*;
use pinzero::{ErrorKind, Support};
use proptest::prelude::*;

const PERIOD: Duration = ms(10);

fn lamp(gpio: &MockGpio) -> pinzero::Result<PwmOutputDevice> {
    PwmOutputDevice::builder(18).gpio(gpio).open()
}

/// When, and how long the pulse became.
fn pulses(gpio: &MockGpio) -> Vec<(Duration, Duration)> {
    gpio.line(18).pulses().into_iter().map(|wave| (wave.at, wave.pulse)).collect()
}

#[test]
fn it_starts_off_at_a_hundred_hertz() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    assert_eq!(gpio.capabilities().pwm, Support::Native);
    let lamp = lamp(&gpio)?;
    assert_eq!((lamp.value()?, lamp.is_active()?, lamp.frequency()), (0.0, false, 100.0));
    assert_eq!(gpio.line(18).pulses(), [Pulse { at: ms(0), period: PERIOD, pulse: ms(0) }]);
    assert_eq!(gpio.line(18).function(), LineFunction::Pwm);
    assert!(!lamp.pwm().is_software());
    Ok(())
}

#[test]
fn values_become_pulses_to_the_nanosecond() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let lamp = lamp(&gpio)?;
    for (millis, value, pulse) in [
        (1, 0.3, ms(3)),
        (2, 1.0, ms(10)),
        (3, 0.015, us(150)),
        (4, 0.000_000_1, Duration::from_nanos(1)),
        (5, 0.0, ms(0)),
    ] {
        gpio.advance(ms(1));
        lamp.set_value(value)?;
        assert_eq!(lamp.value()?, value);
        assert_eq!(lamp.is_active()?, value > 0.0);
        let last = gpio.line(18).pulses().pop();
        assert_eq!(last, Some(Pulse { at: ms(millis), period: PERIOD, pulse }), "{value}");
    }
    Ok(())
}

#[test]
fn on_and_off_are_the_ends() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let lamp = lamp(&gpio)?;
    lamp.on()?;
    assert_eq!((lamp.value()?, lamp.is_active()?), (1.0, true));
    lamp.off()?;
    assert_eq!((lamp.value()?, lamp.is_active()?), (0.0, false));
    assert_eq!(pulses(&gpio), [(ms(0), ms(0)), (ms(0), ms(10)), (ms(0), ms(0))]);
    Ok(())
}

#[test]
fn toggle_takes_what_is_missing_to_one() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let lamp = PwmOutputDevice::builder(18).initial_value(0.3).gpio(&gpio).open()?;
    lamp.toggle()?;
    assert_eq!(lamp.value()?, 0.7);
    lamp.off()?;
    lamp.toggle()?;
    assert_eq!(lamp.value()?, 1.0);
    lamp.toggle()?;
    assert_eq!(lamp.value()?, 0.0);
    Ok(())
}

#[test]
fn with_active_high_false_the_pulses_are_the_low_part() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let lamp = PwmOutputDevice::builder(18).active_high(false).initial_value(0.25).gpio(&gpio).open()?;
    assert_eq!(lamp.value()?, 0.25);
    lamp.off()?;
    assert_eq!((lamp.value()?, lamp.is_active()?), (0.0, false));
    lamp.on()?;
    lamp.set_value(0.75)?;
    lamp.toggle()?;
    assert_eq!(lamp.value()?, 0.25);
    let expected: Vec<_> =
        [us(7_500), ms(10), ms(0), us(2_500), us(7_500)].map(|pulse| (ms(0), pulse)).into();
    assert_eq!(pulses(&gpio), expected);
    Ok(())
}

#[test]
fn a_new_frequency_keeps_the_value_and_the_pulse_that_runs() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let lamp = PwmOutputDevice::builder(18).frequency(50.0).initial_value(0.25).gpio(&gpio).open()?;
    assert_eq!(lamp.frequency(), 50.0);
    let blink = lamp.blink(ms(100), ms(100))?;
    gpio.advance(ms(50));
    lamp.set_frequency(1_000.0)?;
    assert!(blink.is_running());
    assert_eq!((lamp.frequency(), lamp.value()?), (1_000.0, 1.0));
    gpio.advance(ms(50));
    let waves = gpio.line(18).pulses();
    let expected = [
        Pulse { at: ms(0), period: ms(20), pulse: ms(5) },
        Pulse { at: ms(0), period: ms(20), pulse: ms(20) },
        Pulse { at: ms(50), period: ms(1), pulse: ms(1) },
        Pulse { at: ms(100), period: ms(1), pulse: ms(0) },
    ];
    assert_eq!(waves, expected);
    Ok(())
}

#[test]
fn a_pulse_takes_gpiozeros_frames() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let lamp = lamp(&gpio)?;
    gpio.advance(ms(5));
    let pulse = lamp.blink_with(Blink::pulse(ms(200), ms(200)).times(1))?;
    pulse.wait()?;
    assert_eq!(gpio.elapsed(), ms(405));
    let frames = [0, 2, 4, 6, 8, 10, 8, 6, 4, 2, 0].map(ms);
    // The first frame is what it is anyway.
    let at = (0..).map(|frame| if frame == 0 { ms(0) } else { ms(5 + 40 * frame) });
    assert_eq!(pulses(&gpio), at.zip(frames).collect::<Vec<_>>());
    assert_eq!(lamp.value()?, 0.0);
    Ok(())
}

#[test]
fn a_pulse_goes_on_and_on() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let lamp = lamp(&gpio)?;
    lamp.pulse(ms(80), ms(40))?;
    gpio.advance(ms(239));
    let expected = [(0, 0), (40, 5), (80, 10), (120, 0), (160, 5), (200, 10)];
    assert_eq!(pulses(&gpio), expected.map(|(at, pulse)| (ms(at), ms(pulse))));
    Ok(())
}

#[test]
fn fades_come_before_the_on_and_the_off_time() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let lamp = lamp(&gpio)?;
    let plan = Blink::new(ms(100), ms(50)).fade(ms(80), ms(80)).times(2);
    assert_eq!(plan.cycle(), ms(310));
    lamp.blink_with(plan)?.wait()?;
    assert_eq!(gpio.elapsed(), ms(620));
    let cycle = |start: u64| [(start + 40, 5), (start + 80, 10), (start + 220, 5), (start + 260, 0)];
    let expected: Vec<_> = [(0, 0)].into_iter().chain(cycle(0)).chain(cycle(310)).collect();
    let expected: Vec<_> = expected.into_iter().map(|(at, pulse)| (ms(at), ms(pulse))).collect();
    assert_eq!(pulses(&gpio), expected);
    Ok(())
}

#[test]
fn a_fade_that_is_no_multiple_of_a_frame_takes_its_time_all_the_same() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let lamp = lamp(&gpio)?;
    lamp.blink_with(Blink::pulse(ms(100), ms(7)).times(4))?.wait()?;
    assert_eq!(gpio.elapsed(), ms(428));
    Ok(())
}

#[test]
fn with_active_high_false_it_pulses_from_off_to_off() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let lamp = PwmOutputDevice::builder(18).active_high(false).gpio(&gpio).open()?;
    lamp.blink_with(Blink::pulse(ms(80), ms(80)).times(1))?.wait()?;
    let frames = [10, 5, 0, 5, 10].map(ms);
    assert_eq!(pulses(&gpio), (0..).map(|frame| ms(40 * frame)).zip(frames).collect::<Vec<_>>());
    assert!(!lamp.is_active()?);
    Ok(())
}

#[test]
fn any_write_ends_a_pulse_and_stays() -> pinzero::Result<()> {
    type Write = fn(&PwmOutputDevice) -> pinzero::Result<()>;
    let writes: [(&str, Write, f64); 4] = [
        ("off", |lamp| lamp.off(), 0.0),
        ("on", |lamp| lamp.on(), 1.0),
        ("toggle", |lamp| lamp.toggle(), 0.5),
        ("set_value", |lamp| lamp.set_value(0.2), 0.2),
    ];
    for (name, write, value) in writes {
        let gpio = mock::gpio();
        let lamp = lamp(&gpio)?;
        let pulse = lamp.pulse(ms(80), ms(80))?;
        gpio.advance(ms(45));
        assert_eq!(lamp.value()?, 0.5);
        write(&lamp)?;
        assert!(!pulse.is_running(), "{name}");
        let writes = gpio.line(18).writes();
        gpio.advance(secs(60));
        assert_eq!((lamp.value()?, gpio.line(18).writes()), (value, writes), "{name}");
    }
    Ok(())
}

#[test]
fn what_is_refused_disturbs_nothing() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let lamp = lamp(&gpio)?;
    let pulse = lamp.pulse(ms(80), ms(80))?;
    gpio.advance(ms(45));
    assert_eq!(lamp.set_value(1.5).unwrap_err().kind(), ErrorKind::InvalidValue);
    assert_eq!(lamp.set_frequency(0.0).unwrap_err().kind(), ErrorKind::InvalidFrequency);
    assert_eq!(lamp.blink(us(1), us(1)).unwrap_err().kind(), ErrorKind::InvalidValue);
    assert!(pulse.is_running());
    gpio.advance(ms(40));
    assert_eq!((lamp.value()?, lamp.frequency()), (1.0, 100.0));
    Ok(())
}

#[test]
fn stop_goes_off_and_a_second_blink_replaces_the_first() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let lamp = PwmOutputDevice::builder(18).active_high(false).gpio(&gpio).open()?;
    let first = lamp.pulse(ms(80), ms(80))?;
    gpio.advance(ms(45));
    let second = lamp.blink(ms(10), ms(10))?;
    assert!(!first.is_running() && second.is_running());
    assert_eq!(lamp.value()?, 1.0);
    second.stop()?;
    assert_eq!((lamp.value()?, second.is_running()), (0.0, false));
    assert_eq!(gpio.line(18).pulses().pop().map(|wave| wave.pulse), Some(PERIOD));
    Ok(())
}

#[test]
fn closing_gives_the_pin_back() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let lamp = lamp(&gpio)?;
    lamp.pulse(ms(80), ms(80))?;
    gpio.advance(ms(45));
    lamp.close()?;
    assert_eq!(gpio.line(18).function(), LineFunction::Input);
    let writes = gpio.line(18).writes();
    gpio.advance(secs(60));
    assert_eq!(gpio.line(18).writes(), writes);
    assert_eq!(lamp.value().unwrap_err().kind(), ErrorKind::Closed);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_value_reads_back_as_it_was_set(thousandths in 0u32..=1_000, active_high: bool) {
        let value = f64::from(thousandths) / 1_000.0;
        let gpio = mock::gpio();
        let lamp = PwmOutputDevice::builder(18).active_high(active_high).gpio(&gpio).open()?;
        lamp.set_value(value)?;
        prop_assert_eq!(lamp.value()?, value);
    }
}
