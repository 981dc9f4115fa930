//! Emulation of capabilities that a backend lacks.

pub(crate) mod polling;
pub(crate) mod pwm_engine;
pub(crate) mod soft_i2c;
pub(crate) mod soft_pwm;
pub(crate) mod soft_spi;
