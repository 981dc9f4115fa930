//! Building for other systems than this one.

use crate::runner::{Runner, Stop, conclude, need};
use std::path::Path;
use std::process::{Command, ExitCode};

/// The systems on which the workspace has to build: Raspberry Pis of 64 bits, with either C library, and of 32 bits, the first
/// of them and the Zero, and the laptops beside them.
const SYSTEMS: [&str; 6] = [
    "aarch64-unknown-linux-gnu",
    "aarch64-unknown-linux-musl",
    "armv7-unknown-linux-gnueabihf",
    "arm-unknown-linux-gnueabihf",
    "x86_64-pc-windows-msvc",
    "aarch64-apple-darwin",
];

/// A system whose programs are linked as well, by a compiler from Debian's packages. Those for 64 bits are linked, and run, by
/// the Raspberry Pi rig. For an ARMv6 with hard float there is no such package: Debian's C library for hard float wants an ARMv7.
const LINKED: &str = "armv7-unknown-linux-gnueabihf";
const LINKER: &str = "arm-linux-gnueabihf-gcc";

pub(crate) fn main() -> ExitCode {
    conclude("cross", [check(&mut Runner::default())])
}

/// Checks that everything compiles for the other systems, up to what takes a linker, and that programs link for one of them.
pub(crate) fn check(runner: &mut Runner) -> Result<(), Stop> {
    let mut skipped = Vec::new();
    for system in SYSTEMS {
        match cargo(runner, "check", &[system]) {
            Ok(mut command) => {
                let others = ["--workspace", "--exclude=xtask", "--exclude=pinzero-bench"];
                if system.contains("linux") {
                    // It is off by default, and depends on the width of a word.
                    command.arg("--features=pinzero/rppal,pinzero-cli/rppal");
                }
                runner.run(command.args(others))?;
            }
            Err(Stop::Skipped(reason)) => skipped.push(reason),
            Err(stop) => return Err(stop),
        }
    }
    let linking = need(LINKER, &["--version"], "gcc-arm-linux-gnueabihf");
    match linking.and_then(|()| cargo(runner, "build", &[LINKED])) {
        Ok(mut command) => {
            command.env("CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_LINKER", LINKER);
            command.args(["--package=pinzero-cli", "--package=pinzero-examples", "--bins", "--examples"]);
            runner.run(command.arg("--features=pinzero-cli/rppal"))?;
        }
        Err(Stop::Skipped(reason)) => skipped.push(reason),
        Err(stop) => return Err(stop),
    }
    if skipped.is_empty() { Ok(()) } else { Err(Stop::Skipped(skipped.join("; "))) }
}

/// A command of cargo for other systems, with the standard libraries that the toolchain has for them. If one is missing, a
/// nightly toolchain builds them along, from its component `rust-src`.
pub(crate) fn cargo(runner: &Runner, command: &str, targets: &[&str]) -> Result<Command, Stop> {
    let mut cargo = runner.command("cargo");
    match targets.iter().find(|target| !has_library(runner, target)) {
        None => {
            cargo.arg(command);
        }
        // It may well warn of what ours does not know.
        Some(_) if has_source(runner) => {
            cargo.env_remove("RUSTFLAGS").args(["+nightly", command, "-Zbuild-std"]);
        }
        Some(target) => {
            let remedy = format!("`rustup target add {target}`, or a nightly toolchain with rust-src");
            return Err(Stop::Skipped(format!("no standard library for {target}: {remedy}")));
        }
    }
    cargo.arg("--locked").args(targets.iter().map(|target| format!("--target={target}")));
    Ok(cargo)
}

fn has_library(runner: &Runner, target: &str) -> bool {
    let library = runner.output("rustc", &["--print=target-libdir", "--target", target]);
    library.is_ok_and(|library| Path::new(library.trim()).is_dir())
}

fn has_source(runner: &Runner) -> bool {
    let root = runner.output("rustc", &["+nightly", "--print=sysroot"]);
    root.is_ok_and(|root| Path::new(root.trim()).join("lib/rustlib/src/rust/library").is_dir())
}
