//! Builds for other systems, and with the oldest supported compiler.

use crate::runner::{Runner, Stop, conclude, need};
use crate::toolchain::{self, OLDEST};
use std::process::ExitCode;

/// The published packages, which must build on users' systems.
const PUBLISHED: [&str; 11] = [
    "--package=pinzero",
    "--package=pinzero-board",
    "--package=pinzero-cdev",
    "--package=pinzero-circuit",
    "--package=pinzero-cli",
    "--package=pinzero-conformance",
    "--package=pinzero-core",
    "--package=pinzero-daemon",
    "--package=pinzero-parts",
    "--package=pinzero-pigpio",
    "--package=pinzero-rppal",
];

/// The systems for which packages are checked without linking, in runs of cargo: first those with prebuilt standard
/// libraries, then those that may lack them. The second are the first Raspberry Pis and the Zero, whose ARMv6 stands
/// for 32 bits and musl for the other C library, and laptops.
const CHECKED: [&[&str]; 2] = [
    &["aarch64-unknown-linux-gnu"],
    &["arm-unknown-linux-musleabihf", "x86_64-pc-windows-msvc", "aarch64-apple-darwin"],
];

/// A system for which some programs are linked as well, by a compiler from Debian's packages. Those for 64 bits are linked, and run, by
/// the Raspberry Pi rig. For an ARMv6 with hard float there is no such package: Debian's C library for hard float wants an ARMv7.
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
    for systems in CHECKED {
        let mut command = toolchain::cargo(runner, "check", systems)?;
        // `rppal` is off by default, depends on the word size, and is empty on systems other than Linux.
        runner.run(command.args(PUBLISHED).arg("--all-features"))?;
    }
    need(LINKER, &["--version"], "gcc-arm-linux-gnueabihf")?;
    let mut command = toolchain::cargo(runner, "build", &[LINKED])?;
    command.env("CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_LINKER", LINKER);
    command.args(["--package=pinzero-cli", "--package=pinzero-examples", "--bins"]).args(EXAMPLES);
    runner.run(command.arg("--features=pinzero-cli/rppal"))?;
    Ok(())
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
    let mut command = runner.command("cargo");
    command.env("RUSTC", compiler).env_remove("RUSTFLAGS");
    runner.run(command.args(["check", "--locked", "--all-features"]).args(PUBLISHED))?;
    Ok(())
}
