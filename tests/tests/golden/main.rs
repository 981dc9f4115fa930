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
use serde_json::{Map, Value as Json, json};

/// gpiozero's classes that have scenarios, and no device here yet. This list may only shrink.
const NOT_YET: &[&str] = &[];

#[test]
fn devices_do_what_gpiozero_does() {
    let mut differences = Differences::load(&read("differences.json"));
    let mut complaints = Vec::new();
    let mut replayed = 0;
    let mut waiting = BTreeMap::new();
    for file in files_of_scenarios() {
        let scenarios = object(read(&format!("scenarios/{file}.json")));
        let golden = object(read(&format!("gpiozero/{file}.json")));
        assert!(
            golden.keys().eq(scenarios.keys()),
            "{file}: record the golden files again: cargo xtask golden"
        );
        for (name, scenario) in &scenarios {
            let missing = classes(&file, scenario).into_iter().filter(|class| !subjects::is_there(class));
            let missing: Vec<_> = missing.collect();
            if !missing.is_empty() {
                missing.into_iter().for_each(|class| *waiting.entry(class).or_insert(0) += 1);
                continue;
            }
            let theirs = Record::of_gpiozero(&golden[name]);
            let name = format!("{file}: {name}");
            let expected = differences.apply(&name, theirs, &mut complaints);
            let ours = play(&file, scenario, expected.pins.keys());
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

fn files_of_scenarios() -> Vec<String> {
    let files = fs::read_dir(here().join("scenarios")).unwrap();
    let mut names: Vec<String> =
        files.map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Returns the classes that a scenario needs: that of its file, and those of the devices that it names.
fn classes(file: &str, scenario: &Json) -> BTreeSet<String> {
    let mut found = BTreeSet::from_iter(is_class(file).then(|| file.to_owned()));
    named_classes(&json!([scenario["args"], scenario["others"], scenario["steps"]]), &mut found);
    found
}

fn named_classes(json: &Json, found: &mut BTreeSet<String>) {
    match json {
        Json::Array(items) => {
            if let [Json::String(name), Json::Object(_)] = &items[..] {
                found.insert(if is_class(name) { name.clone() } else { "tools".to_owned() });
            }
            items.iter().for_each(|item| named_classes(item, found));
        }
        Json::Object(items) => items.values().for_each(|item| named_classes(item, found)),
        Json::String(word) if word == "take" || word.contains(".source") => {
            found.insert("tools".to_owned());
        }
        _ => {}
    }
}

/// Returns whether this is the name of a class. Others are tools, or files about several classes.
fn is_class(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
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
