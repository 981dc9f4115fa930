//! SPI, I2C and waves: what the daemon opens by number.

#![allow(clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod remote;

use std::thread;

use fake_pigpiod::{Fake, Options};
use pinzero_core::time::{ms, us};
use pinzero_core::{ErrorKind, Gpio, Line, Spi, SpiMode};
use pinzero_pigpio::Pulse;
use remote::{ask, ask_with, builder, connect, lost, op, open, open_with, restored, told};

/// The words after the last request with this command.
fn words(fake: &Fake, command: u32) -> Vec<u32> {
    let journal = fake.journal();
    let frame = journal.iter().rfind(|frame| frame.command == command).unwrap();
    frame.extension.chunks(4).map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

fn hardware(gpio: &Gpio) -> Spi {
    gpio.spi(11).mosi(10).miso(9).select(8).max_rate(1_000_000).open().unwrap()
}

fn software(gpio: &Gpio) -> Spi {
    gpio.spi(5).mosi(6).miso(13).select(19).open().unwrap()
}

#[test]
fn the_bus_is_taken_where_the_lines_are_its() {
    let fake = Fake::start();
    fake.spi_device(0, |sent| sent.iter().map(|byte| !byte).collect());
    let gpio = open(&fake);
    let spi = hardware(&gpio);
    assert_eq!(told(&fake, &[op::SPIO]), [[op::SPIO, 0, 1_000_000]]);
    let mut data = [0x12, 0x34, 0x00];
    spi.transfer(&mut data).unwrap();
    assert_eq!(data, [0xed, 0xcb, 0xff]);
    spi.write(&[1, 2]).unwrap();
    assert_eq!(spi.read(2).unwrap(), [0xff, 0xff]);
    drop(spi);
    assert_eq!((told(&fake, &[op::SPIC]), fake.handles().spi), (vec![[op::SPIC, 0, 0]], 0));
    assert!(told(&fake, &[op::BSPIO]).is_empty());
}

#[test]
fn channels_modes_and_flags() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let main = |select: u32| gpio.spi(11).mosi(10).miso(9).select(select);
    let auxiliary = |select: u32| gpio.spi(21).mosi(20).miso(19).select(select);
    for (spi, channel, flags) in [
        (main(8), 0, 0),
        (main(7), 1, 0),
        (main(7).mode(SpiMode::Mode3), 1, 3),
        (main(8).mode(SpiMode::Mode1).select_high(true), 0, 1 | 1 << 2),
        (main(7).select_high(true), 1, 1 << 3),
        (auxiliary(18), 0, 1 << 8),
        (auxiliary(16).mode(SpiMode::Mode2).select_high(true), 2, 1 << 8 | 2 | 1 << 4),
    ] {
        fake.clear_journal();
        spi.open().unwrap().write(&[0]).unwrap();
        let opened = told(&fake, &[op::SPIO])[0];
        assert_eq!((opened[1], words(&fake, op::SPIO)), (channel, vec![flags]));
    }
    // The auxiliary bus cannot do this mode, and no bus is as slow.
    for spi in [auxiliary(18).mode(SpiMode::Mode1), main(8).max_rate(1000)] {
        fake.clear_journal();
        drop(spi.open().unwrap());
        assert_eq!((told(&fake, &[op::SPIO]).len(), told(&fake, &[op::BSPIO]).len()), (0, 1));
    }
    assert_eq!(main(8).max_rate(49).open().unwrap_err().kind(), ErrorKind::InvalidFrequency);
}

#[test]
fn any_four_lines_are_a_bus_bit_by_bit() {
    let fake = Fake::start();
    fake.wire(6, 13);
    let gpio = open(&fake);
    let spi = software(&gpio);
    assert_eq!(told(&fake, &[op::BSPIO]), [[op::BSPIO, 19, 0]]);
    assert_eq!(words(&fake, op::BSPIO)[..3], [13, 6, 5]);
    let mut data = [0x12, 0x81, 0xfe];
    spi.transfer(&mut data).unwrap();
    assert_eq!(data, [0x12, 0x81, 0xfe], "mosi is wired to miso");
    drop(spi);
    assert_eq!((told(&fake, &[op::BSPIC]), fake.handles().bit_spi), (vec![[op::BSPIC, 19, 0]], 0));
    assert_eq!([5, 6, 13, 19].map(|line| fake.mode(line)), [0; 4]);
}

#[test]
fn the_lowest_bit_may_come_first() {
    let fake = Fake::start();
    fake.spi_device(0, |sent| sent.iter().map(|byte| byte.wrapping_add(1)).collect());
    let gpio = open(&fake);
    let spi = gpio.spi(11).mosi(10).miso(9).select(8).lsb_first(true).open().unwrap();
    // The device sees 0b1000_0000, and answers 0b1000_0001.
    let mut data = [0b0000_0001];
    spi.transfer(&mut data).unwrap();
    assert_eq!(data, [0b1000_0001]);
}

#[test]
fn transfers_of_any_length() {
    let fake = Fake::with(Options { piece: Some(3000), delay: us(50), ..Options::default() });
    let gpio = open(&fake);
    let spi = hardware(&gpio);
    for length in [0, 1, 4095, 4096, 65_535] {
        let sent: Vec<u8> = (0..length).map(|number: usize| (number * 31) as u8).collect();
        let mut data = sent.clone();
        spi.transfer(&mut data).unwrap();
        assert_eq!(data, sent, "{length}");
    }
    assert_eq!(spi.transfer(&mut vec![0; 65_536]).unwrap_err().kind(), ErrorKind::InvalidValue);
    spi.transfer(&mut [1]).unwrap();
}

#[test]
fn several_threads_on_several_buses() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let one = hardware(&gpio);
    let other = gpio.spi(21).mosi(20).miso(19).select(18).open().unwrap();
    thread::scope(|scope| {
        for number in 0..8u8 {
            let spi = if number % 2 == 0 { &one } else { &other };
            scope.spawn(move || {
                for round in 0..50 {
                    let mut data = [number, round];
                    spi.transfer(&mut data).unwrap();
                    assert_eq!(data, [number, round]);
                }
            });
        }
    });
}

#[test]
fn i2c_devices() {
    let fake = Fake::start();
    fake.i2c_device(0, 0x20);
    let factory = connect(&fake);
    let one = factory.i2c(1, 0x48).unwrap();
    let other = factory.i2c(0, 0x20).unwrap();
    assert_eq!(told(&fake, &[op::I2CO]), [[op::I2CO, 1, 0x48], [op::I2CO, 0, 0x20]]);
    one.write(&[0x10, 1, 2, 3]).unwrap();
    other.write(&[0x10, 9]).unwrap();
    let mut data = [0; 3];
    one.write_read(&[0x10], &mut data).unwrap();
    assert_eq!(data, [1, 2, 3]);
    let mut data = [0; 1];
    other.write_read(&[0x10], &mut data).unwrap();
    assert_eq!(data, [9]);
    one.write(&[0x11]).unwrap();
    one.read(&mut data).unwrap();
    assert_eq!(data, [2]);
    // More than a length of one byte can say.
    let long: Vec<u8> = (0..256).map(|number| number as u8).collect();
    one.write(&[&[0], &long[..]].concat()).unwrap();
    let mut data = vec![0; 300];
    one.write_read(&[0], &mut data).unwrap();
    assert_eq!(data[..256], long);

    for result in [one.write(&[]), one.read(&mut []), one.write(&[0; 8193]), one.write_read(&[1], &mut [])] {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidValue);
    }
    // Nobody has this address, which shows only when it is used.
    let nobody = factory.i2c(1, 0x21).unwrap();
    for result in [nobody.write(&[0]), nobody.read(&mut [0]), nobody.write_read(&[0], &mut [0])] {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.to_string().contains("an I2C message failed"), "{error}");
    }
    assert_eq!(factory.i2c(7, 0x48).unwrap_err().kind(), ErrorKind::Io);
    assert_eq!(fake.handles().i2c, 3);
    one.close().unwrap();
    one.close().unwrap();
    assert_eq!(one.write(&[0]).unwrap_err().kind(), ErrorKind::Closed);
    drop((other, nobody));
    assert_eq!((told(&fake, &[op::I2CC]).len(), fake.handles().i2c), (3, 0));
}

#[test]
fn what_is_open_is_closed_with_the_factory() {
    let fake = Fake::start();
    let factory = connect(&fake);
    let device = factory.i2c(1, 0x48).unwrap();
    let gpio = Gpio::new(factory).unwrap();
    let buses = (hardware(&gpio), software(&gpio));
    gpio.close().unwrap();
    let open = fake.handles();
    assert_eq!((open.spi, open.i2c, open.bit_spi, open.notify), (0, 0, 0, 0));
    assert_eq!(device.write(&[0]).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(buses.0.write(&[0]).unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn all_is_opened_again_at_a_new_daemon() {
    let fake = Fake::start();
    fake.wire(6, 13);
    let factory = builder(&fake).connect().unwrap();
    let mut events = factory.link_events();
    let device = factory.i2c(1, 0x48).unwrap();
    let gpio = Gpio::new(factory).unwrap();
    let buses = [hardware(&gpio), software(&gpio)];
    for _ in 0..5 {
        fake.kill();
        lost(&mut events);
        assert_eq!(buses[0].write(&[1]).unwrap_err().kind(), ErrorKind::Disconnected);
        assert_eq!(device.write(&[1]).unwrap_err().kind(), ErrorKind::Disconnected);
        fake.restart();
        assert!(restored(&mut events), "the daemon is a new one");
        for spi in &buses {
            let mut data = [0x12, 0x34];
            spi.transfer(&mut data).unwrap();
            assert_eq!(data, [0x12, 0x34]);
        }
        device.write(&[0x10, 1]).unwrap();
        let open = fake.handles();
        assert_eq!((open.spi, open.i2c, open.bit_spi), (1, 1, 1));
    }
}

#[test]
fn nothing_is_opened_twice_at_a_daemon_that_goes_on() {
    let fake = Fake::start();
    let factory = builder(&fake).connect().unwrap();
    let mut events = factory.link_events();
    let device = factory.i2c(1, 0x48).unwrap();
    let gpio = Gpio::new(factory).unwrap();
    let buses = [hardware(&gpio), software(&gpio)];
    for _ in 0..5 {
        fake.hang_up();
        lost(&mut events);
        assert!(!restored(&mut events), "the daemon is the same");
        buses.iter().for_each(|spi| spi.write(&[0]).unwrap());
        device.write(&[0x10, 1]).unwrap();
        let open = fake.handles();
        assert_eq!((open.spi, open.i2c, open.bit_spi), (1, 1, 1));
    }
}

#[test]
fn somebody_elses_number_is_left_alone() {
    let fake = Fake::start();
    let (gpio, mut events) = open_with(builder(&fake));
    let spi = hardware(&gpio);
    fake.kill();
    lost(&mut events);
    // The new daemon gives the number that was ours to another client, who is there first.
    fake.refuse(true);
    fake.restart();
    fake.refuse(false);
    while fake.handles().spi == 0 {
        ask_with(&fake, op::SPIO, 1, 500_000, &[0]);
    }
    let first = told(&fake, &[op::SPIO]).iter().filter(|frame| frame[1] == 1).count();
    restored(&mut events);
    spi.write(&[0]).unwrap();
    assert_eq!(fake.handles().spi, 1 + first);
    drop(spi);
    assert_eq!(fake.handles().spi, first);
}

#[test]
fn what_is_closed_in_a_gap_does_not_stay_open() {
    let fake = Fake::start();
    let factory = builder(&fake).reconnect(ms(50), ms(50)).connect().unwrap();
    let mut events = factory.link_events();
    let device = factory.i2c(1, 0x48).unwrap();
    let gpio = Gpio::new(factory).unwrap();
    let buses = [hardware(&gpio), software(&gpio)];
    fake.refuse(true);
    fake.hang_up();
    lost(&mut events);
    assert_eq!(device.close().unwrap_err().kind(), ErrorKind::Disconnected);
    for spi in &buses {
        assert_eq!(spi.close().unwrap_err().kind(), ErrorKind::Disconnected);
    }
    fake.refuse(false);
    assert!(!restored(&mut events));
    let open = fake.handles();
    assert_eq!((open.spi, open.i2c, open.bit_spi), (0, 0, 0));
    let again = [hardware(&gpio), software(&gpio)];
    again.iter().for_each(|spi| spi.write(&[0]).unwrap());
}

fn pulse(high: &[u32], low: &[u32], micros: u64) -> Pulse {
    let lines = |numbers: &[u32]| numbers.iter().map(|number| Line(*number)).collect();
    Pulse { high: lines(high), low: lines(low), lasts: us(micros) }
}

#[test]
fn waves() {
    let fake = Fake::start();
    let factory = connect(&fake);
    let waves = factory.waves();
    let first = waves.create(&[pulse(&[17], &[27], 500), pulse(&[27], &[17], 1500)]).unwrap();
    assert_eq!(words(&fake, op::WVAG), [1 << 17, 1 << 27, 500, 1 << 27, 1 << 17, 1500]);
    let order = [op::WVNEW, op::WVAG, op::WVCRE];
    assert_eq!(told(&fake, &order).iter().map(|frame| frame[0]).collect::<Vec<_>>(), order);
    let second = waves.create(&[pulse(&[22], &[], 1)]).unwrap();
    assert_ne!(first, second);
    assert!(!waves.is_busy().unwrap());
    waves.repeat(first).unwrap();
    assert!(waves.is_busy().unwrap());
    waves.halt().unwrap();
    assert!(!waves.is_busy().unwrap());
    waves.send(second).unwrap();
    waves.delete(first).unwrap();
    assert_eq!(waves.send(first).unwrap_err().kind(), ErrorKind::Io);
    let sent = told(&fake, &[op::WVTX, op::WVTXR, op::WVHLT, op::WVDEL]);
    assert_eq!(
        sent.iter().map(|frame| frame[0]).collect::<Vec<_>>(),
        [op::WVTXR, op::WVHLT, op::WVTX, op::WVDEL, op::WVTX]
    );
}

#[test]
fn what_is_no_wave_is_refused() {
    let fake = Fake::with(Options { permitted: 1 << 17, ..Options::default() });
    let factory = connect(&fake);
    let waves = factory.waves();
    fake.clear_journal();
    for pulses in [vec![], vec![pulse(&[32], &[], 1)], vec![pulse(&[], &[], 1 << 32)]] {
        assert_eq!(waves.create(&pulses).unwrap_err().kind(), ErrorKind::InvalidValue);
    }
    assert_eq!(fake.journal(), []);
    assert_eq!(waves.create(&[pulse(&[18], &[], 1)]).unwrap_err().kind(), ErrorKind::PermissionDenied);
    // A wave of ten thousand steps goes in several requests.
    let long: Vec<Pulse> = (0..10_000).map(|number| pulse(&[17], &[], 1 + number % 3)).collect();
    waves.create(&long).unwrap();
    assert_eq!(told(&fake, &[op::WVAG]).len(), 3);
    fake.kill();
    assert_eq!(waves.is_busy().unwrap_err().kind(), ErrorKind::Disconnected);
    fake.restart();
    assert_eq!(ask(&fake, op::WVBSY, 0, 0), 0);
}
