//! Plays a scenario on the mock, on virtual time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pinzero::mock::{self, MockGpio};
use pinzero::{Level, LineFunction, Result};
use pinzero_tests::Log;
use serde_json::{Map, Value as Json, json};

use crate::compare::{Change, Record, State};
use crate::subject::{Action, Args, Step, Subject};
use crate::subjects;

/// Plays a scenario of this class, and returns what happened, with the changes of these pins.
pub(crate) fn play<'a>(class: &str, scenario: &Json, pins: impl Iterator<Item = &'a String>) -> Record {
    let ends = Mutex::new(pins.map(|pin| (pin.clone(), None)).collect());
    let stage = Arc::new(Stage { gpio: mock::gpio(), devices: Mutex::default(), ends, log: Log::new() });
    for part in scenario["circuit"].as_array().unwrap_or(&Vec::new()) {
        connect(&stage.gpio, part[0].as_str().unwrap(), &part[1]);
    }
    stage.open("", class, &scenario["args"]);
    for (name, device) in scenario["others"].as_object().unwrap_or(&Map::new()) {
        stage.open(name, device[0].as_str().unwrap(), &device[1]);
    }
    for (event, step) in scenario["handlers"].as_object().unwrap_or(&Map::new()) {
        stage.attach(event, step.as_array().cloned());
    }
    for step in scenario["steps"].as_array().unwrap_or(&Vec::new()) {
        let step = step.as_array().unwrap();
        let at = time(&step[0]).unwrap();
        stage.gpio.advance(at.saturating_sub(stage.gpio.elapsed()));
        stage.step(&step[1..]);
    }
    let ends = stage.ends.lock().unwrap().clone().into_iter();
    let pins = ends.map(|(pin, end)| (pin.clone(), changes(&stage.gpio, &pin, end))).collect();
    let log = stage.log.take();
    // A handler keeps the stage, so drop the handlers.
    let _ = stage.gpio.close();
    stage.devices.lock().unwrap().clear();
    Record { pins, log }
}

/// Connects something outside.
fn connect(gpio: &MockGpio, part: &str, options: &Json) {
    let pin = |name| crate::subject::pin(&options[name]);
    match part {
        "echo" => {
            let sensor = gpio.echo(pin("trigger"), pin("echo"));
            if let Some(delay) = time(&options["delay"]) {
                sensor.set_delay(delay);
            }
            changing(gpio, &options["flight"], move |flight| sensor.set_echo(flight));
        }
        "capacitor" => {
            let capacitor = gpio.capacitor(pin("pin"), Duration::ZERO);
            changing(gpio, &options["time"], move |time| capacitor.set_charge_time(time));
        }
        "adc" => {
            let chip = gpio.mcp3xxx(options["chip"].as_str().unwrap(), [11, 10, 9, 8]);
            for (channel, results) in options["results"].as_object().unwrap() {
                let channel = channel.parse().unwrap();
                let constant = json!([[0, results]]);
                for change in results.as_array().unwrap_or(constant.as_array().unwrap()) {
                    let (at, chip) = (time(&change[0]).unwrap(), chip.clone());
                    let result = u16::try_from(change[1].as_u64().unwrap()).unwrap();
                    if at.is_zero() {
                        chip.set(channel, result);
                    } else {
                        gpio.after(at, move || chip.set(channel, result)).unwrap();
                    }
                }
            }
        }
        other => panic!("no {other}"),
    }
}

/// Sets a time, or each of a list of times when it begins to hold.
fn changing(gpio: &MockGpio, times: &Json, set: impl Fn(Option<Duration>) + Clone + Send + 'static) {
    let Some(list) = times.as_array() else { return set(time(times)) };
    for change in list {
        let (at, value, set) = (time(&change[0]).unwrap(), time(&change[1]), set.clone());
        if at.is_zero() {
            set(value);
        } else {
            gpio.after(at, move || set(value)).unwrap();
        }
    }
}

/// Returns a time in milliseconds, or none.
fn time(json: &Json) -> Option<Duration> {
    json.as_f64().map(|millis| Duration::from_nanos((millis * 1e6).round() as u64))
}

/// Returns the changes of an output until its end.
fn changes(gpio: &MockGpio, pin: &str, end: Option<Duration>) -> Vec<Change> {
    let line = gpio.line(pin);
    let pulses = line.pulses();
    let mut changes: Vec<Change> = if pulses.is_empty() {
        let history = line.history().into_iter();
        history
            .map(|(at, level)| (millis(at), State::of(f64::from(u8::from(level == Level::High)), 0.0)))
            .collect()
    } else {
        let pulses = pulses.iter();
        pulses
            .map(|pulse| (millis(pulse.at), State::of(pulse.duty(), 1.0 / pulse.period.as_secs_f64())))
            .collect()
    };
    if let Some(end) = end.map(millis) {
        changes.retain(|(at, _)| *at <= end);
        changes.push((end, State::Input));
    }
    changes
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The devices of a scenario, and what they did.
struct Stage {
    gpio: MockGpio,
    devices: Mutex<BTreeMap<String, Arc<dyn Subject>>>,
    /// When each output ended.
    ends: Mutex<BTreeMap<String, Option<Duration>>>,
    log: Log<Json>,
}

impl Stage {
    fn open(&self, name: &str, class: &str, args: &Json) {
        let args = Args(args.as_object().cloned().unwrap_or_default());
        match subjects::open(class, &self.gpio, &args) {
            Ok(device) => drop(self.devices.lock().unwrap().insert(name.to_owned(), device.into())),
            Err(error) => {
                let name = if name.is_empty() { "open".to_owned() } else { format!("{name}.open") };
                self.note(&name, Some(json!(format!("!{:?}", error.kind()))));
            }
        }
    }

    fn attach(self: &Arc<Self>, event: &str, step: Option<Vec<Json>>) {
        let (subject, name) = self.find(event);
        let (stage, event) = (self.clone(), event.to_owned());
        let action: Action = Box::new(move || {
            stage.note(&event, None);
            if let Some(step) = &step {
                stage.step(step);
            }
        });
        let result = subject.apply(Step::On(&name, action));
        assert!(result.is_ok(), "{result:?}");
    }

    fn step(&self, step: &[Json]) {
        let (verb, path) = (step[0].as_str().unwrap(), &step[1]);
        match verb {
            "drive" => self.line(path).drive(level(&step[2])),
            "script" => {
                let steps = step[2].as_array().unwrap().iter();
                let steps = steps.map(|step| (time(&step[0]).unwrap(), level(&step[1])));
                self.line(path).script(steps.collect::<Vec<_>>());
            }
            _ => self.ask(verb, path.as_str().unwrap(), step.get(2)),
        }
    }

    /// Does a step on a device, and notes an error, a result, or that it took time.
    fn ask(&self, verb: &str, path: &str, argument: Option<&Json>) {
        let (subject, name) = self.find(path);
        let start = self.gpio.elapsed();
        let args = Args(argument.and_then(Json::as_object).cloned().unwrap_or_default());
        let result: Result<Json> = subject.apply(match verb {
            "get" => Step::Get(&name),
            "set" => Step::Set(&name, argument.unwrap()),
            "call" => Step::Call(&name, &args),
            other => panic!("no verb {other}"),
        });
        let name = if verb == "set" { format!("{path}=") } else { path.to_owned() };
        match result {
            Err(error) => self.note(&name, Some(json!(format!("!{:?}", error.kind())))),
            Ok(value) if verb == "get" || !value.is_null() || self.gpio.elapsed() != start => {
                self.note(&name, Some(value));
            }
            Ok(_) => {}
        }
        for (pin, end) in &mut *self.ends.lock().unwrap() {
            if end.is_none() && self.gpio.line(pin.as_str()).function() == LineFunction::Input {
                *end = Some(self.gpio.elapsed());
            }
        }
    }

    fn note(&self, name: &str, result: Option<Json>) {
        let entry = [json!(millis(self.gpio.elapsed())), json!(name)];
        self.log.push(entry.into_iter().chain(result).collect());
    }

    fn line(&self, pin: &Json) -> mock::MockLine<'_> {
        self.gpio.line(crate::subject::pin(pin))
    }

    /// Returns the device or part of a path, and the last word of the path.
    fn find(&self, path: &str) -> (Arc<dyn Subject>, String) {
        let devices = self.devices.lock().unwrap();
        let mut words: Vec<&str> = path.split('.').collect();
        let last = words.pop().unwrap().to_owned();
        let named = words.first().and_then(|name| devices.get(*name));
        let mut subject = named.unwrap_or_else(|| &devices[""]).clone();
        for part in words.iter().skip(usize::from(named.is_some())) {
            subject = subject.member(part).into();
        }
        (subject, last)
    }
}

fn level(json: &Json) -> Level {
    Level::from(crate::subject::truth(json))
}
