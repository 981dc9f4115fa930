//! Flexible lines: from output to input and back, without a release.

use std::time::Duration;

use pinzero_core::time::ms;
use pinzero_core::{Bias, Drive, Edge, ErrorKind, Events, Flex, Level, OnClose, OutputConfig};

use crate::fixture::{Fixture, PATIENCE, QUIET};
use crate::rig::Pulses;
use crate::verdict::{Stop, Verdict, check, or_not_applicable, refused};

const PERIOD: Duration = ms(10);

fn open(fixture: &Fixture<'_>, start: Drive) -> Verdict<Flex> {
    Ok(fixture.gpio().flex(fixture.line).start(start).open()?)
}

/// Fails unless the line reads `level`, seen from outside as well.
fn is_at(fixture: &Fixture<'_>, flex: &Flex, level: Level, what: &str) -> Verdict {
    fixture.sees(fixture.line, level, what)?;
    let read = flex.level()?;
    check(read == level, || format!("{what}: it reads {read}, not {level}"))
}

/// Fails unless the line follows its driver outside; a driven line would not.
fn listens(fixture: &Fixture<'_>, flex: &Flex, what: &str) -> Verdict {
    for level in [Level::High, Level::Low] {
        fixture.drive(fixture.line, level)?;
        is_at(fixture, flex, level, &format!("{what}, driven {level} from outside"))?;
    }
    fixture.drive(fixture.line, None)?;
    Ok(())
}

pub(super) fn starts_as_it_is_told(fixture: &Fixture<'_>) -> Verdict {
    for level in [Level::High, Level::Low] {
        let flex = open(fixture, Drive::Output(level))?;
        is_at(fixture, &flex, level, "a flexible line that starts as an output")?;
    }
    let flex = open(fixture, Drive::Input(Bias::AsIs))?;
    listens(fixture, &flex, "a flexible line that starts as an input")
}

pub(super) fn turns_round(fixture: &Fixture<'_>) -> Verdict {
    let flex = open(fixture, Drive::Output(Level::High))?;
    for level in [Level::Low, Level::High, Level::Low] {
        flex.turn(Drive::Output(level))?;
        is_at(fixture, &flex, level, "an output again")?;
        // On a line that drives, it is a write.
        flex.turn(Drive::Output(!level))?;
        is_at(fixture, &flex, !level, "written")?;
        flex.turn(Drive::Input(Bias::AsIs))?;
        listens(fixture, &flex, "turned to an input")?;
    }
    Ok(())
}

pub(super) fn is_pulled_as_it_turns(fixture: &Fixture<'_>) -> Verdict {
    let Some((bias, level)) = fixture.pulls().first().copied() else { return Ok(()) };
    let flex = open(fixture, Drive::Input(bias))?;
    is_at(fixture, &flex, level, &format!("started with a {bias}"))?;
    for (bias, level) in fixture.pulls().into_iter().rev() {
        flex.turn(Drive::Input(bias))?;
        is_at(fixture, &flex, level, &format!("turned from one pull to a {bias}"))?;
        flex.turn(Drive::Output(!level))?;
        is_at(fixture, &flex, !level, "driven")?;
        flex.turn(Drive::Input(bias))?;
        is_at(fixture, &flex, level, &format!("turned to an input with a {bias}"))?;
    }
    Ok(())
}

pub(super) fn turns_without_a_blip(fixture: &Fixture<'_>) -> Verdict {
    let flex = open(fixture, Drive::Output(Level::Low))?;
    let output = Drive::Output;
    let mut turns = vec![(output(Level::High), Level::High), (output(Level::Low), Level::Low)];
    if fixture.powers().bias.is_available() {
        let [up, down] = [(Bias::PullUp, Level::High), (Bias::PullDown, Level::Low)]
            .map(|(bias, level)| (Drive::Input(bias), level));
        let (high, low) = ((output(Level::High), Level::High), (output(Level::Low), Level::Low));
        turns = vec![high, up, high, down, low, down, high, low, up, low, down, up, down];
    }
    turns.retain(|(drive, _)| !matches!(drive, Drive::Input(bias) if !fixture.can_pull(*bias)));
    for (drive, level) in turns {
        let what = format!("turned from {} to {drive}", flex.drive());
        fixture.goes_straight_to(fixture.line, level, &what, || flex.turn(drive))?;
    }
    Ok(())
}

pub(super) fn hears_edges_only_as_an_input(fixture: &Fixture<'_>) -> Verdict {
    // At the level of rest, so that a turn to an input changes nothing.
    let rest = fixture.observe(fixture.line)?;
    let flex = open(fixture, Drive::Output(rest))?;
    let mut events = flex.edges();
    for level in [!rest, rest] {
        fixture.tick();
        flex.turn(Drive::Output(level))?;
    }
    quiet(&mut events, "while it drives")?;
    flex.turn(Drive::Input(Bias::AsIs))?;
    for level in [!rest, rest, !rest, rest] {
        fixture.tick();
        let when = fixture.drive(fixture.line, level)?;
        let Some(edge) = events.next_timeout(PATIENCE) else {
            return Err(Stop::Failed(format!("no edge came of a change to {level}")));
        };
        let slack = fixture.precision();
        let in_time = edge.at + slack >= when.from && edge.at <= when.to + slack;
        check(in_time && (edge.level, edge.missed) == (level, 0), || {
            format!("{edge:?} came of a change to {level} at {when:?}")
        })?;
    }
    fixture.drive(fixture.line, None)?;
    quiet(&mut events, "when the driver let go")?;
    flex.turn(Drive::Output(rest))?;
    for level in [!rest, rest] {
        fixture.tick();
        flex.turn(Drive::Output(level))?;
    }
    quiet(&mut events, "once it drives again")?;
    flex.close()?;
    let edge = events.next();
    check(edge.is_none(), || format!("{edge:?} after close"))
}

/// Fails if an edge comes.
fn quiet(events: &mut Events<Edge>, what: &str) -> Verdict {
    let edge = events.next_timeout(QUIET);
    check(edge.is_none(), || format!("{edge:?} came {what}"))
}

pub(super) fn carries_pulses(fixture: &Fixture<'_>) -> Verdict {
    let flex = open(fixture, Drive::Input(Bias::AsIs))?;
    for pulse in [ms(3), ms(7)] {
        flex.turn(Drive::Pwm { period: PERIOD, pulse })?;
        // A cycle that has begun may end first.
        fixture.gpio().sleep(PERIOD);
        fixture.sees_pulses(fixture.line, Pulses { period: PERIOD, pulse })?;
    }
    for level in [Level::High, Level::Low] {
        flex.turn(Drive::Output(level))?;
        fixture.stays(fixture.line, level, PERIOD, "an output after pulses")?;
        flex.turn(Drive::Pwm { period: PERIOD, pulse: PERIOD / 2 })?;
    }
    flex.turn(Drive::Input(Bias::AsIs))?;
    listens(fixture, &flex, "turned from pulses to an input")
}

pub(super) fn is_held_throughout(fixture: &Fixture<'_>) -> Verdict {
    let (gpio, line) = (fixture.gpio(), fixture.line);
    let factory = fixture.factory()?;
    let config = OutputConfig::new(None, OnClose::Restore);
    let other = fixture.take_elsewhere(line)?;
    let is_exclusive =
        matches!(factory.open_output(line, config), Err(error) if error.kind() == ErrorKind::Busy);
    drop(other);
    or_not_applicable(is_exclusive.then_some(()), "factories share lines here")?;
    let flex = open(fixture, Drive::Output(Level::High))?;
    let drives = [Drive::Input(Bias::AsIs), Drive::Output(Level::Low), Drive::Input(Bias::AsIs)];
    for drive in drives {
        let what = format!("an output on a flexible line, {}", flex.drive());
        refused(&what, ErrorKind::PinInUse, gpio.output(line).open())?;
        refused(&what, ErrorKind::Busy, factory.open_output(line, config))?;
        flex.turn(drive)?;
    }
    flex.close()?;
    Ok(factory.open_output(line, config)?.close()?)
}

pub(super) fn a_closed_line_says_so(fixture: &Fixture<'_>) -> Verdict {
    let flex = open(fixture, Drive::Output(Level::High))?;
    let clone = flex.clone();
    flex.close()?;
    flex.close()?;
    check(clone.is_closed(), || "a clone of a closed flexible line is open".to_owned())?;
    for drive in [Drive::Output(Level::High), Drive::Input(Bias::AsIs)] {
        refused("turning a closed line", ErrorKind::Closed, clone.turn(drive))?;
    }
    refused("reading a closed flexible line", ErrorKind::Closed, clone.level())?;
    open(fixture, Drive::Output(Level::Low)).map(drop)
}
