//! Devices on an SPI bus.

mod mcp3xxx;

pub use mcp3xxx::{
    Analog, Mcp3001, Mcp3002, Mcp3004, Mcp3008, Mcp3201, Mcp3202, Mcp3204, Mcp3208, Mcp3301, Mcp3302,
    Mcp3304, Multiplexed, SpiPlace,
};
