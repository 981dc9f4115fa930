use pinzero::{Energenie, Gpio, Result};
use serde_json::{Value as Json, json};

use crate::subject::Step::{Call, Get, Set};
use crate::subject::{Args, Step, Subject, device, reply, truth};

pub(crate) fn open(gpio: &Gpio, args: &Args) -> Result<Box<dyn Subject>> {
    let mut builder = Energenie::builder(args.number("socket").unwrap() as u32);
    if let Some(value) = args.get("initial_value") {
        builder = builder.initial_value((!value.is_null()).then(|| truth(value)));
    }
    let socket = builder.gpio(gpio).open()?;
    socket.wait_until_sent()?;
    Ok(Box::new(socket))
}

impl Subject for Energenie {
    fn apply(&self, step: Step<'_>) -> Result<Json> {
        // gpiozero blocks until a command has been sent.
        let sent = |command: Result<()>| reply(command.and_then(|()| self.wait_until_sent()));
        match step {
            Get("value") => self.last_command().map(|on| json!(on)),
            Get("is_active") => reply(self.is_active()),
            Get("socket") => Ok(json!(self.socket())),
            Set("value", on) => sent(self.set_value(truth(on))),
            Call("on", _) => sent(self.on()),
            Call("off", _) => sent(self.off()),
            other => device(self, other),
        }
    }
}
