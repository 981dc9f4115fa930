//! One LED, on gpiocdev.

#[cfg(target_os = "linux")]
fn main() -> gpiocdev::Result<()> {
    let led = gpiocdev::Request::builder()
        .on_chip("/dev/gpiochip0")
        .with_line(17)
        .as_output(gpiocdev::line::Value::Inactive)
        .request()?;
    led.set_value(17, gpiocdev::line::Value::Active)?;
    pinzero_bench_programs::stay();
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn main() {}
