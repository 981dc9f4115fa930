//! The facts about a model that are not about its pins.

use crate::board::Board;
use crate::model::MODELS;

/// The size and shape of a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FormFactor {
    /// A Model A: 65 mm wide since the A+.
    ModelA,
    /// A Model B: 85 mm wide.
    ModelB,
    /// A Zero: 65 mm by 30 mm.
    Zero,
    /// A computer in a keyboard.
    Keyboard,
    /// A compute module, which needs a carrier board.
    Module,
}

/// The facts about a model that are not about its pins: year, memory, clock, ports.
///
/// The facts follow Raspberry Pi's product briefs, but not each one has been compared with its brief. A number is also 0 where the
/// fact is not known. The ports of a compute module are those of its connector.
///
/// ```
/// use pinzero_board::Board;
///
/// let board = Board::from_name("Zero 2 W")?;
/// let facts = board.facts().expect("the Zero 2 W is a known model");
/// assert_eq!((facts.released, facts.clock_mhz, facts.usb2), (2021, 1000, 1));
/// assert_eq!(facts.ethernet, None);
/// # Ok::<(), pinzero_board::UnknownModel>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// The size and shape.
    pub form: FormFactor,
    /// The year in which the model was released.
    pub released: u32,
    /// The sizes of memory with which the model is sold, in mebibytes.
    pub memory_mb: &'static [u32],
    /// The highest clock of the processor in megahertz, when the model was released.
    pub clock_mhz: u32,
    /// The number of USB 2 ports.
    pub usb2: u32,
    /// The number of USB 3 ports.
    pub usb3: u32,
    /// The speed of Ethernet; `None` for a model without.
    pub ethernet: Option<&'static str>,
    /// The band and standard of Wi-Fi; `None` for a model without.
    pub wifi: Option<&'static str>,
    /// The version of Bluetooth; `None` for a model without.
    pub bluetooth: Option<&'static str>,
    /// The medium that the model starts from.
    pub storage: &'static str,
    /// The number of connectors for cameras.
    pub csi: u32,
    /// The number of connectors for displays.
    pub dsi: u32,
    /// The number of connectors that take a camera or a display.
    pub camera_or_display: u32,
    /// The video outputs.
    pub video: &'static [&'static str],
    /// Other connectors and headers.
    pub connectors: &'static [&'static str],
}

/// Models.
impl Board {
    /// Returns a board of each known model, in the order of Raspberry Pi's type numbers.
    ///
    /// The revision code is that of a usual board of the model.
    ///
    /// ```
    /// use pinzero_board::Board;
    ///
    /// assert!(Board::models().any(|board| board.model() == "Raspberry Pi 500+"));
    /// ```
    pub fn models() -> impl Iterator<Item = Board> {
        MODELS.iter().filter_map(|model| Board::from_revision(model.code).ok())
    }

    /// Returns the facts about the model; `None` for a type newer than this library, and for a board that is not a Raspberry Pi.
    pub fn facts(&self) -> Option<&'static Facts> {
        self.facts
    }
}
