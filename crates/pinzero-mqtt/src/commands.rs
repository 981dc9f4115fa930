//! Takes the commands of devices, and carries them out in turn.

use std::time::Duration;

use crate::device::Device;
use crate::inbox::Order;
use crate::link::Message;
use crate::payload::{self, Command};
use crate::refusal::Refusal;
use crate::shared::Shared;

/// The longest time that a command may take. Commands start something, and do not wait for the end.
const LONGEST_COMMAND: Duration = Duration::from_secs(30);

impl Shared {
    /// Takes a command, to be carried out in turn.
    pub(crate) fn take_command(&self, message: &Message) {
        let Some((topic, verb)) = message.topic.rsplit_once('/') else { return };
        let device = self.devices.lock().values().find(|device| device.topic == topic).cloned();
        let Some(device) = device else { return };
        if message.retain {
            let complaint = format!(
                "a retained command on {:?} is refused, for nobody has just sent it: publish commands without retain, and clear this one \
                 with an empty retained message",
                message.topic
            );
            return self.complain(&device.name, &complaint);
        }
        if message.payload.len() > payload::LONGEST {
            // Not queued: many of these would fill the memory.
            let size = message.payload.len();
            let complaint = format!("a command of {size} bytes: send at most {}", payload::LONGEST);
            self.complain(&device.name, &complaint);
            self.tell_refusal(&device, &Refusal::because(complaint));
            return self.post.lock().repeat(&format!("{}/state", device.topic));
        }
        let order =
            Order { device: device.name.clone(), verb: verb.to_owned(), payload: message.payload.clone() };
        if !self.inbox.push(order) {
            self.complain(
                &device.name,
                &"commands come faster than the device can follow: the oldest were dropped",
            );
        }
        if let Some(device) = self.inbox.stuck_for(LONGEST_COMMAND) {
            self.fail(format!(
                "a command to {device} has not ended for {LONGEST_COMMAND:?}: start the node anew"
            ));
        }
    }

    /// Carries out a command, and tells the state.
    pub(crate) fn carry_out(&self, order: Order) {
        let Some(device) = self.device(&order.device) else { return };
        let done = match (&*order.verb, &device.thing) {
            ("get", _) => Ok(()),
            (_, Err(error)) => Err(error.clone().into()),
            (verb, Ok(thing)) => thing
                .parse(&order.payload)
                .and_then(|command| self.command(&device, verb, command))
                .and_then(|command| thing.command(command)),
        };
        if !device.read_soon() {
            self.tell_state(&device.name);
        }
        if let Err(refusal) = &done {
            self.complain(&device.name, refusal);
            self.tell_refusal(&device, refusal);
        }
        if done.is_err() || order.verb == "get" {
            // Those who sent the command may think that it was carried out.
            self.post.lock().repeat(&format!("{}/state", device.topic));
        }
    }

    /// Reads a command by its topic and its stamp. Fails for one that is older than another that has been carried out.
    fn command(&self, device: &Device, verb: &str, mut command: Command) -> Result<Command, Refusal> {
        if let Some(state) = match verb {
            "set_on_ms" => Some("ON"),
            "set_off_ms" => Some("OFF"),
            _ => None,
        } {
            return command.lasting(state);
        }
        if let Command::Fields(fields) = &mut command {
            if let Some(at) = fields.number("at", 0.0, f64::MAX)? {
                let newest = &mut device.memory.lock().newest;
                if at < *newest {
                    return Err(Refusal::because("a command that is older than the one before"));
                }
                *newest = at;
            }
        }
        Ok(command)
    }
}
