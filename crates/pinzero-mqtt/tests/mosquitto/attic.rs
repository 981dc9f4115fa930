//! A node called `attic`, on simulated pins whose time is virtual.

use std::sync::Arc;
use std::thread::JoinHandle;

use pinzero::mock::{self, MockGpio};
use pinzero_circuit::{Circuit, Mqtt};
use pinzero_mqtt::{LinkError, Node, Rumqtt, Settings};

use crate::server::Mosquitto;

/// A node that runs.
#[derive(Debug)]
pub(crate) struct Attic {
    pub(crate) gpio: MockGpio,
    pub(crate) node: Arc<Node>,
    runner: Option<JoinHandle<Result<(), LinkError>>>,
}

impl Attic {
    /// Opens the devices of a circuit file, and runs the node.
    pub(crate) fn run(mosquitto: &Mosquitto, circuit: &str) -> Self {
        Self::run_with(mosquitto, circuit, |_| {})
    }

    /// Opens the devices of a circuit file, and runs the node with options of the connection that the file need not allow.
    pub(crate) fn run_with(mosquitto: &Mosquitto, circuit: &str, change: impl FnOnce(&mut Mqtt)) -> Self {
        let circuit = Circuit::parse(circuit).unwrap();
        let gpio = mock::builder().time_by_hand().open();
        let settings = Settings::new(circuit.mqtt(), "attic", "0123456789abcdef").unwrap();
        let node = Arc::new(Node::open(&gpio, &circuit, settings));
        let mut mqtt = circuit.mqtt().clone();
        change(&mut mqtt);
        let mut broker = rumqtt(&mosquitto.address(), &mqtt);
        let runner = std::thread::spawn({
            let node = node.clone();
            move || node.run(&mut broker)
        });
        Attic { gpio, node, runner: Some(runner) }
    }

    /// Stops the node, and returns once it has ended.
    pub(crate) fn stop(&mut self) {
        self.node.stop();
        if let Some(runner) = self.runner.take() {
            runner.join().unwrap().unwrap();
        }
    }
}

/// Returns a way to a broker.
pub(crate) fn rumqtt(address: &str, mqtt: &Mqtt) -> Rumqtt {
    Rumqtt::new(address, mqtt, "pinzero-0123456789abcdef").unwrap()
}

impl Drop for Attic {
    fn drop(&mut self) {
        self.node.stop();
        if let Some(runner) = self.runner.take() {
            let _ = runner.join();
        }
    }
}
