//! The machine that runs a group.

use std::env;
use std::io;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;

use crate::server;

/// A machine that has what a group needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Machine {
    /// This machine.
    This,
    /// A kernel of its own, with a simulated GPIO chip: see `crates/xtask/rig`.
    KernelRig,
    /// An emulated Raspberry Pi, whose clock goes by the instructions that it has run: see `crates/xtask/pi-rig`.
    PiRig,
}

impl Machine {
    /// The command that runs this program there.
    pub(crate) fn command(self) -> Result<Command, String> {
        let this = env::current_exe().map_err(|error| error.to_string())?;
        Ok(match self {
            Machine::This => Command::new(this),
            Machine::KernelRig => {
                let mut command = Command::new(root().join("crates/xtask/rig/run.sh"));
                command.arg(this);
                command
            }
            Machine::PiRig => {
                let program =
                    env::var_os("PINZERO_BENCH_PI").ok_or("not built for it: `cargo xtask bench` does")?;
                let mut command = Command::new(root().join("crates/xtask/pi-rig/run.sh"));
                command.arg(program);
                command
            }
        })
    }

    /// Starts a command that was made for it.
    pub(crate) fn spawn(self, command: &mut Command) -> io::Result<Child> {
        if self != Machine::KernelRig {
            return command.spawn();
        }
        // The guest has one processor. Where its processes are on several of the host's, a system call takes five times as long
        // in some as in others. A thread has what it starts kept to the processor that it keeps to itself.
        let spawn = || {
            server::keep_to(0);
            command.spawn()
        };
        thread::scope(|scope| scope.spawn(spawn).join().unwrap_or_else(|panic| resume_unwind(panic)))
    }
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map_or_else(PathBuf::new, Path::to_path_buf)
}
