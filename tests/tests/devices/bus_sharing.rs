//! Handles of buses on several threads, in callbacks, and at their ends.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which fail where they cannot go on")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use pinzero::mock::{self, Fault, I2cChip, MockGpio, Registers, SpiChip};
use pinzero::prelude::*;
use pinzero::{ErrorKind, I2c, I2cOperation, LineFunction, Serial, Spi, SpiOperation};
use pinzero_tests::{Log, eventually, without_hanging, without_hanging_for};

const THREADS: u8 = 4;
const ROUNDS: u32 = 1_000;
/// For the tests that keep both processors busy.
const LONG: std::time::Duration = std::time::Duration::from_secs(120);

fn board() -> MockGpio {
    mock::builder().realtime().open()
}

/// Registers that are read slowly, so that threads meet.
#[derive(Default)]
struct Slow(Registers);

impl I2cChip for Slow {
    fn start(&mut self, is_read: bool) -> bool {
        I2cChip::start(&mut self.0, is_read)
    }

    fn write(&mut self, byte: u8) -> bool {
        self.0.write(byte)
    }

    fn read(&mut self) -> u8 {
        thread::sleep(us(10));
        self.0.read()
    }
}

/// Four threads write and read registers of one chip, each its own; they close their handles now and then, and open new ones.
fn hammer_i2c(open: impl Fn(&MockGpio) -> pinzero::Result<I2c> + Send + Sync + 'static) {
    without_hanging_for(LONG, move || {
        let gpio = board();
        let chip = gpio.i2c_chip(1, 0x20, Slow::default());
        let barrier = Barrier::new(THREADS.into());
        thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|number| {
                    let (gpio, open, barrier) = (&gpio, &open, &barrier);
                    scope.spawn(move || -> pinzero::Result<()> {
                        let mut i2c = open(gpio)?;
                        barrier.wait();
                        for round in 0..ROUNDS {
                            let sent = [number.wrapping_add(round as u8), number, !number];
                            let mut read = [0; 3];
                            i2c.transaction(
                                0x20,
                                &mut [I2cOperation::Write(&[number * 16]), I2cOperation::Write(&sent)],
                            )?;
                            i2c.write_read(0x20, &[number * 16], &mut read)?;
                            assert_eq!(read, sent, "thread {number}, round {round}");
                            if round % 7 == u32::from(number) {
                                i2c.close()?;
                                assert_eq!(i2c.write(0x20, &[0]).unwrap_err().kind(), ErrorKind::Closed);
                                i2c = open(gpio)?;
                            }
                        }
                        Ok(())
                    })
                })
                .collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
        });
        // All is given back.
        assert_eq!(chip.with(|chip| chip.0.get(16 * (THREADS - 1) + 1)), THREADS - 1);
        drop((gpio.output(2).open().unwrap(), gpio.output(3).open().unwrap()));
    });
}

#[test]
fn threads_share_a_controller_for_i2c() {
    hammer_i2c(|gpio| gpio.i2c(1).open());
}

#[test]
fn threads_share_i2c_on_two_pins() {
    // As fast as the mock can.
    hammer_i2c(|gpio| gpio.soft_i2c(2, 3).max_rate(u32::MAX).open());
}

/// Each thread has a chip of its own on one bus, and all of them use clones of a handle of the first.
fn hammer_spi(open: impl Fn(&MockGpio, u8) -> pinzero::Result<Spi> + Send + Sync + 'static, count: u8) {
    without_hanging_for(LONG, move || {
        let gpio = board();
        // Those rest high before they are open, so that no chip is selected by then.
        let selects = [8u32, 7, 6, 5];
        for select in &selects[..usize::from(count)] {
            gpio.spi_chip_on([11, 10, 9, *select], Registers::new());
        }
        thread::scope(|scope| {
            let threads: Vec<_> = (0..count)
                .map(|number| {
                    let (gpio, open) = (&gpio, &open);
                    scope.spawn(move || -> pinzero::Result<()> {
                        let mut spi = open(gpio, number)?;
                        for round in 0..ROUNDS {
                            let sent = [number.wrapping_add(round as u8), number, !number];
                            let mut read = [0; 3];
                            spi.transaction(&mut [SpiOperation::Write(&[5]), SpiOperation::Write(&sent)])?;
                            spi.transaction(&mut [
                                SpiOperation::Write(&[0x85]),
                                SpiOperation::Read(&mut read),
                            ])?;
                            assert_eq!(read, sent, "thread {number}, round {round}");
                            if round % 7 == u32::from(number) {
                                spi.close()?;
                                assert_eq!(spi.write(&[0]).unwrap_err().kind(), ErrorKind::Closed);
                                spi = open(gpio, number)?;
                            }
                        }
                        Ok(())
                    })
                })
                .collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
        });
        for pin in [8, 9, 10, 11] {
            drop(gpio.output(pin).open().unwrap());
        }
    });
}

#[test]
fn threads_share_a_controller_for_spi() {
    hammer_spi(|gpio, number| gpio.hardware_spi(0, number.into()).open(), 2);
}

#[test]
fn threads_share_spi_on_pins() {
    let open = |gpio: &MockGpio, number: u8| {
        let select = [8u32, 7, 6, 5][usize::from(number)];
        gpio.spi(11).mosi(10).miso(9).select(select).open()
    };
    hammer_spi(open, THREADS);
}

/// Clones on four threads, and a close by a fifth: each call does all or nothing.
#[test]
fn a_close_from_another_thread_ends_the_transfers_of_all_clones() {
    without_hanging_for(LONG, || {
        for round in 0..50 {
            let gpio = board();
            gpio.i2c_chip(1, 0x20, Registers::new());
            let i2c = gpio.soft_i2c(2, 3).max_rate(u32::MAX).open().unwrap();
            let spi = gpio.spi(11).mosi(10).miso(9).select(8).open().unwrap();
            let barrier = Barrier::new(5);
            thread::scope(|scope| {
                for _ in 0..2 {
                    let (i2c, spi, barrier) = (i2c.clone(), spi.clone(), &barrier);
                    scope.spawn(move || {
                        barrier.wait();
                        let error = (0..).find_map(|_| i2c.write(0x20, &[1, 2]).err()).unwrap();
                        assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
                    });
                    scope.spawn(move || {
                        barrier.wait();
                        let error = (0..).find_map(|_| spi.write(&[1, 2]).err()).unwrap();
                        assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
                    });
                }
                barrier.wait();
                thread::sleep(us(100 * round));
                i2c.close().unwrap();
                spi.close().unwrap();
                // Free at once.
                for pin in [2, 3, 8, 9, 10, 11] {
                    drop(gpio.output(pin).open().unwrap());
                }
            });
        }
    });
}

#[test]
fn a_long_transfer_on_pins_ends_soon_when_it_is_closed() {
    without_hanging(|| {
        let gpio = board();
        // Thirty thousand bytes would take a minute and more.
        let spi = gpio.spi(11).mosi(10).miso(9).select(8).max_rate(4_000).open().unwrap();
        thread::scope(|scope| {
            let worker = scope.spawn(|| spi.write(&[0; 30_000]));
            eventually("the clock ticks", || gpio.line(11).history().len() > 8);
            spi.close().unwrap();
            assert_eq!(worker.join().unwrap().unwrap_err().kind(), ErrorKind::Closed);
        });
        assert_eq!(gpio.line(11).function(), LineFunction::Input);
    });
}

/// A chip that says what goes on around it.
struct Nothing;

impl SpiChip for Nothing {
    fn exchange(&mut self, _: u8) -> u8 {
        0
    }
}

/// On a virtual clock, callbacks run while a transfer sleeps, on its thread.
#[test]
fn a_callback_may_close_the_bus_that_is_in_use() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    gpio.i2c_chip(1, 0x20, Registers::new());
    gpio.spi_chip(0, 0, Nothing);
    let i2c = gpio.soft_i2c(2, 3).open()?;
    let spi = gpio.spi(11).mosi(10).miso(9).select(8).max_rate(100_000).open()?;
    let log = Log::new();
    let (other, done) = (i2c.clone(), log.clone());
    gpio.after(us(300), move || done.push(other.close().is_ok()))?;
    // The transfer ends first.
    i2c.write(0x20, &[1, 2, 3])?;
    assert_eq!(i2c.write(0x20, &[1]).unwrap_err().kind(), ErrorKind::Closed);
    let (other, done) = (spi.clone(), log.clone());
    gpio.after(us(300), move || done.push(other.close().is_ok()))?;
    assert_eq!(spi.write(&[0; 100]).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(log.take(), [true, true]);
    for pin in [2, 3, 8, 9, 10, 11] {
        assert_eq!(gpio.line(pin).function(), LineFunction::Input, "GPIO{pin}");
        drop(gpio.output(pin).open()?);
    }
    Ok(())
}

/// The same bus in a callback would wait for itself; another bus does not.
#[test]
fn a_callback_may_use_another_bus_but_not_the_one_in_use() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    gpio.i2c_chip(1, 0x20, Registers::new());
    gpio.i2c_chip_on(20, 21, 0x21, Registers::new());
    let (i2c, other) = (gpio.soft_i2c(2, 3).open()?, gpio.soft_i2c(20, 21).open()?);
    // A handle of its own, on the same bus.
    let same = gpio.soft_i2c(2, 3).open()?;
    let log = Log::new();
    let done = log.clone();
    gpio.after(us(300), move || {
        done.push(same.write(0x20, &[1]).map_err(|error| error.kind()));
        done.push(other.write(0x21, &[1]).map_err(|error| error.kind()));
    })?;
    i2c.write(0x20, &[1, 2, 3])?;
    assert_eq!(log.take(), [Err(ErrorKind::PinInUse), Ok(())]);
    i2c.write(0x20, &[1, 2, 3])
}

/// Opening and closing other users of a bus, in a callback of a transfer on that bus.
#[test]
fn a_callback_may_open_and_close_users_of_the_bus_in_use() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    gpio.i2c_chip(1, 0x20, Registers::new());
    let i2c = gpio.soft_i2c(2, 3).open()?;
    let spi = gpio.spi(11).mosi(10).miso(9).select(8).max_rate(100_000).open()?;
    let log = Log::new();
    for pins in [[2, 3], [3, 2]] {
        let (opener, done) = (gpio.clone(), log.clone());
        gpio.after(us(300), move || {
            done.push(opener.soft_i2c(pins[0], pins[1]).open().map(drop).map_err(|error| error.kind()));
            let second = opener.spi(11).mosi(10).miso(9).select(7).open();
            done.push(second.map(drop).map_err(|error| error.kind()));
        })?;
        i2c.write(0x20, &[1, 2, 3])?;
        spi.write(&[1, 2, 3])?;
    }
    assert_eq!(log.take(), [Ok(()), Ok(()), Err(ErrorKind::PinInUse), Ok(())]);
    i2c.write(0x20, &[1])
}

#[test]
fn pins_that_are_closed_take_their_bus_with_them() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let (one, two) = (gpio.i2c(1).open()?, gpio.i2c(1).open()?);
    let soft = gpio.soft_i2c(20, 21).open()?;
    let spi = gpio.spi(11).mosi(10).miso(9).select(8).open()?;
    let beside = gpio.spi(11).mosi(10).miso(9).select(7).open()?;
    gpio.close_pins([3])?;
    assert!(one.is_closed() && two.is_closed() && !soft.is_closed() && !spi.is_closed());
    drop(gpio.output(2).open()?);
    // A chip select is one device's own, the clock is all devices'.
    gpio.close_pins([8])?;
    assert!(spi.is_closed() && !beside.is_closed());
    beside.write(&[1])?;
    gpio.close_pins([11])?;
    assert!(beside.is_closed());
    drop((gpio.output(7).open()?, gpio.output(9).open()?));
    gpio.close()?;
    assert!(soft.is_closed());
    assert_eq!(gpio.i2c(1).open().unwrap_err().kind(), ErrorKind::Closed);
    Ok(())
}

#[test]
fn the_order_of_drops_is_free() -> pinzero::Result<()> {
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let gpio = mock::gpio();
        let mut all: Vec<Option<Box<dyn Device>>> = vec![
            Some(Box::new(gpio.spi(11).mosi(10).miso(9).select(8).open()?)),
            Some(Box::new(gpio.spi(11).mosi(10).miso(9).select(7).open()?)),
            Some(Box::new(gpio.i2c(1).open()?)),
        ];
        for index in order {
            drop(all[index].take());
        }
        for pin in [2, 3, 7, 8, 9, 10, 11] {
            drop(gpio.output(pin).open()?);
        }
    }
    // The bus outlives all other names of its factory.
    let gpio = mock::gpio();
    let chip = gpio.i2c_chip(1, 0x20, Registers::new());
    let i2c = gpio.i2c(1).open()?;
    drop(gpio);
    i2c.write(0x20, &[1, 2])?;
    assert_eq!(chip.with(|chip| chip.get(1)), 2);
    Ok(())
}

#[test]
fn a_failed_open_leaves_nothing_behind() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let kind = |result: pinzero::Result<Spi>| result.unwrap_err().kind();
    let taken = gpio.output(9).open()?;
    assert_eq!(kind(gpio.spi(11).mosi(10).miso(9).select(8).open()), ErrorKind::PinInUse);
    drop(taken);
    // One pin for two purposes.
    assert_eq!(kind(gpio.spi(11).mosi(11).miso(9).select(8).open()), ErrorKind::InvalidValue);
    assert_eq!(kind(gpio.spi(11).mosi(10).miso(9).select(10).open()), ErrorKind::InvalidValue);
    assert_eq!(kind(gpio.spi(11).mosi(10).miso(9).select("GPIO99").open()), ErrorKind::UnknownPin);
    gpio.line(8).hold_by(Some("a driver"));
    assert_eq!(kind(gpio.spi(11).mosi(10).miso(9).select(8).open()), ErrorKind::Busy);
    gpio.line(3).hold_by(Some("a driver"));
    assert_eq!(gpio.soft_i2c(2, 3).open().unwrap_err().kind(), ErrorKind::Busy);
    for pin in [2, 9, 10, 11] {
        assert_eq!(gpio.line(pin).function(), LineFunction::Input, "GPIO{pin}");
        drop(gpio.output(pin).open()?);
    }
    Ok(())
}

#[test]
fn a_bus_belongs_to_the_factory_that_is_the_default() -> pinzero::Result<()> {
    let (gpio, other) = (mock::gpio(), mock::gpio());
    let ours = gpio.i2c_chip(1, 0x20, Registers::new());
    let theirs = other.i2c_chip(1, 0x20, Registers::new());
    let i2c = gpio.i2c(1).open()?;
    // The same bus of another factory is another bus.
    let inner = pinzero::with_default(&other, || pinzero::default_gpio()?.i2c(1).open())?;
    i2c.write(0x20, &[1, 5])?;
    inner.write(0x20, &[1, 6])?;
    assert_eq!([ours, theirs].map(|chip| chip.with(|chip| chip.get(1))), [5, 6]);
    Ok(())
}

#[test]
fn a_bus_that_hangs_is_free_again_when_the_chip_lets_go() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let chip = gpio.i2c_chip(1, 0x20, Registers::new().with(0, &[7]));
    let i2c = gpio.soft_i2c(2, 3).open()?;
    chip.fail(Fault::Hangs);
    for _ in 0..3 {
        assert_eq!(i2c.write(0x20, &[1]).unwrap_err().kind(), ErrorKind::TimedOut);
        // The chip holds both lines; ours are let go of.
        assert_eq!([2, 3].map(|pin| gpio.line(pin).function()), [LineFunction::Input; 2]);
    }
    chip.fail(None);
    let mut data = [0];
    i2c.write_read(0x20, &[0], &mut data)?;
    assert_eq!(data, [7]);
    // A short circuit: nothing can be sent, and the lines are given back all the same.
    gpio.line(2).drive(Level::Low);
    assert_eq!(i2c.write(0x20, &[1]).unwrap_err().kind(), ErrorKind::TimedOut);
    drop(i2c);
    drop((gpio.output(2).open()?, gpio.output(3).open()?));
    Ok(())
}

fn serial(gpio: &MockGpio, timeout: std::time::Duration) -> (mock::MockSerial, Serial) {
    (gpio.serial_device("/dev/serial0"), gpio.serial("/dev/serial0").timeout(timeout).open().unwrap())
}

#[test]
fn a_read_of_a_port_waits_for_the_first_byte() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let (device, port) = serial(&gpio, ms(500));
    let mut data = [0; 8];
    assert_eq!((port.read(&mut data)?, gpio.elapsed()), (0, ms(500)));
    // What is due meanwhile happens, and the read ends when the byte is there.
    gpio.after(ms(20), move || device.answer(b"ab"))?;
    assert_eq!((port.read(&mut data)?, gpio.elapsed()), (2, ms(520)));
    let closer = port.clone();
    gpio.after(ms(30), move || closer.close())?;
    assert_eq!(port.read(&mut data).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(gpio.elapsed(), ms(550));

    let gpio = mock::gpio();
    let (_, port) = serial(&gpio, std::time::Duration::ZERO);
    assert_eq!((port.read(&mut data)?, gpio.elapsed()), (0, ms(0)));
    drop(port);
    // Longer than any clock: the read ends all the same, as nothing else can happen.
    let port = gpio.serial("/dev/serial0").timeout(std::time::Duration::MAX).open()?;
    assert_eq!(port.read(&mut data)?, 0);
    Ok(())
}

#[test]
fn a_port_is_read_and_closed_by_other_threads() {
    without_hanging(|| {
        let gpio = board();
        let (device, port) = serial(&gpio, std::time::Duration::MAX);
        thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut all = Vec::new();
                let mut data = [0; 3];
                loop {
                    match port.read(&mut data) {
                        Ok(count) => all.extend_from_slice(&data[..count]),
                        Err(error) => return (all, error.kind()),
                    }
                }
            });
            (0..100u8).for_each(|byte| device.answer(&[byte, byte]));
            // A write goes out while a read waits.
            port.write(b"x").unwrap();
            port.flush().unwrap();
            eventually("all is read", || format!("{device:?}").starts_with("MockSerial(0 bytes"));
            port.close().unwrap();
            let (all, kind) = reader.join().unwrap();
            assert_eq!(kind, ErrorKind::Closed);
            let expected: Vec<u8> = (0..100).flat_map(|byte| [byte, byte]).collect();
            assert_eq!((all, device.received()), (expected, b"x".to_vec()));
        });
        drop(gpio.serial("/dev/serial0").open().unwrap());
    });
}

#[test]
fn a_port_has_one_user() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    assert_eq!(gpio.serial("/dev/serial9").open().unwrap_err().kind(), ErrorKind::NoChip);
    let (_, port) = serial(&gpio, ms(1));
    let error = gpio.serial("/dev/serial0").open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PinInUse);
    assert!(error.to_string().contains("bus_sharing.rs"), "{error}");
    port.close()?;
    drop(gpio.serial("/dev/serial0").open()?);
    assert_eq!(
        gpio.serial("/dev/serial0").rate(0).open().map(drop).unwrap_err().kind(),
        ErrorKind::InvalidFrequency
    );
    Ok(())
}

/// A thread that waits for time that another thread moves.
#[test]
fn a_read_leaves_a_clock_that_is_moved_by_hand_alone() {
    without_hanging(|| {
        let gpio = mock::builder().time_by_hand().open();
        let (_, port) = serial(&gpio, ms(100));
        let is_over = Arc::new(AtomicBool::new(false));
        let over = is_over.clone();
        let reader = thread::spawn(move || {
            let count = port.read(&mut [0]);
            over.store(true, Ordering::Release);
            count.unwrap()
        });
        gpio.advance(ms(99));
        thread::sleep(ms(20));
        assert_eq!(gpio.elapsed(), ms(99));
        while !is_over.load(Ordering::Acquire) {
            gpio.advance(ms(1));
            thread::sleep(ms(1));
        }
        assert_eq!(reader.join().unwrap(), 0);
    });
}

/// Writes go to a daemon without waiting for their answers: a transfer must neither outrun the daemon nor hide its errors.
#[test]
fn a_long_write_on_pins_of_a_daemon_arrives_as_a_whole() -> pinzero::Result<()> {
    let mock = board();
    let device = mock.spi_device([22, 23, 25, 8], pinzero::SpiMode::Mode0);
    let mut daemon = pinzero_daemon::Daemon::builder(&mock).port(0).start()?;
    let pi = pinzero::pigpio::PigpioFactory::connect(daemon.addrs()[0].to_string())?;
    let gpio = Gpio::new(pi)?;
    // Without a line for answers, so that nothing is read in between.
    let spi = gpio.spi(22).mosi(23).select(8).open()?;
    let sent: Vec<u8> = (0..1_000u32).map(|number| ((number * 7) >> 2) as u8).collect();
    spi.write(&sent)?;
    // The transfer is over when the call returns.
    assert_eq!(device.received(), sent);
    daemon.stop();
    let error = spi.write(&[1]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disconnected, "{error}");
    Ok(())
}
