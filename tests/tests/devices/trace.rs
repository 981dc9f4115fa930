//! Traces on virtual time: what is recorded, exactly, and what diagrams and files show of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pinzero::prelude::*;
use pinzero::trace::{self, ChangeKind, Signal, Theme, Trace, assert_trace};
use pinzero::{Bias, Blink, Drive, Effects, Event, Machine, Part, mock};

const LOW: Level = Level::Low;
const HIGH: Level = Level::High;

fn kinds(trace: &Trace, pin: u32) -> Vec<ChangeKind> {
    trace.changes().filter(|change| change.line.0 == pin).map(|change| change.kind).collect()
}

#[test]
fn writes_and_blinks_are_recorded_from_the_start_of_the_trace_on() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let before = Led::builder(17).gpio(&gpio).open()?;
    before.on()?;
    gpio.advance(ms(50));
    let trace = trace::record(&gpio);
    assert_trace(&trace, 17, [(ms(0), HIGH)]);
    gpio.advance(ms(10));
    before.off()?;
    before.off()?; // changes nothing
    before.blink_with(Blink::new(ms(10), ms(20)).times(2))?.wait()?;
    let levels = [(ms(0), HIGH), (ms(10), LOW), (ms(10), HIGH), (ms(20), LOW), (ms(40), HIGH), (ms(50), LOW)];
    assert_trace(&trace, "GPIO17", levels);
    let later = Led::builder(27).gpio(&gpio).open()?;
    later.toggle()?;
    assert_trace(&trace, 27, [(ms(70), LOW), (ms(70), HIGH)]);
    assert_eq!(kinds(&trace, 27)[0], ChangeKind::Opened("Led"));
    assert_eq!((trace.started().as_nanos(), trace.duration()), (50_000_000, ms(70)));
    Ok(())
}

#[test]
fn a_closed_line_carries_nothing() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let trace = trace::record(&gpio);
    let led = Led::builder(17).gpio(&gpio).open()?;
    gpio.advance(ms(5));
    led.close()?;
    gpio.advance(ms(5));
    let _buzzer = Buzzer::builder(17).gpio(&gpio).open()?;
    assert_eq!(
        trace.signals(17)?,
        [(ms(0), Signal::Level(LOW)), (ms(5), Signal::Unknown), (ms(10), Signal::Level(LOW))]
    );
    assert_eq!(trace.levels(17)?, [(ms(0), LOW), (ms(10), LOW)]);
    let low = ChangeKind::Driven(LOW);
    assert_eq!(
        kinds(&trace, 17),
        [ChangeKind::Opened("Led"), low, ChangeKind::Closed, ChangeKind::Opened("Buzzer"), low]
    );
    Ok(())
}

#[test]
fn an_input_shows_its_bouncing_edges_and_the_events_of_its_device() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(24).gpio(&gpio).bounce_time(ms(5)).hold_time(ms(100)).open()?;
    button.when_held(|_| ());
    let trace = trace::record(&gpio);
    gpio.line(24).script([(ms(10), LOW), (ms(11), HIGH), (ms(12), LOW), (ms(200), HIGH)]);
    gpio.advance(ms(300));
    assert_trace(&trace, 24, [(ms(0), HIGH), (ms(10), LOW), (ms(11), HIGH), (ms(12), LOW), (ms(200), HIGH)]);
    assert_eq!(trace.events(24)?, [(ms(17), "pressed"), (ms(117), "held"), (ms(205), "released")]);
    Ok(())
}

#[test]
fn a_trace_that_begins_within_a_bounce_knows_the_level_on_the_line() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let button = Button::builder(24).gpio(&gpio).bounce_time(ms(5)).open()?;
    gpio.line(24).drive(LOW);
    assert!(!button.is_pressed()?);
    let trace = trace::record(&gpio);
    assert_trace(&trace, 24, [(ms(0), LOW)]);
    Ok(())
}

#[test]
fn pwm_is_recorded_as_such_also_if_software_makes_it() -> pinzero::Result<()> {
    let soft = pinzero::Capabilities { pwm: pinzero::Support::None, ..mock::gpio().capabilities() };
    for gpio in [mock::gpio(), mock::builder().capabilities(soft).open()] {
        let lamp = PwmLed::builder(18).gpio(&gpio).frequency(100.0).open()?;
        let trace = trace::record(&gpio);
        lamp.set_value(0.25)?;
        gpio.advance(secs(1));
        lamp.set_value(0.5)?;
        gpio.advance(secs(1));
        lamp.on()?;
        let quarter = Signal::Pwm { period: ms(10), pulse: us(2500) };
        let half = Signal::Pwm { period: ms(10), pulse: ms(5) };
        let expected =
            [(ms(0), Signal::Level(LOW)), (ms(0), quarter), (secs(1), half), (secs(2), HIGH.into())];
        assert_trace(&trace, 18, expected);
    }
    Ok(())
}

#[test]
fn a_group_changes_in_one_instant_by_a_write_a_part_or_a_blink() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let group = gpio.group([17, 27, 22]).open()?;
    let trace = trace::record(&gpio);
    gpio.advance(ms(1));
    group.set(0b011)?;
    gpio.advance(ms(1));
    group.set_masked(0b001, 0b000)?;
    gpio.advance(ms(1));
    let outputs = group.outputs();
    outputs[2].set(HIGH)?;
    gpio.advance(ms(1));
    let parts: Vec<Part> = outputs.iter().map(|output| output.part(HIGH)).collect();
    Part::write_together(&[(&parts[0], 1.0), (&parts[1], 0.0)])?;
    gpio.advance(ms(1));
    group.blink(Blink::new(ms(1), ms(1)).times(1), HIGH)?.wait()?;
    assert_trace(&trace, 17, [(ms(0), LOW), (ms(1), HIGH), (ms(2), LOW), (ms(4), HIGH), (ms(6), LOW)]);
    assert_trace(&trace, 27, [(ms(0), LOW), (ms(1), HIGH), (ms(4), LOW), (ms(5), HIGH), (ms(6), LOW)]);
    assert_trace(&trace, 22, [(ms(0), LOW), (ms(3), HIGH), (ms(6), LOW)]);
    Ok(())
}

#[test]
fn a_flexible_line_shows_what_it_drives_and_what_it_hears() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let data = gpio.flex(4).start(Drive::Output(LOW)).open()?;
    let trace = trace::record(&gpio);
    gpio.advance(ms(18));
    data.turn(Drive::Input(Bias::PullUp))?;
    gpio.line(4).script([(ms(1), LOW), (ms(2), HIGH)]);
    gpio.advance(ms(5));
    data.turn(Drive::Pwm { period: ms(2), pulse: ms(1) })?;
    gpio.advance(ms(5));
    let pwm = Signal::Pwm { period: ms(2), pulse: ms(1) };
    let expected = [
        (ms(0), LOW.into()),
        (ms(18), HIGH.into()),
        (ms(19), LOW.into()),
        (ms(20), HIGH.into()),
        (ms(23), pwm),
    ];
    assert_trace(&trace, 4, expected);
    let second = trace::record(&gpio);
    assert_trace(&second, 4, [(ms(0), pwm)]);
    data.turn(Drive::Input(Bias::PullUp))?;
    let third = trace::record(&gpio);
    assert_trace(&third, 4, [(ms(0), HIGH)]);
    Ok(())
}

#[derive(Debug)]
struct Repeater;

impl Machine for Repeater {
    type Event = Event;

    fn edge(
        &mut self,
        _: usize,
        edge: pinzero::Edge,
        effects: &mut Effects<'_, Event>,
    ) -> pinzero::Result<()> {
        effects.emit(Event::new(EventKind::Changed, edge.at));
        effects.write(1, u64::from(edge.level.is_high()))
    }

    fn expire(&mut self, _: pinzero::time::Instant, _: &mut Effects<'_, Event>) -> pinzero::Result<()> {
        Ok(())
    }

    fn deadline(&self) -> Option<pinzero::time::Instant> {
        None
    }
}

#[test]
fn the_events_and_writes_of_a_machine_are_recorded_in_place_of_those_of_its_lines() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let (input, output) = (gpio.inputs([24]).open()?, gpio.output(17).open()?);
    let _repeater = gpio.machine("Repeater").inputs(input).output(output).start(|_, _| Repeater)?;
    let trace = trace::record(&gpio);
    gpio.line(24).script([(ms(3), HIGH), (ms(5), LOW)]);
    gpio.advance(ms(10));
    assert_trace(&trace, 17, [(ms(0), LOW), (ms(3), HIGH), (ms(5), LOW)]);
    assert_eq!(trace.events(24)?, [(ms(3), "changed"), (ms(5), "changed")]);
    Ok(())
}

#[test]
fn several_traces_record_and_each_ends_by_itself() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    let first = trace::record(&gpio);
    gpio.advance(ms(1));
    led.on()?;
    let second = trace::record(&gpio);
    gpio.advance(ms(1));
    led.off()?;
    first.stop();
    gpio.advance(ms(1));
    led.on()?;
    assert_trace(&first, 17, [(ms(0), LOW), (ms(1), HIGH), (ms(2), LOW)]);
    assert_trace(&second, 17, [(ms(0), HIGH), (ms(1), LOW), (ms(2), HIGH)]);
    assert_eq!((first.duration(), second.duration()), (ms(2), ms(2)));
    drop(first);
    led.off()?;
    drop(led);
    gpio.close()?;
    assert_eq!(second.signals(17)?.last(), Some(&(ms(2), Signal::Unknown)));
    drop(gpio);
    assert_eq!(second.levels(17)?.len(), 4);
    Ok(())
}

#[test]
fn a_bounded_trace_keeps_the_last_changes_and_the_level_before_them() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    let lamp = PwmLed::builder(18).gpio(&gpio).open()?;
    lamp.set_value(0.5)?;
    let trace = trace::record(&gpio).keep(4);
    for value in [0.1, 0.2, 0.3] {
        gpio.advance(ms(1));
        lamp.set_value(value)?;
    }
    led.blink_with(Blink::new(ms(1), ms(1)).times(50))?.wait()?;
    // Two lines with two each, three of the lamp, and 100 of the LED.
    assert_eq!((trace.changes().count(), trace.dropped()), (4, 103));
    assert_eq!(trace.levels(17)?.len(), 5);
    let pulse = Signal::Pwm { period: ms(10), pulse: ms(3) };
    assert_eq!(trace.signals(18)?.len(), 1);
    assert_eq!(trace.signals(18)?[0].1, pulse);
    assert!(trace.to_string().starts_with("103 changes before are dropped\n"));
    Ok(())
}

#[test]
fn a_failing_check_shows_both_courses() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let led = Led::builder(17).gpio(&gpio).open()?;
    let trace = trace::record(&gpio);
    led.blink_with(Blink::new(ms(100), ms(100)).times(1))?.wait()?;
    let check = AssertUnwindSafe(|| assert_trace(&trace, 17, [(ms(0), HIGH), (ms(150), LOW)]));
    let message = *catch_unwind(check).unwrap_err().downcast::<String>().unwrap();
    println!("{message}");
    for part in [
        "GPIO17 differs",
        "expected: 0ns high, 150ms low",
        "recorded: 0ns low, 0ns high, 100ms low",
        "GPIO17 Led",
    ] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
    Ok(())
}

#[test]
fn a_diagram_as_text_shows_levels_duties_events_and_short_pulses() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let trace = trace::record(&gpio);
    let led = Led::builder(17).gpio(&gpio).open()?;
    let lamp = PwmLed::builder(18).gpio(&gpio).open()?;
    let button = Button::builder(24).bounce_time(ms(5)).gpio(&gpio).open()?;
    button.when_pressed({
        let lamp = lamp.clone();
        move |_| {
            led.toggle()?;
            lamp.set_value(0.5)
        }
    });
    gpio.line(24).script([(ms(10), LOW), (ms(10) + us(100), HIGH), (ms(11), LOW), (ms(40), HIGH)]);
    gpio.advance(ms(50));
    lamp.close()?;
    gpio.advance(ms(10));
    let expected = "\
A press
GPIO17 Led    ▁▁▁▁▁▁▁▁▁▁▁▁▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔
GPIO18 PwmLed ▁▁▁▁▁▁▁▁▁▁▁▁▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅
GPIO24 Button ▔▔▔▔▔▔▔│▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔
                          ↑pressed              ↑released
              ╵0 ms          ╵20 ms         ╵40 ms    60 ms╵";
    assert_eq!(trace.diagram().title("A press").columns(60).to_string(), expected);
    assert!(
        trace
            .diagram()
            .lines([pinzero::Line(24)])
            .from(ms(20))
            .to(ms(39))
            .to_string()
            .starts_with("GPIO24 Button ▁▁▁")
    );
    Ok(())
}

#[test]
fn a_diagram_shows_the_moves_of_a_servo_and_the_mean_of_a_fade() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let trace = trace::record(&gpio);
    let servo = Servo::builder(12).gpio(&gpio).open()?;
    let glow = PwmLed::builder(18).gpio(&gpio).open()?;
    let lamp = PwmLed::builder(27).frequency(50.0).gpio(&gpio).open()?;
    lamp.set_value(0.1)?;
    servo.min()?;
    glow.pulse(secs(1), secs(1))?;
    gpio.advance(secs(2));
    lamp.set_value(0.6)?;
    servo.max()?;
    gpio.advance(secs(2));
    let text = trace.to_string();
    let row = |name| text.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(row("GPIO12").contains("▃▃▆▆"), "{text}");
    assert!(!row("GPIO18").contains('│') && row("GPIO18").contains('▇'), "{text}");
    // A lamp of 50 Hz is no servo.
    assert!(row("GPIO27").contains("▂▂▅▅"), "{text}");
    let image = trace.to_svg();
    assert!(image.contains(">1 ms<") && image.contains(">2 ms<") && image.contains(">60 %<"), "{image}");
    Ok(())
}

#[test]
fn an_image_is_valid_names_its_parts_and_keeps_short_pulses() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let line = gpio.output(17).device("<Lamp & \"co\">").open()?;
    let trace = trace::record(&gpio);
    gpio.advance(secs(1));
    line.set(HIGH)?;
    line.set(LOW)?; // takes no time at all
    gpio.advance(secs(1));
    let svg = trace.diagram().title("a < b").width(400).theme(Theme::Light).to_svg();
    for part in [
        "<title id=\"title\">a &lt; b</title>",
        "GPIO17 &lt;Lamp &amp; &quot;co&quot;&gt;",
        "width=\"400\"",
        "role=\"img\"",
    ] {
        assert!(svg.contains(part), "{part} is not in {svg}");
    }
    assert!(!svg.contains("prefers-color-scheme") && trace.to_svg().contains("prefers-color-scheme"));
    let wave = svg.lines().find(|line| line.contains("class=\"w\"")).unwrap();
    // Low, up and down again in the middle, low.
    assert_eq!(wave.matches('V').count(), 2, "{wave}");
    assert_eq!(svg, trace.diagram().title("a < b").width(400).theme(Theme::Light).to_svg());
    Ok(())
}

#[test]
fn an_image_is_no_larger_for_more_changes_than_pixels() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let line = gpio.output(17).open()?;
    let lamp = gpio.pwm(18).open()?;
    let trace = trace::record(&gpio);
    for number in 0..5_000 {
        gpio.advance(us(10));
        line.toggle()?;
        lamp.set_duty(f64::from(number % 1000) / 1000.0)?;
    }
    let svg = trace.to_svg();
    assert!(svg.len() < 100_000, "{} bytes", svg.len());
    assert!(trace.to_string().lines().all(|line| line.chars().count() <= 80));
    Ok(())
}
