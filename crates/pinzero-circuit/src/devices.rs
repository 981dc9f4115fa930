//! Checks the table `[mqtt]`, and those of its devices.

use std::collections::BTreeMap;

use toml::Spanned;

use crate::address::BrokerAddress;
use crate::kinds;
use crate::mistake::Mistake;
use crate::mqtt::{Appearance, Mqtt, Resting};
use crate::part::{Kind, Part};
use crate::places::Places;
use crate::topics::{PREFIX, TOPIC, check_levels, check_template, check_topics, fill_topic};
use crate::values::{Wrong, range};

/// The longest time until a safe state, or of being on, in seconds: 24 days.
const LONGEST: f64 = 2_073_600.0;

/// The largest number of events to keep: each takes about 1 KB, and the service has 64 MB.
const LONGEST_QUEUE: usize = 20_000;

/// Checks the table `[mqtt]`, with the devices in it.
pub(crate) fn check(places: &Places<'_>, mqtt: &Mqtt, parts: &[Part]) -> Result<(), Mistake> {
    check_broker(mqtt).map_err(|(key, message)| places.at(&["mqtt", key], message))?;
    let mut devices: Vec<(&Spanned<String>, &Appearance)> = mqtt.device.iter().collect();
    devices.sort_by_key(|(name, _)| name.span().start);
    for (name, appearance) in devices {
        let word: &str = name.get_ref();
        let Some(part) = parts.iter().find(|part| part.name == word) else {
            let names: Vec<_> = parts.iter().map(|part| &*part.name).collect();
            let message = format!("no part is called {word:?}: {}", kinds::advise(word, &names));
            return Err(places.mistake(name.span(), message));
        };
        check_keys(places, part)?;
        check_device(&part.kind, appearance)
            .map_err(|(key, message)| places.at(&["mqtt", "device", word, key], message))?;
    }
    check_distinct(places, mqtt, parts)
}

/// Checks that no two devices have the same topic. A node that the file does not name is none of the names in the templates.
fn check_distinct(places: &Places<'_>, mqtt: &Mqtt, parts: &[Part]) -> Result<(), Mistake> {
    let prefix = mqtt.prefix.as_deref().unwrap_or(PREFIX);
    let node = mqtt.node.as_deref().unwrap_or("{node}");
    let mut present: BTreeMap<String, &str> = BTreeMap::new();
    for part in parts {
        let appearance =
            mqtt.device.iter().find(|(name, _)| *name.get_ref() == part.name).map(|(_, keys)| keys);
        if appearance.is_some_and(|appearance| appearance.hidden) {
            continue;
        }
        let own = appearance.and_then(|appearance| appearance.topic.as_deref());
        let template = own.or(mqtt.topic.as_deref()).unwrap_or(TOPIC);
        let topic = fill_topic(template, prefix, node, &part.name);
        let Some(other) = present.insert(topic.clone(), &part.name) else { continue };
        // Names differ, so one of them has a template of its own.
        let place = if own.is_some() { &part.name } else { other };
        let message =
            format!("{other:?} and {:?} have the same topic {topic:?}: give one of them another", part.name);
        return Err(places.at(&["mqtt", "device", place, "topic"], message));
    }
    Ok(())
}

fn check_broker(mqtt: &Mqtt) -> Result<(), Wrong> {
    let address = mqtt.broker.as_deref().map(BrokerAddress::parse).transpose();
    let address = address.map_err(|message| ("broker", message))?;
    if mqtt.user.is_some() && address.as_ref().is_some_and(|address| address.user.is_some()) {
        return Err(("user", "the address of the broker has a user too: remove one of them".to_owned()));
    }
    let [prefix, node, topic] = [(&mqtt.prefix, "prefix"), (&mqtt.node, "node"), (&mqtt.topic, "{device}")]
        .map(|(word, other)| word.as_deref().unwrap_or(other));
    check_topics(prefix, node, topic)?;
    match mqtt.discovery.as_deref() {
        None | Some("") => {}
        Some(discovery) => check_levels("discovery", discovery)?,
    }
    for (key, text) in [("client_id", &mqtt.client_id), ("user", &mqtt.user)] {
        check_text(key, text.as_deref())?;
    }
    for (key, file, other, other_file) in [
        ("certificate_file", &mqtt.certificate_file, "key_file", &mqtt.key_file),
        ("key_file", &mqtt.key_file, "certificate_file", &mqtt.certificate_file),
    ] {
        if file.is_some() && other_file.is_none() {
            return Err((
                key,
                format!("{key} needs {other} beside it: a certificate and its key belong together"),
            ));
        }
    }
    if address.is_some_and(|address| !address.is_encrypted) {
        let files = [("ca_file", &mqtt.ca_file), ("certificate_file", &mqtt.certificate_file)];
        if let Some((key, _)) = files.iter().find(|(_, file)| file.is_some()) {
            return Err((key, format!("{key} is for encryption, and mqtt:// has none: use mqtts://")));
        }
    }
    if let Some(time) = mqtt.keep_alive.filter(|time| *time < 5) {
        return Err(("keep_alive", format!("keep_alive goes from 5 to 65535 s, not {time}")));
    }
    if let Some(count) = mqtt.queue.filter(|count| *count > LONGEST_QUEUE) {
        return Err(("queue", format!("queue goes from 0 to {LONGEST_QUEUE} events, not {count}")));
    }
    Ok(())
}

/// Checks that each key of a device is one that its kind of part has.
fn check_keys(places: &Places<'_>, part: &Part) -> Result<(), Mistake> {
    let kind = part.kind.name();
    for (key, kinds) in kinds::DEVICE {
        let place = places.key(&["mqtt", "device", &part.name, key]);
        if let Some(place) = place.filter(|_| !kinds.is_empty() && !kinds.contains(&kind)) {
            let message = format!("a {kind} has no {key:?}: parts with it are {}", kinds.join(", "));
            return Err(places.mistake(place, message));
        }
    }
    Ok(())
}

fn check_device(kind: &Kind, appearance: &Appearance) -> Result<(), Wrong> {
    let entities = kinds::entities(kind.name());
    let entity = appearance.entity.as_deref().or(entities.first().copied()).unwrap_or_default();
    if !entities.contains(&entity) {
        let advice = match entities {
            [only] => format!("use {only:?}, or remove it"),
            several => kinds::advise(entity, several),
        };
        return Err(("as", format!("a {} cannot appear as {entity:?}: {advice}", kind.name())));
    }
    for (key, text) in [
        ("name", &appearance.name),
        ("icon", &appearance.icon),
        ("area", &appearance.area),
        ("class", &appearance.class),
        ("unit", &appearance.unit),
    ] {
        check_text(key, text.as_deref())?;
    }
    appearance.topic.as_deref().map_or(Ok(()), check_template)?;
    if appearance.icon.as_ref().is_some_and(|icon| !icon.contains(':')) {
        return Err(("icon", "an icon is one of Material Design, such as \"mdi:pump\"".to_owned()));
    }
    if let Some(class) = appearance.class.as_deref() {
        check_class(kind.name(), entity, class)?;
    }
    let cases = kinds::cases(kind.name());
    if let Some(case) = appearance.on_when.as_deref().filter(|case| !cases.contains(case)) {
        let message = format!("a {} is not ON when {case:?}: {}", kind.name(), kinds::advise(case, cases));
        return Err(("on_when", message));
    }
    check_unit(kind, appearance.unit.as_deref())?;
    check_resting(kind, entity, appearance)?;
    if appearance.safe_after.is_some() && matches!(appearance.safe, None | Some(Resting::Keep)) {
        return Err((
            "safe_after",
            "safe_after needs a state to take: add safe = \"off\" or safe = \"on\"".to_owned(),
        ));
    }
    if appearance.on_for.is_some() && appearance.on_exit == Some(Resting::On) {
        let message =
            "on_exit = \"on\" would last, for nobody is there to end it after on_for: remove one of them";
        return Err(("on_exit", message.to_owned()));
    }
    if appearance.dimmable == Some(true) && entity == "switch" {
        return Err(("dimmable", "a switch is not dimmed: remove dimmable, or as = \"switch\"".to_owned()));
    }
    let numbers = [
        ("safe_after", appearance.safe_after, 0.0..=LONGEST, " s"),
        ("on_for", appearance.on_for, 0.001..=LONGEST, " s"),
        ("interval", appearance.interval, 0.1..=86_400.0, " s"),
        ("digits", appearance.digits.map(f64::from), 0.0..=6.0, ""),
        ("pulses_per_unit", appearance.pulses_per_unit, 0.001..=1e9, ""),
        ("bounce_time", appearance.bounce_time, 0.0..=1.0, " s"),
    ];
    for (key, value, possible, unit) in numbers {
        if let Some(value) = value {
            range(key, value, possible, unit)?;
        }
    }
    Ok(())
}

/// Checks the class of an entity. Home Assistant refuses an entity of a class that it does not know, or whose unit the class does not have.
fn check_class(kind: &str, entity: &str, class: &str) -> Result<(), Wrong> {
    let is_word = class.chars().all(|letter| matches!(letter, 'a'..='z' | '0'..='9' | '_'));
    match kinds::classes(kind, entity) {
        Some([]) => Err(("class", format!("a {kind} as {entity} has no class in Home Assistant: remove it"))),
        Some(known) if !known.contains(&class) => Err((
            "class",
            format!(
                "a {kind} as {entity} has no class {class:?} in Home Assistant: {}",
                kinds::advise(class, known)
            ),
        )),
        None if !is_word => Err(("class", format!("a class is a word such as \"water\", not {class:?}"))),
        _ => Ok(()),
    }
}

/// Checks that no part is "on" that cannot be. A servo as a cover is on when it is open.
fn check_resting(kind: &Kind, entity: &str, appearance: &Appearance) -> Result<(), Wrong> {
    let keys: &[&str] = match (kind, entity) {
        (Kind::Servo(_), "number") => &["initial", "on_exit", "safe"],
        (Kind::Servo(_) | Kind::Motor(_), _) => &["on_exit"],
        (Kind::SevenSegmentDisplay(_) | Kind::CharacterDisplay(_), _) => &["safe"],
        _ => &[],
    };
    let states =
        [("initial", appearance.initial), ("on_exit", appearance.on_exit), ("safe", appearance.safe)];
    match states.iter().find(|(key, state)| *state == Some(Resting::On) && keys.contains(key)) {
        None => Ok(()),
        Some((key, _)) => {
            Err((key, format!("a {} cannot have {key} = \"on\": use \"keep\" or \"off\"", kind.name())))
        }
    }
}

/// Checks the unit of a distance or a temperature, which is converted. Other units are the user's own words.
fn check_unit(kind: &Kind, unit: Option<&str>) -> Result<(), Wrong> {
    match (kind, unit) {
        (Kind::Tmp36(_) | Kind::Ds18b20(_), Some(unit)) if !matches!(unit, "°C" | "°F") => {
            Err(("unit", format!("a temperature is told in \"°C\" or \"°F\", not in {unit:?}")))
        }
        (Kind::DistanceSensor(_), Some(unit)) if !matches!(unit, "m" | "cm" | "mm") => {
            Err(("unit", format!("a distance is told in \"m\", \"cm\" or \"mm\", not in {unit:?}")))
        }
        _ => Ok(()),
    }
}

fn check_text(key: &'static str, text: Option<&str>) -> Result<(), Wrong> {
    match text {
        Some(text) if text.trim().is_empty() => {
            Err((key, format!("{key} is empty: give it a text, or remove it")))
        }
        Some(text) if text.chars().any(char::is_control) || text.chars().count() > 255 => {
            Err((key, format!("{key} is a text of at most 255 letters, in one line")))
        }
        _ => Ok(()),
    }
}
