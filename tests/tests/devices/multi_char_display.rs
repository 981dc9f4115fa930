//! Displays of several characters, which share their segments.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which fail where they cannot go on")]

use std::sync::atomic::Ordering;
use std::time::Duration;

use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{AnimationEnd, Builder, CharFont, ErrorKind, LineFunction, Result, Source, options::Plexed};
use pinzero_tests::{Log, make_late};
use proptest::prelude::*;

use crate::flaky::Flaky;

const SEGMENTS: [u32; 7] = [4, 17, 27, 22, 5, 6, 13];
const DP: u32 = 19;
const DIGITS: [u32; 4] = [16, 20, 21, 26];

fn builder(gpio: &Gpio) -> Builder<LedMultiCharDisplay, Plexed> {
    LedMultiCharDisplay::builder(SEGMENTS, DIGITS).dp(DP).gpio(gpio)
}

fn is_high(gpio: &MockGpio, pin: u32) -> bool {
    gpio.line(pin).level().is_high()
}

/// What is lit at this moment: the character and point on the segments, and a digit in its place for each that is on.
fn look(gpio: &MockGpio) -> (String, [char; 4]) {
    let pattern: String = SEGMENTS.map(|pin| if is_high(gpio, pin) { '1' } else { '0' }).iter().collect();
    let mut text =
        CharFont::seven_segments().character(&pattern).map_or_else(|| pattern.clone(), String::from);
    text.extend(is_high(gpio, DP).then_some('.'));
    (text, DIGITS.map(|pin| if is_high(gpio, pin) { '#' } else { '-' }))
}

/// What an eye sees in so many turns of 5 ms: how many of them each digit shows each character.
fn watch(gpio: &MockGpio, turns: u32) -> [Vec<(String, u32)>; 4] {
    let mut seen: [Vec<(String, u32)>; 4] = Default::default();
    for _ in 0..turns {
        let (text, digits) = look(gpio);
        for (seen, _) in seen.iter_mut().zip(digits).filter(|(_, digit)| *digit == '#') {
            match seen.iter_mut().find(|(other, _)| *other == text) {
                Some((_, count)) => *count += 1,
                None => seen.push((text.clone(), 1)),
            }
        }
        gpio.advance(ms(5));
    }
    seen
}

/// What an eye sees if each digit shows its character in so many turns.
fn each(characters: [&str; 4], turns: u32) -> [Vec<(String, u32)>; 4] {
    characters.map(|character| match character {
        "" => Vec::new(),
        _ => vec![(character.to_owned(), turns)],
    })
}

fn refused<T: std::fmt::Debug>(result: Result<T>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidValue, "{error}");
    error.to_string()
}

#[test]
fn each_digit_shows_its_character_for_the_same_time() -> Result<()> {
    let gpio = mock::gpio();
    let display = builder(&gpio).initial_value("12.34").open()?;
    assert_eq!(watch(&gpio, 400), each(["1", "2.", "3", "4"], 100));
    display.set_value("5  S")?;
    assert_eq!(watch(&gpio, 400), each(["5", "", "", "5"], 100));
    display.set_value("7")?;
    assert_eq!((watch(&gpio, 400), display.value()?.as_str()), (each(["", "", "", "7"], 100), "   7"));
    Ok(())
}

/// A clock without jitter: each digit is on for 5 ms in every 20.
#[test]
fn the_period_is_exact() -> Result<()> {
    let gpio = mock::gpio();
    let display = builder(&gpio).initial_value("1234").open()?;
    gpio.advance(secs(1));
    for (digit, pin) in DIGITS.into_iter().enumerate() {
        let changes: Vec<Duration> = gpio.line(pin).history().into_iter().map(|(at, _)| at).collect();
        let first = ms(5) * digit as u32;
        let rises = (0..).map(|round| first + ms(20) * round);
        let expected: Vec<Duration> =
            rises.flat_map(|rise| [rise, rise + ms(5)]).take_while(|at| *at <= secs(1)).collect();
        assert_eq!(changes, expected, "digit {digit}");
    }
    display.set_plex_delay(ms(1))?;
    assert_eq!(display.plex_delay()?, ms(1));
    DIGITS.into_iter().for_each(|pin| gpio.line(pin).clear());
    gpio.advance(secs(1));
    let changes = DIGITS.map(|pin| gpio.line(pin).history().len());
    assert!(changes.iter().all(|count| (499..=501).contains(count)), "{changes:?}");
    Ok(())
}

/// The lines that a write may have at their level for the display's segments and digits to be lit, if the lines of one write change one
/// after the other in any order.
struct Lamps {
    /// A bit for each line that is low when lit.
    inverted: u64,
    levels: u64,
}

const SEGMENT_LINES: u64 = 0xff;

impl Lamps {
    /// Carries out a write. Returns the segments and digits that may be lit together meanwhile.
    fn write(&mut self, (mask, levels): (u64, u64)) -> (u64, u64) {
        let before = self.levels ^ self.inverted;
        self.levels = self.levels & !mask | levels & mask;
        let lit = before | self.levels ^ self.inverted;
        (lit & SEGMENT_LINES, lit >> 8 & 0xf)
    }
}

/// The segments of a text of four characters with points.
fn patterns(text: &str) -> Vec<u64> {
    let font = CharFont::seven_segments();
    let mut patterns: Vec<u64> = Vec::new();
    for character in text.chars() {
        match (character, patterns.last_mut()) {
            ('.', Some(last)) => *last |= 1 << 7,
            _ => {
                let pattern = font.pattern(character).unwrap();
                patterns
                    .push(pattern.chars().enumerate().map(|(bit, lit)| u64::from(lit == '1') << bit).sum());
            }
        }
    }
    patterns
}

proptest! {
    /// At no instant does a digit show a segment that is not its own: neither in the text before a change nor in the one after it. Writes
    /// may fail, and the lines of one write may change in any order.
    #[test]
    fn no_digit_glimmers(
        steps in proptest::collection::vec((0_u64..12, "([0-9A-F ]\\.?){4}", 0_u32..3), 1..20),
        [segments_active, digits_active] in any::<[bool; 2]>(),
    ) {
        let gpio = mock::gpio();
        let (flaky, fails, writes) = Flaky::on_the_clock_of(&gpio).unwrap();
        flaky.on_error(|_| ());
        let display = builder(&flaky).segments_active_high(segments_active).digits_active_high(digits_active);
        let display = display.open().unwrap();
        let inverted = [(!segments_active, SEGMENT_LINES), (!digits_active, 0xf << 8)];
        let inverted = inverted.into_iter().filter(|(is_low, _)| *is_low).map(|(_, mask)| mask).sum();
        let mut lamps = Lamps { inverted, levels: inverted };
        let mut before = vec![0; 4];
        for (wait, text, failures) in steps {
            let next = patterns(&text);
            fails.store(failures, Ordering::Relaxed);
            let is_shown = display.set_value(text).is_ok();
            gpio.advance(ms(wait));
            fails.store(0, Ordering::Relaxed);
            let allowed: Vec<u64> = before.iter().zip(&next).map(|(before, next)| before | next).collect();
            before = if is_shown { next } else { before };
            // By the end of the turn a write that failed has been made again.
            for (time, allowed) in [(Duration::ZERO, &allowed), (ms(5), &allowed), (ms(20), &before)] {
                gpio.advance(time);
                for write in writes.take() {
                    let (segments, digits) = lamps.write(write);
                    for digit in (0..4).filter(|digit| digits >> digit & 1 == 1) {
                        prop_assert_eq!(segments & !allowed[digit], 0, "digit {} of {:?}", digit, allowed);
                    }
                }
            }
        }
    }
}

#[test]
fn digits_that_show_the_same_are_lit_together_and_nothing_is_written_again() -> Result<()> {
    let gpio = mock::gpio();
    let (flaky, _, writes) = Flaky::on_the_clock_of(&gpio)?;
    let display = builder(&flaky).initial_value("8888").open()?;
    assert_eq!(look(&gpio), ("8".to_owned(), ['#'; 4]));
    gpio.advance(secs(60));
    assert_eq!(writes.take(), []);
    display.set_value("")?;
    assert_eq!(look(&gpio), (" ".to_owned(), ['-'; 4]));
    assert!(!display.is_lit()?);
    writes.take();
    gpio.advance(secs(60));
    assert_eq!(writes.take(), []);
    display.set_value("5.S.5.S.")?;
    assert_eq!(look(&gpio), ("5.".to_owned(), ['#'; 4]));
    assert!(display.is_active()?);
    // From all to one each: 3 writes a turn, and 2 from like to like.
    display.set_value("1112")?;
    writes.take();
    gpio.advance(ms(20));
    assert_eq!(writes.take().len(), 1 + 1 + 3 + 3);
    Ok(())
}

#[test]
fn one_digit_is_a_display_too() -> Result<()> {
    let gpio = mock::gpio();
    let display = LedMultiCharDisplay::builder(SEGMENTS, [16]).gpio(&gpio).open()?;
    display.set_value('3')?;
    assert_eq!((look(&gpio).0.as_str(), is_high(&gpio, 16), display.value()?.as_str()), ("3", true, "3"));
    display.off()?;
    assert_eq!((look(&gpio).0.as_str(), is_high(&gpio, 16), display.value()?.as_str()), (" ", false, " "));
    Ok(())
}

/// Else only the first digits would ever be lit.
#[test]
fn a_text_that_changes_all_the_time_is_shown_on_all_digits() -> Result<()> {
    let gpio = mock::gpio();
    let display = builder(&gpio).initial_value("0000").open()?;
    let mut lit = [0; 4];
    for step in 0..400 {
        display.set_value(format!("{:04}", 1234 + step))?;
        for (lit, pin) in lit.iter_mut().zip(DIGITS) {
            *lit += u32::from(is_high(&gpio, pin));
        }
        gpio.advance(ms(3));
    }
    assert!(lit.iter().all(|count| (90..=110).contains(count)), "{lit:?}");
    Ok(())
}

#[test]
fn a_new_text_is_on_the_pins_once_the_call_returns() -> Result<()> {
    let gpio = mock::gpio();
    let display = builder(&gpio).initial_value("1234").open()?;
    gpio.advance(ms(7));
    assert_eq!(look(&gpio), ("2".to_owned(), ['-', '#', '-', '-']));
    display.set_value("5678")?;
    assert_eq!(look(&gpio), ("6".to_owned(), ['-', '#', '-', '-']));
    gpio.advance(ms(3));
    assert_eq!(look(&gpio), ("7".to_owned(), ['-', '-', '#', '-']));
    Ok(())
}

#[test]
fn a_shorter_turn_counts_at_once() -> Result<()> {
    let gpio = mock::gpio();
    let display = builder(&gpio).plex_delay(secs(3600)).initial_value("1234").open()?;
    gpio.advance(secs(60));
    assert_eq!(look(&gpio).0, "1");
    display.set_plex_delay(ms(10))?;
    gpio.advance(ms(10));
    assert_eq!(look(&gpio).0, "2");
    for delay in [Duration::ZERO, us(99)] {
        let error = refused(display.set_plex_delay(delay));
        assert!(error.contains("would take most of a processor: give 100µs or longer"), "{error}");
    }
    assert_eq!(display.plex_delay()?, ms(10));
    display.set_plex_delay(Duration::MAX)?;
    gpio.advance(secs(1));
    Ok(())
}

#[test]
fn segments_and_digits_may_be_lit_by_low_levels() -> Result<()> {
    for (segments_high, digits_high) in [(true, true), (true, false), (false, true), (false, false)] {
        let gpio = mock::gpio();
        let display = builder(&gpio).segments_active_high(segments_high).digits_active_high(digits_high);
        let display = display.initial_value("12").open()?;
        let lit = || -> String {
            let segments = SEGMENTS.iter().chain(&[DP]).map(|pin| is_high(&gpio, *pin) == segments_high);
            segments
                .chain(DIGITS.map(|pin| is_high(&gpio, pin) == digits_high))
                .map(|lit| if lit { '1' } else { '0' })
                .collect()
        };
        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.push(lit());
            gpio.advance(ms(5));
        }
        assert_eq!(seen, ["000000000000", "000000000000", "011000000010", "110110100001"]);
        display.set_value("1111")?;
        assert_eq!(lit(), "011000001111");
    }
    Ok(())
}

#[test]
fn text_that_the_display_cannot_show_is_refused_and_changes_nothing() -> Result<()> {
    let gpio = mock::gpio();
    let display = builder(&gpio).initial_value("77.77").open()?;
    for (text, message) in [
        ("12345", "5 characters on a display of 4: give 4 or fewer"),
        ("1.2.3.4.5.", "5 characters on a display of 4"),
        ("12%4", r#"the font does not have '%': the font has " 0123456789"#),
        (".5", "a point stands after its character, which may be a space"),
        ("1..2", "a point stands after its character"),
    ] {
        let error = refused(display.set_value(text));
        assert!(error.contains(message) && error.contains("LedMultiCharDisplay"), "{text:?}: {error}");
    }
    assert_eq!((watch(&gpio, 40), display.value()?.as_str()), (each(["7", "7.", "7", "7"], 10), "77.77"));
    let plain = LedMultiCharDisplay::builder([7, 8, 9, 10, 11, 12, 14], [15, 18]).gpio(&gpio).open()?;
    assert!(refused(plain.set_value("1.2")).contains("for a decimal point, set `dp`"));
    Ok(())
}

#[test]
fn a_font_needs_no_space() -> Result<()> {
    let gpio = mock::gpio();
    let font = CharFont::new([('x', "10"), ('y', "01")])?;
    let display = LedMultiCharDisplay::builder([4, 17], [16, 20]).font(font.clone()).gpio(&gpio).open()?;
    assert_eq!((display.value()?.as_str(), display.font()), ("  ", &font));
    display.set_value("x")?;
    assert_eq!((display.value()?.as_str(), is_high(&gpio, 16), display.is_lit()?), (" x", false, true));
    Ok(())
}

#[test]
fn options_that_make_no_display_are_refused() -> Result<()> {
    let gpio = mock::gpio();
    let none: [u32; 0] = [];
    for (builder, message) in [
        (LedMultiCharDisplay::builder([4], DIGITS), "1 segments: give 2 to 26 pins"),
        (LedMultiCharDisplay::builder([4, 17, 27], DIGITS), "no font is known for 3 segments"),
        (LedMultiCharDisplay::builder(SEGMENTS, none), "0 digits: give 1 to 57 pins"),
        (LedMultiCharDisplay::builder(SEGMENTS, 0..57).dp(60), "57 digits: give 1 to 56 pins"),
        (LedMultiCharDisplay::builder(SEGMENTS, DIGITS).plex_delay(us(1)), "a plex_delay of 1µs"),
        (LedMultiCharDisplay::builder(SEGMENTS, DIGITS).initial_value("12345"), "5 characters"),
    ] {
        let error = refused(builder.gpio(&gpio).open());
        assert!(error.contains(message) && error.contains("LedMultiCharDisplay"), "{error}");
    }
    let error = LedMultiCharDisplay::builder(SEGMENTS, [16, 4]).gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PinInUse);
    assert!(error.to_string().contains("one pin cannot be both `a` and `digit 1`"), "{error}");
    assert!(builder(&gpio).open().is_ok());
    Ok(())
}

#[test]
fn a_display_is_dark_after_it_is_closed() -> Result<()> {
    let ways: [fn(LedMultiCharDisplay); 3] =
        [|display| display.close().unwrap(), drop, |display| Device::close(&display.clone()).unwrap()];
    for way in ways {
        let gpio = mock::gpio();
        way(builder(&gpio).on_close(OnClose::Keep).digits_active_high(false).initial_value("1234").open()?);
        assert_eq!(look(&gpio), (" ".to_owned(), ['#'; 4]), "high is off");
        gpio.advance(secs(1));
        assert_eq!(look(&gpio), (" ".to_owned(), ['#'; 4]));
    }
    Ok(())
}

#[test]
fn a_closed_display_fails_and_says_so() -> Result<()> {
    let gpio = mock::gpio();
    let display = builder(&gpio).initial_value("3.").open()?;
    assert_eq!(format!("{display:?}"), r#"LedMultiCharDisplay(4 digits, "   3.")"#);
    let pins = "GPIO4, GPIO17, GPIO27, GPIO22, GPIO5, GPIO6, GPIO13, GPIO19, GPIO16, GPIO20, GPIO21, GPIO26";
    assert_eq!(display.to_string(), format!("LedMultiCharDisplay on {pins}"));
    display.clone().close()?;
    display.close()?;
    assert!(display.is_closed());
    assert_eq!(format!("{display:?}"), "LedMultiCharDisplay(4 digits, closed)");
    for result in
        [display.set_value("1"), display.value().map(drop), display.off(), display.is_lit().map(drop)]
    {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Closed);
    }
    assert_eq!(gpio.line(4).function(), LineFunction::Input);

    let display = builder(&gpio).initial_value("1234").open()?;
    gpio.close()?;
    assert_eq!(display.set_value("1").unwrap_err().kind(), ErrorKind::Closed);
    Ok(())
}

#[test]
fn an_outage_is_told_once_and_then_the_display_goes_on() -> Result<()> {
    let gpio = mock::gpio();
    let (flaky, fails, _) = Flaky::on_the_clock_of(&gpio)?;
    let told = Log::new();
    flaky.on_error({
        let told = told.clone();
        move |error| told.push(error.to_string())
    });
    let display = builder(&flaky).initial_value("1234").open()?;
    gpio.advance(ms(7));
    fails.store(u32::MAX, Ordering::Relaxed);
    gpio.advance(secs(1));
    let errors = told.take();
    assert!(errors.len() == 1 && errors[0].contains("LedMultiCharDisplay"), "{errors:?}");
    assert_eq!(display.set_value("5678").unwrap_err().kind(), ErrorKind::Io);
    fails.store(0, Ordering::Relaxed);
    gpio.advance(ms(5));
    assert_eq!((watch(&gpio, 40), display.value()?.as_str()), (each(["1", "2", "3", "4"], 10), "1234"));
    // Also a text that needs no turns.
    fails.store(2, Ordering::Relaxed);
    assert_eq!(display.set_value("8888").unwrap_err().kind(), ErrorKind::Io);
    gpio.advance(ms(5));
    display.set_value("8888")?;
    fails.store(1, Ordering::Relaxed);
    assert_eq!(display.set_value("").unwrap_err().kind(), ErrorKind::Io);
    gpio.advance(ms(5));
    assert_eq!((look(&gpio), told.take().len()), (("8".to_owned(), ['#'; 4]), 0));
    display.set_value("5678")?;
    fails.store(1, Ordering::Relaxed);
    gpio.advance(ms(50));
    assert_eq!((told.take().len(), watch(&gpio, 40)), (1, each(["5", "6", "7", "8"], 10)));
    Ok(())
}

/// A burst would show some digits for no time at all.
#[test]
fn a_late_thread_shortens_no_turn() -> Result<()> {
    let gpio = mock::builder().realtime().open();
    let display = builder(&gpio).initial_value("1234").open()?;
    for _ in 0..5 {
        make_late(&gpio, ms(60), || ())?;
        std::thread::sleep(ms(30));
    }
    drop(display);
    for pin in DIGITS {
        let history = gpio.line(pin).history();
        // Whole turns only: the last one may have been cut short by the close.
        let rises = history.windows(2).filter(|pair| pair[0].1.is_high());
        let turns: Vec<Duration> = rises.map(|pair| pair[1].0 - pair[0].0).collect();
        let (_, whole) = turns.split_last().unwrap();
        assert!(!whole.is_empty() && whole.iter().all(|turn| *turn >= ms(5) - us(500)), "{turns:?}");
    }
    Ok(())
}

#[test]
fn the_traits_are_those_of_all_devices() -> Result<()> {
    let gpio = mock::gpio();
    let display = builder(&gpio).open()?;
    let device: &dyn SetValue<Value = String> = &display;
    device.set_value("1.5".to_owned())?;
    assert_eq!(device.value()?, "  1.5");
    assert_eq!(device.gpio().name(), "mock");
    Ok(())
}

#[test]
fn a_display_follows_a_source() -> Result<()> {
    let gpio = mock::gpio();
    let display = builder(&gpio).open()?;
    let count = Source::from((8..=11).map(|count| count.to_string())).every(ms(100));
    let follower = display.follow(count)?;
    gpio.advance(ms(50));
    assert_eq!(display.value()?, "   8");
    assert_eq!((follower.wait()?, display.value()?.as_str()), (AnimationEnd::Finished, "  11"));
    Ok(())
}
