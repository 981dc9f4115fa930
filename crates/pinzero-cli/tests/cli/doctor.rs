//! `pinzero doctor`, on file trees of other computers.

#![cfg(target_os = "linux")]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::run::{assert_snapshot, command};
use crate::served::Served;

/// An address where nobody listens.
const NOBODY: [(&str, &str); 2] = [("PIGPIO_ADDR", "127.0.0.1"), ("PIGPIO_PORT", "1")];

/// The file tree of a computer, which is removed at the end.
struct Tree(PathBuf);

impl Tree {
    fn new(name: &str, kernel: &str) -> Tree {
        let root = std::env::temp_dir().join(format!("pinzero-doctor-{}-{name}", std::process::id()));
        // A process of this number may have left something.
        let _ = fs::remove_dir_all(&root);
        let tree = Tree(root);
        tree.file("proc/sys/kernel/osrelease", kernel);
        tree.file("proc/self/status", "Name:\tpinzero\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t0\n");
        tree
    }

    /// A Raspberry Pi with this revision, and the chip of its header.
    fn pi(name: &str, revision: u32, kernel: &str, label: &str) -> Tree {
        let tree = Tree::new(name, kernel);
        tree.write("proc/device-tree/system/linux,revision", &revision.to_be_bytes());
        tree.file("dev/gpiochip0", "");
        tree.file("sys/devices/soc/chip/gpiochip0/dev", "254:0\n");
        tree.link("../../../devices/soc/chip/gpiochip0", "sys/bus/gpio/devices/gpiochip0");
        tree.file("sys/class/gpio/gpiochip512/label", label);
        tree.file("sys/class/gpio/gpiochip512/ngpio", "54\n");
        tree.link("../../../devices/soc/chip", "sys/class/gpio/gpiochip512/device");
        tree.link(&format!("../../../bus/platform/drivers/{label}"), "sys/devices/soc/chip/driver");
        tree
    }

    fn file(&self, path: &str, text: &str) {
        self.write(path, text.as_bytes());
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn link(&self, target: &str, path: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
    }

    fn examine(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut doctor = command(&["doctor", "--root", self.0.to_str().unwrap()]);
        doctor.args(arguments).envs(NOBODY).envs(variables.iter().copied()).output().unwrap()
    }

    /// Returns the report and whether it is good.
    fn report(&self, variables: &[(&str, &str)]) -> (Value, Option<i32>) {
        let output = self.examine(&["--json"], variables);
        (serde_json::from_slice(&output.stdout).unwrap(), output.status.code())
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        // The temporary folder is cleared some time.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Returns the mark and the text of what was found about a subject, with the remedy.
fn about(report: &Value, subject: &str) -> (String, String) {
    let sections = report["sections"].as_array().unwrap();
    let mut findings = sections.iter().flat_map(|section| section["findings"].as_array().unwrap());
    let finding = findings.find(|finding| finding["subject"] == subject);
    let finding = finding.unwrap_or_else(|| panic!("nothing about {subject}: {report:#}"));
    let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    (text("mark"), format!("{} → {}", text("text"), text("remedy")))
}

#[track_caller]
fn assert_found(report: &Value, subject: &str, mark: &str, part: &str) {
    let (is, text) = about(report, subject);
    assert!(is == mark && text.contains(part), "{subject}: {is}: {text}");
}

#[test]
fn a_raspberry_pi_5_is_well() {
    let pi = Tree::pi("pi5", 0xd0_4171, "6.6.31+rpt-rpi-2712", "pinctrl-rp1");
    pi.link("gpiochip0", "dev/gpiochip4");
    pi.file("sys/module/pinctrl_rp1/parameters/persist_gpio_outputs", "Y\n");
    pi.file("dev/i2c-1", "");
    pi.file("dev/serial0", "");
    pi.file("sys/bus/w1/devices/w1_bus_master1/name", "");
    pi.file("sys/bus/w1/devices/28-0000055f3a21/name", "");
    let output = pi.examine(&[], &[]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_snapshot("doctor-pi5.txt", &text.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[test]
fn settings_that_are_missing_are_told_with_their_line() {
    let pi = Tree::pi("pi3", 0xa0_2082, "6.1.21-v8+", "pinctrl-bcm2835");
    pi.file("boot/config.txt", "# for my HAT\ndtparam=spi=on\n#dtparam=i2c_arm=on\n");
    pi.file("dev/serial0", "");
    pi.file("proc/cmdline", "console=serial0,115200 console=tty1 root=/dev/mmcblk0p2\n");
    let (report, code) = pi.report(&[]);
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(report["board"], "Raspberry Pi 3B");
    assert_found(&report, "I2C", "off", "add `dtparam=i2c_arm=on` to /boot/config.txt, and restart");
    assert_found(&report, "SPI", "off", "`dtparam=spi=on` is in /boot/config.txt: restart the board");
    assert_found(&report, "serial port", "better", "remove `console=serial0,115200`");
    assert_found(&report, "1-Wire", "off", "dtoverlay=w1-gpio");
    assert_found(&report, "hardware PWM", "off", "dtoverlay=pwm,pin=18,func=2");
}

#[test]
fn the_debugging_port_of_a_raspberry_pi_5_is_not_that_of_the_header() {
    let pi = Tree::pi("serial", 0xd0_4171, "6.6.31", "pinctrl-rp1");
    pi.file("dev/ttyAMA10", "");
    pi.link("ttyAMA10", "dev/serial0");
    assert_found(&pi.report(&[]).0, "serial port", "off", "for GPIO14 and GPIO15: add `dtparam=uart0=on`");
    pi.file("dev/ttyAMA0", "");
    assert_found(&pi.report(&[]).0, "serial port", "ok", "/dev/ttyAMA0, on GPIO14 and GPIO15");
}

#[test]
fn a_kernel_that_is_too_old_is_told() {
    let (report, code) = Tree::pi("old", 0xa0_2082, "5.4.83-v7+", "pinctrl-bcm2835").report(&[]);
    assert_eq!((code, &report["works"]), (Some(3), &false.into()));
    assert_found(&report, "kernel", "broken", "update to Linux 5.10");
    assert_found(&report, "cdev", "broken", "Linux 5.4.83-v7+ is too old");
}

#[test]
fn a_pc_has_no_pins_and_a_container_is_not_given_them() {
    let pc = Tree::new("pc", "6.8.0-45-generic");
    let (report, code) = pc.report(&[]);
    assert_eq!((code, &report["board"], &report["factory"]), (Some(3), &Value::Null, &Value::Null));
    assert_found(&report, "cdev", "off", "--factory pigpio://HOST");
    assert_found(&report, "pigpio", "broken", "start `pinzero serve` or `pigpiod` there");
    pc.file(".dockerenv", "");
    let (report, _) = pc.report(&[]);
    assert_found(&report, "cdev", "broken", "docker run --device /dev/gpiochip0");
    assert_found(&report, "container", "better", "--device /dev/i2c-1");
}

#[test]
fn a_user_without_permission_is_told_the_group() {
    let pi = Tree::pi("user", 0xa0_2082, "6.6.31", "pinctrl-bcm2835");
    let file = pi.0.join("dev/gpiochip0");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o660)).unwrap();
    let group = fs::metadata(&file).unwrap().gid();
    // Whoever runs this test may have any group, also that of root, which nobody should join.
    let (remedy, again) = match group {
        0 => ("udev rule: SUBSYSTEM==\"gpio\"", "udev rule"),
        _ => ("sudo usermod -aG gpio $USER", "log in again: you are in group gpio"),
    };
    pi.file(
        "proc/self/status",
        "Uid:\t4242\t4242\t4242\t4242\nGid:\t4242\t4242\t4242\t4242\nGroups:\t4242\n",
    );
    pi.file("etc/passwd", "root:x:0:0::/root:/bin/sh\npi:x:4242:4242::/home/pi:/bin/sh\n");
    pi.file("etc/group", &format!("video:x:77:pi\ngpio:x:{group}:\n"));
    let (report, code) = pi.report(&[]);
    assert_eq!(code, Some(3));
    assert_found(&report, "cdev", "broken", "no permission to open /dev/gpiochip0 (group gpio, mode 660)");
    assert_found(&report, "gpiochip0", "broken", remedy);

    pi.file("etc/group", &format!("video:x:77:pi\ngpio:x:{group}:other,pi\n"));
    assert_found(&pi.report(&[]).0, "cdev", "broken", again);

    let status = format!("Uid:\t4242\t4242\t4242\t4242\nGid:\t4242\t4242\t4242\t4242\nGroups:\t77 {group}\n");
    pi.file("proc/self/status", &status);
    let (report, code) = pi.report(&[]);
    assert_eq!(code, Some(0));
    assert_found(&report, "cdev", "ok", "can drive the lines");
}

#[test]
fn what_gets_in_the_way_is_told() {
    let pi = Tree::pi("traps", 0xa0_2082, "6.6.31", "pinctrl-bcm2835");
    pi.file("proc/321/comm", "pigpiod\n");
    pi.file("sys/bus/i2c/devices/i2c-1/name", "");
    pi.file("sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs", "N\n");
    let variables = [
        ("PINZERO_FACTORY", "cdev"),
        ("PINZERO_NO_EXIT_GUARD", "1"),
        ("GPIOZERO_PIN_FACTORY", "lgpio"),
        ("PINZERO_BROKER", "mqtt://broker.local"),
    ];
    let (report, _) = pi.report(&variables);
    assert_found(&report, "pigpiod", "better", "pid 321");
    assert_found(&report, "I2C", "better", "sudo modprobe i2c-dev");
    assert_found(&report, "OnClose::Keep", "off", "`pinctrl_bcm2835.persist_gpio_outputs=y`");
    assert_found(&report, "PINZERO_FACTORY", "better", "check the spelling: there are PINZERO_PIN_FACTORY");
    assert_found(&report, "PINZERO_NO_EXIT_GUARD", "better", "may stay driven");
    assert_found(&report, "PINZERO_BROKER", "ok", "names the broker of `pinzero fleet`");
    assert_found(&report, "GPIOZERO_PIN_FACTORY", "better", "set PINZERO_PIN_FACTORY");

    let (report, code) = pi.report(&[("PINZERO_PIN_FACTORY", "lgpio"), ("PIGPIO_PORT", "many")]);
    assert_eq!((code, &report["factory"]), (Some(3), &"lgpio".into()));
    assert_found(&report, "PINZERO_PIN_FACTORY", "broken", "use \"cdev\"");
    assert_found(&report, "PIGPIO_PORT", "broken", "a number from 1 to 65535");
    assert_eq!(pi.report(&[("PINZERO_PIN_FACTORY", "mock")]).1, Some(0));
}

#[test]
fn a_daemon_is_asked_and_not_for_long() {
    let pc = Tree::new("daemon", "6.8.0");
    let served = Served::start(&[]);
    let output = pc.examine(&["--factory", &served.factory], &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("a daemon answers at") && text.contains("Raspberry Pi 3B"), "{text}");

    // The system accepts the connection, and nobody answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let start = Instant::now();
    let output = pc.examine(&["--factory", &format!("pigpio://{}", silent.local_addr().unwrap())], &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stdout).contains("✗ broken  pigpio: "));
    // It is two seconds, if nothing else runs.
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
}
