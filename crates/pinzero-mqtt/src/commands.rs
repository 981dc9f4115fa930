//! Takes the commands of devices, and carries them out in turn.

use std::sync::Arc;
use std::time::Duration;

use crate::device::Device;
use crate::inbox::Order;
use crate::link::Message;
use crate::payload::{self, Command};
use crate::post::milliseconds;
use crate::refusal::Refusal;
use crate::shared::Shared;

/// The longest time that a command may take. Commands start something, and do not wait for the end.
const LONGEST_COMMAND: Duration = Duration::from_secs(30);

/// The seconds by which the stamp of a command may be ahead of the node's clock: clocks differ a little.
const LARGEST_LEAD: f64 = 10.0;

/// The largest stamp: beyond, a stamp cannot be in milliseconds.
const LATEST_STAMP: f64 = 1e16;

impl Shared {
    /// Takes a command, to be carried out in turn.
    pub(crate) fn take_command(&self, message: &Message) {
        let Some((topic, verb)) = message.topic.rsplit_once('/') else { return };
        let device = self.devices.lock().values().find(|device| device.topic == topic).cloned();
        let Some(device) = device else { return };
        // The broker tells so that a retained command has been cleared.
        if message.payload.is_empty() && verb != "get" {
            return;
        }
        if message.retain {
            let complaint = format!(
                "a retained command on {:?} is refused, for nobody has just sent it: publish commands without retain, and clear this one \
                 with an empty retained message",
                message.topic
            );
            self.complain(&device.name, &complaint);
            return self.post.lock().repeat(&format!("{}/state", device.topic));
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
    }

    /// Carries out a command, and tells the state.
    pub(crate) fn carry_out(self: &Arc<Self>, order: Order) {
        let Some(device) = &self.device(&order.device) else { return };
        let state = format!("{}/state", device.topic);
        let before = self.post.lock().outbox.changes(&state);
        let done = match (&*order.verb, &device.thing) {
            ("get", Ok(thing)) => {
                self.watched(device, || thing.refresh());
                Ok(())
            }
            ("get", Err(_)) => Ok(()),
            (_, Err(error)) => Err(error.clone().into()),
            (verb, Ok(thing)) => thing
                .parse(&order.payload)
                .and_then(|command| self.command(device, verb, command, &order.payload))
                .and_then(|command| match command {
                    Some((command, at)) => {
                        self.watched(device, || thing.command(command))?;
                        if let Some(at) = at {
                            device.memory.lock().newest = Some((at, order.payload));
                        }
                        Ok(())
                    }
                    None => Ok(()),
                }),
        };
        if !device.read_soon() {
            self.tell_state(&device.name);
        }
        if let Err(refusal) = &done {
            self.complain(&device.name, refusal);
            self.tell_refusal(device, refusal);
        }
        // Those who sent the command wait for the state, also for one that has not changed.
        let mut post = self.post.lock();
        if post.outbox.changes(&state) == before {
            post.repeat(&state);
        }
    }

    /// Runs a command. One that does not end makes the node fail.
    fn watched<T>(self: &Arc<Self>, device: &Device, command: impl FnOnce() -> T) -> T {
        let (weak, name) = (Arc::downgrade(self), device.name.clone());
        let watch = self.gpio.after(LONGEST_COMMAND, move || {
            if let Some(shared) = weak.upgrade() {
                shared.fail(format!(
                    "the device {name} hangs: a command to it has not ended for {LONGEST_COMMAND:?}. Start the node anew"
                ));
            }
        });
        let done = command();
        match watch {
            Ok(watch) => watch.cancel(),
            Err(error) => self.complain(&device.name, &error),
        }
        done
    }

    /// Reads a command by its topic and its stamp, in milliseconds since 1970. Returns the command with its stamp, if there is one; `None`
    /// for a command that has come twice, as a broker may deliver any. Another one with the same stamp is the newer of the two.
    ///
    /// # Errors
    /// A command that is older than another that has been carried out, or whose stamp lies in the future.
    fn command(
        &self,
        device: &Device,
        verb: &str,
        mut command: Command,
        payload: &[u8],
    ) -> Result<Option<(Command, Option<f64>)>, Refusal> {
        if let Some(state) = match verb {
            "set_on_ms" => Some("ON"),
            "set_off_ms" => Some("OFF"),
            _ => None,
        } {
            return command.lasting(state).map(|command| Some((command, None)));
        }
        let Command::Fields(fields) = &mut command else { return Ok(Some((command, None))) };
        let Some(at) = fields.number("at", 0.0, LATEST_STAMP)? else { return Ok(Some((command, None))) };
        match &device.memory.lock().newest {
            Some((newest, same)) if at == *newest && payload == same => return Ok(None),
            Some((newest, _)) if at < *newest => {
                let age = (newest - at) / 1000.0;
                return Err(Refusal::because(format!(
                    "a command that is {age:.3} s older than one that was carried out"
                )));
            }
            _ => {}
        }
        let ahead = (at - milliseconds(self.gpio.wall_time()) as f64) / 1000.0;
        if ahead > LARGEST_LEAD {
            return Err(Refusal::because(format!(
                "\"at\" is {ahead:.0} s ahead of the clock of this node: send milliseconds since 1970, and set both clocks by NTP"
            )));
        }
        Ok(Some((command, Some(at))))
    }
}
