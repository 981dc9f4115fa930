//! Commands on a real kernel with a simulated chip: see `crates/xtask/rig`.

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;

use crate::run::{command, run};

const CHIP: &str = "/sys/devices/platform/gpio-sim.0";

/// A wire between two lines of gpio-sim: a thread that pulls each line to the level that the other is driven to.
///
/// The kernel traces who drives. A pull does not cross this wire, and a level takes a moment to.
pub(crate) struct Wire {
    is_cut: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Wire {
    pub(crate) fn new(lines: [u32; 2]) -> Self {
        let is_cut = Arc::new(AtomicBool::new(false));
        let (mut joint, until) = (Joint::new(lines), is_cut.clone());
        let thread = thread::spawn(move || {
            while !until.load(Ordering::Relaxed) {
                joint.follow();
            }
        });
        Wire { is_cut, thread: Some(thread) }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.is_cut.store(true, Ordering::Relaxed);
        self.thread.take().map(JoinHandle::join);
    }
}

struct Joint {
    folder: PathBuf,
    pipe: Option<File>,
    base: u32,
    lines: [u32; 2],
    /// The level that each line is driven to, if it is.
    driven: [Option<bool>; 2],
}

impl Joint {
    fn new(lines: [u32; 2]) -> Self {
        let name = fs::read_dir(format!("{CHIP}/gpio")).unwrap().next().unwrap().unwrap().file_name();
        let base: u32 = name.to_str().unwrap().strip_prefix("gpiochip").unwrap().parse().unwrap();
        let folder = Path::new("/sys/kernel/debug/tracing/instances").join("wire");
        fs::create_dir(&folder).unwrap();
        let write = |file: &str, text: &str| fs::write(folder.join(file), text).unwrap();
        // A reader finds an entry at once.
        write("buffer_percent", "0");
        let [one, other] = lines.map(|line| format!("gpio=={}", base + line));
        write("events/gpio/gpio_value/filter", &format!("get==0&&({one}||{other})"));
        write("events/gpio/gpio_direction/filter", &format!("{one}||{other}"));
        write("events/gpio/enable", "1");
        let nonblocking = rustix::fs::OFlags::NONBLOCK.bits() as i32;
        let pipe = OpenOptions::new().read(true).custom_flags(nonblocking).open(folder.join("trace_pipe"));
        Joint { pipe: Some(pipe.unwrap()), folder, base, lines, driven: [None; 2] }
    }

    /// Passes on what has happened since the last call, or waits a moment.
    fn follow(&mut self) {
        let pipe = self.pipe.as_mut().unwrap();
        let mut buffer = [0; 4096];
        let Ok(length) = pipe.read(&mut buffer) else {
            let moment = Duration::from_millis(5).try_into().unwrap();
            let mut wanted = [rustix::event::PollFd::new(&*pipe, rustix::event::PollFlags::IN)];
            rustix::event::poll(&mut wanted, Some(&moment)).unwrap();
            self.look_for_released();
            return;
        };
        for entry in std::str::from_utf8(&buffer[..length]).unwrap().lines() {
            // "NAME-PID [000] ..... 12.345678: gpio_value: 529 set 1", or "gpio_direction: 529 in (0)".
            let words: Vec<&str> = entry.rsplit(": ").next().unwrap().split_whitespace().collect();
            let number = words.first().and_then(|word| word.parse::<u32>().ok());
            let Some(line) = number.map(|number| number - self.base) else {
                // "CPU:0 [LOST 37 EVENTS]": a line that was driven is driven still, to the level that it has now.
                for index in 0..2 {
                    self.driven[index] = self.driven[index].map(|_| self.level(index));
                    self.pass(index);
                }
                continue;
            };
            let index = usize::from(line == self.lines[1]);
            match words[1] {
                "set" => self.driven[index] = Some(words[2] == "1"),
                "in" => {
                    self.driven[index] = None;
                    // It may have set a pull of its own.
                    self.pass(1 - index);
                }
                _ => continue,
            }
            self.pass(index);
        }
    }

    /// Pulls the other line to the level of this one; a line that nobody drives rests low.
    fn pass(&self, from: usize) {
        let pull = if self.driven[from] == Some(true) { "pull-up" } else { "pull-down" };
        if self.driven[from].is_some() || self.driven[1 - from].is_none() {
            fs::write(self.file(1 - from, "pull"), pull).unwrap();
        }
    }

    /// Notices that a process has died and drives no more, which the kernel does not trace: the line is back at its pull.
    fn look_for_released(&mut self) {
        for index in 0..2 {
            if self.driven[index].is_some_and(|driven| driven != self.level(index)) {
                self.driven[index] = None;
                self.pass(index);
            }
        }
    }

    fn level(&self, index: usize) -> bool {
        fs::read_to_string(self.file(index, "value")).unwrap().trim() == "1"
    }

    fn file(&self, index: usize, name: &str) -> String {
        format!("{CHIP}/gpiochip0/sim_gpio{}/{name}", self.lines[index])
    }
}

impl Drop for Joint {
    fn drop(&mut self) {
        self.pipe = None;
        fs::remove_dir(&self.folder).unwrap();
    }
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn the_self_test_of_a_real_kernel_is_good() {
    let output = run(&["test", "--factory", "cdev", "--yes", "--pins", "2,17,27", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result["factory"], "cdev");
    for (index, down) in [Value::Null, "low".into(), "low".into()].iter().enumerate() {
        let pin = &result["pins"][index];
        let levels = ["pulled_up", "pulled_down", "driven_low", "driven_high"].map(|name| &pin[name]);
        assert_eq!(levels, [&"high".into(), down, &"low".into(), &"high".into()], "{pin}");
    }
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn a_wire_is_looked_for_before_all_else() {
    let output = run(&["test", "--factory", "cdev", "--yes", "--wire", "22:27"]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("GPIO22 and GPIO27 are not joined"), "{error}");
}

/// Keeps a wire between two lines until the command that follows has ended: for reports by hand.
///
/// `PINZERO_RIG_WIRE="22 27 test --wire 22:27 --yes --report /run/report.md"`, and this test in the rig with `--nocapture`. This wire is
/// slow and lets no pull through, which the report shows.
#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn by_hand() {
    let Ok(text) = std::env::var("PINZERO_RIG_WIRE") else { return };
    let words: Vec<&str> = text.split_whitespace().collect();
    let _wire = Wire::new([words[0].parse().unwrap(), words[1].parse().unwrap()]);
    let status = command(&words[2..]).status().unwrap();
    println!("{status}");
}
