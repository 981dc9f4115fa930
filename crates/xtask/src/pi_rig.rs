//! Builds and runs the tests for the emulated Raspberry Pi.

use crate::rig::Rig;
use crate::runner::{Runner, Stop, root};
use crate::toolchain;
use std::path::PathBuf;
use std::process::Command;

const TARGET: &str = "aarch64-unknown-linux-gnu";

/// The Pi rig: an emulated Raspberry Pi.
pub(crate) const PI: Rig = Rig { name: "pi-rig", folder: "pi-rig", prepare: "fetch.sh", tests };

/// Builds the tests of the register backend, those of the character device on a Raspberry Pi, and a program that blinks
/// by registers; runs them on both models.
fn tests(rig: &Rig, runner: &mut Runner) -> Result<(), Stop> {
    // The same packages in both runs of cargo, so that both have the dependencies with the same features: one build of them.
    let [mut example, mut tests] = [cargo(runner, "build")?, cargo(runner, "test")?];
    for command in [&mut example, &mut tests] {
        command.args(["--package=pinzero-rppal", "--package=pinzero-cdev", "--package=pinzero-examples"]);
        command.arg("--features=pinzero/rppal");
    }
    runner.run(example.arg("--example=led_blink"))?;
    tests.args(["--lib", "--test=conformance", "--test=pi", "--test=pulls"]);
    let programs = runner.build_tests(&mut tests)?;
    let also = folder().join("debug/examples/led_blink");

    let machines = runner.output("qemu-system-aarch64", &["-M", "help"])?;
    // QEMU got the Pi 4 together with the I2C controller of the Pi 3.
    let on_3: &[_] = if machines.contains("raspi4b") {
        &["--skip=on_a_pi_4"]
    } else {
        &["--skip=on_a_pi_4", "--skip=on_a_pi_3"]
    };
    for (model, left_out) in [("3", on_3), ("4", &["--skip=on_a_pi_3"])] {
        if !machines.contains(&format!("raspi{model}b")) {
            let reason =
                format!("the installed QEMU has no Raspberry Pi {model}B, which versions from 9 on have");
            return Err(Stop::Skipped(reason));
        }
        let wanted = [("crates/pinzero-rppal", &[][..]), ("crates/pinzero-cdev", &["pi"])];
        rig.run_tests(runner, &programs, &wanted, |command| {
            command.env("PINZERO_PI_RIG", "1").env("PINZERO_PI_RIG_ALSO", &also);
            command.env("PINZERO_PI_RIG_MODEL", model).arg("--include-ignored").args(left_out);
        })?;
    }
    Ok(())
}

/// Builds programs with a profile, and returns their paths.
pub(crate) fn build(runner: &mut Runner, profile: &str, what: &[&str]) -> Result<PathBuf, Stop> {
    let mut command = cargo(runner, "build")?;
    runner.run(command.args(["--profile", profile]).args(what))?;
    Ok(folder().join(profile))
}

/// Returns the folder of cargo's output.
fn folder() -> PathBuf {
    root().join("target/pi-rig").join(TARGET)
}

/// Returns a command of cargo for statically linked programs.
fn cargo(runner: &Runner, command: &str) -> Result<Command, Stop> {
    let mut cargo = toolchain::cargo(runner, command, &[TARGET])?;
    // Use a directory of its own: with these flags cargo rebuilds everything.
    cargo
        .env("RUSTFLAGS", "-Ctarget-feature=+crt-static")
        .env("CARGO_TARGET_DIR", root().join("target/pi-rig"));
    cargo.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", "aarch64-linux-gnu-gcc");
    Ok(cargo)
}
