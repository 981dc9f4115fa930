//! Boards of LEDs, bar graphs and traffic lights.

use pinzero::prelude::*;
use pinzero::products::{FishDish, TrafficHat};
use pinzero::{BoardValue, Result, Source};

use crate::{changes, duties, levels, on_mock};

/// A board of boards alone.
const NO_PINS: [u32; 0] = [];

const EIGHT: [u32; 8] = [2, 3, 4, 5, 6, 7, 8, 9];

#[test]
fn led_board_1() -> Result<()> {
    on_mock(|gpio| {
        let pins = [5, 6, 13, 19, 26];
        let leds = LedBoard::new(pins)?;
        leds.on()?;
        gpio.sleep(secs(1));
        assert_eq!(levels(gpio, pins), [1; 5]);
        leds.off()?;
        gpio.sleep(secs(1));
        leds.set_value([1, 0, 1, 0, 1])?;
        gpio.sleep(secs(1));
        assert_eq!(levels(gpio, pins), [1, 0, 1, 0, 1]);
        leds.blink(secs(1), secs(1))?;
        gpio.advance(ms(500));
        assert_eq!(levels(gpio, pins), [1; 5]);
        gpio.advance(secs(1));
        assert_eq!(levels(gpio, pins), [0; 5]);
        Ok(())
    })
}

#[test]
fn led_board_2() -> Result<()> {
    on_mock(|gpio| {
        let pins = [5, 6, 13, 19, 26];
        let leds = LedBoard::builder(pins).pwm(true).open()?;
        leds.set_value([0.2, 0.4, 0.6, 0.8, 1.0])?;
        assert_eq!(duties(gpio, pins), [20, 40, 60, 80, 100]);
        Ok(())
    })
}

#[test]
fn led_board_3() -> Result<()> {
    on_mock(|gpio| {
        let leds = LedBoard::new([5, 6, 13, 19])?;
        for led in leds.lights() {
            led.on()?;
            gpio.sleep(secs(1));
            led.off()?;
        }
        assert_eq!(changes(gpio, 5), [(0, true), (1000, false)]);
        assert_eq!(changes(gpio, 19), [(3000, true), (4000, false)]);
        Ok(())
    })
}

#[test]
fn led_board_4() -> Result<()> {
    on_mock(|gpio| {
        let leds = LedBoard::new(EIGHT)?;
        leds.member(0)?.on()?;
        gpio.sleep(secs(1));
        leds.member(7)?.on()?;
        gpio.sleep(secs(1));
        leds.member(0)?.off()?;
        leds.member(-1)?.off()?;
        assert_eq!(
            (changes(gpio, 2), changes(gpio, 9)),
            (vec![(0, true), (2000, false)], vec![(1000, true), (2000, false)])
        );
        Ok(())
    })
}

#[test]
fn led_board_5() -> Result<()> {
    on_mock(|gpio| {
        let leds = LedBoard::new(EIGHT)?;
        for (some, lit) in [
            (leds.select(3..8)?, [0, 0, 0, 1, 1, 1, 1, 1]),
            (leds.select(0..2)?, [1, 1, 0, 0, 0, 0, 0, 0]),
            (leds.select((0..8).step_by(2))?, [1, 0, 1, 0, 1, 0, 1, 0]),
            (leds.select((1..8).step_by(2))?, [0, 1, 0, 1, 0, 1, 0, 1]),
        ] {
            some.on()?;
            assert_eq!(levels(gpio, EIGHT), lit);
            gpio.sleep(secs(1));
            leds.off()?;
        }
        Ok(())
    })
}

#[test]
fn led_board_6() -> Result<()> {
    on_mock(|gpio| {
        let leds = LedBoard::named([("red", 2), ("green", 3), ("blue", 4)]).open()?;
        leds.member("red")?.on()?;
        assert_eq!(levels(gpio, [2, 3, 4]), [1, 0, 0]);
        leds.member("green")?.on()?;
        leds.member("blue")?.on()?;
        assert_eq!(levels(gpio, [2, 3, 4]), [1, 1, 1]);
        Ok(())
    })
}

#[test]
fn led_board_7() -> Result<()> {
    on_mock(|gpio| {
        let pair = |top, bottom| LedBoard::named([("top", top), ("bottom", bottom)]);
        let leds = LedBoard::builder(NO_PINS).board("red", pair(2, 3)).board("green", pair(4, 5)).open()?;
        let lit = || levels(gpio, [2, 3, 4, 5]);
        leds.member("red")?.on()?;
        assert_eq!(lit(), [1, 1, 0, 0]);
        leds.member("green")?.on()?;
        assert_eq!(lit(), [1, 1, 1, 1]);
        leds.off()?;
        leds.member("red.top")?.on()?;
        leds.member("green.bottom")?.on()?;
        assert_eq!(lit(), [1, 0, 0, 1]);
        Ok(())
    })
}

#[test]
fn led_bargraph_1() -> Result<()> {
    on_mock(|gpio| {
        let pins = [5, 6, 13, 19, 26, 20];
        let graph = LedBarGraph::new(pins)?;
        for (value, lit) in [
            (1.0, [1, 1, 1, 1, 1, 1]),
            (0.5, [1, 1, 1, 0, 0, 0]),
            (-0.5, [0, 0, 0, 1, 1, 1]),
            (0.25, [1, 0, 0, 0, 0, 0]),
            (-1.0, [1, 1, 1, 1, 1, 1]),
        ] {
            graph.set_value(value)?;
            assert_eq!(levels(gpio, pins), lit, "{value}");
            gpio.sleep(secs(1));
        }
        Ok(())
    })
}

#[test]
fn led_bargraph_2() -> Result<()> {
    on_mock(|gpio| {
        let pins = [5, 6, 13, 19, 26];
        let graph = LedBarGraph::builder(pins).pwm(true).open()?;
        for (value, lit) in [
            (0.1, [50, 0, 0, 0, 0]),
            (0.3, [100, 50, 0, 0, 0]),
            (-0.3, [0, 0, 0, 50, 100]),
            (0.9, [100, 100, 100, 100, 50]),
            (0.95, [100, 100, 100, 100, 75]),
        ] {
            graph.set_value(value)?;
            assert_eq!(duties(gpio, pins), lit, "{value}");
        }
        Ok(())
    })
}

#[test]
fn pot_2() -> Result<()> {
    on_mock(|gpio| {
        let (chip, pins) = (gpio.mcp3008([11, 10, 9, 8]), [5, 6, 13, 19, 26]);
        let (graph, pot) = (LedBarGraph::builder(pins).pwm(true).open()?, Mcp3008::new(0)?);
        graph.follow(pot.values())?;
        chip.set(0, 307);
        gpio.advance(ms(50));
        assert_eq!(duties(gpio, pins), [100, 50, 0, 0, 0]);
        Ok(())
    })
}

#[test]
fn traffic_lights_1() -> Result<()> {
    on_mock(|gpio| {
        let lights = TrafficLights::new(2, 3, 4)?;
        lights.green.on()?;
        gpio.sleep(secs(10));
        lights.green.off()?;
        lights.amber.on()?;
        gpio.sleep(secs(1));
        lights.amber.off()?;
        lights.red.on()?;
        gpio.sleep(secs(10));
        lights.amber.on()?;
        gpio.sleep(secs(1));
        lights.set_value([0, 0, 1])?;
        assert_eq!(changes(gpio, 2), [(11_000, true), (22_000, false)]);
        assert_eq!(changes(gpio, 3), [(10_000, true), (11_000, false), (21_000, true), (22_000, false)]);
        assert_eq!(changes(gpio, 4), [(0, true), (10_000, false), (22_000, true)]);
        Ok(())
    })
}

#[test]
fn traffic_lights_2() -> Result<()> {
    on_mock(|gpio| {
        let lights = TrafficLights::new(2, 3, 4)?;
        // gpiozero's generator sleeps between its values; a source has a beat, and gives a value for several beats.
        let phases = [([0, 0, 1], 10), ([0, 1, 0], 1), ([1, 0, 0], 10), ([1, 1, 0], 1)];
        let seconds =
            phases.into_iter().cycle().flat_map(|(phase, seconds)| std::iter::repeat_n(phase, seconds));
        lights.follow(Source::from(seconds).map(BoardValue::from).every(secs(1)))?;
        gpio.advance(ms(22_500));
        assert_eq!(changes(gpio, 2), [(11_000, true), (22_000, false)]);
        assert_eq!(changes(gpio, 3), [(10_000, true), (11_000, false), (21_000, true), (22_000, false)]);
        assert_eq!(changes(gpio, 4), [(0, true), (10_000, false), (22_000, true)]);
        Ok(())
    })
}

#[test]
fn traffic_lights_3() -> Result<()> {
    on_mock(|gpio| {
        let (red, amber, green) = (Led::new(2)?, Led::new(3)?, Led::new(4)?);
        green.on()?;
        for _ in 0..2 {
            gpio.sleep(secs(10));
            green.off()?;
            amber.on()?;
            gpio.sleep(secs(1));
            amber.off()?;
            red.on()?;
            gpio.sleep(secs(10));
            amber.on()?;
            gpio.sleep(secs(1));
            green.on()?;
            amber.off()?;
            red.off()?;
        }
        let (on, off) = (true, false);
        assert_eq!(changes(gpio, 4), [(0, on), (10_000, off), (22_000, on), (32_000, off), (44_000, on)]);
        assert_eq!(changes(gpio, 3)[..4], [(10_000, on), (11_000, off), (21_000, on), (22_000, off)]);
        assert_eq!(changes(gpio, 2)[..2], [(11_000, on), (22_000, off)]);
        Ok(())
    })
}

#[test]
fn all_on_1() -> Result<()> {
    on_mock(|gpio| {
        let fish = FishDish::new()?;
        fish.button.when_pressed({
            let fish = fish.clone();
            move |_| fish.on()
        });
        fish.button.when_released({
            let fish = fish.clone();
            move |_| fish.off()
        });
        for (level, on) in [(Level::High, 1), (Level::Low, 0)] {
            gpio.line(7).drive(level);
            assert_eq!(levels(gpio, [9, 22, 4, 8]), [on; 4]);
        }
        fish.close() // the handlers hold it, too
    })
}

#[test]
fn all_on_2() -> Result<()> {
    on_mock(|gpio| {
        let hat = TrafficHat::new()?;
        hat.lights.follow(hat.button.values().map(BoardValue::from))?;
        hat.buzzer.follow(hat.button.values())?;
        for (level, on) in [(Level::Low, 1), (Level::High, 0)] {
            gpio.line(25).drive(level);
            assert_eq!(levels(gpio, [24, 23, 22, 5]), [on; 4]);
        }
        Ok(())
    })
}
