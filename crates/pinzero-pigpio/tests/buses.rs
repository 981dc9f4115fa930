//! Buses, serial ports and waves: what the daemon opens by number.

#![allow(clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod remote;

use std::thread;
use std::time::{Duration, Instant};

use fake_pigpiod::{Fake, Options};
use pinzero_core::time::{ms, us};
use pinzero_core::{
    ErrorKind, Gpio, HardwareSpiConfig, I2cAddress, I2cBus, I2cConfig, I2cOperation, Line, PinFactory,
    Result, SerialConfig, SerialPort, SoftI2cConfig, Spi, SpiMode, SpiOperation,
};
use pinzero_pigpio::{PigpioFactory, Pulse};
use remote::{
    PATIENCE, ask, ask_with, builder, connect, eventually, lost, op, open, open_with, restored, told,
};

/// The words after the last request with this command.
fn words(fake: &Fake, command: u32) -> Vec<u32> {
    let journal = fake.journal();
    let frame = journal.iter().rfind(|frame| frame.command == command).unwrap();
    frame.extension.chunks(4).map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

fn hardware(gpio: &Gpio) -> Spi {
    gpio.spi(11).mosi(10).miso(9).select(8).max_rate(1_000_000).open().unwrap()
}

fn software(gpio: &Gpio) -> Spi {
    gpio.spi(5).mosi(6).miso(13).select(19).open().unwrap()
}

#[test]
fn the_bus_is_taken_where_the_lines_are_its() {
    let fake = Fake::start();
    fake.spi_device(0, |sent| sent.iter().map(|byte| !byte).collect());
    let gpio = open(&fake);
    let spi = hardware(&gpio);
    assert_eq!(told(&fake, &[op::SPIO]), [[op::SPIO, 0, 1_000_000]]);
    let mut data = [0x12, 0x34, 0x00];
    spi.transfer(&mut data).unwrap();
    assert_eq!(data, [0xed, 0xcb, 0xff]);
    spi.write(&[1, 2]).unwrap();
    assert_eq!(spi.read(2).unwrap(), [0xff, 0xff]);
    drop(spi);
    assert_eq!((told(&fake, &[op::SPIC]), fake.handles().spi), (vec![[op::SPIC, 0, 0]], 0));
    assert!(told(&fake, &[op::BSPIO]).is_empty());
}

#[test]
fn channels_modes_and_flags() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let main = |select: u32| gpio.spi(11).mosi(10).miso(9).select(select);
    let auxiliary = |select: u32| gpio.spi(21).mosi(20).miso(19).select(select);
    for (spi, channel, flags) in [
        (main(8), 0, 0),
        (main(7), 1, 0),
        (main(7).mode(SpiMode::Mode3), 1, 3),
        (main(8).mode(SpiMode::Mode1).select_high(true), 0, 1 | 1 << 2),
        (main(7).select_high(true), 1, 1 << 3),
        (auxiliary(18), 0, 1 << 8),
        (auxiliary(16).mode(SpiMode::Mode2).select_high(true), 2, 1 << 8 | 2 | 1 << 4),
    ] {
        fake.clear_journal();
        spi.open().unwrap().write(&[0]).unwrap();
        let opened = told(&fake, &[op::SPIO])[0];
        assert_eq!((opened[1], words(&fake, op::SPIO)), (channel, vec![flags]));
    }
    // The auxiliary bus cannot do this mode, and no bus is as slow.
    for spi in [auxiliary(18).mode(SpiMode::Mode1), main(8).max_rate(1000)] {
        fake.clear_journal();
        drop(spi.open().unwrap());
        assert_eq!((told(&fake, &[op::SPIO]).len(), told(&fake, &[op::BSPIO]).len()), (0, 1));
    }
    assert_eq!(main(8).max_rate(49).open().unwrap_err().kind(), ErrorKind::InvalidFrequency);
}

#[test]
fn any_four_lines_are_a_bus_bit_by_bit() {
    let fake = Fake::start();
    fake.wire(6, 13);
    let gpio = open(&fake);
    let spi = software(&gpio);
    assert_eq!(told(&fake, &[op::BSPIO]), [[op::BSPIO, 19, 0]]);
    assert_eq!(words(&fake, op::BSPIO)[..3], [13, 6, 5]);
    let mut data = [0x12, 0x81, 0xfe];
    spi.transfer(&mut data).unwrap();
    assert_eq!(data, [0x12, 0x81, 0xfe], "mosi is wired to miso");
    drop(spi);
    assert_eq!((told(&fake, &[op::BSPIC]), fake.handles().bit_spi), (vec![[op::BSPIC, 19, 0]], 0));
    assert_eq!([5, 6, 13, 19].map(|line| fake.mode(line)), [0; 4]);
}

#[test]
fn the_lowest_bit_may_come_first() {
    let fake = Fake::start();
    fake.spi_device(0, |sent| sent.iter().map(|byte| byte.wrapping_add(1)).collect());
    let gpio = open(&fake);
    let spi = gpio.spi(11).mosi(10).miso(9).select(8).lsb_first(true).open().unwrap();
    // The device sees 0b1000_0000, and answers 0b1000_0001.
    let mut data = [0b0000_0001];
    spi.transfer(&mut data).unwrap();
    assert_eq!(data, [0b1000_0001]);
}

#[test]
fn transfers_of_any_length() {
    let fake = Fake::with(Options { piece: Some(3000), delay: us(50), ..Options::default() });
    let gpio = open(&fake);
    let spi = hardware(&gpio);
    for length in [1, 4095, 4096, 65_535] {
        let sent: Vec<u8> = (0..length).map(|number: usize| (number * 31) as u8).collect();
        let mut data = sent.clone();
        spi.transfer(&mut data).unwrap();
        assert_eq!(data, sent, "{length}");
    }
    for length in [0, 65_536] {
        assert_eq!(spi.transfer(&mut vec![0; length]).unwrap_err().kind(), ErrorKind::InvalidValue);
    }
    spi.transfer(&mut [1]).unwrap();
}

#[test]
fn several_threads_on_several_buses() {
    let fake = Fake::start();
    let gpio = open(&fake);
    let one = hardware(&gpio);
    let other = gpio.spi(21).mosi(20).miso(19).select(18).open().unwrap();
    thread::scope(|scope| {
        for number in 0..8u8 {
            let spi = if number % 2 == 0 { &one } else { &other };
            scope.spawn(move || {
                for round in 0..50 {
                    let mut data = [number, round];
                    spi.transfer(&mut data).unwrap();
                    assert_eq!(data, [number, round]);
                }
            });
        }
    });
}

#[test]
fn a_device_on_a_controller() {
    let fake = Fake::start();
    let factory = connect(&fake);
    let config = |bus, select, change: fn(&mut HardwareSpiConfig)| {
        let mut config = HardwareSpiConfig::new(bus, select);
        change(&mut config);
        config
    };
    for (config, channel, rate, flags) in [
        (config(0, 0, |_| ()), 0, 500_000, 0),
        (config(0, 1, |spi| (spi.mode, spi.max_rate) = (SpiMode::Mode3, Some(2_000_000))), 1, 2_000_000, 3),
        (config(0, 1, |spi| spi.select_high = true), 1, 500_000, 1 << 3),
        (config(0, 0, |spi| spi.max_rate = Some(200_000_000)), 0, 125_000_000, 0),
        (config(0, 0, |spi| spi.unselected = true), 0, 500_000, 3 << 5),
        (config(1, 2, |spi| spi.mode = SpiMode::Mode2), 2, 500_000, 1 << 8 | 2),
    ] {
        fake.clear_journal();
        let spi = factory.open_hardware_spi(config).unwrap();
        assert_eq!(told(&fake, &[op::SPIO]), [[op::SPIO, channel, rate]]);
        assert_eq!(words(&fake, op::SPIO), [flags]);
        let selects = [8, 7].map(|line| fake.mode(line) != 0);
        assert_eq!(selects, [config.bus == 0 && !config.unselected; 2], "{config:?}");
        let mut data = [1, 2, 3];
        spi.transfer(&mut [SpiOperation::TransferInPlace(&mut data)]).unwrap();
        assert_eq!(data, [1, 2, 3]);
        spi.close().unwrap();
        assert_eq!((fake.mode(8), fake.mode(11), fake.mode(21), fake.handles().spi), (0, 0, 0, 0));
        assert_eq!(spi.transfer(&mut []).unwrap_err().kind(), ErrorKind::Closed);
    }
    fake.clear_journal();
    for (config, kind, says) in [
        (config(2, 0, |_| ()), ErrorKind::Unsupported, "bus 2"),
        (config(0, 2, |_| ()), ErrorKind::Unsupported, "chip select 2"),
        (config(1, 0, |spi| spi.mode = SpiMode::Mode1), ErrorKind::Unsupported, "mode 1 or 3"),
        (config(1, 0, |spi| spi.mode = SpiMode::Mode3), ErrorKind::Unsupported, "mode 1 or 3"),
        (config(1, 0, |spi| spi.unselected = true), ErrorKind::Unsupported, "without a chip select"),
        (config(0, 0, |spi| spi.max_rate = Some(31_999)), ErrorKind::InvalidFrequency, "32000 Hz"),
    ] {
        let error = factory.open_hardware_spi(config).unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().contains(says), "{error}");
    }
    assert_eq!(fake.journal(), []);
}

#[test]
fn a_transaction_of_several_steps_is_one_request() {
    let fake = Fake::start();
    let factory = connect(&fake);
    let spi = factory.open_hardware_spi(HardwareSpiConfig::new(0, 0)).unwrap();
    fake.spi_device(0, |sent| (1..).take(sent.len()).collect());
    fake.clear_journal();
    let (mut read, mut both) = ([0; 2], [0; 3]);
    let mut steps = [
        SpiOperation::Write(&[9]),
        SpiOperation::Read(&mut read),
        SpiOperation::Transfer(&mut both, &[8]),
        SpiOperation::Delay(ms(0)),
    ];
    spi.transfer(&mut steps).unwrap();
    assert_eq!((read, both), ([2, 3], [4, 5, 6]));
    let [frame] = &fake.journal()[..] else { panic!("more than one request") };
    assert_eq!((frame.command, &frame.extension[..]), (op::SPIX, &[9, 0, 0, 8, 0, 0][..]));
    let error = spi.transfer(&mut [SpiOperation::Write(&[1]), SpiOperation::Delay(us(1))]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("a pause"), "{error}");
    assert_eq!(fake.journal().len(), 1);
}

/// Writes and then reads without a stop in between.
fn write_read(bus: &dyn I2cBus, address: u8, out: &[u8], data: &mut [u8]) -> Result<()> {
    bus.transfer(address.into(), &mut [I2cOperation::Write(out), I2cOperation::Read(data)])
}

fn write(bus: &dyn I2cBus, address: u8, out: &[u8]) -> Result<()> {
    bus.transfer(address.into(), &mut [I2cOperation::Write(out)])
}

#[test]
fn several_chips_on_one_controller() {
    let fake = Fake::start();
    fake.i2c_device(1, 0x20);
    let factory = connect(&fake);
    let bus = factory.open_i2c(I2cConfig::new(1)).unwrap();
    write(&*bus, 0x48, &[0x10, 1, 2, 3]).unwrap();
    write(&*bus, 0x20, &[0x10, 9]).unwrap();
    let mut data = [0; 3];
    write_read(&*bus, 0x48, &[0x10], &mut data).unwrap();
    assert_eq!(data, [1, 2, 3]);
    let mut data = [0; 1];
    write_read(&*bus, 0x20, &[0x10], &mut data).unwrap();
    assert_eq!(data, [9]);
    bus.transfer(0x48u8.into(), &mut [I2cOperation::Read(&mut data)]).unwrap();
    let traffic = ["48<10.01.02.03", "20<10.09", "48<10 48>3", "20<10 20>1", "48>1"];
    assert_eq!(fake.i2c_traffic(), traffic);
    assert_eq!(told(&fake, &[op::I2CO]), [[op::I2CO, 1, 0]]);
    assert_eq!(told(&fake, &[op::I2CZ]).len(), traffic.len(), "one request a transaction");
    bus.close().unwrap();
    bus.close().unwrap();
    assert_eq!(write(&*bus, 0x48, &[0]).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!((told(&fake, &[op::I2CC]).len(), fake.handles().i2c), (1, 0));
}

#[test]
fn messages_as_long_as_a_controller_takes() {
    let fake = Fake::start();
    let factory = connect(&fake);
    let bus = factory.open_i2c(I2cConfig::new(1)).unwrap();
    for length in [1, 255, 256, 8191] {
        let sent: Vec<u8> = (0..length).map(|number: usize| (number * 31) as u8).collect();
        write(&*bus, 0x48, &[&[0], &sent[..]].concat()).unwrap();
        let mut data = vec![0; length];
        write_read(&*bus, 0x48, &[0], &mut data).unwrap();
        let last = length.saturating_sub(256) & !0xff;
        assert_eq!(data[..length - last], sent[last..], "{length}");
    }
    let mut long = vec![0; 8192];
    write(&*bus, 0x48, &long).unwrap();
    bus.transfer(0x48u8.into(), &mut [I2cOperation::Read(&mut long)]).unwrap();
    fake.clear_journal();
    let mut too_long = vec![0; 8193];
    let mut read: Vec<Vec<u8>> = vec![vec![0; 8192]; 8];
    let results = [
        (write(&*bus, 0x48, &too_long), ErrorKind::InvalidValue),
        (write_read(&*bus, 0x48, &[1], &mut too_long), ErrorKind::InvalidValue),
        // Each message is short enough, but all together are not.
        (
            bus.transfer(
                0x48u8.into(),
                &mut read.iter_mut().map(|data| I2cOperation::Read(data)).collect::<Vec<_>>(),
            ),
            ErrorKind::InvalidValue,
        ),
        (
            bus.transfer(0x48u8.into(), &mut (0..8).map(|_| I2cOperation::Write(&long)).collect::<Vec<_>>()),
            ErrorKind::InvalidValue,
        ),
        (
            bus.transfer(0x48u8.into(), &mut (0..43).map(|_| I2cOperation::Write(&[1])).collect::<Vec<_>>()),
            ErrorKind::Unsupported,
        ),
        (bus.transfer(I2cAddress::Ten(0x148), &mut [I2cOperation::Write(&[1])]), ErrorKind::Unsupported),
    ];
    for (result, kind) in results {
        assert_eq!(result.unwrap_err().kind(), kind);
    }
    assert_eq!(fake.journal(), []);
    let many = &mut (0..42).map(|_| I2cOperation::Write(&[1])).collect::<Vec<_>>();
    bus.transfer(0x48u8.into(), many).unwrap();
    assert_eq!(fake.i2c_traffic().pop().unwrap(), ["48<01"; 42].join(" "), "one stop, at the end");
}

#[test]
fn where_no_chip_is() {
    let fake = Fake::start();
    let factory = connect(&fake);
    let bus = factory.open_i2c(I2cConfig::new(1)).unwrap();
    let mut data = [0];
    for result in [write(&*bus, 0x21, &[0]), write_read(&*bus, 0x21, &[0], &mut data)] {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoAcknowledge);
        assert!(error.to_string().contains("no chip answers at 0x21"), "{error}");
    }
    write(&*bus, 0x48, &[0]).unwrap();
    fake.remove_i2c_bus(1);
    for (number, says) in [(7, "no pins for this bus"), (1, "`dtparam=i2c_arm=on`")] {
        let error = factory.open_i2c(I2cConfig::new(number)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoChip);
        assert!(error.to_string().contains(says), "{error}");
    }
}

fn soft(factory: &PigpioFactory) -> Box<dyn I2cBus> {
    factory.open_soft_i2c(SoftI2cConfig::new(Line(5), Line(6))).unwrap()
}

#[test]
fn any_two_lines_are_an_i2c_bus() {
    let fake = Fake::with(Options { permitted: u64::MAX, ..Options::default() });
    fake.bit_i2c_device(5, 0x50);
    let factory = connect(&fake);
    let bus = soft(&factory);
    assert_eq!(
        (told(&fake, &[op::BI2CO]), words(&fake, op::BI2CO)),
        (vec![[op::BI2CO, 5, 6]], vec![100_000])
    );
    assert_eq!([5, 6].map(|line| fake.pull(line)), [2, 2]);
    write(&*bus, 0x50, &[0x10, 1, 2]).unwrap();
    let mut data = [0; 2];
    write_read(&*bus, 0x50, &[0x10], &mut data).unwrap();
    assert_eq!(data, [1, 2]);
    let long: Vec<u8> = (0..300u32).map(|number| number as u8).collect();
    write(&*bus, 0x50, &long).unwrap();
    let traffic = fake.i2c_traffic();
    assert_eq!(traffic[..2], ["50<10.01.02", "50<10 50>2"]);
    assert_eq!(told(&fake, &[op::BI2CZ]).len(), 3, "one request a transaction");
    assert_eq!(write(&*bus, 0x50, &vec![0; 65_530]).unwrap_err().kind(), ErrorKind::InvalidValue);
    drop(bus);
    assert_eq!((told(&fake, &[op::BI2CC]), fake.handles().bit_i2c), (vec![[op::BI2CC, 5, 0]], 0));
    // The board pulls these up too, and the next one down.
    assert_eq!([5, 6].map(|line| fake.pull(line)), [2, 2]);
    drop(factory.open_soft_i2c(SoftI2cConfig::new(Line(17), Line(18))).unwrap());
    assert_eq!([17, 18].map(|line| fake.pull(line)), [1, 1]);

    for (max_rate, told) in [(50, 50), (1_000_000, 500_000)] {
        let mut config = SoftI2cConfig::new(Line(5), Line(6));
        config.max_rate = max_rate;
        factory.open_soft_i2c(config).unwrap();
        assert_eq!(words(&fake, op::BI2CO), [told]);
    }
    let mut config = SoftI2cConfig::new(Line(5), Line(6));
    config.max_rate = 49;
    assert_eq!(factory.open_soft_i2c(config).unwrap_err().kind(), ErrorKind::InvalidFrequency);
    let config = SoftI2cConfig::new(Line(32), Line(6));
    assert_eq!(factory.open_soft_i2c(config).unwrap_err().kind(), ErrorKind::UnknownPin);
    let config = SoftI2cConfig::new(Line(17), Line(17));
    assert_eq!(factory.open_soft_i2c(config).unwrap_err().kind(), ErrorKind::Busy);
    assert_eq!(fake.pull(17), 1, "as found, after an error too");
}

#[test]
fn after_an_error_the_lines_rest() {
    let fake = Fake::start();
    fake.bit_i2c_device(5, 0x50);
    let factory = connect(&fake);
    let bus = soft(&factory);
    let mut data = [0];
    for result in
        [write(&*bus, 0x51, &[7]), bus.transfer(0x51u8.into(), &mut [I2cOperation::Read(&mut data)])]
    {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::NoAcknowledge);
    }
    write(&*bus, 0x50, &[0x10, 1]).unwrap();
    assert_eq!(fake.i2c_traffic(), ["51<07!", "51>1!", "50<10.01"], "each has a stop of its own");
}

const PORT: &str = "/dev/serial0";

fn serial(factory: &PigpioFactory, rate: u32) -> Box<dyn SerialPort> {
    factory.open_serial(SerialConfig::new(PORT, rate)).unwrap()
}

#[test]
fn a_serial_port() {
    let fake = Fake::start();
    fake.serial_port(PORT);
    let factory = connect(&fake);
    let port = serial(&factory, 115_200);
    assert_eq!(told(&fake, &[op::SERO]), [[op::SERO, 115_200, 0]]);
    let mut data = [0; 4];
    assert_eq!(port.read(&mut data, ms(0)).unwrap(), 0);
    assert_eq!(port.read(&mut data, ms(5)).unwrap(), 0);
    assert_eq!(port.read(&mut [], ms(0)).unwrap(), 0);
    fake.serial_arrive(PORT, b"hello");
    assert_eq!(port.read(&mut data, PATIENCE).unwrap(), 4);
    assert_eq!(&data, b"hell");
    assert_eq!(port.read(&mut data, PATIENCE).unwrap(), 1);
    assert_eq!(data[0], b'o');
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut data = [0; 8];
            port.read(&mut data, PATIENCE).map(|count| data[..count].to_vec())
        });
        let asked = told(&fake, &[op::SERR]).len() + 3;
        eventually("the reader asks now and then", || told(&fake, &[op::SERR]).len() > asked);
        // Other requests pass a read that waits.
        port.write(b"ping").unwrap();
        fake.serial_arrive(PORT, b"late");
        assert_eq!(reader.join().unwrap().unwrap(), b"late");
    });
    assert_eq!(fake.serial_sent(PORT), b"ping");
    port.write(&[]).unwrap();
    port.close().unwrap();
    port.close().unwrap();
    for error in [port.write(&[1]), port.write(&[]), port.flush(), port.read(&mut data, ms(0)).map(drop)] {
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Closed);
    }
    assert_eq!((told(&fake, &[op::SERC]).len(), fake.handles().serial), (1, 0));
}

#[test]
fn more_than_a_serial_ports_buffer_holds() {
    let fake = Fake::start();
    fake.serial_port(PORT);
    let factory = connect(&fake);
    let port = serial(&factory, 230_400);
    let sent: Vec<u8> = (0..10_000).map(|number: usize| (number * 31) as u8).collect();
    let start = Instant::now();
    port.write(&sent).unwrap();
    assert_eq!(fake.serial_sent(PORT), sent);
    port.flush().unwrap();
    // 10 bits a byte.
    assert!(start.elapsed() >= ms(434), "{:?}", start.elapsed());
}

#[test]
fn a_read_ends_when_its_port_is_closed() {
    let fake = Fake::start();
    fake.serial_port(PORT);
    let factory = connect(&fake);
    let port = serial(&factory, 9600);
    thread::scope(|scope| {
        let reader = scope.spawn(|| port.read(&mut [0], Duration::MAX));
        eventually("the reader asks", || !told(&fake, &[op::SERR]).is_empty());
        port.close().unwrap();
        assert_eq!(reader.join().unwrap().unwrap_err().kind(), ErrorKind::Closed);
    });
}

#[test]
fn what_is_no_serial_port_is_refused() {
    let fake = Fake::start();
    fake.serial_port(PORT);
    let factory = connect(&fake);
    let long = format!("/dev/tty{}", "0".repeat(70_000));
    for (port, rate, kind) in [
        ("/dev/null", 9600, ErrorKind::InvalidValue),
        ("", 9600, ErrorKind::InvalidValue),
        (&long, 9600, ErrorKind::InvalidValue),
        (PORT, 0, ErrorKind::Unsupported),
        (PORT, 12_345, ErrorKind::Unsupported),
        ("/dev/ttyS9", 9600, ErrorKind::NoChip),
    ] {
        let error = factory.open_serial(SerialConfig::new(port, rate)).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
    assert_eq!(fake.handles().serial, 0);
}

#[test]
fn what_is_open_is_closed_with_the_factory() {
    let fake = Fake::start();
    fake.serial_port(PORT);
    let factory = connect(&fake);
    let i2c = [factory.open_i2c(I2cConfig::new(1)).unwrap(), soft(&factory)];
    let port = serial(&factory, 9600);
    let gpio = Gpio::new(factory).unwrap();
    let buses = (hardware(&gpio), gpio.spi(21).mosi(20).miso(19).select(18).open().unwrap());
    gpio.close().unwrap();
    let open = fake.handles();
    assert_eq!((open.spi, open.i2c, open.bit_i2c, open.serial, open.notify), (0, 0, 0, 0, 0));
    for bus in &i2c {
        assert_eq!(write(&**bus, 0x48, &[0]).unwrap_err().kind(), ErrorKind::Closed);
    }
    assert_eq!(port.write(&[0]).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(buses.0.write(&[0]).unwrap_err().kind(), ErrorKind::Closed);
}

fn all_i2c(factory: &PigpioFactory) -> [Box<dyn I2cBus>; 2] {
    let lines = SoftI2cConfig::new(Line(22), Line(23));
    [factory.open_i2c(I2cConfig::new(1)).unwrap(), factory.open_soft_i2c(lines).unwrap()]
}

#[test]
fn all_is_opened_again_at_a_new_daemon() {
    let fake = Fake::start();
    fake.wire(6, 13);
    fake.serial_port(PORT);
    fake.bit_i2c_device(22, 0x48);
    let factory = builder(&fake).connect().unwrap();
    let mut events = factory.link_events();
    let i2c = all_i2c(&factory);
    let port = serial(&factory, 9600);
    let gpio = Gpio::new(factory).unwrap();
    let buses = [hardware(&gpio), software(&gpio)];
    for _ in 0..5 {
        fake.kill();
        lost(&mut events);
        assert_eq!(buses[0].write(&[1]).unwrap_err().kind(), ErrorKind::Disconnected);
        for bus in &i2c {
            assert_eq!(write(&**bus, 0x48, &[1]).unwrap_err().kind(), ErrorKind::Disconnected);
        }
        assert_eq!(port.read(&mut [0], ms(0)).unwrap_err().kind(), ErrorKind::Disconnected);
        fake.restart();
        assert!(restored(&mut events), "the daemon is a new one");
        for spi in &buses {
            let mut data = [0x12, 0x34];
            spi.transfer(&mut data).unwrap();
            assert_eq!(data, [0x12, 0x34]);
        }
        i2c.iter().for_each(|bus| write(&**bus, 0x48, &[0x10, 1]).unwrap());
        port.write(&[1]).unwrap();
        let open = fake.handles();
        assert_eq!((open.spi, open.i2c, open.bit_spi, open.bit_i2c, open.serial), (1, 1, 1, 1, 1));
    }
}

#[test]
fn nothing_is_opened_twice_at_a_daemon_that_goes_on() {
    let fake = Fake::start();
    fake.serial_port(PORT);
    fake.bit_i2c_device(22, 0x48);
    let factory = builder(&fake).connect().unwrap();
    let mut events = factory.link_events();
    let i2c = all_i2c(&factory);
    let port = serial(&factory, 9600);
    let gpio = Gpio::new(factory).unwrap();
    let buses = [hardware(&gpio), software(&gpio)];
    for _ in 0..5 {
        fake.hang_up();
        lost(&mut events);
        assert!(!restored(&mut events), "the daemon is the same");
        buses.iter().for_each(|spi| spi.write(&[0]).unwrap());
        i2c.iter().for_each(|bus| write(&**bus, 0x48, &[0x10, 1]).unwrap());
        port.write(&[1]).unwrap();
        let open = fake.handles();
        assert_eq!((open.spi, open.i2c, open.bit_spi, open.bit_i2c, open.serial), (1, 1, 1, 1, 1));
    }
}

#[test]
fn somebody_elses_number_is_left_alone() {
    let fake = Fake::start();
    let (gpio, mut events) = open_with(builder(&fake));
    let spi = hardware(&gpio);
    fake.kill();
    lost(&mut events);
    // The new daemon gives the number that was ours to another client, who is there first.
    fake.refuse(true);
    fake.restart();
    fake.refuse(false);
    while fake.handles().spi == 0 {
        ask_with(&fake, op::SPIO, 1, 500_000, &[0]);
    }
    let first = told(&fake, &[op::SPIO]).iter().filter(|frame| frame[1] == 1).count();
    restored(&mut events);
    spi.write(&[0]).unwrap();
    assert_eq!(fake.handles().spi, 1 + first);
    drop(spi);
    assert_eq!(fake.handles().spi, first);
}

#[test]
fn what_is_closed_in_a_gap_does_not_stay_open() {
    let fake = Fake::start();
    fake.serial_port(PORT);
    let factory = builder(&fake).reconnect(ms(50), ms(50)).connect().unwrap();
    let mut events = factory.link_events();
    let i2c = all_i2c(&factory);
    let port = serial(&factory, 9600);
    let gpio = Gpio::new(factory).unwrap();
    let buses = [hardware(&gpio), software(&gpio)];
    fake.refuse(true);
    fake.hang_up();
    lost(&mut events);
    for bus in &i2c {
        assert_eq!(bus.close().unwrap_err().kind(), ErrorKind::Disconnected);
    }
    assert_eq!(port.close().unwrap_err().kind(), ErrorKind::Disconnected);
    for spi in &buses {
        assert_eq!(spi.close().unwrap_err().kind(), ErrorKind::Disconnected);
    }
    fake.refuse(false);
    assert!(!restored(&mut events));
    let open = fake.handles();
    assert_eq!((open.spi, open.i2c, open.bit_spi, open.bit_i2c, open.serial), (0, 0, 0, 0, 0));
    let again = [hardware(&gpio), software(&gpio)];
    again.iter().for_each(|spi| spi.write(&[0]).unwrap());
}

fn pulse(high: &[u32], low: &[u32], micros: u64) -> Pulse {
    let lines = |numbers: &[u32]| numbers.iter().map(|number| Line(*number)).collect();
    Pulse { high: lines(high), low: lines(low), lasts: us(micros) }
}

#[test]
fn waves() {
    let fake = Fake::start();
    let factory = connect(&fake);
    let waves = factory.waves();
    let first = waves.create(&[pulse(&[17], &[27], 500), pulse(&[27], &[17], 1500)]).unwrap();
    assert_eq!(words(&fake, op::WVAG), [1 << 17, 1 << 27, 500, 1 << 27, 1 << 17, 1500]);
    let order = [op::WVNEW, op::WVAG, op::WVCRE];
    assert_eq!(told(&fake, &order).iter().map(|frame| frame[0]).collect::<Vec<_>>(), order);
    let second = waves.create(&[pulse(&[22], &[], 1)]).unwrap();
    assert_ne!(first, second);
    assert!(!waves.is_busy().unwrap());
    waves.repeat(first).unwrap();
    assert!(waves.is_busy().unwrap());
    waves.halt().unwrap();
    assert!(!waves.is_busy().unwrap());
    waves.send(second).unwrap();
    waves.delete(first).unwrap();
    assert_eq!(waves.send(first).unwrap_err().kind(), ErrorKind::Io);
    let sent = told(&fake, &[op::WVTX, op::WVTXR, op::WVHLT, op::WVDEL]);
    assert_eq!(
        sent.iter().map(|frame| frame[0]).collect::<Vec<_>>(),
        [op::WVTXR, op::WVHLT, op::WVTX, op::WVDEL, op::WVTX]
    );
}

#[test]
fn what_is_no_wave_is_refused() {
    let fake = Fake::with(Options { permitted: 1 << 17, ..Options::default() });
    let factory = connect(&fake);
    let waves = factory.waves();
    fake.clear_journal();
    for pulses in [vec![], vec![pulse(&[32], &[], 1)], vec![pulse(&[], &[], 1 << 32)]] {
        assert_eq!(waves.create(&pulses).unwrap_err().kind(), ErrorKind::InvalidValue);
    }
    assert_eq!(fake.journal(), []);
    assert_eq!(waves.create(&[pulse(&[18], &[], 1)]).unwrap_err().kind(), ErrorKind::PermissionDenied);
    // A wave of ten thousand steps goes in several requests.
    let long: Vec<Pulse> = (0..10_000).map(|number| pulse(&[17], &[], 1 + number % 3)).collect();
    waves.create(&long).unwrap();
    assert_eq!(told(&fake, &[op::WVAG]).len(), 3);
    fake.kill();
    assert_eq!(waves.is_busy().unwrap_err().kind(), ErrorKind::Disconnected);
    fake.restart();
    assert_eq!(ask(&fake, op::WVBSY, 0, 0), 0);
}
