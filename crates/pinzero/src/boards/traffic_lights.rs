//! [`TrafficLights`].

use pinzero_core::{Error, ErrorKind, PinSpec, Result};

use super::{LedBoard, Lights};
use crate::device::led_board;
use crate::{Builder, Light, Open, Site};

/// Three LEDs: red, amber and green.
///
/// The LEDs are fields. Together they are a [`LedBoard`], whose methods `TrafficLights` has too: [`on`](LedBoard::on),
/// [`off`](LedBoard::off), [`set_value`](LedBoard::set_value), [`blink`](LedBoard::blink).
///
/// ```
/// use pinzero::prelude::*;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let lights = TrafficLights::new(2, 3, 4)?;
/// lights.red.on()?;
/// lights.set_value([1, 1, 0])?; // red and amber
/// lights.amber.blink(ms(500), ms(500))?;
/// lights.off()?;
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct TrafficLights {
    /// The red LED.
    pub red: Light,
    /// The LED in the middle, amber or yellow.
    pub amber: Light,
    /// The green LED.
    pub green: Light,
    board: LedBoard,
}

impl TrafficLights {
    /// Opens the LEDs on three pins of the default factory, without PWM. They start dark.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new(
        red: impl Into<PinSpec>,
        amber: impl Into<PinSpec>,
        green: impl Into<PinSpec>,
    ) -> Result<Self> {
        TrafficLights::builder(red, amber, green).open()
    }

    /// Returns a builder for lights with other options.
    pub fn builder(
        red: impl Into<PinSpec>,
        amber: impl Into<PinSpec>,
        green: impl Into<PinSpec>,
    ) -> Builder<Self, Lights> {
        let (red, amber, green) = (red.into(), amber.into(), green.into());
        Builder::new(Lights::named([("red", red), ("amber", amber), ("green", green)]))
    }

    /// Returns the LED in the middle, [`amber`](Self::amber) by its other name.
    pub fn yellow(&self) -> &Light {
        &self.amber
    }
}

impl Open<Lights> for TrafficLights {
    const NAME: &'static str = "TrafficLights";

    fn open(options: Lights, site: &Site) -> Result<Self> {
        let board = LedBoard::open(options, site)?;
        let [red, amber, green] = board.lights() else {
            let message = format!("traffic lights have 3 LEDs, not {}", board.lights().len());
            return Err(Error::new(ErrorKind::InvalidValue, message).with_device(site.device()));
        };
        let (red, amber, green) = (red.clone(), amber.clone(), green.clone());
        Ok(TrafficLights { red, amber, green, board })
    }
}

led_board!(TrafficLights.board);
