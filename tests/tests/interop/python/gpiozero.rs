//! gpiozero on its pigpio factory.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use pinzero::LineFunction;
use pinzero::mock::Pulse;
use pinzero::time::{ms, us};
use pinzero::{Bias, Level};
use serde_json::json;

use crate::bench::{Bench, until};
use crate::client::tool;

/// What gpiozero leaves of a pin that it has closed: an input, and no pull but one that is on the board.
#[track_caller]
fn assert_closed(bench: &Bench, gpios: &[u32]) {
    for gpio in gpios {
        let line = bench.line(*gpio);
        let bias = if matches!(gpio, 2 | 3) { Bias::PullUp } else { Bias::Disabled };
        assert_eq!((line.function(), line.bias()), (LineFunction::Input, bias), "GPIO{gpio}");
    }
}

#[test]
#[ignore = "no clients in Python: run `cargo xtask interop`"]
fn gpiozero_drives_leds_servos_and_motors() {
    for bench in [Bench::new(), Bench::hesitant()] {
        let mut client = bench.python("gpiozero_outputs.py");
        client.sees("led", json!([0, "output"]));
        assert_eq!((bench.line(17).function(), bench.level(17)), (LineFunction::Output, 0));
        client.sees("led on", true);
        assert_eq!(bench.level(17), 1);
        client.sees("led off", false);
        assert_eq!(bench.level(17), 0);
        bench.line(17).clear();
        client.at("led has blinked");
        assert_eq!(bench.levels(17), [1, 0, 1, 0, 1, 0]);
        client.sees("inverted led", true);
        assert_eq!((bench.line(22).function(), bench.level(22)), (LineFunction::Output, 0));
        client.sees("led closed", true);
        assert_closed(&bench, &[17, 22]);

        client.sees("pwm led", 0.0);
        assert_eq!(bench.wave(18), (10_000, 0));
        client.sees("half", 0.5);
        assert_eq!(bench.wave(18), (10_000, 5000));
        client.sees("full", 1.0);
        assert_eq!((bench.wave(18), bench.level(18)), ((10_000, 10_000), 1));
        client.sees("another frequency", json!([500, 0.25]));
        assert_eq!(bench.wave(18), (2000, 500));
        bench.line(18).clear();
        client.sees("pulsed", 0.0);
        let duties: Vec<f64> = bench.line(18).pulses().iter().map(Pulse::duty).collect();
        let peak = duties.iter().position(|duty| *duty > 0.9).expect("it is bright once");
        assert!(duties[..=peak].is_sorted(), "{duties:?}");
        assert!(duties[peak..].is_sorted_by(|one, next| one >= next), "{duties:?}");
        client.at("pwm led closed");
        assert_closed(&bench, &[18]);

        client.sees("colour", [1.0, 0.5, 0.0]);
        assert_eq!([5, 6, 13].map(|gpio| bench.pulse(gpio)), [10_000, 5000, 0]);
        client.at("rgb led closed");
        assert_closed(&bench, &[5, 6, 13]);

        client.sees("servo", 0.0);
        assert_eq!(bench.wave(23), (20_000, 1500));
        client.sees("servo max", 1.0);
        assert_eq!(bench.wave(23), (20_000, 2000));
        client.sees("servo min", -1.0);
        assert_eq!(bench.wave(23), (20_000, 1000));
        client.sees("servo detached", json!(null));
        assert_eq!((bench.pulse(23), bench.level(23)), (0, 0));
        client.at("servo closed");
        assert_closed(&bench, &[23]);

        client.sees("forward", 0.3);
        assert_eq!([20, 21].map(|gpio| bench.pulse(gpio)), [3000, 0]);
        client.sees("backward", -1.0);
        assert_eq!([20, 21].map(|gpio| bench.pulse(gpio)), [0, 10_000]);
        client.sees("reversed", 1.0);
        assert_eq!([20, 21].map(|gpio| bench.pulse(gpio)), [10_000, 0]);
        client.sees("motor stopped", false);
        assert_eq!([20, 21].map(|gpio| bench.pulse(gpio)), [0, 0]);

        client.sees("several", json!([1, 1.0, 1.0, 1.0]));
        assert_eq!(bench.level(4), 1);
        assert_eq!([12, 16, 20].map(|gpio| bench.pulse(gpio)), [10_000, 2000, 10_000]);
        client.at("factory closed");
        assert_closed(&bench, &[4, 12, 16, 20, 21]);
        client.ends();
    }
}

#[test]
#[ignore = "no clients in Python: run `cargo xtask interop`"]
fn gpiozero_hears_buttons_encoders_and_sensors() {
    for bench in [Bench::new(), Bench::hesitant()] {
        let converter = bench.mock.mcp3008([11, 10, 9, 8]);
        converter.set(0, 100);
        converter.set(1, 30);
        converter.set(7, 1023);
        let mut client = bench.python("gpiozero_inputs.py");

        client.sees("button", false);
        assert_eq!(bench.line(4).bias(), Bias::PullUp);
        bench.drive(4, &[0]);
        client.sees("first press", json!([[["pressed"]], true, true]));
        bench.drive(4, &[1]);
        client.sees("release", json!([[["released"]], true, false]));
        bench.drive(4, &[0, 1, 0, 1]);
        client.sees("double press", json!([["pressed"], ["released"], ["pressed"], ["released"]]));

        client.sees("other button", false);
        assert_eq!(bench.line(5).bias(), Bias::PullDown);
        bench.drive(5, &[1]);
        client.sees("other press", json!([["other pressed"]]));
        bench.drive(4, &[0]);
        bench.drive(5, &[0]);
        client.sees("both", json!([["pressed"], ["other released"]]));
        bench.drive(4, &[1]);
        bench.drive(5, &[1]);
        client.sees("both again", json!([["released"], ["other pressed"]]));
        client.at("one closed");
        bench.drive(4, &[0, 1]);
        bench.drive(5, &[0]);
        client.sees("other release", json!([["other released"]]));
        client.at("both closed");

        client.at("bouncing");
        bench.line(6).script((0..7).map(|time| (ms(time), Level::from(time % 2 == 1))));
        client.sees("bounced", json!([[["pressed"]], true]));
        bench.line(6).release();
        client.sees("bounced back", true);
        client.at("hold");
        bench.drive(6, &[0]);
        client.sees("held", json!([[["held"]], true]));
        bench.line(6).release();
        client.sees("not held", true);

        client.sees("device", 0);
        bench.drive(26, &[1]);
        client.sees("device high", json!([true, 1]));

        client.sees("encoder", 0);
        let detent = |order: [u32; 2]| {
            order.iter().for_each(|gpio| bench.drive(*gpio, &[0]));
            order.iter().for_each(|gpio| bench.drive(*gpio, &[1]));
        };
        (0..3).for_each(|_| detent([24, 25]));
        client.sees("clockwise", json!([[1], [2], [3]]));
        detent([25, 24]);
        client.sees("back", json!([[2]]));
        client.at("encoder closed");
        assert_eq!([24, 25].map(|gpio| bench.line(gpio).function()), [LineFunction::Input; 2]);

        let distance = with_echo(&bench, || client.at("distance")).as_f64().unwrap();
        let echoes = bench.changes(27);
        let lengths = echoes.windows(2).map(|pair| f64::from(pair[1].0.wrapping_sub(pair[0].0)));
        let possible: Vec<f64> = lengths.step_by(2).map(|micros| micros / 1e6 * 343.26 / 2.0).collect();
        assert!(possible.iter().any(|echo| (echo - distance).abs() < 1e-6), "{distance}: {possible:?}");
        client.at("sensor closed");
        assert_closed(&bench, &[22, 27]);

        client.sees("converted", [100, 1023]);
        converter.set(7, 512);
        client.sees("converted again", [100, 512]);
        client.sees("difference", 70);
        client.at("converters closed");
        client.ends();
    }
}

/// Answers each pulse on GPIO22 by one on GPIO27, as an ultrasonic sensor does, while something is done.
fn with_echo<R>(bench: &Bench, act: impl FnOnce() -> R) -> R {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut seen = bench.levels(22).len();
            while !is_over.load(Ordering::Relaxed) {
                let levels = bench.levels(22);
                if levels.len() > seen && levels.ends_with(&[0]) {
                    seen = levels.len();
                    bench.line(27).script([(us(500), Level::High), (us(3500), Level::Low)]);
                }
                thread::sleep(us(500));
            }
        });
        let result = act();
        is_over.store(true, Ordering::Relaxed);
        result
    })
}

#[test]
#[ignore = "no clients in Python: run `cargo xtask interop`"]
fn two_programs_with_gpiozero_and_one_with_pigpio_work_side_by_side() {
    let bench = Bench::new();
    let mut client = bench.python("gpiozero_two.py");
    client.sees("ready", [0, 0]);
    bench.drive(4, &[0]);
    client.sees("pressed", json!([[[1]], 1, 1]));
    bench.drive(4, &[1]);
    client.sees("released", json!([[[0]], 0, 0]));
    client.sees("one closed", 0);
    bench.drive(4, &[0]);
    client.sees("other button", true);
    bench.line(4).release();
    client.sees("let go", true);
    client.sees("other closed", 1);
    client.ends();
}

#[test]
#[ignore = "no clients in Python: run `cargo xtask interop`"]
fn a_program_with_gpiozero_that_is_killed_leaves_its_outputs_unless_they_are_to_be_safe() {
    for is_safe in [false, true] {
        let bench = Bench::with(|daemon| daemon.safe_state(is_safe));
        let mut client = bench.python("gpiozero_outputs.py");
        client.skip_to("led on");
        assert_eq!(bench.level(17), 1);
        client.kill();
        if is_safe {
            until("the LED goes out", || bench.level(17) == 0);
            assert_eq!(bench.line(17).function(), LineFunction::Input);
        }
        // Another client finds the daemon in good health, and may go on where the first one ended.
        let mut client = bench.python("pigpio_pins.py");
        client.skip_to("connected");
        assert_eq!(bench.level(17), u8::from(!is_safe));
        client.skip_to("high");
        assert_eq!(bench.level(17), 1);
        client.kill();
    }
}

#[test]
#[ignore = "no clients in Python: run `cargo xtask interop`"]
fn pinout_and_pintest_run() {
    for bench in [Bench::new(), Bench::hesitant()] {
        let (success, text) = tool("pinout", &["--monochrome"], bench.port());
        assert!(success && text.contains("Raspberry Pi 3B") && text.contains("GPIO17 (11)"), "{text}");
        // As on pigpiod, the pins that tell an add-on board are for nobody unless they are given to clients.
        let (success, text) = tool("pintest", &["-y", "--skip", "GPIO0,GPIO1"], bench.port());
        assert!(success, "{text}");
        assert_tested(&bench, 2, &text);
    }
    let bench = Bench::with(|daemon| daemon.gpios(0x0fff_ffff));
    let (success, text) = tool("pintest", &["-y"], bench.port());
    assert!(success, "{text}");
    assert_tested(&bench, 0, &text);
}

fn assert_tested(bench: &Bench, first: u32, text: &str) {
    for gpio in first..28 {
        assert!(text.contains(&format!("Testing GPIO{gpio}...ok")), "{text}");
        assert!(
            bench.line(gpio).writes() >= 2 && bench.levels(gpio).contains(&1),
            "GPIO{gpio} was not driven"
        );
        assert_eq!(bench.line(gpio).function(), LineFunction::Input, "GPIO{gpio}");
    }
}
