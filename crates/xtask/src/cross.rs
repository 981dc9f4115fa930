//! Builds for other systems, and with the oldest supported compiler.

use crate::runner::{Runner, Stop, conclude, need};
use crate::toolchain::{self, OLDEST};
use serde_json::Value;
use std::process::ExitCode;

/// The published packages, which must build on users' systems.
const PUBLISHED: [&str; 12] = [
    "--package=pinzero",
    "--package=pinzero-board",
    "--package=pinzero-cdev",
    "--package=pinzero-circuit",
    "--package=pinzero-cli",
    "--package=pinzero-conformance",
    "--package=pinzero-core",
    "--package=pinzero-daemon",
    "--package=pinzero-mqtt",
    "--package=pinzero-parts",
    "--package=pinzero-pigpio",
    "--package=pinzero-rppal",
];

/// Systems for which Debian has no C compiler, hence packages are checked without encryption, which is in C: the first Raspberry Pis and the
/// Zero, whose ARMv6 stands for 32 bits and musl for the other C library; and laptops.
const CHECKED: [&str; 3] = ["arm-unknown-linux-musleabihf", "x86_64-pc-windows-msvc", "aarch64-apple-darwin"];

/// A system for which all is built, and programs are linked, by a C compiler from Debian's packages. Programs for 64 bits are linked, and
/// run, by the Raspberry Pi rig. For an ARMv6 with hard float there is no such package: Debian's C library for hard float wants an ARMv7.
const LINKED: &str = "armv7-unknown-linux-gnueabihf";
const LINKER: &str = "arm-linux-gnueabihf-gcc";

/// The examples that are linked: pins alone, a bus, and another crate's driver.
const EXAMPLES: [&str; 3] = ["--example=led_blink", "--example=adc", "--example=oled"];

pub(crate) fn main() -> ExitCode {
    let mut runner = Runner::default();
    let results = [check(&mut runner), oldest(&mut runner)];
    conclude("cross", results)
}

/// Checks that the published packages compile for the other systems, and that programs link for one of them.
pub(crate) fn check(runner: &mut Runner) -> Result<(), Stop> {
    let mut command = toolchain::cargo(runner, "check", &CHECKED)?;
    command.args(PUBLISHED).args(["--no-default-features", "--features", &features_without_c(runner)?]);
    runner.run(&mut command)?;
    need(LINKER, &["--version"], "gcc-arm-linux-gnueabihf")?;
    let mut command = toolchain::cargo(runner, "build", &[LINKED])?;
    command.env("CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_LINKER", LINKER);
    command.args(PUBLISHED).args(["--package=pinzero-examples", "--lib", "--bins"]).args(EXAMPLES);
    // `rppal` is off by default, and depends on the word size.
    runner.run(command.arg("--all-features"))?;
    Ok(())
}

/// Returns all features of the published packages but `tls`, and but the lists of the default ones, which have it.
fn features_without_c(runner: &Runner) -> Result<String, Stop> {
    let metadata = runner.output("cargo", &["metadata", "--locked", "--no-deps", "--format-version=1"])?;
    let metadata: Value =
        serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let mut features = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let is_published = PUBLISHED.iter().any(|option| option.ends_with(&format!("={name}")));
        let all = package["features"].as_object().into_iter().flatten().map(|(feature, _)| feature);
        let wanted = all.filter(|feature| is_published && !["default", "tls"].contains(&feature.as_str()));
        features.extend(wanted.map(|feature| format!("{name}/{feature}")));
    }
    Ok(features.join(","))
}

/// Checks that the published packages compile with the oldest supported compiler.
pub(crate) fn oldest(runner: &mut Runner) -> Result<(), Stop> {
    let compiler = toolchain::debian()?;
    let version = runner.output(&compiler.to_string_lossy(), &["--version"])?;
    if !version.starts_with(&format!("rustc {OLDEST}.")) {
        let reason =
            format!("neither rustc-web nor rustc is {OLDEST} in Debian's archive any more, but {version}");
        return Err(Stop::Skipped(reason));
    }
    if toolchain::is_debian(runner, &[LINKED]) {
        println!("this compiler has built all packages for {LINKED}");
        return Ok(());
    }
    let mut command = runner.command("cargo");
    command.env("RUSTC", compiler).env_remove("RUSTFLAGS");
    runner.run(command.args(["check", "--locked", "--all-features"]).args(PUBLISHED))?;
    Ok(())
}
