//! `pinzero sim`: a breadboard without hardware.

mod board;
mod part;
mod plain;
mod program;
mod scene;
mod signal;
pub(crate) mod state;
pub(crate) mod terminal;
mod tracer;
#[cfg(feature = "web")]
mod web;
mod words;

use std::cell::RefCell;
use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use pinzero_circuit::Circuit;

use crate::output;
use crate::verdict::{Outcome, Verdict};
use board::Simulator;
use program::{Console, Program};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The circuit file: which part hangs on which pins
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// The port for programs; 0 takes any free port [default: $PIGPIO_PORT, else 8888]
    #[arg(long, short)]
    port: Option<u16>,

    /// Shows the board in the browser too, at http://127.0.0.1:PORT
    #[cfg(feature = "web")]
    #[arg(long, value_name = "PORT", num_args = 0..=1, require_equals = true, default_missing_value = "8080")]
    web: Option<u16>,

    /// Prints changes as lines, and shows no board in the terminal
    #[arg(long, visible_alias = "no-terminal")]
    headless: bool,

    /// The program to run on the board, with its arguments; the simulator ends with it
    #[arg(last = true, value_name = "PROGRAM")]
    program: Vec<String>,
}

pub(crate) fn run(options: Options) -> Outcome {
    let circuit = options.circuit()?;
    let simulator = Simulator::start(&circuit, options.port()?)?;
    let is_stopped = Arc::new(AtomicBool::new(false));
    let flag = is_stopped.clone();
    ctrlc::set_handler(move || {
        flag.store(true, Ordering::Relaxed);
        terminal::screen::end_if_stuck();
    })?;

    #[cfg(feature = "web")]
    if let Some(port) = options.web {
        let address = web::start(&simulator, port)?;
        output::print(&format!("the board is at http://{address}\n"))?;
    }

    let has_view = !options.headless && terminal::is_there();
    let console = Console::default();
    if !has_view {
        output::print(&greeting(&simulator, options.program.is_empty()))?;
    }
    let program = match options.program.is_empty() {
        true => None,
        false => Some(Program::start(&options.program, simulator.port(), has_view.then_some(&console))?),
    };
    let program = RefCell::new(program);
    let ended = || program.borrow_mut().as_mut().and_then(Program::ended);
    let is_over = || is_stopped.load(Ordering::Relaxed) || ended().is_some();
    if has_view {
        terminal::run(&simulator, &console, &is_over)?;
    } else {
        plain::run(&simulator, &is_over)?;
    }
    finish(program.into_inner())
}

/// Ends the program, and tells how it has ended if it was by itself.
fn finish(program: Option<Program>) -> Outcome {
    let Some(mut program) = program else { return Ok(Verdict::Good) };
    match program.ended() {
        Some(status) if status.success() => Ok(Verdict::Good),
        Some(status) => Err(program.farewell(status).into()),
        None => {
            program.stop();
            Ok(Verdict::Good)
        }
    }
}

impl Options {
    fn circuit(&self) -> Result<Circuit, Box<dyn Error>> {
        let Some(path) = &self.file else { return Err("give a circuit file".into()) };
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Circuit::parse(&text).map_err(|mistake| format!("{}, {mistake}", path.display()).into())
    }

    fn port(&self) -> Result<u16, String> {
        match (self.port, env::var("PIGPIO_PORT")) {
            (Some(port), _) => Ok(port),
            (None, Ok(text)) if !text.is_empty() => {
                text.parse().map_err(|_| format!("PIGPIO_PORT is {text:?}: use a number from 0 to 65535"))
            }
            (None, _) => Ok(pinzero_daemon::PORT),
        }
    }
}

/// Says what is there, and how a program gets there.
fn greeting(simulator: &Simulator, tells_how: bool) -> String {
    let scene = simulator.scene();
    let mut text = format!("{} on a {}, at {}\n", scene.title, scene.board, scene.address);
    if tells_how {
        text += "a program finds the board with these variables:\n";
        for (variable, value) in program::environment(simulator.port()) {
            text += &format!("  export {variable}={value}\n");
        }
    }
    text
}
