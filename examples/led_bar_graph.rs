//! Shows a value on a bar graph of five LEDs (GPIO5, 6, 13, 19, 26): from the near end, and from the far end if it is negative.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let graph = LedBarGraph::new([5, 6, 13, 19, 26])?;
    for value in [0.2, 0.5, 0.8, 1.0, -0.4, 0.0] {
        graph.set_value(value)?;
        println!("{value:4}: lit {}, value {}", graph.lit_count()?, graph.value()?);
        graph.gpio().sleep(ms(300));
    }

    println!("one more every 100 ms");
    for count in 0..=5 {
        graph.set_lit_count(count)?;
        graph.gpio().sleep(ms(100));
    }
    graph.close()?;

    println!("with PWM, the last LED shows the rest");
    let graph = LedBarGraph::builder([5, 6, 13, 19, 26]).pwm(true).open()?;
    graph.set_value(0.5)?;
    for light in graph.lights() {
        println!("{}: {}", light.pin(), light.value()?);
    }
    Ok(())
}
