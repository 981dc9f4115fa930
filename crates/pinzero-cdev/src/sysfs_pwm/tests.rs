//! Tests on plain files that stand in for the kernel's PWM class.

use std::os::unix::fs::symlink;

use pinzero_core::time::us;

use super::*;

/// A PWM class of plain files, with all possible channels.
struct Sys(PathBuf);

impl Sys {
    fn new(name: &str, block: &str) -> Sys {
        let sys = std::env::temp_dir().join(format!("pinzero-pwm-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&sys);
        for (number, device) in [(0, "1f0009c000.pwm"), (7, block)] {
            let chip = sys.join(format!("class/pwm/pwmchip{number}"));
            for channel in 0..4 {
                let folder = chip.join(format!("pwm{channel}"));
                fs::create_dir_all(&folder).unwrap();
                for file in ["period", "duty_cycle", "enable"] {
                    fs::write(folder.join(file), "0\n").unwrap();
                }
                fs::write(folder.join("polarity"), "normal\n").unwrap();
            }
            symlink(format!("../../../devices/{device}"), chip.join("device")).unwrap();
            fs::create_dir_all(sys.join("devices").join(device)).unwrap();
        }
        Sys(sys)
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.0.join("class/pwm/pwmchip7").join(file)).unwrap().trim().to_owned()
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.0.join("class/pwm/pwmchip7").join(file), text).unwrap();
    }

    /// Makes the device tree route the pulses to these lines.
    fn route(&self, lines: &[u32]) {
        let soc = self.0.join("soc");
        for node in ["pwm", "timer", "gpio/spi_pins", "gpio/pwm_pins"] {
            fs::create_dir_all(soc.join(node)).unwrap();
        }
        let pins: Vec<u8> = lines.iter().flat_map(|line| line.to_be_bytes()).collect();
        for (file, content) in [
            ("pwm/pinctrl-0", &[0, 0, 0, 77][..]),
            ("gpio/spi_pins/phandle", &[0, 0, 0, 76]),
            ("gpio/spi_pins/brcm,pins", &[0, 0, 0, 7]),
            ("gpio/pwm_pins/phandle", &[0, 0, 0, 77]),
            ("gpio/pwm_pins/brcm,pins", &pins),
        ] {
            fs::write(soc.join(file), content).unwrap();
        }
        symlink(soc.join("pwm"), self.0.join("class/pwm/pwmchip7/device/of_node")).unwrap();
    }

    /// Adds the chip of an overlay for one line: `gpios` of this line, on the GPIO chip with this handle.
    fn add_line(&self, number: u32, driver: &str, [handle, line]: [u32; 2]) {
        let chip = self.0.join(format!("class/pwm/pwmchip{number}"));
        let node = self.0.join(format!("tree/pwm@{number}"));
        fs::create_dir_all(chip.join("pwm0")).unwrap();
        fs::create_dir_all(&node).unwrap();
        for (file, text) in [("period", "0"), ("duty_cycle", "0"), ("enable", "0"), ("polarity", "normal")] {
            fs::write(chip.join("pwm0").join(file), text).unwrap();
        }
        fs::write(node.join("compatible"), format!("{driver}\0")).unwrap();
        let cells: Vec<u8> = [handle, line, 0].iter().flat_map(|cell| cell.to_be_bytes()).collect();
        fs::write(node.join("gpios"), cells).unwrap();
        fs::create_dir_all(chip.join("device")).unwrap();
        symlink(node, chip.join("device/of_node")).unwrap();
    }

    /// Adds a GPIO chip with this handle in the device tree.
    fn add_gpio(&self, handle: u32, driver: &str) {
        let node = self.0.join(format!("bus/gpio/devices/gpiochip{handle}/of_node"));
        fs::create_dir_all(&node).unwrap();
        fs::write(node.join("phandle"), handle.to_be_bytes()).unwrap();
        fs::write(node.join("compatible"), format!("{driver}\0")).unwrap();
    }

    fn open(&self, line: u32) -> Result<SysfsPwm> {
        self.open_as(line, true)
    }

    fn open_as(&self, line: u32, is_routed: bool) -> Result<SysfsPwm> {
        self.open_on(line, Soc::Bcm2711, is_routed)
    }

    fn open_on(&self, line: u32, soc: Soc, is_routed: bool) -> Result<SysfsPwm> {
        SysfsPwm::at(&self.0, Line(line), soc, Pulses { period: ms(20), pulse: us(1500) }, is_routed)
    }
}

impl Drop for Sys {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_chip_is_found_by_its_device_and_the_channel_by_the_line() {
    for (block, lines) in BLOCKS {
        let sys = Sys::new(&format!("find-{block}"), block);
        for (line, channel) in lines {
            let pwm = sys.open(line).unwrap();
            let channel = format!("pwm{channel}");
            assert_eq!(sys.read(&format!("{channel}/period")), "20000000", "{block} {line}");
            assert_eq!(sys.read(&format!("{channel}/duty_cycle")), "1500000");
            assert_eq!(sys.read(&format!("{channel}/enable")), "1");
            pwm.stop(Level::Low).unwrap();
            assert_eq!(sys.read(&format!("{channel}/enable")), "0");
            assert_eq!(sys.read("unexport"), channel[3..]);
        }
    }
}

#[test]
fn pulses_are_set_to_the_nanosecond() {
    let sys = Sys::new("set", "1f00098000.pwm");
    let pwm = sys.open(18).unwrap();
    for (period, pulse) in [(us(1000), us(999)), (us(10), Duration::from_nanos(2501)), (ms(1), ms(1))] {
        pwm.set(period, pulse).unwrap();
        assert_eq!(sys.read("pwm2/period"), period.as_nanos().to_string());
        assert_eq!(sys.read("pwm2/duty_cycle"), pulse.as_nanos().to_string());
    }
    pwm.stop(Level::Low).unwrap();
    assert_eq!(pwm.set(ms(1), ms(0)).unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn a_change_that_fails_halfway_can_be_taken_back() {
    let sys = Sys::new("halfway", "fe20c000.pwm");
    let pwm = sys.open(18).unwrap();
    let duty = sys.0.join("class/pwm/pwmchip7/pwm0/duty_cycle");
    fs::remove_file(&duty).unwrap();
    fs::create_dir(&duty).unwrap();
    assert!(pwm.set(ms(10), us(1500)).is_err());
    fs::remove_dir(&duty).unwrap();
    pwm.set(ms(20), us(1500)).unwrap();
    assert_eq!((sys.read("pwm0/period"), sys.read("pwm0/duty_cycle")), ("20000000".into(), "1500000".into()));
}

#[test]
fn pulses_end_at_the_level_asked_for() {
    for (level, duty, enable) in [(Level::Low, "0", "0"), (Level::High, "20000000", "1")] {
        let sys = Sys::new("stop", "fe20c000.pwm");
        let pwm = sys.open(13).unwrap();
        pwm.stop(level).unwrap();
        // The second call changes nothing, nor does the drop.
        pwm.stop(!level).unwrap();
        drop(pwm);
        assert_eq!((sys.read("pwm1/duty_cycle"), sys.read("pwm1/enable")), (duty.into(), enable.into()));
    }
    let sys = Sys::new("stop", "fe20c000.pwm");
    drop(sys.open(13).unwrap());
    assert_eq!((sys.read("pwm1/duty_cycle"), sys.read("pwm1/enable")), ("0".into(), "0".into()));
}

#[test]
fn two_lines_cannot_share_a_channel() {
    let sys = Sys::new("share", "fe20c000.pwm");
    let pwm = sys.open(18).unwrap();
    assert_eq!(sys.open(12).unwrap_err().kind(), ErrorKind::Busy);
    sys.open(13).unwrap();
    pwm.stop(Level::Low).unwrap();
    let other = sys.open(12).unwrap();
    // Dropping a closed one must not take the channel from the next.
    drop(pwm);
    assert_eq!(sys.open(18).unwrap_err().kind(), ErrorKind::Busy);
    drop(other);
}

#[test]
fn a_line_has_the_pulses_that_the_overlay_has_sent_there() {
    let replaced = |error: Error| {
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        error.to_string().split('`').nth(1).unwrap_or_default().to_owned()
    };
    let sys = Sys::new("route", "fe20c000.pwm");
    sys.route(&[18]);
    drop(sys.open(18).unwrap());
    // Its pulses would go to 18, whatever the function of 12.
    for is_routed in [true, false] {
        let error = sys.open_as(12, is_routed).unwrap_err();
        assert_eq!(replaced(error), "dtoverlay=pwm,pin=12,func=4");
    }
    let error = sys.open(13).unwrap_err();
    assert_eq!(replaced(error), "dtoverlay=pwm-2chan,pin=13,func=4,pin2=18,func2=2");
    drop(sys.open_as(13, false).unwrap());

    // On a Pi 5 every line has a channel of its own.
    let sys = Sys::new("route5", "1f00098000.pwm");
    sys.route(&[18]);
    assert!(sys.open(12).is_err());
    drop(sys.open_as(12, false).unwrap());

    // Two lines have pulses already. The overlay in the message replaces theirs: it has the wanted line, and differs.
    let sys = Sys::new("route5-full", "1f00098000.pwm");
    sys.route(&[12, 13]);
    let error = sys.open(18).unwrap_err();
    assert_eq!(replaced(error), "dtoverlay=pwm-2chan,pin=12,func=4,pin2=18,func2=2");
}

#[test]
fn what_is_left_on_a_channel_does_not_stand_in_the_way() {
    let sys = Sys::new("left", "fe20c000.pwm");
    for (file, text) in [("period", "1000"), ("duty_cycle", "900"), ("enable", "1"), ("polarity", "inversed")]
    {
        sys.write(&format!("pwm0/{file}"), text);
    }
    let pwm = sys.open(18).unwrap();
    let now = ["period", "duty_cycle", "enable", "polarity"].map(|file| sys.read(&format!("pwm0/{file}")));
    assert_eq!(now, ["20000000", "1500000", "1", "normal"]);
    drop(pwm);
}

#[test]
fn a_start_that_fails_leaves_a_channel_as_it_was_found() {
    let sys = Sys::new("fail", "fe20c000.pwm");
    let duty = sys.0.join("class/pwm/pwmchip7/pwm0/duty_cycle");
    let unexport = sys.0.join("class/pwm/pwmchip7/unexport");
    sys.write("pwm0/enable", "1");
    fs::remove_file(&duty).unwrap();
    fs::create_dir(&duty).unwrap();
    assert!(sys.open(18).is_err());
    assert_eq!((sys.read("pwm0/enable").as_str(), unexport.exists()), ("1", false));
    fs::remove_dir(&duty).unwrap();
    fs::write(&duty, "0").unwrap();

    let pwm = sys.open(18).unwrap();
    let found = pwm.look();
    pwm.set(ms(1), us(1)).unwrap();
    pwm.give_up(&found);
    assert_eq!((pwm.look(), unexport.exists()), (found, false));
}

#[test]
fn a_start_that_fails_gives_back_a_channel_that_it_has_made() {
    let sys = Sys::new("new", "fe20c000.pwm");
    let channel = sys.0.join("class/pwm/pwmchip7/pwm0");
    fs::remove_dir_all(&channel).unwrap();
    assert!(sys.open(18).is_err());
    assert_eq!((sys.read("export"), sys.read("unexport")), ("0".into(), "0".into()));
}

#[test]
fn pulses_that_do_not_change_the_level_are_known() {
    let sys = Sys::new("steady", "fe20c000.pwm");
    let pwm = sys.open(18).unwrap();
    assert_eq!(pwm.steady(), None);
    for (pulse, level) in [(ms(0), Some(Level::Low)), (ms(1), Some(Level::High)), (us(1), None)] {
        pwm.set(ms(1), pulse).unwrap();
        assert_eq!(pwm.steady(), level, "{pulse:?}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let sys = Sys::new("missing", "1f0009c000.pwm");
    let error = sys.open(18).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("`dtoverlay=pwm,pin=18,func=2`"), "{error}");
    let error = sys.open(12).unwrap_err();
    assert!(error.to_string().contains("`dtoverlay=pwm,pin=12,func=4`"), "{error}");
    assert_eq!(sys.open(17).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn an_overlay_for_one_line_serves_any_line() {
    let sys = Sys::new("line", "1f00098000.pwm");
    sys.add_gpio(5, "raspberrypi,rp1-gpio");
    sys.add_line(2, "raspberrypi,pwm-pio-rp1", [5, 23]);
    sys.add_line(3, "pwm-gpio", [5, 4]);
    // The block could drive this line too, but the overlay has taken it.
    sys.add_line(4, "raspberrypi,pwm-pio-rp1", [5, 18]);
    for (line, chip) in [(23, 2), (4, 3), (18, 4)] {
        let file =
            |name: &str| fs::read_to_string(sys.0.join(format!("class/pwm/pwmchip{chip}/{name}"))).unwrap();
        let pwm = sys.open_on(line, Soc::Bcm2712, true).unwrap();
        assert_eq!((file("pwm0/period"), file("pwm0/duty_cycle")), ("20000000".into(), "1500000".into()));
        assert_eq!(file("pwm0/enable"), "1", "{line}");
        assert_eq!(sys.open(line).unwrap_err().kind(), ErrorKind::Busy);
        pwm.stop(Level::Low).unwrap();
        // A disabled state machine would hold its level.
        let enable = if chip == 3 { "0" } else { "1" };
        assert_eq!((file("pwm0/duty_cycle").as_str(), file("pwm0/enable").as_str()), ("0", enable), "{line}");
        assert_eq!(file("unexport"), "0");
    }
    // The block's channel was left alone.
    assert_eq!(sys.read("pwm2/enable"), "0");
}

#[test]
fn a_line_of_another_chip_is_not_the_header_s() {
    let sys = Sys::new("expander", "1f00098000.pwm");
    sys.add_gpio(5, "raspberrypi,rp1-gpio");
    sys.add_gpio(6, "nxp,pcf8574");
    sys.add_line(2, "pwm-gpio", [6, 4]);
    assert_eq!(sys.open(4).unwrap_err().kind(), ErrorKind::Unsupported);
    // A chip that is not listed may be the header's.
    sys.add_line(3, "pwm-gpio", [7, 4]);
    drop(sys.open(4).unwrap());
}

#[test]
fn the_device_tree_may_be_absurd() {
    let sys = Sys::new("absurd", "1f00098000.pwm");
    sys.add_line(2, "pwm-gpio", [5, 4]);
    for cells in [&[][..], &[0, 0, 0, 5], &[0, 0, 0, 5, 0, 0], &[255; 12]] {
        fs::write(sys.0.join("tree/pwm@2/gpios"), cells).unwrap();
        assert_eq!(sys.open(4).unwrap_err().kind(), ErrorKind::Unsupported, "{cells:?}");
    }
}

#[test]
fn the_remedy_for_other_lines_suits_the_board() {
    let sys = Sys::new("remedy", "1f00098000.pwm");
    let remedy = |line, soc| {
        let error = sys.open_on(line, soc, true).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        error.to_string().split('`').nth(1).unwrap_or_default().to_owned()
    };
    assert_eq!(remedy(23, Soc::Bcm2712), "dtoverlay=pwm-pio,gpio=23");
    // The programmable I/O does not reach lines from 28 on.
    assert_eq!(remedy(28, Soc::Bcm2712), "dtoverlay=pwm-gpio,gpio=28");
    assert_eq!(remedy(23, Soc::Bcm2711), "dtoverlay=pwm-gpio,gpio=23");
}
