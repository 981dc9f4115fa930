//! Knows the names that other libraries give to factories.

/// Names for the pins of this computer: gpiozero's factories, and the libraries behind them.
const LOCAL: [&str; 12] = [
    "lgpio",
    "rpi-lgpio",
    "rpigpio",
    "rpi.gpio",
    "native",
    "gpiozero",
    "gpiod",
    "libgpiod",
    "gpiochip",
    "gpiochip0",
    "wiringpi",
    "sysfs",
];

/// Returns advice on a factory's name that comes from another library; `None` for other names.
///
/// ```
/// let advice = pinzero_core::advise_on_factory("lgpio").unwrap();
/// assert!(advice.contains("use \"cdev\""));
/// assert_eq!(pinzero_core::advise_on_factory("parallel-port"), None);
/// ```
pub fn advise_on_factory(name: &str) -> Option<String> {
    let plain = name.trim().to_ascii_lowercase();
    let plain = plain.strip_prefix("/dev/").unwrap_or(&plain);
    LOCAL.contains(&plain).then(|| {
        format!(
            "{name:?} is a name in other libraries: use \"cdev\" for the pins of this computer, by the kernel's character device"
        )
    })
}
