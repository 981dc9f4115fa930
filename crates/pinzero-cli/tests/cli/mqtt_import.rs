//! `pinzero mqtt --import`: configurations of mqtt-io, and the circuits that they become.

use std::path::PathBuf;

use pinzero_circuit::Circuit;

use crate::run::{assert_snapshot, run};

/// Imports `tests/mqtt-io/NAME.yml`, and compares the circuit and the remarks with the snapshots.
#[track_caller]
fn assert_import(name: &str) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/mqtt-io");
    let file = folder.join(format!("{name}.yml"));
    let output = run(&["mqtt", "--import", file.to_str().unwrap()]);
    let [circuit, remarks] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert_eq!(output.status.code(), Some(0), "{remarks}");
    Circuit::parse(&circuit).unwrap_or_else(|mistake| panic!("{mistake}\n{circuit}"));
    let remarks = remarks.replace(&format!("{}/", folder.display()), "");
    assert_snapshot(&format!("mqtt-io/{name}.toml"), &circuit);
    assert_snapshot(&format!("mqtt-io/{name}.txt"), &remarks);
}

#[test]
fn a_relay_board_is_imported() {
    assert_import("relay_board");
}

#[test]
fn a_water_meter_is_imported() {
    assert_import("water_meter");
}

#[test]
fn a_greenhouse_of_sensors_is_imported() {
    assert_import("greenhouse");
}

#[test]
fn modules_that_pinzero_does_not_have_become_comments() {
    assert_import("mixed");
}

#[test]
fn a_configuration_of_the_forerunner_is_imported() {
    assert_import("pi_mqtt_gpio");
}

#[test]
fn a_file_that_is_no_configuration_ends_with_1_and_its_line() {
    let path = std::env::temp_dir().join(format!("pinzero-no-mqtt-io-{}.yml", std::process::id()));
    for (text, message) in [
        ("", "line 1: the file is empty"),
        ("[relay.pump]\npin = 17\n", "line 2: no YAML"),
        ("homeassistant:\n  name: Home\n", "line 1: no configuration of mqtt-io"),
    ] {
        std::fs::write(&path, text).unwrap();
        let output = run(&["mqtt", "--import", path.to_str().unwrap()]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(message), "{error}");
        assert!(output.stdout.is_empty());
    }
    std::fs::write(&path, vec![b' '; 70 << 10]).unwrap();
    let output = run(&["mqtt", "--import", path.to_str().unwrap()]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("larger than 64 KiB"));
}
