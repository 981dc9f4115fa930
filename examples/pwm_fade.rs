//! Fades a LED on GPIO18 in and out three times, then shows a few steady values.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let lamp = PwmOutputDevice::new(18)?;
    let kind = if lamp.pwm().is_software() { "software" } else { "the factory's" };
    println!("{kind} PWM at {} Hz", lamp.frequency());

    lamp.blink_with(Blink::pulse(secs(1), secs(1)).times(3))?.wait()?;
    for percent in [10, 50, 100] {
        println!("{percent} %");
        lamp.set_value(f64::from(percent) / 100.0)?;
        lamp.gpio().sleep(secs(1));
    }
    lamp.off()
}
