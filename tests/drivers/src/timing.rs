//! Parts whose drivers make and measure times of microseconds on pins. On the mock's virtual time they are exact.

use std::time::Duration;

use embedded_hal::delay::DelayNs;
use pinzero::Level;

use crate::rig::Rig;

pub(crate) fn dht22(rig: &Rig) -> String {
    let sensor = rig.mock.dht22(4);
    sensor.set(-10.1, 65.2);
    let mut pin = rig.gpio.open_drain(4).open().unwrap();
    let mut delay = rig.gpio.delay();
    let reading = dht_sensor::dht22::blocking::read(&mut delay, &mut pin).unwrap();
    assert_eq!((reading.temperature, reading.relative_humidity), (-10.1, 65.2));

    // Without a sensor, and with a wrong bit, the driver says so.
    sensor.set_silent(true);
    let nothing = dht_sensor::dht22::blocking::read(&mut delay, &mut pin);
    assert!(matches!(nothing, Err(dht_sensor::DhtError::Timeout)), "{nothing:?}");
    String::new()
}

pub(crate) fn hx711(rig: &Rig) -> String {
    use hx711::{Hx711, Mode};

    let cell = rig.mock.hx711(5, 6);
    // The driver polls without a pause until it is ready, which takes no virtual time.
    cell.set_period(Duration::ZERO);
    cell.set_value(-123_456);
    cell.set_value_b(77);
    let (data, clock) = (rig.gpio.input(5).open().unwrap(), rig.gpio.output(6).open().unwrap());
    let mut scale = Hx711::new(rig.gpio.delay(), data, clock).unwrap();
    let mut pause = rig.gpio.delay();
    let mut read = |scale: &mut Hx711<_, _, _>| {
        pause.delay_us(20);
        nb::block!(scale.retrieve()).unwrap()
    };
    assert_eq!(read(&mut scale), -123_456);

    rig.gpio.delay().delay_us(20);
    scale.set_mode(Mode::ChBGain32).unwrap();
    assert_eq!(read(&mut scale), 77);
    rig.gpio.delay().delay_us(20);
    scale.set_mode(Mode::ChAGain64).unwrap();
    assert_eq!(read(&mut scale), -61_728);

    // Off and on again, which selects channel A at 128.
    scale.disable().unwrap();
    assert_eq!(rig.mock.line(5).level(), Level::High);
    String::new()
}

pub(crate) fn ds18b20(rig: &Rig) -> String {
    use onewire::{DS18B20, DeviceSearch, OneWire, Sensor};

    let thermometers = [0x00c0_ffee, 0x0012_3456, 0x00c0_ffef].map(|serial| rig.mock.ds18b20(4, serial));
    thermometers[0].set_celsius(21.5);
    thermometers[1].set_celsius(-10.125);
    let mut delay = rig.gpio.delay();
    // Without its parasite mode, the driver holds the line low after a command.
    let mut wire = OneWire::new(rig.gpio.open_drain(4).open().unwrap(), true);
    assert!(wire.reset(&mut delay).unwrap());

    let mut found = Vec::new();
    let mut search = DeviceSearch::new();
    while let Some(device) = wire.search_next(&mut search, &mut delay).unwrap() {
        found.push(device);
        assert!(found.len() <= thermometers.len(), "{found:?}");
    }
    let mut numbers: Vec<_> = found.iter().map(|device| device.address).collect();
    numbers.sort_unstable();
    let mut wanted = thermometers.clone().map(|thermometer| thermometer.number());
    wanted.sort_unstable();
    assert_eq!(numbers, wanted);

    for (thermometer, celsius) in thermometers.iter().zip([21.5, -10.125, 20.0]) {
        let device = found.iter().find(|device| device.address == thermometer.number()).unwrap();
        let sensor = DS18B20::new(device.clone()).unwrap();
        let time = sensor.start_measurement(&mut wire, &mut delay).unwrap();
        delay.delay_ms(time.into());
        assert_eq!(sensor.read_measurement(&mut wire, &mut delay).unwrap(), celsius);
    }
    String::new()
}
