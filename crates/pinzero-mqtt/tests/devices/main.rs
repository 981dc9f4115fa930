//! The devices of a node, on simulated pins, with a broker inside the program.
#![allow(clippy::unwrap_used, reason = "they fail a test here, in helpers too")]

mod away;
mod broker;
mod button;
mod buzzer;
mod complaints;
mod contact;
mod counter;
mod discovery;
mod display;
mod encoder;
mod example;
mod home_assistant;
mod house;
mod info;
mod keypad;
mod led;
mod leftovers;
mod log;
mod motor;
mod on_for;
mod random_commands;
mod relay;
mod rest;
mod rgb_led;
mod sensor;
mod servo;
mod topic;
