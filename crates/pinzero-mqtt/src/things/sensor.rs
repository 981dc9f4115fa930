//! [`Sensor`]: a part that is read every so often.

use std::time::Duration;

use pinzero::Gpio;
use pinzero_circuit::{Appearance, Kind};
use serde_json::{Map, Value};

use super::source::{Quantity, Source};
use super::{Opening, Thing};
use crate::entity::Entity;
use crate::post::wall_milliseconds;

/// The time between two readings, in seconds, unless the file says otherwise.
const INTERVAL: f64 = 30.0;

/// The number of intervals without a reading after which Home Assistant does not know the value any more.
const PATIENCE: f64 = 3.0;

/// A part that is read every so often. The state has the time of the reading, so that an old one is not taken for new.
#[derive(Debug)]
pub(crate) struct Sensor {
    gpio: Gpio,
    source: Source,
    channels: Vec<Channel>,
    interval: Duration,
}

/// One value of a reading, as it is told.
#[derive(Debug)]
struct Channel {
    key: &'static str,
    /// The class, unless the file names another.
    class: Option<&'static str>,
    unit: String,
    /// The factor and the summand that make the unit of the sensor's own.
    scale: (f64, f64),
    digits: u8,
}

impl Sensor {
    pub(crate) fn open(kind: &Kind, opening: &Opening<'_>) -> pinzero::Result<Self> {
        let source = Source::open(kind, opening.gpio)?;
        let channels = source.quantities().into_iter();
        Ok(Sensor {
            gpio: opening.gpio.clone(),
            source,
            channels: channels.map(|quantity| Channel::new(quantity, opening.appearance)).collect(),
            // The circuit file allows no interval that is no time.
            interval: Duration::from_secs_f64(opening.appearance.interval.unwrap_or(INTERVAL)),
        })
    }
}

impl Channel {
    fn new(quantity: Quantity, appearance: &Appearance) -> Self {
        let Quantity { key, class, unit: own, digits } = quantity;
        let unit = appearance.unit.as_deref().unwrap_or(own);
        // A smaller unit has fewer digits.
        let (scale, digits) = match (own, unit) {
            ("m", "cm") => ((100.0, 0.0), 1),
            ("m", "mm") => ((1000.0, 0.0), 0),
            ("°C", "°F") => ((1.8, 32.0), digits),
            _ => ((1.0, 0.0), digits),
        };
        Channel { key, class, unit: unit.to_owned(), scale, digits: appearance.digits.unwrap_or(digits) }
    }

    fn told(&self, value: f64) -> Value {
        rounded(value * self.scale.0 + self.scale.1, self.digits)
    }

    fn entity(&self, entity: Entity, appearance: &Appearance, expiry: u64) -> Entity {
        entity
            .with("value_template", format!("{{{{ value_json.{} }}}}", self.key))
            .with("unit_of_measurement", self.unit.as_str())
            .with("state_class", "measurement")
            .with("suggested_display_precision", self.digits)
            .with("expire_after", expiry)
            .with_class(appearance.class.as_deref().or(self.class))
    }
}

/// Returns a number with so many digits after the decimal point.
pub(super) fn rounded(value: f64, digits: u8) -> Value {
    let power = 10_f64.powi(digits.into());
    // Adding zero makes 0 of -0.
    let rounded = (value * power).round() / power + 0.0;
    if digits == 0 { (rounded as i64).into() } else { rounded.into() }
}

impl Thing for Sensor {
    fn entities(&self, appearance: &Appearance) -> Vec<Entity> {
        let expiry = (self.interval.as_secs_f64() * PATIENCE).ceil() as u64;
        match &self.channels[..] {
            [channel] => vec![channel.entity(Entity::main("sensor"), appearance, expiry)],
            several => {
                let further = |channel: &Channel| {
                    channel.entity(Entity::further("sensor", channel.key), appearance, expiry)
                };
                several.iter().map(further).collect()
            }
        }
    }

    fn state(&self) -> pinzero::Result<Option<Map<String, Value>>> {
        let (values, at) = self.source.read()?;
        let told = self.channels.iter().zip(values);
        let mut state: Map<String, Value> =
            told.map(|(channel, value)| (channel.key.to_owned(), channel.told(value))).collect();
        state.insert("at".to_owned(), wall_milliseconds(&self.gpio, at).into());
        Ok(Some(state))
    }

    fn interval(&self) -> Option<Duration> {
        Some(self.interval)
    }

    fn close(&self) -> pinzero::Result<()> {
        self.source.close()
    }
}
