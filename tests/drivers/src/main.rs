//! Runs drivers from crates.io, unmodified, on pinzero's handles: each with a model of its part, on the mock and over the network.
#![allow(clippy::unwrap_used, reason = "an error fails the trial")]

mod cards;
mod displays;
mod faults;
mod page;
mod pins;
mod rig;
mod sensors;
mod timing;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use rig::Rig;

/// A driver of one part, and the code that runs the driver.
struct Driver {
    /// The name of its trials.
    name: &'static str,
    part: &'static str,
    /// The crate that holds the driver.
    krate: &'static str,
    interface: &'static str,
    /// The driver measures or makes times of microseconds itself, on pins.
    is_timed: bool,
    /// Runs the driver, and checks what the part saw and the driver measured. Returns a picture of the part, or nothing.
    run: fn(&Rig) -> String,
}

impl Driver {
    const fn new(
        name: &'static str,
        part: &'static str,
        krate: &'static str,
        interface: &'static str,
        run: fn(&Rig) -> String,
    ) -> Self {
        Driver { name, part, krate, interface, is_timed: false, run }
    }

    /// Returns whether the driver talks to a whole bus, which pins can be too.
    fn has_bus(&self) -> bool {
        matches!(self.interface, "I2C" | "SPI")
    }

    const fn timed(mut self) -> Self {
        self.is_timed = true;
        self
    }
}

const DRIVERS: [Driver; 18] = [
    Driver::new("ads1115", "ADS1115, four voltages", "ads1x1x", "I2C", sensors::ads1115),
    Driver::new("bme280", "BME280, temperature, pressure and humidity", "bme280", "I2C", sensors::bme280),
    Driver::new("dht22", "DHT22, temperature and humidity", "dht-sensor", "a pin", timing::dht22).timed(),
    Driver::new("hx711", "HX711, a load cell", "hx711", "two pins", timing::hx711).timed(),
    Driver::new(
        "character_display",
        "HD44780 behind a PCF8574, a character display",
        "i2c-character-display",
        "I2C",
        displays::character_display,
    ),
    Driver::new("max7219_on_spi", "MAX7219, eight digits", "max7219", "SPI", displays::max7219_on_spi),
    Driver::new(
        "max7219_on_pins",
        "MAX7219, two LED matrices in a chain",
        "max7219",
        "three pins",
        displays::max7219_on_pins,
    ),
    Driver::new("mfrc522", "MFRC522, contactless cards", "mfrc522", "SPI", cards::mfrc522),
    Driver::new("mpu6050", "MPU-6050, acceleration and rotation", "mpu6050-dmp", "I2C", sensors::mpu6050),
    Driver::new("ds18b20", "DS18B20, temperature", "onewire", "a pin", timing::ds18b20).timed(),
    Driver::new("mcp23017", "MCP23017, 16 pins", "port-expander", "I2C", pins::mcp23017),
    Driver::new("mcp23s17", "MCP23S17, 16 pins", "port-expander", "SPI", pins::mcp23s17),
    Driver::new("pcf8574", "PCF8574, 8 pins", "port-expander", "I2C", pins::pcf8574),
    Driver::new("pca9685", "PCA9685, 16 servos", "pwm-pca9685", "I2C", pins::pca9685),
    Driver::new("ssd1306", "SSD1306, an OLED of 128 by 64 pixels", "ssd1306", "I2C", displays::ssd1306),
    Driver::new("uln2003", "28BYJ-48 and ULN2003, a stepper", "uln2003", "four pins", pins::uln2003),
    Driver::new("vl53l0x", "VL53L0X, distance", "vl53l0x", "I2C", sensors::vl53l0x),
    Driver::new("ws2812", "WS2812, a strip of lights", "ws2812-spi", "SPI, data only", displays::ws2812),
];

/// A driver that does not work, on pinzero or anywhere else.
struct Failing {
    name: &'static str,
    part: &'static str,
    krate: &'static str,
    interface: &'static str,
    why: &'static str,
    /// Shows that the driver fails, and that the part would answer. Panics once the driver works.
    run: fn(&Rig),
}

const FAILING: [Failing; 2] = [
    Failing {
        name: "bme280_on_spi",
        part: "BME280",
        krate: "bme280",
        interface: "SPI",
        why: "reads each register one byte too early, on every system (bme280-rs#46): take I2C",
        run: sensors::bme280_on_spi,
    },
    Failing {
        name: "ws2812_byte_by_byte",
        part: "WS2812",
        krate: "ws2812-spi",
        interface: "SPI, without `hosted`",
        why: "sends each byte as a transfer of its own, and a pause between two of them ends the frame: take `ws2812_spi::hosted`",
        run: displays::ws2812_byte_by_byte,
    },
];

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for driver in &DRIVERS {
        let mut add = |place: &str, rig: fn() -> Rig| {
            trials.push(Trial::test(format!("{place}::{}", driver.name), move || {
                (driver.run)(&rig());
                Ok(())
            }));
        };
        add("mock", Rig::mock);
        if driver.has_bus() {
            add("pins", Rig::pins);
        }
        if !driver.is_timed {
            add("remote", Rig::remote);
        }
    }
    for driver in &FAILING {
        trials.push(Trial::test(format!("failing::{}", driver.name), || {
            (driver.run)(&Rig::mock());
            Ok(())
        }));
    }
    trials.extend(faults::trials());
    trials.push(Trial::test("page", page::check));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
