//! Files stand in for the device files; `tests/buses.rs` runs the buses of a real kernel.

use std::fs;
use std::os::unix::fs::symlink;

use super::*;

/// A folder that stands in for `/dev` and `/sys`; deleted when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pinzero-cdev-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn buses(&self, revision: Option<u32>) -> Buses {
        let board =
            revision.map_or_else(|| Board::generic(8), |revision| Board::from_revision(revision).unwrap());
        Buses { sys: self.0.clone(), ..Buses::new("cdev", board).dev(&self.0) }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const PI_3: Option<u32> = Some(0xa02082);
const PI_5: Option<u32> = Some(0xd04171);

#[track_caller]
fn check<T: std::fmt::Debug>(opened: Result<T>, kind: ErrorKind, words: &[&str]) {
    let error = opened.unwrap_err();
    assert_eq!((error.kind(), error.factory()), (kind, Some("cdev")), "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "{word:?} is missing in {error}");
    }
}

#[test]
fn a_bus_that_is_missing_has_its_remedy() {
    let folder = Folder::new("missing");
    for (revision, bus, words) in [
        (PI_3, 1, ["i2c-1", "add `dtparam=i2c_arm=on` to /boot", "config.txt and restart"]),
        (PI_5, 3, ["i2c-3", "add `dtoverlay=i2c3-pi5` to", "restart the board"]),
        (PI_3, 3, ["i2c-3", "a Raspberry Pi 3B", "has no such bus"]),
        (None, 1, ["i2c-1", "no such bus", "driver"]),
    ] {
        check(folder.buses(revision).open_i2c(I2cConfig::new(bus)), ErrorKind::NoChip, &words);
    }
    let spi = |bus, select| folder.buses(PI_3).open_spi(HardwareSpiConfig::new(bus, select));
    check(spi(0, 1), ErrorKind::NoChip, &["spidev0.1", "`dtparam=spi=on`"]);
    check(spi(1, 2), ErrorKind::NoChip, &["spidev1.2", "`dtoverlay=spi1-3cs`"]);
    let serial = |port: &str| folder.buses(PI_3).open_serial(SerialConfig::new(port, 9600));
    check(serial("serial0"), ErrorKind::NoChip, &["serial0", "`enable_uart=1`"]);
    check(serial("ttyUSB0"), ErrorKind::NoChip, &["ttyUSB0", "plugged in"]);
    let serial = folder.buses(PI_5).open_serial(SerialConfig::new("ttyAMA0", 9600));
    check(serial, ErrorKind::NoChip, &["`dtparam=uart0=on`"]);
}

#[test]
fn a_bus_without_its_module_says_so() {
    let folder = Folder::new("module");
    fs::create_dir_all(folder.0.join("bus/i2c/devices/i2c-1")).unwrap();
    check(folder.buses(PI_3).open_i2c(I2cConfig::new(1)), ErrorKind::NoChip, &["modprobe i2c-dev"]);
}

#[test]
fn a_chip_select_of_a_driver_names_the_driver() {
    let folder = Folder::new("driver");
    let device = folder.0.join("bus/spi/devices/spi0.1");
    fs::create_dir_all(&device).unwrap();
    symlink("../../drivers/ads7846", device.join("driver")).unwrap();
    let opened = folder.buses(PI_3).open_spi(HardwareSpiConfig::new(0, 1));
    check(opened, ErrorKind::Busy, &["ads7846", "chip select 1"]);
}

#[test]
fn an_ordinary_file_is_no_bus() {
    let folder = Folder::new("ordinary");
    for name in ["i2c-1", "spidev0.0", "ttyAMA0"] {
        fs::write(folder.0.join(name), "").unwrap();
    }
    let buses = folder.buses(PI_3);
    check(buses.open_i2c(I2cConfig::new(1)), ErrorKind::Io, &["no I2C bus"]);
    check(buses.open_spi(HardwareSpiConfig::new(0, 0)), ErrorKind::Io, &["SPI"]);
    check(buses.open_serial(SerialConfig::new("ttyAMA0", 9600)), ErrorKind::NoChip, &["no serial port"]);
}

#[test]
fn a_controller_without_chip_selects_needs_no_leave() {
    let folder = Folder::new("selects");
    let node = folder.0.join("class/spi_master/spi0/of_node");
    fs::create_dir_all(&node).unwrap();
    let has_line = || crate::spi::has_select_line(&folder.0, 0);
    assert!(has_line());
    fs::write(node.join("cs-gpios"), "").unwrap();
    assert!(!has_line());
    fs::write(node.join("cs-gpios"), [0, 0, 0, 7]).unwrap();
    assert!(has_line());
}
