//! Reads what anybody may send to a device.

#![no_main]

// The source itself, so that neither a client of MQTT nor a public name is needed.
#[allow(dead_code, reason = "things use the rest")]
#[path = "../../src/payload.rs"]
mod payload;
#[allow(dead_code, reason = "things use the rest")]
#[path = "../../src/refusal.rs"]
mod refusal;

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use payload::{Command, Fields};

/// The longest message that a refusal may leave in a log.
const LONGEST_COMPLAINT: usize = 400;

fuzz_target!(|payload: &[u8]| {
    match Command::parse(payload) {
        Err(refusal) => assert!(refusal.to_string().len() <= LONGEST_COMPLAINT),
        Ok(command) => {
            if let Command::Number(number) = command {
                assert!(number.is_finite());
            }
            let _ = command.clone().lasting("ON");
            take_all(command.into_fields("state", "value"));
        }
    }
});

/// Takes fields of each kind, as things do.
fn take_all(mut fields: Fields) {
    let _ = fields.state();
    if let Ok(Some(value)) = fields.number("value", 0.0, 255.0) {
        assert!((0.0..=255.0).contains(&value));
    }
    if let Ok(Some(time)) = fields.seconds("for") {
        assert!(time <= Duration::from_secs(366 * 24 * 3600));
    }
    let _ = fields.text("effect");
    if let Ok(Some(color)) = fields.fields("color") {
        take_all(color);
    }
    if let Err(refusal) = fields.finish("nothing") {
        assert!(refusal.to_string().len() <= LONGEST_COMPLAINT);
    }
}
