#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod device;
mod discovery;
mod entity;
mod inbox;
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
mod things;
mod topics;

pub use link::{Broker, Incoming, LinkError, Message, Receiver, Sender};
pub use node::{Changes, Node};
pub use rumqtt::Rumqtt;
pub use settings::Settings;
