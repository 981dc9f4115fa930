//! Plays a scenario on the mock, on virtual time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use pinzero::mock::{self, MockGpio};
use pinzero::time::ms;
use pinzero::{Error, Follower, Level, LineFunction, Result, Source};
use pinzero_tests::Log;
use serde_json::{Map, Value as Json, json};

use crate::compare::{Change, Record, State};
use crate::subject::{Action, Args, Step, Subject};
use crate::subjects;

/// The time between two values that a follower of gpiozero's takes.
const BEAT: Duration = ms(10);

/// Plays a scenario of this class, or of a file about several, and returns what happened, with the changes of these pins.
pub(crate) fn play<'a>(class: &str, scenario: &Json, pins: impl Iterator<Item = &'a String>) -> Record {
    let outputs = Mutex::new(pins.map(|pin| (pin.clone(), Span::default())).collect());
    let circuit = &scenario["circuit"];
    let gpio = mock::builder().wall_time(UNIX_EPOCH + start(circuit)).open();
    let stage = Arc::new(Stage {
        gpio,
        circuit: circuit.clone(),
        devices: Mutex::default(),
        outputs,
        followers: Mutex::default(),
        delays: Mutex::default(),
        log: Log::new(),
    });
    for part in circuit.as_array().unwrap_or(&Vec::new()) {
        connect(&stage.gpio, part[0].as_str().unwrap(), &part[1]);
    }
    if crate::is_class(class) {
        stage.open("", class, &scenario["args"]);
    }
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
        stage.step(at, &step[1..]);
    }
    let outputs = stage.outputs.lock().unwrap().clone().into_iter();
    let pins = outputs.map(|(pin, span)| (pin.clone(), changes(&stage.gpio.line(&*pin), span))).collect();
    let log = stage.log.take();
    // A handler keeps the stage, so drop the handlers.
    let _ = stage.gpio.close();
    stage.devices.lock().unwrap().clear();
    stage.followers.lock().unwrap().clear();
    for part in circuit.as_array().into_iter().flatten().filter(|part| part[0] == "file") {
        let _ = fs::remove_file(file(part[1]["name"].as_str().unwrap()));
    }
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
            changing(gpio, &options["flight"], move |flight| sensor.set_echo(time(flight)));
        }
        "capacitor" => {
            let capacitor = gpio.capacitor(pin("pin"), Duration::ZERO);
            changing(gpio, &options["time"], move |charge| capacitor.set_charge_time(time(charge)));
        }
        "adc" => {
            let chip = gpio.mcp3xxx(options["chip"].as_str().unwrap(), [11, 10, 9, 8]);
            for (channel, results) in options["results"].as_object().unwrap() {
                let channel = channel.parse().unwrap();
                let chip = chip.clone();
                changing(gpio, results, move |result| chip.set(channel, result.as_u64().unwrap() as u16));
            }
        }
        "file" => {
            let path = file(options["name"].as_str().unwrap());
            changing(gpio, &options["text"], move |text| fs::write(&path, text.as_str().unwrap()).unwrap());
        }
        // The devices ask for these themselves.
        "disk" | "host" | "clock" => {}
        other => panic!("no {other}"),
    }
}

/// Returns the path of a scenario's file.
pub(crate) fn file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("pinzero-golden-{}-{name}", std::process::id()))
}

/// Returns the time of the day at the start, of the clock that the circuit has.
fn start(circuit: &Json) -> Duration {
    let clock = circuit.as_array().into_iter().flatten().find(|part| part[0] == "clock");
    let time = clock.map_or("00:00:00", |clock| clock[1]["start"].as_str().unwrap());
    Duration::from_secs(time.split(':').fold(0, |all, part| all * 60 + part.parse::<u64>().unwrap()))
}

/// Sets a value, or each of a list of values when it begins to hold.
fn changing(gpio: &MockGpio, values: &Json, set: impl Fn(&Json) + Clone + Send + 'static) {
    let Some(list) = values.as_array() else { return set(values) };
    for change in list {
        let (at, value, set) = (time(&change[0]).unwrap(), change[1].clone(), set.clone());
        if at.is_zero() {
            set(&value);
        } else {
            gpio.after(at, move || set(&value)).unwrap();
        }
    }
}

/// Returns a time in milliseconds, or none.
fn time(json: &Json) -> Option<Duration> {
    json.as_f64().map(|millis| Duration::from_nanos((millis * 1e6).round() as u64))
}

/// When a pin became an output, and when it was none any more.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    start: Option<Duration>,
    end: Option<Duration>,
}

/// Returns the level of a line at each change, and before the first one.
fn levels(line: &mock::MockLine<'_>) -> (Level, Vec<(Duration, Level)>) {
    let history = line.history();
    (history.first().map_or(line.level(), |(_, level)| !*level), history)
}

fn level_at((before, history): &(Level, Vec<(Duration, Level)>), moment: Duration) -> Level {
    history.iter().rev().find(|(at, _)| *at <= moment).map_or(*before, |(_, level)| *level)
}

/// Returns the changes of an output until its end.
fn changes(line: &mock::MockLine<'_>, span: Span) -> Vec<Change> {
    let pulses = line.pulses();
    let mut changes: Vec<Change> = if pulses.is_empty() {
        let (before, history) = levels(line);
        // An output may begin at the level that the pull gave it.
        let first = span.start.map(|start| (start, before));
        let history = first.into_iter().chain(history);
        history
            .map(|(at, level)| (millis(at), State::of(f64::from(u8::from(level == Level::High)), 0.0)))
            .collect()
    } else {
        let pulses = pulses.iter();
        pulses
            .map(|pulse| (millis(pulse.at), State::of(pulse.duty(), 1.0 / pulse.period.as_secs_f64())))
            .collect()
    };
    if let Some(end) = span.end.map(millis) {
        changes.retain(|(at, _)| *at <= end);
        changes.push((end, State::Input));
    }
    changes
}

/// Returns an error as it is in a log.
fn failure(error: &Error) -> Json {
    json!(format!("!{:?}", error.kind()))
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The devices of a scenario, and what they did.
struct Stage {
    gpio: MockGpio,
    circuit: Json,
    devices: Mutex<BTreeMap<String, Arc<dyn Subject>>>,
    /// The outputs of the golden file.
    outputs: Mutex<BTreeMap<String, Span>>,
    /// What follows a source, and how long the time between two values is, by device.
    followers: Mutex<BTreeMap<String, Follower>>,
    delays: Mutex<BTreeMap<String, Duration>>,
    log: Log<Json>,
}

impl Stage {
    fn open(&self, name: &str, class: &str, args: &Json) {
        let mut args = Args(args.as_object().cloned().unwrap_or_default());
        // For devices that read something outside the pins.
        args.0.insert("circuit".to_owned(), self.circuit.clone());
        let step = if name.is_empty() { "open".to_owned() } else { format!("{name}.open") };
        self.guard(&step, false, || {
            let device = subjects::open(class, &self.gpio, &args)?;
            self.devices.lock().unwrap().insert(name.to_owned(), device.into());
            Ok(Json::Null)
        });
    }

    fn attach(self: &Arc<Self>, event: &str, step: Option<Vec<Json>>) {
        let Some((subject, name)) = self.find(event) else { return };
        let (stage, event) = (self.clone(), event.to_owned());
        let action: Action = Box::new(move || {
            stage.note(&event, None);
            if let Some(step) = &step {
                stage.step(stage.gpio.elapsed(), step);
            }
        });
        let result = subject.apply(Step::On(&name, action));
        assert!(result.is_ok(), "{result:?}");
    }

    fn step(&self, at: Duration, step: &[Json]) {
        let (verb, path) = (step[0].as_str().unwrap(), &step[1]);
        match verb {
            "drive" => self.line(path).drive(level(&step[2])),
            "script" => {
                let steps = step[2].as_array().unwrap().iter();
                let steps = steps.map(|step| (time(&step[0]).unwrap(), level(&step[1])));
                self.line(path).script(steps.collect::<Vec<_>>());
            }
            "take" => {
                // Noted at the time of the step: gpiozero's tools give all values at once.
                let result = self.take(path.as_u64().unwrap() as usize, &step[2]);
                self.note_at(at, "take", Some(result.unwrap_or_else(|error| failure(&error))));
            }
            "look" => self.guard("look", true, || Ok(json!(self.look(time(path).unwrap(), &step[2])))),
            _ => self.ask(verb, path.as_str().unwrap(), step.get(2)),
        }
    }

    /// Does a step on a device.
    fn ask(&self, verb: &str, path: &str, argument: Option<&Json>) {
        // A device that failed to open does nothing.
        let Some((subject, name)) = self.find(path) else { return };
        let args = Args(argument.and_then(Json::as_object).cloned().unwrap_or_default());
        let device = path.rsplit_once('.').map_or("", |(device, _)| device);
        let shown = if verb == "set" { format!("{path}=") } else { path.to_owned() };
        self.guard(&shown, verb == "get", || match (verb, name.as_str()) {
            ("set", "source") => self.follow(device, &*subject, argument.unwrap()),
            ("set", "source_delay") => self.set_delay(device, argument.unwrap()),
            ("get", _) => subject.apply(Step::Get(&name)),
            ("set", _) => subject.apply(Step::Set(&name, argument.unwrap())),
            ("call", _) => subject.apply(Step::Call(&name, &args)),
            (other, _) => panic!("no verb {other}"),
        });
    }

    /// Runs the body; notes its error or result, or that it took time.
    fn guard(&self, name: &str, always: bool, body: impl FnOnce() -> Result<Json>) {
        let start = self.gpio.elapsed();
        match body() {
            Err(error) => self.note(name, Some(failure(&error))),
            Ok(value) if always || !value.is_null() || self.gpio.elapsed() != start => {
                self.note(name, Some(value));
            }
            Ok(_) => {}
        }
        let now = self.gpio.elapsed();
        for (pin, span) in &mut *self.outputs.lock().unwrap() {
            let is_output = self.gpio.line(pin.as_str()).function() != LineFunction::Input;
            match span {
                Span { start: None, .. } if is_output => span.start = Some(now),
                Span { start: Some(_), end: None } if !is_output => span.end = Some(now),
                _ => {}
            }
        }
    }

    /// Returns what the eye sees on each digit: the letters of the segments that shone for a while in the last time.
    fn look(&self, window: Duration, wiring: &Json) -> Vec<String> {
        let lines = |name: &str| -> Vec<_> {
            wiring[name].as_array().unwrap().iter().map(|pin| levels(&self.line(pin))).collect()
        };
        let (segments, commons) = (lines("segments"), lines("commons"));
        let active = wiring["active"].as_array();
        let [on, selected] = [0, 1].map(|index| active.map_or(Level::High, |active| level(&active[index])));
        let end = self.gpio.elapsed();
        let start = end - window;
        let changes = segments.iter().chain(&commons).flat_map(|(_, history)| history);
        let moments = changes.map(|(at, _)| *at).filter(|at| (start..end).contains(at)).chain([start]);
        let moments: Vec<Duration> = moments.collect();
        let mut seen = vec![BTreeSet::new(); commons.len()];
        for (letters, common) in seen.iter_mut().zip(&commons) {
            for moment in moments.iter().filter(|moment| level_at(common, **moment) == selected) {
                let lit = ('a'..).zip(&segments).filter(|(_, segment)| level_at(segment, *moment) == on);
                letters.extend(lit.map(|(letter, _)| letter));
            }
        }
        seen.into_iter().map(|letters| letters.into_iter().collect()).collect()
    }

    /// Returns so many values of the source, or all if there are fewer.
    fn take(&self, count: usize, source: &Json) -> Result<Json> {
        let values = self.source(source)?.every(BEAT).samples(&self.gpio)?;
        values.take(count).collect::<Result<Vec<_>>>().map(Json::Array)
    }

    fn source(&self, of: &Json) -> Result<Source<Json>> {
        subjects::source(of, &|name| self.devices.lock().unwrap()[name].values())
    }

    fn set_delay(&self, device: &str, delay: &Json) -> Result<Json> {
        let delay = crate::subject::seconds(crate::subject::number(delay))?;
        self.delays.lock().unwrap().insert(device.to_owned(), delay);
        Ok(Json::Null)
    }

    /// Lets a device follow a source, or end that.
    fn follow(&self, device: &str, subject: &dyn Subject, source: &Json) -> Result<Json> {
        let before = self.followers.lock().unwrap().remove(device);
        if source.is_null() {
            before.iter().for_each(Follower::stop);
            return Ok(Json::Null);
        }
        let source = self.source(source)?;
        let delay = self.delays.lock().unwrap().get(device).copied().filter(|delay| !delay.is_zero());
        let follower = subject.follow(match delay {
            Some(delay) => source.every(delay),
            None => source,
        })?;
        self.followers.lock().unwrap().insert(device.to_owned(), follower);
        Ok(Json::Null)
    }

    fn note(&self, name: &str, result: Option<Json>) {
        self.note_at(self.gpio.elapsed(), name, result);
    }

    fn note_at(&self, at: Duration, name: &str, result: Option<Json>) {
        let entry = [json!(millis(at)), json!(name)];
        self.log.push(entry.into_iter().chain(result).collect());
    }

    fn line(&self, pin: &Json) -> mock::MockLine<'_> {
        self.gpio.line(crate::subject::pin(pin))
    }

    /// Returns the device or part of a path, and the last word of the path.
    fn find(&self, path: &str) -> Option<(Arc<dyn Subject>, String)> {
        let devices = self.devices.lock().unwrap();
        let mut words: Vec<&str> = path.split('.').collect();
        let last = words.pop().unwrap().to_owned();
        let named = words.first().and_then(|name| devices.get(*name));
        let mut subject = named.or_else(|| devices.get(""))?.clone();
        for part in words.iter().skip(usize::from(named.is_some())) {
            subject = subject.member(part).into();
        }
        Some((subject, last))
    }
}

fn level(json: &Json) -> Level {
    Level::from(crate::subject::truth(json))
}
