//! Pins of other computers, each a daemon in this process.
