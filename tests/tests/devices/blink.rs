//! Blinking in the background: plans, handles, and who has the last word.

use std::time::Duration;

use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{AnimationEnd, Line, LineFunction};

/// A change every `half` from `start` on, beginning with high, before `end`.
fn square(start: Duration, half: Duration, end: Duration) -> Vec<(Duration, Level)> {
    let steps = (0u32..).map(|index| (start + half * index, Level::from(index % 2 == 0)));
    steps.take_while(|(at, _)| *at < end).collect()
}

fn led(gpio: &MockGpio) -> pinzero::Result<Led> {
    Led::builder(17).gpio(gpio).open()
}

#[test]
fn it_starts_on_at_once_and_keeps_its_times() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = led(&gpio)?;
    gpio.advance(ms(7));
    led.blink(ms(10), ms(30))?;
    assert!(led.is_lit()?, "before `blink` returns");
    gpio.advance(ms(93));
    let expected = [
        (ms(7), Level::High),
        (ms(17), Level::Low),
        (ms(47), Level::High),
        (ms(57), Level::Low),
        (ms(87), Level::High),
        (ms(97), Level::Low),
    ];
    assert_eq!(gpio.line(17).history(), expected);
    assert!(!led.is_lit()?);
    Ok(())
}

#[test]
fn how_the_clock_is_moved_changes_nothing() -> pinzero::Result<()> {
    let mut histories = Vec::new();
    for step in [us(1), us(999), ms(3), ms(40), secs(1)] {
        let gpio = mock::gpio();
        let led = led(&gpio)?;
        led.blink(ms(3), us(3_700))?;
        while gpio.elapsed() < ms(300) {
            gpio.advance(step.min(ms(300) - gpio.elapsed()));
        }
        histories.push(gpio.line(17).history());
    }
    assert!(histories.iter().all(|history| *history == histories[0]));
    assert_eq!(histories[0].len(), 90);
    Ok(())
}

#[test]
fn a_counted_blink_ends_off_after_its_last_off_time() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = led(&gpio)?;
    let blink = led.blink_with(Blink::new(ms(10), ms(20)).times(3))?;
    gpio.advance(ms(89));
    assert!(blink.is_running(), "the last off time is part of it");
    blink.wait()?;
    assert_eq!(gpio.elapsed(), ms(90));
    assert!(!blink.is_running());
    assert!(!led.is_lit()?);
    assert_eq!(gpio.line(17).history().len(), 6);
    gpio.advance(secs(1));
    assert_eq!(gpio.line(17).history().len(), 6);
    blink.wait()?;
    assert_eq!(gpio.elapsed(), ms(1090), "a wait for what is over takes no time");
    Ok(())
}

#[test]
fn with_active_high_false_it_blinks_the_other_way_round() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).active_high(false).gpio(&gpio).open()?;
    gpio.line(17).clear();
    led.blink_with(Blink::new(ms(1), ms(2)).times(2))?.wait()?;
    let expected = [(ms(0), Level::Low), (ms(1), Level::High), (ms(3), Level::Low), (ms(4), Level::High)];
    assert_eq!(gpio.line(17).history(), expected);
    assert!(!led.is_lit()?);
    Ok(())
}

#[test]
fn any_write_ends_it_and_stays() -> pinzero::Result<()> {
    type Write = fn(&Led) -> pinzero::Result<()>;
    let writes: [(&str, Write, bool); 5] = [
        ("off", |led| led.off(), false),
        ("on", |led| led.on(), true),
        ("toggle", |led| led.toggle(), false),
        ("set_value", |led| led.set_value(true), true),
        ("the line below", |led| led.output().set(Level::Low), false),
    ];
    for (name, write, lit) in writes {
        let gpio = mock::gpio();
        let led = led(&gpio)?;
        let blink = led.blink(ms(10), ms(10))?;
        gpio.advance(ms(25));
        assert!(led.is_lit()?);
        write(&led)?;
        assert!(!blink.is_running(), "{name}");
        let writes = gpio.line(17).writes();
        gpio.advance(secs(3600));
        assert_eq!(gpio.line(17).writes(), writes, "{name} was not the last write");
        assert_eq!(led.is_lit()?, lit, "{name}");
        assert_eq!(blink.wait()?, AnimationEnd::Stopped, "{name}");
    }
    Ok(())
}

#[test]
fn a_second_blink_takes_the_place_of_the_first() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = led(&gpio)?;
    let first = led.blink(ms(10), ms(10))?;
    gpio.advance(ms(15));
    let second = led.blink(ms(1), ms(1))?;
    assert!(!first.is_running() && second.is_running());
    assert_eq!(first.wait()?, AnimationEnd::Replaced);
    first.stop()?;
    assert!(second.is_running(), "the handle of the first has no power over the second");
    gpio.advance(ms(5));
    let mut expected = vec![(ms(0), Level::High), (ms(10), Level::Low)];
    expected.extend(square(ms(15), ms(1), ms(20) + us(1)));
    assert_eq!(gpio.line(17).history(), expected);
    Ok(())
}

#[test]
fn stop_switches_off_and_only_if_it_still_runs() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = led(&gpio)?;
    let blink = led.blink(ms(10), ms(10))?;
    gpio.advance(ms(25));
    blink.stop()?;
    assert!(!led.is_lit()? && !blink.is_running());
    assert_eq!(blink.wait()?, AnimationEnd::Stopped);
    led.on()?;
    blink.stop()?;
    assert!(led.is_lit()?, "it was over already");

    let ended = led.blink_with(Blink::new(ms(1), ms(1)).times(1))?;
    assert_eq!(ended.wait()?, AnimationEnd::Finished);
    led.on()?;
    ended.clone().stop()?;
    assert_eq!(ended.wait()?, AnimationEnd::Finished);
    assert!(led.is_lit()?);
    Ok(())
}

#[test]
fn wait_timeout_tells_whether_it_has_ended() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = led(&gpio)?;
    let blink = led.blink_with(Blink::new(ms(10), ms(10)).times(2))?;
    assert_eq!(blink.wait_timeout(ms(39))?, None);
    assert_eq!(gpio.elapsed(), ms(39));
    assert_eq!(blink.wait_timeout(ms(1))?, Some(AnimationEnd::Finished), "the end comes with the timeout");
    assert_eq!(gpio.elapsed(), ms(40));
    assert_eq!(blink.wait_timeout(ms(0))?, Some(AnimationEnd::Finished));
    assert_eq!(gpio.elapsed(), ms(40));
    Ok(())
}

#[test]
fn an_endless_blink_can_be_waited_for() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = led(&gpio)?;
    let button = Button::builder(2).gpio(&gpio).open()?;
    let blink = led.blink(ms(10), ms(10))?;
    button.when_pressed(move |_| led.on());
    gpio.line(2).script([(ms(95), Level::Low)]);
    blink.wait()?;
    assert_eq!(gpio.elapsed(), ms(95));
    assert_eq!(gpio.line(17).level(), Level::High);
    Ok(())
}

#[test]
fn it_goes_on_when_its_handle_is_dropped() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = led(&gpio)?;
    drop(led.blink(ms(10), ms(10))?);
    gpio.advance(secs(1));
    assert_eq!(gpio.line(17).history(), square(ms(0), ms(10), secs(1) + us(1)));
    Ok(())
}

#[test]
fn its_handle_keeps_the_device_open() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let blink = led(&gpio)?.blink_with(Blink::new(ms(10), ms(10)).times(5))?;
    blink.wait()?;
    assert_eq!(gpio.elapsed(), ms(100));
    assert_eq!(gpio.line(17).function(), LineFunction::Output);
    drop(blink);
    assert_eq!(gpio.line(17).function(), LineFunction::Input);
    Ok(())
}

#[test]
fn it_ends_with_the_last_handle_of_its_device() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = led(&gpio)?;
    drop(led.blink(ms(10), ms(10))?);
    gpio.advance(ms(25));
    drop(led);
    let writes = gpio.line(17).writes();
    gpio.advance(secs(1));
    assert_eq!(gpio.line(17).writes(), writes);
    assert_eq!(gpio.line(17).history().last(), Some(&(ms(25), Level::Low)));
    Ok(())
}

#[test]
fn close_ends_it_and_whoever_waits_for_it() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = led(&gpio)?;
    let button = Button::builder(2).gpio(&gpio).open()?;
    let blink = led.blink(ms(10), ms(10))?;
    button.when_pressed(move |_| led.close());
    gpio.line(2).script([(ms(33), Level::Low)]);
    blink.wait()?;
    assert_eq!(gpio.elapsed(), ms(33));
    assert!(!blink.is_running());
    Ok(())
}

#[test]
fn a_lit_led_stays_lit_where_the_blink_begins() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).initial_value(true).gpio(&gpio).open()?;
    gpio.line(17).clear();
    led.blink_with(Blink::new(ms(10), ms(10)).times(1))?.wait()?;
    assert_eq!(gpio.line(17).history(), [(ms(10), Level::Low)]);
    Ok(())
}

#[test]
fn no_cycle_at_all_writes_nothing_and_is_over() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).initial_value(true).gpio(&gpio).open()?;
    gpio.line(17).clear();
    let blink = led.blink_with(Blink::new(ms(10), ms(10)).times(0))?;
    blink.wait()?;
    assert_eq!((gpio.elapsed(), gpio.line(17).writes()), (ms(0), 0));
    assert!(led.is_lit()?);
    Ok(())
}

#[test]
fn a_time_of_zero_leaves_that_part_out() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = led(&gpio)?;
    led.blink_with(Blink::new(ms(10), ms(0)).times(3))?.wait()?;
    assert_eq!(gpio.line(17).history(), [(ms(0), Level::High), (ms(30), Level::Low)]);
    gpio.line(17).clear();
    led.blink_with(Blink::new(ms(0), ms(10)).times(3))?.wait()?;
    assert_eq!((gpio.elapsed(), gpio.line(17).history()), (ms(60), vec![]));
    Ok(())
}

#[test]
fn fifty_leds_worth_of_blinks_run_beside_each_other() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let leds: Vec<Led> =
        (0..50).map(|line| Led::builder(Line(line)).gpio(&gpio).open()).collect::<pinzero::Result<_>>()?;
    for (index, led) in (1u64..).zip(&leds) {
        gpio.line(led.output().line()).clear();
        led.blink(ms(index), ms(index))?;
    }
    gpio.advance(secs(1));
    for (index, led) in (1u64..).zip(&leds) {
        let expected = square(ms(0), ms(index), secs(1) + us(1));
        assert_eq!(gpio.line(led.output().line()).history(), expected, "{led:?}");
    }
    Ok(())
}

#[test]
fn a_closed_device_closes_its_blink() -> pinzero::Result<()> {
    let closes: [fn(&MockGpio, &Led) -> pinzero::Result<()>; 2] =
        [|_, led| led.close(), |gpio, _| gpio.close()];
    for close in closes {
        let gpio = mock::gpio();
        let led = led(&gpio)?;
        let lamp = PwmOutputDevice::builder(18).gpio(&gpio).open()?;
        let blinks = [led.blink(ms(10), ms(10))?, lamp.pulse(secs(1), secs(1))?];
        gpio.advance(ms(15));
        close(&gpio, &led)?;
        lamp.close()?;
        for blink in blinks {
            assert_eq!(blink.wait()?, AnimationEnd::Closed);
        }
    }
    Ok(())
}
