//! Lines with pulses: the writes that count on them, and their levels.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

mod client;

use client::{Client, mock, serve, until, words};
use pinzero_core::mock::{self, MockGpio};
use pinzero_core::time::us;
use pinzero_core::{Capabilities, Support};
use pinzero_pigpio::protocol::{Code, Command};

use Command::{Bc1, Bs1, Gdc, Gpw, Hp, Modes, Pfs, Prs, Pwm, Read, Servo, Trig, Write};

/// GPIO18, which has hardware PWM.
const LINE: u32 = 18;
const BIT: u32 = 1 << LINE;

/// Mocks with PWM of their own, and with core's.
fn mocks() -> [MockGpio; 2] {
    let without_pwm = Capabilities { pwm: Support::None, ..mock().capabilities() };
    let board = mock().board().clone();
    [mock(), mock::builder().board(board).capabilities(without_pwm).realtime().open()]
}

/// Runs commands, each with its two parameters.
fn run(client: &mut Client, commands: &[(Command, u32, u32)]) {
    for (command, p1, p2) in commands {
        client.must(*command, *p1, *p2);
    }
}

/// Makes a wave that ends at `level`, and returns its number.
fn wave(client: &mut Client, level: u32) -> u32 {
    let (on, off) = (BIT * level, BIT * (1 - level));
    client.ask_with(Command::Wvag, 0, 0, &words(&[off, on, 100, on, off, 100]));
    client.must(Command::Wvcre, 0, 0)
}

/// Every command that drives an output without making it one.
fn drive(client: &mut Client, way: &str, level: u32) {
    match way {
        "bank" => _ = client.must(if level == 1 { Bs1 } else { Bc1 }, BIT, 0),
        "trigger" => assert_eq!(client.ask_with(Trig, LINE, 10, &words(&[1 - level])).0, 0),
        "wave" | "chain" => {
            let wave = wave(client, level);
            match way {
                "wave" => _ = client.must(Command::Wvtx, wave, 0),
                _ => assert_eq!(client.ask_with(Command::Wvcha, 0, 0, &[wave as u8]).0, 0),
            }
            until("the wave is through", || client.must(Command::Wvbsy, 0, 0) == 0);
            client.must(Command::Wvdel, wave, 0);
        }
        _ => {
            let text = format!("{} {BIT}", if level == 1 { "bs1" } else { "bc1" });
            let script = client.ask_with(Command::Proc, 0, 0, text.as_bytes()).0 as u32;
            client.must(Command::Procr, script, 0);
            until("the script has ended", || client.ask_with(Command::Procp, script, 0, &[]).1[0] == 1);
            client.must(Command::Procd, script, 0);
        }
    }
}

const WAYS: [&str; 5] = ["bank", "trigger", "wave", "chain", "script"];

#[test]
fn an_output_without_pulses_is_written_by_every_command() {
    let ways_to_none: [&[(Command, u32, u32)]; 11] = [
        &[(Pwm, LINE, 0)],
        &[(Pwm, LINE, 128), (Pwm, LINE, 0)],
        &[(Pwm, LINE, 255), (Pwm, LINE, 0)],
        &[(Servo, LINE, 0)],
        &[(Servo, LINE, 1500), (Servo, LINE, 0)],
        &[(Pwm, LINE, 128), (Servo, LINE, 0)],
        &[(Servo, LINE, 1500), (Pwm, LINE, 0), (Pfs, LINE, 100), (Prs, LINE, 1000)],
        &[(Servo, LINE, 1500), (Write, LINE, 0)],
        &[(Pwm, LINE, 128), (Modes, LINE, 0), (Modes, LINE, 1)],
        // One of 255 is less than one of 25.
        &[(Pwm, LINE, 1), (Prs, LINE, 25)],
        &[(Pwm, LINE, 255), (Hp, LINE, 0)],
    ];
    for gpio in mocks() {
        let daemon = serve(&gpio);
        let mut client = Client::connect(&daemon);
        for way_to_none in ways_to_none {
            for way in WAYS {
                run(&mut client, &[(Modes, LINE, 0), (Prs, LINE, 255)]);
                for (command, p1, p2) in way_to_none {
                    assert!(client.ask_with(*command, *p1, *p2, &words(&[0])).0 >= 0);
                }
                for level in [1, 0, 1] {
                    drive(&mut client, way, level);
                    assert_eq!(client.must(Read, LINE, 0), level, "{way}, {way_to_none:?}");
                    assert_eq!(u32::from(gpio.line(LINE).level().is_high()), level);
                }
            }
        }
    }
}

#[test]
fn pulses_of_zero_are_still_pulses_to_those_who_ask() {
    for gpio in mocks() {
        let daemon = serve(&gpio);
        let mut client = Client::connect(&daemon);
        run(&mut client, &[(Pwm, LINE, 0), (Bs1, BIT, 0)]);
        assert_eq!((client.ask(Gdc, LINE, 0), client.ask(Gpw, LINE, 0)), (0, Code::NOT_SERVO_GPIO.0));
        run(&mut client, &[(Servo, LINE, 0), (Bs1, BIT, 0)]);
        assert_eq!((client.ask(Gdc, LINE, 0), client.ask(Gpw, LINE, 0)), (Code::NOT_PWM_GPIO.0, 0));
        run(&mut client, &[(Write, LINE, 1)]);
        assert_eq!(client.ask(Gdc, LINE, 0), Code::NOT_PWM_GPIO.0);
        assert_eq!(client.ask(Gpw, LINE, 0), Code::NOT_SERVO_GPIO.0);
    }
}

#[test]
fn a_line_that_the_hardware_pulses_ignores_plain_writes_until_it_is_an_output() {
    for gpio in mocks() {
        let daemon = serve(&gpio);
        let mut client = Client::connect(&daemon);
        assert_eq!(client.ask_with(Hp, LINE, 1000, &words(&[0])).0, 0);
        for way in WAYS {
            drive(&mut client, way, 1);
            assert_eq!(client.must(Read, LINE, 0), 0, "{way}");
        }
        client.must(Modes, LINE, 1);
        drive(&mut client, "bank", 1);
        assert_eq!(client.must(Read, LINE, 0), 1);
    }
}

#[test]
fn a_wave_drives_a_line_from_when_it_is_an_output_without_pulses() {
    let ways_to_begin: [&[(Command, u32, u32)]; 3] =
        [&[(Modes, LINE, 0)], &[(Pwm, LINE, 255)], &[(Servo, LINE, 1500)]];
    let ways_to_go_on: [&[(Command, u32, u32)]; 3] =
        [&[(Modes, LINE, 0), (Modes, LINE, 1)], &[(Pwm, LINE, 0)], &[(Servo, LINE, 0)]];
    for gpio in mocks() {
        let daemon = serve(&gpio);
        let mut client = Client::connect(&daemon);
        let wave = wave(&mut client, 1);
        for (begin, go_on) in ways_to_begin.into_iter().zip(ways_to_go_on) {
            run(&mut client, begin);
            client.must(Command::Wvtxr, wave, 0);
            run(&mut client, go_on);
            gpio.line(LINE).clear();
            until("the wave is seen", || gpio.line(LINE).history().len() >= 4);
        }
        client.must(Command::Wvhlt, 0, 0);
    }
}

#[test]
fn pulses_cross_a_wire() {
    for gpio in mocks() {
        gpio.wire(22, 27);
        let daemon = serve(&gpio);
        let mut client = Client::connect(&daemon);
        run(&mut client, &[(Pfs, 22, 100), (Pwm, 22, 128)]);
        for line in [22, 27] {
            let start = gpio.now();
            let (mut high, mut all) = (0, 0);
            // Whole cycles, so that every part of the wave is read.
            while gpio.now() - start < us(200_000) {
                all += 2;
                high += client.must(Read, line, 0) + (client.must(Command::Br1, 0, 0) >> line & 1);
            }
            let mean = f64::from(high) / f64::from(all);
            assert!((mean - 128.0 / 255.0).abs() < 0.2, "GPIO{line} was high in {mean:.2} of {all} reads");
        }
        client.must(Pwm, 22, 0);
        assert_eq!(client.must(Read, 27, 0), 0);
    }
}

#[test]
fn a_client_that_watches_the_other_end_of_a_wire_is_told_of_pulses() {
    let pwm: &[(Command, u32, u32)] = &[(Pfs, 22, 100), (Pwm, 22, 51)];
    let servo: &[(Command, u32, u32)] = &[(Servo, 22, 1500)];
    for (commands, high, period) in [(pwm, 2000, 10_000), (servo, 1500, 20_000)] {
        let gpio = mock();
        gpio.wire(22, 27);
        let daemon = serve(&gpio);
        let (mut client, mut watcher) = (Client::connect(&daemon), Client::connect(&daemon));
        let handle = watcher.must(Command::Noib, 0, 0);
        client.must(Command::Nb, handle, 1 << 27);
        run(&mut client, commands);
        let reports: Vec<_> = std::iter::repeat_with(|| watcher.report()).take(9).collect();
        for pair in reports.windows(2) {
            let time = if pair[0].levels >> 27 & 1 == 1 { high } else { period - high };
            let told = pair[1].tick.wrapping_sub(pair[0].tick);
            assert!(told.abs_diff(time) <= 1, "{told} µs and not {time}");
        }
    }
}
