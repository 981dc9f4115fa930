//! The conformance suite on an emulated Raspberry Pi 3 and 4: `cargo xtask pi-rig`.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
mod outside;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    emulated::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    ExitCode::SUCCESS
}

#[cfg(target_os = "linux")]
mod emulated {
    use std::cell::RefCell;
    use std::env;
    use std::process::ExitCode;
    use std::time::Duration;

    use pinzero_conformance::{Deviation, Rig, Suite, run};
    use pinzero_core::board::Pull;
    use pinzero_core::time::ms;
    use pinzero_core::{Gpio, Level, Line, PinFactory, Result};
    use pinzero_rppal::RppalFactory;

    use crate::outside::Outside;

    /// By turns, they rest high and low, as the board says.
    const LINES: [Line; 4] = [Line(4), Line(17), Line(5), Line(22)];

    const NO_PULLS: &str = "QEMU's Raspberry Pi has no pulls";

    const DEVIATIONS: &[Deviation] = &[
        Deviation { trial: "output::leaves_the_pull_asked_for", reason: NO_PULLS },
        Deviation { trial: "group::leaves_the_pull_asked_for", reason: NO_PULLS },
        Deviation { trial: "pwm::leaves_the_pull_asked_for", reason: NO_PULLS },
        Deviation { trial: "input::is_pulled", reason: NO_PULLS },
        Deviation { trial: "input::a_driver_beats_the_pull", reason: NO_PULLS },
        Deviation { trial: "input::gives_the_pull_back", reason: NO_PULLS },
        Deviation { trial: "inputs::are_pulled", reason: NO_PULLS },
        Deviation { trial: "flex::is_pulled_as_it_turns", reason: NO_PULLS },
        Deviation { trial: "flex::leaves_the_pull_asked_for", reason: NO_PULLS },
        Deviation { trial: "i2c::calls_a_device", reason: NO_PULLS },
        Deviation { trial: "i2c::waits_for_a_held_line_and_no_longer", reason: NO_PULLS },
        Deviation { trial: "i2c::gives_its_lines_back", reason: NO_PULLS },
    ];

    pub(super) fn main() -> ExitCode {
        let has_rig = env::var_os("PINZERO_PI_RIG").is_some();
        let missing = (!has_rig).then_some("no Pi: run `cargo xtask pi-rig`");
        run([Suite::new("registers", Pi::new).deviations(DEVIATIONS).missing(missing)])
    }

    /// QEMU's Raspberry Pi raises no interrupts for its lines: the kernel would wait for edges forever.
    fn factory() -> Result<RppalFactory> {
        RppalFactory::registers_only()
    }

    /// The emulated Raspberry Pi, seen from outside. QEMU has no pulls, so this plays those of power-up: a line that
    /// nobody drives is back at rest when it is looked at.
    struct Pi {
        gpio: Gpio,
        outside: Outside,
        /// The lines that are driven from outside.
        driven: RefCell<Vec<Line>>,
    }

    impl Pi {
        fn new() -> Result<Self> {
            let rig =
                Pi { gpio: Gpio::new(factory()?)?, outside: Outside::new()?, driven: RefCell::default() };
            LINES.iter().try_for_each(|line| rig.drive(*line, None))?;
            Ok(rig)
        }

        fn rest(&self, line: Line) -> Level {
            Level::from(self.gpio.board().pull(line.0) == Pull::DefaultUp)
        }
    }

    impl Rig for Pi {
        fn gpio(&self) -> &Gpio {
            &self.gpio
        }

        fn lines(&self) -> Vec<Line> {
            LINES.to_vec()
        }

        fn drive(&self, line: Line, level: Option<Level>) -> Result<()> {
            let mut driven = self.driven.borrow_mut();
            driven.retain(|driven| *driven != line);
            driven.extend(level.map(|_| line));
            self.outside.drive(line, level.unwrap_or_else(|| self.rest(line)));
            Ok(())
        }

        fn observe(&self, line: Line) -> Result<Level> {
            if !self.outside.is_output(line) && !self.driven.borrow().contains(&line) {
                self.outside.drive(line, self.rest(line));
            }
            Ok(self.outside.level(line))
        }

        /// Polled edges have the time at which a look was due, and a look may be a little later than that.
        fn precision(&self) -> Duration {
            ms(1)
        }

        fn factory(&self) -> Result<Option<Box<dyn PinFactory>>> {
            Ok(Some(Box::new(factory()?)))
        }
    }
}
