//! The GPIO chip: finds it, and reads the state of its lines.
//!
//! A chip is found by its label, never by its number: the number of a Raspberry Pi 5's chip has been 4, 0 and 11
//! within three years of kernels, and a symbolic link may stand for the old one.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use gpiocdev::line;
use gpiocdev_uapi::v2::{get_chip_info, get_line_info};
use pinzero_core::{Error, ErrorKind, Line, Result};
use rustix::fs::{Mode, OFlags, major, minor};

use crate::error;
use crate::fs::entries;

/// A chip behind a Raspberry Pi's header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pi {
    /// The driver's name for the chip.
    label: &'static str,
    /// The kernel module of the driver.
    pub(crate) module: &'static str,
    /// The revision code of a board with this chip and the usual header of 40 pins.
    pub(crate) board: u32,
}

/// The chips behind the headers, the newest first.
const PIS: [Pi; 3] = [
    Pi { label: "pinctrl-rp1", module: "pinctrl_rp1", board: 0xd04171 },
    Pi { label: "pinctrl-bcm2711", module: "pinctrl_bcm2835", board: 0xc03111 },
    Pi { label: "pinctrl-bcm2835", module: "pinctrl_bcm2835", board: 0xa02082 },
];

/// A GPIO chip. It is not an open file: each user opens the file, so nothing is held between calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chip {
    /// The device file, free of symbolic links. Its name may be any.
    pub(crate) path: PathBuf,
    /// The kernel's name for the chip, such as `gpiochip0`.
    pub(crate) name: String,
    /// The driver's name for the chip.
    pub(crate) label: String,
    /// The number of lines, used or not.
    pub(crate) lines: u32,
}

impl Chip {
    /// Finds the chip that `wanted` names by path, name or label. Default: the chip behind a Raspberry Pi's header, or
    /// else the only one in `dev`.
    pub(crate) fn find(dev: &Path, wanted: Option<&str>) -> Result<Chip> {
        let chip = match wanted {
            Some(path) if path.contains('/') => Chip::at(Path::new(path)),
            Some(name) if dev.join(name).exists() => match Chip::at(&dev.join(name)) {
                // A label may be the name of another device.
                Err((_, error)) if is_no_chip(&error) => return Scan::of(dev).choose(wanted),
                chip => chip,
            },
            // Nearly always this is the chip, and no other has its label, so the others need not be read.
            None => match Chip::at(&dev.join("gpiochip0")) {
                Ok(chip) if chip.pi().is_some() => Ok(chip),
                _ => return Scan::of(dev).choose(None),
            },
            Some(_) => return Scan::of(dev).choose(wanted),
        };
        chip.map_err(|(path, error)| error::chip(&path, error))
    }

    /// Opens the chip behind a device file of whatever name, or behind a symbolic link to one.
    fn at(path: &Path) -> Result<Chip, (PathBuf, io::Error)> {
        let look = || {
            let path = fs::canonicalize(path)?;
            let metadata = fs::metadata(&path)?;
            if !metadata.file_type().is_char_device() || is_other_device(metadata.rdev()) {
                return Err(no_chip());
            }
            // Other devices may wait for somebody.
            let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let file = File::from(rustix::fs::open(&path, flags, Mode::empty())?);
            // Other devices do not know the question.
            let info = get_chip_info(&file).map_err(|_| no_chip())?;
            let (name, label) = (String::from(&info.name), String::from(&info.label));
            Ok(Chip { path, name, label, lines: info.num_lines })
        };
        look().map_err(|error| (path.to_owned(), error))
    }

    /// Returns the facts of the chip, if it is behind a Raspberry Pi's header.
    pub(crate) fn pi(&self) -> Option<&'static Pi> {
        PIS.iter().find(|pi| pi.label == self.label)
    }

    /// Refuses a kernel before 5.10: it has only version 1 of the interface, which loses edges without a report.
    pub(crate) fn check_interface(&self) -> Result<()> {
        get_line_info(&self.open()?, 0).map(drop).map_err(|_| {
            let message = format!(
                "the kernel offers only version 1 of the GPIO interface on {}: Linux 5.10 or later is needed",
                self.path.display()
            );
            Error::new(ErrorKind::Unsupported, message)
        })
    }

    /// Returns the kernel's information on a line.
    pub(crate) fn line_info(&self, line: Line) -> Result<line::Info> {
        self.line_info_by(&self.open()?, line)
    }

    /// Like [`line_info`](Chip::line_info), with the chip's open file.
    pub(crate) fn line_info_by(&self, file: &File, line: Line) -> Result<line::Info> {
        if line.0 >= self.lines {
            let message = format!("{} has lines 0 to {} only", self.name, self.lines.saturating_sub(1));
            return Err(Error::new(ErrorKind::UnknownPin, message));
        }
        let info = get_line_info(file, line.0).map_err(error::uapi);
        info.and_then(|info| line::Info::try_from(&info).map_err(error::io))
            .map_err(|error| error::chip(&self.path, error))
    }

    /// Returns the line that the kernel calls `name`.
    ///
    /// # Errors
    /// [`UnknownPin`](ErrorKind::UnknownPin) if several lines have the name.
    pub(crate) fn find_line(&self, name: &str) -> Result<Option<Line>> {
        let file = self.open()?;
        let mut found = Vec::new();
        for line in (0..self.lines).map(Line) {
            if self.line_info_by(&file, line)?.name == name && !name.is_empty() {
                found.push(line);
            }
        }
        match found[..] {
            [] => Ok(None),
            [line] => Ok(Some(line)),
            _ => {
                let lines = found.iter().map(Line::to_string).collect::<Vec<_>>().join(", ");
                let message =
                    format!("several lines of {} are called {name:?}: say which of {lines}", self.name);
                Err(Error::new(ErrorKind::UnknownPin, message))
            }
        }
    }

    /// Opens its file, for the calls that open a line. The search for the chip has checked that the file is a chip's.
    pub(crate) fn open(&self) -> Result<File> {
        File::open(&self.path).map_err(|error| error::chip(&self.path, error))
    }

    /// Returns how lists of chips show this one.
    fn describe(&self) -> String {
        format!("{} \"{}\" ({} lines)", self.name, self.label, self.lines)
    }
}

/// Returns the error for a file that is no chip's.
fn no_chip() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "not a GPIO character device")
}

fn is_no_chip(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

/// Returns whether the kernel lists a device as no chip. Such a device is not opened: that may have an effect, as it has on
/// a watchdog.
fn is_other_device(number: u64) -> bool {
    let link = format!("/sys/dev/char/{}:{}/subsystem", major(number), minor(number));
    fs::canonicalize(link).is_ok_and(|subsystem| !subsystem.ends_with("gpio"))
}

/// Returns how a list shows these chips.
fn describe<'a>(chips: impl IntoIterator<Item = &'a Chip>) -> String {
    chips.into_iter().map(Chip::describe).collect::<Vec<_>>().join(", ")
}

/// A GPIO chip of this computer; returned by [`chips`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChipInfo {
    /// The device file, free of symbolic links.
    pub path: PathBuf,
    /// The kernel's name for the chip, such as `gpiochip0`.
    pub name: String,
    /// The driver's name for the chip, such as `pinctrl-rp1`.
    pub label: String,
    /// The number of lines, used or not.
    pub lines: u32,
}

/// Returns the GPIO chips that this user may open.
///
/// ```
/// for chip in pinzero_cdev::chips() {
///     println!("{} \"{}\": {} lines", chip.name, chip.label, chip.lines);
/// }
/// ```
pub fn chips() -> Vec<ChipInfo> {
    let info = |Chip { path, name, label, lines }| ChipInfo { path, name, label, lines };
    Scan::of("/dev".as_ref()).chips.into_iter().map(info).collect()
}

/// The chips of a machine.
#[derive(Debug, Default)]
struct Scan {
    /// The directory that was searched.
    dev: PathBuf,
    chips: Vec<Chip>,
    /// The device files that the user may not open.
    denied: Vec<(PathBuf, io::Error)>,
}

impl Scan {
    /// Reads every `gpiochip*` in `dev`, each once however many links lead to it.
    ///
    /// Skips files that are no chip, or have just been unplugged.
    fn of(dev: &Path) -> Scan {
        let mut scan = Scan { dev: dev.to_owned(), ..Scan::default() };
        for path in device_files(dev) {
            match Chip::at(&path) {
                // A chip may have several device files.
                Ok(chip) if scan.chips.iter().any(|other| other.name == chip.name) => {}
                Ok(chip) => scan.chips.push(chip),
                Err(denied) if denied.1.kind() == io::ErrorKind::PermissionDenied => scan.denied.push(denied),
                Err(_) => {}
            }
        }
        scan
    }

    /// Returns the chip labelled `wanted`. Default: the chip behind a Raspberry Pi's header, or else the only one.
    fn choose(mut self, wanted: Option<&str>) -> Result<Chip> {
        let label = match wanted {
            Some(label) => Some(label),
            None => {
                PIS.iter().map(|pi| pi.label).find(|label| self.chips.iter().any(|chip| chip.label == *label))
            }
        };
        let labelled: Vec<&Chip> =
            self.chips.iter().filter(|chip| Some(chip.label.as_str()) == label).collect();
        match labelled[..] {
            [] => {}
            [chip] => return Ok(chip.clone()),
            _ => return Err(Error::new(ErrorKind::NoChip, shared(&labelled))),
        }
        // One of the unreadable files may be the right chip, so the only readable one is not taken for the only one.
        if !self.denied.is_empty() {
            let (path, error) = self.denied.swap_remove(0);
            return Err(error::chip(&path, error));
        }
        if wanted.is_none() && self.chips.len() == 1 {
            return Ok(self.chips.swap_remove(0));
        }
        Err(Error::new(ErrorKind::NoChip, self.explain(wanted)))
    }

    /// Returns the reason why there is no chip.
    fn explain(&self, wanted: Option<&str>) -> String {
        if self.chips.is_empty() {
            let dev = self.dev.display();
            return format!("no {dev}/gpiochip*: this machine has no GPIO chip, or the driver is not loaded");
        }
        let chips = describe(&self.chips);
        match wanted {
            Some(name) => format!("no GPIO chip goes by the name or label \"{name}\"; there are: {chips}"),
            None => format!(
                "none of the GPIO chips is known to be a Raspberry Pi's: set PINZERO_GPIOCHIP to one of {chips}"
            ),
        }
    }
}

/// Returns the reason why a label does not do: these chips share it.
fn shared(chips: &[&Chip]) -> String {
    let (label, list) = (&chips[0].label, describe(chips.iter().copied()));
    format!("{} GPIO chips have the label {label:?}: take one by its name or path, of {list}", chips.len())
}

/// Returns the files named `gpiochip*` in `dev`, without symbolic links and repetitions, by number.
fn device_files(dev: &Path) -> Vec<PathBuf> {
    let is_chip = |name: &OsStr| name.as_encoded_bytes().starts_with(b"gpiochip");
    let mut chips = entries(dev);
    chips.retain(|path| path.file_name().is_some_and(is_chip));
    let mut paths: Vec<PathBuf> = Vec::new();
    for path in chips.iter().filter_map(|path| fs::canonicalize(path).ok()) {
        // The length first: gpiochip9 comes before gpiochip10.
        let key = |path: &PathBuf| (path.as_os_str().len(), path.clone());
        if let Err(place) = paths.binary_search_by_key(&key(&path), key) {
            paths.insert(place, path);
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn chip(number: u32, label: &str) -> Chip {
        let name = format!("gpiochip{number}");
        Chip { path: Path::new("/dev").join(&name), name, label: label.to_owned(), lines: 8 }
    }

    fn scan(chips: &[(u32, &str)]) -> Scan {
        let chips = chips.iter().map(|&(number, label)| chip(number, label)).collect();
        Scan { dev: "/dev".into(), chips, denied: Vec::new() }
    }

    fn denied(mut scan: Scan) -> Scan {
        scan.denied.push(("/dev/gpiochip7".into(), io::ErrorKind::PermissionDenied.into()));
        scan
    }

    fn number(chip: Result<Chip>) -> String {
        chip.map_or_else(|error| format!("{:?}", error.kind()), |chip| chip.name)
    }

    #[test]
    fn the_chip_of_the_header_is_known_by_its_label() {
        let pi_5 = [(10, "gpio-brcmstb@107d508500"), (11, "pinctrl-rp1"), (12, "gpio-brcmstb@107d517c00")];
        assert_eq!(number(scan(&pi_5).choose(None)), "gpiochip11");
        assert_eq!(number(denied(scan(&pi_5)).choose(None)), "gpiochip11");
        assert_eq!(
            number(scan(&[(0, "pinctrl-bcm2711"), (1, "raspberrypi-exp-gpio")]).choose(None)),
            "gpiochip0"
        );
        assert_eq!(number(scan(&[(0, "pinctrl-bcm2835")]).choose(None)), "gpiochip0");
    }

    #[test]
    fn an_only_chip_is_taken_whatever_it_is() {
        assert_eq!(number(scan(&[(3, "INT3450:00")]).choose(None)), "gpiochip3");
        // But is it the only one?
        assert_eq!(number(denied(scan(&[(3, "INT3450:00")])).choose(None)), "PermissionDenied");
    }

    #[test]
    fn several_chips_are_listed() {
        let error = scan(&[(0, "left"), (1, "right")]).choose(None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoChip);
        assert_eq!(
            error.to_string(),
            "none of the GPIO chips is known to be a Raspberry Pi's: set PINZERO_GPIOCHIP to one of gpiochip0 \"left\" \
             (8 lines), gpiochip1 \"right\" (8 lines)"
        );
    }

    #[test]
    fn a_wish_goes_by_label() {
        let chips = [(0, "pinctrl-rp1"), (1, "pcf8574")];
        assert_eq!(number(scan(&chips).choose(Some("pcf8574"))), "gpiochip1");
        let error = scan(&chips).choose(Some("mcp23017")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoChip);
        let text = error.to_string();
        assert!(text.contains("\"mcp23017\"") && text.contains("gpiochip1 \"pcf8574\" (8 lines)"), "{text}");
        assert_eq!(number(denied(scan(&chips)).choose(Some("mcp23017"))), "PermissionDenied");
    }

    #[test]
    fn a_label_that_several_chips_share_is_for_the_user_to_choose_from() {
        let chips = [(0, "relays"), (1, "other"), (3, "relays")];
        let error = scan(&chips).choose(Some("relays")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoChip);
        assert_eq!(
            error.to_string(),
            "2 GPIO chips have the label \"relays\": take one by its name or path, of gpiochip0 \"relays\" (8 lines), \
             gpiochip3 \"relays\" (8 lines)"
        );
        assert_eq!(number(scan(&chips).choose(Some("other"))), "gpiochip1");
        // Nor is one of two headers taken.
        assert_eq!(number(scan(&[(0, "pinctrl-rp1"), (1, "pinctrl-rp1")]).choose(None)), "NoChip");
    }

    #[test]
    fn a_machine_without_chips_is_told_so() {
        let error = scan(&[]).choose(None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoChip);
        assert!(error.to_string().starts_with("no /dev/gpiochip*: "), "{error}");
    }

    #[test]
    fn links_do_not_double_a_chip() {
        let dev = std::env::temp_dir().join(format!("pinzero-cdev-dev-{}", std::process::id()));
        fs::create_dir_all(&dev).unwrap();
        for name in ["gpiochip10", "gpiochip9", "gpiomem", "null"] {
            fs::write(dev.join(name), "").unwrap();
        }
        symlink("gpiochip9", dev.join("gpiochip0")).unwrap();
        symlink("gpiochip8", dev.join("gpiochip-broken")).unwrap();
        let files = device_files(&dev);
        let none = Chip::find(&dev, None);
        let plain = Chip::find(&dev, Some("gpiochip0"));
        let dev = fs::canonicalize(&dev).unwrap();
        fs::remove_dir_all(&dev).unwrap();

        assert_eq!(files, ["gpiochip9", "gpiochip10"].map(|name| dev.join(name)));
        assert_eq!(none.unwrap_err().kind(), ErrorKind::NoChip);
        assert_eq!(plain.unwrap_err().kind(), ErrorKind::NoChip);
    }

    #[test]
    fn a_path_that_is_no_chip_is_refused() {
        for path in ["/dev/null", "/nowhere/gpiochip0"] {
            let error = Chip::find("/dev".as_ref(), Some(path)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NoChip, "{error}");
            assert!(error.to_string().contains(path), "{error}");
        }
    }
}
