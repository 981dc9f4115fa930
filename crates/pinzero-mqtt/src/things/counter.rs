//! [`Counter`]: a meter of water, energy or wind, by its pulses.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pinzero::PulseCounter;
use pinzero_circuit::Appearance;
use serde_json::{Map, Value};

use super::sensor::rounded;
use super::{Opening, Thing};
use crate::entity::Entity;
use crate::reporter::Reporter;

/// The time between two readings, in seconds, unless the file says otherwise.
const INTERVAL: f64 = 10.0;

/// A unit of a total: its class in Home Assistant, and the unit and class of the rate that belongs to it.
#[derive(Debug)]
struct Unit {
    total: String,
    class: Option<&'static str>,
    rate: String,
    rate_class: Option<&'static str>,
    /// The time that the rate is for, in seconds.
    time: f64,
}

/// A counter of pulses. Edges are counted as they come, and told at intervals: a fast meter does not flood the broker.
#[derive(Debug)]
pub(crate) struct Counter {
    counter: PulseCounter,
    unit: Unit,
    pulses_per_unit: f64,
    interval: Duration,
    /// The digits of the total and of the rate after the decimal point.
    digits: [u8; 2],
    /// The lost edges that the log knows of.
    missed: AtomicU64,
    reporter: Reporter,
}

impl Unit {
    fn new(unit: Option<&str>) -> Self {
        let unit = match unit.unwrap_or_default() {
            "l" => "L",
            "m3" => "m³",
            "ft3" => "ft³",
            other => other,
        };
        let (class, rate, rate_class, time) = match unit {
            "L" | "gal" | "ft³" => (Some("water"), format!("{unit}/min"), Some("volume_flow_rate"), 60.0),
            "m³" => (Some("water"), "m³/h".to_owned(), Some("volume_flow_rate"), 3600.0),
            "Wh" | "kWh" | "MWh" => (Some("energy"), unit.replace('h', ""), Some("power"), 3600.0),
            "mm" => (Some("precipitation"), "mm/h".to_owned(), Some("precipitation_intensity"), 3600.0),
            "m" => (Some("distance"), "m/s".to_owned(), Some("speed"), 1.0),
            "km" => (Some("distance"), "km/h".to_owned(), Some("speed"), 3600.0),
            "" => (None, "1/min".to_owned(), None, 60.0),
            other => (None, format!("{other}/min"), None, 60.0),
        };
        Unit { total: unit.to_owned(), class, rate, rate_class, time }
    }
}

impl Counter {
    pub(crate) fn open(part: &pinzero_circuit::PulseCounter, opening: &Opening<'_>) -> pinzero::Result<Self> {
        let appearance = opening.appearance;
        let unit = Unit::new(appearance.unit.as_deref());
        let pulses_per_unit = appearance.pulses_per_unit.unwrap_or(1.0);
        let interval = Duration::from_secs_f64(appearance.interval.unwrap_or(INTERVAL));
        // One pulse can be told from none.
        let steps = [1.0 / pulses_per_unit, unit.time / interval.as_secs_f64() / pulses_per_unit];
        let digits = steps.map(|step| appearance.digits.unwrap_or_else(|| digits_of(step)));
        let counter = PulseCounter::builder(part.pin.line())
            .pull_up(part.pull_up)
            .bounce_time(Duration::from_secs_f64(appearance.bounce_time.unwrap_or(0.0)))
            .window(interval)
            .gpio(opening.gpio)
            .open()?;
        Ok(Counter {
            counter,
            unit,
            pulses_per_unit,
            interval,
            digits,
            missed: AtomicU64::new(0),
            reporter: opening.reporter.clone(),
        })
    }
}

impl Thing for Counter {
    fn entities(&self, appearance: &Appearance) -> Vec<Entity> {
        let describe = |entity: Entity, field: &str, digits: u8, unit: &str, class: Option<&str>| {
            let entity = entity
                .with("value_template", format!("{{{{ value_json.{field} }}}}"))
                .with("suggested_display_precision", digits);
            let entity = if unit.is_empty() { entity } else { entity.with("unit_of_measurement", unit) };
            entity.with_class(class)
        };
        let [digits, rate_digits] = self.digits;
        let total = Entity::main("sensor").with("state_class", "total_increasing");
        let rate = Entity::further("sensor", "rate").with("state_class", "measurement");
        vec![
            describe(
                total,
                "total",
                digits,
                &self.unit.total,
                appearance.class.as_deref().or(self.unit.class),
            ),
            describe(rate, "rate", rate_digits, &self.unit.rate, self.unit.rate_class),
        ]
    }

    fn state(&self) -> pinzero::Result<Option<Map<String, Value>>> {
        let total = self.counter.count()? as f64 / self.pulses_per_unit;
        let rate = self.counter.rate()? * self.unit.time / self.pulses_per_unit;
        let missed = self.counter.missed();
        let lost = missed.saturating_sub(self.missed.swap(missed, Ordering::Relaxed));
        if lost > 0 {
            self.reporter.complain(&format!(
                "{lost} edges were lost, so about {} pulses are not in the total: they came faster than they could be read",
                lost.div_ceil(2)
            ));
        }
        let [digits, rate_digits] = self.digits;
        Ok(Some(Map::from_iter([
            ("total".to_owned(), rounded(total, digits)),
            ("rate".to_owned(), rounded(rate, rate_digits)),
            ("missed".to_owned(), missed.into()),
        ])))
    }

    fn interval(&self) -> Option<Duration> {
        Some(self.interval)
    }

    fn close(&self) -> pinzero::Result<()> {
        self.counter.close()
    }
}

/// Returns the digits after the decimal point that show a step: all of a short one, as 0.25, and one digit at least of others.
fn digits_of(step: f64) -> u8 {
    let least = (-step.log10()).ceil().clamp(0.0, 5.0) as u8;
    let is_exact = |digits: &u8| {
        let steps = step * 10_f64.powi((*digits).into());
        (steps - steps.round()).abs() < 1e-6
    };
    (least..=least + 1).find(is_exact).unwrap_or(least)
}
