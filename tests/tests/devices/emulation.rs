//! What core does where a backend lacks a power: the mock's powers switched off, one at a time.

use pinzero::mock::{self, MockGpio};
use pinzero::prelude::*;
use pinzero::time::Instant;
use pinzero::{Capabilities, Drive, ErrorKind, Support};
use pinzero_core::{Bias, EventKind, SpiMode};
use pinzero_tests::{Log, without_hanging};

/// A mock with other powers.
fn without(switch_off: impl FnOnce(&mut Capabilities)) -> MockGpio {
    let mut capabilities = mock::gpio().capabilities();
    capabilities.spi = Support::None;
    switch_off(&mut capabilities);
    mock::builder().capabilities(capabilities).open()
}

#[test]
fn without_edges_the_line_is_read_at_set_times() -> pinzero::Result<()> {
    let gpio = without(|powers| powers.edges = Support::None);
    assert_eq!(gpio.capabilities().edges, Support::Emulated);
    let input = gpio.input(2).bias(Bias::PullUp).active(Level::Low).poll_interval(ms(10)).open()?;
    let mut events = input.events();
    // Seen at 20 and 30 ms; the pulse between 41 and 49 ms falls between two looks.
    let steps = [(11, Level::Low), (29, Level::High), (41, Level::Low), (49, Level::High)];
    gpio.line(2).script(steps.map(|(at, level)| (ms(at), level)));
    gpio.advance(ms(100));
    let seen: Vec<_> =
        std::iter::from_fn(|| events.try_next()).map(|event| (event.kind, event.at.as_nanos())).collect();
    assert_eq!(seen, [(EventKind::Activated, 20_000_000), (EventKind::Deactivated, 30_000_000)]);
    Ok(())
}

#[test]
fn without_edges_a_button_is_a_button() -> pinzero::Result<()> {
    let gpio = without(|powers| powers.edges = Support::None);
    let button = Button::builder(2).bounce_time(ms(20)).gpio(&gpio).open()?;
    let led = Led::builder(17).gpio(&gpio).open()?;
    button.when_double_clicked(move |_| led.on());
    gpio.line(2).press(ms(100));
    gpio.advance(ms(200));
    gpio.line(2).press(ms(100));
    gpio.advance(ms(200));
    assert_eq!(gpio.line(17).level(), Level::High);
    button.close()?;
    assert_eq!(gpio.line(2).level(), Level::High);
    Ok(())
}

#[test]
fn without_edges_a_flexible_line_is_read_while_it_listens() -> pinzero::Result<()> {
    let gpio = without(|powers| powers.edges = Support::None);
    let line = gpio.flex(17).start(Drive::Output(Level::Low)).open()?;
    let mut edges = line.edges();
    line.turn(Drive::Output(Level::High))?;
    gpio.advance(ms(20));
    line.turn(Drive::Input(Bias::PullUp))?;
    gpio.line(17).script([(ms(1), Level::Low), (ms(11), Level::High)]);
    gpio.advance(ms(20));
    let heard = std::iter::from_fn(|| edges.try_next());
    let heard: Vec<_> = heard.map(|edge| (edge.at - Instant::ZERO, edge.level)).collect();
    assert_eq!(heard, [(ms(25), Level::Low), (ms(35), Level::High)]);
    Ok(())
}

#[test]
fn without_edges_a_wait_ends_with_whatever_can_still_happen() -> pinzero::Result<()> {
    let gpio = without(|powers| powers.edges = Support::None);
    let input = gpio.input(2).poll_interval(ms(10)).open()?;
    let other = gpio.input(22).poll_interval(ms(7)).settle(ms(15)).open()?;
    let lamp = gpio.output(17).open()?;
    gpio.wire(22, 17);
    // What has happened already has still to be seen, and so has what that sets off.
    input.on(EventKind::Deactivated, move |_| lamp.set(Level::High));
    gpio.line(2).drive(Level::Low);
    other.wait_for(true)?;
    assert_eq!(gpio.elapsed(), ms(29));
    gpio.line(2).script([(secs(60), Level::High)]);
    input.wait_for(true)?;
    assert_eq!(gpio.elapsed(), secs(60) + ms(30));
    Ok(())
}

#[test]
#[should_panic = "deadlock"]
fn without_edges_a_wait_that_cannot_end_says_so() {
    let gpio = without(|powers| powers.edges = Support::None);
    let _other = gpio.input(4).poll_interval(secs(1)).open().unwrap();
    let _ = without_hanging(move || gpio.input(2).poll_interval(secs(1)).open().unwrap().wait_for(false));
}

#[test]
fn without_inputs_there_are_no_edges_to_emulate() {
    let gpio = without(|powers| (powers.input, powers.edges) = (Support::None, Support::None));
    assert_eq!(gpio.capabilities().edges, Support::None);
    assert_eq!(Button::builder(2).gpio(&gpio).open().unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn what_a_factory_calls_emulated_it_does_not_have() -> pinzero::Result<()> {
    let emulated = Support::Emulated;
    let gpio = without(|powers| (powers.group, powers.pwm, powers.keep) = (emulated, emulated, emulated));
    let powers = gpio.capabilities();
    assert_eq!((powers.group, powers.pwm, powers.keep), (emulated, emulated, Support::None));
    drop(gpio.group([17, 27]).open()?);
    assert!(gpio.pwm(18).open()?.is_software());
    let gpio = without(|powers| (powers.output, powers.group) = (emulated, Support::None));
    assert_eq!((gpio.capabilities().output, gpio.capabilities().group), (Support::None, Support::None));
    Ok(())
}

#[test]
fn a_group_means_the_same_with_and_without_the_power() -> pinzero::Result<()> {
    for power in [Support::Native, Support::None] {
        let gpio = without(|powers| powers.group = power);
        assert!(gpio.capabilities().group.is_available());
        let group = gpio.group([22, 17, 27]).initial(0b001).open()?;
        assert_eq!(gpio.line(22).level(), Level::High);
        group.set_masked(0b110, 0b100)?;
        assert_eq!((group.last(), group.levels()?, gpio.line(27).level()), (0b101, 0b101, Level::High));
        assert_eq!(group.set(0b1000).unwrap_err().kind(), ErrorKind::InvalidValue);
        assert_eq!(Led::builder(17).gpio(&gpio).open().unwrap_err().kind(), ErrorKind::PinInUse);

        let other = group.clone();
        group.close()?;
        assert_eq!(other.set(0).unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!(gpio.line(22).level(), Level::Low);
        drop(Led::builder(17).gpio(&gpio).open()?);
    }
    Ok(())
}

#[test]
fn a_group_is_opened_as_a_whole_or_not_at_all() -> pinzero::Result<()> {
    for power in [Support::Native, Support::None] {
        let gpio = without(|powers| powers.group = power);
        gpio.line(27).hold_by(Some("spi0 CS1"));
        assert_eq!(gpio.group([17, 27]).initial(0b11).open().unwrap_err().kind(), ErrorKind::Busy);
        assert_eq!(gpio.line(17).level(), Level::Low);
        let twice = gpio.group([17, 17]).open().unwrap_err();
        assert_eq!(twice.kind(), ErrorKind::InvalidValue);
        assert!(twice.to_string().contains("it is given twice"), "{twice}");
        assert_eq!(gpio.group::<i32>([]).open().unwrap_err().kind(), ErrorKind::InvalidValue);
        let beyond = gpio.group([2, 3]).initial(0b100).open().unwrap_err();
        assert_eq!(beyond.kind(), ErrorKind::InvalidValue);
        assert!(gpio.group([2, 3]).initial(0b11).open().is_ok(), "the lines stay free");
        drop(Led::builder(17).gpio(&gpio).open()?);
    }
    Ok(())
}

#[test]
fn with_the_power_all_lines_of_a_group_change_before_anybody_is_told() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let group = gpio.group([17, 27]).open()?;
    gpio.wire(17, 4);
    let seen = std::sync::Arc::new(std::sync::Mutex::new(None));
    let input = gpio.input(4).open()?;
    input.on(EventKind::Activated, {
        let (gpio, seen) = (gpio.clone(), seen.clone());
        move |_| *seen.lock().unwrap() = Some(gpio.line(27).level())
    });
    group.set(0b11)?;
    assert_eq!(*seen.lock().unwrap(), Some(Level::High));
    Ok(())
}

#[test]
fn spi_carries_every_byte_both_ways_in_all_modes() -> pinzero::Result<()> {
    let every: Vec<u8> = (0..=255).collect();
    for mode in [SpiMode::Mode0, SpiMode::Mode1, SpiMode::Mode2, SpiMode::Mode3] {
        let gpio = mock::gpio();
        assert_eq!(gpio.capabilities().spi, Support::Emulated);
        let device = gpio.spi_device([11, 10, 9, 8], mode);
        let answers: Vec<u8> = every.iter().rev().copied().collect();
        device.answer(&answers);
        let spi = gpio.spi(11).mosi(10).miso(9).select(8).mode(mode).open()?;
        let mut data = every.clone();
        spi.transfer(&mut data[..100])?;
        spi.transfer(&mut data[100..])?;
        assert_eq!((data, device.received()), (answers, every.clone()), "{mode:?}");
    }
    Ok(())
}

#[test]
fn spi_keeps_to_its_rate_and_selects_for_the_transfer_alone() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let spi = gpio.spi(11).mosi(10).select(8).max_rate(1_000).open()?;
    assert_eq!(gpio.line(8).level(), Level::High);
    spi.write(&[0b1010_0000])?;
    assert_eq!(gpio.elapsed(), ms(8));
    let rising: Vec<_> =
        gpio.line(11).history().into_iter().filter(|(_, level)| level.is_high()).map(|c| c.0).collect();
    assert_eq!(rising, (0..8).map(|bit| us(500 + 1000 * bit)).collect::<Vec<_>>());
    let data = gpio.line(10).history();
    let expected = [(ms(0), Level::High), (ms(1), Level::Low), (ms(2), Level::High), (ms(3), Level::Low)];
    assert_eq!(data, expected);
    assert_eq!(spi.read(2)?, [0, 0]);
    Ok(())
}

#[test]
fn spi_sends_the_lowest_bit_first_if_told_to() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    let device = gpio.spi_device([11, 10, 9, 8], SpiMode::Mode0);
    device.answer(&[0b0000_0001]);
    let spi = gpio.spi(11).mosi(10).miso(9).select(8).lsb_first(true).open()?;
    let mut data = [0b0000_0011];
    spi.transfer(&mut data)?;
    assert_eq!((data, device.received()), ([0b1000_0000], vec![0b1100_0000]));
    Ok(())
}

#[test]
fn spi_refuses_what_cannot_be() -> pinzero::Result<()> {
    let gpio = mock::gpio();
    assert_eq!(gpio.spi(11).select(8).open().unwrap_err().kind(), ErrorKind::InvalidValue);
    assert_eq!(gpio.spi(11).mosi(11).open().unwrap_err().kind(), ErrorKind::InvalidValue);
    assert_eq!(gpio.spi("3V3").mosi(10).open().unwrap_err().kind(), ErrorKind::NotGpio);
    let spi = gpio.spi(11).mosi(10).open()?;
    spi.close()?;
    assert_eq!(spi.write(&[1]).unwrap_err().kind(), ErrorKind::Closed);
    drop(Led::builder(11).gpio(&gpio).open()?);
    Ok(())
}

#[test]
fn a_callback_in_the_middle_of_a_transfer_is_refused_the_bus() -> pinzero::Result<()> {
    let heard = without_hanging(|| {
        let gpio = mock::gpio();
        let spi = gpio.spi(11).mosi(10).max_rate(1_000).open()?;
        let heard = Log::new();
        let input = gpio.input(2).open()?;
        input.on(EventKind::Deactivated, {
            let (spi, heard) = (spi.clone(), heard.clone());
            move |_| heard.push(spi.write(&[1]).map_err(|error| error.kind()))
        });
        gpio.line(2).script([(ms(1), Level::Low), (ms(100), Level::High), (ms(101), Level::Low)]);
        spi.write(&[0xff; 4])?;
        // It was sent as a whole, and when it is over the bus is anybody's.
        assert_eq!(gpio.elapsed(), ms(32));
        gpio.advance(ms(100));
        pinzero::Result::Ok(heard.take())
    })?;
    assert_eq!(heard, [Err(ErrorKind::PinInUse), Ok(())]);
    Ok(())
}

#[test]
fn transfers_of_several_threads_wait_for_each_other() -> pinzero::Result<()> {
    let gpio = mock::builder().realtime().open();
    let device = gpio.spi_device([11, 10, 9, 8], SpiMode::Mode0);
    let spi = gpio.spi(11).mosi(10).select(8).max_rate(5_000).open()?;
    std::thread::scope(|scope| {
        for byte in [0x00, 0xff, 0xa5] {
            let spi = &spi;
            scope.spawn(move || spi.write(&[byte; 3]).unwrap());
        }
    });
    let mut received = device.received();
    let whole: Vec<u8> = received.chunks(3).flat_map(|chunk| [chunk[0]; 3]).collect();
    assert_eq!(received, whole);
    received.sort_unstable();
    assert_eq!(received, [0x00, 0x00, 0x00, 0xa5, 0xa5, 0xa5, 0xff, 0xff, 0xff]);
    Ok(())
}
