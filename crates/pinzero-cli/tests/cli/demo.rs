//! `pinzero demo`.

use crate::pty::Pty;
use crate::run::{assert_snapshot, run};

#[test]
fn without_a_terminal_the_demo_is_text_and_always_the_same() {
    let output = run(&["demo"]);
    assert!(output.status.success());
    assert_snapshot("demo.txt", &String::from_utf8_lossy(&output.stdout));
}

#[test]
fn the_readme_shows_the_diagram_as_the_demo_prints_it() {
    let output = String::from_utf8(run(&["demo"]).stdout).unwrap();
    let start = output.find("What the pins did:").unwrap();
    let diagram = output[start..].split("\n\n").next().unwrap();
    let readme = include_str!("../../../../README.md").replace("\r\n", "\n");
    assert!(
        readme.contains(&format!("```text\n{diagram}\n```")),
        "README.md has another diagram than:\n{diagram}"
    );
}

#[test]
fn the_diagram_can_be_an_image() {
    let path = std::env::temp_dir().join(format!("pinzero-demo-{}.svg", std::process::id()));
    let name = path.to_str().unwrap();
    assert!(run(&["demo", "--svg", name]).status.success());
    let image = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(image.starts_with("<svg") && image.contains("GPIO18"), "{image}");

    let output = run(&["demo", "--svg", "/no/such/folder/demo.svg"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("pinzero: /no/such/folder/demo.svg: "));
    // The error comes before the show.
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
}

#[test]
fn in_a_terminal_the_board_lives_and_the_diagram_stays() {
    let mut pty = Pty::start(&["demo"], &[], false);
    pty.wait_for(|text| text.contains("led.blink(ms(300), ms(300))?;") && text.contains("(●) on"));
    pty.wait_for(|text| text.contains("glow.pulse") && text.contains(" %"));
    pty.wait_for(|text| text.contains("▐ · ▌ pressed"));
    let (status, _) = pty.wait();
    assert!(status.success());
    // The diagram of the terminal is that of a pipe.
    let text = pty.wait_for(|text| text.contains("pinzero::pause();"));
    let snapshot = String::from_utf8(run(&["demo"]).stdout).unwrap();
    let led = snapshot.lines().find(|line| line.starts_with("GPIO27")).unwrap();
    assert!(text.contains(led), "{text}");
    // Without the rows of the timing diagram: how many columns an edge is from the left depends on the moment.
    let board: Vec<String> = pty.left().lines().take(15).map(str::to_owned).collect();
    assert_snapshot("demo-screen.txt", &(board.join("\n") + "\n"));
}

#[test]
fn a_key_leads_to_the_diagram_at_once_and_control_c_to_the_end() {
    let mut pty = Pty::start(&["demo"], &[], false);
    pty.wait_for(|text| text.contains("any key ends"));
    pty.send("q");
    pty.wait_for(|text| text.contains("pinzero::pause();"));
    assert!(pty.wait().0.success());

    let mut pty = Pty::start(&["demo"], &[], false);
    pty.wait_for(|text| text.contains("any key ends"));
    pty.send("\x03");
    assert!(pty.wait().0.success());
    assert!(!pty.bytes().windows(5).any(|bytes| bytes == b"Next:"));
    assert!(pty.left().contains("any key ends"));
}
