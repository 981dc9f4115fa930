//! Prints changes of parts as lines, for a terminal without a view, and for logs.

use std::error::Error;
use std::time::{Duration, Instant};

use super::board::Simulator;
use super::words;
use crate::output;

/// How often the end is looked for.
const PAUSE: Duration = Duration::from_millis(50);

/// The least time between two lines about a part: a servo that moves, or a motor, changes with every frame.
const REST: Duration = Duration::from_millis(100);

/// Prints the state of each part that changes, until `is_over` says so.
///
/// # Errors
/// Any error of writing.
pub(crate) fn run(simulator: &Simulator, is_over: &dyn Fn() -> bool) -> Result<(), Box<dyn Error>> {
    let viewer = simulator.viewer();
    let width = simulator.scene().parts.iter().map(|part| part.name.chars().count()).max().unwrap_or(0);
    let mut seen = 0;
    let mut shown: Vec<(String, Option<Instant>)> =
        vec![(String::new(), None); simulator.scene().parts.len()];
    while !is_over() {
        let (number, frame) = viewer.wait(seen, PAUSE);
        seen = number;
        let mut lines = String::new();
        for ((part, look), (state, at)) in simulator.scene().parts.iter().zip(&frame.parts).zip(&mut shown) {
            let now = words::state(part, look);
            if now != *state && at.is_none_or(|at| at.elapsed() >= REST) {
                lines += &format!(
                    "{:9.3} s  {:width$}  {}\n",
                    frame.at / 1000.0,
                    part.name,
                    now.replace("\\n", " / ")
                );
                (*state, *at) = (now, Some(Instant::now()));
            }
        }
        if !lines.is_empty() {
            output::print(&lines)?;
        }
    }
    Ok(())
}
