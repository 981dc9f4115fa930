//! Writes `docs/parity.md`: each public item of gpiozero's devices and tools, and ours. `crates/xtask/parity` has the data:
//! `gpiozero.json`, which a script lists by introspection, and `mapping.json`, written by hand. `examples.rs` adds the example programs.

mod api;
mod examples;

use crate::checks::none_of;
use crate::runner::{Runner, Stop, conclude, root};
use api::Api;
use serde_json::Value as Json;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

const PAGE: &str = "docs/parity.md";

const HEAD: &str = "\
# gpiozero's devices and tools, and ours

`cargo xtask parity` writes this page. CI checks that each item on the left is one of gpiozero's, and each on the right
one of ours. The tests in `tests/tests/golden` compare the behaviour.

A row is at the class that brings the item in: what `LED` inherits is at `OutputDevice`. `LED(pin)` is a parameter of the
constructor, and `Led::builder().active_high` an option of the builder. Functions are at their module.
";

/// Writes the page, or checks it.
pub(crate) fn main(is_check: bool) -> ExitCode {
    let mut runner = Runner::default();
    let result = if is_check { check(&mut runner) } else { write(&mut runner) };
    conclude("parity", [result])
}

/// Checks that the page is up to date, and that all it names exists.
pub(crate) fn check(runner: &mut Runner) -> Result<(), Stop> {
    let page = page(runner)?;
    if fs::read_to_string(root().join(PAGE)).is_ok_and(|present| present == page) {
        return Ok(());
    }
    Err(Stop::Failed(format!("{PAGE} is not up to date: cargo xtask parity")))
}

fn write(runner: &mut Runner) -> Result<(), Stop> {
    let page = page(runner)?;
    Ok(fs::write(root().join(PAGE), page).map_err(|error| format!("{PAGE}: {error}"))?)
}

fn page(runner: &mut Runner) -> Result<String, Stop> {
    let data = root().join("crates/xtask/parity");
    let (inventory, mapping) = (read(&data.join("gpiozero.json"))?, read(&data.join("mapping.json"))?);
    let mut api = Api::default();
    // Some build scripts run again when `RUSTC_BOOTSTRAP` changes: leave the other builds alone.
    let target = root().join("target/parity");
    for package in ["pinzero-core", "pinzero"] {
        let mut command = runner.command("cargo");
        // rustdoc's JSON is not stable, but what `Api` reads has not changed for years.
        command.env("RUSTC_BOOTSTRAP", "1").env("CARGO_TARGET_DIR", &target);
        command.args(["rustdoc", "--locked", "--lib", "--package", package, "--"]);
        runner.run(command.args(["-Zunstable-options", "--output-format=json"]))?;
        api.add(&read(&target.join("doc").join(package.replace('-', "_")).with_extension("json"))?);
    }
    let mut complaints = Vec::new();
    let page = table(&inventory, &mapping, &api, &mut complaints) + &examples::table(&data, &mut complaints)?;
    none_of(&complaints)?;
    Ok(page)
}

fn read(path: &Path) -> Result<Json, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Returns the page. Complains about items without a row, rows without an item, and paths that do not exist.
fn table(inventory: &Json, mapping: &Json, api: &Api, complaints: &mut Vec<String>) -> String {
    let mut page = HEAD.to_owned();
    let (mut present, mut left_out, mut missing) = (0, 0, 0);
    let mut tables = String::new();
    for (class, items) in inventory.as_object().into_iter().flatten() {
        let ours = mapping["types"][class].as_str().unwrap_or_default();
        let is_missing = is_awaited(mapping, ours);
        let _ = write!(tables, "\n## {class}\n\n| gpiozero | | pinzero |\n|---|---|---|\n");
        for (item, kind) in items.as_object().into_iter().flatten() {
            let Some(row) = row(mapping, class, item) else {
                complaints.push(format!("mapping.json has no row for {item}"));
                continue;
            };
            let row = row.replace("{}", ours);
            let right = if let Some(reason) = row.strip_prefix("left out: ") {
                left_out += 1;
                format!("left out: {reason}")
            } else if is_missing {
                missing += 1;
                "not yet".to_owned()
            } else {
                present += 1;
                let paths: Vec<&str> = row.split(", ").collect();
                complaints.extend(
                    paths.iter().filter(|path| !api.has(path)).map(|path| format!("{item}: no {path} here")),
                );
                paths.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ")
            };
            let _ = writeln!(tables, "| `{item}` | {} | {right} |", kind.as_str().unwrap_or_default());
        }
    }
    for item in mapping["items"].as_object().into_iter().flatten().map(|(item, _)| item) {
        let class = item.split(['.', '(']).next().unwrap_or_default();
        if inventory[class][item].is_null() {
            complaints.push(format!("mapping.json has a row for {item}, which gpiozero has not"));
        }
    }
    let _ = write!(page, "\n{present} items have a counterpart, {left_out} are left out with a reason");
    if missing > 0 {
        let _ = write!(page, ", {missing} belong to devices that are not here yet");
    }
    page + ".\n" + &tables
}

/// Returns the row of an item: its own, or that of its name at all classes.
fn row(mapping: &Json, class: &str, item: &str) -> Option<String> {
    let own = mapping["items"][item].as_str();
    let name = item.strip_prefix(class).unwrap_or(item);
    own.or_else(|| mapping["everywhere"][name].as_str()).map(str::to_owned)
}

/// Returns whether this type of ours is on the list of types that are not there yet.
fn is_awaited(mapping: &Json, name: &str) -> bool {
    mapping["not yet"].as_array().is_some_and(|list| list.iter().any(|awaited| awaited == name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_item_has_a_row_and_each_row_an_item() {
        let inventory = json!({
            "LED": {"LED(pin)": "parameter", "LED.is_lit": "property", "LED.blink": "method", "LED.source": "property"},
            "Servo": {"Servo.min": "method"},
        });
        let mapping = json!({
            "types": {"LED": "Led", "Servo": "Servo"},
            "not yet": ["Servo"],
            "everywhere": {"(pin)": "{}::new", ".source": "left out: a loop does it."},
            "items": {"LED.is_lit": "Led::is_on", "LED.gone": "Led::new", "Servo.min": "Servo::min"},
        });
        let mut complaints = Vec::new();
        let page = table(&inventory, &mapping, &api::tests::api(), &mut complaints);
        assert_eq!(
            complaints,
            [
                "mapping.json has no row for LED.blink",
                "LED.is_lit: no Led::is_on here",
                "mapping.json has a row for LED.gone, which gpiozero has not",
            ]
        );
        assert!(page.contains("| `LED(pin)` | parameter | `Led::new` |"), "{page}");
        assert!(page.contains("| `LED.source` | property | left out: a loop does it. |"), "{page}");
        assert!(page.contains("| `Servo.min` | method | not yet |"), "{page}");
    }
}
