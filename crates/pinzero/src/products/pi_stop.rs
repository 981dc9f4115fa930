//! [`PiStop`]: traffic lights at one of six places.

use std::fmt;
use std::str::FromStr;

use pinzero_core::{Error, ErrorKind, Result};

use super::tree::renamed;
use crate::options::Lights;
use crate::{Builder, TrafficLights};

renamed! {
    @device
    /// The Pi-Stop: traffic lights, which fit at several places of the header.
    ///
    /// A `PiStop` does all that [`TrafficLights`] do.
    ///
    /// ```
    /// use pinzero::prelude::*;
    /// use pinzero::products::{Location, PiStop};
    ///
    /// # pinzero::set_default(&pinzero::mock::gpio());
    /// let lights = PiStop::new(Location::APlus)?;
    /// lights.green.on()?;
    /// # Ok::<(), pinzero::Error>(())
    /// ```
    PiStop(TrafficLights, Lights)
}

impl PiStop {
    /// Opens the board at a place of the header on the default factory, without PWM. The LEDs start dark.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new(location: Location) -> Result<Self> {
        PiStop::builder(location).open()
    }

    /// Returns a builder for the board with other options.
    pub fn builder(location: Location) -> Builder<Self, Lights> {
        let [red, amber, green] = location.pins();
        Builder::new(TrafficLights::builder(red, amber, green).options)
    }
}

/// A place of a [`PiStop`] on the header.
///
/// ```
/// use pinzero::products::Location;
///
/// assert_eq!("A+".parse::<Location>()?, Location::APlus);
/// assert_eq!(Location::D.to_string(), "D");
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Location {
    /// A: red 26, amber 24, green 22.
    A,
    /// A+: red 40, amber 38, green 36.
    APlus,
    /// B: red 19, amber 21, green 23.
    B,
    /// B+: red 33, amber 35, green 37.
    BPlus,
    /// C: red 12, amber 10, green 8.
    C,
    /// D: red 3, amber 5, green 7.
    D,
}

const LOCATIONS: [(&str, Location); 6] = [
    ("A", Location::A),
    ("A+", Location::APlus),
    ("B", Location::B),
    ("B+", Location::BPlus),
    ("C", Location::C),
    ("D", Location::D),
];

impl FromStr for Location {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = LOCATIONS.iter().find(|(own, _)| *own == name);
        found.map(|(_, location)| *location).ok_or_else(|| {
            let message = format!("a Pi-Stop has no location `{name}`: give A, A+, B, B+, C or D");
            Error::new(ErrorKind::InvalidValue, message)
        })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = LOCATIONS.iter().find(|(_, location)| location == self).map(|(name, _)| *name);
        f.write_str(name.unwrap_or_default())
    }
}
