//! The buses of a real kernel: `cargo xtask kernel-rig` has I2C and SPI, and a pseudo-terminal stands in for a serial port.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "it fails a test here")]

use std::fs::File;
use std::io::{Read, Write};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use pinzero_cdev::{Buses, CdevFactory};
use pinzero_core::board::Board;
use pinzero_core::{
    Bias, ErrorKind, Gpio, HardwareSpiConfig, I2cAddress, I2cBus, I2cConfig, I2cOperation, InputConfig, Line,
    PinFactory, Result, SerialConfig, SerialPort, SpiBus, SpiMode, SpiOperation,
};
use rustix::process::{Gid, Uid};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::thread::{set_thread_gid, set_thread_groups, set_thread_uid};

/// The chip with registers, see `crates/xtask/rig/buses.c`.
const REGISTERS: I2cAddress = I2cAddress::Seven(0x50);

/// Longer than any wait of a test.
const LONG: Duration = Duration::from_secs(60);

fn buses() -> Buses {
    Buses::new("cdev", Board::from_revision(0xa02082).unwrap())
}

fn i2c(bus: u32) -> Box<dyn I2cBus> {
    buses().open_i2c(I2cConfig::new(bus)).unwrap()
}

fn spi(bus: u32, change: impl FnOnce(&mut HardwareSpiConfig)) -> Result<Box<dyn SpiBus>> {
    let mut config = HardwareSpiConfig::new(bus, 1);
    change(&mut config);
    buses().open_spi(config)
}

#[track_caller]
fn refused(result: Result<()>, kind: ErrorKind, word: &str) {
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.factory()), (kind, Some("cdev")), "{error}");
    assert!(error.to_string().contains(word), "{word:?} is missing in {error}");
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn registers_are_written_and_read_back() {
    for bus in [0, 1] {
        let i2c = i2c(bus);
        i2c.transfer(REGISTERS, &mut [I2cOperation::Write(&[0x10, 0xde, 0xad])]).unwrap();
        let mut data = [0; 2];
        // The chip forgets the register at a stop, so this is one transaction.
        let mut operations = [I2cOperation::Write(&[0x10]), I2cOperation::Read(&mut data)];
        i2c.transfer(REGISTERS, &mut operations).unwrap();
        assert_eq!(data, [0xde, 0xad]);
        i2c.close().unwrap();
    }
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn each_failure_of_a_chip_has_its_kind() {
    let i2c = i2c(1);
    let write = |address| i2c.transfer(I2cAddress::Seven(address), &mut [I2cOperation::Write(&[0])]);
    refused(write(0x77), ErrorKind::NoAcknowledge, "0x77");
    refused(write(0x51), ErrorKind::Refused, "0x51");
    refused(write(0x52), ErrorKind::TimedOut, "i2c_arm_baudrate");
    refused(write(0x53), ErrorKind::ArbitrationLost, "another controller");
    // The bus works on.
    write(0x50).unwrap();
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_list_that_the_controller_does_not_run_is_refused() {
    let (mut first, mut second) = ([0; 1], [0; 1]);
    let mut list = || {
        let mut operations = [
            I2cOperation::Write(&[0x20, 7]),
            I2cOperation::Read(&mut first),
            I2cOperation::Write(&[0x20]),
            I2cOperation::Read(&mut second),
        ];
        (i2c(0).transfer(REGISTERS, &mut operations), i2c(1).transfer(REGISTERS, &mut operations))
    };
    let (free, strict) = list();
    free.unwrap();
    refused(strict, ErrorKind::Unsupported, "a read must be the last");
    assert_eq!(second, [7]);
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn an_address_of_10_bits_needs_a_controller_that_has_them() {
    let write = |bus: u32| i2c(bus).transfer(I2cAddress::Ten(0x250), &mut [I2cOperation::Write(&[0, 1])]);
    write(0).unwrap();
    refused(write(1), ErrorKind::Unsupported, "10 bits");
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_transaction_has_the_limits_of_the_kernel() {
    let i2c = i2c(0);
    let mut data = [0; 42];
    let mut operations: Vec<_> = data.chunks_mut(1).map(I2cOperation::Read).collect();
    i2c.transfer(REGISTERS, &mut operations).unwrap();
    operations.push(I2cOperation::Write(&[0]));
    refused(i2c.transfer(REGISTERS, &mut operations), ErrorKind::InvalidValue, "42");

    let data = [0; 8193];
    i2c.transfer(REGISTERS, &mut [I2cOperation::Write(&data[1..])]).unwrap();
    refused(i2c.transfer(REGISTERS, &mut [I2cOperation::Write(&data)]), ErrorKind::InvalidValue, "8192");
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn several_threads_share_a_bus() {
    let i2c: Arc<dyn I2cBus> = Arc::from(i2c(1));
    thread::scope(|scope| {
        for register in 0x40..0x44_u8 {
            let i2c = i2c.clone();
            scope.spawn(move || {
                for value in 0..50 {
                    i2c.transfer(REGISTERS, &mut [I2cOperation::Write(&[register, value])]).unwrap();
                    let mut data = [0];
                    let mut read = [I2cOperation::Write(&[register]), I2cOperation::Read(&mut data)];
                    i2c.transfer(REGISTERS, &mut read).unwrap();
                    assert_eq!(data, [value]);
                }
            });
        }
    });
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_closed_bus_says_so_in_the_middle_of_things() {
    let i2c: Arc<dyn I2cBus> = Arc::from(i2c(1));
    let user = {
        let i2c = i2c.clone();
        thread::spawn(move || {
            loop {
                if let Err(error) = i2c.transfer(REGISTERS, &mut [I2cOperation::Write(&[0])]) {
                    return error.kind();
                }
            }
        })
    };
    thread::sleep(Duration::from_millis(20));
    i2c.close().unwrap();
    i2c.close().unwrap();
    assert_eq!(user.join().unwrap(), ErrorKind::Closed);
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_device_stays_selected_for_a_transaction() {
    // The chip adds to each byte its place in the transaction.
    let spi = spi(0, |_| {}).unwrap();
    let (mut read, mut in_place) = ([0xff; 2], [0x20, 0x30]);
    let mut both = [0xff; 2];
    spi.transfer(&mut [
        SpiOperation::Write(&[9, 9]),
        SpiOperation::Delay(Duration::from_millis(1)),
        SpiOperation::Read(&mut read),
        SpiOperation::TransferInPlace(&mut in_place),
        SpiOperation::Transfer(&mut both, &[0x40, 0x50]),
    ])
    .unwrap();
    assert_eq!((read, in_place, both), ([3, 4], [0x25, 0x36], [0x47, 0x58]));
    // Here it is selected anew.
    spi.transfer(&mut [SpiOperation::Read(&mut read)]).unwrap();
    assert_eq!(read, [1, 2]);
    spi.close().unwrap();
    refused(spi.transfer(&mut [SpiOperation::Write(&[0])]), ErrorKind::Closed, "closed");
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_transfer_may_be_longer_in_one_direction() {
    let spi = spi(0, |_| {}).unwrap();
    let (mut short, mut long) = ([0; 1], [0; 3]);
    spi.transfer(&mut [
        SpiOperation::Transfer(&mut short, &[0x10, 0x20, 0x30]),
        SpiOperation::Transfer(&mut long, &[0x40]),
        SpiOperation::Transfer(&mut [], &[]),
    ])
    .unwrap();
    assert_eq!((short, long), ([0x11], [0x44, 5, 6]));
    // An empty transaction is none.
    spi.transfer(&mut []).unwrap();
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn the_lowest_bit_goes_first_by_the_driver_or_by_software() {
    // To the chip, a byte is what comes over the wire, highest bit first. Bus 1's driver cannot turn bytes round.
    let answer = |byte: u8, place: u8| byte.reverse_bits().wrapping_add(place).reverse_bits();
    for bus in [0, 1] {
        let spi = spi(bus, |config| config.lsb_first = true).unwrap();
        let (mut read, mut in_place, mut both) = ([0; 1], [0x12], [0; 2]);
        spi.transfer(&mut [
            SpiOperation::Write(&[0x01]),
            SpiOperation::TransferInPlace(&mut in_place),
            SpiOperation::Transfer(&mut both, &[0x80]),
            SpiOperation::Read(&mut read),
        ])
        .unwrap();
        assert_eq!(in_place, [answer(0x12, 2)], "bus {bus}");
        assert_eq!(both, [answer(0x80, 3), answer(0, 4)], "bus {bus}");
        assert_eq!(read, [answer(0, 5)], "bus {bus}");
    }
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn an_option_that_the_driver_lacks_is_refused() {
    for mode in [SpiMode::Mode0, SpiMode::Mode1, SpiMode::Mode2, SpiMode::Mode3] {
        spi(0, |config| (config.mode, config.select_high, config.unselected) = (mode, true, true)).unwrap();
        spi(1, |config| config.mode = mode).unwrap();
    }
    let high = spi(1, |config| config.select_high = true);
    refused(high.map(drop), ErrorKind::Unsupported, "active when high");
    let unselected = spi(1, |config| config.unselected = true);
    refused(unselected.map(drop), ErrorKind::Unsupported, "chip select");
    // Nor does what is refused stay behind.
    spi(1, |_| {}).unwrap();
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_transaction_that_is_too_long_is_refused_whole() {
    let spi = spi(0, |_| {}).unwrap();
    let mut data = [0; 4097];
    spi.transfer(&mut [SpiOperation::Read(&mut data[1..])]).unwrap();
    assert_eq!((data[1], data[4096]), (1, 0));
    let mut too_long = [SpiOperation::Read(&mut data)];
    refused(spi.transfer(&mut too_long), ErrorKind::InvalidValue, "spidev.bufsiz=8192");
    let mut many: Vec<_> = (0..512).map(|_| SpiOperation::Write(&[1])).collect();
    refused(spi.transfer(&mut many), ErrorKind::InvalidValue, "511");
    many.pop();
    spi.transfer(&mut many).unwrap();
    refused(spi.transfer(&mut [SpiOperation::Delay(Duration::MAX)]), ErrorKind::InvalidValue, "511");
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_handle_of_core_has_the_bus_and_its_lines() {
    let gpio = Gpio::new(CdevFactory::new().unwrap()).unwrap();
    let i2c = gpio.i2c(1).open().unwrap();
    i2c.write(0x50, &[0x60, 1, 2]).unwrap();
    let mut data = [0; 2];
    i2c.write_read(0x50, &[0x60], &mut data).unwrap();
    assert_eq!(data, [1, 2]);
    assert_eq!(gpio.input(2).open().unwrap_err().kind(), ErrorKind::PinInUse);
    i2c.close().unwrap();
    gpio.input(2).open().unwrap().close().unwrap();
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_bus_whose_line_another_program_holds_is_refused() {
    let factory = CdevFactory::new().unwrap();
    let holder = factory.open_input(Line(3), InputConfig::new(Bias::AsIs)).unwrap();
    let error = factory.open_i2c(I2cConfig::new(1)).unwrap_err();
    assert_eq!((error.kind(), error.pin()), (ErrorKind::Busy, Some("GPIO3")), "{error}");
    holder.close().unwrap();
    factory.open_i2c(I2cConfig::new(1)).unwrap();
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_missing_permission_names_the_file_and_the_group() {
    let nobody = || {
        // The kernel's own calls, which concern one thread alone.
        set_thread_groups(&[]).unwrap();
        set_thread_gid(Gid::from_raw(65534)).unwrap();
        set_thread_uid(Uid::from_raw(65534)).unwrap();
        let i2c = buses().open_i2c(I2cConfig::new(1)).map(drop);
        (i2c, spi(0, |_| {}).map(drop))
    };
    let (i2c, spi) = thread::spawn(nobody).join().unwrap();
    refused(i2c, ErrorKind::PermissionDenied, "/dev/i2c-1 (group root, mode 600)");
    refused(spi, ErrorKind::PermissionDenied, "SUBSYSTEM==\"spidev\", GROUP=\"spi\"");
}

/// A serial port and the end of its wire.
fn serial(rate: u32) -> (Box<dyn SerialPort>, File, String) {
    let other = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&other).unwrap();
    unlockpt(&other).unwrap();
    let path = ptsname(&other, Vec::new()).unwrap().into_string().unwrap();
    let port = buses().open_serial(SerialConfig::new(&path, rate)).unwrap();
    (port, File::from(other), path)
}

#[test]
fn bytes_go_both_ways_unchanged() {
    let (port, mut other, _) = serial(115_200);
    let all: Vec<u8> = (0..=255).collect();
    port.write(&all).unwrap();
    port.flush().unwrap();
    let mut sent = vec![0; 256];
    other.read_exact(&mut sent).unwrap();
    assert_eq!(sent, all);

    other.write_all(&all).unwrap();
    let mut received: Vec<u8> = Vec::new();
    while received.len() < 256 {
        let mut data = [0; 100];
        let count = port.read(&mut data, LONG).unwrap();
        assert!(count > 0);
        received.extend(&data[..count]);
    }
    assert_eq!(received, all);
}

#[test]
fn a_read_without_bytes_ends_after_its_time() {
    let (port, _other, _) = serial(9600);
    let start = Instant::now();
    assert_eq!(port.read(&mut [0; 10], Duration::from_millis(30)).unwrap(), 0);
    assert!(start.elapsed() >= Duration::from_millis(30));
    assert_eq!(port.read(&mut [0; 10], Duration::ZERO).unwrap(), 0);
    assert_eq!(port.read(&mut [], LONG).unwrap(), 0);
}

#[test]
fn a_close_ends_a_read_and_a_write() {
    let (port, _other, _) = serial(9600);
    let port: Arc<dyn SerialPort> = Arc::from(port);
    let reader = {
        let port = port.clone();
        thread::spawn(move || port.read(&mut [0], Duration::MAX).unwrap_err().kind())
    };
    let writer = {
        let port = port.clone();
        // More than a terminal takes of which nobody reads.
        thread::spawn(move || port.write(&vec![0; 1 << 20]).unwrap_err().kind())
    };
    thread::sleep(Duration::from_millis(20));
    port.close().unwrap();
    port.close().unwrap();
    assert_eq!(reader.join().unwrap(), ErrorKind::Closed);
    assert_eq!(writer.join().unwrap(), ErrorKind::Closed);
    assert_eq!(port.flush().unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn a_port_has_one_user() {
    let (port, _other, path) = serial(9600);
    let open = || buses().open_serial(SerialConfig::new(&path, 9600));
    refused(open().map(drop), ErrorKind::Busy, &path);
    // The one that was refused has not taken the rights of the first.
    refused(open().map(drop), ErrorKind::Busy, &path);
    port.close().unwrap();
    open().unwrap();
}

#[test]
fn a_port_that_is_unplugged_says_so() {
    let (port, other, _) = serial(9600);
    drop(other);
    for _ in 0..2 {
        refused(port.read(&mut [0], LONG).map(drop), ErrorKind::Io, "gone");
    }
    refused(port.write(&[0]), ErrorKind::Io, "gone");
}

#[test]
fn a_rate_is_above_zero() {
    let (port, _other, path) = serial(250_000);
    port.close().unwrap();
    let stopped = buses().open_serial(SerialConfig::new(&path, 0));
    refused(stopped.map(drop), ErrorKind::InvalidFrequency, "0 bits");
}
