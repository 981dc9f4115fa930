//! One LED, on pinzero.

#[cfg(target_os = "linux")]
fn main() -> pinzero::Result<()> {
    let led = pinzero::Led::new(17)?;
    led.on()?;
    pinzero_bench_programs::stay();
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn main() {}
