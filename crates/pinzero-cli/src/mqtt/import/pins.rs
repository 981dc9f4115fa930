//! The sections `gpio_modules`, `digital_inputs` and `digital_outputs`.

use std::collections::BTreeMap;

use super::fields::{Fields, whole};
use super::sheet::{Part, Sheet, quoted};
use super::yaml::Remark;

/// The modules, by their names: why pinzero does not have the pins of one, or nothing.
pub(super) type Modules = BTreeMap<String, Result<(), String>>;

/// Reads the modules, and says which of them pinzero has.
pub(super) fn modules(sheet: &mut Sheet, entries: Vec<Fields>) -> Result<Modules, Remark> {
    let mut modules = Modules::new();
    for mut entry in entries {
        let name = entry.needed("name")?;
        let module = entry.needed("module")?;
        let chip = entry.text("chip")?;
        let why = match &*module {
            "raspberrypi" | "gpiozero" | "pigpio" => Ok(()),
            // The header of a Pi 5 was the fifth chip of early kernels.
            "gpiod" => match chip.as_deref().map(|chip| chip.trim_start_matches("/dev/gpiochip")) {
                None | Some("0" | "4") => Ok(()),
                _ => Err("its pins are not those of the Pi's header".to_owned()),
            },
            other => Err(format!("pinzero has no module {other:?}, only the pins of the Pi itself")),
        };
        if let Err(why) = &why {
            sheet.leave_out(entry.line, &format!("GPIO module {name:?}"), why);
        } else {
            let host: Vec<_> = entry.clone().rest().filter(|key| key.text == "host").collect();
            if let (Some(key), "pigpio") = (host.first(), &*module) {
                let message = "The pins are on another computer: start pinzero with --factory pigpio://HOST.";
                sheet.add_remark(key.line, message);
            }
        }
        modules.insert(name, why);
    }
    Ok(modules)
}

/// Writes the digital outputs: relays, or LEDs if Home Assistant knows them as lights.
pub(super) fn outputs(sheet: &mut Sheet, modules: &Modules, entries: Vec<Fields>) -> Result<(), Remark> {
    for mut entry in entries {
        let Some(name) = begin(sheet, modules, &mut entry, "output")? else { continue };
        let mut home = entry.fields("ha_discovery")?;
        let component = component(&mut home, "switch")?;
        let kind = if component == "light" { "led" } else { "relay" };
        let mut part = sheet.part(kind, "output", &name, entry.line);
        part.key("pin", pin(&mut entry, "pin")?);
        let is_inverted = entry.flag("inverted")?.unwrap_or(false);
        if is_inverted {
            part.key("active_high", false);
        }
        if kind == "led" {
            part.say(
                "A lamp behind a relay must not be dimmed. For a LED on the pin itself, remove `dimmable`.",
            );
            part.appears("dimmable", false);
        } else if component != "switch" {
            sheet.differs(&mut part, format!("Home Assistant sees a switch, not a {component}."));
        }
        match entry.text("initial")?.as_deref() {
            // mqtt-io means the level of the pin, pinzero the state of the part.
            Some(level @ ("high" | "low")) => {
                part.appears("initial", if (level == "high") != is_inverted { "\"on\"" } else { "\"off\"" });
            }
            Some(other) => {
                return Err(Remark::at(
                    entry.line,
                    format!("\"initial\" must be high or low, not {other:?}"),
                ));
            }
            None => {}
        }
        if let Some(time) = entry.whole("timed_set_ms", 1..=u64::from(u32::MAX))? {
            part.appears("on_for", seconds(time));
            part.say(format!("OFF stays: mqtt-io took that back too after {time} ms (timed_set_ms)."));
        }
        payloads(sheet, &mut part, &mut entry)?;
        appearance(sheet, &mut part, home)?;
        entry.forget(&["publish_initial", "retain"]);
        rest(sheet, &mut part, entry);
        sheet.add(part);
    }
    Ok(())
}

/// Writes the digital inputs: switches.
pub(super) fn inputs(sheet: &mut Sheet, modules: &Modules, entries: Vec<Fields>) -> Result<(), Remark> {
    for mut entry in entries {
        let Some(name) = begin(sheet, modules, &mut entry, "input")? else { continue };
        let mut part = sheet.part("switch", "input", &name, entry.line);
        part.key("pin", pin(&mut entry, "pin")?);
        let is_inverted = entry.flag("inverted")?.unwrap_or(false);
        let [up, down] = [entry.flag("pullup")?, entry.flag("pulldown")?].map(|pull| pull.unwrap_or(false));
        let pulls_up = if up == down { is_inverted } else { up };
        if !pulls_up {
            part.key("pull_up", false);
        }
        if up == down {
            part.say(format!(
                "The pin had no resistor of the Pi. It has one now, to {}.",
                if pulls_up { "3.3 V" } else { "ground" }
            ));
        } else if pulls_up != is_inverted {
            // A pull resistor and the other `inverted`.
            part.appears("on_when", quoted("open"));
        }
        if let Some(edge) = entry.text("interrupt")?.filter(|edge| edge == "rising" || edge == "falling") {
            sheet.differs(&mut part, format!("Both edges are told, not only the {edge} one."));
        }
        if let Some(time) = entry.whole("bouncetime", 1..=u64::from(u32::MAX))? {
            part.appears("bounce_time", seconds(time));
            part.say(format!(
                "A change counts once the level has been steady for {time} ms; mqtt-io told it at once, and was then deaf for that time."
            ));
        }
        if entry.has(&["interrupt_for"]) {
            sheet.differs(&mut part, "interrupt_for has no counterpart: no pin is behind another chip.");
            entry.forget(&["interrupt_for"]);
        }
        payloads(sheet, &mut part, &mut entry)?;
        let mut home = entry.fields("ha_discovery")?;
        let component = component(&mut home, "binary_sensor")?;
        if component != "binary_sensor" {
            sheet.differs(&mut part, format!("Home Assistant sees a binary sensor, not a {component}."));
        }
        appearance(sheet, &mut part, home)?;
        // Edges are told at once, and states are always retained.
        entry.forget(&["retain", "poll_interval", "poll_when_interrupt_for", "interrupt_payload"]);
        rest(sheet, &mut part, entry);
        sheet.add(part);
    }
    Ok(())
}

/// Returns the name of an input or output whose module pinzero has.
fn begin(
    sheet: &mut Sheet,
    modules: &Modules,
    entry: &mut Fields,
    topic: &str,
) -> Result<Option<String>, Remark> {
    let name = entry.needed("name")?;
    let module = entry.needed("module")?;
    match modules.get(&module) {
        Some(Ok(())) => Ok(Some(name)),
        Some(Err(why)) => {
            sheet.leave_out(
                entry.line,
                &format!("{topic} {name:?}"),
                &format!("it is on {module:?}, and {why}"),
            );
            Ok(None)
        }
        None => Err(Remark::at(
            entry.line,
            format!("the {topic} {name:?} is on the module {module:?}, which is not there"),
        )),
    }
}

/// Takes a pin, as a value of TOML.
pub(super) fn pin(entry: &mut Fields, key: &str) -> Result<String, Remark> {
    let text = entry.needed(key)?;
    Ok(whole(&text).map_or_else(|| quoted(&text), |line| line.to_string()))
}

fn component(home: &mut Option<Fields>, default: &str) -> Result<String, Remark> {
    let component = if let Some(home) = home { home.text("component")? } else { None };
    Ok(component.unwrap_or_else(|| default.to_owned()))
}

/// Takes the payloads, and says where they are not those of pinzero.
fn payloads(sheet: &mut Sheet, part: &mut Part, entry: &mut Fields) -> Result<(), Remark> {
    for (key, word) in [("on_payload", "ON"), ("off_payload", "OFF")] {
        if let Some(payload) = entry.text(key)?.filter(|payload| !payload.eq_ignore_ascii_case(word)) {
            sheet.differs(part, format!("{word} stands in place of {payload:?} ({key})."));
        }
    }
    Ok(())
}

/// Takes what Home Assistant was told.
pub(super) fn appearance(sheet: &mut Sheet, part: &mut Part, home: Option<Fields>) -> Result<(), Remark> {
    let Some(mut home) = home else { return Ok(()) };
    for (old, new) in [
        ("name", "name"),
        ("icon", "icon"),
        ("suggested_area", "area"),
        ("device_class", "class"),
        ("unit_of_measurement", "unit"),
    ] {
        if let Some(value) = home.text(old)? {
            part.appears(new, quoted(&value));
        }
    }
    // The classes of states are those of the kinds.
    home.forget(&["state_class"]);
    for key in home.rest() {
        sheet.differs(part, format!("ha_discovery: {:?} has no counterpart.", key.text));
    }
    Ok(())
}

/// Says which keys are left.
pub(super) fn rest(sheet: &mut Sheet, part: &mut Part, entry: Fields) {
    for key in entry.rest() {
        sheet.differs(part, format!("{:?} has no counterpart.", key.text));
    }
}

/// Returns milliseconds as seconds.
#[allow(clippy::cast_precision_loss, reason = "32 bits at most")]
fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}
