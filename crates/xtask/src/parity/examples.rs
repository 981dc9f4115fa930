//! Writes the table of gpiozero's example programs: `examples.txt` lists them, and `examples.json`, written by hand, says where ours are.

use super::read;
use crate::runner::root;
use std::fmt::Write;
use std::fs;
use std::path::Path;

const HEAD: &str = "
## Example programs

`recipes::buttons::button_1` is the test `button_1` in `tests/tests/recipes/buttons.rs`. The others are programs for users to read, with the
same devices, and sometimes with more or other things to do; `examples/tests/run.rs` tests them.
";

/// Returns the table. Complains about programs without a row, rows without a program, and files and tests that do not exist.
pub(super) fn table(data: &Path, complaints: &mut Vec<String>) -> Result<String, String> {
    let file = data.join("examples.txt");
    let names = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let rows = read(&data.join("examples.json"))?;
    let mut page = HEAD.to_owned();
    let (mut here, mut left_out) = (0, 0);
    let mut table = String::new();
    for name in names.lines() {
        let Some(row) = rows[name].as_str() else {
            complaints.push(format!("examples.json has no row for {name}"));
            continue;
        };
        let right = if row.starts_with("left out: ") {
            left_out += 1;
            row.to_owned()
        } else {
            here += 1;
            let (ours, remark) = row.split_once("; ").unwrap_or((row, ""));
            let ours: Vec<&str> = ours.split(", ").collect();
            complaints
                .extend(ours.iter().filter(|one| !exists(one)).map(|one| format!("{name}: no {one} here")));
            let ours = ours.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ");
            if remark.is_empty() { ours } else { format!("{ours}; {remark}") }
        };
        let _ = writeln!(table, "| `{name}` | {right} |");
    }
    let unknown = rows.as_object().into_iter().flatten().map(|(name, _)| name);
    let unknown = unknown.filter(|name| names.lines().all(|known| known != *name));
    complaints
        .extend(unknown.map(|name| format!("examples.json has a row for {name}, which gpiozero has not")));
    let _ = write!(page, "\n{here} programs have a counterpart, {left_out} are left out with a reason.\n");
    Ok(page + "\n| gpiozero | pinzero |\n|---|---|\n" + &table)
}

/// Returns whether there is such a file, or such a test.
fn exists(ours: &str) -> bool {
    let tests = root().join("tests/tests");
    match ours.rsplit_once("::") {
        None => root().join(ours).is_file(),
        Some((module, test)) => {
            fs::read_to_string(tests.join(module.replace("::", "/")).with_extension("rs"))
                .is_ok_and(|text| text.contains(&format!("#[test]\nfn {test}()")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_program_has_a_row_and_each_row_a_program_and_a_test() -> Result<(), String> {
        let data = std::env::temp_dir().join(format!("pinzero-xtask-examples-{}", std::process::id()));
        let write =
            |file: &str, text: &str| fs::write(data.join(file), text).map_err(|error| error.to_string());
        fs::create_dir_all(&data).map_err(|error| error.to_string())?;
        write("examples.txt", "led_1\nled_2\nled_3\nled_4\nled_5\n")?;
        let rows = r#"{"led_1": "recipes::lights::led_1; by hand", "led_2": "recipes::lights::led_2, examples/led_blink.rs", "led_4": "recipes::lights::led_4",
                       "led_5": "left out: why not", "gone": "examples/gone.rs"}"#;
        write("examples.json", rows)?;
        let mut complaints = Vec::new();
        let page = table(&data, &mut complaints);
        fs::remove_dir_all(&data).map_err(|error| error.to_string())?;
        assert_eq!(
            complaints,
            [
                "examples.json has no row for led_3",
                "led_4: no recipes::lights::led_4 here",
                "examples.json has a row for gone, which gpiozero has not",
            ]
        );
        let page = page?;
        assert!(
            page.contains(
                "| `led_1` | `recipes::lights::led_1`; by hand |\n| `led_2` | `recipes::lights::led_2`, `examples/led_blink.rs` |"
            ),
            "{page}"
        );
        assert!(page.contains("| `led_5` | left out: why not |"), "{page}");
        assert!(page.contains("\n3 programs have a counterpart, 1 are left out"), "{page}");
        Ok(())
    }
}
