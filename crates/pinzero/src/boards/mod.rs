//! Devices of several others, and their options.

mod board_value;
mod energenie;
mod led_bar_graph;
mod led_board;
mod member;
mod options;
mod robot;
mod traffic_lights;

pub use board_value::BoardValue;
pub use energenie::{Energenie, Socket};
pub use led_bar_graph::{Bars, LedBarGraph};
pub use led_board::LedBoard;
pub use member::{Member, MemberKey};
pub use options::{InitialValue, Lights, Wired};
pub use robot::{Bridges, Curve, Robot};
pub use traffic_lights::TrafficLights;
