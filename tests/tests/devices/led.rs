//! Switching a LED and other digital outputs.

use pinzero::mock::{self};
use pinzero::prelude::*;
use pinzero::{LineFunction, Result};

#[test]
fn it_starts_dark_and_follows_on_and_off_at_their_instants() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    assert!(!led.is_lit()?);
    assert_eq!(gpio.line(17).function(), LineFunction::Output);
    assert_eq!(gpio.line(17).history(), []);

    gpio.advance(ms(5));
    led.on()?;
    assert!(led.is_lit()? && led.is_active()? && led.value()?);
    gpio.advance(us(2));
    led.off()?;
    assert!(!led.is_lit()? && !led.is_active()? && !led.value()?);
    assert_eq!(gpio.line(17).history(), [(ms(5), Level::High), (ms(5) + us(2), Level::Low)]);
    Ok(())
}

#[test]
fn each_write_reaches_the_pin_even_if_it_changes_nothing() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    gpio.line(17).clear();
    led.on()?;
    led.on()?;
    led.set_value(true)?;
    assert_eq!(gpio.line(17).writes(), 3);
    assert_eq!(gpio.line(17).history().len(), 1);
    Ok(())
}

#[test]
fn with_active_high_false_on_is_low_and_dark_is_high_from_the_first_instant() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let relay = DigitalOutputDevice::builder(27).active_high(false).gpio(&gpio).open()?;
    assert!(!relay.is_active()?);
    assert_eq!(gpio.line(27).history(), [(ms(0), Level::High)]);
    relay.on()?;
    assert!(relay.is_active()? && relay.value()?);
    assert_eq!(gpio.line(27).level(), Level::Low);
    relay.set_value(false)?;
    assert_eq!(gpio.line(27).level(), Level::High);
    relay.toggle()?;
    assert_eq!(gpio.line(27).level(), Level::Low);
    assert!(relay.is_active()?);
    Ok(())
}

#[test]
fn an_initial_value_is_on_the_line_without_a_blip() -> pinzero::Result<()> {
    for (active_high, initial, expected) in [
        (true, false, Level::Low),
        (true, true, Level::High),
        (false, false, Level::High),
        (false, true, Level::Low),
    ] {
        // GPIO17 is pulled down and GPIO2 is pulled up: from either side there is at most the one change.
        for pin in [17, 2] {
            let gpio = mock::gpio();
            let before = gpio.line(pin).level();
            let led = Led::builder(pin).active_high(active_high).initial_value(initial).gpio(&gpio).open()?;
            let changes = if before == expected { vec![] } else { vec![(ms(0), expected)] };
            assert_eq!(
                gpio.line(pin).history(),
                changes,
                "active_high {active_high} initial {initial} pin {pin}"
            );
            assert_eq!(led.is_lit()?, initial);
        }
    }
    Ok(())
}

#[test]
fn without_an_initial_value_it_adopts_what_is_on_the_line() -> pinzero::Result<()> {
    for (active_high, level) in
        [(true, Level::High), (true, Level::Low), (false, Level::High), (false, Level::Low)]
    {
        let gpio = mock::gpio();
        gpio.line(17).drive(level);
        gpio.line(17).clear();
        let led = Led::builder(17).active_high(active_high).initial_value(None).gpio(&gpio).open()?;
        gpio.line(17).release();
        assert_eq!(gpio.line(17).level(), level, "the pin drives now what it found");
        assert_eq!(gpio.line(17).history(), []);
        assert_eq!(led.is_lit()?, level.is_high() == active_high);
        led.toggle()?;
        assert_eq!(gpio.line(17).level(), !level, "toggle starts from what was found");
    }
    Ok(())
}

#[test]
fn a_pull_is_adopted_as_well_as_a_driver() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    assert!(Led::builder(2).initial_value(None).gpio(&gpio).open()?.is_lit()?);
    assert!(!Led::builder(17).initial_value(None).gpio(&gpio).open()?.is_lit()?);
    Ok(())
}

#[test]
fn toggle_goes_back_and_forth() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    for lit in [true, false, true, false] {
        gpio.advance(ms(1));
        led.toggle()?;
        assert_eq!(led.is_lit()?, lit);
    }
    let times: Vec<_> = gpio.line(17).history().into_iter().map(|(at, _)| at).collect();
    assert_eq!(times, [ms(1), ms(2), ms(3), ms(4)]);
    Ok(())
}

#[test]
fn a_short_circuit_is_seen_and_what_was_written_is_not_forgotten() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).initial_value(true).gpio(&gpio).open()?;
    gpio.line(17).drive(Level::Low);
    assert!(!led.is_lit()?, "the value is what is on the pin");
    assert_eq!(led.output().level()?, Level::Low);
    assert_eq!(led.output().last(), Level::High);
    Ok(())
}

#[test]
fn clones_are_handles_of_the_same_device() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    let other = led.clone();
    other.on()?;
    assert!(led.is_lit()?);
    led.toggle()?;
    assert!(!other.is_lit()?);
    Ok(())
}

#[test]
fn leds_on_one_board_do_not_disturb_each_other() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let leds: Vec<Led> =
        (2..28).map(|pin| Led::builder(pin).gpio(&gpio).open()).collect::<pinzero::Result<_>>()?;
    for (index, led) in leds.iter().enumerate() {
        led.on()?;
        let lit = leds.iter().map(Led::is_lit).collect::<pinzero::Result<Vec<_>>>()?;
        assert_eq!(lit, (0..leds.len()).map(|other| other <= index).collect::<Vec<_>>());
    }
    Ok(())
}

#[test]
fn the_same_pin_on_two_boards_is_two_pins() -> pinzero::Result<()> {
    let (one, other) = (mock::gpio(), mock::gpio());
    let led = Led::builder(17).gpio(&one).open()?;
    let _other = Led::builder(17).gpio(&other).open()?;
    led.on()?;
    assert_eq!(one.line(17).level(), Level::High);
    assert_eq!(other.line(17).level(), Level::Low);
    assert_eq!(led.gpio().now(), one.now());
    Ok(())
}

#[test]
fn devices_can_go_to_other_threads() {
    fn shareable<T: Send + Sync + Clone + std::fmt::Debug + 'static>() {}
    shareable::<Led>();
    shareable::<DigitalOutputDevice>();
    shareable::<PwmOutputDevice>();
    shareable::<Button>();
    shareable::<DigitalInputDevice>();
    shareable::<pinzero::Animation>();
    shareable::<pinzero::Handler>();
    shareable::<Gpio>();
}

#[test]
fn leds_on_a_group_blink_together_and_one_that_is_written_leaves() -> Result<()> {
    let gpio = mock::gpio();
    let group = gpio.group(4..12u32).initial(0xff).open()?;
    let leds: Vec<Led> =
        group.outputs().into_iter().map(|output| Led::from_output(output, Level::Low)).collect();
    drop(group);
    assert_eq!(format!("{:?}, {}", leds[0], leds[7]), "Led(GPIO4, off), Led on GPIO11");
    leds.iter().for_each(|led| gpio.line(led.pin()).clear());

    let blink = Animation::start(leds.iter().map(|led| led.part()), Blink::new(ms(10), ms(10)).times(3))?;
    gpio.advance(ms(15));
    leds[2].on()?;
    let lit = || leds.iter().map(Led::is_lit).collect::<Result<Vec<_>>>();
    gpio.advance(ms(10));
    assert_eq!(lit()?, [true; 8]);
    gpio.advance(ms(10));
    assert_eq!(lit()?, [false, false, true, false, false, false, false, false]);
    blink.wait()?;
    assert_eq!(gpio.elapsed(), ms(60));
    assert_eq!(format!("{:?}", leds[2]), "Led(GPIO6, on)");
    // Three times on and off; the one that left: on, off, and on by hand.
    assert_eq!([4, 6, 11].map(|line| gpio.line(line).history().len()), [6, 3, 6]);

    let switches: Vec<Box<dyn Switch>> = leds.into_iter().map(|led| Box::new(led) as _).collect();
    switches.iter().try_for_each(Switch::on)?;
    assert!((4..12).all(|line| gpio.line(line).level() == Level::Low));
    switches[0].close()?;
    assert!(switches[7].is_closed(), "lines of a group close together");
    Ok(())
}

#[test]
fn a_led_and_a_dimmable_lamp_have_parts_in_one_animation_each_by_its_active_level() -> Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).active_high(false).gpio(&gpio).open()?;
    let lamp = PwmOutputDevice::builder(18).active_high(false).gpio(&gpio).open()?;
    let _blink = Animation::start([led.part(), lamp.part()], Blink::new(ms(10), ms(10)))?;
    assert!(led.is_lit()? && lamp.value()? == 1.0);
    gpio.advance(ms(15));
    assert!(!led.is_lit()? && lamp.value()? == 0.0);
    Ok(())
}
