//! `pinzero pinout`: the pages of all models, the picture, the JSON, and the errors.

use pinzero::board::Board;
use serde_json::Value;

use crate::run::{assert_snapshot, command, run};
use crate::served::Served;

/// Runs the command in a locale with box drawing; returns standard output.
fn printed(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let mut command = command(arguments);
    let output = command.env("LC_ALL", "C.UTF-8").envs(variables.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs the command, which must fail with this code; returns standard error.
fn complaint(arguments: &[&str], code: i32) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn the_page_of_every_model() {
    for board in Board::models() {
        let name = board.model().trim_start_matches("Raspberry Pi ");
        let page = printed(&["pinout", name], &[]);
        assert!(page.lines().all(|line| line.chars().count() <= 80 && !line.ends_with(' ')), "{page}");
        assert_snapshot(&format!("pinout/{}.txt", name.to_lowercase().replace(' ', "-")), &page);
    }
}

#[test]
fn a_revision_code_tells_about_one_board() {
    let page = printed(&["pinout", "0xb03115"], &[]);
    assert_eq!(page, printed(&["pinout", "b03115"], &[]));
    assert_snapshot("pinout/b03115.txt", &page);
    // The first Model B has other lines on its pins.
    assert_snapshot("pinout/0002.txt", &printed(&["pinout", "0002"], &[]));
    // A type that is newer than the command.
    assert_snapshot("pinout/d041c0.txt", &printed(&["pinout", "d041c0"], &[]));
}

#[test]
fn words_of_a_name_need_no_quotes() {
    assert_eq!(printed(&["pinout", "Pi", "Zero", "2", "W"], &[]), printed(&["pinout", "zero2w"], &[]));
}

#[test]
fn colors_and_letters_are_those_of_the_terminal() {
    let page = printed(&["pinout", "4b"], &[("CLICOLOR_FORCE", "1")]);
    assert_snapshot("pinout/4b-color.txt", &page);
    let ascii = printed(&["pinout", "4b"], &[("LC_ALL", "C")]);
    if cfg!(target_os = "linux") {
        assert!(ascii.is_ascii(), "{ascii}");
        assert_snapshot("pinout/4b-ascii.txt", &ascii);
    }
}

#[test]
fn the_picture_is_for_light_and_dark_pages() {
    let picture = printed(&["pinout", "4b", "--svg"], &[]);
    assert_snapshot("pinout/4b.svg", &picture);
    let file = std::env::temp_dir().join(format!("pinzero-pinout-{}.svg", std::process::id()));
    assert_eq!(printed(&["pinout", "4b", &format!("--svg={}", file.display())], &[]), "");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), picture);
    std::fs::remove_file(&file).unwrap();
    let text = complaint(&["pinout", "4b", "--svg=/no/such/folder/4b.svg"], 1);
    assert!(text.starts_with("pinzero: /no/such/folder/4b.svg cannot be written: "), "{text}");
    for board in Board::models() {
        let picture = printed(&["pinout", board.model(), "--svg"], &[]);
        assert!(picture.contains("prefers-color-scheme:dark") && picture.ends_with("</svg>\n"));
        assert_eq!(picture.matches("<text").count(), picture.matches("</text>").count());
        // A fact is broken where the picture ends.
        let facts = picture.lines().filter(|line| line.contains("class=\"fact\""));
        for fact in facts.filter_map(|line| line.split(['<', '>']).nth(2)) {
            assert!(fact.chars().count() <= 45, "{}: {fact}", board.model());
        }
    }
}

#[test]
fn all_models_are_listed() {
    assert_snapshot("pinout/models.txt", &printed(&["pinout", "--models"], &[]));
    let models: Value = serde_json::from_str(&printed(&["pinout", "--models", "--json"], &[])).unwrap();
    assert_eq!(models.as_array().unwrap().len(), Board::models().count());
    assert_eq!(models[0]["chip"], "BCM2835");
}

#[test]
fn a_name_that_is_none_gives_the_near_ones() {
    assert_eq!(
        complaint(&["pinout", "3"], 1),
        "pinzero: \"3\" may be several models: use \"3B\", \"3B+\" or \"3A+\"\n"
    );
    let text = complaint(&["pinout", "zreo"], 1);
    assert!(text.contains("\"zreo\" is neither a model nor a revision code: use \"Zero\""), "{text}");
    complaint(&["pinout", "4b", "--live"], 2);
    complaint(&["pinout", "--every", "5", "--live"], 2);
}

#[test]
fn a_live_view_needs_a_terminal() {
    let text = complaint(&["pinout", "--live", "--factory", "mock"], 1);
    assert_eq!(
        text,
        "pinzero: --live needs a terminal; --json prints the state of the pins once, for programs\n"
    );
}

#[test]
fn json_has_the_board_and_the_state_of_each_line() {
    let value: Value = serde_json::from_str(&printed(&["pinout", "500+", "--json"], &[])).unwrap();
    assert_eq!(value["model"], "Raspberry Pi 500+");
    assert_eq!(value["revision"], "e04190");
    assert_eq!(value["facts"]["released"], 2025);
    assert_eq!(value["headers"][0]["pins"][10]["label"], "GPIO17");
    assert_eq!((&value["factory"], &value["lines"][17]["state"]), (&Value::Null, &Value::Null));
    assert_eq!(value["lines"][2]["functions"][0], "I2C1 SDA");

    let served = Served::start(&[]);
    let value: Value =
        serde_json::from_str(&printed(&["pinout", "--json", "--factory", &served.factory], &[])).unwrap();
    assert_eq!(
        (value["model"].as_str(), value["factory"].as_str()),
        (Some("Raspberry Pi 3B"), Some("pigpio"))
    );
    let state = &value["lines"][17]["state"];
    assert_eq!((state["function"].as_str(), state["level"].as_str()), (Some("input"), Some("low")));

    // Lines that the daemon keeps to itself.
    let hidden = &value["lines"][0]["state"];
    assert_eq!((&hidden["function"], &hidden["level"]), (&Value::Null, &Value::Null));

    let module: Value = serde_json::from_str(&printed(&["pinout", "cm3", "--json"], &[])).unwrap();
    assert_eq!(
        (module["headers"].as_array().unwrap().len(), module["lines"].as_array().unwrap().len()),
        (0, 54)
    );
}

#[test]
fn a_factory_tells_its_own_board() {
    let served = Served::start(&[]);
    let page = printed(&["pinout", "--factory", &served.factory], &[]);
    assert!(page.starts_with("Raspberry Pi 3B\n") && page.contains("Revision  a02082"), "{page}");
    let page = printed(&["pinout"], &[("PINZERO_PIN_FACTORY", "mock")]);
    assert!(page.starts_with("Raspberry Pi 4B\n"), "{page}");
    let text = complaint(&["pinout", "--factory", "pigpio://127.0.0.1:1"], 1);
    assert!(text.contains("127.0.0.1:1"), "{text}");
}
