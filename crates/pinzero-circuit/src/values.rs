//! Checks the values of a part.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use pinzero::Color;
use pinzero::board::Board;

use crate::mistake::Mistake;
use crate::part::{Keypad, Kind, Part, Servo};
use crate::places::Places;

/// A wrong value: the key, and what to do.
pub(crate) type Wrong = (&'static str, String);

/// Checks the values of a part, each by itself and among each other.
pub(crate) fn check(places: &Places<'_>, board: &Board, part: &Part) -> Result<(), Mistake> {
    let Part { name, kind } = part;
    check_kind(kind, board).map_err(|(key, message)| places.at(&[kind.name(), name, key], message))
}

fn check_kind(kind: &Kind, board: &Board) -> Result<(), Wrong> {
    match kind {
        Kind::Led(led) => {
            led.color.parse::<Color>().map_err(|error| ("color", error.to_string()))?;
            Ok(())
        }
        Kind::Button(part) => key(part.key),
        Kind::Switch(part) => key(part.key),
        Kind::MotionSensor(part) => key(part.key),
        Kind::LineSensor(part) => key(part.key),
        Kind::PulseCounter(part) => {
            key(part.key)?;
            range("hertz", part.hertz, 0.0..=100.0, " Hz")
        }
        Kind::Ds18b20(sensor) => check_id(sensor.id.as_deref()),
        Kind::Servo(servo) => check_servo(servo),
        Kind::Potentiometer(slide) => {
            converter(slide.channel, slide.select)?;
            range("value", slide.value, 0.0..=1.0, "")
        }
        Kind::Tmp36(thermometer) => {
            converter(thermometer.channel, thermometer.select)?;
            range("celsius", thermometer.celsius, -40.0..=125.0, " °C")
        }
        Kind::LightSensor(sensor) => range("light", sensor.light, 0.0..=1.0, ""),
        Kind::DistanceSensor(sensor) => range("distance", sensor.distance, 0.0..=4.0, " m"),
        Kind::Dht11(climate) => {
            range("celsius", climate.celsius, -20.0..=60.0, " °C")?;
            range("humidity", climate.humidity, 0.0..=100.0, " %")
        }
        Kind::Dht22(climate) => {
            range("celsius", climate.celsius, -40.0..=80.0, " °C")?;
            range("humidity", climate.humidity, 0.0..=100.0, " %")
        }
        Kind::Keypad(keypad) => check_keypad(keypad),
        Kind::SevenSegmentDisplay(display) => {
            if !(7..=8).contains(&display.segments.len()) {
                let count = display.segments.len();
                return Err((
                    "segments",
                    format!("give 7 pins, for the segments a to g, or 8 with the decimal point, not {count}"),
                ));
            }
            if display.digits.len() > 8 {
                return Err((
                    "digits",
                    format!("a display has at most 8 digits, not {}", display.digits.len()),
                ));
            }
            Ok(())
        }
        Kind::CharacterDisplay(display) => {
            if board.i2c_lines(display.bus).is_none() {
                return Err(("bus", format!("the board has no I2C bus {}: use 1", display.bus)));
            }
            if !matches!(display.address, 0x20..=0x27 | 0x38..=0x3f) {
                let address = display.address;
                return Err((
                    "address",
                    format!("an address is from 0x20 to 0x27, or from 0x38 to 0x3f, not {address:#04x}"),
                ));
            }
            if !matches!(display.rows, 1 | 2 | 4) {
                return Err(("rows", format!("a display has 1, 2 or 4 rows, not {}", display.rows)));
            }
            let most = 80 / display.rows.max(2);
            if !(8..=most).contains(&display.columns) {
                let (columns, rows) = (display.columns, display.rows);
                return Err((
                    "columns",
                    format!("a display with {rows} rows has 8 to {most} columns, not {columns}"),
                ));
            }
            Ok(())
        }
        Kind::RgbLed(_) | Kind::Buzzer(_) | Kind::Relay(_) | Kind::Motor(_) | Kind::RotaryEncoder(_) => {
            Ok(())
        }
    }
}

pub(crate) fn range(
    key: &'static str,
    value: f64,
    range: RangeInclusive<f64>,
    unit: &str,
) -> Result<(), Wrong> {
    if range.contains(&value) {
        return Ok(());
    }
    Err((key, format!("{key} goes from {} to {}{unit}, not {value}", range.start(), range.end())))
}

fn converter(channel: u32, select: u32) -> Result<(), Wrong> {
    if channel > 7 {
        return Err(("channel", format!("an MCP3008 has the channels 0 to 7, not {channel}")));
    }
    if select > 1 {
        return Err(("select", format!("SPI bus 0 has the chip selects 0 and 1, not {select}")));
    }
    Ok(())
}

/// Checks the id of a thermometer on the 1-Wire bus, as the kernel writes it.
fn check_id(id: Option<&str>) -> Result<(), Wrong> {
    let is_digit = |letter: char| letter.is_ascii_digit() || matches!(letter, 'a'..='f');
    match id {
        Some(id)
            if !id.strip_prefix("28-").is_some_and(|rest| rest.len() == 12 && rest.chars().all(is_digit)) =>
        {
            Err((
                "id",
                format!(
                    "an id is one of those in /sys/bus/w1/devices, such as \"28-0316a2798bff\", not {id:?}"
                ),
            ))
        }
        _ => Ok(()),
    }
}

/// Checks the key of a contact: one that every keyboard has, and that no view has for itself.
fn key(key: Option<char>) -> Result<(), Wrong> {
    match key {
        Some(key) if !key.is_ascii_lowercase() && !key.is_ascii_digit() => {
            Err(("key", format!("a key is a small letter or a digit, not {key:?}")))
        }
        Some('q') => Err(("key", "the key \"q\" ends the view: use another one".to_owned())),
        _ => Ok(()),
    }
}

fn check_servo(servo: &Servo) -> Result<(), Wrong> {
    range("min_pulse", servo.min_pulse, 0.1..=10.0, " ms")?;
    range("max_pulse", servo.max_pulse, 0.1..=10.0, " ms")?;
    range("min_angle", servo.min_angle, -360.0..=360.0, "°")?;
    range("max_angle", servo.max_angle, -360.0..=360.0, "°")?;
    if servo.min_pulse >= servo.max_pulse {
        return Err((
            "max_pulse",
            format!("max_pulse must be longer than min_pulse, which is {} ms", servo.min_pulse),
        ));
    }
    if servo.min_angle >= servo.max_angle {
        return Err((
            "max_angle",
            format!("max_angle must be larger than min_angle, which is {}°", servo.min_angle),
        ));
    }
    Ok(())
}

fn check_keypad(keypad: &Keypad) -> Result<(), Wrong> {
    for (key, pins) in [("rows", &keypad.rows), ("columns", &keypad.columns)] {
        if pins.is_empty() {
            return Err((key, format!("give at least one pin for the {key}")));
        }
    }
    let (rows, columns) = (keypad.rows.len(), keypad.columns.len());
    if keypad.keys.len() != rows || keypad.keys.iter().any(|row| row.chars().count() != columns) {
        return Err(("keys", format!("give {rows} strings of {columns} letters, one for each row of keys")));
    }
    let mut seen = BTreeSet::new();
    let mut letters = keypad.keys.iter().flat_map(|row| row.chars());
    match letters.find(|letter| letter.is_whitespace() || letter.is_control() || !seen.insert(*letter)) {
        Some(letter) if seen.contains(&letter) => Err(("keys", format!("the key {letter:?} is there twice"))),
        Some(letter) => Err(("keys", format!("a key needs a letter that can be seen, not {letter:?}"))),
        None => Ok(()),
    }
}
