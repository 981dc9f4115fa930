//! [`Pid`]: a controller as a step between a sensor and what it controls.

use super::{Source, check, check_range};

/// The settings of a PID controller: a value to hold, and how hard to act. For [`Source::pid`].
///
/// The crate `pid` does the arithmetic. The derivative is that of the measurement, so a new set point causes no kick. The integral is
/// limited to what the output can have.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Pid {
    /// The value to hold.
    pub set_point: f64,
    /// The output per unit of error. Default: 0.
    pub p: f64,
    /// The output per unit of error and second. Default: 0.
    pub i: f64,
    /// The output per unit of change in a second. Default: 0.
    pub d: f64,
    /// The lowest and the highest output. Default: 0 and 1.
    pub output: (f64, f64),
}

impl Pid {
    /// Returns a controller that holds `set_point`, and does nothing before it has a gain.
    pub fn new(set_point: f64) -> Self {
        Pid { set_point, p: 0.0, i: 0.0, d: 0.0, output: (0.0, 1.0) }
    }

    /// Sets the output per unit of error.
    #[must_use]
    pub fn p(self, gain: f64) -> Self {
        Pid { p: gain, ..self }
    }

    /// Sets the output per unit of error and second.
    #[must_use]
    pub fn i(self, gain: f64) -> Self {
        Pid { i: gain, ..self }
    }

    /// Sets the output per unit of change in a second.
    #[must_use]
    pub fn d(self, gain: f64) -> Self {
        Pid { d: gain, ..self }
    }

    /// Sets the lowest and the highest output.
    #[must_use]
    pub fn output(self, lowest: f64, highest: f64) -> Self {
        Pid { output: (lowest, highest), ..self }
    }
}

impl Source<f64> {
    /// Controls by measurements: gives the output of a PID controller for each. The source is asked on a beat, which is the controller's
    /// step: set the beat before, as the gains count in seconds. Needs the feature `pid`.
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::source::{Pid, every};
    ///
    /// # let gpio = pinzero::mock::gpio();
    /// # pinzero::set_default(&gpio);
    /// let heater = PwmLed::new(18)?;
    /// let temperature = every(secs(1), || -> pinzero::Result<f64> { Ok(20.0) });
    /// heater.follow(temperature.pid(Pid::new(21.0).p(0.2).i(0.01)))?;
    /// assert!((heater.value()? - 0.21).abs() < 1e-9);
    /// gpio.advance(secs(10));
    /// assert!((heater.value()? - 0.31).abs() < 1e-9);
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    pub fn pid(self, settings: Pid) -> Source<f64> {
        let source = self.numbers().on_beat();
        let Pid { set_point, p, i, d, output: (lowest, highest) } = settings;
        let is_finite = [set_point, p, i, d, lowest, highest].iter().all(|number| number.is_finite());
        let checked = check(is_finite, || "a controller needs finite numbers".to_owned());
        let step = source.period().unwrap_or_default().as_secs_f64();
        let most = lowest.abs().max(highest.abs());
        let mut controller = ::pid::Pid::<f64>::new(set_point, most);
        controller.p(p, f64::MAX).i(i * step, most).d(d / step, f64::MAX);
        source.then(checked.and(check_range(lowest, highest)), move |answer, _| {
            answer.map(|measured| controller.next_control_output(measured).output.max(lowest).min(highest))
        })
    }
}
