//! Twenty-six buttons cost two threads, and while nothing is due nobody wakes up. One test, in a process of its own.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::thread;

use pinzero::mock;
use pinzero::prelude::*;
use pinzero::source::all_values;
use pinzero::{Capabilities, CharFont, Support};
use pinzero_tests::{PATIENCE, eventually};

/// What a thread has done so far: how often it went to sleep or was put aside, and its time on the processor in ticks.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Activity {
    name: String,
    switches: u64,
    ticks: u64,
}

/// The threads of this process by their number.
fn threads() -> BTreeMap<u32, Activity> {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let activity = |task: fs::DirEntry| {
        let number = task.file_name().to_str()?.parse().ok()?;
        let read = |file| fs::read_to_string(task.path().join(file)).ok();
        let switches = read("status")?
            .lines()
            .filter(|line| line.contains("ctxt_switches"))
            .filter_map(|line| line.split_whitespace().last()?.parse::<u64>().ok())
            .sum();
        // After the name in parentheses: user and system time are the 12th and the 13th field.
        let stat = read("stat")?;
        let (_, fields) = stat.rsplit_once(')')?;
        let ticks =
            fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        Some((number, Activity { name: read("comm")?.trim().to_owned(), switches, ticks }))
    };
    tasks.filter_map(activity).collect()
}

/// Those of the library.
fn own() -> BTreeMap<u32, Activity> {
    let mut threads = threads();
    threads.retain(|_, thread| thread.name.starts_with("pinzero"));
    threads
}

/// Waits until the library's threads have come to rest, and sees that they stay there.
#[track_caller]
fn assert_at_rest(what: &str) {
    let mut before = own();
    eventually("the threads come to rest", || {
        thread::sleep(ms(30));
        std::mem::replace(&mut before, own()) == before
    });
    thread::sleep(ms(500));
    assert_eq!(own(), before, "{what}: somebody woke up within half a second");
}

#[test]
fn twenty_six_idle_buttons_cost_two_threads_that_sleep() -> pinzero::Result<()> {
    let gpio = mock::builder().realtime().open();
    let none = threads().len();
    assert_eq!(gpio.threads(), 0, "nothing can happen by itself yet");
    let buttons: Vec<Button> = (2..28)
        .map(|pin| {
            let button = Button::builder(pin).bounce_time(ms(20)).hold_time(secs(3600)).gpio(&gpio).open()?;
            button.when_pressed(|_| ());
            Ok(button)
        })
        .collect::<pinzero::Result<_>>()?;
    assert_eq!((threads().len() - none, gpio.threads()), (2, 2));
    let waiter = thread::spawn({
        let button = buttons[0].clone();
        move || button.wait_for_press_timeout(PATIENCE)
    });
    assert_at_rest("idle buttons");

    // A press that is held, and a blink whose next step is far away, are nothing to wake up for either.
    gpio.line(2).drive(Level::Low);
    assert!(matches!(waiter.join(), Ok(Ok(true))));
    let led = Led::builder(0).gpio(&gpio).open()?;
    led.blink(secs(3600), secs(3600))?;
    assert_at_rest("deadlines that are far away");
    assert_eq!((threads().len() - none, gpio.threads()), (2, 2));

    // LEDs that follow buttons, through tools and combinations.
    let source = |from: usize| all_values([buttons[from].values(), buttons[from + 1].values().negated()]);
    let wide = mock::builder().realtime().open();
    let leds = (0..4_u32).map(|pin| Led::builder(pin).gpio(&wide).open());
    let leds = leds.collect::<pinzero::Result<Vec<_>>>()?;
    for (from, led) in leds.iter().enumerate() {
        led.follow(source(from))?;
    }
    assert_at_rest("LEDs that follow buttons");

    // Software PWM has one thread for all its lines, and it sleeps while they are steady.
    let soft = Capabilities { pwm: Support::None, ..gpio.capabilities() };
    let other = mock::builder().capabilities(soft).realtime().open();
    let before = threads().len();
    let lamps: Vec<PwmOutputDevice> = (2..28)
        .map(|pin| PwmOutputDevice::builder(pin).initial_value(f64::from(pin % 2)).gpio(&other).open())
        .collect::<pinzero::Result<_>>()?;
    assert_eq!(threads().len() - before, 1);
    assert_at_rest("steady software PWM");

    // So do devices with a state of their own, of which many fit on one factory.
    let board = mock::builder().board(pinzero::board::Board::generic(600)).realtime().open();
    let line = |number: u32| pinzero::Line(number);
    let before = threads().len();
    let mut devices: Vec<Box<dyn Device>> = Vec::new();
    for number in 0..50 {
        devices.push(Box::new(
            RotaryEncoder::builder(line(2 * number), line(2 * number + 1)).gpio(&board).open()?,
        ));
    }
    for number in 420..470 {
        let [forward, backward] = [line(number), line(number + 50)];
        devices.push(Box::new(Motor::builder(forward, backward).pwm(false).gpio(&board).open()?));
    }
    let open = |number| MotionSensor::builder(line(number)).gpio(&board).open();
    for sensor in (100..200).map(open).collect::<Vec<_>>() {
        let sensor = sensor?;
        sensor.value()?; // after its first sample, it rests
        devices.push(Box::new(sensor));
    }
    let font = CharFont::new([('x', "10")])?;
    for number in 0..10 {
        let at = |offset: u32| line(240 + 16 * number + offset);
        devices.push(Box::new(Relay::builder(at(0)).min_on_time(secs(60)).gpio(&board).open()?));
        devices.push(Box::new(PulseCounter::builder(at(1)).gpio(&board).open()?));
        devices.push(Box::new(Chord::builder([2, 3].map(at)).gpio(&board).open()?));
        devices.push(Box::new(Stepper::builder([4, 5, 6, 7].map(at)).gpio(&board).open()?));
        devices.push(Box::new(
            Keypad::builder([8, 9, 10, 11].map(at), [12, 13, 14, 15].map(at)).gpio(&board).open()?,
        ));
        devices.push(Box::new(IrReceiver::builder(line(520 + number)).gpio(&board).open()?));
        let at = |offset: u32| line(540 + 6 * number + offset);
        let display = LedMultiCharDisplay::builder([0, 1].map(at), [2, 3, 4, 5].map(at)).font(font.clone());
        let display = display.initial_value("x").gpio(&board).open()?;
        display.set_value("xxxx")?; // then it rests
        devices.push(Box::new(display));
        let _room = board.dht22(line(530 + number));
        let climate = Dht22::builder(line(530 + number)).gpio(&board).open()?;
        climate.read()?; // then it rests
        devices.push(Box::new(climate));
    }
    assert_eq!((threads().len() - before, board.threads()), (2, 2));
    assert_at_rest("devices with a state of their own, whose lines stay as they are");

    // What is due wakes the same two threads.
    for number in 0..20 {
        let sensor =
            DistanceSensor::builder(line(200 + 2 * number), line(201 + 2 * number)).gpio(&board).open()?;
        devices.push(Box::new(sensor));
    }
    eventually("each sensor has pinged", || {
        (0..20).all(|number| board.line(line(201 + 2 * number)).writes() >= 2)
    });
    assert_eq!((threads().len() - before, board.threads()), (2, 2));
    drop((devices, board));

    drop((buttons, led, leds, lamps, gpio, wide, other));
    eventually("the threads of the factories end", || threads().len() <= none);
    Ok(())
}
