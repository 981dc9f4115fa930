//! The circuits outside the mock's pins: a capacitor, an ultrasonic sensor, an encoder, a servo, a motor, a keypad.

use std::time::Duration;

use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::time::Instant;
use pinzero::{Bias, Capabilities, Drive, Edge, Events, Flex, Result, Support};
use pinzero_tests::{at, eventually};

const HIGH: Level = Level::High;
const LOW: Level = Level::Low;

/// The mock's own PWM, and core's.
fn mocks() -> [MockGpio; 2] {
    let capabilities = Capabilities { pwm: Support::None, ..mock::gpio().capabilities() };
    [mock::gpio(), mock::builder().capabilities(capabilities).open()]
}

fn take(edges: &mut Events<Edge>) -> Vec<(Instant, Level)> {
    std::iter::from_fn(|| edges.try_next()).map(|edge| (edge.at, edge.level)).collect()
}

fn low(gpio: &MockGpio, pin: u32) -> Result<Flex> {
    gpio.flex(pin).start(Drive::Output(LOW)).open()
}

fn input() -> Drive {
    Drive::Input(Bias::Disabled)
}

#[test]
fn a_capacitor_rises_its_charge_time_after_the_pin_has_turned_round() -> Result<()> {
    // Opened before and after, and by a wire.
    for (is_early, pin) in [(true, 18), (false, 18), (true, 23), (false, 23)] {
        let gpio = mock::gpio();
        gpio.wire(23, 24);
        gpio.wire(24, 18);
        let early = is_early.then(|| low(&gpio, pin)).transpose()?;
        let light = gpio.capacitor(18, us(1234));
        let line = early.map_or_else(|| low(&gpio, pin), Ok)?;
        let mut edges = line.edges();
        for _ in 0..2 {
            gpio.advance(ms(10));
            // A pull-up does not speed it up.
            for drive in [input(), Drive::Input(Bias::PullUp)] {
                line.turn(Drive::Output(LOW))?;
                let start = gpio.now();
                line.turn(drive)?;
                gpio.advance(us(1233));
                assert_eq!(take(&mut edges), []);
                gpio.advance(ms(10));
                assert_eq!(take(&mut edges), [(start + us(1234), HIGH)]);
            }
        }
        light.set_charge_time(us(5));
        line.turn(Drive::Output(LOW))?;
        line.turn(input())?;
        gpio.advance(us(5));
        assert_eq!(take(&mut edges), [(gpio.now(), HIGH)]);
    }
    Ok(())
}

#[test]
fn a_capacitor_is_never_full_in_the_dark_and_a_change_of_light_counts_from_the_next_charge() -> Result<()> {
    let gpio = mock::gpio();
    let light = gpio.capacitor(18, ms(5));
    let line = low(&gpio, 18)?;
    let mut edges = line.edges();
    line.turn(input())?;
    gpio.advance(ms(2));
    light.set_charge_time(None);
    gpio.advance(ms(10));
    assert_eq!(take(&mut edges), [(at(5), HIGH)], "the charge under way");
    line.turn(Drive::Output(LOW))?;
    line.turn(input())?;
    gpio.advance(Duration::from_secs(3600));
    light.set_charge_time(ms(1));
    gpio.line(25).drive(HIGH);
    gpio.advance(Duration::from_secs(3600));
    assert_eq!((take(&mut edges), line.level()?), (vec![], LOW));
    line.turn(Drive::Output(HIGH))?;
    line.turn(input())?;
    assert_eq!(line.level()?, HIGH, "charged by the pin itself");
    assert_eq!(format!("{light:?}"), "MockCapacitor(GPIO18, charged)");
    Ok(())
}

#[test]
fn a_discharge_in_the_middle_of_a_charge_starts_afresh() -> Result<()> {
    let gpio = mock::gpio();
    let line = low(&gpio, 18)?;
    gpio.capacitor(18, ms(5));
    let mut edges = line.edges();
    for _ in 0..3 {
        line.turn(Drive::Output(LOW))?;
        gpio.advance(ms(1));
        line.turn(input())?;
        gpio.advance(ms(4));
    }
    gpio.advance(ms(4));
    assert_eq!(take(&mut edges), [(at(16), HIGH)]);
    Ok(())
}

/// The times are so short that a thread is late for most of them.
#[test]
fn in_real_time_a_late_thread_charges_no_capacitor_too_early() -> Result<()> {
    let gpio = mock::builder().realtime().open();
    gpio.capacitor(7, us(30));
    let line = gpio.flex(7).start(input()).open()?;
    eventually("the capacitor is charged", || line.level().unwrap() == HIGH);
    let mut edges = line.edges();
    // A contact discharges it every 40 us, for 20 us.
    gpio.encoder(7, 8).turn(50, us(40));
    let (fall, rise) = (edges.next().unwrap(), edges.next().unwrap());
    assert_eq!((fall.level, rise.level), (LOW, HIGH));
    assert_eq!(rise.at - fall.at, us(49 * 40 + 20 + 30));
    Ok(())
}

/// Sends a trigger pulse of this length.
fn trigger(gpio: &MockGpio, output: &pinzero::Output, time: Duration) -> Result<Instant> {
    output.set(HIGH)?;
    gpio.advance(time);
    output.set(LOW)?;
    Ok(gpio.now())
}

#[test]
fn an_echo_lasts_as_long_as_sound_travels_there_and_back() -> Result<()> {
    for (trigger_pin, echo_pin, is_early) in [(4, 17, true), (4, 17, false), (5, 27, true), (5, 27, false)] {
        let gpio = mock::gpio();
        gpio.wire(4, 5);
        gpio.wire(17, 27);
        gpio.advance(ms(1));
        let open =
            || Ok::<_, pinzero::Error>((gpio.output(trigger_pin).open()?, gpio.flex(echo_pin).open()?));
        let early = is_early.then(open).transpose()?;
        let sensor = gpio.echo(4, 17);
        gpio.advance(ms(100));
        let (output, line) = early.map_or_else(open, Ok)?;
        gpio.advance(ms(100));
        assert_eq!(sensor.pings(), [], "opening the pins is no trigger");
        let mut edges = line.edges();
        let mut echo = |pulse| -> Result<Vec<Duration>> {
            let start = trigger(&gpio, &output, pulse)?;
            gpio.advance(secs(1));
            let edges = take(&mut edges);
            assert!(edges.iter().map(|edge| edge.1).eq([HIGH, LOW].into_iter().take(edges.len())));
            Ok(edges.iter().map(|edge| edge.0 - start).collect())
        };
        let flight = |metres: f64| Duration::from_secs_f64(2.0 * metres / 343.2);
        assert_eq!(echo(us(10))?, [us(450), us(450) + flight(1.0)]);
        sensor.set_distance(3.5);
        assert_eq!(echo(ms(1))?, [us(450), us(450) + flight(3.5)]);
        assert_eq!(echo(us(9))?, [], "too short a trigger");
        sensor.set_delay(us(30));
        sensor.set_echo(us(1));
        assert_eq!(echo(us(10))?, [us(30), us(31)]);
        sensor.set_echo(None);
        assert_eq!(echo(us(10))?, []);
        assert_eq!(sensor.pings().len(), 4);
    }
    Ok(())
}

#[test]
fn a_busy_sensor_ignores_triggers_and_keeps_its_flight() -> Result<()> {
    let gpio = mock::gpio();
    let sensor = gpio.echo(4, 17);
    sensor.set_echo(ms(5));
    let (output, line) = (gpio.output(4).open()?, gpio.flex(17).open()?);
    let mut edges = line.edges();
    gpio.advance(us(990));
    trigger(&gpio, &output, us(10))?;
    sensor.set_echo(ms(1));
    for wait in [us(100), ms(4)] {
        gpio.advance(wait);
        trigger(&gpio, &output, us(10))?;
    }
    gpio.advance(ms(100));
    let fall = Instant::ZERO + us(6450);
    assert_eq!(take(&mut edges), [(Instant::ZERO + us(1450), HIGH), (fall, LOW)]);
    assert_eq!(
        (sensor.pings(), format!("{sensor:?}")),
        (vec![ms(1)], "MockEcho(GPIO4, GPIO17, 1 pings)".into())
    );
    trigger(&gpio, &output, us(10))?;
    gpio.advance(ms(100));
    assert_eq!(take(&mut edges).len(), 2);
    Ok(())
}

#[test]
fn a_sensor_that_hears_another_takes_the_first_sound_for_its_own() -> Result<()> {
    for is_mutual in [false, true] {
        let gpio = mock::gpio();
        let (near, far) = (gpio.echo(4, 17), gpio.echo(5, 27));
        near.set_echo(ms(2));
        far.set_echo(ms(20));
        far.hear(&near);
        far.hear(&far);
        if is_mutual {
            near.hear(&far);
        }
        let (one, other) = (gpio.output(4).open()?, gpio.output(5).open()?);
        let (near_line, far_line) = (gpio.flex(17).open()?, gpio.flex(27).open()?);
        let (mut near_edges, mut far_edges) = (near_line.edges(), far_line.edges());
        let from = |start: Instant, low| [(start + us(450), HIGH), (start + us(450) + low, LOW)];

        let start = trigger(&gpio, &other, us(10))?;
        gpio.advance(ms(5));
        let second = trigger(&gpio, &one, us(10))?;
        gpio.advance(ms(50));
        assert_eq!(take(&mut near_edges), from(second, ms(2)));
        assert_eq!(
            take(&mut far_edges),
            from(start, second - start + ms(2)),
            "cut short by the other's ping"
        );

        // The sound that arrives before the sensor listens does no harm.
        trigger(&gpio, &one, us(10))?;
        gpio.advance(ms(5));
        let start = trigger(&gpio, &other, us(10))?;
        gpio.advance(ms(50));
        assert_eq!(take(&mut far_edges), from(start, ms(20)));
        take(&mut near_edges);

        // Without an echo of its own, a sensor still takes a sound that is under way.
        far.set_echo(None);
        let start = trigger(&gpio, &one, us(10))?;
        let late = trigger(&gpio, &other, us(10))?;
        gpio.advance(ms(50));
        assert_eq!(take(&mut far_edges), from(late, ms(2) - (late - start)));
    }
    Ok(())
}

#[test]
fn a_trigger_by_pwm_pings_once_a_cycle() -> Result<()> {
    for gpio in mocks() {
        let sensor = gpio.echo(4, 17);
        let line = gpio.flex(17).open()?;
        let mut edges = line.edges();
        sensor.set_echo(ms(3));
        let _pwm = gpio.pwm(4).frequency(20.0).initial(0.001).open()?;
        gpio.advance(ms(149));
        assert_eq!(sensor.pings(), [us(50), us(50_050), us(100_050)]);
        assert_eq!(take(&mut edges)[4..], [(at(100) + us(500), HIGH), (at(103) + us(500), LOW)]);
    }
    Ok(())
}

#[test]
fn in_real_time_an_echo_has_exact_stamps_and_comes_about_when_they_say() -> Result<()> {
    let gpio = mock::builder().realtime().open();
    let sensor = gpio.echo(4, 17);
    sensor.set_echo(ms(30));
    let (output, line) = (gpio.output(4).open()?, gpio.flex(17).open()?);
    let mut edges = line.edges();
    for _ in 0..3 {
        let before = gpio.now();
        output.set(HIGH)?;
        std::thread::sleep(us(20));
        output.set(LOW)?;
        let after = gpio.now();
        let (rise, fall) = (edges.next().unwrap(), edges.next().unwrap());
        let now = gpio.now();
        assert_eq!((rise.level, fall.level, fall.at - rise.at), (HIGH, LOW, ms(30)));
        assert!(before + us(450) < rise.at && rise.at <= after + us(450), "{before:?} {rise:?} {after:?}");
        assert!(fall.at <= now && now < fall.at + secs(5), "{fall:?} {now:?}");
        assert_eq!(line.level()?, LOW);
    }
    assert_eq!(sensor.pings().len(), 3);
    Ok(())
}

/// Counts detents as gpiozero's `RotaryEncoder` does, by its table of transitions.
#[derive(Default)]
struct Counter {
    count: i32,
    state: usize,
    contacts: usize,
}

impl Counter {
    fn add(&mut self, index: usize, level: Level) {
        // Rows: idle, ccw1, ccw2, ccw3, cw1, cw2, cw3. Columns: a and b as a number of two bits, 1 if closed.
        const DOWN: usize = 7;
        const UP: usize = 8;
        const TABLE: [[usize; 4]; 7] = [
            [0, 1, 4, 0],
            [0, 1, 3, 2],
            [0, 1, 3, 2],
            [DOWN, 0, 3, 2],
            [0, 6, 4, 5],
            [0, 6, 4, 5],
            [UP, 6, 0, 5],
        ];
        let bit = 2 >> index;
        self.contacts = if level == LOW { self.contacts | bit } else { self.contacts & !bit };
        self.state = match TABLE[self.state][self.contacts] {
            state @ (UP | DOWN) => {
                self.count += if state == UP { 1 } else { -1 };
                0
            }
            state => state,
        };
    }
}

struct Encoder {
    gpio: MockGpio,
    knob: mock::MockEncoder,
    contacts: pinzero::Inputs,
    events: Events<pinzero::LineEvent>,
    counter: Counter,
}

impl Encoder {
    fn new() -> Result<Self> {
        let gpio = mock::gpio();
        gpio.wire(7, 19);
        let knob = gpio.encoder(7, 20);
        let contacts = gpio.inputs([19, 20]).bias(Bias::PullUp).open()?;
        let events = contacts.events();
        Ok(Encoder { gpio, knob, contacts, events, counter: Counter::default() })
    }

    /// Lets time pass, and returns the edges: the time in microseconds, the contact, and the level.
    fn edges(&mut self, time: Duration) -> Vec<(u64, usize, Level)> {
        self.gpio.advance(time);
        let events = std::iter::from_fn(|| self.events.try_next());
        let edge =
            |event: pinzero::LineEvent| (event.event.at.as_nanos() / 1000, event.index, event.event.level);
        let edges: Vec<_> = events.map(edge).collect();
        edges.iter().for_each(|(_, index, level)| self.counter.add(*index, *level));
        edges
    }

    /// Lets time pass, and returns how many detents the program has counted in it.
    fn count(&mut self, time: Duration) -> i32 {
        let before = self.counter.count;
        self.edges(time);
        self.counter.count - before
    }
}

#[test]
fn an_encoder_turns_in_gpiozeros_direction_at_exact_times() -> Result<()> {
    let mut encoder = Encoder::new()?;
    encoder.gpio.advance(ms(1));
    encoder.knob.turn(1, ms(8));
    let clockwise = [(3000, 0, LOW), (5000, 1, LOW), (7000, 0, HIGH), (9000, 1, HIGH)];
    assert_eq!(encoder.edges(ms(99)), clockwise);
    encoder.knob.turn(-1, us(10));
    let back = [(100_002, 1, LOW), (100_005, 0, LOW), (100_007, 1, HIGH), (100_010, 0, HIGH)];
    assert_eq!(encoder.edges(ms(1)), back);

    // One turn after the other.
    encoder.knob.turn(30, ms(3));
    encoder.knob.turn(-50, us(333));
    encoder.knob.turn(0, ms(3));
    assert_eq!(encoder.count(ms(90)), 30);
    assert_eq!(encoder.count(us(333 * 50)), -50);
    assert_eq!(format!("{:?}", encoder.knob), "MockEncoder(GPIO7, GPIO20, turned to -20)");
    Ok(())
}

#[test]
fn an_encoder_may_turn_back_between_detents() -> Result<()> {
    let mut encoder = Encoder::new()?;
    for (quarters, count) in [(3, 0), (-3, 0), (2, 0), (-1, 0), (3, 1), (-5, -1), (1, 0)] {
        encoder.knob.quarter_steps(quarters, ms(1));
        assert_eq!(encoder.count(ms(5)), count, "{quarters}");
    }
    encoder.knob.quarter_steps(1, ms(1));
    assert_eq!(encoder.edges(ms(5)), [(36_000, 0, LOW)]);
    assert_eq!(encoder.contacts.levels()?, 0b10);
    Ok(())
}

#[test]
fn an_encoders_contacts_bounce_and_lose_edges() -> Result<()> {
    let mut encoder = Encoder::new()?;
    encoder.knob.set_bounce(2, us(400));
    encoder.knob.quarter_steps(1, ms(1));
    let bounces = [(1000, LOW), (1100, HIGH), (1200, LOW), (1300, HIGH), (1400, LOW)];
    assert_eq!(encoder.edges(ms(5)), bounces.map(|(at, level)| (at, 0, level)));
    encoder.knob.quarter_steps(3, ms(1));
    encoder.knob.turn(7, ms(4));
    encoder.knob.turn(-20, us(100));
    assert_eq!(encoder.count(ms(50)), 1 + 7 - 20, "the table swallows the bounces");

    encoder.knob.set_bounce(0, us(0));
    encoder.knob.skip_edge(1);
    encoder.knob.skip_edge(6);
    encoder.knob.turn(2, ms(4));
    let edges: Vec<_> = encoder.edges(ms(8)).into_iter().map(|(_, index, level)| (index, level)).collect();
    assert_eq!(edges, [(1, LOW), (1, HIGH), (0, LOW), (0, HIGH)]);
    assert_eq!(encoder.contacts.levels()?, 0b11);
    encoder.knob.turn(1, ms(4));
    assert_eq!(encoder.count(ms(4)), 1);
    Ok(())
}

#[test]
fn an_encoder_that_is_opened_late_shows_where_it_is() -> Result<()> {
    let gpio = mock::gpio();
    let encoder = gpio.encoder(21, 20);
    encoder.quarter_steps(2, ms(1));
    gpio.advance(ms(1));
    let contacts = gpio.inputs([21, 20]).bias(Bias::PullUp).open()?;
    assert_eq!(contacts.levels()?, 0b10);
    gpio.advance(ms(1));
    assert_eq!(contacts.levels()?, 0b00);
    Ok(())
}

fn close(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-6
}

#[test]
fn a_servo_moves_towards_its_pulse_by_the_mocks_pwm_and_by_cores() -> Result<()> {
    for gpio in mocks() {
        gpio.wire(12, 18);
        let servo = gpio.servo(18);
        assert_eq!((servo.pulse(), servo.angle()), (None, 0.0));
        let line = gpio.flex(12).start(Drive::Output(LOW)).open()?;
        let pulse = |pulse| line.turn(Drive::Pwm { period: ms(20), pulse });
        pulse(ms(2))?;
        gpio.advance(ms(50));
        assert_eq!(servo.pulse(), Some(ms(2)));
        assert!((28.0..30.1).contains(&servo.angle()), "{}", servo.angle());
        gpio.advance(ms(150));
        assert!(close(servo.angle(), 90.0), "{}", servo.angle());

        pulse(us(1250))?;
        gpio.advance(ms(300));
        assert_eq!(servo.pulse(), Some(us(1250)));
        assert!(close(servo.angle(), -45.0), "{}", servo.angle());

        // No signal: the horn stays.
        line.turn(Drive::Output(LOW))?;
        gpio.advance(ms(100));
        assert_eq!(servo.pulse(), None);
        servo.set_range(us(500)..=us(2500), 0.0..=180.0);
        servo.set_speed(1e9);
        gpio.advance(secs(1));
        assert!(close(servo.angle(), -45.0), "{}", servo.angle());
        pulse(ms(1))?;
        gpio.advance(ms(100));
        assert!(close(servo.angle(), 45.0), "{}", servo.angle());
        pulse(ms(9))?;
        gpio.advance(ms(100));
        assert_eq!(format!("{servo:?}"), "MockServo(GPIO18, at 180.0°)", "at the end of the way");
    }
    Ok(())
}

#[test]
fn a_servo_follows_a_single_pulse_for_a_while() -> Result<()> {
    let gpio = mock::gpio();
    let output = gpio.output(18).open()?;
    let servo = gpio.servo(18);
    servo.set_speed(90.0);
    output.set(HIGH)?;
    gpio.advance(ms(2));
    assert_eq!(servo.pulse(), None);
    output.set(LOW)?;
    assert_eq!(servo.pulse(), Some(ms(2)));
    gpio.advance(ms(50));
    assert!(close(servo.angle(), 4.5), "{}", servo.angle());
    gpio.advance(secs(1));
    assert!(close(servo.angle(), 9.0), "{}", servo.angle());
    // A level is no pulse.
    output.set(HIGH)?;
    gpio.advance(secs(1));
    output.set(LOW)?;
    assert_eq!(servo.pulse(), None);
    Ok(())
}

#[test]
fn a_motor_has_inertia_and_counts_its_way() -> Result<()> {
    let gpio = mock::gpio();
    let forward = gpio.output(20).open()?;
    let motor = gpio.motor(20, 21);
    gpio.wire(21, 26);
    let backward = gpio.output(26).open()?;
    gpio.advance(secs(1));
    assert_eq!((motor.speed(), motor.position()), (0.0, 0.0));
    forward.set(HIGH)?;
    gpio.advance(ms(200));
    let part = 1.0 - (-1f64).exp();
    assert!(close(motor.speed(), part), "{}", motor.speed());
    gpio.advance(secs(10));
    assert!(close(motor.speed(), 1.0) && close(motor.position(), 10.0), "{motor:?}");
    forward.set(LOW)?;
    gpio.advance(secs(10));
    assert!(close(motor.speed(), 0.0) && close(motor.position(), 10.2), "it runs out: {motor:?}");
    motor.set_lag(ms(0));
    backward.set(HIGH)?;
    assert_eq!(motor.speed(), -1.0);
    gpio.advance(secs(5));
    assert!(close(motor.position(), 5.2), "{}", motor.position());
    assert_eq!(motor.conflicts(), 0);
    assert_eq!(format!("{motor:?}"), "MockMotor(GPIO20, GPIO21, at -1.000, 0 conflicts)");
    Ok(())
}

#[test]
fn a_motor_takes_the_mean_of_pwm_by_the_mock_and_by_core() -> Result<()> {
    for gpio in mocks() {
        let motor = gpio.motor(20, 21);
        let forward = gpio.pwm(20).frequency(1000.0).initial(0.25).open()?;
        let backward = gpio.pwm(21).frequency(1000.0).initial(0.0).open()?;
        gpio.advance(secs(4));
        assert!((motor.speed() - 0.25).abs() < 0.002, "{}", motor.speed());
        assert!((motor.position() - 0.95).abs() < 0.002, "{}", motor.position());
        forward.set_duty(0.0)?;
        backward.set_duty(0.8)?;
        gpio.advance(secs(4));
        assert!((motor.speed() + 0.8).abs() < 0.002, "{}", motor.speed());
        backward.set_duty(0.0)?;
        forward.set_duty(1.0)?;
        gpio.advance(secs(4));
        assert!((motor.speed() - 1.0).abs() < 0.002, "{}", motor.speed());
        assert_eq!(motor.conflicts(), 0);
        // In the middle of a pulse of the other leg, or of one that never ends.
        backward.set_duty(0.1)?;
        gpio.advance(ms(10));
        assert!(motor.conflicts() >= 1);
    }
    Ok(())
}

#[test]
fn a_motor_sees_legs_that_are_on_together_even_for_no_time() -> Result<()> {
    let gpio = mock::gpio();
    let (one, other) = (gpio.output(20).open()?, gpio.output(21).open()?);
    let motor = gpio.motor(20, 21);
    let mut expected = 0;
    for (first, second) in [(&one, &other), (&other, &one)] {
        one.set(LOW)?;
        other.set(LOW)?;
        first.set(HIGH)?;
        first.set(LOW)?;
        second.set(HIGH)?;
        assert_eq!(motor.conflicts(), expected, "in the right order");
        first.set(HIGH)?;
        second.set(LOW)?;
        expected += 1;
        assert_eq!(motor.conflicts(), expected, "in the same instant, but in the wrong order");
        assert_eq!(gpio.elapsed(), ms(0));
    }
    one.close()?;
    other.close()?;

    let group = gpio.group([20, 21]).open()?;
    for levels in [0b01, 0b10, 0b01, 0b00] {
        group.set(levels)?;
        gpio.advance(ms(1));
    }
    assert_eq!(motor.conflicts(), expected, "lines of a group change together");
    group.set(0b11)?;
    group.set(0b11)?;
    assert_eq!(motor.conflicts(), expected + 1);
    group.close()?;

    // PWM is on between two pulses too.
    let pwm = gpio.pwm(20).frequency(50.0).initial(0.1).open()?;
    gpio.advance(ms(12));
    let other = gpio.output(21).open()?;
    assert_eq!((gpio.line(20).level(), motor.conflicts()), (LOW, expected + 1));
    other.set(HIGH)?;
    assert_eq!(motor.conflicts(), expected + 2);
    other.set(LOW)?;
    pwm.set_duty(0.0)?;
    other.set(HIGH)?;
    assert_eq!(motor.conflicts(), expected + 2);

    // Two legs with PWM, in the right order and in the wrong one.
    other.close()?;
    let other = gpio.pwm(21).frequency(50.0).initial(0.1).open()?;
    other.set_duty(0.0)?;
    pwm.set_duty(0.1)?;
    assert_eq!(motor.conflicts(), expected + 2);
    other.set_duty(0.1)?;
    pwm.set_duty(0.0)?;
    assert_eq!((motor.conflicts(), gpio.elapsed()), (expected + 3, ms(16)));
    Ok(())
}

#[test]
fn a_key_connects_its_row_and_column_until_it_is_released() -> Result<()> {
    for is_early in [true, false] {
        let gpio = mock::gpio();
        gpio.wire(7, 19);
        let open = || {
            let rows = [5, 6].map(|pin| gpio.flex(pin).start(input()).open());
            Ok::<_, pinzero::Error>((rows, gpio.inputs([12, 19]).bias(Bias::PullUp).open()?))
        };
        let early = is_early.then(open).transpose()?;
        let keypad = gpio.keypad([5, 6], [12, 7]);
        if !is_early {
            keypad.press(1, 1);
            keypad.release(1, 1);
        }
        let (rows, columns) = early.map_or_else(open, Ok)?;
        let [first, second] = rows;
        let (first, second) = (first?, second?);
        let scan = || -> Result<[u64; 2]> {
            first.turn(Drive::Output(LOW))?;
            let one = columns.levels()?;
            first.turn(input())?;
            second.turn(Drive::Output(LOW))?;
            let two = columns.levels()?;
            second.turn(input())?;
            Ok([one, two])
        };
        assert_eq!(scan()?, [0b11, 0b11]);
        keypad.press(0, 0);
        keypad.press(0, 0);
        assert_eq!(scan()?, [0b10, 0b11]);
        keypad.press(1, 1);
        assert_eq!(scan()?, [0b10, 0b01]);
        // Three corners of a rectangle show the fourth.
        keypad.press(0, 1);
        assert_eq!(scan()?, [0b00, 0b00]);
        keypad.release(0, 1);
        keypad.release(0, 1);
        assert_eq!(scan()?, [0b10, 0b01]);
        keypad.release(0, 0);
        keypad.release(1, 1);
        assert_eq!(scan()?, [0b11, 0b11]);
        assert_eq!(gpio.line(7).level(), gpio.line(19).level(), "the wire is still there");
        assert_eq!(keypad.shorts(), 0);
    }
    Ok(())
}

#[test]
fn keys_report_edges_in_order_and_leave_other_nets_alone() -> Result<()> {
    let gpio = mock::gpio();
    gpio.wire(24, 25);
    let light = gpio.capacitor(18, ms(1));
    let keypad = gpio.keypad([5, 6], [12, 13]);
    let _rows = gpio.group([5, 6]).open()?;
    let columns = gpio.inputs([12, 13]).bias(Bias::PullUp).open()?;
    let (_led, wired) = (gpio.output(24).initial(HIGH).open()?, gpio.input(25).open()?);
    let mut events = columns.events();
    for (time, row, column, is_pressed) in
        [(1, 0, 1, true), (2, 1, 0, true), (3, 0, 1, false), (4, 1, 0, false)]
    {
        gpio.advance(at(time) - gpio.now());
        if is_pressed { keypad.press(row, column) } else { keypad.release(row, column) }
    }
    let seen: Vec<_> = std::iter::from_fn(|| events.try_next())
        .map(|event| (event.event.at, event.index, event.event.level))
        .collect();
    assert_eq!(seen, [(at(1), 1, LOW), (at(2), 0, LOW), (at(3), 1, HIGH), (at(4), 0, HIGH)]);
    assert!(wired.level()?.is_high());
    assert_eq!((gpio.line(18).level(), format!("{light:?}").contains("charged")), (HIGH, true));
    Ok(())
}

#[test]
fn keys_that_connect_high_with_low_are_shorts() -> Result<()> {
    let gpio = mock::gpio();
    let keypad = gpio.keypad([5, 6], [12, 13]);
    let rows = gpio.group([5, 6]).initial(0b10).open()?;
    keypad.press(0, 0);
    assert_eq!(keypad.shorts(), 0);
    keypad.press(1, 0);
    assert_eq!(keypad.shorts(), 1);
    assert_eq!(gpio.line(6).level(), LOW, "low wins");
    keypad.press(0, 1);
    rows.set(0b10)?;
    assert_eq!(keypad.shorts(), 1, "the same short");
    keypad.release(1, 0);
    assert_eq!(gpio.line(6).level(), HIGH);
    keypad.press(1, 0);
    assert_eq!(keypad.shorts(), 2);
    rows.set(0b00)?;
    rows.set(0b01)?;
    assert_eq!((keypad.shorts(), format!("{keypad:?}")), (3, "MockKeypad(2 x 2, 3 shorts)".into()));
    Ok(())
}

#[test]
fn a_key_carries_pwm_while_it_is_pressed() -> Result<()> {
    let gpio = mock::gpio();
    let keypad = gpio.keypad([5], [12]);
    let input = gpio.flex(12).start(Drive::Input(Bias::PullDown)).open()?;
    let mut edges = input.edges();
    let _pwm = gpio.pwm(5).frequency(100.0).initial(0.5).open()?;
    gpio.advance(ms(8));
    keypad.press(0, 0);
    gpio.advance(ms(14));
    keypad.release(0, 0);
    gpio.advance(ms(50));
    assert_eq!(take(&mut edges), [(at(10), HIGH), (at(15), LOW), (at(20), HIGH), (at(22), LOW)]);
    Ok(())
}

#[test]
#[should_panic(expected = "a keypad of 2 rows and 1 columns has no key in row 0, column 1")]
fn a_key_that_is_not_there_cannot_be_pressed() {
    mock::gpio().keypad([5, 6], [12]).press(0, 1);
}
