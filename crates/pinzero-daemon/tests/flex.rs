//! Lines that the daemon turns: they are never released, and no other level comes in between.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

mod client;

use client::{Client, mock, serve, words};
use pinzero_core::mock::{self, MockGpio};
use pinzero_core::time::{ms, us};
use pinzero_core::{Bias, Capabilities, Drive, ErrorKind, Gpio, Level, LineFunction, Support};
use pinzero_daemon::Daemon;
use pinzero_pigpio::PigpioFactory;
use pinzero_pigpio::protocol::{Code, Command};

const LOW: Drive = Drive::Output(Level::Low);
const HIGH: Drive = Drive::Output(Level::High);
const PULLED_UP: Drive = Drive::Input(Bias::PullUp);
const PULLED_DOWN: Drive = Drive::Input(Bias::PullDown);

/// What a line has gone through since this was last asked.
fn levels(gpio: &MockGpio, line: u32) -> Vec<Level> {
    let levels = gpio.line(line).history().iter().map(|(_, level)| *level).collect();
    gpio.line(line).clear();
    levels
}

/// A client of a daemon for the mock.
fn through(gpio: &MockGpio) -> (Daemon, Gpio) {
    let daemon = serve(gpio);
    let factory = PigpioFactory::connect(daemon.addrs()[0].to_string()).unwrap();
    (daemon, Gpio::new(factory).unwrap())
}

#[test]
fn a_line_turns_round_through_client_and_daemon_without_a_blip() {
    let without_pwm = Capabilities { pwm: Support::None, ..mock().capabilities() };
    for gpio in [mock(), mock::builder().capabilities(without_pwm).realtime().open()] {
        let (_daemon, remote) = through(&gpio);
        // One rests high, the other low.
        for number in [4, 17] {
            let line = remote.flex(number).start(PULLED_UP).open().unwrap();
            levels(&gpio, number);
            for drive in [HIGH, PULLED_UP, HIGH] {
                line.turn(drive).unwrap();
                assert_eq!(levels(&gpio, number), [], "GPIO{number}, {drive}");
            }
            // Pulses begin high, and the first ends in its time.
            line.turn(Drive::Pwm { period: ms(100), pulse: ms(100) }).unwrap();
            line.turn(HIGH).unwrap();
            assert_eq!(levels(&gpio, number), [], "GPIO{number}");
            for drive in [LOW, PULLED_DOWN, LOW] {
                line.turn(drive).unwrap();
            }
            assert_eq!(levels(&gpio, number), [Level::Low], "GPIO{number}");
        }
    }
}

#[test]
fn requests_turn_a_line_round_without_a_blip() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    for line in [4, 17] {
        client.must(Command::Pud, line, 2);
        client.must(Command::Bs1, 1 << line, 0);
        levels(&gpio, line);
        for _ in 0..3 {
            client.must(Command::Modes, line, 1);
            client.must(Command::Pwm, line, 255);
            client.must(Command::Write, line, 1);
            client.must(Command::Modes, line, 0);
        }
        assert_eq!(levels(&gpio, line), [], "GPIO{line}");
    }
}

#[test]
fn a_line_without_pulses_is_written_like_any_other() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    for (command, asked) in [(Command::Pwm, Command::Gdc), (Command::Servo, Command::Gpw)] {
        client.must(command, 17, if command == Command::Pwm { 51 } else { 1500 });
        client.must(Command::Bs1, 1 << 17, 0);
        client.must(command, 17, 0);
        levels(&gpio, 17);
        client.must(Command::Bs1, 1 << 17, 0);
        client.must(Command::Bc1, 1 << 17, 0);
        assert_eq!(client.ask_with(Command::Trig, 17, 50, &words(&[1])).0, 0);
        let (high, low) = (Level::High, Level::Low);
        assert_eq!(levels(&gpio, 17), [high, low, high, low]);
        client.ask_with(Command::Wvag, 0, 0, &words(&[1 << 17, 0, 100, 0, 1 << 17, 100]));
        let wave = client.must(Command::Wvcre, 0, 0);
        client.must(Command::Wvtx, wave, 0);
        client::until("the wave is through", || client.must(Command::Wvbsy, 0, 0) == 0);
        assert_eq!(levels(&gpio, 17), [high, low]);
        assert_eq!(client.must(asked, 17, 0), 0, "for clients it still is a line for pulses");
        client.must(Command::Wvclr, 0, 0);
    }
}

#[test]
fn a_wave_does_not_turn_a_line_back_that_has_become_an_input() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    client.must(Command::Modes, 17, 1);
    client.ask_with(Command::Wvag, 0, 0, &words(&[1 << 17, 0, 10, 0, 1 << 17, 10]));
    let wave = client.must(Command::Wvcre, 0, 0);
    client.must(Command::Wvtxr, wave, 0);
    for _ in 0..50 {
        client.must(Command::Modes, 17, 0);
        assert_eq!(gpio.line(17).function(), LineFunction::Input);
        client.must(Command::Modes, 17, 1);
        assert_eq!(gpio.line(17).function(), LineFunction::Output);
    }
    client.must(Command::Modes, 17, 0);
    std::thread::sleep(ms(5));
    assert_eq!(gpio.line(17).function(), LineFunction::Input);
}

#[test]
fn hardware_pwm_is_that_of_the_factory() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    client.must(Command::Write, 18, 1);
    assert_eq!(client.ask_with(Command::Hp, 18, 1_000_000, &words(&[500_000])).0, 0);
    assert_eq!(client.must(Command::Modeg, 18, 0), 2);
    let pulse = gpio.line(18).pulses().pop().unwrap();
    assert_eq!((pulse.period, pulse.pulse * 2), (us(1), us(1)));
    client.must(Command::Write, 18, 1);
    assert_eq!((client.must(Command::Modeg, 18, 0), gpio.line(18).level()), (1, Level::High));
    assert_eq!(client.ask(Command::Gdc, 18, 0), Code::NOT_PWM_GPIO.0);
}

#[test]
fn inputs_that_belong_together_are_heard_in_order() {
    let gpio = mock();
    let (_daemon, remote) = through(&gpio);
    let lines = [17, 27, 22];
    let inputs = remote.inputs(lines).open().unwrap();
    let mut events = inputs.events();
    let order = [2, 0, 1, 0, 2, 1];
    for _ in 0..50 {
        for index in order {
            let line = gpio.line(lines[index]);
            line.drive(!line.level());
            // Changes within a microsecond have no order over there.
            std::thread::sleep(us(1));
        }
    }
    for count in 0..300 {
        let event = events.next_timeout(ms(20_000)).unwrap();
        assert_eq!(event.index, order[count % 6], "the event number {count}");
    }
}

#[test]
fn a_factory_that_cannot_turn_lines_round_is_not_served() {
    let capabilities = Capabilities { flex: Support::None, ..mock().capabilities() };
    let gpio = mock::builder().capabilities(capabilities).realtime().open();
    let error = Daemon::builder(&gpio).port(0).start().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
}
