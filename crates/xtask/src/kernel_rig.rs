//! The kernel rig: a custom Linux kernel with a simulated GPIO chip.

use crate::rig::Rig;
use crate::runner::{Runner, Stop};

/// The kernel rig.
pub(crate) const KERNEL: Rig = Rig { name: "kernel-rig", folder: "rig", prepare: "build-kernel.sh", tests };

/// Builds the tests that need a simulated chip, and runs them.
fn tests(rig: &Rig, runner: &mut Runner) -> Result<(), Stop> {
    // Build all of the workspace, with the examples that some tests start. An ordinary test run has built the same already;
    // for a few packages, cargo would choose fewer features of their dependencies, and build these once more.
    let mut command = runner.command("cargo");
    let programs = runner.build_tests(command.args(["test", "--locked", "--workspace"]))?;
    let tests = [("crates/pinzero-cdev", &[][..]), ("tests", &["kernel_rig", "device_trials"])];
    rig.run_tests(runner, &programs, &tests, |command| {
        // The trials of devices have other rigs too, which need no kernel of their own.
        command.env("PINZERO_RIG", "1").args([
            "--include-ignored",
            "--skip=on_a_pi",
            "--skip=mock::",
            "--skip=remote::",
        ]);
    })?;
    // Most tests of the command need no rig.
    rig.run_tests(runner, &programs, &[("crates/pinzero-cli", &["cli"])], |command| {
        command.env("PINZERO_RIG", "1").args(["--include-ignored", "rig::"]);
    })
}
