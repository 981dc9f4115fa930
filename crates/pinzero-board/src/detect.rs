//! Detects the Raspberry Pi that the program runs on.

use std::fs;
use std::path::Path;

/// Returns the revision code that Linux reports in the file tree under `root`.
pub(crate) fn revision(root: &Path) -> Option<u32> {
    from_device_tree(root).or_else(|| from_cpuinfo(root))
}

/// Reads the code from the device tree, where the firmware puts it as a big-endian number.
fn from_device_tree(root: &Path) -> Option<u32> {
    let bytes = fs::read(root.join("proc/device-tree/system/linux,revision")).ok()?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

/// Reads the code from `/proc/cpuinfo`, where kernels without that entry print it in hexadecimal.
fn from_cpuinfo(root: &Path) -> Option<u32> {
    let text = fs::read_to_string(root.join("proc/cpuinfo")).ok()?;
    let value = |key: &str| {
        let mut fields = text.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(name, _)| name.trim() == key).map(|(_, value)| value.trim())
    };
    // Other ARM boards have a revision too, and its number may equal that of an early Raspberry Pi. These boards also print
    // their hardware; newer kernels for the Raspberry Pi do not.
    if value("Hardware").is_some_and(|hardware| !hardware.starts_with("BCM2")) {
        return None;
    }
    u32::from_str_radix(value("Revision")?, 16).ok()
}

/// Not under Miri, which allows no access to files.
#[cfg(not(miri))]
#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::process;

    use super::*;

    /// A file tree of its own for each test, removed at the end.
    struct Tree(PathBuf);

    impl Tree {
        fn new(test: &str) -> Tree {
            let root = std::env::temp_dir().join(format!("pinzero-board-{}-{test}", process::id()));
            fs::create_dir_all(root.join("proc/device-tree/system")).unwrap();
            Tree(root)
        }

        fn device_tree(self, bytes: &[u8]) -> Tree {
            fs::write(self.0.join("proc/device-tree/system/linux,revision"), bytes).unwrap();
            self
        }

        fn cpuinfo(self, text: &str) -> Tree {
            fs::write(self.0.join("proc/cpuinfo"), text).unwrap();
            self
        }

        fn revision(&self) -> Option<u32> {
            revision(&self.0)
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).ok();
        }
    }

    const PI_3: &str = "processor\t: 0\nCPU revision\t: 4\n\nHardware\t: BCM2835\nRevision\t: a02082\n";

    #[test]
    fn the_device_tree_comes_first() {
        let tree = Tree::new("first").device_tree(&[0x00, 0xc0, 0x31, 0x14]).cpuinfo(PI_3);
        assert_eq!(tree.revision(), Some(0xc03114));
    }

    #[test]
    fn cpuinfo_comes_second() {
        assert_eq!(Tree::new("second").cpuinfo(PI_3).revision(), Some(0xa02082));
        assert_eq!(Tree::new("short").device_tree(&[1, 2]).cpuinfo(PI_3).revision(), Some(0xa02082));
    }

    #[test]
    fn cpuinfo_needs_no_hardware_line() {
        let text = "Revision\t: d04170\nModel\t\t: Raspberry Pi 5 Model B Rev 1.0\n";
        assert_eq!(Tree::new("no-hardware").cpuinfo(text).revision(), Some(0xd04170));
    }

    #[test]
    fn other_boards_are_not_taken_for_a_pi() {
        let text = "Hardware\t: ODROID-C2\nRevision\t: 0010\n";
        assert_eq!(Tree::new("odroid").cpuinfo(text).revision(), None);
        assert_eq!(Tree::new("pc").cpuinfo("model name\t: a desktop\n").revision(), None);
        assert_eq!(Tree::new("words").cpuinfo("Revision\t: of a song\n").revision(), None);
        assert_eq!(Tree::new("nothing").revision(), None);
    }
}
