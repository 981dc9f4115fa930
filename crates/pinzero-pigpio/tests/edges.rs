//! Inputs whose changes are told: which, when, and what of those that were lost.

#![allow(clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod remote;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fake_pigpiod::{Fake, Options};
use pinzero_core::time::{ms, secs, us};
use pinzero_core::{
    Bias, EdgeSink, Event, EventKind, Events, Gpio, Input, InputConfig, Level, Line, PinFactory,
};
use pinzero_pigpio::PigpioFactory;
use remote::proxy::Proxy;
use remote::{PATIENCE, apart, at, eventually, lost, op, open, open_with, restored, told};

/// Half a way over the network, what the daemon's sampling takes, and what a busy machine adds.
const PRECISION: std::time::Duration = ms(5);

#[track_caller]
fn next(events: &mut Events) -> Event {
    events.next_timeout(PATIENCE).unwrap_or_else(|| panic!("an event that had to come did not"))
}

/// Counts the changes of an input.
fn counted(input: &Input) -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    for kind in [EventKind::Activated, EventKind::Deactivated] {
        let count = count.clone();
        input.on(kind, move |_| _ = count.fetch_add(1, Ordering::Relaxed));
    }
    count
}

#[test]
fn the_levels_are_read_after_the_reports_have_begun() {
    let fake = Fake::start();
    let gpio = open(&fake);
    fake.clear_journal();
    let one = gpio.input(17).bias(Bias::PullUp).settle(ms(10)).open().unwrap();
    let order = [op::PUD, op::MODES, op::FG, op::NB, op::TICK, op::BR1, op::TICK, op::BR1];
    let mut frames = told(&fake, &order);
    assert_eq!(frames.iter().map(|frame| frame[0]).collect::<Vec<_>>(), order);
    assert_eq!(frames[3][2], 1 << 17);
    fake.clear_journal();
    let other = gpio.input(27).open().unwrap();
    frames = told(&fake, &order[3..]);
    assert_eq!(frames.iter().map(|frame| frame[0]).collect::<Vec<_>>(), order[3..]);
    assert_eq!(frames[0][2], 1 << 17 | 1 << 27);
    // Outputs and plain reads subscribe to nothing, and closing ends just one subscription.
    fake.clear_journal();
    let output = gpio.output(22).open().unwrap();
    other.level().unwrap();
    drop((one, output));
    assert_eq!(told(&fake, &[op::NB]).iter().map(|frame| frame[2]).collect::<Vec<_>>(), [1 << 27]);
    drop(other);
    assert_eq!(told(&fake, &[op::NB])[1][2], 0);
}

#[test]
fn an_edge_has_the_time_at_which_it_was() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let input = gpio.input(17).open().unwrap();
    let mut events = input.events();
    for round in 0..50 {
        fake.drive(17, Some(round % 2 == 0));
        let event = next(&mut events);
        let change = *fake.changes(17).last().unwrap();
        assert_eq!(event.level, Level::from(round % 2 == 0));
        assert!(event.at <= gpio.now());
        assert!(apart(event.at, at(&change)) < PRECISION, "{:?} and {:?}", event.at, at(&change));
    }
}

#[test]
fn time_goes_on_over_the_wrap_of_the_ticks() {
    let fake = Fake::with(Options { tick: 0u32.wrapping_sub(150_000), ..Options::default() });
    let gpio = open(&fake);
    let input = gpio.input(17).open().unwrap();
    let mut events = input.events();
    let mut is_high = false;
    let mut seen = (false, false);
    while fake.tick() > u32::MAX / 2 || fake.tick() < 50_000 {
        is_high = !is_high;
        fake.drive(17, Some(is_high));
        let (event, change) = (next(&mut events), *fake.changes(17).last().unwrap());
        assert!(apart(event.at, at(&change)) < PRECISION, "{:?} and {:?}", event.at, at(&change));
        let is_before = change.tick > u32::MAX / 2;
        seen = (seen.0 || is_before, seen.1 || !is_before);
        assert_eq!(event.missed, 0);
    }
    assert_eq!(seen, (true, true), "edges on both sides of the wrap");
}

#[test]
fn hours_pass_by_halves() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let input = gpio.input(17).open().unwrap();
    let mut events = input.events();
    let mut last = gpio.now();
    for round in 0..12 {
        // The daemon gives a sign of life meanwhile, by which its time is known.
        fake.advance(secs(30 * 60));
        fake.drive(17, Some(round % 2 == 0));
        let event = next(&mut events);
        assert!(event.at >= last && event.at <= gpio.now(), "{:?} after {last:?}", event.at);
        assert_eq!((event.level, event.missed), (Level::from(round % 2 == 0), 0));
        last = event.at;
    }
}

#[test]
fn lines_that_change_together_do_so_at_the_same_time() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let inputs = [17, 27, 22].map(|line| gpio.input(line).open().unwrap());
    let mut events = inputs.each_ref().map(Input::events);
    for level in [true, false] {
        fake.drive_all(&[(17, Some(level)), (27, Some(level)), (23, Some(level))]);
        let (one, other) = (next(&mut events[0]), next(&mut events[1]));
        assert_eq!((one.at, one.level), (other.at, other.level));
        assert_eq!(events[2].try_next(), None);
    }
}

#[test]
fn short_pulses_keep_their_length() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let input = gpio.input(17).open().unwrap();
    let mut events = input.events();
    for _ in 0..20 {
        fake.drive_for(17, &[(true, 7), (false, 30), (true, 100), (false, 1)]);
        let all = [(); 4].map(|()| next(&mut events));
        assert_eq!(all.map(|event| event.level.is_high()), [true, false, true, false]);
        assert_eq!([all[1].lasted, all[3].lasted], [us(7), us(100)]);
        assert_eq!(all[2].at - all[1].at, us(30));
    }
}

#[test]
fn what_was_before_is_no_event() {
    let fake = Fake::with(Options { late_reports: true, ..Options::default() });
    let gpio = open(&fake);
    let busy = gpio.input(22).open().unwrap();
    let count = counted(&busy);
    for round in 0..40 {
        // A change just before, which the daemon still reports; half of the time by the pull itself.
        fake.drive(17, (round % 2 == 0).then_some(round % 4 == 0));
        let bias = if round % 3 == 0 { Bias::PullUp } else { Bias::PullDown };
        let input = gpio.input(17).bias(bias).open().unwrap();
        let mut events = input.events();
        let level = input.level().unwrap();
        // An event of another line comes after all that there may be of this one.
        fake.drive(22, Some(round % 2 == 0));
        eventually("the other line's event", || count.load(Ordering::Relaxed) == round + 1);
        assert_eq!(events.try_next(), None, "round {round}");
        fake.drive(17, Some(!level.is_high()));
        assert_eq!(next(&mut events).level, !level);
    }
}

/// The daemon's tick and the levels are two questions, between which a line may change, and be reported where it was before.
#[test]
fn what_changes_while_the_connection_comes_back_is_told_once() {
    let fake = Arc::new(Fake::start());
    // Before which of the two looks at the levels the line changes; after them nothing is special.
    for change in 1..=2 {
        let looks = Arc::new(AtomicUsize::new(0));
        let proxy = Proxy::stepwise(fake.address(), {
            let (fake, looks) = (fake.clone(), looks.clone());
            move |command| {
                if command == op::BR1 && looks.fetch_add(1, Ordering::Relaxed) + 1 == change {
                    // What was asked before is answered, and then there is a report of another line, where this one is as it was.
                    std::thread::sleep(ms(3));
                    fake.drive(22, Some(true));
                    std::thread::sleep(ms(3));
                    fake.drive(17, Some(true));
                    std::thread::sleep(ms(3));
                }
            }
        });
        fake.drive_all(&[(17, Some(false)), (22, Some(false))]);
        looks.store(usize::MAX / 2, Ordering::Relaxed);
        let (gpio, mut link) = open_with(PigpioFactory::builder(proxy.address.to_string()));
        let [input, busy] = [17, 22].map(|line| gpio.input(line).open().unwrap());
        let (mut events, mut others) = (input.events(), busy.events());
        looks.store(0, Ordering::Relaxed);
        fake.hang_up();
        lost(&mut link);
        restored(&mut link);
        assert_eq!(next(&mut events).kind, EventKind::Activated, "{change}");
        assert_eq!(next(&mut others).kind, EventKind::Activated, "{change}");
        // After all that there may be of these.
        fake.drive(22, Some(false));
        assert_eq!(next(&mut others).kind, EventKind::Deactivated, "{change}");
        assert_eq!((events.try_next(), input.active_time().is_some()), (None, true), "{change}");
    }
}

/// A pin of a factory by itself, as a test of backends opens one: its edges go nowhere, and the connection stays.
#[test]
fn edges_may_go_nowhere() {
    let fake = Fake::start();
    let factory = remote::connect(&fake);
    let mut link = factory.link_events();
    let config = || InputConfig::new(Bias::AsIs).edges(EdgeSink::default());
    let pin = factory.open_input(Line(4), config()).unwrap();
    for step in 0..5 {
        fake.drive(4, Some(step % 2 == 0));
        std::thread::sleep(ms(5));
    }
    assert!(link.next_timeout(ms(200)).is_none());
    assert_eq!(pin.level().unwrap(), Level::High);
    // Those of a real one come, whoever was first.
    let gpio = Gpio::new(factory).unwrap();
    let input = gpio.input(17).open().unwrap();
    let mut events = input.events();
    for step in 0..4 {
        fake.drive(17, Some(step % 2 == 0));
        next(&mut events);
    }
    assert!(link.next_timeout(ms(1)).is_none());
}

#[test]
fn lost_reports_are_counted_and_the_level_is_right() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let input = gpio.input(17).open().unwrap();
    let mut events = input.events();
    fake.drive(17, Some(true));
    assert_eq!(next(&mut events).missed, 0);

    // An odd number: the level of the next report is what it was, so nothing has changed that could be told.
    fake.lose_reports(1);
    fake.drive_for(17, &[(false, 5), (true, 5)]);
    fake.drive(17, Some(false));
    let event = next(&mut events);
    assert_eq!((event.level, event.missed, input.missed()), (Level::Low, 1, 1));

    // An even number.
    fake.lose_reports(2);
    fake.drive_for(17, &[(true, 5), (false, 5), (true, 5)]);
    let event = next(&mut events);
    assert_eq!((event.level, event.missed, input.missed()), (Level::High, 2, 3));
    fake.drive(17, Some(false));
    assert_eq!(next(&mut events).missed, 0);
}

#[test]
fn a_lost_report_at_the_end_comes_to_light_with_the_sign_of_life() {
    let fake = Fake::with(Options { keep_alive: ms(200), ..Options::default() });
    let gpio = open(&fake);
    let input = gpio.input(17).open().unwrap();
    let mut events = input.events();
    fake.lose_reports(1);
    fake.drive(17, Some(true));
    let event = next(&mut events);
    assert_eq!((event.level, event.missed), (Level::High, 1));
}

#[test]
fn more_edges_than_numbers_for_reports() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let input = gpio.input(17).open().unwrap();
    let count = counted(&input);
    let pulses: Vec<(bool, u32)> = (0..1000).map(|number| (number % 2 == 0, 1)).collect();
    for round in 1..=70 {
        fake.drive_for(17, &pulses);
        eventually("all edges", || count.load(Ordering::Relaxed) == round * pulses.len());
    }
    assert_eq!(input.missed(), 0);
}

#[test]
fn reports_in_pieces() {
    for seed in 0..4 {
        let options = Options { piece: Some(5), delay: us(300), seed, ..Options::default() };
        let fake = Fake::with(options);
        let gpio = open(&fake);
        let input = gpio.input(17).open().unwrap();
        let output = gpio.output(22).open().unwrap();
        let mut events = input.events();
        for round in 0..10 {
            fake.drive_for(17, &[(true, 10 + round), (false, 40), (true, 3), (false, 1)]);
            output.toggle().unwrap();
            let all = [(); 4].map(|()| next(&mut events));
            assert_eq!(all.map(|event| event.level.is_high()), [true, false, true, false]);
            assert_eq!([all[1].lasted, all[3].lasted], [us(u64::from(10 + round)), us(3)]);
        }
        assert_eq!(input.missed(), 0);
    }
}

#[test]
fn callbacks_drive_pins_of_the_same_daemon() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let door = gpio.input(17).open().unwrap();
    let lamp = Arc::new(gpio.output(22).open().unwrap());
    for kind in [EventKind::Activated, EventKind::Deactivated] {
        let (lamp, gpio) = (lamp.clone(), gpio.clone());
        door.on(kind, move |event| {
            lamp.set(event.level)?;
            // And opens and closes others.
            gpio.output(23).initial(event.level).open().map(drop)
        });
    }
    for round in 0..100 {
        fake.drive(17, Some(round % 2 == 0));
        eventually("the lamp follows", || fake.level(22) == (round % 2 == 0));
    }
    assert_eq!((gpio.panics(), lamp.level().unwrap()), (0, Level::Low));
}

#[test]
fn a_settle_time_is_the_daemons_up_to_300_ms() {
    let fake = Fake::start();
    let gpio = open(&fake);
    for (time, micros) in
        [(us(1500), Some(1500)), (ms(300), Some(300_000)), (us(300_001), None), (ms(0), None)]
    {
        fake.clear_journal();
        drop(gpio.input(17).settle(time).open().unwrap());
        let filters: Vec<u32> = told(&fake, &[op::FG]).iter().map(|frame| frame[2]).collect();
        assert_eq!(filters, micros.map_or(vec![], |micros| vec![micros, 0]), "{time:?}");
    }
}

#[test]
fn what_does_not_last_is_not_told() {
    let fake = Fake::start();
    let gpio = open(&fake);
    for settle in [ms(20), ms(310)] {
        let input = gpio.input(17).settle(settle).open().unwrap();
        let mut events = input.events();
        fake.drive_for(17, &[(true, 500), (false, 500), (true, 500)]);
        let event = next(&mut events);
        let changes = fake.changes(17);
        let last = changes.last().unwrap();
        assert!(apart(event.at, at(last) + settle) < PRECISION, "{:?} and {:?}", event.at, at(last));
        assert_eq!((event.level, event.missed), (Level::High, 0));
        assert!(input.is_active().unwrap());
        fake.drive(17, None);
        assert_eq!(next(&mut events).level, Level::Low);
    }
}

#[test]
fn a_closed_input_tells_nothing_and_one_opened_again_begins_anew() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let input = gpio.input(17).settle(ms(5)).open().unwrap();
    let mut events = input.events();
    input.close().unwrap();
    assert_eq!(events.next(), None);
    fake.drive(17, Some(true));
    let input = gpio.input(17).open().unwrap();
    let mut events = input.events();
    // Without the filter that its predecessor had.
    fake.drive_for(17, &[(false, 20), (true, 1)]);
    assert_eq!([next(&mut events), next(&mut events)].map(|event| event.level), [Level::Low, Level::High]);
}
