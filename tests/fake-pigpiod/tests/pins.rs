//! Pins: what is on them, and what clients make of them.

#![allow(clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod client;

use std::io::Read;
use std::time::Duration;

use client::Client;
use fake_pigpiod::{Fake, Options, PwmKind};

const MODES: u32 = 0;
const MODEG: u32 = 1;
const PUD: u32 = 2;
const READ: u32 = 3;
const WRITE: u32 = 4;
const PWM: u32 = 5;
const PRS: u32 = 6;
const PFS: u32 = 7;
const SERVO: u32 = 8;
const BC1: u32 = 12;
const BS1: u32 = 14;
const PRRG: u32 = 24;
const TRIG: u32 = 37;
const GDC: u32 = 83;
const HP: u32 = 86;

fn frozen() -> Fake {
    Fake::with(Options { is_frozen: true, tick: 2_000_000, ..Options::default() })
}

fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

#[test]
fn a_driver_beats_a_pull_and_a_pull_crosses_a_wire() {
    let fake = Fake::start();
    let mut client = Client::new(&fake);
    fake.wire(17, 27);
    assert!(!fake.level(17) && !fake.level(27));
    assert_eq!(client.call(PUD, 17, 2), 0);
    assert_eq!((client.call(READ, 17, 0), client.call(READ, 27, 0), fake.pull(17)), (1, 1, 2));
    fake.drive(27, Some(false));
    assert!(!fake.level(17));
    fake.drive(27, None);
    assert!(fake.level(17));
    assert_eq!(client.call(WRITE, 27, 0), 0);
    assert!(!fake.level(17));
    assert_eq!(client.call(MODES, 27, 0), 0);
    assert!(fake.level(17));
    // Without the pull it floats, and a floating line is low.
    assert_eq!(client.call(PUD, 17, 0), 0);
    assert!(!fake.level(17));
}

#[test]
fn a_bank_is_written_at_once_and_changes_no_mode() {
    let fake = frozen();
    let mut client = Client::new(&fake);
    client.call(MODES, 17, 1);
    client.call(MODES, 18, 1);
    assert_eq!(client.call(BS1, 0b111 << 17, 0), 0);
    assert_eq!([17, 18, 19].map(|gpio| fake.level(gpio)), [true, true, false]);
    assert_eq!(client.call(BC1, 1 << 17 | 1 << 28, 0), -42);
    assert_eq!([17, 18].map(|gpio| fake.level(gpio)), [false, true]);
    let changes =
        |gpio| fake.changes(gpio).iter().map(|change| (change.tick, change.level)).collect::<Vec<_>>();
    assert_eq!(changes(17), [(2_000_000, true), (2_000_000, false)]);
    assert_eq!(changes(18), [(2_000_000, true)]);
    assert_eq!(changes(19), []);
}

#[test]
fn bad_requests_have_their_errors() {
    let fake = Fake::start();
    let mut client = Client::new(&fake);
    let cases: [(u32, u32, u32, &[u32], i32); 46] = [
        (MODES, 54, 0, &[], -3),
        (MODES, 1, 0, &[], -41),
        (MODES, 17, 8, &[], -4),
        (MODEG, 54, 0, &[], -3),
        (PUD, 28, 0, &[], -41),
        (PUD, 17, 3, &[], -6),
        (READ, 54, 0, &[], -3),
        (WRITE, 54, 0, &[], -3),
        (WRITE, 17, 2, &[], -5),
        (PWM, 54, 0, &[], -2),
        (PWM, 32, 0, &[], -41),
        (PWM, 17, 256, &[], -8),
        (PRS, 17, 24, &[], -21),
        (PRS, 17, 40_001, &[], -21),
        (SERVO, 17, 499, &[], -7),
        (SERVO, 17, 2_501, &[], -7),
        (9, 17, 60_001, &[], -15),
        (9, 32, 0, &[], -2),
        (19, 0, 0, &[], -25),
        (20, 31, 0, &[], -25),
        (21, 32, 0, &[], -25),
        (22, 32, 0, &[], -2),
        (30, 0, 0, &[], -120),
        (34, 3, 0, &[], -44),
        (35, 3, 0, &[], -45),
        (36, 3, 0, &[], -43),
        (TRIG, 17, 101, &[1], -46),
        (TRIG, 17, 10, &[2], -5),
        (39, 0, 0, &[], -48),
        (46, 0, 0, &[], -64),
        (47, 60_001, 0, &[], -65),
        (48, 0, 0, &[], -88),
        (49, 0, 0, &[], -69),
        (54, 1, 128, &[0], -75),
        (71, 2, 50_000, &[0], -76),
        (71, 0, 31_999, &[0], -78),
        (71, 0, 50_000, &[1 << 22], -77),
        (GDC, 17, 0, &[], -92),
        (84, 17, 0, &[], -93),
        (HP, 17, 1000, &[0], -95),
        (HP, 18, 125_000_001, &[0], -96),
        (HP, 18, 1000, &[1_000_001], -97),
        (97, 17, 300_001, &[], -125),
        (98, 17, 1, &[1_000_001], -125),
        (112, 19, 0, &[13, 6, 5, 49, 0], -141),
        (119, 0, 0, &[], -88),
    ];
    for (command, p1, p2, extension, code) in cases {
        assert_eq!(client.call_with(command, p1, p2, extension), code, "{command} {p1} {p2} {extension:?}");
    }
    assert_eq!(fake.journal().len(), cases.len());
}

#[test]
fn what_may_be_changed_is_up_to_the_test() {
    let fake = Fake::with(Options { permitted: 1 << 40, ..Options::default() });
    let mut client = Client::new(&fake);
    assert_eq!(client.call(WRITE, 40, 1), 0);
    assert!(fake.level(40));
    assert_eq!(client.call(WRITE, 17, 1), -41);
}

#[test]
fn frequencies_and_ranges_are_those_of_the_sample_rate() {
    let tables = [
        (
            1,
            [
                40000, 20000, 10000, 8000, 5000, 4000, 2500, 2000, 1600, 1250, 1000, 800, 500, 400, 250, 200,
                100, 50,
            ],
        ),
        (4, [10000, 5000, 2500, 2000, 1250, 1000, 625, 500, 400, 313, 250, 200, 125, 100, 63, 50, 25, 13]),
        (5, [8000, 4000, 2000, 1600, 1000, 800, 500, 400, 320, 250, 200, 160, 100, 80, 50, 40, 20, 10]),
        (8, [5000, 2500, 1250, 1000, 625, 500, 313, 250, 200, 156, 125, 100, 63, 50, 31, 25, 13, 6]),
    ];
    let steps =
        [25, 50, 100, 125, 200, 250, 400, 500, 625, 800, 1000, 1250, 2000, 2500, 4000, 5000, 10000, 20000];
    for (sample, table) in tables {
        let fake = Fake::with(Options { sample, ..Options::default() });
        let mut client = Client::new(&fake);
        for (hertz, steps) in table.into_iter().zip(steps) {
            assert_eq!(client.call(PFS, 18, hertz as u32), hertz);
            assert_eq!(client.call(PRRG, 18, 0), steps);
        }
        assert_eq!(client.call(PFS, 18, 1_000_000), table[0]);
        assert_eq!(client.call(PFS, 18, 0), table[17]);
    }
}

#[test]
fn pwm_is_on_the_line() {
    let fake = frozen();
    let mut client = Client::new(&fake);
    assert_eq!(client.call(PFS, 18, 100), 100);
    assert_eq!(client.call(PRS, 18, 10_000), 2_000);
    assert_eq!(client.call(PWM, 18, 2_500), 0);
    let pwm = fake.pwm(18).unwrap();
    assert_eq!((pwm.kind, pwm.frequency, pwm.range, pwm.duty), (PwmKind::Software, 100, 10_000, 2_500));
    assert_eq!((pwm.period, pwm.pulse, fake.mode(18)), (us(10_000), us(2_500), 1));
    fake.advance(us(20_000));
    let changes: Vec<_> = fake.changes(18).iter().map(|change| (change.tick, change.level)).collect();
    let expected =
        [(2_000_000, true), (2_002_500, false), (2_010_000, true), (2_012_500, false), (2_020_000, true)];
    assert_eq!(changes, expected);
    // Another range keeps the share of time.
    assert_eq!(client.call(PRS, 18, 100), 2_000);
    assert_eq!((client.call(GDC, 18, 0), fake.pwm(18).unwrap().pulse), (25, us(2_500)));
    assert_eq!(client.call(WRITE, 18, 0), 0);
    assert_eq!((fake.pwm(18), client.call(GDC, 18, 0)), (None, -92));
    // Nothing and everything are no pulses.
    let count = fake.changes(18).len();
    client.call(PWM, 18, 100);
    fake.advance(us(50_000));
    client.call(PWM, 18, 0);
    fake.advance(us(50_000));
    assert_eq!(fake.changes(18).len(), count + 2);
}

#[test]
fn servos_and_hardware_have_pulses_too() {
    let fake = frozen();
    let mut client = Client::new(&fake);
    assert_eq!(client.call(SERVO, 23, 1503), 0);
    let servo = fake.pwm(23).unwrap();
    assert_eq!(
        (servo.kind, servo.duty, servo.period, servo.pulse),
        (PwmKind::Servo, 1503, us(20_000), us(1_500))
    );
    assert_eq!(client.call_with(HP, 18, 1_000, &[250_000]), 0);
    let pwm = fake.pwm(18).unwrap();
    assert_eq!((pwm.kind, pwm.period, pwm.pulse, fake.mode(18)), (PwmKind::Hardware, us(1_000), us(250), 2));
    assert_eq!((client.call(GDC, 18, 0), client.call(PRRG, 18, 0)), (250_000, 250_000));
    fake.advance(us(100));
    assert!(fake.level(18) && fake.level(23));
    fake.advance(us(200));
    assert!(!fake.level(18) && fake.level(23));
    assert_eq!(client.call(MODES, 18, 0), 0);
    assert_eq!(fake.pwm(18), None);
}

#[test]
fn a_trigger_is_a_pulse() {
    let fake = frozen();
    let mut client = Client::new(&fake);
    client.call(MODES, 17, 1);
    assert_eq!(client.call_with(TRIG, 17, 20, &[1]), 0);
    let changes: Vec<_> = fake.changes(17).iter().map(|change| (change.tick, change.level)).collect();
    assert_eq!(changes, [(2_000_000, true), (2_000_020, false)]);
}

#[test]
fn spi_loops_back_or_answers() {
    let fake = Fake::start();
    let mut client = Client::new(&fake);
    assert_eq!(client.call_with(71, 0, 500_000, &[0]), 0);
    assert_eq!(client.exchange(75, 0, 0, &[1, 2, 3]), [1, 2, 3]);
    fake.spi_device(0, |sent| sent.iter().map(|byte| byte + 1).collect());
    assert_eq!(client.exchange(75, 0, 0, &[1, 2, 3]), [2, 3, 4]);
    assert_eq!(client.exchange(73, 0, 2, &[]), [1, 1]);
    assert_eq!(fake.handles().spi, 1);
    for handle in 1..32 {
        assert_eq!(client.call_with(71, 1, 500_000, &[0]), handle);
    }
    assert_eq!(client.call_with(71, 1, 500_000, &[0]), -24);
    assert_eq!(client.call(72, 5, 0), 0);
    assert_eq!(client.call_with(71, 1, 500_000, &[0]), 5);
    // They outlive their client.
    drop(client);
    assert!(fake.wait_until(us(1_000_000), |fake| fake.connections() == 0));
    assert_eq!(fake.handles().spi, 32);
}

#[test]
fn bits_of_spi_go_over_wires() {
    let fake = Fake::start();
    let mut client = Client::new(&fake);
    fake.wire(13, 6);
    assert_eq!(client.call_with(112, 19, 0, &[13, 6, 5, 250_000, 0]), 0);
    assert_eq!(
        [19, 13, 6, 5].map(|gpio| (fake.mode(gpio), fake.level(gpio))),
        [(1, true), (0, false), (1, false), (1, false)]
    );
    assert_eq!(client.exchange(113, 19, 0, &[0xa5, 0x01, 0xff]), [0xa5, 0x01, 0xff]);
    // Once from its pull-up, and twice for each bit.
    assert_eq!(fake.changes(5).len(), 1 + 3 * 8 * 2);
    assert_eq!(client.call_with(112, 19, 0, &[13, 6, 5, 250_000, 0]), -50);
    assert_eq!(client.call(111, 19, 0), 0);
    assert_eq!(client.call(111, 19, 0), -142);
    assert_eq!(fake.mode(6), 0);
}

#[test]
fn lists_of_i2c_operations_are_checked_as_the_genuine_daemon_does() {
    const I2CZ: u32 = 92;
    let fake = Fake::start();
    let mut client = Client::new(&fake);
    let there = client.call_with(54, 1, 0x48, &[0]) as u32;
    let nobody = client.call_with(54, 1, 0x21, &[0]) as u32;
    let mut run = |handle, list: &[u8]| {
        client.send(I2CZ, handle, 0, list);
        let result = client.result();
        client.0.read_exact(&mut vec![0; result.max(0) as usize]).unwrap();
        result
    };
    // A write needs a byte after it, a read does not.
    assert_eq!(run(there, &[7, 2, 5, 9]), -109);
    assert_eq!(run(there, &[1, 7, 2, 0, 5, 9]), -109);
    assert_eq!(run(there, &[7, 2, 5, 9, 0]), 0);
    assert_eq!((run(there, &[7, 3, 5, 9]), run(there, &[7])), (-109, -109));
    assert_eq!((run(there, &[6]), run(there, &[1, 6, 1])), (-110, -110));
    assert_eq!(run(there, &[8]), -111);
    assert_eq!((run(nobody, &[7, 1, 5, 0]), run(nobody, &[6, 1]), run(nobody, &[])), (-106, -106, -90));
    assert_eq!(run(there, &[7, 1, 5, 6, 1]), 1);
    // Bit by bit, a write needs no byte after it, and a message has one at least.
    assert_eq!(client.call_with(90, 2, 3, &[100_000]), 0);
    let lists = [(&[2, 7, 2, 5][..], -109), (&[2, 7, 1, 5], -82), (&[2, 7, 1, 5, 3, 0], -82), (&[6, 1], -83)];
    for (list, result) in lists.into_iter().chain([(&[2, 6, 0][..], -111), (&[2, 3], 0), (&[], -90)]) {
        client.send(91, 2, 0, list);
        assert_eq!(client.result(), result, "{list:?}");
    }
}
