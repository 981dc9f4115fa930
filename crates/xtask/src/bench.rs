//! Gets the tools of the benches, builds the benches for this machine and for the emulated Raspberry Pi, and runs them.

use crate::pi_rig::{self, PI};
use crate::runner::{Runner, Stop, conclude, need};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

const PACKAGE: &str = "pinzero-bench";

/// Runs the benches with the arguments of the command line.
pub(crate) fn main(arguments: &[&str]) -> ExitCode {
    conclude("bench", [run(&mut Runner::default(), arguments)])
}

/// Runs the reproducible benches, and fails if a target is missed.
pub(crate) fn counted(runner: &mut Runner) -> Result<(), Stop> {
    run(runner, &["--short"])
}

fn run(runner: &mut Runner, arguments: &[&str]) -> Result<(), Stop> {
    for tool in ["valgrind", "strace"] {
        need(tool, &["--version"], tool)?;
    }
    let here = ["run", "--quiet", "--locked", "--release", "--package", PACKAGE, "--"];
    let mut command = runner.command("cargo");
    command.args(here).args(arguments);
    // Building for the Pi takes minutes, so this happens only if a group runs there, and after the arguments are
    // checked.
    let is_help = arguments.iter().any(|argument| ["-h", "--help"].contains(argument));
    let places = match is_help {
        true => String::new(),
        false => runner.output("cargo", &[&here[..], arguments, &["--places"]].concat())?,
    };
    if places.contains("PiRig") {
        // A program that cannot be built for the Pi is left out, and the benches say so.
        match PI.prepare().and_then(|()| for_the_pi(runner, places.contains("start"))) {
            Ok((program, others)) => {
                command.env("PINZERO_BENCH_PI", program).env("PINZERO_PI_RIG_ALSO", others);
            }
            Err(Stop::Skipped(reason)) => eprintln!("bench: nothing for the emulated Raspberry Pi: {reason}"),
            Err(failed) => return Err(failed),
        }
    }
    runner.run(&mut command)?;
    Ok(())
}

/// Builds the benches and, if they start them there, the programs with one LED, each once.
fn for_the_pi(runner: &mut Runner, starts: bool) -> Result<(PathBuf, OsString), Stop> {
    let benches = pi_rig::build(runner, "release", &["--package", PACKAGE])?;
    if !starts {
        return Ok((benches.join(PACKAGE), OsString::new()));
    }
    let package = "--package=pinzero-bench-programs";
    let folder = pi_rig::build(runner, "small", &[package, "--bin=one_led", "--features=rppal"])?;
    // The next has the same name.
    let failed = |error: &dyn std::error::Error| Stop::Failed(format!("one_led_default: {error}"));
    fs::rename(folder.join("one_led"), folder.join("one_led_default")).map_err(|error| failed(&error))?;
    let alone =
        [package, "--bin=one_led", "--bin=one_led_rppal", "--features=rppal", "--no-default-features"];
    pi_rig::build(runner, "small", &alone)?;
    let programs = ["one_led_default", "one_led", "one_led_rppal"].map(|name| folder.join(name));
    let programs = env::join_paths(programs).map_err(|error| failed(&error))?;
    Ok((benches.join(PACKAGE), programs))
}
