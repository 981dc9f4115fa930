//! Compiles for other systems, and with the oldest supported compiler.

use crate::runner::{Runner, Stop, UNSUPPORTED, root};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The oldest compiler that the workspace promises to build with.
pub(crate) const OLDEST: &str = env!("CARGO_PKG_RUST_VERSION");

/// Returns a command of cargo for other systems. Takes the standard libraries of the installed toolchain; if one is missing,
/// takes Debian's compiler, with the library that Debian has built, or else with one that cargo builds along.
pub(crate) fn cargo(runner: &Runner, command: &str, targets: &[&str]) -> Result<Command, Stop> {
    let mut cargo = runner.command("cargo");
    cargo.args([command, "--locked"]).args(targets.iter().map(|target| format!("--target={target}")));
    if is_debian(runner, targets) {
        let compiler = debian()?;
        if !has_libraries(runner, &compiler, targets) {
            cargo.env("RUSTC_BOOTSTRAP", "1").arg("-Zbuild-std=std,panic_unwind");
        }
        // Compilers of different ages have different warnings.
        cargo.env_remove("RUSTFLAGS").env("RUSTC", compiler);
    }
    Ok(cargo)
}

/// Returns whether [`cargo`] takes Debian's compiler for these systems.
pub(crate) fn is_debian(runner: &Runner, targets: &[&str]) -> bool {
    !has_libraries(runner, Path::new("rustc"), targets)
}

/// Returns the compiler from Debian's packages, and fetches it if needed.
pub(crate) fn debian() -> Result<PathBuf, Stop> {
    let fetch = root().join("crates/xtask/toolchain/fetch.sh");
    let output = Command::new(&fetch).arg(OLDEST).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("{}: {error}", fetch.display()))?;
    match output.status.code() {
        Some(0) => Ok(Path::new(String::from_utf8_lossy(&output.stdout).trim()).join("rustc")),
        Some(status) if status == i32::from(UNSUPPORTED) => {
            Err(Stop::Skipped("Debian's compiler cannot be fetched or run here, see above".to_owned()))
        }
        _ => Err(Stop::Failed("Debian's compiler could not be made ready".to_owned())),
    }
}

fn has_libraries(runner: &Runner, compiler: &Path, targets: &[&str]) -> bool {
    targets.iter().all(|target| {
        let arguments = ["--print=target-libdir", "--target", target];
        let library = runner.output(&compiler.to_string_lossy(), &arguments);
        library.is_ok_and(|library| Path::new(library.trim()).is_dir())
    })
}
