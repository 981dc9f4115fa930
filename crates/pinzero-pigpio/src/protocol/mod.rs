//! The socket protocol of pigpiod (version 79), as bytes: the common part of both ends of a connection, without I/O.
//!
//! A [`Request`] is four words and an extension, a [`Reply`] four words and, for some commands, a payload; a
//! notification connection carries [`Report`]s. All numbers are little endian. The codes, the results and the shape of
//! the frames are those of the genuine daemon.

mod code;
mod command;
mod frame;

pub use code::Code;
pub use command::Command;
pub use frame::{BadFrame, MAX_EXTENSION, MAX_PAYLOAD, Reply, Report, ReportKind, Request};

/// The port that pigpiod listens on.
pub const PORT: u16 = 8888;
