//! I2C on any lines: what goes over the wires, and who holds them.

use pinzero_core::{Bias, ErrorKind, I2c, I2cOperation, Level, Line};

use crate::fixture::Fixture;
use crate::verdict::{Verdict, check, or_not_applicable, refused};

/// An address at which no device answers: nothing is on the wires.
const NOBODY: u8 = 0x2a;

/// Opens a bus on the first two lines, data and clock; ends the trial if nothing pulls them up.
fn open(fixture: &Fixture<'_>) -> Verdict<(I2c, [Line; 2])> {
    let lines = [fixture.line, fixture.other_line()?];
    let pulls = fixture.can_pull(Bias::PullUp);
    or_not_applicable(pulls.then_some(()), "nothing pulls the lines up")?;
    let i2c = fixture.gpio().soft_i2c(lines[0], lines[1]).open()?;
    rests(fixture, lines, "of a bus at rest")?;
    Ok((i2c, lines))
}

/// Fails unless both lines are let go of.
fn rests(fixture: &Fixture<'_>, lines: [Line; 2], what: &str) -> Verdict {
    lines.iter().try_for_each(|line| fixture.sees(*line, Level::High, what))
}

/// Returns what `work` sends: `S` for a start, `P` for a stop, and the bits.
fn sent(fixture: &Fixture<'_>, lines: [Line; 2], work: impl FnOnce() -> Verdict) -> Verdict<String> {
    let marks = [fixture.changes(lines[0])?.len(), fixture.changes(lines[1])?.len()];
    work()?;
    let mut changes = Vec::new();
    for (index, line) in lines.into_iter().enumerate() {
        let new = fixture.changes(line)?.split_off(marks[index]);
        changes.extend(new.into_iter().map(|(at, level)| (at, index, level)));
    }
    // Of two changes in one instant, the clock's came first.
    changes.sort_by_key(|(at, index, _)| (*at, 1 - index));
    let (mut data, mut clock, mut bit, mut text) = (Level::High, Level::High, None, String::new());
    for (_, index, level) in changes {
        if index == 1 {
            clock = level;
            if level.is_high() {
                bit = Some(if data.is_high() { '1' } else { '0' });
            } else {
                text.extend(bit.take());
            }
        } else {
            data = level;
            if clock.is_high() {
                bit = None;
                text.push(if level.is_high() { 'P' } else { 'S' });
            }
        }
    }
    Ok(text)
}

pub(super) fn calls_a_device(fixture: &Fixture<'_>) -> Verdict {
    let (i2c, lines) = open(fixture)?;
    for is_read in [false, true] {
        let text = sent(fixture, lines, || {
            let mut data = [0];
            let operation = if is_read { I2cOperation::Read(&mut data) } else { I2cOperation::Write(&[7]) };
            let result = i2c.transaction(NOBODY, &mut [operation]);
            refused("a call that nobody answers", ErrorKind::NoAcknowledge, result)
        })?;
        // A one where the device would acknowledge, and then a stop.
        let wanted = format!("S{:08b}1P", NOBODY << 1 | u8::from(is_read));
        check(text == wanted, || format!("sent {text}, not {wanted}"))?;
        rests(fixture, lines, "after a transaction")?;
    }
    Ok(())
}

pub(super) fn waits_for_a_held_line_and_no_longer(fixture: &Fixture<'_>) -> Verdict {
    let (i2c, lines) = open(fixture)?;
    for line in lines {
        fixture.drive(line, Level::Low)?;
        let result = i2c.write(NOBODY, &[7]);
        refused(&format!("a write while {line} is held low"), ErrorKind::TimedOut, result)?;
        fixture.drive(line, None)?;
        rests(fixture, lines, "after a transaction that timed out")?;
        let result = i2c.write(NOBODY, &[7]);
        refused("a call that nobody answers", ErrorKind::NoAcknowledge, result)?;
    }
    Ok(())
}

pub(super) fn gives_its_lines_back(fixture: &Fixture<'_>) -> Verdict {
    let lines = [fixture.line, fixture.other_line()?];
    let before = [fixture.observe(lines[0])?, fixture.observe(lines[1])?];
    for is_used in [false, true] {
        let (i2c, _) = open(fixture)?;
        if is_used {
            refused("a call that nobody answers", ErrorKind::NoAcknowledge, i2c.write(NOBODY, &[7]))?;
        }
        i2c.close()?;
        i2c.close()?;
        refused("a write on a closed bus", ErrorKind::Closed, i2c.write(NOBODY, &[7]))?;
        for (line, level) in lines.into_iter().zip(before) {
            fixture.sees(line, level, "of a bus that was closed")?;
            fixture.gpio().output(line).open()?.close()?;
        }
    }
    drop(open(fixture)?);
    lines
        .into_iter()
        .zip(before)
        .try_for_each(|(line, level)| fixture.sees(line, level, "of a bus that was dropped"))
}
