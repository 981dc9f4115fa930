//! The connection is lost in every way there is, and comes back: what is told of it, and what the pins are then.

#![allow(clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod remote;

use std::time::{Duration, Instant};

use fake_pigpiod::{Fake, Options, PwmKind};
use pinzero_core::time::{ms, secs, us};
use pinzero_core::{
    Bias, ErrorKind, Gpio, I2cConfig, Input, Level, Line, Output, OutputGroup, Part, PinFactory, Pwm,
    SoftI2cConfig,
};
use pinzero_pigpio::{LinkEvent, LinkEvents, PigpioBuilder, PigpioFactory};
use remote::proxy::Proxy;
use remote::{PATIENCE, ask, builder, eventually, lost, op, open_with, restored};

/// One pin of each kind.
struct Pins {
    output: Output,
    input: Input,
    group: OutputGroup,
    pwms: [Pwm; 3],
}

impl Pins {
    fn open(builder: PigpioBuilder) -> (Self, LinkEvents) {
        let (gpio, events) = open_with(builder);
        let output = gpio.output(17).initial(Level::High).open().unwrap();
        let input = gpio.input(4).bias(Bias::PullDown).settle(us(500)).open().unwrap();
        let group = gpio.group([23, 24]).initial(0b01).open().unwrap();
        let pwm = |line: u32, hertz, duty| gpio.pwm(line).frequency(hertz).initial(duty).open().unwrap();
        let pwms = [pwm(27, 200.0, 0.25), pwm(22, 50.0, 0.075), pwm(18, 440.0, 0.5)];
        (Pins { output, input, group, pwms }, events)
    }

    /// Whether all are what they should be, at the daemon and here.
    #[track_caller]
    fn check(&self, fake: &Fake, what: &str) {
        assert_eq!((fake.mode(17), fake.level(17)), (1, true), "the output: {what}");
        assert_eq!((fake.mode(4), fake.pull(4), fake.level(4)), (0, 1, false), "the input: {what}");
        assert_eq!(
            [23, 24].map(|line| (fake.mode(line), fake.level(line))),
            [(1, true), (1, false)],
            "{what}"
        );
        let pulses = [27, 22, 18].map(|line| fake.pwm(line).map(|pwm| (pwm.kind, pwm.frequency, pwm.pulse)));
        let wanted = [
            Some((PwmKind::Software, 200, us(1250))),
            Some((PwmKind::Servo, 50, us(1500))),
            Some((PwmKind::Hardware, 440, Duration::from_nanos(1_136_363))),
        ];
        assert_eq!(pulses, wanted, "{what}");
        assert_eq!(fake.handles().notify, 1, "{what}");
        // All of them can be used.
        assert_eq!(self.output.level().unwrap(), Level::High, "{what}");
        self.output.set(Level::High).unwrap();
        self.group.set(0b01).unwrap();
        self.pwms[0].set_duty(0.25).unwrap();
        // The input has its filter, and tells of what lasts.
        let mut events = self.input.events();
        fake.drive_for(4, &[(true, 50), (false, 50)]);
        fake.drive(4, Some(true));
        let event = events.next_timeout(PATIENCE).unwrap();
        assert_eq!((event.level, event.missed), (Level::High, 0), "{what}");
        fake.drive(4, None);
        let event = events.next_timeout(PATIENCE).unwrap();
        assert_eq!((event.level, event.missed), (Level::Low, 0), "{what}");
    }
}

#[test]
fn all_is_as_it_was_however_the_connection_was_lost() {
    type Way = fn(&Fake);
    let ways: [(&str, bool, Way); 9] = [
        ("the daemon hangs up", false, |fake| fake.hang_up()),
        ("the network resets", false, |fake| fake.reset()),
        ("a reply is cut", false, |fake| fake.cut_reply(7)),
        ("a reply is cut after its head", false, |fake| fake.cut_reply(15)),
        ("one connection ends", false, |fake| fake.hang_up_after(0)),
        ("the daemon says nothing any more", false, |fake| fake.silence(true)),
        ("the daemon is started anew", true, |fake| fake.restart()),
        ("the board is started anew", true, |fake| fake.reboot()),
        ("the daemon is gone for a while", true, |fake| {
            fake.kill();
            std::thread::sleep(ms(100));
            fake.restart();
        }),
    ];
    let fake = Fake::start();
    let (pins, mut events) = Pins::open(builder(&fake).request_timeout(ms(200)));
    pins.check(&fake, "at first");
    for (what, is_new, way) in ways {
        way(&fake);
        // Some are noticed only if something is asked.
        let result = pins.output.level();
        let error = lost(&mut events);
        assert_eq!(error.kind(), ErrorKind::Disconnected, "{what}: {error}");
        // The network may have been back before this was asked.
        assert!(result.is_ok() || result.unwrap_err().kind() == ErrorKind::Disconnected, "{what}");
        fake.silence(false);
        assert_eq!(restored(&mut events), is_new, "{what}");
        pins.check(&fake, what);
    }
    drop(pins);
    for line in [17, 4, 23, 24, 27, 22, 18] {
        assert_eq!(
            (fake.mode(line), fake.pwm(line), ask(&fake, op::PRG, line, 0)),
            (0, None, 255),
            "GPIO{line}"
        );
    }
    assert_eq!(fake.pull(4), 2);
}

#[test]
fn either_connection_may_be_the_one_that_is_lost() {
    let fake = Fake::start();
    let proxy = Proxy::start("127.0.0.1:0", fake.address()).unwrap();
    let builder = PigpioFactory::builder(proxy.address.to_string()).reconnect(ms(5), ms(20));
    let (pins, mut events) = Pins::open(builder.request_timeout(ms(300)));
    pins.check(&fake, "at first");
    for (round, has_reports) in [(0, true), (1, false)] {
        proxy.cut(2 * round + usize::from(has_reports));
        if !has_reports {
            // Nobody looks at this one while nothing is asked.
            assert_eq!(pins.output.level().unwrap_err().kind(), ErrorKind::Disconnected);
        }
        lost(&mut events);
        assert!(!restored(&mut events));
        pins.check(&fake, "one was cut");
        eventually("the other one is closed, too", || fake.connections() == 2);
        assert_eq!(proxy.accepted(), 4 + 2 * round);
    }
}

#[test]
fn a_daemon_that_talks_nonsense_is_left() {
    let fake = Fake::start();
    let proxy = Proxy::start("127.0.0.1:0", fake.address()).unwrap();
    let builder = PigpioFactory::builder(proxy.address.to_string()).reconnect(ms(5), ms(20));
    let (pins, mut events) = Pins::open(builder.request_timeout(ms(300)));
    let reply = |words: [u32; 4]| words.map(u32::to_le_bytes).concat();
    for garbage in [
        vec![0xff; 16],
        // What nobody has asked for, and a reply that is longer than any can be.
        reply([op::TICK, 0, 0, 7]),
        reply([op::SPIX, 0, 0, 0x7fff_ffff]),
        b"HTTP/1.1 200 OK\r\n\r\n".to_vec(),
    ] {
        proxy.inject(proxy.accepted() - 2, &garbage);
        // What comes first may still be taken for an answer, but what comes then is one too many.
        for _ in 0..3 {
            let _ = pins.output.level();
        }
        assert_eq!(lost(&mut events).kind(), ErrorKind::Disconnected);
        assert!(!restored(&mut events));
        pins.check(&fake, "nonsense");
    }
}

/// Loses the connection to a daemon that goes on, and then to one that ends; what is told of each.
fn told_apart(fake: &Fake, events: &mut LinkEvents) -> [bool; 4] {
    let ways: [fn(&Fake); 4] = [Fake::hang_up, Fake::restart, Fake::reset, Fake::reboot];
    ways.map(|way| {
        way(fake);
        lost(events);
        restored(events)
    })
}

#[test]
fn a_daemon_that_was_started_anew_is_told_from_a_network_that_blinked() {
    const WANTED: [bool; 4] = [false, true, false, true];
    let fake = Fake::start();
    let factory = builder(&fake).connect().unwrap();
    let mut events = factory.link_events();
    let gpio = Gpio::new(factory.clone()).unwrap();

    let output = gpio.output(17).open().unwrap();
    assert_eq!(told_apart(&fake, &mut events), WANTED, "by an output");
    drop(output);
    let input = gpio.input(17).open().unwrap();
    assert_eq!(told_apart(&fake, &mut events), WANTED, "by an input");
    drop(input);
    let group = gpio.group([17, 27]).open().unwrap();
    assert_eq!(told_apart(&fake, &mut events), WANTED, "by a group");
    drop(group);
    for (line, hertz, duty) in
        [(17, 100.0, 0.0), (17, 50.0, 0.075), (17, 50.0, 0.5), (18, 440.0, 0.5), (18, 440.0, 0.0)]
    {
        let pwm = gpio.pwm(line).frequency(hertz).initial(duty).open().unwrap();
        assert_eq!(told_apart(&fake, &mut events), WANTED, "by PWM of {hertz} Hz on GPIO{line}");
        pwm.set_duty(1.0).unwrap();
        pwm.set_frequency(500.0).unwrap();
        assert_eq!(told_apart(&fake, &mut events), WANTED, "by changed PWM of {hertz} Hz on GPIO{line}");
    }
    let spi = gpio.spi(11).mosi(10).miso(9).select(8).open().unwrap();
    assert_eq!(told_apart(&fake, &mut events), WANTED, "by SPI");
    drop(spi);
    let spi = gpio.spi(5).mosi(6).miso(13).select(19).open().unwrap();
    assert_eq!(told_apart(&fake, &mut events), WANTED, "by SPI bit by bit");
    drop(spi);
    let bus = factory.open_i2c(I2cConfig::new(1)).unwrap();
    assert_eq!(told_apart(&fake, &mut events), WANTED, "by I2C");
    drop(bus);
    let bus = factory.open_soft_i2c(SoftI2cConfig::new(Line(5), Line(6))).unwrap();
    assert_eq!(told_apart(&fake, &mut events), WANTED, "by I2C bit by bit");
    drop(bus);
    for line in [2, 8, 17, 18, 19, 27] {
        assert_eq!(ask(&fake, op::PRG, line, 0), 255, "nothing is left on GPIO{line}");
    }
}

/// How many requests it takes to be back.
fn requests_of_a_return(fake: &Fake, events: &mut LinkEvents) -> usize {
    fake.restart();
    fake.clear_journal();
    lost(events);
    restored(events);
    fake.journal().len()
}

#[test]
fn a_return_that_fails_anywhere_is_tried_again() {
    let fake = Fake::start();
    let (pins, mut events) = Pins::open(builder(&fake).reconnect(ms(1), ms(1)));
    let requests = requests_of_a_return(&fake, &mut events);
    assert!(requests > 20, "{requests}");
    for after in 0..requests {
        fake.kill();
        lost(&mut events);
        fake.hang_up_after(after);
        fake.restart();
        assert!(restored(&mut events), "it is a new one, after {after} requests");
        // Should this return have taken fewer.
        fake.hang_up_after(usize::MAX);
        if after % 5 == 0 {
            pins.check(&fake, "a return in two steps");
        }
    }
    pins.check(&fake, "at last");
}

#[test]
fn what_inputs_did_in_the_gap() {
    let fake = Fake::start();
    let (gpio, mut events) = open_with(builder(&fake));
    let inputs = [17, 27, 22].map(|line| gpio.input(line).bias(Bias::PullUp).open().unwrap());
    let [mut changed, mut steady, mut there_and_back] = inputs.each_ref().map(Input::events);
    let ways: [fn(&Fake); 3] = [Fake::kill, |fake| fake.refuse(true), Fake::kill];
    for (round, way) in ways.into_iter().enumerate() {
        let is_high = round % 2 == 1;
        way(&fake);
        fake.hang_up();
        lost(&mut events);
        let before = gpio.now();
        fake.drive(17, Some(is_high));
        fake.drive(22, Some(false));
        fake.drive(22, None);
        let back: fn(&Fake) = if round == 1 { |fake| fake.refuse(false) } else { Fake::reboot };
        back(&fake);
        restored(&mut events);
        let event = changed.next_timeout(PATIENCE).unwrap();
        assert_eq!(event.level, Level::from(is_high));
        assert!(event.at >= before && event.at <= gpio.now(), "when that was found out");
        // A line without its pull after power-up was never a low one.
        for events in [&mut changed, &mut steady, &mut there_and_back] {
            assert_eq!(events.next_timeout(ms(20)), None, "an edge that was never there");
        }
        fake.drive_all(&[(27, Some(false)), (22, Some(false))]);
        for events in [&mut steady, &mut there_and_back] {
            assert_eq!(events.next_timeout(PATIENCE).map(|event| event.level), Some(Level::Low));
        }
        fake.drive_all(&[(27, None), (22, None)]);
        for events in [&mut steady, &mut there_and_back] {
            assert_eq!(events.next_timeout(PATIENCE).map(|event| event.level), Some(Level::High));
        }
    }
}

#[test]
fn every_listener_hears_when_and_for_how_long() {
    let fake = Fake::start();
    let factory = builder(&fake).connect().unwrap();
    let mut listeners = [factory.link_events(), factory.link_events()];
    drop(factory.link_events());
    let gpio = Gpio::new(factory.clone()).unwrap();
    let before = gpio.now();
    fake.kill();
    std::thread::sleep(ms(50));
    fake.restart();
    for events in &mut listeners {
        let Some(LinkEvent::Lost { at, .. }) = events.next_timeout(PATIENCE) else { panic!("it was lost") };
        assert!(before <= at && at <= before + secs(5));
        let Some(LinkEvent::Restored { at: back, after, .. }) = events.next_timeout(PATIENCE) else {
            panic!("it has come back")
        };
        assert!(back - at == after && after >= ms(40), "{after:?}");
    }
    assert!(factory.is_connected());
    gpio.close().unwrap();
    // Whoever waits for the next event is told that there will be none.
    assert!(listeners.iter_mut().all(|events| events.next().is_none()));
    assert!(!factory.is_connected());
}

#[test]
fn no_reconnection_if_none_is_wanted() {
    let fake = Fake::start();
    let (gpio, mut events) = open_with(builder(&fake).no_reconnect());
    let output = gpio.output(17).open().unwrap();
    fake.restart();
    lost(&mut events);
    fake.clear_journal();
    assert!(events.next_timeout(ms(200)).is_none());
    assert_eq!(output.set(Level::High).unwrap_err().kind(), ErrorKind::Disconnected);
    assert_eq!((fake.journal(), fake.connections()), (vec![], 0));
    assert_eq!(output.close().unwrap_err().kind(), ErrorKind::Disconnected);
    gpio.close().unwrap();
}

/// The legs of a bridge: a reversal that fails leaves neither leg a wish that the other does not know of.
#[test]
fn a_write_in_order_that_fails_is_dropped_as_a_whole() {
    let fake = Fake::start();
    let (gpio, mut events) = open_with(builder(&fake));
    let [forward, backward] = [23, 24].map(|line| gpio.pwm(line).open().unwrap());
    let [on, off] = [&forward, &backward].map(|leg| leg.part(Level::High));
    Part::write_in_order(&[(&off, 0.0), (&on, 0.5)]).unwrap();
    fake.refuse(true);
    fake.hang_up();
    lost(&mut events);
    let error = Part::write_in_order(&[(&on, 0.0), (&off, 0.5)]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disconnected);
    fake.refuse(false);
    restored(&mut events);
    assert_eq!((forward.duty(), backward.duty()), (0.5, 0.0));
    assert_eq!((fake.pwm(23).map(|pwm| pwm.pulse), fake.pwm(24), fake.level(24)), (Some(ms(5)), None, false));
}

#[test]
fn attempts_become_rarer() {
    let fake = Fake::start();
    let proxy = Proxy::start("127.0.0.1:0", fake.address()).unwrap();
    let builder = PigpioFactory::builder(proxy.address.to_string()).reconnect(ms(10), ms(80));
    let (gpio, mut events) = open_with(builder);
    let output = gpio.output(17).open().unwrap();
    fake.refuse(true);
    fake.hang_up();
    lost(&mut events);
    // After 10, 20, 40, 80, 80 … ms, by one connection or two each.
    let (start, before) = (Instant::now(), proxy.accepted());
    std::thread::sleep(ms(600));
    let (attempts, most) = (proxy.accepted() - before, 2 * (4 + start.elapsed().as_millis() as usize / 80));
    assert!((3..=most).contains(&attempts), "{attempts} connections, {most} at most");
    fake.refuse(false);
    restored(&mut events);
    output.set(Level::High).unwrap();
}

#[test]
fn signs_of_life_keep_a_connection_and_silence_ends_it() {
    // With a line that is watched, somebody else reads the reports.
    for is_watched in [false, true] {
        let fake = Fake::with(Options { keep_alive: ms(100), ..Options::default() });
        let (gpio, mut events) = open_with(builder(&fake).silence(ms(500)).request_timeout(ms(200)));
        let output = gpio.output(17).initial(Level::High).open().unwrap();
        let input = is_watched.then(|| gpio.input(4).open().unwrap());
        assert!(events.next_timeout(ms(1200)).is_none(), "nothing was lost");
        let start = Instant::now();
        fake.silence(true);
        // Nobody asks anything.
        let error = lost(&mut events).to_string();
        assert!(error.contains("silent for 500ms"), "{error}");
        assert!(start.elapsed() < secs(2), "{:?}", start.elapsed());
        fake.silence(false);
        assert!(!restored(&mut events));
        output.set(Level::Low).unwrap();
        assert!(input.is_none_or(|input| input.level().is_ok()));
    }
}

#[test]
fn a_request_has_its_time() {
    let fake = Fake::start();
    let (gpio, mut events) = open_with(builder(&fake).request_timeout(ms(300)));
    let output = gpio.output(17).open().unwrap();
    let input = gpio.input(4).open().unwrap();
    let bus = gpio.spi(11).mosi(10).miso(9).select(8).open().unwrap();
    let requests: [&(dyn Fn(u32) -> pinzero_core::Result<()> + Sync); 4] =
        [&|_| output.set(Level::High), &|_| input.level().map(drop), &|_| bus.write(&[1]), &|number| {
            gpio.output(20 + number).open().map(drop)
        }];
    for request in requests {
        fake.silence(true);
        let start = Instant::now();
        let errors: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..3).map(|number| scope.spawn(move || request(number))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap().unwrap_err()).collect()
        });
        assert!(start.elapsed() < ms(300) + secs(1), "{:?}", start.elapsed());
        assert!(errors.iter().all(|error| error.kind() == ErrorKind::Disconnected), "{errors:?}");
        assert!(
            errors.iter().any(|error| error.to_string().contains("not answered for 300ms")),
            "{errors:?}"
        );
        lost(&mut events);
        fake.silence(false);
        restored(&mut events);
    }
}

#[test]
fn a_request_ends_with_the_daemon() {
    let fake = Fake::start();
    let (gpio, mut events) = open_with(builder(&fake).request_timeout(PATIENCE));
    let output = gpio.output(17).open().unwrap();
    for way in [Fake::kill as fn(&Fake), Fake::hang_up, Fake::reset] {
        fake.hold(1000);
        std::thread::scope(|scope| {
            let before = fake.journal().len();
            let writer = scope.spawn(|| output.set(Level::High));
            eventually("it is under way", || fake.journal().len() > before);
            let start = Instant::now();
            way(&fake);
            assert_eq!(writer.join().unwrap().unwrap_err().kind(), ErrorKind::Disconnected);
            assert!(start.elapsed() < secs(2));
        });
        fake.hold(0);
        lost(&mut events);
        fake.restart();
        restored(&mut events);
    }
}

#[test]
fn a_loss_is_reported_once_though_nobody_calls() {
    let fake = Fake::start();
    let (gpio, mut events) = open_with(builder(&fake));
    let (sender, errors) = std::sync::mpsc::channel();
    gpio.on_error(move |error| drop(sender.send((error.kind(), error.to_string()))));
    let _input = gpio.input(4).open().unwrap();
    fake.reset();
    lost(&mut events);
    restored(&mut events);
    let (kind, message) = errors.recv_timeout(PATIENCE).unwrap();
    assert_eq!(kind, ErrorKind::Disconnected, "{message}");
    assert_eq!(errors.try_recv().ok(), None);
}
