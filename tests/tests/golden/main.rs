//! Golden files: the same scenarios on the real gpiozero, recorded by `record/record.py`, and on pinzero, replayed here.
//! README.md explains the files.

#![allow(clippy::unwrap_used, reason = "a scenario that is not as expected fails the test")]

mod compare;
mod differences;
mod play;
mod subject;
mod subjects;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use compare::{Record, compare};
use differences::Differences;
use play::play;
use serde_json::{Map, Value as Json};

/// gpiozero's classes that have scenarios, and no device here yet. This list may only shrink.
const NOT_YET: &[&str] = &[];

#[test]
fn devices_do_what_gpiozero_does() {
    let mut differences = Differences::load(&read("differences.json"));
    let mut complaints = Vec::new();
    let mut replayed = 0;
    let mut waiting = BTreeMap::new();
    let mut classes = BTreeSet::new();
    for class in classes_with_scenarios() {
        let scenarios = object(read(&format!("scenarios/{class}.json")));
        let golden = object(read(&format!("gpiozero/{class}.json")));
        assert!(
            golden.keys().eq(scenarios.keys()),
            "{class}: record the golden files again: cargo xtask golden"
        );
        classes.insert(class.clone());
        if !subjects::is_there(&class) {
            waiting.insert(class, scenarios.len());
            continue;
        }
        for (name, scenario) in &scenarios {
            let name = format!("{class}: {name}");
            let theirs = Record::of_gpiozero(&golden[name.split_once(": ").unwrap().1]);
            let expected = differences.apply(&name, theirs, &mut complaints);
            let ours = play(&class, scenario, expected.pins.keys());
            complaints.extend(compare(&name, &expected, &ours));
            replayed += 1;
        }
    }
    complaints.extend(differences.unused());
    println!("{replayed} scenarios replayed; not yet: {waiting:?}");
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
    let waiting: Vec<_> = waiting.keys().map(String::as_str).collect();
    assert_eq!(waiting, NOT_YET, "classes without a device");
    assert!(replayed + waiting.len() > 0);
}

fn classes_with_scenarios() -> Vec<String> {
    let files = fs::read_dir(here().join("scenarios")).unwrap();
    let mut classes: Vec<String> =
        files.map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect();
    classes.sort();
    classes
}

fn read(name: &str) -> Json {
    let path = here().join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn object(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}

fn here() -> PathBuf {
    // Cargo gives the path of this crate at run time, too.
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("tests/golden")
}
