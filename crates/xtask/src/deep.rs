//! Checks that go further than tests. Only Miri needs a nightly compiler, and is skipped without one.

use crate::runner::{Runner, Stop, need, root};
use std::fs;
use std::process::Command;

/// The folders of fuzz targets, and the targets' names.
pub(crate) const FUZZ: [(&str, &[&str]); 3] = [
    ("crates/pinzero-board/fuzz", &["pin_names", "revision_codes"]),
    ("crates/pinzero-pigpio/fuzz", &["requests", "replies_and_reports"]),
    ("crates/pinzero-mqtt/fuzz", &["commands"]),
];

/// Flags with which libFuzzer sees the code that an input reaches, and the comparisons, as with cargo-fuzz. No
/// sanitizer: the fuzzed code has no unsafe code, so the stable compiler is enough.
const COVERAGE: &str = "--cfg fuzzing -Cdebug-assertions -Ccodegen-units=1 -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Runs the loom tests, in every order of threads.
pub(crate) fn model(runner: &mut Runner) -> Result<(), Stop> {
    let mut command = runner.command("cargo");
    // Use a directory of its own: with these flags cargo rebuilds everything.
    command.env("RUSTFLAGS", "-Dwarnings --cfg loom").env("CARGO_TARGET_DIR", root().join("target/model"));
    // Optimised: there are some hundred thousand orders. But most of the time is loom's, so a quick build of our own crate, without
    // optimisation across crates, is worth more than a faster one.
    command.env("CARGO_PROFILE_RELEASE_LTO", "off");
    command.arg("--config=profile.release.package.pinzero-core.opt-level=1");
    command.args(["test", "--locked", "--release", "--package=pinzero-core", "--lib", "loom_tests::"]);
    runner.run(&mut command)?;
    Ok(())
}

/// Runs the tests of pure code under Miri.
pub(crate) fn miri(runner: &mut Runner) -> Result<(), Stop> {
    if runner.run(&mut nightly(runner, "miri setup")).is_err() {
        let reason = "no nightly toolchain with miri and rust-src. Only rustup has it: Debian builds its Rust without Miri, and \
            without the compiler's own libraries, from which Miri could be built";
        return Err(Stop::Skipped(reason.to_owned()));
    }
    // The tests of board names would take ten minutes.
    for tests in ["--package=pinzero-core --lib machine::", "--package=pinzero-board --test=models"] {
        runner.run(&mut nightly(runner, &format!("miri test --locked {tests}")))?;
    }
    Ok(())
}

/// Builds the fuzz targets and runs each for some seconds, always with the same seed. For a longer run, start them by
/// hand.
pub(crate) fn fuzz(runner: &mut Runner) -> Result<(), Stop> {
    need("c++", &["--version"], "g++")?;
    let host = runner.output("rustc", &["--print=host-tuple"])?;
    let host = host.trim();
    let folder = root().join("target/fuzz");
    for (crate_of_them, targets) in FUZZ {
        let mut command = runner.command("cargo");
        // If the target is named, the flags do not apply to build scripts.
        command.env("RUSTFLAGS", COVERAGE).env("CARGO_TARGET_DIR", &folder);
        command.env("CARGO_PROFILE_RELEASE_LTO", "off");
        command.args(["build", "--release", "--target", host]);
        runner.run(command.arg(format!("--manifest-path={crate_of_them}/Cargo.toml")))?;
        for target in targets {
            // New inputs go into the first folder.
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

/// Returns a command of the nightly cargo. Warnings are allowed, since its compiler may have new ones.
fn nightly(runner: &Runner, words: &str) -> Command {
    let mut command = runner.command("cargo");
    command.env_remove("RUSTFLAGS").arg("+nightly").args(words.split(' '));
    command
}
