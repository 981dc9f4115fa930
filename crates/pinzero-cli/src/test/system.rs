//! The facts about the machine, and the factories that work on it.

use std::fs;
use std::thread;

use pinzero::{Gpio, Support};
use serde::Serialize;

use super::message::{Message, Private};
use crate::patience::{LONGEST, within};

/// The machine on which the command runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct System {
    pub(crate) os: &'static str,
    pub(crate) architecture: &'static str,
    /// The release of the kernel; `None` off Linux.
    pub(crate) kernel: Option<String>,
    pub(crate) processors: usize,
    /// The load averages of 1, 5 and 15 minutes, before the test; `None` off Linux.
    pub(crate) load: Option<[f64; 3]>,
}

impl System {
    pub(crate) fn here() -> Self {
        let read = |path: &str| fs::read_to_string(path).ok();
        let load = read("/proc/loadavg").and_then(|text| {
            let numbers: Vec<f64> =
                text.split(' ').take(3).filter_map(|number| number.parse().ok()).collect();
            numbers.try_into().ok()
        });
        System {
            os: std::env::consts::OS,
            architecture: std::env::consts::ARCH,
            kernel: read("/proc/sys/kernel/osrelease").map(|text| text.trim().to_owned()),
            processors: thread::available_parallelism().map_or(1, usize::from),
            load,
        }
    }
}

/// The board that carries the pins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct BoardFacts {
    pub(crate) model: String,
    /// The revision code, which is the same for all boards of a kind.
    pub(crate) revision: Option<String>,
    pub(crate) memory_mb: Option<u32>,
}

impl BoardFacts {
    pub(crate) fn of(gpio: &Gpio) -> Self {
        let board = gpio.board();
        BoardFacts {
            model: board.model().to_owned(),
            revision: board.revision().map(|code| format!("{code:06x}")),
            memory_mb: board.memory_mb(),
        }
    }
}

/// The factory that is tested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct FactoryFacts {
    pub(crate) name: &'static str,
    pub(crate) capabilities: Capabilities,
}

/// The capabilities that reports differ in: "native", "emulated" or "none".
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Capabilities {
    pub(crate) bias: &'static str,
    pub(crate) edges: &'static str,
    pub(crate) group: &'static str,
    pub(crate) flex: &'static str,
    pub(crate) pwm: &'static str,
    pub(crate) keep: &'static str,
}

impl FactoryFacts {
    pub(crate) fn of(gpio: &Gpio) -> Self {
        let powers = gpio.capabilities();
        let name = |support| match support {
            Support::None => "none",
            Support::Emulated => "emulated",
            Support::Native => "native",
        };
        FactoryFacts {
            name: gpio.name(),
            capabilities: Capabilities {
                bias: name(powers.bias),
                edges: name(powers.edges),
                group: name(powers.group),
                flex: name(powers.flex),
                pwm: name(powers.pwm),
                keep: name(powers.keep),
            },
        }
    }
}

/// A factory, and whether it works here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Tried {
    pub(crate) name: &'static str,
    /// The reason why the factory does not work; `None` if it works.
    pub(crate) error: Option<Message>,
}

/// Starts each factory for a moment.
pub(crate) fn factories(private: &Private) -> Vec<Tried> {
    let names = ["cdev", "rppal", "pigpio"];
    names.map(|name| Tried { name, error: start(name).err().map(|error| private.message(error)) }).into()
}

fn start(name: &'static str) -> Result<(), String> {
    let open_and_close = move || pinzero::open_factory(name).and_then(|gpio| gpio.close());
    match within(&format!("starting {name}"), open_and_close) {
        Some(result) => result.map_err(|error| error.to_string()),
        None => Err(format!("no answer within {LONGEST:?}")),
    }
}
