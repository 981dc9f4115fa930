//! Devices without pins, and their options.

mod tcp_trigger;

pub use tcp_trigger::{Listening, TcpClient, TcpConnection, TcpMessage, TcpTrigger};
