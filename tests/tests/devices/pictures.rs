//! The pictures of the documentation, drawn anew from traces and compared.
//!
//! `PINZERO_WRITE=1 cargo test -p pinzero-tests --test devices pictures` writes them anew.
#![allow(clippy::unwrap_used, reason = "helpers of tests, which fail where they cannot go on")]

use std::path::Path;
use std::{env, fs};

use pinzero::prelude::*;
use pinzero::{Blink, Result, mock, trace};

/// Compares a picture in `docs/pictures`.
#[track_caller]
fn compare(name: &str, drawn: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/pictures").join(name);
    if env::var_os("PINZERO_WRITE").is_some() {
        fs::write(&path, drawn).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    let remedy = "PINZERO_WRITE=1 cargo test -p pinzero-tests --test devices pictures writes it anew";
    assert!(written == drawn, "{name} is another picture: {remedy}");
}

#[test]
fn a_blink_and_a_pulse() -> Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    let lamp = PwmLed::builder(18).gpio(&gpio).open()?;
    let trace = trace::record(&gpio);
    led.blink_with(Blink::new(ms(250), ms(750)))?;
    lamp.set_value(0.25)?;
    gpio.advance(ms(500));
    lamp.set_value(0.75)?;
    gpio.advance(ms(500));
    lamp.pulse(ms(500), ms(500))?;
    gpio.advance(secs(2));
    let diagram = trace.diagram().title("led.blink(ms(250), ms(750)) and lamp.pulse(ms(500), ms(500))");
    compare("blink.svg", &diagram.to_svg());
    Ok(())
}

#[test]
fn a_bouncing_button() -> Result<()> {
    let gpio = mock::gpio();
    // The same wire, with and without `bounce_time`.
    gpio.wire(23, 24);
    let bare = Button::builder(23).gpio(&gpio).open()?;
    let calm = Button::builder(24).bounce_time(ms(5)).gpio(&gpio).open()?;
    let led = Led::builder(17).gpio(&gpio).open()?;
    calm.when_pressed(move |_| led.toggle());
    let trace = trace::record(&gpio);
    let times = [2000, 2400, 3100, 3500, 4600, 20_000, 20_700, 21_500];
    let levels = [Level::Low, Level::High];
    gpio.line(23)
        .script(times.into_iter().map(us).zip(levels.into_iter().cycle()).chain([(ms(22), Level::High)]));
    gpio.advance(ms(30));
    drop(bare);
    compare(
        "bounce.svg",
        &trace.diagram().title("A button that bounces: GPIO24 has bounce_time(ms(5))").to_svg(),
    );
    Ok(())
}
