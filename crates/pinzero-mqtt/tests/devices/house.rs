//! A node with its circuit and its broker, on simulated pins.

use std::sync::Arc;
use std::thread::JoinHandle;

use pinzero::mock::{self, MockGpio};
use pinzero_circuit::Circuit;
use pinzero_mqtt::{Node, Settings};
use serde_json::Value;

use crate::broker::TestBroker;

/// The milliseconds since 1970 at the zero of the mock's clock.
pub(crate) const MIDNIGHT: u64 = 1_767_225_600_000;

/// A node called `attic`, on simulated pins whose time is virtual.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) gpio: MockGpio,
    pub(crate) broker: TestBroker,
    pub(crate) node: Arc<Node>,
    runner: Option<JoinHandle<()>>,
}

impl House {
    /// Opens the devices of a circuit file, and connects with a broker.
    pub(crate) fn new(circuit: &str) -> Self {
        Self::on(mock::gpio(), circuit)
    }

    /// Opens the devices of a circuit file on these pins.
    pub(crate) fn on(gpio: MockGpio, circuit: &str) -> Self {
        Self::open(gpio, "attic", circuit)
    }

    /// Opens the devices of a circuit file as a node of this name, and connects with a broker.
    pub(crate) fn named(node: &str, circuit: &str) -> Self {
        Self::open(mock::gpio(), node, circuit)
    }

    fn open(gpio: MockGpio, node: &str, circuit: &str) -> Self {
        let circuit = Circuit::parse(circuit).unwrap();
        let settings = Settings::new(circuit.mqtt(), node, "0123456789abcdef").unwrap();
        let node = Arc::new(Node::open(&gpio, &circuit, settings));
        let broker = TestBroker::default();
        let runner = std::thread::spawn({
            let (node, mut broker) = (node.clone(), broker.clone());
            move || node.run(&mut broker).unwrap()
        });
        broker.expect_connections(1);
        House { gpio, broker, node, runner: Some(runner) }
    }

    /// Sends a command to a device.
    pub(crate) fn set(&self, device: &str, command: &str) {
        self.broker.send(&format!("pinzero/attic/{device}/set"), command);
    }

    /// Waits until the device tells this state, and takes out all messages up to that.
    pub(crate) fn expect_state(&self, device: &str, state: &Value) {
        let topic = format!("pinzero/attic/{device}/state");
        self.broker.expect(&topic, |payload| serde_json::from_str::<Value>(payload).unwrap() == *state);
    }

    /// Returns the components of a device in Home Assistant's discovery, by their keys.
    pub(crate) fn components(&self, device: &str) -> serde_json::Map<String, Value> {
        let topic = format!("homeassistant/device/pinzero_0123456789abcdef_{device}/config");
        let config: Value = serde_json::from_str(&self.broker.expect_kept(&topic)).unwrap();
        config["components"].as_object().unwrap().clone()
    }

    /// Waits until the device tells this event, and returns its fields.
    pub(crate) fn expect_event(&self, device: &str, event: &str) -> Value {
        let topic = format!("pinzero/attic/{device}/event");
        let parse = |payload: &str| serde_json::from_str::<Value>(payload).unwrap();
        parse(&self.broker.expect(&topic, |payload| parse(payload)["event_type"] == event))
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.node.stop();
        if let Some(runner) = self.runner.take() {
            let _ = runner.join();
        }
    }
}
