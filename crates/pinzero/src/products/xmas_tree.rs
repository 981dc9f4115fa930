//! [`PiHutXmasTree`].

use pinzero_core::{Error, ErrorKind, Result};

use super::table::{XMAS_TREE, XMAS_TREE_STAR};
use super::tree;
use crate::boards::{Fitted, Wired};
use crate::device::led_board;
use crate::{Builder, LedBoard, Light, Open, Site};

/// The 3D Xmas Tree of The Pi Hut: a star and 24 LEDs.
///
/// Pins: star 3; LEDs from the first 7, 10, 33, 40, 22, 24, 29, 19, 36, 11, 13, 37, 18, 21, 32, 31, 38, 35, 8, 12, 23, 26, 16, 15. As members of the
/// [`LedBoard`], they are named `star` and `led1` to `led24`, in this order.
///
/// ```
/// use pinzero::prelude::*;
/// use pinzero::products::PiHutXmasTree;
///
/// # pinzero::set_default(&pinzero::mock::gpio());
/// let tree = PiHutXmasTree::builder().pwm(true).open()?;
/// tree.star.on()?;
/// for light in &tree.leds {
///     light.blink_with(Blink::pulse(secs(1), secs(1)))?;
/// }
/// tree.select(["led1", "led24"])?.on()?;
/// # Ok::<(), pinzero::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a device is closed when its last handle is dropped"]
pub struct PiHutXmasTree {
    /// The star at the top.
    pub star: Light,
    /// The LEDs, from number 1 on.
    pub leds: [Light; 24],
    board: LedBoard,
}

impl PiHutXmasTree {
    /// Opens the board on the default factory, without PWM. The LEDs start dark.
    ///
    /// # Errors
    /// See [`Builder::open`].
    #[track_caller]
    pub fn new() -> Result<Self> {
        PiHutXmasTree::builder().open()
    }

    /// Returns a builder for the board with other options.
    pub fn builder() -> Builder<Self, Fitted> {
        Builder::new(Fitted::default())
    }
}

impl Open<Fitted> for PiHutXmasTree {
    const NAME: &'static str = "PiHutXmasTree";

    fn open(options: Fitted, site: &Site) -> Result<Self> {
        let names: Vec<String> = (1..=XMAS_TREE.len()).map(|number| format!("led{number}")).collect();
        let leds = names.iter().map(String::as_str).zip(XMAS_TREE);
        let members = [("star", XMAS_TREE_STAR)].into_iter().chain(leds);
        let members = members.map(|(name, pin)| (name, Wired::Led(pin.into())));
        let board = LedBoard::open(tree::lights(members, &options), site)?;
        let [star, leds @ ..] = board.lights() else { return Err(incomplete()) };
        let (star, leds) = (star.clone(), leds.to_vec().try_into().map_err(|_| incomplete())?);
        Ok(PiHutXmasTree { star, leds, board })
    }
}

fn incomplete() -> Error {
    Error::new(ErrorKind::InvalidValue, "a 3D Xmas Tree has 25 LEDs")
}

led_board!(PiHutXmasTree.board);
