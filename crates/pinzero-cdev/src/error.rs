//! Converts the kernel's errors, with the remedy for the user.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use pinzero_core::{Error, ErrorKind};
use rustix::io::Errno;

/// Returns the system's error inside one of gpiocdev's; gpiocdev's own errors have no number.
pub(crate) fn io(error: gpiocdev::Error) -> io::Error {
    match error {
        gpiocdev::Error::Os(errno) => io::Error::from_raw_os_error(errno.0),
        gpiocdev::Error::Uapi(_, error) => uapi(error),
        other => io::Error::other(other),
    }
}

/// Returns the system's error of a bare call.
pub(crate) fn uapi(error: gpiocdev_uapi::Error) -> io::Error {
    match error {
        gpiocdev_uapi::Error::Os(errno) => io::Error::from_raw_os_error(errno.0),
        other => io::Error::other(other),
    }
}

/// Returns the error of a call on the chip at `path`, or on a line of that chip.
pub(crate) fn chip(path: &Path, error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::PermissionDenied {
        return permission(path, Class { subsystem: "gpio", group: "gpio" });
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

/// A class of device files: udev's name for them, and the group that has them on Raspberry Pi OS.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Class {
    pub(crate) subsystem: &'static str,
    pub(crate) group: &'static str,
}

/// Returns the owner of the file, and how to get access.
pub(crate) fn permission(path: &Path, class: Class) -> Error {
    let (gid, mode) = fs::metadata(path).map(|file| (file.gid(), file.mode())).unwrap_or_default();
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    Error::new(ErrorKind::PermissionDenied, permission_message(path, class, gid, mode, &groups))
}

fn permission_message(path: &Path, class: Class, gid: u32, mode: u32, groups: &str) -> String {
    let path = path.display();
    let Class { subsystem, group: usual } = class;
    let group = group_name(gid, groups);
    // Users should not join the group root, and a group without access to the file does not help.
    if gid == 0 || mode & 0o040 == 0 {
        return format!(
            "no permission to open {path} (group {group}, mode {:03o}): run as root, or give it to group {usual} by a \
             udev rule (SUBSYSTEM==\"{subsystem}\", GROUP=\"{usual}\", MODE=\"0660\")",
            mode & 0o777
        );
    }
    format!(
        "no permission to open {path}, which belongs to group {group}: add yourself to group {group} \
         (sudo usermod -aG {group} $USER), then log in again"
    )
}

/// Returns the name of a group from `groups`, the text of `/etc/group`; returns its number if it has no name.
fn group_name(gid: u32, groups: &str) -> String {
    let line = groups.lines().find(|line| line.split(':').nth(2) == Some(gid.to_string().as_str()));
    line.and_then(|line| line.split(':').next()).map_or_else(|| gid.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_missing_permission_names_the_group() {
        let groups = "root:x:0:\nvideo:x:44:pi\ngpio:x:986:pi\n";
        let class = Class { subsystem: "gpio", group: "gpio" };
        let message = |gid, mode| permission_message("/dev/gpiochip0".as_ref(), class, gid, mode, groups);
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
