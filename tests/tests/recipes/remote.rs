//! Pins of other computers, each behind a daemon in this process, in real time.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which fail where they cannot go on")]

use pinzero::mock::{self, MockGpio};
use pinzero::pigpio::PigpioFactory;
use pinzero::prelude::*;
use pinzero::products::TrafficHat;
use pinzero::source::all_values;
use pinzero::{BoardValue, Level, Result, with_default};
use pinzero_daemon::Daemon;
use pinzero_tests::{Log, eventually};

/// Another computer: its pins as this program has them, and what happens there.
struct Pi {
    gpio: Gpio,
    there: MockGpio,
    _daemon: Daemon,
}

impl Pi {
    fn connect() -> Result<Pi> {
        let there = mock::builder().realtime().try_open()?;
        let daemon = Daemon::builder(&there).port(0).start()?;
        let gpio = Gpio::new(PigpioFactory::connect(daemon.addrs()[0].to_string())?)?;
        Ok(Pi { gpio, there, _daemon: daemon })
    }

    /// Returns the level of a pin there.
    fn level(&self, pin: u32) -> Level {
        self.there.line(pin).level()
    }
}

/// What runs in the background ends before the daemon does.
impl Drop for Pi {
    fn drop(&mut self) {
        self.gpio.close().unwrap();
    }
}

/// This computer.
fn here() -> Result<MockGpio> {
    mock::builder().realtime().try_open()
}

fn is_lit(led: &Led) -> bool {
    led.is_lit().unwrap()
}

/// Turns every second LED on, the first or the second ones, and the others off.
fn alternate(leds: &[Led], is_first: bool) -> Result<()> {
    leds.iter().enumerate().try_for_each(|(index, led)| led.set_value((index % 2 == 0) == is_first))
}

#[test]
fn led_remote_1() -> Result<()> {
    let pi = Pi::connect()?;
    let led = Led::builder(17).gpio(&pi.gpio).open()?;
    for _ in 0..2 {
        led.on()?;
        assert_eq!(pi.level(17), Level::High);
        led.off()?;
        assert_eq!(pi.level(17), Level::Low);
    }
    Ok(())
}

/// The same program as gpiozero's oldest for a Pi Zero on a cable.
#[test]
fn pi_zero_remote() -> Result<()> {
    let pi = Pi::connect()?;
    let led = Led::builder(17).gpio(&pi.gpio).open()?;
    led.blink(ms(5), ms(5))?;
    eventually("the LED there blinks", || pi.there.line(17).history().len() > 4);
    led.off()?;
    Ok(())
}

#[test]
fn led_remote_2() -> Result<()> {
    let (one, two) = (Pi::connect()?, Pi::connect()?);
    let leds = [Led::builder(17).gpio(&one.gpio).open()?, Led::builder(17).gpio(&two.gpio).open()?];
    for is_first in [true, false] {
        alternate(&leds, is_first)?;
        assert_eq!([&one, &two].map(|pi| pi.level(17).is_high()), [is_first, !is_first]);
    }
    Ok(())
}

#[test]
fn led_remote_3() -> Result<()> {
    let (here, pi) = (here()?, Pi::connect()?);
    let leds =
        with_default(&here, || Ok::<_, Error>([Led::new(17)?, Led::builder(17).gpio(&pi.gpio).open()?]))?;
    for is_first in [true, false] {
        alternate(&leds, is_first)?;
        assert_eq!([here.line(17).level(), pi.level(17)].map(Level::is_high), [is_first, !is_first]);
    }
    Ok(())
}

/// The other way round: the remote pins are the default.
#[test]
fn led_remote_4() -> Result<()> {
    let (here, pi) = (here()?, Pi::connect()?);
    let leds =
        with_default(&pi.gpio, || Ok::<_, Error>([Led::builder(17).gpio(&here).open()?, Led::new(17)?]))?;
    for is_first in [true, false] {
        alternate(&leds, is_first)?;
        assert_eq!([here.line(17).level(), pi.level(17)].map(Level::is_high), [is_first, !is_first]);
    }
    Ok(())
}

#[test]
fn led_remote_5() -> Result<()> {
    let (here, one, two) = (here()?, Pi::connect()?, Pi::connect()?);
    let leds = [&here, &one.gpio, &two.gpio].map(|gpio| Led::builder(17).gpio(gpio).open());
    let leds: Vec<Led> = leds.into_iter().collect::<Result<_>>()?;
    for is_first in [true, false] {
        alternate(&leds, is_first)?;
        let levels = [here.line(17).level(), one.level(17), two.level(17)];
        assert_eq!(levels.map(Level::is_high), [is_first, !is_first, is_first]);
    }
    Ok(())
}

#[test]
fn led_button_remote_1() -> Result<()> {
    let (here, pi) = (here()?, Pi::connect()?);
    let button = Button::builder(2).gpio(&pi.gpio).open()?;
    let led = Led::builder(17).gpio(&here).open()?;
    led.follow(button.values())?;
    pi.there.line(2).drive(Level::Low);
    eventually("the LED is lit", || is_lit(&led));
    pi.there.line(2).drive(Level::High);
    eventually("the LED is dark", || !is_lit(&led));
    Ok(())
}

#[test]
fn led_button_remote_2() -> Result<()> {
    let (here, one, two) = (here()?, Pi::connect()?, Pi::connect()?);
    let led = Led::builder(17).gpio(&here).open()?;
    let [first, second] = [&one, &two].map(|pi| Button::builder(17).gpio(&pi.gpio).open());
    let (first, second) = (first?, second?);
    led.follow(all_values([first.values(), second.values()]))?;
    one.there.line(17).drive(Level::Low);
    eventually("the first button is pressed", || first.is_pressed().unwrap());
    assert!(!is_lit(&led));
    two.there.line(17).drive(Level::Low);
    eventually("the LED is lit", || is_lit(&led));
    Ok(())
}

#[test]
fn multi_room_motion_alert() -> Result<()> {
    let (here, rooms) = (here()?, [Pi::connect()?, Pi::connect()?, Pi::connect()?]);
    let leds = LedBoard::builder([2, 3, 4]).gpio(&here).open()?;
    let sensors =
        rooms.iter().map(|room| MotionSensor::builder(17).sample_rate(1000.0).gpio(&room.gpio).open());
    let sensors: Vec<MotionSensor> = sensors.collect::<Result<_>>()?;
    leds.follow(pinzero::source::zip_values(sensors.iter().map(Value::values)).map(BoardValue::from))?;
    rooms[1].there.line(17).drive(Level::High);
    let expected = BoardValue::from([0, 1, 0]);
    eventually("the LED of the second room is lit", || leds.value().unwrap() == expected);
    Ok(())
}

#[test]
fn multi_room_doorbell() -> Result<()> {
    let (here, rooms) = (here()?, [Pi::connect()?, Pi::connect()?, Pi::connect()?]);
    let button = Button::builder(17).gpio(&here).open()?;
    let mut buzzers = Vec::new();
    for room in &rooms {
        let buzzer = Buzzer::builder(17).gpio(&room.gpio).open()?;
        buzzer.follow(button.values())?;
        buzzers.push(buzzer);
    }
    for (level, sound) in [(Level::Low, Level::High), (Level::High, Level::Low)] {
        here.line(17).drive(level);
        eventually("all buzzers follow", || rooms.iter().all(|room| room.level(17) == sound));
    }
    Ok(())
}

#[test]
fn remote_button_robot() -> Result<()> {
    let (here, pi) = (here()?, Pi::connect()?);
    let robot = Robot::builder((4, 14), (17, 18)).pwm(false).gpio(&pi.gpio).open()?;
    let mut buttons = Vec::new();
    let moves: [(u32, fn(&Robot, f64) -> Result<()>); 4] =
        [(26, Robot::left), (16, Robot::right), (21, Robot::forward), (20, Robot::backward)];
    for (pin, drive) in moves {
        let button = Button::builder(pin).gpio(&here).open()?;
        let (driven, stopped) = (robot.clone(), robot.clone());
        button.when_pressed(move |_| drive(&driven, 1.0));
        button.when_released(move |_| stopped.stop());
        buttons.push(button);
    }
    for (pin, levels) in [(26, [0, 1, 1, 0]), (16, [1, 0, 0, 1]), (21, [1, 0, 1, 0]), (20, [0, 1, 0, 1])] {
        for (level, levels) in [(Level::Low, levels), (Level::High, [0; 4])] {
            here.line(pin).drive(level);
            eventually("the motors follow the button", || {
                [4, 14, 17, 18].map(|pin| u8::from(pi.level(pin).is_high())) == levels
            });
        }
    }
    Ok(())
}

/// A list stands for the display of the Sense HAT, a number for its thermometer.
#[test]
fn sense_hat_remote() -> Result<()> {
    let (pi, shown, celsius) = (Pi::connect()?, Log::new(), 21.5);
    let pir = MotionSensor::builder(4).sample_rate(1000.0).gpio(&pi.gpio).open()?;
    pi.there.line(4).drive(Level::High);
    pir.wait_for_motion()?;
    shown.push(format!("{celsius} °C"));
    assert_eq!(shown.take(), ["21.5 °C"]);
    Ok(())
}

/// A color stands for the display of the Sense HAT.
#[test]
fn sense_hat_remote_2() -> Result<()> {
    let (pi, display) = (Pi::connect()?, Log::new());
    let lamp = pi.there.capacitor(4, ms(1));
    let light = LightSensor::builder(4).queue_len(1).gpio(&pi.gpio).open()?;
    light.values().for_each(&pi.gpio, {
        let display = display.clone();
        move |value| display.push(if value > 0.5 { "yellow" } else { "blue" })
    })?;
    eventually("it is light", || display.take().contains(&"yellow"));
    lamp.set_charge_time(None);
    eventually("it is dark", || display.take().contains(&"blue"));
    Ok(())
}

#[test]
fn traffichat_remote_1() -> Result<()> {
    let pi = Pi::connect()?;
    let hat = with_default(&pi.gpio, TrafficHat::new)?;
    hat.on()?;
    assert_eq!([24, 23, 22, 5].map(|pin| pi.level(pin)), [Level::High; 4]);
    pi.there.line(25).drive(Level::Low);
    hat.button.wait_for_press()
}

#[test]
fn traffichat_remote_2() -> Result<()> {
    let (here, pi) = (here()?, Pi::connect()?);
    let near = with_default(&here, TrafficHat::new)?;
    let far = TrafficHat::builder().gpio(&pi.gpio).open()?;
    near.lights.red.on()?;
    far.lights.green.on()?;
    assert_eq!([24, 22].map(|pin| here.line(pin).level().is_high()), [true, false]);
    assert_eq!([24, 22].map(|pin| pi.level(pin).is_high()), [false, true]);
    Ok(())
}
