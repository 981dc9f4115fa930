//! Finds the lines that a PWM chip drives: the firmware's overlay selects them, and the device tree lists them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::fs::entries;

/// The device tree's names for the GPIO chips behind the headers of Raspberry Pis.
const HEADERS: [&str; 3] = ["raspberrypi,rp1-gpio", "brcm,bcm2711-gpio", "brcm,bcm2835-gpio"];

/// A driver that drives one line of any number, as a PWM chip with one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineDriver {
    /// The programmable I/O of a Raspberry Pi 5 (`dtoverlay=pwm-pio`).
    Pio,
    /// Software in the kernel (`dtoverlay=pwm-gpio`).
    Gpio,
}

impl LineDriver {
    /// Returns the line for `config.txt` that gives `line` a PWM chip of its own.
    pub(crate) fn overlay(self, line: u32) -> String {
        let name = match self {
            LineDriver::Pio => "pwm-pio",
            LineDriver::Gpio => "pwm-gpio",
        };
        format!("dtoverlay={name},gpio={line}")
    }
}

/// Finds the PWM chip that drives only this line of the header.
pub(crate) fn line_chip(sys: &Path, line: u32) -> Option<(PathBuf, LineDriver)> {
    entries(&sys.join("class/pwm")).into_iter().find_map(|chip| {
        let node = chip.join("device/of_node");
        let driver = match () {
            () if is_compatible(&node, "raspberrypi,pwm-pio-rp1") => LineDriver::Pio,
            () if is_compatible(&node, "pwm-gpio") => LineDriver::Gpio,
            () => return None,
        };
        // The property has the handle of the GPIO chip, the line's number there, and flags.
        let cells = ["gpios", "gpio"].into_iter().find_map(|name| fs::read(node.join(name)).ok())?;
        let cells = numbers(&cells);
        let (handle, number) = (*cells.first()?, *cells.get(1)?);
        (number == line && is_header(sys, handle)).then_some((chip, driver))
    })
}

/// Returns whether the GPIO chip with this handle in the device tree is behind the header. A chip that cannot be found
/// counts as one.
fn is_header(sys: &Path, handle: u32) -> bool {
    let nodes = entries(&sys.join("bus/gpio/devices")).into_iter().map(|chip| chip.join("of_node"));
    let has_handle =
        |node: &PathBuf| fs::read(node.join("phandle")).is_ok_and(|cell| numbers(&cell) == [handle]);
    nodes.filter(has_handle).all(|node| HEADERS.iter().any(|name| is_compatible(&node, name)))
}

/// Returns whether a node of the device tree names this driver.
fn is_compatible(node: &Path, driver: &str) -> bool {
    let names = fs::read(node.join("compatible")).unwrap_or_default();
    names.split(|byte| *byte == 0).any(|name| name == driver.as_bytes())
}

/// Returns the lines with the PWM signals of the block behind `chip`, a folder of the kernel's PWM class. Returns
/// `None` if the device tree does not list them, or is not visible.
pub(crate) fn routed(chip: &Path) -> Option<Vec<u32>> {
    let block = chip.join("device/of_node");
    let wanted = numbers(&fs::read(block.join("pinctrl-0")).ok()?);
    let mut lines = Vec::new();
    // The block refers to child nodes of the pin controller, which is a sibling of the block.
    for pins in entries(&block.join("..")) {
        for group in entries(&pins) {
            let read = |property: &str| fs::read(group.join(property)).unwrap_or_default();
            if numbers(&read("phandle")).iter().any(|handle| wanted.contains(handle)) {
                lines.extend(numbers(&read("brcm,pins")));
                lines.extend(names(&read("pins")));
            }
        }
    }
    (!lines.is_empty()).then_some(lines)
}

/// Returns the line for `config.txt` that routes PWM to these lines, which are one or two.
pub(crate) fn overlay(lines: &[u32]) -> String {
    match *lines {
        [first, second, ..] => format!(
            "dtoverlay=pwm-2chan,pin={first},func={},pin2={second},func2={}",
            function(first),
            function(second)
        ),
        _ => lines.iter().map(|line| format!("dtoverlay=pwm,pin={line},func={}", function(*line))).collect(),
    }
}

/// Returns the overlay's number for the line's PWM function. A Pi 5 uses the number of older models.
fn function(line: u32) -> u32 {
    if line < 18 { 4 } else { 2 }
}

/// Returns a property that is a list of numbers.
fn numbers(property: &[u8]) -> Vec<u32> {
    property.chunks_exact(4).filter_map(|cell| Some(u32::from_be_bytes(cell.try_into().ok()?))).collect()
}

/// Returns a property that is a list of names such as `gpio18`.
fn names(property: &[u8]) -> Vec<u32> {
    let names = property.split(|byte| *byte == 0).filter_map(|name| std::str::from_utf8(name).ok());
    names.filter_map(|name| name.strip_prefix("gpio")?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlay_has_one_line_or_two() {
        assert_eq!(overlay(&[12]), "dtoverlay=pwm,pin=12,func=4");
        assert_eq!(overlay(&[13, 18]), "dtoverlay=pwm-2chan,pin=13,func=4,pin2=18,func2=2");
    }

    #[test]
    fn an_overlay_of_its_own_serves_any_line() {
        assert_eq!(LineDriver::Pio.overlay(23), "dtoverlay=pwm-pio,gpio=23");
        assert_eq!(LineDriver::Gpio.overlay(4), "dtoverlay=pwm-gpio,gpio=4");
    }

    #[test]
    fn properties_are_cells_or_strings() {
        assert_eq!(numbers(&[0, 0, 0, 18, 0, 0, 1, 3]), [18, 259]);
        assert_eq!(names(b"gpio18\0gpio19\0"), [18, 19]);
        assert_eq!(names(b"\xff\0pin4\0"), []);
    }
}
