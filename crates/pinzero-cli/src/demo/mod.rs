//! `pinzero demo`: a program on a simulated board.

mod play;
mod show;

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};
use clap::Args;

use self::play::{LENGTH, Play, STEPS};
use crate::verdict::{Outcome, Verdict};
use crate::{output, screen};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const CODE: Style = AnsiColor::Green.on_default();

/// The first program of a reader.
const PROGRAM: &str = "\
use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let led = Led::new(17)?;
    led.blink(ms(500), ms(500))?;
    pinzero::pause();
    Ok(())
}
";

#[derive(Debug, Args)]
#[command(
    after_help = "In a terminal, the demo takes eight seconds, and any key ends it. Elsewhere, it takes none: time is simulated, too."
)]
pub(crate) struct Options {
    /// Writes the timing diagram as an SVG image
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

pub(crate) fn run(options: Options) -> Outcome {
    let mut play = Play::new()?;
    if let Some(path) = &options.svg {
        write_picture(path)?;
    }
    if screen::is_usable() {
        if show::run(&mut play)? == show::End::Stopped {
            return Ok(Verdict::Good);
        }
    } else {
        output::print(&steps()?)?;
    }
    // A viewer who has seen enough gets the whole diagram nevertheless.
    play.advance(LENGTH)?;
    let text = play.trace().diagram().lines(play::LINES).columns(78);
    output::print(&format!("{BOLD}What the pins did:{BOLD:#}\n{text}\n\n{}", next()?))?;
    Ok(Verdict::Good)
}

/// Writes the timing diagram of the whole play. Time is simulated, so this takes none.
fn write_picture(path: &Path) -> Result<(), Box<dyn Error>> {
    let mut play = Play::new()?;
    play.advance(LENGTH)?;
    let image = play.trace().diagram().lines(play::LINES).title("pinzero demo").to_svg();
    std::fs::write(path, image).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Lists the steps of the play.
fn steps() -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(text, "{BOLD}A program on a simulated Raspberry Pi:{BOLD:#}\n")?;
    for step in &STEPS {
        writeln!(text, "  {DIM}{:.1} s{DIM:#}  {CODE}{}{CODE:#}", step.at.as_secs_f64(), step.words)?;
    }
    writeln!(text)?;
    Ok(text)
}

/// Tells what a user can do next.
fn next() -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(text, "{BOLD}Next:{BOLD:#}")?;
    for (command, what) in [
        ("pinzero sim --example doorbell", "a breadboard for programs in any language"),
        ("pinzero pinout", "the pins of this board"),
    ] {
        writeln!(text, "  {CODE}{command:<32}{CODE:#} {what}")?;
    }
    writeln!(text, "\n{BOLD}A program of your own:{BOLD:#}\n")?;
    for line in PROGRAM.lines() {
        let indent = if line.is_empty() { "" } else { "    " };
        writeln!(text, "{indent}{CODE}{line}{CODE:#}")?;
    }
    Ok(text)
}
