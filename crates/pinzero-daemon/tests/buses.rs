//! I2C on controllers and on any lines, SPI by controllers, and serial ports.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

mod client;

use std::time::{Duration, Instant};

use client::{Client, builder, mock, serve, until, without_controllers, words};
use pinzero_core::mock::{Fault, MockGpio, Registers, SpiChip};
use pinzero_core::{ErrorKind, Gpio, LineFunction, SpiMode};
use pinzero_pigpio::PigpioFactory;
use pinzero_pigpio::protocol::{Code, Command, Request};

use Command::*;

/// Opens a device on bus 1.
fn open(client: &mut Client, address: u32) -> u32 {
    client.ask_with(I2co, 1, address, &words(&[0])).0.try_into().unwrap()
}

/// Hangs up, and waits until the daemon knows.
fn leave(mut client: Client, other: &mut Client) {
    let handle = client.must(Noib, 0, 0);
    drop(client);
    until("it is gone", || other.ask(Nb, handle, 0) == Code::BAD_HANDLE.0);
}

#[test]
fn each_command_of_smbus_is_a_few_messages() {
    let gpio = mock();
    let chip = gpio.i2c_chip(1, 0x48, Registers::new().with(0x20, &[0x34, 0x12]));
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    let handle = open(&mut client, 0x48);
    let value = |register| chip.with(|chip| chip.get(register));

    assert_eq!(client.ask(I2crb, handle, 0x20), 0x34);
    assert_eq!(client.ask(I2crw, handle, 0x20), 0x1234);
    assert_eq!(client.ask(I2cws, handle, 0x20), 0);
    assert_eq!((client.ask(I2crs, handle, 0), client.ask(I2crs, handle, 0)), (0x34, 0x12));
    assert_eq!(client.ask_with(I2cwb, handle, 0x30, &words(&[0xab])).0, 0);
    assert_eq!(client.ask_with(I2cww, handle, 0x31, &words(&[0x5678])).0, 0);
    assert_eq!([0x30, 0x31, 0x32].map(value), [0xab, 0x78, 0x56]);
    assert_eq!(client.ask_with(I2cwi, handle, 0x40, b"abc").0, 0);
    assert_eq!(client.ask_with(I2cri, handle, 0x40, &words(&[3])), (3, b"abc".to_vec()));
    assert_eq!(client.ask_with(I2cwk, handle, 0x50, b"wxyz").0, 0);
    assert_eq!([0x50, 0x51, 0x54].map(value), [4, b'w', b'z']);
    assert_eq!(client.ask_with(I2crk, handle, 0x50, &[]), (4, b"wxyz".to_vec()));
    assert_eq!(client.ask_with(I2cwd, handle, 0, &[0x60, 1, 2]).0, 0);
    assert_eq!(client.ask(I2cws, handle, 0x60), 0);
    assert_eq!(client.ask_with(I2crd, handle, 2, &[]), (2, vec![1, 2]));
    assert_eq!((client.ask(I2cwq, handle, 0), client.ask(I2cwq, handle, 1)), (0, 0));
    // After a call, the chip goes on with the register behind what was written.
    chip.with(|chip| {
        [0x22, 0x23, 0x24].into_iter().zip([0x9a, 0xbc, 2]).for_each(|(at, to)| chip.set(at, to));
    });
    assert_eq!(client.ask_with(I2cpc, handle, 0x20, &words(&[0x0102])).0, 0xbc9a);
    assert_eq!(client.ask_with(I2cpk, handle, 0x21, b"..").0, 2);
    // No block is as long.
    chip.with(|chip| chip.set(0x50, 33));
    assert_eq!(client.ask_with(I2crk, handle, 0x50, &[]).0, Code::I2C_READ_FAILED.0);
    chip.with(|chip| chip.set(0x50, 0));
    assert_eq!(client.ask_with(I2crk, handle, 0x50, &[]), (0, vec![]));
}

#[test]
fn arguments_are_checked_as_by_pigpiod() {
    let gpio = mock();
    gpio.i2c_chip(1, 0x48, Registers::new());
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    let one = words(&[1]);
    for (bus, address, flags, code) in [
        (1, 0x80, 0, Code::BAD_I2C_ADDR),
        (1, 0x48, 1, Code::BAD_FLAGS),
        (7, 0x48, 0, Code::BAD_I2C_BUS),
        (u32::MAX, 0x48, 0, Code::BAD_I2C_BUS),
        // GPIO0 is none of the permitted lines.
        (0, 0x48, 0, Code::NOT_PERMITTED),
    ] {
        assert_eq!(client.ask_with(I2co, bus, address, &words(&[flags])).0, code.0, "{bus} {address}");
    }
    assert_eq!(client.ask(I2co, 1, 0x48), Code::BAD_PARAM.0);
    let all = [
        I2cc, I2crd, I2cwd, I2cwq, I2crs, I2cws, I2crb, I2cwb, I2crw, I2cww, I2crk, I2cwk, I2cri, I2cwi,
        I2cpc, I2cpk, I2cz,
    ];
    for command in all {
        assert_eq!(client.ask_with(command, 0, 1, &one).0, Code::BAD_HANDLE.0, "{}", command.name());
    }
    let handle = open(&mut client, 0x48);
    let long = [0; 33];
    for (command, p2, extension) in [
        (I2crd, 0, &[][..]),
        (I2crd, 65_536, &[]),
        (I2cwd, 0, &[]),
        (I2cwq, 2, &[]),
        (I2cws, 256, &[]),
        (I2crb, 256, &[]),
        (I2crw, 256, &[]),
        (I2cwb, 256, &one),
        (I2cwb, 0, &words(&[256])),
        (I2cwb, 0, &[1]),
        (I2cww, 0, &words(&[65_536])),
        (I2cpc, 0, &words(&[65_536])),
        (I2crk, 256, &[]),
        (I2cwk, 0, &[]),
        (I2cwk, 0, &long),
        (I2cpk, 0, &long),
        (I2cri, 0, &words(&[0])),
        (I2cri, 0, &words(&[33])),
        (I2cwi, 0, &long),
        (I2cwi, 256, &[1]),
    ] {
        let result = client.ask_with(command, handle, p2, extension).0;
        assert_eq!(result, Code::BAD_PARAM.0, "{} {p2}", command.name());
    }
    assert_eq!(client.ask(I2cz, handle, 0), Code::BAD_POINTER.0);
    assert_eq!(client.ask_with(I2cz, handle, 0, &[9]).0, Code::BAD_I2C_CMD.0);
    assert_eq!(client.ask(I2cc, handle, 0), 0);
    assert_eq!(client.ask(I2cc, handle, 0), Code::BAD_HANDLE.0);
    for (sda, scl, hertz, code) in [
        (32, 5, 100_000, Code::NOT_PERMITTED),
        (54, 5, 100_000, Code::BAD_USER_GPIO),
        (5, 5, 100_000, Code::GPIO_IN_USE),
        (5, 6, 49, Code::BAD_I2C_BAUD),
        (5, 6, 500_001, Code::BAD_I2C_BAUD),
    ] {
        assert_eq!(client.ask_with(Bi2co, sda, scl, &words(&[hertz])).0, code.0, "{sda} {scl}");
    }
    assert_eq!(client.ask_with(Bi2cz, 5, 0, &[3, 0]).0, Code::NOT_I2C_GPIO.0);
    assert_eq!(client.ask(Bi2cc, 5, 0), Code::NOT_I2C_GPIO.0);
}

#[test]
fn a_factory_without_i2c_has_a_code_of_its_own() {
    let daemon = serve(&without_controllers());
    let mut client = Client::connect(&daemon);
    assert_eq!(client.ask_with(I2co, 1, 0x48, &words(&[0])).0, Code::I2C_OPEN_FAILED.0);
}

#[test]
fn lists_of_operations_on_a_controller() {
    let gpio = mock();
    let chip = gpio.i2c_chip(1, 0x48, Registers::new());
    let other = gpio.i2c_chip(1, 0x20, Registers::new().with(0, &[7, 8]));
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    let handle = open(&mut client, 0x48);
    let zip = |client: &mut Client, list: &[u8]| client.ask_with(I2cz, handle, 0, list);
    assert_eq!(zip(&mut client, &[7, 3, 0x10, 1, 2, 0]), (0, vec![]));
    assert_eq!(chip.with(|chip| [chip.get(0x10), chip.get(0x11)]), [1, 2]);
    assert_eq!(zip(&mut client, &[2, 7, 1, 0x10, 6, 2, 3, 0]), (2, vec![1, 2]));
    // Two chips in one list.
    let both = [7, 1, 0x11, 6, 1, 4, 0x20, 7, 1, 0, 1, 6, 2, 0, 0];
    assert_eq!(zip(&mut client, &both), (3, vec![2, 7, 8]));
    assert_eq!(zip(&mut client, &[4, 0x21, 6, 1]).0, Code::BAD_I2C_SEG.0);
    other.fail(Fault::Refuses(1));
    assert_eq!(zip(&mut client, &[4, 0x20, 7, 2, 0, 1, 0]).0, Code::BAD_I2C_SEG.0);
    chip.fail(Fault::Silent);
    assert_eq!(client.ask(I2crb, handle, 0), Code::I2C_READ_FAILED.0);
    assert_eq!(client.ask(I2cwq, handle, 0), Code::I2C_WRITE_FAILED.0);
    assert_eq!(client.ask(I2cws, handle, 0), Code::I2C_WRITE_FAILED.0);
    chip.fail(None);
    // As much as Linux takes in one message, and more.
    let list = |read: u16| {
        let [low, high] = read.to_le_bytes();
        [&[1, 7, 0xff, 0x1f][..], &vec![0x55; 0x1fff], &[1, 6, low, high, 0]].concat()
    };
    assert_eq!(zip(&mut client, &list(8_192)).0, 8_192);
    assert_eq!(zip(&mut client, &list(8_193)).0, Code::BAD_I2C_SEG.0);
}

#[test]
fn i2c_on_any_lines() {
    let gpio = mock();
    let chip = gpio.i2c_chip_on(5, 6, 0x50, Registers::new());
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    assert_eq!(client.ask_with(Bi2co, 5, 6, &words(&[100_000])).0, 0);
    assert_eq!(client.ask_with(Bi2co, 5, 6, &words(&[100_000])).0, Code::GPIO_IN_USE.0);
    let zip = |client: &mut Client, list: &[u8]| client.ask_with(Bi2cz, 5, 0, list);
    assert_eq!(zip(&mut client, &[4, 0x50, 2, 7, 3, 0x10, 1, 2, 3, 0]), (0, vec![]));
    assert_eq!(chip.with(|chip| [chip.get(0x10), chip.get(0x11)]), [1, 2]);
    assert_eq!(zip(&mut client, &[4, 0x50, 2, 7, 1, 0x10, 2, 6, 2, 3, 0]), (2, vec![1, 2]));
    assert_eq!(zip(&mut client, &[4, 0x51, 2, 7, 1, 0, 3, 0]).0, Code::I2C_WRITE_FAILED.0);
    assert_eq!(zip(&mut client, &[4, 0x51, 2, 6, 1, 3, 0]).0, Code::I2C_READ_FAILED.0);
    assert_eq!(zip(&mut client, &[3, 0]), (0, vec![]));
    assert_eq!(client.ask(Write, 5, 1), Code::GPIO_IN_USE.0);
    assert_eq!(client.ask(Bi2cc, 5, 0), 0);
    assert_eq!((client.ask(Write, 5, 1), client.ask(Write, 6, 1)), (0, 0));
}

#[test]
fn a_bus_that_hangs_delays_nobody_else() {
    let gpio = mock();
    gpio.i2c_chip(1, 0x48, Registers::new());
    // A chip that holds the clock for a while after each byte.
    gpio.i2c_chip_on(5, 6, 0x50, Registers::new()).fail(Fault::Stretches(Duration::from_millis(20)));
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    let mut other = Client::connect(&daemon);
    let handle = open(&mut other, 0x48);
    assert_eq!(client.ask_with(Bi2co, 5, 6, &words(&[100_000])).0, 0);
    let start = Instant::now();
    let list = [&[4, 0x50, 2, 1, 7, 64, 0][..], &[0; 64], &[3, 0]].concat();
    client.send(Request::new(Bi2cz, 5, 0).with(&list));
    other.must(Write, 17, 1);
    assert_eq!(other.ask(I2crb, handle, 0), 0);
    assert_eq!(other.ask(Bi2cc, 17, 0), Code::NOT_I2C_GPIO.0);
    assert!(!client.has_answer(), "it takes more than a second");
    // Nor does its client, which goes away.
    drop(client);
    until("the lines can be taken", || other.ask(Write, 5, 1) == 0);
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    assert_eq!(other.ask(I2crb, handle, 0), 0);
}

#[test]
fn handles_outlive_their_clients_until_others_need_the_lines() {
    let gpio = mock();
    gpio.i2c_chip(1, 0x48, Registers::new().with(0, &[9]));
    let daemon = serve(&gpio);
    let mut other = Client::connect(&daemon);
    let mut client = Client::connect(&daemon);
    let handle = open(&mut client, 0x48);
    assert_eq!(open(&mut client, 0x49), 1);
    assert_eq!(client.ask_with(Bi2co, 5, 6, &words(&[100_000])).0, 0);
    assert_eq!((other.must(Modeg, 2, 0), other.must(Modeg, 5, 0)), (4, 0));
    for line in [2, 3, 5, 6] {
        assert_eq!(other.ask(Write, line, 1), Code::GPIO_IN_USE.0, "GPIO{line}");
    }
    leave(client, &mut other);
    let mut user = Client::connect(&daemon);
    assert_eq!(user.ask(I2crb, handle, 0), 9);
    assert_eq!(other.ask(Write, 2, 1), Code::GPIO_IN_USE.0);
    leave(user, &mut other);
    assert_eq!((other.ask(Write, 3, 1), other.ask(Write, 6, 1)), (0, 0));
    assert_eq!(other.ask(I2crb, handle, 0), Code::BAD_HANDLE.0);
    // The bus is back with the next client that asks.
    other.must(Modes, 3, 0);
    let handle = open(&mut other, 0x48);
    assert_eq!(other.ask(I2crb, handle, 0), 9);
    assert_eq!(other.ask(I2cc, handle, 0), 0);
    assert_eq!((other.ask(Write, 2, 1), other.must(Modeg, 2, 0)), (0, 1));
}

#[test]
fn all_handles_of_clients_that_are_gone_are_used_again() {
    let gpio = mock();
    gpio.i2c_chip(1, 0x48, Registers::new());
    let daemon = serve(&gpio);
    let mut other = Client::connect(&daemon);
    let mut client = Client::connect(&daemon);
    assert_eq!((0..512).map(|_| open(&mut client, 0x48)).max(), Some(511));
    assert_eq!(other.ask_with(I2co, 1, 0x48, &words(&[0])).0, Code::NO_HANDLE.0);
    leave(client, &mut other);
    assert_eq!(open(&mut other, 0x48), 0);
    assert_eq!(other.ask(I2crb, 0, 0), 0);
}

#[test]
fn with_a_safe_state_buses_are_closed() {
    let gpio = mock();
    gpio.i2c_chip(1, 0x48, Registers::new());
    let daemon = builder(&gpio).safe_state(true).start().unwrap();
    let mut other = Client::connect(&daemon);
    let mut client = Client::connect(&daemon);
    open(&mut client, 0x48);
    client.ask_with(Bi2co, 5, 6, &words(&[100_000]));
    client.ask_with(Spio, 0, 500_000, &words(&[0]));
    drop(client);
    let is_input = |line: &u32| gpio.line(*line).function() == LineFunction::Input;
    until("it is gone", || other.ask(I2crb, 0, 0) == Code::BAD_HANDLE.0);
    until("all lines are back", || [2, 3, 5, 6, 7, 8, 9, 10, 11].iter().all(is_input));
    [2, 3, 5, 6, 7, 8, 9, 10, 11].iter().for_each(|line| _ = other.must(Write, *line, 1));
}

/// Answers each byte with the next number, and knows nothing of lines.
struct Successor;

impl SpiChip for Successor {
    fn exchange(&mut self, received: u8) -> u8 {
        received.wrapping_add(1)
    }
}

/// Whether a transfer has moved the clock of the main bus.
fn clocks(gpio: &MockGpio) -> usize {
    gpio.line(11).history().len()
}

#[test]
fn spi_by_the_controller_that_has_the_lines() {
    let gpio = mock();
    gpio.spi_chip(0, 0, Successor);
    let device = gpio.spi_device([11, 10, 9, 7], SpiMode::Mode0);
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    let spi = |client: &mut Client, channel, flags| {
        client.ask_with(Spio, channel, 500_000, &words(&[flags])).0.try_into().unwrap()
    };
    let (first, second): (u32, u32) = (spi(&mut client, 0, 0), spi(&mut client, 1, 0));
    // The same chip select once more, with other settings.
    let third = spi(&mut client, 0, 0xc000);
    let before = clocks(&gpio);
    for _ in 0..3 {
        assert_eq!(client.ask_with(Spix, first, 0, &[1, 2, 3]), (3, vec![0, 2, 3]));
        device.answer(&[5, 6]);
        assert_eq!(client.ask_with(Spix, second, 0, &[1, 2]), (2, vec![5, 6]));
        assert_eq!(client.ask_with(Spix, third, 0, &[0x80, 0]), (2, vec![0, 0x40]));
    }
    assert_eq!(client.ask_with(Spix, first, 0, &[]), (0, vec![]));
    // In one piece, of which the chip sees each byte.
    let long: Vec<u8> = (0..4_096u32).map(|number| number as u8).collect();
    let answer = client.ask_with(Spix, first, 0, &long);
    assert_eq!((answer.0, answer.1[1..] == long[1..]), (4_096, true));
    // More than Linux takes.
    assert_eq!(client.ask_with(Spix, first, 0, &vec![0; 4_097]).0, Code::SPI_XFER_FAILED.0);
    assert_eq!(clocks(&gpio), before, "the daemon does not drive the lines");
    client.must(Spic, second, 0);
    assert_eq!(client.ask(Write, 7, 1), 0);
    assert_eq!(client.ask(Write, 8, 1), Code::GPIO_IN_USE.0);
    client.must(Spic, first, 0);
    client.must(Spic, third, 0);
    for line in [7, 8, 9, 10, 11] {
        client.must(Write, line, 1);
    }
}

#[test]
fn chip_selects_that_clients_drive_themselves() {
    let gpio = mock();
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    // Both channels without their chip select, and then one with.
    let opened: Vec<i32> = [(0, 1 << 5), (1, 1 << 6), (0, 0)]
        .map(|(channel, flags)| client.ask_with(Spio, channel, 500_000, &words(&[flags])).0)
        .to_vec();
    assert_eq!(opened, [0, 1, 2]);
    for _ in 0..2 {
        for handle in [0, 1, 2] {
            assert_eq!(client.ask_with(Spix, handle, 0, &[1, 2]).0, 2);
        }
    }
    client.must(Write, 7, 1);
    assert_eq!(client.ask(Write, 8, 1), Code::GPIO_IN_USE.0);
}

const PORT: &str = "/dev/serial0";

fn serial(client: &mut Client, port: &str, rate: u32) -> i32 {
    client.ask_with(Sero, rate, 0, port.as_bytes()).0
}

#[test]
fn serial_ports() {
    let gpio = mock();
    let device = gpio.serial_device(PORT);
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    let mut other = Client::connect(&daemon);
    assert_eq!(serial(&mut client, PORT, 9600), 0);
    assert_eq!((client.ask(Serda, 0, 0), client.ask(Serrb, 0, 0)), (0, Code::SER_READ_NO_DATA.0));
    assert_eq!(client.ask_with(Serr, 0, 10, &[]), (0, vec![]));
    device.answer(b"hello");
    assert_eq!(client.ask(Serda, 0, 0), 5);
    assert_eq!(client.ask(Serrb, 0, 0), i32::from(b'h'));
    assert_eq!(client.ask_with(Serr, 0, 3, &[]), (3, b"ell".to_vec()));
    assert_eq!(client.ask_with(Serr, 0, 3, &[]), (1, b"o".to_vec()));
    assert_eq!((client.ask_with(Serw, 0, 0, b"ping").0, client.ask(Serwb, 0, 0x21)), (0, 0));
    assert_eq!(device.received(), b"ping!");
    // More than the daemon keeps waits in the system's own buffer.
    device.answer(&[7; 100_000]);
    let first = client.ask_with(Serr, 0, 65_535, &[]);
    let second = client.ask_with(Serr, 0, 65_535, &[]);
    assert_eq!((first.0, second.0), (65_535, 100_000 - 65_535));
    // Another handle of the same port.
    assert_eq!(serial(&mut other, PORT, 9600), 1);
    assert_eq!(serial(&mut other, PORT, 115_200), Code::SER_OPEN_FAILED.0);
    assert_eq!(other.ask_with(Serw, 1, 0, b"pong").0, 0);
    assert_eq!(device.received(), b"pong");
    assert_eq!((other.must(Modeg, 14, 0), other.ask(Write, 15, 1)), (4, Code::GPIO_IN_USE.0));
    client.must(Serc, 0, 0);
    other.must(Serc, 1, 0);
    assert_eq!(other.ask(Serc, 1, 0), Code::BAD_HANDLE.0);
    other.must(Write, 15, 1);
}

#[test]
fn arguments_of_serial_ports_are_checked() {
    let gpio = mock();
    gpio.serial_device(PORT);
    let daemon = serve(&gpio);
    let mut client = Client::connect(&daemon);
    for (port, rate, code) in [
        ("/etc/passwd", 9600, Code::BAD_SER_DEVICE),
        ("", 9600, Code::BAD_SER_DEVICE),
        ("/dev/serial/../watchdog", 9600, Code::BAD_SER_DEVICE),
        ("/dev/serial0\0", 9600, Code::BAD_SER_DEVICE),
        (PORT, 0, Code::BAD_SER_SPEED),
        ("/dev/ttyAMA9", 9600, Code::SER_OPEN_FAILED),
    ] {
        assert_eq!(serial(&mut client, port, rate), code.0, "{port} {rate}");
    }
    assert_eq!(client.ask_with(Sero, 9600, 0, b"/dev/tty\xff").0, Code::BAD_SER_DEVICE.0);
    assert_eq!(client.ask_with(Sero, 9600, 1, PORT.as_bytes()).0, Code::BAD_FLAGS.0);
    for command in [Serc, Serrb, Serwb, Serr, Serw, Serda] {
        assert_eq!(client.ask_with(command, 0, 1, &[1]).0, Code::BAD_HANDLE.0, "{}", command.name());
    }
    assert_eq!(serial(&mut client, PORT, 9600), 0);
    for (command, p2) in [(Serr, 0), (Serr, 65_536), (Serw, 0), (Serwb, 256)] {
        assert_eq!(client.ask(command, 0, p2), Code::BAD_PARAM.0, "{} {p2}", command.name());
    }
}

#[test]
fn serial_ports_that_clients_have_left_open_are_in_nobodys_way() {
    let gpio = mock();
    let device = gpio.serial_device(PORT);
    let daemon = serve(&gpio);
    let mut other = Client::connect(&daemon);
    let mut client = Client::connect(&daemon);
    assert_eq!((0..16).map(|_| serial(&mut client, PORT, 9600)).max(), Some(15));
    assert_eq!(serial(&mut client, PORT, 9600), Code::NO_HANDLE.0);
    assert_eq!(other.ask(Write, 14, 1), Code::GPIO_IN_USE.0);
    leave(client, &mut other);
    // At another rate, and then the lines.
    assert_eq!(serial(&mut other, PORT, 115_200), 0);
    assert_eq!(other.ask_with(Serw, 0, 0, b"x").0, 0);
    assert_eq!(device.received(), b"x");
    let mut third = Client::connect(&daemon);
    leave(other, &mut third);
    third.must(Write, 14, 1);
    assert_eq!(third.ask(Serda, 0, 0), Code::BAD_HANDLE.0);
}

#[test]
fn our_own_client_has_all_buses() {
    let mock = mock();
    let chip = mock.i2c_chip(1, 0x48, Registers::new().with(0x0f, &[0x60]));
    mock.i2c_chip_on(5, 6, 0x50, Registers::new().with(1, &[9]));
    mock.spi_chip(0, 1, Successor);
    let device = mock.serial_device(PORT);
    let daemon = serve(&mock);
    let gpio = Gpio::new(PigpioFactory::connect(daemon.addrs()[0].to_string()).unwrap()).unwrap();

    let i2c = gpio.i2c(1).open().unwrap();
    let mut data = [0; 1];
    i2c.write_read(0x48, &[0x0f], &mut data).unwrap();
    assert_eq!((data, i2c.scan().unwrap()), ([0x60], vec![0x48]));
    chip.fail(Fault::Refuses(1));
    assert_eq!(i2c.write(0x48, &[1, 2]).unwrap_err().kind(), ErrorKind::NoAcknowledge);
    assert_eq!(gpio.i2c(7).open().unwrap_err().kind(), ErrorKind::NoChip);

    let soft = gpio.soft_i2c(5, 6).max_rate(50_000).open().unwrap();
    soft.write_read(0x50, &[1], &mut data).unwrap();
    assert_eq!(data, [9]);
    for address in [0x51u8, 0x52] {
        assert_eq!(soft.write(address, &[1]).unwrap_err().kind(), ErrorKind::NoAcknowledge);
    }
    soft.write_read(0x50, &[1], &mut data).unwrap();

    let spi = gpio.hardware_spi(0, 1).open().unwrap();
    let mut data = [1, 2, 3];
    spi.transfer(&mut data).unwrap();
    assert_eq!(data, [0, 2, 3]);

    let serial = gpio.serial(PORT).rate(115_200).open().unwrap();
    device.answer(b"hello");
    let mut data = [0; 8];
    assert_eq!((serial.read(&mut data).unwrap(), &data[..5]), (5, &b"hello"[..]));
    serial.write(b"ping").unwrap();
    serial.flush().unwrap();
    assert_eq!(device.received(), b"ping");
    assert_eq!(gpio.serial("/dev/ttyAMA9").open().unwrap_err().kind(), ErrorKind::NoChip);

    gpio.close().unwrap();
    let mut other = Client::connect(&daemon);
    for line in [2, 3, 5, 6, 7, 8, 9, 10, 11, 14, 15] {
        other.must(Write, line, 1);
    }
}
