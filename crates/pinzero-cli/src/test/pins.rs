//! `pinzero test`: the self-test of free pins, one after the other.

use std::path::Path;

use pinzero::board::{PinKind, Pull};
use pinzero::time::ms;
use pinzero::{Bias, ErrorKind, Gpio, Level, Line, LineFunction, Result};
use serde::Serialize;

use super::message::{Message, Private};
use super::progress::Progress;
use super::report::level_name;
use super::{Options, ROOT, ask, bus_of, wired};
use crate::verdict::{Outcome, Verdict};
use crate::{lines, output};

/// The lines at which a HAT has its memory: left out unless they are asked for.
const HAT_MEMORY: [u32; 2] = [0, 1];

/// The results of the self-test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct SelfTest {
    pub(crate) board: String,
    pub(crate) factory: &'static str,
    /// What reading an output tells on this factory.
    pub(crate) reads: &'static str,
    pub(crate) pins: Vec<Tested>,
    pub(crate) left_out: Vec<LeftOut>,
}

/// A pin that was tested, with the levels that were read; `None` where a level was not tried.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Tested {
    pub(crate) pin: String,
    /// The place on a header, such as "J8:11".
    pub(crate) header: Option<String>,
    pub(crate) pulled_up: Option<&'static str>,
    pub(crate) pulled_down: Option<&'static str>,
    pub(crate) driven_low: Option<&'static str>,
    pub(crate) driven_high: Option<&'static str>,
    pub(crate) faults: Vec<Message>,
}

/// A pin that was not tested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct LeftOut {
    pub(crate) pin: String,
    pub(crate) reason: Message,
}

/// Which pins to test.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) lines: Vec<Line>,
    pub(crate) left_out: Vec<LeftOut>,
}

pub(crate) fn run(options: &Options) -> Outcome {
    let private = Private::here(&options.factory.name().unwrap_or_default());
    let is_simulation = options.factory.is_mock();
    let gpio = if is_simulation { (*wired::simulation()?).clone() } else { options.factory.open()? };
    let Choice { lines, left_out } = choose(&gpio, &options.pins, &options.skip, &private, Path::new(ROOT))?;
    if lines.is_empty() {
        let reasons: Vec<String> =
            left_out.iter().map(|pin| format!("\n  {}: {}", pin.pin, pin.reason)).collect();
        return Err(format!("no pin is free to be tested{}", reasons.concat()).into());
    }
    let names: Vec<String> = lines.iter().map(Line::to_string).collect();
    let question = format!(
        "The test drives these pins low and high, one after the other: {}. What is connected to them will notice. Start?",
        names.join(", ")
    );
    if !ask::confirm(&question, options.yes || is_simulation)? {
        return Err("not started: no pin was touched".into());
    }

    // After a signal, the exit guard gives the pin back as it was found.
    let mut progress = Progress::new(lines.len());
    let mut pins = Vec::new();
    for line in lines {
        progress.step(&line.to_string());
        pins.push(test(&gpio, line, &private));
    }
    drop(progress);
    let (board, factory) = (gpio.board().model().to_owned(), gpio.name());
    let result = SelfTest { board, factory, reads: reads(&gpio), pins, left_out };
    match options.json {
        true => output::print_json(&result)?,
        false => output::print(&result.table())?,
    }
    Ok(if result.is_good() { Verdict::Good } else { Verdict::Bad })
}

/// Chooses the pins that are named, or else all free pins of the headers. `root` is the folder with the computer's file tree.
///
/// # Errors
/// The error of a name that no pin has, and an error if a named pin is also to be skipped.
pub(crate) fn choose(
    gpio: &Gpio,
    pins: &[String],
    skip: &[String],
    private: &Private,
    root: &Path,
) -> std::result::Result<Choice, String> {
    let find = |name: &String| lines::find(gpio, name.trim()).map_err(|error| error.to_string());
    let find_all =
        |names: &[String]| names.iter().map(find).collect::<std::result::Result<Vec<Line>, String>>();
    let (named, skipped) = (find_all(pins)?, find_all(skip)?);
    if let Some(line) = named.iter().find(|line| skipped.contains(line)) {
        return Err(format!("{line} is in --pins and in --skip"));
    }
    let mut candidates = if pins.is_empty() { lines::on_headers(gpio.board()) } else { named };
    candidates.sort_unstable();
    candidates.dedup();
    candidates.retain(|line| !skipped.contains(line));

    let mut choice = Choice::default();
    for line in candidates {
        match obstacle(gpio, line, !pins.is_empty(), root) {
            None => choice.lines.push(line),
            Some(reason) => {
                choice.left_out.push(LeftOut { pin: line.to_string(), reason: private.message(reason) });
            }
        }
    }
    Ok(choice)
}

/// Returns the reason why a pin must not be tested.
fn obstacle(gpio: &Gpio, line: Line, is_named: bool, root: &Path) -> Option<String> {
    let info = match gpio.line_info(line) {
        Ok(info) => info,
        Err(error) => return Some(error.to_string()),
    };
    if let Some(holder) = info.consumer {
        return Some(format!("held by {holder:?}"));
    }
    match info.function {
        Some(LineFunction::Alternate(number)) => {
            return Some(format!(
                "has alternate function {number}, so it belongs to a bus or another part of the chip"
            ));
        }
        Some(LineFunction::Pwm) => return Some("carries PWM".to_owned()),
        Some(LineFunction::Output) if !is_named => {
            return Some(
                "is an output, and something may depend on it: --pins tests it all the same".to_owned(),
            );
        }
        _ => {}
    }
    if let Some(bus) = bus_of(gpio, line, root).filter(|_| !is_named) {
        return Some(format!("belongs to {bus}, which is on: --pins tests it all the same"));
    }
    let is_hat_memory = HAT_MEMORY.contains(&line.0) && !gpio.board().headers().is_empty();
    (is_hat_memory && !is_named)
        .then(|| "belongs to the memory of a HAT: --pins tests it all the same".to_owned())
}

/// Tests a pin: reads it with each pull, and then drives it to each level, but not against something that holds it.
pub(crate) fn test(gpio: &Gpio, line: Line, private: &Private) -> Tested {
    let mut tested = Tested { pin: line.to_string(), header: header(gpio, line), ..Tested::default() };
    if let Err(error) = try_test(gpio, line, private, &mut tested) {
        tested.faults.push(private.message(error));
    }
    tested
}

fn try_test(gpio: &Gpio, line: Line, private: &Private, tested: &mut Tested) -> Result<()> {
    let up = pulled(gpio, line, Bias::PullUp)?;
    let down = pulled(gpio, line, Bias::PullDown)?;
    [tested.pulled_up, tested.pulled_down] = [up, down].map(|level| level.map(level_name));
    let fixed = gpio.board().pull(line.0) == Pull::FixedUp;
    let resistor = if fixed { "the board's own resistor" } else { "the pin's own resistor of about 50 kΩ" };
    if up == Some(Level::Low) {
        let words = "pulled up, reads low: a part on this pin pulls harder than";
        tested.faults.push(private.message(format_args!(
            "{words} {resistor}, the pin is shorted to ground, or the pull was not set; so the test did not drive it high"
        )));
    }
    if down == Some(Level::High) {
        let words = "pulled down, reads high: a part on this pin pulls harder than";
        tested.faults.push(private.message(format_args!(
            "{words} {resistor}, the pin is shorted to 3.3 V, or the pull was not set; so the test did not drive it low"
        )));
    }
    if down != Some(Level::High) {
        let level = driven(gpio, line, Level::Low)?;
        tested.driven_low = Some(level_name(level));
        if level.is_high() {
            let words = "driven low, reads high: a short circuit to 3.3 V, or a part that pulls harder";
            tested.faults.push(private.message(words));
        }
    }
    if up != Some(Level::Low) {
        let level = driven(gpio, line, Level::High)?;
        tested.driven_high = Some(level_name(level));
        if !level.is_high() {
            let words = "driven high, reads low: a short circuit to ground, or a part that pulls harder";
            tested.faults.push(private.message(words));
        }
    }
    Ok(())
}

/// Returns the level with a pull; `None` if the board or the factory refuses that pull.
fn pulled(gpio: &Gpio, line: Line, bias: Bias) -> Result<Option<Level>> {
    let input = match gpio.input(line).bias(bias).device("pinzero test").open() {
        Err(error) if matches!(error.kind(), ErrorKind::FixedPull | ErrorKind::Unsupported) => {
            return Ok(None);
        }
        result => result?,
    };
    gpio.sleep(ms(2));
    input.level().map(Some)
}

fn driven(gpio: &Gpio, line: Line, level: Level) -> Result<Level> {
    let output = gpio.output(line).initial(level).device("pinzero test").open()?;
    gpio.sleep(ms(2));
    output.level()
}

fn header(gpio: &Gpio, line: Line) -> Option<String> {
    let headers = gpio.board().headers().iter();
    let mut places = headers.flat_map(|header| header.pins().map(move |pin| (header.name(), pin)));
    let (name, pin) = places.find(|(_, pin)| pin.kind == PinKind::Gpio(line.0))?;
    Some(format!("{name}:{}", pin.number))
}

/// Returns what reading an output tells.
fn reads(gpio: &Gpio) -> &'static str {
    match gpio.name() {
        "cdev" if gpio.board().revision().is_some() => {
            "the kernel reads the level at the pin, so a short circuit shows"
        }
        "cdev" => {
            "the kernel's driver decides whether an output reads the pin or the last write, which hides a short circuit"
        }
        "rppal" | "pigpio" => "the register has the level at the pin, so a short circuit shows",
        "mock" => "the pins are simulated",
        _ => "the factory decides whether an output reads the pin or the last write",
    }
}

impl SelfTest {
    pub(crate) fn is_good(&self) -> bool {
        self.pins.iter().all(|pin| pin.faults.is_empty())
    }

    /// Returns the results as a table with a summary.
    pub(crate) fn table(&self) -> String {
        let SelfTest { board, factory, reads, pins, left_out } = self;
        let mut text = format!("{factory} on {board}: {reads}.\n\n");
        text.push_str("pin     place   pulled up  pulled down  driven low  driven high\n");
        for pin in pins {
            let [up, down, low, high] = [pin.pulled_up, pin.pulled_down, pin.driven_low, pin.driven_high]
                .map(|level| level.unwrap_or("-"));
            let place = pin.header.as_deref().unwrap_or("-");
            let verdict = if pin.faults.is_empty() { "ok" } else { "FAILED" };
            text.push_str(&format!(
                "{:<7} {place:<7} {up:<10} {down:<12} {low:<11} {high:<12} {verdict}\n",
                pin.pin
            ));
        }
        let failed: Vec<&Tested> = pins.iter().filter(|pin| !pin.faults.is_empty()).collect();
        if !failed.is_empty() {
            text.push('\n');
        }
        for pin in &failed {
            pin.faults.iter().for_each(|fault| text.push_str(&format!("{}: {fault}\n", pin.pin)));
        }
        if !left_out.is_empty() {
            text.push_str("\nNot tested:\n");
        }
        left_out.iter().for_each(|pin| text.push_str(&format!("{}: {}\n", pin.pin, pin.reason)));
        let good = pins.len() - failed.len();
        text.push_str(&format!("\n{} tested: {good} good, {} failed\n", count(pins.len()), failed.len()));
        text
    }
}

fn count(pins: usize) -> String {
    format!("{pins} pin{}", if pins == 1 { "" } else { "s" })
}
