#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod board;
mod buses;
mod detect;
mod facts;
mod find_model;
mod functions;
mod header;
mod model;
mod names;
mod revision;
mod soc;

pub use board::Board;
pub use facts::{Facts, FormFactor};
pub use find_model::UnknownModel;
pub use functions::Function;
pub use header::{Header, HeaderPin, PinKind};
pub use names::PinError;
pub use revision::UnknownRevision;
pub use soc::{Pull, Soc};
