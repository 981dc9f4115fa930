//! Flexible lines, and inputs that belong together.

#![allow(clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod remote;

use fake_pigpiod::{Fake, PwmKind};
use pinzero_core::time::{Instant, ms, us};
use pinzero_core::{
    Bias, Drive, Edge, Effects, ErrorKind, Event, EventKind, Flex, Level, Machine, OnClose, Result,
    SpiOperation,
};
use remote::{ask, builder, eventually, levels, lost, op, open, open_with, restored, told};

const LOW: Drive = Drive::Output(Level::Low);
const HIGH: Drive = Drive::Output(Level::High);
const PULLED_UP: Drive = Drive::Input(Bias::PullUp);
const PULLED_DOWN: Drive = Drive::Input(Bias::PullDown);

/// Half of 10 ms, of which a daemon that is looked at within the first half has a high level only.
const PULSES: Drive = Drive::Pwm { period: ms(10), pulse: ms(5) };

/// The levels that a line goes through by these turns.
fn turns(fake: &Fake, line: &Flex, drives: &[Drive]) -> Vec<Level> {
    let before = levels(fake, line.line().0).len();
    drives.iter().for_each(|drive| line.turn(*drive).unwrap());
    levels(fake, line.line().0).split_off(before)
}

#[test]
fn no_other_level_comes_in_between() {
    let fake = Fake::start();
    let gpio = open(&fake);
    // One line rests high by the board's pull, the other low.
    for number in [4, 17] {
        let line = gpio.flex(number).start(PULLED_UP).open().unwrap();
        assert!(fake.level(number));
        assert_eq!(turns(&fake, &line, &[HIGH, PULLED_UP, HIGH, PULLED_UP]), []);
        assert_eq!(turns(&fake, &line, &[LOW, PULLED_DOWN, LOW]), [Level::Low]);
        assert_eq!(turns(&fake, &line, &[PULLED_UP, LOW, HIGH]), [Level::High, Level::Low, Level::High]);
        assert_eq!(fake.mode(number), 1);
    }
}

#[test]
fn a_turn_is_one_send_in_the_right_order() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let line = gpio.flex(17).start(HIGH).open().unwrap();
    fake.clear_journal();
    line.turn(PULLED_UP).unwrap();
    line.turn(PULLED_DOWN).unwrap();
    line.turn(HIGH).unwrap();
    line.turn(LOW).unwrap();
    let sent = told(&fake, &[op::PUD, op::MODES, op::WRITE]);
    let expected =
        [[op::PUD, 17, 2], [op::MODES, 17, 0], [op::PUD, 17, 1], [op::WRITE, 17, 1], [op::WRITE, 17, 0]];
    assert_eq!(sent, expected);
}

#[test]
fn pulses_come_and_go() {
    let fake = Fake::start();
    ask(&fake, op::PFS, 17, 200);
    let gpio = open(&fake);
    let line = gpio.flex(17).start(LOW).open().unwrap();
    assert_eq!(ask(&fake, op::PFG, 17, 0), 200, "to ask what there is has changed nothing");
    line.turn(PULSES).unwrap();
    let found = fake.pwm(17).unwrap();
    assert_eq!((found.kind, found.period, found.pulse), (PwmKind::Software, ms(10), ms(5)));
    line.turn(Drive::Pwm { period: ms(20), pulse: us(1500) }).unwrap();
    assert_eq!(fake.pwm(17).unwrap().kind, PwmKind::Servo);
    let odd = Drive::Pwm { period: us(2271), pulse: us(1000) };
    assert_eq!(line.turn(odd).unwrap_err().kind(), ErrorKind::InvalidFrequency);
    assert_eq!(
        (line.drive(), fake.pwm(17).unwrap().kind),
        (Drive::Pwm { period: ms(20), pulse: us(1500) }, PwmKind::Servo)
    );
    line.turn(HIGH).unwrap();
    assert_eq!((fake.pwm(17), fake.mode(17), fake.level(17)), (None, 1, true));
    line.turn(PULSES).unwrap();
    line.turn(PULLED_UP).unwrap();
    assert_eq!((fake.pwm(17), fake.mode(17), fake.pull(17)), (None, 0, 2));
    line.turn(PULSES).unwrap();
    line.close().unwrap();
    assert_eq!((fake.pwm(17), fake.mode(17), fake.pull(17)), (None, 0, 1));
    assert_eq!([op::PRG, op::PFG].map(|command| ask(&fake, command, 17, 0)), [255, 200]);
}

#[test]
fn edges_are_told_while_the_line_is_an_input() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let line = gpio.flex(4).start(LOW).open().unwrap();
    let mut edges = line.edges();
    for _ in 0..20 {
        line.turn(HIGH).unwrap();
        line.turn(LOW).unwrap();
        line.turn(PULLED_UP).unwrap();
        // The pull brings the line up, and a sensor answers at once.
        fake.drive_for(4, &[(false, 80), (true, 50), (false, 26)]);
        fake.drive(4, None);
        let heard: Vec<Level> = (0..5).map(|_| edges.next_timeout(remote::PATIENCE).unwrap().level).collect();
        assert_eq!(heard, [Level::High, Level::Low, Level::High, Level::Low, Level::High]);
        line.turn(LOW).unwrap();
    }
    line.turn(PULLED_UP).unwrap();
    assert_eq!(edges.next_timeout(remote::PATIENCE).unwrap().level, Level::High);
    line.close().unwrap();
    fake.drive(4, Some(false));
    assert_eq!(edges.next_timeout(ms(20)), None);
}

#[test]
fn all_is_restored_at_a_new_daemon() {
    let fake = Fake::start();
    let (gpio, mut events) = open_with(builder(&fake));
    let output = gpio.flex(17).start(LOW).open().unwrap();
    let input = gpio.flex(27).start(LOW).open().unwrap();
    let pulsed = gpio.flex(22).start(LOW).open().unwrap();
    output.turn(HIGH).unwrap();
    input.turn(PULLED_UP).unwrap();
    pulsed.turn(PULSES).unwrap();
    let mut edges = input.edges();
    for _ in 0..3 {
        fake.kill();
        lost(&mut events);
        assert_eq!(input.turn(LOW).unwrap_err().kind(), ErrorKind::Disconnected);
        assert_eq!(output.turn(PULLED_DOWN).unwrap_err().kind(), ErrorKind::Disconnected);
        assert_eq!((input.drive(), output.drive()), (PULLED_UP, HIGH), "what failed is not what they do");
        fake.reboot();
        assert!(restored(&mut events), "the daemon is a new one");
        assert_eq!([17, 27].map(|line| (fake.mode(line), fake.level(line))), [(1, true), (0, true)]);
        assert_eq!(fake.pwm(22).unwrap().pulse, ms(5));
        // What is behind the failed turn is an input as before.
        for level in [false, true] {
            fake.drive(27, Some(level));
            eventually("the edge", || {
                edges.next_timeout(ms(1)).is_some_and(|edge| edge.level == Level::from(level))
            });
        }
        fake.drive(27, None);
    }
}

#[test]
fn a_line_becomes_what_was_asked_for() {
    let fake = Fake::start();
    let gpio = open(&fake);
    for (on_close, last, mode, level) in [
        (OnClose::Restore, HIGH, 0, false),
        (OnClose::Restore, PULLED_UP, 0, false),
        (OnClose::Low, PULLED_UP, 1, false),
        (OnClose::High, LOW, 1, true),
        (OnClose::Keep, HIGH, 1, true),
        (OnClose::Input(Bias::PullUp), LOW, 0, true),
    ] {
        ask(&fake, op::MODES, 17, 0);
        ask(&fake, op::PUD, 17, 1);
        let line = gpio.flex(17).start(LOW).on_close(on_close).open().unwrap();
        line.turn(last).unwrap();
        line.close().unwrap();
        assert_eq!((fake.mode(17), fake.level(17)), (mode, level), "{on_close:?} after {last}");
        assert_eq!(line.turn(LOW).unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(ask(&fake, op::PRG, 17, 0), 255);
    }
}

/// Turns a line to a low output at each rise, and back to an input a little later.
#[derive(Debug)]
struct Charger(Option<Instant>);

impl Machine for Charger {
    type Event = Event;

    fn edge(&mut self, _: usize, edge: Edge, effects: &mut Effects<'_, Event>) -> Result<()> {
        if edge.level == Level::High {
            effects.emit(Event::new(EventKind::Activated, edge.at));
            self.0 = Some(effects.now() + ms(5));
            effects.turn(0, LOW)?;
        }
        Ok(())
    }

    fn expire(&mut self, _: Instant, effects: &mut Effects<'_, Event>) -> Result<()> {
        self.0 = None;
        effects.turn(0, Drive::Input(Bias::Disabled))
    }

    fn deadline(&self) -> Option<Instant> {
        self.0
    }
}

#[test]
fn a_machine_hears_the_line_that_it_has_turned() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let line = gpio.flex(17).start(LOW).open().unwrap();
    let charger = gpio.machine("Charger").flex(line).start(|now, _| Charger(Some(now))).unwrap();
    let mut events = charger.events();
    for count in 0..20 {
        assert!(fake.wait_until(remote::PATIENCE, |fake| fake.mode(17) == 0));
        // Within the time in which its level is asked for, or later.
        std::thread::sleep(us(200) * count);
        fake.drive(17, Some(true));
        assert!(events.next_timeout(remote::PATIENCE).is_some(), "the rise number {count} is not heard");
        fake.drive(17, None);
    }
}

#[test]
fn inputs_that_belong_together_are_heard_in_order() {
    let fake = Fake::start();
    let gpio = open(&fake);
    fake.clear_journal();
    let lines = [17, 27, 22];
    let inputs = gpio.inputs(lines).open().unwrap();
    assert_eq!(told(&fake, &[op::NB]).len(), 1, "one request for all of them");
    let mut events = inputs.events();
    let order = [2, 0, 1, 0, 2, 1];
    for _ in 0..50 {
        for index in order {
            let line = lines[index];
            fake.drive(line, Some(!fake.level(line)));
            // Changes within a microsecond have no order over there.
            std::thread::sleep(us(1));
        }
    }
    for count in 0..300 {
        let event = events.next_timeout(remote::PATIENCE).unwrap();
        assert_eq!(event.index, order[count % 6], "the event number {count}");
    }
    for (input, line) in inputs.inputs().iter().zip(lines) {
        assert_eq!(input.level().unwrap(), Level::from(fake.level(line)));
    }
    drop((inputs, events));
    assert_eq!(lines.map(|line| ask(&fake, op::PRG, line, 0)), [255; 3]);
}

#[test]
fn a_transaction_is_one_transfer() {
    let fake = Fake::start();
    fake.spi_device(0, |sent| sent.iter().map(|byte| !byte).collect());
    let gpio = open(&fake);
    let spi = gpio.spi(11).mosi(10).miso(9).select(8).open().unwrap();
    fake.clear_journal();
    let (mut read, mut both, mut here) = ([0; 2], [0; 3], [7, 8]);
    spi.transaction(&mut [
        SpiOperation::Write(&[1, 2]),
        SpiOperation::Read(&mut read),
        SpiOperation::Transfer(&mut both, &[5]),
        SpiOperation::TransferInPlace(&mut here),
    ])
    .unwrap();
    assert_eq!((read, both, here), ([0xff; 2], [!5, 0xff, 0xff], [!7, !8]));
    let sent: Vec<Vec<u8>> = fake.journal().iter().map(|frame| frame.extension.clone()).collect();
    assert_eq!(sent, [[1, 2, 0, 0, 5, 0, 0, 7, 8]]);
    let pause = spi.transaction(&mut [SpiOperation::Write(&[1]), SpiOperation::Delay(us(10))]);
    assert_eq!(pause.unwrap_err().kind(), ErrorKind::Unsupported);
}
