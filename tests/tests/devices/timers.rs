//! User code by the clock: `every`, `after` and `every_on_thread`, and samples of an input.

use std::sync::mpsc;

use pinzero::mock;
use pinzero::prelude::*;
use pinzero::time::Instant;
use pinzero::{ErrorKind, EventKind, Result};
use pinzero_tests::{Log, at, eventually, receive};

/// A handler that logs when it is called.
fn note(gpio: &Gpio, log: &Log<Instant>) -> impl FnMut() + Send + 'static {
    let (gpio, log) = (gpio.clone(), log.clone());
    move || log.push(gpio.now())
}

#[test]
fn code_runs_on_each_beat_until_it_is_cancelled() -> Result<()> {
    let (gpio, log) = (mock::gpio(), Log::new());
    let mut code = note(&gpio, &log);
    let timer = gpio.every(ms(10), move |_| code())?;
    gpio.advance(ms(9));
    assert_eq!(log.take(), []);
    gpio.advance(ms(26));
    assert_eq!(log.take(), [10, 20, 30].map(at));
    timer.cancel();
    timer.cancel();
    assert!(!timer.is_active());
    gpio.advance(ms(100));
    assert_eq!(log.take(), []);
    Ok(())
}

#[test]
fn a_timer_that_is_dropped_goes_on_until_the_factory_is_closed() -> Result<()> {
    let (gpio, log) = (mock::gpio(), Log::new());
    let mut code = note(&gpio, &log);
    drop(gpio.every(ms(10), move |_| code())?);
    gpio.advance(ms(20));
    assert_eq!(log.take(), [10, 20].map(at));
    gpio.close()?;
    gpio.advance(ms(50));
    assert_eq!(log.take(), []);
    let refused = gpio.every(ms(10), |_| ()).map(drop).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Closed);
    Ok(())
}

#[test]
fn code_can_cancel_its_own_timer() -> Result<()> {
    let (gpio, log) = (mock::gpio(), Log::new());
    let mut code = note(&gpio, &log);
    let mut left = 3;
    let timer = gpio.every(ms(5), move |timer| {
        code();
        left -= 1;
        if left == 0 {
            timer.cancel();
        }
    })?;
    gpio.advance(ms(100));
    assert_eq!(log.take(), [5, 10, 15].map(at));
    assert!(!timer.is_active());
    Ok(())
}

#[test]
fn code_runs_once_after_a_delay_unless_it_is_cancelled() -> Result<()> {
    let (gpio, log) = (mock::gpio(), Log::new());
    let timer = gpio.after(ms(30), note(&gpio, &log))?;
    let cancelled = gpio.after(ms(20), note(&gpio, &log))?;
    cancelled.cancel();
    gpio.advance(ms(29));
    assert!(timer.is_active());
    gpio.advance(ms(71));
    assert_eq!(log.take(), [at(30)]);
    assert!(!timer.is_active());
    gpio.after(ms(0), note(&gpio, &log))?;
    gpio.advance(ms(1));
    assert_eq!(log.take(), [at(100)]);
    Ok(())
}

#[test]
fn code_with_a_thread_of_its_own_runs_on_the_beat_of_a_virtual_clock() -> Result<()> {
    let (gpio, log) = (mock::gpio(), Log::new());
    let mut code = note(&gpio, &log);
    let timer = gpio.every_on_thread(ms(10), move |_| code())?;
    gpio.advance(ms(35));
    assert_eq!(log.take(), [10, 20, 30].map(at));
    timer.cancel();
    gpio.advance(ms(35));
    assert_eq!(log.take(), []);
    Ok(())
}

/// On a virtual clock such code must not run for ever either.
#[test]
fn code_that_is_slower_than_its_beat_is_called_on_the_next_beat_after_each_call() -> Result<()> {
    let (gpio, log) = (mock::gpio(), Log::new());
    let (mut code, own) = (note(&gpio, &log), gpio.clone());
    gpio.every(ms(10), move |_| {
        code();
        own.sleep(ms(25));
    })?;
    gpio.advance(ms(100));
    assert_eq!(log.take(), [10, 40, 70, 100].map(at));
    gpio.close()
}

#[test]
fn beats_that_pass_while_the_code_runs_are_left_out_and_later_ones_keep_the_beat() -> Result<()> {
    let (gpio, log) = (mock::gpio(), Log::new());
    let (mut code, mut slow) = (note(&gpio, &log), Some(gpio.clone()));
    gpio.every(ms(10), move |_| {
        code();
        if let Some(gpio) = slow.take() {
            gpio.sleep(ms(25));
        }
    })?;
    gpio.advance(ms(60));
    assert_eq!(log.take(), [10, 40, 50, 60].map(at));
    Ok(())
}

#[test]
fn a_timer_can_be_called_earlier_and_later() -> Result<()> {
    let (gpio, log) = (mock::gpio(), Log::new());
    let mut code = note(&gpio, &log);
    let timer = gpio.every_on_thread(ms(100), move |_| code())?;
    timer.call_in(ms(0));
    assert_eq!(log.take(), [0].map(at), "at once");
    gpio.advance(ms(110));
    timer.call_in(ms(150));
    gpio.advance(ms(290));
    assert_eq!(log.take(), [100, 260, 360].map(at), "beats follow from there");
    timer.cancel();
    timer.call_in(ms(0));
    gpio.advance(ms(200));
    assert_eq!(log.take(), [], "a timer that has ended stays so");
    Ok(())
}

#[test]
fn code_sets_its_own_next_call() -> Result<()> {
    let (gpio, log) = (mock::gpio(), Log::new());
    let mut code = note(&gpio, &log);
    let mut wait = 0;
    gpio.every(secs(10), move |timer| {
        code();
        wait += 1;
        timer.call_in(secs(wait));
    })?;
    gpio.advance(secs(20));
    assert_eq!(log.take(), [10, 11, 13, 16, 20].map(|second| at(second * 1000)));
    Ok(())
}

#[test]
fn in_real_time_a_thread_that_waits_for_its_beat_is_called_at_once() -> Result<()> {
    let gpio = mock::builder().realtime().open();
    let (call, calls) = mpsc::channel();
    let timer = gpio.every_on_thread(secs(3600), move |timer| {
        timer.call_in(ms(1));
        call.send(())
    })?;
    // By then the thread waits.
    std::thread::sleep(ms(50));
    timer.call_in(ms(0));
    for _ in 0..3 {
        receive(&calls);
    }
    timer.cancel();
    Ok(())
}

#[test]
fn a_period_of_zero_is_refused() {
    let gpio = mock::gpio();
    for refused in [gpio.every(ms(0), |_| ()), gpio.every_on_thread(ms(0), |_| ())] {
        assert_eq!(refused.map(drop).unwrap_err().kind(), ErrorKind::InvalidValue);
    }
}

#[test]
fn code_that_panics_is_counted_and_called_again() -> Result<()> {
    let gpio = mock::gpio();
    gpio.every(ms(10), |_| -> () { panic!("as it was told") })?;
    gpio.advance(ms(35));
    assert_eq!(gpio.panics(), 3);
    Ok(())
}

#[test]
fn slow_code_on_a_thread_of_its_own_stops_no_button_and_no_timer() -> Result<()> {
    let gpio = mock::builder().realtime().open();
    let (entered, is_entered) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let slow = gpio.every_on_thread(ms(1), move |_| {
        let _ = entered.send(());
        let _ = released.recv();
    })?;
    receive(&is_entered);
    // The code blocks now, and goes on doing so.
    let (told, hears) = mpsc::channel();
    let button = gpio.input(4).active(Level::Low).open()?;
    let presses = told.clone();
    button.on(EventKind::Activated, move |_| presses.send("press"));
    gpio.line(4).drive(Level::Low);
    assert_eq!(receive(&hears), "press");
    gpio.after(ms(1), move || told.send("timer"))?;
    assert_eq!(receive(&hears), "timer");
    assert!(is_entered.try_recv().is_err(), "a call begins while another is under way");
    // It ends even if it is at it when the timer is cancelled.
    slow.cancel();
    drop(release);
    eventually("the thread has ended", || is_entered.try_recv() == Err(mpsc::TryRecvError::Disconnected));
    Ok(())
}

#[test]
fn samples_are_taken_at_exact_instants() -> Result<()> {
    let gpio = mock::gpio();
    gpio.advance(ms(3));
    let input = gpio.input(17).sample(ms(10)).open()?;
    let samples = Log::new();
    let log = samples.clone();
    input.on(EventKind::Sampled, move |event| log.push((event.at, event.level)));
    let (low, high) = (Level::Low, Level::High);
    gpio.line(17).script([(ms(5), high), (ms(12), low), (ms(14), high), (ms(38), low)]);
    gpio.advance(ms(51));
    let wanted = [(13, high), (23, high), (33, high), (43, low), (53, low)];
    assert_eq!(samples.take(), wanted.map(|(millis, level)| (at(millis), level)));
    input.close()?;
    gpio.advance(ms(50));
    assert_eq!(samples.take(), []);
    let refused = gpio.input(17).sample(pinzero::time::us(999)).open().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidValue);
    Ok(())
}

#[test]
fn samples_and_edges_of_one_input_come_in_the_order_of_their_time() -> Result<()> {
    let gpio = mock::gpio();
    let input = gpio.input(17).sample(ms(10)).open()?;
    let mut events = input.events();
    gpio.line(17).script([(ms(5), Level::High), (ms(15), Level::Low), (ms(18), Level::High)]);
    gpio.advance(ms(20));
    let told: Vec<_> = std::iter::from_fn(|| events.try_next()).map(|event| (event.at, event.kind)).collect();
    let wanted = [
        (5, EventKind::Activated),
        (10, EventKind::Sampled),
        (15, EventKind::Deactivated),
        (18, EventKind::Activated),
        (20, EventKind::Sampled),
    ];
    assert_eq!(told, wanted.map(|(millis, kind)| (at(millis), kind)));
    Ok(())
}

#[test]
fn a_handler_that_is_slower_than_the_repeats_of_held_lags_behind_by_one() -> Result<()> {
    let gpio = mock::builder().realtime().open();
    let button = gpio.input(17).hold(ms(10)).hold_repeat(ms(10)).open()?;
    let (told, hears) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let presses = told.clone();
    button.on(EventKind::Held, move |event| {
        let _ = presses.send((event.kind, event.repeat));
        let _ = released.recv();
    });
    button.on(EventKind::Deactivated, move |event| told.send((event.kind, false)));
    gpio.line(17).drive(Level::High);
    assert_eq!(receive(&hears), (EventKind::Held, false));
    // The handler is at it while twenty more repeats come.
    gpio.sleep(ms(210));
    gpio.line(17).drive(Level::Low);
    drop(release);
    let lagging =
        std::iter::from_fn(|| Some(receive(&hears))).take_while(|(kind, _)| *kind == EventKind::Held);
    let repeats: Vec<bool> = lagging.map(|(_, repeat)| repeat).collect();
    // One, and one more if the machine has stalled so that a repeat was told after the handler was let go.
    assert!((1..=2).contains(&repeats.len()) && repeats.iter().all(|repeat| *repeat), "{repeats:?}");
    Ok(())
}
