//! What a user may call a pin.

use std::fmt;

/// A pin as the user names it: a number, a name of the board's, or a line name of the kernel's.
///
/// Numbers are the chip's (BCM on a Raspberry Pi). Names are `"17"`, `"GPIO17"`, `"BCM17"`, `"BOARD11"`, `"WPI0"`,
/// `"J8:11"`, in upper or lower case, or whatever the kernel calls the line.
///
/// ```
/// let gpio = pinzero_core::mock::gpio();
/// let line = gpio.resolve(17)?;
/// for name in ["17", "GPIO17", "bcm17", "BOARD11", "WPI0", "J8:11"] {
///     assert_eq!(gpio.resolve(name)?, line);
/// }
/// # Ok::<(), pinzero_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinSpec(pub(crate) Spec);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Spec {
    Number(i64),
    Name(String),
}

impl fmt::Display for PinSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Spec::Number(number) => write!(f, "GPIO{number}"),
            Spec::Name(name) => write!(f, "{name:?}"),
        }
    }
}

impl From<i32> for PinSpec {
    fn from(number: i32) -> Self {
        PinSpec(Spec::Number(number.into()))
    }
}

impl From<u32> for PinSpec {
    fn from(number: u32) -> Self {
        PinSpec(Spec::Number(number.into()))
    }
}

impl From<u8> for PinSpec {
    fn from(number: u8) -> Self {
        PinSpec(Spec::Number(number.into()))
    }
}

impl From<crate::types::Line> for PinSpec {
    fn from(line: crate::types::Line) -> Self {
        line.0.into()
    }
}

impl From<&str> for PinSpec {
    fn from(name: &str) -> Self {
        PinSpec(Spec::Name(name.to_owned()))
    }
}

impl From<String> for PinSpec {
    fn from(name: String) -> Self {
        PinSpec(Spec::Name(name))
    }
}
