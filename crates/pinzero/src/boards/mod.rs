//! Devices of several others, and their options.

mod board_value;
mod button_board;
mod char_font;
mod composite;
mod energenie;
mod led_bar_graph;
mod led_board;
mod led_char_display;
mod led_multi_char_display;
mod member;
mod names;
mod options;
mod plex;
mod robot;
mod segments;
mod shape;
mod traffic_lights;
mod traffic_lights_buzzer;

pub use board_value::BoardValue;
pub use button_board::{ButtonBoard, Buttons};
pub use char_font::CharFont;
pub use energenie::{Energenie, Socket};
pub use led_bar_graph::{Bars, LedBarGraph};
pub use led_board::LedBoard;
pub use led_char_display::{LedCharDisplay, Segmented};
pub use led_multi_char_display::{LedMultiCharDisplay, Plexed};
pub use member::{Member, MemberKey};
pub use options::{Fitted, InitialValue, Lights, Wired};
pub use robot::{Curve, Robot, Wheels};
pub use segments::Segments;
pub use traffic_lights::TrafficLights;
pub use traffic_lights_buzzer::TrafficLightsBuzzer;

pub(crate) use composite::{Fit, Wiring, composite, composite_board};
