//! The virtual clock: exact, the same in every run, and an hour takes no time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use pinzero::mock;
use pinzero::prelude::*;
use pinzero::time::Instant;
use pinzero_tests::{Log, at, block_on};

/// A minute of blinking at 500 Hz, then an hour of nothing.
fn a_minute_and_an_hour() -> pinzero::Result<(Vec<(Duration, Level)>, Duration)> {
    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    let _button = Button::builder(2).gpio(&gpio).open()?;
    led.blink(ms(1), ms(1))?;
    gpio.advance(secs(60) - us(1));
    led.off()?;
    gpio.advance(secs(3600));
    Ok((gpio.line(17).history(), gpio.elapsed()))
}

#[test]
fn a_minute_of_blinking_and_an_idle_hour_are_exact_and_the_same_three_times() -> pinzero::Result<()> {
    let expected: Vec<_> = (0..60_000u64).map(|step| (ms(step), Level::from(step % 2 == 0))).collect();
    for run in 0..3 {
        let (history, elapsed) = a_minute_and_an_hour()?;
        assert!(history == expected, "run {run}");
        assert_eq!(elapsed, secs(3660) - us(1));
    }
    Ok(())
}

#[test]
fn five_hundred_blinks_of_two_milliseconds_take_a_second() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    led.blink_with(Blink::new(ms(1), ms(1)).times(500))?.wait()?;
    assert_eq!(gpio.elapsed(), secs(1));
    assert_eq!(gpio.line(17).history().len(), 1_000);
    Ok(())
}

#[test]
fn the_clock_starts_at_zero_and_moves_only_when_it_is_moved() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    assert_eq!((gpio.now(), gpio.elapsed()), (Instant::ZERO, ms(0)));
    let led = Led::builder(17).gpio(&gpio).open()?;
    led.blink(ms(1), ms(1))?;
    std::thread::sleep(ms(3));
    assert_eq!((gpio.elapsed(), gpio.line(17).history().len()), (ms(0), 1));
    gpio.advance(Duration::from_nanos(1));
    gpio.sleep(ms(1));
    assert_eq!(gpio.now().as_nanos(), 1_000_001);
    assert_eq!(gpio.threads(), 0);
    Ok(())
}

#[test]
fn a_step_ends_with_what_is_due_at_its_end() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    led.blink(ms(10), ms(10))?;
    gpio.advance(ms(10) - Duration::from_nanos(1));
    assert!(led.is_lit()?);
    gpio.advance(Duration::from_nanos(1));
    assert!(!led.is_lit()?);
    gpio.advance(ms(0));
    assert_eq!(gpio.line(17).history().len(), 2);
    Ok(())
}

#[test]
fn what_is_due_is_done_in_the_order_of_time_over_all_devices() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let log = Log::new();
    let (led, lamp) =
        (Led::builder(17).gpio(&gpio).open()?, PwmOutputDevice::builder(18).gpio(&gpio).open()?);
    let button = Button::builder(2).hold_time(ms(25)).bounce_time(ms(5)).gpio(&gpio).open()?;
    led.blink(ms(7), ms(7))?;
    lamp.pulse(ms(80), ms(80))?;
    let note = |name: &'static str| {
        let (gpio, log, led, lamp) = (gpio.clone(), log.clone(), led.clone(), lamp.clone());
        move |_: pinzero::Event| -> pinzero::Result<()> {
            log.push((name, gpio.elapsed(), led.is_lit()?, lamp.value()?));
            Ok(())
        }
    };
    button.when_pressed(note("pressed"));
    button.when_held(note("held"));
    button.when_released(note("released"));
    gpio.line(2).script([(ms(10), Level::Low), (ms(60), Level::High)]);
    gpio.advance(secs(1));
    let expected =
        [("pressed", ms(15), true, 0.0), ("held", ms(40), false, 0.5), ("released", ms(65), false, 0.5)];
    assert_eq!(log.take(), expected);
    Ok(())
}

#[test]
fn scripts_may_overlap_and_need_not_be_in_order() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let _sensor = DigitalInputDevice::builder(24).gpio(&gpio).open()?;
    gpio.line(24).script([(ms(30), Level::High), (ms(10), Level::High), (ms(20), Level::Low)]);
    gpio.line(24).script([(ms(25), Level::High), (ms(27), Level::Low)]);
    gpio.advance(ms(5));
    gpio.line(24).script([(ms(30), Level::Low)]);
    gpio.advance(ms(95));
    let times: Vec<_> = gpio.line(24).history().into_iter().map(|(at, _)| at).collect();
    assert_eq!(times, [ms(10), ms(20), ms(25), ms(27), ms(30), ms(35)]);
    Ok(())
}

/// The message of the panic that `work` ends in.
fn panic_of(work: impl FnOnce()) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(work)) else { panic!("it did not panic") };
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default()
}

#[test]
fn a_wait_that_can_never_end_panics_and_names_the_pin_and_the_remedy() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(21).gpio(&gpio).open()?;
    let sensor = DigitalInputDevice::builder(24).gpio(&gpio).open()?;
    let led = Led::builder(17).gpio(&gpio).open()?;
    let button_waits: [fn(&Button) -> pinzero::Result<()>; 3] = [
        |button| button.wait_for_press(),
        |button| block_on(button.pressed()),
        |button| {
            assert!(button.events().next().is_none());
            Ok(())
        },
    ];
    for wait in button_waits {
        let message = panic_of(|| drop(wait(&button)));
        for part in ["deadlock", "Button on GPIO21", "`gpio.line(21).press(ms(80))`", "`time_by_hand()`"] {
            assert!(message.contains(part), "{message}");
        }
    }
    assert!(panic_of(|| drop(sensor.wait_for_active())).contains("DigitalInputDevice on GPIO24"));
    let endless = led.blink(secs(1), secs(1))?;
    for wait in
        [|blink: &Animation| blink.wait().map(drop), |blink: &Animation| block_on(blink.finished()).map(drop)]
    {
        let message = panic_of(|| drop(wait(&endless)));
        assert!(message.contains("the animation of GPIO17 has no end"), "{message}");
    }
    endless.stop()?;
    // However fast it blinks, that is found out.
    let fast = led.blink(us(100), us(100))?;
    assert!(panic_of(|| drop(fast.wait())).contains("the animation of GPIO17 has no end"));
    fast.stop()?;
    // A finger that comes once is waited for, and then there is nothing again.
    gpio.line(21).script([(ms(10), Level::Low)]);
    button.wait_for_press()?;
    assert!(panic_of(|| drop(button.wait_for_release())).contains("deadlock"));
    Ok(())
}

/// The panic is at the line of the test, not inside the library.
#[test]
fn such_a_panic_is_at_the_line_of_the_caller() -> pinzero::Result<()> {
    static PLACES: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let gpio = mock::gpio();
    let button = Button::builder(21).gpio(&gpio).open()?;
    let led = Led::builder(17).gpio(&gpio).open()?;
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let place = info.location().map(|place| format!("{}:{}", place.file(), place.line()));
        if thread::current()
            .name()
            .is_some_and(|name| name.ends_with("such_a_panic_is_at_the_line_of_the_caller"))
        {
            PLACES.lock().unwrap().extend(place);
        } else {
            before(info);
        }
    }));
    let mut lines = vec![];
    let mut events = button.events();
    lines.push(line!() + 1);
    panic_of(|| drop(button.wait_for_press()));
    lines.push(line!() + 1);
    panic_of(|| assert!(events.next().is_none()));
    let blink = led.blink(secs(1), secs(1))?;
    lines.push(line!() + 1);
    panic_of(|| drop(blink.wait()));
    // A future says where it was made.
    let line = line!() + 1;
    let message = panic_of(|| drop(block_on(button.pressed())));
    assert!(message.contains(&format!("time.rs:{line}")), "{message}");
    let places = PLACES.lock().unwrap();
    for (place, line) in places.iter().zip(lines) {
        assert!(place.ends_with(&format!("time.rs:{line}")), "{place}, not {line}");
    }
    Ok(())
}

#[test]
fn after_such_a_panic_everything_works_as_before() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).gpio(&gpio).open()?;
    let log = Log::new();
    button.when_pressed({
        let log = log.clone();
        move |event| log.push(event.at)
    });
    assert!(panic_of(|| drop(button.wait_for_press())).contains("deadlock"));
    gpio.line(2).script([(ms(10), Level::Low)]);
    button.wait_for_press()?;
    assert_eq!(log.take(), [at(10)]);
    Ok(())
}

#[test]
fn boards_have_clocks_of_their_own() {
    let (one, other) = (mock::gpio(), mock::gpio());
    one.advance(secs(5));
    assert_eq!((one.elapsed(), other.elapsed()), (secs(5), ms(0)));
    let same = one.clone();
    same.advance(secs(1));
    assert_eq!(one.elapsed(), secs(6));
}

#[test]
fn the_end_of_time_is_far_but_can_be_reached() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let never = Button::builder(2).hold_time(Duration::MAX).gpio(&gpio).open()?;
    let led = Led::builder(17).gpio(&gpio).open()?;
    let blink = led.blink_with(Blink::new(secs(1), Duration::MAX).times(2))?;
    gpio.line(2).drive(Level::Low);
    gpio.advance(secs(100 * 365 * 86_400));
    assert!(never.is_pressed()? && !never.is_held());
    assert!(blink.is_running() && !led.is_lit()?);
    assert_eq!(gpio.line(17).history(), [(ms(0), Level::High), (secs(1), Level::Low)]);
    Ok(())
}
