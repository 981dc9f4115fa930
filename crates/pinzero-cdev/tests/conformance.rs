//! The conformance suite on a real kernel, whose chips are simulated by gpio-sim: `cargo xtask kernel-rig`.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    gpio_sim::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    ExitCode::SUCCESS
}

#[cfg(target_os = "linux")]
mod gpio_sim {
    use std::any::Any;
    use std::env;
    use std::fmt::Display;
    use std::process::ExitCode;

    use gpiocdev::line::Bias;
    use gpiosim::{Bank, Chip, Sim};
    use pinzero_cdev::CdevFactory;
    use pinzero_conformance::{Deviation, OtherProcess, Rig, Suite, run};
    use pinzero_core::board::Pull;
    use pinzero_core::{Error, ErrorKind, Gpio, Level, Line, PinFactory, Result};

    /// Two lines that rest at different levels, as the board says.
    const LINES: [Line; 2] = [Line(4), Line(17)];

    /// What is not the kernel's doing, but that of its simulation.
    const DEVIATIONS: &[Deviation] = &[
        Deviation { trial: "input::a_pull_gives_way_to_a_driver", reason: ONE_PULL },
        Deviation { trial: "i2c::waits_for_a_held_line_and_no_longer", reason: ONE_PULL },
        Deviation { trial: "output::leaves_low_or_high", reason: RELEASE },
        Deviation { trial: "group::leaves_low_or_high", reason: RELEASE },
        Deviation { trial: "flex::leaves_low_or_high", reason: RELEASE },
        Deviation { trial: "pwm::leaves_low_or_high", reason: RELEASE },
    ];

    const ONE_PULL: &str =
        "to gpio-sim the chip's pull and a driver outside are one, and the last to be set counts";
    const RELEASE: &str = "gpio-sim takes a line that is released back to its pull";

    pub(super) fn main() -> ExitCode {
        if let Some(task) = OtherProcess::task() {
            return match hold(&task) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("{error}");
                    ExitCode::FAILURE
                }
            };
        }
        let has_rig = env::var_os("PINZERO_RIG").is_some();
        let missing = (!has_rig).then_some("no rig: run `cargo xtask kernel-rig`");
        run([Suite::new("gpio_sim", GpioSim::new).deviations(DEVIATIONS).missing(missing)])
    }

    /// What the other process does: `/dev/gpiochip1 17` holds line 17 of that chip.
    fn hold(task: &str) -> Result<()> {
        let nonsense = || Error::new(ErrorKind::InvalidValue, format!("{task:?} is no chip and line"));
        let (chip, line) = task.split_once(' ').ok_or_else(nonsense)?;
        let line: u32 = line.parse().map_err(|_| nonsense())?;
        let gpio = Gpio::new(open(chip)?)?;
        OtherProcess::hold(gpio.input(line).open()?)
    }

    fn open(chip: &str) -> Result<CdevFactory> {
        CdevFactory::builder().chip(chip).open()
    }

    /// A chip of its own, which passes for that of a Raspberry Pi 4.
    struct GpioSim {
        gpio: Gpio,
        sim: Sim,
    }

    impl GpioSim {
        fn new() -> Result<Self> {
            let bank = Bank::new(54, "pinctrl-bcm2711");
            let sim = gpiosim::builder().with_bank(&bank).live().map_err(failed)?;
            let rig = GpioSim { gpio: Gpio::new(open(path(&sim))?)?, sim };
            LINES.iter().try_for_each(|line| rig.drive(*line, None))?;
            Ok(rig)
        }

        fn chip(&self) -> &Chip {
            &self.sim.chips()[0]
        }

        /// Where the line is pulled by the chip's own resistor, to which gpio-sim has to be brought back.
        fn pull(&self, line: Line) -> Result<Level> {
            let info = gpiocdev::Chip::from_path(path(&self.sim)).and_then(|chip| chip.line_info(line.0));
            Ok(match info.map_err(failed)?.bias {
                Some(bias) => Level::from(bias == Bias::PullUp),
                None => Level::from(self.gpio.board().pull(line.0) == Pull::DefaultUp),
            })
        }
    }

    /// The chip's device file.
    fn path(sim: &Sim) -> &str {
        sim.chips()[0].dev_path().to_str().unwrap_or_default()
    }

    fn failed(error: impl Display) -> Error {
        Error::new(ErrorKind::Io, format!("gpio-sim: {error}"))
    }

    impl Rig for GpioSim {
        fn gpio(&self) -> &Gpio {
            &self.gpio
        }

        fn lines(&self) -> Vec<Line> {
            LINES.to_vec()
        }

        fn drive(&self, line: Line, level: Option<Level>) -> Result<()> {
            let level = level.map_or_else(|| self.pull(line), Ok)?;
            let level = if level.is_high() { gpiosim::Level::High } else { gpiosim::Level::Low };
            self.chip().set_pull(line.0, level).map_err(failed)
        }

        fn observe(&self, line: Line) -> Result<Level> {
            Ok(Level::from(self.chip().get_level(line.0).map_err(failed)? == gpiosim::Level::High))
        }

        fn factory(&self) -> Result<Option<Box<dyn PinFactory>>> {
            Ok(Some(Box::new(open(path(&self.sim))?)))
        }

        fn take_elsewhere(&self, line: Line) -> Result<Option<Box<dyn Any>>> {
            Ok(Some(Box::new(OtherProcess::start(&format!("{} {}", path(&self.sim), line.0))?)))
        }
    }
}
