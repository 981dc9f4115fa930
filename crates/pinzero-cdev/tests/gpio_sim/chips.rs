//! Which chip is taken.

use std::env;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process;
use std::thread;

use gpiosim::{Bank, Sim};
use pinzero_cdev::CdevFactory;
use pinzero_core::board::Board;
use pinzero_core::{Error, ErrorKind, Gpio, Host, Level, Line, OnClose, OutputConfig, PinFactory};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Gid, Uid};
use rustix::thread::{set_thread_gid, set_thread_groups, set_thread_uid};

use crate::{live, path};

/// A chip with a line that has a name of its own, to know it by.
fn chip(label: &str, line: &str) -> Sim {
    live(Bank::new(8, label).name(3, line))
}

/// A directory that stands for `/dev`, with links to some chips in it; removed at the end.
struct Dev(PathBuf);

impl Dev {
    fn new(test: &str, links: &[(&str, &Sim)]) -> Dev {
        let dev = env::temp_dir().join(format!("pinzero-cdev-{test}-{}", process::id()));
        fs::create_dir_all(&dev).unwrap();
        for (name, sim) in links {
            symlink(path(sim), dev.join(name)).unwrap();
        }
        Dev(dev)
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn at(dev: impl AsRef<Path>, chip: &str) -> Result<CdevFactory, Error> {
    CdevFactory::builder().dev(dev.as_ref()).chip(chip).open()
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_chip_goes_by_path_name_label_and_link() {
    let sim = chip("pinzero-by-label", "HERE");
    let link = format!("/dev/gpiochip-pinzero-{}", process::id());
    symlink(path(&sim), &link).unwrap();
    let name = sim.chips()[0].chip_name.as_str();
    let found = [path(&sim), name, "pinzero-by-label", &link, link.strip_prefix("/dev/").unwrap()]
        .map(|wanted| at("/dev", wanted).and_then(|factory| factory.find_line("HERE")));
    fs::remove_file(&link).unwrap();
    for line in found {
        assert_eq!(line.unwrap(), Some(Line(3)));
    }
    assert_eq!(at("/dev", "no-such-chip").unwrap_err().kind(), ErrorKind::NoChip);
}

/// udev rules and containers give device files names of their own, and the kernel's name says nothing to their users.
#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_device_file_may_have_any_name() {
    let sim = chip("pinzero-any-name", "HERE");
    let dev = Dev::new("any-name", &[]);
    let (node, link) = (dev.0.join("relays"), dev.0.join("link-to-relays"));
    let number = fs::metadata(path(&sim)).unwrap().rdev();
    mknodat(CWD, &node, FileType::CharacterDevice, Mode::RWXU, number).unwrap();
    symlink(&node, &link).unwrap();

    let name = &sim.chips()[0].chip_name;
    for wanted in [node.to_str().unwrap(), link.to_str().unwrap(), "relays"] {
        let factory = at(&dev.0, wanted).unwrap();
        assert_eq!(factory.find_line("HERE").unwrap(), Some(Line(3)), "{wanted}");
        // The same chip as by its own name, so that no line is taken twice, and its holder is found.
        assert_eq!(factory.host(), Host::Chip(name.clone()));
        let output = factory.open_output(Line(3), OutputConfig::new(Level::High, OnClose::Restore)).unwrap();
        let holder = factory.holder(Line(3)).unwrap().unwrap();
        assert!(holder.contains(&format!("pid {}", process::id())), "{holder}");
        output.close().unwrap();
    }
    // A chip is one, however many files it has.
    for chip in ["gpiochip0", "gpiochip1"] {
        mknodat(CWD, dev.0.join(chip), FileType::CharacterDevice, Mode::RWXU, number).unwrap();
    }
    for wanted in ["", "pinzero-any-name"] {
        assert_eq!(at(&dev.0, wanted).unwrap().find_line("HERE").unwrap(), Some(Line(3)));
    }
    // A label may be the name of a file that is no chip's.
    fs::write(dev.0.join("pinzero-any-name"), "").unwrap();
    assert!(at(&dev.0, "pinzero-any-name").is_ok());
    let zero = dev.0.join("zero");
    symlink("/dev/zero", &zero).unwrap();
    assert_eq!(at(&dev.0, zero.to_str().unwrap()).unwrap_err().kind(), ErrorKind::NoChip);
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_label_that_chips_share_and_a_name_that_lines_share_are_no_choice() {
    let twins = ["LEFT", "RIGHT"].map(|line| live(Bank::new(8, "pinzero-twin").name(3, line)));
    let dev = Dev::new("twins", &[("gpiochip0", &twins[0]), ("gpiochip1", &twins[1])]);
    let error = at(&dev.0, "pinzero-twin").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoChip);
    let text = error.to_string();
    assert!(text.contains("2 GPIO chips have the label \"pinzero-twin\""), "{text}");
    for twin in &twins {
        assert!(text.contains(twin.chips()[0].chip_name.as_str()), "{text}");
    }
    assert_eq!(at(&dev.0, "gpiochip1").unwrap().find_line("RIGHT").unwrap(), Some(Line(3)));

    let sim = live(Bank::new(8, "pinzero-names").name(3, "SHARED").name(5, "SHARED").name(6, "OWN"));
    let factory = at("/dev", path(&sim)).unwrap();
    let error = factory.find_line("SHARED").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownPin);
    assert!(error.to_string().contains("say which of GPIO3, GPIO5"), "{error}");
    assert_eq!(factory.find_line("OWN").unwrap(), Some(Line(6)));
    let gpio = Gpio::new(factory).unwrap();
    assert_eq!(gpio.resolve("SHARED").unwrap_err().kind(), ErrorKind::UnknownPin);
    assert_eq!(gpio.resolve("GPIO5").unwrap(), Line(5));
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn the_chip_of_the_header_is_found() {
    let others =
        [chip("expander", "NOT-HERE"), chip("pinctrl-bcm2711", "HERE"), chip("firmware", "NOT-HERE")];
    let names = ["gpiochip0", "gpiochip1", "gpiochip2"];
    let dev = Dev::new("header", &[(names[0], &others[0]), (names[1], &others[1]), (names[2], &others[2])]);
    let factory = at(&dev.0, "").unwrap();
    assert_eq!(factory.find_line("HERE").unwrap(), Some(Line(3)));
    assert_eq!(factory.find_line("NOT-HERE").unwrap(), None);
    assert_eq!(factory.board().find("J8:11"), Ok(17));
    assert_eq!((factory.name(), factory.host()), ("cdev", Host::Local));
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn an_only_chip_is_taken_once_however_often_it_is_linked() {
    let sim = chip("a-desktop", "SWITCH");
    let dev = Dev::new("only", &[("gpiochip0", &sim), ("gpiochip4", &sim)]);
    let factory = at(&dev.0, "").unwrap();
    assert_eq!(factory.board(), Board::generic(8));
    assert_eq!(factory.find_line("SWITCH").unwrap(), Some(Line(3)));
    assert_eq!(factory.find_line("").unwrap(), None);
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn several_unknown_chips_are_for_the_user_to_choose_from() {
    let (left, right) = (chip("left", "L"), chip("right", "R"));
    let dev = Dev::new("several", &[("gpiochip0", &left), ("gpiochip1", &right)]);
    let error = at(&dev.0, "").unwrap_err();
    assert_eq!((error.kind(), error.factory()), (ErrorKind::NoChip, Some("cdev")));
    let text = error.to_string();
    assert!(text.contains("\"left\" (8 lines)") && text.contains("\"right\" (8 lines)"), "{text}");
    assert!(text.contains("PINZERO_GPIOCHIP"), "{text}");
    assert_eq!(at(&dev.0, "right").unwrap().find_line("R").unwrap(), Some(Line(3)));
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_machine_without_chips_is_told_so() {
    let dev = Dev::new("none", &[]);
    let error = at(&dev.0, "").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoChip);
    assert!(error.to_string().contains("/gpiochip*: this machine has no GPIO chip"), "{error}");
}

/// Opens a chip as user nobody with one group.
fn as_nobody(group: u32, dev: &Path, chip: &str) -> Result<CdevFactory, Error> {
    let open = || {
        // The kernel's own calls, which concern one thread alone.
        set_thread_groups(&[]).unwrap();
        set_thread_gid(Gid::from_raw(group)).unwrap();
        set_thread_uid(Uid::from_raw(65534)).unwrap();
        at(dev, chip)
    };
    thread::scope(|scope| scope.spawn(open).join().unwrap())
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_missing_permission_names_file_and_group() {
    let (forbidden, open) = (chip("pinzero-forbidden", "F"), chip("pinzero-allowed", "A"));
    let groups = fs::read_to_string("/etc/group").unwrap();
    let (group, gid) = groups.lines().next_back().and_then(|line| line.split_once(":x:")).unwrap();
    let gid = gid.split(':').next().unwrap().parse().unwrap();
    let mode = |sim, mode| fs::set_permissions(path(sim), fs::Permissions::from_mode(mode)).unwrap();
    chown(path(&forbidden), None, Some(gid)).unwrap();
    mode(&forbidden, 0o660);
    mode(&open, 0o666);
    let dev = Dev::new("forbidden", &[("gpiochip0", &forbidden), ("gpiochip1", &open)]);

    for wanted in [path(&forbidden), "gpiochip0", "pinzero-forbidden", ""] {
        let error = as_nobody(65534, &dev.0, wanted).unwrap_err();
        assert_eq!((error.kind(), error.factory()), (ErrorKind::PermissionDenied, Some("cdev")), "{error}");
        let text = error.to_string();
        assert!(text.contains("/gpiochip") && text.contains(&format!("usermod -aG {group} $USER")), "{text}");
    }
    assert!(as_nobody(65534, &dev.0, "gpiochip1").is_ok());
    assert!(as_nobody(gid, &dev.0, "gpiochip0").is_ok());

    mode(&forbidden, 0o600);
    let error = as_nobody(gid, &dev.0, "gpiochip0").unwrap_err();
    assert!(error.kind() == ErrorKind::PermissionDenied && error.to_string().contains("udev"), "{error}");
}
