//! Ready-made boards: their LEDs, buttons, buzzers and motors by name, on the right pins.
//!
//! Each board has `new`, and `builder` for options. The pins have the numbers of the header, so a board works on every computer with such a
//! header, and over the network. The parts are fields with their own types, and what all LEDs do together is a method of the board.
//!
//! ```
//! use pinzero::prelude::*;
//! use pinzero::products::TrafficHat;
//!
//! let gpio = pinzero::mock::gpio();
//! let hat = TrafficHat::builder().pwm(true).gpio(&gpio).open()?;
//! hat.lights.amber.set_value(0.5)?;
//! hat.buzzer.beep(ms(100), ms(100))?;
//! # Ok::<(), pinzero::Error>(())
//! ```
//!
//! A [`LedBoard`](crate::LedBoard), a [`TrafficLightsBuzzer`](crate::TrafficLightsBuzzer) or a [`Robot`](crate::Robot) on pins of your own needs no
//! product.

mod pi_stop;
pub(crate) mod status;
mod table;
mod tree;
mod xmas_tree;

pub use pi_stop::{Location, PiStop};
pub use status::{StatusBoard, StatusStrip, StatusZero};
pub use table::{
    CamJamKitRobot, Eyes, FishDish, JamHat, LedBorg, PiLiter, PiLiterBarGraph, PiTraffic, Pibrella,
    PololuDrv8835Robot, PumpkinPi, PumpkinPiSide, PumpkinPiSides, RedGreen, RyanteckRobot, SnowPi, SnowPiArm,
    SnowPiArms, TrafficHat, TrafficpHat,
};
pub use xmas_tree::PiHutXmasTree;
