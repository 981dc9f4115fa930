//! The other process of a trial: this program, with a task in its environment.

use std::error::Error;

use pinzero::{Gpio, Level};
use pinzero_conformance::OtherProcess;

use crate::factory::Factory;
use crate::verdict::{Outcome, Verdict};

/// The first word of a task to drive a line.
const DRIVE: &str = "drive";

/// Returns the task to drive a line, in the format of [`other_process`].
pub(crate) fn drive_task(line: u32, level: Level, factory: &str) -> String {
    format!("{DRIVE} {line} {level} {factory}")
}

/// Does the task of another process: `LINE FACTORY` takes a line, `drive LINE LEVEL FACTORY` drives one, until the first process
/// is done.
pub(crate) fn other_process(task: &str) -> Outcome {
    let words: Vec<&str> = task.split_whitespace().collect();
    let held = match words[..] {
        [DRIVE, line, level, ref factory @ ..] => {
            let level = Level::from(level == Level::High.to_string());
            OtherProcess::hold(open(factory)?.output(line).initial(level).open()?)
        }
        [line, ref factory @ ..] => OtherProcess::hold(open(factory)?.input(line).open()?),
        [] => return Err("this is the other process of a trial, without a task".into()),
    };
    // An error means that the first process has been stopped. A message would come after the user's next prompt.
    Ok(if held.is_ok() { Verdict::Good } else { Verdict::Bad })
}

fn open(factory: &[&str]) -> Result<Gpio, Box<dyn Error>> {
    let factory = Factory { factory: factory.first().map(|&name| name.to_owned()) };
    Ok(factory.open()?)
}
