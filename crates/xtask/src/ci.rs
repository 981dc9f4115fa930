//! All that CI checks, step by step.

use crate::runner::{Runner, Stop, Tally};
use crate::{checks, deep, rig};
use std::process::ExitCode;
use std::time::Instant;

type Step = fn(&mut Runner) -> Result<(), Stop>;

/// The step that runs the tests which the others leave out.
const KERNEL_RIG: &str = "kernel rig";

/// The steps: quick ones first, then by what they need of each other's builds.
const STEPS: &[(&str, Step)] = &[
    ("formatting", |runner| cargo(runner, "fmt --all --check")),
    ("formatting, fuzz targets", |runner| {
        cargo(runner, "fmt --manifest-path=crates/pinzero-board/fuzz/Cargo.toml --check")?;
        cargo(runner, "fmt --manifest-path=crates/pinzero-pigpio/fuzz/Cargo.toml --check")
    }),
    ("file lengths", checks::file_lengths),
    ("dependencies on other systems", checks::other_systems),
    ("dependencies' Rust versions", checks::rust_versions),
    ("dependencies' licences and sources", checks::deny),
    ("advisories", checks::advisories),
    ("lints", |runner| cargo(runner, "clippy --locked --workspace --all-targets")),
    ("lints, no features", |runner| {
        cargo(runner, "clippy --locked --workspace --all-targets --no-default-features")
    }),
    ("lints, all features", |runner| {
        cargo(runner, "clippy --locked --workspace --all-targets --all-features")
    }),
    ("documentation", |runner| cargo(runner, "doc --locked --workspace --no-deps --all-features")),
    ("example unit", checks::unit_file),
    ("tests, as in the README", checks::readme_command),
    ("concurrency model", deep::model),
    ("Miri", deep::miri),
    ("fuzz targets", deep::fuzz_targets),
    (KERNEL_RIG, rig::test),
    ("clean tree", checks::clean_tree),
];

/// Runs the steps, and ends with a line that counts the tests.
pub(crate) fn main(keep_going: bool) -> ExitCode {
    let start = Instant::now();
    let mut runner = Runner::strict();
    let mut failures = 0;
    let mut rig_ran = false;
    for &(name, step) in STEPS {
        println!("\n== {name}");
        let begin = Instant::now();
        let result = step(&mut runner);
        let seconds = begin.elapsed().as_secs_f32();
        match result {
            Ok(()) => {
                rig_ran |= name == KERNEL_RIG;
                println!("-- {name}: passed in {seconds:.1} s");
            }
            Err(Stop::Skipped(reason)) => println!("-- {name}: skipped: {reason}"),
            Err(Stop::Failed(reason)) => {
                failures += 1;
                println!("{reason}\n-- {name}: FAILED in {seconds:.1} s");
                if !keep_going {
                    break;
                }
            }
        }
    }
    println!("\n{:.0} s in all", start.elapsed().as_secs_f32());
    println!("{}", summary(&runner.tests, failures, rig_ran));
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn cargo(runner: &mut Runner, arguments: &str) -> Result<(), Stop> {
    Ok(runner.cargo(&arguments.split(' ').collect::<Vec<_>>())?)
}

/// The line that CI ends with. A step that failed without a failed test counts as one, so that the line
/// never speaks of success when there is none; a test that was ignored for want of the rig has not been
/// skipped if the rig ran it later.
fn summary(tests: &Tally, failures: u32, rig_ran: bool) -> String {
    let failed = tests.failed.max(failures);
    let skipped = if rig_ran { tests.ignored.saturating_sub(tests.want_rig) } else { tests.ignored };
    let mut line = format!("{} passed, {failed} failed", tests.passed);
    if skipped > 0 {
        line += &format!(", {skipped} skipped");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_tells_the_truth() {
        let tests = Tally { passed: 9, failed: 0, ignored: 3, want_rig: 2 };
        assert_eq!(summary(&tests, 0, true), "9 passed, 0 failed, 1 skipped");
        assert_eq!(summary(&tests, 0, false), "9 passed, 0 failed, 3 skipped");
        assert_eq!(summary(&tests, 1, false), "9 passed, 1 failed, 3 skipped");
        assert_eq!(summary(&Tally { passed: 9, ..Tally::default() }, 0, true), "9 passed, 0 failed");
    }
}
