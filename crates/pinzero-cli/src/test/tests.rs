//! Made-up faults, and whether they show.

use std::path::Path;

use pinzero::mock::{self, MockFactory, MockGpio};
use pinzero::{Bias, Capabilities, Gpio, Level, Line, PinFactory, Result, Support};
use pinzero_core::board::Board;
use pinzero_core::factory::Pin;
use pinzero_core::{Host, InputConfig, LineInfo, OutputConfig, OutputPin};

use super::after_exit::{AfterExit, State};
use super::message::Private;
use super::progress::Progress;
use super::report::{Maybe, Report};
use super::system::{System, Tried};
use super::toggle::ToggleRate;
use super::wired::{Bench, examine, measure};
use super::{ROOT, page, pins, wire};

const WIRE: [Line; 2] = [Line(22), Line(27)];

/// Returns a mock with a wire between the two pins, on virtual time.
fn wired() -> MockGpio {
    let gpio = mock::gpio();
    gpio.wire(WIRE[0], WIRE[1]);
    gpio
}

/// A factory whose pulls do not hold, and which has nothing that is optional.
struct WithoutPulls {
    mock: MockFactory,
    name: &'static str,
}

impl PinFactory for WithoutPulls {
    fn name(&self) -> &'static str {
        self.name
    }

    fn host(&self) -> Host {
        self.mock.host()
    }

    fn capabilities(&self) -> Capabilities {
        let native = Support::Native;
        Capabilities { output: native, input: native, bias: native, edges: native, ..Capabilities::NONE }
    }

    fn board(&self) -> Board {
        self.mock.board()
    }

    fn find_line(&self, name: &str) -> Result<Option<Line>> {
        self.mock.find_line(name)
    }

    fn line_info(&self, line: Line) -> Result<LineInfo> {
        self.mock.line_info(line)
    }

    fn open_output(&self, line: Line, config: OutputConfig) -> Result<Box<dyn OutputPin>> {
        self.mock.open_output(line, config)
    }

    fn open_input(&self, line: Line, mut config: InputConfig) -> Result<Box<dyn Pin>> {
        config.bias = Bias::AsIs;
        self.mock.open_input(line, config)
    }

    fn close(&self) -> Result<()> {
        self.mock.close()
    }
}

fn without_pulls(mock: &MockGpio) -> Gpio {
    named(mock, "faulty")
}

fn named(mock: &MockGpio, name: &'static str) -> Gpio {
    Gpio::builder(WithoutPulls { mock: mock.factory(), name }).through(mock).open().unwrap()
}

fn bench<'a>(gpio: &'a Gpio, private: &'a Private) -> Bench<'a> {
    Bench { gpio, lines: WIRE, other_process: None, private }
}

/// Returns a report without trials, and without the facts that are of this machine.
fn report(gpio: &Gpio) -> Report {
    let private = Private::default();
    let bench = bench(gpio, &private);
    let mut measured = measure(&bench, &mut Progress::new(0));
    measured.toggle_rate = Maybe::Measured(ToggleRate { writes: 1_000_000, writes_per_second: 2_500_000.0 });
    measured.factories = vec![
        Tried { name: "cdev", error: None },
        Tried { name: "rppal", error: Some(private.message("the feature `rppal` is\nnot | switched on")) },
    ];
    let mut report = bench.report(true);
    report.pinzero = "1.2.3";
    report.is_debug_build = false;
    report.system = System {
        os: "linux",
        architecture: "aarch64",
        kernel: Some("6.12.34+rpt-rpi-v8".to_owned()),
        processors: 4,
        load: Some([0.08, 0.1, 0.0]),
    };
    report.measured = Some(measured);
    report.judge();
    report
}

/// Asserts that a report has one problem, which begins so, and that both forms of the report show the problem.
#[track_caller]
fn assert_shows(report: &Report, problem: &str) {
    assert_eq!(report.problems.len(), 1, "{:#?}", report.problems);
    let shown = &report.problems[0];
    assert!(shown.starts_with(problem), "{shown}");
    let page = page::page(report);
    assert!(page.contains(&format!("* {shown}\n")), "{page}");
    let json = serde_json::to_value(report).unwrap();
    assert_eq!(json["problems"][0], **shown);
}

#[test]
fn a_sound_wire_has_no_problems() {
    let report = report(&wired());
    assert_eq!(report.problems, Vec::<String>::new());
    let expected = include_str!("page.md");
    let page = page::page(&report);
    if std::env::var_os("PINZERO_WRITE").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/test/page.md"), &page).unwrap();
        return;
    }
    assert!(page == expected, "src/test/page.md differs; PINZERO_WRITE=1 writes it anew. Now:\n{page}");
}

#[test]
fn edges_that_are_lost_show() {
    let gpio = wired();
    gpio.line(WIRE[1]).lose(3);
    assert_shows(
        &report(&gpio),
        "edge latency: 4 of 500 edges were not heard; the factory counted 3 as lost",
    );

    gpio.line(WIRE[1]).lose(u32::MAX);
    let report = report(&gpio);
    let Some(measured) = &report.measured else { panic!("nothing was measured") };
    let Maybe::Measured(latency) = &measured.edge_latency else { panic!("{:?}", measured.edge_latency) };
    assert_eq!((latency.heard, &latency.times), (0, &None));
    // It does not wait for all 500.
    assert!(latency.sent < 100, "{latency:?}");
    assert_eq!(report.problems.len(), 3, "edges, PWM and PWM by hardware: {:#?}", report.problems);
}

#[test]
fn a_trial_that_fails_shows() {
    let gpio = wired();
    // A wire that is held from outside, which no trial expects; the check before would have found this.
    gpio.line(WIRE[0]).drive(Level::Low);
    let private = Private::default();
    let report = examine(&bench(&gpio, &private), true, false, &mut Progress::new(0));
    let trials = &report.trials;
    assert!(trials.failed.iter().any(|told| told.trial == "output::starts_at_its_level"), "{trials:#?}");
    assert!(report.problems[0].starts_with("the wire, at the end of the test: GPIO22 was driven high"));
    assert!(page::page(&report).contains("* `output::starts_at_its_level`: GPIO22"));
}

#[test]
fn all_trials_pass_on_a_sound_wire() {
    let private = Private::default();
    let report = examine(&bench(&wired(), &private), true, false, &mut Progress::new(0));
    assert_eq!(report.problems, Vec::<String>::new());
    assert!(report.trials.passed > 60 && report.trials.not_run == 0, "{:#?}", report.trials);
}

#[test]
fn pulls_that_do_not_hold_show() {
    let mock = wired();
    let report = report(&without_pulls(&mock));
    let expected = ["pulls: GPIO22 with its pull-up reads low", "pulls: GPIO27 with its pull-up reads low"];
    assert_eq!(report.problems, expected);
    let page = page::page(&report);
    assert!(page.contains("| GPIO27 | pull-up | low | low | **does not hold** |"), "{page}");
}

#[test]
fn a_pin_that_stays_driven_shows() {
    let after = |ended_by, state| AfterExit {
        ended_by,
        status: "exit status: 0".to_owned(),
        driven: "high",
        level: if state == State::GivenBack { "low" } else { "high" },
        state,
        function: Some("output".to_owned()),
    };
    let mut report = report(&wired());
    let Some(measured) = &mut report.measured else { panic!("nothing was measured") };
    measured.after_exit = Maybe::Measured(vec![
        after("return from main", State::StillDriven),
        after("SIGTERM", State::GivenBack),
        after("SIGINT", State::Unclear),
    ]);
    // The kernel decides about this one.
    let Maybe::Measured(all) = &mut measured.after_exit else { return };
    all.push(after(super::after_exit::SIGKILL, State::StillDriven));
    report.judge();
    assert_shows(&report, "after the end of a program by return from main: the pin is still driven high");
}

#[test]
fn a_measurement_that_fails_is_a_problem_and_a_missing_capability_is_none() {
    let gpio = wired();
    let _holder = gpio.output(WIRE[0]).open().unwrap();
    let report = report(&gpio);
    let problem = |what: &str| report.problems.iter().any(|problem| problem.starts_with(what));
    assert!(problem("edge latency: ") && problem("PWM: ") && problem("pulls: "), "{:#?}", report.problems);
    assert!(page::page(&report).contains("Not measured: "));

    let capabilities = Capabilities { bias: Support::None, edges: Support::None, ..gpio.capabilities() };
    let gpio = mock::builder().capabilities(capabilities).open();
    gpio.wire(WIRE[0], WIRE[1]);
    let report = self::report(&gpio);
    assert_eq!(report.problems, Vec::<String>::new());
    let page = page::page(&report);
    for part in ["this factory has no pulls", "this factory polls its inputs", "polled every millisecond"] {
        assert!(page.contains(part), "{page}");
    }
}

#[test]
fn a_wire_that_is_not_there_or_shorted_is_named() {
    let fault = |gpio: &Gpio| wire::check(gpio, WIRE).unwrap();
    assert_eq!(fault(&wired()), None);

    let words = fault(&mock::gpio()).unwrap();
    assert!(
        words.starts_with("GPIO22 and GPIO27 are not joined: GPIO22 was driven low, and GPIO27 reads high")
    );

    let gpio = wired();
    // Of two drivers, the low one wins on the mock.
    gpio.line(WIRE[1]).drive(Level::Low);
    let words = fault(&gpio).unwrap();
    assert!(words.starts_with("GPIO22 was driven high, and reads low: it is shorted to ground"), "{words}");
    gpio.line(WIRE[1]).release();
    // The pins are as they were.
    wire::restore(&gpio, WIRE).unwrap();
    assert_eq!(gpio.line(WIRE[0]).bias(), Bias::PullDown);
}

#[test]
fn a_wire_is_written_in_three_ways_and_joins_two_free_pins() {
    let gpio = mock::gpio();
    for text in ["22:27", " GPIO22 : 27", "J8:15:J8:13", "BOARD15:BCM27"] {
        assert_eq!(wire::lines(&gpio, &wire::parse(text).unwrap(), Path::new(ROOT)), Ok(WIRE), "{text}");
    }
    for text in ["", "22", "22:", ":27", "22:27:17", "::", ":::", "a:b:c:d:e"] {
        assert!(wire::parse(text).is_err(), "{text}");
    }
    gpio.line(27).hold_by(Some("spi0 CS0"));
    for (text, part) in [
        ("22:J8:15", "written 22:27"),
        ("22:22", "the same pin"),
        ("GPIO22:J8:15:", "written 22:27"),
        ("22:99", "99"),
        ("22:GND", "ground"),
        ("22:27", "GPIO27 is held by \"spi0 CS0\""),
    ] {
        let error =
            wire::parse(text).and_then(|ends| wire::lines(&gpio, &ends, Path::new(ROOT))).unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn the_self_test_names_what_holds_a_pin_and_does_not_drive_against_it() {
    let private = Private::default();
    let gpio = mock::gpio();
    let good = pins::test(&gpio, Line(17), &private);
    assert_eq!(good.faults, []);
    assert_eq!((good.pulled_up, good.pulled_down), (Some("high"), Some("low")));
    assert_eq!((good.driven_low, good.driven_high), (Some("low"), Some("high")));
    assert_eq!(good.header.as_deref(), Some("J8:11"));

    for (level, rail, (low, high)) in
        [(Level::Low, "ground", (Some("low"), None)), (Level::High, "3.3 V", (None, Some("high")))]
    {
        gpio.line(17).drive(level);
        let held = pins::test(&gpio, Line(17), &private);
        assert_eq!((held.driven_low, held.driven_high), (low, high));
        assert_eq!(held.faults.len(), 1);
        let fault = held.faults[0].to_string();
        assert!(fault.contains(&format!("reads {level}")) && fault.contains(rail), "{fault}");
    }
    // The board's resistor is no fault.
    assert_eq!(pins::test(&gpio, Line(2), &private).pulled_down, None);

    // Where nothing can be pulled, only a driver finds out.
    let capabilities = Capabilities { bias: Support::None, ..gpio.capabilities() };
    let gpio = mock::builder().capabilities(capabilities).open();
    gpio.line(17).drive(Level::Low);
    let short = pins::test(&gpio, Line(17), &private);
    let fault = short.faults[0].to_string();
    assert_eq!(fault, "driven high, reads low: a short circuit to ground, or a part that pulls harder");

    let mock = mock::gpio();
    let weak = pins::test(&without_pulls(&mock), Line(17), &private);
    assert!(weak.faults[0].to_string().starts_with("pulled up, reads low"));
    // Every pin is given back.
    assert_eq!(mock.line_info(17).unwrap().function, Some(pinzero::LineFunction::Input));
}

#[test]
fn the_self_test_takes_free_pins_only() {
    let private = Private::default();
    let gpio = mock::gpio();
    gpio.line(4).hold_by(Some("w1"));
    let _driven = gpio.output(5).open().unwrap();
    let choose = |pins: &[&str], skip: &[&str]| {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        pins::choose(&gpio, &names(pins), &names(skip), &private, Path::new(ROOT))
    };
    let all = choose(&[], &["6", "GPIO7"]).unwrap();
    assert_eq!(all.lines.len(), 28 - 6);
    let reasons: Vec<String> =
        all.left_out.iter().map(|pin| format!("{}: {}", pin.pin, pin.reason)).collect();
    for part in ["GPIO0: belongs to the memory of a HAT", "GPIO4: held by \"w1\"", "GPIO5: is an output"] {
        assert!(reasons.iter().any(|reason| reason.starts_with(part)), "{reasons:#?}");
    }
    assert_eq!(choose(&["17", "J8:11", "0"], &[]).unwrap().lines, [Line(0), Line(17)]);
    for (pins, skip, part) in [
        (&["17"][..], &["GPIO17"][..], "GPIO17 is in --pins and in --skip"),
        (&["99"], &[], "99"),
        (&[""], &[], "pin"),
        (&[], &["GND"], "ground"),
    ] {
        let error = choose(pins, skip).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn on_the_character_device_the_pins_of_buses_are_left_out() {
    let root = std::env::temp_dir().join(format!("pinzero-test-buses-{}", std::process::id()));
    // SPI is used by a driver of the kernel; i2c-20 is that of a monitor.
    for file in ["dev/i2c-1", "sys/bus/spi/devices/spi0.0", "dev/serial0", "dev/i2c-20"] {
        let file = root.join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, "").unwrap();
    }
    let (mock, private) = (mock::gpio(), Private::default());
    let gpio = named(&mock, "cdev");
    let left_out = |gpio: &Gpio, root: &Path| {
        let left_out = pins::choose(gpio, &[], &[], &private, root).unwrap().left_out;
        left_out.iter().map(|pin| format!("{}: {}", pin.pin, pin.reason)).collect::<Vec<_>>()
    };
    let hat =
        [0, 1].map(|pin| format!("GPIO{pin}: belongs to the memory of a HAT: --pins tests it all the same"));
    let (i2c, spi, serial) = ("i2c-1", "spi0.0", "the serial port");
    let buses = [(2, i2c), (3, i2c), (8, spi), (9, spi), (10, spi), (11, spi), (14, serial), (15, serial)];
    let reason = |bus| format!("belongs to {bus}, which is on: --pins tests it all the same");
    let buses = buses.map(|(pin, bus)| format!("GPIO{pin}: {}", reason(bus)));
    assert_eq!(left_out(&gpio, &root), [&hat[..], &buses[..]].concat());
    // Where the buses are off, and where the factory tells the function itself.
    assert_eq!(left_out(&gpio, &root.join("none")), hat);
    assert_eq!(left_out(&mock, &root), hat);

    let named = pins::choose(&gpio, &["2".to_owned(), "17".to_owned()], &[], &private, &root).unwrap();
    assert_eq!((named.lines, named.left_out), (vec![Line(2), Line(17)], vec![]));
    let lines = |text: &str| wire::lines(&gpio, &wire::parse(text).unwrap(), &root);
    assert_eq!(lines("22:27"), Ok(WIRE));
    let error = "GPIO15 belongs to the serial port: switch that off, or use another pin";
    assert_eq!(lines("22:15"), Err(error.to_owned()));
    std::fs::remove_dir_all(&root).unwrap();
}
