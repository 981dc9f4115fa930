//! [`Mqtt`]: how the parts of a circuit appear on an MQTT broker.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

/// The table `[mqtt]`: the broker, and how the parts appear on it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Mqtt {
    /// The broker: `"mqtts://HOST:PORT"`. Default: the command line names the broker.
    pub broker: Option<String>,
    /// The name of this node on the broker: at most 64 letters, digits, `_` and `-`. Default: the host name.
    pub node: Option<String>,
    /// The first level of all topics. Default: `"pinzero"`.
    pub prefix: Option<String>,
    /// The topic of a device, before `/state` and `/set`. Default: `"{prefix}/{node}/{device}"`.
    pub topic: Option<String>,
    /// The first level of Home Assistant's discovery topics; empty for no discovery. Default: `"homeassistant"`.
    pub discovery: Option<String>,
    /// The client identifier. Default: one that no other computer has.
    pub client_id: Option<String>,
    /// The name of the user at the broker. Default: none.
    pub user: Option<String>,
    /// The file that holds the password, as seen from the folder of the circuit file, as all files here. Default: the systemd credential `mqtt-password`, else no password.
    pub password_file: Option<PathBuf>,
    /// The file of the certificate authority that signed the broker's certificate. Default: the authorities of the system.
    pub ca_file: Option<PathBuf>,
    /// The file of this client's certificate. Default: none.
    pub certificate_file: Option<PathBuf>,
    /// The file of the key of this client's certificate. Default: none.
    pub key_file: Option<PathBuf>,
    /// The time between signs of life, in seconds. Default: 30.
    pub keep_alive: Option<u16>,
    /// The number of events to keep while the broker is away. Default: 1000.
    pub queue: Option<usize>,
    /// What differs from the defaults, for each device: `[mqtt.device.NAME]`.
    pub device: BTreeMap<Spanned<String>, Appearance>,
}

impl Mqtt {
    /// Returns the keys that differ from those of another table, without the devices.
    ///
    /// ```
    /// use pinzero_circuit::Circuit;
    ///
    /// let one = Circuit::parse("[mqtt]\nnode = \"attic\"\n")?;
    /// let other = Circuit::parse("[mqtt]\nnode = \"cellar\"\nuser = \"pi\"\n")?;
    /// assert_eq!(one.mqtt().differences(other.mqtt()), ["node", "user"]);
    /// # Ok::<(), pinzero_circuit::Mistake>(())
    /// ```
    pub fn differences(&self, other: &Mqtt) -> Vec<&'static str> {
        // A key that is new does not compile until it is here.
        let Mqtt {
            broker,
            node,
            prefix,
            topic,
            discovery,
            client_id,
            user,
            password_file,
            ca_file,
            certificate_file,
            key_file,
            keep_alive,
            queue,
            device: _,
        } = self;
        let keys = [
            ("broker", *broker != other.broker),
            ("node", *node != other.node),
            ("prefix", *prefix != other.prefix),
            ("topic", *topic != other.topic),
            ("discovery", *discovery != other.discovery),
            ("client_id", *client_id != other.client_id),
            ("user", *user != other.user),
            ("password_file", *password_file != other.password_file),
            ("ca_file", *ca_file != other.ca_file),
            ("certificate_file", *certificate_file != other.certificate_file),
            ("key_file", *key_file != other.key_file),
            ("keep_alive", *keep_alive != other.keep_alive),
            ("queue", *queue != other.queue),
        ];
        keys.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
    }
}

/// The table `[mqtt.device.NAME]`: how one part appears on the broker, and how the node treats the part.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Appearance {
    /// Whether the part is left out. Default: `false`.
    pub hidden: bool,
    /// The kind of entity, where a part can be one of several: `"light"` or `"switch"` for a LED, `"number"` or `"cover"` for a servo,
    /// `"fan"` or `"switch"` for a motor, `"number"` or `"sensor"` for a rotary encoder. Default: the first of each.
    #[serde(rename = "as")]
    pub entity: Option<String>,
    /// The topic of this device alone, before `/state` and `/set`: `"{prefix}/{node}/input/{device}"`. Default: that of `[mqtt]`.
    pub topic: Option<String>,
    /// The name for people. Default: the name of the part.
    pub name: Option<String>,
    /// The icon: `"mdi:pump"`. Default: Home Assistant's own.
    pub icon: Option<String>,
    /// The area of the house that Home Assistant suggests. Default: none.
    pub area: Option<String>,
    /// The class of a sensor or switch in Home Assistant: `"water"`, `"door"`. Default: that of the kind.
    pub class: Option<String>,
    /// The unit of a reading. Default: that of the kind.
    pub unit: Option<String>,
    /// When a contact is ON: a switch while `"closed"` or `"open"`, a motion sensor at `"motion"` or `"stillness"`, a line sensor over a
    /// `"line"` or over the `"floor"`. Default: the first of each.
    pub on_when: Option<String>,
    /// The state of an output at the start. Default: [`Keep`](Resting::Keep). A pin that nobody drives, as after a power cut, is then off.
    pub initial: Option<Resting>,
    /// The time after which an output that is on goes off by itself, in seconds, unless a command says `"for"`. Default: an output
    /// stays on.
    pub on_for: Option<f64>,
    /// The state of an output after the node has ended. Default: [`Keep`](Resting::Keep) for relays and for LEDs without PWM, where the
    /// system keeps the level of a closed pin; [`Off`](Resting::Off) for all that turn, sound or are dimmed.
    pub on_exit: Option<Resting>,
    /// The state of an output once the broker has been away for `safe_after` seconds. A cover that is on is open, and one that is off is
    /// closed. Default: [`Keep`](Resting::Keep).
    pub safe: Option<Resting>,
    /// The time without a broker after which the device takes its safe state, in seconds. Default: 60.
    pub safe_after: Option<f64>,
    /// The time between two readings of a sensor, in seconds. Default: 30; 10 for a counter.
    pub interval: Option<f64>,
    /// The digits of a reading after the decimal point. Default: those that the sensor can tell apart.
    pub digits: Option<u8>,
    /// The number of pulses that make one unit of a counter. Default: 1.
    pub pulses_per_unit: Option<f64>,
    /// The time for which a contact bounces, in seconds: shorter pulses do not count. Default: 0 for a pulse counter, else
    /// 0.02.
    pub bounce_time: Option<f64>,
    /// Whether the pin is dimmed by PWM. Default: `true` for a LED that is a light.
    pub dimmable: Option<bool>,
}

/// A state that an output takes without a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Resting {
    /// The state that the output has.
    Keep,
    /// On.
    On,
    /// Off.
    Off,
}

impl Resting {
    /// Returns whether the output is on; `None` for the state that the output has.
    pub fn is_on(self) -> Option<bool> {
        match self {
            Resting::Keep => None,
            Resting::On => Some(true),
            Resting::Off => Some(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;

    #[test]
    fn each_key_may_differ() {
        for key in kinds::MQTT.into_iter().filter(|key| *key != "device") {
            let value = if matches!(key, "keep_alive" | "queue") { "7" } else { "\"x\"" };
            let other: Mqtt = toml::from_str(&format!("{key} = {value}")).unwrap();
            assert_eq!(Mqtt::default().differences(&other), [key]);
        }
    }
}
