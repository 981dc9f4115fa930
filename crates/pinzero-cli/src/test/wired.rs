//! `pinzero test --wire`: the trials, and with `--report` the measurements and the page.

use std::path::Path;
use std::time::{Duration, Instant};

use pinzero::mock::{self, MockGpio};
use pinzero::{Capabilities, ErrorKind, Gpio, Host, Line, Result, Support};

use super::interrupt::Interrupt;
use super::message::Private;
use super::progress::Progress;
use super::report::{self, Maybe, Measurements, Report};
use super::report_file::ReportFile;
use super::system::{self, BoardFacts, FactoryFacts, System};
use super::trials::{self, Trials};
use super::wire::{self, Ends};
use super::{Options, ROOT, after_exit, ask, edges, page, pulls, toggle, waves};
use crate::factory::Factory;
use crate::output;
use crate::verdict::{Outcome, Verdict};

/// How long after the start of a report the last trial may begin, so that the report takes less than two minutes even if that
/// trial hangs.
const REPORT: Duration = Duration::from_secs(85);

/// The longest time for the trials alone.
const TRIALS: Duration = Duration::from_secs(600);

/// The steps of a report: the wire, six measurements with the factories, and the trials.
const STEPS: usize = 9;

/// The two pins, and what else the measurements need to know.
#[derive(Debug)]
pub(super) struct Bench<'a> {
    pub(super) gpio: &'a Gpio,
    pub(super) lines: [Line; 2],
    /// The name of the factory for other processes; `None` if they do not share the pins.
    pub(super) other_process: Option<&'a str>,
    pub(super) private: &'a Private,
}

pub(crate) fn run(options: &Options, ends: &Ends) -> Outcome {
    let file = options.report.as_deref().map(|path| ReportFile::new(path, options.force)).transpose()?;
    let (gpio, is_simulation) = open(&options.factory, ends)?;
    let lines = wire::lines(&gpio, ends, Path::new(ROOT))?;
    let [one, other] = lines;
    let question = format!(
        "The test drives {one} and {other}. Is a resistor of 1 kΩ between them, and nothing else on either? (The test sees \
         a wire, and no resistor: the resistor protects the pins if a fault makes them drive against each other.) Start?"
    );
    if !ask::confirm(&question, options.yes || is_simulation)? {
        return Err("not started: no pin was touched".into());
    }

    let factory = options.factory.clone();
    let interrupt = Interrupt::guard(&gpio, move || {
        // Pins of the mock are gone with the program.
        let restored = if is_simulation { Ok(()) } else { restore_anew(&factory, lines) };
        if let Err(error) = restored {
            output::complain(&format!("{one} and {other} may still be driven: {error}"));
        }
    })?;
    let name = options.factory.name().unwrap_or_default();
    let bench = Bench {
        gpio: &gpio,
        lines,
        other_process: trials::are_shared(&gpio).then_some(name.as_str()),
        private: &Private::here(&name),
    };
    let outcome = test(&bench, is_simulation, options, file.as_ref(), &interrupt);
    // Without its pins the test has failed, but the signal ends the program.
    interrupt.check();
    outcome
}

/// Tests two pins, shows the results, and gives the pins back.
fn test(
    bench: &Bench<'_>,
    is_simulation: bool,
    options: &Options,
    file: Option<&ReportFile>,
    interrupt: &Interrupt,
) -> Outcome {
    let Bench { gpio, lines, .. } = *bench;
    let mut progress = Progress::new(if file.is_some() { STEPS } else { 2 });
    progress.step("the wire");
    if let Some(fault) = wire::check(gpio, lines)? {
        wire::restore(gpio, lines)?;
        return Err(fault.into());
    }
    let report = examine(bench, is_simulation, file.is_some(), &mut progress);
    drop(progress);
    interrupt.check();
    wire::restore(gpio, lines)?;
    show(options, &report, file, interrupt)?;
    Ok(if report.problems.is_empty() { Verdict::Good } else { Verdict::Bad })
}

/// Opens the factory; on the mock, makes the wire as well. Returns whether the factory is the mock.
fn open(factory: &Factory, ends: &Ends) -> Result<(Gpio, bool)> {
    if !factory.is_mock() {
        return Ok((factory.open()?, false));
    }
    let mock = simulation()?;
    let lines = [mock.resolve(&*ends.0)?, mock.resolve(&*ends.1)?];
    if lines[0] != lines[1] {
        mock.wire(lines[0], lines[1]);
    }
    Ok(((*mock).clone(), true))
}

/// Opens a mock in real time, whose PWM is pinzero's own, as it is on most pins of a Raspberry Pi.
pub(super) fn simulation() -> Result<MockGpio> {
    let capabilities = mock::gpio().capabilities();
    let capabilities = Capabilities { pwm: Support::None, ..capabilities };
    mock::builder().capabilities(capabilities).realtime().try_open()
}

/// Opens the factory once more, after the first was closed, and makes the pins inputs.
fn restore_anew(factory: &Factory, lines: [Line; 2]) -> Result<()> {
    wire::restore(&factory.open()?, lines)
}

/// Runs the trials and, for a report, the measurements.
pub(super) fn examine(
    bench: &Bench<'_>,
    is_simulation: bool,
    measures: bool,
    progress: &mut Progress,
) -> Report {
    let start = Instant::now();
    // Before the test makes a load of its own.
    let system = System::here();
    let measured = measures.then(|| measure(bench, progress));
    progress.step("the trials");
    let end = start + if measures { REPORT } else { TRIALS };
    let Bench { gpio, lines, other_process, private } = *bench;
    let trials = trials::run(gpio, lines, other_process, end, private, progress);
    let wire_fault = match wire::check(gpio, lines) {
        Ok(fault) => fault,
        Err(error) => Some(private.message(error).to_string()),
    };
    let wire_fault = wire_fault.map(|fault| format!("the wire, at the end of the test: {fault}"));
    let seconds = start.elapsed().as_secs();
    let mut report = Report { system, wire_fault, trials, measured, seconds, ..bench.report(is_simulation) };
    report.judge();
    report
}

pub(super) fn measure(bench: &Bench<'_>, progress: &mut Progress) -> Measurements {
    let Bench { gpio, lines, private, .. } = *bench;
    let has_edges = gpio.capabilities().edges == Support::Native;
    progress.step("the factories");
    let factories = system::factories(private);
    progress.step("toggle rate");
    let toggle_rate = bench.maybe(|| toggle::measure(gpio, lines[0]));
    progress.step("edge latency");
    let edge_latency = bench.maybe(|| edges::measure(gpio, lines));
    progress.step("PWM");
    let pwm = match has_edges {
        true => bench.maybe(|| waves::measure(gpio, lines, false)),
        false => bench.not(waves::POLLED),
    };
    progress.step("PWM by hardware");
    let hardware_pwm = match has_edges {
        true => hardware_pwm(bench),
        false => bench.not(waves::POLLED),
    };
    progress.step("pulls");
    let pulls = match gpio.capabilities().bias.is_available() {
        true => bench.maybe(|| pulls::measure(gpio, lines)),
        false => bench.not("this factory has no pulls"),
    };
    progress.step("the pin after the end of a program");
    let after_exit = after_exit(bench);
    Measurements { factories, toggle_rate, edge_latency, pwm, hardware_pwm, pulls, after_exit }
}

impl Bench<'_> {
    /// Returns a report that has only the facts that are known without a test.
    pub(super) fn report(&self, is_simulation: bool) -> Report {
        Report {
            format: report::FORMAT,
            pinzero: env!("CARGO_PKG_VERSION"),
            is_debug_build: cfg!(debug_assertions),
            is_simulation,
            is_remote: matches!(self.gpio.host(), Host::Remote(_)),
            board: BoardFacts::of(self.gpio),
            system: System::here(),
            factory: FactoryFacts::of(self.gpio),
            pins: self.lines.map(|line| line.to_string()),
            problems: Vec::new(),
            wire_fault: None,
            trials: Trials::default(),
            measured: None,
            seconds: 0,
        }
    }

    /// Takes a measurement. A missing capability is no problem, any other error is one.
    fn maybe<T>(&self, measure: impl FnOnce() -> Result<T>) -> Maybe<T> {
        measure().map_or_else(
            |error| Maybe::Not {
                is_problem: error.kind() != ErrorKind::Unsupported,
                not_measured: self.private.message(error),
            },
            Maybe::Measured,
        )
    }

    fn not<T>(&self, reason: &str) -> Maybe<T> {
        Maybe::Not { not_measured: self.private.message(reason), is_problem: false }
    }
}

/// Measures on the pin that has hardware PWM, if one has.
fn hardware_pwm(bench: &Bench<'_>) -> Maybe<waves::Jitter> {
    let [one, other] = bench.lines;
    match waves::measure(bench.gpio, [one, other], true) {
        Ok(jitter) => Maybe::Measured(jitter),
        Err(_) => match waves::measure(bench.gpio, [other, one], true) {
            Ok(jitter) => Maybe::Measured(jitter),
            // Most pins have none, and most boards need a setting: the message says which.
            Err(error) => bench.not(&error.to_string()),
        },
    }
}

fn after_exit(bench: &Bench<'_>) -> Maybe<Vec<after_exit::AfterExit>> {
    let Bench { gpio, lines, .. } = *bench;
    let Some(factory) = bench.other_process else {
        return bench.not("pins of the mock are gone with their program");
    };
    if !gpio.capabilities().bias.is_available() {
        return bench.not(
            "without pulls, an input shows no difference between a pin that is driven and one that is not",
        );
    }
    let ends = after_exit::ENDS.iter().map(|end| after_exit::look(gpio, lines, factory, *end));
    let after = bench.maybe(|| ends.collect());
    // After SIGKILL the pin may be driven still, on kernels that keep it.
    if let Err(error) = wire::restore(gpio, lines) {
        return Maybe::Not { not_measured: bench.private.message(error), is_problem: true };
    }
    after
}

/// Shows the results, and writes the report if the user agrees.
fn show(options: &Options, report: &Report, file: Option<&ReportFile>, interrupt: &Interrupt) -> Outcome {
    let text = if report.measured.is_some() { page::page(report) } else { summary(report) };
    if options.json {
        output::print_json(report)?;
    } else {
        output::print(&text)?;
    }
    let Some(file) = file else { return Ok(Verdict::Good) };
    let wants = ask::confirm(&format!("Write this to {}?", file.names()), options.yes)?;
    interrupt.check();
    if wants {
        let json = serde_json::to_string_pretty(report)? + "\n";
        file.write(&text, &json)?;
        output::complain(&format!("{} are written: send them with your report", file.names()));
    } else {
        output::complain("nothing is written");
    }
    Ok(Verdict::Good)
}

fn summary(report: &Report) -> String {
    let Report { factory, board, pins: [one, other], trials, .. } = report;
    format!("{} on {}, {one} and {other}\n\n{}", factory.name, board.model, page::trials(trials))
}
