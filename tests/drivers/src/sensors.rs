//! Sensors and converters on a bus.

use std::f32::consts::FRAC_1_SQRT_2;

use pinzero_parts::{Ads1115, Bme280, Mpu6050, RawClimate, Vl53l0x};

use crate::rig::Rig;

/// The raw values of the example in the BMP280's data sheet, and a humidity for the model's own coefficients.
const EXAMPLE: RawClimate = RawClimate { temperature: 519_888, pressure: 415_148, humidity: 30_000 };

pub(crate) fn bme280(rig: &Rig) -> String {
    let chip = rig.mock.i2c_chip(1, 0x76, Bme280::new(EXAMPLE));
    let mut delay = rig.gpio.delay();
    let mut driver = bme280::i2c::BME280::new_primary(rig.i2c());
    driver.init(&mut delay).unwrap();
    let measured = driver.measure(&mut delay).unwrap();
    // What the data sheet's formulas make of the example, within the precision of an `f32`.
    assert_eq!((measured.temperature * 100.0).round(), 2508.0);
    assert!((measured.pressure - 100_653.27).abs() < 0.1, "{measured:?}");
    assert!((measured.humidity - 54.997).abs() < 0.01, "{measured:?}");
    assert_eq!(chip.with(|chip| chip.measurements()), 1);

    chip.with(|chip| chip.set(RawClimate { temperature: 500_000, ..EXAMPLE }));
    assert!(driver.measure(&mut delay).unwrap().temperature < 19.0);
    String::new()
}

/// The driver reads a register while it sends the register's number, one byte too early: no chip can answer that. The chip itself is
/// fine.
pub(crate) fn bme280_on_spi(rig: &Rig) {
    rig.mock.spi_chip(0, 0, Bme280::new(EXAMPLE));
    let spi = rig.spi(0);
    let mut id = [0xd0, 0];
    spi.transfer(&mut id).unwrap();
    assert_eq!(id[1], 0x60);
    let failed = bme280::spi::BME280::new(spi).unwrap().init(&mut rig.gpio.delay());
    assert!(matches!(failed, Err(bme280::Error::UnsupportedChip)), "it works now: {failed:?}");
}

pub(crate) fn ads1115(rig: &Rig) -> String {
    use ads1x1x::{Ads1x1x, FullScaleRange, TargetAddr, channel};

    let chip = rig.mock.i2c_chip(1, 0x48, Ads1115::new([1.0, 0.25, 3.3, -0.1]));
    let mut adc = Ads1x1x::new_ads1115(rig.i2c(), TargetAddr::Gnd);
    adc.set_full_scale_range(FullScaleRange::Within4_096V).unwrap();
    // 125 µV a step.
    assert_eq!(nb::block!(adc.read(channel::SingleA0)).unwrap(), 8000);
    assert_eq!(nb::block!(adc.read(channel::SingleA2)).unwrap(), 26_400);
    assert_eq!(nb::block!(adc.read(channel::DifferentialA0A1)).unwrap(), 6000);
    assert_eq!(nb::block!(adc.read(channel::SingleA3)).unwrap(), -800);

    chip.with(|chip| chip.set(0, 5.0));
    assert_eq!(nb::block!(adc.read(channel::SingleA0)).unwrap(), i16::MAX);

    let mut adc = adc.into_continuous().map_err(|_| "the mode does not change").unwrap();
    adc.select_channel(channel::SingleA1).unwrap();
    assert_eq!(adc.read().unwrap(), 2000);
    String::new()
}

pub(crate) fn mpu6050(rig: &Rig) -> String {
    use mpu6050_dmp::accel::AccelFullScale;
    use mpu6050_dmp::address::Address;
    use mpu6050_dmp::gyro::GyroFullScale;
    use mpu6050_dmp::quaternion::Quaternion;
    use mpu6050_dmp::sensor::Mpu6050 as Driver;

    let chip = rig.mock.i2c_chip(1, 0x68, Mpu6050::new());
    let mut sensor = Driver::new(rig.i2c(), Address::default()).unwrap();
    chip.with(|chip| {
        chip.accelerate([0.5, 0.0, -1.0]);
        chip.rotate([100.0, 0.0, -200.0]);
        chip.warm(21.5);
    });
    let (acceleration, rotation) = sensor.motion6().unwrap();
    let g = acceleration.scaled(AccelFullScale::G2);
    assert_eq!([g.x(), g.y(), g.z()], [0.5, 0.0, -1.0]);
    assert!((rotation.scaled(GyroFullScale::Deg250).x() - 100.0).abs() < 0.1);
    assert!((sensor.temperature().unwrap().celsius() - 21.5).abs() < 0.01);

    // The program of the chip's own processor: 3 kB in pieces of 16 bytes.
    sensor.initialize_dmp(&mut rig.gpio.delay()).unwrap();
    assert_eq!(chip.with(|chip| chip.program_start()), 0x0400);
    let used = chip.with(|chip| chip.memory()).iter().rposition(|byte| *byte != 0).unwrap();
    assert!((3000..3072).contains(&used), "{used}");

    // A quarter of a turn around z, as the program puts it into the FIFO.
    let half = (f64::from(FRAC_1_SQRT_2) * f64::from(1 << 30)) as i32;
    let mut packet: Vec<u8> = [half, 0, 0, half].iter().flat_map(|word| word.to_be_bytes()).collect();
    packet.resize(28, 0);
    chip.with(|chip| chip.push(&packet));
    let mut buffer = [0; 28];
    let received = sensor.read_fifo(&mut buffer).unwrap();
    assert_eq!(received.len(), 28);
    let turn = Quaternion::from_bytes(&received[..16]).unwrap().normalize();
    assert!((turn.w - FRAC_1_SQRT_2).abs() < 0.001 && (turn.z - FRAC_1_SQRT_2).abs() < 0.001, "{turn:?}");
    String::new()
}

pub(crate) fn vl53l0x(rig: &Rig) -> String {
    let chip = rig.mock.i2c_chip(1, 0x29, Vl53l0x::new(250));
    let mut sensor = vl53l0x::VL53L0x::new(rig.i2c()).unwrap();
    assert!(sensor.set_measurement_timing_budget(200_000).unwrap());
    assert_eq!(sensor.read_range_single_millimeters_blocking().unwrap(), 250);

    sensor.start_continuous(0).unwrap();
    chip.with(|chip| chip.set(1234));
    assert_eq!(sensor.read_range_continuous_millimeters_blocking().unwrap(), 1234);
    chip.with(|chip| chip.set(5000));
    assert_eq!(sensor.read_range_continuous_millimeters_blocking().unwrap(), 8190);
    sensor.stop_continuous().unwrap();
    String::new()
}
