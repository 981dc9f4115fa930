//! Sensors and ADCs.

use pinzero::Result;
use pinzero::prelude::*;
use pinzero_tests::Log;

use crate::{changes, duties, on_mock};

#[test]
fn motion_sensor() -> Result<()> {
    on_mock(|gpio| {
        let (pir, led) = (MotionSensor::new(4)?, Led::new(16)?);
        pir.when_motion({
            let led = led.clone();
            move |_| led.on()
        });
        pir.when_no_motion(move |_| led.off());
        gpio.line(4).script([(secs(2), Level::High), (secs(5), Level::Low)]);
        gpio.advance(secs(6));
        // The sensor is read ten times a second.
        assert_eq!(changes(gpio, 16), [(2100, true), (5100, false)]);
        Ok(())
    })
}

#[test]
fn light_sensor_1() -> Result<()> {
    on_mock(|gpio| {
        let lamp = gpio.capacitor(18, ms(1));
        let (sensor, mut printed) = (LightSensor::new(18)?, Vec::new());
        for _ in 0..2 {
            sensor.wait_for_light()?;
            printed.push("it is light");
            lamp.set_charge_time(None);
            sensor.wait_for_dark()?;
            printed.push("it is dark");
            lamp.set_charge_time(ms(1));
        }
        assert_eq!(printed, ["it is light", "it is dark", "it is light", "it is dark"]);
        Ok(())
    })
}

#[test]
fn light_sensor_2() -> Result<()> {
    on_mock(|gpio| {
        let lamp = gpio.capacitor(18, ms(1));
        let (sensor, led) = (LightSensor::new(18)?, Led::new(16)?);
        sensor.when_dark({
            let led = led.clone();
            move |_| led.on()
        });
        sensor.when_light({
            let led = led.clone();
            move |_| led.off()
        });
        gpio.advance(secs(2));
        assert!(!led.is_lit()?);
        lamp.set_charge_time(None);
        gpio.advance(secs(2));
        assert!(led.is_lit()?);
        lamp.set_charge_time(ms(1));
        gpio.advance(secs(2));
        assert!(!led.is_lit()?);
        Ok(())
    })
}

#[test]
fn light_sensor_3() -> Result<()> {
    on_mock(|gpio| {
        let lamp = gpio.capacitor(18, us(2500));
        let (sensor, led) = (LightSensor::new(18)?, PwmLed::new(16)?);
        led.follow(sensor.values())?;
        gpio.advance(secs(2));
        assert_eq!(duties(gpio, [16]), [75]);
        lamp.set_charge_time(ms(5));
        gpio.advance(secs(2));
        assert_eq!(duties(gpio, [16]), [50]);
        Ok(())
    })
}

#[test]
fn distance_sensor_1() -> Result<()> {
    on_mock(|gpio| {
        let wall = gpio.echo(24, 23);
        let (sensor, mut printed) = (DistanceSensor::new(23, 24)?, Vec::new());
        for metres in [0.25, 0.5] {
            wall.set_distance(metres);
            gpio.sleep(secs(1));
            printed.push(format!("{:.0} cm", sensor.distance()? * 100.0));
        }
        assert_eq!(printed, ["25 cm", "50 cm"]);
        Ok(())
    })
}

#[test]
fn distance_sensor_2() -> Result<()> {
    on_mock(|gpio| {
        let wall = gpio.echo(24, 23);
        wall.set_distance(0.8);
        let sensor = DistanceSensor::builder(23, 24).max_distance(1.0).threshold_distance(0.2).open()?;
        let led = Led::new(16)?;
        sensor.when_in_range({
            let led = led.clone();
            move |_| led.on()
        });
        sensor.when_out_of_range({
            let led = led.clone();
            move |_| led.off()
        });
        for (metres, is_lit) in [(0.8, false), (0.1, true), (0.3, false)] {
            wall.set_distance(metres);
            gpio.advance(secs(1));
            assert_eq!(led.is_lit()?, is_lit, "{metres} m");
        }
        Ok(())
    })
}

#[test]
fn humidity_temperature_sensor() -> Result<()> {
    on_mock(|gpio| {
        let room = gpio.dht22(4);
        let (sensor, mut printed) = (Dht22::new(4)?, Vec::new());
        for (temperature, humidity) in [(21.5, 40.0), (22.0, 38.5)] {
            room.set(temperature, humidity);
            let reading = sensor.read()?;
            printed.push(format!("{:.1} °C, {:.1} %", reading.temperature, reading.humidity));
            gpio.sleep(secs(3));
        }
        assert_eq!(printed, ["21.5 °C, 40.0 %", "22.0 °C, 38.5 %"]);
        room.set_silent(true);
        assert!(sensor.read().is_err(), "gpiozero's program waits for a value");
        Ok(())
    })
}

#[test]
fn pot_1() -> Result<()> {
    on_mock(|gpio| {
        let chip = gpio.mcp3008([11, 10, 9, 8]);
        let (pot, printed) = (Mcp3008::new(0)?, Log::new());
        gpio.every(ms(100), {
            let (pot, printed) = (pot.clone(), printed.clone());
            move |_| pot.value().map(|value| printed.push(format!("{value:.2}")))
        })?;
        for value in [0, 256, 1023] {
            chip.set(0, value);
            gpio.advance(ms(100));
        }
        assert_eq!(printed.take(), ["0.00", "0.25", "1.00"]);
        Ok(())
    })
}

/// A TMP36 has 0.5 V at 0 degrees, and 10 mV more for each degree.
#[test]
fn thermometer() -> Result<()> {
    on_mock(|gpio| {
        let chip = gpio.mcp3008([11, 10, 9, 8]);
        let (sensor, mut printed) = (Mcp3008::new(0)?, Vec::new());
        for value in [155, 225, 232] {
            chip.set(0, value);
            printed.push(format!("{:.1}", (sensor.voltage()? - 0.5) * 100.0));
            gpio.sleep(secs(1));
        }
        assert_eq!(printed, ["0.0", "22.6", "24.8"]);
        Ok(())
    })
}

#[test]
fn rgbled_pot_1() -> Result<()> {
    on_mock(|gpio| {
        let chip = gpio.mcp3008([11, 10, 9, 8]);
        let led = RgbLed::new(2, 3, 4)?;
        let [red, green, blue] = [Mcp3008::new(0)?, Mcp3008::new(1)?, Mcp3008::new(2)?];
        for (channel, value) in [(0, 1023), (1, 512), (2, 0)] {
            chip.set(channel, value);
            led.set_red(red.value()?)?;
            led.set_green(green.value()?)?;
            led.set_blue(blue.value()?)?;
        }
        assert_eq!(duties(gpio, [2, 3, 4]), [100, 50, 0]);
        Ok(())
    })
}

#[test]
fn rgbled_pot_2() -> Result<()> {
    on_mock(|gpio| {
        let chip = gpio.mcp3008([11, 10, 9, 8]);
        let led = RgbLed::new(2, 3, 4)?;
        let [red, green, blue] = [Mcp3008::new(0)?, Mcp3008::new(1)?, Mcp3008::new(2)?];
        let colors = red.values().zip(green.values()).zip(blue.values());
        led.follow(colors.map(|((red, green), blue)| Color::new(red, green, blue)))?;
        for (channel, value) in [(0, 1023), (1, 512), (2, 0)] {
            chip.set(channel, value);
        }
        gpio.advance(ms(50));
        assert_eq!(duties(gpio, [2, 3, 4]), [100, 50, 0]);
        Ok(())
    })
}
