//! Waiting in real time, from several threads, and in `async` code.

use std::pin::pin;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{AnimationEnd, ErrorKind};
use pinzero_tests::{PATIENCE, block_on, eventually, poll, receive, without_hanging};

fn board() -> MockGpio {
    mock::builder().realtime().open()
}

/// Starts `wait` on a thread of its own and says what comes of it.
fn waiting<T: Send + 'static>(wait: impl FnOnce() -> T + Send + 'static) -> mpsc::Receiver<T> {
    let (sender, result) = mpsc::channel();
    let (ready, is_ready) = mpsc::channel();
    thread::spawn(move || {
        let _ = ready.send(());
        let _ = sender.send(wait());
    });
    receive(&is_ready);
    result
}

#[test]
fn all_who_wait_for_a_press_are_woken_by_it() -> pinzero::Result<()> {
    let gpio = board();
    let button = Button::builder(2).gpio(&gpio).open()?;
    let waits: Vec<_> = (0..5)
        .map(|_| {
            let button = button.clone();
            waiting(move || button.wait_for_press().is_ok())
        })
        .collect();
    thread::sleep(ms(2));
    gpio.line(2).drive(Level::Low);
    assert!(waits.iter().all(receive));
    Ok(())
}

#[test]
fn a_press_however_short_is_not_missed_by_who_waits() -> pinzero::Result<()> {
    let gpio = board();
    let button = Button::builder(2).gpio(&gpio).open()?;
    for _ in 0..200 {
        let wait = {
            let button = button.clone();
            waiting(move || button.wait_for_press_timeout(secs(20)).ok())
        };
        // Press after press until one comes after the wait has begun.
        let mut woken = None;
        eventually("a press ends the wait", || {
            gpio.line(2).drive(Level::Low);
            gpio.line(2).drive(Level::High);
            woken = wait.try_recv().ok();
            woken.is_some()
        });
        assert_eq!(woken, Some(Some(true)));
    }
    Ok(())
}

#[test]
fn closing_ends_every_wait_with_closed() -> pinzero::Result<()> {
    type Wait = fn(&Button) -> pinzero::Result<()>;
    let waits: [(&str, Wait); 5] = [
        ("wait_for_press", |button| button.wait_for_press()),
        ("wait_for_press_timeout", |button| button.wait_for_press_timeout(secs(3600)).map(drop)),
        ("with the longest timeout", |button| button.wait_for_press_timeout(Duration::MAX).map(drop)),
        ("wait_for_active", |button| button.wait_for_active()),
        ("pressed().await", |button| block_on(button.pressed())),
    ];
    for (name, wait) in waits {
        let gpio = board();
        let button = Button::builder(2).gpio(&gpio).open()?;
        let result = {
            let button = button.clone();
            waiting(move || wait(&button))
        };
        thread::sleep(ms(2));
        button.close()?;
        assert_eq!(receive(&result).unwrap_err().kind(), ErrorKind::Closed, "{name}");
    }
    Ok(())
}

#[test]
fn closing_the_factory_ends_waits_iterators_and_blinks() -> pinzero::Result<()> {
    let gpio = board();
    let button = Button::builder(2).gpio(&gpio).open()?;
    let led = Led::builder(17).gpio(&gpio).open()?;
    let press = {
        let button = button.clone();
        waiting(move || button.wait_for_press().map_err(|error| error.kind()))
    };
    let events = button.events();
    let count = waiting(move || events.count());
    let blink = led.blink(ms(1), ms(1))?;
    let blink = waiting(move || blink.wait().is_ok());
    thread::sleep(ms(2));
    gpio.close()?;
    assert_eq!(receive(&press), Err(ErrorKind::Closed));
    assert_eq!(receive(&count), 0);
    assert!(receive(&blink));
    Ok(())
}

#[test]
fn a_blink_is_waited_for_from_other_threads() -> pinzero::Result<()> {
    let gpio = board();
    let led = Led::builder(17).gpio(&gpio).open()?;
    let blink = led.blink(ms(1), ms(1))?;
    let ends: Vec<_> = [led.clone(), led.clone()]
        .into_iter()
        .map(|_| {
            let blink = blink.clone();
            waiting(move || blink.wait().is_ok())
        })
        .collect();
    assert_eq!(blink.wait_timeout(ms(5))?, None);
    blink.stop()?;
    assert!(ends.iter().all(receive));
    assert!(!led.is_lit()?);
    Ok(())
}

#[test]
fn a_timeout_in_real_time_is_waited_for_and_no_longer_than_needed() -> pinzero::Result<()> {
    let gpio = board();
    let button = Button::builder(2).gpio(&gpio).open()?;
    let start = gpio.now();
    assert!(!button.wait_for_press_timeout(ms(20))?);
    assert!(gpio.now() - start >= ms(20));
    gpio.line(2).script([(ms(5), Level::Low)]);
    assert!(button.wait_for_press_timeout(PATIENCE)?);
    assert!(button.wait_for_press_timeout(ms(0))?);
    assert!(button.events().next_timeout(ms(1)).is_none());
    Ok(())
}

#[test]
fn a_future_is_ready_when_what_it_waits_for_has_come() -> pinzero::Result<()> {
    let gpio = mock::builder().time_by_hand().open();
    let button = Button::builder(2).gpio(&gpio).open()?;
    assert!(matches!(poll(&mut pin!(button.released())), Poll::Ready(Ok(()))));
    let mut pressed = pin!(button.pressed());
    assert!(poll(&mut pressed).is_pending());
    gpio.line(2).script([(ms(10), Level::Low), (ms(11), Level::High)]);
    gpio.advance(ms(9));
    assert!(poll(&mut pressed).is_pending());
    gpio.advance(secs(1));
    assert!(matches!(poll(&mut pressed), Poll::Ready(Ok(()))), "it has been, though it is no more");
    Ok(())
}

#[test]
fn a_future_of_a_closed_device_is_an_error() -> pinzero::Result<()> {
    let gpio = mock::builder().time_by_hand().open();
    let button = Button::builder(2).gpio(&gpio).open()?;
    let mut pressed = pin!(button.pressed());
    assert!(poll(&mut pressed).is_pending());
    button.close()?;
    let Poll::Ready(Err(error)) = poll(&mut pressed) else { panic!("closed, and still pending") };
    assert_eq!(error.kind(), ErrorKind::Closed);
    let Poll::Ready(Err(error)) = poll(&mut pin!(button.released())) else {
        panic!("closed, and not refused")
    };
    assert_eq!(error.kind(), ErrorKind::Closed);
    Ok(())
}

#[test]
fn an_animation_is_a_future_too() -> pinzero::Result<()> {
    let gpio = mock::builder().time_by_hand().open();
    let led = Led::builder(17).gpio(&gpio).open()?;
    let blink = led.blink_with(Blink::new(ms(10), ms(10)).times(2))?;
    let mut finished = pin!(blink.finished());
    assert!(poll(&mut finished).is_pending());
    gpio.advance(ms(39));
    assert!(poll(&mut finished).is_pending());
    gpio.advance(ms(1));
    assert!(matches!(poll(&mut finished), Poll::Ready(Ok(AnimationEnd::Finished))));

    let replaced = led.blink(ms(10), ms(10))?;
    led.blink(ms(20), ms(20))?;
    assert!(matches!(poll(&mut pin!(replaced.finished())), Poll::Ready(Ok(AnimationEnd::Replaced))));
    Ok(())
}

#[test]
fn a_waker_is_woken_in_real_time() {
    without_hanging(|| {
        let gpio = board();
        let button = Button::builder(2).gpio(&gpio).open()?;
        let led = Led::builder(17).gpio(&gpio).open()?;
        gpio.line(2).script([(ms(5), Level::Low), (ms(10), Level::High)]);
        block_on(async {
            button.pressed().await?;
            button.released().await?;
            led.blink_with(Blink::new(ms(1), ms(1)).times(3))?.finished().await.map(drop)
        })
    })
    .unwrap();
}

#[test]
fn several_threads_may_wait_on_one_virtual_clock() {
    // Whoever waits moves the clock for all; who wins is open, but nobody is left behind.
    for _ in 0..100 {
        without_hanging(|| {
            let gpio = mock::gpio();
            let led = Led::builder(17).gpio(&gpio).open()?;
            let button = Button::builder(2).gpio(&gpio).open()?;
            gpio.line(2).script([(ms(50), Level::Low)]);
            let blink = led.blink_with(Blink::new(ms(1), ms(1)).times(100))?;
            let other = thread::spawn(move || blink.wait());
            let pressed = button.wait_for_press();
            assert!(matches!(other.join(), Ok(Ok(AnimationEnd::Finished))));
            assert_eq!(gpio.line(17).history().len(), 200);
            pressed
        })
        .unwrap();
    }
}

#[test]
fn async_code_moves_a_virtual_clock_as_a_wait_does() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(2).gpio(&gpio).open()?;
    let led = Led::builder(17).gpio(&gpio).open()?;
    gpio.line(2).script([(secs(10), Level::Low), (secs(20), Level::High)]);
    block_on(async {
        button.pressed().await?;
        assert_eq!(gpio.elapsed(), secs(10));
        button.deactivated().await?;
        button.released().await?;
        assert_eq!(gpio.elapsed(), secs(20));
        led.blink_with(Blink::new(secs(1), secs(1)).times(3))?.finished().await?;
        assert_eq!(gpio.elapsed(), secs(26));
        Ok(())
    })
}

/// A program that waits in threads and in `async` code, while the test plays the outside world.
#[test]
fn with_time_by_hand_a_wait_leaves_the_clock_to_another_thread() {
    without_hanging(|| {
        let gpio = mock::builder().time_by_hand().open();
        let button = Button::builder(2).hold_time(secs(1)).gpio(&gpio).open()?;
        let waits = [
            waiting({
                let button = button.clone();
                move || button.wait_for_press().is_ok()
            }),
            waiting({
                let button = button.clone();
                move || block_on(button.pressed()).is_ok()
            }),
            waiting({
                let gpio = gpio.clone();
                move || {
                    gpio.sleep(secs(5));
                    gpio.elapsed() >= secs(5)
                }
            }),
            waiting({
                let button = button.clone();
                move || button.events().next_timeout(secs(100)).is_some()
            }),
            waiting({
                let events = button.events();
                move || events.filter(|event| event.kind == EventKind::Held).count() == 1
            }),
        ];
        // A handler runs on the thread that moves the clock: what waits in a handler moves it.
        button.when_held({
            let (gpio, button) = (gpio.clone(), button.clone());
            move |_| {
                let start = gpio.now();
                gpio.sleep(ms(500));
                assert_eq!(gpio.now() - start, ms(500));
                button.wait_for_release()
            }
        });
        thread::sleep(ms(10));
        assert_eq!(gpio.elapsed(), ms(0), "nobody has moved the clock");
        gpio.line(2).press(secs(3));
        while gpio.elapsed() < secs(10) {
            gpio.advance(ms(100));
        }
        assert!(waits[..4].iter().all(receive));
        button.close()?;
        assert!(receive(&waits[4]));
        assert_eq!(gpio.panics(), 0);
        Ok::<(), Error>(())
    })
    .unwrap();
}

#[test]
fn a_timed_wait_ends_by_the_clock_that_another_thread_moves() {
    without_hanging(|| {
        let gpio = mock::builder().time_by_hand().open();
        let button = Button::builder(2).gpio(&gpio).open()?;
        let wait = waiting(move || button.wait_for_press_timeout(secs(3600)));
        thread::sleep(ms(20));
        assert!(wait.try_recv().is_err());
        gpio.advance(secs(3600));
        assert!(!receive(&wait)?);
        Ok::<(), Error>(())
    })
    .unwrap();
}
