//! The benches: getting their tools, building them for here and for the emulated Raspberry Pi, and running them.

use crate::pi_rig;
use crate::rig::PI;
use crate::runner::{Runner, Stop, conclude, need};
use std::process::ExitCode;

const PACKAGE: &str = "pinzero-bench";

/// Does what was asked for on the command line: runs the benches with these arguments.
pub(crate) fn main(arguments: &[&str]) -> ExitCode {
    conclude("bench", [run(&mut Runner::default(), arguments)])
}

/// Runs what comes out the same each time, and fails where a target is missed.
pub(crate) fn counted(runner: &mut Runner) -> Result<(), Stop> {
    run(runner, &["--short"])
}

fn run(runner: &mut Runner, arguments: &[&str]) -> Result<(), Stop> {
    for tool in ["valgrind", "strace"] {
        need(tool, &["--version"], tool)?;
    }
    let mut command = runner.command("cargo");
    // What cannot be built for the Pi is left out, and the benches say so.
    match PI.prepare().and_then(|()| pi_rig::release(runner, PACKAGE)) {
        Ok(program) => {
            command.env("PINZERO_BENCH_PI", program);
        }
        Err(Stop::Skipped(reason)) => eprintln!("bench: nothing for the emulated Raspberry Pi: {reason}"),
        Err(failed) => return Err(failed),
    }
    command.args(["run", "--locked", "--release", "--package", PACKAGE, "--"]).args(arguments);
    runner.run(&mut command)?;
    Ok(())
}
