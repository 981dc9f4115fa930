//! Names the file with the firmware's settings, for errors whose remedy is a line in that file.

use std::path::Path;

/// Returns the path of the firmware's settings on this system.
pub(crate) fn config_txt() -> &'static str {
    let old = "/boot/config.txt";
    let new = "/boot/firmware/config.txt";
    if !Path::new(new).exists() && Path::new(old).exists() { old } else { new }
}

/// Returns the remedy: add this line.
pub(crate) fn add(setting: &str) -> String {
    format!("add `{setting}` to {} and restart the board", config_txt())
}
