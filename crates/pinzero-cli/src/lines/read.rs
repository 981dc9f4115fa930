//! `pinzero read`.

use clap::Args;
use pinzero::{Bias, Error, ErrorKind, Gpio, Level, Line, LineFunction, LineInfo, Result};
use serde::Serialize;

use super::find_all;
use super::value::Pull;
use crate::factory::Factory;
use crate::output;
use crate::pinout::words;
use crate::verdict::{Outcome, Verdict};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The lines [default: all lines of the header, of which none is opened]
    #[arg(value_name = "PIN")]
    pins: Vec<String>,

    /// Sets this pull before reading; opens the lines
    #[arg(long, value_enum, requires = "pins")]
    bias: Option<Pull>,

    /// Takes a low line for active
    #[arg(long, short = 'l')]
    active_low: bool,

    /// Prints 1 for each active line and 0 for each other one, in one line
    #[arg(long, short, conflicts_with = "json", requires = "pins")]
    numeric: bool,

    /// Prints JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    factory: Factory,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report {
    factory: &'static str,
    board: String,
    lines: Vec<Reading>,
}

#[derive(Debug, Serialize)]
struct Reading {
    /// `GPIO17`
    pin: String,
    /// 17
    line: u32,
    /// All names but the number.
    names: Vec<String>,
    function: Option<String>,
    level: Option<&'static str>,
    active: Option<bool>,
    pull: Option<&'static str>,
    holder: Option<String>,
}

pub(crate) fn run(options: Options) -> Outcome {
    let gpio = options.factory.open()?;
    let lines = match &options.pins[..] {
        [] => super::on_headers(gpio.board()),
        pins => find_all(&gpio, pins)?,
    };
    let is_named = !options.pins.is_empty();
    let mut readings = Vec::new();
    for (line, mut seen) in lines.iter().zip(gpio.line_infos(lines.iter().copied())?) {
        if is_named {
            read(&gpio, *line, options.bias, &mut seen)?;
        }
        readings.push(Reading::new(&gpio, *line, seen, options.active_low));
    }
    let is_hidden = readings.iter().any(|reading| reading.level.is_none());
    match (options.json, options.numeric) {
        (true, _) => {
            let report =
                Report { factory: gpio.name(), board: gpio.board().model().to_owned(), lines: readings };
            output::print_json(&report)?;
        }
        (_, true) => {
            let digit = |reading: &Reading| if reading.active == Some(true) { "1" } else { "0" };
            output::print(&format!("{}\n", readings.iter().map(digit).collect::<Vec<_>>().join(" ")))?;
        }
        _ => output::print(&readings.iter().map(|reading| reading.row(is_named)).collect::<String>())?,
    }
    if !is_named && is_hidden {
        output::note(
            "?: this factory shows no level of a line that the program has not opened. Name lines to read them",
        );
    }
    gpio.close()?;
    Ok(Verdict::Good)
}

/// Reads the level of a line, if it is not known yet. Opens the line only if there is no other way, and never turns an output round.
fn read(gpio: &Gpio, line: Line, bias: Option<Pull>, seen: &mut LineInfo) -> Result<()> {
    let is_output = seen.function == Some(LineFunction::Output);
    let refuse =
        |kind, message: String| Err(Error::new(kind, message).with_pin(line).with_factory(gpio.name()));
    if seen.level.is_some() && bias.is_none() {
        return Ok(());
    }
    if let Some(holder) = &seen.consumer {
        return refuse(
            ErrorKind::Busy,
            format!("the line is held by {holder}, and the kernel shows its level to nobody else"),
        );
    }
    match (is_output, bias) {
        // An output is adopted: the line is driven as before, all the time.
        (true, None) => seen.level = Some(gpio.output(line).adopt().open()?.level()?),
        (true, Some(_)) => {
            let message = "the line is an output, which --bias would turn into an input: read it without";
            return refuse(ErrorKind::InvalidValue, message.to_owned());
        }
        (false, _) => {
            let bias = bias.map_or(Bias::AsIs, Bias::from);
            let input = gpio.input(line).bias(bias).open()?;
            if bias != Bias::AsIs {
                // A pull of 50 kΩ takes a moment to charge a wire.
                gpio.sleep(pinzero::time::ms(1));
                seen.bias = Some(bias);
            }
            seen.level = Some(input.level()?);
        }
    }
    Ok(())
}

impl Reading {
    fn new(gpio: &Gpio, line: Line, seen: LineInfo, active_low: bool) -> Self {
        let word = |level: Level| if level.is_high() { "high" } else { "low" };
        let pull = seen.bias.and_then(|bias| match bias {
            Bias::PullUp => Some("up"),
            Bias::PullDown => Some("down"),
            Bias::Disabled => Some("none"),
            Bias::AsIs => None,
        });
        Reading {
            pin: line.to_string(),
            line: line.0,
            names: gpio.board().names(line.0),
            function: seen.function.map(words::function),
            level: seen.level.map(word),
            active: seen.level.map(|level| level.is_high() != active_low),
            pull,
            holder: seen.consumer,
        }
    }

    /// Returns a row for people: only the level, or all that is known.
    fn row(&self, is_short: bool) -> String {
        let level = self.level.unwrap_or("?");
        if is_short {
            return format!("{} {level}\n", self.pin);
        }
        let header = self.names.iter().find(|name| name.contains(':')).map_or("", String::as_str);
        let function = self.function.as_deref().unwrap_or("?");
        let pull =
            self.pull.map(|pull| format!("pull {pull}").replace("pull none", "no pull")).unwrap_or_default();
        let holder = self.holder.as_ref().map(|holder| format!("held by {holder}")).unwrap_or_default();
        let row = format!("{:<7} {header:<6} {function:<7} {level:<5} {pull:<9} {holder}", self.pin);
        format!("{}\n", row.trim_end())
    }
}
