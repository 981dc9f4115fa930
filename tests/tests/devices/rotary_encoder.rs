//! Rotary encoders on virtual time: the table of states, the ends, thresholds, waits and losses.

use std::pin::pin;
use std::sync::mpsc;

use pinzero::mock::{self, MockEncoder, MockGpio};
use pinzero::options::Rotary;
use pinzero::prelude::*;
use pinzero::{Builder, Direction, EncoderStep, ErrorKind, Result, Rotation, RotationKind};
use pinzero_tests::{Log, at, block_on, eventually, poll, without_hanging};
use proptest::prelude::*;

use Direction::{Clockwise, CounterClockwise};
use RotationKind::{Activated, Deactivated, Rotated};

const LOW: Level = Level::Low;
const HIGH: Level = Level::High;

type Options = fn(Builder<RotaryEncoder, Rotary>) -> Builder<RotaryEncoder, Rotary>;

fn open(gpio: &Gpio, options: Options) -> Result<RotaryEncoder> {
    options(RotaryEncoder::builder(20, 21)).gpio(gpio).open()
}

fn knob(options: Options) -> Result<(MockGpio, MockEncoder, RotaryEncoder)> {
    let gpio = mock::gpio();
    let knob = gpio.encoder(20, 21);
    let encoder = open(&gpio, options)?;
    Ok((gpio, knob, encoder))
}

/// Turns by quarters, one each 10 ms, and returns the steps after that.
fn turn(gpio: &MockGpio, knob: &MockEncoder, encoder: &RotaryEncoder, quarters: i32) -> Result<i64> {
    knob.quarter_steps(quarters, ms(10));
    gpio.advance(ms(10) * quarters.unsigned_abs());
    encoder.steps()
}

/// Notes all events.
fn record(encoder: &RotaryEncoder) -> Log<(RotationKind, Direction, i64)> {
    let log = Log::new();
    let note = |log: &Log<_>| {
        let log = log.clone();
        move |rotation: Rotation| log.push((rotation.kind, rotation.direction, rotation.steps))
    };
    // The order of registration is not the order of the events.
    encoder.when_deactivated(note(&log));
    encoder.when_activated(note(&log));
    encoder.when_rotated(note(&log));
    log
}

#[test]
fn a_step_is_a_whole_a_half_or_a_quarter_of_the_cycle() -> Result<()> {
    let steps: [(Options, [i64; 8]); 3] = [
        (|builder| builder, [0, 0, 0, 1, 1, 1, 1, 2]),
        (|builder| builder.step(EncoderStep::Half), [0, 1, 1, 2, 2, 3, 3, 4]),
        (|builder| builder.step(EncoderStep::Quarter), [1, 2, 3, 4, 5, 6, 7, 8]),
    ];
    for (options, expected) in steps {
        for sign in [1, -1] {
            let (gpio, knob, encoder) = knob(options)?;
            for (quarter, steps) in expected.iter().enumerate() {
                let turned = turn(&gpio, &knob, &encoder, sign)?;
                assert_eq!(turned, steps * i64::from(sign), "after quarter {quarter}");
            }
            // And back.
            assert_eq!(turn(&gpio, &knob, &encoder, -8 * sign)?, 0);
        }
    }
    Ok(())
}

#[test]
fn a_step_has_the_time_of_its_last_edge_and_its_direction() -> Result<()> {
    let (gpio, knob, encoder) = knob(|builder| builder)?;
    let events = encoder.events();
    knob.turn(1, ms(40));
    knob.turn(-2, ms(20));
    gpio.advance(secs(1));
    let seen: Vec<_> = events
        .take(5)
        .map(|rotation| (rotation.kind, rotation.at, rotation.direction, rotation.steps, rotation.missed))
        .collect();
    assert_eq!(
        seen,
        [
            (Rotated, at(40), Clockwise, 1, 0),
            (Deactivated, at(40), Clockwise, 1, 0),
            (Rotated, at(60), CounterClockwise, 0, 0),
            (Activated, at(60), CounterClockwise, 0, 0),
            (Rotated, at(80), CounterClockwise, -1, 0),
        ]
    );
    Ok(())
}

#[test]
fn a_turn_back_between_two_detents_counts_nothing() -> Result<()> {
    for quarters in 1..4 {
        for sign in [1, -1] {
            let (gpio, knob, encoder) = knob(|builder| builder)?;
            let log = record(&encoder);
            for _ in 0..3 {
                turn(&gpio, &knob, &encoder, quarters * sign)?;
                turn(&gpio, &knob, &encoder, -quarters * sign)?;
            }
            assert_eq!((encoder.steps()?, log.take()), (0, vec![]));
            // The next whole turn counts, in either direction.
            assert_eq!(turn(&gpio, &knob, &encoder, 4 * sign)?, i64::from(sign));
            assert_eq!(turn(&gpio, &knob, &encoder, -4 * sign)?, 0);
        }
    }
    Ok(())
}

#[test]
fn a_half_step_turned_back_before_its_end_counts_nothing() -> Result<()> {
    let (gpio, knob, encoder) = knob(|builder| builder.step(EncoderStep::Half))?;
    turn(&gpio, &knob, &encoder, 1)?;
    assert_eq!(turn(&gpio, &knob, &encoder, -2)?, 0);
    assert_eq!(turn(&gpio, &knob, &encoder, -1)?, -1);
    Ok(())
}

#[test]
fn a_knob_that_starts_between_two_detents_counts_from_the_next_one() -> Result<()> {
    for start in 1..4 {
        for sign in [1, -1] {
            let gpio = mock::gpio();
            let knob = gpio.encoder(20, 21);
            let before = open(&gpio, |builder| builder)?;
            turn(&gpio, &knob, &before, start)?;
            before.close()?;
            let encoder = open(&gpio, |builder| builder)?;
            let to_rest = if sign > 0 { 4 - start } else { start };
            assert_eq!(turn(&gpio, &knob, &encoder, sign * to_rest)?, 0, "from {start}");
            assert_eq!(turn(&gpio, &knob, &encoder, sign * 4)?, i64::from(sign));
        }
    }
    Ok(())
}

#[test]
fn an_encoder_reads_its_contacts_when_it_opens_and_causes_no_event() -> Result<()> {
    let gpio = mock::gpio();
    gpio.line(20).drive(LOW);
    gpio.line(21).drive(LOW);
    let encoder = open(&gpio, |builder| builder.step(EncoderStep::Quarter))?;
    let log = record(&encoder);
    gpio.advance(secs(1));
    assert_eq!((encoder.steps()?, log.take()), (0, vec![]));
    gpio.line(20).release();
    assert_eq!(encoder.steps()?, 1, "b alone comes after a and b");
    Ok(())
}

#[test]
fn a_wrap_goes_from_one_end_to_the_other() -> Result<()> {
    let (gpio, knob, encoder) = knob(|builder| builder.max_steps(2).wrap(true))?;
    let mut seen = Vec::new();
    for sign in [1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1] {
        seen.push(turn(&gpio, &knob, &encoder, 4 * sign)?);
    }
    // 2 * 2 + 1 places, as in gpiozero.
    assert_eq!(seen, [1, 2, -2, -1, 0, 1, 0, -1, -2, 2, 1, 0]);
    Ok(())
}

#[test]
fn steps_stay_at_the_ends_and_the_events_come_all_the_same() -> Result<()> {
    let (gpio, knob, encoder) = knob(|builder| builder.max_steps(2))?;
    let log = record(&encoder);
    knob.turn(4, ms(20));
    gpio.advance(ms(80));
    assert_eq!((encoder.steps()?, encoder.value()?), (2, 1.0));
    let rotated = |steps| (Rotated, Clockwise, steps);
    assert_eq!(log.take(), [rotated(1), (Deactivated, Clockwise, 1), rotated(2), rotated(2), rotated(2)]);
    // What was turned beyond the end is not kept.
    assert_eq!(turn(&gpio, &knob, &encoder, -4)?, 1);
    assert_eq!(turn(&gpio, &knob, &encoder, -4 * 9)?, -2);
    assert_eq!(encoder.value()?, -1.0);
    Ok(())
}

#[test]
fn without_a_maximum_there_is_no_end_and_no_value() -> Result<()> {
    for wrap in [false, true] {
        let (gpio, knob, encoder) = knob(if wrap {
            |builder| builder.max_steps(0).wrap(true)
        } else {
            |builder| builder.max_steps(0)
        })?;
        assert_eq!(turn(&gpio, &knob, &encoder, 4 * 100)?, 100);
        assert_eq!(encoder.value()?, 0.0);
        encoder.set_steps(-1_000_000)?;
        assert_eq!(turn(&gpio, &knob, &encoder, -4)?, -1_000_001);
        encoder.set_value(0.0)?;
        let error = encoder.set_value(0.5).unwrap_err();
        assert_eq!((error.kind(), encoder.steps()?), (ErrorKind::InvalidValue, 0));
        assert!(error.to_string().contains("set_steps"), "{error}");
        // The last number there is is an end.
        encoder.set_steps(i64::MAX)?;
        assert_eq!(turn(&gpio, &knob, &encoder, 4)?, i64::MAX);
        encoder.set_steps(i64::MIN)?;
        assert_eq!(turn(&gpio, &knob, &encoder, -4)?, i64::MIN);
    }
    Ok(())
}

#[test]
fn thresholds_make_a_window() -> Result<()> {
    let (gpio, knob, encoder) = knob(|builder| builder.threshold_steps(2, 3))?;
    assert!(!encoder.is_active()?);
    assert_eq!((encoder.active_time(), encoder.inactive_time()), (None, Some(ms(0))));
    let log = record(&encoder);
    for steps in 1..=4 {
        turn(&gpio, &knob, &encoder, 4)?;
        assert_eq!(encoder.is_active()?, (2..=3).contains(&steps));
    }
    assert_eq!((encoder.active_time(), encoder.inactive_time()), (None, Some(ms(0))));
    gpio.advance(ms(7));
    assert_eq!(encoder.inactive_time(), Some(ms(7)));
    turn(&gpio, &knob, &encoder, -4)?;
    assert_eq!((encoder.active_time(), encoder.inactive_time()), (Some(ms(0)), None));
    assert_eq!(
        log.take(),
        [
            (Rotated, Clockwise, 1),
            (Rotated, Clockwise, 2),
            (Activated, Clockwise, 2),
            (Rotated, Clockwise, 3),
            (Rotated, Clockwise, 4),
            (Deactivated, Clockwise, 4),
            (Rotated, CounterClockwise, 3),
            (Activated, CounterClockwise, 3),
        ]
    );
    let error = RotaryEncoder::builder(5, 6).threshold_steps(3, 2).gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidValue);
    assert!(error.to_string().contains("RotaryEncoder") && error.to_string().contains("GPIO5"), "{error}");
    Ok(())
}

#[test]
fn steps_and_values_can_be_set() -> Result<()> {
    let (gpio, knob, encoder) = knob(|builder| builder.max_steps(10))?;
    let log = record(&encoder);
    encoder.set_steps(-10)?;
    encoder.set_steps(3)?;
    assert_eq!((encoder.steps()?, encoder.value()?), (3, 0.3));
    encoder.set_value(-0.59)?;
    assert_eq!(encoder.steps()?, -6, "the nearest");
    encoder.set_value(1.0)?;
    assert_eq!(encoder.steps()?, 10);
    encoder.set_value(0.0)?;
    // A step of a program is no rotation.
    assert_eq!(log.take(), [(Deactivated, Clockwise, -10), (Activated, Clockwise, 0)]);
    for steps in [11, -11, i64::MAX, i64::MIN] {
        let error = encoder.set_steps(steps).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        let message = error.to_string();
        assert!(message.contains("-10 to 10") && message.contains("GPIO20"), "{message}");
    }
    for value in [1.01, -1.01, f64::NAN, f64::INFINITY] {
        let error = encoder.set_value(value).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        assert!(error.to_string().contains("-1 to 1") && error.to_string().contains("GPIO20"), "{error}");
    }
    assert_eq!(encoder.steps()?, 0);
    // A half turn goes on where it was.
    turn(&gpio, &knob, &encoder, 2)?;
    encoder.set_steps(5)?;
    assert_eq!(turn(&gpio, &knob, &encoder, 2)?, 6);
    encoder.close()?;
    assert_eq!(encoder.set_steps(0).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(encoder.set_value(0.0).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(encoder.steps().unwrap_err().kind(), ErrorKind::Closed);
    Ok(())
}

/// 29 steps of 100 are 0.29, and 0.29 times 100 is a little less than 29.
#[test]
fn a_value_that_was_read_can_be_set_again() -> Result<()> {
    let gpio = mock::gpio();
    for max in [1, 7, 16, 100, 1000] {
        let encoder = RotaryEncoder::builder(20, 21).max_steps(max).gpio(&gpio).open()?;
        for steps in -i64::from(max)..=i64::from(max) {
            encoder.set_steps(steps)?;
            encoder.set_value(encoder.value()?)?;
            assert_eq!(encoder.steps()?, steps, "of {max}");
        }
        encoder.close()?;
    }
    Ok(())
}

#[test]
fn a_lost_edge_may_cost_a_step_and_the_next_ones_are_right() -> Result<()> {
    for (line, sign) in [(20, 1), (21, 1), (20, -1), (21, -1)] {
        for lost in 1..=3 {
            let (gpio, knob, encoder) = knob(|builder| builder)?;
            gpio.line(line).lose(lost);
            turn(&gpio, &knob, &encoder, 4 * sign * 4)?;
            let steps = encoder.steps()?.abs();
            assert!((2..=4).contains(&steps), "{steps} steps with {lost} edges of {line} lost");
            assert_eq!(encoder.missed(), u64::from(lost));
            let before = encoder.steps()?;
            assert_eq!(turn(&gpio, &knob, &encoder, 4 * sign)?, before + i64::from(sign));
            assert_eq!(turn(&gpio, &knob, &encoder, -4 * sign)?, before);
        }
    }
    Ok(())
}

#[test]
fn the_next_event_tells_of_lost_edges_once() -> Result<()> {
    let (gpio, knob, encoder) = knob(|builder| builder.threshold_steps(1, 16))?;
    let events = encoder.events();
    gpio.line(20).lose(1);
    knob.turn(3, ms(20));
    gpio.advance(ms(60));
    let missed: Vec<_> = events.take(3).map(|rotation| (rotation.kind, rotation.missed)).collect();
    assert_eq!(missed, [(Rotated, 1), (Activated, 0), (Rotated, 0)]);
    assert_eq!(encoder.missed(), 1);
    Ok(())
}

/// As with a worn contact: nobody knows of this edge.
#[test]
fn an_edge_that_never_came_costs_a_step_at_most() -> Result<()> {
    for edge in 1..=4 {
        for sign in [1, -1] {
            let (gpio, knob, encoder) = knob(|builder| builder)?;
            knob.skip_edge(edge);
            turn(&gpio, &knob, &encoder, 4 * sign * 2)?;
            assert!([1, 2].contains(&encoder.steps()?.abs()), "{:?} without edge {edge}", encoder.steps());
            let before = encoder.steps()?;
            assert_eq!(turn(&gpio, &knob, &encoder, 4 * sign)?, before + i64::from(sign));
        }
    }
    Ok(())
}

#[test]
fn the_speed_is_that_of_the_last_two_steps_and_fades() -> Result<()> {
    let (gpio, knob, encoder) = knob(|builder| builder)?;
    assert_eq!(encoder.speed()?, 0.0);
    knob.turn(1, ms(100));
    gpio.advance(ms(100));
    assert_eq!(encoder.speed()?, 0.0, "a single step has no speed");
    knob.turn(1, ms(100));
    gpio.advance(ms(100));
    assert_eq!(encoder.speed()?, 10.0);
    gpio.advance(ms(100));
    assert_eq!(encoder.speed()?, 10.0, "the next step may still come in time");
    gpio.advance(ms(100));
    assert_eq!(encoder.speed()?, 5.0);
    gpio.advance(ms(799));
    assert!((encoder.speed()? - 1.0 / 0.999).abs() < 1e-9);
    gpio.advance(ms(1));
    assert_eq!(encoder.speed()?, 0.0);
    knob.turn(-2, ms(50));
    gpio.advance(ms(100));
    assert_eq!(encoder.speed()?, -20.0);
    Ok(())
}

#[test]
fn a_wait_for_one_direction_does_not_end_by_the_other() -> Result<()> {
    let (gpio, knob, encoder) = knob(|builder| builder)?;
    knob.turn(-2, ms(40));
    knob.turn(1, ms(40));
    knob.turn(-1, ms(40));
    encoder.wait_for_rotate()?;
    assert_eq!(gpio.elapsed(), ms(40));
    encoder.wait_for_rotate_clockwise()?;
    assert_eq!(gpio.elapsed(), ms(120));
    encoder.wait_for_rotate_counter_clockwise()?;
    assert_eq!((gpio.elapsed(), encoder.steps()?), (ms(160), -2));
    // A wait is for a further step.
    assert!(!encoder.wait_for_rotate_timeout(ms(100))?);
    assert_eq!(gpio.elapsed(), ms(260));
    knob.turn(-1, ms(40));
    assert!(!encoder.wait_for_rotate_clockwise_timeout(ms(100))?);
    assert_eq!(gpio.elapsed(), ms(360));
    knob.turn(1, ms(40));
    assert!(!encoder.wait_for_rotate_counter_clockwise_timeout(ms(100))?);
    knob.turn(1, ms(40));
    assert!(encoder.wait_for_rotate_clockwise_timeout(ms(100))?);
    knob.turn(-1, ms(40));
    assert!(encoder.wait_for_rotate_counter_clockwise_timeout(ms(40))?, "in the very last moment");
    Ok(())
}

#[test]
fn async_waits_see_what_has_happened_since_they_began() -> Result<()> {
    let gpio = mock::builder().time_by_hand().open();
    let knob = gpio.encoder(20, 21);
    let encoder = open(&gpio, |builder| builder.threshold_steps(1, 1))?;
    let (mut any, mut clockwise, mut counter, mut active) = (
        pin!(encoder.rotated()),
        pin!(encoder.rotated_clockwise()),
        pin!(encoder.rotated_counter_clockwise()),
        pin!(encoder.activated()),
    );
    assert!(poll(&mut any).is_pending() && poll(&mut active).is_pending());
    // Not polled yet, but it has begun. The steps go beyond the window again.
    knob.turn(2, ms(40));
    gpio.advance(ms(80));
    assert!(poll(&mut any).is_ready() && poll(&mut clockwise).is_ready());
    assert!(poll(&mut active).is_ready(), "active has come, and gone");
    assert!(poll(&mut counter).is_pending());
    knob.turn(-1, ms(40));
    gpio.advance(ms(40));
    block_on(counter)?;
    block_on(encoder.activated())?;
    let mut inactive = pin!(encoder.deactivated());
    assert!(poll(&mut inactive).is_pending());
    encoder.close()?;
    assert_eq!(block_on(inactive).unwrap_err().kind(), ErrorKind::Closed);
    Ok(())
}

#[test]
fn waits_for_the_thresholds_see_a_state_that_has_passed_again() -> Result<()> {
    let gpio = mock::gpio();
    let encoder = open(&gpio, |builder| builder.step(EncoderStep::Quarter).threshold_steps(1, 1))?;
    encoder.wait_for_inactive()?;
    // Both contacts close in one instant: in and out again.
    gpio.line(20).script([(ms(10), LOW)]);
    gpio.line(21).script([(ms(10), LOW)]);
    encoder.wait_for_active()?;
    assert_eq!((gpio.elapsed(), encoder.steps()?), (ms(10), 2));
    assert!(!encoder.wait_for_active_timeout(ms(5))?);
    gpio.line(21).script([(ms(10), HIGH)]);
    assert!(encoder.wait_for_active_timeout(ms(10))?);
    assert!(!encoder.wait_for_inactive_timeout(ms(5))?);
    encoder.set_steps(0)?;
    assert!(encoder.wait_for_inactive_timeout(ms(0))?);
    Ok(())
}

#[test]
fn a_close_ends_waits_and_events_and_gives_the_pins_back() -> Result<()> {
    let (gpio, knob, encoder) = knob(|builder| builder.button(16))?;
    let mut events = encoder.events();
    let clone = encoder.clone();
    gpio.after(ms(500), move || clone.close())?;
    assert_eq!(encoder.wait_for_rotate().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!((gpio.elapsed(), events.next(), encoder.is_closed()), (ms(500), None, true));
    assert_eq!(format!("{encoder:?}"), "RotaryEncoder(GPIO20, GPIO21, closed)");
    assert_eq!((encoder.missed(), encoder.active_time().is_some()), (0, true));
    encoder.close()?;
    drop(open(&gpio, |builder| builder.button(16))?);
    // The last handle closes, too.
    let encoder = open(&gpio, |builder| builder)?;
    let log = record(&encoder);
    drop(encoder.clone());
    knob.turn(1, ms(40));
    gpio.advance(ms(40));
    assert_eq!(log.take().len(), 2);
    drop(encoder);
    knob.turn(1, ms(40));
    gpio.advance(ms(40));
    assert_eq!(log.take(), []);
    gpio.input(20).open()?.close()
}

#[test]
fn a_handler_may_close_the_encoder() -> Result<()> {
    let (gpio, knob, encoder) = knob(|builder| builder)?;
    let log = record(&encoder);
    let clone = encoder.clone();
    encoder.when_rotated(move |_| clone.close());
    knob.turn(3, ms(40));
    gpio.advance(secs(1));
    assert!(encoder.is_closed());
    assert_eq!(log.take()[0], (Rotated, Clockwise, 1));
    gpio.input(20).open()?.close()
}

#[test]
fn a_handler_may_use_the_encoder() -> Result<()> {
    let (gpio, knob, encoder) = knob(|builder| builder.max_steps(3))?;
    let log = Log::new();
    let (clone, seen) = (encoder.clone(), log.clone());
    // A knob that starts afresh from the middle at its end.
    encoder.when_rotated(move |rotation| {
        seen.push((rotation.steps, clone.steps()?, clone.is_active()?));
        if rotation.steps == 3 { clone.set_steps(0) } else { Ok(()) }
    });
    knob.turn(4, ms(40));
    gpio.advance(secs(1));
    assert_eq!(log.take(), [(1, 1, false), (2, 2, false), (3, 3, false), (1, 1, false)]);
    Ok(())
}

#[test]
fn handlers_of_a_direction_and_their_errors() -> Result<()> {
    let (gpio, knob, encoder) = knob(|builder| builder)?;
    let (log, errors) = (Log::new(), Log::new());
    let (clockwise, counter, told) = (log.clone(), log.clone(), errors.clone());
    gpio.on_error(move |error| told.push(error.to_string()));
    let handler = encoder.when_rotated_clockwise(move |rotation| clockwise.push(rotation.steps));
    encoder.when_rotated_counter_clockwise(move |rotation| {
        counter.push(-rotation.steps);
        Err::<(), _>(Error::new(ErrorKind::InvalidValue, "on purpose"))
    });
    knob.turn(2, ms(40));
    knob.turn(-3, ms(40));
    gpio.advance(secs(1));
    assert_eq!(log.take(), [1, 2, -1, 0, 1]);
    let errors = errors.take();
    assert_eq!(errors.len(), 3);
    assert!(errors[0].contains("RotaryEncoder") && errors[0].contains("on purpose"), "{errors:?}");
    handler.remove();
    knob.turn(1, ms(40));
    gpio.advance(secs(1));
    assert_eq!(log.take(), []);
    encoder.clear_handlers();
    knob.turn(-1, ms(40));
    gpio.advance(secs(1));
    assert_eq!(log.take(), []);
    Ok(())
}

#[test]
fn a_slow_handler_loses_no_step() {
    without_hanging(|| -> Result<()> {
        let gpio = mock::builder().realtime().open();
        let encoder = open(&gpio, |builder| builder.max_steps(0))?;
        let (go_on, gate) = mpsc::channel::<()>();
        let log = Log::new();
        let seen = log.clone();
        encoder.when_rotated(move |rotation| {
            // Until the sender is dropped.
            _ = gate.recv();
            seen.push(rotation.steps);
        });
        for _ in 0..200 {
            for (pin, level) in [(20, LOW), (21, LOW), (20, HIGH), (21, HIGH)] {
                gpio.line(pin).drive(level);
            }
        }
        eventually("all steps are counted", || matches!(encoder.steps(), Ok(200)));
        drop(go_on);
        let mut told = Vec::new();
        eventually("all steps are told", || {
            told.extend(log.take());
            told.len() == 200
        });
        assert!(told.into_iter().eq(1..=200));
        assert_eq!(encoder.missed(), 0);
        Ok(())
    })
    .unwrap();
}

#[test]
fn the_push_switch_is_a_button() -> Result<()> {
    let (gpio, knob, encoder) = knob(|builder| builder.button(16))?;
    let button = encoder.button().unwrap();
    let log = Log::new();
    let pressed = log.clone();
    button.when_pressed(move |_| pressed.push("pressed"));
    gpio.line(16).press(ms(80));
    knob.turn(1, ms(40));
    gpio.advance(ms(40));
    assert_eq!((log.take(), button.is_pressed()?, encoder.steps()?), (vec!["pressed"], true, 1));
    assert_eq!(encoder.parts().len(), 2);
    encoder.close()?;
    assert!(button.is_closed());
    gpio.input(16).open()?.close()?;
    assert!(open(&gpio, |builder| builder)?.button().is_none());
    Ok(())
}

#[test]
fn two_roles_on_one_pin_and_half_an_encoder_are_refused() -> Result<()> {
    let gpio = mock::gpio();
    let same: [(Options, [&str; 2]); 2] = [
        (|builder| builder.button(20), ["`a`", "button"]),
        (|builder| builder.button("J8:40"), ["`b`", "button"]),
    ];
    for (options, roles) in same {
        let error = open(&gpio, options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PinInUse);
        let message = error.to_string();
        assert!(roles.iter().all(|role| message.contains(role)), "{message}");
        assert!(message.contains("RotaryEncoder"), "{message}");
    }
    let error = RotaryEncoder::builder(20, "GPIO20").gpio(&gpio).open().unwrap_err();
    assert!(error.to_string().contains("`a` and `b`") || error.to_string().contains("`a`"), "{error}");
    // Nothing is half open after an error.
    let led = Led::builder(16).gpio(&gpio).open()?;
    let error = open(&gpio, |builder| builder.button(16)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PinInUse);
    assert!(error.to_string().contains("RotaryEncoder") && error.to_string().contains("Led"), "{error}");
    led.close()?;
    drop(open(&gpio, |builder| builder.button(16))?);
    Ok(())
}

#[test]
fn debug_tells_the_steps() -> Result<()> {
    let (gpio, knob, encoder) = knob(|builder| builder)?;
    turn(&gpio, &knob, &encoder, -8)?;
    assert_eq!(format!("{encoder:?}"), "RotaryEncoder(GPIO20, GPIO21, -2 steps)");
    assert_eq!(encoder.to_string(), "RotaryEncoder on GPIO20 and GPIO21");
    gpio.close()?;
    assert_eq!(format!("{encoder:?}"), "RotaryEncoder(GPIO20, GPIO21, closed)");
    Ok(())
}

/// What the hand does: turns of so many quarters, and how often the contact that moves bounces at each of them.
fn hand() -> impl Strategy<Value = Vec<(i32, u8)>> {
    prop::collection::vec((-9..9, 0u8..5), 0..30)
}

/// Returns the levels of a and b in this place of the cycle.
fn contacts(place: i32) -> [Level; 2] {
    let place = place.rem_euclid(4);
    [Level::from(!(1..=2).contains(&place)), Level::from(!(2..=3).contains(&place))]
}

/// Plays the hand, and returns the steps after each turn.
fn play(step: EncoderStep, hand: &[(i32, u8)]) -> Result<Vec<i64>> {
    let gpio = mock::gpio();
    let encoder = RotaryEncoder::builder(20, 21).max_steps(0).step(step).gpio(&gpio).open()?;
    let log = record(&encoder);
    let mut place = 0;
    for (quarters, bounces) in hand {
        for _ in 0..quarters.abs() {
            let before = place;
            place += quarters.signum();
            // There, and so many times back and there again.
            for flip in 0..=2 * bounces {
                let [a, b] = contacts(if flip % 2 == 0 { place } else { before });
                gpio.line(20).drive(a);
                gpio.line(21).drive(b);
                gpio.advance(us(100));
            }
        }
    }
    let rotated = log.take().into_iter().filter(|(kind, ..)| *kind == Rotated).map(|(.., steps)| steps);
    Ok(rotated.collect())
}

/// Returns the detents that the knob reaches from another one, whatever happens on the way.
fn detents(quarters: i32, hand: &[(i32, u8)]) -> Vec<i64> {
    let (mut place, mut last, mut reached) = (0, 0, Vec::new());
    for (turned, _) in hand {
        for _ in 0..turned.abs() {
            place += turned.signum();
            if place % quarters == 0 && place / quarters != last {
                last = place / quarters;
                reached.push(i64::from(last));
            }
        }
    }
    reached
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_steps_are_the_detents_reached_and_bounces_of_one_contact_change_nothing(hand in hand()) {
        let clean: Vec<_> = hand.iter().map(|(quarters, _)| (*quarters, 0)).collect();
        for (step, quarters) in [(EncoderStep::Full, 4), (EncoderStep::Half, 2), (EncoderStep::Quarter, 1)] {
            prop_assert_eq!(play(step, &clean).unwrap(), detents(quarters, &hand), "{:?}", step);
        }
        prop_assert_eq!(play(EncoderStep::Full, &hand).unwrap(), detents(4, &hand));
    }
}

#[test]
fn a_push_switch_can_be_closed_alone() -> Result<()> {
    let gpio = mock::gpio();
    let knob = gpio.encoder(20, 21);
    let encoder = RotaryEncoder::builder(20, 21).button(16).gpio(&gpio).open()?;
    encoder.button().map(Device::close).transpose()?;
    knob.turn(2, ms(10));
    gpio.advance(secs(1));
    assert_eq!((encoder.is_closed(), encoder.steps()?), (false, 2));
    let _led = Led::builder(16).gpio(&gpio).open()?;
    encoder.close()?;
    assert!(encoder.is_closed());
    Ok(())
}
