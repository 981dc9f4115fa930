//! [`Source`]: where a sensor's readings come from.

use parking_lot::Mutex;
use pinzero::time::Instant;
use pinzero::{
    Dht11, Dht22, DistanceSensor, Ds18b20, Error, ErrorKind, Gpio, LightSensor, Mcp3008, Result,
    SmoothedInputDevice,
};
use pinzero_circuit::Kind;

/// The number of samples whose median is a reading.
const SAMPLES: usize = 5;

/// The farthest distance, in metres, that is told. An HC-SR04 sees no farther.
const FARTHEST: f64 = 4.0;

/// Where the readings of a sensor come from.
///
/// A distance or a light sensor is open during a reading only: pinzero's devices for them measure all the time, and a reading is wanted
/// every half minute.
#[derive(Debug)]
pub(super) struct Source {
    gpio: Gpio,
    probe: Probe,
}

/// What measures.
#[derive(Debug)]
enum Probe {
    Potentiometer(Mcp3008),
    Tmp36(Mcp3008),
    Light {
        line: u32,
        reading: Brief,
    },
    Distance {
        trigger: u32,
        echo: u32,
        reading: Brief,
    },
    Dht11(Dht11),
    Dht22(Dht22),
    /// A sensor that the kernel reads, so it is never closed.
    Ds18b20(Ds18b20),
}

/// What a reading measures.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quantity {
    /// The name of the field in the state.
    pub(super) key: &'static str,
    /// The class in Home Assistant, if there is one.
    pub(super) class: Option<&'static str>,
    pub(super) unit: &'static str,
    /// The digits after the decimal point that the sensor can tell apart.
    pub(super) digits: u8,
}

const fn percent(key: &'static str) -> Quantity {
    Quantity { key, class: None, unit: "%", digits: 1 }
}

const DISTANCE: Quantity = Quantity { key: "distance", class: Some("distance"), unit: "m", digits: 3 };
const TEMPERATURE: Quantity =
    Quantity { key: "temperature", class: Some("temperature"), unit: "°C", digits: 1 };
const HUMIDITY: Quantity = Quantity { class: Some("humidity"), ..percent("humidity") };

impl Source {
    /// Opens the source of a sensor.
    ///
    /// # Errors
    /// Those of the sensor; [`Unsupported`](ErrorKind::Unsupported) for a part that is no sensor.
    pub(super) fn open(kind: &Kind, gpio: &Gpio) -> Result<Self> {
        let converter =
            |channel: u32, select: u32| Mcp3008::builder(channel).select(0, select).gpio(gpio).open();
        let probe = match kind {
            Kind::Potentiometer(part) => Probe::Potentiometer(converter(part.channel, part.select)?),
            Kind::Tmp36(part) => Probe::Tmp36(converter(part.channel, part.select)?),
            Kind::LightSensor(part) => Probe::Light { line: part.pin.line(), reading: Brief::default() },
            Kind::DistanceSensor(part) => Probe::Distance {
                trigger: part.trigger.line(),
                echo: part.echo.line(),
                reading: Brief::default(),
            },
            Kind::Dht11(part) => Probe::Dht11(Dht11::builder(part.pin.line()).gpio(gpio).open()?),
            Kind::Dht22(part) => Probe::Dht22(Dht22::builder(part.pin.line()).gpio(gpio).open()?),
            Kind::Ds18b20(part) => Probe::Ds18b20(match &part.id {
                Some(id) => Ds18b20::builder().id(id).open()?,
                None => Ds18b20::new()?,
            }),
            other => {
                let message = format!("a {} is no device on a broker", other.name());
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
        };
        Ok(Source { gpio: gpio.clone(), probe })
    }

    /// Returns what a reading consists of.
    pub(super) fn quantities(&self) -> Vec<Quantity> {
        match &self.probe {
            Probe::Potentiometer(_) => vec![percent("position")],
            Probe::Light { .. } => vec![percent("light")],
            Probe::Distance { .. } => vec![DISTANCE],
            Probe::Tmp36(_) => vec![TEMPERATURE],
            Probe::Ds18b20(_) => vec![Quantity { digits: 2, ..TEMPERATURE }],
            Probe::Dht11(_) | Probe::Dht22(_) => vec![TEMPERATURE, HUMIDITY],
        }
    }

    /// Measures. Returns the values of the quantities in their order, with the time of the measurement.
    pub(super) fn read(&self) -> Result<(Vec<f64>, Instant)> {
        let gpio = &self.gpio;
        let values = match &self.probe {
            Probe::Potentiometer(converter) => vec![converter.value()? * 100.0],
            // 0.5 V at 0 °C, and 10 mV more for each degree.
            Probe::Tmp36(converter) => vec![(converter.voltage()? - 0.5) * 100.0],
            Probe::Light { line, reading } => {
                let sensor = LightSensor::builder(*line).queue_len(SAMPLES).gpio(gpio).open()?;
                vec![reading.of(&sensor, || sensor.value())? * 100.0]
            }
            Probe::Distance { trigger, echo, reading } => vec![distance(gpio, *trigger, *echo, reading)?],
            Probe::Ds18b20(sensor) => vec![sensor.temperature()?],
            Probe::Dht11(sensor) => {
                let reading = sensor.read()?;
                return Ok((vec![reading.temperature, reading.humidity], reading.at));
            }
            Probe::Dht22(sensor) => {
                let reading = sensor.read()?;
                return Ok((vec![reading.temperature, reading.humidity], reading.at));
            }
        };
        Ok((values, gpio.now()))
    }

    pub(super) fn close(&self) -> Result<()> {
        match &self.probe {
            Probe::Potentiometer(converter) | Probe::Tmp36(converter) => converter.close(),
            Probe::Light { reading, .. } | Probe::Distance { reading, .. } => reading.close(),
            Probe::Ds18b20(_) => Ok(()),
            Probe::Dht11(sensor) => sensor.close(),
            Probe::Dht22(sensor) => sensor.close(),
        }
    }
}

/// Measures a distance in metres, at most [`FARTHEST`].
fn distance(gpio: &Gpio, trigger: u32, echo: u32, reading: &Brief) -> Result<f64> {
    let sensor =
        DistanceSensor::builder(echo, trigger).max_distance(FARTHEST).queue_len(SAMPLES).gpio(gpio).open()?;
    let distance = reading.of(&sensor, || sensor.distance())?;
    // Far away, the echo is long; without an echo, there is no sensor. The median would call both far away.
    if sensor.missed_echoes() > SAMPLES as u64 / 2 {
        let message = "the sensor does not answer: check its supply, and the wires of trigger and echo";
        return Err(Error::new(ErrorKind::TimedOut, message)
            .with_device("DistanceSensor")
            .with_pin(sensor.pin()));
    }
    Ok(distance)
}

/// The place of a device that is open during a reading only. Closing the place ends a reading that takes place.
#[derive(Debug, Default)]
pub(super) struct Brief(Mutex<Place>);

#[derive(Debug, Default)]
enum Place {
    #[default]
    Empty,
    Taken(SmoothedInputDevice),
    Closed,
}

impl Brief {
    /// Has `read` read this device.
    ///
    /// # Errors
    /// Those of `read`; [`Closed`](ErrorKind::Closed) if the place is closed, also meanwhile.
    fn of<T>(&self, device: &SmoothedInputDevice, read: impl FnOnce() -> Result<T>) -> Result<T> {
        match &mut *self.0.lock() {
            Place::Closed => return Err(Error::new(ErrorKind::Closed, "the device is closed")),
            place => *place = Place::Taken(device.clone()),
        }
        let value = read();
        let mut place = self.0.lock();
        if let Place::Taken(_) = *place {
            *place = Place::Empty;
        }
        value
    }

    /// Allows no further reading, and ends the one that takes place.
    fn close(&self) -> Result<()> {
        let place = std::mem::replace(&mut *self.0.lock(), Place::Closed);
        match place {
            Place::Taken(device) => device.close(),
            Place::Empty | Place::Closed => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_reads_a_ds18b20() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/w1/devices");
        let sensor = Ds18b20::builder().root(root).id("28-0316a2798bff").open().unwrap();
        let gpio = pinzero::mock::gpio();
        let source = Source { gpio: (*gpio).clone(), probe: Probe::Ds18b20(sensor) };
        let (values, at) = source.read().unwrap();
        assert_eq!((values.len(), source.quantities()[0].unit, at), (1, "°C", gpio.now()));
        assert!((-55.0..125.0).contains(&values[0]), "{values:?}");
        source.close().unwrap();
    }
}
