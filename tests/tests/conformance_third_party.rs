//! Runs the conformance suite on a third-party backend: a crate outside the workspace that uses only pinzero's public API.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn a_backend_outside_the_workspace_passes_the_suite() {
    let (tests, temporary) = (Path::new(env!("CARGO_MANIFEST_DIR")), Path::new(env!("CARGO_TARGET_TMPDIR")));
    // Built from a copy, because cargo writes a `Cargo.lock` beside a manifest.
    let backend = temporary.join("third_party_backend");
    for folder in ["src", "tests"] {
        fs::create_dir_all(backend.join(folder)).unwrap();
    }
    let original = tests.join("third_party_backend");
    for file in ["src/lib.rs", "tests/conformance.rs"] {
        fs::copy(original.join(file), backend.join(file)).unwrap();
    }
    let crates = tests.join("../crates").canonicalize().unwrap();
    let manifest = fs::read_to_string(original.join("Cargo.toml")).unwrap();
    let manifest = manifest.replace("\"../../crates/", &format!("\"{}/", crates.to_str().unwrap()));
    fs::write(backend.join("Cargo.toml"), manifest).unwrap();
    // Use the dependency versions that are here already: a test must not download anything.
    fs::copy(tests.join("../Cargo.lock"), backend.join("Cargo.lock")).unwrap();

    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["test", "--offline"])
        .current_dir(&backend)
        // The workspace's own target folder has most of the dependencies already. The cargo that started this test has
        // released the folder's lock.
        .env("CARGO_TARGET_DIR", temporary.parent().unwrap())
        .output()
        .unwrap();
    let (told, complaints) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}\n{complaints}");
    let burst = "test breadboard::edges::a_burst_is_whole_or_counted ";
    let outcome = told.lines().find_map(|line| line.strip_prefix(burst));
    assert!(outcome.is_some_and(|outcome| outcome.ends_with("... ok")), "{told}");
}
