//! VCD files of traces: a small reader finds in each what the trace has.
#![allow(clippy::unwrap_used, reason = "helpers of tests, which fail where they cannot go on")]

use std::collections::HashMap;
use std::time::Duration;

use pinzero::prelude::*;
use pinzero::trace::{self, Signal, Trace};
use pinzero::{PwmLed, Result, mock};
use proptest::prelude::*;

/// The values of a variable, and since when.
type Values = Vec<(Duration, String)>;

fn file(trace: &Trace) -> String {
    let mut file = Vec::new();
    trace.write_vcd(&mut file).unwrap();
    String::from_utf8(file).unwrap()
}

/// Returns the values of all variables by their names, and the time at the end of the file.
fn read(file: &str) -> (HashMap<String, Values>, Duration) {
    let (head, body) = file.split_once("$enddefinitions $end\n").unwrap();
    let mut names = HashMap::new();
    let mut unit = 0;
    for declaration in head.split("$end").map(str::trim).filter(|text| !text.is_empty()) {
        match declaration.split_whitespace().collect::<Vec<_>>()[..] {
            ["$timescale", number, name] => {
                let nanos = match name {
                    "s" => 1_000_000_000,
                    "ms" => 1_000_000,
                    "us" => 1_000,
                    "ns" => 1,
                    _ => panic!("{name} is no unit"),
                };
                unit = number.parse::<u64>().unwrap() * nanos;
            }
            ["$var", _, _, code, name] => {
                assert!(names.insert(code.to_owned(), name.to_owned()).is_none(), "{code} is there twice");
            }
            ["$version", _] | ["$scope", "module", _] | ["$upscope"] => {}
            ref other => panic!("{other:?} is no declaration"),
        }
    }
    let mut values: HashMap<String, Values> = HashMap::new();
    let mut now = Duration::ZERO;
    for line in body.lines().filter(|line| !line.starts_with('$')) {
        if let Some(time) = line.strip_prefix('#') {
            let time = Duration::from_nanos(time.parse::<u64>().unwrap() * unit);
            assert!(time >= now, "{time:?} comes after {now:?}");
            now = time;
            continue;
        }
        let (value, code) = match line.as_bytes()[0] {
            b'r' | b's' => line[1..].split_once(' ').unwrap(),
            _ => line.split_at(1),
        };
        values.entry(names[code].clone()).or_default().push((now, value.to_owned()));
    }
    (values, now)
}

/// Returns what the wire of a line should show.
fn wire(signals: &[(Duration, Signal)]) -> Values {
    let character = |signal: Signal| match signal {
        Signal::Level(Level::Low) => "0",
        Signal::Level(Level::High) => "1",
        Signal::Pwm { .. } => "x",
        _ => "z",
    };
    let mut values: Values =
        signals.iter().map(|(at, signal)| (*at, character(*signal).to_owned())).collect();
    values.dedup_by(|later, earlier| later.1 == earlier.1);
    values
}

/// The next thing that happens.
#[derive(Debug, Clone)]
enum Step {
    Advance(Duration),
    Led(bool),
    Lamp(f64),
    Tone(f64),
    Line(bool),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let nanos = prop_oneof![Just(1), Just(1_000), Just(20_000_000), 0..5_000_000_000_u64];
    prop_oneof![
        4 => nanos.prop_map(|nanos| Step::Advance(Duration::from_nanos(nanos))),
        2 => any::<bool>().prop_map(Step::Led),
        2 => prop_oneof![Just(0.0), Just(1.0), 0.0..=1.0].prop_map(Step::Lamp),
        1 => (1.0..5_000.0).prop_map(Step::Tone),
        2 => any::<bool>().prop_map(Step::Line),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #[test]
    fn a_file_has_what_the_trace_has(steps in prop::collection::vec(step(), 0..40), most in 1_usize..100) {
        let gpio = mock::gpio();
        let open = || Led::builder(17).gpio(&gpio).open().unwrap();
        let mut led = Some(open());
        let lamp: PwmLed = PwmLed::builder(18).gpio(&gpio).open().unwrap();
        let _button = Button::builder(24).bounce_time(ms(1)).gpio(&gpio).open().unwrap();
        let trace = trace::record(&gpio).keep(most);
        for step in steps {
            match step {
                Step::Advance(time) => gpio.advance(time),
                Step::Led(on) => led.iter().for_each(|led| led.set_value(on).unwrap()),
                Step::Lamp(value) => lamp.set_value(value).unwrap(),
                Step::Tone(hertz) => lamp.set_frequency(hertz).unwrap(),
                Step::Line(high) => gpio.line(24).drive(Level::from(high)),
                Step::Reopen => {
                    drop(led.take());
                    led = Some(open());
                }
            }
        }
        trace.stop();
        let (mut values, end) = read(&file(&trace));
        prop_assert!(end >= trace.duration() && end - trace.duration() < secs(1));
        for (pin, name) in [(17, "GPIO17_Led"), (18, "GPIO18_PwmLed"), (24, "GPIO24_Button")] {
            let signals = trace.signals(pin).unwrap();
            prop_assert_eq!(&values[name], &wire(&signals));
            let mut events = values.remove(&format!("{name}_events")).unwrap_or_default().into_iter();
            for (at, event) in trace.events(pin).unwrap() {
                prop_assert_eq!(events.next(), Some((at, event.to_owned())));
            }
            prop_assert_eq!(events.next(), None);
            let Some(duties) = values.get(&format!("{name}_duty")) else {
                let has_pwm = signals.iter().any(|(_, signal)| matches!(signal, Signal::Pwm { .. }));
                prop_assert!(!has_pwm);
                continue;
            };
            let mut expected: Vec<(Duration, f64)> =
                signals.iter().map(|(at, signal)| (*at, signal.duty().unwrap())).collect();
            expected.dedup_by(|later, earlier| later.1 == earlier.1);
            let read = duties.iter().map(|(at, duty)| (*at, duty.parse().unwrap()));
            prop_assert_eq!(read.collect::<Vec<(Duration, f64)>>(), expected);
        }
    }
}

#[test]
fn the_time_scale_is_the_coarsest_that_is_exact() -> Result<()> {
    for (times, scale) in [(&[2000, 5000][..], "1 s"), (&[20, 40], "10 ms"), (&[3], "1 ms")] {
        let gpio = mock::gpio();
        let led = Led::builder(17).gpio(&gpio).open()?;
        let trace = trace::record(&gpio);
        for time in times {
            gpio.advance(ms(*time));
            led.toggle()?;
        }
        assert!(file(&trace).contains(&format!("$timescale {scale} $end")), "{}", file(&trace));
    }
    Ok(())
}

#[test]
fn in_real_time_the_scale_is_a_microsecond() -> Result<()> {
    let gpio = mock::builder().realtime().open();
    let trace = trace::record(&gpio);
    let led = Led::builder(17).gpio(&gpio).open()?;
    for _ in 0..3 {
        gpio.sleep(ms(1));
        led.toggle()?;
    }
    trace.stop();
    assert!(file(&trace).contains("$timescale 1 us $end"), "{}", file(&trace));
    Ok(())
}

#[test]
fn names_in_a_file_are_identifiers() -> Result<()> {
    let gpio = mock::gpio();
    let _line = gpio.output(17).device("Lamp $end <a b>").open()?;
    let trace = trace::record(&gpio);
    assert!(file(&trace).contains(" GPIO17_Lamp__end__a_b_ $end"), "{}", file(&trace));
    Ok(())
}
