//! Devices without a pin, and their options.

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

/// The seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// Implements the traits of a device that has a [`PolledInternalDevice`] as `device`, and a `state(reading)` for `Debug`.
macro_rules! internal_device {
    ($Device:ident) => {
        impl std::ops::Deref for $Device {
            type Target = PolledInternalDevice;

            fn deref(&self) -> &PolledInternalDevice {
                &self.device
            }
        }

        impl std::fmt::Debug for $Device {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let (name, source) = (stringify!($Device), self.device.source());
                match self.device.last() {
                    _ if self.is_closed() => write!(f, "{name}({source}, closed)"),
                    Some(reading) => write!(f, "{name}({source}, {})", Self::state(reading)),
                    None => write!(f, "{name}({source}, no reading)"),
                }
            }
        }

        impl std::fmt::Display for $Device {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{} {}", stringify!($Device), self.device.source())
            }
        }
    };
}

use internal_device;
