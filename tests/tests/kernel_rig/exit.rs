//! However a program ends, its line is given back: what the kernel says of it.

use gpiocdev::Request;
use gpiocdev::chip::Chip;
use gpiocdev::line::InfoChangeKind::{self, Reconfigured, Released, Requested};
use pinzero_tests::exit::{CASES, Case, program, run};

use crate::{alone, pull, value};

/// What has happened to the line from its last request until it was released.
fn changes(chip: &Chip) -> Vec<InfoChangeKind> {
    let mut seen = Vec::new();
    // A fork that outlives its parent for a moment holds the line as long.
    while seen.last() != Some(&Released) || chip.has_line_info_change_event().unwrap() {
        seen.push(chip.read_line_info_change_event().unwrap().kind);
    }
    let last = seen.iter().rposition(|kind| *kind == Requested).unwrap();
    seen.split_off(last)
}

/// Runs a case, and says what is not as it should be.
fn check(chip: &Chip, case: &Case) -> Result<(), String> {
    // A line that the case before left as an output would be restored to that.
    drop(Request::builder().on_chip(chip.path()).with_line(17).as_input().request().unwrap());
    changes(chip);
    pull(2, true);
    let end = run(&program(), "cdev", case);
    let seen = changes(chip);
    // Given back as the input that it was, and then let go; or let go by the kernel alone.
    let given_back = seen == [Requested, Reconfigured, Released];
    let still_used = chip.line_info(17).unwrap().used;
    let Case { mode, signals, gives_back, .. } = case;
    if end == case.end
        && !still_used
        && value(17) == "0"
        && gives_back.is_none_or(|expected| expected == given_back)
    {
        return Ok(());
    }
    Err(format!(
        "{mode} {signals:?}: ended with {end:?} not {:?}, line {seen:?}, in use: {still_used}",
        case.end
    ))
}

#[test]
#[ignore = "no rig: run `cargo xtask kernel-rig`"]
fn every_way_to_end_gives_the_line_back() {
    let _alone = alone();
    let chips = gpiocdev::chip::chips().unwrap();
    let path =
        chips.into_iter().find(|path| Chip::from_path(path).unwrap().info().unwrap().label == "pinctrl-rp1");
    let chip = Chip::from_path(path.unwrap()).unwrap();
    chip.watch_line_info(17).unwrap();
    let failures: Vec<String> = CASES.iter().filter_map(|case| check(&chip, case).err()).collect();
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), CASES.len(), failures.join("\n"));
}
