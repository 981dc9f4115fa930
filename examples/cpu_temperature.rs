//! Runs a fan on GPIO18 while the processor is hotter than 60 °C, until it has cooled down to 55 °C. A computer without a sensor reads a
//! file of the tests.

use std::path::Path;

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let mut builder = CpuTemperature::builder().threshold(60.0).hysteresis(5.0);
    if !Path::new("/sys/class/thermal/thermal_zone0/temp").exists() {
        builder =
            builder.sensor_file(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cpu_temperature.millidegrees"));
    }
    let (cpu, fan) = (builder.open()?, DigitalOutputDevice::new(18)?);
    println!("{:.1} °C", cpu.temperature()?);

    if cpu.is_active()? {
        fan.on()?;
    }
    let hot = fan.clone();
    cpu.when_activated(move |_| hot.on());
    cpu.when_deactivated(move |_| fan.off());
    pinzero::pause();
    Ok(())
}
