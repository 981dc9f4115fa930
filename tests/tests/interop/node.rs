//! The client in Node: pigpio-client.

use pinzero::Level;
use pinzero::LineFunction;
use pinzero::mock::Registers;
use serde_json::json;

use crate::bench::{Bench, REVISION};

#[test]
#[ignore = "no client in Node: run `cargo xtask interop`"]
fn pigpio_client_drives_pins_and_hears_of_edges() {
    for arguments in [&[][..], &["--pipelining"]] {
        let bench = Bench::new();
        bench.mock.i2c_chip(1, 0x48, Registers::new());
        let mut client = bench.node("pigpio_client.js", arguments);
        client.sees("connected", json!([79, REVISION, 0]));
        client.sees("output", [0, 1]);
        client.sees("written", [0, 1]);
        assert_eq!((bench.line(17).function(), bench.level(17)), (LineFunction::Output, 1));
        let before = bench.ticks();
        let tick = client.at("tick").as_u64().unwrap() as u32;
        assert!(tick.wrapping_sub(before) <= bench.ticks().wrapping_sub(before), "{before} {tick}");
        client.sees("bank", 1);
        bench.line(17).clear();
        client.sees("trigger", [0, 0]);
        assert_eq!(bench.levels(17), [0, 1, 0]);

        client.sees("frequency", json!(["PI_NOT_PWM_GPIO", 100]));
        client.sees("PWM", [0, 51]);
        assert_eq!(bench.wave(17), (10_000, 2000));
        client.sees("duty", 0);
        assert_eq!(bench.wave(17), (10_000, 10_000));
        client.sees("servo", [0, 1500]);
        assert_eq!(bench.wave(17), (20_000, 1500));
        client.sees("servo off", 0);
        assert_eq!(bench.pulse(17), 0);
        client.sees("hardware PWM", json!([0, "PI_NOT_HPWM_GPIO"]));
        assert_eq!(bench.wave(13), (1000, 250));
        client.sees("mistakes", ["PI_BAD_PULSEWIDTH", "PI_BAD_DUTYCYCLE"]);

        client.sees("pull", [0, 1]);
        client.at("listening");
        bench.drive(4, &[0, 1, 0]);
        bench.drive(5, &[0]);
        let edges: Vec<_> = bench.changes(4).into_iter().map(|(tick, level)| json!([level, tick])).collect();
        client.sees("edges", edges);
        client.sees("others", json!([[0]]));
        client.at("glitches");
        for level in [Level::High, Level::Low, Level::High] {
            bench.line(4).drive(level);
        }
        let last = bench.changes(4).last().unwrap().0.wrapping_add(200_000);
        client.sees("no glitches", json!([[1, last]]));
        client.sees("ended", 0);
        client.sees("last call", json!([[[null, null]], []]));

        client.sees("pulses", 4);
        client.sees("wave", 0);
        client.sees("sent", [0, 9999]);
        assert_eq!(bench.levels(22), [1, 0, 1, 0]);
        client.at("chain sent");
        assert_eq!(bench.levels(22), [1, 0].repeat(6));
        client.sees("stopped", [0, 0, 0]);
        client.at("serial");
        bench.line(22).clear();
        client.at("serial sent");
        assert_eq!(bench.levels(22), [0, 1, 0, 1, 0, 1]);

        client.sees("I2C", [0, 0, 0]);
        client.sees("I2C read", json!([2, 1, 2]));
        client.sees("I2C closed", json!([0, "PI_BAD_HANDLE"]));
        client.sees(
            "refused",
            json!([
                "PI_UNKNOWN_COMMAND",
                "PI_NOT_HCLK_GPIO",
                "PI_UNKNOWN_COMMAND",
                "PI_NOT_SERIAL_GPIO",
                "PI_NOT_SERIAL_GPIO",
                "PI_NOT_SERIAL_GPIO",
            ]),
        );
        client.sees("paused", 0);
        client.sees("closed", json!([0, "PI_BAD_HANDLE"]));
        client.sees("disconnected", [false, false]);
        client.ends();
    }
}
