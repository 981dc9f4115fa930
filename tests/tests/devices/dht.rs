//! Sensors for temperature and humidity on virtual time: values, faults, and the time between measurements.

use std::sync::atomic::Ordering;
use std::time::Duration;

use proptest::prelude::*;

use pinzero::mock::{self, MockDht, MockGpio};
use pinzero::prelude::*;
use pinzero::{Capabilities, ErrorKind, LineFunction, Reading, Result, Support};
use pinzero_tests::{block_on, poll, without_hanging};

use crate::flaky::Flaky;

/// From a call to its end: the start pulse, and the time for the answer.
const CALL: Duration = ms(2 + 10);

fn room() -> Result<(MockGpio, MockDht, Dht22)> {
    let gpio = mock::gpio();
    let room = gpio.dht22(4);
    let sensor = Dht22::builder(4).gpio(&gpio).open()?;
    Ok((gpio, room, sensor))
}

fn values(reading: Reading) -> (f64, f64) {
    (reading.temperature, reading.humidity)
}

#[test]
fn a_dht22_measures_tenths() -> Result<()> {
    let (gpio, room, sensor) = room()?;
    for (temperature, humidity) in [(21.5, 40.0), (-0.1, 99.9), (-40.0, 0.0), (80.0, 100.0), (0.0, 0.1)] {
        room.set(temperature, humidity);
        assert_eq!(values(sensor.read()?), (temperature, humidity));
        gpio.sleep(secs(2));
    }
    Ok(())
}

#[test]
fn a_dht11_measures_with_a_longer_start_pulse() -> Result<()> {
    let gpio = mock::gpio();
    let room = gpio.dht11(4);
    let sensor = Dht11::builder(4).gpio(&gpio).open()?;
    for (temperature, humidity) in [(24.0, 55.0), (24.4, 53.0), (-10.1, 20.0)] {
        room.set(temperature, humidity);
        assert_eq!(values(sensor.read()?), (temperature, humidity));
        gpio.sleep(secs(1));
    }
    let history = gpio.line(4).history();
    assert_eq!(history[..2], [(ms(0), Level::Low), (ms(18), Level::High)]);
    assert_eq!(room.answers().len(), 3);
    Ok(())
}

#[test]
fn the_start_pulse_and_the_turn_are_exact() -> Result<()> {
    let (gpio, room, sensor) = room()?;
    assert_eq!((gpio.line(4).function(), gpio.line(4).bias()), (LineFunction::Input, Bias::PullUp));
    gpio.advance(secs(1));
    assert_eq!(gpio.line(4).history(), [], "no call before a read");
    let reading = sensor.read()?;
    assert_eq!(gpio.elapsed(), secs(1) + CALL);
    assert_eq!(room.answers(), [ms(1002)]);
    assert_eq!(reading.at.as_nanos(), 1_002_000_000);
    let history = gpio.line(4).history();
    assert_eq!(history[..3], [(ms(1000), Level::Low), (ms(1002), Level::High), (us(1_002_030), Level::Low)]);
    assert_eq!((gpio.line(4).function(), gpio.line(4).level()), (LineFunction::Input, Level::High));
    Ok(())
}

#[test]
fn an_early_read_returns_the_last_reading() -> Result<()> {
    let (gpio, room, sensor) = room()?;
    let first = sensor.read()?;
    room.set(30.0, 60.0);
    gpio.sleep(ms(1987));
    assert_eq!(sensor.read()?, first);
    assert_eq!((gpio.elapsed(), room.answers().len()), (ms(1999), 1));
    gpio.sleep(ms(1));
    assert_eq!(values(sensor.read()?), (30.0, 60.0));
    assert_eq!(room.answers(), [ms(2), ms(2002)]);
    Ok(())
}

#[test]
fn a_wrong_checksum_is_asked_again_after_two_seconds() -> Result<()> {
    let (gpio, room, sensor) = room()?;
    room.corrupt(2);
    assert_eq!(values(sensor.read()?), (20.0, 50.0));
    assert_eq!(room.answers(), [ms(2), ms(2002), ms(4002)]);
    assert_eq!(gpio.elapsed(), secs(4) + CALL);
    gpio.sleep(secs(2));
    room.corrupt(3);
    let error = sensor.read().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    let message = error.to_string();
    assert!(message.starts_with("Dht22 on GPIO4: the checksum of the answer is wrong"), "{message}");
    assert!(message.contains("attempt 3 of 3"), "{message}");
    // The next read waits until the sensor is ready.
    let before = room.answers()[5];
    assert_eq!(values(sensor.read()?), (20.0, 50.0));
    assert_eq!(room.answers()[6] - before, secs(2));
    Ok(())
}

#[test]
fn a_sensor_that_is_not_there_times_out() -> Result<()> {
    let gpio = mock::gpio();
    let sensor = Dht22::builder(4).attempts(1).gpio(&gpio).open()?;
    let error = sensor.read().unwrap_err();
    assert_eq!((error.kind(), gpio.elapsed()), (ErrorKind::TimedOut, CALL));
    let message = error.to_string();
    assert!(message.contains("check its supply") && message.contains("4.7 to 10 kΩ"), "{message}");
    assert!(message.ends_with("(attempt 1 of 1)"), "{message}");
    // It is plugged in meanwhile.
    gpio.dht22(4);
    assert_eq!(values(sensor.read()?), (20.0, 50.0));
    assert_eq!(gpio.elapsed(), secs(2) + CALL);
    Ok(())
}

#[test]
fn silence_takes_all_attempts() -> Result<()> {
    let (gpio, room, sensor) = room()?;
    room.set_silent(true);
    assert_eq!(sensor.read().unwrap_err().kind(), ErrorKind::TimedOut);
    assert_eq!(gpio.elapsed(), secs(4) + CALL);
    room.set_silent(false);
    sensor.read()?;
    assert_eq!(gpio.elapsed(), secs(6) + CALL);
    Ok(())
}

#[test]
fn a_lost_first_edge_does_no_harm_and_others_are_asked_again() -> Result<()> {
    let (gpio, room, sensor) = room()?;
    // The rise at the turn, and the first fall.
    gpio.line(4).lose(2);
    assert_eq!(values(sensor.read()?), (20.0, 50.0));
    assert_eq!(room.answers().len(), 1);
    gpio.sleep(secs(2));
    gpio.line(4).lose(7);
    assert_eq!(values(sensor.read()?), (20.0, 50.0));
    assert_eq!(room.answers().len(), 3);
    Ok(())
}

#[test]
fn the_wrong_type_of_sensor_is_named() -> Result<()> {
    let gpio = mock::gpio();
    gpio.dht11(4);
    let hasty = Dht22::builder(4).attempts(1).gpio(&gpio).open()?;
    // A DHT11 does not hear the short start pulse of a DHT22.
    let error = hasty.read().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(error.to_string().contains("for a DHT11, use `Dht11`, whose start pulse is longer"), "{error}");
    hasty.close()?;
    // Many do, though: here one whose values are read as those of a DHT22.
    let line = gpio.line(5);
    let sensor = Dht22::builder(5).attempts(1).gpio(&gpio).open()?;
    let bits =
        [0x2d_u8, 0, 0x1c, 0, 0x49].into_iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    let mut at = ms(2) + us(30);
    let mut steps = vec![(at, Level::Low), (at + us(80), Level::High)];
    at += us(160);
    for bit in bits {
        steps.extend([(at, Level::Low), (at + us(50), Level::High)]);
        at += if bit == 1 { us(120) } else { us(77) };
    }
    steps.extend([(at, Level::Low), (at + us(50), Level::High)]);
    line.script(steps);
    let error = sensor.read().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("if the sensor is another one, use `Dht11`"), "{error}");
    Ok(())
}

#[test]
fn a_dht22_that_is_read_as_a_dht11_is_named() -> Result<()> {
    let gpio = mock::gpio();
    let room = gpio.dht22(4);
    let sensor = Dht11::builder(4).gpio(&gpio).open()?;
    for (temperature, humidity) in [(21.0, 50.0), (25.6, 51.2), (-0.1, 0.5), (0.0, 76.8)] {
        room.set(temperature, humidity);
        let error = sensor.read().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.to_string().contains("if the sensor is another one, use `Dht22`"), "{error}");
    }
    Ok(())
}

#[test]
fn reads_at_once_share_a_measurement() -> Result<()> {
    let (gpio, room, sensor) = room()?;
    let (one, other) = (sensor.clone(), sensor.clone());
    let read = std::sync::Arc::new(std::sync::Mutex::new(None));
    let noted = read.clone();
    // In the middle of the measurement that `one` began.
    gpio.after(ms(5), move || *noted.lock().unwrap() = Some(other.read()))?;
    let first = one.read()?;
    let second = read.lock().unwrap().take().unwrap()?;
    assert_eq!((first, room.answers().len()), (second, 1));
    Ok(())
}

#[test]
fn a_future_reads_and_may_be_dropped() -> Result<()> {
    let (gpio, room, sensor) = room()?;
    assert_eq!(values(block_on(sensor.read_async())?), (20.0, 50.0));
    assert_eq!(gpio.elapsed(), CALL);

    let gpio = mock::builder().time_by_hand().open();
    let other = gpio.dht22(4);
    let sensor = Dht22::builder(4).gpio(&gpio).open()?;
    drop(sensor.read_async());
    assert_eq!(gpio.line(4).history(), [], "a future that is not polled does nothing");
    let mut future = Box::pin(sensor.read_async());
    assert!(poll(&mut future).is_pending());
    gpio.advance(ms(3));
    drop(future);
    gpio.advance(ms(20));
    let mut future = Box::pin(sensor.read_async());
    assert!(poll(&mut future).is_ready(), "the measurement has gone on");
    assert_eq!((other.answers().len(), room.answers().len()), (1, 1));
    Ok(())
}

#[test]
fn closing_ends_a_read() -> Result<()> {
    let (gpio, room, sensor) = room()?;
    room.set_silent(true);
    let clone = sensor.clone();
    gpio.after(ms(100), move || clone.close())?;
    assert_eq!(sensor.read().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(gpio.elapsed(), ms(100));
    assert_eq!(sensor.read().unwrap_err().kind(), ErrorKind::Closed);
    assert!(sensor.is_closed());
    // During the start pulse: the line is given back.
    let sensor = Dht22::builder(4).gpio(&gpio).open()?;
    let clone = sensor.clone();
    gpio.after(ms(1), move || clone.close())?;
    assert_eq!(sensor.read().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(gpio.line(4).level(), Level::High);
    Ok(())
}

#[test]
fn a_pin_that_cannot_be_turned_is_an_error_of_the_read() -> Result<()> {
    let mock = mock::gpio();
    let room = mock.dht22(4);
    let (gpio, fails) = Flaky::over(&mock)?;
    let sensor = Dht22::builder(4).gpio(&gpio).open()?;
    let complaints = pinzero_tests::Log::new();
    let log = complaints.clone();
    gpio.on_error(move |error| log.push(error.to_string()));
    fails.store(1, Ordering::Relaxed);
    let error = without_hanging({
        let sensor = sensor.clone();
        move || sensor.read().unwrap_err()
    });
    assert!(error.to_string().starts_with("Dht22 on GPIO4"), "{error}");
    assert_eq!((complaints.take(), room.answers().len()), (vec![], 0));
    Ok(())
}

#[test]
fn factories_that_cannot_time_an_answer_are_refused() -> Result<()> {
    let native = Support::Native;
    let all =
        Capabilities { output: native, input: native, bias: native, flex: native, ..Capabilities::NONE };
    let gpio = mock::builder().capabilities(all).open();
    let error = Dht22::builder(4).gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let expected = "Dht22 on GPIO4: the times of edges carry the bits, and this factory reports no edges";
    assert!(error.to_string().starts_with(expected), "{error}");
    let gpio =
        mock::builder().capabilities(Capabilities { edges: native, flex: Support::None, ..all }).open();
    let error = Dht11::builder(4).gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("`flex`"), "{error}");
    // Without pulls, the sensor's own resistor does.
    let gpio =
        mock::builder().capabilities(Capabilities { edges: native, bias: Support::None, ..all }).open();
    gpio.dht22(4);
    assert_eq!(values(Dht22::builder(4).gpio(&gpio).open()?.read()?), (20.0, 50.0));
    Ok(())
}

#[test]
fn no_attempt_is_refused() {
    let error = Dht22::builder(4).attempts(0).gpio(&mock::gpio()).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidValue);
    assert!(error.to_string().contains("give 1 or more"), "{error}");
}

#[test]
fn debug_tells_the_last_reading() -> Result<()> {
    let (_gpio, room, sensor) = room()?;
    assert_eq!(format!("{sensor:?}"), "Dht22(GPIO4, no reading)");
    room.set(21.5, 40.0);
    sensor.read()?;
    assert_eq!(format!("{sensor:?}, {sensor}"), "Dht22(GPIO4, 21.5 °C, 40 %), Dht22 on GPIO4");
    assert_eq!(format!("{room:?}"), "MockDht(DHT22, GPIO4, 21.5 °C, 40 %)");
    sensor.close()?;
    assert_eq!(format!("{sensor:?}"), "Dht22(GPIO4, closed)");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    /// Whatever edges come, a read ends in time.
    #[test]
    fn any_noise(gaps in prop::collection::vec(1_u64..300, 0..400)) {
        let gpio = mock::gpio();
        let sensor = Dht22::builder(4).attempts(2).gpio(&gpio).open().unwrap();
        let mut at = ms(2);
        let mut level = Level::High;
        let steps: Vec<_> = gaps.into_iter().map(|gap| { at += us(gap); level = !level; (at, level) }).collect();
        gpio.line(4).script(steps);
        if sensor.read().is_err() {
            prop_assert_eq!(gpio.elapsed(), secs(2) + CALL);
        }
    }
}
