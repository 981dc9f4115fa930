//! Where a group is run.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A place that has what a group needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// This machine.
    Here,
    /// A kernel of its own, with a simulated GPIO chip: see `crates/xtask/rig`.
    KernelRig,
    /// An emulated Raspberry Pi, whose clock goes by the instructions that it has run: see `crates/xtask/pi-rig`.
    PiRig,
}

impl Place {
    /// The command that runs this program there.
    pub(crate) fn command(self) -> Result<Command, String> {
        let this = env::current_exe().map_err(|error| error.to_string())?;
        Ok(match self {
            Place::Here => Command::new(this),
            Place::KernelRig => {
                let mut command = Command::new(root().join("crates/xtask/rig/run.sh"));
                command.arg(this);
                command
            }
            Place::PiRig => {
                let program =
                    env::var_os("PINZERO_BENCH_PI").ok_or("not built for it: `cargo xtask bench` does")?;
                let mut command = Command::new(root().join("crates/xtask/pi-rig/run.sh"));
                command.arg(program);
                command
            }
        })
    }
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map_or_else(PathBuf::new, Path::to_path_buf)
}
