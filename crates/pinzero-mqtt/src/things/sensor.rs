//! [`Sensor`]: a part that is read every so often.

use std::time::{Duration, UNIX_EPOCH};

use pinzero::{Error, ErrorKind, Gpio};
use pinzero_circuit::{Appearance, Kind};
use serde_json::{Map, Value};

use super::source::{Quantity, Source};
use super::{Opening, Thing};
use crate::entity::Entity;
use crate::post::milliseconds;

/// The time between two readings, in seconds, unless the file says otherwise.
const INTERVAL: f64 = 30.0;

/// The shortest and the longest time between two readings, in seconds.
const INTERVALS: std::ops::RangeInclusive<f64> = 0.1..=86_400.0;

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
    class: Option<String>,
    unit: String,
    /// The factor and the summand that make the unit of the sensor's own.
    scale: (f64, f64),
    digits: u8,
}

impl Sensor {
    pub(crate) fn open(kind: &Kind, opening: &Opening<'_>) -> pinzero::Result<Self> {
        let appearance = opening.appearance;
        let interval = appearance.interval.unwrap_or(INTERVAL);
        if !INTERVALS.contains(&interval) {
            return Err(invalid(format!("an interval of {interval} s: give 0.1 to 86400")));
        }
        let Some(source) = Source::open(kind, opening.gpio)? else {
            return Err(invalid(format!("a {} is no sensor", kind.name())));
        };
        let quantities = source.quantities();
        if quantities.len() > 1 && (appearance.class.is_some() || appearance.unit.is_some()) {
            let message = format!("a {} measures several things: leave out `class` and `unit`", kind.name());
            return Err(invalid(message));
        }
        let channels = quantities.into_iter().map(|quantity| Channel::new(quantity, appearance));
        Ok(Sensor {
            gpio: opening.gpio.clone(),
            source,
            channels: channels.collect::<pinzero::Result<_>>()?,
            interval: Duration::from_secs_f64(interval),
        })
    }
}

impl Channel {
    fn new(quantity: Quantity, appearance: &Appearance) -> pinzero::Result<Self> {
        let Quantity { key, class, unit, digits } = quantity;
        let wanted = appearance.unit.as_deref().unwrap_or(unit);
        // Fewer digits belong to a smaller unit.
        let (scale, digits) = match (unit, wanted) {
            (own, wanted) if own == wanted => ((1.0, 0.0), digits),
            ("m", "cm") => ((100.0, 0.0), 1),
            ("m", "mm") => ((1000.0, 0.0), 0),
            ("°C", "°F") => ((1.8, 32.0), 1),
            _ => {
                let known = match unit {
                    "m" => "\"m\", \"cm\" or \"mm\"",
                    "°C" => "\"°C\" or \"°F\"",
                    _ => "\"%\"",
                };
                return Err(invalid(format!("the unit {wanted:?} is none of this sensor: give {known}")));
            }
        };
        let digits = appearance.digits.unwrap_or(digits);
        if digits > 6 {
            return Err(invalid(format!("{digits} digits after the decimal point: give 0 to 6")));
        }
        let class = appearance.class.as_deref().or(class).map(str::to_owned);
        Ok(Channel { key, class, unit: wanted.to_owned(), scale, digits })
    }

    fn told(&self, value: f64) -> Value {
        rounded(value * self.scale.0 + self.scale.1, self.digits)
    }

    fn entity(&self, entity: Entity, expiry: u64) -> Entity {
        let entity = entity
            .with("value_template", format!("{{{{ value_json.{} }}}}", self.key))
            .with("unit_of_measurement", self.unit.as_str())
            .with("state_class", "measurement")
            .with("suggested_display_precision", self.digits)
            .with("expire_after", expiry);
        match &self.class {
            Some(class) => entity.with("device_class", class.as_str()),
            None => entity,
        }
    }
}

/// Returns a number with so many digits after the decimal point.
pub(super) fn rounded(value: f64, digits: u8) -> Value {
    let power = 10_f64.powi(digits.into());
    // Adding zero makes 0 of -0.
    let rounded = (value * power).round() / power + 0.0;
    if digits == 0 { (rounded as i64).into() } else { rounded.into() }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidValue, message)
}

impl Thing for Sensor {
    fn entities(&self) -> Vec<Entity> {
        let expiry = (self.interval.as_secs_f64() * PATIENCE).ceil() as u64;
        match &self.channels[..] {
            [channel] => vec![channel.entity(Entity::main("sensor"), expiry)],
            several => {
                let further =
                    |channel: &Channel| channel.entity(Entity::further("sensor", channel.key), expiry);
                several.iter().map(further).collect()
            }
        }
    }

    fn state(&self) -> pinzero::Result<Option<Map<String, Value>>> {
        let (values, at) = self.source.read()?;
        let told = self.channels.iter().zip(values);
        let mut state: Map<String, Value> =
            told.map(|(channel, value)| (channel.key.to_owned(), channel.told(value))).collect();
        let time = self.gpio.wall_time().checked_sub(self.gpio.now().since(at)).unwrap_or(UNIX_EPOCH);
        state.insert("at".to_owned(), milliseconds(time).into());
        Ok(Some(state))
    }

    fn interval(&self) -> Option<Duration> {
        Some(self.interval)
    }

    fn close(&self) -> pinzero::Result<()> {
        self.source.close()
    }
}
