//! The time of day on virtual time: boundaries, midnight, zones, the sun, and a clock that jumps.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{ErrorKind, Result, Zone};
use pinzero_tests::Log;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// Notes the events of a device by the virtual clock.
fn record(device: &TimeOfDay) -> Log<(Duration, bool)> {
    let log = Log::new();
    let note = |active| {
        let log = log.clone();
        move |event: Event| log.push((Duration::from_nanos(event.at.as_nanos()), active))
    };
    device.when_activated(note(true));
    device.when_deactivated(note(false));
    log
}

/// Returns a mock whose clock starts so many seconds after 1970.
fn at(seconds: u64) -> MockGpio {
    mock::builder().wall_time(SystemTime::UNIX_EPOCH + secs(seconds)).open()
}

#[test]
fn events_come_exactly_at_the_boundaries() -> Result<()> {
    let gpio = mock::gpio();
    gpio.advance(secs(3)); // so that a reading every 5 seconds would be late
    let time = TimeOfDay::builder("07:00", (8, 0)).gpio(&gpio).open()?;
    let log = record(&time);
    gpio.advance(secs(24 * HOUR));
    assert_eq!(log.take(), [(secs(7 * HOUR), true), (secs(8 * HOUR), false)]);
    Ok(())
}

#[test]
fn a_boundary_between_two_readings_is_not_missed() -> Result<()> {
    let gpio = mock::gpio();
    let time = TimeOfDay::builder("00:00:07", "00:00:08").event_delay(secs(3600)).gpio(&gpio).open()?;
    let log = record(&time);
    gpio.advance(secs(3600));
    assert_eq!(log.take(), [(secs(7), true), (secs(8), false)]);
    Ok(())
}

#[test]
fn a_virtual_clock_is_read_at_the_boundaries_only() -> Result<()> {
    let gpio = mock::gpio();
    let time = TimeOfDay::builder("07:00", "08:00").gpio(&gpio).open()?;
    let log = record(&time);
    // Six million readings, one every 5 seconds, would take minutes.
    let began = std::time::Instant::now();
    gpio.advance(secs(365 * 24 * HOUR));
    assert_eq!(log.take().len(), 2 * 365);
    assert!(began.elapsed() < secs(20), "{:?}", began.elapsed());
    Ok(())
}

#[test]
fn a_start_between_two_seconds_of_the_clock_is_exact_too() -> Result<()> {
    let wall_time = SystemTime::UNIX_EPOCH + ms(6_999_750);
    let gpio = mock::builder().wall_time(wall_time).open();
    let time = TimeOfDay::builder("01:56:40", "02:00").gpio(&gpio).open()?;
    time.wait_for_active()?;
    assert_eq!(gpio.elapsed(), ms(250));
    Ok(())
}

#[test]
fn a_night_goes_on_after_midnight() -> Result<()> {
    let gpio = mock::gpio();
    let night = TimeOfDay::builder("22:00", "06:00").event_delay(secs(MINUTE)).gpio(&gpio).open()?;
    assert!(night.value()?);
    let log = record(&night);
    gpio.advance(secs(24 * HOUR));
    assert_eq!(log.take(), [(secs(6 * HOUR), false), (secs(22 * HOUR), true)]);
    assert_eq!(night.active_time(), Some(secs(2 * HOUR)));
    Ok(())
}

#[test]
fn the_start_belongs_to_the_time_and_the_end_does_not() -> Result<()> {
    for (seconds, expected) in
        [(7 * HOUR - 1, false), (7 * HOUR, true), (8 * HOUR - 1, true), (8 * HOUR, false)]
    {
        let time = TimeOfDay::builder("07:00", "08:00").gpio(&at(seconds)).open()?;
        assert_eq!(time.is_active()?, expected, "{seconds}");
    }
    Ok(())
}

#[test]
fn a_jump_of_the_clock_is_noticed_within_the_event_delay() -> Result<()> {
    let gpio = mock::gpio();
    let shift = Arc::new(AtomicI64::new(0));
    let (own, by) = (gpio.clone(), shift.clone());
    let time = TimeOfDay::builder("07:00", "08:00")
        .clock(move || own.wall_time() + secs(by.load(Ordering::Relaxed).unsigned_abs()))
        .gpio(&gpio)
        .open()?;
    let log = record(&time);
    gpio.advance(secs(12));
    shift.store(7 * HOUR as i64, Ordering::Relaxed);
    gpio.advance(secs(10));
    shift.store(0, Ordering::Relaxed);
    gpio.advance(secs(10));
    assert_eq!(log.take(), [(secs(15), true), (secs(25), false)]);
    Ok(())
}

#[test]
fn a_sunset_before_the_start_leaves_the_day_empty() -> Result<()> {
    // The 21st of June and of December 2026: in Berlin, the sun is up from 02:43 to 19:33, and from 07:15 to 14:54.
    for (day, dusk, dawn) in [(20_625, 3, 4), (20_808, 0, 0)] {
        let gpio = at(day * 24 * HOUR);
        let berlin = Sun::at(52.52, 13.40);
        let devices = [
            (TimeOfDay::builder("18:30", berlin.set()).gpio(&gpio).open()?, dusk),
            (TimeOfDay::builder(berlin.rise(), "05:00").gpio(&gpio).open()?, dawn),
        ];
        let mut active = [0, 0];
        for _ in 0..48 {
            for ((device, _), active) in devices.iter().zip(&mut active) {
                *active += i32::from(device.is_active()?);
            }
            gpio.advance(secs(30 * MINUTE));
        }
        // 18:30, 19:00 and 19:30; 03:00 to 04:30.
        assert_eq!(active, devices.map(|(_, expected)| expected), "{day}");
    }
    Ok(())
}

#[test]
fn a_device_tells_its_times() -> Result<()> {
    let gpio = mock::gpio();
    let time = TimeOfDay::builder("07:00", (23, 59, 59)).gpio(&gpio).open()?;
    assert_eq!((time.start_time(), time.end_time()), ("07:00".parse()?, DayTime::new(23, 59, 59)?));
    assert_eq!((time.zone(), time.event_delay()), (&Zone::Utc, secs(5)));
    assert_eq!(format!("{time:?}"), "TimeOfDay(07:00 to 23:59:59, UTC, inactive)");
    assert_eq!(time.to_string(), "TimeOfDay 07:00 to 23:59:59, UTC");
    Ok(())
}

#[test]
fn times_that_do_not_exist_are_refused() {
    let gpio = mock::gpio();
    let nowhere = Sun::at(91.0, 0.0);
    let berlin = Sun::at(52.52, 13.40);
    for (refused, part) in [
        (TimeOfDay::builder("7 o'clock", "08:00").gpio(&gpio).open(), "7 o'clock"),
        (TimeOfDay::builder("07:00", (24, 0)).gpio(&gpio).open(), "24:00"),
        (TimeOfDay::builder("07:00", "07:00").gpio(&gpio).open(), "two times"),
        (TimeOfDay::builder("07:00", "7:00:00").gpio(&gpio).open(), "two times"),
        (TimeOfDay::builder(nowhere.rise(), "08:00").gpio(&gpio).open(), "91"),
        (TimeOfDay::builder("08:00", Sun::at(0.0, f64::NAN).set()).gpio(&gpio).open(), "NaN"),
        (TimeOfDay::builder(berlin.rise().later(Duration::MAX), "08:00").gpio(&gpio).open(), "12 hours"),
        (TimeOfDay::builder("07:00", "08:00").event_delay(ms(0)).gpio(&gpio).open(), "event_delay"),
        (TimeOfDay::builder("07:00", "08:00").zone("Europe/Nowhere").gpio(&gpio).open(), "Europe/Nowhere"),
        (TimeOfDay::builder("07:00", "08:00").gpio(&at(300_000_000_000)).open(), "set it"),
    ] {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue, "{error}");
        assert!(error.to_string().starts_with("TimeOfDay: ") && error.to_string().contains(part), "{error}");
    }
}

#[test]
fn a_clock_that_goes_mad_is_told_once() -> Result<()> {
    let gpio = mock::gpio();
    let errors = Log::new();
    let log = errors.clone();
    gpio.on_error(move |error| log.push(error.kind()));
    let own = gpio.clone();
    let time = TimeOfDay::builder("07:00", "08:00").clock(move || match own.elapsed().as_secs() {
        60..120 => SystemTime::UNIX_EPOCH - secs(1),
        _ => own.wall_time(),
    });
    let time = time.gpio(&gpio).open()?;
    time.wait_for_active()?;
    assert_eq!((gpio.elapsed(), errors.take()), (secs(7 * HOUR), vec![ErrorKind::InvalidValue]));
    Ok(())
}

/// The seconds from 1970 to a night of 2026 in which the clocks of Berlin go forward, and to one in which they go back, at 00:00 UTC.
const FORWARD: u64 = 1_774_742_400;
const BACK: u64 = 1_792_886_400;

#[test]
fn daylight_saving_follows_the_clock_on_the_wall() -> Result<()> {
    let events = |midnight, start: &str, end: &str| {
        let gpio = at(midnight);
        let time = TimeOfDay::builder(start, end)
            .zone("Europe/Berlin")
            .event_delay(secs(MINUTE))
            .gpio(&gpio)
            .open()?;
        let log = record(&time);
        gpio.advance(secs(6 * HOUR));
        Ok(log.take().into_iter().map(|(at, active)| (at.as_secs() / MINUTE, active)).collect::<Vec<_>>())
    };
    let result: Result<()> = (|| {
        // 02:30 does not exist: at 01:00 UTC the clock goes from 02:00 to 03:00.
        assert_eq!(events(FORWARD, "02:30", "04:00")?, [(60, true), (120, false)]);
        assert_eq!(events(FORWARD, "01:30", "02:30")?, [(30, true), (60, false)]);
        assert_eq!(events(FORWARD, "02:15", "02:45")?, []);
        // 02:30 exists twice, at 00:30 and 01:30 UTC.
        assert_eq!(events(BACK, "02:30", "04:00")?, [(30, true), (180, false)]);
        assert_eq!(events(BACK, "02:15", "02:45")?, [(15, true), (45, false)]);
        Ok(())
    })();
    result
}

#[test]
fn the_local_time_is_that_of_the_system() -> Result<()> {
    // Whatever zone this computer has, the device opens and is active half of the day.
    let gpio = mock::gpio();
    let time =
        TimeOfDay::builder("06:00", "18:00").utc(false).event_delay(secs(MINUTE)).gpio(&gpio).open()?;
    assert_eq!(time.zone(), &Zone::System);
    let log = record(&time);
    gpio.advance(secs(48 * HOUR));
    assert!(log.take().len() >= 3);
    assert_eq!(
        TimeOfDay::builder("06:00", "18:00").utc(false).utc(true).gpio(&gpio).open()?.zone(),
        &Zone::Utc
    );
    Ok(())
}

#[test]
fn a_lamp_follows_the_sun() -> Result<()> {
    // In Berlin, on the 29th of March 2026: sunrise at 04:48, sunset at 17:35 UTC.
    let gpio = at(FORWARD);
    let berlin = Sun::at(52.52, 13.40);
    let dark =
        TimeOfDay::builder(berlin.set().earlier(secs(30 * MINUTE)), berlin.rise()).gpio(&gpio).open()?;
    assert_eq!(dark.to_string(), "TimeOfDay 30 min before sunset to sunrise, UTC");
    let log = record(&dark);
    gpio.advance(secs(24 * HOUR));
    let events = log.take();
    let minutes: Vec<_> = events.iter().map(|(at, active)| ((at.as_secs() + 30) / MINUTE, *active)).collect();
    assert_eq!(minutes, [(4 * 60 + 48, false), (17 * 60 + 5, true)]);
    Ok(())
}

#[test]
fn a_lamp_follows_the_time() -> Result<()> {
    let gpio = mock::gpio();
    let time = TimeOfDay::builder("07:00", "08:00").event_delay(secs(MINUTE)).gpio(&gpio).open()?;
    let lamp = Led::builder(17).gpio(&gpio).open()?;
    lamp.follow(time.values())?;
    gpio.advance(secs(24 * HOUR));
    assert_eq!(gpio.line(17).history(), [(secs(7 * HOUR), Level::High), (secs(8 * HOUR), Level::Low)]);
    Ok(())
}

#[test]
fn the_polar_day_has_no_evening() -> Result<()> {
    // From the first of June 2026, in Tromsø.
    let gpio = at(1_780_272_000);
    let sun = Sun::at(69.65, 18.96);
    let (day, night) = (
        TimeOfDay::builder(sun.rise(), sun.set()).event_delay(secs(HOUR)).gpio(&gpio).open()?,
        TimeOfDay::builder(sun.set(), sun.rise()).event_delay(secs(HOUR)).gpio(&gpio).open()?,
    );
    let (by_day, by_night) = (record(&day), record(&night));
    gpio.advance(secs(20 * 24 * HOUR));
    assert!(day.value()? && !night.value()?);
    assert_eq!((by_day.take(), by_night.take()), (vec![], vec![]));
    Ok(())
}

#[test]
fn the_wall_time_of_a_mock_goes_with_its_clock() {
    let gpio = mock::gpio();
    let midnight = SystemTime::UNIX_EPOCH + secs(1_767_225_600);
    assert_eq!(gpio.wall_time(), midnight);
    gpio.advance(ms(1500));
    assert_eq!(gpio.wall_time(), midnight + ms(1500));
    let real = mock::builder().wall_time(midnight).realtime().open();
    let apart = SystemTime::now().duration_since(real.wall_time()).unwrap_or_default();
    assert!(apart < secs(60), "in real time, the wall time is the computer's");
}
