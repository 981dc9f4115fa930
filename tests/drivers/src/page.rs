//! Checks that `docs/drivers.md` says what the trials say.
//!
//! `PINZERO_WRITE=1 cargo test -p pinzero-driver-tests page` writes the page anew.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use libtest_mimic::Failed;

use crate::rig::Rig;
use crate::{DRIVERS, Driver};

pub(crate) fn check() -> Result<(), Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (path, page) = (root.join("docs/drivers.md"), page(&fs::read_to_string(root.join("Cargo.lock"))?));
    if env::var_os("PINZERO_WRITE").is_some() {
        fs::write(&path, &page)?;
    }
    if fs::read_to_string(&path).unwrap_or_default() != page {
        return Err(
            "PINZERO_WRITE=1 cargo test -p pinzero-driver-tests page writes docs/drivers.md anew".into()
        );
    }
    Ok(())
}

/// Returns the versions of the crates in the text of a `Cargo.lock`.
fn versions(lock: &str) -> BTreeMap<&str, &str> {
    let value = |line: &'static str| move |text| quoted(line, text);
    let names = lock.lines().filter_map(value("name"));
    // The line after a name is its version.
    names
        .zip(lock.lines().skip_while(|line| !line.starts_with("name")).filter_map(value("version")))
        .collect()
}

fn quoted<'a>(key: &str, line: &'a str) -> Option<&'a str> {
    line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"')
}

fn page(lock: &str) -> String {
    let versions = versions(lock);
    let mut text = String::from(HEAD);
    for Driver { part, krate, interface, is_timed, .. } in &DRIVERS {
        let version = versions[krate];
        let remote = if *is_timed { "no: microseconds" } else { "yes" };
        let pi = if *is_timed { "registers only" } else { "yes" };
        let _ = writeln!(text, "| {part} | `{krate}` {version} | {interface} | {remote} | {pi} |");
    }
    text += NOTES;
    for driver in &DRIVERS {
        let picture = (driver.run)(&Rig::mock());
        if !picture.is_empty() {
            let _ = write!(
                text,
                "\n{}, as `{}` leaves it:\n\n```text\n{picture}```\n",
                driver.part, driver.krate
            );
        }
    }
    text
}

const HEAD: &str = "\
# Drivers that run on pinzero
";

const NOTES: &str = "
";
