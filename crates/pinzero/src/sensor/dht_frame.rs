//! The pure part of a DHT sensor: decodes the answer from the times of its falling edges.

use std::time::Duration;

use pinzero_core::time::Instant;

use crate::time::us;

/// The number of bits of an answer: two bytes of humidity, two of temperature, and the checksum.
const BITS: usize = 40;

/// The times from one falling edge to the next that a zero takes, and those that a one takes. Both have 50 µs low; then 26 to 28 µs
/// high are a zero, and 70 µs a one. A wider range than the data sheets' makes up for late stamps.
const ZERO: [Duration; 2] = [us(55), us(100)];
const ONE: [Duration; 2] = [us(100), us(145)];

/// A type of sensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Model {
    Dht11,
    Dht22,
}

/// The reason why an answer gives no reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// No edge came.
    Silence,
    /// Edges are missing, or the times between them are none of a sensor.
    Garbled,
    /// The checksum is wrong.
    Checksum,
    /// The checksum is right, but the values are beyond the range of the sensor.
    Implausible,
}

/// Returns temperature and humidity from the falling edges of an answer.
///
/// A bit is the time between two falling edges, so late or lost rising edges do no harm. The last 41 edges have all bits; the sensor's
/// response comes before them, and its edge may be lost.
pub(super) fn decode(model: Model, falls: &[Instant]) -> Result<(f64, f64), Fault> {
    if falls.is_empty() {
        return Err(Fault::Silence);
    }
    let first = falls.len().checked_sub(BITS + 1).ok_or(Fault::Garbled)?;
    let mut bytes = [0_u8; BITS / 8];
    for (bit, pair) in falls[first..].windows(2).enumerate() {
        let took = pair[1].since(pair[0]);
        let is_in = |[least, below]: [Duration; 2]| least <= took && took < below;
        if !is_in(ZERO) && !is_in(ONE) {
            return Err(Fault::Garbled);
        }
        bytes[bit / 8] = bytes[bit / 8] << 1 | u8::from(is_in(ONE));
    }
    let [data @ .., checksum] = bytes;
    if data.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)) != checksum {
        return Err(Fault::Checksum);
    }
    if model.can_send(data) { Ok(model.values(data)) } else { Err(Fault::Implausible) }
}

impl Model {
    /// Returns whether a sensor of this type can send these data bytes. None of them is an answer of both types.
    fn can_send(self, data @ [_, humid_tenths, _, tenths]: [u8; 4]) -> bool {
        let (temperature, humidity) = self.values(data);
        match self {
            // The least humidity of the data sheets is 5 %. A DHT22 sends 0 to 3 there.
            Model::Dht11 => {
                (4.0..=100.0).contains(&humidity)
                    && (-20.0..=60.0).contains(&temperature)
                    && humid_tenths <= 9
                    && tenths & 0x7f <= 9
            }
            Model::Dht22 => (0.0..=100.0).contains(&humidity) && (-40.0..=125.0).contains(&temperature),
        }
    }

    /// Returns temperature and humidity from the data bytes.
    fn values(self, [a, b, c, d]: [u8; 4]) -> (f64, f64) {
        match self {
            Model::Dht11 => {
                // The tenths have the sign of the temperature. Old sensors send no tenths.
                let temperature = f64::from(c) + f64::from(d & 0x7f) / 10.0;
                let sign = if d & 0x80 == 0 { 1.0 } else { -1.0 };
                (sign * temperature, f64::from(a) + f64::from(b) / 10.0)
            }
            Model::Dht22 => {
                let [humidity, temperature] = [[a, b], [c, d]].map(u16::from_be_bytes);
                let temperature = match temperature {
                    // Newer sensors send the two's complement. As a sign and a number, it would be below -1600 °C.
                    0xc000.. => f64::from(temperature as i16),
                    0x8000.. => -f64::from(temperature & 0x7fff),
                    _ => f64::from(temperature),
                };
                (temperature / 10.0, f64::from(humidity) / 10.0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The falling edges of an answer, the response's first: 42 of them.
    fn falls(bytes: [u8; 5]) -> Vec<Instant> {
        let bits = bytes.into_iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
        let times = std::iter::once(us(160)).chain(bits.map(|bit| if bit == 1 { us(120) } else { us(77) }));
        let mut falls = vec![Instant::ZERO + us(30)];
        times.for_each(|time| falls.push(falls[falls.len() - 1] + time));
        falls
    }

    fn answer(data: [u8; 4]) -> Vec<Instant> {
        let [a, b, c, d] = data;
        falls([a, b, c, d, data.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))])
    }

    /// The examples of the data sheets, and what sensors were seen to send.
    #[test]
    fn data_sheet_values() {
        for (model, data, temperature, humidity) in [
            (Model::Dht22, [0x02, 0x92, 0x01, 0x0d], 26.9, 65.8),
            (Model::Dht22, [0x02, 0x8c, 0x01, 0x5f], 35.1, 65.2),
            (Model::Dht22, [0x02, 0x8c, 0x80, 0x65], -10.1, 65.2),
            (Model::Dht22, [0x02, 0x8c, 0xff, 0x9b], -10.1, 65.2),
            (Model::Dht22, [0x03, 0xe8, 0x80, 0x01], -0.1, 100.0),
            (Model::Dht22, [0x00, 0x00, 0x00, 0x00], 0.0, 0.0),
            (Model::Dht11, [0x35, 0x00, 0x18, 0x04], 24.4, 53.0),
            (Model::Dht11, [0x2d, 0x00, 0x1c, 0x00], 28.0, 45.0),
            (Model::Dht11, [0x35, 0x00, 0x0a, 0x81], -10.1, 53.0),
        ] {
            assert_eq!(decode(model, &answer(data)), Ok((temperature, humidity)), "{model:?} {data:x?}");
        }
    }

    #[test]
    fn faults_are_told_apart() {
        let good = answer([0x02, 0x92, 0x01, 0x0d]);
        assert_eq!(decode(Model::Dht22, &[]), Err(Fault::Silence));
        assert_eq!(decode(Model::Dht22, &good[..1]), Err(Fault::Garbled));
        assert_eq!(decode(Model::Dht22, &good[..40]), Err(Fault::Garbled));
        assert_eq!(decode(Model::Dht22, &falls([0x02, 0x92, 0x01, 0x0d, 0xa3])), Err(Fault::Checksum));
        // A DHT11 that is read as a DHT22: 1152 %.
        assert_eq!(decode(Model::Dht22, &answer([0x2d, 0, 0x1c, 0])), Err(Fault::Implausible));
        assert_eq!(decode(Model::Dht22, &answer([0x02, 0x92, 0x06, 0])), Err(Fault::Implausible));
    }

    #[test]
    fn the_first_edge_may_be_lost_and_no_other() {
        let good = answer([0x02, 0x92, 0x81, 0x0d]);
        assert_eq!(decode(Model::Dht22, &good[1..]), Ok((-26.9, 65.8)));
        for lost in 1..good.len() - 1 {
            let mut falls = good.clone();
            falls.remove(lost);
            assert_eq!(decode(Model::Dht22, &falls), Err(Fault::Garbled), "without edge {lost}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Stamps that are up to 10 µs late change nothing.
        #[test]
        fn late_stamps(humidity in 0_u16..=1000, temperature in -400_i16..=800, late in prop::collection::vec(0_u64..=10, 42)) {
            let sign = if temperature < 0 { 0x8000 } else { 0 };
            let [[a, b], [c, d]] = [humidity, temperature.unsigned_abs() | sign].map(u16::to_be_bytes);
            let falls: Vec<_> = answer([a, b, c, d]).into_iter().zip(late).map(|(at, late)| at + us(late)).collect();
            let values = (f64::from(temperature) / 10.0, f64::from(humidity) / 10.0);
            prop_assert_eq!(decode(Model::Dht22, &falls), Ok(values));
        }

        /// An answer of one type is never a reading of the other.
        #[test]
        fn the_types_are_told_apart(data: [u8; 4]) {
            let results = [Model::Dht11, Model::Dht22].map(|model| decode(model, &answer(data)));
            prop_assert!(results.contains(&Err(Fault::Implausible)), "{:?}", results);
        }

        /// A DHT22 with any values.
        #[test]
        fn a_dht22_as_a_dht11(humidity in 0_u16..=1000, temperature in -400_i16..=800) {
            let sign = if temperature < 0 { 0x8000 } else { 0 };
            let [[a, b], [c, d]] = [humidity, temperature.unsigned_abs() | sign].map(u16::to_be_bytes);
            prop_assert_eq!(decode(Model::Dht11, &answer([a, b, c, d])), Err(Fault::Implausible));
        }

        /// Any edges give a result, and plausible values.
        #[test]
        fn any_edges(gaps in prop::collection::vec(0_u64..200, 0..100), is_dht11: bool) {
            let ends = gaps.iter().scan(Instant::ZERO, |at, gap| { *at += us(*gap); Some(*at) });
            let model = if is_dht11 { Model::Dht11 } else { Model::Dht22 };
            if let Ok((temperature, humidity)) = decode(model, &ends.collect::<Vec<_>>()) {
                prop_assert!((-40.0..=125.0).contains(&temperature) && (0.0..=100.0).contains(&humidity));
            }
        }

        /// One wrong bit never gives another reading.
        #[test]
        fn one_wrong_bit(data: [u8; 4], wrong in 0_usize..40) {
            let [a, b, c, d] = data;
            let mut bytes = [a, b, c, d, data.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))];
            bytes[wrong / 8] ^= 0x80 >> (wrong % 8);
            prop_assert_eq!(decode(Model::Dht22, &falls(bytes)), Err(Fault::Checksum));
        }
    }
}
