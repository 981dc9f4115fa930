//! Smoothed devices on virtual time: queue, threshold, rest.

use std::sync::{Arc, Mutex};

use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{Average, ErrorKind, Result};

const LOW: Level = Level::Low;
const HIGH: Level = Level::High;

fn sensor(gpio: &MockGpio, queue_len: usize, average: Average) -> Result<SmoothedInputDevice> {
    SmoothedInputDevice::builder(4).queue_len(queue_len).average(average).gpio(gpio).open()
}

/// Notes the times and kinds of a device's events.
fn record(device: &SmoothedInputDevice) -> Arc<Mutex<Vec<(u64, bool, u64)>>> {
    let events = Arc::<Mutex<Vec<_>>>::default();
    for active in [true, false] {
        let events = events.clone();
        let note = move |event: Event| {
            let at = event.at.as_nanos() / 1_000_000;
            if let Ok(mut events) = events.lock() {
                events.push((at, active, event.lasted.as_millis() as u64));
            }
        };
        if active {
            device.when_activated(note)
        } else {
            device.when_deactivated(note)
        };
    }
    events
}

#[test]
fn the_value_waits_for_a_full_queue() -> Result<()> {
    let gpio = mock::gpio();
    let device = sensor(&gpio, 5, Average::Mean)?;
    assert_eq!((device.value()?, gpio.elapsed()), (0.0, ms(50)));
    gpio.line(4).drive(HIGH);
    gpio.advance(ms(20));
    assert_eq!((device.value()?, gpio.elapsed()), (0.4, ms(70)));
    Ok(())
}

#[test]
fn a_partial_queue_has_a_value_at_once() -> Result<()> {
    let gpio = mock::gpio();
    gpio.line(4).drive(HIGH);
    let device = SmoothedInputDevice::builder(4).partial(true).gpio(&gpio).open()?;
    assert_eq!((device.value()?, device.is_active()?), (0.0, false));
    gpio.advance(ms(10));
    assert_eq!((device.value()?, device.is_active()?, gpio.elapsed()), (1.0, true, ms(10)));
    Ok(())
}

#[test]
fn events_come_at_the_sample_that_crosses_the_threshold() -> Result<()> {
    let gpio = mock::gpio();
    let device = sensor(&gpio, 4, Average::Mean)?;
    let events = record(&device);
    gpio.line(4).script([(ms(101), HIGH), (ms(301), LOW)]);
    gpio.advance(ms(1000));
    // At 0.75 on the way up; at 0.5, which is not above 0.5, on the way down. The first state was known at 40 ms.
    assert_eq!(*events.lock().unwrap(), [(130, true, 0), (320, false, 190)]);
    Ok(())
}

#[test]
fn a_median_leaves_out_what_strays() -> Result<()> {
    let gpio = mock::gpio();
    let device = sensor(&gpio, 5, Average::Median)?;
    let events = record(&device);
    gpio.line(4).script([(ms(101), HIGH), (ms(121), LOW), (ms(201), HIGH)]);
    gpio.advance(ms(1000));
    assert_eq!(*events.lock().unwrap(), [(230, true, 0)]);
    Ok(())
}

#[test]
fn samples_stay_on_their_beat_after_a_rest() -> Result<()> {
    let gpio = mock::gpio();
    let device = sensor(&gpio, 1, Average::Mean)?;
    let events = record(&device);
    // The queue rests after 10 ms. The samples go on at 10 * n ms.
    gpio.line(4).script([(ms(995), HIGH), (ms(2000), LOW), (ms(3001), HIGH)]);
    gpio.advance(secs(4));
    // An edge at the very time of a sample counts for the next one.
    assert_eq!(*events.lock().unwrap(), [(1000, true, 0), (2010, false, 1010), (3010, true, 0)]);
    Ok(())
}

#[test]
fn a_threshold_can_move() -> Result<()> {
    let gpio = mock::gpio();
    let device = sensor(&gpio, 4, Average::Mean)?;
    let events = record(&device);
    gpio.line(4).script([(ms(15), HIGH), (ms(25), LOW)]);
    gpio.advance(ms(40));
    assert_eq!((device.value()?, device.is_active()?), (0.25, false));
    device.set_threshold(0.2)?;
    assert!(device.is_active()?);
    assert_eq!(*events.lock().unwrap(), [(40, true, 0)]);
    for threshold in [0.0, 1.0, -1.0, f64::NAN] {
        assert_eq!(device.set_threshold(threshold).unwrap_err().kind(), ErrorKind::InvalidValue);
    }
    assert_eq!(device.threshold()?, 0.2);
    Ok(())
}

#[test]
fn ignored_samples_do_not_count() -> Result<()> {
    let gpio = mock::gpio();
    let device = SmoothedInputDevice::builder(4).queue_len(2).ignore([0.0]).gpio(&gpio).open()?;
    gpio.line(4).script([(ms(101), HIGH)]);
    assert_eq!((device.value()?, gpio.elapsed()), (1.0, ms(120)));
    Ok(())
}

#[test]
fn waits_see_a_state_that_has_passed_again() -> Result<()> {
    let gpio = mock::gpio();
    let device = sensor(&gpio, 1, Average::Mean)?;
    gpio.line(4).script([(ms(101), HIGH), (ms(201), LOW)]);
    device.wait_for_active()?;
    assert_eq!(gpio.elapsed(), ms(110));
    device.wait_for_inactive()?;
    assert_eq!((gpio.elapsed(), device.inactive_time(), device.active_time()), (ms(210), Some(ms(0)), None));
    assert!(!device.wait_for_active_timeout(secs(1))?);
    assert!(device.wait_for_inactive_timeout(secs(1))?);
    Ok(())
}

#[test]
fn bad_options_are_refused_and_leave_nothing_open() -> Result<()> {
    let gpio = mock::gpio();
    let builder = || SmoothedInputDevice::builder(4).gpio(&gpio);
    for (builder, part) in [
        (builder().queue_len(0), "queue_len"),
        (builder().queue_len(20_000), "queue_len"),
        (builder().threshold(1.0), "threshold of 1"),
        (builder().sample_wait(us(999)), "sample_wait"),
        (builder().sample_rate(0.0), "sample_rate"),
        (builder().sample_rate(-5.0), "sample_rate"),
        (builder().sample_rate(f64::NAN), "sample_rate"),
        (builder().active_state(true), "active_state"),
        (builder().ignore([0.0, 1.0]), "all samples are ignored"),
    ] {
        let error = builder.open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        assert!(error.to_string().contains(part) && error.to_string().contains("GPIO4"), "{error}");
    }
    drop(builder().open()?);
    Ok(())
}

#[test]
fn a_closed_device_ends_its_waits() -> Result<()> {
    let gpio = mock::gpio();
    let device = sensor(&gpio, 1, Average::Mean)?;
    let clone = device.clone();
    gpio.after(ms(500), move || clone.close())?;
    assert_eq!(device.wait_for_active().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(gpio.elapsed(), ms(500));
    assert_eq!(device.value().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(format!("{device:?}"), "SmoothedInputDevice(GPIO4, closed)");
    let _again = sensor(&gpio, 1, Average::Mean)?;
    Ok(())
}

#[test]
fn a_lost_chip_is_told() -> Result<()> {
    let gpio = mock::gpio();
    let device = sensor(&gpio, 1, Average::Mean)?;
    gpio.close()?;
    assert!(device.is_closed());
    assert_eq!(device.wait_for_active().unwrap_err().kind(), ErrorKind::Closed);
    Ok(())
}

#[test]
fn a_hundred_at_rest_wake_nobody() -> Result<()> {
    let gpio = mock::gpio();
    let open = |pin| MotionSensor::builder(pinzero::Line(pin)).gpio(&gpio).open();
    let sensors = (4..54).map(open).collect::<Result<Vec<_>>>()?;
    gpio.advance(secs(1));
    let error = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| sensors[0].wait_for_motion()));
    assert!(error.is_err(), "nothing is scheduled, so the wait has no end");
    Ok(())
}

#[test]
fn line_and_motion_have_their_words() -> Result<()> {
    let gpio = mock::gpio();
    let line = LineSensor::builder(4).gpio(&gpio).open()?;
    let motion = MotionSensor::builder(17).gpio(&gpio).open()?;
    gpio.line(4).script([(ms(0), HIGH), (ms(201), LOW)]);
    gpio.line(17).script([(ms(301), HIGH), (ms(601), LOW)]);
    line.wait_for_no_line()?;
    assert!(!line.line_detected()?);
    line.wait_for_line()?;
    assert_eq!(gpio.elapsed(), ms(230));
    motion.wait_for_motion()?;
    assert_eq!((gpio.elapsed(), motion.motion_detected()?), (ms(400), true));
    motion.wait_for_no_motion()?;
    assert_eq!(gpio.elapsed(), ms(700));
    assert_eq!(format!("{line:?} {motion:?}"), "LineSensor(GPIO4, 0.000) MotionSensor(GPIO17, 0.000)");
    Ok(())
}
