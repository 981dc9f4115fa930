//! Reads the firmware's settings.

use crate::doctor::Place;

/// Returns what to do so that this line of `config.txt` takes effect.
pub(crate) fn remedy(place: &Place, setting: &str) -> String {
    let path = path(place);
    let text = place.text(path).unwrap_or_default();
    if text.lines().any(|line| has(line, setting)) {
        format!("`{setting}` is in /{path}: restart the board")
    } else {
        format!("add `{setting}` to /{path}, and restart the board")
    }
}

fn path(place: &Place) -> &'static str {
    let (new, old) = ("boot/firmware/config.txt", "boot/config.txt");
    if !place.has(new) && place.has(old) { old } else { new }
}

/// Returns whether a line of the file has a setting, alone or among others: `dtparam=i2c_arm=on,spi=on`.
fn has(line: &str, setting: &str) -> bool {
    let line = line.trim();
    match (line.strip_prefix("dtparam="), setting.strip_prefix("dtparam=")) {
        (Some(line), Some(setting)) => line.split(',').any(|one| one.trim() == setting),
        _ => line == setting || line.strip_prefix(setting).is_some_and(|rest| rest.starts_with(',')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_found_alone_and_among_others() {
        for (line, setting, expected) in [
            ("dtparam=spi=on", "dtparam=spi=on", true),
            ("  dtparam=spi=on  ", "dtparam=spi=on", true),
            ("dtparam=i2c_arm=on,spi=on", "dtparam=spi=on", true),
            ("#dtparam=spi=on", "dtparam=spi=on", false),
            ("dtparam=spi=off", "dtparam=spi=on", false),
            ("dtoverlay=w1-gpio,gpiopin=4", "dtoverlay=w1-gpio", true),
            ("dtoverlay=w1-gpio-pullup", "dtoverlay=w1-gpio", false),
            ("enable_uart=1", "enable_uart=1", true),
        ] {
            assert_eq!(has(line, setting), expected, "{line}");
        }
    }
}
