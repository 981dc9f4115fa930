//! Finds the process that holds a line.

use std::fmt;
use std::fs;
use std::path::Path;

use crate::fs::entries;

/// A process that holds a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Consumer {
    pub(crate) pid: u32,
    pub(crate) name: String,
}

impl Consumer {
    /// Returns the process that holds `line` of the chip called `chip`, according to the process file system at `proc`.
    ///
    /// Returns `None` if the kernel itself holds the line, or a process that this user may not inspect. Kernels before
    /// about 5.16 do not show which line a process holds, so the answer is always `None` there.
    pub(crate) fn find(proc: &Path, chip: &str, line: u32) -> Option<Consumer> {
        let processes = entries(proc);
        let mut pids =
            processes.iter().filter_map(|process| process.file_name()?.to_str()?.parse::<u32>().ok());
        let pid = pids.find(|pid| holds(&proc.join(pid.to_string()), chip, line))?;
        let name = fs::read_to_string(proc.join(format!("{pid}/comm"))).unwrap_or_default();
        Some(Consumer { pid, name: name.trim_end().to_owned() })
    }
}

impl fmt::Display for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {})", self.name, self.pid)
    }
}

fn holds(process: &Path, chip: &str, line: u32) -> bool {
    entries(&process.join("fd")).iter().any(|file| {
        fs::read_link(file).is_ok_and(|target| target == Path::new("anon_inode:gpio-line"))
            && fs::read_to_string(process.join("fdinfo").join(file.file_name().unwrap_or_default()))
                .is_ok_and(|info| is_of(&info, chip, line))
    })
}

/// Returns whether the text of a `fdinfo` file is that of a request for this line.
fn is_of(info: &str, chip: &str, line: u32) -> bool {
    let fields =
        || info.lines().filter_map(|text| text.split_once(':')).map(|(key, value)| (key, value.trim()));
    let line = line.to_string();
    fields().any(|field| field == ("gpio-chip", chip)) && fields().any(|field| field == ("gpio-line", &line))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const INFO: &str =
        "pos:\t0\nflags:\t02000000\nmnt_id:\t15\ngpio-chip:\tgpiochip4\ngpio-line:\t5\ngpio-line:\t17\n";

    #[test]
    fn a_request_is_told_by_chip_and_line() {
        assert!(is_of(INFO, "gpiochip4", 5));
        assert!(is_of(INFO, "gpiochip4", 17));
        assert!(!is_of(INFO, "gpiochip4", 1));
        assert!(!is_of(INFO, "gpiochip0", 17));
        assert!(!is_of("pos:\t0\n", "gpiochip4", 17));
    }

    #[test]
    fn the_process_is_found() {
        let proc = std::env::temp_dir().join(format!("pinzero-cdev-proc-{}", std::process::id()));
        for (pid, target) in
            [("self", "anon_inode:gpio-line"), ("7", "/dev/null"), ("123", "anon_inode:gpio-line")]
        {
            let process = proc.join(pid);
            fs::create_dir_all(process.join("fd")).unwrap();
            fs::create_dir_all(process.join("fdinfo")).unwrap();
            symlink(target, process.join("fd/3")).unwrap();
            fs::write(process.join("fdinfo/3"), INFO).unwrap();
            fs::write(process.join("comm"), "gpioset\n").unwrap();
        }
        let consumer = Consumer::find(&proc, "gpiochip4", 17);
        let nobody = Consumer::find(&proc, "gpiochip4", 18);
        fs::remove_dir_all(&proc).unwrap();

        assert_eq!(consumer, Some(Consumer { pid: 123, name: "gpioset".to_owned() }));
        assert_eq!(consumer.unwrap().to_string(), "gpioset (pid 123)");
        assert_eq!(nobody, None);
    }
}
