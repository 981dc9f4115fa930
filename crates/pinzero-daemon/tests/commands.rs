//! What commands do to the pins.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

mod client;

use std::time::Duration;

use client::{Client, builder, mock, serve, until, words};
use pinzero_core::LineFunction;
use pinzero_core::mock::MockGpio;
use pinzero_core::time::{ms, us};
use pinzero_core::{Bias, Level, Line};
use pinzero_daemon::Daemon;
use pinzero_pigpio::protocol::{Code, Command, Request};

fn pair() -> (MockGpio, Daemon, Client) {
    let gpio = mock();
    let daemon = serve(&gpio);
    let client = Client::connect(&daemon);
    (gpio, daemon, client)
}

#[test]
fn a_line_is_left_alone_until_it_is_asked_for() {
    let gpio = mock();
    let daemon = Daemon::builder(&gpio).port(0).start().unwrap();
    let mut client = Client::connect(&daemon);
    client.must(Command::Modeg, 17, 0);
    client.must(Command::Prs, 17, 100);
    client.must(Command::Br1, 0, 0);
    gpio.output(17).open().unwrap().close().unwrap();

    client.must(Command::Read, 17, 0);
    gpio.output(17).open().unwrap_err();
}

#[test]
fn a_line_that_somebody_else_holds_is_in_use() {
    let gpio = mock();
    let daemon = Daemon::builder(&gpio).port(0).start().unwrap();
    let mut client = Client::connect(&daemon);
    gpio.line(17).hold_by(Some("another program"));
    let ours = gpio.output(18).open().unwrap();
    for line in [17, 18] {
        for (command, argument) in
            [(Command::Read, 0), (Command::Write, 1), (Command::Pwm, 5), (Command::Pud, 1)]
        {
            assert_eq!(client.ask(command, line, argument), Code::GPIO_IN_USE.0, "{}", command.name());
        }
    }
    gpio.line(17).hold_by(None);
    drop(ours);
    client.must(Command::Write, 17, 1);
    client.must(Command::Write, 18, 1);
}

/// The numbers of the protocol are the chip's, and not those of a header.
#[test]
fn a_line_that_is_on_no_header_is_served() {
    let gpio = mock();
    let daemon = builder(&gpio).gpios(0xf << 28 | 1 << 47).start().unwrap();
    let mut client = Client::connect(&daemon);
    for line in [29, 47] {
        client.must(Command::Write, line, 1);
        assert_eq!((client.must(Command::Read, line, 0), gpio.line(Line(line)).level()), (1, Level::High));
    }
    client.must(Command::Pwm, 29, 128);
    // SPI on such lines too.
    assert_eq!(client.ask_with(Command::Bspio, 28, 0, &words(&[31, 30, 29, 100_000, 0])).0, 0);
    assert_eq!(client.ask_with(Command::Bspix, 28, 0, &[7]).0, 1);
}

#[test]
fn an_output_begins_at_the_level_that_was_written_before() {
    let (gpio, _daemon, mut client) = pair();
    client.must(Command::Bs1, 1 << 17, 0);
    assert_eq!((gpio.line(17).function(), client.must(Command::Modeg, 17, 0)), (LineFunction::Input, 0));
    client.must(Command::Modes, 17, 1);
    assert_eq!(client.must(Command::Modeg, 17, 0), 1);
    client.must(Command::Modes, 17, 0);
    client.must(Command::Write, 18, 1);
    client.must(Command::Modes, 18, 0);
    client.must(Command::Modes, 18, 1);
    for line in [17, 18] {
        let levels: Vec<Level> = gpio.line(line).history().iter().map(|(_, level)| *level).collect();
        // Low in between is the pull-down of an input; there is no other blip.
        assert_eq!(levels[0], Level::High, "GPIO{line}");
        assert!(levels.len() <= 3, "GPIO{line}: {levels:?}");
    }
}

#[test]
fn pulls_are_set_and_outlast_a_time_as_output() {
    let (gpio, _daemon, mut client) = pair();
    client.must(Command::Pud, 17, 2);
    assert_eq!((client.must(Command::Read, 17, 0), gpio.line(17).bias()), (1, Bias::PullUp));
    client.must(Command::Write, 17, 0);
    client.must(Command::Modes, 17, 0);
    assert_eq!(gpio.line(17).bias(), Bias::PullUp);
    // The board's own resistor on GPIO2 is stronger than any that could be switched off.
    client.must(Command::Pud, 2, 0);
    assert_eq!(client.must(Command::Read, 2, 0), 1);
}

#[test]
fn a_mode_that_cannot_be_set_is_refused() {
    let (_gpio, _daemon, mut client) = pair();
    for mode in 2..=8 {
        assert_eq!(client.ask(Command::Modes, 17, mode), Code::BAD_MODE.0, "mode {mode}");
    }
}

#[test]
fn pulses_are_those_that_were_asked_for() {
    let (gpio, _daemon, mut client) = pair();
    let last = |line: u32| gpio.line(line).pulses().last().map(|pulse| (pulse.period, pulse.pulse)).unwrap();
    client.must(Command::Pwm, 17, 51);
    assert_eq!(last(17), (us(1250), us(250)));
    client.must(Command::Pfs, 17, 100);
    assert_eq!(last(17), (ms(10), ms(2)));
    // The duty keeps its part of the range.
    client.must(Command::Prs, 17, 1000);
    assert_eq!(client.must(Command::Gdc, 17, 0), 200);
    client.must(Command::Servo, 17, 1500);
    assert_eq!(last(17), (ms(20), us(1500)));
    assert_eq!(client.ask(Command::Gdc, 17, 0), Code::NOT_PWM_GPIO.0);
    client.must(Command::Servo, 17, 0);
    assert_eq!(last(17), (ms(20), us(0)));
    client.ask_with(Command::Hp, 18, 20_000, &words(&[250_000]));
    assert_eq!(last(18), (us(50), Duration::from_nanos(12_500)));
    assert_eq!(client.ask_with(Command::Hp, 17, 100, &words(&[0])).0, Code::NOT_HPWM_GPIO.0);
    assert_eq!(client.ask_with(Command::Hp, 18, 125_000_001, &words(&[0])).0, Code::BAD_HPWM_FREQ.0);
    assert_eq!(client.ask_with(Command::Hp, 18, 1, &words(&[1_000_001])).0, Code::BAD_HPWM_DUTY.0);
}

#[test]
fn hardware_pwm_that_software_cannot_keep_up_with_is_refused() {
    let capabilities = pinzero_core::Capabilities { pwm: pinzero_core::Support::None, ..all() };
    let gpio = pinzero_core::mock::builder().capabilities(capabilities).realtime().open();
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    assert_eq!(client.ask_with(Command::Hp, 18, 1_000_000, &words(&[1])).0, Code::BAD_HPWM_FREQ.0);
    assert_eq!(client.ask_with(Command::Hp, 18, 1000, &words(&[500_000])).0, 0);
    assert_eq!(client.ask_with(Command::Hp, 18, 1_000_000, &words(&[1])).0, Code::BAD_HPWM_FREQ.0);
    assert_eq!(client.must(Command::Pfg, 18, 0), 1000, "what ran before runs on");
}

fn all() -> pinzero_core::Capabilities {
    mock().capabilities()
}

#[test]
fn a_write_ends_pulses_without_letting_go_of_the_line() {
    let (gpio, _daemon, mut client) = pair();
    client.must(Command::Pwm, 4, 255);
    client.must(Command::Write, 4, 0);
    client.must(Command::Write, 4, 1);
    let levels: Vec<Level> = gpio.line(4).history().iter().map(|(_, level)| *level).collect();
    // GPIO4 has a pull-up: had anybody let go of it, it would have gone high in between.
    assert_eq!(levels, [Level::Low, Level::High]);
    assert_eq!((client.must(Command::Read, 4, 0), client.must(Command::Modeg, 4, 0)), (1, 1));
}

#[test]
fn a_line_that_has_had_pulses_is_an_output_like_any_other() {
    let (gpio, _daemon, mut client) = pair();
    client.must(Command::Pwm, 17, 51);
    client.must(Command::Modes, 17, 1);
    assert_eq!(client.must(Command::Gdc, 17, 0), 51, "no mode has changed");
    client.must(Command::Write, 17, 0);
    gpio.line(17).clear();
    client.must(Command::Bs1, 1 << 17, 0);
    client.must(Command::Bc1, 1 << 17, 0);
    assert_eq!(client.ask_with(Command::Trig, 17, 50, &words(&[1])).0, 0);
    let levels: Vec<bool> = gpio.line(17).history().iter().map(|(_, level)| level.is_high()).collect();
    assert_eq!(levels, [true, false, true, false]);
}

#[test]
fn outputs_outlive_their_client_as_with_pigpiod() {
    let (gpio, daemon, mut client) = pair();
    let mut other = Client::connect(&daemon);
    let handle = client.must(Command::Noib, 0, 0);
    client.must(Command::Write, 17, 1);
    client.must(Command::Servo, 18, 1500);
    drop(client);
    until("it is gone", || other.ask(Command::Nb, handle, 0) == Code::BAD_HANDLE.0);
    assert_eq!(other.must(Command::Read, 17, 0), 1);
    assert_eq!(other.must(Command::Gpw, 18, 0), 1500);
    assert_eq!(gpio.line(17).level(), Level::High);
}

#[test]
fn with_a_safe_state_outputs_end_with_the_client_that_drove_them_last() {
    let gpio = mock();
    let daemon = builder(&gpio).safe_state(true).start().unwrap();
    let mut client = Client::connect(&daemon);
    let mut other = Client::connect(&daemon);
    client.must(Command::Write, 17, 1);
    client.must(Command::Write, 27, 1);
    client.must(Command::Pwm, 18, 255);
    client.must(Command::Pud, 22, 2);
    other.must(Command::Write, 27, 1);
    let handle = client.ask_with(Command::Spio, 0, 50_000, &words(&[0])).0;
    assert_eq!(handle, 0);
    let mut reports = Client::connect(&daemon);
    let number = reports.must(Command::Noib, 0, 0);
    other.must(Command::Nb, number, 1 << 17);

    drop(client);
    assert_eq!(reports.report().levels >> 17 & 1, 0, "who watches is told");
    until("all is done", || other.must(Command::Modeg, 11, 0) == 0);
    assert_eq!(gpio.line(17).function(), LineFunction::Input);
    assert_eq!(gpio.line(18).function(), LineFunction::Input);
    assert_eq!((gpio.line(27).function(), gpio.line(27).level()), (LineFunction::Output, Level::High));
    assert_eq!(gpio.line(22).bias(), Bias::PullUp, "an input is no danger");
    assert_eq!(other.ask(Command::Spic, 0, 0), Code::BAD_HANDLE.0);
}

#[test]
fn with_a_safe_state_nothing_of_a_client_stays_on_a_line_of_its() {
    let gpio = mock();
    let daemon = builder(&gpio).safe_state(true).adopt_all(false).start().unwrap();
    let mut other = Client::connect(&daemon);
    let mut client = Client::connect(&daemon);
    let found = gpio.line(17).bias();
    assert_ne!(found, Bias::PullUp);
    // Driven, marked only, marked with a pull, marked and driven by somebody else.
    for gpio in [17, 22, 23, 24] {
        client.must(Command::Prs, gpio, 12_345);
    }
    client.must(Command::Pfs, 17, 100);
    client.must(Command::Pud, 17, 2);
    client.must(Command::Write, 17, 1);
    client.must(Command::Pud, 23, 2);
    other.must(Command::Write, 24, 1);
    drop(client);

    until("its range is gone", || other.must(Command::Prg, 17, 0) == 255);
    assert_eq!(other.must(Command::Pfg, 17, 0), 800);
    assert_eq!((gpio.line(17).function(), gpio.line(17).bias()), (LineFunction::Input, found));
    assert_eq!([22, 23, 24].map(|gpio| other.must(Command::Prg, gpio, 0)), [255, 255, 12_345]);
    assert_eq!(gpio.line(23).bias(), found);
    drop(gpio.output(22).open().unwrap());
    assert_eq!(gpio.line(24).level(), Level::High);
    // The pull is not there either when the line becomes an input the next time.
    other.must(Command::Write, 17, 1);
    other.must(Command::Modes, 17, 0);
    assert_eq!(gpio.line(17).bias(), found);
}

#[test]
fn with_a_safe_state_outputs_end_with_their_client_though_a_request_of_its_is_pending() {
    let gpio = mock();
    let daemon = builder(&gpio).safe_state(true).start().unwrap();
    let slow = words(&[9, 10, 11, 50, 0]);
    for (pending, is_reset) in [("MILS", false), ("MILS", true), ("BSPIX", false), ("BSPIX", true)] {
        let mut client = Client::connect(&daemon);
        client.must(Command::Write, 17, 1);
        match pending {
            "MILS" => client.send(Request::new(Command::Mils, 60_000, 0)),
            _ => {
                assert_eq!(client.ask_with(Command::Bspio, 8, 0, &slow).0, 0);
                // 50 bits a second: this takes minutes.
                client.send(Request::new(Command::Bspix, 8, 0).with(&[0; 1000]));
                until("it is under way", || gpio.line(8).level() == Level::Low);
            }
        }
        if is_reset {
            let socket = socket2::SockRef::from(&client.stream);
            socket.set_linger(Some(std::time::Duration::ZERO)).unwrap();
        }
        drop(client);
        until("the output is given back", || gpio.line(17).function() == LineFunction::Input);
        let mut other = Client::connect(&daemon);
        until("so is the bus", || other.must(Command::Modeg, 11, 0) == 0);
        // Nobody holds the pins any more.
        assert_eq!(other.ask_with(Command::Bspio, 8, 0, &slow).0, 0, "{pending} {is_reset}");
        other.must(Command::Bspic, 8, 0);
    }
}

#[test]
fn loops_with_nothing_in_them_cost_nothing() {
    let (_gpio, _daemon, mut client) = pair();
    // Ten loops in each other, 65,535 times each, with pauses of no time: at one pass a nanosecond that takes for ever.
    let deep = [[255, 0].repeat(10), vec![255, 2, 0, 0], [255, 1, 255, 255].repeat(10)].concat();
    assert_eq!(client.ask_with(Command::Wvcha, 0, 0, &deep).0, 0);
    until("it is through", || client.must(Command::Wvbsy, 0, 0) == 0);
}

#[test]
fn two_devices_share_a_bus() {
    let (gpio, _daemon, mut client) = pair();
    gpio.mcp3008([11, 10, 9, 8]).set(7, 1023);
    gpio.mcp3008([11, 10, 9, 7]).set(7, 300);
    let open = |client: &mut Client, channel| {
        client.ask_with(Command::Spio, channel, 500_000, &words(&[0])).0 as u32
    };
    let (first, second) = (open(&mut client, 0), open(&mut client, 1));
    assert_eq!((first, second), (0, 1));
    let read = |client: &mut Client, handle| client.ask_with(Command::Spix, handle, 0, &[1, 0xf0, 0]);
    assert_eq!(read(&mut client, first), (3, vec![0, 3, 0xff]));
    assert_eq!(read(&mut client, second), (3, vec![0, 1, 0x2c]));
    assert_eq!(client.must(Command::Modeg, 11, 0), 4);
    assert_eq!(client.ask(Command::Write, 11, 1), Code::GPIO_IN_USE.0);

    client.must(Command::Spic, first, 0);
    assert_eq!(read(&mut client, first).0, Code::BAD_HANDLE.0);
    assert_eq!(read(&mut client, second).0, 3);
    client.must(Command::Write, 8, 1);
    client.must(Command::Spic, second, 0);
    // All of it is free again, at once.
    for pin in [7, 9, 10, 11] {
        client.must(Command::Write, pin, 1);
    }
}

#[test]
fn reads_and_writes_on_a_bus_have_their_own_results() {
    let (gpio, _daemon, mut client) = pair();
    let device = gpio.spi_device([11, 10, 9, 8], Default::default());
    let handle = client.ask_with(Command::Spio, 0, 500_000, &words(&[0])).0 as u32;
    device.answer(&[1, 2, 3]);
    assert_eq!(client.ask_with(Command::Spir, handle, 3, &[]), (3, vec![1, 2, 3]));
    assert_eq!(client.ask_with(Command::Spiw, handle, 0, b"ab").0, 2);
    assert_eq!(device.received(), [0, 0, 0, b'a', b'b']);
    assert_eq!(client.ask(Command::Spir, handle, 65_536), Code::BAD_SPI_COUNT.0);
    for (channel, hertz, flags, code) in [
        (2, 500_000, 0, Code::BAD_SPI_CHANNEL),
        (3, 500_000, 1 << 8, Code::BAD_SPI_CHANNEL),
        (1, 31_999, 0, Code::BAD_SPI_SPEED),
        (1, 125_000_001, 0, Code::BAD_SPI_SPEED),
        (1, 500_000, 1 << 9, Code::BAD_FLAGS),
        (1, 500_000, 1 << 22, Code::BAD_FLAGS),
    ] {
        assert_eq!(client.ask_with(Command::Spio, channel, hertz, &words(&[flags])).0, code.0);
    }
}

#[test]
fn a_long_transfer_holds_up_nobody_else() {
    let (gpio, daemon, mut client) = pair();
    client.ask_with(Command::Bspio, 8, 0, &words(&[9, 10, 11, 50, 0]));
    // 50 bits a second: this takes minutes.
    let mut other = Client::connect(&daemon);
    client.send(Request::new(Command::Bspix, 8, 0).with(&[0; 1000]));
    other.must(Command::Write, 17, 1);
    assert_eq!(other.must(Command::Read, 17, 0), 1);
    until("it is under way", || gpio.line(8).level() == Level::Low);
    drop(daemon);
    until("the pins are given back", || gpio.output(11).open().is_ok());
}

#[test]
fn bit_banged_spi_talks_on_any_pins() {
    let (gpio, _daemon, mut client) = pair();
    gpio.mcp3008([5, 6, 13, 19]).set(0, 512);
    let open = words(&[13, 6, 5, 100_000, 0]);
    assert_eq!(client.ask_with(Command::Bspio, 19, 0, &open).0, 0);
    assert_eq!(client.ask_with(Command::Bspio, 19, 0, &open).0, Code::GPIO_IN_USE.0);
    assert_eq!(client.ask_with(Command::Bspix, 19, 0, &[1, 0x80, 0]), (3, vec![0, 2, 0]));
    assert_eq!(client.ask(Command::Bspic, 19, 0), 0);
    assert_eq!(client.ask(Command::Bspic, 19, 0), Code::NOT_SPI_GPIO.0);
    assert_eq!(
        client.ask_with(Command::Bspio, 19, 0, &words(&[13, 6, 6, 100_000, 0])).0,
        Code::GPIO_IN_USE.0
    );
    assert_eq!(client.ask_with(Command::Bspio, 19, 0, &words(&[13, 6, 5, 49, 0])).0, Code::BAD_SPI_BAUD.0);
}

#[test]
fn a_wave_drives_its_outputs_in_order_and_says_when_it_is_through() {
    let (gpio, daemon, mut client) = pair();
    let mut reports = Client::connect(&daemon);
    let handle = reports.must(Command::Noib, 0, 0);
    client.must(Command::Modes, 17, 1);
    client.must(Command::Modes, 18, 1);
    client.must(Command::Nb, handle, 3 << 17);
    let (red, green) = (1 << 17, 1 << 18);
    // GPIO4 is no output, and stays none.
    let pulses = [red | 1 << 4, 0, 2000, green, red, 3000, 0, green, 1000];
    assert_eq!(client.ask_with(Command::Wvag, 0, 0, &words(&pulses)).0, 3);
    let wave = client.must(Command::Wvcre, 0, 0);
    let start = gpio.elapsed();
    client.must(Command::Wvtx, wave, 0);
    assert_eq!((client.must(Command::Wvbsy, 0, 0), client.must(Command::Wvtat, 0, 0)), (1, wave));
    let levels = [reports.report(), reports.report(), reports.report()];
    assert_eq!(levels.map(|report| report.levels & (red | green)), [red, green, 0]);
    until("the wave is through", || client.must(Command::Wvbsy, 0, 0) == 0);
    assert_eq!(client.must(Command::Wvtat, 0, 0), 9999);
    let at = |line: u32, index: usize| gpio.line(line).history()[index].0;
    assert!(at(17, 1) >= start + us(2000), "nothing comes before its time");
    assert!(at(18, 1) >= start + us(5000));
    assert_eq!(gpio.line(4).function(), LineFunction::Input);
}

#[test]
fn a_wave_repeats_until_it_is_halted_or_another_comes() {
    let (gpio, _daemon, mut client) = pair();
    client.must(Command::Modes, 17, 1);
    let make = |client: &mut Client, pulses: &[u32]| {
        client.must(Command::Wvnew, 0, 0);
        client.ask_with(Command::Wvag, 0, 0, &words(pulses));
        client.must(Command::Wvcre, 0, 0)
    };
    let blink = make(&mut client, &[1 << 17, 0, 500, 0, 1 << 17, 500]);
    let rest = make(&mut client, &[0, 1 << 17, 100]);
    client.must(Command::Wvtxr, blink, 0);
    until("it blinks", || gpio.line(17).history().len() > 10);
    client.must(Command::Wvtxm, rest, 2);
    until("the other has come", || client.must(Command::Wvbsy, 0, 0) == 0);
    assert_eq!(gpio.line(17).level(), Level::Low);

    client.must(Command::Wvtxr, blink, 0);
    client.must(Command::Wvhlt, 0, 0);
    assert_eq!(client.must(Command::Wvbsy, 0, 0), 0);
    assert_eq!(client.ask(Command::Wvtxm, blink, 4), -33);
    gpio.line(17).clear();
    assert_eq!(
        client
            .ask_with(
                Command::Wvcha,
                0,
                0,
                &[255, 0, blink as u8, 255, 1, 3, 0, 255, 0, blink as u8, 255, 1, 0, 0]
            )
            .0,
        0
    );
    until("the chain is through", || client.must(Command::Wvbsy, 0, 0) == 0);
    assert_eq!(gpio.line(17).writes(), 6, "three times, and not at all");
    assert_eq!(client.ask(Command::Wvdel, 9, 0), Code::BAD_WAVE_ID.0);
    assert_eq!(client.ask(Command::Wvcre, 0, 0), Code::EMPTY_WAVEFORM.0);
}

#[test]
fn what_is_written_after_a_wave_was_halted_stays() {
    let (gpio, daemon, mut client) = pair();
    let mut reports = Client::connect(&daemon);
    let handle = reports.must(Command::Noib, 0, 0);
    client.must(Command::Modes, 17, 1);
    client.must(Command::Nb, handle, 3 << 17);
    client.ask_with(Command::Wvag, 0, 0, &words(&[1 << 17, 0, 10, 0, 1 << 17, 10]));
    let wave = client.must(Command::Wvcre, 0, 0);
    for count in 0..100 {
        client.must(Command::Wvtxr, wave, 0);
        client.send(Request::new(Command::Wvhlt, 0, 0));
        client.send(Request::new(Command::Write, 17, count % 2));
        assert_eq!([client.receive().0, client.receive().0], [0, 0]);
        // The report of this comes behind all that there is to say of the wave.
        client.must(Command::Write, 18, (count + 1) % 2);
        let last = loop {
            let report = reports.report();
            if report.levels >> 18 & 1 == (count + 1) % 2 {
                break report;
            }
        };
        assert_eq!(gpio.line(17).level(), Level::from(count % 2 == 1));
        assert_eq!(last.levels >> 17 & 1, count % 2, "in round {count}");
    }
}

#[test]
fn a_script_runs_waits_and_is_stopped() {
    let (gpio, _daemon, mut client) = pair();
    let status = |client: &mut Client, id: u32| {
        let bytes = client.ask_with(Command::Procp, id, 0, &[]).1;
        let word = |index: usize| i32::from_le_bytes(bytes[4 * index..4 * index + 4].try_into().unwrap());
        (word(0), word(1))
    };
    // Follows GPIO4 on GPIO17, and counts in p0.
    let text = b"tag 1 wait 0x10 r 4 jz 2 w 17 0 jmp 3 tag 2 w 17 1 tag 3 inr p0 jmp 1";
    let id = client.ask_with(Command::Proc, 0, 0, text).0 as u32;
    assert_eq!(status(&mut client, id), (1, 0));
    assert_eq!(client.ask_with(Command::Procr, id, 0, &words(&[5])).0, 0);
    until("it waits", || status(&mut client, id) == (3, 5));
    assert_eq!(client.ask(Command::Procr, id, 0), Code::SCRIPT_NOT_READY.0);
    gpio.line(4).drive(Level::Low);
    until("it has seen it", || status(&mut client, id) == (3, 6));
    assert_eq!(gpio.line(17).level(), Level::High);
    client.must(Command::Procs, id, 0);
    assert_eq!(status(&mut client, id), (1, 6));
    client.must(Command::Procd, id, 0);
    assert_eq!(client.ask(Command::Procd, id, 0), Code::BAD_SCRIPT_ID.0);

    let id = client.ask_with(Command::Proc, 0, 0, b"evtwt 8 sta p0 lda 1 div 0").0 as u32;
    client.must(Command::Procr, id, 0);
    until("it waits", || status(&mut client, id).0 == 3);
    client.must(Command::Evt, 3, 0);
    until("it has failed", || status(&mut client, id) == (4, 8));
    assert_eq!(client.ask_with(Command::Procu, id, 0, &words(&[0; 11])).0, Code::TOO_MANY_PARAM.0);
}

#[test]
fn scripts_that_never_rest_hold_up_nobody() {
    let (_gpio, _daemon, mut client) = pair();
    let ids: Vec<i32> = (0..33).map(|_| client.ask_with(Command::Proc, 0, 0, b"tag 1 jmp 1").0).collect();
    assert_eq!((ids[31], ids[32]), (31, Code::NO_SCRIPT_ROOM.0));
    for id in 0..32 {
        client.must(Command::Procr, id, 0);
    }
    for _ in 0..100 {
        client.must(Command::Write, 17, 1);
    }
}
