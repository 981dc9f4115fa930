//! Events in `async` code: a stream, the next of a kind, and nothing lost between two awaits.

use std::pin::pin;
use std::task::Poll;
use std::thread;

use pinzero::EventKind::{Clicked, DoubleClicked, Held, LongPressed, Pressed, Released};
use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{ErrorKind, EventStream, Result};
use pinzero_tests::{block_on, poll, without_hanging};
use tokio_stream::StreamExt;

fn button(gpio: &MockGpio) -> Result<Button> {
    Button::builder(2).gpio(gpio).open()
}

#[test]
fn a_stream_yields_all_events_and_ends_with_the_device() -> Result<()> {
    let gpio = mock::builder().time_by_hand().open();
    let button = button(&gpio)?;
    let mut events: EventStream = button.events().into_stream();
    assert!(poll(&mut pin!(events.next())).is_pending());
    gpio.line(2).press(ms(80));
    gpio.advance(ms(500));
    let kinds = block_on(async {
        let mut kinds = vec![];
        for _ in 0..3 {
            kinds.extend(events.next().await.map(|event| event.kind));
        }
        kinds
    });
    assert_eq!(kinds, [Pressed, Released, Clicked]);
    button.close()?;
    assert!(matches!(poll(&mut pin!(events.next())), Poll::Ready(None)));
    Ok(())
}

#[test]
fn nothing_is_lost_between_two_awaits_of_one_iterator() -> Result<()> {
    let gpio = mock::gpio();
    let button = button(&gpio)?;
    let mut events = button.events();
    block_on(async {
        for round in 0..20 {
            // While the program does something else, the button is pressed five times.
            for _ in 0..5 {
                gpio.line(2).press(ms(10));
                gpio.advance(ms(20));
            }
            let mut presses = 0;
            while presses < 5 {
                let event = events.next_async().await.unwrap();
                presses += u32::from(event.kind == Released);
                assert_eq!(event.missed, 0, "{round}");
            }
        }
    });
    assert_eq!(gpio.elapsed(), ms(20 * 5 * 20));
    Ok(())
}

#[test]
fn a_stream_that_lags_counts_what_it_drops() -> Result<()> {
    let gpio = mock::gpio();
    let gate = DigitalInputDevice::builder(24).gpio(&gpio).open()?;
    let mut events = gate.events().into_stream();
    gpio.line(24).script((1..=3_000).map(|edge| (ms(edge), Level::from(edge % 2 == 1))));
    gpio.advance(secs(4));
    let first = block_on(events.next()).unwrap();
    assert_eq!((first.missed, first.at.as_nanos()), (3_000 - 1_024, 1_977 * 1_000_000));
    let rest = (1..1_024).filter_map(|_| block_on(events.next())).last();
    assert_eq!(rest.map(|event| event.at.as_nanos()), Some(3_000 * 1_000_000));
    Ok(())
}

#[test]
fn each_gesture_can_be_awaited() -> Result<()> {
    let gpio = mock::gpio();
    let button = button(&gpio)?;
    let at = |seconds, millis| secs(seconds) + ms(millis);
    let presses = [(1, 80), (3, 50), (3, 150), (5, 2_500), (9, 2_000)];
    gpio.line(2).script(presses.iter().flat_map(|(start, length)| {
        let start = if *length == 150 { at(*start, 100) } else { secs(*start) };
        [(start, Level::Low), (start + ms(*length).min(secs(9)), Level::High)]
    }));
    block_on(async {
        let clicked = button.clicked().await?;
        assert_eq!((clicked.kind, clicked.lasted, gpio.elapsed()), (Clicked, ms(80), at(1, 380)));
        let double = button.double_clicked().await?;
        assert_eq!((double.kind, gpio.elapsed()), (DoubleClicked, at(3, 250)));
        let long = button.long_pressed().await?;
        assert_eq!((long.kind, gpio.elapsed()), (LongPressed, secs(6)));
        let held = button.held().await?;
        assert_eq!((held.kind, gpio.elapsed()), (Held, secs(10)));
        Ok(())
    })
}

#[test]
fn a_close_ends_what_is_awaited_with_an_error() -> Result<()> {
    let gpio = mock::builder().time_by_hand().open();
    let button = button(&gpio)?;
    let mut clicked = pin!(button.clicked());
    let mut events = button.events();
    assert!(poll(&mut clicked).is_pending());
    button.close()?;
    let Poll::Ready(Err(error)) = poll(&mut clicked) else { panic!("closed, and still pending") };
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert!(block_on(events.next_async()).is_none());
    Ok(())
}

#[test]
fn a_waker_is_woken_by_events_in_real_time() {
    without_hanging(|| {
        let gpio = mock::builder().realtime().open();
        let button = Button::builder(2).double_click_time(ms(5)).gpio(&gpio).open()?;
        let presser = thread::spawn({
            let gpio = gpio.clone();
            move || {
                for _ in 0..50 {
                    thread::sleep(ms(10));
                    gpio.line(2).press(ms(1));
                }
            }
        });
        let clicks = button.events().into_stream().filter(|event| event.kind == Clicked);
        let count = block_on(async {
            button.clicked().await?;
            let mut clicks = pin!(clicks.take(40));
            let mut count = 0;
            while clicks.next().await.is_some() {
                count += 1;
            }
            Ok::<_, Error>(count)
        })?;
        presser.join().unwrap();
        assert_eq!(count, 40);
        Ok::<_, Error>(())
    })
    .unwrap();
}
