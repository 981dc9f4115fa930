//! Light sensors on virtual time: charges, events, and what becomes of the line.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use pinzero::board::Board;
use pinzero::mock::{self, MockCapacitor, MockFactory, MockGpio};
use pinzero::options::Charged;
use pinzero::prelude::*;
use pinzero::{Bias, Builder, Capabilities, Drive, ErrorKind, LineFunction, LineInfo, Result, Support};
use pinzero_core::{FlexConfig, FlexPin, Host, InputConfig, Line, OutputConfig, OutputPin, Pin, PinFactory};
use pinzero_tests::{Log, block_on, receive};

const DISCHARGE: Duration = ms(100);

type Options = fn(Builder<LightSensor, Charged>) -> Builder<LightSensor, Charged>;

/// A sensor with a capacitor on pin 18. Each sample counts alone.
fn sensor(
    charge: impl Into<Option<Duration>>,
    options: Options,
) -> Result<(MockGpio, MockCapacitor, LightSensor)> {
    let gpio = mock::gpio();
    let capacitor = gpio.capacitor(18, ms(5));
    capacitor.set_charge_time(charge);
    let sensor = options(LightSensor::builder(18).queue_len(1)).gpio(&gpio).open()?;
    Ok((gpio, capacitor, sensor))
}

#[test]
fn the_value_is_the_charge_time_left_of_the_limit() -> Result<()> {
    for (charge, value, took) in [
        (Some(ms(0)), 1.0, ms(0)),
        (Some(us(2500)), 0.75, us(2500)),
        (Some(ms(5)), 0.5, ms(5)),
        (Some(us(9999)), 0.0001, us(9999)),
        (Some(ms(10)), 0.0, ms(10)),
        (Some(us(10_001)), 0.0, ms(10)),
        (Some(secs(3)), 0.0, ms(10)),
        (None, 0.0, ms(10)),
    ] {
        let (gpio, _capacitor, sensor) = sensor(charge, |builder| builder)?;
        let measured = sensor.value()?;
        assert!((measured - value).abs() < 1e-9, "{measured} for {charge:?}");
        assert_eq!(gpio.elapsed(), DISCHARGE + took, "{charge:?}");
        assert_eq!(sensor.light_detected()?, value > 0.1);
        // And again, from an empty capacitor.
        gpio.advance(secs(1));
        assert!((sensor.value()? - value).abs() < 1e-9, "{:?} for {charge:?}", sensor.value());
    }
    Ok(())
}

#[test]
fn the_limit_can_be_set() -> Result<()> {
    let (_gpio, _capacitor, sensor) = sensor(ms(25), |builder| builder.charge_time_limit(ms(100)))?;
    assert_eq!((sensor.value()?, sensor.charge_time_limit()), (0.75, ms(100)));
    let gpio = mock::gpio();
    gpio.capacitor(18, us(50));
    for limit in [us(0), us(99)] {
        let error = LightSensor::builder(18).charge_time_limit(limit).gpio(&gpio).open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        let message = error.to_string();
        assert!(
            message.contains("100 µs") && message.contains("LightSensor") && message.contains("GPIO18"),
            "{message}"
        );
    }
    let shortest = LightSensor::builder(18).charge_time_limit(us(100)).queue_len(1).gpio(&gpio).open()?;
    assert_eq!(shortest.value()?, 0.5);
    shortest.close()?;
    let longest =
        LightSensor::builder(18).charge_time_limit(Duration::MAX).queue_len(1).gpio(&gpio).open()?;
    assert_eq!(longest.value()?, 1.0);
    Ok(())
}

#[test]
fn the_threshold_is_dark() -> Result<()> {
    for (charge, is_light) in [(us(5001), false), (ms(5), false), (us(4999), true)] {
        let (_gpio, _capacitor, sensor) = sensor(charge, |builder| builder.threshold(0.5))?;
        assert_eq!(sensor.light_detected()?, is_light, "{charge:?}");
    }
    let gpio = mock::gpio();
    for threshold in [0.0, 1.0, f64::NAN] {
        let error = LightSensor::builder(18).threshold(threshold).gpio(&gpio).open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        assert!(error.to_string().contains("LightSensor"), "{error}");
    }
    Ok(())
}

#[test]
fn light_and_darkness_come_at_the_sample_that_decides() -> Result<()> {
    let gpio = mock::gpio();
    let capacitor = gpio.capacitor(18, ms(1));
    capacitor.set_charge_time(None);
    let sensor = LightSensor::builder(18).gpio(&gpio).open()?;
    let log = Log::new();
    let (light, dark) = (log.clone(), log.clone());
    sensor.when_light(move |event| light.push(("light", event.at.as_nanos() / 1_000_000, event.lasted)));
    sensor.when_dark(move |event| dark.push(("dark", event.at.as_nanos() / 1_000_000, event.lasted)));
    sensor.wait_for_dark()?;
    assert_eq!(gpio.elapsed(), ms(5 * 110), "the queue is full, and no event tells of the first state");
    capacitor.set_charge_time(ms(2));
    sensor.wait_for_light()?;
    // Three of the five decide.
    assert_eq!((gpio.elapsed(), sensor.value()?), (ms(550 + 3 * 102), 0.8));
    capacitor.set_charge_time(ms(20));
    assert!(!sensor.wait_for_dark_timeout(ms(200))?);
    assert!(sensor.wait_for_dark_timeout(ms(200))?);
    assert!(!sensor.wait_for_light_timeout(ms(100))?);
    capacitor.set_charge_time(ms(0));
    block_on(sensor.activated())?;
    let told = log.take();
    assert_eq!(told[..2], [("light", 856, ms(0)), ("dark", 856 + 330, ms(330))]);
    assert_eq!((told.len(), told[2].0), (3, "light"));
    Ok(())
}

#[test]
fn a_partial_sensor_is_dark_at_first() -> Result<()> {
    let (gpio, _capacitor, sensor) = sensor(ms(1), |builder| builder.queue_len(5).partial(true))?;
    assert_eq!((sensor.value()?, sensor.light_detected()?, gpio.elapsed()), (0.0, false, ms(0)));
    gpio.advance(ms(101));
    assert_eq!((sensor.value()?, sensor.light_detected()?), (0.9, true));
    Ok(())
}

/// The rise is never told: it is as in the dark, and the next charge is timed rightly.
#[test]
fn a_lost_edge_spoils_one_sample() -> Result<()> {
    let (gpio, _capacitor, sensor) = sensor(ms(5), |builder| builder)?;
    gpio.line(18).lose(1);
    assert_eq!((sensor.value()?, gpio.elapsed()), (0.0, ms(110)));
    gpio.advance(ms(105));
    assert_eq!(sensor.value()?, 0.5);
    Ok(())
}

/// A noisy rise: what comes after the measurement is not measured.
#[test]
fn only_the_first_rise_counts() -> Result<()> {
    let gpio = mock::gpio();
    let sensor = LightSensor::builder(18).queue_len(1).gpio(&gpio).open()?;
    gpio.line(18).script([
        (ms(104), Level::High),
        (ms(105), Level::Low),
        (ms(106), Level::High),
        (ms(107), Level::Low),
    ]);
    gpio.advance(ms(150));
    assert_eq!(sensor.value()?, 0.6);
    gpio.advance(ms(65));
    assert_eq!(sensor.value()?, 0.0, "the next sample, 110 ms later");
    Ok(())
}

#[test]
fn a_close_in_the_middle_of_a_charge_leaves_the_line_as_it_was() -> Result<()> {
    for moment in [ms(50), ms(103)] {
        let gpio = mock::gpio();
        let before = (gpio.line(18).function(), gpio.line(18).bias());
        let capacitor = gpio.capacitor(18, ms(5));
        let sensor = LightSensor::builder(18).gpio(&gpio).open()?;
        let clone = sensor.clone();
        gpio.after(moment, move || clone.close())?;
        assert_eq!(sensor.wait_for_light().unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!((gpio.elapsed(), sensor.is_closed()), (moment, true));
        assert_eq!((gpio.line(18).function(), gpio.line(18).bias()), before);
        assert_eq!(before.0, LineFunction::Input);
        let writes = gpio.line(18).writes();
        gpio.advance(secs(1));
        assert_eq!((gpio.line(18).writes(), gpio.line(18).function()), (writes, LineFunction::Input));
        assert_eq!(format!("{sensor:?}"), "LightSensor(GPIO18, closed)");
        capacitor.set_charge_time(ms(1));
        assert_eq!(LightSensor::builder(18).gpio(&gpio).open()?.value()?, 0.9);
    }
    Ok(())
}

#[test]
fn a_line_without_a_pull_of_its_own_is_needed() -> Result<()> {
    let gpio = mock::gpio();
    // A resistor on the board would charge the capacitor.
    let error = LightSensor::builder(2).gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FixedPull);
    assert!(error.to_string().contains("LightSensor") && error.to_string().contains("GPIO2"), "{error}");
    gpio.input(2).open()?.close()?;

    let (native, none) = (gpio.capabilities(), Support::None);
    let gpio = mock::builder().capabilities(Capabilities { flex: none, ..native }).open();
    let error = LightSensor::builder(18).gpio(&gpio).open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("LightSensor"), "{error}");

    let gpio = mock::builder().capabilities(Capabilities { bias: none, ..native }).open();
    gpio.capacitor(18, ms(5));
    assert_eq!(LightSensor::builder(18).gpio(&gpio).open()?.value()?, 0.5);
    Ok(())
}

/// A mock whose flexible lines refuse to turn to this function.
#[derive(Debug, Clone)]
struct Stubborn {
    factory: Arc<MockFactory>,
    refuses_inputs: Arc<AtomicBool>,
    refuses_outputs: Arc<AtomicBool>,
}

#[derive(Debug)]
struct StubbornPin(Box<dyn FlexPin>, Stubborn);

impl PinFactory for Stubborn {
    fn name(&self) -> &'static str {
        "stubborn"
    }

    fn host(&self) -> Host {
        self.factory.host()
    }

    fn capabilities(&self) -> Capabilities {
        self.factory.capabilities()
    }

    fn board(&self) -> Board {
        self.factory.board()
    }

    fn find_line(&self, name: &str) -> Result<Option<Line>> {
        self.factory.find_line(name)
    }

    fn line_info(&self, line: Line) -> Result<LineInfo> {
        self.factory.line_info(line)
    }

    fn open_output(&self, line: Line, config: OutputConfig) -> Result<Box<dyn OutputPin>> {
        self.factory.open_output(line, config)
    }

    fn open_input(&self, line: Line, config: InputConfig) -> Result<Box<dyn Pin>> {
        self.factory.open_input(line, config)
    }

    fn open_flex(&self, line: Line, config: FlexConfig) -> Result<Box<dyn FlexPin>> {
        Ok(Box::new(StubbornPin(self.factory.open_flex(line, config)?, self.clone())))
    }

    fn close(&self) -> Result<()> {
        self.factory.close()
    }
}

impl Pin for StubbornPin {
    fn level(&self) -> Result<Level> {
        self.0.level()
    }

    fn close(&self) -> Result<()> {
        self.0.close()
    }
}

impl FlexPin for StubbornPin {
    fn turn(&self, drive: Drive) -> Result<()> {
        let refuses = match drive {
            Drive::Input(_) => &self.1.refuses_inputs,
            _ => &self.1.refuses_outputs,
        };
        if refuses.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Io, "the line is stuck"));
        }
        self.0.turn(drive)
    }

    fn confirm(&self) -> Result<()> {
        self.0.confirm()
    }
}

/// Neither darkness nor light is measured by a line that does not turn: the user is told, and the sensor tries again.
#[test]
fn a_line_that_does_not_turn_gives_no_value() -> Result<()> {
    let mock = mock::builder().realtime().open();
    let capacitor = mock.capacitor(18, ms(0));
    let stubborn = Stubborn {
        factory: Arc::new(mock.factory()),
        refuses_inputs: Arc::default(),
        refuses_outputs: Arc::default(),
    };
    let gpio = Gpio::new(stubborn.clone())?;
    let (sender, errors) = mpsc::channel();
    gpio.on_error(move |error| drop(sender.send(error.to_string())));
    let sensor = LightSensor::builder(18).queue_len(1).gpio(&gpio).open()?;
    stubborn.refuses_inputs.store(true, Ordering::Relaxed);
    for _ in 0..3 {
        let told = receive(&errors);
        assert!(told.contains("LightSensor") && told.contains("GPIO18") && told.contains("stuck"), "{told}");
    }
    assert_eq!(format!("{sensor:?}"), "LightSensor(GPIO18, no value yet)");
    stubborn.refuses_inputs.store(false, Ordering::Relaxed);
    sensor.wait_for_light()?;
    // The capacitor stays full: no charge can be timed until it is empty.
    stubborn.refuses_outputs.store(true, Ordering::Relaxed);
    receive(&errors);
    capacitor.set_charge_time(None);
    for _ in 0..3 {
        receive(&errors);
    }
    assert!(sensor.light_detected()?);
    stubborn.refuses_outputs.store(false, Ordering::Relaxed);
    sensor.wait_for_dark()
}

#[test]
fn without_edges_the_charge_is_timed_by_reads() -> Result<()> {
    let capabilities = Capabilities { edges: Support::None, ..mock::gpio().capabilities() };
    let gpio = mock::builder().capabilities(capabilities).open();
    let capacitor = gpio.capacitor(18, ms(23));
    let sensor = LightSensor::builder(18).charge_time_limit(ms(100)).queue_len(1).gpio(&gpio).open()?;
    for (charge, lit) in [(ms(23), 0.77), (ms(60), 0.4)] {
        capacitor.set_charge_time(charge);
        gpio.advance(ms(300));
        let value = sensor.value()?;
        assert!(value <= lit && value >= lit - 0.051, "{value} for {charge:?}");
    }
    capacitor.set_charge_time(None);
    gpio.advance(ms(400));
    assert_eq!(sensor.value()?, 0.0);
    Ok(())
}

#[test]
fn two_sensors_measure_side_by_side() -> Result<()> {
    let gpio = mock::gpio();
    gpio.capacitor(18, ms(2));
    gpio.capacitor(27, ms(7));
    let open = |pin| LightSensor::builder(pin).queue_len(1).gpio(&gpio).open();
    let (one, other) = (open(18)?, open(27)?);
    assert_eq!((one.value()?, other.value()?, gpio.elapsed()), (0.8, 0.30000000000000004, ms(107)));
    let error = open(18).unwrap_err();
    assert!(error.to_string().contains("in use by LightSensor"), "{error}");
    assert_eq!(gpio.line(18).bias(), Bias::Disabled);
    Ok(())
}
