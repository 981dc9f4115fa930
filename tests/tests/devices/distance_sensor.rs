//! Ultrasonic distance sensors on virtual time: distances, losses, and turns.

use std::time::Duration;

use pinzero::mock::{self, MockEcho, MockGpio};
use pinzero::options::Ranging;
use pinzero::prelude::*;
use pinzero::{Builder, Capabilities, ErrorKind, Line, LineFunction, Result, Support};
use pinzero_tests::{Log, block_on, without_hanging};

const LOW: Level = Level::Low;
const HIGH: Level = Level::High;

/// From the rise of the trigger to that of the echo: the pulse, and the mock's delay.
const DELAY: Duration = us(460);
const REST: Duration = ms(60);

type Options = fn(Builder<DistanceSensor, Ranging>) -> Builder<DistanceSensor, Ranging>;

fn open(gpio: &Gpio, options: Options) -> Result<DistanceSensor> {
    options(DistanceSensor::builder(24, 23)).gpio(gpio).open()
}

/// A sensor in a room: trigger 23, echo 24. Each sample counts alone.
fn room(options: Options) -> Result<(MockGpio, MockEcho, DistanceSensor)> {
    let gpio = mock::gpio();
    let room = gpio.echo(23, 24);
    let sensor = options(DistanceSensor::builder(24, 23).queue_len(1)).gpio(&gpio).open()?;
    Ok((gpio, room, sensor))
}

/// Half the way that sound travels in this time at 20 °C.
fn metres(flight: Duration) -> f64 {
    flight.as_secs_f64() * 331.3 * (1.0 + 20.0 / 273.15_f64).sqrt() / 2.0
}

fn close_to(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-9
}

#[test]
fn distances_and_times_are_exact() -> Result<()> {
    let (gpio, room, sensor) = room(|builder| builder)?;
    let mut start = Duration::ZERO;
    for flight in [us(200), ms(2), us(4567)] {
        room.set_echo(flight);
        start += REST;
        gpio.advance(start - gpio.elapsed());
        assert_eq!(gpio.line(23).level(), HIGH);
        gpio.advance(DELAY + flight);
        assert!(close_to(sensor.distance()?, metres(flight)), "{:?}", sensor.distance());
        assert_eq!(gpio.elapsed(), start + DELAY + flight, "the value is there at once");
        start = gpio.elapsed();
    }
    let history = gpio.line(23).history();
    assert_eq!(history[..2], [(ms(60), HIGH), (us(60_010), LOW)]);
    assert_eq!(room.pings().len(), 3);
    assert_eq!(sensor.missed_echoes(), 0);
    Ok(())
}

#[test]
fn the_value_is_the_median_of_nine() -> Result<()> {
    let gpio = mock::gpio();
    let room = gpio.echo(23, 24);
    let sensor = open(&gpio, |builder| builder)?;
    room.set_echo(ms(1));
    assert!(close_to(sensor.value()?, metres(ms(1))));
    assert_eq!(gpio.elapsed(), (REST + DELAY + ms(1)) * 9);
    let before = gpio.elapsed();
    room.set_echo(ms(4));
    sensor.wait_for_out_of_range()?;
    assert_eq!(gpio.elapsed() - before, (REST + DELAY + ms(4)) * 5);
    Ok(())
}

#[test]
fn the_temperature_sets_the_speed_of_sound() -> Result<()> {
    let (gpio, room, sensor) = room(|builder| builder.temperature(0.0))?;
    room.set_echo(ms(2));
    assert!(close_to(sensor.distance()?, 0.3313));
    sensor.set_temperature(100.0)?;
    assert!(close_to(sensor.distance()?, 0.3313), "later measurements only");
    gpio.advance(ms(70));
    assert!(close_to(sensor.distance()?, 0.3313 * (373.15_f64 / 273.15).sqrt()));
    for celsius in [-50.1, 100.1, f64::NAN] {
        for error in [
            sensor.set_temperature(celsius).unwrap_err(),
            DistanceSensor::builder(5, 6).temperature(celsius).gpio(&gpio).open().unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::InvalidValue);
            assert!(error.to_string().contains("-50 to 100"), "{error}");
        }
    }
    Ok(())
}

#[test]
fn what_is_beyond_the_maximum_is_at_the_maximum() -> Result<()> {
    let (gpio, room, sensor) = room(|builder| builder.max_distance(2.0))?;
    room.set_echo(ms(50));
    assert_eq!((sensor.value()?, sensor.distance()?, sensor.in_range()?), (1.0, 2.0, false));
    room.set_echo(ms(4));
    gpio.advance(ms(120));
    assert!(close_to(sensor.value()?, metres(ms(4)) / 2.0) && close_to(sensor.distance()?, metres(ms(4))));
    Ok(())
}

#[test]
fn the_threshold_is_in_range() -> Result<()> {
    let (gpio, room, sensor) = room(|builder| builder)?;
    room.set_echo(ms(2));
    let distance = sensor.distance()?;
    assert!(!sensor.in_range()?);
    let log = Log::new();
    let (near, far) = (log.clone(), log.clone());
    sensor.when_in_range(move |event| near.push(("in", event.at.as_nanos())));
    sensor.when_out_of_range(move |event| far.push(("out", event.at.as_nanos())));
    let now = gpio.now().as_nanos();
    sensor.set_threshold_distance(distance)?;
    assert!(sensor.in_range()? && !sensor.is_active()?);
    sensor.set_threshold_distance(distance - 1e-9)?;
    assert!(!sensor.in_range()? && sensor.is_active()?);
    assert_eq!(log.take(), [("in", now), ("out", now)]);
    for metres in [0.0, 1.0, -0.1, 2.0, f64::NAN] {
        let error = sensor.set_threshold_distance(metres).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        let message = error.to_string();
        assert!(message.contains("less than the maximum of 1 m") && message.contains("GPIO24"), "{message}");
    }
    assert!(close_to(sensor.threshold_distance()?, distance - 1e-9));
    Ok(())
}

#[test]
fn waits_and_events_follow_an_obstacle() -> Result<()> {
    let (gpio, room, sensor) = room(|builder| builder)?;
    assert_eq!((sensor.active_time(), sensor.inactive_time()), (None, None));
    room.set_echo(ms(1));
    sensor.wait_for_in_range()?;
    assert_eq!(gpio.elapsed(), REST + DELAY + ms(1));
    let log = Log::new();
    let (near, far) = (log.clone(), log.clone());
    sensor.when_in_range(move |event| near.push(("in", event.lasted)));
    sensor.when_out_of_range(move |event| far.push(("out", event.lasted)));
    let round = |flight| REST + DELAY + flight;
    assert!(!sensor.wait_for_out_of_range_timeout(ms(500))?);
    room.set_echo(ms(5));
    assert!(sensor.wait_for_out_of_range_timeout(ms(500))?);
    let first = gpio.elapsed();
    room.set_echo(ms(1));
    block_on(sensor.deactivated())?;
    assert_eq!(gpio.elapsed() - first, round(ms(1)));
    let told = log.take();
    // In range begins as "active" ends, and so that event tells how long nothing was in range.
    assert_eq!((told[0].0, told[1]), ("out", ("in", round(ms(1)))));
    Ok(())
}

#[test]
fn a_sensor_that_hears_nothing_is_out_of_range() -> Result<()> {
    let gpio = mock::gpio();
    let room = gpio.echo(23, 24);
    let sensor = open(&gpio, |builder| builder)?;
    room.set_echo(None);
    assert_eq!((sensor.value()?, sensor.distance()?, sensor.in_range()?), (1.0, 1.0, false));
    // Nine times, each 100 ms from the end of the pulse on.
    let nine = us(9 * 160_010);
    assert_eq!((gpio.elapsed(), sensor.missed_echoes()), (nine, 9));
    room.set_echo(ms(1));
    sensor.wait_for_in_range()?;
    // One distance is worth more than any number of losses.
    assert_eq!(gpio.elapsed(), nine + REST + DELAY + ms(1));
    room.set_echo(None);
    sensor.wait_for_out_of_range()?;
    assert_eq!((sensor.value()?, sensor.missed_echoes()), (1.0, 18));
    assert_eq!(format!("{sensor:?}"), "DistanceSensor(GPIO24, GPIO23, 1.000 m, 18 echoes missed)");
    Ok(())
}

/// The echo of the ping before ends while the sensor rests, or holds the next one up.
#[test]
fn a_late_echo_does_not_count_for_the_next_ping() -> Result<()> {
    for (delay, flight) in [
        (us(450), ms(130)), // It falls while the sensor rests,
        (us(450), ms(159)), // just before the next ping,
        (us(450), ms(200)), // and after that.
        (ms(120), ms(10)),  // It rises and falls while the sensor rests,
        (ms(150), ms(40)),  // and falls after that.
        (ms(99), ms(2)),    // It rises in time.
    ] {
        let (gpio, room, sensor) = room(|builder| builder.queue_len(2).partial(true))?;
        room.set_delay(delay);
        room.set_echo(flight);
        gpio.advance(ms(100));
        room.set_delay(us(450));
        room.set_echo(ms(2));
        gpio.advance(ms(400));
        assert_eq!(sensor.missed_echoes(), 1, "{delay:?}, {flight:?}");
        assert!(close_to(sensor.distance()?, metres(ms(2))), "{:?}", sensor.distance());
        let (first, second) = (room.pings()[0], room.pings()[1]);
        assert!(second - first > delay + flight, "pinged at {first:?} and {second:?}");
    }
    Ok(())
}

#[test]
fn an_echo_that_is_there_already_is_waited_out() -> Result<()> {
    let gpio = mock::gpio();
    gpio.line(24).drive(HIGH);
    let sensor = open(&gpio, |builder| builder.queue_len(1))?;
    gpio.line(24).script([(ms(80), LOW), (ms(81), HIGH), (ms(83), LOW)]);
    assert!(close_to(sensor.distance()?, metres(ms(2))));
    assert_eq!(gpio.line(23).history(), [(ms(80), HIGH), (us(80_010), LOW)]);
    Ok(())
}

/// The edge is told late: the trigger's pulse is as long as ever all the same.
#[test]
fn a_pulse_after_a_late_edge_is_ten_microseconds_long() -> Result<()> {
    let gpio = mock::gpio();
    gpio.line(24).drive(HIGH);
    let _sensor = open(&gpio, |builder| builder)?;
    gpio.advance(ms(80));
    gpio.line(24).drive_at(gpio.now() - ms(1), Some(LOW));
    gpio.advance(ms(1));
    assert_eq!(gpio.line(23).history(), [(ms(80), HIGH), (us(80_010), LOW)]);
    Ok(())
}

#[test]
fn an_echo_line_that_stays_high_measures_nothing() -> Result<()> {
    let gpio = mock::gpio();
    gpio.line(24).drive(HIGH);
    let sensor = open(&gpio, |builder| builder.queue_len(2))?;
    assert_eq!((sensor.value()?, sensor.in_range()?, sensor.missed_echoes()), (1.0, false, 2));
    Ok(())
}

#[test]
fn lost_edges_cost_a_few_measurements_and_no_more() -> Result<()> {
    // So many edges are lost, from the rise or the fall of an echo on.
    for (from_fall, lost) in [(false, 1), (true, 1), (false, 2), (true, 2), (false, 3), (true, 3)] {
        let (gpio, room, sensor) = room(|builder| builder.queue_len(5).partial(true))?;
        let log = Log::new();
        let far = log.clone();
        sensor.when_out_of_range(move |_| far.push("out"));
        room.set_echo(us(1500));
        let distance = metres(us(1500));
        gpio.advance(ms(70));
        assert!(close_to(sensor.distance()?, distance));
        if from_fall {
            while gpio.line(24).level() == LOW {
                gpio.advance(us(10));
            }
        }
        gpio.line(24).lose(lost);
        gpio.advance(ms(900));
        let case = format!("{lost} edges lost, from a fall on: {from_fall}");
        assert!(close_to(sensor.distance()?, distance), "{case}: {:?}", sensor.distance());
        let missed = sensor.missed_echoes();
        assert!((1..=4).contains(&missed), "{case}: {missed} missed");
        // It goes on.
        let pings = room.pings().len();
        gpio.advance(ms(900));
        assert_eq!(sensor.missed_echoes(), missed, "{case}");
        assert!(room.pings().len() >= pings + 14, "{case}");
        assert_eq!(log.take(), [] as [&str; 0], "{case}");
    }
    Ok(())
}

#[test]
fn the_maximum_can_be_set() -> Result<()> {
    let (gpio, room, sensor) = room(|builder| builder.queue_len(3))?;
    room.set_echo(ms(1));
    sensor.wait_for_in_range()?;
    let events = sensor.events();
    let before = gpio.elapsed();
    sensor.set_max_distance(3.0)?;
    assert_eq!(sensor.max_distance(), 3.0);
    assert!(close_to(sensor.threshold_distance()?, 0.3));
    assert!(close_to(sensor.distance()?, metres(ms(1))));
    assert_eq!(gpio.elapsed() - before, (REST + DELAY + ms(1)) * 3, "measured afresh");
    for metres in [0.3, 0.2, 0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = sensor.set_max_distance(metres).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        assert!(error.to_string().contains("GPIO24"), "{error}");
    }
    assert_eq!(sensor.max_distance(), 3.0);
    sensor.set_threshold_distance(2.0)?;
    assert!(close_to(sensor.threshold_distance()?, 2.0));
    sensor.close()?;
    assert_eq!(events.count(), 0);
    assert_eq!(sensor.set_max_distance(4.0).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(sensor.set_threshold_distance(1.0).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(sensor.set_temperature(0.0).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(sensor.max_distance(), 3.0);
    for (max, threshold) in [(0.0, 0.3), (1.0, 1.0), (0.3, 0.3), (f64::NAN, 0.3), (1.0, f64::NAN), (1.0, 0.0)]
    {
        let builder = DistanceSensor::builder(24, 23).max_distance(max).threshold_distance(threshold);
        let error = builder.gpio(&gpio).open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        assert!(error.to_string().contains("DistanceSensor"), "{error}");
    }
    Ok(())
}

/// The queue is empty again, and the state does not change: no event wakes the reader.
#[test]
fn a_reader_wakes_when_the_queue_is_full_again() {
    without_hanging(|| -> Result<()> {
        let gpio = mock::builder().realtime().open();
        gpio.echo(23, 24).set_distance(0.1);
        let sensor = open(&gpio, |builder| builder.queue_len(2))?;
        sensor.wait_for_in_range()?;
        sensor.set_max_distance(2.0)?;
        assert!(sensor.distance()? < 2.0);
        sensor.set_max_distance(1.0)?;
        block_on(sensor.deactivated())
    })
    .unwrap();
}

#[test]
fn a_partial_sensor_is_out_of_range_at_first() -> Result<()> {
    let (gpio, room, sensor) = room(|builder| builder.partial(true).queue_len(9))?;
    room.set_echo(ms(1));
    assert_eq!((sensor.value()?, sensor.in_range()?, gpio.elapsed()), (1.0, false, ms(0)));
    gpio.advance(ms(62));
    assert!(close_to(sensor.distance()?, metres(ms(1))) && sensor.in_range()?);
    Ok(())
}

/// Sensors on the triggers 0 to n and the echoes 20 to 20 + n.
fn sensors(gpio: &MockGpio, count: u32) -> Result<(Vec<MockEcho>, Vec<DistanceSensor>)> {
    let rooms: Vec<_> = (0..count).map(|index| gpio.echo(Line(index), Line(20 + index))).collect();
    let open = |index| DistanceSensor::builder(Line(20 + index), Line(index)).queue_len(1).gpio(gpio).open();
    let sensors = (0..count).map(open).collect::<Result<Vec<_>>>()?;
    Ok((rooms, sensors))
}

#[test]
fn sensors_of_a_factory_take_turns() -> Result<()> {
    let gpio = mock::gpio();
    let (rooms, sensors) = sensors(&gpio, 20)?;
    for (index, room) in rooms.iter().enumerate() {
        room.set_echo(ms(1 + 2 * index as u64));
        // Each would hear them all.
        rooms.iter().for_each(|other| room.hear(other));
    }
    rooms[7].set_echo(None);
    gpio.advance(secs(20));
    let mut pings: Vec<_> = rooms
        .iter()
        .enumerate()
        .flat_map(|(index, room)| room.pings().into_iter().map(move |at| (at, index)))
        .collect();
    pings.sort();
    assert!(pings.len() > 400, "{} pings", pings.len());
    for pair in pings.windows(2) {
        let ((before, index), (after, _)) = (pair[0], pair[1]);
        let flight = if index == 7 { ms(99) } else { ms(1 + 2 * index as u64) };
        assert!(after - before >= flight.max(ms(24)), "{index} was still listening: {pair:?}");
    }
    // In turn, again and again.
    let order: Vec<_> = pings.iter().map(|(_, index)| *index).collect();
    assert!(order.windows(21).all(|round| round[0] == round[20]), "{order:?}");
    for (index, sensor) in sensors.iter().enumerate().filter(|(index, _)| *index != 7) {
        assert!(close_to(sensor.distance()?, metres(ms(1 + 2 * index as u64)).min(1.0)), "{sensor:?}");
        assert_eq!(sensor.missed_echoes(), 0);
    }
    Ok(())
}

#[test]
fn a_single_sensor_waits_for_nobody_and_two_factories_not_for_each_other() -> Result<()> {
    let gpio = mock::gpio();
    let other = mock::gpio();
    let (_rooms, _sensors) = (gpio.echo(23, 24), other.echo(23, 24));
    let (_one, _two) = (open(&gpio, |builder| builder)?, open(&other, |builder| builder)?);
    for gpio in [&gpio, &other] {
        gpio.advance(ms(61));
        assert_eq!(gpio.line(23).history()[0], (ms(60), HIGH));
    }
    Ok(())
}

/// Closes sensors in all states of a turn: the others go on.
#[test]
fn a_sensor_that_is_gone_holds_nobody_up() -> Result<()> {
    // At 60 ms, the first one pings and the others wait for their turn, in their order.
    for gone in [vec![0], vec![1], vec![2], vec![0, 1], vec![1, 2], vec![0, 2]] {
        for is_dropped in [false, true] {
            for moment in [us(60_005), us(60_200), ms(61)] {
                let gpio = mock::gpio();
                let (rooms, sensors) = sensors(&gpio, 3)?;
                rooms.iter().for_each(|room| room.set_echo(ms(5)));
                let mut sensors: Vec<_> = sensors.into_iter().map(Some).collect();
                gpio.advance(moment);
                for index in &gone {
                    match is_dropped {
                        true => sensors[*index] = None,
                        false => sensors[*index].iter().try_for_each(Device::close)?,
                    }
                }
                gpio.advance(secs(2));
                for (index, room) in rooms.iter().enumerate().filter(|(index, _)| !gone.contains(index)) {
                    let pings = room.pings().len();
                    let case = format!("{gone:?} gone at {moment:?}, dropped: {is_dropped}");
                    assert!(pings >= 20, "{index} has pinged {pings} times: {case}");
                }
            }
        }
    }
    Ok(())
}

#[test]
fn without_edges_there_is_no_distance() -> Result<()> {
    let capabilities = Capabilities { edges: Support::None, ..mock::gpio().capabilities() };
    let gpio = mock::builder().capabilities(capabilities).open();
    let error = open(&gpio, |builder| builder).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let message = error.to_string();
    assert!(message.contains("time stamps") && message.contains("DistanceSensor"), "{message}");
    gpio.input(24).open()?.close()?;
    gpio.input(23).open()?.close()
}

#[test]
fn two_roles_on_one_pin_and_half_a_sensor_are_refused() -> Result<()> {
    let gpio = mock::gpio();
    let error = DistanceSensor::builder(24, "GPIO24").gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PinInUse);
    let message = error.to_string();
    assert!(message.contains("`echo`") && message.contains("`trigger`"), "{message}");
    for taken in [23, 24] {
        let led = Led::builder(taken).gpio(&gpio).open()?;
        let error = open(&gpio, |builder| builder).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PinInUse);
        assert!(error.to_string().contains("DistanceSensor") && error.to_string().contains("Led"), "{error}");
        led.close()?;
    }
    for builder in [
        DistanceSensor::builder(24, 23).queue_len(0),
        DistanceSensor::builder(24, 23).queue_len(10_001),
        DistanceSensor::builder(24, 99),
        DistanceSensor::builder(99, 23),
    ] {
        let error = builder.gpio(&gpio).open().unwrap_err();
        assert!(error.to_string().contains("DistanceSensor"), "{error}");
    }
    // Nothing is half open.
    let sensor = open(&gpio, |builder| builder)?;
    assert_eq!((sensor.echo(), sensor.trigger(), sensor.pin()), (Line(24), Line(23), Line(24)));
    Ok(())
}

#[test]
fn a_close_in_the_middle_of_a_ping_gives_the_lines_back() -> Result<()> {
    // While the trigger is high; before the echo; within it.
    for moment in [us(60_005), us(60_200), ms(61)] {
        let (gpio, room, sensor) = room(|builder| builder)?;
        let clone = sensor.clone();
        gpio.after(moment, move || clone.close())?;
        assert_eq!(sensor.distance().unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!((gpio.elapsed(), sensor.is_closed()), (moment, true));
        assert_eq!(gpio.line(23).function(), LineFunction::Input);
        let pings = room.pings().len();
        gpio.advance(secs(1));
        assert_eq!((room.pings().len(), sensor.missed_echoes()), (pings, 0));
        assert_eq!(format!("{sensor:?}"), "DistanceSensor(GPIO24, GPIO23, closed)");
        assert_eq!(sensor.threshold_distance().unwrap_err().kind(), ErrorKind::Closed);
        let again = open(&gpio, |builder| builder.queue_len(1))?;
        assert!(close_to(again.distance()?, 1.0) || again.distance()? <= 1.0);
        assert_eq!(again.missed_echoes(), 0);
    }
    Ok(())
}

#[test]
fn debug_tells_the_distance() -> Result<()> {
    let (_gpio, room, sensor) = room(|builder| builder)?;
    assert_eq!(format!("{sensor:?}"), "DistanceSensor(GPIO24, GPIO23, no value yet, 0 echoes missed)");
    assert_eq!(sensor.to_string(), "DistanceSensor on GPIO24 and GPIO23");
    room.set_distance(0.5);
    sensor.value()?;
    assert_eq!(format!("{sensor:?}"), "DistanceSensor(GPIO24, GPIO23, 0.500 m, 0 echoes missed)");
    Ok(())
}
