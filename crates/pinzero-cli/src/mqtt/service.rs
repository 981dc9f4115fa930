//! Runs a node until a signal comes, and reads the file again on request.

use std::error::Error;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use pinzero::Gpio;
use pinzero_mqtt::{Broker, Node};

use super::signals::Wish;
use super::{Options, Plan, notify, signals};
use crate::logger;

/// The time in which the devices are closed, and the broker is told that the node is offline.
const PATIENCE: Duration = Duration::from_millis(1200);

/// What the main thread hears of.
enum News {
    Signal(Wish),
    /// The node's thread has ended.
    Ended(Result<(), String>),
    /// The devices are closed, and the broker is told, if there is one that answers.
    Stopped,
}

/// A node at work.
struct Service<'a> {
    options: &'a Options,
    gpio: Gpio,
    node: Arc<Node>,
    /// What the node was started with.
    plan: Plan,
    sender: Sender<News>,
    news: Receiver<News>,
}

/// Runs a node until a signal comes.
///
/// # Errors
/// A mistake in the file or the options, a factory that does not start, or an answer of the broker that will stay the same.
pub(crate) fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    // Before any pin is opened: from here on, a signal is news for `supervise`, and the pins are given back.
    let (sender, news) = mpsc::channel();
    let signal = sender.clone();
    signals::watch(move |wish| {
        // This fails only if the program is about to end anyway.
        let _ = signal.send(News::Signal(wish));
    })?;
    let plan = options.plan()?;
    let broker = options.broker(&plan)?;
    if plan.mqtt.node.is_none() && ["localhost", "raspberrypi"].contains(&&*plan.node) {
        log::warn!("the node has a name that others have, too: give --node NAME if there are several");
    }
    let gpio = options.factory.open()?;
    let node = Arc::new(Node::open(&gpio, &plan.circuit, plan.settings.clone()));
    let service = Service { options, gpio, node, plan, sender, news };
    service.start(broker)?;
    let status = service.status();
    logger::print(status.clone());
    notify::ready(&status);
    service.supervise()
}

impl Service<'_> {
    /// Starts the thread that speaks with the broker.
    fn start(&self, mut broker: impl Broker + 'static) -> io::Result<()> {
        let (node, sender) = (self.node.clone(), self.sender.clone());
        thread::Builder::new().name("pinzero-node".to_owned()).spawn(move || {
            let ended = survive(|| node.run(&mut broker).map_err(|error| error.to_string()));
            // This fails only if the program is about to end anyway.
            let _ = sender.send(News::Ended(ended));
        })?;
        Ok(())
    }

    /// Returns a line about the node: its name, its devices, its broker.
    fn status(&self) -> String {
        let count = match self.plan.devices().count() {
            1 => "1 device".to_owned(),
            count => format!("{count} devices"),
        };
        let broker = self.plan.mqtt.broker.as_deref().unwrap_or_default();
        format!("{}: {count} of {} on {broker}", self.plan.node, self.gpio.name())
    }

    /// Does what signals ask for, until one asks for the end.
    fn supervise(self) -> Result<(), Box<dyn Error>> {
        // The service has a sender itself, hence there is no end of the news.
        while let Ok(news) = self.news.recv() {
            match news {
                News::Signal(Wish::Reload) => self.reload(),
                News::Signal(Wish::End) => return self.end(false),
                News::Ended(ended) => {
                    // The device that made the node fail may hang when it is closed, too.
                    signals::end_in_time(ended.clone().err());
                    let closed = self.end(true);
                    ended?;
                    return closed;
                }
                News::Stopped => {}
            }
        }
        Ok(())
    }

    /// Reads the circuit file again. With a mistake in the file, all stays as before.
    fn reload(&self) {
        let plan = match self.options.plan() {
            Ok(plan) => plan,
            Err(error) => return log::error!("{error}; the devices stay as they were"),
        };
        let changes = self.node.reload(&plan.circuit);
        let devices = |names: &[String]| match names {
            [] => "none".to_owned(),
            names => names.join(", "),
        };
        logger::print(format!(
            "read {} again: opened {}; removed {}; {} as before",
            self.options.circuit_file().display(),
            devices(&changes.opened),
            devices(&changes.removed),
            changes.kept.len()
        ));
        let keys = self.plan.mqtt.differences(&plan.mqtt);
        if !keys.is_empty() {
            log::warn!("[mqtt] differs in {}: restart pinzero for that", keys.join(", "));
        }
    }

    /// Tells the broker that the node leaves, and closes the pins. Neither a broker nor a bus that hangs delays this for long.
    fn end(self, mut has_ended: bool) -> Result<(), Box<dyn Error>> {
        notify::stopping();
        let deadline = Instant::now() + PATIENCE;
        let (node, sender) = (self.node.clone(), self.sender);
        thread::Builder::new().name("pinzero-stop".to_owned()).spawn(move || {
            node.stop();
            // This fails only if the program is about to end anyway.
            let _ = sender.send(News::Stopped);
        })?;
        let mut has_stopped = false;
        while !(has_stopped && has_ended) {
            match self.news.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(News::Stopped) => has_stopped = true,
                Ok(News::Ended(_)) => has_ended = true,
                Ok(News::Signal(_)) => {}
                Err(_) => {
                    // The node itself waits for the broker for one second only.
                    let stuck = match has_stopped {
                        true => {
                            "the broker does not answer, and will tell by itself that the node is offline"
                        }
                        false => "a device does not answer, and is left as it is",
                    };
                    log::warn!("{stuck}");
                    break;
                }
            }
        }
        Ok(self.gpio.close()?)
    }
}

/// Runs code; a panic is an error.
fn survive(code: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    // What the code shares is not used after a panic, except to close the pins.
    let result = panic::catch_unwind(AssertUnwindSafe(code));
    result.unwrap_or_else(|_| Err("the node has failed: this is a bug in pinzero".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_node_is_an_error() {
        assert_eq!(survive(|| Ok(())), Ok(()));
        let failed = survive(|| panic!("on purpose"));
        assert_eq!(failed, Err("the node has failed: this is a bug in pinzero".to_owned()));
    }
}
