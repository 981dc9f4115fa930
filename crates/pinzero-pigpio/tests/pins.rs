//! Outputs, inputs and groups: what the daemon is told, and what becomes of its pins.

#![allow(clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod remote;

use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use fake_pigpiod::{Fake, Options};
use pinzero_core::time::{ms, us};
use pinzero_core::{Bias, Blink, ErrorKind, Gpio, Level, LineFunction, OnClose};
use pinzero_pigpio::PigpioFactory;
use remote::proxy::Proxy;
use remote::{ask, ask_with, eventually, levels, op, open, open_with, told};

#[test]
fn an_output_has_its_level_from_the_first_instant_and_is_given_back() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let output = gpio.output(17).initial(Level::High).open().unwrap();
    assert_eq!((fake.mode(17), fake.level(17)), (1, true));
    // WRITE makes it an output with that level; a mode before it would show a level that nobody wants.
    assert_eq!(told(&fake, &[op::MODES, op::WRITE]), [[op::WRITE, 17, 1]]);
    output.set(Level::Low).unwrap();
    assert!(!fake.level(17), "a write is done when it returns");
    output.toggle().unwrap();
    assert_eq!(output.level().unwrap(), Level::High);
    drop(output);
    assert_eq!((fake.mode(17), fake.level(17), ask(&fake, op::PRG, 17, 0)), (0, false, 255));
    assert_eq!(levels(&fake, 17), [Level::High, Level::Low, Level::High, Level::Low]);
}

#[test]
fn lines_become_what_they_were() {
    let fake = Fake::start();
    ask(&fake, op::WRITE, 17, 1);
    ask(&fake, op::PRS, 17, 1234);
    ask(&fake, op::MODES, 27, 4);
    let gpio = open(&fake);
    let output = gpio.output(17).open().unwrap();
    let alternate = gpio.input(27).open().unwrap();
    assert_eq!((fake.level(17), fake.mode(27)), (false, 0));
    drop((output, alternate));
    assert_eq!((fake.mode(17), fake.level(17), fake.mode(27)), (1, true, 4));
    assert_eq!(ask(&fake, op::PRG, 17, 0), 1234);

    let adopted = gpio.output(17).adopt().open().unwrap();
    assert_eq!((adopted.last(), fake.level(17)), (Level::High, true));
    assert_eq!(levels(&fake, 17), [Level::High, Level::Low, Level::High]);
}

#[test]
fn a_line_that_somebody_left_with_the_hardware_is_taken_and_given_back() {
    let fake = Fake::start();
    ask_with(&fake, op::HP, 18, 440, &[500_000]);
    let gpio = open(&fake);
    gpio.output(18).open().unwrap().close().unwrap();
    gpio.input(18).open().unwrap().close().unwrap();
    assert_eq!((fake.mode(18), ask(&fake, op::PRG, 18, 0)), (2, 255));
}

#[test]
fn on_close_says_what_a_line_becomes() {
    let fake = Fake::start();
    let gpio = open(&fake);
    for (on_close, mode, level, pull) in [
        (OnClose::High, 1, true, 1),
        (OnClose::Low, 1, false, 1),
        (OnClose::Keep, 1, true, 1),
        (OnClose::Input(Bias::PullUp), 0, true, 2),
        (OnClose::Input(Bias::Disabled), 0, false, 0),
    ] {
        ask(&fake, op::MODES, 17, 0);
        ask(&fake, op::PUD, 17, 1);
        let output = gpio.output(17).on_close(on_close).open().unwrap();
        output.set(Level::High).unwrap();
        output.close().unwrap();
        assert_eq!((fake.mode(17), fake.level(17), fake.pull(17)), (mode, level, pull), "{on_close:?}");
    }
}

#[test]
fn inputs_have_the_pull_that_was_asked_for_and_then_the_boards() {
    let fake = Fake::start();
    let gpio = open(&fake);
    for (bias, pull) in [(Bias::PullUp, 2), (Bias::PullDown, 1), (Bias::Disabled, 0)] {
        for (line, boards) in [(4, 2), (17, 1)] {
            let input = gpio.input(line).bias(bias).open().unwrap();
            assert_eq!((fake.mode(line), fake.pull(line)), (0, pull), "{bias:?}");
            assert_eq!(input.level().unwrap(), Level::from(bias == Bias::PullUp));
            drop(input);
            assert_eq!(fake.pull(line), boards, "GPIO{line} after {bias:?}");
        }
    }
    fake.clear_journal();
    drop(gpio.input(17).open().unwrap());
    assert!(told(&fake, &[op::PUD, op::FG]).is_empty(), "what was not asked for is not touched");
}

#[test]
fn eight_outputs_of_a_group_rise_by_one_command() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let group = gpio.group(4..12).open().unwrap();
    for (levels, wanted) in [(0xff, op::BS1), (0, op::BC1)] {
        fake.clear_journal();
        group.set(levels).unwrap();
        assert_eq!(told(&fake, &[op::BC1, op::BS1, op::WRITE]), [[wanted, 0xff0, 0]]);
    }
}

#[test]
fn a_group_changes_by_one_command_for_low_and_one_for_high() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let group = gpio.group([17, 27, 22]).initial(0b011).open().unwrap();
    assert_eq!([17, 27, 22].map(|line| fake.level(line)), [true, true, false]);
    fake.clear_journal();
    group.set(0b101).unwrap();
    assert_eq!([17, 27, 22].map(|line| fake.level(line)), [true, false, true]);
    assert_eq!(group.levels().unwrap(), 0b101);
    let banks = [op::BC1, op::BS1, op::WRITE];
    assert_eq!(told(&fake, &banks), [[op::BC1, 1 << 27, 0], [op::BS1, 1 << 17 | 1 << 22, 0]]);
    fake.clear_journal();
    group.set_masked(0b010, 0b010).unwrap();
    assert_eq!(told(&fake, &banks), [[op::BS1, 1 << 27, 0]]);
    drop(group);
    assert_eq!([17, 27, 22].map(|line| fake.mode(line)), [0; 3]);
    assert_eq!([17, 27, 22].map(|line| ask(&fake, op::PRG, line, 0)), [255; 3]);
}

#[test]
fn lines_outside_of_the_daemons_mask_are_refused_and_nothing_is_left_behind() {
    let fake = Fake::with(Options { permitted: 1 << 17, ..Options::default() });
    let gpio = open(&fake);
    let kinds = [
        gpio.output(27).open().map(drop),
        gpio.input(27).open().map(drop),
        gpio.input(27).bias(Bias::PullUp).open().map(drop),
        gpio.pwm(27).open().map(drop),
        gpio.pwm(18).open().map(drop),
        gpio.group([17, 27]).initial(0b11).open().map(drop),
        gpio.spi(5).mosi(6).miso(12).select(13).open().map(drop),
    ]
    .map(|result| result.unwrap_err().kind());
    assert_eq!(kinds, [ErrorKind::PermissionDenied; 7]);
    assert_eq!((fake.mode(17), fake.level(17), ask(&fake, op::PRG, 17, 0)), (0, false, 255));
    assert_eq!(fake.handles().bit_spi, 0);
    let error = gpio.output(27).open().unwrap_err().to_string();
    assert!(error.contains("GPIO27") || error.contains("27"), "{error}");
    // What is permitted works, and what was refused is free.
    let output = gpio.output(17).initial(Level::High).open().unwrap();
    assert!(fake.level(17));
    drop(output);
    assert_eq!(gpio.output(27).open().unwrap_err().kind(), ErrorKind::PermissionDenied);
}

#[test]
fn writes_of_several_threads_share_one_way() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let lines = [5, 6, 12, 13, 16, 19, 20, 21];
    let outputs = lines.map(|line| gpio.output(line).open().unwrap());
    // No reply comes before all eight are under way.
    fake.hold(8);
    thread::scope(|scope| {
        for output in &outputs {
            scope.spawn(|| output.set(Level::High).unwrap());
        }
    });
    assert_eq!(lines.map(|line| fake.level(line)), [true; 8]);
}

#[test]
fn the_steps_of_a_blink_wait_for_no_reply() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let output = gpio.output(17).open().unwrap();
    // The first step is confirmed, so this returns only when nine more have been sent without an answer.
    fake.hold(10);
    let blink = output.blink(Blink::new(ms(2), ms(2)).times(20), Level::High).unwrap();
    assert!(told(&fake, &[op::WRITE]).len() > 10);
    fake.hold(0);
    blink.wait().unwrap();
    eventually("the last step", || !fake.level(17));
    output.set(Level::High).unwrap();
    assert!(fake.level(17));
}

#[test]
fn eight_threads_hammer_and_the_last_word_counts() {
    let options = Options { piece: Some(40), delay: us(50), seed: 3, ..Options::default() };
    for fake in [Fake::start(), Fake::with(options)] {
        let gpio = open(&fake);
        let lines = [5, 6, 12, 13];
        let outputs = lines.map(|line| gpio.output(line).open().unwrap());
        let group = gpio.group([16, 19, 20, 21]).open().unwrap();
        thread::scope(|scope| {
            let (outputs, group) = (&outputs, &group);
            for number in 0..8u64 {
                scope.spawn(move || {
                    for round in 0..100 {
                        outputs[number as usize % 4].set(Level::from((number + round) % 3 == 0)).unwrap();
                        group.set_masked(0b11 << (number % 3), (number * round) % 16).unwrap();
                    }
                });
            }
        });
        for (line, output) in lines.iter().zip(&outputs) {
            assert_eq!(Level::from(fake.level(*line)), output.last(), "GPIO{line}");
        }
        assert_eq!(group.levels().unwrap(), group.last());
    }
}

#[test]
fn several_daemons_in_one_program() {
    let (kitchen, garage) = (Fake::start(), Fake::start());
    let (here, there) = (open(&kitchen), open(&garage));
    let lamp = here.output(17).initial(Level::High).open().unwrap();
    let pump = there.output(17).open().unwrap();
    assert_eq!((kitchen.level(17), garage.level(17)), (true, false));
    kitchen.kill();
    pump.set(Level::High).unwrap();
    assert_eq!(lamp.set(Level::Low).unwrap_err().kind(), ErrorKind::Disconnected);
    assert!(garage.level(17));
    drop(pump);
    assert_eq!(garage.mode(17), 0);
}

#[test]
fn a_pin_is_one_by_whatever_address_its_daemon_is_reached() {
    let fake = Fake::start();
    let here = open(&fake);
    let port = fake.address().port();
    let there = Gpio::new(PigpioFactory::connect(format!("localhost:{port}")).unwrap()).unwrap();
    let lamp = here.output(17).open().unwrap();
    assert_eq!(there.output(17).open().unwrap_err().kind(), ErrorKind::PinInUse);
    drop(lamp);
    drop(there.output(17).open().unwrap());
}

#[test]
fn the_states_of_many_lines_take_one_round_trip() {
    let fake = Fake::start();
    let commands: Arc<OnceLock<TcpStream>> = Arc::default();
    let (stream, waiting) = (commands.clone(), Arc::new(AtomicUsize::new(0)));
    let most = waiting.clone();
    let proxy = Proxy::stepwise(fake.address(), move |command| {
        // A request for the level follows, so that a look at it does not block.
        if let (op::MODEG, Some(stream)) = (command, stream.get()) {
            most.fetch_max(stream.peek(&mut [0; 4096]).unwrap(), Ordering::Relaxed);
        }
    });
    let (gpio, _events) = open_with(PigpioFactory::builder(proxy.address.to_string()));
    commands.set(proxy.client(0)).unwrap();
    ask(&fake, op::WRITE, 17, 1);
    ask(&fake, op::MODES, 27, 4);

    let seen = gpio.line_infos(2..=27).unwrap();
    assert_eq!(
        waiting.load(Ordering::Relaxed),
        (26 * 2 - 1) * 16,
        "all requests go out before the first answer"
    );
    assert_eq!(seen.len(), 26);
    assert_eq!((seen[15].function, seen[15].level), (Some(LineFunction::Output), Some(Level::High)));
    assert_eq!(seen[25].function, Some(LineFunction::Alternate(0)));
    assert_eq!(seen[15], gpio.line_info(17).unwrap());
    assert_eq!(gpio.line_infos([17, 99]).unwrap_err().kind(), ErrorKind::UnknownPin);
}
