//! One LED, on rppal.

#[cfg(target_os = "linux")]
fn main() -> rppal::gpio::Result<()> {
    let mut led = rppal::gpio::Gpio::new()?.get(17)?.into_output();
    led.set_high();
    pinzero_bench_programs::stay();
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn main() {}
