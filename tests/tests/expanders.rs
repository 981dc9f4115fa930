//! The pins of expanders: what each chip does that others do not, and what happens when one fails.

use std::error::Error as _;
use std::sync::mpsc;
use std::time::Duration;

use pinzero::board::Board;
use pinzero::expander::{Hc595, Mcp23s17, Mcp23017, Pca9685, Pcf8574};
use pinzero::mock::{self, Fault, I2cChip, MockChip, MockGpio};
use pinzero::prelude::*;
use pinzero::time::us;
use pinzero::{
    Bias, Capabilities, Drive, Error, ErrorKind, Gpio, Host, I2c, I2cAddress, I2cOperation, Level, Line,
    LineInfo, OnClose, PinFactory, Result, Support,
};
use pinzero_core::{I2cBus, I2cConfig, InputConfig, OutputConfig, OutputPin, Pin};
use pinzero_parts as parts;
use pinzero_tests::{Log, PATIENCE, at, eventually, receive};

/// An MCP23017 on the bus of a mock, whose interrupt is at GPIO4.
fn mcp23017(gpio: &MockGpio) -> Result<(MockChip<parts::Mcp23017>, I2c)> {
    let chip = gpio.i2c_chip(1, 0x20, parts::Mcp23017::new()).interrupt(gpio, 4);
    Ok((chip, gpio.i2c(1).open()?))
}

/// Drives pins of the model, and lets the interrupt be answered.
fn drive(gpio: &MockGpio, chip: &MockChip<parts::Mcp23017>, pins: &[(usize, Level)]) {
    chip.with(|chip| pins.iter().for_each(|(pin, level)| chip.pins.drive(*pin, Some(*level))));
    gpio.advance(ms(0));
}

fn unwrap_error<T>(result: Result<T>) -> Error {
    match result {
        Ok(_) => panic!("it must fail"),
        Err(error) => error,
    }
}

#[test]
fn devices_work_on_an_expander_as_on_the_board() -> Result<()> {
    let gpio = mock::gpio();
    let (chip, i2c) = mcp23017(&gpio)?;
    let expander = Mcp23017::builder(&i2c).interrupt(&gpio, 4).open()?;

    let led = Led::builder("GPB7").gpio(&expander).open()?;
    led.blink(ms(100), ms(100))?;
    gpio.advance(ms(50));
    assert!(chip.with(|chip| chip.pins.level(15).is_high()));
    gpio.advance(ms(100));
    assert!(!chip.with(|chip| chip.pins.level(15).is_high()));

    let button = Button::builder(0).gpio(&expander).open()?;
    let presses = Log::new();
    button.when_pressed({
        let (presses, led) = (presses.clone(), led.clone());
        move |event| {
            presses.push(event.at);
            // A handler uses the chip whose interrupt led to it.
            led.on()
        }
    });
    drive(&gpio, &chip, &[(0, Level::Low)]);
    assert_eq!(presses.take(), [at(150)]);
    assert!(chip.with(|chip| chip.pins.level(15).is_high()));
    assert_eq!(gpio.panics(), 0);
    Ok(())
}

#[test]
fn lines_have_the_names_of_the_data_sheet() -> Result<()> {
    let gpio = mock::gpio();
    let (_chip, i2c) = mcp23017(&gpio)?;
    gpio.i2c_chip(1, 0x38, parts::Pcf8574::new());
    gpio.i2c_chip(1, 0x40, parts::Pca9685::new());
    gpio.spi_chip(0, 0, parts::Hc595::new(3));
    let spi = gpio.hardware_spi(0, 0).open()?;
    for (expander, name, line) in [
        (Mcp23017::builder(&i2c).open()?, "GPA0", 0),
        (Mcp23017::builder(&i2c).open()?, "gpb7", 15),
        (Mcp23017::builder(&i2c).open()?, "GPIO9", 9),
        (Pcf8574::builder(&i2c).address(0x38).open()?, "P7", 7),
        (Pca9685::builder(&i2c).open()?, "LED15", 15),
        (Hc595::builder(&spi).chips(3).open()?, "QH", 7),
        (Hc595::builder(&spi).chips(3).open()?, "QA3", 16),
    ] {
        assert_eq!(expander.resolve(name)?.0, line, "{name}");
        let error = unwrap_error(expander.resolve("GPC0"));
        assert_eq!(error.kind(), ErrorKind::UnknownPin, "{error}");
    }
    for (expander, names) in [
        (Mcp23017::builder(&i2c).open()?, "GPA0 to GPA7, GPB0 to GPB7"),
        (Pca9685::builder(&i2c).open()?, "LED0 to LED7, LED8 to LED15"),
        (Hc595::builder(&spi).chips(3).open()?, "QA to QH, QA2 to QH2, QA3 to QH3"),
    ] {
        let text = unwrap_error(expander.resolve("GPC0")).to_string();
        assert!(text.contains(names) && text.contains("GPC0"), "{text}");
        assert_eq!(expander.resolve("gpio3")?, expander.resolve(3)?);
    }
    Ok(())
}

/// Counts the transactions that an MCP23017 takes part in.
struct Counted {
    chip: parts::Mcp23017,
    transactions: u32,
}

impl I2cChip for Counted {
    fn start(&mut self, is_read: bool) -> bool {
        self.chip.start(is_read)
    }

    fn write(&mut self, byte: u8) -> bool {
        self.chip.write(byte)
    }

    fn read(&mut self) -> u8 {
        self.chip.read()
    }

    fn stop(&mut self) {
        self.transactions += 1;
    }
}

#[test]
fn a_write_is_one_transaction_of_however_many_lines() -> Result<()> {
    let gpio = mock::gpio();
    let chip = gpio.i2c_chip(1, 0x20, Counted { chip: parts::Mcp23017::new(), transactions: 0 });
    let expander = Mcp23017::builder(&gpio.i2c(1).open()?).open()?;
    let count = || chip.with(|chip| std::mem::take(&mut chip.transactions));

    let led = expander.output(3).open()?;
    let all = expander.group([0, 1, 2, 8, 9, 15]).open()?;
    count();
    led.set(Level::High)?;
    assert_eq!(count(), 1);
    all.set(0b11_1111)?;
    assert_eq!(count(), 1);
    assert_eq!(all.levels()?, 0b11_1111);
    assert_eq!(count(), 1);
    all.set(0)?;
    assert_eq!(count(), 1);
    assert!(chip.with(|chip| chip.chip.pins.level(3).is_high()));
    // Nothing to write.
    led.set(Level::High)?;
    assert_eq!(count(), 0);
    Ok(())
}

#[test]
fn one_interrupt_tells_the_edges_of_all_lines_at_its_time() -> Result<()> {
    let gpio = mock::gpio();
    let (chip, i2c) = mcp23017(&gpio)?;
    let expander = Mcp23017::builder(&i2c).interrupt(&gpio, 4).open()?;
    let inputs = expander.inputs(0..16).bias(Bias::PullUp).open()?;
    let mut events = inputs.events();

    gpio.advance(ms(10));
    drive(&gpio, &chip, &[(2, Level::Low)]);
    gpio.advance(ms(10));
    // While the first one interrupts, both ports change, and one of the lines twice.
    drive(&gpio, &chip, &[(3, Level::Low), (3, Level::High), (9, Level::Low)]);
    let mut told = Vec::new();
    while let Some(event) = events.next_timeout(ms(5)) {
        told.push((event.index, event.event.at, event.event.level, event.event.missed));
    }
    assert_eq!(
        told,
        [
            (2, at(10), Level::Low, 0),
            (3, at(20), Level::Low, 0),
            (9, at(20), Level::Low, 0),
            (3, at(20), Level::High, 0),
        ]
    );
    assert!(!gpio.line(4).history().is_empty());
    assert!(gpio.line(4).level().is_high(), "the interrupt has been answered");
    Ok(())
}

#[test]
fn a_read_takes_no_edge_from_the_handlers() -> Result<()> {
    let gpio = mock::gpio();
    let (chip, i2c) = mcp23017(&gpio)?;
    let expander = Mcp23017::builder(&i2c).interrupt(&gpio, 4).open()?;
    let button = expander.input(0).bias(Bias::PullUp).open()?;
    let mut events = button.events();
    gpio.advance(ms(7));
    // The read comes before the interrupt is answered, and clears it.
    chip.with(|chip| chip.pins.drive(0, Some(Level::Low)));
    assert_eq!(button.level()?, Level::Low);
    gpio.advance(ms(1));
    chip.with(|chip| chip.pins.drive(0, Some(Level::High)));
    assert_eq!(button.level()?, Level::High);
    gpio.advance(ms(1));
    let told: Vec<_> =
        std::iter::from_fn(|| events.next_timeout(ms(1))).map(|event| (event.at, event.level)).collect();
    assert_eq!(told, [(at(7), Level::Low), (at(8), Level::High)]);
    Ok(())
}

#[test]
fn a_chip_that_was_gone_is_set_up_anew() -> Result<()> {
    let gpio = mock::gpio();
    let (chip, i2c) = mcp23017(&gpio)?;
    let expander = Mcp23017::builder(&i2c).interrupt(&gpio, 4).open()?;
    let lamp = expander.output(8).initial(Level::High).open()?;
    let led = expander.output(9).open()?;
    let button = expander.input(0).bias(Bias::PullUp).open()?;
    let mut events = button.events();

    chip.fail(Fault::Silent);
    let error = unwrap_error(led.set(Level::High));
    assert_eq!(error.kind(), ErrorKind::Disconnected, "{error}");
    let cause = error.source().and_then(|cause| cause.downcast_ref::<Error>()).map(Error::kind);
    assert_eq!(cause, Some(ErrorKind::NoAcknowledge));
    assert_eq!(unwrap_error(button.level()).kind(), ErrorKind::Disconnected);
    assert_eq!(led.last(), Level::Low);

    // It comes back after a loss of its supply.
    chip.with(|chip| *chip = parts::Mcp23017::new());
    chip.fail(None);
    led.set(Level::High)?;
    chip.with(|chip| {
        assert!(chip.pins.level(8).is_high() && chip.pins.level(9).is_high());
        assert!(chip.pins.is_output(8) && !chip.pins.is_output(0) && chip.pins.has_pull_up(0));
    });
    drive(&gpio, &chip, &[(0, Level::Low)]);
    assert_eq!(events.next_timeout(ms(1)).map(|event| event.level), Some(Level::Low));
    lamp.close()?;
    assert!(!chip.with(|chip| chip.pins.is_output(8)));
    Ok(())
}

#[test]
fn a_chip_that_does_not_answer_an_interrupt_is_asked_again() -> Result<()> {
    let gpio = mock::gpio();
    let (chip, i2c) = mcp23017(&gpio)?;
    let expander = Mcp23017::builder(&i2c).interrupt(&gpio, 4).open()?;
    let errors = Log::new();
    gpio.on_error({
        let errors = errors.clone();
        move |error| errors.push(error.kind())
    });
    let button = expander.input(0).bias(Bias::PullUp).open()?;
    let mut events = button.events();

    chip.fail(Fault::Silent);
    drive(&gpio, &chip, &[(0, Level::Low)]);
    assert_eq!(errors.take(), [ErrorKind::Disconnected]);
    gpio.advance(ms(2500));
    assert_eq!(errors.take(), []);
    chip.with(|chip| {
        *chip = parts::Mcp23017::new();
        chip.pins.drive(0, Some(Level::Low));
    });
    chip.fail(None);
    gpio.advance(secs(1));
    assert_eq!(events.next_timeout(ms(1)).map(|event| (event.at, event.level)), Some((at(3000), Level::Low)));
    drive(&gpio, &chip, &[(0, Level::High)]);
    assert_eq!(events.next_timeout(ms(1)).map(|event| event.level), Some(Level::High));
    Ok(())
}

#[test]
fn a_blink_ends_with_the_write_that_failed_and_can_start_anew() -> Result<()> {
    let gpio = mock::gpio();
    let (chip, i2c) = mcp23017(&gpio)?;
    let expander = Mcp23017::builder(&i2c).open()?;
    let errors = Log::new();
    expander.on_error({
        let errors = errors.clone();
        move |error| errors.push((error.kind(), error.to_string().contains("GPIO9")))
    });
    let led = Led::builder(9).gpio(&expander).open()?;
    led.blink(ms(30), ms(30))?;
    // Low since 90 ms; the next write, at 120 ms, fails.
    gpio.advance(ms(100));
    chip.fail(Fault::Silent);
    gpio.advance(ms(100));
    chip.fail(None);
    assert_eq!(errors.take(), [(ErrorKind::Disconnected, true)]);
    gpio.advance(ms(100));
    assert!(!chip.with(|chip| chip.pins.level(9).is_high()));

    led.blink(ms(30), ms(30))?;
    gpio.advance(ms(20));
    assert!(chip.with(|chip| chip.pins.level(9).is_high()));
    gpio.advance(ms(30));
    assert!(!chip.with(|chip| chip.pins.level(9).is_high()));
    assert_eq!(errors.take(), []);
    Ok(())
}

#[test]
fn a_chip_on_spi_that_is_gone_is_noticed_by_a_read() -> Result<()> {
    let gpio = mock::gpio();
    let chip = gpio.spi_chip(0, 0, parts::Mcp23s17::new(2));
    let expander = Mcp23s17::builder(&gpio.hardware_spi(0, 0).open()?).address(2).open()?;
    let lamp = expander.output(8).initial(Level::High).open()?;
    chip.fail(Fault::Silent);
    assert_eq!(unwrap_error(lamp.level()).kind(), ErrorKind::Disconnected);
    chip.with(|chip| *chip = parts::Mcp23s17::new(2));
    chip.fail(None);
    assert_eq!(lamp.level()?, Level::High);
    assert!(chip.with(|chip| chip.pins.level(8).is_high() && chip.pins.is_output(8)));

    // It may lose its supply between two reads, too.
    chip.with(|chip| *chip = parts::Mcp23s17::new(2));
    assert_eq!(unwrap_error(lamp.level()).kind(), ErrorKind::Disconnected);
    assert_eq!(lamp.level()?, Level::High);
    Ok(())
}

#[test]
fn a_pcf8574_and_a_pca9685_come_back_too() -> Result<()> {
    let gpio = mock::gpio();
    let port = gpio.i2c_chip(1, 0x20, parts::Pcf8574::new());
    let channels = gpio.i2c_chip(1, 0x40, parts::Pca9685::new());
    let i2c = gpio.i2c(1).open()?;
    let (eight, sixteen) = (Pcf8574::builder(&i2c).open()?, Pca9685::builder(&i2c).open()?);
    let lamp = eight.output(3).initial(Level::Low).open()?;
    let fan = sixteen.pwm(5).frequency(200.0).initial(0.25).open()?;

    port.fail(Fault::Hangs);
    channels.fail(Fault::Refuses(1));
    for error in [unwrap_error(lamp.set(Level::High)), unwrap_error(fan.set_duty(0.5))] {
        assert_eq!(error.kind(), ErrorKind::Disconnected, "{error}");
    }
    assert_eq!(fan.duty(), 0.25);
    port.with(|chip| *chip = parts::Pcf8574::new());
    channels.with(|chip| *chip = parts::Pca9685::new());
    port.fail(None);
    channels.fail(None);
    assert_eq!(lamp.level()?, Level::Low);
    fan.set_duty(0.25)?;
    assert_eq!(channels.with(|chip| (chip.steps(5), chip.is_asleep())), (1024, false));
    assert!(channels.with(|chip| chip.period().abs_diff(ms(5)) < us(82)));
    Ok(())
}

#[test]
fn a_pca9685_has_one_frequency_and_says_who_set_it() -> Result<()> {
    let gpio = mock::gpio();
    let chip = gpio.i2c_chip(1, 0x40, parts::Pca9685::new());
    let channels = Pca9685::builder(&gpio.i2c(1).open()?).open()?;
    let servo = Servo::builder(3).gpio(&channels).open()?;
    servo.mid()?;
    assert!(chip.with(|chip| chip.pulse(3)).abs_diff(us(1500)) < us(5));

    let error = unwrap_error(PwmLed::builder(4).gpio(&channels).open());
    assert_eq!(error.kind(), ErrorKind::InvalidFrequency);
    let text = error.to_string();
    assert!(text.contains("LED3 has set it to about 50 Hz"), "{text}");
    // The pin that was refused is free.
    let led = PwmLed::builder(4).frequency(50.0).gpio(&channels).open()?;
    led.set_value(0.5)?;
    assert_eq!(chip.with(|chip| chip.steps(4)), 2048);
    let relay = DigitalOutputDevice::builder(5).gpio(&channels).open()?;
    relay.on()?;
    assert_eq!(chip.with(|chip| chip.steps(5)), 4096);

    servo.close()?;
    led.close()?;
    let led = PwmLed::builder(4).frequency(1000.0).gpio(&channels).open()?;
    led.set_value(0.25)?;
    assert_eq!(chip.with(|chip| chip.steps(4)), 1024);
    for hertz in [20.0, 2000.0] {
        let error = unwrap_error(PwmLed::builder(6).frequency(hertz).gpio(&channels).open());
        assert_eq!(error.kind(), ErrorKind::InvalidFrequency, "{error}");
    }
    Ok(())
}

#[test]
fn a_pca9685_that_runs_already_keeps_its_other_channels() -> Result<()> {
    let gpio = mock::gpio();
    let chip = gpio.i2c_chip(1, 0x40, parts::Pca9685::new());
    let i2c = gpio.i2c(1).open()?;
    // Another program: awake, and channel 7 at a quarter.
    i2c.write(0x40, &[0x00, 0x20])?;
    i2c.write(0x40, &[0x06 + 4 * 7, 0, 0, 0, 0x04])?;
    let channels = Pca9685::builder(&i2c).open()?;
    let led = channels.output(0).initial(Level::High).open()?;
    let fan = channels.output(7).initial(Level::High).open()?;
    assert_eq!(chip.with(|chip| (chip.steps(0), chip.steps(7))), (4096, 4096));
    fan.close()?;
    led.close()?;
    assert_eq!(chip.with(|chip| (chip.steps(0), chip.steps(7))), (0, 1024));
    Ok(())
}

#[test]
fn a_chain_of_74hc595_is_one_row_of_outputs() -> Result<()> {
    let gpio = mock::gpio();
    let chain = gpio.spi_chip(0, 0, parts::Hc595::new(3));
    let spi = gpio.hardware_spi(0, 0).open()?;
    let outputs = Hc595::builder(&spi).chips(3).initial(0b1).open()?;
    let shown = || chain.with(|chain| chain.outputs().to_vec());
    assert_eq!(shown(), [1, 0, 0]);

    let last = outputs.output("QH3").initial(Level::High).open()?;
    let middle = outputs.group(8..16).initial(0x5a).open()?;
    assert_eq!(shown(), [1, 0x5a, 0x80]);
    middle.set(0xff)?;
    assert_eq!((shown(), middle.levels()?), (vec![1, 0xff, 0x80], 0xff));
    last.close()?;
    middle.close()?;
    assert_eq!(shown(), [1, 0, 0]);
    drop(outputs.output(9).initial(Level::High).on_close(OnClose::Keep).open()?);
    assert_eq!(shown(), [1, 2, 0]);

    let error = unwrap_error(outputs.input(0).open());
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    let error = unwrap_error(Hc595::builder(&spi).chips(2).open());
    assert_eq!(error.kind(), ErrorKind::InvalidValue, "{error}");
    Ok(())
}

#[test]
fn a_chain_of_74hc595_that_nothing_reaches_is_refused() -> Result<()> {
    let gpio = mock::gpio();
    let whole = gpio.hardware_spi(0, 0).open()?;
    let other = gpio.hardware_spi(0, 1).open()?;
    let chain = Hc595::builder(&whole).initial(0b1).open()?;
    // Who joins need not repeat the levels.
    drop(Hc595::builder(&whole).open()?);
    drop(Hc595::builder(&whole).initial(0b1).open()?);
    for (builder, words) in [
        (Hc595::builder(&gpio.spi(5).miso(6).select(13).open()?), "`mosi`"),
        (Hc595::builder(&gpio.spi(22).mosi(23).open()?), "RCLK"),
        (Hc595::builder(&gpio.hardware_spi(1, 0).unselected().open()?), "RCLK"),
        (Hc595::builder(&other).initial(0x1ff), "QA to QH"),
        (Hc595::builder(&other).chips(2).initial(0x1_0000), "QA2 to QH2"),
        (Hc595::builder(&whole).initial(0b10), "`initial`"),
    ] {
        let error = unwrap_error(builder.open());
        assert_eq!(error.kind(), ErrorKind::InvalidValue, "{error}");
        assert!(error.to_string().contains(words), "{words:?} is missing in {error}");
    }
    let error = unwrap_error(Mcp23s17::builder(&gpio.hardware_spi(1, 1).unselected().open()?).open());
    assert!(error.kind() == ErrorKind::InvalidValue && error.to_string().contains("its CS"), "{error}");
    // The one that was refused does not count as a user.
    chain.close()?;
    Hc595::builder(&whole).initial(0b10).open()?.close()
}

#[test]
fn an_error_of_a_chip_names_the_pin_and_the_factory() -> Result<()> {
    let gpio = mock::gpio();
    let (chip, i2c) = mcp23017(&gpio)?;
    let channels = gpio.i2c_chip(1, 0x40, parts::Pca9685::new());
    let expander = Mcp23017::builder(&i2c).open()?;
    let sixteen = Pca9685::builder(&i2c).open()?;
    let led = Led::builder(9).gpio(&expander).open()?;
    let button = Button::builder(2).gpio(&expander).open()?;
    let turned = expander.flex(3).open()?;
    let bar = expander.group([4, 5]).open()?;
    let plain = Led::builder(6).gpio(&sixteen).open()?;
    let fan = sixteen.pwm(7).frequency(200.0).open()?;
    chip.fail(Fault::Silent);
    channels.fail(Fault::Silent);
    for (error, pin, factory) in [
        (unwrap_error(led.on()), "GPIO9", "mcp23017"),
        (unwrap_error(button.is_pressed()), "GPIO2", "mcp23017"),
        (unwrap_error(turned.turn(Drive::Output(Level::High))), "GPIO3", "mcp23017"),
        (unwrap_error(bar.set(1)), "GPIO4", "mcp23017"),
        (unwrap_error(expander.output(10).open()), "GPIO10", "mcp23017"),
        (unwrap_error(plain.on()), "GPIO6", "pca9685"),
        (unwrap_error(fan.set_duty(0.5)), "GPIO7", "pca9685"),
        (unwrap_error(sixteen.output(8).initial(Level::High).open()), "GPIO8", "pca9685"),
    ] {
        assert_eq!(error.kind(), ErrorKind::Disconnected, "{error}");
        assert!(error.to_string().contains(pin), "{pin} is missing in {error}");
        assert!(error.to_string().ends_with(&format!("(factory {factory})")), "{error}");
    }
    Ok(())
}

#[test]
fn a_pcf8574_leaves_what_another_program_has_switched_on() -> Result<()> {
    let gpio = mock::gpio();
    let chip = gpio.i2c_chip(1, 0x20, parts::Pcf8574::new());
    let i2c = gpio.i2c(1).open()?;
    i2c.write(0x20, &[0b1110_1111])?;
    let expander = Pcf8574::builder(&i2c).open()?;
    let led = expander.output(0).initial(Level::Low).open()?;
    assert_eq!(chip.with(|chip| chip.levels()), 0b1110_1110);
    led.close()?;
    assert_eq!(chip.with(|chip| chip.levels()), 0b1110_1111);

    // As an input it is let go of, now and after close: something outside may drive it.
    let button = expander.input(4).bias(Bias::PullUp).open()?;
    assert_eq!(button.level()?, Level::High);
    button.close()?;
    assert_eq!(chip.with(|chip| chip.levels()), 0xff);
    Ok(())
}

#[test]
fn what_a_chip_cannot_do_is_refused_with_the_reason() -> Result<()> {
    let gpio = mock::gpio();
    let (_chip, i2c) = mcp23017(&gpio)?;
    gpio.i2c_chip(1, 0x27, parts::Pcf8574::new());
    gpio.i2c_chip(1, 0x40, parts::Pca9685::new());
    let ports = Mcp23017::builder(&i2c).open()?;
    let quasi = Pcf8574::builder(&i2c).address(0x27).open()?;
    let channels = Pca9685::builder(&i2c).open()?;
    for (result, words) in [
        (ports.input(0).bias(Bias::PullDown).open().map(drop), "pull-ups only"),
        (ports.output(0).on_close(OnClose::Input(Bias::PullDown)).open().map(drop), "pull-ups only"),
        (quasi.input(0).bias(Bias::Disabled).open().map(drop), "weak pull-up"),
        (channels.input(0).open().map(drop), "input"),
        (channels.output(0).on_close(OnClose::Input(Bias::AsIs)).open().map(drop), "input"),
    ] {
        let error = unwrap_error(result);
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        assert!(error.to_string().contains(words), "{words:?} is missing in {error}");
    }
    for (result, kind) in [
        (Mcp23017::builder(&i2c).address(0x25).open(), ErrorKind::NoAcknowledge),
        (Mcp23017::builder(&i2c).address(0x30).open(), ErrorKind::InvalidValue),
        (Pcf8574::builder(&i2c).address(0x30).open(), ErrorKind::InvalidValue),
        (Pca9685::builder(&i2c).address(0x20).open(), ErrorKind::InvalidValue),
        (Mcp23s17::builder(&gpio.hardware_spi(0, 1).open()?).open(), ErrorKind::NoAcknowledge),
    ] {
        let error = unwrap_error(result);
        assert_eq!(error.kind(), kind, "{error}");
    }
    Ok(())
}

#[test]
fn all_factories_on_a_chip_share_its_lines_and_its_registers() -> Result<()> {
    let gpio = mock::gpio();
    let (chip, i2c) = mcp23017(&gpio)?;
    let one = Mcp23017::builder(&i2c).interrupt(&gpio, 4).open()?;
    let other = Mcp23017::builder(&gpio.i2c(1).open()?).open()?;
    assert_eq!(one.host(), other.host());
    let left = one.output(0).initial(Level::High).open()?;
    assert_eq!(unwrap_error(other.output(0).open()).kind(), ErrorKind::PinInUse);
    let right = other.output(1).initial(Level::High).open()?;
    left.set(Level::Low)?;
    left.set(Level::High)?;
    assert!(chip.with(|chip| chip.pins.level(0).is_high() && chip.pins.level(1).is_high()));
    let error = unwrap_error(Mcp23017::builder(&i2c).interrupt(&gpio, 5).open());
    assert_eq!(error.kind(), ErrorKind::InvalidValue, "{error}");
    gpio.input(5).open()?.close()?;

    // A chip at the same address of another board is another one.
    let far = mock::gpio();
    let (_chip, far_i2c) = mcp23017(&far)?;
    let third = Mcp23017::builder(&far_i2c).open()?;
    assert_ne!(one.host(), third.host());

    // Once all are closed, the interrupt pin is free.
    drop(right);
    one.close()?;
    assert_eq!(unwrap_error(gpio.input(4).open()).kind(), ErrorKind::PinInUse);
    other.close()?;
    gpio.input(4).open()?.close()?;
    Ok(())
}

#[test]
fn a_chip_of_another_kind_at_the_same_address_is_refused() -> Result<()> {
    let gpio = mock::gpio();
    let (_chip, i2c) = mcp23017(&gpio)?;
    gpio.i2c_chip(1, 0x40, parts::Pca9685::new());
    let eight = Pcf8574::builder(&i2c).open()?;
    let again = Pcf8574::builder(&gpio.i2c(1).open()?).open()?;
    let error = unwrap_error(Mcp23017::builder(&i2c).open());
    assert_eq!(error.kind(), ErrorKind::PinInUse, "{error}");
    let text = error.to_string();
    assert!(text.contains("pcf8574") && text.contains(file!()), "{text}");

    // With the last of its factories, and if none could be opened, the address is free.
    eight.close()?;
    assert_eq!(unwrap_error(Mcp23017::builder(&i2c).open()).kind(), ErrorKind::PinInUse);
    again.close()?;
    assert_eq!(unwrap_error(Mcp23017::builder(&i2c).address(0x21).open()).kind(), ErrorKind::NoAcknowledge);
    drop(i2c.reserve(0x21, "Other")?);
    let sixteen = Mcp23017::builder(&i2c).open()?;
    let text = unwrap_error(i2c.reserve(0x20, "Other")).to_string();
    assert!(text.contains("mcp23017") && text.contains(file!()), "{text}");
    drop(sixteen);
    drop(i2c.reserve(0x20, "Other")?);

    // A chip whose bus was closed is opened anew through another handle of that bus.
    let other = gpio.i2c(1).open()?;
    let one = Pca9685::builder(&other).open()?;
    other.close()?;
    let two = Pca9685::builder(&i2c).open()?;
    drop(one);
    assert_eq!(unwrap_error(i2c.reserve(0x40, "Other")).kind(), ErrorKind::PinInUse);
    drop(two);
    drop(i2c.reserve(0x40, "Other")?);
    Ok(())
}

#[test]
fn an_interrupt_pin_on_another_clock_is_refused() -> Result<()> {
    let gpio = mock::gpio();
    let (chip, i2c) = mcp23017(&gpio)?;
    for other in [mock::gpio(), mock::builder().realtime().exit_guard(false).open()] {
        let error = unwrap_error(Mcp23017::builder(&i2c).interrupt(&other, 4).open());
        assert_eq!(error.kind(), ErrorKind::InvalidValue, "{error}");
        assert!(error.to_string().contains("the same `Gpio`"), "{error}");
    }

    // A chip that is reached through the `Gpio` of the bus is on its clock.
    gpio.i2c_chip(1, 0x21, parts::Mcp23017::new());
    let other = Mcp23017::builder(&i2c).address(0x21).interrupt(&gpio, 5).open()?;
    let expander = Mcp23017::builder(&i2c).interrupt(&other, 0).open()?;
    assert_eq!(expander.capabilities().edges, Support::Native);
    drop(chip);
    Ok(())
}

#[test]
fn a_chip_says_where_it_is() -> Result<()> {
    let gpio = mock::gpio();
    let (_chip, i2c) = mcp23017(&gpio)?;
    let Host::Virtual(number) = gpio.host() else { panic!("a mock has virtual pins") };
    let expander = Mcp23017::builder(&i2c).open()?;
    let place = format!("mcp23017 at 0x20 on I2C bus 1 of mock {number}");
    assert_eq!(expander.host(), Host::Chip(place));
    Ok(())
}

#[test]
fn the_pins_are_closed_before_the_bus_that_they_need() -> Result<()> {
    let gpio = mock::gpio();
    let (chip, i2c) = mcp23017(&gpio)?;
    let expander = Mcp23017::builder(&i2c).interrupt(&gpio, 4).open()?;
    let lamp = expander.output(3).initial(Level::High).open()?;
    gpio.close()?;
    assert!(lamp.is_closed() && expander.is_closed());
    assert!(!chip.with(|chip| chip.pins.is_output(3)), "restored, over a bus that was still open");
    assert_eq!(unwrap_error(expander.output(4).open()).kind(), ErrorKind::Closed);
    Ok(())
}

#[test]
fn in_real_time_edges_come_though_a_handler_blocks() -> Result<()> {
    let gpio = mock::builder().realtime().exit_guard(false).open();
    let (chip, i2c) = mcp23017(&gpio)?;
    let expander = Mcp23017::builder(&i2c).interrupt(&gpio, 4).open()?;
    let press = |pin: usize| chip.with(|chip| chip.pins.drive(pin, Some(Level::Low)));

    // A handler of the board's own pins, which takes its time.
    let (go_on, blocked) = mpsc::channel::<()>();
    let board = gpio.input(17).bias(Bias::PullUp).open()?;
    board.on(pinzero::EventKind::Deactivated, move |_| {
        let _ = blocked.recv_timeout(PATIENCE);
    });
    gpio.line(17).drive(Level::Low);

    let (sender, presses) = mpsc::channel();
    let button = Button::builder("GPB0").gpio(&expander).open()?;
    button.when_pressed(move |event| {
        let _ = sender.send(event.at);
    });
    let before = gpio.now();
    press(8);
    let when = receive(&presses);
    assert!(when >= before && when <= gpio.now());
    drop(go_on);

    // The thread ends with the factory.
    drop(button);
    drop(expander);
    eventually("the interrupt pin is free", || gpio.input(4).open().is_ok());
    Ok(())
}

#[test]
fn a_bus_on_any_pins_carries_pins_in_real_time() -> Result<()> {
    let gpio = mock::builder().realtime().exit_guard(false).open();
    let chip = gpio.i2c_chip_on(23, 24, 0x20, parts::Mcp23017::new());
    let i2c = gpio.soft_i2c(23, 24).open()?;
    let expander = Mcp23017::builder(&i2c).open()?;
    let led = expander.output(0).initial(Level::High).open()?;
    assert!(chip.with(|chip| chip.pins.level(0).is_high()));
    assert_eq!(led.level()?, Level::High);

    // On a virtual clock, its pauses would move the clock in the middle of a write.
    let gpio = mock::gpio();
    gpio.i2c_chip_on(23, 24, 0x20, parts::Mcp23017::new());
    let error = unwrap_error(Mcp23017::builder(&gpio.soft_i2c(23, 24).open()?).open());
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("gpio.i2c(1)"), "{error}");
    Ok(())
}

#[test]
fn a_poll_sees_what_lasts() -> Result<()> {
    let gpio = mock::gpio();
    let (chip, i2c) = mcp23017(&gpio)?;
    let expander = Mcp23017::builder(&i2c).open()?;
    let button = Button::builder(0).gpio(&expander).open()?;
    gpio.after(ms(12), {
        let chip = chip.clone();
        move || chip.with(|chip| chip.pins.drive(0, Some(Level::Low)))
    })?;
    button.wait_for_press()?;
    assert_eq!(gpio.elapsed(), Duration::from_millis(15));
    Ok(())
}

/// Pins of another computer, with an I2C bus.
struct Far;

impl PinFactory for Far {
    fn name(&self) -> &'static str {
        "far"
    }

    fn host(&self) -> Host {
        Host::Remote("pi.local".to_owned())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { i2c: Support::Native, ..Capabilities::NONE }
    }

    fn board(&self) -> Board {
        Board::generic(0)
    }

    fn find_line(&self, _: &str) -> Result<Option<Line>> {
        Ok(None)
    }

    fn line_info(&self, _: Line) -> Result<LineInfo> {
        Ok(LineInfo::default())
    }

    fn open_output(&self, _: Line, _: OutputConfig) -> Result<Box<dyn OutputPin>> {
        Err(Error::unsupported("an output"))
    }

    fn open_input(&self, _: Line, _: InputConfig) -> Result<Box<dyn Pin>> {
        Err(Error::unsupported("an input"))
    }

    fn open_i2c(&self, _: I2cConfig) -> Result<Box<dyn I2cBus>> {
        Ok(Box::new(FarBus))
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

struct FarBus;

impl I2cBus for FarBus {
    fn transfer(&self, _: I2cAddress, _: &mut [I2cOperation<'_>]) -> Result<()> {
        panic!("nothing must go over the network while a lock is held")
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn a_bus_of_another_computer_is_refused() -> Result<()> {
    let gpio = Gpio::builder(Far).exit_guard(false).open()?;
    let error = unwrap_error(Mcp23017::builder(&gpio.i2c(1).open()?).open());
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("must not wait for the network"), "{error}");
    Ok(())
}
