//! The two pins of a wire: their names, the check that the wire is there, and the pins' state afterwards.

use std::path::Path;

use pinzero::time::ms;
use pinzero::{Bias, ErrorKind, Gpio, Level, Line, LineFunction, OnClose, Result};

use super::bus_of;
use super::waves::can_float;
use crate::lines;

/// The names of the two pins, as on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ends(pub(crate) String, pub(crate) String);

/// Parses `22:27`, `GPIO22:GPIO27` or `J8:15:J8:13`.
pub(crate) fn parse(text: &str) -> std::result::Result<Ends, String> {
    let parts: Vec<&str> = text.split(':').map(str::trim).collect();
    let (one, other) = match parts[..] {
        [one, other] => (one.to_owned(), other.to_owned()),
        [header, one, other_header, other] => (format!("{header}:{one}"), format!("{other_header}:{other}")),
        _ => (String::new(), String::new()),
    };
    let is_name = |name: &str| !name.is_empty() && !name.starts_with(':') && !name.ends_with(':');
    if is_name(&one) && is_name(&other) {
        Ok(Ends(one, other))
    } else {
        Err("a wire joins two pins, written 22:27, GPIO22:GPIO27 or J8:15:J8:13".to_owned())
    }
}

/// Returns the lines of the two pins. `root` is the folder with the computer's file tree.
///
/// # Errors
/// A sentence that says which pin cannot be used, and why.
pub(crate) fn lines(
    gpio: &Gpio,
    Ends(one, other): &Ends,
    root: &Path,
) -> std::result::Result<[Line; 2], String> {
    let find = |name: &str| lines::find(gpio, name).map_err(|error| error.to_string());
    let lines = [find(one)?, find(other)?];
    if lines[0] == lines[1] {
        return Err(format!("{one} and {other} are the same pin, {}: a wire joins two", lines[0]));
    }
    for line in lines {
        let info = gpio.line_info(line).map_err(|error| error.to_string())?;
        if let Some(holder) = info.consumer {
            return Err(format!(
                "{line} is held by {holder:?}: end that program or driver, or use another pin"
            ));
        }
        if let Some(LineFunction::Alternate(_) | LineFunction::Pwm) = info.function {
            return Err(format!(
                "{line} belongs to another part of the chip, such as a bus: use another pin"
            ));
        }
        if let Some(bus) = bus_of(gpio, line, root) {
            return Err(format!("{line} belongs to {bus}: switch that off, or use another pin"));
        }
    }
    Ok(lines)
}

/// Checks that a wire joins the pins: each follows the other, and leads it. Returns what is wrong in a sentence.
pub(crate) fn check(gpio: &Gpio, [one, other]: [Line; 2]) -> Result<Option<String>> {
    let forth = follows(gpio, one, other)?;
    let back = follows(gpio, other, one)?;
    for ((from, to), [low, high]) in [((one, other), forth), ((other, one), back)] {
        for (level, seen) in [(Level::Low, low), (Level::High, high)] {
            if seen.own != level {
                let rail = if level.is_high() { "ground" } else { "3.3 V" };
                return Ok(Some(format!(
                    "{from} was driven {level}, and reads {}: it is shorted to {rail}, or something else drives it; \
                     connect these two pins to nothing but each other",
                    seen.own
                )));
            }
            if seen.far != level {
                return Ok(Some(format!(
                    "{from} and {to} are not joined: {from} was driven {level}, and {to} reads {}; connect them \
                     by a resistor of 1 kΩ and nothing else, and look at `pinzero pinout` for their places",
                    seen.far
                )));
            }
        }
    }
    Ok(None)
}

/// The levels at both pins while one is driven.
#[derive(Debug, Clone, Copy)]
struct Seen {
    own: Level,
    far: Level,
}

/// Drives one pin low and high; the other has a pull against it, if the factory has pulls.
fn follows(gpio: &Gpio, from: Line, to: Line) -> Result<[Seen; 2]> {
    let look = |level: Level| {
        let against = if level.is_high() { Bias::PullDown } else { Bias::PullUp };
        let pull = if gpio.capabilities().bias.is_available() { against } else { can_float(gpio) };
        // The input first: two outputs on one wire would be a short circuit.
        let input = match gpio.input(to).bias(pull).device("pinzero test").open() {
            Err(error) if matches!(error.kind(), ErrorKind::FixedPull | ErrorKind::Unsupported) => {
                gpio.input(to).device("pinzero test").open()?
            }
            result => result?,
        };
        let output = gpio.output(from).initial(level).device("pinzero test").open()?;
        gpio.sleep(ms(2));
        Ok(Seen { own: output.level()?, far: input.level()? })
    };
    Ok([look(Level::Low)?, look(Level::High)?])
}

/// Makes both pins inputs with the board's pulls, as they were after power-on.
pub(crate) fn restore(gpio: &Gpio, lines: [Line; 2]) -> Result<()> {
    for line in lines {
        let bias = match Bias::from(gpio.board().pull(line.0)) {
            bias if gpio.capabilities().bias.is_available() => bias,
            _ => Bias::AsIs,
        };
        let output =
            gpio.output(line).adopt().on_close(OnClose::Input(bias)).device("pinzero test").open()?;
        output.close()?;
    }
    Ok(())
}
