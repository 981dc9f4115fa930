//! Groups of outputs: one write for all lines and, where the factory can, at one instant.

use std::time::Duration;

use pinzero_core::time::{Instant, ms};
use pinzero_core::{Blink, ErrorKind, Level, Line, Support};

use crate::fixture::Fixture;
use crate::verdict::{Stop, Verdict, check, refused};

/// How long each half of a blink lasts.
const HALF: Duration = ms(50);

/// Returns two lines; the second is bit 1.
fn lines(fixture: &Fixture<'_>) -> Verdict<[Line; 2]> {
    Ok([fixture.line, fixture.other_line()?])
}

/// Fails unless the lines are at the levels of these bits.
fn sees(fixture: &Fixture<'_>, lines: [Line; 2], levels: u64, what: &str) -> Verdict {
    for (index, line) in lines.into_iter().enumerate() {
        fixture.sees(line, Level::from(levels >> index & 1 == 1), what)?;
    }
    Ok(())
}

pub(super) fn starts_at_its_levels(fixture: &Fixture<'_>) -> Verdict {
    let lines = lines(fixture)?;
    for levels in [0b01, 0b10, 0b11, 0b00] {
        let group = fixture.gpio().group(lines).initial(levels).open()?;
        sees(fixture, lines, levels, &format!("in a group that starts {levels:02b}"))?;
        let read = group.levels()?;
        check(read == levels, || format!("a group that starts {levels:02b} reads {read:02b}"))?;
    }
    Ok(())
}

pub(super) fn sets_what_the_mask_says(fixture: &Fixture<'_>) -> Verdict {
    let lines = lines(fixture)?;
    let group = fixture.gpio().group(lines).open()?;
    for (mask, levels, then) in
        [(0b11, 0b11, 0b11), (0b01, 0b00, 0b10), (0b10, 0b00, 0b00), (0b10, 0b10, 0b10), (0b00, 0b00, 0b10)]
    {
        group.set_masked(mask, levels)?;
        sees(fixture, lines, then, &format!("set {levels:02b} under the mask {mask:02b}"))?;
        let read = group.levels()?;
        check(read == then, || format!("a group that is {then:02b} reads {read:02b}"))?;
    }
    refused("a level for a line that the group has not", ErrorKind::InvalidValue, group.set(0b100))?;
    sees(fixture, lines, 0b10, "after a write that was refused")
}

pub(super) fn a_member_is_written_alone(fixture: &Fixture<'_>) -> Verdict {
    let lines = lines(fixture)?;
    let group = fixture.gpio().group(lines).open()?;
    let members = group.outputs();
    for (index, level, then) in
        [(1, Level::High, 0b10), (0, Level::High, 0b11), (1, Level::Low, 0b01), (0, Level::Low, 0b00)]
    {
        members[index].set(level)?;
        let what = format!("with line {index} of the group set {level} alone");
        sees(fixture, lines, then, &what)?;
        let read = [members[0].level()?, members[1].level()?];
        let wanted = [0, 1].map(|index| Level::of_bit(then, index));
        check(read == wanted, || format!("{what}: its members read {read:?}"))?;
    }
    members[0].close()?;
    refused("writing a member of a closed group", ErrorKind::Closed, members[1].set(Level::High))
}

pub(super) fn blinks_as_one(fixture: &Fixture<'_>) -> Verdict {
    let lines = lines(fixture)?;
    let group = fixture.gpio().group(lines).open()?;
    let marks = [fixture.changes(lines[0])?.len(), fixture.changes(lines[1])?.len()];
    let plan = Blink::new(HALF, HALF).times(3);
    group.blink(plan, Level::High)?.wait()?;
    let apart = if fixture.powers().group == Support::Native { fixture.precision() } else { HALF / 2 };
    let mut steps: Vec<Vec<(Instant, Level)>> = Vec::new();
    for (line, mark) in lines.into_iter().zip(marks) {
        let changes = fixture.changes(line)?.split_off(mark);
        let levels: Vec<bool> = changes.iter().map(|(_, level)| level.is_high()).collect();
        check(levels == [true, false, true, false, true, false], || {
            format!("{line} of a group that blinks three times changed to {changes:?}")
        })?;
        steps.push(changes);
    }
    let far = |((one, _), (other, _)): &(&(Instant, Level), &(Instant, Level))| {
        (*one - *other).max(*other - *one) > apart
    };
    match steps[0].iter().zip(&steps[1]).find(far) {
        None => Ok(()),
        // Lines that are written in turn are as far apart as the machine makes them.
        Some(_) if fixture.powers().group != Support::Native => Err(Stop::Stalled),
        Some(step) => {
            check(false, || format!("of a step that is one write the lines changed apart: {step:?}"))
        }
    }
}

pub(super) fn a_member_leaves_a_blink(fixture: &Fixture<'_>) -> Verdict {
    let lines = lines(fixture)?;
    let group = fixture.gpio().group(lines).open()?;
    let members = group.outputs();
    let start = fixture.gpio().now();
    let blink = group.blink(Blink::new(HALF, HALF).times(4), Level::High)?;
    sees(fixture, lines, 0b11, "in the first step of a blink")?;
    members[0].set(Level::High)?;
    fixture.gpio().sleep(HALF * 3 / 2);
    fixture.in_time(start, HALF * 2)?;
    sees(fixture, lines, 0b01, "in the second step of a blink that line 0 has left")?;
    check(blink.is_running(), || "a blink ends with the first line that leaves it".to_owned())?;
    blink.wait()?;
    sees(fixture, lines, 0b01, "after a blink that line 0 has left")?;
    let blink = group.blink(Blink::new(HALF, HALF), Level::High)?;
    group.set(0b10)?;
    check(!blink.is_running(), || "a blink goes on without a line".to_owned())?;
    fixture.gpio().sleep(HALF * 3);
    sees(fixture, lines, 0b10, "written, after a blink without end")
}

pub(super) fn changes_in_one_instant(fixture: &Fixture<'_>) -> Verdict {
    let lines = lines(fixture)?;
    let group = fixture.gpio().group(lines).initial(0b01).open()?;
    for levels in [0b10, 0b01, 0b10] {
        fixture.tick();
        let span = fixture.time(|| group.set(levels))?;
        let mut instants = Vec::new();
        for line in lines {
            instants.extend(fixture.changes(line)?.last().map(|(at, _)| *at));
        }
        let [one, other] = instants[..] else {
            return check(false, || format!("of {lines:?} only some have changed: {instants:?}"));
        };
        let apart = (one - other).max(other - one);
        // If the machine stalls in the middle, this shows nothing about the factory.
        if apart > fixture.precision() && span.to - span.from > fixture.precision() {
            return Err(Stop::Stalled);
        }
        check(apart <= fixture.precision(), || format!("{lines:?} changed {apart:?} after each other"))?;
    }
    Ok(())
}

pub(super) fn is_taken_and_closed_as_one(fixture: &Fixture<'_>) -> Verdict {
    let (gpio, lines) = (fixture.gpio(), lines(fixture)?);
    let found = [fixture.observe(lines[0])?, fixture.observe(lines[1])?];
    let taken = gpio.output(lines[1]).open()?;
    refused("a group with a line in use", ErrorKind::PinInUse, gpio.group(lines).open())?;
    // The free line is still free.
    gpio.output(lines[0]).open()?.close()?;
    taken.close()?;
    let group = gpio.group(lines).initial(0b11).open()?;
    for line in lines {
        refused("a line of a group", ErrorKind::PinInUse, gpio.output(line).open())?;
    }
    group.close()?;
    group.close()?;
    refused("writing a closed group", ErrorKind::Closed, group.set(0b11))?;
    refused("reading a closed group", ErrorKind::Closed, group.levels())?;
    for (line, level) in lines.into_iter().zip(found) {
        fixture.sees(line, level, "in a group that was closed")?;
        gpio.output(line).open()?.close()?;
    }
    Ok(())
}

pub(super) fn is_opened_as_a_whole_or_not_at_all(fixture: &Fixture<'_>) -> Verdict {
    let (gpio, lines) = (fixture.gpio(), lines(fixture)?);
    for [taken, free] in [lines, [lines[1], lines[0]]] {
        let before = fixture.observe(free)?;
        let other = fixture.take_elsewhere(taken)?;
        refused(
            "a group with a line of another process",
            ErrorKind::Busy,
            gpio.group(lines).initial(0b11).open(),
        )?;
        fixture.sees(free, before, "in a group that could not be had")?;
        gpio.output(free).open()?.close()?;
        drop(other);
    }
    Ok(gpio.group(lines).open()?.close()?)
}
