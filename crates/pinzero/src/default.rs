//! [`default_gpio`]: the factory of devices that are opened without one.

use std::cell::RefCell;
use std::env;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use pinzero_core::process::PerProcess;
use pinzero_core::{Error, ErrorKind, Gpio, Result, advise_on_factory};

/// The environment variable that names the default factory.
const VARIABLE: &str = "PINZERO_PIN_FACTORY";

static DEFAULT: PerProcess<Mutex<Option<Gpio>>> = PerProcess::new(Mutex::default);

/// `true` once the program, or the process from which it was forked, has called [`set_default`].
static IS_SET: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// The factories of the [`with_default`] calls in progress, the innermost last.
    static SCOPES: RefCell<Vec<Gpio>> = const { RefCell::new(Vec::new()) };
}

/// A factory that can be the default.
struct Candidate {
    name: &'static str,
    open: fn() -> Result<Gpio>,
}

/// The factories in the order of trying. The mock starts only if `PINZERO_PIN_FACTORY` names it.
const CANDIDATES: &[Candidate] = &[
    Candidate { name: "cdev", open: open_cdev },
    Candidate { name: "rppal", open: open_rppal },
    Candidate { name: "pigpio", open: || open_pigpio("") },
];

/// Returns the default factory. The first call starts it.
///
/// The environment variable `PINZERO_PIN_FACTORY` selects the factory:
///
/// * `cdev`: the Linux character device.
/// * `rppal`: registers.
/// * `pigpio` or `pigpio://host:port`: the pins of another computer, where `pigpiod` or `pinzero serve` runs. Default host
///   and port: `PIGPIO_ADDR` and `PIGPIO_PORT`.
/// * `mock`: a simulated Raspberry Pi on the terminal.
///
/// Default: the first of `cdev`, `rppal` and `pigpio` that starts. A default factory that was closed stays the default
/// until [`set_default`] names another.
///
/// The child of a `fork` or `daemon` starts a default factory of its own. A factory that its parent named by [`set_default`] cannot
/// be opened again: the child names another.
///
/// # Errors
/// [`Closed`](ErrorKind::Closed) in a forked child whose parent called [`set_default`], and
/// [`NoFactory`](ErrorKind::NoFactory). The message lists every factory that was tried with the reason why it did not start,
/// and says how to go on without hardware.
pub fn default_gpio() -> Result<Gpio> {
    if let Some(gpio) = scoped() {
        return Ok(gpio);
    }
    let mut default = DEFAULT.get().lock();
    if let Some(gpio) = &*default {
        return Ok(gpio.clone());
    }
    if IS_SET.load(Ordering::Relaxed) {
        let message = "the default factory was opened by another process: open a factory in this process, after `fork()` or \
                       `daemon()`, and name it by `set_default`";
        return Err(Error::new(ErrorKind::Closed, message));
    }
    let wanted = env::var(VARIABLE).unwrap_or_default();
    let gpio = match wanted.trim() {
        "" => open_first()?,
        name => open(name, &format!("{VARIABLE} names no factory"))?,
    };
    Ok(default.insert(gpio).clone())
}

/// Opens the factory with this name, written as in `PINZERO_PIN_FACTORY`: see [`default_gpio`]. The default factory stays what it is.
///
/// For a program that takes the name on its command line. Each call opens a factory of its own: keep the result.
///
/// ```
/// use pinzero::prelude::*;
///
/// # if cfg!(feature = "mock") {
/// let gpio = pinzero::open_factory("mock")?;
/// Led::builder(17).gpio(&gpio).open()?.on()?;
/// # }
/// # Ok::<(), pinzero::Error>(())
/// ```
///
/// # Errors
/// [`NoFactory`](ErrorKind::NoFactory) for another name, with advice on what to write, and the error of the factory if it does not
/// start.
pub fn open_factory(name: &str) -> Result<Gpio> {
    open(name.trim(), "no factory has this name")
}

/// Sets the default factory of the whole program, and returns the previous one. Open devices keep their factory.
///
/// Tests run in parallel and would take the factory from each other: in a test, use [`with_default`], or give `.gpio(&gpio)` to
/// the builders.
///
/// ```
/// use pinzero::{Led, mock};
///
/// let gpio = mock::gpio();
/// pinzero::set_default(&gpio);
/// Led::new(17)?.on()?;
/// # Ok::<(), pinzero::Error>(())
/// ```
pub fn set_default(gpio: &Gpio) -> Option<Gpio> {
    let mut default = DEFAULT.get().lock();
    IS_SET.store(true, Ordering::Relaxed);
    default.replace(gpio.clone())
}

/// Runs `body` with `gpio` as the default factory of this thread. Other threads keep theirs.
///
/// A handler that opens a device runs on the thread that moves the clock, and later: move the clock within `body`, too.
///
/// So tests that run in parallel each have a mock of their own, and the code under test takes its devices by `Led::new(17)`:
///
/// ```
/// use pinzero::mock;
/// use pinzero::prelude::*;
///
/// /// The code under test.
/// fn switch() -> pinzero::Result<Button> {
///     let (led, button) = (Led::new(17)?, Button::new(2)?);
///     button.when_pressed(move |_| led.toggle());
///     Ok(button)
/// }
///
/// let gpio = mock::gpio();
/// let _button = pinzero::with_default(&gpio, switch)?;
/// gpio.line(2).press(ms(80));
/// gpio.advance(secs(1));
/// assert_eq!(gpio.line(17).level(), Level::High);
/// # Ok::<(), pinzero::Error>(())
/// ```
pub fn with_default<R>(gpio: &Gpio, body: impl FnOnce() -> R) -> R {
    /// Ends the scope, also if `body` panics.
    struct Scope;

    impl Drop for Scope {
        fn drop(&mut self) {
            SCOPES.with_borrow_mut(Vec::pop);
        }
    }

    SCOPES.with_borrow_mut(|scopes| scopes.push(gpio.clone()));
    let _scope = Scope;
    body()
}

fn scoped() -> Option<Gpio> {
    SCOPES.with_borrow(|scopes| scopes.last().cloned())
}

/// Opens the factory that is `wanted`; `refusal` begins the message if there is none.
fn open(wanted: &str, refusal: &str) -> Result<Gpio> {
    if wanted.eq_ignore_ascii_case("mock") {
        return open_mock();
    }
    if let Some((scheme, address)) = wanted.split_once("://") {
        if scheme.eq_ignore_ascii_case("pigpio") {
            return open_pigpio(address);
        }
    }
    match CANDIDATES.iter().find(|candidate| candidate.name.eq_ignore_ascii_case(wanted)) {
        Some(candidate) => (candidate.open)(),
        None => {
            let known: Vec<&str> =
                CANDIDATES.iter().map(|candidate| candidate.name).chain(["mock"]).collect();
            let advice = advise_on_factory(wanted).or_else(|| advise_on_address(wanted));
            let reason = advice.unwrap_or_else(|| format!("{wanted:?} is not one of {}", known.join(", ")));
            Err(Error::new(ErrorKind::NoFactory, format!("{refusal}: {reason}")))
        }
    }
}

/// Returns advice on the address of a daemon that is written in another form.
fn advise_on_address(wanted: &str) -> Option<String> {
    let is_separator = |letter: char| ":/@= ".contains(letter);
    let (name, address) = match wanted.split_once("://") {
        Some(parts) => parts,
        // Not a bare IPv6 address, nor a name with a port.
        None => match wanted.split_once(is_separator) {
            Some((name, rest)) if name.to_ascii_lowercase().starts_with("pigpio") => (name, rest),
            _ => ("", wanted),
        },
    };
    let is_address = !name.is_empty() || address.contains(['.', ':']);
    let is_daemon = name.is_empty() && address.eq_ignore_ascii_case("pigpiod");
    let address = address.trim_matches(is_separator);
    match (is_address, is_daemon) {
        (true, _) => {
            Some(format!("for the daemon at an address, write pigpio://host:port, here pigpio://{address}"))
        }
        (_, true) => Some("for a daemon, write \"pigpio\" or pigpio://host:port".to_owned()),
        _ => None,
    }
}

fn open_first() -> Result<Gpio> {
    let mut reasons = String::new();
    for Candidate { name, open } in CANDIDATES {
        match open() {
            Ok(gpio) => {
                if !reasons.is_empty() {
                    let message = format!(
                        "{name} drives the pins, as others could not be started:{reasons}\n  {VARIABLE}={name} chooses it"
                    );
                    pinzero_core::warn_user(&message);
                }
                return Ok(gpio);
            }
            Err(error) => reasons.push_str(&format!("\n  {name}: {error}")),
        }
    }
    let needed = if cfg!(feature = "mock") { "" } else { ", with the feature `mock`" };
    let message = format!(
        "no pin factory could be started:{reasons}\n  To go on without hardware: {VARIABLE}=mock shows the pins on the \
         terminal{needed}"
    );
    Err(Error::new(ErrorKind::NoFactory, message))
}

#[cfg(all(target_os = "linux", feature = "cdev"))]
fn open_cdev() -> Result<Gpio> {
    Gpio::new(pinzero_cdev::CdevFactory::new()?)
}

#[cfg(not(all(target_os = "linux", feature = "cdev")))]
fn open_cdev() -> Result<Gpio> {
    let reason =
        if cfg!(target_os = "linux") { "the feature `cdev` is switched off" } else { "it needs Linux" };
    Err(Error::new(ErrorKind::Unsupported, reason))
}

#[cfg(all(target_os = "linux", feature = "rppal"))]
fn open_rppal() -> Result<Gpio> {
    Gpio::new(pinzero_rppal::RppalFactory::new()?)
}

#[cfg(not(all(target_os = "linux", feature = "rppal")))]
fn open_rppal() -> Result<Gpio> {
    let reason =
        if cfg!(target_os = "linux") { "the feature `rppal` is not switched on" } else { "it needs Linux" };
    Err(Error::new(ErrorKind::Unsupported, reason))
}

#[cfg(feature = "mock")]
fn open_mock() -> Result<Gpio> {
    Ok((*pinzero_core::mock::builder().terminal().try_open()?).clone())
}

#[cfg(not(feature = "mock"))]
fn open_mock() -> Result<Gpio> {
    Err(Error::new(ErrorKind::Unsupported, "the feature `mock` is switched off"))
}

#[cfg(feature = "pigpio")]
fn open_pigpio(address: &str) -> Result<Gpio> {
    Gpio::new(pinzero_pigpio::PigpioFactory::connect(address)?)
}

#[cfg(not(feature = "pigpio"))]
fn open_pigpio(_: &str) -> Result<Gpio> {
    Err(Error::new(ErrorKind::Unsupported, "the feature `pigpio` is switched off"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_no_factory_is_refused_with_what_to_write() {
        for (name, part) in [
            ("parallel-port", "\"parallel-port\" is not one of cdev, rppal, pigpio, mock"),
            ("lgpio", "use \"cdev\""),
            ("RPiGPIO", "use \"cdev\""),
            ("native", "use \"cdev\""),
            ("/dev/gpiochip0", "use \"cdev\""),
            ("pigpio:pi.local:8888", "write pigpio://host:port, here pigpio://pi.local:8888"),
            ("pigpio:pi.local", "here pigpio://pi.local"),
            ("pigpio:/pi.local/", "here pigpio://pi.local"),
            ("PIGPIO@10.0.0.7", "here pigpio://10.0.0.7"),
            ("pigpiod://pi:8888", "here pigpio://pi:8888"),
            ("tcp://pi:8888", "here pigpio://pi:8888"),
            ("pi.local", "here pigpio://pi.local"),
            ("localhost:8888", "here pigpio://localhost:8888"),
            ("pigpiod", "write \"pigpio\" or pigpio://host:port"),
        ] {
            let error = open_factory(name).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NoFactory);
            assert!(error.to_string().contains(part), "{name}: {error}");
        }
    }
}
