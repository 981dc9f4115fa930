//! Expanders, PWM chips and motors.

use std::time::Duration;

use pinzero::Level;
use pinzero_parts::{Mcp23s17, Mcp23017, Pca9685, Pcf8574};

use crate::rig::Rig;

pub(crate) fn mcp23017(rig: &Rig) -> String {
    let chip = rig.mock.i2c_chip(1, 0x22, Mcp23017::new());
    let i2c = rig.i2c();
    let mut expander = port_expander::Mcp23x17::new_mcp23017(i2c, false, true, false);
    let pins = expander.split();

    let mut lamp = pins.gpa0.into_output().unwrap();
    lamp.set_high().unwrap();
    assert!(chip.with(|chip| chip.pins.is_output(0) && chip.pins.level(0).is_high()));
    lamp.toggle().unwrap();
    assert_eq!(chip.with(|chip| chip.pins.level(0)), Level::Low);

    let mut key = pins.gpb7;
    key.enable_pull_up(true).unwrap();
    assert!(key.is_high().unwrap() && chip.with(|chip| chip.pins.has_pull_up(15)));
    chip.with(|chip| chip.pins.drive(15, Some(Level::Low)));
    assert!(key.is_low().unwrap());
    assert!(key.into_inverted().unwrap().is_high().unwrap());
    String::new()
}

pub(crate) fn mcp23s17(rig: &Rig) -> String {
    let chip = rig.mock.spi_chip(0, 0, Mcp23s17::new(0));
    let spi = rig.spi(0);
    let mut expander = port_expander::Mcp23x17::new_mcp23s17(spi);
    let pins = expander.split();
    let mut lamps = [pins.gpb0.into_output().unwrap(), pins.gpb1.into_output().unwrap()];
    let [first, second] = &mut lamps;
    port_expander::write_multiple([first, second], [true, false]).unwrap();
    chip.with(|chip| chip.pins.drive(2, Some(Level::High)));
    assert!(pins.gpa2.is_high().unwrap() && pins.gpa3.is_low().unwrap());
    assert!(chip.with(|chip| chip.pins.level(8).is_high() && !chip.pins.level(9).is_high()));
    String::new()
}

pub(crate) fn pcf8574(rig: &Rig) -> String {
    let chip = rig.mock.i2c_chip(1, 0x21, Pcf8574::new());
    let i2c = rig.i2c();
    let mut expander = port_expander::Pcf8574::new(i2c, true, false, false);
    let mut pins = expander.split();
    pins.p0.set_low().unwrap();
    assert_eq!(chip.with(|chip| chip.levels()), 0xfe);
    chip.with(|chip| chip.drive(5, Some(Level::Low)));
    assert!(pins.p5.is_low().unwrap() && pins.p6.is_high().unwrap() && pins.p0.is_low().unwrap());
    String::new()
}

pub(crate) fn pca9685(rig: &Rig) -> String {
    use pwm_pca9685::{Address, Channel, Pca9685 as Driver};

    let chip = rig.mock.i2c_chip(1, 0x40, Pca9685::new());
    let mut pwm = Driver::new(rig.i2c(), Address::default()).unwrap();
    // 50 Hz for servos: 25 MHz / 4,096 / 122.
    pwm.set_prescale(121).unwrap();
    pwm.enable().unwrap();
    assert_eq!(chip.with(|chip| chip.period()), Duration::from_nanos(4096 * 122 * 40));

    let channels = [Channel::C0, Channel::C1, Channel::C2, Channel::C3];
    let ends = [205, 307, 410, 2048];
    for (channel, end) in channels.into_iter().zip(ends) {
        pwm.set_channel_on_off(channel, 0, end).unwrap();
    }
    // Off comes before on, and all channels are off after a reset.
    pwm.set_channel_off(Channel::C15, 0).unwrap();
    pwm.set_channel_full_on(Channel::C15, 0).unwrap();
    let steps = |channel| chip.with(|chip| chip.steps(channel));
    assert_eq!([0, 1, 2, 3, 4, 15].map(steps), [205, 307, 410, 2048, 0, 4096]);
    assert_eq!(chip.with(|chip| chip.pulse(1)), Duration::from_nanos(307 * 4880));
    let pulses = chip.with(|chip| [0, 1, 2, 3, 4, 15].map(|channel| (channel, chip.pulse(channel))));
    let picture =
        format!("channels, high for so long in each 19.988 ms; a mark is 0.5 ms\n{}", bars(&pulses));

    pwm.disable().unwrap();
    assert_eq!(steps(15), 0);
    picture
}

/// Returns a bar for the pulses of each channel, with a mark for each half of a millisecond.
fn bars(channels: &[(usize, Duration)]) -> String {
    let bar = |(channel, pulse): &(usize, Duration)| {
        let marks = "█".repeat((pulse.as_micros() / 500) as usize);
        format!("{channel:>2} {:>8.3} ms {marks}", pulse.as_secs_f64() * 1e3).trim_end().to_owned() + "\n"
    };
    channels.iter().map(bar).collect()
}

pub(crate) fn uln2003(rig: &Rig) -> String {
    use uln2003::{Direction, StepperMotor, ULN2003};

    /// The half steps of a 28BYJ-48, as the coils that have current.
    const TURN: [[bool; 4]; 8] = [
        [false, false, false, true],
        [false, false, true, true],
        [false, false, true, false],
        [false, true, true, false],
        [false, true, false, false],
        [true, true, false, false],
        [true, false, false, false],
        [true, false, false, true],
    ];

    let lines = [5, 6, 13, 19];
    let [one, two, three, four] = lines.map(|line| rig.gpio.output(line).open().unwrap());
    let mut motor = ULN2003::new(one, two, three, four, Some(rig.gpio.delay()));
    motor.step_for(20, 2).unwrap();
    motor.set_direction(Direction::Reverse);
    motor.step_for(5, 2).unwrap();
    motor.stop().unwrap();

    let mut changes: Vec<(Duration, usize, Level)> = Vec::new();
    for (coil, line) in lines.into_iter().enumerate() {
        changes.extend(rig.mock.line(line).history().into_iter().map(|(at, level)| (at, coil, level)));
    }
    changes.sort_by_key(|(at, ..)| *at);
    // Each half step switches one coil.
    let mut coils = [false; 4];
    let mut turned = Vec::new();
    for (_, coil, level) in changes {
        coils[coil] = level.is_high();
        turned.extend(TURN.iter().position(|step| *step == coils));
    }
    let travelled = turned.windows(2).fold(0i32, |sum, pair| match (pair[1] + 8 - pair[0]) % 8 {
        1 => sum + 1,
        7 => sum - 1,
        other => panic!("the motor jumps by {other} steps"),
    });
    // 20 there and 5 back; the first step only finds the rotor.
    assert_eq!(travelled, 14, "{turned:?}");
    assert_eq!(lines.map(|line| rig.mock.line(line).level()), [Level::Low; 4]);
    String::new()
}
