//! The kernel's files of 1-Wire thermometers: finds them, and reads their text.

use std::io;
use std::path::Path;

use pinzero_core::{Error, ErrorKind, Result};

/// The folder in which the kernel lists the devices of all 1-Wire buses.
pub(super) const ROOT: &str = "/sys/bus/w1/devices";

/// The start of a DS18B20's id.
const FAMILY: &str = "28-";

/// Returns the ids of the thermometers, in order.
pub(super) fn ids(root: &Path) -> Result<Vec<String>> {
    let listed = match std::fs::read_dir(root) {
        Ok(listed) => listed,
        Err(error) if error.kind() == io::ErrorKind::NotFound && root == Path::new(ROOT) => {
            return Err(no_bus());
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let message = format!(
                "there is no folder {}: give `root` one that lists 1-Wire devices, or leave it out",
                root.display()
            );
            return Err(Error::new(ErrorKind::InvalidValue, message).with_source(error));
        }
        Err(error) => return Err(unreadable(root, error)),
    };
    let names = listed.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<io::Result<Vec<_>>>().map_err(|error| unreadable(root, error))?;
    if !names.iter().any(|name| name.starts_with("w1_bus_master")) {
        return Err(no_bus());
    }
    names.retain(|name| name.starts_with(FAMILY));
    names.sort();
    Ok(names)
}

fn no_bus() -> Error {
    let message = "this computer has no 1-Wire bus: add the line `dtoverlay=w1-gpio` to /boot/firmware/config.txt (or \
                   `dtoverlay=w1-gpio,gpiopin=17` for a pin other than GPIO4), and reboot";
    Error::new(ErrorKind::Unsupported, message)
}

/// Picks a thermometer by its id, or the only one.
pub(super) fn pick(ids: &[String], id: Option<&str>) -> Result<String> {
    let all = ids.join(", ");
    let (kind, message) = match (id, ids) {
        (None, [only]) => return Ok(only.clone()),
        (_, []) => (
            ErrorKind::NoAcknowledge,
            "no DS18B20 answers on the 1-Wire bus: check its supply, its ground, its data pin (GPIO4, unless the overlay names \
             another), and the resistor of 4.7 kΩ from data to 3.3 V"
                .to_owned(),
        ),
        (None, several) => (
            ErrorKind::InvalidValue,
            format!("there are {} sensors: give one by `id`: {all}", several.len()),
        ),
        (Some(id), ids) if ids.iter().any(|other| other == id) => return Ok(id.to_owned()),
        (Some(id), _) => (ErrorKind::NoAcknowledge, format!("no sensor has the id {id:?}. There are: {all}")),
    };
    Err(Error::new(kind, message))
}

/// The reason why the kernel's text gives no temperature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The sensor has not answered.
    Silence,
    /// The checksum is wrong.
    Checksum,
    /// The sensor has been without power since it was asked: its value is that of the start.
    PowerUp,
}

/// Returns the temperature in degrees Celsius from the text of a file `w1_slave`:
///
/// ```text
/// 72 01 4b 46 7f ff 0e 10 57 : crc=57 YES
/// 72 01 4b 46 7f ff 0e 10 57 t=23125
/// ```
pub(super) fn parse(text: &str) -> Result<f64, Fault> {
    let mut lines = text.lines();
    // Newer kernels leave the file empty after an error; older ones say NO, and repeat the last temperature.
    let (answer, verdict) = lines.next().and_then(|line| line.split_once(':')).ok_or(Fault::Silence)?;
    let bytes: Vec<u8> = answer.split_whitespace().flat_map(|byte| u8::from_str_radix(byte, 16)).collect();
    // Nobody pulls the line low, or somebody always does; the checksum of zeros is right.
    if bytes.iter().all(|byte| *byte == 0xff) || bytes.iter().all(|byte| *byte == 0) {
        return Err(Fault::Silence);
    }
    if !verdict.trim_end().ends_with("YES") {
        return Err(Fault::Checksum);
    }
    // The seventh byte is 0x0c from the start until the first measurement. 85 °C, or 127.94 °C in the middle of one.
    if let [0x50, 0x05, .., 0x0c, _, _] | [0xff, 0x07, .., 0x0c, _, _] = bytes[..] {
        return Err(Fault::PowerUp);
    }
    let millis = lines.next().and_then(|line| line.rsplit_once("t=")).ok_or(Fault::Checksum)?.1;
    let millis: i32 = millis.trim().parse().map_err(|_| Fault::Checksum)?;
    Ok(f64::from(millis) / 1000.0)
}

impl Fault {
    pub(super) fn error(self) -> Error {
        let (kind, message) = match self {
            Fault::Silence => (
                ErrorKind::TimedOut,
                "the sensor does not answer: check its supply, its ground and its data wire, and the resistor of 4.7 kΩ from \
                 data to 3.3 V",
            ),
            Fault::Checksum => (
                ErrorKind::Io,
                "the checksum of the answer is wrong: shorten the wire, or put a stronger resistor (2.2 kΩ) from data to 3.3 V",
            ),
            Fault::PowerUp => (
                ErrorKind::TimedOut,
                "the sensor gives 85 °C, as it does after it has been without power: check its supply, VDD and ground",
            ),
        };
        Error::new(kind, message)
    }
}

/// Calls `read` up to `attempts` times, until its text gives a temperature.
pub(super) fn measure(attempts: u32, mut read: impl FnMut() -> Result<String>) -> Result<f64> {
    let mut result = Err(Fault::Silence);
    for _ in 0..attempts {
        result = parse(&read()?);
        if result.is_ok() {
            break;
        }
    }
    result.map_err(Fault::error)
}

/// Returns the error of a file of a sensor.
pub(super) fn file_error(path: &Path, error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::NotFound if path.parent().is_some_and(|sensor| !sensor.exists()) => {
            let message = "the sensor is no longer on the bus: check its wires";
            Error::new(ErrorKind::NoAcknowledge, message).with_source(error)
        }
        io::ErrorKind::NotFound => {
            let message = format!(
                "this kernel has no file {}: `sudo modprobe w1-therm`, or update the system",
                path.display()
            );
            Error::new(ErrorKind::Unsupported, message).with_source(error)
        }
        io::ErrorKind::PermissionDenied => {
            let message = format!("only root may write {}: run the program by `sudo`", path.display());
            Error::new(ErrorKind::PermissionDenied, message).with_source(error)
        }
        _ => unreadable(path, error),
    }
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("{} cannot be read or written", path.display())).with_source(error)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_of_the_kernel() {
        for (text, expected) in [
            ("72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n72 01 4b 46 7f ff 0e 10 57 t=23125\n", Ok(23.125)),
            ("5e ff 4b 46 7f ff 02 10 b6 : crc=b6 YES\n5e ff 4b 46 7f ff 02 10 b6 t=-10125\n", Ok(-10.125)),
            ("00 00 4b 46 7f ff 10 10 69 : crc=69 YES\n00 00 4b 46 7f ff 10 10 69 t=0\n", Ok(0.0)),
            // A measurement of 85 °C: the seventh byte tells.
            ("50 05 4b 46 7f ff 10 10 bd : crc=bd YES\n50 05 4b 46 7f ff 10 10 bd t=85000\n", Ok(85.0)),
            (
                "50 05 4b 46 7f ff 0c 10 1c : crc=1c YES\n50 05 4b 46 7f ff 0c 10 1c t=85000\n",
                Err(Fault::PowerUp),
            ),
            (
                "ff 07 4b 46 7f ff 0c 10 a6 : crc=a6 YES\nff 07 4b 46 7f ff 0c 10 a6 t=127937\n",
                Err(Fault::PowerUp),
            ),
            (
                "72 01 4b 46 7f ff 0e 10 75 : crc=57 NO\n4b 01 4b 46 7f ff 05 10 e1 t=20687\n",
                Err(Fault::Checksum),
            ),
            (
                "00 00 00 00 00 00 00 00 00 : crc=00 YES\n00 00 00 00 00 00 00 00 00 t=0\n",
                Err(Fault::Silence),
            ),
            (
                "ff ff ff ff ff ff ff ff ff : crc=c9 NO\n4b 01 4b 46 7f ff 05 10 e1 t=20687\n",
                Err(Fault::Silence),
            ),
            ("", Err(Fault::Silence)),
            ("72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n", Err(Fault::Checksum)),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn a_fault_is_tried_again_and_the_last_one_told() {
        let good = "72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n72 01 4b 46 7f ff 0e 10 57 t=23125\n";
        let wrong = "72 01 4b 46 7f ff 0e 10 75 : crc=57 NO\n4b 01 4b 46 7f ff 05 10 e1 t=20687\n";
        let reset = "50 05 4b 46 7f ff 0c 10 1c : crc=1c YES\n50 05 4b 46 7f ff 0c 10 1c t=85000\n";
        let measure_of = |texts: [&str; 3]| {
            let mut texts = texts.into_iter();
            let result = measure(3, || Ok(texts.next().unwrap_or_default().to_owned()));
            (result.map_err(|error| error.kind()), texts.len())
        };
        assert_eq!(measure_of([good, wrong, wrong]), (Ok(23.125), 2));
        assert_eq!(measure_of([wrong, reset, good]), (Ok(23.125), 0));
        assert_eq!(measure_of(["", good, wrong]), (Ok(23.125), 1));
        assert_eq!(measure_of([reset, reset, wrong]), (Err(ErrorKind::Io), 0));
        assert_eq!(measure_of([wrong, wrong, ""]), (Err(ErrorKind::TimedOut), 0));
        let mut calls = 0;
        let broken = measure(3, || {
            calls += 1;
            Err(Error::closed())
        });
        assert_eq!((broken.unwrap_err().kind(), calls), (ErrorKind::Closed, 1));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text(text in "([0-9a-f]{2} ){0,9}.{0,20}:?.{0,20}(YES|NO)?\n?.{0,20}(t=)?.{0,12}\n?") {
            let _ = parse(&text);
        }
    }
}
