//! Checks that `docs/drivers.md` says what the trials say.
//!
//! `PINZERO_WRITE=1 cargo test -p pinzero-driver-tests page` writes the page anew.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use libtest_mimic::Failed;

use crate::rig::Rig;
use crate::{DRIVERS, Driver, FAILING, Failing};

pub(crate) fn check() -> Result<(), Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (path, page) = (root.join("docs/drivers.md"), page(&fs::read_to_string(root.join("Cargo.lock"))?));
    if env::var_os("PINZERO_WRITE").is_some() {
        fs::write(&path, &page)?;
    }
    if fs::read_to_string(&path).unwrap_or_default() != page {
        return Err(
            "PINZERO_WRITE=1 cargo test -p pinzero-driver-tests page writes docs/drivers.md anew".into()
        );
    }
    Ok(())
}

/// Returns the versions of the crates in the text of a `Cargo.lock`.
fn versions(lock: &str) -> BTreeMap<&str, &str> {
    let value = |line: &'static str| move |text| quoted(line, text);
    let names = lock.lines().filter_map(value("name"));
    // The line after a name is its version.
    names
        .zip(lock.lines().skip_while(|line| !line.starts_with("name")).filter_map(value("version")))
        .collect()
}

fn quoted<'a>(key: &str, line: &'a str) -> Option<&'a str> {
    line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"')
}

fn page(lock: &str) -> String {
    let versions = versions(lock);
    let mut text = String::from(HEAD);
    for driver in &DRIVERS {
        let Driver { part, krate, interface, .. } = driver;
        let tested = match (driver.is_timed, driver.has_bus()) {
            (true, _) => "the mock",
            (false, false) => "the mock, over the network",
            (false, true) => "the mock, on pins, over the network",
        };
        let _ = writeln!(text, "| {part} | `{krate}` {} | {interface} | {tested} |", versions[krate]);
    }
    text += FAILING_HEAD;
    for Failing { part, krate, interface, why, .. } in &FAILING {
        let _ = writeln!(text, "| {part} | `{krate}` {} | {interface} | {why} |", versions[krate]);
    }
    text += NOTES;
    for driver in &DRIVERS {
        let picture = (driver.run)(&Rig::mock());
        if !picture.is_empty() {
            let _ = write!(text, "\nThe {}, by `{}`:\n\n```text\n{picture}```\n", driver.part, driver.krate);
        }
    }
    text
}

const HEAD: &str = "\
# Drivers that run on pinzero

The handles of pins and buses have the traits of embedded-hal 1.0. So drivers from crates.io run on pinzero, unmodified. The tests in `tests/drivers` run
these, each against a model of its part, and write this page. The models in `crates/pinzero-parts` follow what the data sheets say. ST does not document most
registers of the VL53L0X, nor InvenSense the packets of the MPU-6050's own processor: the models of these follow what drivers do. No real part was there.

*On pins* means that the bus is made bit by bit, by `gpio.soft_i2c(2, 3)` or `gpio.spi(11)`. *Over the network* means that the driver runs on pins and buses
of another computer, through `pinzero serve`; a transaction on SPI cannot pause there. On a Raspberry Pi, the factories `cdev` and `rppal` open the buses of
the kernel by the same handles. On such a bus only the driver `eeprom24x` has run: on the I2C controller of an emulated Raspberry Pi 3 (`crates/pinzero-cdev/tests/pi.rs`). The
examples `weather`, `adc`, `oled`, `lcd` and `nfc` are short programs with such drivers.

| part | crate | interface | tested on |
|---|---|---|---|
";

const FAILING_HEAD: &str = "
These do not work, and a test notices when that changes:

| part | crate | interface | why |
|---|---|---|---|
";

const NOTES: &str = "
## What to know

* `dht-sensor`, `hx711` and `onewire` time microseconds on a pin. That is impossible over a network. On a Raspberry Pi they need the registers (`rppal`), and
  a busy system will spoil some readings; nobody has tried. `Dht22` of pinzero reads the kernel's time stamps instead, and `Ds18b20` the kernel's own 1-Wire bus.
* `dht-sensor` and `onewire` want one object that is input and output: `gpio.open_drain(4).open()?`.
* `onewire` holds the line low after each command, unless its bus is opened with parasite power: `OneWire::new(pin, true)`.
* `hx711` polls without a pause until a value is ready. That takes no time on a virtual clock, and would never end: call `set_period(Duration::ZERO)` on the
  mock's converter.
* `ws2812-spi` wants a bus without a chip select: `gpio.hardware_spi(0, 0).unselected().max_rate(3_200_000).open()?.into_bus()?`. `PixelStrip` of pinzero drives
  the same strips.
* `pwm-pca9685` needs `set_channel_off` before the first `set_channel_full_on`: the chip starts with all channels off, and off wins over on.
* `mfrc522` waits for ever in `init` if no reader is there.
* `max7219` and `ssd1306` tell only that a transfer failed. The other drivers hand on pinzero's error, with its kind and its text. Over the network, a part that
  refuses a byte or hangs cannot be told from a part that is missing, because the protocol has one code for all three.

## What the parts show
";
