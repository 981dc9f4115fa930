//! The command `pinzero`.

#[cfg(feature = "mqtt")]
mod broker;
mod circuit_file;
mod columns;
mod completions;
mod demo;
mod doctor;
mod factory;
#[cfg(feature = "mqtt")]
mod fleet;
mod lines;
mod logger;
#[cfg(feature = "mqtt")]
mod mqtt;
mod output;
mod patience;
mod pinout;
mod screen;
mod scroll;
mod serve;
mod sim;
mod test;
mod verdict;
mod world;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use pinzero_conformance::OtherProcess;

use crate::verdict::{Outcome, Verdict};

/// Sees, drives, tests and simulates the pins of a Raspberry Pi.
#[derive(Debug, Parser)]
#[command(name = "pinzero", version, arg_required_else_help = true, after_help = verdict::EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows what pinzero does, without hardware, in ten seconds
    Demo(demo::Options),
    /// Shows the board and its pins
    Pinout(pinout::Options),
    /// Tells which factories work here, and how to make the others work
    Doctor(doctor::Options),
    /// Reads lines
    Read(lines::read::Options),
    /// Drives lines high or low
    Write(lines::write::Options),
    /// Drives a line to its other level
    Toggle(lines::toggle::Options),
    /// Blinks lines
    Blink(lines::blink::Options),
    /// Fades lines in and out
    Pulse(lines::pulse::Options),
    /// Drives a line by a PWM signal
    Pwm(lines::pwm::Options),
    /// Moves a servo
    Servo(lines::servo::Options),
    /// Waits for an edge
    Wait(lines::wait::Options),
    /// Prints the edges of lines, and records them
    Monitor(lines::monitor::Options),
    /// Tests pins, and writes a report
    Test(test::Options),
    /// Simulates a breadboard, for programs in any language
    Sim(sim::Options),
    /// Puts the devices of a circuit file on an MQTT broker, for Home Assistant and others
    #[cfg(feature = "mqtt")]
    Mqtt(mqtt::Options),
    /// Shows the nodes of an MQTT broker, and sends commands to their devices
    #[cfg(feature = "mqtt")]
    Fleet(fleet::Options),
    /// Serves the pins to programs that speak pigpiod's protocol: gpiozero, pigpio.py, pigpio-client, pigs
    Serve(serve::Options),
    /// Prints the completions for a shell
    Completions(completions::Shell),
    /// Writes the man pages into a folder
    Man(completions::Pages),
}

impl Command {
    fn run(self) -> Outcome {
        match self {
            Command::Demo(options) => demo::run(options),
            Command::Pinout(options) => pinout::run(options),
            Command::Doctor(options) => doctor::run(options),
            Command::Read(options) => lines::read::run(options),
            Command::Write(options) => lines::write::run(options),
            Command::Toggle(options) => lines::toggle::run(options),
            Command::Blink(options) => lines::blink::run(options),
            Command::Pulse(options) => lines::pulse::run(options),
            Command::Pwm(options) => lines::pwm::run(options),
            Command::Servo(options) => lines::servo::run(options),
            Command::Wait(options) => lines::wait::run(options),
            Command::Monitor(options) => lines::monitor::run(options),
            Command::Test(options) => test::run(options),
            Command::Sim(options) => sim::run(options),
            #[cfg(feature = "mqtt")]
            Command::Mqtt(options) => mqtt::run(options),
            #[cfg(feature = "mqtt")]
            Command::Fleet(options) => fleet::run(options),
            Command::Serve(options) => serve::main(options),
            Command::Completions(shell) => completions::print(shell),
            Command::Man(pages) => completions::write_pages(pages),
        }
    }
}

fn main() -> ExitCode {
    let outcome = match OtherProcess::task() {
        Some(task) => test::other_process(&task),
        None => Arguments::parse().command.run(),
    };
    match outcome {
        Ok(Verdict::Good) => ExitCode::SUCCESS,
        Ok(Verdict::Bad) => ExitCode::from(verdict::BAD),
        // The reader of a pipe has gone, as `head` does: nothing is wrong.
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
