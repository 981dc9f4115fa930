//! Looks at the buses and serial ports of a Raspberry Pi.

use pinzero::board::Board;

use super::{config_txt, user};
use crate::doctor::finding::{Finding, Mark};
use crate::doctor::{Place, SERIAL_LINES, serial_file};

pub(crate) fn examine(place: &Place, board: &Board) -> Vec<Finding> {
    let findings =
        [i2c(place, board), spi(place, board), serial(place, board), Some(one_wire(place)), Some(pwm(place))];
    findings.into_iter().flatten().collect()
}

/// Looks at the bus on pins 3 and 5 of the header.
fn i2c(place: &Place, board: &Board) -> Option<Finding> {
    let is_arm = |bus: &u32| board.i2c_setting(*bus).as_deref() == Some("dtparam=i2c_arm=on");
    let bus = [1, 0].into_iter().find(is_arm)?;
    let [data, clock] = board.i2c_lines(bus)?;
    let (file, setting) = (format!("dev/i2c-{bus}"), board.i2c_setting(bus)?);
    if !place.has(&file) && place.has(&format!("sys/bus/i2c/devices/i2c-{bus}")) {
        let text = format!("bus {bus} is there, but not its device file");
        return Some(Finding::new(Mark::Better, "I2C", text, "load the module: sudo modprobe i2c-dev"));
    }
    Some(device(place, "I2C", &file, ("i2c", "i2c-dev"), &format!("GPIO{data} and GPIO{clock}"), &setting))
}

fn spi(place: &Place, board: &Board) -> Option<Finding> {
    let [clock, mosi, miso] = board.spi_lines(0)?;
    let (lines, setting) = (format!("GPIO{clock}, GPIO{mosi} and GPIO{miso}"), board.spi_setting(0, 0)?);
    Some(device(place, "SPI", "dev/spidev0.0", ("spi", "spidev"), &lines, &setting))
}

fn serial(place: &Place, board: &Board) -> Option<Finding> {
    let setting = board.serial_setting()?;
    let (file, [send, receive]) = (serial_file(&place.root), SERIAL_LINES);
    let lines = format!("GPIO{send} and GPIO{receive}");
    let finding = device(place, "serial port", file, ("dialout", "tty"), &lines, &setting);
    let command_line = place.text("proc/cmdline").unwrap_or_default();
    let console = command_line.split_whitespace().find(|word| {
        let port = word.strip_prefix("console=").unwrap_or_default();
        ["serial0", "ttyAMA0", "ttyS0"].iter().any(|name| port.split(',').next() == Some(name))
    });
    let Some(console) = console.filter(|_| finding.mark != Mark::Off) else { return Some(finding) };
    let text = "the kernel's console uses /dev/serial0, and mixes with your data";
    let remedy = format!(
        "remove `{console}` from /boot/firmware/cmdline.txt (sudo raspi-config, Interface Options, Serial Port)"
    );
    Some(Finding::new(Mark::Better, "serial port", text, remedy))
}

fn one_wire(place: &Place) -> Finding {
    let names = place.names("sys/bus/w1/devices");
    if names.iter().any(|name| name.starts_with("w1_bus_master")) {
        let count = names.iter().filter(|name| name.starts_with("28-")).count();
        return Finding::ok("1-Wire", format!("on, with {count} DS18B20"));
    }
    Finding::new(
        Mark::Off,
        "1-Wire",
        "off",
        format!("for GPIO4: {}", config_txt::remedy(place, "dtoverlay=w1-gpio")),
    )
}

fn pwm(place: &Place) -> Finding {
    if place.names("sys/class/pwm").iter().any(|name| name.starts_with("pwmchip")) {
        return Finding::ok("hardware PWM", "on");
    }
    let remedy = config_txt::remedy(place, "dtoverlay=pwm,pin=18,func=2");
    let text = "off; software PWM works on every line";
    Finding::new(Mark::Off, "hardware PWM", text, format!("for GPIO18: {remedy}"))
}

/// Looks at a device file and its permission.
fn device(
    place: &Place,
    subject: &str,
    file: &str,
    class: (&str, &str),
    lines: &str,
    setting: &str,
) -> Finding {
    if !place.has(file) {
        return Finding::new(
            Mark::Off,
            subject,
            "off",
            format!("for {lines}: {}", config_txt::remedy(place, setting)),
        );
    }
    match user::obstacle(place, file, class) {
        Some((text, remedy)) => Finding::new(Mark::Broken, subject, text, remedy),
        None => Finding::ok(subject, format!("/{file}, on {lines}")),
    }
}
