//! Devices without pins, and their options.

mod cpu_temperature;
mod day_time;
mod disk_usage;
mod file;
mod limit;
mod load_average;
mod ping_server;
mod polled;
mod sun;
mod system_ping;
mod tcp_trigger;
mod time_of_day;
mod window;
mod zone;

pub use cpu_temperature::{CpuTemperature, Thermal};
pub use day_time::DayTime;
pub use disk_usage::{DiskUsage, Usage};
pub use limit::Limit;
pub use load_average::{Load, LoadAverage};
pub use ping_server::{Ping, PingServer};
pub use polled::{PolledInternalDevice, Polling};
pub use sun::Sun;
pub use tcp_trigger::{Listening, TcpClient, TcpConnection, TcpMessage, TcpTrigger};
pub use time_of_day::{Daily, TimeOfDay};
pub use zone::Zone;
