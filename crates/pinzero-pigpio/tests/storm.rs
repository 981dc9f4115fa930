//! The daemon is killed and started anew fifty times while everything is in use: nothing hangs, no edge is invented, all pins
//! are as wanted again, and every interval without a connection is told.

#![allow(clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod remote;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use fake_pigpiod::{Fake, Options, PwmKind};
use pinzero_core::time::{ms, us};
use pinzero_core::{Bias, Blink, ErrorKind, Event, EventKind, Input, Level};
use pinzero_pigpio::LinkEvent;
use remote::{PATIENCE, builder, eventually, levels, open_with, told};

const ROUNDS: usize = 50;

/// How far the time of an edge may be from when it was: what a way over the network takes on a busy machine.
const PRECISION: Duration = ms(25);

/// An interval on the client's clock: one without a connection, or one in which a line was driven.
type Interval = (pinzero_core::time::Instant, pinzero_core::time::Instant);

/// All events of an input.
fn recorded(input: &Input) -> Arc<Mutex<Vec<Event>>> {
    let events: Arc<Mutex<Vec<Event>>> = Arc::default();
    for kind in [EventKind::Activated, EventKind::Deactivated] {
        let events = events.clone();
        input.on(kind, move |event| events.lock().unwrap().push(event));
    }
    events
}

/// Fails if an event is of something that was not there.
fn nothing_is_invented(events: &[Event], drives: &[(Interval, Level)], gaps: &[Interval]) {
    assert!(events.len() <= drives.len(), "{} events of {} edges", events.len(), drives.len());
    assert!(events.windows(2).all(|pair| pair[0].at <= pair[1].at), "in their order");
    assert!(events.windows(2).all(|pair| pair[0].level != pair[1].level), "each is a change");
    for event in events {
        let is_in = |(from, to): &Interval| *from <= event.at + PRECISION && event.at <= *to + PRECISION;
        let is_real = drives.iter().any(|(when, level)| *level == event.level && is_in(when));
        // What has changed in a gap has the time at which that was found out.
        assert!(is_real || gaps.iter().any(is_in), "there was no such change: {event:?}");
    }
}

#[test]
fn fifty_lives() {
    let options = Options { piece: Some(700), delay: us(50), seed: 11, ..Options::default() };
    let fake = Fake::with(options);
    let (gpio, link) = open_with(builder(&fake).reconnect(ms(2), ms(10)));
    let (sender, told_of) = channel();
    let returns = Arc::new(AtomicUsize::new(0));
    thread::spawn({
        let returns = returns.clone();
        move || {
            link.for_each(|event| {
                returns
                    .fetch_add(usize::from(matches!(event, LinkEvent::Restored { .. })), Ordering::Relaxed);
                let _ = sender.send(event);
            });
        }
    });

    let blinking = gpio.output(17).open().unwrap();
    let blink = blinking.blink(Blink::new(ms(2), ms(2)), Level::High).unwrap();
    let fading = gpio.pwm(27).open().unwrap();
    let fade = fading.blink(Blink::pulse(ms(200), ms(200)), Level::High).unwrap();
    let servo = gpio.pwm(22).frequency(50.0).initial(0.075).open().unwrap();
    let hardware = gpio.pwm(18).frequency(440.0).initial(0.5).open().unwrap();
    let steady = gpio.output(26).initial(Level::High).open().unwrap();
    let slow = gpio.input(15).open().unwrap();
    let busy = gpio.input(4).bias(Bias::PullDown).open().unwrap();
    let quiet = gpio.input(14).bias(Bias::PullUp).settle(ms(1)).open().unwrap();
    let [busy, slow, quiet] = [&busy, &slow, &quiet].map(recorded);
    let drives = [Mutex::new(Vec::new()), Mutex::new(Vec::new())];
    let written = [5, 6, 12, 13].map(|line| gpio.output(line).open().unwrap());
    let group = gpio.group([23, 24, 25]).open().unwrap();
    let bus = gpio.spi(11).mosi(10).miso(9).select(8).open().unwrap();

    let is_over = AtomicBool::new(false);
    let (done, failed, longest) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Duration::ZERO));
    let count = |result: pinzero_core::Result<()>, time: Duration| {
        match result {
            Ok(()) => done.fetch_add(1, Ordering::Relaxed),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Disconnected, "{error}");
                failed.fetch_add(1, Ordering::Relaxed)
            }
        };
        let mut longest = longest.lock().unwrap();
        *longest = time.max(*longest);
    };
    let goes_on = || !is_over.load(Ordering::Relaxed);
    let kills = thread::scope(|scope| {
        for (number, output) in written.iter().enumerate() {
            let (group, bus, gpio, count, goes_on) = (&group, &bus, &gpio, &count, &goes_on);
            scope.spawn(move || {
                for round in 0.. {
                    let start = Instant::now();
                    let result = match (number, round % 8) {
                        (0, 0) => group.set(round % 8),
                        (1, 0) => bus.write(&[1, 2, 3]),
                        (2, 0) => gpio.output(16).open().and_then(|other| other.set(Level::High)),
                        (3, 0) => gpio.input(20).bias(Bias::PullUp).open().map(drop),
                        _ => output.toggle(),
                    };
                    count(result, start.elapsed());
                    if !goes_on() {
                        return;
                    }
                    thread::sleep(us(300));
                }
            });
        }
        for (line, pause, drives) in [(4, us(900), &drives[0]), (15, ms(70), &drives[1])] {
            let (fake, gpio, goes_on) = (&fake, &gpio, &goes_on);
            scope.spawn(move || {
                for level in [Level::High, Level::Low].into_iter().cycle().take_while(|_| goes_on()) {
                    let before = gpio.now();
                    fake.drive(line, Some(level.is_high()));
                    drives.lock().unwrap().push(((before, gpio.now()), level));
                    thread::sleep(pause);
                }
            });
        }
        let mut kills = Vec::new();
        let mut before = None;
        for round in 0..ROUNDS {
            thread::sleep(ms(60 + 30 * (round as u64 % 5)));
            // Four of five times it is there again, however busy this machine is.
            if round % 5 != 4 {
                eventually("it comes back", || {
                    before.is_none_or(|before| returns.load(Ordering::Relaxed) > before)
                });
            }
            before = Some(returns.load(Ordering::Relaxed));
            kills.push(gpio.now());
            match round % 10 {
                4 => fake.reboot(),
                7 => {
                    fake.kill();
                    thread::sleep(ms(30));
                    fake.restart();
                }
                // In the middle of coming back.
                9 => {
                    fake.restart();
                    thread::sleep(ms(6));
                    fake.restart();
                }
                _ => fake.restart(),
            }
        }
        is_over.store(true, Ordering::Relaxed);
        kills
    });

    // Every loss is told, and every return; some may have been too short to come back from in between.
    let mut gaps: Vec<Interval> = Vec::new();
    let mut anew = 0;
    while gaps.last().is_none_or(|(_, end)| end < kills.last().unwrap()) {
        let Ok(LinkEvent::Lost { at: from, .. }) = told_of.recv_timeout(PATIENCE) else {
            panic!("not a loss")
        };
        let Ok(LinkEvent::Restored { at: to, after, is_new_daemon, .. }) = told_of.recv_timeout(PATIENCE)
        else {
            panic!("not a return")
        };
        assert_eq!(to - from, after);
        gaps.push((from, to));
        anew += usize::from(is_new_daemon == Some(true));
    }
    for kill in &kills {
        assert!(
            gaps.iter().any(|(_, end)| end > kill && *end < *kill + PATIENCE),
            "a loss that was not told"
        );
    }
    assert_eq!(anew, gaps.len(), "each was another daemon");
    assert!(gaps.len() >= ROUNDS * 8 / 10 && gaps.len() <= ROUNDS + ROUNDS / 10, "{} gaps", gaps.len());

    // All pins are as wanted.
    assert!(blink.is_running() && fade.is_running());
    let (seen, steps) = (levels(&fake, 17).len(), told(&fake, &[6, 5]).len());
    eventually("it blinks", || levels(&fake, 17).len() > seen + 10);
    eventually("it fades", || told(&fake, &[6, 5]).len() > steps + 3);
    assert_eq!(fake.pwm(22).map(|pwm| (pwm.kind, pwm.pulse)), Some((PwmKind::Servo, us(1500))));
    assert_eq!(fake.pwm(18).map(|pwm| (pwm.kind, pwm.frequency)), Some((PwmKind::Hardware, 440)));
    assert_eq!((fake.mode(26), fake.level(26), steady.level().unwrap()), (1, true, Level::High));
    assert_eq!([fake.mode(4), fake.pull(4), fake.mode(14), fake.pull(14)], [0, 1, 0, 2]);
    for (line, output) in [5, 6, 12, 13].iter().zip(&written) {
        for level in [Level::High, Level::Low] {
            output.set(level).unwrap();
            assert_eq!((fake.mode(*line), Level::from(fake.level(*line))), (1, level));
        }
    }
    group.set(0b101).unwrap();
    assert_eq!(group.levels().unwrap(), 0b101);
    bus.write(&[0]).unwrap();
    eventually("what was opened on the way is closed", || [16, 20].map(|line| fake.mode(line)) == [0; 2]);
    let handles = fake.handles();
    assert_eq!((handles.notify, handles.spi), (1, 1));

    // No edge is invented, and the last level is known.
    let drives = drives.map(|drives| drives.into_inner().unwrap());
    for (line, events, drives) in [(4, &busy, &drives[0]), (15, &slow, &drives[1])] {
        let last = Level::from(fake.level(line));
        eventually("the last edge", || {
            events.lock().unwrap().last().is_some_and(|event| event.level == last)
        });
        nothing_is_invented(&events.lock().unwrap(), drives, &gaps);
    }
    assert_eq!(*quiet.lock().unwrap(), [], "a line that never changed");
    let (done, failed) = (done.into_inner(), failed.into_inner());
    let longest = longest.into_inner().unwrap();
    eprintln!(
        "{} gaps of {:?} on average, {done} commands done and {failed} failed, the longest took {longest:?}, {} edges of {} told",
        gaps.len(),
        gaps.iter().map(|(from, to)| *to - *from).sum::<Duration>() / gaps.len() as u32,
        busy.lock().unwrap().len(),
        drives[0].len(),
    );
    assert!(done > 500 && failed > 0 && longest < PATIENCE / 2, "{done} {failed} {longest:?}");
    drop((servo, hardware));
    gpio.close().unwrap();
    assert_eq!([17, 27, 22, 18, 26, 4, 14, 5, 23].map(|line| fake.mode(line)), [0; 9]);
}
