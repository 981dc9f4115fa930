//! The checks that look where tests do not reach. Two of them want a nightly compiler, and are skipped without one.

use crate::runner::{Runner, Stop, root};
use std::process::Command;

/// Where fuzz targets are.
const FUZZ: [&str; 2] = ["crates/pinzero-board/fuzz", "crates/pinzero-pigpio/fuzz"];

/// Has loom try the threads of the models in every order.
pub(crate) fn model(runner: &mut Runner) -> Result<(), Stop> {
    for words in ["clippy --tests", "test --lib model::"] {
        let mut command = runner.command("cargo");
        // In a directory of its own, for with these flags cargo builds everything anew.
        command
            .env("RUSTFLAGS", "-Dwarnings --cfg loom")
            .env("CARGO_TARGET_DIR", root().join("target/model"));
        // Optimised: there are some hundred thousand orders.
        command.args(words.split(' ')).args(["--locked", "--release", "--package=pinzero-core"]);
        runner.run(&mut command)?;
    }
    Ok(())
}

/// Runs the tests of what is pure under Miri.
pub(crate) fn miri(runner: &mut Runner) -> Result<(), Stop> {
    if runner.run(&mut nightly(runner, "miri setup")).is_err() {
        return Err(Stop::Skipped("there is no nightly toolchain with miri and rust-src".to_owned()));
    }
    // The names of boards would take it ten minutes.
    for tests in ["--package=pinzero-core --lib machine::", "--package=pinzero-board --test=models"] {
        runner.run(&mut nightly(runner, &format!("miri test --locked {tests}")))?;
    }
    Ok(())
}

/// Builds the fuzz targets, lest they rot; running them is for people with time.
pub(crate) fn fuzz_targets(runner: &mut Runner) -> Result<(), Stop> {
    if runner.run(&mut nightly(runner, "fuzz --version")).is_err() {
        return Err(Stop::Skipped("there is no cargo-fuzz, or no nightly toolchain".to_owned()));
    }
    for crate_of_them in FUZZ {
        runner.run(&mut nightly(runner, &format!("fuzz build --fuzz-dir={crate_of_them}")))?;
    }
    Ok(())
}

/// A command of the nightly cargo, whose compiler may well warn of what ours does not know.
fn nightly(runner: &Runner, words: &str) -> Command {
    let mut command = runner.command("cargo");
    command.env_remove("RUSTFLAGS").arg("+nightly").args(words.split(' '));
    command
}
