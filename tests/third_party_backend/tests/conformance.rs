//! Runs the conformance suite on the backend.

use std::any::Any;
use std::process::ExitCode;

use breadboard::{Breadboard, Desk};
use pinzero_conformance::{Rig, Suite, run};
use pinzero_core::time::Instant;
use pinzero_core::{Bias, Gpio, InputConfig, Level, Line, PinFactory, Result};

struct OnADesk {
    gpio: Gpio,
    desk: Desk,
}

impl OnADesk {
    fn new() -> Result<Self> {
        let desk = Desk::new();
        Ok(OnADesk { gpio: Gpio::new(Breadboard::new(&desk))?, desk })
    }
}

impl Rig for OnADesk {
    fn gpio(&self) -> &Gpio {
        &self.gpio
    }

    fn lines(&self) -> Vec<Line> {
        vec![Line(2), Line(3)]
    }

    fn drive(&self, line: Line, level: Option<Level>) -> Result<()> {
        self.desk.drive(line, level);
        Ok(())
    }

    fn observe(&self, line: Line) -> Result<Level> {
        Ok(self.desk.level(line))
    }

    fn changes(&self, line: Line) -> Result<Option<Vec<(Instant, Level)>>> {
        Ok(Some(self.desk.changes(line)))
    }

    fn factory(&self) -> Result<Option<Box<dyn PinFactory>>> {
        Ok(Some(Box::new(Breadboard::new(&self.desk))))
    }

    // Another process cannot reach pins in memory. A second factory does the same: core's reservations do not cover it.
    fn take_elsewhere(&self, line: Line) -> Result<Option<Box<dyn Any>>> {
        let config = InputConfig::new(Bias::AsIs);
        Ok(Some(Box::new(Breadboard::new(&self.desk).open_input(line, config)?)))
    }
}

fn main() -> ExitCode {
    run([Suite::new("breadboard", OnADesk::new)])
}
