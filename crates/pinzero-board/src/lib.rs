#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod board;
mod buses;
mod detect;
mod header;
mod model;
mod names;
mod revision;
mod soc;

pub use board::Board;
pub use header::{Header, HeaderPin, PinKind};
pub use names::PinError;
pub use revision::UnknownRevision;
pub use soc::{Pull, Soc};
