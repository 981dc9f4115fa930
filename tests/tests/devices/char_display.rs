//! Fonts, and displays of one character.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which fail where they cannot go on")]

use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::{AnimationEnd, Builder, CharFont, ErrorKind, LineFunction, Result, Source, options::Segmented};
use pinzero_tests::without_hanging;
use proptest::prelude::*;

const PINS: [u32; 7] = [4, 17, 27, 22, 5, 6, 13];
const DP: u32 = 19;

fn builder(gpio: &MockGpio) -> Builder<LedCharDisplay, Segmented> {
    LedCharDisplay::builder(PINS).dp(DP).gpio(gpio)
}

/// The levels of the segments from `a` on, and of the decimal point.
fn levels(gpio: &MockGpio) -> String {
    let pins = PINS.iter().chain(&[DP]);
    pins.map(|pin| if gpio.line(*pin).level().is_high() { '1' } else { '0' }).collect()
}

fn shown(display: &LedCharDisplay) -> String {
    display.value().unwrap().unwrap_or_else(|| "nothing known".to_owned())
}

/// Returns the error's text. Checks that the kind is the one for values.
fn refused<T: std::fmt::Debug>(result: Result<T>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidValue, "{error}");
    error.to_string()
}

#[test]
fn each_character_lights_its_segments() {
    let font = CharFont::seven_segments();
    for (characters, pattern) in [
        (" ", "0000000"),
        ("0", "1111110"),
        ("1", "0110000"),
        ("2", "1101101"),
        ("5S", "1011011"),
        ("8", "1111111"),
        ("A", "1110111"),
        ("B", "0011111"),
        ("N", "1110110"),
        ("O", "0011101"),
        ("Y", "0111011"),
    ] {
        let all: String =
            font.characters().filter(|it| font.pattern(*it).as_deref() == Some(pattern)).collect();
        assert_eq!(all, characters, "{pattern}");
        assert_eq!(font.character(pattern), characters.chars().next());
    }
    assert_eq!(font.characters().collect::<String>(), " 0123456789ABCDEFGHIJLNOPQRSTUY");

    let font = CharFont::fourteen_segments();
    for (characters, pattern) in [
        ("0", "11111100001100"),
        ("7", "10000000001010"),
        ("C([", "10011100000000"),
        ("M", "01101100101000"),
        ("X", "00000000101101"),
        ("*", "00000011111111"),
        ("'", "00000000010000"),
        ("\\", "00000000100001"),
    ] {
        let all: String =
            font.characters().filter(|it| font.pattern(*it).as_deref() == Some(pattern)).collect();
        assert_eq!(all, characters, "{pattern}");
    }
    let all = " 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ&$()[]%*+-/=\\_'";
    assert_eq!(font.characters().collect::<String>(), all);
}

#[test]
fn a_font_is_a_list_and_takes_further_characters() -> Result<()> {
    let mut font = CharFont::new([('x', "10"), ('y', "10"), ('z', "11")])?;
    assert_eq!((font.segments(), font.pattern('y').as_deref(), font.pattern('?')), (2, Some("10"), None));
    // The first of those that look the same; nothing for other lengths and signs.
    let read = ["10", "11", "01", "1", "100", "ab", ""].map(|pattern| font.character(pattern));
    assert_eq!(read, [Some('x'), Some('z'), None, None, None, None, None]);
    let other = font.clone();
    font.insert('x', "01")?;
    font.insert('w', "00")?;
    assert_eq!(font.characters().collect::<String>(), "xyzw");
    assert_eq!((font.character("10"), other.character("10")), (Some('y'), Some('x')));
    assert_eq!(format!("{font:?}"), r#"CharFont(2 segments, "xyzw")"#);
    Ok(())
}

#[test]
fn a_list_that_is_no_font_is_refused() {
    let none: [(char, &str); 0] = [];
    let long = "1".repeat(27);
    for (result, message) in [
        (CharFont::new(none), "a font without characters"),
        (CharFont::new([('a', "1"), ('b', "0"), ('a', "0")]), "the font has 'a' twice"),
        (CharFont::new([('a', "10"), ('b', "0")]), "1 segments for 'b': give 2"),
        (CharFont::new([('a', "1o")]), r#"the pattern "1o" of 'a': give a 0 or a 1 for each segment"#),
        (CharFont::new([('a', "")]), "0 segments for 'a': give 1 to 26"),
        (CharFont::new([('a', &long[..])]), "27 segments for 'a': give 1 to 26"),
    ] {
        let error = refused(result);
        assert!(error.contains(message), "{error}");
    }
    let mut font = CharFont::seven_segments();
    assert!(refused(font.insert('°', "11000")).contains("5 segments for '°': give 7"));
    assert_eq!(font, CharFont::seven_segments());
}

#[test]
fn a_font_is_drawn() -> Result<()> {
    // Without spaces at the ends of lines, as editors leave them.
    let text = "# Two rows.\n\n'0' ' '  '''\n _        |\n| |\n|_|\n# Between rows.\n'°'\n _\n|_|\n";
    let font = CharFont::drawn(CharFont::SEVEN_SEGMENTS, text)?;
    assert_eq!(font.characters().collect::<String>(), "0 '°");
    assert_eq!(font.pattern('0').as_deref(), Some("1111110"));
    assert_eq!(font.pattern(' ').as_deref(), Some("0000000"));
    assert_eq!(font.pattern('°').as_deref(), Some("1100011"));
    Ok(())
}

#[test]
fn a_drawing_that_is_none_is_refused() {
    let seven = CharFont::SEVEN_SEGMENTS;
    for (layout, text, message) in [
        (seven, "", "a font without characters"),
        (seven, "\n'0'\n _\n| |\n|_|\n'0'\n _", "the font has '0' twice"),
        (seven, "'0'\n _\n| |\n|_|\nrubbish", "line 5 of the font: expected characters in quotes"),
        (seven, "'0' '1", "line 1 of the font: expected characters in quotes"),
        (seven, "'ab'", "line 1 of the font: expected characters in quotes"),
        (seven, "'0'\n|_|", "line 1 of the font: no segment is in row 1 and column 1"),
        (seven, "'0'   x", "expected characters in quotes"),
        (seven, "'0'\n\n    |", "no segment is in row 2 and column 5"),
        (CharFont::FOURTEEN_SEGMENTS, "'A''B'", "'B' is too near: a drawing has 5 columns"),
        (
            CharFont::FOURTEEN_SEGMENTS,
            "\n\n'A'\n --",
            "line 3 of the font: a segment of 'A' is drawn in part",
        ),
        ("", "'0'", "the layout of a font: give the letters from `a` on"),
        ("a c", "'0'", "the layout of a font"),
        ("ab?", "'0'", "the layout of a font"),
        ("aB", "'0'", "the layout of a font"),
    ] {
        let error = refused(CharFont::drawn(layout, text));
        assert!(error.contains(message), "{layout:?} {text:?}: {error}");
    }
}

proptest! {
    /// A drawn font is the font of its list, wherever the drawings stand.
    #[test]
    fn a_drawing_says_what_a_list_says(
        glyphs in proptest::collection::btree_map(any::<char>().prop_filter("one column", |it| !it.is_control()), 0_u32..1 << 7, 1..20),
        columns in 1_usize..5,
        gap in 0_usize..3,
    ) {
        let layout: Vec<&str> = CharFont::SEVEN_SEGMENTS.lines().collect();
        let glyphs: Vec<(char, u32)> = glyphs.into_iter().collect();
        let mut text = String::new();
        for row in glyphs.chunks(columns) {
            let gap = " ".repeat(gap);
            let names: Vec<String> = row.iter().map(|(name, _)| format!("'{name}'")).collect();
            text += &format!("{}\n", names.join(&gap));
            for places in &layout {
                let cell = |bits: u32| places.chars().map(move |it| match it {
                    ' ' => ' ',
                    segment if bits >> (segment as u32 - 'a' as u32) & 1 == 1 => '#',
                    _ => ' ',
                });
                let cells: Vec<String> = row.iter().map(|(_, bits)| cell(*bits).collect()).collect();
                text += &format!("{}\n", cells.join(&gap).trim_end());
            }
        }
        let pattern = |bits: u32| (0..7).map(|bit| if bits >> bit & 1 == 1 { '1' } else { '0' }).collect::<String>();
        let list = CharFont::new(glyphs.iter().map(|(name, bits)| (*name, pattern(*bits)))).unwrap();
        prop_assert_eq!(CharFont::drawn(CharFont::SEVEN_SEGMENTS, &text).unwrap(), list);
    }

    /// No text is a reason to panic.
    #[test]
    fn any_text_is_a_font_or_an_error(layout in "[a-c \n]{0,12}", text in "['ab#_| \n]{0,80}") {
        let _ = CharFont::drawn(&layout, &text);
    }
}

#[test]
fn a_character_is_shown_and_read_back() -> Result<()> {
    let gpio = mock::gpio();
    let display = builder(&gpio).open()?;
    assert_eq!((levels(&gpio).as_str(), shown(&display).as_str()), ("00000000", " "));
    display.set_value('4')?;
    assert_eq!((levels(&gpio).as_str(), shown(&display).as_str()), ("01100110", "4"));
    display.set_value("2.")?;
    assert_eq!((levels(&gpio).as_str(), shown(&display).as_str()), ("11011011", "2."));
    display.set_value(" .")?;
    assert_eq!((levels(&gpio).as_str(), shown(&display).as_str()), ("00000001", " ."));
    display.set_value("S")?;
    assert_eq!(shown(&display), "5");
    Ok(())
}

#[test]
fn segments_change_in_one_instant() -> Result<()> {
    let gpio = mock::gpio();
    let (flaky, _, writes) = crate::flaky::Flaky::on_the_clock_of(&gpio)?;
    let display = LedCharDisplay::builder(PINS).dp(DP).initial_value("8.").gpio(&flaky).open()?;
    // Lit from the first instant, not by a write after opening.
    assert_eq!((levels(&gpio).as_str(), writes.take().len()), ("11111111", 0));
    display.set_value('1')?;
    display.on()?;
    display.off()?;
    display.toggle()?;
    let all = 0b1111_1111;
    assert_eq!(writes.take(), [(all, 0b110), (all, all), (all, 0), (all, all)]);
    Ok(())
}

#[test]
fn a_display_with_a_common_anode_is_lit_by_low_levels() -> Result<()> {
    let gpio = mock::gpio();
    let display = builder(&gpio).active_high(false).initial_value('7').open()?;
    assert_eq!((levels(&gpio).as_str(), shown(&display).as_str()), ("00011111", "7"));
    display.off()?;
    assert_eq!((levels(&gpio).as_str(), display.is_lit()?), ("11111111", false));
    Ok(())
}

#[test]
fn text_that_the_display_cannot_show_is_refused() -> Result<()> {
    let gpio = mock::gpio();
    let display = builder(&gpio).initial_value('1').open()?;
    let plain = LedCharDisplay::builder([16, 20, 21, 26, 12, 23, 24]).gpio(&gpio).open()?;
    for (display, text, message) in [
        (&display, "%", r#"the font does not have '%': the font has " 0123456789ABCDEFGHIJLNOPQRSTUY""#),
        (&display, "a", "the font does not have 'a'"),
        (&display, ".", "a point stands after its character"),
        (&display, "1..", "a point stands after its character"),
        (&display, "", r#"shows one character, not """#),
        (&display, "12", r#"shows one character, not "12""#),
        (&plain, "1.", "the font does not have '.': for a decimal point, set `dp`"),
    ] {
        let error = refused(display.set_value(text));
        assert!(error.contains(message) && error.contains("LedCharDisplay"), "{text:?}: {error}");
    }
    assert_eq!((shown(&display).as_str(), shown(&plain).as_str()), ("1", " "));
    Ok(())
}

#[test]
fn a_segment_can_be_set_by_itself() -> Result<()> {
    let gpio = mock::gpio();
    let display = builder(&gpio).initial_value('0').open()?;
    assert_eq!(display.lights().len(), 8);
    display.lights()[6].on()?;
    assert_eq!(shown(&display), "8");
    display.dp().unwrap().on()?;
    assert_eq!(shown(&display), "8.");
    display.lights()[0].off()?;
    assert_eq!(display.value()?, None);
    let plain = LedCharDisplay::builder([16, 20]).font(CharFont::new([('I', "11")])?).gpio(&gpio).open()?;
    assert!(plain.dp().is_none());
    Ok(())
}

#[test]
fn a_font_of_ones_own_is_shown_and_changed() -> Result<()> {
    let gpio = mock::gpio();
    let font = CharFont::new([(' ', "00"), ('x', "10")])?;
    let display = LedCharDisplay::builder([4, 17]).font(font).initial_value('x').gpio(&gpio).open()?;
    display.set_font(CharFont::new([(' ', "00"), ('u', "10"), ('v', "01")])?)?;
    assert_eq!((shown(&display).as_str(), display.font().characters().count()), ("u", 3));
    display.set_value('v')?;
    assert_eq!(shown(&display), "v");
    assert!(refused(display.set_value('x')).contains(r#"the font has " uv""#));
    let error = refused(display.set_font(CharFont::seven_segments()));
    assert!(error.contains("a font of 7 segments on a display of 2: give a font of 2"), "{error}");
    Ok(())
}

#[test]
fn the_character_blinks_and_a_write_ends_that() -> Result<()> {
    let gpio = mock::gpio();
    let display = builder(&gpio).initial_value("1.").open()?;
    display.blink(ms(100), ms(50))?;
    gpio.advance(ms(120));
    assert_eq!((levels(&gpio).as_str(), shown(&display).as_str()), ("00000000", " "));
    // Also while dark: the character last set blinks, and not what is lit.
    let blink = display.blink_with(Blink::new(ms(10), ms(10)).times(2))?;
    assert_eq!(levels(&gpio), "01100001");
    display.set_value('7')?;
    assert_eq!((blink.wait()?, shown(&display).as_str()), (AnimationEnd::Stopped, "7"));
    assert!(display.pulse(ms(100), ms(100)).unwrap_err().to_string().contains("PWM"));
    Ok(())
}

#[test]
fn segments_with_pwm_fade() -> Result<()> {
    let gpio = mock::gpio();
    let display = builder(&gpio).pwm(true).frequency(200.0).initial_value('1').open()?;
    assert_eq!(shown(&display), "1");
    display.lights()[0].set_value(0.3)?;
    assert_eq!(display.value()?, None);
    display.toggle()?;
    assert_eq!((display.lights()[0].value()?, display.lights()[1].value()?), (0.7, 0.0));
    display.set_value('1')?;
    display.pulse(ms(100), ms(100))?;
    gpio.advance(ms(40));
    let [a, b] = [0, 1].map(|light| display.lights()[light].value().unwrap());
    assert!(a == 0.0 && (b - 0.4).abs() < 1e-9, "{a} {b}");
    display.off()?;
    assert!(!display.is_active()?);
    Ok(())
}

#[test]
fn options_that_make_no_display_are_refused() -> Result<()> {
    let gpio = mock::gpio();
    let font = CharFont::seven_segments;
    for (builder, message) in [
        (LedCharDisplay::builder([4]), "1 segments: give 2 to 26 pins, and the decimal point by `dp`"),
        (LedCharDisplay::builder(0..27), "27 segments: give 2 to 26 pins"),
        (LedCharDisplay::builder([4, 17, 27]), "no font is known for 3 segments: give one by `font`"),
        (LedCharDisplay::builder([4, 17, 27]).font(font()), "a font of 7 segments on a display of 3"),
        (LedCharDisplay::builder(PINS).initial_value('%'), "the font does not have '%'"),
        (LedCharDisplay::builder(PINS).initial_value("12"), "one character"),
        (LedCharDisplay::builder(PINS).frequency(50.0), "without PWM"),
    ] {
        let error = refused(builder.gpio(&gpio).open());
        assert!(error.contains(message) && error.contains("LedCharDisplay"), "{error}");
    }
    let error = LedCharDisplay::builder(PINS).dp(27).gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PinInUse);
    assert!(error.to_string().contains("one pin cannot be both `c` and `dp`"), "{error}");
    // Nothing stays open.
    assert!(builder(&gpio).open().is_ok());
    Ok(())
}

#[test]
fn a_closed_display_fails_and_says_so() -> Result<()> {
    let gpio = mock::gpio();
    let display = builder(&gpio).initial_value("3.").open()?;
    let pins = "GPIO4, GPIO17, GPIO27, GPIO22, GPIO5, GPIO6, GPIO13, GPIO19";
    assert_eq!(format!("{display:?}"), format!(r#"LedCharDisplay({pins}, "3.")"#));
    assert_eq!(display.to_string(), format!("LedCharDisplay on {pins}"));
    display.lights()[0].toggle()?;
    assert_eq!(format!("{display:?}"), format!("LedCharDisplay({pins}, no character)"));
    display.clone().close()?;
    assert!(display.is_closed());
    assert_eq!(format!("{display:?}"), format!("LedCharDisplay({pins}, closed)"));
    for result in
        [display.set_value('1'), display.value().map(drop), display.on(), display.is_lit().map(drop)]
    {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Closed);
    }
    assert_eq!(gpio.line(4).function(), LineFunction::Input);
    Ok(())
}

#[test]
fn the_traits_are_those_of_all_devices() -> Result<()> {
    let gpio = mock::gpio();
    let display = builder(&gpio).open()?;
    let switch: &dyn Switch = &display;
    switch.on()?;
    assert_eq!(display.value()?.as_deref(), Some("8."));
    switch.toggle()?;
    assert!(!switch.is_active()?);
    let device: &dyn SetValue<Value = Option<String>> = &display;
    device.set_value(Some("5".to_owned()))?;
    assert_eq!(device.value()?.as_deref(), Some("5"));
    device.set_value(None)?;
    assert!(!display.is_lit()?);
    Ok(())
}

#[test]
fn a_display_follows_a_source_until_the_next_write() -> Result<()> {
    let gpio = mock::gpio();
    let display = builder(&gpio).open()?;
    let other = LedCharDisplay::builder([16, 20, 21, 26, 12, 23, 24]).gpio(&gpio).open()?;
    let texts = ["1", "2", "%", "3"].map(|text| Some(text.to_owned())).into_iter().chain([None]);
    gpio.on_error(|_| ());
    let follower = display.follow(Source::from(texts).every(ms(100)))?;
    let mirror = other.follow(display.values())?;
    let seen: Vec<_> = (0..5)
        .map(|_| {
            gpio.advance(ms(50));
            let seen = (shown(&display), shown(&other));
            gpio.advance(ms(50));
            seen
        })
        .collect();
    // The font does not have the third.
    let expected = ["1", "2", "2", "3", " "];
    assert!(seen.iter().zip(expected).all(|((one, other), text)| one == text && other == text), "{seen:?}");
    assert_eq!(follower.wait()?, AnimationEnd::Finished);
    display.blink(ms(10), ms(10))?;
    assert_eq!(shown(&display), "3", "the character last set");
    other.set_value('7')?;
    assert_eq!((mirror.wait()?, shown(&other).as_str()), (AnimationEnd::Stopped, "7"));
    let follower = other.follow(display.values())?;
    drop(other);
    gpio.advance(ms(20));
    assert!(follower.is_running(), "it is a handle of its device");
    display.close()?;
    assert_eq!(follower.wait()?, AnimationEnd::Finished);
    Ok(())
}

#[test]
fn toggles_of_two_threads_are_both_there() -> Result<()> {
    let gpio = mock::builder().realtime().open();
    let display = builder(&gpio).open()?;
    for _ in 0..200 {
        std::thread::scope(|scope| {
            scope.spawn(|| display.toggle());
            scope.spawn(|| display.toggle());
        });
        assert!(!display.is_lit()?);
    }
    Ok(())
}

#[test]
fn no_lock_is_held_while_a_text_is_made() -> Result<()> {
    struct Next(LedCharDisplay);

    impl From<Next> for String {
        fn from(Next(display): Next) -> String {
            let shown: u32 = shown(&display).parse().unwrap();
            (shown + 1).to_string()
        }
    }

    let gpio = mock::gpio();
    let display = builder(&gpio).initial_value('1').open()?;
    let other = display.clone();
    without_hanging(move || other.set_value(Next(other.clone())))?;
    assert_eq!(shown(&display), "2");
    Ok(())
}
