//! The kernel rig: tests under a Linux kernel of our own, with a simulated GPIO chip.

use crate::runner::{Runner, Stop, root};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

/// The exit status, here and of the rig's scripts, for a machine that cannot run what was asked for.
pub(crate) const UNSUPPORTED: u8 = 77;

/// What to do with the rig.
#[derive(Debug)]
pub(crate) enum Task<'a> {
    /// Build the kernel.
    Build,
    /// Run the tests that need it.
    Test,
    /// Run a command.
    Run(&'a [&'a str]),
}

/// Does what was asked for on the command line.
pub(crate) fn main(task: Task<'_>) -> ExitCode {
    let result = match task {
        Task::Build => build().map(|()| 0),
        Task::Test => test(&mut Runner::default()).map(|()| 0),
        Task::Run(command) => build().and_then(|()| run(command)),
    };
    match result {
        Ok(status) => ExitCode::from(status),
        Err(Stop::Failed(reason)) => {
            eprintln!("kernel-rig: {reason}");
            ExitCode::FAILURE
        }
        // The script that found out has said why.
        Err(Stop::Skipped(_)) => ExitCode::from(UNSUPPORTED),
    }
}

/// Builds the tests on this machine and runs them under the kernel.
pub(crate) fn test(runner: &mut Runner) -> Result<(), Stop> {
    build()?;
    // The tests start some of the examples.
    runner.cargo(&["build", "--locked", "--package=pinzero-examples", "--bins", "--examples"])?;
    let tests: [&[&str]; 2] =
        [&["--package=pinzero-cdev", "--tests"], &["--package=pinzero-tests", "--test=kernel_rig"]];
    for tests in tests {
        let mut command = runner.command("cargo");
        command
            .env("PINZERO_RIG", "1")
            .arg("--config")
            .arg(format!("target.'cfg(all())'.runner = [{:?}]", script("run.sh")));
        command.args(["test", "--locked"]).args(tests).args(["--", "--include-ignored"]);
        runner.run(&mut command)?;
    }
    Ok(())
}

/// Builds the kernel, unless it is there.
fn build() -> Result<(), Stop> {
    let path = script("build-kernel.sh");
    let status = Command::new(&path).stdout(Stdio::null()).status();
    match status.map(|status| status.code()) {
        Ok(Some(0)) => Ok(()),
        Ok(Some(status)) if status == i32::from(UNSUPPORTED) => {
            Err(Stop::Skipped("this machine cannot run it, see above".to_owned()))
        }
        Ok(_) => Err(Stop::Failed("the kernel could not be built".to_owned())),
        Err(error) => Err(Stop::Failed(format!("{}: {error}", path.display()))),
    }
}

/// Runs a command under the kernel, and returns its exit status.
fn run(command: &[&str]) -> Result<u8, Stop> {
    let path = script("run.sh");
    let status = Command::new(&path).args(command).status();
    let status = status.map_err(|error| format!("{}: {error}", path.display()))?;
    // Without a status, the script was killed by a signal.
    Ok(status.code().and_then(|status| u8::try_from(status).ok()).unwrap_or(1))
}

fn script(name: &str) -> PathBuf {
    root().join("crates/xtask/rig").join(name)
}
