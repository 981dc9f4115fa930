#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "it fails a test here"))]

mod announcing;
mod commands;
mod connection;
mod device;
mod discovery;
mod entity;
mod explain;
mod inbox;
mod leftovers;
mod limit;
mod link;
mod node;
mod outbox;
mod payload;
mod post;
mod refusal;
mod reporter;
mod rumqtt;
mod settings;
mod shared;
mod telling;
mod things;
#[cfg(feature = "tls")]
mod tls;
mod topics;

pub use link::{Broker, Incoming, LinkError, Message, Receiver, Sender};
pub use node::{Changes, Node};
pub use outbox::EventCounts;
pub use rumqtt::Rumqtt;
pub use settings::Settings;
