//! The traits of embedded-hal, by generic functions alone, as drivers use the handles.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which fail where they cannot go on")]

use std::cell::RefCell;
use std::sync::Mutex;
use std::time::{Duration, Instant as Wall};

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{ErrorType, InputPin, OutputPin, StatefulOutputPin};
use embedded_hal::i2c::{self, ErrorKind as I2cError, NoAcknowledgeSource};
use embedded_hal::pwm::SetDutyCycle;
use embedded_hal::spi::{self, SpiBus, SpiDevice};
use embedded_hal_async::delay::DelayNs as AsyncDelayNs;
use embedded_hal_async::digital::Wait;
use embedded_hal_bus::spi::{MutexDevice, RefCellDevice};
use pinzero::mock::{self, Fault, I2cChip, MockGpio, Registers, SpiChip};
use pinzero::time::{ms, us};
use pinzero::{Bias, ErrorKind, EventKind, I2c, Level, Spi, SpiMode};
use pinzero_tests::{Log, block_on, eventually, poll, without_hanging};

/// Notes what the wires bring: `(` and `)` for the select, bytes in hex; `^` and the time for a delay in between.
struct Tape {
    log: Log<String>,
    next: u8,
}

impl Tape {
    fn new() -> (Self, Log<String>) {
        let log = Log::new();
        (Tape { log: log.clone(), next: 0 }, log)
    }
}

impl SpiChip for Tape {
    fn select(&mut self) -> u8 {
        self.log.push("(".to_owned());
        self.next
    }

    fn exchange(&mut self, received: u8) -> u8 {
        self.log.push(format!("{received:02x}"));
        self.next += 1;
        self.next
    }

    fn deselect(&mut self) {
        self.log.push(")".to_owned());
    }
}

impl I2cChip for Tape {
    fn start(&mut self, is_read: bool) -> bool {
        self.log.push(if is_read { "s" } else { "S" }.to_owned());
        true
    }

    fn write(&mut self, byte: u8) -> bool {
        self.log.push(format!("{byte:02x}"));
        true
    }

    fn read(&mut self) -> u8 {
        self.next += 1;
        self.log.push(format!("<{:02x}", self.next));
        self.next
    }

    fn stop(&mut self) {
        self.log.push("P".to_owned());
    }
}

fn blink<P: StatefulOutputPin>(pin: &mut P) -> Result<Vec<bool>, P::Error> {
    let mut seen = Vec::new();
    pin.set_low()?;
    seen.push(pin.is_set_high()?);
    pin.toggle()?;
    seen.push(pin.is_set_high()?);
    pin.toggle()?;
    seen.push(pin.is_set_low()?);
    pin.set_state(embedded_hal::digital::PinState::High)?;
    seen.push(pin.is_set_high()?);
    Ok(seen)
}

fn levels<P: InputPin>(pin: &mut P) -> Result<(bool, bool), P::Error> {
    Ok((pin.is_high()?, pin.is_low()?))
}

#[test]
fn levels_of_pins_are_electrical() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let mut relay = gpio.output(17).open()?;
    assert_eq!(blink(&mut relay)?, [false, true, true, true]);
    assert_eq!(gpio.line(17).level(), Level::High);
    // By `&mut`, as a driver may hold it.
    assert_eq!(blink(&mut &mut relay)?, [false, true, true, true]);

    let mut button = gpio.input(24).active(Level::Low).bias(Bias::PullUp).open()?;
    assert!(!button.is_active()?);
    assert_eq!(levels(&mut button)?, (true, false));
    gpio.line(24).drive(Level::Low);
    assert!(button.is_active()?);
    assert_eq!(levels(&mut button)?, (false, true));

    // A device that is active when low gives its output away.
    let device = pinzero::DigitalOutputDevice::builder(27).active_high(false).gpio(&gpio).open()?;
    let mut output = device.output().clone();
    output.set_low()?;
    assert!(device.is_active()?);
    assert_eq!(gpio.line(27).level(), Level::Low);
    Ok(())
}

#[test]
fn lines_that_turn_are_both_ways() -> pinzero::Result<()> {
    fn pull_low<P: OutputPin + InputPin>(pin: &mut P) -> Result<[bool; 2], <P as ErrorType>::Error> {
        pin.set_low()?;
        let low = pin.is_low()?;
        pin.set_high()?;
        Ok([low, pin.is_high()?])
    }
    let gpio = mock::gpio();
    let mut data = gpio.open_drain(4).open()?;
    assert_eq!(pull_low(&mut data)?, [true, true]);
    assert_eq!(blink(&mut data)?, [false, true, true, true]);
    // Released, not driven: another may pull the line low.
    gpio.line(4).drive(Level::Low);
    assert_eq!(levels(&mut data)?, (false, true));
    assert!(StatefulOutputPin::is_set_high(&mut data)?);
    let mut flex = gpio.flex(5).open()?;
    assert_eq!(pull_low(&mut flex)?, [true, true]);
    assert_eq!(gpio.line(5).function(), pinzero::LineFunction::Output);
    Ok(())
}

#[test]
fn a_duty_cycle_is_a_fraction_of_the_greatest() -> pinzero::Result<()> {
    fn dim<P: SetDutyCycle>(pin: &mut P, step: usize) -> Result<(), P::Error> {
        match step {
            0 => pin.set_duty_cycle(0),
            1 => pin.set_duty_cycle(pin.max_duty_cycle()),
            2 => pin.set_duty_cycle_fraction(1, 4),
            3 => pin.set_duty_cycle_percent(75),
            4 => pin.set_duty_cycle_fully_off(),
            _ => pin.set_duty_cycle_fully_on(),
        }
    }
    let gpio = mock::gpio();
    let mut pwm = gpio.pwm(18).frequency(1_000.0).open()?;
    let expected = [0, 1_000_000, 250_000, 750_000, 0, 1_000_000];
    for (step, expected) in expected.into_iter().enumerate() {
        dim(&mut pwm, step)?;
        let pulses = gpio.line(18).pulses();
        let pulse = pulses.last().map(|pulse| pulse.pulse.as_nanos()).unwrap_or_default();
        // The fraction is rounded to one of 65,535 steps.
        assert!(pulse.abs_diff(expected) < 20, "step {step}: {pulse} ns");
    }
    assert!(gpio.line(18).pulses().iter().all(|pulse| pulse.period == ms(1)));
    Ok(())
}

/// Runs a test on the controller of a new mock, and on another one bit by bit.
fn by_both(test: impl Fn(&MockGpio, I2c)) {
    let gpio = mock::gpio();
    test(&gpio, gpio.i2c(1).open().unwrap());
    let gpio = mock::gpio();
    test(&gpio, gpio.soft_i2c(2, 3).open().unwrap());
}

/// What a driver does to a chip in all ways that the trait has.
fn drive_i2c<A: i2c::AddressMode + Copy, B: i2c::I2c<A>>(
    bus: &mut B,
    address: A,
) -> Result<[u8; 4], B::Error> {
    let mut data = [0; 4];
    let (one, rest) = data.split_at_mut(1);
    bus.write(address, &[1])?;
    bus.read(address, one)?;
    bus.write_read(address, &[2, 3], rest)?;
    let (first, second) = rest.split_at_mut(2);
    bus.transaction(
        address,
        &mut [
            i2c::Operation::Write(&[4]),
            i2c::Operation::Write(&[]),
            i2c::Operation::Write(&[5]),
            i2c::Operation::Read(first),
            i2c::Operation::Read(&mut []),
            i2c::Operation::Read(second),
            i2c::Operation::Write(&[6]),
        ],
    )?;
    bus.transaction(address, &mut [])?;
    // A list of registers that happens to be empty.
    bus.write_read(address, &[7], &mut [])?;
    bus.write_read(address, &[], one)?;
    Ok(data)
}

#[test]
fn a_driver_of_i2c_runs_with_addresses_of_both_lengths() {
    const FIRST: &str = "S 01 P s <01 P S 02 03 s <02 <03 <04 P S 04 05 s <05 <06 <07 S 06 P S 07 P s <08 P";
    by_both(|gpio, mut i2c| {
        let (tape, log) = Tape::new();
        gpio.i2c_chip(1, 0x42, tape);
        assert_eq!(drive_i2c(&mut i2c, 0x42u8).unwrap(), [8, 5, 6, 7]);
        assert_eq!(log.take().join(" "), FIRST);
        let (tape, log) = Tape::new();
        gpio.i2c_chip(1, 0x242u16, tape);
        assert_eq!(drive_i2c(&mut &mut i2c, 0x242u16).unwrap(), [8, 5, 6, 7]);
        // A read alone begins with a write of the address.
        assert_eq!(log.take().join(" "), FIRST.replace("P s", "P S s"),);
    });
}

#[test]
fn errors_of_i2c_have_the_kinds_of_the_trait() {
    fn tell<B: i2c::I2c>(bus: &mut B) -> Result<(), I2cError> {
        bus.write(0x20, &[1, 2]).map_err(|error| i2c::Error::kind(&error))
    }
    by_both(|gpio, mut i2c| {
        let by_address = I2cError::NoAcknowledge(NoAcknowledgeSource::Address);
        assert_eq!(tell(&mut i2c), Err(by_address));
        let chip = gpio.i2c_chip(1, 0x20, Registers::new());
        for (fault, kind) in [
            (Fault::Silent, by_address),
            (Fault::Refuses(0), I2cError::NoAcknowledge(NoAcknowledgeSource::Data)),
            (Fault::Refuses(1), I2cError::NoAcknowledge(NoAcknowledgeSource::Data)),
            (Fault::Hangs, I2cError::Bus),
        ] {
            chip.fail(fault);
            assert_eq!(tell(&mut i2c), Err(kind), "{fault:?}");
        }
        chip.fail(None);
        assert_eq!(tell(&mut i2c), Ok(()));
        let wrong = i2c::I2c::write(&mut i2c, 0x80u8, &[1]).map_err(|error| i2c::Error::kind(&error));
        assert_eq!(wrong, Err(I2cError::Other));
        i2c.close().unwrap();
        assert_eq!(tell(&mut i2c), Err(I2cError::Other));
    });
}

/// Another controller on the wires drives data low where ours sends a one.
#[test]
fn a_lost_arbitration_leaves_the_bus_to_the_winner() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let i2c = gpio.soft_i2c(2, 3).max_rate(10_000).open()?;
    // The start ends at 150 µs. The first bit of the address is a one, and is read back at 250 µs.
    for (time, level) in [(us(120), Level::Low), (us(255), Level::High), (us(270), Level::Low)] {
        let winner = gpio.clone();
        gpio.after(time, move || {
            if level.is_high() { winner.line(2).release() } else { winner.line(2).drive(level) }
        })?;
    }
    let mut driver = i2c.clone();
    let error = i2c::I2c::write(&mut driver, 0x60u8, &[0]).unwrap_err();
    assert_eq!(i2c::Error::kind(&error), I2cError::ArbitrationLoss);
    assert_eq!(error.kind(), ErrorKind::ArbitrationLost);
    gpio.advance(ms(1));
    gpio.line(2).release();
    assert_eq!([gpio.line(2).level(), gpio.line(3).level()], [Level::High; 2]);
    // From then on neither wire is ours: the winner's bits are as it sends them.
    let data: Vec<_> = gpio.line(2).history().into_iter().filter(|change| change.0 > us(250)).collect();
    assert_eq!(data, [(us(255), Level::High), (us(270), Level::Low), (data[2].0, Level::High)]);
    let clock = gpio.line(3).history();
    assert!(clock.iter().all(|change| change.0 <= us(200)), "{clock:?}");
    Ok(())
}

fn by_both_spi(test: impl Fn(&MockGpio, Spi)) {
    let gpio = mock::gpio();
    test(&gpio, gpio.hardware_spi(0, 0).open().unwrap());
    let gpio = mock::gpio();
    test(&gpio, gpio.spi(11).mosi(10).miso(9).select(8).open().unwrap());
}

/// Returns what came in, and how long the transaction took.
fn drive_spi<D: SpiDevice>(device: &mut D) -> Result<Vec<u8>, D::Error> {
    let (mut read, mut shorter, mut longer, mut place) = ([0xee; 2], [0xee; 1], [0xee; 3], [0xa0, 0xa1]);
    device.transaction(&mut [
        spi::Operation::Write(&[1]),
        spi::Operation::Write(&[]),
        spi::Operation::Read(&mut read),
        spi::Operation::DelayNs(2_000_000),
        spi::Operation::Transfer(&mut shorter, &[2, 3]),
        spi::Operation::Transfer(&mut longer, &[4]),
        spi::Operation::TransferInPlace(&mut place),
        spi::Operation::Transfer(&mut [], &[5]),
    ])?;
    Ok([&read[..], &shorter, &longer, &place].concat())
}

#[test]
fn a_device_is_selected_once_in_a_transaction() {
    by_both_spi(|gpio, mut device| {
        let (tape, log) = Tape::new();
        gpio.spi_chip(0, 0, tape);
        let before = gpio.elapsed();
        assert_eq!(drive_spi(&mut device).unwrap(), [1, 2, 3, 5, 6, 7, 8, 9]);
        assert_eq!(log.take().join(" "), "( 01 00 00 02 03 04 00 00 a0 a1 05 )");
        assert_eq!(gpio.elapsed() - before, ms(2));
        device.write(&[9]).unwrap();
        device.transfer_in_place(&mut [8]).unwrap();
        SpiDevice::write(&mut device, &[7]).unwrap();
        SpiDevice::transfer(&mut device, &mut [0], &[6]).unwrap();
        assert_eq!(log.take().join(" "), "( 09 ) ( 08 ) ( 07 ) ( 06 )");
        // Nothing to send: not an error.
        SpiDevice::transaction(&mut device, &mut []).unwrap();
        SpiDevice::write(&mut device, &[]).unwrap();
        assert!(log.take().is_empty());
    });
}

/// A transaction that has only a pause still takes its time.
#[test]
fn a_pause_alone_is_kept() {
    by_both_spi(|gpio, mut device| {
        let before = gpio.elapsed();
        SpiDevice::transaction(&mut device, &mut [spi::Operation::DelayNs(5_000)]).unwrap();
        assert_eq!(gpio.elapsed() - before, us(5));
    });
}

#[test]
fn a_bus_without_a_select_is_shared_by_its_drivers() -> pinzero::Result<()> {
    for by_controller in [true, false] {
        let gpio = mock::gpio();
        let chips = [25, 24].map(|select| gpio.spi_chip_on([11, 10, 9, select], Registers::new()));
        let bus = match by_controller {
            true => gpio.hardware_spi(0, 0).unselected().open()?,
            false => gpio.spi(11).mosi(10).miso(9).open()?,
        };
        let select = |pin: u32| gpio.output(pin).initial(Level::High).open();
        let put = |device: &mut dyn FnMut(&mut [spi::Operation<'_, u8>]), value: u8| {
            let mut data = [0];
            device(&mut [spi::Operation::Write(&[5, value])]);
            device(&mut [spi::Operation::Write(&[0x85]), spi::Operation::Read(&mut data)]);
            assert_eq!(data, [value], "by a controller: {by_controller}");
        };
        let bus = RefCell::new(bus.into_bus()?);
        let (selects, delay) = ([select(25)?, select(24)?], gpio.delay());
        for (select, value) in selects.iter().zip([10, 20]) {
            let mut device = RefCellDevice::new(&bus, select.clone(), delay.clone()).unwrap();
            put(&mut |operations| device.transaction(operations).unwrap(), value);
        }
        let bus = Mutex::new(bus.into_inner());
        for (select, value) in selects.iter().zip([11, 21]) {
            let mut device = MutexDevice::new(&bus, select.clone(), delay.clone()).unwrap();
            put(&mut |operations| device.transaction(operations).unwrap(), value);
        }
        assert_eq!(chips.map(|chip| chip.with(|chip| chip.get(5))), [11, 21]);
        // Nobody is selected: nobody listens, and nobody answers.
        let mut data = [5, 0x55];
        let mut bus = bus.into_inner().unwrap();
        bus.transfer_in_place(&mut data)?;
        bus.flush()?;
    }
    let gpio = mock::gpio();
    let error = gpio.hardware_spi(0, 0).open()?.into_bus().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidValue);
    Ok(())
}

#[test]
fn a_delay_is_exact_on_a_virtual_clock_and_never_short_in_real_time() {
    fn wait<D: DelayNs>(mut delay: D) {
        delay.delay_ns(1);
        delay.delay_us(2);
        delay.delay_ms(3);
    }
    const WHOLE: Duration = Duration::from_nanos(3_002_001);
    let gpio = mock::gpio();
    wait(gpio.delay());
    assert_eq!(gpio.elapsed(), WHOLE);
    let mut delay = gpio.delay();
    block_on(async {
        AsyncDelayNs::delay_ns(&mut delay, 1).await;
        AsyncDelayNs::delay_us(&mut delay, 2).await;
        AsyncDelayNs::delay_ms(&mut delay, 3).await;
    });
    assert_eq!(gpio.elapsed(), 2 * WHOLE);

    let gpio = mock::builder().realtime().open();
    let start = Wall::now();
    wait(gpio.delay());
    assert!(start.elapsed() >= WHOLE);
    let start = Wall::now();
    DelayNs::delay_ns(&mut gpio.delay(), 99_999);
    assert!(start.elapsed() >= Duration::from_nanos(99_999));
    let start = Wall::now();
    block_on(AsyncDelayNs::delay_us(&mut gpio.delay(), 300));
    assert!(start.elapsed() >= us(300));
}

#[test]
fn a_delay_goes_on_when_the_factory_is_closed() {
    for gpio in [mock::gpio(), mock::builder().realtime().open()] {
        gpio.close().unwrap();
        let before = gpio.now();
        DelayNs::delay_us(&mut gpio.delay(), 150);
        without_hanging({
            let mut delay = gpio.delay();
            move || block_on(AsyncDelayNs::delay_us(&mut delay, 150))
        });
        assert!(gpio.now() - before >= us(300));
    }
    // One that has begun, too.
    let gpio = mock::builder().realtime().open();
    let mut delay = gpio.delay();
    let mut pause = Box::pin(async move { AsyncDelayNs::delay_ms(&mut delay, 20).await });
    assert!(poll(&mut pause).is_pending());
    gpio.close().unwrap();
    without_hanging(move || block_on(pause));
}

/// A handler may run a driver to its end: nothing that the driver waits for may need the thread of the handlers.
#[test]
fn an_async_delay_ends_in_a_handler() -> pinzero::Result<()> {
    for gpio in [mock::gpio(), mock::builder().realtime().open()] {
        let input = gpio.input(24).open()?;
        let log = Log::new();
        let (done, mut delay) = (log.clone(), gpio.delay());
        input.on(EventKind::Activated, move |_| {
            block_on(AsyncDelayNs::delay_ms(&mut delay, 2));
            done.push(());
        });
        gpio.line(24).drive(Level::High);
        eventually("the handler ends", || !log.take().is_empty());
    }
    Ok(())
}

#[test]
fn tokio_runs_waits_and_delays() -> pinzero::Result<()> {
    async fn script<P: Wait, D: AsyncDelayNs>(pin: &mut P, delay: &mut D) -> Result<(), P::Error> {
        pin.wait_for_low().await?;
        pin.wait_for_rising_edge().await?;
        delay.delay_us(100).await;
        pin.wait_for_high().await?;
        pin.wait_for_falling_edge().await?;
        pin.wait_for_any_edge().await
    }
    for is_real in [false, true] {
        let done = without_hanging(move || -> pinzero::Result<()> {
            let gpio = if is_real { mock::builder().realtime().open() } else { mock::gpio() };
            // Active when low: the trait's levels are the wire's all the same.
            let mut input = gpio.input(24).active(Level::Low).bias(Bias::PullDown).open()?;
            let line = gpio.clone();
            let mut is_high = false;
            let _beat = gpio.every(ms(3), move |_| {
                is_high = !is_high;
                line.line(24).drive(Level::from(is_high));
            })?;
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(script(&mut input, &mut gpio.delay()))?;
            if !is_real {
                assert_eq!(gpio.elapsed(), ms(9));
            }
            Ok(())
        });
        done?;
    }
    Ok(())
}

/// A future that is dropped takes nothing with it, and leaves nothing behind.
#[test]
fn waits_and_delays_may_be_dropped_half_way() -> pinzero::Result<()> {
    let gpio = mock::builder().time_by_hand().open();
    let mut input = gpio.input(24).open()?;
    let mut other = input.clone();
    for _ in 0..1_000 {
        let mut edge = Box::pin(input.wait_for_any_edge());
        assert!(poll(&mut edge).is_pending());
        drop(edge);
        let mut high = Box::pin(input.wait_for_high());
        assert!(poll(&mut high).is_pending());
        drop(high);
        let mut delay = gpio.delay();
        let mut pause = Box::pin(AsyncDelayNs::delay_ms(&mut delay, 5));
        assert!(poll(&mut pause).is_pending());
    }
    let mut rising = Box::pin(other.wait_for_rising_edge());
    let mut edge = Box::pin(input.wait_for_any_edge());
    assert!(poll(&mut rising).is_pending() && poll(&mut edge).is_pending());
    drop(edge);
    gpio.line(24).drive(Level::High);
    assert!(matches!(poll(&mut rising), std::task::Poll::Ready(Ok(()))));
    let mut high = Box::pin(input.wait_for_high());
    assert!(matches!(poll(&mut high), std::task::Poll::Ready(Ok(()))));
    drop(high);
    // An edge of the past is none: it was over when the wait began.
    let mut again = Box::pin(input.wait_for_rising_edge());
    assert!(poll(&mut again).is_pending());
    drop((again, rising));
    let mut closed = Box::pin(input.wait_for_any_edge());
    assert!(poll(&mut closed).is_pending());
    other.close()?;
    assert!(
        matches!(poll(&mut closed), std::task::Poll::Ready(Err(error)) if error.kind() == ErrorKind::Closed)
    );
    Ok(())
}

/// Asked byte by byte, as a driver of a display does in another mode than the first.
#[test]
fn modes_are_those_of_the_handle() -> pinzero::Result<()> {
    struct InMode(SpiMode, Tape);
    impl SpiChip for InMode {
        fn exchange(&mut self, received: u8) -> u8 {
            self.1.exchange(received)
        }
        fn mode(&self) -> SpiMode {
            self.0
        }
    }
    for mode in [SpiMode::Mode0, SpiMode::Mode1, SpiMode::Mode2, SpiMode::Mode3] {
        by_both_mode(mode, |gpio, mut device| {
            let (tape, log) = Tape::new();
            gpio.spi_chip(0, 0, InMode(mode, tape));
            let mut data = [0x81, 0x7e, 0];
            SpiDevice::transfer_in_place(&mut device, &mut data).unwrap();
            assert_eq!((data, log.take().join(" ")), ([0, 1, 2], "81 7e 00".to_owned()), "{mode:?}");
        });
    }
    Ok(())
}

fn by_both_mode(mode: SpiMode, test: impl Fn(&MockGpio, Spi)) {
    let gpio = mock::gpio();
    test(&gpio, gpio.hardware_spi(0, 0).mode(mode).open().unwrap());
    let gpio = mock::gpio();
    test(&gpio, gpio.spi(11).mosi(10).miso(9).select(8).mode(mode).open().unwrap());
}

fn greet<P: embedded_io::Read + embedded_io::Write>(port: &mut P) -> Result<[u8; 4], P::Error> {
    let mut answer = [0; 4];
    assert_eq!(port.write(b"").unwrap_or(1), 0);
    port.write_all(b"hello\n")?;
    port.flush()?;
    assert_eq!(port.read(&mut []).unwrap_or(1), 0);
    // Byte by byte: what is left stays.
    for byte in &mut answer {
        port.read(std::slice::from_mut(byte))?;
    }
    Ok(answer)
}

#[test]
fn a_serial_port_is_read_and_written_by_both_pairs_of_traits() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let device = gpio.serial_device("/dev/serial0");
    let mut port = gpio.serial("/dev/serial0").timeout(ms(50)).open()?;
    device.answer(b"okay");
    assert_eq!(greet(&mut port)?, *b"okay");
    assert_eq!(device.received(), b"hello\n");
    let error = embedded_io::Read::read(&mut port, &mut [0]).unwrap_err();
    assert_eq!(embedded_io::Error::kind(&error), embedded_io::ErrorKind::TimedOut);

    device.answer(b"one\ntwo\n");
    let lines = std::io::BufRead::lines(std::io::BufReader::new(port.clone()));
    let lines: Vec<_> = lines.take(2).map(Result::unwrap).collect();
    assert_eq!(lines, ["one", "two"]);
    std::io::Write::write_fmt(&mut port, format_args!("{}-{}", 1, 2)).unwrap();
    assert_eq!(device.received(), b"1-2");
    let error = std::io::Read::read(&mut port, &mut [0]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    port.close()?;
    let error = embedded_io::Write::write(&mut port, b"x").unwrap_err();
    assert_eq!(embedded_io::Error::kind(&error), embedded_io::ErrorKind::NotConnected);
    Ok(())
}
