//! [`Node`]: the devices of a circuit on a broker.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use log::{debug, warn};
use parking_lot::{Condvar, Mutex};
use pinzero::Gpio;
use pinzero_circuit::{Appearance, Circuit, Part};

use crate::device::Device;
use crate::inbox::Inbox;
use crate::link::{Broker, Incoming, LinkError, Message};
use crate::outbox::EventCounts;
use crate::post::Post;
use crate::settings::Settings;
use crate::shared::Shared;

/// The devices of a circuit on a broker.
///
/// Pins do not wait for the broker: what is to be told waits in an outbox, from which a thread of its own takes.
///
/// ```
/// use pinzero_circuit::Circuit;
/// use pinzero_mqtt::{Node, Settings};
///
/// let circuit = Circuit::parse("[relay.pump]\npin = 17\n[button.bell]\npin = 2\n")?;
/// let settings = Settings::new(circuit.mqtt(), "attic", "0123456789abcdef")?;
/// let node = Node::open(&pinzero::mock::gpio(), &circuit, settings);
///
/// // The pump has moved to another pin. The bell is not touched.
/// let changes = node.reload(&Circuit::parse("[relay.pump]\npin = 27\n[button.bell]\npin = 2\n")?);
/// assert_eq!((changes.opened, changes.kept), (vec!["pump".to_owned()], vec!["bell".to_owned()]));
/// assert_eq!(node.events().made, 0);
/// node.stop();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`Broker`] has an example of [`Node::run`].
#[derive(Debug)]
pub struct Node {
    shared: Arc<Shared>,
    /// Held while the devices are changed, or closed for good: two threads would open a pin twice, or one after the end.
    changing: Mutex<()>,
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
        let post = Post::new(gpio, settings.queue);
        let node = Node {
            changing: Mutex::default(),
            shared: Arc::new(Shared {
                settings,
                gpio: gpio.clone(),
                devices: Mutex::default(),
                post: Mutex::new(post),
                settled: Condvar::new(),
                inbox: Inbox::default(),
                complaints: Mutex::default(),
                entities: Mutex::default(),
                birth: Mutex::default(),
                since: gpio.now(),
                news: Mutex::default(),
                end: Mutex::new(false),
                ending: Condvar::new(),
                failure: Mutex::default(),
            }),
        };
        node.reload(circuit);
        node.shared.announce_node();
        node.shared.keep(&node.shared.settings.topics.status(), "online");
        node
    }

    /// Changes the devices to those of another circuit. Devices that are the same in both are not touched, except
    /// that Home Assistant is told of another name, icon, area or class. A node that has ended changes no more.
    pub fn reload(&self, circuit: &Circuit) -> Changes {
        let shared = &self.shared;
        let mut changes = Changes::default();
        let _changing = self.changing.lock();
        if *shared.end.lock() {
            return changes;
        }
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
                    if *part == device.part
                        && is_as_before(appearance, &device.appearance.lock())
                        && device.thing.is_ok() =>
                {
                    let before = std::mem::replace(&mut *device.appearance.lock(), appearance.clone());
                    if before != *appearance {
                        shared.announce(&device, []);
                    }
                    wanted.remove(&device.name);
                    changes.kept.push(device.name.to_string());
                }
                other => {
                    let topic = other.map(|(_, appearance)| {
                        shared.settings.topics.device(&device.name, appearance.topic.as_deref())
                    });
                    shared.remove(&device, topic.as_deref());
                    if topic.is_none() {
                        changes.removed.push(device.name.to_string());
                    }
                }
            }
        }
        for (name, (part, appearance)) in wanted {
            changes.opened.push(name.to_string());
            shared.add(name, part, appearance);
        }
        shared.tell_info();
        changes
    }

    /// Runs the node on a broker: connects, and connects again whenever the connection ends, until [`Node::stop`]. A node runs once.
    ///
    /// # Errors
    /// What cannot be mended by trying again, so [`LinkError::is_final`] is `true`: such an error of the broker; a second run; a command that
    /// panics, or does not end. Then the broker tells others that the node is offline, and a service manager had better start the program
    /// anew.
    pub fn run(&self, broker: &mut dyn Broker) -> Result<(), LinkError> {
        let shared = self.shared.clone();
        if shared.inbox.is_closed() && !*shared.end.lock() {
            return Err(LinkError::final_one("the node has run already: open it anew"));
        }
        let worker = std::thread::Builder::new().name("pinzero-mqtt".into()).spawn(move || {
            let _supervisor = Supervisor(shared.clone());
            while let Some(order) = shared.inbox.wait() {
                shared.carry_out(order);
            }
        });
        if let Err(error) = worker {
            return Err(LinkError::final_one(format!("no thread for commands: {error}")));
        }
        let result = self.stay_connected(broker);
        self.shared.inbox.close();
        result
    }

    fn stay_connected(&self, broker: &mut dyn Broker) -> Result<(), LinkError> {
        let shared = &self.shared;
        let will = Message::new(shared.settings.topics.status(), "offline").retained();
        let mut pause = FIRST_PAUSE;
        let mut last_pause = Duration::ZERO;
        let mut last_error = String::new();
        // The number of connections in a row that a message ended that was too long.
        let mut overlong = 0;
        shared.away();
        while !*shared.end.lock() {
            let (error, time) = self.connect(broker, &will, overlong);
            shared.disconnected();
            if *shared.end.lock() {
                break;
            }
            if error.is_final {
                return Err(error);
            }
            if time.is_some() {
                shared.away();
            }
            let has_lasted = time.is_some_and(|time| time > last_pause * 2);
            overlong = match error.is_overlong {
                true if time.is_some_and(|time| time > SETTLED) => 1,
                true => overlong + 1,
                false => 0,
            };
            // A connection that ends soon is no better than none: two clients with the same identifier end each other's.
            if has_lasted {
                pause = FIRST_PAUSE;
                last_error.clear();
            }
            let wait = pause.mul_f64(spread());
            if error.message == last_error {
                debug!("{error}");
            } else {
                warn!("{error}; trying again, at first in {:.1} s", wait.as_secs_f32());
                last_error = error.message;
            }
            let mut end = shared.end.lock();
            if !*end {
                shared.ending.wait_for(&mut end, wait);
            }
            last_pause = pause;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        shared.failure.lock().take().map_or(Ok(()), Err)
    }

    /// Connects, and keeps the connection as long as it lasts. Returns why it ended, and how long it lasted, if there was one. A message
    /// that was too long has ended so many connections before as `overlong` says.
    fn connect(
        &self,
        broker: &mut dyn Broker,
        will: &Message,
        overlong: u32,
    ) -> (LinkError, Option<Duration>) {
        let shared = &self.shared;
        let (sender, mut receiver) = match broker.connect(Some(will)) {
            Err(error) => return (error, None),
            Ok(ends) => ends,
        };
        shared.post.lock().sender = Some(sender.clone());
        // The end may have come before it could see the sender.
        if *shared.end.lock() {
            sender.abandon();
        }
        let mut since = None;
        // The topics that have yet to be cleared before the node listens. One after the other, for a connection need not take all at once.
        let mut unclear = Vec::new();
        loop {
            match receiver.next() {
                Err(error) => return (error, since.map(|since: Instant| since.elapsed())),
                Ok(Incoming::Told(CLEARED)) => {}
                Ok(Incoming::Connected) => {
                    since = Some(Instant::now());
                    unclear = shared.overlong_topics(overlong);
                }
                Ok(Incoming::Told(ticket)) => {
                    shared.told(ticket);
                    continue;
                }
                Ok(Incoming::Message(message)) => {
                    shared.receive(&message);
                    continue;
                }
            }
            match unclear.pop() {
                None => shared.connected(overlong),
                Some(topic) => {
                    if !sender.publish(CLEARED, &Message::new(topic, "").retained()) {
                        sender.abandon();
                    }
                }
            }
        }
    }

    /// Returns the number of events so far: those that the broker has, those that were lost, and all.
    pub fn events(&self) -> EventCounts {
        self.shared.post.lock().outbox.counts()
    }

    /// Ends the node: closes the devices, tells the broker that the node is offline, and leaves. [`Node::run`] then returns.
    ///
    /// Waits for the broker for 1 second at most. If the broker has not been told by then, the broker finds out by itself, and publishes
    /// the will.
    pub fn stop(&self) {
        let shared = &self.shared;
        *shared.end.lock() = true;
        shared.ending.notify_all();
        shared.inbox.close();
        let _changing = self.changing.lock();
        shared.tell_info();
        let devices: Vec<Arc<Device>> = shared.devices.lock().values().cloned().collect();
        for device in devices {
            shared.close(&device);
        }
        shared.keep(&shared.settings.topics.status(), "offline");
        self.leave();
        // Last, for the facts that are told meanwhile are the last ones, by which a later start knows what to clear.
        let devices = std::mem::take(&mut *shared.devices.lock());
        drop(devices);
    }

    /// Waits until the broker has been told all, for a while, and ends the connection.
    fn leave(&self) {
        let shared = &self.shared;
        let until = Instant::now() + FAREWELL;
        let mut post = shared.post.lock();
        while post.outbox.is_connected() && !post.outbox.is_idle() {
            if shared.settled.wait_until(&mut post, until).timed_out() {
                break;
            }
        }
        let Some(sender) = post.sender.take() else { return };
        if post.outbox.is_connected() && post.outbox.is_idle() {
            sender.disconnect();
        } else {
            sender.abandon();
        }
    }
}

/// Returns whether a device does the same with both, though Home Assistant may show another name, icon, area or class.
fn is_as_before(one: &Appearance, other: &Appearance) -> bool {
    let mut one = one.clone();
    one.name.clone_from(&other.name);
    one.icon.clone_from(&other.icon);
    one.area.clone_from(&other.area);
    one.class.clone_from(&other.class);
    one == *other
}

/// Notices if the thread that carries out commands panics, for messages would then arrive and nothing would happen.
struct Supervisor(Arc<Shared>);

impl Drop for Supervisor {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail("a command has panicked, see above: start the node anew".to_owned());
        }
    }
}

/// Returns a number from 0.5 to 1, another each time, so that the nodes of a broker that comes back do not all connect at once.
fn spread() -> f64 {
    let random = RandomState::new().build_hasher().finish();
    0.5 + f64::from(random as u32) / f64::from(u32::MAX) / 2.0
}

/// The ticket of a message that clears a topic before the node listens. The outbox gives no message this one.
const CLEARED: u64 = u64::MAX;

/// The pause before the second attempt to connect. Each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest pause between two attempts to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// The time after which all that the broker had kept has surely come: what comes later, somebody has sent since.
const SETTLED: Duration = Duration::from_secs(60);

/// How long a node that ends waits until the broker knows.
const FAREWELL: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use pinzero::mock;
    use serde_json::{Map, Value};

    use super::*;
    use crate::device::Memory;
    use crate::entity::Entity;
    use crate::link::{Receiver, Sender};
    use crate::reporter::Reporter;
    use crate::things::Thing;

    #[derive(Debug)]
    struct Nowhere;

    impl Broker for Nowhere {
        fn connect(
            &mut self,
            _: Option<&Message>,
        ) -> Result<(Arc<dyn Sender>, Box<dyn Receiver>), LinkError> {
            Err(LinkError::passing("nobody is there"))
        }
    }

    #[test]
    fn an_event_of_a_device_that_is_being_opened_is_told() {
        let circuit = Circuit::parse("").unwrap();
        let settings = Settings::new(circuit.mqtt(), "attic", "0123456789abcdef").unwrap();
        let gpio = mock::gpio();
        let node = Node::open(&gpio, &circuit, settings);
        let memory: Arc<Mutex<Memory>> = Arc::default();
        let reporter = Reporter {
            shared: Arc::downgrade(&node.shared),
            device: "bell".into(),
            topic: "pinzero/attic/bell".into(),
            memory: memory.clone(),
        };
        reporter.event("press", gpio.now(), Map::new());
        assert_eq!(node.events().made, 1);
        memory.lock().is_closed = true;
        reporter.event("press", gpio.now(), Map::new());
        assert_eq!(node.events().made, 1);
    }

    #[test]
    fn nothing_is_told_of_a_device_that_has_been_removed_meanwhile() {
        let circuit = Circuit::parse("[relay.pump]\npin = 17\n").unwrap();
        let settings = Settings::new(circuit.mqtt(), "attic", "0123456789abcdef").unwrap();
        let node = Node::open(&mock::gpio(), &circuit, settings);
        let pump = node.shared.device("pump").unwrap();
        node.reload(&Circuit::parse("").unwrap());
        let topic = node.shared.discovery_topic("pump").unwrap();
        let changes = || node.shared.post.lock().outbox.changes(&topic);
        let removed = changes();
        node.shared.announce(&pump, []);
        assert_eq!(changes(), removed);
        assert!(node.shared.entities.lock().is_empty());
    }

    #[test]
    fn a_reading_that_fails_because_the_device_is_closed_is_no_complaint() {
        #[derive(Debug)]
        struct Interrupted(Arc<Mutex<Memory>>);

        impl Thing for Interrupted {
            fn entities(&self, _: &Appearance) -> Vec<Entity> {
                Vec::new()
            }

            fn state(&self) -> pinzero::Result<Option<Map<String, Value>>> {
                self.0.lock().is_closed = true;
                Err(pinzero::Error::new(pinzero::ErrorKind::Closed, "the device has been closed"))
            }

            fn close(&self) -> pinzero::Result<()> {
                Ok(())
            }
        }

        let circuit = Circuit::parse("[relay.room]\npin = 17\n").unwrap();
        let settings = Settings::new(circuit.mqtt(), "attic", "0123456789abcdef").unwrap();
        let node = Node::open(&mock::gpio(), &circuit, settings);
        let mut devices = node.shared.devices.lock();
        let device = Arc::into_inner(devices.remove("room").unwrap()).unwrap();
        let thing = Ok(Box::new(Interrupted(device.memory.clone())) as Box<dyn Thing>);
        devices.insert("room".into(), Arc::new(Device { thing, ..device }));
        drop(devices);
        node.shared.tell_state("room");
        assert!(node.shared.complaints.lock().is_empty());
    }

    // mqtt-io#231: messages arrived, and nothing was done any more.
    #[test]
    fn a_command_that_panics_ends_the_node_with_an_error() {
        let circuit = Circuit::parse("[relay.pump]\npin = 17\n").unwrap();
        let settings = Settings::new(circuit.mqtt(), "attic", "0123456789abcdef").unwrap();
        let node = Node::open(&mock::gpio(), &circuit, settings);
        let shared = node.shared.clone();
        let worker = std::thread::spawn(move || {
            let _supervisor = Supervisor(shared);
            panic!("a panic on purpose");
        });
        let error = node.run(&mut Nowhere).unwrap_err();
        assert!(worker.join().is_err());
        assert!(error.is_final && error.message.contains("panicked"), "{error}");
    }

    #[test]
    fn a_node_that_could_not_go_on_does_not_run_again() {
        #[derive(Debug)]
        struct Wrong;

        impl Broker for Wrong {
            fn connect(
                &mut self,
                _: Option<&Message>,
            ) -> Result<(Arc<dyn Sender>, Box<dyn Receiver>), LinkError> {
                Err(LinkError::final_one("no address"))
            }
        }

        let circuit = Circuit::parse("[relay.pump]\npin = 17\n").unwrap();
        let settings = Settings::new(circuit.mqtt(), "attic", "0123456789abcdef").unwrap();
        let node = Node::open(&mock::gpio(), &circuit, settings);
        assert_eq!(node.run(&mut Wrong).unwrap_err().message, "no address");
        assert!(node.run(&mut Wrong).unwrap_err().message.contains("already"));
        node.stop();
        node.run(&mut Wrong).unwrap();
    }
}
