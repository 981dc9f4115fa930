//! The map of the source, docs/MAP.md, with a line for each file. People write the map; this compares it with the tree.

use crate::checks::none_of;
use crate::runner::{Runner, Stop, conclude, root};
use std::fs;
use std::process::ExitCode;

/// Prints the lines that are missing, and those whose file is gone.
pub(crate) fn main() -> ExitCode {
    conclude("map", [check(&mut Runner::default())])
}

/// Checks that each file of a crate has its line, and each line its file.
pub(crate) fn check(runner: &mut Runner) -> Result<(), Stop> {
    let files = runner.output("git", &["ls-files", "--", ":(glob)crates/*/src/**/*.rs"])?;
    // A file may be deleted before git knows.
    let files: Vec<_> = files.lines().filter(|file| root().join(file).exists()).collect();
    let map =
        fs::read_to_string(root().join("docs/MAP.md")).map_err(|error| format!("docs/MAP.md: {error}"))?;
    none_of(&differences(&map, &files))
}

/// Returns the errors in a map of these files.
fn differences(map: &str, files: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut named = Vec::new();
    let mut folder = String::new();
    for line in map.lines() {
        if let Some(package) = line.strip_prefix("## ") {
            folder = format!("crates/{package}/src/");
        } else if let Some((path, sentence)) = line.strip_prefix("* `").and_then(|line| line.split_once('`'))
        {
            let file = format!("{folder}{path}");
            if !sentence.strip_prefix(" — ").is_some_and(|sentence| sentence.ends_with('.')) {
                found.push(format!("no sentence: {line}"));
            }
            if !files.contains(&file.as_str()) {
                found.push(format!("gone: {file}"));
            }
            if named.contains(&file) {
                found.push(format!("twice: {file}"));
            }
            named.push(file);
        }
    }
    let missing = files.iter().filter(|file| !named.iter().any(|named| named == *file));
    found.extend(missing.map(|file| format!("missing: {file}")));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_has_one_line_with_a_sentence() {
        let map = "# Map\n\n## a\n* `lib.rs` — Opens pins.\n* `b/c.rs` — Closes pins.\n\n## d\n* `lib.rs` — Reads.\n";
        let files = ["crates/a/src/b/c.rs", "crates/a/src/lib.rs", "crates/d/src/lib.rs"];
        assert!(differences(map, &files).is_empty());
        let fewer = differences(map, &files[1..]);
        assert_eq!(fewer, ["gone: crates/a/src/b/c.rs"]);
        let bad = "## a\n* `lib.rs` — Opens pins.\n* `lib.rs` - Opens pins\n";
        assert_eq!(
            differences(bad, &files),
            [
                "no sentence: * `lib.rs` - Opens pins",
                "twice: crates/a/src/lib.rs",
                "missing: crates/a/src/b/c.rs",
                "missing: crates/d/src/lib.rs"
            ]
        );
    }
}
