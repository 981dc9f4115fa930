//! Shows colors on a LED with pins for red (GPIO9), green (GPIO10) and blue (GPIO11), and then fades round the rainbow.

use pinzero::prelude::*;

fn main() -> pinzero::Result<()> {
    let led = RgbLed::new(9, 10, 11)?;
    for color in ["red", "lime", "blue", "magenta", "yellow", "cyan", "white", "#ff8000"] {
        println!("{color}");
        led.set_color(color)?;
        led.gpio().sleep(ms(500));
    }

    println!("round the rainbow");
    for hue in [0, 60, 120, 180, 240, 300, 360] {
        led.fade_to(Color::hsv(hue.into(), 1.0, 1.0), ms(500))?.wait()?;
    }
    led.off()
}
