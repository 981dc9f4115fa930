//! What core does on top of a backend that lacks a power.

pub(crate) mod polling;
pub(crate) mod soft_pwm;
pub(crate) mod soft_spi;
