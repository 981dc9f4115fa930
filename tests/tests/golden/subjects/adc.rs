use pinzero::options::{Analog, Multiplexed};
use pinzero::{
    AnalogInputDevice, Builder, Gpio, Mcp3002, Mcp3008, Mcp3201, Mcp3208, Mcp3301, Mcp3304, Open, Result,
    Source, Value,
};
use serde_json::{Value as Json, json};

use crate::subject::Step::Get;
use crate::subject::{Args, Step, Subject, device, reply};

pub(crate) fn open_3002(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    multiplexed(Mcp3002::builder(channel(args)), gpio, args)
}

pub(crate) fn open_3008(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    multiplexed(Mcp3008::builder(channel(args)), gpio, args)
}

pub(crate) fn open_3201(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    finish(Mcp3201::builder(), gpio, args)
}

pub(crate) fn open_3208(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    multiplexed(Mcp3208::builder(channel(args)), gpio, args)
}

pub(crate) fn open_3301(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    finish(Mcp3301::builder(), gpio, args)
}

pub(crate) fn open_3304(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    multiplexed(Mcp3304::builder(channel(args)), gpio, args)
}

fn channel(args: &Args) -> u32 {
    args.number("channel").unwrap_or(0.0) as u32
}

fn multiplexed<D>(builder: Builder<D, Multiplexed>, gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>>
where
    D: Open<Multiplexed> + std::ops::Deref<Target = AnalogInputDevice>,
{
    finish(builder.differential(args.flag("differential").unwrap_or(false)), gpio, args)
}

fn finish<D, O>(mut builder: Builder<D, O>, gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>>
where
    D: Open<O> + std::ops::Deref<Target = AnalogInputDevice>,
    O: AsMut<Analog>,
{
    if let Some(volts) = args.number("max_voltage") {
        builder = builder.max_voltage(volts);
    }
    Ok(Box::new((*builder.gpio(gpio).open()?).clone()))
}

impl Subject for AnalogInputDevice {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        match step {
            Get("value") => reply(self.value()),
            Get("raw_value") => self.raw_value().map(Json::from),
            Get("voltage") => reply(self.voltage()),
            Get("max_voltage") => reply(Ok(self.max_voltage())),
            Get("channel") => Ok(json!(self.channel())),
            Get("differential") => reply(Ok(self.is_differential())),
            Get("bits") => Ok(json!(self.bits())),
            other => device(self, other),
        }
    }

    fn values(&self) -> Source<Json> {
        Value::values(self).map(|value| json!(value))
    }
}
