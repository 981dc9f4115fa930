//! Pulses: by the daemon, by the hardware, and for servos.

#![allow(clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod remote;

use fake_pigpiod::{Fake, Options, PwmKind};
use pinzero_core::time::{ms, us};
use pinzero_core::{Blink, ErrorKind, Level, OnClose};
use remote::{ask, ask_with, eventually, levels, op, open, told};

#[test]
fn the_daemons_pwm_has_all_the_steps_that_there_are() {
    for (sample, hertz, range) in [
        (5, 100, 2000u32),
        (5, 800, 250),
        (1, 100, 10_000),
        (1, 40_000, 25),
        (10, 5, 20_000),
        (4, 313, 800),
        (8, 31, 4000),
    ] {
        let fake = Fake::with(Options { sample, ..Options::default() });
        let gpio = open(&fake);
        let pwm = gpio.pwm(17).frequency(f64::from(hertz)).initial(0.5).open().unwrap();
        let found = fake.pwm(17).unwrap();
        let wanted = (PwmKind::Software, hertz, range, range.div_ceil(2));
        assert_eq!((found.kind, found.frequency, found.range, found.duty), wanted, "{sample} us");
        for (duty, steps) in
            [(1.0 / f64::from(range), 1), (1.0 / 3.0, (f64::from(range) / 3.0).round() as u32)]
        {
            pwm.set_duty(duty).unwrap();
            assert_eq!(fake.pwm(17).unwrap().duty, steps, "{duty} at {hertz} Hz of {sample} us");
        }
        // Neither ever is what only the ends are.
        for (duty, steps) in [(0.2 / f64::from(range), 1), (1.0 - 0.2 / f64::from(range), range - 1)] {
            pwm.set_duty(duty).unwrap();
            assert_eq!(fake.pwm(17).unwrap().duty, steps, "{duty} at {hertz} Hz of {sample} us");
        }
    }
}

#[test]
fn a_frequency_that_the_daemon_lacks_is_refused_with_those_that_it_has() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let error = gpio.pwm(17).frequency(440.0).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidFrequency);
    for hertz in ["8000", "800", "500", "400", "50", "10"] {
        assert!(error.to_string().contains(hertz), "{hertz} in {error}");
    }
    assert_eq!((fake.mode(17), fake.pwm(17)), (0, None), "what was refused has had no effect");
    assert_eq!([op::PRG, op::PFG].map(|command| ask(&fake, command, 17, 0)), [255, 800]);

    let pwm = gpio.pwm(17).frequency(400.0).initial(0.25).open().unwrap();
    assert_eq!(pwm.set_frequency(440.0).unwrap_err().kind(), ErrorKind::InvalidFrequency);
    assert_eq!((pwm.frequency(), fake.pwm(17).unwrap().frequency), (400.0, 400));
    pwm.set_frequency(500.0).unwrap();
    let found = fake.pwm(17).unwrap();
    assert_eq!((found.frequency, found.period, found.pulse), (500, ms(2), us(500)));
}

#[test]
fn a_change_of_the_duty_is_one_request() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let pwm = gpio.pwm(17).open().unwrap();
    let other = gpio.pwm(27).open().unwrap();
    let asked = told(&fake, &[op::PFS]).len();
    fake.clear_journal();
    for duty in [0.1, 0.2, 0.3] {
        pwm.set_duty(duty).unwrap();
        other.set_duty(duty).unwrap();
    }
    assert_eq!(fake.journal().len(), 6);
    // What the daemon has is asked for once.
    drop(gpio.pwm(22).open().unwrap());
    assert!(told(&fake, &[op::PFS]).len() < 4 && asked > 18, "{asked}");
}

#[test]
fn range_and_frequency_are_given_back() {
    let fake = Fake::start();
    ask(&fake, op::PRS, 17, 1234);
    ask(&fake, op::PFS, 17, 200);
    let gpio = open(&fake);
    for line in [17, 27] {
        drop(gpio.pwm(line).frequency(50.0).initial(0.5).open().unwrap());
        drop(gpio.output(line).open().unwrap());
        drop(gpio.input(line).open().unwrap());
        assert_eq!((fake.mode(line), fake.pwm(line)), (0, None));
    }
    assert_eq!([17, 27].map(|line| ask(&fake, op::PRG, line, 0)), [1234, 255]);
    assert_eq!([17, 27].map(|line| ask(&fake, op::PFG, line, 0)), [200, 800]);
    // Not even a refusal leaves something behind.
    gpio.pwm(22).frequency(440.0).open().unwrap_err();
    assert_eq!([op::PRG, op::PFG].map(|command| ask(&fake, command, 22, 0)), [255, 800]);
}

#[test]
fn a_wave_ends_at_rest() {
    let fake = Fake::start();
    let gpio = open(&fake);
    for (line, rest) in [(17, Level::Low), (27, Level::High), (18, Level::High)] {
        let pwm = gpio.pwm(line).initial(0.5).rest(rest).on_close(OnClose::Keep).open().unwrap();
        pwm.close().unwrap();
        assert_eq!((fake.pwm(line), fake.mode(line), Level::from(fake.level(line))), (None, 1, rest));
        assert_eq!(pwm.set_duty(0.5).unwrap_err().kind(), ErrorKind::Closed);
    }
}

/// The daemon's pulses begin with the next cycle, which at 10 Hz is a tenth of a second later.
#[test]
fn a_steady_level_is_there_at_once() {
    let fake = Fake::with(Options { is_frozen: true, ..Options::default() });
    let gpio = open(&fake);
    for hertz in [10.0, 50.0] {
        for (duty, level) in [(0.0, Level::Low), (1.0, Level::High)] {
            let pwm = gpio.pwm(17).frequency(hertz).initial(duty).open().unwrap();
            assert_eq!((fake.pwm(17), Level::from(fake.level(17))), (None, level), "from the start");
            for wave in [0.5, 0.075] {
                pwm.set_duty(wave).unwrap();
                assert!(fake.pwm(17).is_some());
                fake.advance(ms(150));
                pwm.set_duty(duty).unwrap();
                assert_eq!((fake.pwm(17), Level::from(fake.level(17))), (None, level), "after {wave}");
            }
            // The frequency waits for the next wave.
            pwm.set_frequency(100.0).unwrap();
            assert_eq!((fake.pwm(17), Level::from(fake.level(17))), (None, level));
            pwm.set_duty(0.25).unwrap();
            assert_eq!((fake.pwm(17).unwrap().frequency, fake.pwm(17).unwrap().duty), (100, 500));
            pwm.set_frequency(hertz).unwrap();
        }
    }
}

#[test]
fn servos_have_pulses_of_their_own() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let servo = gpio.pwm(17).frequency(50.0).initial(0.075).open().unwrap();
    assert_eq!((fake.pwm(17).unwrap().kind, fake.pwm(17).unwrap().pulse), (PwmKind::Servo, us(1500)));
    for (duty, kind, pulse) in [
        (0.025, PwmKind::Servo, 500),
        (0.125, PwmKind::Servo, 2500),
        (0.13, PwmKind::Software, 2600),
        (0.5, PwmKind::Software, 10_000),
        (0.1, PwmKind::Servo, 2000),
        (0.02, PwmKind::Software, 400),
    ] {
        servo.set_duty(duty).unwrap();
        let found = fake.pwm(17).unwrap();
        assert_eq!((found.kind, found.period, found.pulse), (kind, ms(20), us(pulse)), "{duty}");
    }
    assert_eq!(told(&fake, &[op::SERVO])[0], [op::SERVO, 17, 1500]);
    // A plain level ends the pulses, as that of a servo that is detached, and they begin anew.
    for _ in 0..2 {
        servo.set_duty(0.1).unwrap();
        assert_eq!(fake.pwm(17).map(|pwm| pwm.kind), Some(PwmKind::Servo));
        servo.set_duty(0.0).unwrap();
        assert_eq!((fake.pwm(17), fake.level(17)), (None, false));
    }
}

#[test]
fn hardware_makes_pulses_where_it_has_a_channel() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let one = gpio.pwm(18).frequency(440.0).initial(0.25).open().unwrap();
    let found = fake.pwm(18).unwrap();
    assert_eq!((found.kind, found.frequency, found.duty), (PwmKind::Hardware, 440, 250_000));
    // GPIO12 is on the same channel, GPIO13 is not.
    let error = gpio.pwm(12).frequency(440.0).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidFrequency);
    let shared = gpio.pwm(12).frequency(100.0).initial(0.5).open().unwrap();
    let other = gpio.pwm(13).frequency(12_345.0).initial(0.5).open().unwrap();
    assert_eq!([12, 13].map(|line| fake.pwm(line).unwrap().kind), [PwmKind::Software, PwmKind::Hardware]);
    one.set_frequency(1_000_000.0).unwrap();
    one.set_duty(0.75).unwrap();
    let found = fake.pwm(18).unwrap();
    assert_eq!((found.frequency, found.duty), (1_000_000, 750_000));
    assert_eq!(one.set_frequency(440.5).unwrap_err().kind(), ErrorKind::InvalidFrequency);
    // The channel is free once nobody has it.
    drop((one, shared));
    assert_eq!([12, 18].map(|line| (fake.mode(line), fake.pwm(line))), [(0, None); 2]);
    let again = gpio.pwm(12).frequency(440.0).open().unwrap();
    assert_eq!(fake.pwm(12).unwrap().kind, PwmKind::Hardware);
    drop((again, other));
}

#[test]
fn a_fade_goes_through_all_its_steps() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let pwm = gpio.pwm(17).open().unwrap();
    fake.clear_journal();
    pwm.blink(Blink::pulse(ms(200), ms(200)).times(1), Level::High).unwrap().wait().unwrap();
    eventually("the last step", || told(&fake, &[op::PWM, op::WRITE]).len() == 11);
    let duties: Vec<u32> = told(&fake, &[op::PWM]).iter().map(|frame| frame[2]).collect();
    assert_eq!(duties, [400, 800, 1200, 1600, 1600, 1200, 800, 400]);
    assert_eq!(told(&fake, &[op::WRITE]), [[op::WRITE, 17, 0], [op::WRITE, 17, 1], [op::WRITE, 17, 0]]);
    assert_eq!(levels(&fake, 17).len() % 2, 0);
}

#[test]
fn what_the_daemon_refuses_has_not_happened() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let pwm = gpio.pwm(17).initial(0.5).open().unwrap();
    // Somebody else has set a lower range meanwhile, so that the duty is too high.
    ask(&fake, op::PRS, 17, 100);
    let error = pwm.set_duty(0.9).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidValue, "{error}");
    // And a line that is hardware's has no daemon's PWM.
    assert_eq!(ask_with(&fake, op::HP, 17, 100, &[500_000]), -95);
    ask(&fake, op::PRS, 17, 2000);
    pwm.set_duty(0.9).unwrap();
    assert_eq!(fake.pwm(17).unwrap().duty, 1800);
}
