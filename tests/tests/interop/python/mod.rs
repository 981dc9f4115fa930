//! Clients in Python.

mod buses;
mod callbacks;
mod pins;
mod programs;
