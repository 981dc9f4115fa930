//! The checks that look where tests do not reach. Miri alone wants a nightly compiler, and is skipped without one.

use crate::runner::{Runner, Stop, need, root};
use std::fs;
use std::process::Command;

/// Where fuzz targets are, and their names.
const FUZZ: [(&str, [&str; 2]); 2] = [
    ("crates/pinzero-board/fuzz", ["pin_names", "revision_codes"]),
    ("crates/pinzero-pigpio/fuzz", ["requests", "replies_and_reports"]),
];

/// Has libFuzzer see which code an input reaches, and by which comparisons, as cargo-fuzz does. No sanitizer: what is fuzzed
/// has no unsafe code, and so the stable compiler will do.
const COVERAGE: &str = "--cfg fuzzing -Cdebug-assertions -Ccodegen-units=1 -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Has loom try the threads of the models in every order.
pub(crate) fn model(runner: &mut Runner) -> Result<(), Stop> {
    for words in ["clippy --tests", "test --lib loom_tests::"] {
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
        let reason = "no nightly toolchain with miri and rust-src. Only rustup has it: Debian builds its Rust without Miri, and \
            without the compiler's own libraries, from which Miri could be built";
        return Err(Stop::Skipped(reason.to_owned()));
    }
    // The names of boards would take it ten minutes.
    for tests in ["--package=pinzero-core --lib machine::", "--package=pinzero-board --test=models"] {
        runner.run(&mut nightly(runner, &format!("miri test --locked {tests}")))?;
    }
    Ok(())
}

/// Builds the fuzz targets and runs each for some seconds, from the same seed every time; longer is for people with time.
pub(crate) fn fuzz(runner: &mut Runner) -> Result<(), Stop> {
    need("c++", &["--version"], "g++")?;
    let host = runner.output("rustc", &["--print=host-tuple"])?;
    let host = host.trim();
    let folder = root().join("target/fuzz");
    for (crate_of_them, targets) in FUZZ {
        let mut command = runner.command("cargo");
        // With the target named, the flags are not for build scripts.
        command.env("RUSTFLAGS", COVERAGE).env("CARGO_TARGET_DIR", &folder);
        command.args(["build", "--release", "--target", host]);
        runner.run(command.arg(format!("--manifest-path={crate_of_them}/Cargo.toml")))?;
        for target in targets {
            // What it finds goes into the first folder.
            let found = folder.join("corpus").join(target);
            fs::create_dir_all(&found).map_err(|error| format!("{}: {error}", found.display()))?;
            let program = folder.join(host).join("release").join(target);
            let mut command = runner.command(&program.to_string_lossy());
            command.args(["-seed=1", "-runs=50000", "-timeout=10", "-print_final_stats=1", "-verbosity=0"]);
            command.arg(format!("-artifact_prefix={}/", folder.display())).arg(found);
            let seeds = root().join(crate_of_them).join("seeds").join(target);
            runner.run(command.args(seeds.is_dir().then_some(seeds)))?;
        }
    }
    Ok(())
}

/// A command of the nightly cargo, whose compiler may well warn of what ours does not know.
fn nightly(runner: &Runner, words: &str) -> Command {
    let mut command = runner.command("cargo");
    command.env_remove("RUSTFLAGS").arg("+nightly").args(words.split(' '));
    command
}
