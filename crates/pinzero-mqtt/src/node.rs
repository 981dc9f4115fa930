//! [`Node`]: the devices of a circuit on a broker.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use log::warn;
use parking_lot::{Condvar, Mutex};
use pinzero::Gpio;
use pinzero_circuit::{Appearance, Circuit, Part};

use crate::device::Device;
use crate::inbox::Inbox;
use crate::link::{Broker, Incoming, LinkError, Message};
use crate::outbox::Outbox;
use crate::post::Post;
use crate::settings::Settings;
use crate::shared::Shared;

/// The devices of a circuit on a broker.
///
/// Pins do not wait for the broker: what is to be told waits in an outbox, from which a thread of its own takes.
#[derive(Debug)]
pub struct Node {
    shared: Arc<Shared>,
}

/// What a [`Node::reload`] changed, by the names of the devices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Changes {
    /// The devices that are new, or others than before.
    pub opened: Vec<String>,
    /// The devices that are there no more.
    pub removed: Vec<String>,
    /// The devices that were not touched.
    pub kept: Vec<String>,
}

impl Node {
    /// Opens the devices of a circuit on `gpio`. A device that cannot be opened is told to be offline, and the others work.
    pub fn open(gpio: &Gpio, circuit: &Circuit, settings: Settings) -> Self {
        let post = Post { outbox: Outbox::new(settings.queue), sender: None };
        let node = Node {
            shared: Arc::new(Shared {
                settings,
                gpio: gpio.clone(),
                devices: Mutex::default(),
                post: Mutex::new(post),
                inbox: Inbox::default(),
                complaints: Mutex::default(),
                since: gpio.wall_time(),
                news: Mutex::default(),
                end: Mutex::new(false),
                ending: Condvar::new(),
            }),
        };
        node.reload(circuit);
        node.shared.keep(&node.shared.settings.topics.status(), "online");
        node
    }

    /// Changes the devices to those of another circuit. Devices that are the same in both are not touched.
    pub fn reload(&self, circuit: &Circuit) -> Changes {
        let shared = &self.shared;
        let mut changes = Changes::default();
        let mqtt = circuit.mqtt();
        let appearance_of = |part: &Part| {
            let found = mqtt.device.iter().find(|(name, _)| *name.get_ref() == part.name);
            found.map(|(_, appearance)| appearance.clone()).unwrap_or_default()
        };
        let mut wanted: BTreeMap<Arc<str>, (Part, Appearance)> = circuit
            .parts()
            .iter()
            .map(|part| (Arc::from(&*part.name), (part.clone(), appearance_of(part))))
            .filter(|(_, (_, appearance))| !appearance.hidden)
            .collect();
        let present: Vec<Arc<Device>> = shared.devices.lock().values().cloned().collect();
        for device in present {
            match wanted.get(&device.name) {
                Some((part, appearance))
                    if *part == device.part && *appearance == device.appearance && device.thing.is_ok() =>
                {
                    wanted.remove(&device.name);
                    changes.kept.push(device.name.to_string());
                }
                other => {
                    let is_gone = other.is_none();
                    shared.remove(&device, is_gone);
                    if is_gone {
                        changes.removed.push(device.name.to_string());
                    }
                }
            }
        }
        for (name, (part, appearance)) in wanted {
            changes.opened.push(name.to_string());
            Shared::add(shared, name, part, appearance);
        }
        shared.tell_info();
        changes
    }

    /// Runs the node on a broker: connects, and connects again whenever the connection ends, until [`Node::stop`].
    ///
    /// # Errors
    /// What cannot be mended by trying again: a password that the broker refuses, a certificate that cannot be read.
    pub fn run(&self, broker: &mut dyn Broker) -> Result<(), LinkError> {
        let shared = self.shared.clone();
        let worker = std::thread::Builder::new().name("pinzero-mqtt".into()).spawn(move || {
            while let Some(order) = shared.inbox.wait() {
                shared.carry_out(order);
            }
        });
        if let Err(error) = worker {
            return Err(LinkError::final_one(format!("no thread for commands: {error}")));
        }
        Shared::away(&self.shared);
        let will = Message::new(self.shared.settings.topics.status(), "offline").retained();
        let mut pause = FIRST_PAUSE;
        while !*self.shared.end.lock() {
            let mut was_connected = false;
            let error = match broker.connect(&will) {
                Err(error) => error,
                Ok((sender, mut receiver)) => loop {
                    match receiver.next() {
                        Err(error) => break error,
                        Ok(Incoming::Connected) => {
                            was_connected = true;
                            pause = FIRST_PAUSE;
                            self.shared.connected(sender.clone());
                        }
                        Ok(Incoming::Told(ticket)) => self.shared.told(ticket),
                        Ok(Incoming::Message(message)) => self.shared.receive(&message),
                    }
                },
            };
            self.shared.disconnected();
            if *self.shared.end.lock() {
                break;
            }
            if error.is_final {
                return Err(error);
            }
            warn!("{error}; connecting again in {} s", pause.as_secs_f32());
            if was_connected {
                Shared::away(&self.shared);
            }
            self.shared.ending.wait_for(&mut self.shared.end.lock(), pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Ok(())
    }

    /// Ends the node: tells the broker that the node is offline, leaves, and closes the devices. [`Node::run`] then returns, unless the
    /// network is stuck.
    pub fn stop(&self) {
        *self.shared.end.lock() = true;
        self.shared.ending.notify_all();
        self.shared.inbox.close();
        self.shared.tell_info();
        self.shared.keep(&self.shared.settings.topics.status(), "offline");
        if let Some(sender) = self.shared.post.lock().sender.take() {
            sender.disconnect();
        }
        for device in std::mem::take(&mut *self.shared.devices.lock()).into_values() {
            self.shared.close(&device);
        }
    }
}

/// The pause before the second attempt to connect. Each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest pause between two attempts to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
