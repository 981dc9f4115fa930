//! Examples of pinzero, one a file beside this folder. Run one with `cargo run --example led_blink`; with
//! `PINZERO_PIN_FACTORY=mock` it needs no hardware.
