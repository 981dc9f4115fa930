//! The devices from outside, in one program: a program takes longer to link than these tests take to run.
//!
//! A test stands beside this folder, as a program of its own, only if it needs one: `default` sets the default factory of
//! its process, `threads` keeps all processors busy, `idle` counts the wake-ups of its process, `exit` and
//! `conformance_third_party` start programs, the other `conformance_*` and `device_trials` bring their own harness, `interop` and
//! `kernel_rig` run where their clients or their kernel are. `recipes` has gpiozero's example programs, and `golden` compares with gpiozero.

mod adc;
mod ads1115;
mod backend;
mod blink;
mod bus_oracles;
mod bus_sharing;
mod buses;
mod button;
mod button_board;
mod buzzer;
mod callbacks;
mod capabilities;
mod char_display;
mod chord;
mod circuits;
mod closing;
mod common;
mod debounce;
mod dht;
#[cfg(target_os = "linux")]
mod distance_sensor;
#[cfg(target_os = "linux")]
mod ds18b20;
mod edge_order;
mod emulation;
mod energenie;
mod errors;
mod events;
mod executors;
mod fades;
mod flaky;
mod flex_faults;
mod flood;
mod gestures;
mod hal;
mod input;
mod internal;
mod ir_receiver;
mod keypad;
mod led;
mod led_bar_graph;
mod led_board;
mod light_sensor;
mod lost;
mod machine;
mod migration;
mod motor;
mod multi_char_display;
mod names;
mod oracles;
mod own_device;
mod pictures;
mod pixel_strip;
mod product_boards;
mod properties;
mod pulse_counter;
mod pwm;
mod reentry;
mod relay;
mod rgb_led;
mod robot;
mod rotary_encoder;
mod servo;
mod smoothed;
mod soft_pwm;
mod sources;
mod stepper;
mod streams;
mod tcp_trigger;
mod time;
mod time_of_day;
mod timers;
mod together;
mod tonal_buzzer;
mod trace;
mod traffic_lights;
mod vcd;
mod waiting;
mod wired_pwm;
mod wires;
