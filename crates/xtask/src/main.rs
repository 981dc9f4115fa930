//! The developers' tool of the workspace. `cargo xtask ci` checks all that CI checks;
//! `cargo xtask kernel-rig` runs tests under a Linux kernel with a simulated GPIO chip;
//! `cargo xtask interop` runs those with the clients of others.

mod checks;
mod ci;
mod cross;
mod deep;
mod interop;
mod rig;
mod runner;

use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  ci [--keep-going]        check all that CI checks; stop at the first failure unless told to go on
  kernel-rig               run the tests that need the kernel rig, building its kernel first if need be
  kernel-rig --build-only  just build the kernel
  kernel-rig -- COMMAND    run COMMAND under the kernel, and exit with its status
  interop                  run the tests with clients in Python and Node, fetching these first if need be

The last two exit with 77 on a machine that cannot run them. More in docs/CONTRIBUTING.md and
crates/xtask/rig/README.md.";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["ci"] => ci::main(false),
        ["ci", "--keep-going"] => ci::main(true),
        ["kernel-rig"] => rig::main(rig::Task::Test),
        ["kernel-rig", "--build-only"] => rig::main(rig::Task::Build),
        ["kernel-rig", "--", command @ ..] if !command.is_empty() => rig::main(rig::Task::Run(command)),
        ["interop"] => interop::main(),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}
