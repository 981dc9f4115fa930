//! [`Subject`]: a device of ours that understands gpiozero's words.

use std::time::Duration;

use pinzero::{Animation, Blink, Device, Error, ErrorKind, Follower, Gpio, Handler, PinSpec, Result, Source};
use serde_json::{Map, Value as Json, json};

/// What a scenario does to a device, in gpiozero's words.
pub(crate) enum Step<'a> {
    /// Reads a property.
    Get(&'a str),
    /// Sets a property.
    Set(&'a str, &'a Json),
    /// Calls a method.
    Call(&'a str, &'a Args),
    /// Sets the handler of an event.
    On(&'a str, Action),
}

/// A handler of a scenario.
pub(crate) type Action = Box<dyn FnMut() + Send>;

/// A device that a scenario can drive. The implementations are the mapping from gpiozero's names to ours.
pub(crate) trait Subject: Send + Sync {
    /// Does a step; returns what gpiozero returns in its place, with seconds for times.
    fn apply(&self, step: Step<'_>) -> Result<Json>;

    /// Returns the values of the device, for others to follow.
    fn values(&self) -> Source<Json> {
        panic!("no values")
    }

    /// Follows a source.
    fn follow(&self, _: Source<Json>) -> Result<Follower> {
        panic!("nothing to follow")
    }

    /// Returns a member of the device by gpiozero's name or index.
    fn member(&self, name: &str) -> Box<dyn Subject> {
        panic!("no member {name}")
    }
}

/// Opens a device by the arguments of gpiozero's constructor.
pub(crate) type Open = fn(&Gpio, &Args) -> Result<Box<dyn Subject>>;

/// Does the steps that all devices have.
pub(crate) fn device(device: &(impl Device + ?Sized), step: Step<'_>) -> Result<Json> {
    match step {
        Step::Call("close", _) => reply(device.close()),
        Step::Get("closed") => Ok(json!(device.is_closed())),
        // Left out of ours: an intended difference, or the comparison fails.
        Step::Get(_) | Step::Set(..) | Step::Call(..) | Step::On(..) => Ok(json!("left out")),
    }
}

/// Returns a result as JSON.
pub(crate) fn reply<T: serde_json_value::IntoJson>(result: Result<T>) -> Result<Json> {
    result.map(serde_json_value::IntoJson::into_json)
}

/// Replies to a handler's registration.
pub(crate) fn on(_: Handler) -> Result<Json> {
    Ok(Json::Null)
}

/// Waits for a state; `wait_for` and `wait_for_timeout` are those of the device.
pub(crate) fn wait(
    args: &Args,
    wait_for: impl FnOnce() -> Result<()>,
    wait_for_timeout: impl FnOnce(Duration) -> Result<bool>,
) -> Result<Json> {
    match args.timeout()? {
        Some(timeout) => wait_for_timeout(timeout).map(Json::from),
        None => wait_for().map(|()| json!(true)),
    }
}

/// Waits for an animation if it is to be in the foreground.
pub(crate) fn animation(started: Result<Animation>, args: &Args) -> Result<Json> {
    let animation = started?;
    if args.flag("background") == Some(false) {
        animation.wait()?;
    }
    Ok(Json::Null)
}

/// Returns the plan of a blink, with gpiozero's defaults.
pub(crate) fn blink(args: &Args) -> Result<Blink> {
    let plan = Blink::new(args.seconds("on_time", 1.0)?, args.seconds("off_time", 1.0)?);
    let plan = plan.fade(args.seconds("fade_in_time", 0.0)?, args.seconds("fade_out_time", 0.0)?);
    Ok(times(plan, args))
}

/// Returns the plan of a pulse, with gpiozero's defaults.
pub(crate) fn pulse(args: &Args) -> Result<Blink> {
    let plan = Blink::pulse(args.seconds("fade_in_time", 1.0)?, args.seconds("fade_out_time", 1.0)?);
    Ok(times(plan, args))
}

fn times(plan: Blink, args: &Args) -> Blink {
    match args.number("n") {
        Some(n) => plan.times(n as u32),
        None => plan,
    }
}

/// Returns a number, or `true` as 1, or panics.
pub(crate) fn number(json: &Json) -> f64 {
    match json {
        Json::Bool(on) => f64::from(u8::from(*on)),
        other => other.as_f64().unwrap_or_else(|| panic!("no number: {other}")),
    }
}

/// Returns a truth value as Python sees it.
pub(crate) fn truth(json: &Json) -> bool {
    number(json) != 0.0
}

/// Arguments by name.
#[derive(Debug, Default, Clone)]
pub(crate) struct Args(pub(crate) Map<String, Json>);

impl Args {
    /// Returns an argument if it was given; a given `None` is `Null`.
    pub(crate) fn get(&self, name: &str) -> Option<&Json> {
        self.0.get(name)
    }

    /// Returns a number, unless there is none or it is `None`.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        self.get(name).filter(|value| !value.is_null()).map(number)
    }

    /// Returns a truth value, unless there is none or it is `None`.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).filter(|value| !value.is_null()).map(truth)
    }

    /// Returns a time. A negative one, which our types cannot say, is an error of its own here.
    pub(crate) fn seconds(&self, name: &str, default: f64) -> Result<Duration> {
        seconds(self.number(name).unwrap_or(default))
    }

    /// Returns a time that may be left out.
    pub(crate) fn timeout(&self) -> Result<Option<Duration>> {
        self.number("timeout").map(seconds).transpose()
    }

    /// Returns the names of members: of all arguments but these options, in their order if there is one, or that of the alphabet.
    pub(crate) fn names(&self, options: &[&str]) -> Vec<&str> {
        if let Some(order) = self.get("_order").and_then(Json::as_array) {
            return order.iter().filter_map(Json::as_str).collect();
        }
        self.0
            .keys()
            .map(String::as_str)
            .filter(|name| *name != "circuit" && !options.contains(name))
            .collect()
    }

    /// Returns a pin: a number or a name.
    pub(crate) fn pin(&self, name: &str) -> PinSpec {
        pin(self.get(name).unwrap_or_else(|| panic!("no argument {name}")))
    }
}

/// Returns a pin: a number or a name.
pub(crate) fn pin(json: &Json) -> PinSpec {
    match json {
        Json::String(name) => name.as_str().into(),
        other => u32::try_from(other.as_u64().unwrap()).unwrap().into(),
    }
}

/// Returns a time in seconds. A negative one is an error of its own here.
pub(crate) fn seconds(seconds: f64) -> Result<Duration> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|error| Error::new(ErrorKind::InvalidValue, error.to_string()))
}

mod serde_json_value {
    use std::time::Duration;

    use serde_json::{Value as Json, json};

    /// A result of ours as gpiozero would return it.
    pub(crate) trait IntoJson {
        fn into_json(self) -> Json;
    }

    impl IntoJson for () {
        fn into_json(self) -> Json {
            Json::Null
        }
    }

    impl IntoJson for bool {
        fn into_json(self) -> Json {
            json!(self)
        }
    }

    impl IntoJson for f64 {
        fn into_json(self) -> Json {
            json!(self)
        }
    }

    impl IntoJson for Duration {
        fn into_json(self) -> Json {
            json!(self.as_secs_f64())
        }
    }

    impl<T: IntoJson> IntoJson for Option<T> {
        fn into_json(self) -> Json {
            self.map_or(Json::Null, T::into_json)
        }
    }
}
