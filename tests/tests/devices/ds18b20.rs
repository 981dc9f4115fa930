//! DS18B20 thermometers, on files as the kernel has them for a bus: ids, temperatures, faults, threads.

use std::fs;
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use pinzero::ErrorKind;
use pinzero::prelude::*;
use pinzero_tests::{block_on, poll, without_hanging};
use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat};
use rustix::io::Errno;

type Result = std::result::Result<(), Box<dyn std::error::Error>>;

const WARM: &str = "28-0316a2798bff";
const COLD: &str = "28-3c01d607e9a2";
const WRONG: &str = "72 01 4b 46 7f ff 0e 10 75 : crc=57 NO\n4b 01 4b 46 7f ff 05 10 e1 t=20687\n";
const RESET: &str = "50 05 4b 46 7f ff 0c 10 1c : crc=1c YES\n50 05 4b 46 7f ff 0c 10 1c t=85000\n";
const HOT: &str = "50 05 4b 46 7f ff 10 10 bd : crc=bd YES\n50 05 4b 46 7f ff 10 10 bd t=85000\n";

fn files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("w1/devices")
}

/// A bus that the test may change: a copy of some files.
struct Bus(PathBuf);

impl Bus {
    fn new(test: &str, ids: &[&str]) -> io::Result<Self> {
        let bus = Bus(std::env::temp_dir().join(format!("pinzero-w1-{}-{test}", std::process::id())));
        let _ = fs::remove_dir_all(&bus.0);
        let master = bus.0.join("w1_bus_master1");
        fs::create_dir_all(bus.devices())?;
        fs::create_dir_all(&master)?;
        fs::write(master.join("therm_bulk_read"), "0\n")?;
        symlink("../w1_bus_master1", bus.devices().join("w1_bus_master1"))?;
        for id in ids {
            fs::create_dir(master.join(id))?;
            for file in ["w1_slave", "resolution"] {
                fs::copy(files().join(WARM).join(file), master.join(id).join(file))?;
            }
            symlink(format!("../w1_bus_master1/{id}"), bus.devices().join(id))?;
        }
        Ok(bus)
    }

    fn devices(&self) -> PathBuf {
        self.0.join("devices")
    }

    fn file(&self, id: &str, name: &str) -> PathBuf {
        self.devices().join(id).join(name)
    }

    /// Makes the file of a sensor one that blocks, as the kernel's does.
    fn block(&self, id: &str) -> io::Result<()> {
        let path = self.file(id, "w1_slave");
        fs::remove_file(&path)?;
        Ok(mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?)
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn open(bus: &Bus) -> pinzero::Result<Ds18b20> {
    Ds18b20::builder().root(bus.devices()).open()
}

#[test]
fn sensors_are_listed_and_picked_by_id() -> Result {
    let bus = Ds18b20::builder().root(files());
    assert_eq!(bus.ids()?, [WARM, COLD]);
    let warm = bus.clone().id(WARM).open()?;
    let cold = bus.clone().id(COLD).open()?;
    assert_eq!((warm.id(), warm.temperature()?, warm.resolution()?), (WARM, 23.125, 12));
    assert_eq!((cold.id(), cold.temperature()?), (COLD, -3.5));

    let error = bus.clone().open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidValue);
    assert_eq!(
        error.to_string(),
        "Ds18b20: there are 2 sensors: give one by `id`: 28-0316a2798bff, 28-3c01d607e9a2"
    );
    for id in ["28-000000000000", "", "../28-0316a2798bff", "w1_bus_master1"] {
        let error = bus.clone().id(id).open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoAcknowledge);
        assert!(error.to_string().contains("There are: 28-0316a2798bff, 28-3c01d607e9a2"), "{error}");
    }
    Ok(())
}

#[test]
fn the_only_sensor_needs_no_id() -> Result {
    let bus = Bus::new("only", &[WARM])?;
    // Not one of ours: a thermocouple, and a phantom of a bus without a resistor.
    fs::create_dir(bus.devices().join("3b-0000001921e8"))?;
    fs::create_dir(bus.devices().join("00-800000000000"))?;
    let sensor = open(&bus)?;
    assert_eq!((sensor.id(), sensor.temperature()?), (WARM, 23.125));
    assert_eq!(
        format!("{sensor:?}, {sensor}"),
        "Ds18b20(28-0316a2798bff, 23.125 °C), Ds18b20 28-0316a2798bff"
    );
    Ok(())
}

#[test]
fn a_missing_bus_and_a_missing_sensor_are_explained() -> Result {
    let bus = Bus::new("missing", &[])?;
    let error = open(&bus).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAcknowledge);
    assert!(error.to_string().contains("the resistor of 4.7 kΩ from data to 3.3 V"), "{error}");
    // The module is there, but no overlay.
    fs::remove_file(bus.devices().join("w1_bus_master1"))?;
    let error = open(&bus).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let message = error.to_string();
    assert!(
        message.contains("`dtoverlay=w1-gpio`") && message.contains("/boot/firmware/config.txt"),
        "{message}"
    );
    assert_eq!(Ds18b20::builder().root(bus.devices()).ids().unwrap_err().kind(), ErrorKind::Unsupported);
    Ok(())
}

#[test]
fn a_root_that_is_not_there_is_named() -> Result {
    let bus = Bus::new("nowhere", &[])?;
    let root = bus.0.join("nowhere");
    let error = Ds18b20::builder().root(&root).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidValue);
    let message = error.to_string();
    assert!(message.contains(&format!("there is no folder {}", root.display())), "{message}");
    assert!(!message.contains("dtoverlay"), "{message}");
    // The kernel's own folder is missing if the module is.
    if let Err(error) = Ds18b20::ids() {
        assert!(error.to_string().contains("`dtoverlay=w1-gpio`"), "{error}");
    }
    Ok(())
}

#[test]
fn faults_are_told_apart() -> Result {
    let bus = Bus::new("faults", &[WARM])?;
    let sensor = open(&bus)?;
    let file = bus.file(WARM, "w1_slave");
    for (text, kind, part) in [
        (WRONG, ErrorKind::Io, "the checksum of the answer is wrong"),
        (RESET, ErrorKind::TimedOut, "without power"),
        ("", ErrorKind::TimedOut, "the sensor does not answer"),
    ] {
        fs::write(&file, text)?;
        let error = sensor.temperature().unwrap_err();
        let message = error.to_string();
        assert_eq!(error.kind(), kind, "{message}");
        assert!(message.starts_with("Ds18b20 on 28-0316a2798bff: ") && message.contains(part), "{message}");
    }
    fs::write(&file, HOT)?;
    assert_eq!(sensor.temperature()?, 85.0);
    // It is unplugged: the kernel removes its folder.
    fs::remove_dir_all(bus.0.join("w1_bus_master1").join(WARM))?;
    let error = sensor.temperature().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoAcknowledge);
    assert!(error.to_string().contains("no longer on the bus"), "{error}");
    Ok(())
}

#[test]
fn a_kernel_that_does_not_answer_ends_in_a_timeout() -> Result {
    let bus = Bus::new("blocked", &[WARM])?;
    bus.block(WARM)?;
    let builder = Ds18b20::builder().root(bus.devices()).timeout(ms(20));
    let sensor = builder.open()?;
    let error = without_hanging({
        let sensor = sensor.clone();
        move || sensor.temperature().unwrap_err()
    });
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(error.to_string().contains("within 20ms"), "{error}");
    // The next call waits for the same read, which ends now.
    fs::write(bus.file(WARM, "w1_slave"), HOT)?;
    assert_eq!(block_on(sensor.temperature_async())?, 85.0);
    Ok(())
}

#[test]
fn a_future_reads_on_a_thread_and_may_be_dropped() -> Result {
    let bus = Bus::new("future", &[WARM])?;
    bus.block(WARM)?;
    let sensor = open(&bus)?;
    let mut futures: Vec<_> = (0..3).map(|_| Box::pin(sensor.temperature_async())).collect();
    assert!(futures.iter_mut().all(|future| poll(future).is_pending()));
    drop(futures.remove(0));
    // One text for all: they share one reader.
    fs::write(bus.file(WARM, "w1_slave"), HOT)?;
    for future in futures {
        assert_eq!(block_on(future)?, 85.0);
    }
    // Another one would wait for the next text.
    let mut unread = fs::OpenOptions::new();
    unread.write(true).custom_flags(OFlags::NONBLOCK.bits() as i32);
    let error = unread.open(bus.file(WARM, "w1_slave")).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(Errno::NXIO.raw_os_error()));
    Ok(())
}

#[test]
fn the_resolution_is_written_to_the_kernel() -> Result {
    let bus = Bus::new("resolution", &[WARM])?;
    let sensor = open(&bus)?;
    assert_eq!(sensor.resolution()?, 12);
    for bits in 9..=12 {
        fs::write(bus.file(WARM, "resolution"), "")?;
        sensor.set_resolution(bits)?;
        assert_eq!(sensor.resolution()?, bits);
    }
    for bits in [8, 13] {
        let error = sensor.set_resolution(bits).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        assert!(error.to_string().contains("give 9 to 12"), "{error}");
    }
    fs::write(bus.file(WARM, "resolution"), "-5\n")?;
    assert_eq!(sensor.resolution().unwrap_err().kind(), ErrorKind::TimedOut);
    fs::remove_file(bus.file(WARM, "resolution"))?;
    for error in [sensor.resolution().unwrap_err(), sensor.set_resolution(9).unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("this kernel has no file"), "{error}");
    }
    Ok(())
}

#[test]
fn all_sensors_measure_at_once() -> Result {
    let bus = Bus::new("bulk", &[WARM, COLD])?;
    let file = bus.0.join("w1_bus_master1/therm_bulk_read");
    fs::write(&file, "")?;
    let sensor = Ds18b20::builder().root(bus.devices()).id(COLD).open()?;
    sensor.measure_all()?;
    assert_eq!(fs::read_to_string(&file)?, "trigger\n");
    fs::write(&file, "")?;
    block_on(sensor.measure_all_async())?;
    assert_eq!(fs::read_to_string(&file)?, "trigger\n");
    fs::remove_file(&file)?;
    assert_eq!(block_on(sensor.measure_all_async()).unwrap_err().kind(), ErrorKind::Unsupported);
    Ok(())
}

#[test]
fn a_file_of_root_is_explained() -> Result {
    let bus = Bus::new("root", &[WARM])?;
    let sensor = open(&bus)?;
    let file = bus.file(WARM, "resolution");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444))?;
    // Root may write everything.
    if fs::OpenOptions::new().write(true).open(&file).is_ok() {
        return Ok(());
    }
    let error = sensor.set_resolution(9).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    let message = error.to_string();
    assert!(message.contains("/resolution") && message.contains("`sudo`"), "{message}");
    Ok(())
}

#[test]
fn no_attempt_is_refused() {
    let error = Ds18b20::builder().root(files()).id(WARM).attempts(0).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidValue);
}
