//! Runs a rainbow once along a strip of 30 LEDs ("NeoPixel") on GPIO10, in 5 seconds. Thirty LEDs in full white take 1.8 A, so they are dimmed.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let strip = PixelStrip::builder(30).brightness(0.2).open()?;
    println!("a rainbow on {} LEDs", strip.len());

    for turn in 0..100 {
        for index in 0..strip.len() {
            let hue = 360.0 * (index as f64 / strip.len() as f64 + f64::from(turn) / 100.0);
            strip.set(index, Color::hsv(hue, 1.0, 1.0))?;
        }
        strip.show()?;
        strip.gpio().sleep(ms(50));
    }
    println!("the last color is {}", strip.colors()[29]);
    Ok(()) // and dark
}
