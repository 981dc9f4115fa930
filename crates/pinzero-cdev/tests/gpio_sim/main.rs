//! The backend on a real kernel, whose chips are simulated by gpio-sim.
//!
//! Each test makes a chip of its own, so all of them run at once. None starts a process, as that would share all open
//! lines for an instant: those that do are in `processes.rs`. They need root, configfs and a kernel with
//! `CONFIG_GPIO_SIM`, which is what `cargo xtask kernel-rig` provides.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

mod chips;
mod edges;
mod flex;
mod groups;
mod inputs;
mod lost;
mod ordered;
mod outputs;
mod taken;

use std::fs;
use std::os::fd::OwnedFd;
use std::process;

use gpiocdev::line::Info;
use gpiosim::{Bank, Sim};
use pinzero_cdev::CdevFactory;
use pinzero_core::{Bias, InputConfig, Level, Line, OnClose, OutputConfig, OutputPin, Pin, PinFactory};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

/// A simulated chip of twelve lines, and a factory on it.
struct Rig {
    factory: CdevFactory,
    sim: Sim,
}

/// A chip that is none of a Raspberry Pi's.
fn rig() -> Rig {
    labelled("pinzero-test")
}

fn labelled(label: &str) -> Rig {
    let sim = live(&Bank::new(12, label));
    Rig { factory: open(&sim), sim }
}

fn live(bank: &Bank) -> Sim {
    gpiosim::builder().with_bank(bank).live().unwrap()
}

fn open(sim: &Sim) -> CdevFactory {
    CdevFactory::builder().chip(path(sim)).open().unwrap()
}

/// The chip's device file.
fn path(sim: &Sim) -> &str {
    sim.chips()[0].dev_path().to_str().unwrap()
}

impl Rig {
    fn output(&self, line: u32, initial: impl Into<Option<Level>>, on_close: OnClose) -> Box<dyn OutputPin> {
        self.factory.open_output(Line(line), OutputConfig::new(initial, on_close)).unwrap()
    }

    fn input(&self, line: u32, bias: Bias) -> Box<dyn Pin> {
        self.factory.open_input(Line(line), InputConfig::new(bias)).unwrap()
    }

    /// What the kernel says of a line.
    fn info(&self, line: u32) -> Info {
        gpiocdev::Chip::from_path(path(&self.sim)).unwrap().line_info(line).unwrap()
    }

    /// The level of a line as seen from outside: what drives it, or else where it is pulled.
    fn seen(&self, line: u32) -> Level {
        Level::from(self.sim.chips()[0].get_level(line).unwrap() == gpiosim::Level::High)
    }

    /// Where the line is pulled, be it by the chip's resistor or from outside: to the simulation both are one.
    fn pulled(&self, line: u32) -> Level {
        Level::from(self.sim.chips()[0].get_pull(line).unwrap() == gpiosim::Level::High)
    }

    fn pull(&self, line: u32, level: Level) {
        let level = if level.is_high() { gpiosim::Level::High } else { gpiosim::Level::Low };
        self.sim.chips()[0].set_pull(line, level).unwrap();
    }

    /// Makes a line a high or low output and lets it go: the simulation leaves it one, at the level it is pulled to.
    fn leave_as_output(&self, line: u32, level: Level) {
        let mut request = gpiocdev::Request::builder();
        request.on_chip(path(&self.sim)).with_line(line).as_output(gpiocdev::line::Value::Inactive);
        drop(request.request().unwrap());
        self.pull(line, level);
        assert_eq!(self.info(line).direction, gpiocdev::line::Direction::Output);
    }

    /// Keeps the kernel from taking back a line that this process has open.
    ///
    /// The simulation forgets an output's level when the line is let go. As long as there is this second descriptor,
    /// a closed line can be seen in the state that it was closed in.
    fn hold(&self, line: u32) -> OwnedFd {
        let is_line = |fd: &i32| {
            let info = fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).unwrap_or_default();
            info.contains(&format!("gpio-chip:\t{}\n", self.sim.chips()[0].chip_name))
                && info.contains(&format!("gpio-line:\t{line}\n"))
        };
        let files = fs::read_dir("/proc/self/fd").unwrap();
        let fds = files.filter_map(|file| file.unwrap().file_name().to_str()?.parse().ok());
        let fd = fds.into_iter().find(is_line).unwrap();
        let this = pidfd_open(Pid::from_raw(process::id() as i32).unwrap(), PidfdFlags::empty()).unwrap();
        pidfd_getfd(this, fd, PidfdGetfdFlags::empty()).unwrap()
    }
}
