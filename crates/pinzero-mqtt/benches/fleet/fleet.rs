//! The nodes, on simulated pins.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pinzero::mock::{self, MockGpio};
use pinzero::{Level, time::ms};
use pinzero_circuit::Circuit;
use pinzero_mqtt::{EventCounts, Node, Settings};

/// The devices of a node: relays on GPIO2 and up, then buttons.
pub(crate) const DEVICES: usize = RELAYS + BUTTONS;
pub(crate) const RELAYS: usize = 10;
const BUTTONS: usize = 10;
const FIRST_PIN: usize = 2;

/// One node.
#[derive(Debug)]
pub(crate) struct Member {
    gpio: MockGpio,
    node: Arc<Node>,
    runner: JoinHandle<()>,
}

/// Returns the name of a node.
pub(crate) fn name(number: usize) -> String {
    format!("node-{number:03}")
}

impl Member {
    /// Starts a node that runs until it is stopped.
    pub(crate) fn start(number: usize, port: u16) -> Self {
        let mut text = format!("[mqtt]\nnode = \"{}\"\nbroker = \"mqtt://127.0.0.1:{port}\"\n", name(number));
        for relay in 0..RELAYS {
            writeln!(text, "[relay.relay-{relay}]\npin = {}", FIRST_PIN + relay).unwrap();
        }
        for button in 0..BUTTONS {
            // Each press is shorter than any bounce.
            let device = format!("[mqtt.device.button-{button}]\nbounce_time = 0");
            writeln!(text, "[button.button-{button}]\npin = {}\n{device}", FIRST_PIN + RELAYS + button)
                .unwrap();
        }
        let circuit = Circuit::parse(&text).unwrap();
        let gpio = mock::builder().realtime().history_limit(16).open();
        let settings = Settings::new(circuit.mqtt(), "host", &format!("{number:016x}")).unwrap();
        let node = Arc::new(Node::open(&gpio, &circuit, settings));
        let mut broker = super::observer::broker(&name(number), port);
        let runner = thread::spawn({
            let node = node.clone();
            move || node.run(&mut broker).unwrap()
        });
        Member { gpio, node, runner }
    }

    /// Waits until the node ends.
    pub(crate) fn join(self) {
        self.runner.join().unwrap();
    }

    /// Presses and releases a button.
    fn press(&self, button: usize) {
        let line = self.gpio.line((FIRST_PIN + RELAYS + button) as u32);
        line.drive(Level::Low);
        line.drive(Level::High);
    }

    /// Returns whether a relay is on.
    pub(crate) fn is_on(&self, relay: usize) -> bool {
        self.gpio.line((FIRST_PIN + relay) as u32).level() == Level::High
    }
}

/// All nodes.
#[derive(Debug)]
pub(crate) struct Fleet(Arc<Vec<Member>>);

/// Presses buttons until it is dropped.
#[derive(Debug)]
pub(crate) struct Presser(Arc<AtomicBool>, Option<JoinHandle<()>>);

impl Drop for Presser {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
        if let Some(thread) = self.1.take() {
            thread.join().unwrap();
        }
    }
}

impl Fleet {
    pub(crate) fn start(nodes: usize, port: u16) -> Self {
        Fleet(Arc::new((0..nodes).map(|number| Member::start(number, port)).collect()))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn members(&self) -> &[Member] {
        &self.0
    }

    /// Presses the buttons of all nodes by turns for a time, as fast as possible; returns the number of presses.
    pub(crate) fn press_for(&self, time: Duration) -> u64 {
        let begin = Instant::now();
        let mut presses = 0;
        while begin.elapsed() < time {
            for member in self.members() {
                member.press(presses as usize % BUTTONS);
            }
            presses += self.len() as u64;
            // The queue of a node is bounded, and this is about the nodes and the broker, not about the bound.
            thread::sleep(ms(5));
        }
        presses
    }

    /// Presses one button of each node every 50 ms, until the presser is dropped.
    pub(crate) fn press_slowly(&self) -> Presser {
        let (end, members) = (Arc::new(AtomicBool::new(false)), self.0.clone());
        let thread = thread::spawn({
            let end = end.clone();
            move || {
                while !end.load(Ordering::Acquire) {
                    members.iter().for_each(|member| member.press(0));
                    thread::sleep(ms(50));
                }
            }
        });
        Presser(end, Some(thread))
    }

    /// Waits until each node has told all that it has to tell; returns the sum of the counts.
    pub(crate) fn settle(&self) -> EventCounts {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let mut sum = EventCounts::default();
            for member in self.members() {
                let counts = member.node.events();
                sum.made += counts.made;
                sum.told += counts.told;
                sum.lost += counts.lost;
            }
            if sum.told + sum.lost == sum.made {
                return sum;
            }
            assert!(Instant::now() < end, "the nodes do not settle: {sum:?}");
            thread::sleep(ms(20));
        }
    }

    pub(crate) fn stop(self) {
        self.members().iter().for_each(|member| member.node.stop());
    }
}
