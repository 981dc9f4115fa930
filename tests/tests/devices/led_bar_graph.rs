//! Bar graphs.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which fail where they cannot go on")]

use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{ErrorKind, Light, Line, Result, Source};
use proptest::prelude::*;

const PINS: [u32; 5] = [5, 6, 13, 19, 26];

fn levels(gpio: &MockGpio) -> [u8; 5] {
    PINS.map(|pin| gpio.line(pin).level().is_high().into())
}

fn values(graph: &LedBarGraph) -> Vec<f64> {
    graph.lights().iter().map(Light::value).collect::<Result<_>>().unwrap()
}

#[test]
fn a_led_is_lit_if_the_value_reaches_it() -> Result<()> {
    let gpio = mock::gpio();
    let graph = LedBarGraph::builder(PINS).gpio(&gpio).open()?;
    assert_eq!((levels(&gpio), graph.value()?, graph.is_lit()?), ([0; 5], 0.0, false));
    for (value, lit, read) in [
        (0.2, [1, 0, 0, 0, 0], 0.2),
        (0.59, [1, 1, 0, 0, 0], 0.4),
        (0.6, [1, 1, 1, 0, 0], 0.6),
        (0.8, [1, 1, 1, 1, 0], 0.8),
        (1.0, [1, 1, 1, 1, 1], 1.0),
        (-0.2, [0, 0, 0, 0, 1], -0.2),
        (-0.59, [0, 0, 0, 1, 1], -0.4),
        (-1.0, [1, 1, 1, 1, 1], 1.0),
        (0.19, [0, 0, 0, 0, 0], 0.0),
    ] {
        graph.set_value(value)?;
        assert_eq!((levels(&gpio), graph.value()?), (lit, read), "{value}");
        assert_eq!(graph.is_active()?, read != 0.0);
    }
    Ok(())
}

#[test]
fn with_pwm_the_next_led_shows_the_rest() -> Result<()> {
    let gpio = mock::gpio();
    let builder = LedBarGraph::builder([5, 6, 13, 19]).pwm(true).initial_value(0.625);
    let graph = builder.gpio(&gpio).open()?;
    assert_eq!((values(&graph), graph.lit_count()?), (vec![1.0, 1.0, 0.5, 0.0], 2.5));
    // Right from the first instant.
    assert_eq!(gpio.line(13).pulses()[0].duty(), 0.5);
    graph.set_value(-0.375)?;
    assert_eq!((values(&graph), graph.value()?), (vec![0.0, 0.0, 0.5, 1.0], -0.375));
    graph.set_lit_count(-0.25)?;
    assert_eq!((values(&graph), graph.lit_count()?), (vec![0.0, 0.0, 0.0, 0.25], -0.25));
    graph.toggle()?;
    assert_eq!((values(&graph), graph.value()?), (vec![1.0, 1.0, 1.0, 0.75], 0.9375));
    Ok(())
}

#[test]
fn a_graph_is_set_by_the_number_of_lit_leds() -> Result<()> {
    let gpio = mock::gpio();
    let graph = LedBarGraph::builder(PINS).active_high(false).gpio(&gpio).open()?;
    assert_eq!(levels(&gpio), [1; 5]);
    for count in -4_i32..=5 {
        graph.set_lit_count(count)?;
        assert_eq!(graph.lit_count()?, f64::from(count));
        let lit = levels(&gpio).iter().filter(|level| **level == 0).count();
        assert_eq!(lit, usize::try_from(count.abs()).unwrap());
    }
    for refused in [graph.set_lit_count(6), graph.set_lit_count(-5.5), graph.set_lit_count(f64::NAN)] {
        let error = refused.unwrap_err();
        assert_eq!((error.kind(), graph.lit_count()?), (ErrorKind::InvalidValue, 5.0));
        assert!(error.to_string().contains("from -5 to 5"), "{error}");
    }
    Ok(())
}

#[test]
fn a_graph_is_a_switch_of_all_leds() -> Result<()> {
    let gpio = mock::gpio();
    let graph = LedBarGraph::builder(PINS).initial_value(-0.4).gpio(&gpio).open()?;
    assert_eq!((levels(&gpio), graph.pins()), ([0, 0, 0, 1, 1], PINS.map(Line).to_vec()));
    assert_eq!(format!("{graph:?}"), "LedBarGraph(GPIO5, GPIO6, GPIO13, GPIO19, GPIO26, -0.4)");
    assert_eq!(graph.to_string(), "LedBarGraph on GPIO5, GPIO6, GPIO13, GPIO19, GPIO26");
    graph.toggle()?;
    assert_eq!((levels(&gpio), graph.value()?), ([1, 1, 1, 0, 0], 0.6));
    let switch: Box<dyn Switch> = Box::new(graph.clone());
    switch.on()?;
    assert_eq!(levels(&gpio), [1; 5]);
    switch.off()?;
    assert_eq!(levels(&gpio), [0; 5]);
    // A LED of the graph that is switched by itself counts.
    graph.lights()[4].on()?;
    assert_eq!((graph.value()?, graph.lit_count()?), (-0.2, -1.0));
    switch.close()?;
    assert_eq!((graph.is_closed(), graph.value().unwrap_err().kind()), (true, ErrorKind::Closed));
    assert_eq!(graph.set_value(0.5).unwrap_err().kind(), ErrorKind::Closed);
    Ok(())
}

#[test]
fn a_graph_follows_a_value() -> Result<()> {
    let gpio = mock::gpio();
    let graph = LedBarGraph::builder(PINS).gpio(&gpio).open()?;
    let other = LedBarGraph::builder([17, 27]).pwm(true).gpio(&gpio).open()?;
    other.follow(graph.values().absoluted())?;
    graph.follow(Source::from([0.2, -0.6]).every(ms(100)))?;
    assert_eq!(levels(&gpio), [1, 0, 0, 0, 0]);
    gpio.advance(ms(110));
    assert_eq!((levels(&gpio), other.value()?), ([0, 0, 1, 1, 1], 0.6));
    assert_eq!(graph.follow(Source::from([1.5])).unwrap_err().kind(), ErrorKind::InvalidValue);
    Ok(())
}

#[test]
fn bad_values_and_options_are_errors() -> Result<()> {
    let gpio = mock::gpio();
    let graph = LedBarGraph::builder(PINS).initial_value(0.4).gpio(&gpio).open()?;
    for value in [1.1, -1.1, f64::NAN, f64::INFINITY] {
        let error = graph.set_value(value).unwrap_err();
        assert_eq!((error.kind(), graph.value()?), (ErrorKind::InvalidValue, 0.4));
        assert!(error.to_string().contains("give -1 to 1"), "{error}");
    }
    let none: [u32; 0] = [];
    let two = || LedBarGraph::builder([17, 27]);
    for (builder, kind, message) in [
        (LedBarGraph::builder(none), ErrorKind::InvalidValue, "has no LED"),
        (two().initial_value(2.0), ErrorKind::InvalidValue, "give -1 to 1"),
        (two().frequency(50.0), ErrorKind::InvalidValue, "`pwm(true)`"),
        (LedBarGraph::builder([17, 27, 17]), ErrorKind::PinInUse, "`0` and `2`"),
        (LedBarGraph::builder([17, 5]), ErrorKind::PinInUse, "in use by LedBarGraph"),
    ] {
        let error = builder.gpio(&gpio).open().unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(message) && error.to_string().contains("LedBarGraph"), "{error}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// With PWM, the value read is the value set; the LEDs are full, then one in part, then dark, from the end that the sign says.
    #[test]
    fn a_dimmed_graph_shows_any_value(count in 1_u32..=20, value in -1.0..=1.0) {
        let gpio = mock::gpio();
        let graph = LedBarGraph::builder(0..count).pwm(true).gpio(&gpio).open().unwrap();
        graph.set_value(value).unwrap();
        let read = graph.value().unwrap();
        // One LED has no far end.
        let expected = if count == 1 { f64::abs(value) } else { value };
        prop_assert!((read - expected).abs() < 1e-9, "{read} of {value}");
        let mut lit = values(&graph);
        if value < 0.0 {
            lit.reverse();
        }
        prop_assert!(lit.is_sorted_by(|one, other| one >= other), "{lit:?}");
        prop_assert!(lit.iter().filter(|value| **value > 0.0 && **value < 1.0).count() <= 1, "{lit:?}");
    }

    /// Without PWM, the value read is never beyond the value set, and less than one LED short of it.
    #[test]
    fn a_digital_graph_falls_short_by_less_than_a_led(count in 2_u32..=20, value in -1.0_f64..=1.0) {
        let gpio = mock::gpio();
        let graph = LedBarGraph::builder(0..count).gpio(&gpio).open().unwrap();
        graph.set_value(value).unwrap();
        let read = graph.value().unwrap();
        prop_assert!(read.abs() <= value.abs() + 1e-9, "{read} of {value}");
        prop_assert!(value.abs() - read.abs() < 1.0 / f64::from(count), "{read} of {value}");
        prop_assert!(read == 0.0 || read.is_sign_negative() == value.is_sign_negative() || read == 1.0);
    }

    /// A number of LEDs is read as it was set, whatever the number of LEDs; -n of n is n.
    #[test]
    fn a_count_is_read_as_it_was_set((count, lit) in (2_i32..=27).prop_flat_map(|count| (Just(count), 1 - count..=count))) {
        let gpio = mock::gpio();
        let graph = LedBarGraph::builder(0..count).gpio(&gpio).open().unwrap();
        graph.set_lit_count(lit).unwrap();
        prop_assert_eq!(graph.lit_count().unwrap(), f64::from(lit));
    }
}
