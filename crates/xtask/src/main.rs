//! The developers' tool of the workspace. `cargo xtask ci` checks all that CI checks;
//! `cargo xtask kernel-rig` runs tests under a Linux kernel with a simulated GPIO chip;
//! `cargo xtask pi-rig` runs tests on an emulated Raspberry Pi;
//! `cargo xtask interop` tests the daemon with clients that others wrote;
//! `cargo xtask golden` records what the real gpiozero does;
//! `cargo xtask parity` compares gpiozero's items with ours;
//! `cargo xtask bench` measures speed and size.

mod bench;
mod broker;
mod checks;
mod ci;
mod cross;
mod deep;
mod golden;
mod interop;
mod kernel_rig;
mod map;
mod parity;
mod pi_rig;
mod rig;
mod runner;
mod schemas;
mod toolchain;

use ci::Extent;
use kernel_rig::KERNEL;
use pi_rig::PI;
use rig::Task;
use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  ci [--keep-going]        check all that CI checks; stop at the first failure unless told to go on
  ci quick [--keep-going]  check what each commit has to pass: formatting, lints, documentation, tests
  kernel-rig               run the tests that need the kernel rig, building its kernel first if need be
  kernel-rig --build-only  just build the kernel
  kernel-rig -- COMMAND    run COMMAND under the kernel, and exit with its status
  pi-rig                   run the tests that need an emulated Raspberry Pi, fetching its parts first if need be
                           (PINZERO_PI_RIG_MODEL=4: the COMMAND below runs on a Pi 4, not a Pi 3)
  pi-rig --fetch-only      just fetch the parts
  pi-rig -- COMMAND        run COMMAND there: a static aarch64 program, or a word to its shell
  bench [ARG...]           run the benches, with these arguments: `--help` tells which there are
  interop                  run the tests with clients in Python and Node, fetching these first if need be
  broker                   run the tests with mosquitto, an MQTT broker
  schemas                  validate what the command prints as JSON, and its completions, fetching a validator first if need be
  golden                   record on the real gpiozero what tests/tests/golden compares with, and the list of its items
  cross                    check that what is published builds for other systems, and by the oldest compiler
  parity                   write docs/parity.md: each item of gpiozero's devices, and ours
  parity --check           check that page: each item has a row, and each path of ours exists
  map                      compare docs/MAP.md with the tree: print files without a line, and lines without a file

All but the first exit with 77 on a machine that cannot run them. More in docs/CONTRIBUTING.md and the README.md
of crates/xtask/rig and crates/xtask/pi-rig.";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["ci"] => ci::main(Extent::Whole, false),
        ["ci", "--keep-going"] => ci::main(Extent::Whole, true),
        ["ci", "quick"] => ci::main(Extent::Quick, false),
        ["ci", "quick", "--keep-going"] => ci::main(Extent::Quick, true),
        ["kernel-rig"] => KERNEL.main(Task::Test),
        ["kernel-rig", "--build-only"] => KERNEL.main(Task::Prepare),
        ["kernel-rig", "--", command @ ..] if !command.is_empty() => KERNEL.main(Task::Run(command)),
        ["pi-rig"] => PI.main(Task::Test),
        ["pi-rig", "--fetch-only"] => PI.main(Task::Prepare),
        ["pi-rig", "--", command @ ..] if !command.is_empty() => PI.main(Task::Run(command)),
        ["bench", arguments @ ..] => bench::main(arguments),
        ["interop"] => interop::main(),
        ["broker"] => broker::main(),
        ["schemas"] => schemas::main(),
        ["golden"] => golden::main(),
        ["cross"] => cross::main(),
        ["parity"] => parity::main(false),
        ["parity", "--check"] => parity::main(true),
        ["map"] => map::main(),
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
