//! Pins and factories are closed at any time, and whatever is opened or closed may be where the connection is lost.

#![allow(clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod remote;

use std::sync::mpsc::channel;
use std::thread;
use std::time::Instant;

use fake_pigpiod::{Fake, Handles};
use pinzero_core::time::{ms, secs};
use pinzero_core::{Bias, Blink, ErrorKind, EventKind, Gpio, I2cConfig, Level, PinFactory, Result};
use pinzero_pigpio::LinkEvents;
use remote::{PATIENCE, ask, builder, connect, eventually, lost, op, open, open_with, restored};

/// The lines of [`everything`].
const LINES: [u32; 8] = [17, 4, 23, 24, 27, 22, 18, 8];

/// Opens one of each kind, uses it and closes it.
fn everything(gpio: &Gpio) -> Result<()> {
    let output = gpio.output(17).open()?;
    let input = gpio.input(4).bias(Bias::PullDown).settle(ms(5)).open()?;
    let group = gpio.group([23, 24]).open()?;
    let pwms = [(27, 100.0), (22, 50.0), (18, 440.0)]
        .map(|(line, hertz)| gpio.pwm(line).frequency(hertz).initial(0.1).open());
    let buses =
        [gpio.spi(11).mosi(10).miso(9).select(8).open(), gpio.spi(5).mosi(6).miso(13).select(19).open()];
    output.set(Level::High)?;
    group.set(0b11)?;
    input.level()?;
    for bus in buses {
        let bus = bus?;
        bus.write(&[1, 2])?;
        bus.close()?;
    }
    for pwm in pwms {
        let pwm = pwm?;
        pwm.set_duty(0.5)?;
        pwm.close()?;
    }
    group.close()?;
    input.close()?;
    output.close()
}

/// Waits until nothing is left of it at the daemon.
#[track_caller]
fn nothing_is_left(fake: &Fake, what: &str) {
    let state = |line: u32| (fake.mode(line), fake.pwm(line).is_some(), ask(fake, op::PRG, line, 0));
    assert_eq!(LINES.map(state), [(0, false, 255); 8], "{what}");
    assert_eq!(fake.pull(4), 2, "{what}");
    // What the lost connection had is there until the daemon has heard of its end, which may be after we have a new one.
    eventually(what, || fake.handles() == Handles { notify: 1, ..Handles::default() });
}

/// Waits until the connection is there to stay.
fn settled(fake: &Fake, events: &mut LinkEvents) {
    lost(events);
    restored(events);
    fake.hang_up_after(usize::MAX);
}

#[test]
fn the_connection_may_be_lost_anywhere() {
    let fake = Fake::start();
    let (gpio, mut events) = open_with(builder(&fake).reconnect(ms(1), ms(2)));
    everything(&gpio).unwrap();
    fake.clear_journal();
    everything(&gpio).unwrap();
    let requests = fake.journal().len();
    assert!((60..400).contains(&requests), "{requests}");
    for after in 0..requests {
        fake.hang_up_after(after);
        let result = everything(&gpio);
        if let Err(error) = result {
            assert_eq!(error.kind(), ErrorKind::Disconnected, "after {after}: {error}");
        }
        settled(&fake, &mut events);
        nothing_is_left(&fake, &format!("lost after {after} requests"));
    }
    everything(&gpio).unwrap();
}

#[test]
fn replies_may_be_cut_anywhere() {
    let fake = Fake::start();
    let (gpio, mut events) = open_with(builder(&fake).reconnect(ms(1), ms(2)));
    for bytes in 0..20 {
        fake.cut_reply(bytes);
        let result = everything(&gpio);
        assert!(result.is_err() || bytes >= 16, "{bytes}");
        settled(&fake, &mut events);
        nothing_is_left(&fake, &format!("a reply cut after {bytes} bytes"));
    }
}

#[test]
fn closing_the_factory_closes_all_and_can_be_repeated() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let output = gpio.output(17).initial(Level::High).open().unwrap();
    let blink = output.blink(Blink::new(ms(1), ms(1)), Level::High).unwrap();
    let input = gpio.input(4).bias(Bias::PullDown).settle(ms(5)).open().unwrap();
    let pwm = gpio.pwm(18).initial(0.5).open().unwrap();
    gpio.close().unwrap();
    gpio.close().unwrap();
    assert_eq!([17, 4, 18].map(|line| fake.mode(line)), [0; 3]);
    eventually("the connections end", || (fake.connections(), fake.handles()) == (0, Handles::default()));
    let kinds = [
        output.set(Level::High),
        input.level().map(drop),
        pwm.set_duty(0.5),
        gpio.output(27).open().map(drop),
    ]
    .map(|result| result.unwrap_err().kind());
    assert_eq!(kinds, [ErrorKind::Closed; 4]);
    assert!(!blink.is_running());
}

/// Closes in `state`, twice and from two threads; how the first went.
#[track_caller]
fn closes(gpio: &Gpio) -> Result<()> {
    let start = Instant::now();
    let result = gpio.close();
    thread::scope(|scope| {
        scope.spawn(|| gpio.close().unwrap());
        gpio.close().unwrap();
    });
    assert!(start.elapsed() < secs(5), "{:?}", start.elapsed());
    result
}

#[test]
fn a_factory_is_closed_in_any_state() {
    let fake = Fake::start();
    // While it is lost, and nobody is there to connect to.
    let (gpio, mut events) = open_with(builder(&fake));
    let output = gpio.output(17).open().unwrap();
    fake.kill();
    lost(&mut events);
    assert_eq!(closes(&gpio).unwrap_err().kind(), ErrorKind::Disconnected);
    assert!(events.next().is_none());
    assert_eq!(output.set(Level::High).unwrap_err().kind(), ErrorKind::Closed);
    fake.restart();
    thread::sleep(ms(50));
    assert_eq!(fake.connections(), 0, "it does not connect any more");

    // While it waits long for the next attempt.
    let (gpio, mut events) = open_with(builder(&fake).reconnect(PATIENCE, PATIENCE));
    fake.hang_up();
    lost(&mut events);
    closes(&gpio).unwrap();
    assert!(events.next().is_none());

    // While it connects again, and gets no answer.
    let (gpio, mut events) = open_with(builder(&fake).request_timeout(secs(1)));
    let output = gpio.output(17).open().unwrap();
    fake.silence(true);
    fake.hang_up();
    lost(&mut events);
    eventually("it is at it", || fake.connections() > 0);
    assert_eq!(closes(&gpio).unwrap_err().kind(), ErrorKind::Disconnected);
    drop(output);
    eventually("it gives up", || fake.connections() == 0);
    fake.silence(false);

    // While a request is under way that is never answered.
    let (gpio, _) = open_with(builder(&fake).request_timeout(ms(500)));
    let output = gpio.output(17).open().unwrap();
    fake.silence(true);
    thread::scope(|scope| {
        let before = fake.journal().len();
        let writer = scope.spawn(|| output.set(Level::High));
        eventually("it is under way", || fake.journal().len() > before);
        assert_eq!(closes(&gpio).unwrap_err().kind(), ErrorKind::Disconnected);
        assert!(writer.join().unwrap().is_err());
    });
    fake.silence(false);

    // While it is lost this very moment.
    for _ in 0..20 {
        let (gpio, _) = open_with(builder(&fake));
        let _output = gpio.output(17).open().unwrap();
        fake.hang_up();
        let result = closes(&gpio);
        assert!(result.is_ok() || result.unwrap_err().kind() == ErrorKind::Disconnected);
    }
    eventually("all connections end", || fake.connections() == 0);
}

#[test]
fn callbacks_close_what_they_like() {
    let fake = Fake::start();
    for round in 0..3 {
        let gpio = open(&fake);
        let button = gpio.input(4).open().unwrap();
        let lamp = gpio.output(17).open().unwrap();
        let (sender, receiver) = channel();
        button.on(EventKind::Deactivated, {
            let (button, gpio) = (button.clone(), gpio.clone());
            move |_| {
                let result = match round {
                    0 => button.close(),
                    1 => lamp.close(),
                    _ => gpio.close(),
                };
                sender.send(result).unwrap();
            }
        });
        fake.drive(4, Some(false));
        receiver.recv_timeout(PATIENCE).unwrap().unwrap();
        assert_eq!((button.is_closed(), gpio.is_closed()), (round != 1, round == 2));
        gpio.close().unwrap();
        fake.drive(4, None);
    }
}

#[test]
fn whoever_has_the_last_handle_closes() {
    let fake = Fake::start();
    let factory = connect(&fake);
    let other = factory.clone();
    let gpio = Gpio::new(factory).unwrap();
    let output = gpio.output(17).initial(Level::High).open().unwrap();
    drop(gpio);
    output.set(Level::Low).unwrap();
    drop(output);
    assert_eq!(fake.mode(17), 0);
    // The factory itself ends with the Gpio that it was given to.
    eventually("the connections end", || fake.connections() == 0);
    assert!(!other.is_connected());
    assert_eq!(other.open_i2c(I2cConfig::new(1)).unwrap_err().kind(), ErrorKind::Closed);

    // One that was given to nobody ends with its last clone.
    let factory = connect(&fake);
    drop(factory.clone());
    assert!(factory.is_connected() && fake.handles().notify == 1);
    drop(factory);
    eventually("the connections end", || fake.connections() == 0);
}
