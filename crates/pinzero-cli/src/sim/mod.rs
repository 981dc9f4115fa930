//! `pinzero sim`: a breadboard without hardware.

mod board;
mod examples;
mod meter;
pub(crate) mod part;
mod plain;
mod program;
pub(crate) mod scene;
mod script;
mod signal;
pub(crate) mod state;
pub(crate) mod terminal;
mod tracer;
#[cfg(feature = "web")]
mod web;
mod words;

use std::env;
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{ArgGroup, Args};
use parking_lot::Mutex;
use pinzero_circuit::Circuit;
use serde::Serialize;

use crate::factory::daemon_port;
use crate::verdict::{Outcome, Verdict};
use crate::{circuit_file, output, screen};
use board::Simulator;
use program::{Console, Program};

#[derive(Debug, Args)]
#[command(override_usage = "pinzero sim [OPTIONS] <FILE|--example <NAME>> [-- <PROGRAM>...]")]
#[command(group = ArgGroup::new("what").args(["file", "example", "list_examples", "run_example"]))]
pub(crate) struct Options {
    /// The circuit file: which part hangs on which pins; docs/circuit.md describes it
    #[arg(value_name = "FILE", required_unless_present_any = ["example", "list_examples", "run_example"])]
    file: Option<PathBuf>,

    /// Runs an example instead, circuit and program together
    #[arg(long, value_name = "NAME")]
    example: Option<String>,

    /// Lists the examples
    #[arg(long)]
    list_examples: bool,

    /// Prints the list of examples as JSON
    #[arg(long, requires = "list_examples", conflicts_with_all = ["file", "example"])]
    json: bool,

    /// Writes the files of the example into a folder, to change them; runs nothing
    #[arg(long, value_name = "DIR", requires = "example")]
    export: Option<PathBuf>,

    /// The port for programs; 0 takes any free port [default: $PIGPIO_PORT, else 8888]
    #[arg(long, short)]
    port: Option<u16>,

    /// Shows the board in the browser too, at http://127.0.0.1:PORT [default port: 8080]
    #[cfg(feature = "web")]
    #[arg(long, value_name = "PORT", num_args = 0..=1, require_equals = true, default_missing_value = "8080")]
    web: Option<u16>,

    /// Prints changes as lines, and shows no board in the terminal
    #[arg(long, visible_alias = "no-terminal")]
    headless: bool,

    /// Plays a script of presses and checks, and ends: with 3 if a check failed
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,

    /// Runs the program of an example, in the process that an example starts
    #[arg(long, hide = true, value_name = "NAME")]
    run_example: Option<String>,

    /// The program to run on the board, with its arguments; the simulator ends with it
    #[arg(last = true, value_name = "PROGRAM")]
    program: Vec<String>,
}

/// What `--list-examples --json` prints.
#[derive(Debug, Serialize)]
struct List {
    examples: Vec<Listed>,
}

#[derive(Debug, Serialize)]
struct Listed {
    name: &'static str,
    title: &'static str,
}

pub(crate) fn run(options: Options) -> Outcome {
    if let Some(name) = &options.run_example {
        (examples::find(name)?.main)()?;
        return Ok(Verdict::Good);
    }
    if options.list_examples && options.json {
        let examples = examples::all().map(|example| Listed { name: example.name, title: example.title() });
        output::print_json(&List { examples: examples.collect() })?;
        return Ok(Verdict::Good);
    }
    if options.list_examples {
        let list = examples::all().map(|example| format!("{:15}  {}\n", example.name, example.title()));
        output::print(&list.collect::<String>())?;
        return Ok(Verdict::Good);
    }
    if let (Some(name), Some(folder)) = (&options.example, &options.export) {
        let told = |error: io::Error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                format!("{} is there already: choose a folder that is not there", folder.display())
            }
            _ => format!("{}: {error}", folder.display()),
        };
        let files = examples::find(name)?.export(folder).map_err(told)?;
        let mut text: String = files.iter().map(|file| format!("{}\n", file.display())).collect();
        let [circuit, program] = ["circuit.toml", "program.py"].map(|file| folder.join(file));
        text += &format!("next: pinzero sim {} -- python3 {}\n", circuit.display(), program.display());
        output::print(&text)?;
        return Ok(Verdict::Good);
    }
    simulate(&options)
}

/// Builds the circuit, runs the program, and shows the board or plays the script.
fn simulate(options: &Options) -> Outcome {
    let circuit = options.circuit()?;
    if let Some(sentence) = scene::left_out(&circuit) {
        output::note(&sentence);
    }
    let simulator = Simulator::start(&circuit, daemon_port(options.port)?)?;
    let steps = options.script.as_deref().map(|path| read_script(path, &simulator)).transpose()?;
    let is_stopped = Arc::new(AtomicBool::new(false));
    let program = Arc::new(Mutex::new(None::<Program>));
    // The handler is never dropped, but the program has to end with this function.
    let (flag, running) = (is_stopped.clone(), Arc::downgrade(&program));
    ctrlc::set_handler(move || {
        flag.store(true, Ordering::Relaxed);
        screen::end_if_stuck(|| {
            // Ending the program takes a while, in which nobody may wait for the lock.
            let program = running.upgrade().and_then(|program| program.lock().take());
            drop(program);
        });
    })?;

    let page = options.start_page(&simulator)?;
    if let Some(page) = &page {
        output::print(&format!("the board is at {page}\n"))?;
    }

    let has_view = !options.headless && steps.is_none() && terminal::is_there();
    let console = Console::default();
    let command = options.command()?;
    if !has_view && steps.is_none() {
        output::print(&greeting(&simulator, options.example.as_deref(), command.is_empty()))?;
    }
    if !command.is_empty() {
        let started = Program::start(&command, simulator.port(), has_view.then_some(&console))?;
        *program.lock() = Some(started);
    }
    let ended = || program.lock().as_mut().and_then(Program::ended);
    let is_stopped = || is_stopped.load(Ordering::Relaxed);
    let is_over = || is_stopped() || ended().is_some();
    // A program that has ended well may do so before the last check looks at what it has left.
    let failure = || program.lock().as_mut().and_then(Program::failure);
    let verdict = match steps {
        Some(steps) => script::play(&simulator, &steps, &is_stopped, &failure)?,
        None if has_view => terminal::run(&simulator, page, &console, &is_over).map(|()| Verdict::Good)?,
        None => plain::run(&simulator, &is_over).map(|()| Verdict::Good)?,
    };
    let program = program.lock().take();
    finish(program, is_stopped(), verdict)
}

/// Ends the program, and tells how it has ended if it failed by itself. `is_stopped` tells whether the user has stopped the command.
fn finish(program: Option<Program>, is_stopped: bool, verdict: Verdict) -> Outcome {
    let Some(mut program) = program else { return Ok(verdict) };
    // Ctrl-C in a terminal goes to the program too, which may be the first to notice.
    if let Some(failure) = program.failure().filter(|_| !is_stopped && !program.is_interrupted()) {
        return Err(failure.into());
    }
    program.stop();
    Ok(verdict)
}

fn read_script(path: &Path, simulator: &Simulator) -> Result<Vec<script::Step>, Box<dyn Error>> {
    let text = circuit_file::read_text(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let steps = script::parse(&text, simulator.scene(), &simulator.frame())
        .map_err(|mistake| format!("{}, {mistake}", path.display()))?;
    if !steps.iter().any(|step| matches!(step.doing, script::Doing::Expect { .. })) {
        let advice = "add a step such as `expect PART on`";
        return Err(format!("{}: the script checks nothing: {advice}", path.display()).into());
    }
    Ok(steps)
}

impl Options {
    fn circuit(&self) -> Result<Circuit, Box<dyn Error>> {
        if let Some(name) = &self.example {
            return Ok(Circuit::parse(examples::find(name)?.circuit)?);
        }
        let path = self.file.as_deref().unwrap_or(Path::new("circuit.toml"));
        circuit_file::read(path)
    }

    /// Serves the page in the browser, if the user wants one, and returns its address.
    #[cfg(feature = "web")]
    fn start_page(&self, simulator: &Simulator) -> Result<Option<String>, String> {
        let address = self.web.map(|port| web::start(simulator, port)).transpose()?;
        Ok(address.map(|address| format!("http://{address}")))
    }

    #[cfg(not(feature = "web"))]
    fn start_page(&self, _: &Simulator) -> Result<Option<String>, String> {
        Ok(None)
    }

    /// Returns the program with its arguments: the user's own, or that of the example, which is in this executable.
    fn command(&self) -> Result<Vec<String>, Box<dyn Error>> {
        match &self.example {
            Some(name) if self.program.is_empty() => {
                let this = env::current_exe()?.to_string_lossy().into_owned();
                Ok(vec![this, "sim".to_owned(), format!("--run-example={name}")])
            }
            _ => Ok(self.program.clone()),
        }
    }
}

/// Says what is there, and how a program gets there.
fn greeting(simulator: &Simulator, example: Option<&str>, needs_program: bool) -> String {
    let scene = simulator.scene();
    let mut text = format!("{} on a {}, at {}\n", scene.title, scene.board, scene.address);
    if let Some(name) = example {
        text +=
            &format!("`pinzero sim --example {name} --export DIR` writes the program for you to change\n");
    }
    if needs_program {
        text += "a program finds the board with these variables:\n";
        for (variable, value) in program::environment(simulator.port()) {
            text += &format!("  export {variable}={value}\n");
        }
    }
    text
}
