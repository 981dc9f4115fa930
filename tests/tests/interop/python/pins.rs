//! pigpio: modes, levels, PWM and servos.

use pinzero::LineFunction;
use pinzero::{Bias, Level};
use serde_json::json;

use crate::bench::{Bench, REVISION};

#[test]
#[ignore = "no clients in Python: run `cargo xtask interop`"]
fn pins_do_what_pigpio_tells_them() {
    let bench = Bench::new();
    let mut client = bench.python("pigpio_pins.py");
    client.sees("connected", json!([true, 79, REVISION]));
    let before = bench.ticks();
    let ticks: [u32; 2] = serde_json::from_value(client.at("ticks")).unwrap();
    let now = bench.ticks();
    let times = [ticks[0], ticks[1], now].map(|tick| tick.wrapping_sub(before));
    assert!(times.is_sorted() && times[2] < 20_000_000, "{before} {ticks:?} {now}");

    client.sees("output", [0, 1, 0]);
    assert_eq!((bench.line(17).function(), bench.level(17)), (LineFunction::Output, 0));
    client.sees("high", [0, 1]);
    assert_eq!(bench.level(17), 1);
    client.sees("low", [0, 0]);
    assert_eq!(bench.levels(17), [1, 0]);
    client.sees("input", [0, 0, 0]);
    assert_eq!(bench.line(17).function(), LineFunction::Input);
    client.sees("write makes an output", [0, 1]);
    assert_eq!((bench.line(17).function(), bench.level(17)), (LineFunction::Output, 1));
    client.sees("pull up", [0, 1]);
    assert_eq!(bench.line(17).bias(), Bias::PullUp);
    client.sees("pull down", [0, 0]);
    assert_eq!(bench.line(17).bias(), Bias::PullDown);
    client.sees("no pull", [0]);
    assert_eq!(bench.line(17).bias(), Bias::Disabled);
    bench.line(17).drive(Level::High);
    client.sees("driven from outside", 1);
    bench.line(17).release();

    client.sees("exception", "'GPIO not 0-53'");
    client.sees("mistakes", [-3, -3, -41, -5, -4, -6, -3]);

    client.sees("bank set", json!([0, 1 << 5 | 1 << 6]));
    assert_eq!([5, 6, 16].map(|gpio| bench.level(gpio)), [1, 1, 0]);
    assert_eq!(bench.line(16).function(), LineFunction::Input);
    client.sees("bank cleared", json!([0, 1 << 5]));
    assert_eq!([5, 6].map(|gpio| bench.level(gpio)), [1, 0]);
    client.sees("bank, not all of it", [-42, -42]);
    assert_eq!([5, 6].map(|gpio| bench.level(gpio)), [0, 1]);
    client.sees("second bank", [-42, -42, 0]);

    bench.line(5).clear();
    client.sees("trigger", 0);
    let pulse = bench.changes(5);
    assert_eq!(bench.levels(5), [1, 0]);
    assert!(pulse[1].0 - pulse[0].0 >= 20, "{pulse:?}");
    client.sees("trigger mistakes", [-46, -46, -5]);
    client.ends();
}

#[test]
#[ignore = "no clients in Python: run `cargo xtask interop`"]
fn pulses_are_what_pigpio_asks_for() {
    let bench = Bench::new();
    let mut client = bench.python("pigpio_pulses.py");
    client.sees("no PWM", [-92, 800, 255]);
    client.sees("frequencies", [800, 8000, 10, 500]);
    client.sees("frequency", [500, 400]);
    client.sees("range", [400, 1000, -21, -21]);
    client.sees("PWM", [0, 250, 1]);
    assert_eq!((bench.line(18).function(), bench.wave(18)), (LineFunction::Pwm, (2000, 500)));
    client.sees("PWM, half the range", [400, 125]);
    assert_eq!(bench.wave(18), (2000, 500));
    client.sees("PWM, another frequency", [100, 125]);
    assert_eq!(bench.wave(18), (10_000, 2500));
    client.sees("output already", [0, 125]);
    assert_eq!(bench.wave(18), (10_000, 2500));
    client.sees("PWM mistakes", [-8, -41]);
    client.sees("PWM of nothing", [0, 0]);
    assert_eq!(bench.wave(18), (10_000, 0));
    client.sees("PWM ends", [0, -92]);
    assert_eq!((bench.level(18), bench.pulse(18)), (0, 0));

    bench.line(18).clear();
    client.sees("set and cleared", [0, 1, 0, 0]);
    client.sees("trigger", 0);
    assert_eq!(bench.levels(18), [1, 0, 1, 0]);

    client.sees("servo", [0, 1500]);
    assert_eq!(bench.wave(23), (20_000, 1500));
    client.sees("servo, output already", [0, 1500]);
    assert_eq!(bench.wave(23), (20_000, 1500));
    client.sees("servo mistakes", [-7, -7, -93]);
    client.sees("servo off", 0);
    assert_eq!((bench.level(23), bench.pulse(23)), (0, 0));

    client.sees("hardware PWM", [0, 500_000, 1000, 1_000_000]);
    assert_eq!(bench.wave(13), (1000, 500));
    client.sees("hardware PWM off", 0);
    assert_eq!((bench.level(13), bench.pulse(13)), (0, 0));
    client.sees("hardware PWM mistakes", [-95, -97, -96]);
    client.sees("input", [0, 0, -92]);
    assert_eq!(bench.line(24).function(), LineFunction::Input);
    client.sees("stopped", false);
    client.ends();
}
