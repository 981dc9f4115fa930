//! Distance sensors, whose pings are answered from outside.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use pinzero::prelude::*;
use pinzero::time::Instant;
use pinzero_tests::eventually;

use crate::Check;
use crate::rig::{Rig, Verdict, Watch};

pub(crate) const TRIALS: &[Check] = &[
    ("distance_sensor::measures_the_echo", measures_the_echo),
    ("distance_sensor::counts_missed_echoes", counts_missed_echoes),
    ("distance_sensor::two_sensors_take_turns", two_sensors_take_turns),
];

const ECHO: u32 = 24;
const TRIGGER: u32 = 25;

/// What the other sensor is on.
const OTHER: [u32; 2] = [12, 16];

/// The number of distances whose median is the sensor's.
const QUEUE: usize = 9;

/// Metres that sound travels in a second, at 20 °C.
const SPEED: f64 = 343.2;

/// An answered ping.
#[derive(Debug, Clone, Copy)]
struct Ping {
    /// The end of the trigger's pulse.
    at: Instant,
    /// The end of the echo.
    end: Instant,
    /// The length of the echo is between these.
    least: Duration,
    most: Duration,
}

/// The room in front of a sensor.
#[derive(Default)]
struct Room {
    /// How long a sound is on its way there and back; none comes back if `None`.
    flight: Mutex<Option<Duration>>,
    pings: Mutex<Vec<Ping>>,
    is_over: AtomicBool,
}

impl Room {
    fn set(&self, metres: impl Into<Option<f64>>) {
        let flight = metres.into().map(|metres| Duration::from_secs_f64(2.0 * metres / SPEED));
        *self.flight.lock().unwrap() = flight;
        self.pings.lock().unwrap().clear();
    }

    fn pings(&self) -> Vec<Ping> {
        self.pings.lock().unwrap().clone()
    }

    /// Answers pings until the trial is over.
    fn answer(&self, rig: &dyn Rig, echo: u32, mut trigger: Watch) {
        while !self.is_over.load(Ordering::Relaxed) {
            let ended = trigger.next_timeout(ms(50)).filter(|change| !change.level.is_high());
            let flight = *self.flight.lock().unwrap();
            let (Some(ended), Some(flight)) = (ended, flight) else { continue };
            thread::sleep(us(450));
            let (before_rise, (), after_rise) =
                (rig.gpio().now(), rig.drive(echo, Level::High), rig.gpio().now());
            thread::sleep(flight);
            let (before_fall, (), after_fall) =
                (rig.gpio().now(), rig.drive(echo, Level::Low), rig.gpio().now());
            let (least, most) = (before_fall.since(after_rise), after_fall - before_rise);
            let ping = Ping { at: ended.at, end: before_fall, least, most };
            // Unless the room has changed meanwhile.
            if *self.flight.lock().unwrap() == Some(flight) {
                self.pings.lock().unwrap().push(ping);
            }
        }
    }
}

/// Runs a trial with a room in front of each sensor.
fn in_rooms<const N: usize>(
    rig: &dyn Rig,
    sensors: [[u32; 2]; N],
    trial: impl FnOnce([&Room; N]) -> Verdict,
) -> Verdict {
    /// Ends the threads even if the trial panics.
    struct Over<'a>(&'a [Arc<Room>]);

    impl Drop for Over<'_> {
        fn drop(&mut self) {
            self.0.iter().for_each(|room| room.is_over.store(true, Ordering::Relaxed));
        }
    }

    let rooms = [(); N].map(|()| Arc::<Room>::default());
    thread::scope(|scope| {
        let _over = Over(&rooms);
        for (room, [echo, trigger]) in rooms.iter().zip(sensors) {
            rig.drive(echo, Level::Low);
            let watch = rig.watch(&[trigger]);
            scope.spawn(move || room.answer(rig, echo, watch));
        }
        trial(std::array::from_fn(|index| &*rooms[index]))
    })
}

/// Returns the bounds of the median of these distances, in metres.
fn median(pings: &[Ping]) -> RangeInclusive<f64> {
    /// For stamps that are another machine's, or late.
    const SLACK: Duration = us(300);
    let middle = |time: fn(&Ping) -> Duration| {
        let mut times: Vec<Duration> = pings.iter().map(time).collect();
        times.sort_unstable();
        times[times.len() / 2]
    };
    let metres = |flight: Duration| flight.as_secs_f64() * SPEED / 2.0;
    metres(middle(|ping| ping.least).saturating_sub(SLACK))..=metres(middle(|ping| ping.most) + SLACK)
}

fn measures_the_echo(rig: &dyn Rig) -> Verdict {
    in_rooms(rig, [[ECHO, TRIGGER]], |[room]| {
        room.set(0.8);
        let sensor = DistanceSensor::builder(ECHO, TRIGGER)
            .max_distance(3.0)
            .queue_len(QUEUE)
            .gpio(rig.gpio())
            .open()?;
        for metres in [0.8, 0.2] {
            room.set(metres);
            eventually("ten pings are answered", || room.pings().len() > QUEUE);
            let distance = sensor.distance()?;
            // The last ping of the median may not be noted yet.
            let noted = room.pings().len();
            eventually("another ping is answered", || room.pings().len() > noted);
            let medians: Vec<_> = room.pings().windows(QUEUE).map(median).collect();
            assert!(
                medians.iter().any(|within| within.contains(&distance)),
                "{distance} m is within none of {medians:?}, as it is at {metres} m"
            );
        }
        sensor.wait_for_in_range()?;
        Ok(())
    })
}

fn counts_missed_echoes(rig: &dyn Rig) -> Verdict {
    in_rooms(rig, [[ECHO, TRIGGER]], |[room]| {
        let sensor = DistanceSensor::builder(ECHO, TRIGGER).queue_len(3).gpio(rig.gpio()).open()?;
        eventually("pings without an echo are counted", || sensor.missed_echoes() >= 4);
        assert!(!sensor.in_range()?);
        assert_eq!(sensor.value()?, 1.0);
        room.set(0.05);
        sensor.wait_for_in_range()?;
        room.set(None);
        let missed = sensor.missed_echoes();
        sensor.wait_for_out_of_range()?;
        assert!(sensor.missed_echoes() > missed, "out of range without a missed echo");
        Ok(())
    })
}

fn two_sensors_take_turns(rig: &dyn Rig) -> Verdict {
    in_rooms(rig, [[ECHO, TRIGGER], OTHER], |[room, other]| {
        room.set(1.5);
        other.set(0.5);
        let open = |[echo, trigger]: [u32; 2]| DistanceSensor::builder(echo, trigger).gpio(rig.gpio()).open();
        let _sensors = (open([ECHO, TRIGGER])?, open(OTHER)?);
        eventually("both sensors ping", || room.pings().len().min(other.pings().len()) >= 15);
        let (pings, others) = (room.pings(), other.pings());
        for ping in &pings {
            for other in &others {
                let is_apart = ping.end < other.at || other.end < ping.at;
                assert!(is_apart, "a ping during the other's echo: {ping:?}, {other:?}");
            }
        }
        Ok(())
    })
}
