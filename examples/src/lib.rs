//! pinzero's examples, one per file in the parent folder. Run one with `cargo run --example led_blink`. With
//! `PINZERO_PIN_FACTORY=mock` the examples need no hardware.
