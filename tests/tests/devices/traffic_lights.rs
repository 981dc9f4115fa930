//! Traffic lights.

use pinzero::mock::{self, MockGpio};
use pinzero::options::Lights;
use pinzero::prelude::*;
use pinzero::{Builder, ErrorKind, Result, Source};

fn levels(gpio: &MockGpio) -> [u8; 3] {
    [2, 3, 4].map(|pin| gpio.line(pin).level().is_high().into())
}

#[test]
fn lights_are_fields_and_a_board() -> Result<()> {
    let gpio = mock::gpio();
    let lights = TrafficLights::builder(2, 3, 4).gpio(&gpio).open()?;
    assert_eq!(levels(&gpio), [0, 0, 0]);
    lights.red.on()?;
    assert_eq!((levels(&gpio), lights.value()?), ([1, 0, 0], [1, 0, 0].into()));
    lights.yellow().on()?;
    assert!(lights.amber.is_lit()?);
    lights.member("green")?.on()?;
    assert_eq!(levels(&gpio), [1, 1, 1]);
    lights.set_value([0, 1, 0])?;
    assert_eq!(levels(&gpio), [0, 1, 0]);
    lights.toggle()?;
    assert_eq!((levels(&gpio), lights.is_lit()?), ([1, 0, 1], true));
    assert_eq!(lights.names(), [Some("red"), Some("amber"), Some("green")]);
    Ok(())
}

#[test]
fn a_light_leaves_the_blink_of_all() -> Result<()> {
    let gpio = mock::gpio();
    let lights = TrafficLights::builder(2, 3, 4).gpio(&gpio).open()?;
    lights.blink(ms(100), ms(100))?;
    lights.red.off()?;
    gpio.advance(ms(250));
    assert_eq!(levels(&gpio), [0, 1, 1]);
    Ok(())
}

#[test]
fn lights_follow_a_plan() -> Result<()> {
    let gpio = mock::gpio();
    let lights = TrafficLights::builder(2, 3, 4).gpio(&gpio).open()?;
    lights.follow(Source::from([[0, 0, 1], [0, 1, 0], [1, 0, 0]]).every(secs(1)))?;
    assert_eq!(levels(&gpio), [0, 0, 1]);
    gpio.advance(ms(1500));
    assert_eq!(levels(&gpio), [0, 1, 0]);
    Ok(())
}

#[test]
fn lights_are_dimmed_with_pwm() -> Result<()> {
    let gpio = mock::gpio();
    let builder = TrafficLights::builder(2, 3, 4).active_high(false).pwm(true).initial_value(0.5);
    let lights = builder.gpio(&gpio).open()?;
    assert_eq!(lights.value()?, [0.5, 0.5, 0.5].into());
    lights.green.set_value(0.25)?;
    assert_eq!(lights.value()?, [0.5, 0.5, 0.25].into());
    Ok(())
}

#[test]
fn lights_are_one_device() -> Result<()> {
    let gpio = mock::gpio();
    let lights = TrafficLights::builder(2, 3, 4).gpio(&gpio).open()?;
    assert_eq!(format!("{lights:?}"), "TrafficLights(GPIO2, GPIO3, GPIO4, [0, 0, 0])");
    assert_eq!(lights.to_string(), "TrafficLights on GPIO2, GPIO3, GPIO4");
    let switch: Box<dyn Switch> = Box::new(lights.clone());
    switch.on()?;
    assert_eq!(levels(&gpio), [1, 1, 1]);
    let error = Led::builder(3).gpio(&gpio).open().map(drop).unwrap_err();
    assert!(error.to_string().contains("in use by TrafficLights opened at"), "{error}");
    switch.close()?;
    assert!(lights.is_closed() && lights.red.is_closed());
    assert_eq!(lights.on().unwrap_err().kind(), ErrorKind::Closed);

    let error = TrafficLights::builder(2, 3, 2).gpio(&gpio).open().unwrap_err();
    assert!(error.to_string().contains("both `red` and `green`"), "{error}");
    let error = Builder::<TrafficLights, _>::new(Lights::new([2, 3])).gpio(&gpio).open().unwrap_err();
    assert!(error.to_string().contains("3 LEDs, not 2"), "{error}");
    Ok(())
}
