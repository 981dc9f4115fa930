//! A backend of somebody else's: a crate outside the workspace that knows pinzero's public API and nothing else.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn a_backend_outside_the_workspace_passes_the_suite() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let backend = tests.join("third_party_backend");
    // Of all dependencies the versions that are there already, as nothing may be downloaded in the middle of a test.
    fs::copy(tests.join("../Cargo.lock"), backend.join("Cargo.lock")).unwrap();
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["test", "--offline"])
        .current_dir(&backend)
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("third_party_backend"))
        .output()
        .unwrap();
    let (told, complaints) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}\n{complaints}");
    assert!(told.contains("test breadboard::edges::a_burst_is_whole_or_counted"), "{told}");
}
