//! pigpio: SPI, and what pinzero does not offer.

use std::path::Path;

use pinzero_core::SpiMode;
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
fn what_is_not_offered_is_refused_by_its_own_error() {
    const BAD_HANDLE: i32 = -25;
    const UNKNOWN_COMMAND: i32 = -88;
    const NO_FILE_ACCESS: i32 = -137;
    let bench = Bench::new();
    let mut client = bench.python("pigpio_refused.py");
    client.sees("I2C", [-71, -75, -77, BAD_HANDLE]);
    client.sees("I2C, bytes and words", [BAD_HANDLE; 8]);
    client.sees("I2C, blocks", [BAD_HANDLE; 8]);
    client.sees("I2C on any pins", [-71, -50, -112, -108, -108]);
    client.sees("I2C and SPI slave", [UNKNOWN_COMMAND; 2]);
    client.sees("serial ports", [-72, -79, -25, -25, -25, -25, -25, -25]);
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
