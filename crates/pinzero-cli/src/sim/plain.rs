//! Prints changes of parts as lines, for a terminal without a view, and for logs.

use std::error::Error;
use std::time::Duration;

use super::board::Simulator;
use super::words;
use crate::output;

/// How often the end is looked for.
const PAUSE: Duration = Duration::from_millis(50);

/// Prints the state of each part that changes, until `is_over` says so.
///
/// # Errors
/// Any error of writing.
pub(crate) fn run(simulator: &Simulator, is_over: &dyn Fn() -> bool) -> Result<(), Box<dyn Error>> {
    let viewer = simulator.viewer();
    let width = simulator.scene().parts.iter().map(|part| part.name.chars().count()).max().unwrap_or(0);
    let (mut seen, mut shown) = (0, Vec::new());
    while !is_over() {
        let (number, frame) = viewer.wait(seen, PAUSE);
        if number == seen {
            continue;
        }
        seen = number;
        let states: Vec<_> = simulator
            .scene()
            .parts
            .iter()
            .zip(&frame.parts)
            .map(|(part, look)| words::state(part, look))
            .collect();
        let mut lines = String::new();
        for (index, state) in states.iter().enumerate() {
            if shown.get(index) != Some(state) {
                let name = &simulator.scene().parts[index].name;
                lines +=
                    &format!("{:9.3} s  {name:width$}  {}\n", frame.at / 1000.0, state.replace('\n', " / "));
            }
        }
        if !lines.is_empty() {
            output::print(&lines)?;
        }
        shown = states;
    }
    Ok(())
}
