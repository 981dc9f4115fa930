//! The kernel's errors, put into words that say what to do.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use gpiocdev::line;
use pinzero_core::{Error, ErrorKind, Line};
use rustix::io::Errno;

use crate::chip::Chip;
use crate::held::bias_of;
use crate::holder::Holder;

/// What a pin control driver answers to a pull that it cannot set: a number for use inside the kernel, which some
/// drivers let out nevertheless.
const ENOTSUPP: i32 = 524;

/// The system's error inside one of gpiocdev's; those of gpiocdev itself have no number.
pub(crate) fn io(error: gpiocdev::Error) -> io::Error {
    match error {
        gpiocdev::Error::Os(errno) => io::Error::from_raw_os_error(errno.0),
        gpiocdev::Error::Uapi(_, error) => uapi(error),
        gpiocdev::Error::GpioChip(..) => {
            io::Error::new(io::ErrorKind::NotFound, "not a GPIO character device")
        }
        other => io::Error::other(other),
    }
}

/// The system's error inside one of a bare call.
pub(crate) fn uapi(error: gpiocdev_uapi::Error) -> io::Error {
    match error {
        gpiocdev_uapi::Error::Os(errno) => io::Error::from_raw_os_error(errno.0),
        other => io::Error::other(other),
    }
}

/// An error of a call on the chip at `path`, or on a line that is held on it.
pub(crate) fn chip(path: &Path, error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::PermissionDenied {
        return permission(path);
    }
    let gone = [Errno::NOENT, Errno::NODEV, Errno::NXIO].map(Errno::raw_os_error);
    if error.kind() == io::ErrorKind::NotFound
        || error.raw_os_error().is_some_and(|errno| gone.contains(&errno))
    {
        return Error::new(ErrorKind::NoChip, format!("no GPIO chip at {}", path.display()))
            .with_source(error);
    }
    Error::new(ErrorKind::Io, format!("the kernel refused a call on {}", path.display())).with_source(error)
}

/// The error of asking the kernel for lines in the states `wanted`, or of bringing held ones into them.
///
/// The kernel does not say which line it is about; of a group, the first that is in use is named.
pub(crate) fn request(chip: &Chip, wanted: &[(Line, line::Config)], error: io::Error) -> Error {
    let is_used = |line: &Line| chip.line_info(*line).is_ok_and(|info| info.used);
    let culprit = match wanted {
        [] | [_] => wanted.first(),
        [first, ..] => wanted.iter().find(|(line, _)| is_used(line)).or(Some(first)),
    };
    match culprit {
        Some((line, wanted)) => line_error(chip, *line, wanted, error).with_pin(line),
        None => self::chip(&chip.path, error),
    }
}

fn line_error(chip: &Chip, line: Line, wanted: &line::Config, error: io::Error) -> Error {
    let errno = error.raw_os_error().unwrap_or_default();
    let is = |errnos: &[Errno]| errnos.iter().any(|one| one.raw_os_error() == errno);
    let message = match wanted.bias {
        _ if is(&[Errno::BUSY]) => return busy(chip, line),
        Some(bias) if is(&[Errno::INVAL, Errno::OPNOTSUPP]) || errno == ENOTSUPP => {
            format!("the driver of {} cannot set this line to {}", chip.name(), bias_of(bias))
        }
        _ if wanted.edge_detection.is_some() && is(&[Errno::NXIO, Errno::NODEV]) => {
            format!("the driver of {} has no interrupt for this line, so edges cannot be seen", chip.name())
        }
        _ => return self::chip(&chip.path, error),
    };
    Error::new(ErrorKind::Unsupported, message).with_source(error)
}

/// Who has the line, as far as can be told.
fn busy(chip: &Chip, line: Line) -> Error {
    let consumer = chip.line_info(line).map(|info| info.consumer).unwrap_or_default();
    let holder = Holder::find("/proc".as_ref(), &chip.name(), line.0);
    Error::new(ErrorKind::Busy, busy_message(&consumer, holder.as_ref()))
}

fn busy_message(consumer: &str, holder: Option<&Holder>) -> String {
    let consumer = match consumer {
        "" => String::new(),
        consumer => format!(" by \"{consumer}\""),
    };
    let holder = match holder {
        Some(holder) => format!("held by: {holder}"),
        None => "another program or a kernel driver".to_owned(),
    };
    format!("the line is in use{consumer} ({holder}): stop that, or take another pin")
}

/// Whose the file is, and how to get in.
fn permission(path: &Path) -> Error {
    let (gid, mode) = fs::metadata(path).map(|file| (file.gid(), file.mode())).unwrap_or_default();
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    Error::new(ErrorKind::PermissionDenied, permission_message(path, gid, mode, &groups))
}

fn permission_message(path: &Path, gid: u32, mode: u32, groups: &str) -> String {
    let path = path.display();
    let group = group_name(gid, groups);
    // Nobody should join group root, and a group that may not open the file is no help.
    if gid == 0 || mode & 0o040 == 0 {
        return format!(
            "no permission to open {path} (group {group}, mode {:03o}): run as root, or give it to group gpio by a \
             udev rule (SUBSYSTEM==\"gpio\", GROUP=\"gpio\", MODE=\"0660\")",
            mode & 0o777
        );
    }
    format!(
        "no permission to open {path}, which belongs to group {group}: add yourself to group {group} \
         (sudo usermod -aG {group} $USER), then log in again"
    )
}

/// The name of a group according to `groups`, the text of `/etc/group`; its number if it has none.
fn group_name(gid: u32, groups: &str) -> String {
    let line = groups.lines().find(|line| line.split(':').nth(2) == Some(gid.to_string().as_str()));
    line.and_then(|line| line.split(':').next()).map_or_else(|| gid.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use gpiocdev::line::EdgeDetection;

    use super::*;

    fn a_chip() -> Chip {
        Chip { path: PathBuf::from("/dev/gpiochip0"), label: "pinctrl-rp1".to_owned(), lines: 54 }
    }

    fn os(errno: i32) -> io::Error {
        io::Error::from_raw_os_error(errno)
    }

    #[test]
    fn the_number_is_found_in_an_error_of_gpiocdev() {
        let from_open = gpiocdev::Error::from(os(16));
        assert_eq!(io(from_open).raw_os_error(), Some(16));
        assert_eq!(io(gpiocdev::Error::NoGpioChips()).raw_os_error(), None);
    }

    #[test]
    fn each_number_has_its_kind() {
        let plain = line::Config::default();
        let pulled = line::Config { bias: Some(line::Bias::PullUp), ..line::Config::default() };
        let edges =
            line::Config { edge_detection: Some(EdgeDetection::BothEdges), ..line::Config::default() };
        let cases = [
            (Errno::ACCESS, &plain, ErrorKind::PermissionDenied),
            (Errno::PERM, &plain, ErrorKind::PermissionDenied),
            (Errno::BUSY, &plain, ErrorKind::Busy),
            (Errno::BUSY, &pulled, ErrorKind::Busy),
            (Errno::NOENT, &plain, ErrorKind::NoChip),
            (Errno::NODEV, &plain, ErrorKind::NoChip),
            (Errno::NXIO, &pulled, ErrorKind::NoChip),
            (Errno::NXIO, &edges, ErrorKind::Unsupported),
            (Errno::INVAL, &plain, ErrorKind::Io),
            (Errno::INVAL, &pulled, ErrorKind::Unsupported),
            (Errno::OPNOTSUPP, &pulled, ErrorKind::Unsupported),
            (Errno::from_raw_os_error(ENOTSUPP), &pulled, ErrorKind::Unsupported),
            (Errno::NOMEM, &plain, ErrorKind::Io),
        ];
        for (errno, wanted, kind) in cases {
            let error = request(&a_chip(), &[(Line(17), wanted.clone())], os(errno.raw_os_error()));
            assert_eq!(error.kind(), kind, "{errno:?} {wanted:?}");
        }
    }

    #[test]
    fn a_refused_pull_is_named() {
        let pulled = line::Config { bias: Some(line::Bias::PullUp), ..line::Config::default() };
        let error = request(&a_chip(), &[(Line(17), pulled)], os(22));
        let start = "GPIO17: the driver of gpiochip0 cannot set this line to pull-up: ";
        assert!(error.to_string().starts_with(start), "{error}");
    }

    #[test]
    fn a_busy_line_names_its_holder() {
        assert_eq!(
            busy_message("gpioset", Some(&Holder { pid: 123, name: "gpioset".to_owned() })),
            "the line is in use by \"gpioset\" (held by: gpioset (pid 123)): stop that, or take another pin"
        );
        assert_eq!(
            busy_message("spi0 CS0", None),
            "the line is in use by \"spi0 CS0\" (another program or a kernel driver): stop that, or take another pin"
        );
        assert!(busy_message("", None).starts_with("the line is in use (another program"));
    }

    #[test]
    fn a_missing_permission_names_the_group() {
        let groups = "root:x:0:\nvideo:x:44:pi\ngpio:x:986:pi\n";
        let message = |gid, mode| permission_message("/dev/gpiochip0".as_ref(), gid, mode, groups);
        assert_eq!(
            message(986, 0o20660),
            "no permission to open /dev/gpiochip0, which belongs to group gpio: add yourself to group gpio (sudo \
             usermod -aG gpio $USER), then log in again"
        );
        assert!(message(77, 0o20660).contains("add yourself to group 77 "));
        for hopeless in [message(0, 0o20660), message(986, 0o20600)] {
            assert!(hopeless.contains("/dev/gpiochip0") && hopeless.contains("udev"), "{hopeless}");
            assert!(!hopeless.contains("usermod"), "{hopeless}");
        }
    }
}
