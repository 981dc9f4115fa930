//! The smoothed sensors that read a level: they have the same options.

use pinzero::options::{Averaged, Smoothed};
use pinzero::{Average, Builder, Gpio, LineSensor, MotionSensor, Result, SmoothedInputDevice};
use serde_json::{Value as Json, json};

use super::digital_input;
use crate::subject::Step::{Call, Get, On, Set};
use crate::subject::{Args, Step, Subject, device, number, on, reply, wait};

pub(crate) fn open(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    Ok(Box::new(options(SmoothedInputDevice::builder(args.pin("pin")), args)?.gpio(gpio).open()?))
}

pub(crate) fn open_line(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    Ok(Box::new(options(LineSensor::builder(args.pin("pin")), args)?.gpio(gpio).open()?))
}

pub(crate) fn open_motion(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    Ok(Box::new(options(MotionSensor::builder(args.pin("pin")), args)?.gpio(gpio).open()?))
}

fn options<D: pinzero::Open<Smoothed>>(
    builder: Builder<D, Smoothed>,
    args: &Args,
) -> Result<Builder<D, Smoothed>> {
    let mut builder = digital_input::pulls(averaged(builder, args), args);
    if args.get("sample_wait").is_some() {
        builder = builder.sample_wait(args.seconds("sample_wait", 0.0)?);
    }
    if let Some(hertz) = args.number("sample_rate") {
        builder = builder.sample_rate(hertz);
    }
    Ok(builder)
}

/// Gives a builder gpiozero's arguments for the queue.
pub(crate) fn averaged<D: pinzero::Open<O>, O: AsMut<Averaged>>(
    mut builder: Builder<D, O>,
    args: &Args,
) -> Builder<D, O> {
    if let Some(samples) = args.number("queue_len") {
        builder = builder.queue_len(samples as usize);
    }
    if let Some(threshold) = args.number("threshold") {
        builder = builder.threshold(threshold);
    }
    if let Some(partial) = args.flag("partial") {
        builder = builder.partial(partial);
    }
    match args.get("average").and_then(Json::as_str) {
        None => builder,
        Some("mean") => builder.average(Average::Mean),
        Some(other) => panic!("no average {other}"),
    }
}

impl Subject for SmoothedInputDevice {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("value") => reply(self.value()),
            Get("is_active") => reply(self.is_active()),
            Get("threshold") => reply(self.threshold()),
            Get("queue_len") => self.queue_len().map(|samples| json!(samples)),
            Get("active_time") => reply(Ok(self.active_time())),
            Get("inactive_time") => reply(Ok(self.inactive_time())),
            Set("threshold", value) => reply(self.set_threshold(number(value))),
            Call("wait_for_active", args) => {
                wait(args, || self.wait_for_active(), |timeout| self.wait_for_active_timeout(timeout))
            }
            Call("wait_for_inactive", args) => {
                wait(args, || self.wait_for_inactive(), |timeout| self.wait_for_inactive_timeout(timeout))
            }
            On("when_activated", mut action) => on(self.when_activated(move |_| action())),
            On("when_deactivated", mut action) => on(self.when_deactivated(move |_| action())),
            other => device(self, other),
        }
    }
}

impl Subject for LineSensor {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("line_detected") => reply(self.line_detected()),
            Call("wait_for_line", args) => {
                wait(args, || self.wait_for_line(), |timeout| self.wait_for_line_timeout(timeout))
            }
            Call("wait_for_no_line", args) => {
                wait(args, || self.wait_for_no_line(), |timeout| self.wait_for_no_line_timeout(timeout))
            }
            On("when_line", mut action) => on(self.when_line(move |_| action())),
            On("when_no_line", mut action) => on(self.when_no_line(move |_| action())),
            other => SmoothedInputDevice::apply(self, other),
        }
    }
}

impl Subject for MotionSensor {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("motion_detected") => reply(self.motion_detected()),
            Call("wait_for_motion", args) => {
                wait(args, || self.wait_for_motion(), |timeout| self.wait_for_motion_timeout(timeout))
            }
            Call("wait_for_no_motion", args) => {
                wait(args, || self.wait_for_no_motion(), |timeout| self.wait_for_no_motion_timeout(timeout))
            }
            On("when_motion", mut action) => on(self.when_motion(move |_| action())),
            On("when_no_motion", mut action) => on(self.when_no_motion(move |_| action())),
            other => SmoothedInputDevice::apply(self, other),
        }
    }
}
