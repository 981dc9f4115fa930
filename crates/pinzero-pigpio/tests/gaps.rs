//! What can be done while the connection is lost, and what comes of it later.

#![allow(clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod remote;

use std::thread;
use std::time::{Duration, Instant};

use fake_pigpiod::{Fake, PwmKind};
use pinzero_core::time::{ms, secs};
use pinzero_core::{Bias, Blink, ErrorKind, Level, OnClose, Result};
use pinzero_pigpio::Gap;
use remote::{PATIENCE, ask, builder, eventually, levels, lost, op, open_with, restored, told};

/// How long something took, and what came of it.
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    (work(), start.elapsed())
}

#[test]
fn commands_fail_at_once_and_are_not_made_up_for() {
    let fake = Fake::start();
    let (gpio, mut events) = open_with(builder(&fake));
    let output = gpio.output(17).open().unwrap();
    let group = gpio.group([23, 24]).initial(0b01).open().unwrap();
    let pwm = gpio.pwm(27).initial(0.25).open().unwrap();
    let input = gpio.input(4).open().unwrap();
    fake.kill();
    lost(&mut events);
    let commands: [&dyn Fn() -> Result<()>; 8] = [
        &|| output.set(Level::High),
        &|| output.level().map(drop),
        &|| output.blink(Blink::new(ms(500), ms(500)), Level::High).map(drop),
        &|| group.set(0b10),
        &|| group.levels().map(drop),
        &|| pwm.set_duty(0.75),
        &|| input.level().map(drop),
        &|| gpio.output(22).open().map(drop),
    ];
    for (number, command) in commands.iter().enumerate() {
        let (result, time) = timed(command);
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Disconnected, "{number}: {error}");
        assert!(time < ms(500), "{number}: {time:?}");
    }
    // What failed is not what was written last, and a blink that failed does not run.
    assert_eq!((output.last(), group.last(), pwm.duty()), (Level::Low, 0b01, 0.25));
    fake.restart();
    restored(&mut events);
    assert_eq!([17, 23, 24].map(|line| fake.level(line)), [false, true, false]);
    let found = fake.pwm(27).unwrap();
    assert_eq!((found.kind, found.frequency, found.duty), (PwmKind::Software, 100, 500));
    assert_eq!(
        (fake.mode(22), told(&fake, &[op::MODEG]).iter().filter(|frame| frame[1] == 22).count()),
        (0, 0)
    );
    // From now on all work again.
    output.set(Level::High).unwrap();
    group.set(0b10).unwrap();
    pwm.set_duty(0.75).unwrap();
    drop(gpio.output(22).open().unwrap());
    assert_eq!([17, 23, 24].map(|line| fake.level(line)), [true, false, true]);
    assert_eq!(fake.pwm(27).unwrap().duty, 1500);
}

#[test]
fn commands_can_wait_for_the_end_of_the_gap() {
    let fake = Fake::start();
    let (gpio, mut events) = open_with(builder(&fake).while_disconnected(Gap::Wait(PATIENCE)));
    let output = gpio.output(17).open().unwrap();
    let group = gpio.group([23, 24]).open().unwrap();
    let pwm = gpio.pwm(27).initial(0.25).open().unwrap();
    let input = gpio.input(4).open().unwrap();
    for round in 0..5 {
        fake.kill();
        lost(&mut events);
        let is_high = round % 2 == 0;
        let writers: [&(dyn Fn() -> Result<()> + Sync); 5] = [
            &|| output.set(Level::from(is_high)),
            &|| group.set(if is_high { 0b11 } else { 0 }),
            &|| pwm.set_duty(if is_high { 0.5 } else { 0.25 }),
            &|| input.level().map(drop),
            &|| gpio.output(22).initial(Level::High).on_close(OnClose::Keep).open().map(drop),
        ];
        thread::scope(|scope| {
            let threads: Vec<_> = writers.iter().map(|writer| scope.spawn(writer)).collect();
            thread::sleep(ms(30));
            assert!(threads.iter().all(|thread| !thread.is_finished()), "somebody has not waited");
            fake.restart();
            threads.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
        });
        restored(&mut events);
        assert_eq!([17, 23, 24, 22].map(|line| fake.level(line)), [is_high, is_high, is_high, true]);
        assert_eq!(fake.pwm(27).unwrap().duty, if is_high { 1000 } else { 500 });
    }
}

#[test]
fn waiting_has_an_end() {
    let fake = Fake::start();
    let (gpio, mut events) = open_with(builder(&fake).while_disconnected(Gap::Wait(ms(200))));
    let output = gpio.output(17).open().unwrap();
    let input = gpio.input(4).open().unwrap();
    fake.kill();
    lost(&mut events);
    let commands: [&dyn Fn() -> Result<()>; 2] = [&|| output.set(Level::High), &|| input.level().map(drop)];
    for command in commands {
        let (result, time) = timed(command);
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Disconnected);
        assert!(time >= ms(190) && time < secs(3), "{time:?}");
    }
    fake.restart();
    restored(&mut events);
    assert!(!fake.level(17), "what has failed is not made up for");

    // Nor does anybody wait for a factory that is closed meanwhile, or that will never connect again.
    let (gpio, mut events) = open_with(builder(&fake).while_disconnected(Gap::Wait(PATIENCE)));
    let output = gpio.output(27).open().unwrap();
    fake.kill();
    lost(&mut events);
    thread::scope(|scope| {
        let writer = scope.spawn(|| timed(|| output.set(Level::High)));
        thread::sleep(ms(20));
        let _ = gpio.close();
        let (result, time) = writer.join().unwrap();
        assert!(matches!(result.unwrap_err().kind(), ErrorKind::Closed | ErrorKind::Disconnected));
        assert!(time < PATIENCE / 2, "{time:?}");
    });
    fake.restart();
    let settings = builder(&fake).while_disconnected(Gap::Wait(PATIENCE)).no_reconnect();
    let (gpio, mut events) = open_with(settings);
    let output = gpio.output(22).open().unwrap();
    fake.kill();
    lost(&mut events);
    let (result, time) = timed(|| output.set(Level::High));
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Disconnected);
    assert!(time < PATIENCE / 2, "{time:?}");
}

#[test]
fn animations_go_on_unseen() {
    let fake = Fake::start();
    let (gpio, mut events) = open_with(builder(&fake));
    let lamp = gpio.output(17).open().unwrap();
    let dimmer = gpio.pwm(27).open().unwrap();
    let endless = lamp.blink(Blink::new(ms(3), ms(3)), Level::High).unwrap();
    let fade = dimmer.blink(Blink::pulse(ms(80), ms(80)), Level::High).unwrap();
    for [go, come] in
        [[Fake::kill as fn(&Fake), Fake::restart], [Fake::hang_up, |_| ()], [Fake::reset, |_| ()]]
    {
        go(&fake);
        lost(&mut events);
        thread::sleep(ms(20));
        come(&fake);
        restored(&mut events);
        assert!(endless.is_running() && fade.is_running());
        let (seen, steps) = (levels(&fake, 17).len(), told(&fake, &[op::PWM]).len());
        eventually("the lamp blinks", || levels(&fake, 17).len() > seen + 4);
        eventually("the other one fades", || told(&fake, &[op::PWM]).len() > steps + 4);
    }
    // One that ends in the gap has ended when the connection is back.
    let short = lamp.blink(Blink::new(ms(1), ms(40)).times(3), Level::Low).unwrap();
    eventually("it is on", || fake.level(17));
    fake.kill();
    lost(&mut events);
    short.wait().unwrap();
    fake.restart();
    restored(&mut events);
    eventually("it is off, which is high", || fake.level(17));
    lamp.set(Level::Low).unwrap();
    endless.stop().unwrap();
    fade.stop().unwrap();
    assert!(!fake.level(17));
    assert_eq!((fake.pwm(27), fake.level(27)), (None, false));
}

#[test]
fn the_last_write_that_was_done_counts() {
    let fake = Fake::start();
    let (gpio, mut events) = open_with(builder(&fake).reconnect(ms(1), ms(1)));
    let output = gpio.output(17).open().unwrap();
    let mut done = Level::Low;
    for round in 0..100 {
        thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for level in [Level::High, Level::Low].into_iter().cycle() {
                    match output.set(level) {
                        Ok(()) => done = level,
                        Err(_) => return done,
                    }
                }
                done
            });
            thread::sleep(Duration::from_micros(200 * (round % 7)));
            let way: fn(&Fake) = if round % 2 == 0 { Fake::hang_up } else { Fake::restart };
            way(&fake);
            lost(&mut events);
            restored(&mut events);
            if !writer.is_finished() {
                // Its write was made up for before it could fail.
                fake.kill();
            }
            let level = writer.join().unwrap();
            if fake.connections() == 0 {
                fake.restart();
            }
            eventually("the line is as it was", || Level::from(fake.level(17)) == level);
        });
        eventually("it is connected", || output.level().is_ok());
        while events.next_timeout(ms(0)).is_some() {}
    }
}

#[test]
fn a_blink_that_is_too_fast_for_the_network_ends_right() {
    let fake = Fake::start();
    let (gpio, _) = open_with(builder(&fake).request_timeout(PATIENCE));
    let lamp = gpio.output(17).open().unwrap();
    let other = gpio.output(27).open().unwrap();
    lamp.blink(Blink::new(ms(1), ms(1)), Level::High).unwrap();
    let plan = Blink::new(Duration::from_micros(50), Duration::from_micros(50));
    other.blink(plan, Level::High).unwrap();
    fake.hold(1_000_000);
    thread::sleep(ms(700));
    let sent = told(&fake, &[op::WRITE]).len();
    thread::sleep(ms(100));
    // However long it lasts, no more than so much is under way.
    assert!(sent < 2048 + 10_000 && told(&fake, &[op::WRITE]).len() < 2048 + 10_000);
    fake.hold(0);
    for level in [Level::High, Level::Low, Level::High] {
        lamp.set(level).unwrap();
        other.set(level).unwrap();
        assert_eq!([17, 27].map(|line| Level::from(fake.level(line))), [level; 2]);
    }
}

#[test]
fn what_is_closed_in_the_gap_is_given_back_when_the_daemon_is_there_again() {
    let fake = Fake::start();
    let (gpio, mut events) = open_with(builder(&fake));
    let lines = [17, 4, 23, 24, 27, 22, 18];
    let ways: [[fn(&Fake); 2]; 2] =
        [[Fake::kill, Fake::restart], [|fake| fake.refuse(true), |fake| fake.refuse(false)]];
    for [go, come] in ways {
        for line in lines {
            ask(&fake, op::MODES, line, 0);
        }
        let output = gpio.output(17).initial(Level::High).open().unwrap();
        let input = gpio.input(4).bias(Bias::PullDown).settle(ms(5)).open().unwrap();
        let group = gpio.group([23, 24]).initial(0b11).open().unwrap();
        let pwm = [27, 22, 18].map(|line| gpio.pwm(line).frequency(50.0).initial(0.075).open().unwrap());
        go(&fake);
        fake.hang_up();
        lost(&mut events);
        fake.clear_journal();
        let [one, two, three] = pwm;
        let closings: [&dyn Fn() -> Result<()>; 6] = [
            &|| output.close(),
            &|| input.close(),
            &|| group.close(),
            &|| one.close(),
            &|| two.close(),
            &|| three.close(),
        ];
        for close in closings {
            let (result, time) = timed(close);
            assert_eq!(
                result.unwrap_err().kind(),
                ErrorKind::Disconnected,
                "that it could not be given back"
            );
            close().unwrap();
            assert!(time < ms(500), "{time:?}");
        }
        come(&fake);
        restored(&mut events);
        for line in lines {
            let range = ask(&fake, op::PRG, line, 0);
            assert_eq!((fake.mode(line), fake.pwm(line), range), (0, None, 255), "GPIO{line}");
            assert_eq!(ask(&fake, op::PFG, line, 0), 800, "GPIO{line}");
        }
        assert_eq!((fake.pull(4), told(&fake, &[op::FG])), (2, vec![[op::FG, 4, 0]]));
        assert_eq!(told(&fake, &[op::NB]).iter().map(|frame| frame[2]).collect::<Vec<_>>(), [0]);
        // And all can be had again.
        lines.iter().for_each(|line| drop(gpio.output(*line).open().unwrap()));
    }
}

#[test]
fn what_is_owed_stays_owed_however_often_the_return_fails() {
    let fake = Fake::start();
    let (gpio, mut events) = open_with(builder(&fake).reconnect(ms(1), ms(1)));
    for after in 0..30 {
        let output = gpio.output(17).initial(Level::High).open().unwrap();
        let pwm = gpio.pwm(27).initial(0.5).open().unwrap();
        let bus = gpio.spi(11).mosi(10).miso(9).select(8).open().unwrap();
        fake.refuse(true);
        fake.hang_up();
        lost(&mut events);
        for result in [output.close(), pwm.close(), bus.close()] {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Disconnected);
        }
        fake.hang_up_after(after);
        fake.refuse(false);
        restored(&mut events);
        fake.hang_up_after(usize::MAX);
        assert_eq!([17, 27].map(|line| fake.mode(line)), [0; 2], "after {after} requests");
        assert_eq!([17, 27, 8].map(|line| ask(&fake, op::PRG, line, 0)), [255; 3], "after {after} requests");
        assert_eq!(fake.handles().spi, 0, "after {after} requests");
    }
}
