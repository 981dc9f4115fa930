//! Clients in Python.

mod buses;
mod callbacks;
mod gpiozero;
mod pins;
mod programs;
mod serve;
mod sim;
mod vcd;
