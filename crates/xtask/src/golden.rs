//! Runs gpiozero itself, and writes down what it has and does: the golden files of `tests/tests/golden`, and the list of
//! its public items for `docs/parity.md`.

use crate::interop::install_python;
use crate::runner::{Runner, Stop, conclude};
use std::process::ExitCode;

/// The scripts that write files, and compare these with what gpiozero does if they are told `--check`.
const SCRIPTS: [&str; 2] = ["tests/tests/golden/record/record.py", "crates/xtask/parity/inventory.py"];

/// Writes the files.
pub(crate) fn main() -> ExitCode {
    conclude("golden", [run(&mut Runner::default(), &[])])
}

/// Checks that the files are what gpiozero does.
pub(crate) fn check(runner: &mut Runner) -> Result<(), Stop> {
    run(runner, &["--check"])
}

fn run(runner: &mut Runner, arguments: &[&str]) -> Result<(), Stop> {
    let python = install_python(runner)?;
    for script in SCRIPTS {
        let mut command = runner.command(&python.to_string_lossy());
        // No compiled files in the tree.
        runner.run(command.arg("-B").arg(script).args(arguments))?;
    }
    Ok(())
}
