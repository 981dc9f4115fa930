//! `pinzero serve`.

use std::env;
use std::error::Error;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::mpsc;

use clap::Args;
use log::LevelFilter;
use pinzero_core::board::Board;
use pinzero_core::{Gpio, Line, advise_on_factory, mock};
use pinzero_daemon::{Daemon, Network};

use crate::factory::daemon_port;
use crate::logger;
use crate::verdict::{Outcome, Verdict};
use crate::world::{self, World};

/// The board that the mock simulates: a Raspberry Pi 3B, which every client knows.
const MOCK_BOARD: u32 = 0x00a0_2082;

/// The backends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Factory {
    Cdev,
    Rppal,
    Mock,
}

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The backend that drives the pins [default: $PINZERO_PIN_FACTORY, else cdev]
    ///
    /// "cdev" is the character device of the Linux kernel. "rppal" is the registers of a Raspberry Pi 4 or older, and needs a
    /// build with the feature "rppal". "mock" is a simulated Raspberry Pi, without hardware.
    #[arg(long, value_name = "cdev|rppal|mock", value_parser = factory)]
    factory: Option<Factory>,

    /// The port to listen on; 0 takes any free port [default: $PIGPIO_PORT, else 8888]
    #[arg(long, short)]
    port: Option<u16>,

    /// An address to listen on; can be given more than once [default: 127.0.0.1 and ::1]
    #[arg(long, value_name = "ADDR")]
    bind: Vec<IpAddr>,

    /// Allows --bind addresses that other computers can reach; anyone there can then drive the pins without
    /// authentication
    #[arg(long)]
    public: bool,

    /// A network to accept connections from, such as 192.168.1.0/24; can be given more than once [default: all]
    #[arg(long, value_name = "NET")]
    allow: Vec<Network>,

    /// The GPIOs that clients may use, as a bit mask: 0x20010 for GPIO4 and GPIO17 [default: GPIO2 to GPIO27]
    #[arg(long, value_name = "MASK", value_parser = mask)]
    gpios: Option<u64>,

    /// Gives a client's outputs back when its connection ends
    #[arg(long, conflicts_with = "legacy")]
    safe_state: bool,

    /// Leaves outputs as they are when their client leaves, as pigpiod does (default)
    #[arg(long)]
    legacy: bool,

    /// The most connections at a time
    #[arg(long, value_name = "COUNT", default_value_t = 1024)]
    max_connections: usize,

    /// A wire between two pins of the mock, such as 22:27; can be given more than once
    #[arg(long, value_name = "A:B", value_parser = wire)]
    wire: Vec<(u32, u32)>,

    /// A file of rules for the mock's pins, one per line: "when 22 falls, after 500us 27 high, after 3ms 27 low"
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,

    /// Prints connections, refused requests and, with the mock, changes of pins
    #[arg(long, short)]
    verbose: bool,
}

/// Starts the log, and serves.
pub(crate) fn main(options: Options) -> Outcome {
    logger::start(if options.verbose { LevelFilter::Debug } else { LevelFilter::Warn }, 1)
        .map_err(|error| format!("the thread that writes messages cannot be started: {error}"))?;
    let result = run(options);
    // Before the error, which is written at once.
    logger::finish();
    result.map(|()| Verdict::Good)
}

/// Serves until a signal arrives.
fn run(options: Options) -> Result<(), Box<dyn Error>> {
    // Before any pin is opened: from here on, a signal ends the wait below, and the pins are given back.
    let (signal, wait) = mpsc::channel();
    ctrlc::set_handler(move || {
        // This fails only if the program is about to end anyway.
        let _ = signal.send(());
    })?;

    raise_limit();
    let factory = options.factory()?;
    let (gpio, world) = options.open(factory)?;
    let mut builder = Daemon::builder(&gpio)
        .port(daemon_port(options.port)?)
        .public(options.public)
        .safe_state(options.safe_state)
        .adopt_all(factory == Factory::Mock)
        .max_connections(options.max_connections);
    for address in options.bind {
        builder = builder.bind(address);
    }
    for network in options.allow {
        builder = builder.allow(network);
    }
    if let Some(mask) = options.gpios {
        builder = builder.gpios(mask);
    }
    let mut daemon = builder.start().map_err(explain)?;
    for addr in daemon.addrs() {
        logger::print(format!("serving {} on {addr}", gpio.name()));
    }

    // The handler, and with it the sender, lives as long as the program.
    let _ = wait.recv();
    daemon.stop();
    drop(world);
    Ok(gpio.close()?)
}

impl Options {
    fn factory(&self) -> Result<Factory, String> {
        match (self.factory, env::var("PINZERO_PIN_FACTORY")) {
            (Some(factory), _) => Ok(factory),
            (None, Ok(name)) if !name.trim().is_empty() => {
                factory(&name).map_err(|error| format!("PINZERO_PIN_FACTORY is {name:?}: {error}"))
            }
            (None, _) => Ok(Factory::Cdev),
        }
    }

    fn open(&self, factory: Factory) -> Result<(Gpio, Option<World>), Box<dyn Error>> {
        match factory {
            Factory::Mock => self.open_mock(),
            _ if !self.wire.is_empty() || self.script.is_some() => {
                Err("--wire and --script need the mock: add --factory mock".into())
            }
            Factory::Cdev => Ok((open_cdev()?, None)),
            Factory::Rppal => Ok((open_rppal()?, None)),
        }
    }

    fn open_mock(&self) -> Result<(Gpio, Option<World>), Box<dyn Error>> {
        let mut rules = Vec::new();
        if let Some(path) = &self.script {
            let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
            rules = world::parse(&text).map_err(|mistake| format!("{}, {mistake}", path.display()))?;
        }
        let mock = mock::builder().board(Board::from_revision(MOCK_BOARD)?).realtime();
        let mock = if self.verbose { mock.show_changes() } else { mock }.try_open()?;
        for (one, other) in &self.wire {
            mock.wire(mock.resolve(Line(*one))?, mock.resolve(Line(*other))?);
        }
        let world = if rules.is_empty() { None } else { Some(World::start(&mock, rules)?) };
        Ok(((*mock).clone(), world))
    }
}

/// Says what to do about a daemon that has not started.
fn explain(error: pinzero_core::Error) -> Box<dyn Error> {
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    match source.map(io::Error::kind) {
        Some(io::ErrorKind::AddrInUse) => {
            format!("{error}\n  Perhaps pigpiod or another `pinzero serve` runs: end that, or take a free port with `--port 0`").into()
        }
        _ => error.into(),
    }
}

#[cfg(target_os = "linux")]
fn open_cdev() -> Result<Gpio, Box<dyn Error>> {
    let factory = pinzero_cdev::CdevFactory::new().map_err(|error| match error.kind() {
        pinzero_core::ErrorKind::NoChip => {
            format!("{error}\n  Without hardware: `pinzero serve --factory mock` simulates a Raspberry Pi")
        }
        _ => error.to_string(),
    })?;
    Ok(Gpio::new(factory)?)
}

#[cfg(not(target_os = "linux"))]
fn open_cdev() -> Result<Gpio, Box<dyn Error>> {
    Err("the character device needs Linux: --factory mock works everywhere".into())
}

#[cfg(all(target_os = "linux", feature = "rppal"))]
fn open_rppal() -> Result<Gpio, Box<dyn Error>> {
    Ok(Gpio::new(pinzero_rppal::RppalFactory::new()?)?)
}

#[cfg(not(all(target_os = "linux", feature = "rppal")))]
fn open_rppal() -> Result<Gpio, Box<dyn Error>> {
    if cfg!(target_os = "linux") {
        Err("this program has been built without registers: build it with --features rppal, or use --factory cdev".into())
    } else {
        Err("registers need Linux: --factory mock works everywhere".into())
    }
}

/// Raises the limit of file descriptors as far as the system allows. Many systems start with 1,024, and each connection takes one.
#[cfg(unix)]
fn raise_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        log::debug!("the limit of file descriptors cannot be raised: {error}");
    }
}

#[cfg(not(unix))]
fn raise_limit() {}

fn factory(name: &str) -> Result<Factory, String> {
    match name.trim().to_ascii_lowercase().as_str() {
        "cdev" => Ok(Factory::Cdev),
        "rppal" => Ok(Factory::Rppal),
        "mock" => Ok(Factory::Mock),
        other if other.starts_with("pigpio") => {
            Err("this daemon takes the place of pigpiod, and drives the pins of this computer: use cdev, rppal or mock".to_owned())
        }
        _ => Err(advise_on_factory(name).unwrap_or_else(|| "possible values: cdev, rppal, mock".to_owned())),
    }
}

/// Parses a mask as pigpiod does: hexadecimal after 0x, else decimal.
fn mask(text: &str) -> Result<u64, String> {
    let parsed = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.map_err(|_| "write a bit for each GPIO: 0x20010, or 131088, for GPIO4 and GPIO17".to_owned())
}

fn wire(text: &str) -> Result<(u32, u32), String> {
    let ends = text.split_once(':').and_then(|(one, other)| Some((one.parse().ok()?, other.parse().ok()?)));
    ends.filter(|(one, other)| one != other)
        .ok_or_else(|| "a wire connects two different pins: 22:27".to_owned())
}
