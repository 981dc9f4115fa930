//! `pinzero mqtt --import`: makes a circuit file of a configuration of mqtt-io, or of its forerunner pi-mqtt-gpio.

mod broker;
mod fields;
mod pins;
mod sensors;
mod sheet;
#[cfg(test)]
mod tests;
mod yaml;

use std::path::Path;

use pinzero_circuit::Circuit;

use crate::verdict::{Outcome, Verdict};
use crate::{circuit_file, output};
use fields::Fields;
use sheet::Sheet;
use yaml::Remark;

/// The largest configuration, in bytes.
const LARGEST: usize = 64 << 10;

/// Prints the circuit file, and on standard error what the circuit does otherwise.
pub(crate) fn run(path: &Path) -> Outcome {
    let place = path.display();
    let text = circuit_file::read_text(path).map_err(|error| format!("{place}: {error}"))?;
    if text.len() > LARGEST {
        return Err(format!(
            "{place}: larger than {} KiB: this is no configuration of mqtt-io",
            LARGEST >> 10
        )
        .into());
    }
    let (circuit, remarks) = import(&text).map_err(|mistake| format!("{place}, {mistake}"))?;
    // A circuit that cannot be read would be a mistake of ours.
    Circuit::parse(&circuit)
        .map_err(|mistake| format!("the circuit cannot be read: {mistake}\n{circuit}"))?;
    output::print(&circuit)?;
    for remark in remarks {
        output::note(&format!("{place}, {remark}"));
    }
    Ok(Verdict::Good)
}

/// Makes a circuit file of a configuration. Returns it with remarks on what differs.
///
/// # Errors
/// A text that is no YAML, or no configuration of mqtt-io.
fn import(text: &str) -> Result<(String, Vec<Remark>), Remark> {
    let mut config = Fields::new(yaml::read(text)?, "a configuration of mqtt-io")?;
    let Some(mqtt) = config.fields("mqtt")? else {
        return Err(Remark::at(1, "no configuration of mqtt-io: there is no section \"mqtt\""));
    };
    let gpio_modules = config.list("gpio_modules")?;
    let outputs = config.list("digital_outputs")?;
    let inputs = config.list("digital_inputs")?;
    let sensor_modules = config.list("sensor_modules")?;
    let readings = config.list("sensor_inputs")?;

    let mut sheet = Sheet::default();
    sheet.say("A circuit file for `pinzero mqtt`, made from a configuration of mqtt-io. The comments say what differs.");
    sheet.say("A part keeps its state when the program ends; `on_exit = \"off\"` below [mqtt.device.NAME] changes that.");
    sheet.gap();
    let word = match (outputs.is_empty(), inputs.is_empty()) {
        (false, _) => "output",
        (true, false) => "input",
        (true, true) => "sensor",
    };
    broker::write(&mut sheet, mqtt, word)?;
    let modules = pins::modules(&mut sheet, gpio_modules)?;
    pins::outputs(&mut sheet, &modules, outputs)?;
    pins::inputs(&mut sheet, &modules, inputs)?;
    sensors::write(&mut sheet, sensor_modules, readings)?;
    for section in ["stream_modules", "stream_reads", "stream_writes"] {
        for mut stream in config.list(section)? {
            let name = stream.needed("name")?;
            sheet.leave_out(stream.line, &format!("stream {name:?}"), "pinzero has no streams");
        }
    }
    // How mqtt-io writes its log, reports its own failures and installs itself.
    config.forget(&["logging", "reporting", "options"]);
    for key in config.rest() {
        sheet.leave_out(key.line, &format!("section {:?}", key.text), "it is unknown");
    }
    Ok(sheet.finish())
}
