//! What core does on top of a backend that lacks a power.

pub(crate) mod soft_pwm;
