//! Sources: values of devices, iterators and closures; what follows them, and how that ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pinzero::mock;
use pinzero::prelude::*;
use pinzero::source::{self, Pid, all_values, alternating_values, any_values, every, multiplied, sin_values};
use pinzero::{AnimationEnd, ErrorKind, Level, Result, Source};
use pinzero_tests::Log;

fn collect<T: 'static>(source: Source<T>) -> Result<Vec<T>> {
    source.samples(&mock::gpio())?.collect()
}

#[test]
fn a_led_follows_a_button_at_once_and_wakes_nothing_up_in_between() -> Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).gpio(&gpio).open()?;
    let led = Led::builder(17).gpio(&gpio).open()?;
    let follower = led.follow(button.values())?;
    gpio.line(2).script([(ms(5), Level::Low), (ms(12), Level::High)]);
    gpio.advance(ms(30));
    assert_eq!(gpio.line(17).history(), [(ms(5), Level::High), (ms(12), Level::Low)]);
    assert!(follower.is_running());
    Ok(())
}

#[test]
fn a_write_ends_the_following_and_a_blink_takes_over() -> Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).gpio(&gpio).open()?;
    let led = Led::builder(17).gpio(&gpio).open()?;
    let follower = led.follow(button.values())?;
    led.off()?;
    assert_eq!(follower.wait()?, AnimationEnd::Stopped);
    gpio.line(2).press(ms(10));
    gpio.advance(ms(20));
    assert!(gpio.line(17).history().is_empty());

    let follower = led.follow(button.values())?;
    let blink = led.blink(ms(1), ms(1))?;
    assert_eq!(follower.wait()?, AnimationEnd::Replaced);
    let again = led.follow(button.values())?;
    assert_eq!(blink.wait()?, AnimationEnd::Replaced);
    let other = led.follow(button.values())?;
    assert_eq!(again.wait()?, AnimationEnd::Replaced);
    other.stop();
    assert_eq!((other.wait()?, other.is_running()), (AnimationEnd::Stopped, false));
    Ok(())
}

#[test]
fn the_last_handle_of_the_device_ends_the_following_and_frees_the_source() -> Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    let follower = {
        let button = Button::builder(2).gpio(&gpio).open()?;
        led.follow(button.values())?
    };
    drop(led);
    assert!(follower.is_running(), "the follower is a handle of the LED, and its source one of the button");
    drop(follower);
    let _led = Led::builder(17).gpio(&gpio).open()?;
    let _button = Button::builder(2).gpio(&gpio).open()?;
    Ok(())
}

#[test]
fn a_closed_source_ends_its_follower_and_the_device_keeps_its_value() -> Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).gpio(&gpio).open()?;
    let led = Led::builder(17).gpio(&gpio).open()?;
    let follower = led.follow(button.values().negated())?;
    button.close()?;
    assert_eq!(follower.wait()?, AnimationEnd::Finished);
    assert!(led.is_lit()?);

    let follower = led.follow(Source::from([false, true, false, true]).every(ms(50)))?;
    assert_eq!(follower.wait()?, AnimationEnd::Finished);
    assert_eq!((led.is_lit()?, gpio.elapsed()), (true, ms(200)));

    let dark = Led::builder(27).gpio(&gpio).open()?;
    let follower = dark.follow(led.values())?;
    led.close()?;
    assert_eq!(follower.wait()?, AnimationEnd::Finished);
    let follower = dark.follow(alternating_values(true))?;
    gpio.close()?;
    assert_eq!(follower.wait()?, AnimationEnd::Closed);
    Ok(())
}

#[test]
fn chains_and_combinations_change_when_a_device_does() -> Result<()> {
    let gpio = mock::gpio();
    let open = |pin: u32| Button::builder(pin).gpio(&gpio).open();
    let (one, other) = (open(2)?, open(3)?);
    let led = |pin: u32| Led::builder(pin).gpio(&gpio).open();
    let (all, any, none) = (led(17)?, led(27)?, led(22)?);
    all.follow(all_values([one.values(), other.values()]))?;
    any.follow(any_values([one.values(), other.values()]))?;
    none.follow(any.values().negated().every(ms(5)))?;
    let lit = || [&all, &any, &none].map(|led| led.is_lit().unwrap());
    assert_eq!(lit(), [false, false, true]);
    gpio.line(2).drive(Level::Low);
    gpio.advance(ms(5));
    assert_eq!(lit(), [false, true, false]);
    gpio.line(3).drive(Level::Low);
    assert_eq!(lit(), [true, true, false]);
    // The combination ends with the first of its sources.
    one.close()?;
    gpio.line(3).drive(Level::High);
    assert_eq!(lit(), [true, true, false]);
    Ok(())
}

#[test]
fn what_depends_on_the_clock_is_asked_on_a_beat() -> Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).gpio(&gpio).open()?;
    let lamp = PwmLed::builder(18).gpio(&gpio).open()?;
    assert_eq!(button.values().period(), None);
    assert_eq!(multiplied([sin_values(4).absoluted(), button.values().into()]).period(), Some(ms(10)));
    lamp.follow(multiplied([sin_values(4).absoluted(), button.values().into()]))?;
    gpio.advance(ms(30));
    assert_eq!(lamp.value()?, 0.0);
    gpio.line(2).drive(Level::Low);
    let mut seen = Vec::new();
    for _ in 0..4 {
        gpio.advance(ms(10));
        seen.push(lamp.value()?.round());
    }
    assert_eq!(seen, [0.0, 1.0, 0.0, 1.0]);
    Ok(())
}

#[test]
fn errors_are_told_once_a_series_and_the_follower_goes_on() -> Result<()> {
    let gpio = mock::gpio();
    let errors = Log::new();
    gpio.on_error({
        let errors = errors.clone();
        move |error| errors.push(error.to_string())
    });
    let lamp = PwmLed::builder(18).gpio(&gpio).open()?;
    let mut count = 0;
    let reading = every(ms(10), move || {
        count += 1;
        match count {
            2 | 3 => Err("no answer"),
            4 => Ok(7.0),
            _ => Ok(f64::from(count) / 10.0),
        }
    });
    let follower = lamp.follow(reading)?;
    assert_eq!(lamp.value()?, 0.1);
    gpio.advance(ms(30));
    assert_eq!(errors.take().len(), 1, "two failed readings and a value out of range in one series");
    gpio.advance(ms(10));
    assert_eq!((lamp.value()?, follower.is_running()), (0.5, true));
    Ok(())
}

#[test]
fn the_first_value_and_wrong_arguments_are_errors_of_the_call() -> Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    let lamp = PwmLed::builder(18).gpio(&gpio).open()?;
    let kind = |result: Result<pinzero::Follower>| result.unwrap_err().kind();
    assert_eq!(kind(lamp.follow([1.5])), ErrorKind::InvalidValue);
    assert_eq!(kind(lamp.follow(Source::from([0.5]).clamped(1.0, 0.0))), ErrorKind::InvalidValue);
    assert_eq!(kind(lamp.follow(Source::from([0.5]).every(ms(0)))), ErrorKind::InvalidValue);
    for wrong in [
        Source::from([0.5]).smoothed(0),
        Source::from([0.5]).quantized(0),
        Source::from([0.5]).queued(0),
        Source::from([0.5]).inverted_in(1.0, 1.0),
        Source::from([0.5]).scaled_from(1.0, 1.0, 0.0, 1.0),
        Source::from([0.5]).pre_periodic_filtered(0, 1),
        Source::from([0.5]).post_periodic_filtered(0, 1),
        Source::from([0.5]).booleanized_with(0.0, 1.0, 1.0).into(),
        Source::from([0.5]).hysteresis(0.5, 0.5).into(),
        Source::from([0.5]).thermostat(1.0, 0.0, ms(0), ms(0)).into(),
    ] {
        assert_eq!(kind(lamp.follow(wrong)), ErrorKind::InvalidValue);
    }
    // Nothing has begun, and the lamp is free.
    lamp.set_value(0.25)?;
    gpio.advance(ms(100));
    assert_eq!(lamp.value()?, 0.25);
    lamp.close()?;
    assert_eq!(kind(lamp.follow([0.5])), ErrorKind::Closed);
    assert_eq!(kind(led.follow(every(ms(10), || Err::<bool, _>("no answer")))), ErrorKind::Handler);
    Ok(())
}

#[test]
fn every_tool_has_its_sequence() -> Result<()> {
    let list = |values: &[f64]| Source::from(values.to_vec());
    let quarters = || list(&[0.0, 0.25, 0.5, 0.75, 1.0]);
    assert_eq!(collect(list(&[-1.0, 0.5]).absoluted())?, [1.0, 0.5]);
    assert_eq!(collect(list(&[-1.0, 0.5, 3.0]).clamped(0.0, 1.0))?, [0.0, 0.5, 1.0]);
    assert_eq!(collect(quarters().inverted())?, [1.0, 0.75, 0.5, 0.25, 0.0]);
    assert_eq!(collect(Source::from([true, false]).negated())?, [false, true]);
    assert_eq!(collect(quarters().scaled_full())?, [-1.0, -0.5, 0.0, 0.5, 1.0]);
    assert_eq!(collect(list(&[-1.0, 0.0, 1.0]).scaled_half())?, [0.0, 0.5, 1.0]);
    assert_eq!(collect(list(&[0.1, 0.3, 0.6, 1.0]).quantized(4))?, [0.0, 0.25, 0.5, 1.0]);
    assert_eq!(collect(Source::from(1..=4).queued(2))?, [1, 2, 3, 4]);
    assert_eq!(collect(Source::from(1..=6).post_periodic_filtered(2, 1))?, [1, 2, 4, 5]);
    assert_eq!(collect(Source::from(1..=4).pre_periodic_filtered(2, 0))?, [3, 4]);
    assert_eq!(collect(Source::from(1..=3).pre_delayed(ms(20)))?, [1, 2, 3]);
    assert_eq!(collect(source::summed([list(&[1.0, 2.0]), list(&[0.5, 0.5, 9.0])]))?, [1.5, 2.5]);
    assert_eq!(collect(source::averaged([list(&[0.0]), list(&[1.0])]))?, [0.5]);
    assert_eq!(collect(source::zip_values([Source::from([1, 2]), Source::from([3, 4])]))?, [[1, 3], [2, 4]]);
    assert_eq!(collect(Source::from([1, 2]).zip(Source::from(["a", "b"])))?, [(1, "a"), (2, "b")]);
    assert_eq!(collect(Source::from(1..=5).filter(|n| n % 2 == 1))?, [1, 3, 5]);
    let none: [Source<bool>; 0] = [];
    assert!(collect(all_values(none))?.is_empty());
    let random = collect(source::random_values().take(100))?;
    assert!(random.iter().all(|value| (0.0..1.0).contains(value)));
    assert!(random.windows(2).any(|pair| pair[0] != pair[1]));
    Ok(())
}

#[test]
fn a_reading_in_the_background_goes_on_for_tools_that_ask_on_a_beat() -> Result<()> {
    let gpio = mock::gpio();
    let lamp = PwmLed::builder(18).gpio(&gpio).open()?;
    let mut number = 0.0;
    let slow = source::every_on_thread(secs(1), move || -> Result<f64> {
        number += 0.125;
        Ok(number)
    });
    lamp.follow(slow.smoothed(2).every(secs(1)))?;
    gpio.advance(secs(3));
    assert!(lamp.value()? > 0.0);
    Ok(())
}

#[test]
fn a_controller_holds_a_temperature() -> Result<()> {
    let gpio = mock::gpio();
    let heater = PwmLed::builder(18).gpio(&gpio).open()?;
    let mut degrees = 15.0;
    let room = every(secs(1), {
        let heater = heater.clone();
        move || -> Result<f64> {
            // Warms by up to half a degree a second, and loses a hundredth of what it is above 15.
            degrees += heater.value()? / 2.0 - (degrees - 15.0) / 100.0;
            Ok(degrees)
        }
    });
    let seen = Log::new();
    let room = room.map({
        let seen = seen.clone();
        move |degrees| {
            seen.push(degrees);
            degrees
        }
    });
    heater.follow(room.pid(Pid::new(21.0).p(1.0).i(0.005)))?;
    gpio.advance(secs(300));
    let seen = seen.take();
    assert!(seen[200..].iter().all(|degrees| (degrees - 21.0).abs() < 0.1), "{:?}", &seen[200..]);
    assert!(seen.iter().all(|degrees| *degrees < 21.2), "the integral does not run away");
    let wrong = Source::from([0.5]).pid(Pid::new(f64::NAN));
    assert_eq!(heater.follow(wrong).unwrap_err().kind(), ErrorKind::InvalidValue);
    Ok(())
}

#[test]
fn a_queue_of_an_endless_source_lags_and_never_hangs() -> Result<()> {
    let mut samples = source::ramping_values(8).queued(3).samples(&mock::gpio())?;
    assert_eq!(samples.next().transpose()?, Some(0.0));
    assert_eq!(samples.next().transpose()?, Some(0.25));
    Ok(())
}

#[test]
fn an_iterator_over_a_button_waits_for_its_changes() -> Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).gpio(&gpio).open()?;
    let mut values = button.values().samples(&gpio)?;
    assert_eq!(values.next().transpose()?, Some(false));
    gpio.line(2).script([(ms(30), Level::Low)]);
    assert_eq!(values.next().transpose()?, Some(true));
    assert_eq!(gpio.elapsed(), ms(30));
    button.close()?;
    assert!(values.next().is_none());
    Ok(())
}

#[test]
fn a_following_device_may_belong_to_another_factory() -> Result<()> {
    let (here, there) = (mock::gpio(), mock::gpio());
    let button = Button::builder(2).gpio(&here).open()?;
    let led = Led::builder(17).gpio(&there).open()?;
    let follower = led.follow(button.values())?;
    here.line(2).drive(Level::Low);
    assert!(led.is_lit()?);
    here.close()?;
    there.advance(ms(1));
    assert_eq!(follower.wait_timeout(ms(10))?, Some(AnimationEnd::Finished));
    Ok(())
}

#[test]
fn a_source_that_panics_is_told_and_goes_on() -> Result<()> {
    let gpio = mock::gpio();
    let errors = Log::new();
    gpio.on_error({
        let errors = errors.clone();
        move |error| errors.push(error.kind())
    });
    let button = Button::builder(2).gpio(&gpio).open()?;
    let led = Led::builder(17).gpio(&gpio).open()?;
    let calls = Arc::new(AtomicUsize::new(0));
    let source = button.values().map({
        let calls = calls.clone();
        move |pressed| {
            assert_ne!(calls.fetch_add(1, Ordering::Relaxed), 1, "on purpose");
            pressed
        }
    });
    let follower = led.follow(source)?;
    gpio.line(2).drive(Level::Low);
    assert_eq!((errors.take().len(), led.is_lit()?), (1, false));
    gpio.line(2).drive(Level::High);
    gpio.line(2).drive(Level::Low);
    assert!(led.is_lit()? && follower.is_running());
    Ok(())
}

#[test]
fn a_first_value_that_panics_is_an_error_and_leaves_the_device_free() -> Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    let broken = Source::reading(|| -> Result<Option<bool>> { panic!("on purpose") });
    assert_eq!(led.follow(broken).unwrap_err().kind(), ErrorKind::Handler);
    let follower = led.follow([true])?;
    assert_eq!((follower.wait()?, led.is_lit()?), (AnimationEnd::Finished, true));
    Ok(())
}

#[test]
fn samples_of_a_combination_hear_changes_between_the_beats() -> Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).gpio(&gpio).open()?;
    let slow = Source::from(0..).every(secs(1));
    let mut samples = button.values().zip(slow).samples(&gpio)?;
    gpio.line(2).script([(ms(300), Level::Low)]);
    let mut next = || samples.next().transpose();
    assert_eq!((next()?, next()?, next()?), (Some((false, 0)), Some((true, 0)), Some((true, 1))));
    assert_eq!(gpio.elapsed(), secs(1));
    Ok(())
}

#[test]
fn code_and_devices_with_a_machine_follow_too() -> Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).gpio(&gpio).open()?;
    let relay = Relay::builder(17).gpio(&gpio).open()?;
    let seen = Log::new();
    let watcher = button.values().for_each(&gpio, {
        let seen = seen.clone();
        move |pressed| seen.push(pressed)
    })?;
    let follower = relay.follow(button.values())?;
    gpio.line(2).press(ms(10));
    gpio.advance(ms(20));
    assert_eq!((seen.take(), relay.is_active()?), (vec![false, true, false], false));
    watcher.stop();
    gpio.line(2).press(ms(10));
    gpio.advance(ms(5));
    assert_eq!((seen.take(), relay.is_active()?), (vec![], true));
    relay.close()?;
    gpio.advance(ms(20));
    assert_eq!(follower.wait()?, AnimationEnd::Closed);
    Ok(())
}

#[test]
fn devices_with_a_machine_end_their_following_as_outputs_do() -> Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).gpio(&gpio).open()?;
    let relay = Relay::builder(17).gpio(&gpio).open()?;
    let buzzer = TonalBuzzer::builder(18).gpio(&gpio).open()?;
    // Closed while nothing changes.
    let closed = Relay::builder(27).gpio(&gpio).open()?;
    let follower = closed.follow(button.values())?;
    closed.close()?;
    assert_eq!(follower.wait()?, AnimationEnd::Closed);
    // Replaced, and ended by a write.
    let first = relay.follow(button.values())?;
    let second = relay.follow(alternating_values(true).every(ms(50)))?;
    assert_eq!(first.wait()?, AnimationEnd::Replaced);
    relay.off()?;
    assert_eq!(second.wait()?, AnimationEnd::Stopped);
    gpio.advance(secs(1));
    assert!(!relay.is_active()?);
    let tune = buzzer.follow(sin_values(8))?;
    gpio.advance(ms(20));
    assert!(buzzer.is_active()?);
    buzzer.play("A4")?;
    assert_eq!(tune.wait()?, AnimationEnd::Stopped);
    let tune = buzzer.follow(sin_values(8))?;
    buzzer.stop()?;
    assert_eq!((tune.wait()?, buzzer.is_active()?), (AnimationEnd::Stopped, false));
    // The last handle of the device ends the following, and frees both pins.
    drop((relay.follow(button.values())?, button));
    drop((relay, first, second));
    let _again = (Relay::builder(17).gpio(&gpio).open()?, Button::builder(2).gpio(&gpio).open()?);
    Ok(())
}

#[test]
fn each_source_of_a_combination_keeps_its_pace() -> Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    let lamp = PwmLed::builder(18).gpio(&gpio).open()?;
    let button = Button::builder(2).gpio(&gpio).open()?;
    let calls = Arc::new(AtomicUsize::new(0));
    let slow = || {
        let calls = calls.clone();
        every(secs(1), move || -> Result<f64> {
            calls.fetch_add(1, Ordering::Relaxed);
            Ok(0.5)
        })
    };
    lamp.follow(multiplied([slow(), sin_values(100).absoluted()]))?;
    gpio.advance(secs(10));
    assert_eq!(calls.swap(0, Ordering::Relaxed), 11);
    // A press between two beats is seen all the same.
    led.follow(button.values().zip(slow()).map(|(pressed, _)| pressed))?;
    gpio.line(2).script([(ms(300), Level::Low), (ms(600), Level::High)]);
    gpio.advance(secs(1));
    assert_eq!(gpio.line(17).history().len(), 2);
    Ok(())
}

#[test]
fn a_reading_that_is_no_number_is_an_error_and_changes_nothing() -> Result<()> {
    let gpio = mock::gpio();
    let errors = Log::new();
    gpio.on_error({
        let errors = errors.clone();
        move |error| errors.push(error.kind())
    });
    let motor = Motor::builder(23, 24).gpio(&gpio).open()?;
    let mut number = 0;
    let reading = every(ms(10), move || -> Result<f64> {
        number += 1;
        Ok(if number == 3 { f64::NAN } else { 19.0 })
    });
    motor.follow(reading.pid(Pid::new(20.0).p(0.25).output(-1.0, 1.0)))?;
    gpio.advance(ms(100));
    assert_eq!((motor.value()?, errors.take()), (0.25, vec![ErrorKind::InvalidValue]));
    Ok(())
}

#[test]
fn a_count_of_values_ends_with_the_last_of_them() -> Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).gpio(&gpio).open()?;
    let led = Led::builder(17).gpio(&gpio).open()?;
    assert_eq!(led.follow(button.values().take(1))?.wait()?, AnimationEnd::Finished);
    let mut pulled = 0..;
    assert_eq!(collect(Source::from(pulled.by_ref().take(9).collect::<Vec<_>>()).take(3))?, [0, 1, 2]);
    assert_eq!(gpio.elapsed(), ms(0));
    let mut samples = sin_values(10).samples(&gpio)?;
    samples.next();
    gpio.close()?;
    assert!(samples.next().is_none());
    Ok(())
}

#[test]
fn what_is_closed_does_not_keep_the_rest_on() -> Result<()> {
    let gpio = mock::gpio();
    let robot = Robot::builder((4, 14), (17, 18)).gpio(&gpio).open()?;
    robot.forward(1.0)?;
    robot.left_motor().close()?;
    assert_eq!(robot.stop().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(gpio.line(17).pulses().last().map(|pulse| pulse.pulse), Some(ms(0)));
    Ok(())
}
