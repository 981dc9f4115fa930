//! Two pins joined by a wire: a rig that anyone can build.

use std::any::Any;
use std::env;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pinzero_core::time::{Instant, ms};
use pinzero_core::{Bias, Error, ErrorKind, Events, Gpio, Input, Level, Line, Output, PinSpec, Result};

use crate::process::OtherProcess;
use crate::rig::Rig;

/// How much later than an edge its timestamp may be: the interrupt must be served first.
const STAMPING: Duration = ms(1);

/// A rig of two pins that are joined by a wire. Trials use the first pin; the second drives and reads the wire.
///
/// The factory must support outputs, inputs and edges. A resistor of 1 kΩ may replace the wire: it protects the pins if
/// a faulty backend lets them drive against each other.
///
/// ```
/// use pinzero_conformance::{Rig, WiredPins};
/// use pinzero_core::{Level, mock};
///
/// let gpio = mock::gpio();
/// gpio.wire(17, 27);
/// let rig = WiredPins::new(&gpio, 17, 27)?;
/// let led = gpio.output(17).initial(Level::High).open()?;
/// assert_eq!(rig.observe(led.line())?, Level::High);
/// # Ok::<(), pinzero_core::Error>(())
/// ```
#[derive(Debug)]
pub struct WiredPins {
    gpio: Gpio,
    pin: Line,
    other: Line,
    /// What another process needs besides the number of the line; `None` if there is no other process.
    other_process: Option<String>,
    state: Mutex<State>,
}

/// The state of the second pin, and the changes that it has seen.
#[derive(Debug)]
struct State {
    role: Role,
    changes: Vec<(Instant, Level)>,
}

#[derive(Debug)]
enum Role {
    Nothing,
    Looks(Input, Events),
    Drives(Output),
}

impl WiredPins {
    /// The reason why there is no such rig, if the environment names no pins.
    pub const MISSING: &str = "no wired pins: set PINZERO_TEST_PIN and PINZERO_TEST_INPUT_PIN";

    /// Returns the rig of the pins in the environment variables `PINZERO_TEST_PIN` and `PINZERO_TEST_INPUT_PIN`; the
    /// second drives and reads. Returns `None` if neither is set.
    ///
    /// # Errors
    /// [`InvalidValue`](ErrorKind::InvalidValue) if only one of them is set.
    pub fn in_environment() -> Result<Option<[PinSpec; 2]>> {
        let variables = ["PINZERO_TEST_PIN", "PINZERO_TEST_INPUT_PIN"];
        let pins = variables.map(|name| env::var(name).ok().filter(|pin| !pin.is_empty()).map(PinSpec::from));
        match pins {
            [Some(pin), Some(other)] => Ok(Some([pin, other])),
            [None, None] => Ok(None),
            [pin, _] => {
                let [set, missing] = if pin.is_some() { variables } else { [variables[1], variables[0]] };
                let message = format!("{set} names one of two wired pins: set {missing} as well");
                Err(Error::new(ErrorKind::InvalidValue, message))
            }
        }
    }

    /// Returns the rig of these two pins.
    ///
    /// # Errors
    /// The errors of opening the second pin as an input.
    pub fn new(gpio: &Gpio, pin: impl Into<PinSpec>, other: impl Into<PinSpec>) -> Result<Self> {
        let (pin, other) = (gpio.resolve(pin)?, gpio.resolve(other)?);
        let state = Mutex::new(State { role: Role::Nothing, changes: Vec::new() });
        let rig = WiredPins { gpio: gpio.clone(), pin, other, other_process: None, state };
        rig.look(&mut rig.state())?;
        Ok(rig)
    }

    /// Lets trials start this program as an [`OtherProcess`], whose task is the number of the line to hold.
    #[must_use]
    pub fn with_other_process(mut self) -> Self {
        self.other_process = Some(String::new());
        self
    }

    /// Lets trials start this program as an [`OtherProcess`], whose task is the number of the line to hold, a space, and
    /// `factory`: the name by which the other process opens its factory.
    #[must_use]
    pub fn with_other_process_on(mut self, factory: &str) -> Self {
        self.other_process = Some(format!(" {factory}"));
        self
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the second pin an input without a pull, so that the first rests where it would without the wire.
    fn look(&self, state: &mut State) -> Result<()> {
        state.role = Role::Nothing;
        let can_float = self.gpio.capabilities().bias.is_available();
        let bias = if can_float { Bias::Disabled } else { Bias::AsIs };
        let input = self.gpio.input(self.other).bias(bias).device("the rig").open()?;
        let events = input.events();
        state.role = Role::Looks(input, events);
        Ok(())
    }
}

impl Rig for WiredPins {
    fn gpio(&self) -> &Gpio {
        &self.gpio
    }

    fn lines(&self) -> Vec<Line> {
        vec![self.pin]
    }

    fn drive(&self, _: Line, level: Option<Level>) -> Result<()> {
        let mut state = self.state();
        let Some(level) = level else { return self.look(&mut state) };
        if let Role::Drives(output) = &state.role {
            return output.set(level);
        }
        state.role = Role::Nothing;
        state.role = Role::Drives(self.gpio.output(self.other).initial(level).device("the rig").open()?);
        Ok(())
    }

    fn observe(&self, _: Line) -> Result<Level> {
        match &self.state().role {
            Role::Drives(output) => output.level(),
            Role::Looks(input, _) => input.level(),
            Role::Nothing => self.gpio.input(self.other).open()?.level(),
        }
    }

    fn changes(&self, _: Line) -> Result<Option<Vec<(Instant, Level)>>> {
        let State { role, changes } = &mut *self.state();
        if let Role::Looks(_, events) = role {
            // The changes up to now; a wave continues during the check.
            let end = self.gpio.now() + ms(20);
            let events = std::iter::from_fn(|| events.next_timeout(end - self.gpio.now()));
            changes.extend(events.map(|event| (event.at, event.level)));
        }
        Ok(Some(changes.clone()))
    }

    fn wire(&self) -> Result<Option<[Line; 2]>> {
        self.state().role = Role::Nothing;
        Ok(Some([self.pin, self.other]))
    }

    fn precision(&self) -> Duration {
        STAMPING
    }

    fn take_elsewhere(&self, line: Line) -> Result<Option<Box<dyn Any>>> {
        let Some(rest) = &self.other_process else { return Ok(None) };
        let other = OtherProcess::start(&format!("{}{rest}", line.0))?;
        Ok(Some(Box::new(other)))
    }
}
