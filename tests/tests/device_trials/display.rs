//! A display of two characters on shared segments.

use pinzero::CharFont;
use pinzero::prelude::*;

use crate::Check;
use crate::rig::{Rig, Verdict};

pub(crate) const TRIALS: &[Check] = &[("display::no_digit_shows_the_segments_of_another", takes_turns)];

const SEGMENTS: [u32; 2] = [17, 18];
const DIGITS: [u32; 2] = [27, 22];

fn takes_turns(rig: &dyn Rig) -> Verdict {
    let mut watch = rig.watch(&[SEGMENTS, DIGITS].concat());
    let font = CharFont::new([(' ', "00"), ('x', "10"), ('y', "01")])?;
    let display = LedMultiCharDisplay::builder(SEGMENTS, DIGITS).font(font).gpio(rig.gpio()).open()?;
    display.set_value("xy")?;
    let mut lit = Vec::new();
    let mut turns = [0, 0];
    for change in watch.take(300) {
        lit.retain(|pin| *pin != change.pin);
        if change.level.is_high() {
            lit.push(change.pin);
        }
        for digit in [0, 1] {
            let is_on = lit.contains(&DIGITS[digit]);
            turns[digit] += u32::from(is_on && change.pin == DIGITS[digit]);
            assert!(!is_on || !lit.contains(&SEGMENTS[1 - digit]), "digit {digit} glimmers: {lit:?} are lit");
        }
    }
    assert!(turns[0].abs_diff(turns[1]) <= 1 && turns[0] > 30, "{turns:?}");
    display.off()?;
    let dark = [SEGMENTS, DIGITS].concat().iter().all(|pin| !rig.level(*pin).is_high());
    assert!(dark, "something is lit when the display is off");
    Ok(())
}
