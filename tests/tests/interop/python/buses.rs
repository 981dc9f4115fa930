//! pigpio: SPI, I2C, serial ports, and what pinzero does not offer.

use std::path::Path;

use pinzero_core::SpiMode;
use pinzero_core::mock::Registers;
use serde_json::json;

use crate::bench::Bench;

#[test]
#[ignore = "no clients in Python: run `cargo xtask interop`"]
fn pigpio_talks_to_spi_devices() {
    let bench = Bench::new();
    let one = bench.mock.spi_device([11, 10, 9, 8], SpiMode::Mode0);
    let other = bench.mock.spi_device([11, 10, 9, 7], SpiMode::Mode0);
    let third = bench.mock.spi_device([27, 26, 25, 24], SpiMode::Mode0);
    one.answer(&[10, 20, 30, 40, 50, 60, 70, 80, 90]);
    other.answer(&[0xbb]);
    third.answer(&[4, 5, 6]);

    let mut client = bench.python("pigpio_spi.py");
    client.sees("open", [0, 4, 1]);
    client.sees("transferred", json!([3, [10, 20, 30]]));
    client.sees("read", json!([2, [40, 50]]));
    client.sees("written", 3);
    assert_eq!(one.received(), [1, 0x80, 0, 0, 0, 5, 6, 7]);
    client.sees("two devices", json!([1, [1, [0xbb]], [1, [90]]]));
    assert_eq!((one.received(), other.received()), (vec![0x55], vec![0xaa]));
    client.sees("closed", [0, 0, -25]);
    client.sees("closed handle", [-25, -25, -25]);
    client.sees("mistakes", [-76, -78, -77]);

    client.sees("bit-bang open", 0);
    client.sees("bit-bang again", -50);
    client.sees("bit-bang transferred", json!([3, [4, 5, 6]]));
    assert_eq!(third.received(), [1, 2, 3]);
    client.sees("bit-bang closed", [0, -142, -142]);
    client.sees("bit-bang mistakes", [-141, -2, -50]);
    client.ends();
}

#[test]
#[ignore = "no clients in Python: run `cargo xtask interop`"]
fn pigpio_talks_to_i2c_devices_and_serial_ports() {
    let bench = Bench::new();
    let chip = bench.mock.i2c_chip(1, 0x48, Registers::new());
    bench.mock.i2c_chip(1, 0x20, Registers::new().with(0, &[9]));
    bench.mock.i2c_chip_on(5, 6, 0x50, Registers::new());
    let device = bench.mock.serial_device("/dev/serial0");

    let mut client = bench.python("pigpio_buses.py");
    client.sees("open", [0, -75, -77, -74, 4]);
    client.sees("bytes and words", [0, 0, 0xab, 0, 0x1234, 0, 0xab, 0x34ab]);
    client.sees("blocks", json!([0, [4, b"wxyz"], 0, [3, [1, 2, 3]], 0, 0, [2, [7, 8]], [4, b"wxyz"]]));
    assert_eq!(chip.with(|chip| chip.get(0x1f)), b'a');
    client.sees("list", json!([4, [1, 2, 3, 9]]));
    client.sees("nobody", [1, -83, -82, -106]);
    client.sees("closed", [0, 0, -25, -25]);

    client.sees("any pins", [0, -50, -50, -112]);
    client.sees("any pins, list", json!([[0, []], [2, [1, 2]], -82]));
    client.sees("any pins, closed", [0, -108]);

    client.sees("serial open", [0, -72, -79]);
    client.sees("serial written", [0, 0]);
    assert_eq!(device.received(), b"ping!");
    device.answer(b"hello");
    client.sees("serial read", json!([5, b'h', [4, b"ello"], [0, []], -87]));
    client.sees("serial closed", [0, -25, -25]);
    client.ends();
}

#[test]
#[ignore = "no clients in Python: run `cargo xtask interop`"]
fn what_is_not_offered_is_refused_by_its_own_error() {
    const BAD_HANDLE: i32 = -25;
    const UNKNOWN_COMMAND: i32 = -88;
    const NO_FILE_ACCESS: i32 = -137;
    let bench = Bench::new();
    let mut client = bench.python("pigpio_refused.py");
    client.sees("I2C and SPI slave", [UNKNOWN_COMMAND; 2]);
    client.sees("serial input on any pin", [UNKNOWN_COMMAND, -38, -38, -38]);
    client.sees(
        "files",
        json!([
            NO_FILE_ACCESS,
            NO_FILE_ACCESS,
            NO_FILE_ACCESS,
            BAD_HANDLE,
            BAD_HANDLE,
            BAD_HANDLE,
            BAD_HANDLE
        ]),
    );
    client.sees("programs", [UNKNOWN_COMMAND; 4]);
    assert!(!Path::new("/tmp/pinzero").exists());
    client.sees("clocks and pads", [-94, UNKNOWN_COMMAND, UNKNOWN_COMMAND]);
    client.sees("alternate functions", [-4, 0]);
    client.sees("afterwards", json!([true, 79]));
    client.ends();
}

#[test]
#[ignore = "no clients in Python: run `cargo xtask interop`"]
fn every_method_of_pigpio_is_called_by_some_program_here() {
    let bench = Bench::new();
    let mut client = bench.python("pigpio_methods.py");
    client.sees("methods", json!([120, []]));
    client.ends();
}
