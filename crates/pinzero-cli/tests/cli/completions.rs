//! `pinzero completions` and `pinzero man`.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::run::run;

#[test]
fn each_shell_gets_completions_that_it_can_read() {
    for (shell, check) in
        [("bash", true), ("zsh", true), ("fish", true), ("elvish", false), ("powershell", false)]
    {
        let output = run(&["completions", shell]);
        assert!(output.status.success(), "{shell}");
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(script.contains("monitor") && script.contains("debounce"), "{shell}");
        let parse = Command::new(shell).arg("-n").stdin(Stdio::piped()).spawn();
        // Not every computer has every shell.
        if let (true, Ok(mut child)) = (check, parse) {
            child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
            assert!(child.wait().unwrap().success(), "{shell} -n");
        }
    }
    assert_eq!(run(&["completions", "cmd"]).status.code(), Some(2));
}

#[test]
fn each_command_gets_a_page() {
    let folder = std::env::temp_dir().join(format!("pinzero-man-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    assert!(run(&["man", folder.to_str().unwrap()]).status.success());
    let page = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    let (main, monitor) = (page("pinzero.1"), page("pinzero-monitor.1"));
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(main.contains("a check failed") && main.contains("pinzero\\-doctor(1)"), "{main}");
    assert!(monitor.contains("\\-\\-vcd"), "{monitor}");

    let nowhere = run(&["man", "/nowhere"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("cannot be written to /nowhere"));
}
