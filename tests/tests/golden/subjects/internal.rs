//! Devices without pins: about the computer that the program runs on.

use std::time::Duration;

use pinzero::time::Instant;
use pinzero::{
    Builder, CpuTemperature, DayTime, DiskUsage, Gpio, LoadAverage, Open, PingServer, PolledInternalDevice,
    Result, TimeOfDay, Zone, options::Polling,
};
use serde_json::{Value as Json, json};

use crate::play::file;
use crate::subject::Step::{Call, Get, On};
use crate::subject::{Args, Step, Subject, device, number, on, reply, truth, wait};

pub(crate) fn open_cpu_temperature(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let builder = CpuTemperature::builder()
        .sensor_file(file(text(args, "sensor_file")))
        .min_temp(args.number("min_temp").unwrap_or(0.0))
        .max_temp(args.number("max_temp").unwrap_or(100.0))
        .threshold(args.number("threshold").unwrap_or(80.0));
    Ok(Box::new(polled_every(builder, args)?.gpio(gpio).open()?))
}

pub(crate) fn open_load_average(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let builder = LoadAverage::builder()
        .load_average_file(file(text(args, "load_average_file")))
        .min_load_average(args.number("min_load_average").unwrap_or(0.0))
        .max_load_average(args.number("max_load_average").unwrap_or(1.0))
        .threshold(args.number("threshold").unwrap_or(0.8))
        .minutes(args.number("minutes").unwrap_or(5.0) as u32);
    Ok(Box::new(polled_every(builder, args)?.gpio(gpio).open()?))
}

pub(crate) fn open_disk_usage(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let disk = outside(args, "disk");
    let now = elapsed(gpio);
    let builder =
        DiskUsage::builder("/").threshold(args.number("threshold").unwrap_or(90.0)).probe(move |_| {
            let [blocks, free, available] =
                ["blocks", "free", "available"].map(|name| number(&present(&disk[name], now())));
            Ok(100.0 * (blocks - free) / (blocks - free + available))
        });
    Ok(Box::new(polled_every(builder, args)?.gpio(gpio).open()?))
}

pub(crate) fn open_ping_server(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let host = outside(args, "host");
    let now = elapsed(gpio);
    let builder =
        PingServer::builder(text(args, "host")).probe(move |_, _| Ok(truth(&present(&host["up"], now()))));
    Ok(Box::new(polled_every(builder, args)?.gpio(gpio).open()?))
}

pub(crate) fn open_time_of_day(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let builder = TimeOfDay::builder(text(args, "start_time"), text(args, "end_time"));
    Ok(Box::new(polled_every(builder, args)?.gpio(gpio).open()?))
}

fn text<'a>(args: &'a Args, name: &str) -> &'a str {
    args.get(name).and_then(Json::as_str).unwrap()
}

fn polled_every<D: Open<O>, O: AsMut<Polling>>(builder: Builder<D, O>, args: &Args) -> Result<Builder<D, O>> {
    Ok(match args.get("event_delay") {
        Some(_) => builder.event_delay(args.seconds("event_delay", 0.0)?),
        None => builder,
    })
}

/// Returns a part of the circuit.
fn outside(args: &Args, name: &str) -> Json {
    let circuit = args.get("circuit").and_then(Json::as_array);
    circuit.into_iter().flatten().find(|part| part[0] == name).map(|part| part[1].clone()).unwrap()
}

/// Returns the present value of a constant, or of a list of times and values.
fn present(value: &Json, now: Duration) -> Json {
    let Some(list) = value.as_array() else { return value.clone() };
    let holds = |change: &&Json| number(&change[0]) <= now.as_secs_f64() * 1e3;
    list.iter().rfind(holds).unwrap()[1].clone()
}

fn elapsed(gpio: &Gpio) -> impl Fn() -> Duration + Send + Sync + 'static {
    let gpio = gpio.clone();
    let start: Instant = gpio.now();
    move || gpio.now().since(start)
}

fn polled(of: &PolledInternalDevice, step: Step<'_>) -> Result<Json> {
    match step {
        Get("is_active") => reply(of.is_active()),
        Get("active_time") => reply(Ok(of.active_time())),
        Get("inactive_time") => reply(Ok(of.inactive_time())),
        Call("wait_for_active", args) => {
            wait(args, || of.wait_for_active(), |timeout| of.wait_for_active_timeout(timeout))
        }
        Call("wait_for_inactive", args) => {
            wait(args, || of.wait_for_inactive(), |timeout| of.wait_for_inactive_timeout(timeout))
        }
        On("when_activated", mut action) => on(of.when_activated(move |_| action())),
        On("when_deactivated", mut action) => on(of.when_deactivated(move |_| action())),
        other => device(of, other),
    }
}

/// Returns a time as Python shows it, with seconds.
fn time(of: &DayTime) -> String {
    let text = of.to_string();
    if text.len() == "00:00".len() { text + ":00" } else { text }
}

impl Subject for CpuTemperature {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("value") => reply(self.value()),
            Get("temperature") => reply(self.temperature()),
            other => polled(self, other),
        }
    }
}

impl Subject for LoadAverage {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("value") => reply(self.value()),
            Get("load_average") => reply(self.load_average()),
            other => polled(self, other),
        }
    }
}

impl Subject for DiskUsage {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("value") => reply(self.value()),
            Get("usage") => reply(self.usage()),
            other => polled(self, other),
        }
    }
}

impl Subject for PingServer {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("value") => reply(self.value()),
            Get("host") => Ok(json!(self.host())),
            other => polled(self, other),
        }
    }
}

impl Subject for TimeOfDay {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("value") => reply(self.value()),
            Get("start_time") => Ok(json!(time(&self.start_time()))),
            Get("end_time") => Ok(json!(time(&self.end_time()))),
            Get("utc") => Ok(json!(*self.zone() == Zone::Utc)),
            other => polled(self, other),
        }
    }
}
