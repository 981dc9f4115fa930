//! Tells which factories work.

use pinzero::board::Board;
use pinzero::{Error, Gpio};

use super::Place;
use super::environment::variable;
use super::finding::{Finding, Mark};
use crate::patience::{LONGEST, within};

/// What was found about factories.
pub(crate) struct Factories {
    pub(crate) findings: Vec<Finding>,
    /// The factory that programs take.
    pub(crate) taken: Option<String>,
    pub(crate) works: bool,
}

/// Examines all factories; `wanted` is the one that is chosen, if one is.
pub(crate) fn examine(place: &Place, board: Option<&Board>, wanted: Option<&str>) -> Factories {
    let findings = vec![
        cdev(place, board),
        rppal(place, board),
        pigpio(wanted),
        Finding::ok("mock", "simulates a Raspberry Pi without hardware: --factory mock"),
    ];
    let works =
        |name: &str| findings.iter().any(|finding| finding.subject == name && finding.mark == Mark::Ok);
    let name = wanted.map(|wanted| wanted.split(':').next().unwrap_or_default().trim().to_ascii_lowercase());
    let (taken, works) = match name.filter(|name| !name.is_empty()) {
        Some(name) => (Some(wanted.unwrap_or_default().to_owned()), works(&name)),
        None => {
            let first = ["cdev", "rppal", "pigpio"].into_iter().find(|name| works(name));
            (first.map(str::to_owned), first.is_some())
        }
    };
    Factories { findings, taken, works }
}

#[cfg(target_os = "linux")]
fn cdev(place: &Place, board: Option<&Board>) -> Finding {
    if let Some(finding) = super::linux::chips::obstacle(place, board) {
        return finding;
    }
    if !place.is_here {
        return Finding::ok("cdev", "can drive the lines, as far as files tell");
    }
    match within("opening the GPIO chip", || pinzero::open_factory("cdev")) {
        Some(Ok(gpio)) => Finding::ok("cdev", format!("drives {}", lines(&gpio))),
        Some(Err(error)) => {
            broken("cdev", &error, "set PINZERO_GPIOCHIP to the name or label of the chip with your pins")
        }
        None => hangs("cdev"),
    }
}

#[cfg(not(target_os = "linux"))]
fn cdev(_: &Place, _: Option<&Board>) -> Finding {
    Finding::new(
        Mark::Off,
        "cdev",
        "needs Linux",
        "take the pins of a Raspberry Pi over the network: --factory pigpio://HOST",
    )
}

fn rppal(place: &Place, board: Option<&Board>) -> Finding {
    if board.is_none() {
        return Finding::new(
            Mark::Off,
            "rppal",
            "needs the registers of a Raspberry Pi",
            "take cdev, or the pins of a Raspberry Pi over the network",
        );
    }
    if cfg!(not(feature = "rppal")) {
        let remedy = "cdev does the same more safely; if you need the speed, build with `--features rppal`";
        return Finding::new(Mark::Off, "rppal", "is not built into this command", remedy);
    }
    if !place.is_here {
        return Finding::new(Mark::Off, "rppal", "cannot be tried on files", "run `pinzero doctor` there");
    }
    match within("opening the registers", || pinzero::open_factory("rppal")) {
        Some(Ok(gpio)) => Finding::ok("rppal", format!("drives {}", lines(&gpio))),
        Some(Err(error)) => broken("rppal", &error, "take cdev, which needs no access to registers"),
        None => hangs("rppal"),
    }
}

fn pigpio(wanted: Option<&str>) -> Finding {
    let chosen = wanted.filter(|wanted| wanted.to_ascii_lowercase().starts_with("pigpio"));
    let address = chosen.and_then(|wanted| wanted.split_once("://")).map_or("", |(_, address)| address);
    let is_meant = chosen.is_some() || variable("PIGPIO_ADDR").is_some();
    let asked = if address.is_empty() { "the daemon" } else { address };
    let connect = {
        let address = address.to_owned();
        move || {
            let builder = pinzero::pigpio::PigpioFactory::builder(&address);
            Gpio::new(builder.connect_timeout(LONGEST).request_timeout(LONGEST).no_reconnect().connect()?)
        }
    };
    match within(&format!("asking {asked}"), connect) {
        Some(Ok(gpio)) => {
            let board = gpio.board().model();
            let host = match gpio.host() {
                pinzero::Host::Remote(host) => host,
                _ => asked.to_owned(),
            };
            Finding::ok("pigpio", format!("a daemon answers at {host}, on a {board}"))
        }
        Some(Err(error)) => {
            let text = plain(&error);
            // The message of a refusal ends with what to start there.
            let (text, remedy) = match text.split_once(": start ") {
                Some((text, remedy)) => (text.to_owned(), format!("start {remedy} there")),
                None => (text, "check the address and the port".to_owned()),
            };
            let mark = if is_meant { Mark::Broken } else { Mark::Off };
            let remedy =
                format!("for the pins of another computer: {remedy}, and `--factory pigpio://HOST` here");
            Finding::new(mark, "pigpio", text, remedy)
        }
        None => Finding::new(
            Mark::Broken,
            "pigpio",
            format!("{asked} does not answer within {} s", LONGEST.as_secs()),
            "check the name, the network and the firewall; an SSH tunnel needs only SSH: ssh -N -L 8888:localhost:8888 HOST",
        ),
    }
}

/// Returns what a factory drives.
fn lines(gpio: &Gpio) -> String {
    let board = gpio.board();
    format!("the {} lines of this {}", board.lines(), board.model())
}

fn broken(factory: &str, error: &Error, remedy: &str) -> Finding {
    Finding::new(Mark::Broken, factory, plain(error), remedy)
}

fn hangs(factory: &str) -> Finding {
    let text = format!("does not start within {} s", LONGEST.as_secs());
    Finding::new(
        Mark::Broken,
        factory,
        text,
        "look into the kernel's log (sudo dmesg), and restart the computer",
    )
}

/// Returns the text of an error without the name of the factory, which is told already.
fn plain(error: &Error) -> String {
    let text = error.to_string();
    let end = error.factory().map(|factory| format!(" (factory {factory})")).unwrap_or_default();
    text.strip_suffix(&end).unwrap_or(&text).to_owned()
}
