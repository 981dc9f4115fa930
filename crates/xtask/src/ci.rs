//! Lists the steps of CI, and runs them.

use crate::kernel_rig::KERNEL;
use crate::pi_rig::PI;
use crate::runner::{Runner, Stop, Tally};
use crate::{bench, broker, checks, cross, deep, golden, interop, map, parity, schemas};
use std::process::ExitCode;
use std::time::Instant;

type Step = fn(&mut Runner) -> Result<(), Stop>;

/// The steps that run tests which the others skip, with the reasons that these tests give.
const LATER: [(&str, &str); 6] = [KERNEL_RIG, PI_RIG, PYTHON, NODE, BROWSER, BROKER];
const KERNEL_RIG: (&str, &str) = ("kernel rig", "rig");
const PI_RIG: (&str, &str) = ("Raspberry Pi rig", "Pi");
const PYTHON: (&str, &str) = ("clients in Python", "clients in Python");
const NODE: (&str, &str) = ("client in Node", "client in Node");
const BROWSER: (&str, &str) = ("page in Chromium", "browser");
const BROKER: (&str, &str) = ("MQTT broker", "broker");

/// How much to check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// For each commit.
    Quick,
    /// For each merge: all steps.
    Whole,
}
use Extent::{Quick, Whole};

/// The steps, each with the smallest extent that includes it: quick ones first, then in an order that reuses builds.
const STEPS: &[(&str, Extent, Step)] = &[
    ("formatting", Quick, |runner| cargo(runner, "fmt --all --check")),
    ("formatting, fuzz targets", Quick, |runner| {
        deep::FUZZ.iter().try_for_each(|(folder, _)| {
            cargo(runner, &format!("fmt --manifest-path={folder}/Cargo.toml --check"))
        })
    }),
    ("file lengths", Quick, checks::file_lengths),
    ("map", Quick, map::check),
    ("dependencies on other systems", Whole, checks::other_systems),
    ("dependencies' Rust versions", Whole, checks::rust_versions),
    ("dependencies' licences and sources", Whole, checks::deny),
    ("advisories", Whole, checks::advisories),
    ("lints, no features", Whole, |runner| {
        // The two crates with default features.
        let packages = "--package=pinzero --package=pinzero-core";
        cargo(runner, &format!("clippy --locked {packages} --all-targets --no-default-features"))
    }),
    ("lints, all features", Quick, |runner| {
        cargo(runner, "clippy --locked --workspace --all-targets --all-features")
    }),
    ("other systems", Whole, cross::check),
    ("oldest compiler", Whole, cross::oldest),
    ("documentation", Quick, |runner| cargo(runner, "doc --locked --workspace --no-deps --all-features")),
    ("parity with gpiozero", Whole, parity::check),
    ("example unit", Whole, checks::unit_file),
    ("tests, as in the README", Quick, checks::readme_command),
    ("concurrency model", Whole, deep::model),
    ("Miri", Whole, deep::miri),
    ("fuzz targets", Whole, deep::fuzz),
    (PYTHON.0, Whole, interop::python),
    ("the command's JSON and completions", Whole, schemas::check),
    ("golden files of gpiozero", Whole, golden::check),
    (NODE.0, Whole, interop::node),
    (BROWSER.0, Whole, interop::browser),
    (BROKER.0, Whole, broker::test),
    (KERNEL_RIG.0, Whole, |runner| KERNEL.test(runner)),
    (PI_RIG.0, Whole, |runner| PI.test(runner)),
    ("benches, counted", Whole, bench::counted),
    ("clean tree", Whole, checks::clean_tree),
];

/// Runs the steps, and ends with a line that counts the tests.
pub(crate) fn main(extent: Extent, keep_going: bool) -> ExitCode {
    let start = Instant::now();
    let mut runner = Runner::strict();
    let mut failures = 0;
    let mut made_up = Vec::new();
    for &(name, _, step) in STEPS.iter().filter(|(_, from, _)| extent == Whole || *from == Quick) {
        println!("\n== {name}");
        let begin = Instant::now();
        let result = step(&mut runner);
        let seconds = begin.elapsed().as_secs_f32();
        match result {
            Ok(()) => {
                made_up.extend(LATER.iter().filter(|(step, _)| *step == name).map(|(_, missing)| *missing));
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
    println!("{}", summary(&runner.tests, failures, &made_up));
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn cargo(runner: &mut Runner, arguments: &str) -> Result<(), Stop> {
    Ok(runner.cargo(&arguments.split(' ').collect::<Vec<_>>())?)
}

/// Returns CI's last line. A step that failed without a failed test counts as one, so that the line never claims
/// success wrongly. An ignored test does not count as skipped if a later step has `made_up` for it.
fn summary(tests: &Tally, failures: u32, made_up: &[&str]) -> String {
    let failed = tests.failed.max(failures);
    let later: u32 = made_up.iter().filter_map(|missing| tests.missing.get(*missing)).sum();
    let skipped = tests.ignored.saturating_sub(later);
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
        let missing = [("rig".to_owned(), 2), ("client in Node".to_owned(), 1)].into();
        let tests = Tally { passed: 9, failed: 0, ignored: 4, missing };
        assert_eq!(summary(&tests, 0, &["rig"]), "9 passed, 0 failed, 2 skipped");
        assert_eq!(summary(&tests, 0, &["client in Node", "rig"]), "9 passed, 0 failed, 1 skipped");
        assert_eq!(summary(&tests, 0, &[]), "9 passed, 0 failed, 4 skipped");
        assert_eq!(summary(&tests, 1, &[]), "9 passed, 1 failed, 4 skipped");
        assert_eq!(summary(&Tally { passed: 9, ..Tally::default() }, 0, &["rig"]), "9 passed, 0 failed");
    }
}
