//! The sections `sensor_modules` and `sensor_inputs`.

use super::fields::Fields;
use super::pins;
use super::sheet::{Part, Sheet, quoted};
use super::yaml::Remark;

/// A module of sensors, with the readings that come from it.
struct Module {
    name: String,
    module: String,
    fields: Fields,
    readings: Vec<Fields>,
}

/// How often mqtt-io reads a sensor, in seconds.
const INTERVAL: u64 = 60;

/// Writes the sensors: one part for each module, or for each reading where a module has several sensors.
pub(super) fn write(sheet: &mut Sheet, modules: Vec<Fields>, readings: Vec<Fields>) -> Result<(), Remark> {
    let mut parts = Vec::new();
    for mut fields in modules {
        let name = fields.needed("name")?;
        let module = fields.needed("module")?;
        fields.forget(&["cleanup"]);
        parts.push(Module { name, module, fields, readings: Vec::new() });
    }
    for mut reading in readings {
        let module = reading.needed("module")?;
        match parts.iter_mut().find(|part| part.name == module) {
            Some(part) => part.readings.push(reading),
            None => {
                let name = reading.needed("name")?;
                let message = format!("the sensor {name:?} is on the module {module:?}, which is not there");
                return Err(Remark::at(reading.line, message));
            }
        }
    }
    for mut module in parts {
        if module.readings.is_empty() {
            let why = "no entry of sensor_inputs reads it";
            sheet.leave_out(module.fields.line, &format!("sensor module {:?}", module.name), why);
            continue;
        }
        match &*module.module {
            "dht22" => climate(sheet, module)?,
            "ds18b" => thermometer(sheet, module)?,
            "hcsr04" | "mcp3008" | "mcp3xxx" | "yfs201" | "flowsensor" | "frequencycounter" => {
                for reading in std::mem::take(&mut module.readings) {
                    one(sheet, &module, reading)?;
                }
            }
            other => {
                let why = format!("pinzero has no module {other:?}");
                sheet.leave_out(module.fields.line, &format!("sensor module {:?}", module.name), &why);
                for mut reading in module.readings {
                    let name = reading.needed("name")?;
                    let why = format!("it is on {:?}, and {why}", module.name);
                    sheet.leave_out(reading.line, &format!("sensor {name:?}"), &why);
                }
            }
        }
    }
    Ok(())
}

/// Writes a DHT11 or DHT22, which has two readings.
fn climate(sheet: &mut Sheet, mut module: Module) -> Result<(), Remark> {
    let kind = match &*module.fields.needed("type")?.to_ascii_lowercase() {
        "dht11" => "dht11",
        "dht22" | "am2302" => "dht22",
        other => {
            let message = format!("a DHT has the type dht11, dht22 or am2302, not {other:?}");
            return Err(Remark::at(module.fields.line, message));
        }
    };
    let mut part = sheet.part(kind, "sensor", &module.name, module.fields.line);
    part.key("pin", pins::pin(&mut module.fields, "pin")?);
    several(sheet, &mut part, &mut module)?;
    pins::rest(sheet, &mut part, module.fields);
    sheet.add(part);
    Ok(())
}

/// Writes a DS18B20 or one of its relatives.
fn thermometer(sheet: &mut Sheet, mut module: Module) -> Result<(), Remark> {
    let address = module.fields.needed("address")?.to_ascii_lowercase();
    let family = match &*module.fields.needed("type")?.to_ascii_uppercase() {
        "DS18B20" => "28",
        "DS18S20" => "10",
        "DS1822" => "22",
        "DS1825" | "MAX31850K" => "3b",
        "DS28EA00" => "42",
        other => {
            return Err(Remark::at(
                module.fields.line,
                format!("a thermometer of an unknown type: {other:?}"),
            ));
        }
    };
    let mut part = sheet.part("ds18b20", "sensor", &module.name, module.fields.line);
    part.key("id", quoted(&format!("{family}-{address}")));
    several(sheet, &mut part, &mut module)?;
    pins::rest(sheet, &mut part, module.fields);
    sheet.add(part);
    Ok(())
}

/// Takes the readings of a module that is one part: the shortest interval, and the most digits.
fn several(sheet: &mut Sheet, part: &mut Part, module: &mut Module) -> Result<(), Remark> {
    let (mut interval, mut digits) = (u64::MAX, None);
    for mut reading in std::mem::take(&mut module.readings) {
        let name = reading.needed("name")?;
        let what = reading.text("type")?.unwrap_or_else(|| "temperature".to_owned());
        part.say(format!("Was the sensor {name:?} ({what})."));
        interval = interval.min(reading.whole("interval", 1..=u64::MAX)?.unwrap_or(INTERVAL));
        digits = digits.max(reading.whole("digits", 0..=20)?);
        reading.forget(&["retain", "expire_after"]);
        if let Some(mut home) = reading.fields("ha_discovery")? {
            home.forget(&["component", "device_class", "unit_of_measurement", "state_class", "expire_after"]);
            for key in home.rest() {
                let message = format!("{name}: ha_discovery: {:?} has no counterpart.", key.text);
                sheet.differs(part, message);
            }
        }
        for key in reading.rest() {
            sheet.differs(part, format!("{name}: {:?} has no counterpart.", key.text));
        }
    }
    part.appears("interval", interval);
    if let Some(digits) = digits {
        part.appears("digits", digits);
    }
    Ok(())
}

/// Writes a reading that is a part by itself.
fn one(sheet: &mut Sheet, module: &Module, mut reading: Fields) -> Result<(), Remark> {
    let name = reading.needed("name")?;
    let mut settings = module.fields.clone();
    let part = match &*module.module {
        "hcsr04" => Some(distance(sheet, &name, &mut settings, &mut reading)?),
        "mcp3008" | "mcp3xxx" => converter(sheet, &name, &mut settings, &mut reading)?,
        kind => Some(counter(sheet, &name, kind, &mut reading)?),
    };
    let Some(mut part) = part else { return Ok(()) };
    part.appears("interval", reading.whole("interval", 1..=u64::MAX)?.unwrap_or(INTERVAL));
    if let Some(digits) = reading.whole("digits", 0..=20)? {
        part.appears("digits", digits);
    }
    let mut home = reading.fields("ha_discovery")?;
    if let Some(home) = &mut home {
        home.forget(&["component", "expire_after"]);
        if part.has("unit") {
            // For a counter, those of the rate; the unit here is that of the total.
            home.forget(&["device_class", "unit_of_measurement"]);
        }
    }
    pins::appearance(sheet, &mut part, home)?;
    reading.forget(&["retain", "expire_after", "unit_of_measurement"]);
    pins::rest(sheet, &mut part, settings);
    pins::rest(sheet, &mut part, reading);
    sheet.add(part);
    Ok(())
}

fn distance(
    sheet: &mut Sheet,
    name: &str,
    settings: &mut Fields,
    reading: &mut Fields,
) -> Result<Part, Remark> {
    let mut part = sheet.part("distance_sensor", "sensor", name, reading.line);
    for (old, new) in [("pin_trigger", "trigger"), ("pin_echo", "echo")] {
        part.key(new, pins::pin(if settings.has(&[old]) { &mut *settings } else { &mut *reading }, old)?);
    }
    settings.forget(&["burst"]);
    reading.forget(&["burst"]);
    part.appears("unit", "\"cm\"");
    Ok(part)
}

/// Begins a part on an analog-to-digital converter. `None` if pinzero does not have the converter.
fn converter(
    sheet: &mut Sheet,
    name: &str,
    settings: &mut Fields,
    reading: &mut Fields,
) -> Result<Option<Part>, Remark> {
    let chip = settings.text("type")?;
    let port = settings.whole("spi_port", 0..=u64::MAX)?.unwrap_or(0);
    let device = settings.whole("spi_device", 0..=u64::MAX)?;
    let select = settings.whole("chip_addr", 0..=u64::MAX)?.or(device).unwrap_or(0);
    let is_differential = settings.flag("differential")?.unwrap_or(false);
    settings.forget(&["max_voltage"]);
    let channel = match reading.text("channel")? {
        Some(channel) => channel,
        None => settings.text("channel")?.unwrap_or_else(|| "CH0".to_owned()),
    };
    let channel = channel.to_ascii_uppercase();
    let number = channel.trim_start_matches("CH").parse::<u32>().ok();
    let why = match (&chip, number) {
        (Some(chip), _) if !chip.eq_ignore_ascii_case("MCP3008") => {
            format!("pinzero has no {chip} here, only the MCP3008")
        }
        _ if port != 0 => format!("it is on SPI bus {port}, not 0"),
        (_, None) => format!("the channel {channel:?} is the difference of two"),
        _ if is_differential => "the channel is the difference of two".to_owned(),
        (_, Some(number)) => {
            let mut part = sheet.part("potentiometer", "sensor", name, reading.line);
            part.key("channel", number);
            if select != 0 {
                part.key("select", select);
            }
            if chip.is_none() {
                sheet.differs(&mut part, "The position goes from 0 to 100 %, not to 1023.");
            }
            return Ok(Some(part));
        }
    };
    sheet.leave_out(reading.line, &format!("sensor {name:?}"), &why);
    Ok(None)
}

fn counter(sheet: &mut Sheet, name: &str, module: &str, reading: &mut Fields) -> Result<Part, Remark> {
    let mut part = sheet.part("pulse_counter", "sensor", name, reading.line);
    part.key("pin", pins::pin(reading, "pin")?);
    part.key("pull_up", false);
    // The maker says how many hertz are a litre a minute.
    let hertz = match module {
        "yfs201" => Some(7.0),
        "flowsensor" => reading.number("factor")?,
        _ => None,
    };
    if let Some(hertz) = hertz {
        part.appears("pulses_per_unit", format!("{:?}", 60.0 * hertz));
        part.appears("class", "\"water\"");
        part.appears("unit", "\"L\"");
    }
    let message = "All pulses are counted, and the total is told with the rate: mqtt-io told the rate of each interval only.";
    sheet.differs(&mut part, message);
    Ok(part)
}
