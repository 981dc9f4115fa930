//! The kernel rig: a custom Linux kernel with a simulated GPIO chip.

use crate::rig::Rig;
use crate::runner::{Runner, Stop};

/// The kernel rig.
pub(crate) const KERNEL: Rig = Rig { name: "kernel-rig", folder: "rig", prepare: "build-kernel.sh", tests };

/// Builds the tests that need a simulated chip, and runs them.
fn tests(rig: &Rig, runner: &mut Runner) -> Result<(), Stop> {
    // The tests start some of the examples.
    runner.cargo(&["build", "--locked", "--package=pinzero-examples", "--bins", "--examples"])?;
    let tests: [&[&str]; 2] = [
        &["--package=pinzero-cdev", "--tests"],
        &["--package=pinzero-tests", "--test=kernel_rig", "--test=device_trials"],
    ];
    for tests in tests {
        let mut command = runner.command("cargo");
        command.env("PINZERO_RIG", "1").args(rig.as_runner("'cfg(all())'"));
        command.args(["test", "--locked"]).args(tests);
        // The trials of devices have other rigs too, which need no kernel of their own.
        command.args(["--", "--include-ignored", "--skip=on_a_pi", "--skip=mock::", "--skip=remote::"]);
        runner.run(&mut command)?;
    }
    Ok(())
}
