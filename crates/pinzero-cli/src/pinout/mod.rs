//! `pinzero pinout`.

mod color;
mod drawing;
mod facts;
mod json;
mod letters;
mod live;
mod outline;
mod page;
mod svg;
pub(crate) mod words;

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use clap::Args;
use pinzero::Gpio;
use pinzero::board::Board;

use crate::factory::Factory;
use crate::output;
use crate::verdict::{Outcome, Verdict};

/// The error where there is no board to show.
const NO_BOARD: &str = "this computer is no Raspberry Pi, and no factory works here. Name a model: `pinzero pinout 4b` (`pinzero pinout \
                        --models` lists all). Or name another computer: `pinzero pinout --factory pigpio://HOST`. `pinzero doctor` \
                        tells why no factory works";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A model by its name, such as 4b, "Pi Zero 2 W" or 500+, or by its revision code, such as a02082 [default: this board]
    #[arg(value_name = "MODEL", conflicts_with_all = ["factory", "live"])]
    model: Vec<String>,

    #[command(flatten)]
    factory: Factory,

    /// Shows the function, level, pull and consumer of each pin, until q is pressed; marks changes for a second
    #[arg(long)]
    live: bool,

    /// The time between two readings of --live, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 100, value_parser = every, requires = "live")]
    every: u32,

    /// Prints the board as JSON, with the state of each line if there is a factory; with --models, a list of all models
    #[arg(long, conflicts_with_all = ["live", "svg"])]
    json: bool,

    /// Prints the pinout as a picture, or writes it into a file
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, conflicts_with_all = ["live", "models"])]
    svg: Option<Option<PathBuf>>,

    /// Lists all models with their revision codes
    #[arg(long, conflicts_with_all = ["model", "factory", "live"])]
    models: bool,
}

pub(crate) fn run(options: Options) -> Outcome {
    if options.models {
        match options.json {
            true => output::print_json(&json::models())?,
            false => output::print(&models())?,
        }
        return Ok(Verdict::Good);
    }
    if options.live {
        live::check_terminal()?;
        let gpio = options.factory.open()?;
        return live::run(&gpio, options.every);
    }
    let Shown { board, gpio, is_this_board } = Shown::find(&options)?;
    match options.svg {
        Some(Some(file)) => fs::write(&file, svg::write(&board, is_this_board))
            .map_err(|error| format!("{} cannot be written: {error}", file.display()))?,
        Some(None) => output::print(&svg::write(&board, is_this_board))?,
        None if options.json => output::print_json(&json::Pinout::new(&board, gpio.as_ref())?)?,
        None => output::print(&letters::printable(page::write(&board, is_this_board)))?,
    }
    Ok(Verdict::Good)
}

/// Parses the time between two readings, in milliseconds.
fn every(text: &str) -> Result<u32, String> {
    text.trim().parse().ok().filter(|ms| *ms >= 10).ok_or_else(|| "give 10 or more milliseconds".to_owned())
}

/// The board to show.
struct Shown {
    board: Board,
    /// The factory with its pins, if there is one.
    gpio: Option<Gpio>,
    /// `false` if only the model is known, and not its memory.
    is_this_board: bool,
}

impl Shown {
    fn find(options: &Options) -> Result<Shown, Box<dyn std::error::Error>> {
        let name = options.model.join(" ");
        if !options.model.is_empty() {
            let board = Board::from_name(&name)?;
            let is_this_board = is_code_of(&name, &board);
            return Ok(Shown { board, gpio: None, is_this_board });
        }
        let is_named = options.factory.name().is_some();
        // The board of this computer is known at once; a factory takes longer to start.
        let detected = if is_named { None } else { Board::detect() };
        if let (Some(board), false) = (&detected, options.json) {
            return Ok(Shown { board: board.clone(), gpio: None, is_this_board: true });
        }
        match (options.factory.open(), detected) {
            (Ok(gpio), _) => Ok(Shown { board: gpio.board().clone(), gpio: Some(gpio), is_this_board: true }),
            (Err(_), Some(board)) => Ok(Shown { board, gpio: None, is_this_board: true }),
            (Err(error), None) if is_named => Err(error.into()),
            (Err(_), None) => Err(NO_BOARD.into()),
        }
    }
}

/// Returns whether a text is the revision code of the board, rather than its name.
fn is_code_of(text: &str, board: &Board) -> bool {
    let text = text.trim().to_ascii_lowercase();
    let code = u32::from_str_radix(text.strip_prefix("0x").unwrap_or(&text), 16);
    code.is_ok_and(|code| Board::from_revision(code).as_ref() == Ok(board))
}

/// Returns the list of all models.
fn models() -> String {
    let mut text = String::new();
    for board in Board::models() {
        let (name, year) = (board.model(), board.facts().map_or(0, |facts| facts.released));
        let code = board.revision().unwrap_or_default();
        // Writing to a string does not fail.
        let _ = writeln!(text, "{name:<22} {year}  {:<7}  such as {code:04x}", board.soc().to_string());
    }
    text
}
