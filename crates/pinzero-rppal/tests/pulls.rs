//! Pulls as the registers have them, on an emulated Raspberry Pi 4: `cargo xtask pi-rig`. A Raspberry Pi 3 has no registers to
//! read them from.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "it fails a test here")]
#![allow(dead_code, reason = "`outside` is for other tests too")]

mod outside;

/// The rig leaves this module out on a Raspberry Pi 3.
mod on_a_pi_4 {
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use super::outside::Outside;
    use pinzero_core::{Bias, Gpio, Level, Line, OnClose};
    use pinzero_rppal::RppalFactory;

    /// One line of each register, and what their pulls are at power-up.
    const LINES: [(u32, Bias); 4] =
        [(5, Bias::PullUp), (17, Bias::PullDown), (36, Bias::PullUp), (48, Bias::PullUp)];

    /// The registers from both sides, for one test at a time.
    fn rig() -> (Gpio, Outside, MutexGuard<'static, ()>) {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        (Gpio::new(RppalFactory::registers_only().unwrap()).unwrap(), Outside::new().unwrap(), alone)
    }

    #[test]
    #[ignore = "no Pi: run `cargo xtask pi-rig`"]
    fn an_input_has_the_pull_asked_for_and_gives_back_that_of_power_up() {
        let (gpio, outside, _alone) = rig();
        for (line, at_power_up) in LINES {
            assert_eq!(outside.pull(Line(line)), at_power_up, "GPIO{line}");
            for bias in [Bias::PullUp, Bias::PullDown, Bias::Disabled] {
                let input = gpio.input(Line(line)).bias(bias).open().unwrap();
                assert_eq!(outside.pull(Line(line)), bias, "GPIO{line}");
                input.close().unwrap();
                assert_eq!(outside.pull(Line(line)), at_power_up, "GPIO{line} after {bias}");
            }
        }
    }

    #[test]
    #[ignore = "no Pi: run `cargo xtask pi-rig`"]
    fn an_input_taken_as_it_is_keeps_its_pull() {
        let (gpio, outside, _alone) = rig();
        for (line, at_power_up) in LINES {
            let input = gpio.input(Line(line)).bias(Bias::AsIs).open().unwrap();
            assert_eq!(outside.pull(Line(line)), at_power_up);
            input.close().unwrap();
            assert_eq!(outside.pull(Line(line)), at_power_up);
        }
    }

    #[test]
    #[ignore = "no Pi: run `cargo xtask pi-rig`"]
    fn an_output_leaves_the_pull_asked_for() {
        let (gpio, outside, _alone) = rig();
        let (line, at_power_up) = (27, Bias::PullDown);
        for (on_close, left) in [
            (OnClose::Input(Bias::PullUp), Bias::PullUp),
            (OnClose::Input(Bias::Disabled), Bias::Disabled),
            (OnClose::Input(Bias::PullDown), Bias::PullDown),
            (OnClose::Restore, at_power_up),
        ] {
            let output = gpio.output(line).initial(Level::High).on_close(on_close).open().unwrap();
            assert!(outside.is_output(Line(line)));
            output.close().unwrap();
            assert_eq!((outside.is_output(Line(line)), outside.pull(Line(line))), (false, left));
        }
    }
}
