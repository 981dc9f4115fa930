//! Writes `docs/parity.md`: each public item of gpiozero's single devices, and ours. `crates/xtask/parity` has the data:
//! `gpiozero.json`, which a script lists by introspection, and `mapping.json`, written by hand.

mod api;

use crate::checks::none_of;
use crate::runner::{Runner, Stop, conclude, root};
use api::Api;
use serde_json::Value as Json;
use std::fmt::Write;
use std::fs;
use std::process::ExitCode;

const PAGE: &str = "docs/parity.md";

const HEAD: &str = "\
# gpiozero's devices, and ours

`cargo xtask parity` writes this page. CI checks that each item on the left is one of gpiozero's, and each on the right
one of ours. The tests in `tests/tests/golden` compare the behaviour.

A row is at the class that brings the item in: what `LED` inherits is at `OutputDevice`. `LED(pin)` is a parameter of the
constructor, and `Led::builder().active_high` an option of the builder.
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
    let (inventory, mapping) =
        (read("crates/xtask/parity/gpiozero.json")?, read("crates/xtask/parity/mapping.json")?);
    let mut api = Api::default();
    for package in ["pinzero-core", "pinzero"] {
        let mut command = runner.command("cargo");
        // rustdoc's JSON is not stable yet, so each compiler may have its own; `Api` reads what has not changed for years.
        command.env("RUSTC_BOOTSTRAP", "1").args([
            "rustdoc",
            "--locked",
            "--lib",
            "--package",
            package,
            "--",
        ]);
        runner.run(command.args(["-Zunstable-options", "--output-format=json"]))?;
        api.add(&read(&format!("target/doc/{}.json", package.replace('-', "_")))?);
    }
    let mut complaints = Vec::new();
    let page = table(&inventory, &mapping, &api, &mut complaints);
    none_of(&complaints)?;
    Ok(page)
}

fn read(path: &str) -> Result<Json, String> {
    let text = fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {error}"))?;
    serde_json::from_str(&text).map_err(|error| format!("{path}: {error}"))
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
