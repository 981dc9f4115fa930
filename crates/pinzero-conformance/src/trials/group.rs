//! Groups of outputs: one write for all of them, and where the factory can, in one instant.

use pinzero_core::{ErrorKind, Level, Line};

use crate::bench::Bench;
use crate::outcome::{Outcome, check, refused};

/// Two lines, the second of which is bit 1.
fn lines(bench: &Bench<'_>) -> Outcome<[Line; 2]> {
    Ok([bench.line, bench.other_line()?])
}

/// Fails unless the lines are at the levels of these bits.
fn sees(bench: &Bench<'_>, lines: [Line; 2], levels: u64, what: &str) -> Outcome {
    for (index, line) in lines.into_iter().enumerate() {
        bench.sees(line, Level::from(levels >> index & 1 == 1), what)?;
    }
    Ok(())
}

pub(super) fn starts_at_its_levels(bench: &Bench<'_>) -> Outcome {
    let lines = lines(bench)?;
    for levels in [0b01, 0b10, 0b11, 0b00] {
        let group = bench.gpio().group(lines).initial(levels).open()?;
        sees(bench, lines, levels, &format!("in a group that starts {levels:02b}"))?;
        let read = group.levels()?;
        check(read == levels, || format!("a group that starts {levels:02b} reads {read:02b}"))?;
    }
    Ok(())
}

pub(super) fn sets_what_the_mask_says(bench: &Bench<'_>) -> Outcome {
    let lines = lines(bench)?;
    let group = bench.gpio().group(lines).open()?;
    for (mask, levels, then) in
        [(0b11, 0b11, 0b11), (0b01, 0b00, 0b10), (0b10, 0b00, 0b00), (0b10, 0b10, 0b10), (0b00, 0b00, 0b10)]
    {
        group.set_masked(mask, levels)?;
        sees(bench, lines, then, &format!("set {levels:02b} under the mask {mask:02b}"))?;
        let read = group.levels()?;
        check(read == then, || format!("a group that is {then:02b} reads {read:02b}"))?;
    }
    refused("a level for a line that the group has not", ErrorKind::InvalidValue, group.set(0b100))?;
    sees(bench, lines, 0b10, "after a write that was refused")
}

pub(super) fn changes_in_one_instant(bench: &Bench<'_>) -> Outcome {
    let lines = lines(bench)?;
    let group = bench.gpio().group(lines).initial(0b01).open()?;
    for levels in [0b10, 0b01, 0b10] {
        bench.tick();
        group.set(levels)?;
        let mut instants = Vec::new();
        for line in lines {
            instants.extend(bench.changes(line)?.last().map(|(at, _)| *at));
        }
        let [one, other] = instants[..] else {
            return check(false, || format!("of {lines:?} only some have changed: {instants:?}"));
        };
        let apart = (one - other).max(other - one);
        check(apart <= bench.precision(), || format!("{lines:?} changed {apart:?} after each other"))?;
    }
    Ok(())
}

pub(super) fn is_taken_and_closed_as_one(bench: &Bench<'_>) -> Outcome {
    let (gpio, lines) = (bench.gpio(), lines(bench)?);
    let found = [bench.observe(lines[0])?, bench.observe(lines[1])?];
    let taken = gpio.output(lines[1]).open()?;
    refused("a group with a line in use", ErrorKind::PinInUse, gpio.group(lines).open())?;
    // The one that was free is free still.
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
        bench.sees(line, level, "in a group that was closed")?;
        gpio.output(line).open()?.close()?;
    }
    Ok(())
}

pub(super) fn is_opened_as_a_whole_or_not_at_all(bench: &Bench<'_>) -> Outcome {
    let (gpio, lines) = (bench.gpio(), lines(bench)?);
    for [taken, free] in [lines, [lines[1], lines[0]]] {
        let before = bench.observe(free)?;
        let other = bench.take_elsewhere(taken)?;
        refused(
            "a group with a line of another process",
            ErrorKind::Busy,
            gpio.group(lines).initial(0b11).open(),
        )?;
        bench.sees(free, before, "in a group that could not be had")?;
        gpio.output(free).open()?.close()?;
        drop(other);
    }
    Ok(gpio.group(lines).open()?.close()?)
}
