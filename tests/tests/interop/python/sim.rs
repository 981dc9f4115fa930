//! The command `pinzero sim`: programs with gpiozero run on a simulated board, and a script checks the parts.

use std::path::Path;
use std::process::Command;

/// Runs `clients/sim/NAME.py` on the circuit of that name, and plays its script.
fn play(name: &str) {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().and_then(Path::parent).unwrap().join("pinzero");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/clients/sim");
    let file = |end: &str| folder.join(format!("{name}.{end}"));
    let mut command = Command::new(program);
    command.arg("sim").arg(file("toml")).args(["--port", "0", "--script"]).arg(file("txt")).arg("--");
    let output = command.arg(std::env::var_os("PINZERO_PYTHON").unwrap()).arg(file("py")).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "no clients in Python: run `cargo xtask interop`"]
fn gpiozero_uses_each_part() {
    play("parts");
}

#[test]
#[ignore = "no clients in Python: run `cargo xtask interop`"]
fn gpiozero_shows_digits_and_colors() {
    play("display");
}
