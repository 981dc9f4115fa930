//! The command `pinzero`.

mod logger;
mod serve;
mod world;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Drives GPIO pins, and lets other programs drive them.
#[derive(Debug, Parser)]
#[command(name = "pinzero", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the pins to programs that speak pigpiod's protocol: gpiozero, pigpio.py, pigpio-client, pigs
    Serve(serve::Options),
}

fn main() -> ExitCode {
    let Command::Serve(options) = Arguments::parse().command;
    if let Err(error) = logger::start(options.verbose) {
        eprintln!("pinzero: the thread that writes messages cannot be started: {error}");
        return ExitCode::FAILURE;
    }
    let result = serve::run(options);
    if let Err(error) = &result {
        logger::print_error(format!("pinzero: {error}"));
    }
    logger::finish();
    if result.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
