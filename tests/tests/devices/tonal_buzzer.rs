//! Buzzers that play tones, and tones.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which fail where they cannot go on")]

use std::time::Duration;

use pinzero::mock::{self, MockGpio, Pulse};
use pinzero::prelude::*;
use pinzero::{ErrorKind, LineFunction};
use proptest::prelude::*;

fn buzzer(gpio: &MockGpio) -> pinzero::Result<TonalBuzzer> {
    TonalBuzzer::builder(17).gpio(gpio).open()
}

fn wave(gpio: &MockGpio) -> Pulse {
    gpio.line(17).pulses().pop().unwrap()
}

fn tone(name: &str) -> Tone {
    name.parse().unwrap()
}

#[test]
fn a_tone_is_half_of_its_period_on() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let buzzer = buzzer(&gpio)?;
    assert_eq!((buzzer.tone()?, buzzer.value()?, buzzer.is_active()?), (None, None, false));
    assert_eq!(wave(&gpio).pulse, ms(0));
    for (name, nanos) in [("A4", 2_272_727), ("A3", 4_545_455), ("A5", 1_136_364), ("C#5", 1_803_865)] {
        buzzer.play(name)?;
        assert_eq!((buzzer.tone()?, buzzer.is_active()?), (Some(tone(name)), true));
        let Pulse { period, pulse, .. } = wave(&gpio);
        assert_eq!(period, Duration::from_nanos(nanos), "{name}");
        assert!(pulse.abs_diff(period / 2) <= Duration::from_nanos(1), "{pulse:?}");
    }
    buzzer.play(445.5)?;
    assert_eq!(buzzer.tone()?.map(Tone::frequency), Some(445.5));
    buzzer.play(Tone::midi(60)?)?;
    assert_eq!(buzzer.tone()?, Some(tone("C4")));
    buzzer.stop()?;
    assert_eq!((buzzer.tone()?, wave(&gpio).pulse), (None, ms(0)));
    Ok(())
}

#[test]
fn a_change_of_tone_makes_no_other_sound() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let buzzer = buzzer(&gpio)?;
    buzzer.play("A4")?;
    buzzer.play("A5")?;
    buzzer.stop()?;
    buzzer.play("A3")?;
    let sounds = gpio.line(17).pulses().into_iter().filter(|wave| wave.pulse > ms(0));
    let periods: Vec<u128> = sounds.map(|wave| wave.period.as_micros()).collect();
    assert_eq!(periods, [2272, 1136, 4545]);
    Ok(())
}

#[test]
fn values_are_octaves_around_the_mid_tone() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let builder = TonalBuzzer::builder(17).mid_tone(tone("C5")).octaves(2).initial_value(0.5);
    let buzzer = builder.gpio(&gpio).open()?;
    assert_eq!((buzzer.tone()?, buzzer.value()?), (Some(tone("C6")), Some(0.5)));
    assert_eq!(
        (buzzer.min_tone(), buzzer.mid_tone(), buzzer.max_tone()),
        (tone("C3"), tone("C5"), tone("C7"))
    );
    assert_eq!((buzzer.octaves(), gpio.line(17).pulses().len()), (2, 1));
    for (value, name) in [(-1.0, "C3"), (1.0, "C7"), (0.0, "C5"), (0.125, "D#5"), (-0.5, "C4")] {
        buzzer.set_value(value)?;
        assert_eq!((buzzer.tone()?, buzzer.value()?), (Some(tone(name)), Some(value)));
    }
    buzzer.set_value(0.3)?;
    assert_eq!(buzzer.value()?, Some(0.3));
    buzzer.set_value(None)?;
    assert_eq!(buzzer.value()?, None);
    let set: &dyn SetValue<Value = Option<f64>> = &buzzer;
    set.set_value(Some(1.0))?;
    assert_eq!(Value::value(&buzzer)?, Some(1.0));
    Ok(())
}

#[test]
fn what_cannot_be_played_changes_nothing() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let buzzer = buzzer(&gpio)?;
    buzzer.play("A4")?;
    let writes = gpio.line(17).writes();
    for (refused, part) in [
        (buzzer.play("A10"), "\"A10\" is no note"),
        (buzzer.play("B5"), "B5 is out of range: play A3 to A5, or open the buzzer with more `octaves`"),
        (buzzer.play("G#3"), "G#3 is out of range"),
        (buzzer.play(880.1), "880.1 Hz is out of range"),
        (buzzer.play(0.0), "a tone of 0 Hz"),
        (buzzer.play(f64::NAN), "a tone of NaN Hz"),
        (buzzer.set_value(1.01), "a value of 1.01 is out of range: give -1 to 1"),
        (buzzer.set_value(f64::NAN), "a value of NaN"),
    ] {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        assert!(error.to_string().contains(part), "{error}");
        assert_eq!((buzzer.tone()?, gpio.line(17).writes()), (Some(Tone::A4), writes));
    }
    Ok(())
}

#[test]
fn a_range_that_cannot_be_opens_nothing() {
    let gpio = mock::gpio();
    let builder = || TonalBuzzer::builder(17).gpio(&gpio);
    for (builder, part) in [
        (builder().octaves(0), "0 octaves are out of range: give 1 to 9"),
        (builder().octaves(10), "10 octaves are out of range"),
        (builder().octaves(6), "6 octaves above A4 are beyond 20000 Hz: give fewer"),
        (builder().initial_value(-1.5), "a value of -1.5"),
        (builder().initial_value(f64::NAN), "a value of NaN"),
    ] {
        let error = builder.open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        assert!(error.to_string().contains(part), "{error}");
        assert!(error.to_string().contains("TonalBuzzer"), "{error}");
        assert_eq!((gpio.line(17).function(), gpio.line(17).writes()), (LineFunction::Input, 0));
    }
    assert!(builder().octaves(5).open().is_ok() && builder().mid_tone(tone("C1")).octaves(9).open().is_ok());
}

#[test]
fn it_shows_what_it_plays() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let buzzer = buzzer(&gpio)?;
    assert_eq!(format!("{buzzer:?}"), "TonalBuzzer(GPIO17, silent)");
    buzzer.play("Bb4")?;
    assert_eq!(
        (format!("{buzzer:?}"), buzzer.to_string()),
        ("TonalBuzzer(GPIO17, A#4)".into(), "TonalBuzzer on GPIO17".into())
    );
    buzzer.clone().close()?;
    assert_eq!(gpio.line(17).function(), LineFunction::Input);
    let calls = [buzzer.play("A4"), buzzer.stop(), buzzer.tone().map(drop), buzzer.value().map(drop)];
    assert!(calls.into_iter().all(|call| call.unwrap_err().kind() == ErrorKind::Closed));
    Ok(())
}

proptest! {
    #[test]
    fn a_note_is_its_name_its_number_and_its_frequency(number in 12u8..=127) {
        let tone = Tone::midi(number)?;
        prop_assert_eq!(tone.to_midi(), Some(number));
        prop_assert_eq!(tone.to_string().parse::<Tone>()?, tone);
        prop_assert_eq!(Tone::hertz(tone.frequency())?, tone);
        // A flat is the sharp of the note below.
        if let Some(below) = tone.to_string().strip_suffix(|_: char| true).and_then(|name| name.strip_suffix('#')) {
            let octave = tone.to_string().pop().unwrap();
            let flat = format!("{}b{octave}", char::from(if below == "G" { b'A' } else { below.as_bytes()[0] + 1 }));
            prop_assert_eq!(flat.parse::<Tone>()?, tone);
        }
    }

    #[test]
    fn steps_add_up(number in 12u8..=127, up in 0u32..60, down in 0u32..60) {
        let tone = Tone::midi(number)?;
        prop_assert_eq!(tone.up(up).down(up), tone);
        let expected = i64::from(number) + i64::from(up) - i64::from(down);
        let moved = tone.up(up).down(down);
        prop_assert_eq!(moved, tone.down(down).up(up));
        if let Ok(expected @ 0..=127) = u8::try_from(expected) {
            prop_assert_eq!(moved, Tone::midi(expected)?);
        }
    }

    #[test]
    fn any_frequency_has_the_nearest_note(hertz in 8.2f64..12_500.0) {
        let tone = Tone::hertz(hertz)?;
        prop_assert_eq!(tone.frequency(), hertz);
        let nearest = Tone::midi(tone.to_midi().unwrap())?;
        let distance = (hertz / nearest.frequency()).log2().abs() * 12.0;
        prop_assert!(distance <= 0.5 + 1e-9, "{} is {} from {}", tone, distance, nearest);
    }

    #[test]
    fn any_text_is_a_note_or_an_error(name in "\\PC{0,4}") {
        if let Ok(tone) = name.parse::<Tone>() {
            prop_assert!(tone.to_midi().is_some_and(|number| number >= 12), "{}", name);
        }
    }
}
