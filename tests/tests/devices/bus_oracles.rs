//! Any list of transfers: bit by bit, by a controller, and as the rules of the bus say. And wires on which anything happens.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which fail where they cannot go on")]

use std::time::Duration;

use pinzero::mock::{self, Fault, I2cChip, MockGpio, Registers, SpiChip};
use pinzero::time::us;
use pinzero::{ErrorKind, I2c, I2cAddress, I2cOperation, Level, Spi, SpiBuilder, SpiMode, SpiOperation};
use proptest::prelude::*;

/// Notes what the chip hears, and refuses now and then.
#[derive(Debug, Clone, Default)]
struct Moody {
    heard: Vec<String>,
    /// Which starts and which bytes are acknowledged, over and over.
    moods: (Vec<bool>, Vec<bool>),
    starts: usize,
    bytes: usize,
    reads: u8,
}

fn is_good(moods: &[bool], count: &mut usize) -> bool {
    *count += 1;
    moods.is_empty() || moods[(*count - 1) % moods.len()]
}

impl I2cChip for Moody {
    fn start(&mut self, is_read: bool) -> bool {
        self.heard.push(if is_read { "s" } else { "S" }.to_owned());
        is_good(&self.moods.0, &mut self.starts)
    }

    fn write(&mut self, byte: u8) -> bool {
        self.heard.push(format!("{byte:02x}"));
        is_good(&self.moods.1, &mut self.bytes)
    }

    fn read(&mut self) -> u8 {
        self.reads = self.reads.wrapping_mul(5).wrapping_add(0x35);
        self.heard.push(format!("<{:02x}", self.reads));
        self.reads
    }

    fn stop(&mut self) {
        self.heard.push("P".to_owned());
    }
}

#[derive(Debug, Clone)]
enum Part {
    Read(usize),
    Write(Vec<u8>),
}

impl Part {
    fn is_read(&self) -> bool {
        matches!(self, Part::Read(_))
    }

    fn len(&self) -> usize {
        match self {
            Part::Read(count) => *count,
            Part::Write(data) => data.len(),
        }
    }
}

#[derive(Debug, Clone)]
struct Transaction {
    address: I2cAddress,
    parts: Vec<Part>,
}

type Told = Result<Vec<Vec<u8>>, ErrorKind>;

/// Runs a transaction. Returns what the reads got.
fn run(i2c: &I2c, transaction: &Transaction) -> Told {
    let mut buffers: Vec<Vec<u8>> =
        transaction.parts.iter().filter(|part| part.is_read()).map(|part| vec![0xee; part.len()]).collect();
    let mut free = buffers.iter_mut();
    let mut operations: Vec<I2cOperation<'_>> = transaction
        .parts
        .iter()
        .map(|part| match part {
            Part::Read(_) => I2cOperation::Read(free.next().unwrap()),
            Part::Write(data) => I2cOperation::Write(data),
        })
        .collect();
    match i2c.transaction(transaction.address, &mut operations) {
        Ok(()) => Ok(buffers),
        Err(error) => Err(error.kind()),
    }
}

/// Does what the rules of the bus say.
fn reckon(chip: &mut Moody, own: I2cAddress, Transaction { address, parts }: &Transaction) -> Told {
    if parts.is_empty() || parts.iter().any(|part| part.len() == 0) {
        return Err(ErrorKind::InvalidValue);
    }
    if *address != own {
        return Err(ErrorKind::NoAcknowledge);
    }
    let mut is_busy = false;
    let mut told = Ok(Vec::new());
    let mut last = None;
    for part in parts {
        if last != Some(part.is_read()) {
            last = Some(part.is_read());
            let is_first = matches!(address, I2cAddress::Ten(_)) && !is_busy && part.is_read();
            let is_called = (!is_first || chip.start(false)) && {
                is_busy |= is_first;
                chip.start(part.is_read())
            };
            is_busy |= is_called;
            if !is_called {
                told = Err(ErrorKind::NoAcknowledge);
                break;
            }
        }
        match part {
            Part::Read(count) => {
                let data = (0..*count).map(|_| chip.read()).collect();
                told = told.map(|mut all: Vec<Vec<u8>>| {
                    all.push(data);
                    all
                });
            }
            Part::Write(data) => {
                if !data.iter().all(|byte| chip.write(*byte)) {
                    told = Err(ErrorKind::Refused);
                    break;
                }
            }
        }
    }
    if is_busy {
        chip.stop();
    }
    told
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        1 => Just(Part::Read(0)),
        1 => Just(Part::Write(Vec::new())),
        20 => prop::collection::vec(any::<u8>(), 1..5).prop_map(Part::Write),
        20 => (1..5usize).prop_map(Part::Read),
    ]
}

fn address() -> impl Strategy<Value = I2cAddress> {
    prop_oneof![(0x08..0x78u32).prop_map(I2cAddress::Seven), (0..0x400u32).prop_map(I2cAddress::Ten),]
}

fn moods() -> impl Strategy<Value = (Vec<bool>, Vec<bool>)> {
    let some = || prop::collection::vec(prop::bool::weighted(0.9), 0..12);
    (some(), some())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn i2c_on_pins_is_as_by_a_controller_and_as_the_rules_say(
        own in address(),
        moods in moods(),
        transactions in prop::collection::vec(
            (prop::bool::weighted(0.1), address(), prop::collection::vec(part(), 0..6)),
            1..5,
        ),
    ) {
        let boards = [mock::gpio(), mock::gpio()];
        let chip = Moody { moods, ..Moody::default() };
        let chips = boards.each_ref().map(|gpio| gpio.i2c_chip(1, own, chip.clone()));
        let buses = [boards[0].i2c(1).open().unwrap(), boards[1].soft_i2c(2, 3).open().unwrap()];
        let mut reckoned = chip;
        for (is_lost, other, parts) in transactions {
            let transaction = Transaction { address: if is_lost { other } else { own }, parts };
            let told = reckon(&mut reckoned, own, &transaction);
            for (bus, chip) in buses.iter().zip(&chips) {
                prop_assert_eq!(&run(bus, &transaction), &told, "{:?} {:?}", bus, transaction);
                prop_assert_eq!(&chip.with(|chip| chip.heard.clone()), &reckoned.heard, "{:?}", bus);
            }
            // The bus is free.
            let levels = [2, 3].map(|pin| boards[1].line(pin).level());
            prop_assert_eq!(levels, [Level::High; 2]);
        }
    }
}

/// Notes what the chip hears, and answers what hangs on it.
#[derive(Debug, Clone)]
struct Listener {
    mode: SpiMode,
    heard: Vec<Option<u8>>,
    sum: u8,
}

impl SpiChip for Listener {
    fn select(&mut self) -> u8 {
        self.heard.push(None);
        self.sum
    }

    fn exchange(&mut self, received: u8) -> u8 {
        self.heard.push(Some(received));
        self.sum = self.sum.wrapping_mul(7).wrapping_add(received).wrapping_add(0x1d);
        self.sum
    }

    fn mode(&self) -> SpiMode {
        self.mode
    }
}

#[derive(Debug, Clone)]
enum Step {
    Read(usize),
    Write(Vec<u8>),
    Transfer(usize, Vec<u8>),
    InPlace(Vec<u8>),
    Delay(Duration),
}

/// Runs a transaction. Returns what the buffers hold.
fn exchange(spi: &Spi, steps: &[Step]) -> Result<Vec<Vec<u8>>, ErrorKind> {
    let mut buffers: Vec<Vec<u8>> = steps
        .iter()
        .map(|step| match step {
            Step::Read(count) | Step::Transfer(count, _) => vec![0xee; *count],
            Step::InPlace(data) => data.clone(),
            Step::Write(_) | Step::Delay(_) => Vec::new(),
        })
        .collect();
    let mut operations: Vec<SpiOperation<'_>> = steps
        .iter()
        .zip(&mut buffers)
        .map(|(step, buffer)| match step {
            Step::Read(_) => SpiOperation::Read(buffer),
            Step::Write(data) => SpiOperation::Write(data),
            Step::Transfer(_, data) => SpiOperation::Transfer(buffer, data),
            Step::InPlace(_) => SpiOperation::TransferInPlace(buffer),
            Step::Delay(time) => SpiOperation::Delay(*time),
        })
        .collect();
    spi.transaction(&mut operations).map(|()| buffers).map_err(|error| error.kind())
}

/// Does what embedded-hal says of the operations.
fn reckon_spi(chip: &mut Listener, lsb_first: bool, steps: &[Step]) -> Result<Vec<Vec<u8>>, ErrorKind> {
    let turned = |byte: u8| if lsb_first { byte.reverse_bits() } else { byte };
    let longest = |step: &Step| match step {
        Step::Read(count) => *count,
        Step::Write(data) | Step::InPlace(data) => data.len(),
        Step::Transfer(count, data) => data.len().max(*count),
        Step::Delay(_) => 0,
    };
    if steps.iter().all(|step| longest(step) == 0) {
        return Err(ErrorKind::InvalidValue);
    }
    let mut next = chip.select();
    let mut buffers = Vec::new();
    for step in steps {
        let (kept, sent) = match step {
            Step::Read(count) => (*count, &[][..]),
            Step::Write(data) => (0, &data[..]),
            Step::Transfer(count, data) => (*count, &data[..]),
            Step::InPlace(data) => (data.len(), &data[..]),
            Step::Delay(_) => (0, &[][..]),
        };
        let mut buffer = Vec::new();
        for index in 0..longest(step) {
            buffer.push(turned(next));
            next = chip.exchange(turned(sent.get(index).copied().unwrap_or(0)));
        }
        buffer.truncate(kept);
        buffers.push(buffer);
    }
    Ok(buffers)
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..5)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..5usize).prop_map(Step::Read),
        3 => bytes().prop_map(Step::Write),
        3 => (0..5usize, bytes()).prop_map(|(count, data)| Step::Transfer(count, data)),
        3 => bytes().prop_map(Step::InPlace),
        1 => (0..500u64).prop_map(|time| Step::Delay(us(time))),
    ]
}

const MODES: [SpiMode; 4] = [SpiMode::Mode0, SpiMode::Mode1, SpiMode::Mode2, SpiMode::Mode3];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn spi_on_pins_is_as_by_a_controller_and_as_the_rules_say(
        mode in prop::sample::select(&MODES[..]),
        lsb_first in any::<bool>(),
        rate in prop::option::of(1_000..10_000_000u32),
        transactions in prop::collection::vec(prop::collection::vec(step(), 0..6), 1..4),
    ) {
        let boards = [mock::gpio(), mock::gpio()];
        let chip = Listener { mode, heard: Vec::new(), sum: 0x96 };
        let chips = boards.each_ref().map(|gpio| gpio.spi_chip(0, 0, chip.clone()));
        let soft = boards[1].spi(11).mosi(10).miso(9).select(8).mode(mode).lsb_first(lsb_first);
        let soft = rate.into_iter().fold(soft, SpiBuilder::max_rate);
        let hard = boards[0].hardware_spi(0, 0).mode(mode).lsb_first(lsb_first);
        let buses = [hard.open().unwrap(), soft.open().unwrap()];
        let mut reckoned = chip;
        for steps in transactions {
            let told = reckon_spi(&mut reckoned, lsb_first, &steps);
            let pause: Duration = steps.iter().map(|step| if let Step::Delay(time) = step { *time } else { us(0) }).sum();
            for ((bus, chip), gpio) in buses.iter().zip(&chips).zip(&boards) {
                let before = gpio.elapsed();
                prop_assert_eq!(&exchange(bus, &steps), &told, "{:?} {:?}", bus, steps);
                prop_assert_eq!(&chip.with(|chip| chip.heard.clone()), &reckoned.heard, "{:?}", bus);
                prop_assert!(told.is_err() || gpio.elapsed() - before >= pause);
            }
        }
    }
}

/// What a hand does to a wire, or to a chip on it.
#[derive(Debug, Clone)]
enum Touch {
    Drive(usize, bool),
    Release(usize),
    Wait(Duration),
    Fail(Option<Fault>),
    /// A short pulse on a wire.
    Glitch(usize),
    /// A clock, with this bit on data.
    Bit(bool),
    Start,
    Stop,
}

fn touch(wires: usize) -> impl Strategy<Value = Touch> {
    let faults = [
        None,
        Some(Fault::Silent),
        Some(Fault::Refuses(0)),
        Some(Fault::Refuses(2)),
        Some(Fault::Hangs),
        Some(Fault::Stretches(us(30))),
        Some(Fault::Noisy),
    ];
    prop_oneof![
        4 => (0..wires, any::<bool>()).prop_map(|(wire, is_high)| Touch::Drive(wire, is_high)),
        1 => (0..wires).prop_map(Touch::Release),
        2 => (0..wires).prop_map(Touch::Glitch),
        1 => (0..100u64).prop_map(|time| Touch::Wait(us(time))),
        1 => prop::sample::select(faults.to_vec()).prop_map(Touch::Fail),
        10 => any::<bool>().prop_map(Touch::Bit),
        1 => Just(Touch::Start),
        1 => Just(Touch::Stop),
    ]
}

/// Touches the wires; data is the first, the clock the second.
fn play(gpio: &MockGpio, pins: &[u32], touches: &[Touch], fail: impl Fn(Option<Fault>)) {
    let put = |wire: usize, is_high: bool| gpio.line(pins[wire]).drive(Level::from(is_high));
    for touch in touches {
        match touch {
            Touch::Drive(wire, is_high) => put(*wire, *is_high),
            Touch::Release(wire) => gpio.line(pins[*wire]).release(),
            Touch::Wait(time) => gpio.advance(*time),
            Touch::Fail(fault) => fail(*fault),
            Touch::Glitch(wire) => {
                let level = gpio.line(pins[*wire]).level();
                put(*wire, !level.is_high());
                put(*wire, level.is_high());
            }
            Touch::Bit(bit) => [(1, false), (0, *bit), (1, true), (1, false)]
                .into_iter()
                .for_each(|(wire, is_high)| put(wire, is_high)),
            Touch::Start => {
                [(0, true), (1, true), (0, false)].into_iter().for_each(|(wire, is_high)| put(wire, is_high));
            }
            Touch::Stop => {
                [(1, false), (0, false), (1, true), (0, true)]
                    .into_iter()
                    .for_each(|(wire, is_high)| put(wire, is_high));
            }
        }
    }
    pins.iter().for_each(|pin| gpio.line(*pin).release());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_chip_on_i2c_bears_anything_on_its_wires(touches in prop::collection::vec(touch(2), 0..120)) {
        let gpio = mock::gpio();
        let chip = gpio.i2c_chip(1, 0x20, Registers::new());
        gpio.i2c_chip(1, 0x120u16, Registers::new());
        gpio.i2c_chip(1, 0x00, Moody::default());
        play(&gpio, &[2, 3], &touches, |fault| chip.fail(fault));
        chip.fail(None);
        gpio.advance(us(50));
        // Whatever it was in, a controller calls it back.
        let i2c = gpio.soft_i2c(2, 3).open().unwrap();
        i2c.write(0x20, &[3, 0x5a]).unwrap();
        let mut data = [0];
        i2c.write_read(0x20, &[3], &mut data).unwrap();
        prop_assert_eq!(data, [0x5a]);
    }

    #[test]
    fn a_chip_on_spi_bears_anything_on_its_wires(
        touches in prop::collection::vec(touch(4), 0..120),
        mode in prop::sample::select(&MODES[..]),
    ) {
        let gpio = mock::gpio();
        let chip = gpio.spi_chip_on([11, 10, 9, 8], Registers::new());
        let script = gpio.spi_device([11, 10, 19, 8], mode);
        let adc = gpio.mcp3008([11, 10, 21, 8]);
        adc.set(1, 700);
        script.answer(&[1, 2, 3]);
        // Mosi takes the place of data.
        play(&gpio, &[10, 11, 9, 8], &touches, |fault| chip.fail(fault));
        chip.fail(None);
        let spi = gpio.spi(11).mosi(10).miso(9).select(8).open().unwrap();
        spi.write(&[3, 0x5a]).unwrap();
        let mut data = [0x83, 0];
        spi.transfer(&mut data).unwrap();
        prop_assert_eq!(data[1], 0x5a);
        drop(spi);
        let spi = gpio.spi(11).mosi(10).miso(21).select(8).open().unwrap();
        let mut data = [0x01, 0x90, 0];
        spi.transfer(&mut data).unwrap();
        prop_assert_eq!(u16::from_be_bytes([data[1], data[2]]) & 0x3ff, 700);
    }
}
